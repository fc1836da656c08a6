//! A threshold that lets half of all requests fail.

use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::range;
use crate::promql::class::Class;

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
    yields_to: ["inverted-condition", "threshold-unit", "constant-condition"],
    check: Check::Query(check),
}

/// A share on the bad side of one half.
const MOST: f64 = 0.51;

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    if gate.table.is_none() {
        return;
    }
    // A share in percent has its whole range scaled.
    let scale = match range(&query.expr).high {
        high if high.is_finite() && high > 1.0 => high,
        _ => 1.0,
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
    .help("write the share that a healthy canary keeps");
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

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
}
