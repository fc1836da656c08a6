//! A rate a second in the place of a share.

use crate::lint::conditions::Operand;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{BinaryOp, ExprKind};
use crate::promql::select::counter_calls;
use crate::text::float::go_float;

rule! {
    /// ## What it does
    ///
    /// Finds a metric that is called after a share, as `error-rate` or `availability` are, and compares a bare `rate` with a
    /// number between 0 and 1.
    ///
    /// ## Why it matters
    ///
    /// `rate` counts events a second: `< 0.05` is one failure in twenty seconds, whatever the traffic. With little traffic
    /// everything passes, with much nothing.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// name: error-rate
    /// query: sum(rate(app_errors_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 0.05
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// name: error-rate
    /// query: sum(rate(app_errors_total{namespace="shop"}[5m])) / sum(rate(app_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 0.05
    /// ```
    "missing-denominator", "a rate a second is compared like a share",
    Counters, levels: [Warn],
    yields_to: ["threshold-unit", "inverted-condition"],
    check: Check::Query(check),
}

/// Words of names that promise a share by themselves.
const SHARES: [&str; 5] = ["ratio", "share", "percent", "percentage", "availability"];

/// Words of outcomes, of which `rate` means the share.
const OUTCOMES: [&str; 9] = [
    "error", "errors", "success", "failure", "failures", "failed", "fail", "5xx", "4xx",
];

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let name = &gate.metric.name.text;
    let mut has_division = false;
    query.expr.walk(&mut |node| {
        has_division |=
            matches!(&node.kind, ExprKind::Binary(binary) if binary.op == BinaryOp::Divide);
    });
    let counts = counter_calls(&query.expr);
    let Some(call) = counts
        .iter()
        .find(|call| matches!(call.function, "rate" | "irate" | "increase"))
    else {
        return;
    };
    if has_division || !promises_a_share(name) {
        return;
    }
    for condition in gate.conditions.iter() {
        let share = condition.comparisons.iter().find(|comparison| {
            comparison.operand == Operand::Value && comparison.value > 0.0 && comparison.value < 1.0
        });
        if let Some(comparison) = share {
            out.warn(
                condition.spot(comparison.span),
                format!(
                    "`{name}` promises a share, but nothing divides `{}`: {} is a number of events{}",
                    call.function,
                    go_float(comparison.value),
                    match call.function {
                        "increase" => "",
                        _ => " a second",
                    }
                ),
            )
            .help("divide by all events: `sum(rate(…)) / sum(rate(…))`");
            return;
        }
    }
}

fn promises_a_share(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words: Vec<_> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    has(&SHARES) || has(&OUTCOMES) && has(&["rate"])
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn names_that_promise_a_share() {
        for (name, query, condition, expected) in [
            (
                "error-rate",
                "sum(rate(e_total[5m]))",
                "result[0] < 0.05",
                1,
            ),
            (
                "success_ratio",
                "sum(rate(s_total[5m]))",
                "result[0] >= 0.95",
                1,
            ),
            (
                "availability",
                "sum(increase(s_total[5m]))",
                "result[0] >= 0.95",
                1,
            ),
            (
                "error-rate",
                "sum(rate(e_total[5m])) / sum(rate(t_total[5m]))",
                "result[0] < 0.05",
                0,
            ),
            ("error-rate", "sum(rate(e_total[5m]))", "result[0] < 5", 0),
            (
                "request-rate",
                "sum(rate(t_total[5m]))",
                "result[0] > 0.05",
                0,
            ),
            ("errors", "sum(rate(e_total[5m]))", "result[0] < 0.05", 0),
        ] {
            let gate = format!("name: {name}\nquery: {query}\nsuccessCondition: {condition}");
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{gate}");
        }
    }
}
