//! Hostile templates, runs and servers against the guard rails: nothing reaches what the operator closed.
//!
//! Where an address leads, what a mask hides and how a namespace is written in have tests of their own; here it is the whole
//! measurement that is attacked, and what the server heard is read again.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::policy::Policy;
use promql_guard::analysis::provider::MetricProvider;
use promql_guard::analysis::run::{AnalysisRun, Argument, Owner};
use promql_guard::measure::provider::Provider;
use promql_guard::measure::surroundings::Surroundings;
use promql_guard::prometheus::{Client, ClientSettings, Limits};
use promql_guard::text::chain::chain;
use serde_json::{Value, json};

use crate::loopback::{Loopback, Reply, Request};
use crate::prometheus::{ONE, server, up};

/// The bounds of a measurement in the status of an AnalysisRun.
const MESSAGE: usize = 1 << 10;
const METADATA: usize = 8 << 10;

pub(crate) const EMPTY: &str = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;

pub(crate) fn provider(policy: Value) -> Provider {
    let policy = Policy::from_object(policy.as_object().expect("an object")).expect("a policy");
    Provider::new(Ok(policy), Surroundings::default())
}

/// A run of the Rollout `cart` in `shop`, so many seconds old.
pub(crate) fn run(age: i64) -> AnalysisRun {
    AnalysisRun {
        name: "cart-5478f49d8b-2".to_owned(),
        namespace: "shop".to_owned(),
        labels: [(
            "rollouts-pod-template-hash".to_owned(),
            "5478f49d8b".to_owned(),
        )]
        .into(),
        owners: vec![Owner {
            kind: "Rollout".to_owned(),
            name: "cart".to_owned(),
        }],
        created_at: Some(Timestamp::now() - SignedDuration::from_secs(age)),
        ..AnalysisRun::default()
    }
}

pub(crate) fn metric(settings: &Value, success: &str) -> Metric {
    Metric {
        name: "errors".to_owned(),
        success_condition: success.to_owned(),
        plugins: vec![("a/b".to_owned(), settings.to_string().into_bytes())],
        ..Metric::default()
    }
}

/// Measures, and holds what holds of every measurement.
pub(crate) async fn measured(
    provider: &Provider,
    run: &AnalysisRun,
    metric: &Metric,
) -> Measurement {
    let measured = provider.run(Some(run.clone()), metric.clone()).await;
    sound(&measured);
    measured
}

/// What holds of every measurement.
pub(crate) fn sound(measured: &Measurement) {
    let is_running = measured.phase == Phase::Running;
    assert_eq!(measured.resume_at.is_some(), is_running, "{measured:?}");
    assert_eq!(measured.finished_at.is_none(), is_running, "{measured:?}");
    assert!(measured.message.len() <= MESSAGE, "{measured:?}");
    assert!(!measured.message.contains('\n'), "{measured:?}");
    let bytes: usize = measured
        .metadata
        .iter()
        .map(|(k, v)| k.len() + v.len())
        .sum();
    assert!(bytes <= METADATA, "{bytes}: {measured:?}");
}

pub(crate) fn outcome(measured: &Measurement) -> &str {
    measured.metadata.get("outcome").map_or("", String::as_str)
}

/// All that people see of it.
pub(crate) fn shown(measured: &Measurement) -> String {
    format!(
        "{} {} {:?}",
        measured.message, measured.value, measured.metadata
    )
}

pub(crate) fn with(mut settings: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().expect("an object") {
        settings[key] = value.clone();
    }
    settings
}

