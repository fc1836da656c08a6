//! Servers that stall, lie or drown, clocks that jump, and chance, under the guard rails: each measurement ends in time, in a
//! phase of the contract, and never as a pass without evidence.

use std::io::Write;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::provider::MetricProvider;
use promql_guard::analysis::run::AnalysisRun;
use promql_guard::measure::provider::Provider;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::attack::{EMPTY, measured, metric, outcome, provider, run, sound};
use crate::loopback::{Loopback, Reply, Request};

/// A count of failures with a fallback: it needs a witness and events, and its metric may have no series in health.
const QUERY: &str =
    r#"sum(increase(http_requests_total{namespace="shop",code=~"5.."}[4m])) or vector(0)"#;
/// What it answers where nobody looked.
const CONSTANT: &str = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0"]}]}}"#;
/// The longest timeout here, the second after it, and some for a busy machine.
const IN_TIME: Duration = Duration::from_secs(15);

/// Which of the requests of a measurement it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The query.
    Query,
    /// The evidence.
    Evidence,
    /// Of the index.
    LookUp,
    /// Why.
    Cause,
}

fn step(request: &Request) -> Step {
    let query = request.field("query").unwrap_or_default();
    let is_part = |name: &str| query.contains(&format!("\"__part__\", \"{name}\""));
    match () {
        () if !request.target.starts_with("/api/v1/query") => Step::LookUp,
        () if is_part("k0") || is_part("u") || query.starts_with("topk") => Step::Cause,
        () if query.contains("__part__") => Step::Evidence,
        () => Step::Query,
    }
}

fn parts(parts: &[(&str, &str)]) -> Reply {
    let samples: Vec<Value> = parts
        .iter()
        .map(|(name, number)| json!({"metric": {"__part__": name}, "value": [1, number]}))
        .collect();
    Reply::json(
        json!({"status": "success", "data": {"resultType": "vector", "result": samples}})
            .to_string(),
    )
}

fn sound_parts() -> Reply {
    parts(&[("w", "1"), ("e", "3000"), ("s1", "3"), ("o1", "3")])
}

/// A fault at one step; the others answer as a healthy server with traffic.
fn faulty(at: Step, fault: impl Fn() -> Reply + Send + Sync + 'static) -> Loopback {
    Loopback::serve(move |request| match step(request) {
        found if found == at => fault(),
        Step::Query => Reply::json(CONSTANT),
        Step::Evidence => sound_parts(),
        Step::LookUp => Reply::json(r#"{"status":"success","data":[]}"#),
        Step::Cause => Reply::json(EMPTY),
    })
}

fn many_series() -> Reply {
    static BODY: LazyLock<String> = LazyLock::new(|| {
        let samples = vec![r#"{"metric":{"a":"b"},"value":[1,"1"]}"#; 100_000].join(",");
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{samples}]}}}}"#)
    });
    Reply::json(&*BODY)
}

fn many_values() -> Reply {
    static BODY: LazyLock<String> = LazyLock::new(|| {
        let names: Vec<String> = (0..100_000)
            .map(|n| format!("\"http_requests_{n}\""))
            .collect();
        format!(r#"{{"status":"success","data":[{}]}}"#, names.join(","))
    });
    Reply::json(&*BODY)
}

/// 64 MiB of blanks in some KiB.
fn bomb() -> Reply {
    static BODY: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let chunk = vec![b' '; 1 << 20];
        for _ in 0..64 {
            encoder.write_all(&chunk).unwrap();
        }
        encoder.finish().unwrap()
    });
    Reply::new(200, &[("Content-Encoding", "gzip")], &*BODY)
}

