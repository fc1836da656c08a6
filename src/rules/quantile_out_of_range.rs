//! A quantile outside of 0 to 1.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{AggregateOp, Expr, ExprKind};
use crate::promql::literal::literal;
use crate::text::float::go_float;

rule! {
    /// ## What it does
    ///
    /// Finds `histogram_quantile`, `quantile` or `quantile_over_time` with a number outside of 0 to 1.
    ///
    /// ## Why it matters
    ///
    /// Prometheus answers infinity then: `+Inf` above 1, `-Inf` below 0, whatever the data are.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: histogram_quantile(95, sum by (le) (rate(request_duration_seconds_bucket{namespace="shop"}[5m])))
    /// successCondition: len(result) > 0 && result[0] < 0.5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: histogram_quantile(0.95, sum by (le) (rate(request_duration_seconds_bucket{namespace="shop"}[5m])))
    /// successCondition: len(result) > 0 && result[0] < 0.5
    /// ```
    "quantile-out-of-range", "a quantile outside of 0 to 1 is infinite",
    Counters, levels: [Deny],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    query.expr.walk(&mut |node| {
        let Some((name, phi)) = quantile(node) else {
            return;
        };
        let Some(value) = literal(phi).filter(|value| !(0.0..=1.0).contains(value)) else {
            return;
        };
        let (side, infinity) = if value > 1.0 {
            ("above 1", "+Inf")
        } else {
            ("below 0", "-Inf")
        };
        let finding = out.deny(
            gate.in_query(phi.span),
            format!(
                "a quantile of {} is {side}: `{name}` always answers {infinity}",
                go_float(value)
            ),
        );
        if (1.0..=100.0).contains(&value) {
            let share = go_float(value / 100.0);
            finding
                .help(format!("write `{share}`"))
                .fix(gate.fix_query(false, &[(phi.span, share)]));
        } else {
            finding.help("write a number between 0 and 1");
        }
    });
}

fn quantile(node: &Expr) -> Option<(&'static str, &Expr)> {
    match &node.kind {
        ExprKind::Call(call)
            if matches!(
                call.function.name,
                "histogram_quantile" | "quantile_over_time"
            ) =>
        {
            Some((call.function.name, call.args.first()?))
        }
        ExprKind::Aggregation(aggregation) if aggregation.op == AggregateOp::Quantile => {
            Some(("quantile", aggregation.param.as_ref()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn constant_quantiles() {
        for (query, expected) in [
            (
                "histogram_quantile(95, sum by (le) (rate(a_bucket[5m])))",
                1,
            ),
            (
                "histogram_quantile(0.95, sum by (le) (rate(a_bucket[5m])))",
                0,
            ),
            ("histogram_quantile(1, sum by (le) (rate(a_bucket[5m])))", 0),
            (
                "histogram_quantile(-0.5, sum by (le) (rate(a_bucket[5m])))",
                1,
            ),
            ("quantile(99, a)", 1),
            ("quantile_over_time(1.5, a[5m])", 1),
            (
                "histogram_quantile({{args.q}}, sum by (le) (rate(a_bucket[5m])))",
                0,
            ),
        ] {
            assert_eq!(
                found(
                    super::RULE.name,
                    &format!("args:\n- name: q\nquery: {query}")
                )
                .len(),
                expected,
                "{query}"
            );
        }
        let (text, _) = fixed(super::RULE.name, "query: quantile(99, a)");
        assert!(text.contains("query: quantile(0.99, a)"), "{text}");
    }
}
