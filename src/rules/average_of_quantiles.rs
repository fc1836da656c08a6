//! A mean or sum of quantiles.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{AggregateOp, Expr, ExprKind};

rule! {
    /// ## What it does
    ///
    /// Finds `avg` or `sum` over quantiles: over `histogram_quantile`, or over a summary's `quantile` label.
    ///
    /// ## Why it matters
    ///
    /// Quantiles do not add up: the mean of two pods' 95th percentiles is no 95th percentile, and a slow pod with little
    /// traffic weighs as much as a fast one with much.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: avg(request_duration_seconds{namespace="shop",quantile="0.95"})
    /// successCondition: len(result) > 0 && result[0] < 0.5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: histogram_quantile(0.95, sum by (le) (rate(request_duration_seconds_bucket{namespace="shop"}[5m])))
    /// successCondition: len(result) > 0 && result[0] < 0.5
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A summary has no buckets: there `max` of the pods' quantiles, which is at least an upper bound, is silent.
    "average-of-quantiles", "a mean of quantiles is no quantile",
    Counters, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    query.expr.walk(&mut |node| {
        let ExprKind::Aggregation(aggregation) = &node.kind else {
            return;
        };
        let op = aggregation.op;
        if matches!(op, AggregateOp::Avg | AggregateOp::Sum) && are_quantiles(&aggregation.expr) {
            out.warn(
                gate.in_query(node.span),
                format!("the `{}` of quantiles is no quantile", op.as_str()),
            )
            .help("sum the buckets by `le` inside `histogram_quantile`, or take the `max`");
        }
    });
}

/// The numbers that are aggregated are quantiles themselves.
fn are_quantiles(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Paren(inner) => are_quantiles(inner),
        ExprKind::Call(call) => {
            call.function.name == "histogram_quantile"
                || call.function.name.ends_with("_over_time")
                    && call.args.last().is_some_and(are_quantiles)
        }
        ExprKind::Subquery(subquery) => are_quantiles(&subquery.expr),
        ExprKind::Selector(_) | ExprKind::Matrix(_) => expr.selector().is_some_and(|selector| {
            selector
                .matchers
                .iter()
                .any(|matcher| matcher.label.text == "quantile")
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn quantiles_that_are_added() {
        for (query, expected) in [
            ("avg(a{quantile=\"0.9\"})", 1),
            ("sum by (pod) (a{quantile=~\"0.9.*\"})", 1),
            (
                "avg(histogram_quantile(0.9, sum by (le, pod) (rate(a_bucket[5m]))))",
                1,
            ),
            ("avg(avg_over_time(a{quantile=\"0.9\"}[5m]))", 1),
            ("max(a{quantile=\"0.9\"})", 0),
            ("avg(a)", 0),
            (
                "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m])))",
                0,
            ),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("query: {query}")).len(),
                expected,
                "{query}"
            );
        }
    }
}
