//! A selector that matches nothing, while all others match, into what the query around it answers.
//!
//! A counter split by outcome has no series of an outcome until it first happens: such a slice is missing though all is
//! scraped. Whether the whole answer is missing with it hangs on the nodes around.

use crate::promql::answer::{Constant, has_hole, has_selector, without_data};
use crate::promql::ast::{
    AggregateOp, Aggregation, Binary, BinaryOp, Call, Expr, ExprKind, ValueType,
};
use crate::promql::literal::{arithmetic, literal};
use crate::promql::select::DataSelector;

/// What a query answers while one of its selectors matches nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Missing {
    /// No series.
    Empty,
    /// NaN: `scalar(…)` of no series.
    Nan,
    /// This number, of a constant behind an `or`.
    Constant(f64),
    /// Other data stand in, or it cannot be told.
    Unknown,
}

/// What the query answers while this selector matches nothing and all others do.
pub fn without(selector: &DataSelector<'_>) -> Missing {
    let mut answer = Missing::Empty;
    let mut child = selector.expr;
    for node in selector.around.iter().rev() {
        answer = above(node, child, answer);
        if answer == Missing::Unknown {
            break;
        }
        child = node;
    }
    answer
}

/// What `node` answers where its operand `child` answers `below`.
fn above(node: &Expr, child: &Expr, below: Missing) -> Missing {
    match &node.kind {
        ExprKind::Paren(_) | ExprKind::Subquery(_) => below,
        ExprKind::Unary(unary) => match below {
            Missing::Constant(number) if unary.is_minus => Missing::Constant(-number),
            below => below,
        },
        ExprKind::Call(call) => called(call, child, below),
        ExprKind::Aggregation(aggregation) => aggregated(aggregation, child, below),
        ExprKind::Binary(binary) => combined(binary, child, below),
        ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Selector(_)
        | ExprKind::Matrix(_)
        | ExprKind::Hole(_) => Missing::Unknown,
    }
}

fn called(call: &Call, child: &Expr, below: Missing) -> Missing {
    let name = call.function.name;
    match (name, below) {
        _ if name.starts_with("absent") => Missing::Unknown,
        ("scalar", Missing::Empty) => Missing::Nan,
        ("scalar" | "vector" | "sort" | "sort_desc" | "label_replace" | "label_join", _) => below,
        // A number among the arguments is not what is worked on.
        (_, Missing::Empty) if child.value_type != ValueType::Scalar => Missing::Empty,
        _ => Missing::Unknown,
    }
}

fn aggregated(aggregation: &Aggregation, child: &Expr, below: Missing) -> Missing {
    if !std::ptr::eq(&raw const aggregation.expr, child) {
        return Missing::Unknown;
    }
    use AggregateOp::{Avg, Max, Min, Sum};
    match below {
        Missing::Empty => Missing::Empty,
        below if matches!(aggregation.op, Sum | Avg | Min | Max) => below,
        _ => Missing::Unknown,
    }
}

fn combined(binary: &Binary, child: &Expr, below: Missing) -> Missing {
    let is_left = std::ptr::eq(&raw const binary.left, child);
    let other = if is_left { &binary.right } else { &binary.left };
    let fills = binary.matching.as_ref().map(|matching| matching.fill);
    if fills.is_some_and(|fill| fill.left.is_some() || fill.right.is_some()) {
        return Missing::Unknown;
    }
    match (binary.op, below) {
        (BinaryOp::Or, _) if !is_left || has_selector(other) || has_hole(other) => Missing::Unknown,
        (BinaryOp::Or, Missing::Empty) => match without_data(other) {
            Constant::Value(number) => Missing::Constant(number),
            Constant::Empty => Missing::Empty,
            Constant::Unknown => Missing::Unknown,
        },
        (BinaryOp::Or, below) => below,
        (BinaryOp::And, Missing::Empty) => Missing::Empty,
        (BinaryOp::Unless, Missing::Empty) if is_left => Missing::Empty,
        (op, _) if op.is_set() => Missing::Unknown,
        (_, Missing::Empty) => Missing::Empty,
        (op, _) if op.is_comparison() => Missing::Unknown,
        (BinaryOp::Power, Missing::Nan) => Missing::Unknown,
        (_, Missing::Nan) => Missing::Nan,
        (op, Missing::Constant(number)) => {
            let folded = literal(other).and_then(|other| match is_left {
                true => arithmetic(op, number, other),
                false => arithmetic(op, other, number),
            });
            folded.map_or(Missing::Unknown, Missing::Constant)
        }
        (_, Missing::Unknown) => Missing::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::select::data_selectors;
    use crate::promql::{Options, parse};

    #[test]
    fn one_selector_is_missing() {
        for (query, expected) in [
            ("sum(rate(e[5m])) / sum(rate(t[5m]))", Missing::Empty),
            ("1 - sum(rate(e[5m])) / sum(rate(t[5m]))", Missing::Empty),
            ("(sum(rate(e[5m])) or vector(0)) / t", Missing::Unknown),
            ("sum(e) / t or vector(1)", Missing::Constant(1.0)),
            ("100 * (sum(e) / t or vector(1))", Missing::Constant(100.0)),
            ("sum(e) or 0 * sum(t)", Missing::Unknown),
            ("sum(t) or sum(e)", Missing::Unknown),
            ("scalar(sum(e)) / scalar(sum(t))", Missing::Nan),
            ("absent(e)", Missing::Unknown),
            ("e unless t", Missing::Empty),
            ("e and t", Missing::Empty),
            ("count(e) > 5", Missing::Empty),
            ("max_over_time((e / t)[5m:1m])", Missing::Empty),
            (
                "histogram_quantile(0.9, sum by (le) (rate(e[5m])))",
                Missing::Empty,
            ),
            ("clamp_min(e, 1)", Missing::Empty),
            ("clamp_min(t, scalar(e))", Missing::Unknown),
            ("topk(scalar(e), t)", Missing::Unknown),
        ] {
            let parsed = parse(query, Options::default()).expect("a query");
            let selectors = data_selectors(&parsed.expr);
            let own = selectors
                .iter()
                .find(|s| s.selector.metric() == Some("e"))
                .expect("a selector of e");
            assert_eq!(without(own), expected, "{query}");
        }
    }
}
