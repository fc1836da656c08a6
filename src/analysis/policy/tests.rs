use serde_json::json;

use super::*;
use crate::analysis::policy::namespace::Mode;
use crate::analysis::run::AnalysisRun;
use crate::analysis::settings::fields::joined;

fn read_of(json: &Value) -> Result<Policy, Vec<Complaint>> {
    Policy::from_object(json.as_object().expect("an object"))
}

fn policy(json: Value) -> Policy {
    read_of(&json).unwrap_or_else(|complaints| panic!("{json}: {}", joined(&complaints)))
}

#[test]
fn a_policy_is_read_whole_or_refused_with_every_complaint() {
    let read = policy(json!({
        "defaults": {"guard": "observe", "timeout": 10},
        "guardFloor": "observe",
        "dial": {"deny": ["10.0.0.0/8"], "loopback": false},
        "files": ["/etc/tls/"],
        "headers": {"forbidden": ["X-Scope-OrgID"]},
        "limits": {"timeout": "2m", "series": 10},
        "awsHosts": ["*.vpce.internal"],
        "insecure": false,
        "log": {"level": "debug"},
        "addresses": ["http://prom:9090"],
        "namespace": {"mode": "require", "labels": ["namespace", "exported_namespace"]},
        "suppressions": {"forbidden": ["fallback-passes"]},
        "outcomeLabels": "verdict",
        "metrics": {"listen": "[::1]:0"},
    }));
    assert_eq!(read.namespaces.mode, Some(Mode::Require));
    assert!(read.suppressions.forbids("fallback-passes") && !read.suppressions.forbids("x"));
    assert_eq!(read.outcome_labels, ["verdict"]);
    assert_eq!(read.metrics, "[::1]:0".parse().ok());
    assert!(
        policy(json!({"suppressions": {"forbidden": "all"}}))
            .suppressions
            .forbids("x")
    );
    assert_eq!(read.limits.timeout, Duration::from_secs(120));
    assert!(read.dial.no_loopback && !read.insecure);
    assert_eq!(policy(json!({})), Policy::default());
    for (given, problem) in [
        (
            json!({"adresses": []}),
            "`adresses`: unknown key; did you mean `addresses`",
        ),
        (
            json!({"dial": {"deny": ["ten"]}}),
            "`dial.deny`: `ten` is neither an IP address nor a range such as `10.0.0.0/8`",
        ),
        (
            json!({"defaults": {"timeout": -1}}),
            "`defaults.timeout`: `-1` is negative; give seconds, 0 or above",
        ),
        (
            json!({"limits": {"body": 0}}),
            "`limits.body`: `0` allows nothing; give 1 or above",
        ),
        (
            json!({"files": ["etc"]}),
            "`files`: `etc` is no absolute path",
        ),
        (
            json!({"addresses": ["prom"]}),
            "`addresses`: `prom` has no scheme",
        ),
        (
            json!({"namespace": {"mode": "enforce"}}),
            "`namespace.mode`: `enforce` is none of `require`, `inject`, `off`",
        ),
        (
            json!({"namespace": {"labels": ["k8s.namespace"]}}),
            "`namespace.labels`: `k8s.namespace` is no label name",
        ),
        (
            json!({"metrics": {"listen": ":9464"}}),
            "`metrics.listen`: `:9464` is no IP address and port; write for example `127.0.0.1:9464`",
        ),
        (
            json!({"limits": {"body": 8, "bodiesPerServer": 7}}),
            "`limits.bodiesPerServer`: `7` is below `body`, 8",
        ),
        (
            json!({"limits": {"queries": 0}}),
            "`limits.queries`: `0` allows nothing; give 1 or above",
        ),
    ] {
        assert_eq!(
            read_of(&given).map_err(|c| joined(&c)),
            Err(problem.to_owned()),
            "{given}"
        );
    }
}

