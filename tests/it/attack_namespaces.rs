//! Names that try to break out of a query, and queries and settings that try to leave the operator's namespace: all that the
//! server heard is read again.

use promql_guard::analysis::measurement::Phase;
use promql_guard::promql::ast::{ExprKind, MatchOp};
use promql_guard::promql::{Features, Options, parse};
use promql_guard::text::regexp::compile_anchored;
use serde_json::{Value, json};

use crate::attack::{EMPTY, measured, metric, outcome, provider, run, shown, with};
use crate::loopback::{Loopback, Reply, Request};
use crate::prometheus::ONE;

/// What users may call a run, a Rollout or a namespace where nobody checks.
const NAMES: [&str; 14] = [
    r#"x"} or vector(0) #"#,
    r#"x",namespace=~".*"#,
    ".*|a",
    ".+",
    "a|",
    "(",
    "[",
    r"\",
    r#"\""#,
    r"\x22} or up #",
    "a\nb",
    "a\r\n# b\u{2028}",
    "$(run.hash)",
    "`'\"${x}{{args.y}}",
];

/// Whatever a run is called, each placeholder selects exactly its own text.
#[tokio::test]
async fn placeholders_do_not_break_out() {
    let outer = Loopback::serve(|_| Reply::json(EMPTY));
    let provider = provider(json!({}));
    let texts = [
        r#"sum(rate(x{a="P",b!="P"}[5m]))"#,
        "sum(rate(x{a='P'}[5m]))",
        "sum(rate(x{a=`P`}[5m]))",
        r#"sum(rate(x{a=~"P"}[5m]))"#,
        r#"sum(rate(x{a=~"P-.*",b!~"c|P"}[5m]))"#,
        "sum(rate(x{a=~`(?:P)`}[5m])) # P\n",
        "sum(rate(P[5m]))",
        "sum(rate(x[P]))",
        "sum(P)",
    ];
    for name in NAMES {
        let mut hostile = run(600);
        hostile.name = name.to_owned();
        hostile.namespace = name.to_owned();
        hostile.owners[0].name = name.to_owned();
        for (text, placeholder) in texts
            .iter()
            .zip(["name", "namespace", "rollout"].iter().cycle())
        {
            let query = text.replace('P', &format!("$(run.{placeholder})"));
            let before = outer.requests().len();
            let settings = json!({"address": outer.url(), "query": query, "timeout": 2});
            let found = measured(&provider, &hostile, &metric(&settings, "result[0] < 1")).await;
            assert_ne!(found.phase, Phase::Successful);
            let heard = outer.requests();
            let Some(asked) = heard.get(before) else {
                assert!(
                    ["error/settings", "error/query", "error/lint"].contains(&outcome(&found)),
                    "{name}: {text}: {found:?}"
                );
                continue;
            };
            let asked = asked.field("query").expect("a query");
            let tree = parse(&asked, Options::default())
                .unwrap_or_else(|e| panic!("{name}: {asked}: {e}"))
                .expr;
            let mut selectors = 0;
            tree.walk(&mut |node| {
                let Some(selector) = node.selector() else {
                    return;
                };
                selectors += 1;
                assert_eq!(selector.metric(), Some("x"), "{asked}");
                for matcher in selector
                    .matchers
                    .iter()
                    .filter(|m| m.label.text != "__name__")
                {
                    let value = matcher.value.text();
                    match matcher.op {
                        MatchOp::Equal | MatchOp::NotEqual => assert_eq!(value, name, "{asked}"),
                        MatchOp::Regexp | MatchOp::NotRegexp => {
                            let pattern =
                                compile_anchored(&value).unwrap_or_else(|e| panic!("{asked}: {e}"));
                            let takes = |text: &str| pattern.is_match(text.as_bytes());
                            let whole = [name.to_owned(), format!("{name}-z")];
                            assert!(whole.iter().any(|own| takes(own)), "{asked}");
                            for other in ["", "a", "b", "zz", "other"] {
                                assert!(
                                    !takes(other)
                                        || name.contains(other) && !other.is_empty()
                                        || other == "c",
                                    "{asked} takes {other:?}"
                                );
                            }
                        }
                    }
                }
            });
            assert_eq!(selectors, 1, "{asked}");
        }
    }
}

/// All queries and `match[]` of a request.
fn heard(request: &Request) -> Vec<String> {
    let target = request
        .target
        .split_once('?')
        .map_or("", |(_, query)| query);
    [target, &request.body]
        .iter()
        .flat_map(|form| {
            url::form_urlencoded::parse(form.as_bytes())
                .into_owned()
                .collect::<Vec<_>>()
        })
        .filter(|(name, _)| name == "query" || name == "match[]")
        .map(|(_, value)| value)
        .collect()
}

