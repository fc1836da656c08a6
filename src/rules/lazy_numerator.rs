//! A count of failures that is not there before the first.

use crate::lint::anchor::presence_in_words;
use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::lint::slice::{has_none, is_completed, lazy, zeros};
use crate::lint::without_data::hangs;
use crate::promql::Query;
use crate::promql::missing::{Missing, without};
use crate::promql::names::only_while_wrong;
use crate::promql::outcome::Picks;

rule! {
    /// ## What it does
    ///
    /// Finds `rate`, `increase` and their like over the failures of a metric, `code=~"5.."`, with nothing behind an `or` for the
    /// time before the first failure.
    ///
    /// ## Why it matters
    ///
    /// A series of failures is born with the first one. Until then the sum is empty and the whole answer with it: the gate
    /// cannot pass as long as the canary is healthy. `or 0 * …` over all requests makes health an answer, and still leaves no
    /// requests no answer.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: |
    ///   sum(rate(http_requests_total{namespace="shop", code=~"5.."}[5m]))
    ///   / sum(rate(http_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 0.05
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: |
    ///   (sum(rate(http_requests_total{namespace="shop", code=~"5.."}[5m])) or 0 * sum(rate(http_requests_total{namespace="shop"}[5m])))
    ///   / sum(rate(http_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 0.05
    /// ```
    ///
    /// ## Known gaps
    ///
    /// The plugin writes this zero itself, so under `guard: enforce` only sums that it does not complete are told. A metric that
    /// counts failures by its name alone is told by `empty-result-errors`.
    "lazy-numerator", "no answer before the first failure",
    NoData, levels: [Warn],
    yields_to: ["constant-query", "missing-condition"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let slices: Vec<_> = lazy(gate, query, Picks::Failures)
        .into_iter()
        .filter(|data| !(gate.engine.completes_zeros() && is_completed(gate, query, data)))
        .filter(|data| matches!(without(data), Missing::Empty | Missing::Nan))
        .collect();
    let Some(first) = slices.first() else {
        return;
    };
    let (key, answer) = match without(first) {
        Missing::Nan => ("NaN", "NaN"),
        _ => ("no data", "empty"),
    };
    let verdict = gate.table.as_ref().and_then(|table| table.reachable(key));
    if hangs(gate, verdict, out) {
        return;
    }
    let Some(verdict) = verdict.filter(|verdict| *verdict != Verdict::Successful) else {
        return;
    };
    let finding = out.warn(
        gate.in_query(first.span),
        format!(
            "{} before the first failure: until then the answer is {answer}, which is {}",
            has_none(gate, query, first),
            verdict.as_str()
        ),
    );
    match zeros(gate, query, &slices.iter().collect::<Vec<_>>()) {
        Some(zeros) => finding
            .help(zeros.in_words())
            .fix(gate.fix_query(zeros.is_safe, &zeros.edits)),
        None if first.selector.metric().is_some_and(only_while_wrong) => {
            finding.help(format!("write {} behind it", presence_in_words(first)))
        }
        None => finding
            .help("write a zero behind it, `… or 0 * …`, over all that the failures are a part of"),
    };
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found, said};

    const E: &str = "sum(rate(x{code=~\"5..\"}[5m]))";

    fn gate(query: &str, condition: &str) -> String {
        format!("query: |\n  {}\n{condition}", query.replace('E', E))
    }

    #[test]
    fn no_answer_before_the_first_failure() {
        let below = "successCondition: result[0] < 0.05";
        for (query, condition, expected) in [
            ("E / sum(rate(x[5m]))", below, &["warn"][..]),
            ("E", below, &["warn"]),
            (
                "1 - E / sum(rate(x[5m]))",
                "successCondition: result[0] > 0.95",
                &["warn"],
            ),
            (
                "scalar(E) / scalar(sum(rate(x[5m])))",
                "successCondition: result < 0.05",
                &["warn"],
            ),
            (
                "sum by (pod) (rate(x{code=~\"5..\"}[5m]))",
                "successCondition: 'len(result) > 0 && all(result, # < 1)'",
                &["warn"],
            ),
            (
                "E / sum(rate(x[5m]))",
                "successCondition: len(result) == 0 || result[0] < 0.05",
                &[],
            ),
            (
                "E / sum(rate(x[5m]))",
                "failureCondition: 'any(result, # > 0.05)'",
                &[],
            ),
            ("(E or vector(0)) / sum(rate(x[5m]))", below, &[]),
            ("(E or 0 * sum(rate(x[5m]))) / sum(rate(x[5m]))", below, &[]),
            ("E / sum(rate(x[5m])) or vector(0)", below, &[]),
            ("sum(rate(x{code=~\"2..\"}[5m]))", below, &[]),
            ("sum(rate(app_errors_total[5m]))", below, &[]),
            ("sum(x{code=~\"5..\"})", below, &[]),
            ("sum(rate(x[5m])) unless E", below, &[]),
        ] {
            let gate = gate(query, condition);
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn the_plugin_completes_sums() {
        let below = "successCondition: result[0] < 0.05";
        let groups = "sum by (pod) (rate(x{code=~\"5..\"}[5m]))";
        for (more, query, expected) in [
            ("", "E / sum(rate(x[5m]))", &[][..]),
            ("guard: observe\n", "E / sum(rate(x[5m]))", &["warn"]),
            ("", groups, &["warn"]),
        ] {
            let gate = format!("provider: plugin\n{more}{}", gate(query, below));
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn the_help_names_the_part() {
        let gate = gate(
            "sum(rate(x{code=~\"5..\"}[5m])) / sum(rate(x[5m]))",
            "successCondition: result[0] < 0.05",
        );
        let said = said(super::RULE.name, &gate);
        assert!(
            said[0].ends_with(
                "; write `(sum(rate(x{code=~\"5..\"}[5m])) or 0 * sum(rate(x[5m])))` in place of \
                 `sum(rate(x{code=~\"5..\"}[5m]))`"
            ),
            "{said:?}"
        );
    }

    #[test]
    fn what_a_healthy_pod_does_not_have_is_no_evidence() {
        let ended = "sum(changes(kube_pod_container_status_last_terminated_reason{ns=\"a\",pod=~\"b-.*\",reason=\"OOMKilled\"}[5m]))";
        let below = "successCondition: result[0] == 0";
        let (after, is_safe) = fixed(
            super::RULE.name,
            &gate(&ended.replace("ns=", "namespace="), below),
        );
        let whole = "or 0 * sum(kube_pod_info{namespace=\"a\", pod=~\"b-.*\"}))";
        assert!(after.contains(whole) && !is_safe, "{after}");
        let plugin = format!("provider: plugin\n{}", gate(ended, below));
        assert_eq!(found(super::RULE.name, &plugin), ["warn"]);
    }

    #[test]
    fn the_fix_is_a_zero() {
        let below = "successCondition: result[0] < 0.05";
        for (query, expected, is_safe) in [
            (
                "E / sum(rate(x[5m])) # share",
                "(E or 0 * sum(rate(x[5m]))) / sum(rate(x[5m])) # share",
                true,
            ),
            (
                "sum(rate(x{ns=\"{{args.ns}}\", code=~\"5..\"}[5m] offset 1m))",
                "(sum(rate(x{ns=\"{{args.ns}}\", code=~\"5..\"}[5m] offset 1m)) or 0 * sum(rate(x{ns=\"{{args.ns}}\"}[5m] offset 1m)))",
                true,
            ),
            (
                "sum by (pod) (rate(x{code=~\"5..\"}[5m]))",
                "(sum by (pod) (rate(x{code=~\"5..\"}[5m])) or 0 * sum by (pod) (rate(x[5m])))",
                false,
            ),
            (
                "(E + sum(rate(y{code=~\"5..\"}[5m]))) / t",
                "((E or 0 * sum(rate(x[5m]))) + (sum(rate(y{code=~\"5..\"}[5m])) or 0 * sum(rate(y[5m])))) / t",
                true,
            ),
        ] {
            let (after, safe) = fixed(super::RULE.name, &gate(query, below));
            assert!(
                after.contains(&format!("  {}\n", expected.replace('E', E))),
                "{after}"
            );
            assert_eq!(safe, is_safe, "{query}");
        }
    }

    #[test]
    fn a_zero_that_hides_failures_is_not_safe() {
        let below = "successCondition: result[0] < 0.05";
        let none = "successCondition: result[0] == 0";
        let share = "E / sum(rate(x[5m]))";
        for (query, condition, expected) in [
            ("S", below, true),
            ("1 - S", "successCondition: result[0] > 0.95", true),
            ("S * 100 > bool 5", none, true),
            ("S and sum(rate(x[5m])) > 1", below, true),
            ("clamp_max(S, 0.9)", below, true),
            ("clamp_max(S, 0.04)", below, false),
            ("clamp(S, 0, 0.04)", below, false),
            ("S * 0", below, false),
            ("E - E", none, false),
            ("(S) % 0.05", below, false),
            ("floor(S)", "successCondition: result[0] < 0.5", false),
            ("round(S)", below, false),
            ("S > bool 1", none, false),
            ("S >= bool 2", none, false),
            ("S == bool 5", none, false),
            ("min_over_time((S)[1h:])", below, false),
            ("S", "successCondition: result[0] < 1.5", false),
            (
                "S",
                "successCondition: result[0] < 0.05\nfailureCondition: result[0] > 1",
                false,
            ),
            (
                "S",
                "successCondition: result[0] < 0.05\nfailureLimit: 5\ncount: 5\ninterval: 1m",
                false,
            ),
        ] {
            let gate = gate(&query.replace('S', share), condition);
            let (_, is_safe) = fixed(super::RULE.name, &gate);
            assert_eq!(is_safe, expected, "{gate}");
        }
        for matchers in [
            "code=~\"5xx\"",
            "code=\"5xx\"",
            "code=~\"5..\",status=\"5..\"",
        ] {
            let query = share.replace('E', E).replace("code=~\"5..\"", matchers);
            let (_, is_safe) = fixed(super::RULE.name, &gate(&query, below));
            assert!(!is_safe, "{query}");
        }
    }
}
