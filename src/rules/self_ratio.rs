//! A division of something by itself.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::has_selector;
use crate::promql::ast::{Binary, BinaryOp, Expr, ExprKind, Matrix};
use crate::promql::same::{has_matchers_of, same, same_metric, same_modifiers, same_period};

rule! {
    /// ## What it does
    ///
    /// Finds a division whose sides are the same expression, and one of series that are not aggregated, where each series of
    /// a slice is divided by the very same series of the whole.
    ///
    /// ## Why it matters
    ///
    /// Series are matched on all of their labels, so `rate(x{status="ok"}[5m]) / rate(x[5m])` divides each `ok` series by
    /// itself: the answer is always 1, with every request failing too.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: rate(requests_total{namespace="shop",status="ok"}[5m]) / rate(requests_total{namespace="shop"}[5m])
    /// successCondition: "len(result) > 0 && all(result, # > 0.95)"
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",status="ok"}[5m])) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: "len(result) > 0 && all(result, # > 0.95)"
    /// ```
    "self-ratio", "each series is divided by itself",
    Counters, levels: [Deny],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    query.expr.walk(&mut |node| {
        let ExprKind::Binary(binary) = &node.kind else {
            return;
        };
        if binary.op != BinaryOp::Divide || !has_selector(node) {
            return;
        }
        if is_same_text(gate, binary) {
            out.deny(
                gate.in_query(node.span),
                "both sides are the same expression: the answer is 1, or NaN",
            )
            .help("write the whole of which the left side is a part below");
        } else if divides_itself(binary) {
            out.deny(
                gate.in_query(node.span),
                "without an aggregation each series is divided by itself: the answer is 1, whatever share it is of all",
            )
            .help("aggregate both sides: `sum(…) / sum(…)`");
        }
    });
}

/// Arguments are compared by name: two of one value are meant to differ elsewhere.
fn is_same_text(gate: &Gate<'_>, binary: &Binary) -> bool {
    let Some(written) = &gate.query else {
        return false;
    };
    let text = |expr: &Expr| {
        let span = written.filled.to_template(expr.unwrapped().span);
        let text = span.of(&written.filled.template);
        text.split_whitespace().collect::<String>()
    };
    let is_one = same(&binary.left, &binary.right) || has_holes(gate, binary);
    is_one && text(&binary.left) == text(&binary.right)
}

fn has_holes(gate: &Gate<'_>, binary: &Binary) -> bool {
    gate.query.as_ref().is_some_and(|query| {
        let mut inside = query.filled.within(binary.left.span);
        inside.any(|piece| !piece.is_known)
    })
}

/// Not aggregated, matched on all labels, the same function of one metric and window, one side a part of the other.
fn divides_itself(binary: &Binary) -> bool {
    if binary
        .matching
        .as_ref()
        .is_some_and(|matching| matching.labels.is_some())
    {
        return false;
    }
    match (
        &binary.left.unwrapped().kind,
        &binary.right.unwrapped().kind,
    ) {
        (ExprKind::Selector(left), ExprKind::Selector(right)) => {
            same_metric(left, right)
                && left.metric().is_some()
                && same_modifiers(&left.modifiers, &right.modifiers)
                && (has_matchers_of(left, right) || has_matchers_of(right, left))
        }
        (ExprKind::Call(left), ExprKind::Call(right)) => {
            left.function.name == right.function.name
                && matches!(
                    (left.args.as_slice(), right.args.as_slice()),
                    ([one], [other]) if is_one_range(one, other)
                )
        }
        _ => false,
    }
}

fn is_one_range(left: &Expr, right: &Expr) -> bool {
    let (ExprKind::Matrix(left), ExprKind::Matrix(right)) =
        (&left.unwrapped().kind, &right.unwrapped().kind)
    else {
        return false;
    };
    let selector = |matrix: &Matrix| matrix.selector.clone();
    let (one, other) = (selector(left), selector(right));
    same_metric(&one, &other)
        && one.metric().is_some()
        && same_period(&left.range, &right.range)
        && same_modifiers(&one.modifiers, &other.modifiers)
        && (has_matchers_of(&one, &other) || has_matchers_of(&other, &one))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn divided_by_itself() {
        for (query, expected) in [
            ("rate(x{status=\"ok\"}[5m]) / rate(x[5m])", 1),
            ("rate(x[5m]) / rate(x[5m])", 1),
            ("sum(rate(x[5m])) / sum(rate(x[5m]))", 1),
            ("sum( rate(x[5m]) ) / sum(rate(x[5m]))", 1),
            ("sum(x{a=\"{{args.one}}\"}) / sum(x{a=\"{{args.two}}\"})", 0),
            ("sum(x{a=\"{{args.no}}\"}) / sum(x{a=\"{{args.no}}\"})", 1),
            ("x{a=\"b\"} / x", 1),
            ("x{a=\"b\"} / x offset 1h", 0),
            (
                "rate(x{status=\"ok\"}[5m]) / ignoring(status) rate(x[5m])",
                0,
            ),
            ("rate(x{status=\"ok\"}[5m]) / on(pod) rate(x[5m])", 0),
            ("rate(x{status=\"ok\"}[5m]) / rate(y[5m])", 0),
            ("rate(x{a=\"1\"}[5m]) / rate(x{a=\"2\"}[5m])", 0),
            ("1 / 1", 0),
        ] {
            let gate = format!(
                "args:\n- name: one\n  value: v\n- name: two\n  value: v\n- name: no\nquery: {query}"
            );
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{query}");
        }
    }
}
