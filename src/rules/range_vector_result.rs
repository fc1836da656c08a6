//! A query that answers raw samples, or a text.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{Expr, ExprKind, ValueType};
use crate::promql::names::says_counter;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds a query whose answer is a range vector or a string.
    ///
    /// ## Why it matters
    ///
    /// Of a range vector Argo puts the raw samples of all series into one list, so `result[0]` is the oldest sample of the
    /// first series, and `all(…)` judges each sample ever scraped within the range. A string it refuses, and in a `rangeQuery`
    /// Prometheus refuses both: every measurement is an Error.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: up{namespace="shop", job="api"}[5m]
    /// successCondition: "len(result) > 0 && all(result, # == 1)"
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: min(min_over_time(up{namespace="shop", job="api"}[5m]))
    /// successCondition: len(result) > 0 && result[0] == 1
    /// ```
    "range-vector-result", "the answer is raw samples or a text",
    Query, levels: [Deny, Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let expr = &query.expr;
    let spot = gate.in_query(expr.span);
    let is_range = gate.spec().is_some_and(|spec| spec.is_range());
    match (expr.value_type, is_range) {
        (ValueType::String, _) => {
            out.deny(
                spot,
                "the answer is a text, which no measurement can be made of",
            )
            .help("write an expression that answers numbers");
        }
        (ValueType::Matrix, true) => {
            let message = "a `rangeQuery` of a range vector, which Prometheus refuses: every measurement is an Error";
            let function = function(expr);
            out.deny(spot, message)
                .help(format!(
                    "write `{function}({})`",
                    quoted(gate, query, expr.span)
                ))
                .fix(gate.fix_query(false, &wrapped(expr, function)));
        }
        (ValueType::Matrix, false) => {
            let range = range(expr).map_or(String::new(), |range| {
                format!(" of `{}`", quoted(gate, query, range))
            });
            let function = function(expr);
            out.warn(spot, format!("the answer is every raw sample{range}, and the conditions read them as if each were a series"))
                .help(format!("write `{function}({})`", quoted(gate, query, expr.span)))
                .fix(gate.fix_query(false, &wrapped(expr, function)));
        }
        _ => {}
    }
}

fn wrapped(expr: &Expr, function: &str) -> [(Span, String); 2] {
    [
        (Span::at(expr.span.start), format!("{function}(")),
        (Span::at(expr.span.end), ")".to_owned()),
    ]
}

/// The range's own bytes, `5m`.
fn range(expr: &Expr) -> Option<Span> {
    match &expr.unwrapped().kind {
        ExprKind::Matrix(matrix) => Some(matrix.range.span),
        ExprKind::Subquery(subquery) => Some(subquery.range.span),
        _ => None,
    }
}

/// The function that the author most likely left out.
fn function(expr: &Expr) -> &'static str {
    let metric = expr.unwrapped().selector().and_then(|s| s.metric());
    match metric.is_some_and(says_counter) {
        true => "increase",
        false => "avg_over_time",
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn answers_that_are_no_numbers() {
        let range = "rangeQuery:\n  start: now() - duration(\"5m\")\n  end: now()\n  step: 1m\n";
        for (query, more, expected) in [
            ("up[5m]", "", &["warn"][..]),
            ("(up)[5m:1m]", "", &["warn"]),
            ("up[5m]", range, &["deny"]),
            ("'\"up\"'", "", &["deny"]),
            ("'\"up\"'", range, &["deny"]),
            ("up", "", &[]),
            ("up", range, &[]),
            ("scalar(up)", "", &[]),
            ("avg_over_time(up[5m])", "", &[]),
        ] {
            let gate = format!("query: {query}\n{more}successCondition: result[0] > 0");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn the_fix_sums_the_samples_up() {
        for (query, expected) in [
            ("up[5m] # why", "query: avg_over_time(up[5m]) # why"),
            ("errors_total[5m]", "query: increase(errors_total[5m])"),
            ("(up)[5m:1m]", "query: avg_over_time((up)[5m:1m])"),
        ] {
            let gate = format!("query: |\n  {query}\nsuccessCondition: result[0] > 0");

            let (after, is_safe) = fixed(super::RULE.name, &gate);
            assert!(
                after.contains(&expected.replace("query: ", "")) && !is_safe,
                "{after}"
            );
        }
    }
}