/// Every spelling of addresses that the operator closed, as the server and as the server of tokens.
#[tokio::test]
async fn no_spelling_of_an_address_reaches_what_is_closed() {
    let inner = Loopback::serve(|_| Reply::json(ONE));
    let port = inner.socket.port();
    let provider = provider(json!({"dial": {"loopback": false}}));
    for host in [
        "127.0.0.1",
        "127.1",
        "0177.0.0.1",
        "2130706433",
        "0x7f.1",
        "017700000001",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "0.0.0.0",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST.",
        "metadata.localhost",
        "u:p@127.0.0.1",
        "169.254.169.254",
        "0251.0376.0251.0376",
        "2852039166",
        "0xa9fea9fe",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "100.100.100.200",
    ] {
        for guard in ["enforce", "observe", "off"] {
            let address = format!("http://{host}:{port}");
            let settings = json!({"address": address, "query": "sum(up)", "guard": guard, "timeout": 1,
                "noData": "condition"});
            let found = measured(&provider, &run(600), &metric(&settings, "result[0] < 100")).await;
            assert_eq!(found.phase, Phase::Error, "{host}: {found:?}");
            if guard == "enforce" {
                assert_eq!(outcome(&found), "error/policy", "{host}: {found:?}");
            }
            let token = json!({"oauth2": {"tokenUrl": format!("{address}/token"), "clientId": "i", "clientSecret": "s"}});
            let settings = with(
                settings,
                &json!({"address": "http://192.0.2.1:9", "authentication": token}),
            );
            let found = measured(&provider, &run(600), &metric(&settings, "result[0] < 100")).await;
            assert_eq!(found.phase, Phase::Error, "{host}: {found:?}");
        }
    }
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let inner = Loopback::serve(|_| Reply::json(ONE));
    let place = inner.url();
    for status in [301, 302, 303, 307, 308] {
        let place = place.clone();
        let outer = Loopback::serve(move |_| {
            Reply::new(
                status,
                &[("Location", &format!("{place}/latest/meta-data"))],
                "",
            )
        });
        let settings = json!({"address": outer.url(), "query": "sum(up)", "timeout": 1, "noData": "condition"});
        let found = measured(
            &provider(json!({})),
            &run(600),
            &metric(&settings, "result[0] < 100"),
        )
        .await;
        assert_eq!(
            (found.phase.as_str(), outcome(&found)),
            ("Error", "error/server")
        );
    }
    assert_eq!(inner.connections(), 0);
}

/// Each connection goes to an address that was looked at, whatever the name meant before.
#[tokio::test]
async fn a_name_that_changes_is_looked_at_each_time() {
    let inner = Loopback::serve(|request| match request.field("query").as_deref() {
        Some("cut") => Reply::close_after(""),
        _ => Reply::close_after(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 63\r\n\r\n".to_owned() + EMPTY,
        ),
    });
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    let client = Client::new(ClientSettings {
        hosts_file: hosts.clone(),
        resolv_conf: folder.path().join("resolv.conf"),
        pauses: [Duration::ZERO; 2],
        ..ClientSettings::default()
    });
    let server = server(&format!("http://rebind.example:{}", inner.socket.port()));
    std::fs::write(&hosts, "127.0.0.1 rebind.example\n").unwrap();
    assert!(
        client
            .query(&server, &up(), &Limits::default())
            .await
            .is_ok()
    );
    for evil in [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "0.0.0.0",
        "fe80::1",
    ] {
        std::fs::write(&hosts, format!("{evil} rebind.example\n")).unwrap();
        let error = client
            .query_patiently(&server, &up(), &Limits::default())
            .await
            .expect_err("an error");
        assert!(
            chain(&error).contains("the operator's policy does not open"),
            "{error:?}"
        );
    }
    assert_eq!(inner.connections(), 1);
}

#[tokio::test]
async fn files_of_the_controller_stay_its_own() {
    let outer = Loopback::serve(|_| Reply::json(ONE));
    let token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    for policy in [json!({}), json!({"files": ["/etc/ok/", "/etc/one"]})] {
        let provider = provider(policy);
        for file in [
            token,
            "/etc/passwd",
            "/proc/self/environ",
            "/etc/ok/../passwd",
            "/etc/ok/./../passwd",
            "/etc/ok//../passwd",
            "/etc/one/../passwd",
            "/etc/okay",
            "//etc/ok/x",
            "etc/ok/x",
            "file:///etc/passwd",
            "",
            "/etc/ok/\0/../../passwd",
        ] {
            for more in [
                json!({"authentication": {"bearer": {"tokenFile": file}}}),
                json!({"tls": {"caFile": file}}),
                json!({"tls": {"certFile": file, "keyFile": file}}),
            ] {
                let settings = with(
                    json!({"address": outer.url(), "query": "sum(up)", "guard": "off"}),
                    &more,
                );
                let found = measured(&provider, &run(600), &metric(&settings, "true")).await;
                // An empty one is as good as none, but for the token, which has no other form.
                let is_none = file.is_empty() && more.get("tls").is_some();
                assert!(
                    is_none || found.phase == Phase::Error,
                    "{file} {more}: {found:?}"
                );
            }
        }
    }
    for address in [
        "file:///etc/passwd",
        "unix:///run/x.sock",
        "gopher://127.0.0.1:70/_x",
        "data:,x",
    ] {
        let settings = json!({"address": address, "query": "sum(up)"});
        let found = measured(&provider(json!({})), &run(600), &metric(&settings, "true")).await;
        assert_eq!(
            (found.phase.as_str(), outcome(&found)),
            ("Error", "error/settings")
        );
    }
    for request in outer.requests() {
        assert_eq!(request.header("authorization"), None);
    }
}

