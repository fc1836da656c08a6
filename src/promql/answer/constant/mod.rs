//! A query's tree into what it answers when every selector is empty, by evaluating it.

mod evaluate;

use crate::promql::answer::range::Range;
use crate::promql::ast::Expr;
use evaluate::{Answer, Evaluation};

/// What a query answers when every selector is empty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Constant {
    /// No series.
    Empty,
    /// One series, or number, with this value; may be NaN.
    Value(f64),
    /// It hangs on the clock, on a hole, or there are several series.
    Unknown,
}

/// What the query answers when every selector is empty: `sum(x) or vector(0)` is 0, `absent(x)` 1, `scalar(x)` NaN,
/// `count(x)` empty. The safe answer is [`Unknown`](Constant::Unknown).
pub fn without_data(expr: &Expr) -> Constant {
    constant(Evaluation::default().evaluate(expr))
}

/// The constant that stands in where data are missing: [`without_data`]'s value, but not the NaN that `scalar` makes of
/// nothing. None where the answer would be empty, or where it is not known: the safe answer.
pub fn fallback(expr: &Expr) -> Option<f64> {
    let mut evaluation = Evaluation::default();
    match constant(evaluation.evaluate(expr)) {
        Constant::Value(value) if value.is_nan() && evaluation.scalar_of_nothing => None,
        Constant::Value(value) => Some(value),
        Constant::Empty | Constant::Unknown => None,
    }
}

/// Between which numbers the query answers where data are missing, where that is no one number: `x or vector(time())`.
/// None where the answer would be empty, can be NaN, or is not bounded: the safe answer.
pub fn fallback_range(expr: &Expr) -> Option<Range> {
    match Evaluation::default().evaluate(expr) {
        Answer::Vector(samples) => match samples.as_slice() {
            [sample] if sample.value.is_none() => sample.bounds,
            _ => None,
        },
        _ => None,
    }
}

fn constant(answer: Answer) -> Constant {
    let value = match answer {
        Answer::Scalar(value) => value,
        Answer::Vector(samples) => match samples.as_slice() {
            [] => return Constant::Empty,
            [sample] => sample.value,
            _ => None,
        },
        Answer::Text | Answer::Unknown => None,
    };
    value.map_or(Constant::Unknown, Constant::Value)
}
