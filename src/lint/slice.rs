//! A slice of a metric by its outcome into the whole: `sum(rate(x{code=~"5.."}[5m]))` into `sum(rate(x[5m]))`.

use crate::lint::all_fail::fails_when_all_fail;
use crate::lint::anchor::{anchor, counted, is_sliced};
use crate::lint::gate::Gate;
use crate::lint::quote::{one_line, quoted};
use crate::promql::Query;
use crate::promql::ast::{AggregateOp, Expr, ExprKind};
use crate::promql::names::only_while_wrong;
use crate::promql::outcome::{Asked, Picks, asked, is_outcome, selector_picks};
use crate::promql::select::{DataSelector, data_selectors, is_counter_function};
use crate::promql::zeros::completed;
use crate::text::span::Span;

/// The `sum` or `count` right around a selector, functions and parentheses aside.
pub fn sum_around<'a>(data: &DataSelector<'a>) -> Option<&'a Expr> {
    let around = data.around.iter().rev().copied();
    let mut outer =
        around.skip_while(|node| matches!(node.kind, ExprKind::Call(_) | ExprKind::Paren(_)));
    outer.next().filter(|node| {
        matches!(&node.kind, ExprKind::Aggregation(aggregation)
            if matches!(aggregation.op, AggregateOp::Sum | AggregateOp::Count))
    })
}

/// Whether the sum around a selector is one that zeros complete without changing an answer that is there
/// (`promql::zeros`): such a zero is always safe, and the enforcing plugin writes it itself.
pub fn is_completed(gate: &Gate<'_>, query: &Query, data: &DataSelector<'_>) -> bool {
    let Some(text) = &gate.query else {
        return false;
    };
    // Their zeros stand on series of the same metric, of which there are none while all is well.
    if data.selector.metric().is_some_and(only_while_wrong) {
        return false;
    }
    completed(&text.filled.text, &query.expr, gate.labels())
        .iter()
        .any(|completion| {
            completion.span.start <= data.span.start && data.span.end <= completion.span.end
        })
}

/// The text of `sum`, which stands around the selector, without the selector's outcome matchers, placeholders as written.
/// None where nothing would be left that selects, or groups are made of an outcome.
pub fn unsliced(
    gate: &Gate<'_>,
    query: &Query,
    sum: &Expr,
    data: &DataSelector<'_>,
) -> Option<String> {
    let selector = data.selector;
    let braces = selector.braces?;
    let outcome = |label: &str| gate.labels().outcome.iter().any(|other| other == label);
    if let ExprKind::Aggregation(aggregation) = &sum.kind
        && let Some(grouping) = &aggregation.grouping
        && (grouping.is_without || grouping.labels.iter().any(|label| outcome(&label.text)))
    {
        return None;
    }
    let metric = selector.metric();
    let kept: Vec<_> = selector
        .matchers
        .iter()
        .filter(|matcher| !is_outcome(matcher, metric, gate.labels()))
        .map(|matcher| one_line(gate, query, matcher.span))
        .collect();
    let before = one_line(gate, query, Span::new(sum.span.start, braces.start));
    let after = one_line(gate, query, Span::new(braces.end, sum.span.end));
    let blank = if after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@') {
        " "
    } else {
        ""
    };
    match kept.is_empty() {
        true if selector.name.is_none() => None,
        true => Some(format!("{before}{blank}{after}")),
        false => Some(format!("{before}{{{}}}{blank}{after}", kept.join(", "))),
    }
}

/// The selectors of a counter function that pick only this outcome, in text order.
pub fn lazy<'a>(gate: &Gate<'_>, query: &'a Query, picks: Picks) -> Vec<DataSelector<'a>> {
    let is_one = |data: &DataSelector<'_>| {
        data.function.is_some_and(is_counter_function)
            && selector_picks(data.selector, gate.labels()) == picks
    };
    data_selectors(&query.expr)
        .into_iter()
        .filter(is_one)
        .collect()
}

/// What a selector picks, in words: `` `x` has no series with `code=~"5.."` ``.
pub fn has_none(gate: &Gate<'_>, query: &Query, data: &DataSelector<'_>) -> String {
    let metric = data.selector.metric();
    let outcomes: Vec<_> = data
        .selector
        .matchers
        .iter()
        .filter(|matcher| is_outcome(matcher, metric, gate.labels()))
        .map(|matcher| format!("`{}`", quoted(gate, query, matcher.span)))
        .collect();
    let name = match &data.selector.name {
        Some(name) => quoted(gate, query, name.span),
        None => quoted(gate, query, data.span),
    };
    format!("`{name}` has no series with {}", outcomes.join(", "))
}

/// Zeros written behind sums over slices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zeros {
    /// Edits of the query's text.
    pub edits: Vec<(Span, String)>,
    /// The first of the sums with its zero.
    pub example: String,
    /// That sum as it is, cut where it is long.
    pub own: String,
    /// Whether no answer that is there changes: one series each, and nothing above counts them. And the zeros hide nothing:
    /// what the slices ask for stands in data, and the gate fails where every request does.
    pub is_safe: bool,
}

impl Zeros {
    /// What to write, and in place of what.
    pub fn in_words(&self) -> String {
        format!("write `{}` in place of `{}`", self.example, self.own)
    }
}

/// The aggregation around a selector, and what is there where it is not: the same sum over all outcomes, or what
/// anchors a selector whose metric is no evidence.
pub fn whole<'a>(
    gate: &Gate<'_>,
    query: &Query,
    data: &DataSelector<'a>,
) -> Option<(&'a Expr, String)> {
    let is_evidence = !data.selector.metric().is_some_and(only_while_wrong);
    if is_evidence && is_sliced(gate, data) {
        let sum = sum_around(data)?;
        return Some((sum, unsliced(gate, query, sum, data)?));
    }
    let part = counted(data)?;
    Some((part, anchor(gate, query, data, part)?))
}

/// Makes each sum over one of `slices` answer 0 where the whole is there and the slice is not; none where one of them is
/// under no sum, cannot be made whole, or never has series.
pub fn zeros(gate: &Gate<'_>, query: &Query, slices: &[&DataSelector<'_>]) -> Option<Zeros> {
    let mut zeros = Zeros {
        edits: Vec::new(),
        example: String::new(),
        own: String::new(),
        is_safe: true,
    };
    let mut done: Vec<Span> = Vec::new();
    for data in slices {
        match asked(data.selector, gate.labels()) {
            Asked::Nothing => return None,
            Asked::Unlikely => zeros.is_safe = false,
            Asked::Likely => {}
        }
        let (sum, unsliced) = whole(gate, query, data)?;
        if done.contains(&sum.span) {
            continue;
        }
        done.push(sum.span);
        if zeros.example.is_empty() {
            let own = one_line(gate, query, sum.span);
            zeros.example = format!("({own} or 0 * {unsliced})");
            zeros.own = quoted(gate, query, sum.span);
        }
        zeros.edits.push((Span::at(sum.span.start), "(".to_owned()));
        let behind = format!(" or 0 * {unsliced})");
        zeros.edits.push((Span::at(sum.span.end), behind));
        zeros.is_safe &= is_completed(gate, query, data);
    }
    zeros.is_safe &= fails_when_all_fail(gate, query);
    (!zeros.edits.is_empty()).then_some(zeros)
}
