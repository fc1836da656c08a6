use serde_json::json;

use super::*;

fn settings(given: Value) -> Result<Settings, String> {
    let Value::Object(given) = given else {
        panic!("an object")
    };
    Settings::from_object(&given, &Map::new()).map_err(|complaints| fields::joined(&complaints))
}

fn complaint(given: Value) -> String {
    settings(given).err().expect("a complaint")
}

#[test]
fn the_built_in_providers_keys_are_read() {
    let read = settings(json!({
        "address": "http://user:pw@prom:9090/path/",
        "query": "up",
        "rangeQuery": {"start": "now() - duration(\"1h\")", "end": "now()", "step": "1m"},
        "timeout": "5",
        "insecure": "true",
        "headers": [{"key": "X-Scope-OrgID", "value": "a"}, {"key": "X-Scope-OrgID", "value": "b"}],
        "authentication": {"basicAuth": {}, "sigv4": {"region": ""}, "oauth2": {
            "tokenUrl": "https://id/token", "clientId": "i", "clientSecret": "s", "scopes": ["a"]}},
    }))
    .expect("settings");
    assert_eq!(read.timeout, Some(Duration::from_secs(5)));
    assert!(read.insecure);
    assert_eq!(read.headers.len(), 2);
    assert!(matches!(read.authentication, Authentication::OAuth2 { .. }));
    assert_eq!(
        read.range_query.map(|range| range.step),
        Some("1m".to_owned())
    );
}

#[test]
fn the_plugins_own_keys_are_read() {
    let read = settings(json!({
        "query": "up", "guard": "observe", "dialect": "metricsql", "namespace": "$(run.namespace)",
        "namespaceLabel": "exported_namespace", "scrapeInterval": "30s", "delay": "0s", "fallback": "0",
        "noData": "fail", "noDataFor": "2m", "minEvents": "50", "eventsQuery": "sum(x)", "freshData": "false",
        "series": "1..3", "allow": ["stable-pods-included -- judged as a whole", "short-window"],
        "tls": {"caFile": "/etc/ca", "serverName": "prom"}, "authentication": {"bearer": {"tokenFile": "/t"}},
    }))
    .expect("settings");
    assert_eq!(read.guard, Some(Guard::Observe));
    assert_eq!(read.fallback, Some(0.0));
    assert_eq!(read.series, Some(SeriesCount::Between(1, 3)));
    assert_eq!(read.min_events, Some(50));
    assert_eq!(read.allow[0].reason, "judged as a whole");
    assert_eq!(read.fresh_data, Some(false));
}

#[test]
fn every_complaint_is_told_at_once() {
    assert_eq!(
        complaint(
            json!({"adress": "x", "querry": "up", "timeout": -5, "insecure": "maybe", "guard": "on",
            "headers": [{"key": "a b", "value": "x"}], "authentication": {"oauth2": {"tokenUrl": "id"}}})
        ),
        "`timeout`: `-5` is negative; give seconds, 0 or above; \
         `insecure`: expected true or false, found `maybe`; \
         `headers[0].key`: no name of a header; \
         `authentication.oauth2.tokenUrl`: `id` has no scheme; write `http://id`; \
         `guard`: `on` is none of `enforce`, `observe`, `off`; \
         `query`: missing or empty; give the PromQL to measure; \
         `adress`: unknown key; did you mean `address`; \
         `querry`: unknown key; did you mean `query`"
    );
}

#[test]
fn an_address_wants_a_scheme_and_shows_no_password() {
    for (address, problem) in [
        (
            "prom:9090",
            "`address`: `prom:9090` has no scheme; write `http://prom:9090`",
        ),
        (
            "user:pw@prom",
            "`address`: `prom` has no scheme; write `http://prom`",
        ),
        (
            " http://user:pw@prom",
            "`address`: `http://prom` holds white space",
        ),
        (
            "ftp://user:pw@prom",
            "`address`: `ftp://prom` is neither http nor https",
        ),
        (
            "http://user:pw@:80",
            "`address`: `http://:80` is no URL: empty host",
        ),
        (
            ":invalid::url",
            "`address`: `:invalid::url` has no scheme; write `http://:invalid::url`",
        ),
    ] {
        assert_eq!(
            complaint(json!({"query": "up", "address": address})),
            problem
        );
    }
}

