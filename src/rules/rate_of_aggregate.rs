//! A rate over a subquery of sums.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{AggregateOp, Expr, ExprKind};

rule! {
    /// ## What it does
    ///
    /// Finds `rate`, `irate` or `increase` over a subquery of `sum`, `avg` or `count`.
    ///
    /// ## Why it matters
    ///
    /// A sum of counters falls when one pod goes, as it does in every rollout. The rate takes that fall for a restart and
    /// answers a peak that never was.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: rate(sum(requests_total{namespace="shop"})[5m:])
    /// successCondition: len(result) > 0 && result[0] > 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 5
    /// ```
    "rate-of-aggregate", "a rate over sums, which fall when a pod goes",
    Counters, levels: [Deny],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    query.expr.walk(&mut |node| {
        let Some((function, op)) = rate_of(node) else {
            return;
        };
        out.deny(
            gate.in_query(node.span),
            format!("`{function}` over a subquery of `{op}`: the {op} falls when a pod goes, and that counts as a restart"),
        )
        .help(format!("write `{op}({function}(…[…]))`"));
    });
}

fn rate_of(node: &Expr) -> Option<(&'static str, &'static str)> {
    let ExprKind::Call(call) = &node.kind else {
        return None;
    };
    let function = call.function.name;
    if !matches!(function, "rate" | "irate" | "increase") {
        return None;
    }
    let ExprKind::Subquery(subquery) = &call.args.first()?.unwrapped().kind else {
        return None;
    };
    let ExprKind::Aggregation(aggregation) = &subquery.expr.unwrapped().kind else {
        return None;
    };
    matches!(
        aggregation.op,
        AggregateOp::Sum | AggregateOp::Avg | AggregateOp::Count
    )
    .then_some((function, aggregation.op.as_str()))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn rates_of_subqueries() {
        for (query, expected) in [
            ("rate(sum(a_total)[5m:])", 1),
            ("increase((sum by (pod) (a_total))[5m:1m])", 1),
            ("rate(max by (pod) (a_total)[5m:])", 0),
            ("max_over_time(sum(rate(a_total[5m]))[10m:])", 0),
            ("sum(rate(a_total[5m]))", 0),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("query: {query}")).len(),
                expected,
                "{query}"
            );
        }
    }
}
