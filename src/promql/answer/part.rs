//! A division into whether it is a share: its numerator a part of its denominator.

use crate::promql::answer::constant::{Constant, without_data};
use crate::promql::answer::{has_selector, series};
use crate::promql::ast::{
    AggregateOp, Aggregation, Binary, BinaryOp, Call, Expr, ExprKind, Grouping, MatchOp, Matching,
    MatchingLabels, Selector,
};
use crate::promql::literal::literal;
use crate::promql::names::says_counter;
use crate::promql::same::{
    has_matchers_of, same, same_grouping, same_metric, same_modifiers, same_period,
};

/// Whether the division is a subset ratio: one metric, function and window on both sides, and the numerator has every
/// matcher of the denominator, so that it lies in 0..1 (or 0..100 under `* 100`).
///
/// Constant factors, a fallback of 0 on the numerator (`or vector(0)`, `or 0 * …`), a fallback, `clamp_min` or filter on
/// the denominator are looked through, and `t - e` over `t` is one too. The safe answer is false.
pub fn is_subset_ratio(binary: &Binary) -> bool {
    binary.op == BinaryOp::Divide && share(binary).is_some()
}

/// The factor of a share: it lies between 0 and this number. None where it is none, or not proved.
pub(super) fn share(binary: &Binary) -> Option<f64> {
    let (above, numerator) = factored(&binary.left);
    let (below, denominator) = factored(&binary.right);
    let numerator = without_zero(numerator);
    let denominator = without_floor(denominator);
    let matching = binary.matching.as_ref();
    let is_share = match &numerator.kind {
        ExprKind::Binary(minus) if minus.op == BinaryOp::Subtract => {
            let all = without_zero(&minus.left);
            is_part(all, denominator, matching)
                && is_part(without_zero(&minus.right), all, minus.matching.as_ref())
        }
        _ => is_part(numerator, denominator, matching),
    };
    let factor = above / below;
    (is_share && factor.is_finite()).then_some(factor)
}

/// A constant factor, and what it multiplies.
fn factored(expr: &Expr) -> (f64, &Expr) {
    let expr = expr.unwrapped();
    if let ExprKind::Binary(binary) = &expr.kind {
        let sides = (literal(&binary.left), literal(&binary.right));
        match (binary.op, sides) {
            (BinaryOp::Multiply, (Some(factor), None)) => {
                let (inner, rest) = factored(&binary.right);
                return (factor * inner, rest);
            }
            (BinaryOp::Multiply, (None, Some(factor))) => {
                let (inner, rest) = factored(&binary.left);
                return (factor * inner, rest);
            }
            (BinaryOp::Divide, (None, Some(divisor))) => {
                let (inner, rest) = factored(&binary.left);
                return (inner / divisor, rest);
            }
            _ => {}
        }
    }
    (1.0, expr)
}

/// Without a fallback that is 0, and without comparisons, which only take away.
fn without_zero(expr: &Expr) -> &Expr {
    let expr = expr.unwrapped();
    match &expr.kind {
        ExprKind::Binary(binary) if binary.op == BinaryOp::Or && is_zero(&binary.right) => {
            without_zero(&binary.left)
        }
        ExprKind::Binary(binary) if binary.is_filter() && literal(&binary.right).is_some() => {
            without_zero(&binary.left)
        }
        _ => expr,
    }
}

/// `vector(0)`, `0 * …`: nothing but 0.
pub(super) fn is_zero(expr: &Expr) -> bool {
    match &expr.unwrapped().kind {
        ExprKind::Binary(binary) if binary.op == BinaryOp::Multiply => {
            literal(&binary.left) == Some(0.0) || literal(&binary.right) == Some(0.0)
        }
        _ => !has_selector(expr) && matches!(without_data(expr), Constant::Value(0.0)),
    }
}

/// Without what can only make a divisor greater, and without filters.
fn without_floor(expr: &Expr) -> &Expr {
    let expr = expr.unwrapped();
    match &expr.kind {
        ExprKind::Call(call) if call.function.name == "clamp_min" => {
            call.args.first().map_or(expr, without_floor)
        }
        ExprKind::Binary(binary) if binary.op == BinaryOp::Or => {
            // Where the denominator is missing its part is missing too, or 0.
            let stands_in = !has_selector(&binary.right)
                && matches!(without_data(&binary.right), Constant::Value(n) if n > 0.0);
            if stands_in {
                without_floor(&binary.left)
            } else {
                expr
            }
        }
        ExprKind::Binary(binary) if binary.is_filter() && literal(&binary.right).is_some() => {
            without_floor(&binary.left)
        }
        ExprKind::Binary(binary)
            if binary.op == BinaryOp::Add && literal(&binary.right).is_some_and(|n| n >= 0.0) =>
        {
            without_floor(&binary.left)
        }
        _ => expr,
    }
}

/// Whether every value of `part` is at most the one of `whole` that it is matched with.
fn is_part(part: &Expr, whole: &Expr, matching: Option<&Matching>) -> bool {
    let (part, whole) = (part.unwrapped(), without_floor(whole));
    if let ExprKind::Binary(sum) = &whole.kind
        && sum.op == BinaryOp::Add
    {
        let (left, right) = (&sum.left, &sum.right);
        let is_addend = |addend: &Expr, other: &Expr| {
            is_part(part, without_zero(addend), matching) && is_never_negative(other)
        };
        return is_addend(left, right) || is_addend(right, left);
    }
    match (&part.kind, &whole.kind) {
        (ExprKind::Aggregation(part), ExprKind::Aggregation(whole)) => {
            part.op == whole.op
                && matches!(part.op, AggregateOp::Sum | AggregateOp::Count)
                && meets_own_group(part, whole, matching)
                && is_some_of(&part.expr, &whole.expr)
        }
        _ => matching.is_none() && is_some_of(part, whole),
    }
}

