//! Conditions that cannot be evaluated where the query answers nothing.

use crate::condition::ResultValue;
use crate::lint::anchor::{missing_in_health, presence_in_words};
use crate::lint::conditions::{Condition, Verdict};
use crate::lint::finding::Fix;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::lint::slice::zeros;
use crate::lint::without_data::{OF_ALERTS, closed_without_series, closes, is_about_alerts};
use crate::promql::Query;
use crate::promql::answer::{Certainty, can_be_empty};
use crate::promql::names::only_while_wrong;

rule! {
    /// ## What it does
    ///
    /// Finds conditions that read `result[0]` of a query that can answer nothing. At a metric whose name alone says that it
    /// counts failures it is a warning: many such counters are born with the first failure, so a healthy canary has none.
    /// So it is at series that are there only while something is wrong, `kube_pod_container_status_waiting_reason`: write a
    /// zero behind them, `or 0 * sum(kube_pod_info{…})`.
    ///
    /// ## Why it matters
    ///
    /// The gate stays closed, but obscurely: the measurement is an Error, asked again every 10 seconds, and after
    /// `consecutiveErrorLimit` of them the rollout is aborted with a message about an index out of range.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="shop", pod=~"api-.*"})
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="shop", pod=~"api-.*"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// The fix has its price: an Error is asked again, a Failed counts against `failureLimit`.
    "empty-result-errors", "no data is an Error, and reads like one",
    NoData, levels: [Warn, Info],
    rests_on_no_data: true,
    is_told_once: true,
    yields_to: [
        "constant-query", "filter-in-query", "inverted-absent", "lazy-numerator", "lazy-success", "missing-condition",
    ],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let verdict = gate.table.as_ref().and_then(|t| t.reachable("no data"));
    if can_be_empty(&query.expr) != Certainty::Yes || verdict != Some(Verdict::Error) {
        return;
    }
    let indexing = || gate.conditions.iter().filter(|c| !c.indices.is_empty());
    let Some(condition) = indexing().next().or(gate.conditions.iter().next()) else {
        return;
    };
    let (span, read) = match condition.indices.first() {
        Some((index, span)) => (*span, format!("`result[{index}]` is out of range")),
        None => (condition.all(), "the condition has no value".to_owned()),
    };
    let missing = missing_in_health(gate, query);
    let is_alert =
        is_about_alerts(query) && gate.conditions.judge_elements(&[0.0]) == Verdict::Successful;
    let (level, why) = match missing.first().and_then(|data| data.selector.metric()) {
        _ if is_alert => (
            Level::Warn,
            "; while all is well there are no alerts".to_owned(),
        ),
        Some(metric) if only_while_wrong(metric) => (
            Level::Warn,
            format!("; while all is well there is no `{metric}`"),
        ),
        Some(metric) => (
            Level::Warn,
            format!("; `{metric}` may have none before the first failure"),
        ),
        None => (Level::Info, String::new()),
    };
    let finding = out.push(
        level,
        condition.spot(span),
        format!("without series {read}: every such measurement is an Error{why}"),
    );
    if indexing().any(asks_too_late) {
        finding.help(
            "`len(result)` is asked too late: put it before `result[0]`, `len(result) > 0 && …`",
        );
        return;
    }
    if is_alert {
        finding.help(OF_ALERTS);
        return;
    }
    if let Some(first) = missing.first() {
        match zeros(gate, query, &missing.iter().collect::<Vec<_>>()) {
            Some(zeros) => finding
                .help(zeros.in_words())
                .fix(gate.fix_query(false, &zeros.edits)),
            None => finding.help(format!("write {}", presence_in_words(first))),
        };
        return;
    }
    let closed: Vec<_> = indexing().map(|c| (c, closed_without_series(c))).collect();
    if let Some((_, text)) = closed.first() {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        finding.help(format!("write `{text}`, which makes it a Failed"));
    }
    finding.fix(fix(gate, &closed));
}

/// All of the conditions that index, where each alone closes the gate.
fn fix(gate: &Gate<'_>, closed: &[(&Condition, String)]) -> Option<Fix> {
    let empty = ResultValue::Vector(Vec::new());
    let mut edits = Vec::new();
    for (condition, text) in closed {
        if closed.len() == 1 && !closes(gate, condition, text, &empty) {
            return None;
        }
        edits.extend(gate.fix_text(false, &condition.field, text)?.edits);
    }
    edits.sort_by_key(|edit| edit.span);
    (!edits.is_empty()).then_some(Fix {
        is_safe: false,
        edits,
    })
}

