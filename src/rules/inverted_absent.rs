//! `absent(…)` with a condition on its value.

use crate::lint::conditions::{Operand, Verdict};
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{Expr, ExprKind};

rule! {
    /// ## What it does
    ///
    /// Finds `absent(…)` or `absent_over_time(…)` as the whole query, with a condition that reads its value and that neither
    /// of its two answers passes.
    ///
    /// ## Why it matters
    ///
    /// `absent(x)` is 1 where `x` is missing, and nothing, not 0, where it is there. `result[0] == 0` can never be true: where
    /// all is well the measurement is an Error.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: absent(up{namespace="shop", job="api"})
    /// successCondition: result[0] == 0
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: absent(up{namespace="shop", job="api"}) or vector(0)
    /// successCondition: result[0] == 0
    /// ```
    "inverted-absent", "absent() has no value where the data are there",
    NoData, levels: [Warn],
    yields_to: ["constant-query", "missing-condition"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let Some(name) = absent(&query.expr) else {
        return;
    };
    let mut comparisons = gate.conditions.iter().flat_map(|c| &c.comparisons);
    let reads_value = comparisons.any(|comparison| comparison.operand == Operand::Value);
    let judge = |elements: Vec<f64>| {
        gate.conditions
            .judge(&crate::condition::ResultValue::Vector(elements))
    };
    let is_closed = |verdict| !matches!(verdict, Verdict::Successful | Verdict::Unknown);
    let present = judge(Vec::new());
    if !reads_value || !is_closed(present) || !is_closed(judge(vec![1.0])) {
        return;
    }
    let text = quoted(gate, query, query.expr.span);
    out.warn(
        gate.at_conditions(),
        format!(
            "`{name}(…)` answers 1 or nothing, never 0: where the data are there, every measurement is {}",
            present.as_str()
        ),
    )
    .help(format!("write `{text} or vector(0)`, which is 0 where the data are there"));
}

fn absent(expr: &Expr) -> Option<&'static str> {
    match &expr.unwrapped().kind {
        ExprKind::Call(call) if call.function.name.starts_with("absent") => {
            Some(call.function.name)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn conditions_on_the_value() {
        for (query, condition, expected) in [
            (
                "absent(up)",
                "successCondition: result[0] == 0",
                &["warn"][..],
            ),
            (
                "(absent_over_time(up[5m]))",
                "successCondition: result[0] == 0",
                &["warn"],
            ),
            ("absent(up)", "failureCondition: result[0] == 1", &["warn"]),
            ("absent(up)", "successCondition: len(result) == 0", &[]),
            (
                "absent(up)",
                "successCondition: len(result) == 0 || result[0] == 0",
                &[],
            ),
            (
                "absent(up) or vector(0)",
                "successCondition: result[0] == 0",
                &[],
            ),
            ("absent(up)", "successCondition: result[0] == 1", &[]),
            ("sum(up)", "successCondition: result[0] == 0", &[]),
        ] {
            let gate = format!("query: {query}\n{condition}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }
}
