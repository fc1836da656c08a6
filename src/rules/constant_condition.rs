//! Conditions that give every answer of the query one phase.

use crate::lint::conditions::{Condition, Conditions, Verdict};
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::lint::table::{Cell, Table};
use crate::promql::Query;

rule! {
    /// ## What it does
    ///
    /// Finds a gate whose conditions give one phase to everything that its query can answer: every number in the range that
    /// the query proves, several series, and no series at all.
    ///
    /// ## Why it matters
    ///
    /// It looks like a gate and decides nothing: it always passes, or it aborts every release.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: count(kube_pod_info{namespace="shop"}) or vector(0)
    /// successCondition: result[0] >= 0
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: count(kube_pod_info{namespace="shop"}) or vector(0)
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A range is proved for counts, rates, sums of counters and shares; of other queries every number is taken for possible.
    "constant-condition", "whatever the query answers, the phase is the same",
    Conditions, levels: [Deny, Warn],
    yields_to: ["constant-query", "missing-condition", "threshold-unit", "inverted-condition", "invalid-condition"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, _: &Query, out: &mut Findings<'_>) {
    let Some(table) = &gate.table else {
        return;
    };
    if gate.conditions.is_empty() {
        return;
    }
    let Some(verdict) = one_verdict(table, |cell| cell.key != "no data" && !is_nan(cell)) else {
        return;
    };
    // Some other value of the argument may decide.
    let has_holes = |condition: &Condition| condition.filled.has_holes();
    if gate.conditions.iter().any(has_holes) {
        out.skip("a condition has an argument without value");
        return;
    }
    let spot = gate.at_conditions();
    if one_verdict(table, |_| true).is_some() {
        out.deny(
            spot,
            format!(
                "whatever the query answers, the measurement is {}",
                verdict.as_str()
            ),
        )
        .help("compare with a number that a bad canary reaches and a healthy one does not");
    } else if !asks_for_absence(&gate.conditions) {
        out.warn(
            spot,
            format!(
                "every number that the query can answer is {}: only an answer without data differs",
                verdict.as_str()
            ),
        )
        .help("compare with a number that a bad canary reaches, or ask for `len(result)` where presence is meant");
    }
}

/// The phase of all reachable cells whose key `counts`; none where they differ, hang on an argument, or err.
fn one_verdict(table: &Table, counts: impl Fn(&Cell) -> bool) -> Option<Verdict> {
    let mut verdicts = table
        .all_reachable()
        .filter(|cell| counts(cell))
        .map(|cell| cell.verdict);
    let first = verdicts.next()?;
    let is_decided = !matches!(first, Verdict::Unknown | Verdict::Error);
    (is_decided && verdicts.all(|verdict| verdict == first)).then_some(first)
}

/// Whether it is, or holds, what 0 / 0 is: the answer without traffic, under whatever key.
fn is_nan(cell: &Cell) -> bool {
    cell.probe.iter().any(|element| element.is_nan())
}

fn asks_for_absence(conditions: &Conditions) -> bool {
    conditions
        .iter()
        .any(|condition| condition.names("len") || condition.names("isNaN"))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn conditions_that_decide_nothing() {
        for (gate, expected) in [
            (
                "query: count(a{namespace=\"x\"}) or vector(0)\nsuccessCondition: result[0] >= 0",
                &["deny"][..],
            ),
            (
                "query: count(a{namespace=\"x\"})\nsuccessCondition: result[0] >= 0",
                &["warn"],
            ),
            (
                "query: count(a{namespace=\"x\"})\nsuccessCondition: len(result) > 0 && result[0] >= 0",
                &[],
            ),
            (
                "query: count(a{namespace=\"x\"})\nsuccessCondition: result[0] >= 1",
                &[],
            ),
            (
                "query: sum(rate(a_total{namespace=\"x\"}[5m]))\nfailureCondition: result[0] < 0",
                &["warn"],
            ),
            (
                "query: sum(a{namespace=\"x\"})\nsuccessCondition: result[0] >= 0",
                &[],
            ),
            (
                "query: sum(a{namespace=\"x\"})\nsuccessCondition: len(result) > 0",
                &[],
            ),
            (
                "query: sum(a{namespace=\"x\"})\nsuccessCondition: 'true'",
                &["deny"],
            ),
        ] {
            assert_eq!(found(super::RULE.name, gate), expected, "{gate}");
        }
    }
}
