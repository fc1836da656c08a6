//! A metric without a condition: every measurement is Successful.

use crate::lint::findings::Findings;
use crate::lint::gate::{Engine, Gate};
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds a metric with neither `successCondition` nor `failureCondition`.
    ///
    /// ## Why it matters
    ///
    /// Argo calls every measurement of such a metric Successful, whatever it measured: the gate is open for ever.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(increase(app_errors_total{namespace="shop"}[5m]))
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
    /// A metric that is only watched is meant: list it under `dryRun`, and the rule is silent.
    "missing-condition", "every measurement passes, as there is no condition",
    Conditions, levels: [Deny],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    if gate.engine == Engine::Other || !gate.conditions.is_empty() || gate.is_dry_run() {
        return;
    }
    out.deny(
        gate.at_metric(),
        "neither `successCondition` nor `failureCondition`: every measurement is Successful",
    )
    .help("write the condition that a healthy canary fulfils");
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn a_metric_without_a_condition() {
        let query = "query: sum(increase(app_errors_total{namespace=\"shop\"}[5m]))\n";
        for (more, expected) in [
            ("", &["deny"][..]),
            ("successCondition: len(result) > 0 && result[0] < 5", &[]),
            ("failureCondition: len(result) == 0 || result[0] > 5", &[]),
            ("dryRun: .*", &[]),
            ("provider: plugin", &["deny"]),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("{query}{more}")),
                expected,
                "{more}"
            );
        }
    }
}
