//! Two metrics of one template that no result satisfies both.

use std::collections::HashMap;

use crate::lint::conditions::{Operand, Verdict};
use crate::lint::context::Scene;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::ast::Expr;

rule! {
    /// ## What it does
    ///
    /// Finds two metrics of a template that ask the same query and whose conditions no answer satisfies both.
    ///
    /// ## Why it matters
    ///
    /// All metrics of a template must pass: this one can never pass, whatever the canary does.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// metrics:
    /// - name: backlog
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: len(result) > 0 && result[0] == 0
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: max(queue_depth{namespace="shop"})
    /// - name: workers
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: len(result) > 0 && result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: max(queue_depth{namespace="shop"})
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// metrics:
    /// - name: backlog
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: len(result) > 0 && result[0] == 0
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: max(queue_depth{namespace="shop"})
    /// - name: workers
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: len(result) > 0 && result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: min(workers_ready{namespace="shop"})
    /// ```
    "contradicting-metrics", "no answer satisfies two metrics with one query",
    Conditions, levels: [Deny],
    check: Check::Template(check),
}

/// With so many metrics of one query each further one is compared; templates have a handful.
const COMPARED: usize = 16;

fn check(_: &Scene<'_>, gates: &[Gate<'_>], out: &mut Findings<'_>) {
    let mut asking: HashMap<_, Vec<&Gate<'_>>> = HashMap::new();
    for second in gates {
        let Some(query) = expr(second) else {
            continue;
        };
        let spec = second.spec();
        let spec = spec.map(|spec| (spec.address().map(|a| a.text.as_str()), spec.is_range()));
        let before = asking.entry((query.to_string(), spec)).or_default();
        let first = before
            .iter()
            .copied()
            .find(|first| contradict(first, second));
        if before.len() < COMPARED {
            before.push(second);
        }
        if let Some(first) = first {
            out.about(second.subject());
            out.deny(
                second.at_conditions(),
                format!(
                    "asks the same query as `{}`, and no answer satisfies both",
                    first.metric.name.text
                ),
            )
            .help("write the query that this metric's name promises, or let its condition agree");
        }
    }
}

fn contradict(first: &Gate<'_>, second: &Gate<'_>) -> bool {
    let (Some(one_table), Some(other_table)) = (&first.table, &second.table) else {
        return false;
    };
    let is_left_out = |gate: &&Gate<'_>| gate.is_dry_run() || is_opaque(gate);
    if [first, second].iter().any(is_left_out) {
        return false;
    }
    if !is_asked_at_once(first, second) {
        return false;
    }
    let mut probes = [one_table, other_table]
        .into_iter()
        .flat_map(|table| table.cells.iter().chain(&table.further))
        .peekable();
    probes.peek().is_some()
        && one_table.can_pass
        && other_table.can_pass
        && probes.all(|cell| {
            let verdicts = [first, second].map(|gate| gate.conditions.judge_elements(&cell.probe));
            !verdicts.contains(&Verdict::Unknown)
                && verdicts
                    .iter()
                    .any(|verdict| *verdict != Verdict::Successful)
        })
}

/// Both from the same moment on, and one failure ends either: answers that change meanwhile cannot satisfy both.
fn is_asked_at_once(first: &Gate<'_>, second: &Gate<'_>) -> bool {
    let (one, other) = (&first.limits.metric, &second.limits.metric);
    let ends_at_once = |gate: &Gate<'_>| {
        gate.limits.unknown.is_empty() && gate.limits.metric.failure_limit.unwrap_or(0) == 0
    };
    one.initial_delay == other.initial_delay && ends_at_once(first) && ends_at_once(second)
}

fn expr<'a>(gate: &'a Gate<'_>) -> Option<&'a Expr> {
    let query = gate.query.as_ref()?;
    Some(&query.parsed.as_ref().ok()?.expr)
}

/// Compares more than numbers with the result, so that the probes of the table do not stand for all answers.
fn is_opaque(gate: &Gate<'_>) -> bool {
    gate.conditions.iter().any(|condition| {
        let compared = &condition.comparisons;
        condition.is_opaque || compared.iter().any(|each| each.operand == Operand::Other)
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    fn template(first: &str, second: (&str, &str), more: &str) -> String {
        let metric = |name: &str, query: &str, condition: &str| {
            format!(
                "- name: {name}\n  interval: 1m\n  count: 5\n  successCondition: {condition}\n  provider:\n    prometheus:\n      address: http://p:9090\n      query: {query}\n"
            )
        };
        format!(
            "{more}metrics:\n{}{}",
            metric("a", "max(x)", first),
            metric("b", second.0, second.1)
        )
    }

    #[test]
    fn metrics_that_exclude_each_other() {
        for (text, expected) in [
            (
                template("result[0] == 0", ("max(x)", "result[0] >= 1"), ""),
                &["deny"][..],
            ),
            (
                template("result[0] == 0", ("max( x )", "result[0] >= 1"), ""),
                &["deny"],
            ),
            (
                template("result[0] == 0", ("min(x)", "result[0] >= 1"), ""),
                &[],
            ),
            (
                template("result[0] >= 0", ("max(x)", "result[0] < 1"), ""),
                &[],
            ),
            (
                template(
                    "result[0] >= 5",
                    ("max(x)", "len(result) == 0 || result[0] < 1"),
                    "",
                ),
                &["deny"],
            ),
            (
                template(
                    "result[0] == 0",
                    ("max(x)", "result[0] >= 1"),
                    "dryRun: b\n",
                ),
                &[],
            ),
        ] {
            assert_eq!(found(super::RULE.name, &text), expected, "{text}");
        }
    }
}
