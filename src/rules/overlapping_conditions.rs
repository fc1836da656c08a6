//! Two conditions that are both true of some result.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;

rule! {
    /// ## What it does
    ///
    /// Finds a result that the query can answer and that fulfils `successCondition` and `failureCondition` at once.
    ///
    /// ## Why it matters
    ///
    /// Argo calls such a measurement Failed. Whoever reads the success condition alone expects it to pass.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",code=~"2.."}[5m])) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] >= 0.90
    /// failureCondition: len(result) == 0 || !(result[0] >= 0.95)
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",code=~"2.."}[5m])) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] >= 0.95
    /// failureCondition: len(result) == 0 || !(result[0] >= 0.90)
    /// ```
    "overlapping-conditions", "a result fulfils both conditions, and failure wins",
    Conditions, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, _: &Query, out: &mut Findings<'_>) {
    let (Some(table), Some(success), Some(failure)) = (
        &gate.table,
        &gate.conditions.success,
        &gate.conditions.failure,
    ) else {
        return;
    };
    let both = table.all_reachable().find(|cell| {
        let result = gate.conditions.result(&cell.probe);
        success.holds(&result) == Some(true) && failure.holds(&result) == Some(true)
    });
    if let Some(cell) = both {
        out.warn(
            failure.spot(failure.all()),
            format!(
                "both conditions are true of {}, which is then Failed",
                cell.in_words()
            ),
        )
        .help("part them: what fails must not succeed");
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::said;

    #[test]
    fn results_that_fulfil_both() {
        let query = "query: sum(rate(a_total{namespace=\"x\"}[5m]))\n";
        for (conditions, expected) in [
            (
                "successCondition: result[0] >= 5\nfailureCondition: result[0] < 10",
                &[
                    "warn at `result[0] < 10`: both conditions are true of 5, which is then Failed; part them: what fails must not succeed",
                ][..],
            ),
            (
                "successCondition: result[0] >= 10\nfailureCondition: result[0] < 5",
                &[],
            ),
            (
                "successCondition: result[0] >= 10\nfailureCondition: result[0] < {{args.unknown}}",
                &[],
            ),
            ("successCondition: result[0] >= 10", &[]),
        ] {
            assert_eq!(
                said(super::RULE.name, &format!("{query}{conditions}")),
                expected,
                "{conditions}"
            );
        }
    }
}
