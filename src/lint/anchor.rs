//! A selector whose series exist only while something is wrong into what is there whenever somebody looks:
//! `sum(kube_pod_info{namespace="shop"})`, `sum(up{namespace="shop"})`, the user's own denominator.

use crate::lint::conditions::Verdict;
use crate::lint::gate::Gate;
use crate::lint::isolation::side;
use crate::lint::quote::one_line;
use crate::lint::slice::{is_completed, lazy, sum_around};
use crate::promql::Query;
use crate::promql::answer::has_selector;
use crate::promql::ast::{AggregateOp, Aggregation, Binary, BinaryOp, Expr, ExprKind, Matcher};
use crate::promql::literal::literal;
use crate::promql::missing::{Missing, without};
use crate::promql::names::{failure_named, only_while_wrong, says_counter};
use crate::promql::outcome::{Picks, is_outcome};
use crate::promql::select::{DataSelector, data_selectors};

/// Labels that `up` has where the pods' own metrics have them.
const OF_TARGETS: [&str; 4] = ["cluster", "namespace", "pod", "job"];

/// Labels that all `kube_pod_…` of one exporter share.
const OF_PODS: [&str; 8] = [
    "cluster",
    "namespace",
    "exported_namespace",
    "pod",
    "exported_pod",
    "uid",
    "job",
    "instance",
];

/// Whether there may be none of a selector's series while all is well, though what exposes them is scraped.
pub fn is_late(gate: &Gate<'_>, data: &DataSelector<'_>) -> bool {
    data.selector.metric().is_some_and(only_while_wrong) || is_born_late(gate, data)
}

/// A counter of failures by its name alone: nothing says that it is there before the first.
fn is_born_late(gate: &Gate<'_>, data: &DataSelector<'_>) -> bool {
    let Some(metric) = data.selector.metric() else {
        return false;
    };
    let is_counted = data.function.is_some() || says_counter(metric);
    let is_exported = metric.starts_with("kube_");
    failure_named(metric) && is_counted && !is_exported && !is_sliced(gate, data)
}

/// Whether a matcher of the selector tells what happened.
pub fn is_sliced(gate: &Gate<'_>, data: &DataSelector<'_>) -> bool {
    let metric = data.selector.metric();
    let mut matchers = data.selector.matchers.iter();
    matchers.any(|matcher| is_outcome(matcher, metric, gate.labels()))
}

/// The late selectors in text order, where a zero in their place is health.
pub fn late<'a>(gate: &Gate<'_>, query: &'a Query) -> Vec<DataSelector<'a>> {
    let is_health = |data: &DataSelector<'_>| {
        let whole = counted(data).is_none_or(|part| std::ptr::eq(part, answer(&query.expr)));
        !whole || gate.conditions.judge_elements(&[0.0]) == Verdict::Successful
    };
    data_selectors(&query.expr)
        .into_iter()
        .filter(|data| is_late(gate, data) && is_health(data))
        .collect()
}

/// What makes the whole answer empty while all is well: late selectors, and slices of failures under a counter function
/// whose zeros nobody writes.
pub fn missing_in_health<'a>(gate: &Gate<'_>, query: &'a Query) -> Vec<DataSelector<'a>> {
    let mut found = lazy(gate, query, Picks::Failures);
    found.retain(|data| !(gate.engine.completes_zeros() && is_completed(gate, query, data)));
    for data in late(gate, query) {
        if found.iter().all(|other| other.span != data.span) {
            found.push(data);
        }
    }
    found.retain(|data| without(data) == Missing::Empty);
    found.sort_by_key(|data| data.span.start);
    found
}

/// The answer without a fallback around it.
fn answer(expr: &Expr) -> &Expr {
    match &expr.unwrapped().kind {
        ExprKind::Binary(binary) if binary.op == BinaryOp::Or => answer(&binary.left),
        _ => expr.unwrapped(),
    }
}

