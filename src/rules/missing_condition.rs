//! A metric without a condition: every measurement is Successful.

use crate::lint::findings::Findings;
use crate::lint::gate::{Engine, Gate};
use crate::lint::rule::Check;
use crate::promql::ast::ExprKind;

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
    let text = "neither `successCondition` nor `failureCondition`: every measurement is Successful";
    let has_query = gate
        .query
        .as_ref()
        .is_some_and(|query| query.parsed.is_ok());
    let message = match has_query {
        true => text.to_owned(),
        false => format!("{text}, once there is a query that works"),
    };
    let help = match filter(gate) {
        Some((operator, number)) => format!(
            "say what is bad in the condition, not in the query: `failureCondition: len(result) == 0 || \
             result[0] {operator} {number}`, without `{operator} {number}` in the query"
        ),
        None => "write the condition that a healthy canary fulfils".to_owned(),
    };
    out.deny(gate.at_metric(), message).help(help);
}

/// The comparison at the top of a query, written as an alert is: `errors / all > 0.05`.
fn filter(gate: &Gate<'_>) -> Option<(String, String)> {
    let query = gate.query.as_ref()?.parsed.as_ref().ok()?;
    let ExprKind::Binary(binary) = &query.expr.unwrapped().kind else {
        return None;
    };
    let is_threshold = binary.op.is_comparison() && binary.bool_span.is_none();
    let number = binary.right.unwrapped();
    (is_threshold && matches!(number.kind, ExprKind::Number(_))).then(|| {
        (
            binary.op.as_str().to_owned(),
            gate.in_query(number.span).text,
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn what_an_alert_asks_belongs_into_the_condition() {
        let told = said(super::RULE.name, "query: sum(a) / sum(b) > 0.05");
        assert!(
            told[0].contains("`failureCondition: len(result) == 0 || result[0] > 0.05`"),
            "{told:?}"
        );
        let told = said(super::RULE.name, "query: ''");
        assert!(told[0].contains("once there is a query"), "{told:?}");
    }

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
