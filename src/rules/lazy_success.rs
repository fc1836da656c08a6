//! A count of successes that is not there where all fail.

use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::lint::slice::{has_none, is_completed, lazy, zeros};
use crate::lint::without_data::hangs;
use crate::promql::Query;
use crate::promql::answer::fallback;
use crate::promql::missing::{Missing, without};
use crate::promql::outcome::Picks;
use crate::text::float::go_float;

rule! {
    /// ## What it does
    ///
    /// Finds `rate`, `increase` and their like over the successes of a metric, `code=~"2.."`, where a canary that has none gets
    /// an answer that passes: no series, or a fallback.
    ///
    /// ## Why it matters
    ///
    /// The series of successes of a new pod are born with its first success. A canary that fails every request from the first
    /// one on has none, so the share is empty, as if nobody had called it.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: |
    ///   sum(rate(http_requests_total{namespace="shop", code=~"2.."}[5m]))
    ///   / sum(rate(http_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) == 0 || result[0] >= 0.95
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: |
    ///   (sum(rate(http_requests_total{namespace="shop", code=~"2.."}[5m])) or 0 * sum(rate(http_requests_total{namespace="shop"}[5m])))
    ///   / sum(rate(http_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] >= 0.95
    /// ```
    ///
    /// ## Known gaps
    ///
    /// The plugin writes this zero itself, so under `guard: enforce` only sums that it does not complete are told.
    "lazy-success", "a canary that only fails answers nothing",
    NoData, levels: [Deny, Info],
    yields_to: ["constant-query", "missing-condition"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let whole = fallback(&query.expr);
    let is_answer = |number: f64| whole == Some(number);
    let slices: Vec<_> = lazy(gate, query, Picks::Successes)
        .into_iter()
        .filter(|data| !(gate.engine.completes_zeros() && is_completed(gate, query, data)))
        .filter_map(|data| Some((key(without(&data), is_answer)?, data)))
        .collect();
    let Some(((key, answer), first)) = slices.first() else {
        return;
    };
    let verdict = gate.table.as_ref().and_then(|table| table.reachable(key));
    if hangs(gate, verdict, out) {
        return;
    }
    let (level, end) = match verdict {
        Some(Verdict::Successful) => (Level::Deny, "Successful"),
        Some(Verdict::Error) => (Level::Info, "an Error"),
        Some(Verdict::Inconclusive) => (Level::Info, "Inconclusive"),
        _ => return,
    };
    let none = has_none(gate, query, first);
    let finding = out.push(
        level,
        gate.in_query(first.span),
        format!("{none} where every request fails: the answer is {answer}, which is {end}"),
    );
    let also = match (level, *key) {
        (Level::Deny, "fallback") => ", without the fallback",
        (Level::Deny, "no data") => ", and let no series fail: `len(result) > 0 && …`",
        _ => "",
    };
    let slices: Vec<_> = slices.iter().map(|(_, data)| data).collect();
    match zeros(gate, query, &slices) {
        Some(zeros) => finding
            .help(format!("{}{also}", zeros.in_words()))
            .fix(gate.fix_query(zeros.is_safe, &zeros.edits)),
        None => finding.help(format!("write a zero behind it, `… or 0 * …`{also}")),
    };
}

/// The cell that tells what the missing slice comes to, and the answer in words.
fn key(missing: Missing, is_answer: impl Fn(f64) -> bool) -> Option<(&'static str, String)> {
    match missing {
        Missing::Empty => Some(("no data", "nothing".to_owned())),
        Missing::Nan => Some(("NaN", "NaN".to_owned())),
        Missing::Constant(n) if is_answer(n) => {
            Some(("fallback", format!("the fallback `{}`", go_float(n))))
        }
        Missing::Constant(_) | Missing::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found, said};

    const OK: &str = "sum(rate(x{code=~\"2..\"}[5m]))";

    fn gate(query: &str, condition: &str) -> String {
        format!("query: |\n  {}\n{condition}", query.replace("OK", OK))
    }

    #[test]
    fn a_canary_that_only_fails() {
        let above = "successCondition: result[0] >= 0.95";
        let or_none = "successCondition: len(result) == 0 || result[0] >= 0.95";
        for (query, condition, expected) in [
            ("OK / sum(rate(x[5m]))", or_none, &["deny"][..]),
            (
                "OK / sum(rate(x[5m]))",
                "failureCondition: 'any(result, # < 0.95)'",
                &["deny"],
            ),
            ("OK / sum(rate(x[5m])) or vector(1)", above, &["deny"]),
            ("OK / sum(rate(x[5m])) or vector(0)", above, &[]),
            ("OK / sum(rate(x[5m]))", above, &["info"]),
            (
                "OK / sum(rate(x[5m]))",
                "successCondition: len(result) > 0 && result[0] >= 0.95",
                &[],
            ),
            (
                "(OK or 0 * sum(rate(x[5m]))) / sum(rate(x[5m]))",
                or_none,
                &[],
            ),
            ("(OK or vector(0)) / sum(rate(x[5m]))", or_none, &[]),
            (
                "sum(rate(x{code=~\"5..\"}[5m]))",
                "failureCondition: 'any(result, # > 0.05)'",
                &[],
            ),
        ] {
            let gate = gate(query, condition);
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn more_specific_than_what_it_comes_to() {
        let gate = gate(
            "OK / sum(rate(x[5m])) or vector(1)",
            "successCondition: result[0] >= 0.95",
        );
        assert_eq!(found("fallback-passes", &gate), [] as [&str; 0]);
        assert_eq!(
            said(super::RULE.name, &gate),
            [
                "deny at `x{code=~\"2..\"}`: `x` has no series with `code=~\"2..\"` where every request fails: the answer is the \
              fallback `1`, which is Successful; write `(sum(rate(x{code=~\"2..\"}[5m])) or 0 * sum(rate(x[5m])))` in \
              place of `sum(rate(x{code=~\"2..\"}[5m]))`, without the fallback"
            ]
        );
    }

    #[test]
    fn the_fix_is_a_zero() {
        let gate = gate(
            "OK / sum(rate(x[5m]))",
            "successCondition: len(result) == 0 || result[0] >= 0.95",
        );
        let (after, is_safe) = fixed(super::RULE.name, &gate);
        let expected = "(OK or 0 * sum(rate(x[5m]))) / sum(rate(x[5m]))".replace("OK", OK);
        assert!(
            after.contains(&format!("  {expected}\n")) && is_safe,
            "{after}"
        );
    }
}
