//! Measurements closer together than the window that they look at.

use crate::analysis::limits::effective_count;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{Expr, ExprKind, Period};
use crate::text::duration::{go_duration, parse_go_duration};

rule! {
    /// ## What it does
    ///
    /// Finds an `interval` that is shorter than the widest range of the query.
    ///
    /// ## Why it matters
    ///
    /// The measurements share most of their samples. One bad minute stays in a window of five minutes for five minutes:
    /// measured each 30 seconds, it fails ten measurements, and a `failureLimit` of 3 tolerates nothing.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(increase(kube_pod_container_status_restarts_total{namespace="{{args.namespace}}"}[5m]))
    /// args:
    /// - name: namespace
    /// successCondition: len(result) > 0 && result[0] < 5
    /// interval: 30s
    /// count: 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(up{namespace="{{args.namespace}}"})
    /// args:
    /// - name: namespace
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// interval: 30s
    /// count: 5
    /// ```
    ///
    /// ## Known gaps
    ///
    /// It does not add up what `failureLimit` comes to.
    "overlapping-windows", "measurements share their samples",
    Limits, levels: [Info],
    yields_to: ["invalid-metric-spec"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let limits = &gate.limits.metric;
    let interval = parse_go_duration(&limits.interval).map(|ns| ns / 1_000_000);
    let Ok(interval) = interval else {
        return;
    };
    let Some((range, window)) = widest(&query.expr) else {
        return;
    };
    let is_once = !gate.limits.unknown.contains(&"count") && effective_count(limits) == Some(1);
    if interval <= 0 || window <= interval || is_once {
        return;
    }
    let [interval, window] = [interval, window].map(|ms| go_duration(ms.saturating_mul(1_000_000)));
    out.info(
        gate.in_query(range.span),
        format!("measured each `{interval}` over `{window}`: one bad sample counts in several measurements"),
    )
    .help(format!("write `interval: {window}` or more, or a shorter range"));
}

/// The widest range, in milliseconds.
fn widest(expr: &Expr) -> Option<(&Period, i64)> {
    let mut widest = None;
    expr.walk(&mut |expr| {
        let range = match &expr.kind {
            ExprKind::Matrix(matrix) => &matrix.range,
            ExprKind::Subquery(subquery) => &subquery.range,
            _ => return,
        };
        let found = range.milliseconds().map(|ms| (range, ms));
        if found.map(|(_, ms)| ms) > widest.map(|(_, ms)| ms) {
            widest = found;
        }
    });
    widest
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn an_interval_below_the_range() {
        for (query, limits, expected) in [
            ("rate(x[5m])", "interval: 1m\ncount: 3", &["info"][..]),
            ("rate(x[5m])", "interval: 1m", &["info"]),
            ("rate(x[1m])", "interval: 1m\ncount: 3", &[]),
            ("x", "interval: 1m\ncount: 3", &[]),
            (
                "max_over_time(rate(x[1m])[10m:1m])",
                "interval: 5m\ncount: 3",
                &["info"],
            ),
            ("rate(x[5m])", "interval: 1m\ncount: 1", &[]),
            ("rate(x[5m])", "count: 1", &[]),
            (
                "rate(x[{{args.w}}])\nargs:\n- name: w",
                "interval: 1m\ncount: 3",
                &[],
            ),
            (
                "rate(x[{{args.w}}])\nargs:\n- name: w\n  value: 5m",
                "interval: 1m\ncount: 3",
                &["info"],
            ),
        ] {
            let gate = format!("query: {query}\nsuccessCondition: result[0] > 0\n{limits}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{query} {limits}");
        }
        assert_eq!(
            said(
                super::RULE.name,
                "query: rate(x[5m])\ninterval: 1m\ncount: 3"
            ),
            [
                "info at `5m`: measured each `1m0s` over `5m0s`: one bad sample counts in several measurements; \
              write `interval: 5m0s` or more, or a shorter range"
            ]
        );
    }
}
