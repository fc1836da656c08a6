//! A counter function over a gauge.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{Expr, ExprKind};
use crate::promql::names::says_gauge;
use crate::promql::select::counter_calls;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds `rate`, `irate`, `increase` or `resets` over a metric whose name says that it is a gauge.
    ///
    /// ## Why it matters
    ///
    /// A counter function takes every fall for a restart. Over a gauge that stands still it is 0, whatever the gauge says.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(increase(kube_pod_status_ready{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_status_ready{namespace="shop"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Only the name is asked; a name that says nothing is not judged. Inside `histogram_…()` a bare `…_seconds` is a native
    /// histogram, and is not judged either.
    "rate-of-gauge", "a counter function over a gauge",
    Counters, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let histograms = histograms(&query.expr);
    for call in counter_calls(&query.expr) {
        if !matches!(call.function, "rate" | "irate" | "increase" | "resets")
            || histograms.iter().any(|span| span.holds(call.expr.span))
        {
            continue;
        }
        let Some(name) = call.selector().and_then(|selector| selector.metric()) else {
            continue;
        };
        if says_gauge(name) {
            out.warn(
                gate.in_query(call.expr.span),
                format!(
                    "`{}` over the gauge `{name}` takes every fall for a restart",
                    call.function
                ),
            )
            .help(match call.function {
                "rate" | "irate" => format!("write `deriv(…)` for a slope, or `{name}` itself"),
                _ => format!("write `delta(…)` for a difference, or `{name}` itself"),
            });
        }
    }
}

/// Where histograms are asked for: a native one has the bare name, `http_request_duration_seconds`.
fn histograms(expr: &Expr) -> Vec<Span> {
    let mut found = Vec::new();
    expr.walk(&mut |node| {
        if let ExprKind::Call(call) = &node.kind
            && call.function.name.starts_with("histogram_")
        {
            found.push(node.span);
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn gauges_by_name() {
        for (query, expected) in [
            ("increase(kube_pod_status_ready[5m])", 1),
            ("rate(queue_depth[5m])", 1),
            ("rate(requests_total[5m])", 0),
            ("rate(something[5m])", 0),
            ("delta(queue_depth[5m])", 0),
            ("rate(job_duration_seconds_sum[5m])", 0),
            ("rate(job_duration_seconds[5m])", 1),
            // A native histogram has no suffix.
            (
                "histogram_quantile(0.9, sum(rate(job_duration_seconds[5m])))",
                0,
            ),
            (
                "histogram_avg(sum by (pod) (rate(job_duration_seconds[5m])))",
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
