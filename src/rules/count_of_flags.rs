//! A count of pods in the place of a count of ready ones.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{AggregateOp, BinaryOp, Expr, ExprKind};
use crate::promql::literal::literal;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds `count` of a gauge that is 0 or 1, such as `kube_pod_container_status_ready`.
    ///
    /// ## Why it matters
    ///
    /// `count` counts series, whatever their value: a pod that is not ready counts as much as one that is.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: count(kube_pod_container_status_ready{namespace="shop"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="shop"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Flags are known by the ends of their names: `_ready`, `_running`, `_available`, `_waiting`, `_terminated`, and `up`.
    "count-of-flags", "`count` of a 0/1 gauge counts pods, not ready ones",
    Counters, levels: [Warn],
    check: Check::Query(check),
}

/// Ends of the names of gauges that are 0 or 1.
const FLAGS: [&str; 6] = [
    "_ready",
    "_running",
    "_available",
    "_waiting",
    "_terminated",
    "_healthy",
];

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let nothing = times_zero(&query.expr);
    query.expr.walk(&mut |node| {
        let ExprKind::Aggregation(aggregation) = &node.kind else {
            return;
        };
        // Under a comparison, `count(x == 1)`, the flag is asked.
        let ExprKind::Selector(selector) = &aggregation.expr.unwrapped().kind else {
            return;
        };
        let Some(name) = selector.metric().filter(|name| is_flag(name)) else {
            return;
        };
        let is_presence = nothing.iter().any(|span| span.holds(node.span));
        if aggregation.op == AggregateOp::Count && !is_presence {
            out.warn(
                gate.in_query(node.span),
                format!("`count` counts the series of `{name}`, those that are 0 too"),
            )
            .help("write `sum`, which counts those that are 1")
            .fix(gate.fix_query(false, &[(aggregation.op_span, "sum".to_owned())]));
        }
    });
}

/// What is multiplied by 0: only whether it is there counts.
fn times_zero(expr: &Expr) -> Vec<Span> {
    let mut spans = Vec::new();
    expr.walk(&mut |node| {
        if let ExprKind::Binary(binary) = &node.kind
            && binary.op == BinaryOp::Multiply
            && [&binary.left, &binary.right]
                .map(literal)
                .contains(&Some(0.0))
        {
            spans.push(node.span);
        }
    });
    spans
}

fn is_flag(name: &str) -> bool {
    name == "up" || FLAGS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn counts_of_flags() {
        for (query, expected) in [
            ("count(kube_pod_container_status_ready)", 1),
            ("sum(count(kube_pod_container_status_ready))", 1),
            ("count by (node) (up)", 1),
            ("count(kube_pod_container_status_ready == 1)", 0),
            ("count(kube_pod_info)", 0),
            ("sum(x) or 0 * count(up{namespace=\"a\"})", 0),
            ("sum(x) or (count(up)) * 0", 0),
            ("sum(x) or 2 * count(up)", 1),
            ("sum(kube_pod_container_status_ready)", 0),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("query: {query}")).len(),
                expected,
                "{query}"
            );
        }
        let (text, is_safe) = fixed(super::RULE.name, "query: count(up)");
        assert!(text.contains("query: sum(up)") && !is_safe, "{text}");
    }
}