#[tokio::test]
async fn headers_do_not_break_out_of_their_lines() {
    let outer = Loopback::serve(|_| Reply::json(EMPTY));
    let provider = provider(json!({}));
    for (key, value, is_refused) in [
        ("X-A", "b\r\nX-Evil: 1", true),
        ("X-A", "b\nX-Evil: 1", true),
        ("X-A", "b\0", true),
        ("X-A\r\nX-Evil", "1", true),
        ("X-A: 1\r\nX-Evil", "1", true),
        ("", "1", true),
        ("X A", "1", true),
        ("Host", "evil", false),
        ("Content-Length", "3", false),
        ("Transfer-Encoding", "chunked", false),
        ("transfer-encoding", "chunked\t", false),
        ("Trailer", "X-Evil", false),
    ] {
        let settings = json!({"address": outer.url(), "query": "sum(up)", "guard": "off",
            "headers": [{"key": key, "value": value}]});
        let found = measured(&provider, &run(600), &metric(&settings, "len(result) == 0")).await;
        let phase = if is_refused { "Error" } else { "Successful" };
        assert_eq!(found.phase.as_str(), phase, "{key}: {found:?}");
    }
    let host = outer.socket.to_string();
    for request in outer.requests() {
        assert_eq!(request.header("host"), Some(host.as_str()));
        assert_eq!(request.header("x-evil"), None);
        assert_eq!(request.header("transfer-encoding"), None);
        assert_eq!(request.field("query").as_deref(), Some("sum(up)"));
    }
    assert_eq!(outer.requests().len(), 5);
}

#[tokio::test]
async fn settings_do_not_loosen_the_policy() {
    let outer = Loopback::serve(|_| {
        Reply::json(
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[1,"0"]},{"metric":{"a":"2"},"value":[1,"0"]},{"metric":{"a":"3"},"value":[1,"0"]}]}}"#,
        )
    });
    let constant = "vector(0) # promql-guard: allow constant-query -- mine";
    for (policy, more, told) in [
        (
            json!({"guardFloor": "enforce"}),
            json!({"guard": "off", "query": "vector(0)"}),
            "error/lint",
        ),
        (
            json!({"guardFloor": "enforce"}),
            json!({"guard": "observe", "query": "vector(0)"}),
            "error/lint",
        ),
        (
            json!({"guardFloor": "enforce", "defaults": {"guard": "off"}}),
            json!({"query": "vector(0)"}),
            "error/lint",
        ),
        (
            json!({"limits": {"timeout": "5s"}}),
            json!({"timeout": 6}),
            "error/policy",
        ),
        (
            json!({"limits": {"timeout": "5s"}}),
            json!({"timeout": "6"}),
            "error/policy",
        ),
        (
            json!({"limits": {"series": 2}}),
            json!({"series": "any"}),
            "error/limit",
        ),
        (json!({"limits": {"value": 3}}), json!({}), "error/limit"),
        (json!({"limits": {"body": 100}}), json!({}), "error/limit"),
        (
            json!({"insecure": false}),
            json!({"insecure": true}),
            "error/policy",
        ),
        (
            json!({"insecure": false}),
            json!({"insecure": "true"}),
            "error/policy",
        ),
        (
            json!({"headers": {"forbidden": ["x-scope-orgid"]}}),
            json!({"headers": [{"key": "X-Scope-OrgID", "value": "b"}]}),
            "error/policy",
        ),
        (
            json!({"addresses": ["https://prom.example"]}),
            json!({}),
            "error/policy",
        ),
        (
            json!({"suppressions": {"forbidden": "all"}}),
            json!({"query": constant}),
            "error/lint",
        ),
        (
            json!({"suppressions": {"forbidden": ["constant-query"]}}),
            json!({"query": constant}),
            "error/lint",
        ),
        (
            json!({"suppressions": {"forbidden": ["constant-query"]}}),
            json!({"query": "vector(0)", "allow": ["constant-query -- mine"]}),
            "error/lint",
        ),
        (
            json!({"suppressions": {"forbidden": "all"}}),
            json!({"query": "vector(0)", "allow": ["constant-query -- mine", "raw-counter -- mine"]}),
            "error/lint",
        ),
    ] {
        let provider = provider(policy.clone());
        let settings = with(
            json!({"address": outer.url(), "query": "sum by (a) (rate(x[5m]))"}),
            &more,
        );
        let found = measured(&provider, &run(6000), &metric(&settings, "result[0] < 1")).await;
        assert_eq!(
            (found.phase.as_str(), outcome(&found)),
            ("Error", told),
            "{policy} {settings}: {}",
            found.message
        );
    }
    // What a template may silence, it may.
    let settings = json!({"address": outer.url(), "query": constant});
    let found = measured(
        &provider(json!({})),
        &run(6000),
        &metric(&settings, "result[0] < 1"),
    )
    .await;
    assert_ne!(outcome(&found), "error/lint", "{}", found.message);
}

