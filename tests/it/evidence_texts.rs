//! What is sent and its witness, over many queries: texts that are read here, and by real servers.

use std::collections::BTreeSet;

use promql_guard::evidence::namespace::Namespace;
use promql_guard::evidence::text::{TextError, Writing, text};
use promql_guard::evidence::witness::{counted, witness, witness_with_fallbacks};
use promql_guard::promql::answer::{Constant, without_data};
use promql_guard::promql::ast::MatchOp;
use promql_guard::promql::outcome::Labels;
use promql_guard::promql::select::data_selectors;
use promql_guard::promql::{Features, Options, Query, parse};
use promql_guard::text::span::Span;

use crate::promql::{CORPUS, SELECTION, entries};
use crate::real_prometheus::{RealPrometheus, binaries};

const RULES: &str = include_str!("../../benches/queries.txt");

/// All queries that Prometheus accepts, with its feature flags or without.
fn queries() -> BTreeSet<String> {
    let corpora = [SELECTION, CORPUS].into_iter().filter_map(entries);
    let accepted = corpora.flatten().filter(|entry| entry.ok);
    let rules = RULES.split("\n---\n").skip(1).map(str::to_owned);
    accepted.map(|entry| entry.input).chain(rules).collect()
}

fn read(text: &str) -> Option<Query> {
    let options = |features| Options {
        features,
        holes: &[],
    };
    let query = parse(text, options(Features::All));
    query
        .or_else(|_| parse(text, options(Features::Stock)))
        .ok()
}

/// What is sent of a query with all that can be written into it, and without.
fn sent(query: &str, labels: &Labels) -> Vec<String> {
    let mut found = Vec::new();
    for (namespace, zeros, fallback) in [
        (None, false, None),
        (None, true, Some(0.0)),
        (Some(("namespace", "shop")), true, None),
        (Some(("k8s.ns", "a\"b\\")), false, None),
    ] {
        let writing = Writing {
            labels,
            zeros,
            namespace: namespace.map(|(label, value)| Namespace { label, value }),
            fallback,
        };
        match text(query, &writing) {
            Ok(text) => {
                check_namespace(&text.query, writing.namespace);
                found.push(text.text);
            }
            Err(TextError::Conflict(_)) => {}
            Err(error) => panic!("`{query}`: {error:?}"),
        }
    }
    found.sort();
    found.dedup();
    found
}

fn check_namespace(query: &Query, namespace: Option<Namespace<'_>>) {
    let Some(Namespace { label, value }) = namespace else {
        return;
    };
    query.expr.walk(&mut |node| {
        if let Some(selector) = node.selector() {
            let mut matchers = selector.matchers.iter();
            assert!(
                matchers.any(|m| m.label.text == label
                    && m.op == MatchOp::Equal
                    && m.value.value == value.as_bytes()),
                "{node}"
            );
        }
    });
}

/// The witnesses of a text: without fallbacks, with those of each selector, with those of all.
fn witnesses(sent: &str, labels: &Labels) -> Vec<String> {
    let query = read(sent).unwrap_or_else(|| panic!("`{sent}` is sent and not read"));
    let selectors: Vec<Span> = data_selectors(&query.expr).iter().map(|s| s.span).collect();
    let Some(found) = witness(sent, &query.expr, labels) else {
        assert!(selectors.is_empty(), "{sent}");
        return Vec::new();
    };
    let again = read(&found.text).unwrap_or_else(|| panic!("`{}` of `{sent}`", found.text));
    let second = witness(&found.text, &again.expr, labels).map(|witness| witness.text);
    assert_eq!(second.as_ref(), Some(&found.text), "of `{sent}`");
    if let Constant::Value(value) = without_data(&again.expr) {
        assert!(
            value.is_nan(),
            "`{}` of `{sent}` answers {value} without data",
            found.text
        );
    }
    let with = |candidates: &[Span]| {
        witness_with_fallbacks(sent, &query.expr, labels, candidates).expect("it has selectors")
    };
    assert_eq!(with(&[]), found.text);
    let mut texts = vec![found.text, with(&selectors)];
    texts.extend(selectors.iter().take(4).map(|selector| with(&[*selector])));
    texts.sort();
    texts.dedup();
    for text in &texts {
        assert!(read(&counted(text)).is_some(), "`{text}` of `{sent}`");
    }
    texts
}

#[test]
fn what_is_sent_and_its_witnesses_are_queries() {
    let labels = Labels::default();
    let mut own = 0;
    let all = queries();
    assert!(all.len() > 100, "{}", all.len());
    for query in &all {
        for text in sent(query, &labels) {
            let found = witnesses(&text, &labels);
            own += usize::from(found == [text]);
        }
    }
    assert!(own > all.len(), "{own}");
}

#[test]
fn real_servers_take_them_for_queries() {
    let labels = Labels::default();
    for binary in binaries() {
        let flags = [
            "--enable-feature=promql-experimental-functions,promql-duration-expr,promql-extended-range-selectors,promql-binop-fill-modifiers",
        ];
        let server = RealPrometheus::start_with(&binary, "", &flags);
        let refused = |text: &str| server.status(text) == 400;
        let (mut taken, mut wrong) = (0, Vec::new());
        // They are asked one by one: a part of them, evenly.
        for query in queries().into_iter().step_by(4) {
            // An older server, or one that reads another dialect, refuses the query itself.
            if query.len() > 10_000 || refused(&query) {
                continue;
            }
            let mut texts = BTreeSet::new();
            for sent in sent(&query, &labels) {
                if sent.contains("k8s.ns") {
                    continue;
                }
                texts.extend(witnesses(&sent, &labels).iter().map(|text| counted(text)));
                texts.insert(sent);
            }
            texts.remove(&query);
            taken += texts.len();
            wrong.extend(texts.into_iter().filter(|text| refused(text)));
        }
        let version = server.version();
        assert!(wrong.is_empty(), "{version} refuses\n{}", wrong.join("\n"));
        assert!(taken > 100, "{version}: {taken}");
    }
}