#[test]
fn the_operators_credentials_do_not_go_to_an_address_of_the_template() {
    let credentials = json!({"basicAuth": {"username": "u", "password": "p"}});
    let defaults = json!({"defaults": {
        "address": "http://prom:9090",
        "headers": [{"key": "X-Key", "value": "k"}],
        "timeout": 7,
        "authentication": credentials,
    }});
    let mut closed = defaults.clone();
    closed["addresses"] = json!(["http://prom:9090", "http://other"]);
    let only = json!({"defaults": {"authentication": credentials}});
    let own = Some("http://environment");
    for (json, given, kept) in [
        (&defaults, r#"{}"#, true),
        (&defaults, r#"{"address": ""}"#, true),
        (&defaults, r#"{"address": "http://prom:9090/tenant"}"#, true),
        (&defaults, r#"{"address": "http://prom:9091"}"#, false),
        (&defaults, r#"{"address": "https://prom:9090"}"#, false),
        (&defaults, r#"{"address": "http://evil"}"#, false),
        (
            &defaults,
            r#"{"address": "", "address": "http://evil"}"#,
            false,
        ),
        (&defaults, r#"{"address": "http://environment"}"#, false),
        (&closed, r#"{"address": "http://other"}"#, true),
        (&only, r#"{"address": "http://environment/x"}"#, true),
        (&only, r#"{"address": "http://evil"}"#, false),
    ] {
        let policy = policy(json.clone());
        let metric = Metric {
            plugins: vec![("a/b".into(), given.into())],
            ..Metric::default()
        };
        let defaults = policy.defaults_for(&metric, own);
        assert_eq!(defaults.contains_key("authentication"), kept, "{given}");
        assert_eq!(defaults.get("timeout"), policy.defaults.get("timeout"));
        assert!(kept || !defaults.contains_key("headers"), "{given}");
    }
}

#[test]
fn addresses_match_by_scheme_host_port_and_whole_segments() {
    for (pattern, address, matches) in [
        ("http://prom:9090", "http://prom:9090", true),
        ("http://prom:9090", "http://prom:9090/any", true),
        ("http://prom:9090", "http://prom", false),
        ("http://prom:9090", "https://prom:9090", false),
        ("https://*.example.com", "https://a.b.example.com/x", true),
        ("https://*.example.com", "https://example.com", false),
        ("https://*.example.com", "https://evilexample.com", false),
        ("https://*.example.com", "https://a.example.com:8443", false),
        (
            "https://*.example.com:*",
            "https://a.example.com:8443",
            true,
        ),
        ("https://*", "https://anything", true),
        ("http://prom/tenant", "http://prom/tenant/x", true),
        ("http://prom/tenant", "http://prom/tenant2", false),
        ("http://prom/tenant", "http://prom/tenant/../other", false),
        (
            "http://prom/tenant",
            "http://prom/tenant/%2e%2e/other",
            false,
        ),
        ("http://prom/tenant", "http://prom/tenant/..%2Fother", false),
        ("http://prom/tenant", "http://prom/tenant/..%5cother", false),
        ("http://prom", "http://prom/a%2Fb", true),
        ("http://prom", "http://user:pw@prom", true),
        ("http://prom", "http://prom@evil", false),
        ("http://prom", "http://PROM", true),
    ] {
        let url = Url::parse(address).expect("an address");
        assert_eq!(
            AddressPattern::read(pattern)
                .expect("a pattern")
                .matches(&url),
            matches,
            "{pattern} {address}"
        );
    }
    assert!(AddressPattern::read("http://pro*m").is_err());
    assert!(AddressPattern::read("http://*m").is_err());
}

#[test]
fn what_the_policy_does_not_allow_is_refused_by_key() {
    let strict = policy(json!({
        "addresses": ["http://prom"],
        "files": ["/etc/tls/*", "/one"],
        "headers": {"forbidden": ["x-scope-orgid"]},
        "guardFloor": "observe",
        "insecure": false,
    }));
    let refused = |policy: &Policy, given: Value, address: &str| {
        let Value::Object(mut given) = given else {
            panic!("an object")
        };
        given.insert("query".into(), "up".into());
        let settings = Settings::from_object(&given, &Map::new()).expect("settings");
        let refusals = policy.refusals(&settings, &Url::parse(address).expect("an address"));
        refusals
            .iter()
            .map(|c| c.to_string().replace("; the operator's policy decides", ""))
            .collect::<Vec<_>>()
    };
    let open = Policy::default();
    for (policy, given, guard) in [
        (
            &strict,
            json!({"guard": "off", "query": "up"}),
            Guard::Observe,
        ),
        (&open, json!({"guard": "off", "query": "up"}), Guard::Off),
        (&open, json!({"query": "up"}), Guard::Enforce),
    ] {
        let settings =
            Settings::from_object(given.as_object().expect("an object"), &Map::new()).ok();
        assert_eq!(policy.guard(&settings.expect("settings")), guard);
    }
    assert_eq!(
        refused(
            &strict,
            json!({"tls": {"caFile": "/etc/tls/ca.pem"}}),
            "http://prom"
        ),
        Vec::<String>::new()
    );
    for (policy, given, address, problem) in [
        (
            &strict,
            json!({}),
            "http://u:p@evil:1/x?y",
            "`address`: `http://evil:1` is not among the allowed addresses",
        ),
        (
            &strict,
            json!({"insecure": true}),
            "http://prom",
            "`insecure`: certificates are verified here",
        ),
        (
            &strict,
            json!({"headers": [{"key": "X-Scope-OrgID", "value": "a"}]}),
            "http://prom",
            "`headers`: `X-Scope-OrgID` may not be set",
        ),
        (
            &strict,
            json!({"tls": {"caFile": "/etc/tls/../shadow"}}),
            "http://prom",
            "`tls.caFile`: file `/etc/tls/../shadow` is not among the allowed `files`",
        ),
        (
            &open,
            json!({"authentication": {"bearer": {"tokenFile": "/var/run/token"}}}),
            "http://prom",
            "`authentication.bearer.tokenFile`: file `/var/run/token` is not among the allowed `files`",
        ),
        (
            &open,
            json!({"authentication": {"sigv4": {"region": "x"}}}),
            "http://amazonaws.com.evil",
            "`authentication.sigv4`: ambient AWS credentials do not sign for `amazonaws.com.evil`; add it to `awsHosts`",
        ),
        (
            &open,
            json!({"timeout": 61}),
            "http://prom",
            "`timeout`: over the limit of 60 s",
        ),
    ] {
        assert_eq!(refused(policy, given, address), [problem]);
    }
}

#[test]
fn a_limit_that_is_not_given_leaves_room_for_one_body() {
    let limits = policy(json!({"limits": {"body": 200 << 20}})).limits;
    assert_eq!(
        (limits.bodies_per_server, limits.bodies),
        (200 << 20, 200 << 20)
    );
    let usual = Policy::default().limits;
    assert_eq!(
        (usual.queries, usual.bodies_per_server, usual.bodies),
        (32, 64 << 20, 128 << 20)
    );
}

#[test]
fn a_run_is_held_to_a_namespace() {
    let labels = json!(["kubernetes_namespace", "exported_namespace"]);
    for (own, given, run, expected) in [
        (json!({}), json!({}), "shop", Ok(None)),
        (json!({"mode": "off"}), json!({}), "shop", Ok(None)),
        (
            json!({}),
            json!({"namespace": "other"}),
            "shop",
            Ok(Some("namespace=other Inject")),
        ),
        (
            json!({}),
            json!({"namespace": "other", "namespaceLabel": "tenant"}),
            "shop",
            Ok(Some("tenant=other Inject")),
        ),
        (
            json!({"labels": labels}),
            json!({"namespace": "other"}),
            "shop",
            Ok(Some("kubernetes_namespace=other Inject")),
        ),
        (
            json!({"mode": "require"}),
            json!({"namespace": "other"}),
            "shop",
            Ok(Some("namespace=shop Require")),
        ),
        (
            json!({"mode": "inject", "labels": labels}),
            json!({"namespaceLabel": "exported_namespace"}),
            "shop",
            Ok(Some("exported_namespace=shop Inject")),
        ),
        (
            json!({"mode": "inject"}),
            json!({"namespaceLabel": "tenant"}),
            "shop",
            Err("`namespaceLabel`: `tenant` is none of `namespace`; the operator's policy decides"),
        ),
        (
            json!({"labels": labels}),
            json!({"namespace": "shop", "namespaceLabel": "tenant"}),
            "shop",
            Err(
                "`namespaceLabel`: `tenant` is none of `kubernetes_namespace`, `exported_namespace`; the operator's policy decides",
            ),
        ),
        (
            json!({"mode": "inject"}),
            json!({}),
            "",
            Err("`namespace`: the run has no namespace that queries could be held to"),
        ),
    ] {
        let mut given = given.as_object().expect("an object").clone();
        given.insert("query".into(), "up".into());
        let settings = Settings::from_object(&given, &Map::new()).expect("settings");
        let run = AnalysisRun {
            namespace: run.to_owned(),
            ..AnalysisRun::default()
        };
        let found = policy(json!({"namespace": own})).namespace_for(&settings, &run);
        let found = found
            .map_err(|complaint| complaint.to_string())
            .map(|rule| rule.map(|rule| format!("{}={} {:?}", rule.label, rule.value, rule.mode)));
        let found = found.as_ref().map(Option::as_deref).map_err(String::as_str);
        assert_eq!(found, expected, "{own} {given:?}");
    }
}