/// Short, common, of several lines.
const SECRETS: [&str; 9] = [
    "1",
    "no",
    "data",
    "http",
    "pw\n",
    "\n hush \n",
    "a b",
    "hunter2",
    "x\"y\\z",
];

/// Tells the secret at every step.
fn echo(secret: String, step: &'static str) -> Loopback {
    let secret = Arc::new(secret);
    Loopback::serve(move |request: &Request| {
        let told = format!("<<{secret}>>");
        let look_up = request.target.contains("/label/");
        let query = request.field("query").unwrap_or_default();
        let is_further = query.contains("__part__");
        let error = || {
            Reply::new(
                422,
                &[],
                json!({"status": "error", "errorType": &told, "error": &told}).to_string(),
            )
        };
        let warned = |texts: &[&str]| {
            Reply::json(
                json!({"status": "success", "warnings": texts, "infos": [&told],
            "data": {"resultType": "vector", "result": []}})
                .to_string(),
            )
        };
        match (step, look_up, is_further) {
            ("error", ..) | ("refused", false, true) => error(),
            ("warned", ..) => warned(&[&told]),
            ("partial", ..) => warned(&[&format!("fetch series {told}")]),
            ("partial further", false, true) => warned(&[&format!("rpc error {told}")]),
            ("values", true, _)
                if request.target.contains("__name__") && request.target.contains("code") =>
            {
                Reply::json(r#"{"status":"success","data":[]}"#)
            }
            ("values" | "names", true, _) => match (step, request.target.contains("match")) {
                ("names", true) => Reply::json(r#"{"status":"success","data":[]}"#),
                _ => Reply::json(
                    json!({"status": "success", "data": [&told, "x_totl", &*secret]}).to_string(),
                ),
            },
            ("down", false, true) => Reply::json(
                json!({"status": "success", "data": {"resultType": "vector", "result": [
                {"metric": {"__part__": "d0"}, "value": [1, "1"]}]}})
                .to_string(),
            ),
            ("down", false, false) if query.starts_with("topk") => Reply::json(
                json!({"status": "success", "data": {"resultType": "vector", "result": [
                {"metric": {"job": &told, "instance": &told}, "value": [1, "0"]}]}})
                .to_string(),
            ),
            ("page", ..) => Reply::new(
                200,
                &[("Content-Type", "text/html")],
                format!("<p>{told}</p>"),
            ),
            _ => Reply::json(EMPTY),
        }
    })
}

#[tokio::test]
async fn no_secret_is_told_that_the_server_or_the_query_tells() {
    let provider = provider(json!({}));
    for secret in SECRETS {
        let mut own = run(6000);
        own.args = vec![Argument {
            name: "secret".to_owned(),
            value: Some(secret.to_owned()),
            secret: true,
        }];
        let mut heard = 0;
        for step in [
            "error",
            "refused",
            "warned",
            "partial",
            "partial further",
            "values",
            "names",
            "down",
            "page",
            "nothing",
        ] {
            let outer = echo(secret.to_owned(), step);
            for guard in ["enforce", "observe"] {
                let inside = format!("<<{secret}>>").escape_default().to_string();
                let query = format!(
                    "sum(rate(x_total{{job=\"a\",code=\"{inside}\"}}[5m])) or vector(0) # <<{}>>",
                    secret.trim()
                );
                let settings = json!({"address": outer.url(), "query": query, "guard": guard, "timeout": 3,
                    "noData": "inconclusive", "headers": [{"key": "X", "value": "<<a>>"}]});
                let condition = format!(
                    "result[0] < 5 || \"<<{}>>\" == \"\"",
                    secret.escape_default()
                );
                let found = measured(&provider, &own, &metric(&settings, &condition)).await;
                heard += usize::from(shown(&found).contains("*****"));
                let told = format!(
                    "{} {}",
                    found.message,
                    found
                        .metadata
                        .values()
                        .cloned()
                        .collect::<Vec<_>>()
                        .join(" ")
                );
                for spelling in [secret, secret.trim(), &secret.escape_default().to_string()] {
                    let bare = format!("<<{spelling}>>");
                    assert!(!told.contains(&bare), "{step} {guard} {secret:?}: {told}");
                }
                if secret.len() > 4 {
                    assert!(
                        !told.contains(secret.trim()),
                        "{step} {guard} {secret:?}: {told}"
                    );
                }
            }
        }
        assert!(heard > 10, "{secret:?}: {heard}");
    }
}

/// An address that the operator's patterns allow leads below the allowed path alone.
#[tokio::test]
async fn no_path_leads_out_of_an_allowed_one() {
    let outer = Loopback::serve(|_| Reply::json(EMPTY));
    let inner = Loopback::serve(|_| Reply::json(EMPTY));
    let (host, other) = (outer.socket, inner.socket);
    let provider = provider(json!({"addresses": [format!("http://{host}/a")]}));
    for address in [
        format!("http://{host}/a"),
        format!("http://{host}/a/"),
        format!("http://{host}/b"),
        format!("http://{host}/ab"),
        format!("http://{host}/A"),
        format!("http://{host}/a/../b"),
        format!("http://{host}/a/%2e%2e/b"),
        format!("http://{host}/a/%2E./b"),
        format!("http://{host}/a/..%2fb"),
        format!("http://{host}/a/..%5Cb"),
        format!("http://{host}/a\\..\\b"),
        format!("http://{host}/a/\t../b"),
        format!("http://{host}//a/../b"),
        format!("http://{host}/?/a"),
        format!("http://{host}#/a"),
        format!("http://{host}/b#/../a"),
        format!("http://{host}@{other}/a"),
        format!("http://{other}/a#@{host}/a"),
        format!("http://{other}\\@{host}/a"),
        format!("http://{other}/a?@{host}/a"),
        format!("https://{host}/a"),
    ] {
        let settings =
            json!({"address": address, "query": "sum(up)", "timeout": 1, "guard": "off"});
        measured(
            &provider,
            &run(6000),
            &metric(&settings, "len(result) == 0"),
        )
        .await;
    }
    assert_eq!(inner.connections(), 0);
    let heard = outer.requests();
    assert_eq!(heard.len(), 2, "{heard:?}");
    for request in heard {
        assert_eq!(request.target, "/a/api/v1/query");
    }
}

/// The author says what counts as data, but not that nothing does.
#[tokio::test]
async fn events_that_are_always_there_are_no_evidence() {
    let outer = Loopback::serve(|request: &Request| {
        let query = request.field("query").unwrap_or_default();
        let name = if query.contains("__part__") { "e" } else { "" };
        let labels = if name.is_empty() {
            json!({})
        } else {
            json!({"__part__": name})
        };
        let number = if name.is_empty() { "0" } else { "9" };
        Reply::json(json!({"status": "success", "data": {"resultType": "vector", "result": [{"metric": labels, "value": [1, number]}]}}).to_string())
    });
    for (events, told) in [
        ("vector(9)", "Error error/settings"),
        ("9", "Error error/settings"),
        ("time()", "Error error/settings"),
        ("sum(increase(y[5m])) or vector(9)", "Error error/settings"),
        (
            "sum(increase(y[5m])) or on() vector(1e9)",
            "Error error/settings",
        ),
        (
            "sum(increase(y[5m])) or vector(0)",
            "Successful fallback-on-data",
        ),
        ("increase(y[5m])", "Successful fallback-on-data"),
    ] {
        let settings = json!({"address": outer.url(), "query": "sum(increase(x_errors_total[5m])) or vector(0)", "eventsQuery": events});
        let found = measured(
            &provider(json!({})),
            &run(6000),
            &metric(&settings, "result[0] == 0"),
        )
        .await;
        assert_eq!(
            format!("{} {}", found.phase, outcome(&found)),
            told,
            "{events}: {}",
            found.message
        );
    }
}