/// `result[0] < 9 && len(result) > 0`
fn asks_too_late(condition: &Condition) -> bool {
    let length = condition.filled.text.find("len(");
    let index = condition.indices.first().map(|(_, span)| span.start);
    length
        .zip(index)
        .is_some_and(|(length, index)| index < length)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{findings, fixed, found, said};

    fn gate(query: &str, condition: &str) -> String {
        format!("query: |\n  {query}\n{condition}")
    }

    #[test]
    fn no_series_are_an_error() {
        for (query, condition, expected) in [
            ("sum(x)", "successCondition: result[0] >= 1", &["info"][..]),
            ("sum(x)", "failureCondition: result[0] < 1", &["info"]),
            ("sum(x)", "successCondition: max(result) >= 1", &["info"]),
            (
                "sum(increase(app_errors_total[5m]))",
                "successCondition: result[0] < 5",
                &["warn"],
            ),
            (
                "sum(increase(jobs_failed[5m]))",
                "successCondition: result[0] < 5",
                &["warn"],
            ),
            (
                "sum(kube_job_failed)",
                "successCondition: result[0] < 5",
                &["info"],
            ),
            (
                "sum(x)",
                "successCondition: len(result) > 0 && result[0] >= 1",
                &[],
            ),
            (
                "sum(x) or vector(0)",
                "successCondition: result[0] >= 1",
                &[],
            ),
            ("scalar(x)", "successCondition: result >= 1", &[]),
            ("sum(x)", "successCondition: 'all(result, # >= 1)'", &[]),
            ("sum(x)", "successCondition: result >= 1", &[]),
        ] {
            let gate = gate(query, condition);
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn the_fix_makes_it_a_failed() {
        for (condition, expected) in [
            (
                "successCondition: result[0] >= 1",
                "len(result) > 0 && result[0] >= 1",
            ),
            (
                "failureCondition: result[0] < 1",
                "len(result) == 0 || result[0] < 1",
            ),
            (
                "successCondition: result[0] < 1 || result[0] > 5",
                "len(result) > 0 && (result[0] < 1 || result[0] > 5)",
            ),
        ] {
            let (after, is_safe) = fixed(super::RULE.name, &gate("sum(x)", condition));
            assert!(
                after.contains(&format!("Condition: {expected}\n")) && !is_safe,
                "{after}"
            );
        }
    }

    #[test]
    fn asked_too_late() {
        let gate = gate(
            "sum(x)",
            "successCondition: result[0] >= 1 && len(result) > 0",
        );
        let said = said(super::RULE.name, &gate);
        assert!(said[0].contains("asked too late"), "{said:?}");
        let finding = findings(&gate)
            .into_iter()
            .find(|f| f.rule == super::RULE.name);
        assert!(finding.is_some_and(|finding| finding.fix.is_none()));
    }

    #[test]
    fn health_has_no_series() {
        let below = "successCondition: result[0] < 5";
        for (query, expected) in [
            (
                "sum(rate(app_errors_total{ns=\"a\"}[5m])) / sum(rate(app_requests_total{ns=\"a\"}[5m]))",
                "(sum(rate(app_errors_total{ns=\"a\"}[5m])) or 0 * sum(rate(app_requests_total{ns=\"a\"}[5m]))) / sum(rate(app_requests_total{ns=\"a\"}[5m]))",
            ),
            (
                "100 * sum(rate(app_errors_total[5m])) / clamp_min(sum(rate(t[5m])), 1)",
                "100 * (sum(rate(app_errors_total[5m])) or 0 * sum(rate(t[5m]))) / clamp_min(",
            ),
            (
                "sum(increase(app_errors_total{namespace=\"a\",pod=~\"b.*\",x=\"y\"}[5m]))",
                "or 0 * sum(up{namespace=\"a\", pod=~\"b.*\"}))",
            ),
            (
                "sum(kube_pod_container_status_waiting_reason{namespace=\"a\",container=\"c\",reason=\"CrashLoopBackOff\"})",
                "or 0 * sum(kube_pod_info{namespace=\"a\"}))",
            ),
        ] {
            let own = gate(query, below);
            assert_eq!(found(super::RULE.name, &own), ["warn"], "{own}");
            let said = said(super::RULE.name, &own);
            assert!(
                said[0].contains("; write `(") && !said[0].contains("a Failed"),
                "{said:?}"
            );
            let (after, is_safe) = fixed(super::RULE.name, &own);
            assert!(after.contains(expected) && !is_safe, "{after}");
            assert_eq!(found(super::RULE.name, &after), ["info"], "{after}");
        }
    }

    #[test]
    fn where_nothing_anchors_there_is_no_fix() {
        for query in [
            "count(ALERTS)",
            "sum(increase(app_errors_total[5m]))",
            "sum(increase(app_errors_total{namespace=\"a\",version=\"{{args.canary-hash}}\"}[5m]))",
            "sum by (path) (increase(app_errors_total{namespace=\"a\"}[5m]))",
        ] {
            let findings = findings(&gate(query, "successCondition: result[0] == 0"));
            let own = findings.iter().find(|f| f.rule == super::RULE.name);
            assert!(
                own.is_some_and(|f| f.fix.is_none() && f.level.as_str() == "warn"),
                "{own:?}"
            );
        }
    }

    #[test]
    fn what_is_there_while_all_is_well_is_no_fault() {
        for query in [
            "count(ALERTS{alertname=\"Watchdog\"})",
            "sum(kube_pod_container_status_terminated_reason{reason=\"Completed\"})",
        ] {
            let gate = gate(query, "successCondition: result[0] >= 1");
            assert_eq!(found(super::RULE.name, &gate), ["info"], "{query}");
        }
    }
}