#[test]
fn one_wrong_value_a_key() {
    for (key, value, problem) in [
        (
            "query",
            json!(5),
            "`query`: expected text, found `5`; `query`: missing or empty; give the PromQL to measure",
        ),
        (
            "timeout",
            json!(1.5),
            "`timeout`: expected a whole number, found `1.5`",
        ),
        (
            "headers",
            json!({}),
            "`headers`: expected a list, found an object",
        ),
        ("headers", json!([1]), "`headers[0]`: a number is no object"),
        (
            "rangeQuery",
            json!("x"),
            "`rangeQuery`: expected an object, found `x`",
        ),
        (
            "rangeQuery",
            json!({"stop": "now()"}),
            "`rangeQuery.stop`: unknown key; did you mean `step`",
        ),
        (
            "scrapeInterval",
            json!("0s"),
            "`scrapeInterval`: a duration above 0 is expected",
        ),
        (
            "delay",
            json!("-1s"),
            "`delay`: `-1s` is no duration; write for example `30s` or `2m`",
        ),
        (
            "fallback",
            json!("NaN"),
            "`fallback`: expected a number, found `NaN`",
        ),
        (
            "minEvents",
            json!(-1),
            "`minEvents`: `-1` is negative; give 0 or above",
        ),
        (
            "series",
            json!("3..1"),
            "`series`: `3..1` is none of `any`, `one`, `N..M`",
        ),
        (
            "namespaceLabel",
            json!("a.b"),
            "`namespaceLabel`: `a.b` is no label name",
        ),
        (
            "allow",
            json!(["Bad Rule"]),
            "`allow`: `Bad Rule` is no name of a rule; write `rule-name -- reason`",
        ),
        (
            "tls",
            json!({"certFile": "/c"}),
            "`tls.keyFile`: missing beside `certFile`",
        ),
        (
            "authentication",
            json!({"basicAuth": {"username": "u"}}),
            "`authentication.basicAuth.password`: missing",
        ),
    ] {
        let mut given = json!({"query": "up"});
        given[key] = value;
        assert_eq!(complaint(given), problem, "{key}");
    }
}

#[test]
fn the_single_entry_is_taken_whatever_its_name() {
    let metric = |plugins: &[(&str, &str)]| Metric {
        plugins: plugins
            .iter()
            .map(|(name, json)| ((*name).to_owned(), json.as_bytes().to_vec()))
            .collect(),
        ..Metric::default()
    };
    let read = |plugins: &[(&str, &str)]| {
        Settings::of(&metric(plugins), &Map::new())
            .map(|s| s.query)
            .map_err(|c| fields::joined(&c))
    };
    assert_eq!(
        read(&[("any/name", r#"{"query":"up"}"#)]),
        Ok("up".to_owned())
    );
    assert_eq!(
        read(&[]),
        Err("expected one entry under `provider.plugin`, found 0: ".to_owned())
    );
    assert_eq!(
        read(&[("a/b", "[]")]),
        Err("expected an object under `a/b`".to_owned())
    );
    assert!(
        read(&[("a/b", "{")]).is_err_and(|e| e.starts_with("what stands under `a/b` is no JSON: "))
    );
}

#[test]
fn off_without_quotes_is_false_to_kubernetes_tools() {
    let read = settings(json!({"query": "up", "guard": false})).expect("settings");
    assert_eq!(read.guard, Some(Guard::Off));
    assert_eq!(
        complaint(json!({"query": "up", "guard": true})),
        "`guard`: expected text, found `true`"
    );
}

#[test]
fn the_operators_defaults_fill_what_the_template_lacks() {
    let (Value::Object(given), Value::Object(defaults)) = (
        json!({"query": "up", "timeout": 5}),
        json!({"timeout": 10, "guard": "observe"}),
    ) else {
        panic!("objects")
    };
    let read = Settings::from_object(&given, &defaults).expect("settings");
    assert_eq!(
        (read.timeout, read.guard),
        (Some(Duration::from_secs(5)), Some(Guard::Observe))
    );
}

#[test]
fn no_part_of_a_password_in_an_address_is_told() {
    for address in [
        "http://u:hunter2@h x",
        "http://u:hun?ter2@h x",
        "http://u:hun#ter2@h x",
        "u:hun?ter2@h",
        "ftp://u:hun@ter2@h",
        "http://h:hunter2@[",
        "http://u:p@h/?token=hunter2 x",
    ] {
        let told = complaint(json!({"query": "up", "address": address}));
        assert!(!told.contains("hun") && !told.contains("ter2"), "{told}");
    }
    for (key, value) in [
        (
            "authentication",
            json!({"basicAuth": {"username": "u", "password": 7318}}),
        ),
        (
            "authentication",
            json!({"oauth2": {"tokenUrl": "http://t", "clientId": "c", "clientSecret": 7318}}),
        ),
        ("headers", json!(["Authorization: 7318"])),
        ("headers", json!([{"key": "a", "value": 7318}])),
        ("headers", json!("7318")),
    ] {
        let mut given = json!({"query": "up"});
        given[key] = value;
        let told = complaint(given);
        assert!(!told.contains("7318"), "{told}");
    }
}
