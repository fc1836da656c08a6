//! A number that neither condition is true of.

use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;

rule! {
    /// ## What it does
    ///
    /// Finds a number that the query can answer and of which neither `successCondition` nor `failureCondition` is true.
    ///
    /// ## Why it matters
    ///
    /// Argo calls such a measurement Inconclusive: past `inconclusiveLimit` the rollout pauses until a person acts. That may
    /// be just what is meant.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",code=~"2.."}[5m])) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] >= 0.95
    /// failureCondition: len(result) == 0 || result[0] < 0.90
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",code=~"2.."}[5m])) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] >= 0.95
    /// ```
    "condition-gap", "a number fulfils neither condition: the rollout pauses",
    Conditions, levels: [Info],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, _: &Query, out: &mut Findings<'_>) {
    let Some(table) = &gate.table else {
        return;
    };
    let gap = table.all_reachable().find(|cell| {
        // What this plugin makes of a fallback is not the conditions' doing.
        cell.is_number() && cell.key != "fallback" && cell.verdict == Verdict::Inconclusive
    });
    if let Some(cell) = gap {
        out.info(
            gate.at_conditions(),
            format!(
                "neither condition is true of {}: such a measurement is Inconclusive, and the rollout pauses",
                cell.in_words()
            ),
        )
        .help("let the conditions meet, or keep the gap where a person shall decide");
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn numbers_between_the_conditions() {
        let query = "query: sum(rate(a_total{namespace=\"x\"}[5m]))\n";
        for (conditions, expected) in [
            (
                "successCondition: result[0] >= 10\nfailureCondition: result[0] < 5",
                &["info"][..],
            ),
            (
                "successCondition: result[0] >= 5\nfailureCondition: result[0] < 5",
                &[],
            ),
            ("successCondition: result[0] >= 5", &[]),
            ("failureCondition: result[0] < 5", &[]),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("{query}{conditions}")),
                expected,
                "{conditions}"
            );
        }
    }
}
