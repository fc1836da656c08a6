//! Conditions that pass where the answer is NaN.

use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::lint::purpose::passes_nan;
use crate::lint::rule::Check;
use crate::lint::without_data::{closed_for_nan, deciding, hangs, said};
use crate::promql::Query;
use crate::promql::answer::{Certainty, can_be_nan};

rule! {
    /// ## What it does
    ///
    /// Finds conditions that are fulfilled by NaN, where the query can answer it: a share of no requests, a quantile of no
    /// observations.
    ///
    /// ## Why it matters
    ///
    /// Every comparison with NaN is false, so a failure condition never holds: a canary without traffic is green.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="shop"}[5m])))
    /// failureCondition: result[0] > 0.5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="shop"}[5m])))
    /// failureCondition: result[0] > 0.5 || isNaN(result[0])
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A success condition that names the case, `isNaN(result[0]) || …`, is a warning: NaN of a share means no traffic.
    "nan-result-passes", "a result of NaN passes",
    NoData, levels: [Deny, Warn],
    rests_on_no_data: true,
    yields_to: ["constant-query", "missing-condition"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let nan = can_be_nan(&query.expr);
    let verdict = gate.table.as_ref().and_then(|t| t.reachable("NaN"));
    if nan == Certainty::No || hangs(gate, verdict, out) {
        return;
    }
    let Some(condition) = deciding(gate).filter(|_| verdict == Some(Verdict::Successful)) else {
        return;
    };
    if nan == Certainty::Unknown {
        out.skip("whether the answer can be NaN hangs on an argument without value");
        return;
    }
    let level = match passes_nan(gate) {
        true => Level::Warn,
        false => Level::Deny,
    };
    let finding = out.push(
        level,
        condition.spot(condition.all()),
        format!("of NaN {}: no traffic is Successful", said(condition)),
    );
    match closed_for_nan(gate, condition) {
        Some(closed) => {
            let text = closed.split_whitespace().collect::<Vec<_>>().join(" ");
            finding.help(format!("write `{text}`")).fix(gate.fix_text(
                false,
                &condition.field,
                &closed,
            ));
        }
        None if condition.names("isNaN") => {
            finding.help("let `isNaN(…)` in it refuse, not pass: no traffic is no health");
        }
        None => {
            finding.help("let NaN fail, `isNaN(…)`: no traffic is no health");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{findings, fixed, found};

    const SHARE: &str = "sum(rate(x[5m])) / sum(rate(y[5m]))";

    fn gate(query: &str, condition: &str) -> String {
        format!("query: |\n  {query}\n{condition}")
    }

    #[test]
    fn nan_passes() {
        for (query, condition, expected) in [
            (SHARE, "failureCondition: result[0] > 0.05", &["deny"][..]),
            (SHARE, "successCondition: '!(result[0] > 0.05)'", &["deny"]),
            (
                SHARE,
                "failureCondition: 'any(result, # > 0.05)'",
                &["deny"],
            ),
            (
                SHARE,
                "successCondition: isNaN(result[0]) || result[0] < 0.05",
                &["warn"],
            ),
            (SHARE, "successCondition: result[0] < 0.05", &[]),
            (
                SHARE,
                "failureCondition: isNaN(result[0]) || result[0] > 0.05",
                &[],
            ),
            (
                "sum(rate(x[5m]))",
                "failureCondition: result[0] > 0.05",
                &[],
            ),
            (
                "sum(rate(x[5m])) / 60",
                "failureCondition: result[0] > 0.05",
                &[],
            ),
            ("scalar(sum(x))", "failureCondition: result > 5", &["deny"]),
            (
                "histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m])))",
                "failureCondition: result[0] > 5",
                &["deny"],
            ),
        ] {
            let gate = gate(query, condition);
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn the_fix_closes_the_gate() {
        for (query, condition, expected) in [
            (
                SHARE,
                "failureCondition: result[0] > 0.05",
                "result[0] > 0.05 || isNaN(result[0])",
            ),
            (
                SHARE,
                "successCondition: '!(result[0] > 0.05)'",
                "'!(result[0] > 0.05) && !isNaN(result[0])'",
            ),
            (
                SHARE,
                "successCondition: isNaN(result[0]) || result[0] < 0.05",
                "successCondition: result[0] < 0.05\n",
            ),
            (
                SHARE,
                "successCondition: len(result) == 0 || isNaN(result[0]) || result[0] < 0.05",
                "successCondition: len(result) == 0 || result[0] < 0.05\n",
            ),
            (
                SHARE,
                "successCondition: len(result) > 0 && (isNaN(result[0]) || result[0] < 0.05)",
                "successCondition: len(result) > 0 && (result[0] < 0.05)\n",
            ),
            (
                SHARE,
                "successCondition: 'any(result, isNaN(#)) or !(result[0] > 0.05)'",
                "'!(result[0] > 0.05) && !isNaN(result[0])'",
            ),
            (
                SHARE,
                "failureCondition: '!isNaN(result[0]) && result[0] > 0.05'",
                "result[0] > 0.05 || isNaN(result[0])",
            ),
            (
                SHARE,
                "failureCondition: len(result) == 0 || result[0] > 0.05",
                "'len(result) == 0 || result[0] > 0.05 || any(result, isNaN(#))'",
            ),
            (
                SHARE,
                "successCondition: result[0] < 0.05 || isNaN(result[0])",
                "successCondition: result[0] < 0.05\n",
            ),
            (
                "scalar(sum(x))",
                "failureCondition: result > 5",
                "result > 5 || isNaN(result)",
            ),
        ] {
            let unquoted = expected.trim_matches('\'');
            let (after, is_safe) = fixed(super::RULE.name, &gate(query, condition));
            assert!(after.contains(unquoted) && !is_safe, "{after}");
        }
    }

    #[test]
    fn what_cannot_be_written_simply_has_no_fix() {
        let gate = gate(
            SHARE,
            "successCondition: 'isNaN(result[0]) ? true : result[0] < 0.05'",
        );
        let findings = findings(&gate);
        let mut own = findings.iter().filter(|f| f.rule == super::RULE.name);
        assert!(own.next().is_some_and(|f| f.fix.is_none()), "{findings:?}");
    }
}