/// Counters, their rates, counts, and sums of such: told from the nodes alone, for bounds are asked through here.
fn is_never_negative(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Paren(inner) => is_never_negative(inner),
        ExprKind::Number(number) => number.value >= 0.0,
        ExprKind::Selector(selector) => selector.metric().is_some_and(says_counter),
        ExprKind::Call(call) => match call.function.name {
            "rate" | "irate" | "increase" => call
                .args
                .first()
                .is_some_and(|arg| arg.unwrapped().selector().is_some()),
            "vector" | "clamp_min" | "round" => call.args.first().is_some_and(is_never_negative),
            _ => false,
        },
        ExprKind::Aggregation(aggregation) => match aggregation.op {
            AggregateOp::Count => true,
            AggregateOp::Sum | AggregateOp::Avg | AggregateOp::Min | AggregateOp::Max => {
                is_never_negative(&aggregation.expr)
            }
            _ => false,
        },
        ExprKind::Binary(binary) => {
            matches!(
                binary.op,
                BinaryOp::Add | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Or
            ) && is_never_negative(&binary.left)
                && is_never_negative(&binary.right)
        }
        ExprKind::Matrix(_)
        | ExprKind::Subquery(_)
        | ExprKind::String(_)
        | ExprKind::Unary(_)
        | ExprKind::Hole(_) => false,
    }
}

/// Whether a group of `part` is matched with the group of `whole` that holds it.
fn meets_own_group(part: &Aggregation, whole: &Aggregation, matching: Option<&Matching>) -> bool {
    let (inner, outer) = (part.grouping.as_ref(), whole.grouping.as_ref());
    let Some(outer) = outer.filter(|g| g.is_without || !g.labels.is_empty()) else {
        return true;
    };
    match matching.and_then(|m| m.labels.as_ref()) {
        None => inner.is_some_and(|i| i.is_without == outer.is_without),
        Some(labels) if !outer.is_without => {
            inner.is_some_and(|i| !i.is_without && covers(i, outer)) && matches_all(labels, outer)
        }
        Some(_) => false,
    }
}

fn covers(inner: &Grouping, outer: &Grouping) -> bool {
    outer
        .labels
        .iter()
        .all(|wanted| inner.labels.iter().any(|label| label.text == wanted.text))
}

fn matches_all(matching: &MatchingLabels, grouping: &Grouping) -> bool {
    grouping.labels.iter().all(|wanted| {
        let is_named = matching
            .labels
            .iter()
            .any(|label| label.text == wanted.text);
        is_named == matching.is_on
    })
}

/// Whether the series of `part` are some of those of `whole`, with the same values, none of them negative.
fn is_some_of(part: &Expr, whole: &Expr) -> bool {
    let (part, whole) = (part.unwrapped(), whole.unwrapped());
    match (&part.kind, &whole.kind) {
        (ExprKind::Selector(part), ExprKind::Selector(whole)) => is_slice(part, whole),
        (ExprKind::Matrix(part), ExprKind::Matrix(whole)) => {
            is_slice(&part.selector, &whole.selector) && same_period(&part.range, &whole.range)
        }
        (ExprKind::Call(part), ExprKind::Call(whole)) => is_same_call(part, whole),
        (ExprKind::Aggregation(part), ExprKind::Aggregation(whole)) => {
            part.op == AggregateOp::Sum
                && whole.op == AggregateOp::Sum
                && same_grouping(part.grouping.as_ref(), whole.grouping.as_ref())
                && is_some_of(&part.expr, &whole.expr)
        }
        (ExprKind::Binary(left), ExprKind::Binary(right))
            if left.is_filter() && left.op == right.op && same(&left.right, &right.right) =>
        {
            is_some_of(&left.left, &right.left)
        }
        (ExprKind::Binary(left), _) if left.is_filter() && literal(&left.right).is_some() => {
            is_some_of(&left.left, whole)
        }
        _ => false,
    }
}

/// Functions of one series that may be negative though its samples are not.
const SIGNED: [&str; 5] = [
    "delta",
    "idelta",
    "deriv",
    "predict_linear",
    "double_exponential_smoothing",
];

fn is_same_call(part: &Call, whole: &Call) -> bool {
    let (Some(part_data), Some(whole_data)) =
        (series::data_argument(part), series::data_argument(whole))
    else {
        return false;
    };
    let name = part.function.name;
    name == whole.function.name
        && !SIGNED.contains(&name)
        && (name.ends_with("_over_time")
            || matches!(name, "rate" | "irate" | "increase" | "changes" | "resets"))
        && part.args.len() == whole.args.len()
        && part
            .args
            .iter()
            .zip(&whole.args)
            .all(|(l, r)| std::ptr::eq(l, part_data) || same(l, r))
        && is_some_of(part_data, whole_data)
}

fn is_slice(part: &Selector, whole: &Selector) -> bool {
    (same_metric(part, whole) || is_bucket_of_count(part, whole))
        && has_matchers_of(part, whole)
        && same_modifiers(&part.modifiers, &whole.modifiers)
}

/// `h_bucket{le="…"}` counts some of what `h_count` counts.
fn is_bucket_of_count(part: &Selector, whole: &Selector) -> bool {
    let base = |selector: &'_ Selector, end: &str| {
        selector
            .metric()
            .and_then(|name| name.strip_suffix(end))
            .map(str::to_owned)
    };
    let bucket = base(part, "_bucket");
    bucket.is_some()
        && bucket == base(whole, "_count")
        && part
            .matchers
            .iter()
            .any(|matcher| matcher.label.text == "le" && matcher.op == MatchOp::Equal)
}