/// Whether every selector of the text pins the label to the value, and `info()` what it takes labels from.
fn is_held(text: &str, label: &str, value: &str) -> bool {
    let options = Options {
        features: Features::All,
        holes: &[],
    };
    let Ok(query) = parse(text, options) else {
        return false;
    };
    let mut is_held = true;
    query.expr.walk(&mut |node| {
        if let Some(selector) = node.selector() {
            is_held &= selector.matchers.iter().any(|matcher| {
                matcher.label.text == label
                    && matcher.op == MatchOp::Equal
                    && matcher.value.text() == value
            });
        }
        if let ExprKind::Call(call) = &node.kind {
            is_held &= call.function.name != "info" || call.args.len() == 2;
        }
    });
    is_held
}

/// A server of many tenants: what is not asked within `shop` is answered with what belongs to another.
fn of_many_tenants(label: &'static str) -> Loopback {
    Loopback::serve(move |request: &Request| {
        let texts = heard(request);
        let is_held = !texts.is_empty() && texts.iter().all(|text| is_held(text, label, "shop"));
        let is_look_up = request.target.contains("/label/");
        match (is_held, is_look_up) {
            (true, true) => Reply::json(r#"{"status":"success","data":[]}"#),
            (true, false) => Reply::json(EMPTY),
            (false, true) => {
                Reply::json(r#"{"status":"success","data":["rival_errors_total","rival-shop"]}"#)
            }
            (false, false) => Reply::json(
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"instance":"rival","job":"rival"},"value":[1,"0"]}]}}"#,
            ),
        }
    })
}