/// The aggregation right around a selector, functions, parentheses and comparisons with a number aside.
pub fn counted<'a>(data: &DataSelector<'a>) -> Option<&'a Expr> {
    let is_passed = |node: &&Expr| match &node.kind {
        ExprKind::Call(_) | ExprKind::Paren(_) => true,
        ExprKind::Binary(binary) => {
            let has_number = literal(&binary.left).is_some() || literal(&binary.right).is_some();
            binary.op.is_comparison() && has_number
        }
        _ => false,
    };
    let mut outer = data.around.iter().rev().copied().skip_while(is_passed);
    outer.next().filter(|node| {
        use AggregateOp::{Avg, Count, Group, Max, Min, Sum};
        matches!(&node.kind, ExprKind::Aggregation(aggregation)
            if matches!(aggregation.op, Sum | Count | Max | Min | Avg | Group))
    })
}

/// What is always there beside `part`, the aggregation around a late selector, with the same groups. None where no
/// matcher tells the pods, where they do not have the groups' labels, and where a label that they do not have tells the
/// canary's from the stable ones.
pub fn anchor(
    gate: &Gate<'_>,
    query: &Query,
    data: &DataSelector<'_>,
    part: &Expr,
) -> Option<String> {
    let ExprKind::Aggregation(aggregation) = &part.kind else {
        return None;
    };
    let groups = groups(aggregation)?;
    if let Some(denominator) = denominator(gate, query, data, &groups) {
        return Some(denominator);
    }
    let (name, labels) = presence(data.selector.metric()?)?;
    if groups.iter().any(|label| !labels.contains(label)) {
        return None;
    }
    let mut kept = data.selector.clone();
    kept.matchers
        .retain(|matcher| labels.contains(&matcher.label.text.as_str()));
    // Stable pods are no evidence of the canary's.
    if side(gate, &kept) != side(gate, data.selector) {
        return None;
    }
    let written = |matcher: &Matcher| one_line(gate, query, matcher.span);
    let matchers: Vec<_> = kept.matchers.iter().map(written).collect();
    let by = match groups.is_empty() {
        true => String::new(),
        false => format!(" by ({}) ", groups.join(", ")),
    };
    (!matchers.is_empty()).then(|| format!("sum{by}({name}{{{}}})", matchers.join(", ")))
}

/// What to write where [`anchor`] has no text: `0 * sum(up{…})`, with the labels of the pods.
pub fn presence_in_words(data: &DataSelector<'_>) -> String {
    let presence = data.selector.metric().and_then(presence);
    let name = presence.map_or("up", |(name, _)| name);
    format!("`… or 0 * sum({name}{{…}})`, with the labels of the pods")
}

/// The series that are there as long as the pods are, and the labels that they share with `metric`.
fn presence(metric: &str) -> Option<(&'static str, &'static [&'static str])> {
    match metric {
        _ if metric.starts_with("kube_pod_") => Some(("kube_pod_info", &OF_PODS)),
        _ if metric.starts_with("kube_") => None,
        _ => Some(("up", &OF_TARGETS)),
    }
}

/// The labels of `by (…)`, ascending; none of `without (…)` and of what is not known.
fn groups(aggregation: &Aggregation) -> Option<Vec<&str>> {
    let Some(grouping) = &aggregation.grouping else {
        return Some(Vec::new());
    };
    let is_known = !grouping.is_without && grouping.labels.iter().all(|label| label.is_known);
    let mut labels: Vec<_> = grouping.labels.iter().map(|l| l.text.as_str()).collect();
    labels.sort_unstable();
    is_known.then_some(labels)
}

/// The user's own sum below the line, where the selector stands above it.
fn denominator(
    gate: &Gate<'_>,
    query: &Query,
    data: &DataSelector<'_>,
    of_groups: &[&str],
) -> Option<String> {
    let share: &Binary = data.around.iter().rev().find_map(|node| match &node.kind {
        ExprKind::Binary(binary)
            if binary.op == BinaryOp::Divide
                && binary.left.span.holds(data.span)
                && has_selector(&binary.right) =>
        {
            Some(&**binary)
        }
        _ => None,
    })?;
    let below = data_selectors(&share.right);
    let sums = below
        .iter()
        .filter(|data| !data.is_on_fallback_side && !is_late(gate, data) && !is_sliced(gate, data))
        .filter_map(sum_around);
    let mut alike = sums.filter(|sum| match &sum.kind {
        ExprKind::Aggregation(sum) => groups(sum).is_some_and(|groups| groups == of_groups),
        _ => false,
    });
    alike.next().map(|sum| one_line(gate, query, sum.span))
}
