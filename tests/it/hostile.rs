//! Hostile templates and servers against the built program: no secret comes back, and no call holds up a ping.

use std::cell::Cell;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use promql_guard::analysis::measurement::Measurement;
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::run::{AnalysisRun, Argument};
use serde_json::{Value, json};

use crate::host::{Host, Process};
use crate::loopback::{Loopback, Reply, Request};

const PROGRAM: &str = env!("CARGO_BIN_EXE_promql-guard");

/// Of such lengths and letters that texts cut them, split them, or quote them.
const SECRETS: [&str; 5] = [
    "Zq7wXk93PvLm",
    "Zq7wXk93@vLmR2-tY8--sDf?Gh4#jK1/l0%aSd:fG",
    "Zq7wXk93PvLmR2tY8sDfGh4jK1l0aSdfGqWeRtYuIoPaSdFgHjKlZxCvBnMq1w2e3r4t5y6u7i8o9p0aqzwsxedcrfvtgbyhnujmikolp",
    "Zq7wX\"k93P'vLm\\R2 tY8é<>&",
    "-----BEGIN KEY-----\nZq7wXk93PvLmR2tY8sDfGh4j\nKvb2nM5xZq8wErTyUiOp3sDf\n-----END KEY-----\n",
];

/// Tells all that it was told, as an error, a warning, or a place to go to.
fn gossip() -> Loopback {
    Loopback::serve(|request: &Request| {
        let sent = request.header("authorization").unwrap_or_default();
        let decoded = sent
            .strip_prefix("Basic ")
            .and_then(|text| STANDARD.decode(text).ok())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default();
        let key = request.header("x-api-key").unwrap_or_default();
        let query = request.field("query").unwrap_or_default();
        let all = format!("{sent} {decoded} {key} {query} {}", request.target);
        match request.field("query").as_deref() {
            Some("error") => Reply::new(
                400,
                &[],
                json!({"status": "error", "errorType": &all, "error": &all}).to_string(),
            ),
            Some("away") => {
                let place = url::form_urlencoded::byte_serialize(all.as_bytes()).collect::<String>();
                Reply::new(302, &[("Location", &format!("http://evil/{place}"))], "")
            }
            _ => Reply::json(
                json!({"status": "success", "warnings": [&all], "infos": [&request.body],
                       "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "0.5"]}]}})
                .to_string(),
            ),
        }
    })
}

/// Settings that hold `secret` in every odd place.
fn places(address: &str, secret: &str) -> Vec<Value> {
    let with = |key: &str, value: Value| {
        let mut settings = json!({"address": address, "query": "up", "timeout": 2});
        settings[key] = value;
        settings
    };
    let mut all: Vec<Value> = [
        secret.to_owned(),
        format!("http://{secret}"),
        format!("http://{secret}.invalid:1/"),
        format!("http://u:{secret}@127.0.0.1:1/"),
        format!("http://127.0.0.1:1/a/{secret}"),
        format!("{address}/{secret}"),
        format!("{secret}://127.0.0.1"),
        format!("http://127.0.0.1:{secret}"),
        format!("user@{secret}"),
    ]
    .into_iter()
    .map(|text| with("address", json!(text)))
    .collect();
    for key in [
        "query",
        "timeout",
        "guard",
        "insecure",
        "series",
        "allow",
        "namespaceLabel",
        "scrapeInterval",
        "fallback",
        "noData",
        "headers",
        "rangeQuery",
        "tls",
        "authentication",
        secret,
    ] {
        all.push(with(key, json!(secret)));
    }
    let mut nested = |key: &str, value: Value| all.push(with(key, value));
    nested("query", json!(format!("up{{a=\"$(run.{secret})\"}}")));
    nested("query", json!(format!("up{{a=\"{secret}\"}}")));
    nested("query", json!(format!("$(run.{secret}")));
    nested("headers", json!([{"key": secret, "value": "x"}]));
    nested("headers", json!([{"key": "x-api-key", "value": secret}]));
    nested("headers", json!([secret]));
    nested(
        "rangeQuery",
        json!({"start": secret, "end": "now()", "step": "1m"}),
    );
    nested(
        "rangeQuery",
        json!({"start": format!("date(\"{}\")", secret.escape_default()), "end": "now()", "step": "1m"}),
    );
    nested(
        "rangeQuery",
        json!({"start": "now()", "end": "now()", "step": secret}),
    );
    nested("rangeQuery", json!({secret: 1}));
    nested("tls", json!({"serverName": secret, "caFile": secret}));
    nested("tls", json!({"caPem": secret}));
    nested("authentication", json!({"bearer": {"tokenFile": secret}}));
    nested(
        "authentication",
        json!({"bearer": {"tokenFile": {secret: secret}}}),
    );
    nested(
        "authentication",
        json!({"basicAuth": {"username": "u", "password": [secret]}}),
    );
    nested(
        "authentication",
        json!({"oauth2": {"tokenUrl": secret, "clientId": "c", "clientSecret": "s"}}),
    );
    nested(
        "authentication",
        json!({"oauth2": {"tokenUrl": format!("{address}/t"), "clientId": secret, "clientSecret": secret}}),
    );
    nested(
        "authentication",
        json!({"sigv4": {"region": secret, "profile": secret, "roleArn": secret}}),
    );
    for query in ["error", "away", "fine"] {
        let mut settings = with("query", json!(query));
        settings["authentication"] = json!({"basicAuth": {"username": "us", "password": secret}});
        settings["headers"] =
            json!([{"key": "X-Api-Key", "value": secret.replace(char::is_control, "")}]);
        all.push(settings);
    }
    all
}

fn conditions(secret: &str) -> Vec<String> {
    let quoted = secret.escape_default();
    vec![
        String::new(),
        format!("\"{quoted}\" == string(result[0])"),
        format!("trim(\"{quoted}\") == string(result[0])"),
        format!("let s = \"{quoted}\"; s == string(result[0])"),
        format!("{secret} < result[0]"),
        format!("result.{secret} < 1"),
        format!("result[0] < 0.1 && split(\"{quoted}\", \"R\") == [\"a\"]"),
        format!("int(\"{quoted}\") < result[0]"),
        format!("fromJSON(\"{quoted}\") == 1"),
        format!("result[0] matches \"({quoted}\""),
        format!("date(\"{quoted}\") > now()"),
        format!("duration(\"{quoted}\") > duration(\"1s\")"),
        format!("upper(\"{quoted}\") == \"a\""),
    ]
}

fn run_with(secret: &str) -> AnalysisRun {
    AnalysisRun {
        name: "r".to_owned(),
        args: vec![Argument {
            name: "secret".to_owned(),
            value: Some(secret.to_owned()),
            secret: true,
        }],
        ..AnalysisRun::default()
    }
}

/// The first long part of `secret` that `text` shows, whatever the case or the quoting of URLs.
fn shown(text: &str, secret: &str) -> Option<String> {
    let folded = |text: &[u8]| String::from_utf8_lossy(text).to_lowercase();
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
    let texts = [folded(text.as_bytes()), folded(&decoded)];
    let letters: Vec<char> = secret.to_lowercase().chars().collect();
    let width = if secret.len() < 32 { 8 } else { 16 };
    letters
        .windows(width)
        .map(|part| part.iter().collect::<String>())
        // What the title of any key file says is no secret.
        .find(|part| {
            !"-----begin key-----".contains(part.trim())
                && texts.iter().any(|text| text.contains(part))
        })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_comes_back_from_any_place_of_a_template() {
    let server = gossip();
    let folder = tempfile::tempdir().unwrap();
    for versions in ["1", "1,2"] {
        let log = folder.path().join(versions);
        let stderr = Stdio::from(std::fs::File::create(&log).unwrap());
        let arguments = ["--log-level", "trace"];
        let mut process =
            Process::start_logging(Path::new(PROGRAM), &arguments, versions, &[], stderr).unwrap();
        let host = Host::connect(&process).await.unwrap();
        for secret in SECRETS {
            let run = run_with(secret);
            let mut metrics: Vec<(Value, String)> = places(&server.url(), secret)
                .into_iter()
                .map(|settings| (settings, "result[0] < 0.1".to_owned()))
                .collect();
            let fine = json!({"address": server.url(), "query": "fine"});
            metrics.extend(
                conditions(secret)
                    .into_iter()
                    .map(|text| (fine.clone(), text)),
            );
            for (settings, condition) in metrics {
                let metric = Metric {
                    name: format!("m {secret}"),
                    success_condition: condition,
                    plugins: vec![(secret.to_owned(), settings.to_string().into_bytes())],
                    ..Metric::default()
                };
                let measured = host.run(Some(&run), &metric).await.unwrap();
                let mut told = vec![measured.message, measured.value];
                told.extend(measured.metadata.into_values());
                told.extend(host.metadata(&metric).await.unwrap().into_values());
                for text in told {
                    assert_eq!(shown(&text, secret), None, "{text}\n{metric:?}");
                }
            }
        }
        host.quit().await.unwrap();
        process.wait().unwrap();
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.contains("measured"));
        for line in log.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            for text in line.as_object().unwrap().values().filter_map(Value::as_str) {
                for secret in SECRETS {
                    assert_eq!(shown(text, secret), None, "{line}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ping_does_not_wait_for_costly_conditions_times_or_settings() {
    let server = Loopback::serve(|_| {
        let samples = vec![r#"{"metric":{},"value":[1,"0.5"]}"#; 300].join(",");
        Reply::json(format!(
            r#"{{"status":"success","data":{{"resultType":"vector","result":[{samples}]}}}}"#
        ))
    });
    let mut process = Process::start(Path::new(PROGRAM), &[], "1", &[]).unwrap();
    let host = Host::connect(&process).await.unwrap();
    let loops = "all(result, {all(result, {all(result, {true})})})";
    let chain = format!(
        "{}true{}",
        "true == (".repeat(25),
        " == true) == true".repeat(25)
    );
    let keys: String = (0..50_000).map(|key| format!(",\"quer{key}\":1")).collect();
    let measured = |condition: &str, extra: &str| Metric {
        success_condition: condition.to_owned(),
        plugins: vec![(
            "a/b".to_owned(),
            format!(r#"{{"address":"{}","query":"up"{extra}}}"#, server.url()).into_bytes(),
        )],
        ..Metric::default()
    };
    let range = r#","rangeQuery":{"start":"now() - duration(string(count(1..999999, {count(1..9, true) > 1})))","end":"now()","step":"1m"}"#;
    for (what, metric) in [
        ("loops in loops", measured(loops, "")),
        ("chains in chains", measured(&chain, "")),
        ("times", measured("", range)),
        ("unknown keys", measured("", &keys)),
        (
            "one long key",
            measured("", &format!(",\"{}\":1", "query".repeat(200_000))),
        ),
        (
            "a long condition",
            measured(&"result[0] < 1 && ".repeat(60_000), ""),
        ),
        (
            "a long query",
            measured(
                "result[0] < 1",
                &format!(",\"namespace\":\"{}\"", "x".repeat(1 << 20)),
            ),
        ),
    ] {
        let began = Instant::now();
        let (_, longest) = run_pinging(&host, &metric).await;
        // Debug builds on a busy machine: what was wrong took seconds.
        assert!(longest < Duration::from_secs(2), "{what}: {longest:?}");
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
    }
    host.quit().await.unwrap();
    process.wait().unwrap();
}

/// Waits for the answer while it pings, and answers the longest ping too.
async fn run_pinging(host: &Host, metric: &Metric) -> (Measurement, Duration) {
    let run = run_with("Zq7wXk93PvLm");
    let over = Cell::new(false);
    let call = async {
        let measurement = host.run(Some(&run), metric).await.unwrap();
        over.set(true);
        measurement
    };
    let pings = async {
        let mut longest = Duration::ZERO;
        while !over.get() {
            let began = Instant::now();
            host.ping().await.unwrap();
            longest = longest.max(began.elapsed());
        }
        longest
    };
    tokio::join!(call, pings)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_server_costs_neither_pings_nor_more_than_the_timeout_and_a_second() {
    let server = Loopback::serve(|request| {
        let vector = r#""data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}"#;
        let whole = |more: &str| Reply::json(format!(r#"{{"status":"success",{more},{vector}}}"#));
        let long = "Zq7wXk93PvLm aaaa ".repeat(850_000);
        match request.field("query").as_deref() {
            Some("one warning") => whole(&format!(r#""warnings":["{long}"]"#)),
            Some("many warnings") => whole(&format!(
                r#""warnings":[{}"x"]"#,
                "\"xx\",".repeat(2_500_000)
            )),
            Some("nested") => Reply::json("[".repeat(15 << 20)),
            Some("deep") => Reply::json(format!(r#"{{"status":{}"#, "{\"a\":".repeat(3 << 20))),
            Some("labels") => Reply::json(format!(
                r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{{}"x":"y"}},"value":[1,"1"]}}]}}}}"#,
                (0..800_000)
                    .map(|n| format!("\"{n}\":\"b\","))
                    .collect::<String>()
            )),
            Some("samples") => Reply::json(format!(
                r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{}[1,"1"]]}}]}}}}"#,
                "[1,\"0.123456789012345678\"],".repeat(49_000)
            )),
            Some("error") => Reply::new(
                400,
                &[],
                format!(r#"{{"status":"error","errorType":"a","error":"{long}"}}"#),
            ),
            Some("status") => Reply::endless("HTTP/1.1 503 x\r\n\r\n{", " "),
            Some("drip") => Reply::endless(
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
                " ",
            ),
            Some("head") => Reply::endless("HTTP/1.1 200 OK\r\n", "a: b\r\n"),
            Some("stall") => Reply::stall_after("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
            _ => Reply::stall_after(""),
        }
    });
    let mut process = Process::start(Path::new(PROGRAM), &[], "1", &[]).unwrap();
    let host = Host::connect(&process).await.unwrap();
    for query in [
        "one warning",
        "many warnings",
        "nested",
        "deep",
        "labels",
        "samples",
        "error",
        "status",
        "drip",
        "head",
        "stall",
        "nothing",
    ] {
        let settings = json!({"address": server.url(), "query": query, "timeout": 2});
        let metric = Metric {
            success_condition: "result[0] > 0".to_owned(),
            plugins: vec![("a/b".to_owned(), settings.to_string().into_bytes())],
            ..Metric::default()
        };
        let began = Instant::now();
        let (measurement, longest) = run_pinging(&host, &metric).await;
        let took = began.elapsed();
        assert!(longest < Duration::from_secs(1), "{query}: {longest:?}");
        // And a moment, for this is a debug build on a busy machine.
        assert!(took < Duration::from_millis(3500), "{query}: {took:?}");
        let metadata: usize = measurement.metadata.values().map(String::len).sum();
        assert!(
            measurement.message.len() <= 1024 && metadata <= 8192,
            "{query}"
        );
        assert!(!format!("{measurement:?}").contains("Zq7wXk93"), "{query}");
    }
    host.quit().await.unwrap();
    process.wait().unwrap();
}
