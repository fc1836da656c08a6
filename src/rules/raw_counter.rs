//! A counter judged by its height.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::isolation::{Isolation, isolation};
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::names::counts_events;
use crate::promql::select::{DataSelector, data_selectors, is_counter_function};

rule! {
    /// ## What it does
    ///
    /// Finds a metric whose name says that it is a counter, without `rate` or `increase` around it.
    ///
    /// ## Why it matters
    ///
    /// A counter holds everything since its process began: the gate judges how old the pods are. For the pods of this very
    /// release it is what happened in this release, so there the rule is silent.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(app_errors_total{namespace="shop"})
    /// successCondition: len(result) > 0 && result[0] < 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(increase(app_errors_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 5
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Only the name is asked; a name that says nothing is not judged, and a bare count, `executor_count`, mostly is a gauge.
    "raw-counter", "a counter judged by its height, not its increase",
    Counters, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let selectors = data_selectors(&query.expr);
    // Two heights at two times are an increase made by hand.
    if selectors.iter().any(|each| each.has_offset) {
        return;
    }
    for each in selectors.iter().filter(|each| is_judged_raw(each)) {
        let Some(name) = each.selector.metric().filter(|name| counts_events(name)) else {
            continue;
        };
        if !matches!(isolation(gate, query), Isolation::Mixed) {
            return;
        }
        out.warn(
            gate.in_query(each.span),
            format!(
                "`{name}` counts since its process began: its height says how old the pods are"
            ),
        )
        .help(format!(
            "write `increase({name}{{…}}[5m])`, or select the canary's pods alone"
        ));
        return;
    }
}

/// No function around it looks at changes, at presence or at times.
fn is_judged_raw(each: &DataSelector<'_>) -> bool {
    let is_other = |name: &str| {
        is_counter_function(name)
            || name.starts_with("absent")
            || matches!(
                name,
                "count" | "group" | "timestamp" | "count_over_time" | "present_over_time"
            )
    };
    !each.callers().any(is_other) && !each.function.is_some_and(is_other)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn heights_of_counters() {
        for (query, expected) in [
            ("sum(errors_total)", 1),
            ("errors_total > 5", 1),
            ("max_over_time(errors_total[5m])", 1),
            ("sum(x_seconds_sum) / sum(x_seconds_count)", 1),
            ("sum(spark_executor_count)", 0),
            ("sum(rate(errors_total[5m]))", 0),
            ("count(errors_total)", 0),
            ("absent(errors_total)", 0),
            ("errors_total - errors_total offset 5m", 0),
            ("max(errors_total{pod=~\"a-{{args.canary-hash}}-.*\"})", 0),
            ("sum(queue_depth)", 0),
        ] {
            let gate = format!("args:\n- name: canary-hash\nquery: {query}");
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{query}");
        }
    }
}
