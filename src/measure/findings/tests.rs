use serde_json::{Map, Value, json};

use super::*;

fn read_policy(json: &Value) -> Policy {
    let policy = Policy::from_object(json.as_object().expect("an object"));
    policy.expect("a policy")
}

/// `deny`, `several`, `warn`, one line each, of a metric whose settings are given beside its conditions and limits.
fn said(metric: Value) -> Vec<String> {
    said_by(metric, &json!({}))
}

fn said_by(metric: Value, policy: &Value) -> Vec<String> {
    let text = |key: &str| metric[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| metric[key].as_i64();
    let plain = Metric {
        name: "m".to_owned(),
        interval: text("interval"),
        count: number("count"),
        success_condition: text("successCondition"),
        failure_condition: text("failureCondition"),
        failure_limit: number("failureLimit"),
        inconclusive_limit: number("inconclusiveLimit"),
        consecutive_error_limit: number("consecutiveErrorLimit"),
        ..Metric::default()
    };
    let settings = Settings::from_object(
        metric["plugin"].as_object().expect("an object"),
        &Map::new(),
    );
    let settings = settings.unwrap_or_else(|c| panic!("{metric}: {c:?}"));
    let policy = read_policy(policy);
    let mut run = AnalysisRun {
        name: "run".to_owned(),
        namespace: "shop".to_owned(),
        ..AnalysisRun::default()
    };
    let label = "rollouts-pod-template-hash".to_owned();
    run.labels.insert(label, "5478f49d8b".to_owned());
    let found = findings(
        &plain,
        &settings,
        Guard::Enforce,
        &settings.query,
        &run,
        &policy,
    );
    let lists = [
        ("deny", found.deny),
        ("several", found.deny_if_several),
        ("warn", found.warn),
    ];
    lists
        .into_iter()
        .flat_map(|(list, lines)| lines.into_iter().map(move |line| format!("{list} {line}")))
        .collect()
}

/// `{p}`: pods of the canary, `{e}` a rate of its errors, `{t}` of all its requests.
fn query(text: &str) -> String {
    let pods = r#"namespace="shop",pod=~"cart-5478f49d8b-.*""#;
    text.replace("{e}", r#"sum(rate(requests_total{{p},code=~"5.."}[5m]))"#)
        .replace("{t}", "sum(rate(requests_total{{p}}[5m]))")
        .replace("{p}", pods)
}

fn gate(text: &str, success: &str) -> Value {
    json!({"plugin": {"query": query(text)}, "successCondition": success})
}

/// Its rules alone: `deny constant-query, warn raw-counter`.
fn rules(lines: &[String]) -> String {
    let rules = lines
        .iter()
        .map(|line| line.split(':').next().unwrap_or_default());
    rules.collect::<Vec<_>>().join(", ")
}

#[test]
fn sound_gates_are_left_alone() {
    for (text, success) in [
        ("{e} / {t}", "result[0] < 0.05"),
        ("{e} / {t} > 0.05", "len(result) == 0"),
        ("{e} / {t} > 0.05", "len(result) == 0 || result[0] < 0.05"),
        ("{e} / {t} > 0.05 or vector(0)", "result[0] < 0.05"),
        ("{e} / ({t} > 0) or vector(0)", "result[0] < 0.05"),
        ("{e} / {t} > bool 0.05", "result[0] == 0"),
        ("{e} / {t}", "isNaN(result[0]) || result[0] < 0.05"),
        (
            "sum(increase(app_errors_total{{p}}[4m])) or vector(0)",
            "result[0] == 0",
        ),
        ("absent(up{{p}})", "len(result) == 0"),
        (
            "min(kube_pod_status_ready{{p},condition=\"true\"})",
            "result[0] >= 1",
        ),
        (
            "histogram_quantile(0.9, sum by (le)(rate(h_bucket{{p}}[5m])))",
            "!(result[0] > 1)",
        ),
        // What was `$$(` in the template is no placeholder.
        (
            "sum(rate(requests_total{{p},path=~\"^$(a|b)\"}[5m])) ",
            "result[0] > 5",
        ),
    ] {
        assert_eq!(
            said(gate(text, success)),
            Vec::<String>::new(),
            "{text} {success}"
        );
    }
    let mut closed = gate("{e} / {t} > 0.05 or vector(0)", "result[0] == 0");
    closed["plugin"]["noData"] = json!("fail");
    assert_eq!(rules(&said(closed)), "");
}

#[test]
fn broken_gates_are_told() {
    for (text, success, lines) in [
        ("# todo", "result[0] < 1", "deny empty-query"),
        (
            "sum(rate(x{{p}}[5m])",
            "result[0] < 1",
            "deny invalid-query",
        ),
        ("vector(0)", "result[0] < 1", "deny constant-query"),
        (
            "{e} / {t} > 0.05",
            "result[0] < 1",
            "deny filter-in-query, warn lenient-threshold",
        ),
        ("{t}", "", "deny missing-condition"),
        ("{t}", "result[0] = 0", "deny invalid-condition"),
        ("{e} / {t}", "result[0] < 5", "deny threshold-unit"),
        (
            "histogram_quantile(0.9, sum by (le)(rate(http_seconds_bucket{{p}}[5m])))",
            "result[0] < 500",
            "warn threshold-unit",
        ),
        (
            "sum by (pod)(rate(requests_total{{p}}[5m]))",
            "result[0] > 1",
            "several arbitrary-series",
        ),
        ("{t} / {t}", "result[0] > 0.5", "warn self-ratio"),
        (
            "sum(ready{{p}} @ 1700000000)",
            "result[0] > 1",
            "warn pinned-time",
        ),
        (
            "sum(ready{namespace=\"shop\",pod=\"cart-.*\"})",
            "result[0] > 1",
            "deny regex-in-equality, warn stable-pods-included",
        ),
        (
            "sum(up{job=\"a\"})",
            "result[0] > 1",
            "warn stable-pods-included",
        ),
    ] {
        let found = said(gate(text, success));
        assert_eq!(rules(&found), lines, "{text} {success}: {found:#?}");
    }
}

#[test]
fn the_published_gate_and_its_relatives() {
    let labels = r#"namespace="shop",pod=~"echo-server-.*""#;
    let restarts = "kube_pod_container_status_restarts_total";
    let ready = "kube_pod_container_status_ready";
    let q1 = format!("sum(increase({restarts}{{{labels}}}[1m])) or vector(0)");
    for (query, success, lines) in [
        (
            q1.as_str(),
            "result[0] == 0",
            "warn restarts-by-increase, warn stable-pods-included, warn zero-error-tolerance",
        ),
        (
            q1.as_str(),
            "result[0] > 0",
            "deny inverted-condition, warn restarts-by-increase, warn stable-pods-included, warn zero-error-tolerance",
        ),
        (
            &format!("sum({ready}{{{labels}}}) or vector(0)"),
            "result[0] >= 1",
            "warn stable-pods-included, warn zero-error-tolerance",
        ),
        (
            &format!("max by (namespace,pod) ({ready}{{{labels}}}) or vector(0)"),
            "result[0] >= 1",
            "several arbitrary-series, warn fallback-adds-series, warn stable-pods-included, warn zero-error-tolerance",
        ),
        (
            &format!("sum(increase({ready}{{{labels}}}[1m])) or vector(0)"),
            "result[0] >= 1",
            "warn rate-of-gauge, warn stable-pods-included, warn zero-error-tolerance",
        ),
        (
            r#"histogram_quantile(0.95, sum by (le) (rate(latency_bucket{hotrod_pod_hash="5478f49d8b"}[2m]))) OR on() vector(0)"#,
            "result[0] < 1000",
            "warn zero-error-tolerance",
        ),
    ] {
        let metric = json!({
            "plugin": {"query": query},
            "successCondition": success,
            "consecutiveErrorLimit": 0,
        });
        let found = said(metric);
        assert_eq!(rules(&found), lines, "{query}: {found:#?}");
    }
    let mut opened = gate(
        "sum(increase(app_errors_total{{p}}[4m])) or vector(0)",
        "result[0] == 0",
    );
    opened["plugin"]["noData"] = json!("condition");
    assert_eq!(rules(&said(opened)), "deny fallback-passes");
}

#[test]
fn limits_and_labels_count() {
    let mut metric = gate("{e} / {t}", "result[0] < 0.05");
    metric["count"] = json!(3);
    metric["interval"] = json!("1m");
    metric["failureLimit"] = json!(3);
    assert_eq!(
        said(metric),
        [
            "deny unreachable-failure-limit: `failureLimit: 3` lets all 3 measurements fail: the metric cannot fail; write `failureLimit: 2` or less"
        ]
    );
    let mut metric = gate("{t} / sum(rate(x{tenant=\"a\"}[5m]))", "result[0] > 0.05");
    metric["plugin"]["scrapeInterval"] = json!("5m");
    assert_eq!(
        rules(&said(metric.clone())),
        "warn short-window, warn short-window, warn namespace-unconstrained"
    );
    metric["plugin"]["scrapeInterval"] = json!("30s");
    metric["plugin"]["namespaceLabel"] = json!("tenant");
    assert_eq!(rules(&said(metric)), "");
    let mut metric = gate("label_set({t}, \"a\", \"b\")", "result[0] > 0.05");
    let told = said(metric.clone());
    assert!(told[0].ends_with("set `dialect: metricsql`"), "{told:?}");
    metric["plugin"]["dialect"] = json!("metricsql");
    assert_eq!(rules(&said(metric)), "");
}

#[test]
fn the_policy_s_labels_and_namespace_count() {
    let metric = gate(
        "{t} / sum(rate(x{verdict=\"denied\"}[5m]))",
        "result[0] > 0.05",
    );
    let open = "warn namespace-unconstrained";
    for (policy, told) in [
        (json!({}), open),
        (json!({"namespace": {"labels": ["tenant"]}}), open),
        (json!({"namespace": {"labels": ["verdict"]}}), ""),
        (json!({"namespace": {"mode": "require"}}), ""),
        (json!({"namespace": {"mode": "off"}}), open),
    ] {
        assert_eq!(rules(&said_by(metric.clone(), &policy)), told, "{policy}");
    }
    let lazy = "sum by (pod) (rate(requests_total{{p},verdict=\"denied\"}[5m])) / sum by (pod) (rate(requests_total{{p}}[5m]))";
    let metric = gate(lazy, "all(result, # < 0.05)");
    let policy = json!({"outcomeLabels": ["verdict"]});
    let read = read_policy(&policy);
    let settings = json!({"query": "up", "namespaceLabel": "tenant"});
    let settings = Settings::from_object(settings.as_object().expect("an object"), &Map::new());
    let labels = template::labels(&settings.unwrap_or_else(|c| panic!("{c:?}")), &read);
    assert!(labels.outcome.contains(&"verdict".to_owned()));
    assert!(labels.namespace.contains(&"tenant".to_owned()));
    assert_eq!(rules(&said(metric.clone())), "");
    assert_eq!(rules(&said_by(metric, &policy)), "warn lazy-numerator");
}

#[test]
fn rules_are_silenced_as_far_as_the_policy_lets() {
    let by_comment = gate("{t} # promql-guard: allow missing-condition -- watched", "");
    let mut by_setting = gate("{t}", "");
    by_setting["plugin"]["allow"] = json!(["missing-condition"]);
    let stands = "deny missing-condition: neither `successCondition` nor `failureCondition`: every measurement is \
        Successful; write the condition that a healthy canary fulfils; the operator's policy forbids to silence it";
    for metric in [by_comment, by_setting] {
        for (forbidden, told) in [
            (json!([]), vec![]),
            (json!(["constant-query"]), vec![]),
            (json!(["missing-condition"]), vec![stands]),
            (json!("all"), vec![stands]),
        ] {
            let policy = json!({"suppressions": {"forbidden": forbidden}});
            assert_eq!(said_by(metric.clone(), &policy), told, "{policy}");
        }
    }
    let policy = json!({"suppressions": {"forbidden": ["constant-qery", "self-ratio"]}});
    let policy = read_policy(&policy);
    let told: Vec<_> = unknown_rules(&policy)
        .iter()
        .map(Complaint::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "`suppressions.forbidden`: there is no rule `constant-qery`; did you mean `constant-query`"
        ]
    );
}

#[test]
fn of_each_rule_that_can_deny_it_is_decided_what_it_does_here() {
    let softened = [
        "arbitrary-series",
        "pinned-time",
        "rate-of-aggregate",
        "self-ratio",
        "threshold-unit",
    ];
    let denying = ASKED
        .iter()
        .filter(|rule| rule.levels.contains(&Level::Deny));
    let undecided: Vec<_> = denying
        .map(|rule| rule.name)
        .filter(|name| !DENIES.contains(name) && !softened.contains(name))
        .collect();
    assert_eq!(
        undecided,
        Vec::<&str>::new(),
        "add it to `DENIES` in measure/findings.rs, or to the list of this test: here it then warns"
    );
    for name in DENIES.iter().chain(&OF_ONE_GATE).chain(&ON_EVIDENCE) {
        assert!(
            ASKED.iter().any(|rule| rule.name == *name),
            "`{name}` is never asked"
        );
    }
    for name in LEFT_OUT {
        assert!(
            ALL.iter().any(|rule| rule.name == name),
            "there is no rule `{name}`"
        );
    }
}
