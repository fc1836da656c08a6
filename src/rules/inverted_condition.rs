//! Conditions that only a bad canary fulfils.

use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::range;
use crate::promql::class::Class;

rule! {
    /// ## What it does
    ///
    /// Finds a gate that passes on bad values and fails on the best one: failures above zero succeed and none at all fail,
    /// or a success share of 0 succeeds and 1 fails.
    ///
    /// ## Why it matters
    ///
    /// It aborts healthy releases and ships broken ones. Copying a failure condition into `successCondition` is enough.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(increase(app_errors_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 0
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(increase(app_errors_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] == 0
    /// ```
    ///
    /// ## Known gaps
    ///
    /// What a query judges is read off names and matchers; where these say nothing, the rule is silent.
    "inverted-condition", "only a bad canary passes",
    Conditions, levels: [Deny, Warn],
    yields_to: ["threshold-unit", "filter-in-query"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    if gate.table.is_none() {
        return;
    }
    let judged = gate.class();
    let highest = range(&query.expr).high;
    let high = if highest.is_finite() {
        highest
    } else {
        f64::INFINITY
    };
    let whole = if highest.is_finite() { highest } else { 1.0 };
    let (best, worst) = match judged.class {
        Class::FailureShare => (0.0, whole),
        Class::FailureCount | Class::Latency => (0.0, high),
        Class::SuccessShare => (whole, 0.0),
        Class::Readiness => (high, 0.0),
        Class::Traffic | Class::Unknown => return,
    };
    let phase = |value: f64| gate.conditions.judge_elements(&[value]);
    if phase(best) != Verdict::Failed || phase(worst) != Verdict::Successful {
        return;
    }
    let level = if judged.sure {
        Level::Deny
    } else {
        Level::Warn
    };
    out.push(
        level,
        gate.at_conditions(),
        format!(
            "a {} of {} is Failed and {} is Successful: only a bad canary passes",
            judged.class.as_str(),
            number(best),
            number(worst)
        ),
    )
    .help("turn the operator, or move the text to the other condition");
}

fn number(value: f64) -> String {
    crate::text::float::go_float(value)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn conditions_turned_round() {
        let restarts = "query: sum(increase(kube_pod_container_status_restarts_total{namespace=\"x\"}[5m])) or vector(0)";
        let share = "query: sum(rate(a_total{namespace=\"x\",code=~\"5..\"}[5m])) / sum(rate(a_total{namespace=\"x\"}[5m]))";
        let success = "query: sum(rate(a_total{namespace=\"x\",code=~\"2..\"}[5m])) / sum(rate(a_total{namespace=\"x\"}[5m]))";
        for (query, condition, expected) in [
            (restarts, "successCondition: result[0] > 0", &["deny"][..]),
            (restarts, "successCondition: result[0] == 0", &[]),
            (restarts, "successCondition: result[0] == 1", &[]),
            (restarts, "failureCondition: result[0] > 0", &[]),
            (restarts, "failureCondition: result[0] == 0", &["deny"]),
            (share, "successCondition: result[0] > 0.05", &["deny"]),
            (share, "successCondition: result[0] <= 0.95", &[]),
            (success, "successCondition: result[0] <= 0.95", &["warn"]),
            (success, "successCondition: result[0] >= 0.95", &[]),
            (
                "query: sum(foo{namespace=\"x\"})",
                "successCondition: result[0] > 0",
                &[],
            ),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("{query}\n{condition}")),
                expected,
                "{query} {condition}"
            );
        }
    }
}
