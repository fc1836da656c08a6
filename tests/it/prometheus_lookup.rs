//! Look-ups beside queries, against scripted servers and real ones.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use promql_guard::prometheus::{
    AlertHealth, Authentication, LabelValues, QueryError, Secret, Server,
};
use promql_guard::text::chain::chain;

use crate::loopback::{Loopback, Reply};
use crate::prometheus::server;
use crate::prometheus_patient::{eager, in_turn};
use crate::real_prometheus::{self, RealPrometheus};

const TIMEOUT: Duration = Duration::from_secs(20);
const BODY: usize = 1 << 20;

const JOBS: &str = r#"{"status":"success","data":["api","web"]}"#;
const RULES: &str = r#"{"status":"success","data":{"groups":[{"name":"g","rules":[{"name":"X","type":"alerting","health":"ok"}]}]}}"#;

fn jobs<'a>() -> LabelValues<'a> {
    let end = Timestamp::new(1_700_604_800, 500_000_000).expect("a time");
    LabelValues {
        label: "job",
        matcher: Some(r#"app_errors_total{namespace="shop"}"#),
        start: end - SignedDuration::from_hours(7 * 24),
        end,
        limit: 21,
    }
}

/// Both look-ups, in few words.
async fn both(server: &Server) -> [Result<String, QueryError>; 2] {
    let client = eager();
    let values = client.label_values(server, &jobs(), TIMEOUT, BODY).await;
    let health = client.alert_health(server, "X", TIMEOUT, BODY).await;
    [
        values.map(|values| values.join(" ")),
        health.map(|health| format!("{:?}", health.map(|health| health.is_healthy))),
    ]
}

#[tokio::test]
async fn look_ups_are_gets_with_the_credentials_of_queries() {
    let loopback = Loopback::serve(|request| match request.target.contains("/rules?") {
        true => Reply::json(RULES),
        false => Reply::json(JOBS),
    });
    let mut server = Server {
        authentication: Authentication::Basic {
            username: "u".into(),
            password: Secret("p".into()),
        },
        ..server(&format!("{}/prom/?extra=1", loopback.url()))
    };
    server.headers.push((
        "x-scope-orgid".parse().expect("a name"),
        "shop".parse().expect("a value"),
    ));
    let [values, health] = both(&server).await;
    assert_eq!(values.expect("an answer"), "api web");
    assert_eq!(health.expect("an answer"), "Some(true)");
    let targets = [
        "/prom/api/v1/label/job/values?extra=1&match%5B%5D=app_errors_total%7Bnamespace%3D%22shop%22%7D&start=1700000000.5&end=1700604800.5&limit=21&partial_response=false",
        "/prom/api/v1/rules?extra=1&type=alert&rule_name%5B%5D=X",
    ];
    let requests = loopback.requests();
    assert_eq!(requests.len(), 2);
    for (request, target) in requests.iter().zip(targets) {
        assert_eq!((&*request.method, &*request.target), ("GET", target));
        assert_eq!(request.body, "");
        assert_eq!(request.header("authorization"), Some("Basic dTpw"));
        assert_eq!(request.header("x-scope-orgid"), Some("shop"));
    }
}

/// What is no answer is an error, and never "there are none".
#[tokio::test]
async fn a_server_without_the_endpoint_cannot_tell() {
    let text = [("Content-Type", "text/plain; charset=utf-8")];
    for (code, body, words) in [
        (404, "404 page not found", "client_error: client error: 404"),
        (405, "", "client_error: client error: 405"),
        (
            400,
            "unsupported path requested: \"/api/v1/x\"",
            "bad_response: expected JSON at line 1 column 1, found `text/plain; charset=utf-8`",
        ),
        (401, "no org id", "client_error: client error: 401"),
        (
            400,
            r#"{"status":"error","errorType":"bad_data","error":"no"}"#,
            "bad_data: no",
        ),
        (
            200,
            r#"{"status":"success","isPartial":true,"data":{}}"#,
            "the answer is partial: a part of the store did not answer",
        ),
        (204, "", "bad_response: no `data` in the answer"),
        (503, "", "server_error: server error: 503"),
    ] {
        let loopback = Loopback::serve(move |_| Reply::new(code, &text, body));
        for found in both(&server(&loopback.url())).await {
            assert_eq!(chain(&found.expect_err(words)), words);
        }
        let tries = if code == 503 { 3 } else { 1 };
        assert_eq!(loopback.requests().len(), 2 * tries, "{code}");
    }
    let redirecting =
        Loopback::serve(|_| Reply::new(302, &[("Location", "http://other.invalid/")], ""));
    for found in both(&server(&redirecting.url())).await {
        assert!(matches!(found, Err(QueryError::Redirect { .. })));
    }
}

#[tokio::test]
async fn look_ups_are_tried_again_bounded_and_end_in_time() {
    let busy = || Reply::new(503, &[], "");
    let loopback = Loopback::serve(in_turn(vec![busy, busy, || Reply::json(JOBS)]));
    let server_of = |loopback: &Loopback| server(&loopback.url());
    let values = eager()
        .label_values(&server_of(&loopback), &jobs(), TIMEOUT, BODY)
        .await;
    assert_eq!(values.expect("an answer"), ["api", "web"]);

    for found in both_within(&server_of(&loopback), TIMEOUT, 10).await {
        assert_eq!(
            found.expect_err("an error"),
            "the answer is past the limit of 10 bytes; ask for less, or have the operator raise the limit"
        );
    }
    let silent = Loopback::serve(|_| Reply::stall_after(""));
    for found in both_within(&server_of(&silent), Duration::from_millis(50), BODY).await {
        let error = found.expect_err("an error");
        assert!(
            error.ends_with(": no answer within 50ms: context deadline exceeded"),
            "{error}"
        );
    }
}

async fn both_within(server: &Server, timeout: Duration, body: usize) -> [Result<(), String>; 2] {
    let client = eager();
    let values = client.label_values(server, &jobs(), timeout, body).await;
    let health = client.alert_health(server, "X", timeout, body).await;
    [
        values.map(drop).map_err(|error| chain(&error)),
        health.map(drop).map_err(|error| chain(&error)),
    ]
}

const CONFIGURATION: &str = r#"
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ["RULES"]
scrape_configs:
- job_name: itself
  static_configs: [{targets: ["localhost:9"]}]
"#;

const RULE_FILE: &str = r#"
groups:
- name: g
  rules:
  - {record: "Recorded", expr: "up"}
  - {alert: "Down", expr: "up == 0"}
  - {alert: "Broken", expr: 'label_replace(up, "a", "$1", "job", "(")'}
  - {alert: "Twice", expr: "up == 0"}
- name: h
  rules:
  - {alert: "Twice", expr: 'label_replace(up, "a", "$1", "job", "(")'}
"#;

#[tokio::test]
async fn real_servers_are_looked_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules.yml");
    std::fs::write(&rules, RULE_FILE).expect("write the rules");
    let configuration = CONFIGURATION.replace("RULES", rules.to_str().expect("text"));
    for binary in real_prometheus::binaries() {
        let real = RealPrometheus::start(&binary, &configuration);
        real.wait_for_result(r#"ALERTS{alertname="Twice"}"#);
        let (client, server) = (eager(), server(&real.url()));
        let version = real.version();

        for (alert, expected) in [
            ("Down", Some(true)),
            ("Broken", Some(false)),
            ("Twice", Some(false)),
            ("Recorded", None),
            ("Nowhere", None),
        ] {
            let expected = expected.map(|is_healthy| AlertHealth { is_healthy });
            let found = client.alert_health(&server, alert, TIMEOUT, BODY).await;
            assert_eq!(found.expect("an answer"), expected, "{version}: {alert}");
        }

        let end = Timestamp::now();
        let hour = SignedDuration::from_hours(1);
        for (label, matcher, days, expected) in [
            ("job", Some("up"), 0, &["itself"][..]),
            ("job", None, 0, &["itself"]),
            ("job", Some("nowhere"), 0, &[]),
            ("job", Some("up"), 30, &[]),
            ("nowhere", Some("up"), 0, &[]),
            ("no.where", Some("up"), 0, &[]),
            ("..", None, 0, &[]),
            (
                "__name__",
                Some(r#"{alertname="Down"}"#),
                0,
                &["ALERTS", "ALERTS_FOR_STATE"],
            ),
        ] {
            let end = end - hour * 24 * days;
            let values = LabelValues {
                label,
                matcher,
                start: end - hour,
                end,
                limit: 3,
            };
            let found = client.label_values(&server, &values, TIMEOUT, BODY).await;
            assert_eq!(found.expect("an answer"), expected, "{version}: {values:?}");
        }
        // Prometheus 2 sends all that it has.
        let names = LabelValues {
            label: "__name__",
            matcher: None,
            start: end - hour,
            end,
            limit: 3,
        };
        let found = client.label_values(&server, &names, TIMEOUT, BODY).await;
        assert_eq!(found.expect("an answer").len(), 3, "{version}");
        let wrong = LabelValues {
            matcher: Some("up{"),
            ..jobs()
        };
        let error = client.label_values(&server, &wrong, TIMEOUT, BODY).await;
        let error = chain(&error.expect_err("an error"));
        assert!(error.starts_with("bad_data: "), "{version}: {error}");
    }
}