/// Ways out of the namespace: settings beside the query.
fn ways_out(address: &str) -> Vec<Value> {
    let queries = [
        "sum(rate(rival_errors_totl[5m])) or vector(0)",
        r#"sum(rate(x{namespace=~".+"}[5m])) or vector(0)"#,
        r#"sum(rate(x{namespace=~"shop|rival"}[5m]))"#,
        r#"sum(rate(x{namespace="shop",namespace="rival"}[5m]))"#,
        r#"sum(rate(x{namespace="rival"}[5m]))"#,
        r#"sum(rate(x{namespace!="rival"}[5m]))"#,
        r#"sum(rate(x{"namespace"="rival"}[5m]))"#,
        r#"sum(rate({"x","namespace"="rival"}[5m]))"#,
        "sum(rate(x{'n\\x61mespace'='rival'}[5m]))",
        r#"sum({__name__=~".+"})"#,
        r#"sum({__name__="x",__name__=~"y|x"})"#,
        r#"sum(x{exported_namespace="rival"})"#,
        r#"sum(info(x))"#,
        r#"sum(info(x, {__name__=~".+"}))"#,
        r#"sum(info(x, {namespace="rival"}))"#,
        "max_over_time(sum(rate(x[1m]))[1h:1m])",
        "sum(topk(scalar(sum(y)), x))",
        "quantile(scalar(y), x)",
        r#"count_values("namespace", x)"#,
        r#"sum by (namespace) (label_replace(x, "namespace", "rival", "a", ".*"))"#,
        "sum(x @ 5) - sum(x offset 1w) - sum(x @ end() offset -5m)",
        "sum(x) # {namespace=\"shop\"}",
        "sum(x{ # namespace=\"shop\"}\n})",
        "sum(x{a=\"namespace=\\\"shop\\\"\"})",
        "absent(x) or on() absent_over_time(y[5m])",
        "sum(x) / on(namespace) group_left(a) sum(y)",
        "sum(x) and on() (y unless z)",
        "sum(rate(x{code=~\"5..\"}[5m])) / sum(rate(x[5m])) or vector(0)",
        "histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m])))",
        "clamp_min(x, scalar(y))",
        "sum(up{job=\"rival\"} == 0)",
        "sum(rate(x{pod=\"rival\"}[5m]))",
        "sum(ALERTS{alertname=\"Rival\"}) or vector(0)",
    ];
    let mut all: Vec<Value> = queries
        .into_iter()
        .map(|query| json!({"query": query}))
        .collect();
    let plain = r#"sum(rate(x_errors_total{namespace="shop"}[5m])) or vector(0)"#;
    let mut beside = |more: Value| all.push(with(json!({"query": plain}), &more));
    beside(json!({"namespace": "rival"}));
    beside(json!({"namespace": ""}));
    beside(json!({"namespace": "$(run.name)"}));
    beside(json!({"namespaceLabel": "exported_namespace"}));
    beside(json!({"namespaceLabel": "__name__"}));
    beside(json!({"namespaceLabel": ""}));
    beside(json!({"namespaceLabel": "namespace\"}"}));
    beside(json!({"fallback": 0}));
    beside(json!({"eventsQuery": "sum(rate(y[5m]))"}));
    beside(json!({"eventsQuery": r#"y{namespace="rival"}"#}));
    beside(json!({"eventsQuery": r#"y{namespace="shop"} or z"#}));
    beside(json!({"eventsQuery": "y) or vector(5"}));
    beside(json!({"eventsQuery": "y # {namespace=\"shop\"}", "minEvents": 5}));
    beside(
        json!({"rangeQuery": {"start": "now() - duration(\"1h\")", "end": "now()", "step": "1m"}}),
    );
    beside(json!({"headers": [{"key": "content-TYPE", "value": "text/plain"}]}));
    beside(
        json!({"address": format!("{address}/?query=sum(rival)"), "headers": [{"key": "Content-Type", "value": "x/y"}]}),
    );
    beside(json!({"address": format!("{address}/?%71uery=sum(rival)")}));
    beside(json!({"address": format!("{address}/?match[]=rival")}));
    beside(json!({"address": format!("{address}/?match%5B%5D=rival")}));
    for text in [
        r#"sum(x{namespace="shop" or namespace="rival"})"#,
        r#"WITH (f = {namespace="rival"}) sum(x{f})"#,
        r#"sum(x{namespace="shop"}) default y"#,
        r#"sum({namespace="rival"} keep_metric_names)"#,
        "sum(x{namespace=\"shop\" + \"\"})",
    ] {
        beside(json!({"query": text, "dialect": "metricsql"}));
    }
    all.into_iter()
        .map(|own| {
            with(
                json!({"address": address, "timeout": 5, "noData": "inconclusive"}),
                &own,
            )
        })
        .collect()
}

/// With an operator's namespace mode, all that any server hears, and all that is shown, is of the run's own namespace.
#[tokio::test]
async fn there_is_no_way_out_of_the_operators_namespace() {
    // The last one tells outcomes everywhere else.
    for label in ["namespace", "tenant", "status"] {
        let outer = of_many_tenants(label);
        for mode in ["inject", "require"] {
            let labels = if label == "namespace" {
                json!([])
            } else {
                json!([label])
            };
            let provider = provider(
                json!({"namespace": {"mode": mode, "labels": labels}, "outcomeLabels": [label]}),
            );
            for settings in ways_out(&outer.url()) {
                for (guard, age) in [
                    ("enforce", 60),
                    ("enforce", 6000),
                    ("observe", 600),
                    ("off", 600),
                ] {
                    let settings = with(settings.clone(), &json!({"guard": guard}));
                    let before = outer.requests().len();
                    let found =
                        measured(&provider, &run(age), &metric(&settings, "result[0] < 1")).await;
                    for request in &outer.requests()[before..] {
                        let texts = heard(request);
                        let is_rule = request.target.starts_with("/api/v1/rules");
                        assert!(is_rule || !texts.is_empty(), "{settings}: {request:?}");
                        for text in texts {
                            assert!(is_held(&text, label, "shop"), "{settings}: {text}");
                        }
                    }
                    if guard != "off" {
                        let told = shown(&found);
                        let written = settings.to_string();
                        for rival in [
                            "rival-shop",
                            "rival_errors_total",
                            "instance rival",
                            "\"rival\")",
                        ] {
                            assert!(
                                !told.contains(rival) || written.contains(rival),
                                "{settings}: {told}"
                            );
                        }
                    }
                    assert!(found.phase != Phase::Successful, "{settings}: {found:?}");
                }
            }
        }
        // Each mode sent something: the texts were not all refused.
        assert!(outer.requests().len() > 100, "{}", outer.requests().len());
    }
}

#[tokio::test]
async fn what_cannot_be_held_to_a_namespace_is_refused() {
    let outer = Loopback::serve(|_| Reply::json(ONE));
    let query = r#"sum(rate(x{namespace="shop"}[5m]))"#;
    for (mode, namespace, more, told) in [
        ("inject", "", json!({}), "error/policy"),
        (
            "inject",
            "shop",
            json!({"namespaceLabel": "tenant"}),
            "error/policy",
        ),
        (
            "inject",
            "shop",
            json!({"query": "sum(x{namespace=\"shop\" or namespace=\"b\"})", "dialect": "metricsql"}),
            "error/query",
        ),
        (
            "inject",
            "shop",
            json!({"query": "sum(x{namespace=\"b\"})"}),
            "error/namespace",
        ),
        (
            "require",
            "shop",
            json!({"query": "sum(x)"}),
            "error/namespace",
        ),
        (
            "require",
            "shop",
            json!({"query": "sum(x{namespace=~\"shop\"})"}),
            "error/namespace",
        ),
        (
            "require",
            "shop",
            json!({"eventsQuery": "sum(x)"}),
            "error/namespace",
        ),
        ("require", "other", json!({}), "error/namespace"),
        (
            "require",
            "shop",
            json!({"address": format!("{}/?query=up", outer.url())}),
            "error/policy",
        ),
        (
            "inject",
            "shop",
            json!({"headers": [{"key": "Content-Type", "value": "a/b"}]}),
            "error/policy",
        ),
    ] {
        let provider = provider(json!({"namespace": {"mode": mode}}));
        let mut own = run(600);
        own.namespace = namespace.to_owned();
        let settings = with(json!({"address": outer.url(), "query": query}), &more);
        let found = measured(&provider, &own, &metric(&settings, "result[0] < 1")).await;
        assert_eq!(
            (found.phase.as_str(), outcome(&found)),
            ("Error", told),
            "{settings}: {}",
            found.message
        );
        assert!(!found.message.is_empty());
    }
    assert_eq!(outer.connections(), 0);
}
