//! An aggregation over divisions, one NaN of which spoils it.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::{Certainty, Series, can_be_nan, series};
use crate::promql::ast::{AggregateOp, BinaryOp, Expr, ExprKind, ValueType};
use crate::promql::select::counter_calls;

rule! {
    /// ## What it does
    ///
    /// Finds a division of series by series inside `sum`, `avg`, `stddev` or `stdvar`.
    ///
    /// ## Why it matters
    ///
    /// One pod without traffic divides 0 by 0, and one NaN makes the whole aggregate NaN. The mean of shares also weighs an
    /// idle pod like a busy one.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: avg(rate(app_errors_total{namespace="shop"}[5m]) / rate(app_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 0.05
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(app_errors_total{namespace="shop"}[5m])) / sum(rate(app_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 0.05
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Divisions by what does not count events, such as a memory limit, are not judged.
    "nan-in-aggregate", "one NaN of a division spoils the aggregate",
    Counters, levels: [Warn],
    yields_to: ["unmatched-operands"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    query.expr.walk(&mut |node| {
        let ExprKind::Aggregation(aggregation) = &node.kind else {
            return;
        };
        let op = aggregation.op;
        let spoils = matches!(
            op,
            AggregateOp::Sum | AggregateOp::Avg | AggregateOp::Stddev | AggregateOp::Stdvar
        );
        let Some(division) = division(&aggregation.expr).filter(|_| spoils) else {
            return;
        };
        out.warn(
            gate.in_query(division.span),
            format!(
                "one series without traffic divides 0 by 0, and makes the whole `{}` NaN",
                op.as_str()
            ),
        )
        .help("aggregate each side and divide then: `sum(…) / sum(…)`");
    });
}

/// A division by series that may be 0, of which each result is one element of the aggregate.
fn division(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Paren(inner) => division(inner),
        ExprKind::Binary(binary) => match binary.op {
            BinaryOp::Divide | BinaryOp::Modulo => {
                let divides_series = binary.left.value_type == ValueType::Vector
                    && binary.right.value_type == ValueType::Vector;
                let is_open = can_be_nan(expr) != Certainty::No && series(expr) == Series::Many;
                (divides_series && is_open && counts(&binary.right)).then_some(expr)
            }
            BinaryOp::Multiply | BinaryOp::Add | BinaryOp::Subtract => {
                division(&binary.left).or_else(|| division(&binary.right))
            }
            // A filter drops NaN, and a fallback does not help against it.
            BinaryOp::Or => division(&binary.left),
            _ => None,
        },
        _ => None,
    }
}

/// Whether it tells how much happened, which may be nothing; a limit or a capacity is not 0 one moment and more the next.
fn counts(expr: &Expr) -> bool {
    let mut is_recorded = false;
    expr.walk(&mut |node| {
        let name = node.selector().and_then(|selector| selector.metric());
        is_recorded |= name.is_some_and(|name| name.contains(':'));
    });
    is_recorded || !counter_calls(expr).is_empty()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn divisions_inside() {
        for (query, expected) in [
            ("avg(rate(e_total[5m]) / rate(t_total[5m]))", 1),
            ("sum(100 * (rate(e_total[5m]) / rate(t_total[5m])))", 1),
            ("max(rate(e_total[5m]) / rate(t_total[5m]))", 0),
            ("avg(rate(e_total[5m]) / (rate(t_total[5m]) > 0))", 0),
            ("avg(a / 1024)", 0),
            ("avg(job:errors:rate5m / job:requests:rate5m)", 1),
            ("avg(container_memory_bytes / container_limit_bytes)", 0),
            ("sum(rate(e_total[5m])) / sum(rate(t_total[5m]))", 0),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("query: {query}")).len(),
                expected,
                "{query}"
            );
        }
    }
}
