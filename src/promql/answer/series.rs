//! A query's tree into how many series its answer can have, and which labels they keep.

use crate::promql::answer::labels::{Rest, Status, shape};
use crate::promql::answer::{Certainty, can_be_empty};
use crate::promql::ast::{Call, Expr, ExprKind, ValueType};

/// How many series an answer can have at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Series {
    /// None ever: a string.
    None,
    /// Always one; a number counts as one.
    One,
    /// None or one.
    AtMostOne,
    /// Any number, or nothing bounds it.
    Many,
    /// It hangs on a hole.
    Unknown,
}

/// Which labels tell the series of an answer apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// None: there is one series at most, or every label is pinned by `=`.
    None,
    /// These, in text order: a `by` keeps them, and no `=` pins them.
    By(Vec<String>),
    /// All but those of a `without`.
    Without,
    /// All that the data have.
    All,
    /// It hangs on a hole.
    Unknown,
}

/// How many series the answer of an instant query, or one step of a range query, can have.
///
/// The wide answer is [`Many`](Series::Many). `absent(…)` is [`AtMostOne`](Series::AtMostOne). Two arguments
/// without value in matchers on one label are taken for the same.
pub fn series(expr: &Expr) -> Series {
    if expr.value_type == ValueType::String {
        return Series::None;
    }
    let shape = shape(expr);
    if shape.at_most_one {
        return if always_answers(expr) {
            Series::One
        } else {
            Series::AtMostOne
        };
    }
    let is_open = |status: &Status| matches!(status, Status::Free | Status::Few);
    if shape.rest >= Rest::Without || shape.named.values().any(is_open) {
        Series::Many
    } else {
        Series::Unknown
    }
}

/// Which labels can differ between the series of the answer. The wide answer is [`All`](Kept::All).
pub fn kept_labels(expr: &Expr) -> Kept {
    let shape = shape(expr);
    if shape.at_most_one {
        return Kept::None;
    }
    match shape.rest {
        Rest::All => return Kept::All,
        Rest::Without => return Kept::Without,
        Rest::Absent | Rest::Unknown => {}
    }
    let mut free: Vec<String> = Vec::new();
    let mut keep = |label: &str| {
        if shape.status(label) == Status::Free && !free.iter().any(|l| l == label) {
            free.push(label.to_owned());
        }
    };
    expr.walk(&mut |node| {
        if let ExprKind::Aggregation(aggregation) = &node.kind {
            for label in aggregation.grouping.iter().flat_map(|g| &g.labels) {
                keep(&label.text);
            }
        }
    });
    shape.named.keys().for_each(|label| keep(label));
    if !free.is_empty() {
        Kept::By(free)
    } else if shape.rest == Rest::Unknown || shape.named.values().any(|s| *s == Status::Unknown) {
        Kept::Unknown
    } else {
        Kept::None
    }
}

/// Whether there is always a series: [`can_be_empty`] says so, and not because `absent` counts as an answer.
fn always_answers(expr: &Expr) -> bool {
    !has_absent(expr) && can_be_empty(expr) == Certainty::No
}

/// Whether `absent(…)` or `absent_over_time(…)` stands anywhere.
pub(super) fn has_absent(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |node| {
        found |=
            matches!(&node.kind, ExprKind::Call(call) if call.function.name.starts_with("absent"));
    });
    found
}

/// The argument of a function that brings the series: its first vector or range.
pub(super) fn data_argument(call: &Call) -> Option<&Expr> {
    let takes = |index: usize| {
        let args = call.function.args;
        args.get(index).or(args.last()).copied()
    };
    call.args
        .iter()
        .enumerate()
        .find(|(index, _)| matches!(takes(*index), Some(ValueType::Vector | ValueType::Matrix)))
        .map(|(_, arg)| arg)
}
