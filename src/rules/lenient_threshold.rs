//! A threshold that lets half of all requests fail.

use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::range;
use crate::promql::ast::{BinaryOp, Expr, ExprKind};
use crate::promql::class::Class;
use crate::promql::literal::literal;

rule! {
    /// ## What it does
    ///
    /// Finds a gate that passes when more than half of all requests fail.
    ///
    /// ## Why it matters
    ///
    /// A threshold such as `<= 0.95` on a share of failures is that of a share of successes: the gate stops next to nothing.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",code=~"5.."}[5m])) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] <= 0.95
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: (sum(rate(requests_total{namespace="shop",code=~"5.."}[5m])) or 0 * sum(rate(requests_total{namespace="shop"}[5m]))) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] <= 0.05
    /// ```
    "lenient-threshold", "passes while more than half of all requests fail",
    Conditions, levels: [Warn],
    yields_to: ["inverted-condition", "threshold-unit", "constant-condition", "missing-condition"],
    check: Check::Query(check),
}

/// A share on the bad side of one half.
const MOST: f64 = 0.51;

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    if gate.table.is_none() {
        return;
    }
    let scale = match range(&query.expr).high {
        high if high.is_finite() && high > 1.0 => high,
        _ => factor(&query.expr),
    };
    let (bad, what) = match gate.class().class {
        Class::FailureShare => (MOST * scale, "failures"),
        Class::SuccessShare => ((1.0 - MOST) * scale, "successes"),
        _ => return,
    };
    if gate.conditions.judge_elements(&[bad]) != Verdict::Successful {
        return;
    }
    let threshold = gate.conditions.iter().flat_map(|condition| {
        let compared = condition.comparisons.iter();
        compared.map(move |comparison| condition.spot(comparison.span))
    });
    let spot = threshold.last().unwrap_or_else(|| gate.at_conditions());
    out.warn(
        spot,
        format!(
            "a share of {} {what} is Successful",
            crate::text::float::go_float(bad)
        ),
    )
    .help(match turned(gate, scale, what) {
        Some(meant) => {
            format!("write {meant}, if that is the share of {what} that is meant, or another")
        }
        None => "write the share that a healthy canary keeps".to_owned(),
    });
}

/// The share of the other side: 0.05 where 0.95 of failures is allowed.
fn turned(gate: &Gate<'_>, scale: f64, what: &str) -> Option<String> {
    let comparisons = gate.conditions.iter().flat_map(|each| &each.comparisons);
    let mut shares = comparisons.map(|comparison| comparison.value / scale);
    let share = shares.find(|share| match what {
        "failures" => (0.8..1.0).contains(share),
        _ => *share > 0.0 && *share <= 0.2,
    })?;
    // 1 - 0.95 is 0.050000000000000044.
    let meant = ((1.0 - share) * scale * 1e9).round() / 1e9;
    Some(crate::text::float::go_float(meant))
}

/// 100 of a share in percent.
fn factor(expr: &Expr) -> f64 {
    match &expr.kind {
        ExprKind::Paren(inner) => factor(inner),
        ExprKind::Binary(binary) => {
            let sides = (literal(&binary.left), literal(&binary.right));
            match (binary.op, sides) {
                (BinaryOp::Multiply, (Some(by), None)) => by * factor(&binary.right),
                (BinaryOp::Multiply, (None, Some(by))) => by * factor(&binary.left),
                (BinaryOp::Divide, (None, None)) => factor(&binary.left) / factor(&binary.right),
                (BinaryOp::Or, _) => factor(&binary.left),
                _ => 1.0,
            }
        }
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn the_share_of_the_other_side_is_named() {
        let gate = "query: sum(rate(a_total{code=~\"5..\"}[5m])) / sum(rate(a_total[5m]))\n\
                    successCondition: result[0] <= 0.95";
        let told = said(super::RULE.name, gate);
        assert!(told[0].contains("write 0.05,"), "{told:?}");
    }

    #[test]
    fn half_of_all_may_fail() {
        let share = |code: &str, scale: &str| {
            format!(
                "query: sum(rate(a_total{{namespace=\"x\",code=~\"{code}\"}}[5m])) / sum(rate(a_total{{namespace=\"x\"}}[5m])){scale}"
            )
        };
        for (code, scale, condition, expected) in [
            (
                "5..",
                "",
                "successCondition: result[0] <= 0.95",
                &["warn"][..],
            ),
            ("5..", "", "successCondition: result[0] <= 0.05", &[]),
            ("5..", "", "failureCondition: result[0] > 0.6", &["warn"]),
            (
                "5..",
                " * 100",
                "successCondition: result[0] <= 95",
                &["warn"],
            ),
            ("5..", " * 100", "successCondition: result[0] <= 5", &[]),
            ("2..", "", "successCondition: result[0] >= 0.4", &["warn"]),
            ("2..", "", "successCondition: result[0] >= 0.9", &[]),
        ] {
            assert_eq!(
                found(
                    super::RULE.name,
                    &format!("{}\n{condition}", share(code, scale))
                ),
                expected,
                "{code} {condition}"
            );
        }
    }

    #[test]
    fn percent_of_two_metrics() {
        let percent = "sum(rate(a_errors_total[5m])) / sum(rate(a_requests_total[5m])) * 100";
        for (query, condition, expected) in [
            (percent, "result[0] < 5", 0),
            (percent, "result[0] < 60", 1),
            (
                "100 * (sum(rate(a_errors_total[5m])) / sum(rate(a_requests_total[5m])))",
                "result[0] < 5",
                0,
            ),
        ] {
            let gate = format!("query: {query}\nsuccessCondition: {condition}");
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{gate}");
        }
    }
}