/// A name, and what the server does.
type Fault = (&'static str, fn() -> Reply);

fn faults() -> Vec<Fault> {
    vec![
        ("stalls in the head", || Reply::stall_after("")),
        ("stalls in the headers", || {
            Reply::stall_after("HTTP/1.1 200 OK\r\nA: b\r\n")
        }),
        ("stalls in the body", || {
            Reply::stall_after("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"status\":")
        }),
        ("closes at once", || Reply::close_after("")),
        ("closes mid-body", || {
            Reply::close_after("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"status\":")
        }),
        ("503", || Reply::new(503, &[], "busy")),
        ("503, later", || {
            Reply::new(503, &[("Retry-After", "3600")], "busy")
        }),
        ("503, at once", || {
            Reply::new(503, &[("Retry-After", "0")], "busy")
        }),
        ("503, a date", || {
            Reply::new(
                503,
                &[("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")],
                "busy",
            )
        }),
        ("503, timeout", || {
            Reply::new(
                503,
                &[],
                r#"{"status":"error","errorType":"timeout","error":"slow"}"#,
            )
        }),
        ("429", || Reply::new(429, &[("Retry-After", "-1")], "busy")),
        ("502 in HTML", || {
            Reply::new(502, &[("Content-Type", "text/html")], "<html>bad gateway")
        }),
        ("HTML", || {
            Reply::new(200, &[("Content-Type", "text/html")], "<html>log in</html>")
        }),
        ("404", || Reply::new(404, &[], "404 page not found")),
        ("401", || Reply::new(401, &[], "")),
        ("500", || Reply::new(500, &[], "oh")),
        ("422", || {
            Reply::new(
                422,
                &[],
                r#"{"status":"error","errorType":"execution","error":"many-to-many"}"#,
            )
        }),
        ("redirect", || {
            Reply::new(302, &[("Location", "http://169.254.169.254/")], "")
        }),
        ("endless body", || {
            Reply::endless("HTTP/1.1 200 OK\r\n\r\n{", " ".repeat(1 << 16))
        }),
        ("endless head", || {
            Reply::endless("HTTP/1.1 200 OK\r\n", "a: b\r\n".repeat(1 << 10))
        }),
        ("100,000 series", many_series),
        ("gzip bomb", bomb),
        ("gzip of nothing", || {
            Reply::new(200, &[("Content-Encoding", "gzip")], "no gzip")
        }),
        ("half of JSON", || {
            Reply::json(r#"{"status":"success","data":{"resultType":"vector","result":[{"#)
        }),
        ("101", || {
            Reply::stall_after(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
            )
        }),
        ("204", || Reply::new(204, &[], "")),
        ("200 and nothing", || Reply::new(200, &[], "")),
        ("two lengths", || {
            Reply::close_after(
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nnull",
            )
        }),
        ("a length below none", || {
            Reply::close_after("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nnull")
        }),
        ("a chunk without end", || {
            Reply::stall_after(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n{",
            )
        }),
        ("a chunk too long", || {
            Reply::close_after(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{",
            )
        }),
        ("a name that is no text", || {
            Reply::json(b"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"a\xff\":\"\xfe\"},\"value\":[1,\"1\"]}]}}")
        }),
        ("deep", || Reply::json("[".repeat(1 << 20))),
        ("no HTTP", || Reply::close_after("SSH-2.0-OpenSSH_9\r\n")),
    ]
}

fn settings(address: &str) -> Value {
    json!({"address": address, "query": QUERY, "timeout": 1})
}

/// Measures within the time.
async fn in_time(
    provider: &Provider,
    what: &str,
    run: &AnalysisRun,
    metric: &Metric,
) -> Measurement {
    let began = Instant::now();
    let found = measured(provider, run, metric).await;
    assert!(began.elapsed() < IN_TIME, "{what}: {:?}", began.elapsed());
    found
}

/// What may pass is waited for, and what will not is told; in the evidence neither lets an answer pass.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_the_server_end_in_time_and_in_their_phase() {
    let provider = Arc::new(provider(json!({"limits": {"body": 4 << 20}})));
    let mut all = JoinSet::new();
    for (what, fault) in faults() {
        let of_query = match what {
            "101"
            | "204"
            | "200 and nothing"
            | "two lengths"
            | "a length below none"
            | "a name that is no text"
            | "deep"
            | "HTML"
            | "404"
            | "401"
            | "500"
            | "redirect"
            | "gzip of nothing"
            | "half of JSON"
            | "no HTTP"
            | "endless head" => "Error error/server",
            "422" => "Error error/query",
            "endless body" | "100,000 series" | "gzip bomb" => "Error error/limit",
            _ => "Running no-data/server-unreachable",
        };
        let of_evidence = match of_query.starts_with("Error") {
            true => "Running no-data/unexplained",
            false => of_query,
        };
        for (at, told) in [(Step::Query, of_query), (Step::Evidence, of_evidence)] {
            let provider = Arc::clone(&provider);
            all.spawn(async move {
                let server = faulty(at, fault);
                let mut settings = settings(&server.url());
                if ["100,000 series", "gzip bomb", "endless body"].contains(&what) {
                    // It is the size that ends these, however slow the machine.
                    settings["timeout"] = json!(20);
                }
                let metric = metric(&settings, "result[0] == 0");
                let began = Instant::now();
                let found = measured(&provider, &run(6000), &metric).await;
                assert!(
                    settings["timeout"] == 20 || began.elapsed() < IN_TIME,
                    "{what}: {:?}",
                    began.elapsed()
                );
                let words = format!("{} {}", found.phase, outcome(&found));
                assert_eq!(words, told, "{what} at {at:?}: {found:?}");
                assert!(!found.message.is_empty());
            });
        }
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

/// Whatever happens to what is asked beside, it ends in time, and costs words alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_look_ups_and_questions_why_cost_words() {
    let provider = Arc::new(provider(json!({"limits": {"body": 4 << 20}})));
    let mut all = JoinSet::new();
    for (what, fault) in faults()
        .into_iter()
        .chain([("100,000 values", many_values as fn() -> Reply)])
    {
        for (at, no_data) in [
            (Step::LookUp, "wait"),
            (Step::Cause, "wait"),
            (Step::LookUp, "inconclusive"),
        ] {
            let provider = Arc::clone(&provider);
            all.spawn(async move {
                let server = Loopback::serve(move |request| match step(request) {
                    found if found == at => fault(),
                    Step::Query => Reply::json(CONSTANT),
                    Step::LookUp => Reply::json(r#"{"status":"success","data":[]}"#),
                    Step::Evidence | Step::Cause => Reply::json(EMPTY),
                });
                let mut settings = settings(&server.url());
                // The questions before the fault have to be answered, on a machine with other work too.
                settings["timeout"] = json!(5);
                settings["noData"] = json!(no_data);
                let found = in_time(
                    &provider,
                    what,
                    &run(6000),
                    &metric(&settings, "result[0] == 0"),
                )
                .await;
                let phase = if no_data == "wait" {
                    "Running"
                } else {
                    "Inconclusive"
                };
                assert_eq!(found.phase.as_str(), phase, "{what} at {at:?}: {found:?}");
                assert!(outcome(&found).starts_with("no-data/"), "{what}: {found:?}");
            });
        }
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

/// Observed, an answer is what it is, whatever happens to what the guard rails ask.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observed_faults_change_no_phase() {
    let provider = Arc::new(provider(json!({"limits": {"body": 4 << 20}})));
    let mut all = JoinSet::new();
    for (what, fault) in faults() {
        for at in [Step::Evidence, Step::LookUp, Step::Cause] {
            let provider = Arc::clone(&provider);
            all.spawn(async move {
                let server = Loopback::serve(move |request| match step(request) {
                    found if found == at => fault(),
                    Step::Query => Reply::json(CONSTANT),
                    Step::LookUp => Reply::json(r#"{"status":"success","data":[]}"#),
                    Step::Evidence | Step::Cause => Reply::json(EMPTY),
                });
                let mut settings = settings(&server.url());
                settings["timeout"] = json!(5);
                settings["guard"] = json!("observe");
                let metric = metric(&settings, "result[0] == 0");
                let found = in_time(&provider, what, &run(6000), &metric).await;
                assert_eq!(
                    found.phase,
                    Phase::Successful,
                    "{what} at {at:?}: {found:?}"
                );
                assert_eq!((found.value.as_str(), found.message.as_str()), ("[0]", ""));
                let would = found.metadata.get("wouldBe").map_or("", String::as_str);
                assert!(
                    ["", "Inconclusive", "Error"].contains(&would),
                    "{what} at {at:?}: {found:?}"
                );
            });
        }
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

/// Whatever is long is cut: the query, the server's words, what is found wrong, what would have been said.
#[tokio::test]
async fn what_is_long_is_bounded() {
    let provider = provider(json!({}));
    let long = "lorem\nipsum \u{1b}[31m é ".repeat(20_000);
    for (guard, no_data, at) in [
        ("enforce", "wait", Step::Query),
        ("observe", "wait", Step::Query),
        ("enforce", "inconclusive", Step::Evidence),
        ("observe", "fail", Step::Evidence),
        ("observe", "condition", Step::LookUp),
        ("off", "wait", Step::Query),
    ] {
        let words = long.clone();
        let server = Loopback::serve(move |request| {
            let data = |samples: Value| json!({"status": "success", "data": samples, "warnings": [&words, &words], "infos": [&words]});
            match step(request) {
                Step::LookUp if at == Step::LookUp => {
                    Reply::json(data(json!([&words, &words])).to_string())
                }
                found if found == at && at == Step::Evidence => Reply::new(
                    422,
                    &[],
                    json!({"status": "error", "errorType": &words, "error": &words}).to_string(),
                ),
                Step::LookUp => Reply::json(data(json!([])).to_string()),
                _ => Reply::json(data(json!({"resultType": "vector", "result": []})).to_string()),
            }
        });
        let query = format!(
            "sum(rate(m_total{{a=\"{}\"}}[5m])) / sum(rate(n_total[5m])) or vector(0) # {}",
            "x".repeat(5000),
            "y".repeat(100_000)
        );
        let settings =
            json!({"address": server.url(), "query": query, "guard": guard, "noData": no_data});
        let condition = format!("result[0] < 5 || {:?} == \"\"", "z".repeat(5000));
        let found = measured(&provider, &run(6000), &metric(&settings, &condition)).await;
        assert!(
            guard != "observe" || found.metadata.contains_key("wouldBeMessage"),
            "{found:?}"
        );
        assert!(!found.message.chars().any(char::is_control), "{found:?}");
        let mut waiting = found.clone();
        waiting.phase = Phase::Running;
        waiting.finished_at = None;
        waiting.message = "m".repeat(1024);
        sound(
            &provider
                .terminate(Some(run(6000)), metric(&settings, ""), waiting)
                .await,
        );
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_waited_for_once() {
    let provider = provider(json!({}));
    let closed = Loopback::serve(|_| Reply::json(EMPTY))
        .url()
        .replace("127.0.0.1", "127.0.0.2");
    for address in [closed.as_str(), "http://gone.invalid:9090"] {
        let metric = metric(&settings(address), "result[0] == 0");
        let mut own = run(6000);
        let found = in_time(&provider, address, &own, &metric).await;
        assert_eq!(
            (found.phase.as_str(), outcome(&found)),
            ("Running", "no-data/server-unreachable")
        );
        // After an Error it is not waited for again; neither is it where the wait is over.
        own.last_phases.insert("errors".to_owned(), Phase::Error);
        let again = in_time(&provider, address, &own, &metric).await;
        assert_eq!(
            (again.phase.as_str(), outcome(&again)),
            ("Error", "no-data/server-unreachable")
        );
        let mut waited = found;
        waited
            .metadata
            .insert("waitUntil".to_owned(), "2020-01-01T00:00:00Z".to_owned());
        let end = provider.resume(Some(run(6000)), metric, waited).await;
        sound(&end);
        assert_eq!(
            (end.phase.as_str(), outcome(&end)),
            ("Error", "no-data/server-unreachable")
        );
    }
}

#[tokio::test]
async fn a_wrong_certificate_is_told_at_once() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let server = Loopback::serve_tls(tls, |_| Reply::json(CONSTANT));
    let metric = metric(&settings(&server.url()), "result[0] == 0");
    let found = in_time(&provider(json!({})), "certificate", &run(6000), &metric).await;
    assert_eq!(
        (found.phase.as_str(), outcome(&found)),
        ("Error", "error/server")
    );
    assert!(found.message.contains("certificate"), "{}", found.message);
    assert!(server.requests().is_empty());
}

/// Evidence that no Prometheus gives.
#[tokio::test]
async fn evidence_that_makes_no_sense_is_none() {
    let provider = provider(json!({}));
    let events = ("e", "3000");
    for (what, age, answer, told) in [
        (
            "sound",
            6000,
            vec![("w", "1"), events],
            "Successful fallback-on-data",
        ),
        (
            "huge",
            6000,
            vec![("w", "1e308"), ("e", "+Inf")],
            "Successful fallback-on-data",
        ),
        ("no witness", 6000, vec![events], "Running"),
        ("NaN", 6000, vec![("w", "NaN"), events], "Running"),
        ("zero", 6000, vec![("w", "0"), events], "Running"),
        ("negative", 6000, vec![("w", "-1"), events], "Running"),
        ("no events", 6000, vec![("w", "1")], "Running"),
        (
            "events are NaN",
            6000,
            vec![("w", "1"), ("e", "NaN")],
            "Running",
        ),
        (
            "events below none",
            6000,
            vec![("w", "1"), ("e", "-1e308")],
            "Running",
        ),
        (
            "less than one event",
            6000,
            vec![("w", "1"), ("e", "0.99")],
            "Running no-data/too-few-events",
        ),
        (
            "another name",
            6000,
            vec![("W", "1"), ("w ", "1"), events],
            "Running",
        ),
        (
            "stale",
            60,
            vec![("w", "1"), events, ("o1", "1")],
            "Running",
        ),
        (
            "young",
            60,
            vec![("w", "1"), events, ("s1", "1"), ("o1", "1")],
            "Successful fallback-on-data",
        ),
        (
            "due",
            60,
            vec![
                ("w", "1"),
                events,
                ("s1", "1"),
                ("o1", "1"),
                ("d1", "1e300"),
            ],
            "Running no-data/too-early",
        ),
        (
            "only stable",
            60,
            vec![("w", "1"), events, ("s1", "1"), ("o1", "1"), ("r1", "1")],
            "Running no-data/too-early",
        ),
        (
            "an interval of nothing",
            60,
            vec![
                ("w", "1"),
                events,
                ("s1", "1"),
                ("o1", "1"),
                ("n1", "1e-300"),
                ("d1", "1"),
            ],
            "Running no-data/too-early",
        ),
        (
            "an interval of no time",
            60,
            vec![
                ("w", "1"),
                events,
                ("s1", "1"),
                ("o1", "1"),
                ("n1", "1e300"),
            ],
            "Successful fallback-on-data",
        ),
        (
            "an interval back",
            60,
            vec![("w", "1"), events, ("s1", "1"), ("o1", "1"), ("n1", "-5")],
            "Successful fallback-on-data",
        ),
    ] {
        let server = {
            let answer: Vec<(String, String)> = answer
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect();
            faulty(Step::Evidence, move || {
                let own: Vec<(&str, &str)> = answer
                    .iter()
                    .map(|(a, b)| (a.as_str(), b.as_str()))
                    .collect();
                parts(&own)
            })
        };
        let metric = metric(&settings(&server.url()), "result[0] == 0");
        let found = in_time(&provider, what, &run(age), &metric).await;
        let words = format!("{} {}", found.phase, outcome(&found));
        assert!(
            words.starts_with(told),
            "{what}: {words}: {}",
            found.message
        );
    }
    for (what, body) in [
        (
            "a scalar",
            r#"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#,
        ),
        (
            "a string",
            r#"{"status":"success","data":{"resultType":"string","result":[1,"w"]}}"#,
        ),
        (
            "a matrix",
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__part__":"w"},"values":[[1,"1"]]}]}}"#,
        ),
        (
            "no label",
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}"#,
        ),
        (
            "both ways",
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__part__":"w"},"value":[1,"1"]},{"metric":{"__part__":"e"},"value":[1,"9"]},{"metric":{"__part__":"w"},"value":[1,"NaN"]}]}}"#,
        ),
        (
            "an error with a status of 200",
            r#"{"status":"error","errorType":"execution","error":"x"}"#,
        ),
        ("nothing", "null"),
        (
            "partial",
            r#"{"status":"success","isPartial":true,"data":{"resultType":"vector","result":[{"metric":{"__part__":"w"},"value":[1,"1"]},{"metric":{"__part__":"e"},"value":[1,"9"]}]}}"#,
        ),
        (
            "stores gone",
            r#"{"status":"success","warnings":["fetch series for {} x: rpc error"],"data":{"resultType":"vector","result":[{"metric":{"__part__":"w"},"value":[1,"1"]},{"metric":{"__part__":"e"},"value":[1,"9"]}]}}"#,
        ),
    ] {
        let server = faulty(Step::Evidence, move || Reply::json(body));
        let metric = metric(&settings(&server.url()), "result[0] == 0");
        let found = in_time(&provider, what, &run(6000), &metric).await;
        assert_eq!(found.phase, Phase::Running, "{what}: {found:?}");
        if ["partial", "stores gone"].contains(&what) {
            assert_eq!(outcome(&found), "no-data/partial-answer");
        }
    }
}

/// A partial answer decides nothing, whatever it holds.
#[tokio::test]
async fn a_partial_answer_neither_passes_nor_fails() {
    let provider = provider(json!({}));
    for number in ["0", "7", "NaN"] {
        for partial in [
            r#""isPartial":true"#,
            r#""warnings":["a","fetch series for {}: x"]"#,
            r#""warnings":["rpc error: code = Unavailable"]"#,
        ] {
            let server = faulty(Step::Query, move || {
                Reply::json(format!(
                    r#"{{"status":"success",{partial},"data":{{"resultType":"vector","result":[{{"metric":{{}},"value":[1,"{number}"]}}]}}}}"#
                ))
            });
            let metric = metric(&settings(&server.url()), "result[0] == 0");
            let found = in_time(&provider, partial, &run(6000), &metric).await;
            assert_eq!(
                (found.phase.as_str(), outcome(&found)),
                ("Running", "no-data/partial-answer"),
                "{number} {partial}"
            );
        }
    }
}

/// A clock of another node, or one that was set: no wait is longer than it may be, and none is for ever.
#[tokio::test]
async fn clocks_that_jump_do_not_make_a_wait_endless() {
    let server = Loopback::serve(|request| match step(request) {
        Step::Query => Reply::json(CONSTANT),
        Step::LookUp => Reply::json(r#"{"status":"success","data":[]}"#),
        _ => Reply::json(EMPTY),
    });
    let provider = provider(json!({}));
    let metric = metric(&settings(&server.url()), "result[0] == 0");
    let waiting = in_time(&provider, "wait", &run(6000), &metric).await;
    assert_eq!(waiting.phase, Phase::Running);
    let in_an_hour = (Timestamp::now() + SignedDuration::from_hours(1)).to_string();
    for (since, until, phase) in [
        ("9999-12-30T00:00:00Z", "9999-12-30T22:00:00Z", "Running"),
        ("-009999-01-02T01:59:59Z", "9999-12-30T22:00:00Z", "Running"),
        ("2020-01-01T00:00:00Z", in_an_hour.as_str(), "Running"),
        ("soon", "later", "Running"),
        ("", "", "Running"),
        ("2026-13-41T25:61:61Z", "2026-02-30T00:00:00Z", "Running"),
        (
            "2020-01-01T00:00:00Z",
            "2020-01-01T00:02:00Z",
            "Inconclusive",
        ),
        (
            "9999-12-30T00:00:00Z",
            "-009999-01-02T01:59:59Z",
            "Inconclusive",
        ),
    ] {
        let mut waited = waiting.clone();
        waited
            .metadata
            .insert("waitingSince".to_owned(), since.to_owned());
        waited
            .metadata
            .insert("waitUntil".to_owned(), until.to_owned());
        let now = Timestamp::now();
        let found = provider
            .resume(Some(run(6000)), metric.clone(), waited)
            .await;
        sound(&found);
        assert_eq!(found.phase.as_str(), phase, "{since} {until}: {found:?}");
        if let Some(at) = found.resume_at {
            assert!(
                at > now && at <= now + SignedDuration::from_secs(20),
                "{since} {until}: {at}"
            );
            let until: Timestamp = found.metadata["waitUntil"].parse().unwrap();
            assert!(until <= now + SignedDuration::from_secs(620), "{until}");
        }
    }
    // A run that begins in the future, or before there were clocks.
    for created in [
        Timestamp::MAX,
        Timestamp::MIN,
        Timestamp::now() + SignedDuration::from_hours(9),
    ] {
        let mut own = run(0);
        own.created_at = Some(created);
        let found = in_time(&provider, "created", &own, &metric).await;
        assert_eq!(found.phase, Phase::Running, "{created}: {found:?}");
    }
}

/// A server with very many metrics, all alike: looking for the one that was meant holds up nobody.
#[tokio::test]
async fn names_that_are_all_alike_are_compared_in_time() {
    let body = {
        let alike = |n: usize| format!("\"{}_{}{n:05}\"", "requests".repeat(9), "seconds_total");
        let names: Vec<String> = (0..10_000).map(alike).collect();
        format!(r#"{{"status":"success","data":[{}]}}"#, names.join(","))
    };
    let server = Loopback::serve(move |request| match step(request) {
        Step::LookUp if !request.target.contains("match") => Reply::json(&body),
        Step::LookUp => Reply::json(r#"{"status":"success","data":[]}"#),
        _ => Reply::json(EMPTY),
    });
    let query = format!("sum({}_second_total00007)", "requests".repeat(9));
    let settings = json!({"address": server.url(), "query": query, "noData": "inconclusive"});
    let began = Instant::now();
    let found = measured(
        &provider(json!({})),
        &run(6000),
        &metric(&settings, "result[0] < 1"),
    )
    .await;
    assert!(found.message.contains("did you mean"), "{}", found.message);
    assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());
}

/// What was said of the server is not said any more once it answers.
#[tokio::test]
async fn a_server_that_comes_back_is_asked_anew() {
    let server = Loopback::serve(|request| match step(request) {
        Step::Query => Reply::json(CONSTANT),
        Step::LookUp => Reply::json(r#"{"status":"success","data":[]}"#),
        _ => Reply::json(EMPTY),
    });
    let provider = provider(json!({}));
    let metric = metric(&settings(&server.url()), "result[0] == 0");
    for (before, message) in [
        (
            "no-data/server-unreachable",
            "no answer from prom: connection refused, for 15s",
        ),
        (
            "no-data/partial-answer",
            "no data: the answer is partial: fetch series",
        ),
    ] {
        let mut waited = Measurement {
            phase: Phase::Running,
            message: message.to_owned(),
            ..Measurement::default()
        };
        waited
            .metadata
            .insert("outcome".to_owned(), before.to_owned());
        let found = provider
            .resume(Some(run(6000)), metric.clone(), waited)
            .await;
        sound(&found);
        assert_eq!(
            (found.phase.as_str(), outcome(&found)),
            ("Running", "no-data/metric-unknown"),
            "{}",
            found.message
        );
    }
}
