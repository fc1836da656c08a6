//! A query's tree into the numbers that its answer can hold.

use crate::promql::answer::Certainty;
use crate::promql::answer::numbers::numbers;
use crate::promql::ast::Expr;

/// Bounds of a number, NaN aside; both belong to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// No value is below.
    pub low: f64,
    /// No value is above.
    pub high: f64,
}

/// Between which numbers every value of the answer lies, NaN aside. The wide answer is `-Inf` to `+Inf`.
///
/// Counts begin at 0, not at 1: no count at all is a gate's question too. Rounding may exceed a bound in the last digits.
pub fn range(expr: &Expr) -> Range {
    let numbers = numbers(expr);
    Range {
        low: numbers.low,
        high: numbers.high,
    }
}

/// Whether a value of the answer can be NaN: 0 / 0, a modulo by 0, a quantile of nothing, `scalar` of nothing or of
/// several, roots and logarithms of negatives.
///
/// The wide answer is [`Yes`](Certainty::Yes). Stored samples are taken for finite numbers: a bare gauge is not NaN.
pub fn can_be_nan(expr: &Expr) -> Certainty {
    numbers(expr).nan
}
