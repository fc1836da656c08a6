//! A query's tree into what its answer can be: empty, NaN, a constant, how many series, between which numbers.
//!
//! Everything is proved on the tree alone, for *every* content of the server, under three assumptions that are told here
//! once: counters and what is counted are not negative, stored samples are finite numbers, and samples are floats, not
//! native histograms. What cannot be proved gets the wide answer, which each function names. A hole (an argument without value)
//! may be any number or, where an operand stands, any expression.
//!
//! What the numbers mean (failures, latency) is not here but in [`class`](crate::promql::class).

mod arithmetic;
mod constant;
mod empty;
mod idle;
mod labels;
mod numbers;
mod part;
mod range;
mod series;

pub use constant::{Constant, fallback, fallback_range, without_data};
pub use empty::can_be_empty;
pub use idle::idle;
pub use part::is_subset_ratio;
pub use range::{Range, can_be_nan, range};
pub use series::{Kept, Series, kept_labels, series};

use crate::promql::ast::{Expr, ExprKind};

/// Whether something can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It can, or nothing excludes it.
    Yes,
    /// It is excluded.
    No,
    /// It hangs on the value of an argument.
    Unknown,
}

impl Certainty {
    /// [`Yes`](Certainty::Yes) or [`No`](Certainty::No).
    pub(crate) fn when(holds: bool) -> Self {
        if holds { Certainty::Yes } else { Certainty::No }
    }

    /// One of the two can happen.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Certainty::Yes, _) | (_, Certainty::Yes) => Certainty::Yes,
            (Certainty::No, Certainty::No) => Certainty::No,
            _ => Certainty::Unknown,
        }
    }

    /// Both can happen.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Certainty::No, _) | (_, Certainty::No) => Certainty::No,
            (Certainty::Yes, Certainty::Yes) => Certainty::Yes,
            _ => Certainty::Unknown,
        }
    }
}

/// Whether a selector of data stands anywhere in `expr`. The second argument of `info()` is none: it says which labels are
/// added, and `info(vector(0), {a="b"})` answers 0 whatever the server has.
///
/// A hole is none: it is asked about with [`has_hole`].
pub fn has_selector(expr: &Expr) -> bool {
    match expr.call("info") {
        Some(info) => info.args.first().is_some_and(has_selector),
        None => expr.selector().is_some() || expr.any_child(has_selector),
    }
}

/// Whether an expression stands anywhere in `expr` that is known only when an argument gets its value.
///
/// Holes in texts, names and stretches of time do not count.
pub fn has_hole(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |node| found |= matches!(node.kind, ExprKind::Hole(_)));
    found
}

/// Whether the answer changes with the time at which it is asked though no data do: `time()`, `hour()`, and
/// `timestamp(…)` of what has no selector, which is the time asked.
pub fn uses_clock(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |node| found |= is_clock(node));
    found
}

/// Functions that read the clock where they have no argument (Prometheus's `promql/functions.go`, `dateWrapper`), and the
/// experimental ones that tell the query's own times.
const CLOCKS: [&str; 13] = [
    "time",
    "minute",
    "hour",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "month",
    "year",
    "start",
    "end",
    "step",
    "range",
];

fn is_clock(expr: &Expr) -> bool {
    let ExprKind::Call(call) = &expr.kind else {
        return false;
    };
    match call.args.first() {
        None => CLOCKS.contains(&call.function.name),
        Some(arg) => call.function.name == "timestamp" && !has_selector(arg),
    }
}

#[cfg(test)]
mod tests;
