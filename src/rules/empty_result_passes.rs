//! Conditions that pass where the query answers nothing.

use crate::condition::ResultValue;
use crate::lint::anchor::{missing_in_health, presence_in_words};
use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::lint::purpose::passes_no_series;
use crate::lint::rule::Check;
use crate::lint::slice::zeros;
use crate::lint::without_data::{
    OF_ALERTS, closed_without_series, closes, deciding, hangs, is_about_alerts, said,
};
use crate::promql::Query;
use crate::promql::answer::{Certainty, can_be_empty};

rule! {
    /// ## What it does
    ///
    /// Finds conditions that are fulfilled by an answer without series: `all(…)`, `none(…)`, `len(result) == 0 || …`, a failure
    /// condition that is asked only where there is something.
    ///
    /// ## Why it matters
    ///
    /// A misspelt metric, a wrong label, a dead exporter, a canary without traffic: all of them answer nothing, and the gate is
    /// green.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum by (pod) (increase(app_errors_total{namespace="shop"}[5m]))
    /// successCondition: "all(result, # < 9)"
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: |
    ///   sum by (pod) (increase(app_errors_total{namespace="shop"}[5m])) or 0 * sum by (pod) (up{namespace="shop"})
    /// successCondition: "len(result) > 0 && all(result, # < 9)"
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A success condition that names the case, `len(result) == 0 || …`, is a warning where no series can only mean no traffic,
    /// and so is a query about `ALERTS`, of which there are none while all is well.
    "empty-result-passes", "no data passes",
    NoData, levels: [Deny, Warn],
    rests_on_no_data: true,
    yields_to: ["constant-query", "lazy-success", "missing-condition"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let verdict = gate.table.as_ref().and_then(|t| t.reachable("no data"));
    if can_be_empty(&query.expr) == Certainty::No || hangs(gate, verdict, out) {
        return;
    }
    let Some(condition) = deciding(gate).filter(|_| verdict == Some(Verdict::Successful)) else {
        return;
    };
    if can_be_empty(&query.expr) == Certainty::Unknown {
        out.skip("whether the query can be empty hangs on an argument without value");
        return;
    }
    let (level, why) = if is_about_alerts(query) {
        (
            Level::Warn,
            "; a Prometheus that does not evaluate its rules has no alerts either",
        )
    } else if passes_no_series(gate, query) {
        (
            Level::Warn,
            "; a misspelt metric and a dead exporter answer nothing, too",
        )
    } else {
        (Level::Deny, "")
    };
    let message = format!(
        "without series {}: no data is Successful{why}",
        said(condition)
    );
    let finding = out.push(level, condition.spot(condition.all()), message);
    if is_about_alerts(query) {
        finding.help(OF_ALERTS);
        return;
    }
    let closed = closed_without_series(condition);
    let can_close = closes(gate, condition, &closed, &ResultValue::Vector(Vec::new()));
    let fix = || gate.fix_text(false, &condition.field, &closed);
    let missing = missing_in_health(gate, query);
    match missing.first() {
        Some(first) if can_close => {
            let closed = one_line(&closed);
            match zeros(gate, query, &missing.iter().collect::<Vec<_>>()) {
                Some(zeros) => finding
                    .help(format!(
                        "{}, which makes health an answer, and `{closed}`",
                        zeros.in_words()
                    ))
                    .fix(
                        gate.fix_query(false, &zeros.edits)
                            .and_then(|query| Some(query.and(fix()?))),
                    ),
                None => finding.help(format!(
                    "write {}, which makes health an answer, and `{closed}`",
                    presence_in_words(first)
                )),
            };
        }
        _ if can_close => {
            finding
                .help(format!("write `{}`", one_line(&closed)))
                .fix(fix());
        }
        _ => {
            finding.help(
                "ask for a number that is there while all is well, compare it in the condition, and let no series fail: \
                 `len(result) > 0 && …`",
            );
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{findings, fixed, found, said};

    const COUNT: &str = "sum(increase(app_errors_total[5m]))";
    const OK: &str = "sum(rate(x{code=~\"2..\"}[5m])) / sum(rate(x[5m]))";

    fn gate(query: &str, condition: &str) -> String {
        format!("query: |\n  {query}\n{condition}")
    }

    #[test]
    fn no_series_pass() {
        for (query, condition, expected) in [
            (
                COUNT,
                "successCondition: 'all(result, # < 9)'",
                &["deny"][..],
            ),
            (COUNT, "successCondition: 'none(result, # > 9)'", &["deny"]),
            (COUNT, "failureCondition: 'any(result, # > 9)'", &["deny"]),
            (
                COUNT,
                "failureCondition: len(result) > 0 && result[0] > 9",
                &["deny"],
            ),
            (
                COUNT,
                "successCondition: len(result) == 0 || result[0] < 9",
                &["warn"],
            ),
            (COUNT, "successCondition: result[0] < 9", &[]),
            (
                COUNT,
                "successCondition: len(result) > 0 && result[0] < 9",
                &[],
            ),
            (
                COUNT,
                "successCondition: len(result) >= {{args.least}}",
                &[],
            ),
            (
                "sum(x) or vector(0)",
                "successCondition: 'all(result, # < 9)'",
                &[],
            ),
            ("absent(x)", "successCondition: len(result) == 0", &[]),
            ("scalar(x)", "successCondition: result < 9", &[]),
            (
                "count(ALERTS{alertstate=\"firing\"})",
                "successCondition: len(result) == 0 || result[0] == 0",
                &["warn"],
            ),
            (
                "count(ALERTS{alertstate=\"firing\"})",
                "failureCondition: 'any(result, # > 0)'",
                &["warn"],
            ),
            ("vector(0) > 1", "successCondition: len(result) == 0", &[]),
            (COUNT, "", &[]),
        ] {
            let gate = gate(query, condition);
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
        let hides = gate(
            OK,
            "successCondition: len(result) == 0 || result[0] >= 0.95",
        );
        assert_eq!(
            found(super::RULE.name, &hides),
            [] as [&str; 0],
            "lazy-success speaks"
        );
        assert_eq!(found("lazy-success", &hides), ["deny"]);
    }

    #[test]
    fn what_only_asks_for_presence_has_no_fix() {
        let gate = gate(&format!("{COUNT} > 5"), "failureCondition: len(result) > 0");
        let said = said(super::RULE.name, &gate);
        assert!(said[0].contains("compare it in the condition"), "{said:?}");
    }

    #[test]
    fn the_plugin_holds_it_back() {
        for (more, expected) in [
            ("", &[][..]),
            ("guard: observe\n", &["deny"]),
            ("guard: 'off'\n", &["deny"]),
            ("noData: condition\n", &["deny"]),
        ] {
            let gate = format!(
                "provider: plugin\n{more}{}",
                gate(COUNT, "successCondition: 'all(result, # < 9)'")
            );
            assert_eq!(found(super::RULE.name, &gate), expected, "{more}");
        }
    }

    #[test]
    fn the_fix_closes_the_gate() {
        for (condition, expected) in [
            (
                "successCondition: 'all(result, # < 9)'",
                "'len(result) > 0 && all(result, # < 9)'",
            ),
            (
                "failureCondition: 'any(result, # > 9)'",
                "'len(result) == 0 || any(result, # > 9)'",
            ),
            (
                "failureCondition: len(result) > 0 && result[0] > 9",
                "len(result) == 0 || result[0] > 9",
            ),
            (
                "successCondition: len(result)==0 || result[0] < 9",
                "len(result) > 0 && result[0] < 9",
            ),
            (
                "successCondition: len(result) == 0 || isNaN(result[0]) || result[0] < 9",
                "len(result) > 0 && (isNaN(result[0]) || result[0] < 9)",
            ),
        ] {
            let (after, is_safe) = fixed(super::RULE.name, &gate("sum(queue)", condition));
            assert!(
                after.contains(&format!("Condition: {expected}\n")) && !is_safe,
                "{after}"
            );
        }
    }

    #[test]
    fn health_is_an_answer_first() {
        let none = "successCondition: len(result) == 0 || result[0] < 9";
        let all = "successCondition: 'all(result, # < 9)'";
        for (query, condition, expected) in [
            (
                "sum(rate(x{code=~\"5..\"}[5m])) / sum(rate(x[5m]))",
                none,
                "(sum(rate(x{code=~\"5..\"}[5m])) or 0 * sum(rate(x[5m]))) / sum(rate(x[5m]))",
            ),
            (
                "sum(increase(app_errors_total{namespace=\"a\"}[5m]))",
                none,
                "(sum(increase(app_errors_total{namespace=\"a\"}[5m])) or 0 * sum(up{namespace=\"a\"}))",
            ),
            (
                "sum by (pod) (increase(app_errors_total{namespace=\"a\"}[5m]))",
                all,
                "or 0 * sum by (pod) (up{namespace=\"a\"}))",
            ),
            (
                "count(kube_pod_status_reason{namespace=\"a\",reason=\"Evicted\"} == 1)",
                none,
                "== 1) or 0 * sum(kube_pod_info{namespace=\"a\"}))",
            ),
        ] {
            let gate = gate(query, condition);
            let (after, is_safe) = fixed(super::RULE.name, &gate);
            assert!(after.contains(expected) && !is_safe, "{after}");
            assert!(after.contains("len(result) > 0 && "), "{after}");
            let said = said(super::RULE.name, &gate);
            assert!(said[0].contains("; write `("), "{said:?}");
        }
    }

    #[test]
    fn alerts_and_what_nothing_anchors_have_no_fix() {
        for (query, word) in [
            ("count(ALERTS{alertstate=\"firing\"})", "own expression"),
            (COUNT, "`… or 0 * sum(up{…})`"),
            (
                "sum(kube_pod_status_reason)",
                "`… or 0 * sum(kube_pod_info{…})`",
            ),
        ] {
            let gate = gate(
                query,
                "successCondition: len(result) == 0 || result[0] == 0",
            );
            let findings = findings(&gate);
            let own = findings.iter().find(|f| f.rule == super::RULE.name);
            let own = own.expect("the rule speaks");
            assert!(own.fix.is_none(), "{own:?}");
            assert!(
                own.help.as_ref().is_some_and(|h| h.contains(word)),
                "{own:?}"
            );
        }
    }
}
