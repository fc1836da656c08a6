//! A gauge's function over a counter.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::names::counts_events;
use crate::promql::select::counter_calls;

rule! {
    /// ## What it does
    ///
    /// Finds `delta`, `idelta` or `deriv` over a metric whose name says that it is a counter.
    ///
    /// ## Why it matters
    ///
    /// They do not know that a counter starts again at 0: after a restart the answer is negative, and passes every upper bound.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(delta(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(increase(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 5
    /// ```
    "delta-of-counter", "a gauge's function over a counter",
    Counters, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    for call in counter_calls(&query.expr) {
        let Some(name) = call.selector().and_then(|selector| selector.metric()) else {
            continue;
        };
        if !counts_events(name) {
            continue;
        }
        let instead = match call.function {
            "delta" | "idelta" => "increase",
            "deriv" => "rate",
            _ => continue,
        };
        out.warn(
            gate.in_query(call.call.name_span),
            format!(
                "`{}` over the counter `{name}` is negative after a restart",
                call.function
            ),
        )
        .help(format!("write `{instead}`"))
        // A gauge may have the name of a counter, and its falls would be taken for restarts.
        .fix(gate.fix_query(false, &[(call.call.name_span, instead.to_owned())]));
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn counters_by_name() {
        for (query, expected) in [
            ("delta(a_total[5m])", 1),
            ("idelta(a_seconds_count[5m])", 1),
            ("delta(node_count[5m])", 0),
            ("deriv(a_total[5m])", 1),
            ("delta(queue_depth[5m])", 0),
            ("increase(a_total[5m])", 0),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("query: {query}")).len(),
                expected,
                "{query}"
            );
        }
    }

    #[test]
    fn delta_becomes_increase() {
        let (text, is_safe) = fixed(super::RULE.name, "query: sum(delta(a_total[5m]))");
        assert!(
            text.contains("query: sum(increase(a_total[5m]))") && !is_safe,
            "{text}"
        );
        let (text, is_safe) = fixed(super::RULE.name, "query: deriv(a_total[5m])");
        assert!(
            text.contains("query: rate(a_total[5m])") && !is_safe,
            "{text}"
        );
    }
}
