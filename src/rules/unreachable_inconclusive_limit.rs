//! An `inconclusiveLimit` where no measurement can be Inconclusive.

use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::{Engine, Gate};
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds an `inconclusiveLimit` above 0 where no answer of the query is Inconclusive.
    ///
    /// ## Why it matters
    ///
    /// A measurement is Inconclusive only where both conditions are written and neither is fulfilled. The limit reads as
    /// if a middle ground was tolerated, but there is none: each measurement passes or fails.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// inconclusiveLimit: 2
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    "unreachable-inconclusive-limit", "no measurement can be inconclusive",
    Limits, levels: [Warn],
    rests_on_no_data: true,
    yields_to: ["invalid-metric-spec", "missing-condition"],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let (Some(field), Some(limit)) = (
        &gate.metric.inconclusive_limit,
        gate.limits.metric.inconclusive_limit,
    ) else {
        return;
    };
    if limit <= 0 || gate.engine == Engine::Other || gate.is_dry_run() || can_be_undecided(gate) {
        return;
    }
    let why = match gate.conditions.iter().count() {
        2 => "one of the two conditions is always fulfilled".to_owned(),
        _ => match gate.conditions.iter().next() {
            Some(condition) => format!("`{}` stands alone and decides", condition.name),
            None => "there is no condition".to_owned(),
        },
    };
    out.warn(
        gate.at("inconclusiveLimit", field),
        format!("`inconclusiveLimit: {limit}`, but no measurement can be Inconclusive: {why}"),
    )
    .help("drop it, or write both conditions with a gap between them")
    .fix(gate.fix_removal(true, field));
}

/// Whether an answer of the query may be Inconclusive; a lone condition decides, as fulfilled or not.
fn can_be_undecided(gate: &Gate<'_>) -> bool {
    let waits = gate.engine.is_plugin() && gate.engine.guards_no_data();
    if waits {
        return true;
    }
    if gate.conditions.iter().count() < 2 {
        return false;
    }
    gate.table.as_ref().is_none_or(|table| {
        let mut reachable = table.cells.iter().filter(|cell| cell.is_reachable);
        reachable.any(|cell| matches!(cell.verdict, Verdict::Inconclusive | Verdict::Unknown))
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn a_limit_of_what_cannot_happen() {
        let ratio = "query: sum(rate(e[5m])) / sum(rate(t[5m]))\n";
        let count = "query: sum(up) or vector(0)\n";
        for (query, more, expected) in [
            (
                ratio,
                "successCondition: result[0] < 0.05\ninconclusiveLimit: 2",
                &["warn"][..],
            ),
            (
                ratio,
                "failureCondition: result[0] > 0.05\ninconclusiveLimit: 2",
                &["warn"],
            ),
            (
                ratio,
                "successCondition: result[0] < 0.05\ninconclusiveLimit: 0",
                &[],
            ),
            (ratio, "successCondition: result[0] < 0.05", &[]),
            // NaN fulfils neither.
            (
                ratio,
                "successCondition: result[0] < 0.05\nfailureCondition: result[0] >= 0.05\ninconclusiveLimit: 2",
                &[],
            ),
            (
                count,
                "successCondition: result[0] > 1\nfailureCondition: result[0] <= 1\ninconclusiveLimit: 2",
                &["warn"],
            ),
            (
                count,
                "successCondition: result[0] > 2\nfailureCondition: result[0] < 1\ninconclusiveLimit: 2",
                &[],
            ),
            (
                ratio,
                "successCondition: result[0] < 0.05\ninconclusiveLimit: 2\nprovider: plugin",
                &[],
            ),
            (
                ratio,
                "successCondition: result[0] < 0.05\ninconclusiveLimit: 2\nprovider: plugin\nguard: observe",
                &["warn"],
            ),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("{query}{more}")),
                expected,
                "{query}{more}"
            );
        }
    }
}
