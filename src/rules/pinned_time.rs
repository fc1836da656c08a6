//! Selectors that always answer what was at one moment.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::uses_clock;
use crate::promql::ast::{At, AtTime, ExprKind, Modifiers};
use crate::promql::select::{DataSelector, data_selectors};

rule! {
    /// ## What it does
    ///
    /// Finds `@` with a literal timestamp on the selectors of a query.
    ///
    /// ## Why it matters
    ///
    /// Whenever it is asked, such a selector answers what was at that moment. With all selectors pinned each canary is judged
    /// on the same old numbers, and once they are past the retention on none. `@ start()` and `@ end()` move along.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="shop"} @ 1700000000)
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="shop"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    "pinned-time", "a selector that is asked about one old moment",
    Query, levels: [Deny, Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let selectors = data_selectors(&query.expr);
    let pins: Vec<_> = selectors.iter().filter_map(pin).collect();
    let Some(first) = pins.first() else {
        return;
    };
    let all = pins.len() == selectors.len() && !uses_clock(&query.expr);
    let at = quoted(gate, query, first.span);
    let spot = gate.in_query(first.span);
    let finding = match all {
        true => out.deny(
            spot,
            format!(
                "`{at}` pins every selector: each canary is judged on the numbers of that moment"
            ),
        ),
        false => out.warn(
            spot,
            format!(
                "`{at}` pins {} of {} selectors to one moment",
                pins.len(),
                selectors.len()
            ),
        ),
    };
    finding.help(format!("drop `{at}`; to look back from now write `offset`"));
}

/// The `@` with a literal that fixes when it is looked at, its own or that of a subquery around it.
fn pin<'a>(data: &DataSelector<'a>) -> Option<&'a At> {
    let literal = |modifiers: &'a Modifiers| {
        let at = modifiers.at.as_ref();
        at.filter(|at| matches!(at.time, AtTime::Milliseconds(_)))
    };
    let around = data.around.iter().filter_map(|node| match &node.kind {
        ExprKind::Subquery(subquery) => literal(&subquery.modifiers),
        _ => None,
    });
    literal(&data.selector.modifiers)
        .into_iter()
        .chain(around)
        .next()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn literal_timestamps() {
        for (query, expected) in [
            ("x @ 1700000000", &["deny"][..]),
            (
                "sum(rate(x[5m] @ 1700000000)) / sum(rate(y[5m] @ 1700000000))",
                &["deny"],
            ),
            ("max_over_time(sum(x)[5m:1m] @ 1700000000)", &["deny"]),
            (
                "sum(rate(x[5m] @ 1700000000)) / sum(rate(y[5m]))",
                &["warn"],
            ),
            ("time() - x @ 1700000000", &["warn"]),
            ("x @ end()", &[]),
            ("x @ {{args.time}}", &[]),
            ("x offset 1d", &[]),
        ] {
            let gate = format!("query: '{query}'\nsuccessCondition: result[0] > 0");
            assert_eq!(found(super::RULE.name, &gate), expected, "{query}");
        }
        let gate = "query: x @ 1700000000 / x\nsuccessCondition: result[0] > 0";
        assert_eq!(
            said(super::RULE.name, gate),
            [
                "warn at `@ 1700000000`: `@ 1700000000` pins 1 of 2 selectors to one moment; \
              drop `@ 1700000000`; to look back from now write `offset`"
            ]
        );
    }
}
