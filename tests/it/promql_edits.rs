//! Printing and edits over many queries: what is printed or edited is a query again, and says what it should.

use promql_guard::promql::ast::{Expr, ExprKind, Selector, ValueType};
use promql_guard::promql::edit::{self, Edit};
use promql_guard::promql::print::canonical;
use promql_guard::promql::{Features, Options, Query, parse};

use crate::promql::{CORPUS, SELECTION, entries};

const FEATURES: Options<'static> = Options {
    features: Features::All,
    holes: &[],
};

fn queries() -> Vec<(String, Query)> {
    let all = [SELECTION, CORPUS]
        .into_iter()
        .filter_map(entries)
        .flatten();
    all.filter_map(|entry| {
        let query = parse(&entry.input, FEATURES).ok()?;
        Some((entry.input, query))
    })
    .collect()
}

fn printed(text: &str) -> String {
    let query = parse(text, FEATURES).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    canonical(&query.expr, Features::All)
}

fn edited(text: &str, edits: &[Edit]) -> String {
    edit::apply(text, edits).unwrap_or_else(|| panic!("{text:?}: {edits:?}"))
}

fn selectors(expr: &Expr) -> Vec<&Selector> {
    let mut found = Vec::new();
    expr.walk(&mut |expr| found.extend(expr.selector()));
    found
}

fn comments<'a>(text: &'a str, query: &Query) -> Vec<&'a str> {
    query.comments.iter().map(|span| span.of(text)).collect()
}

/// Prometheus prints a tenth of a millisecond as `0s`, and the opposite of Go's smallest duration as it were one.
fn is_read_back(printed: &str) -> bool {
    !printed.contains("[0s") && !printed.contains("offset --106751d")
}

#[test]
fn what_is_printed_prints_the_same_again() {
    for (text, query) in queries() {
        let once = canonical(&query.expr, Features::All);
        if is_read_back(&once) {
            assert_eq!(printed(&once), once, "{text:?}");
        }
    }
}

#[test]
fn a_matcher_added_everywhere_is_there_and_all_else_is_kept() {
    for (text, query) in queries() {
        let before = selectors(&query.expr);
        let edits: Vec<Edit> = before
            .iter()
            .map(|selector| edit::add_matcher(selector, r#"zz="s""#))
            .collect();
        let text_after = edited(&text, &edits);
        let after = parse(&text_after, FEATURES).unwrap_or_else(|e| panic!("{text_after:?}: {e}"));
        for (before, after) in before.iter().zip(selectors(&after.expr)) {
            assert_eq!(after.matchers.len(), before.matchers.len() + 1, "{text:?}");
            let added = after.matchers.last().unwrap();
            assert_eq!(added.span.of(&text_after), r#"zz="s""#, "{text:?}");
        }
        assert_eq!(comments(&text_after, &after), comments(&text, &query));
    }
}

#[test]
fn a_matcher_removed_is_gone_and_all_else_is_kept() {
    for (text, query) in queries() {
        for (which, selector) in selectors(&query.expr).into_iter().enumerate() {
            for index in 0..selector.matchers.len() {
                let Some(edit) = edit::remove_matcher(selector, index, &text) else {
                    continue;
                };
                let text_after = edited(&text, &[edit]);
                let after =
                    parse(&text_after, FEATURES).unwrap_or_else(|e| panic!("{text_after:?}: {e}"));
                let mut expected: Vec<&str> = spans(selector, &text);
                expected.remove(index);
                let left = selectors(&after.expr)[which];
                assert_eq!(spans(left, &text_after), expected, "{text:?}");
                assert_eq!(comments(&text_after, &after), comments(&text, &query));
            }
        }
    }
}

fn spans<'a>(selector: &Selector, text: &'a str) -> Vec<&'a str> {
    let matchers = selector.matchers.iter();
    matchers.map(|matcher| matcher.span.of(text)).collect()
}

#[test]
fn a_fallback_is_appended_to_every_vector() {
    for (text, query) in queries() {
        if query.expr.value_type == ValueType::Vector {
            let after = edited(&text, &[edit::append(query.end, " or vector(0)")]);
            let expected = canonical(&query.expr, Features::All) + " or vector(0)";
            if is_read_back(&expected) {
                assert_eq!(printed(&after), expected, "{text:?}");
            }
        }
    }
}

#[test]
fn every_operand_takes_parentheses() {
    for (text, query) in queries() {
        let mut edits = Vec::new();
        query.expr.walk(&mut |expr| {
            if let ExprKind::Binary(binary) = &expr.kind {
                edits.push(edit::wrap(binary.left.span, "(", ")"));
                let clause = binary.matching.as_ref().map_or("", |m| m.span.of(&text));
                // Behind `group_left` alone they would hold its labels.
                if clause.is_empty() || clause.ends_with(')') {
                    edits.push(edit::wrap(binary.right.span, "(", ")"));
                }
            }
        });
        for edit in edits {
            printed(&edited(&text, &edit));
        }
    }
}
