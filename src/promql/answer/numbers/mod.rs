//! A query's tree into all that is known of its numbers: bounds, 0, NaN, infinity, in one pass from the leaves up.

mod calls;
mod operators;

use crate::promql::answer::Certainty;
use crate::promql::answer::labels::shape;
use crate::promql::ast::{AggregateOp, Aggregation, Expr, ExprKind, Selector};
use crate::promql::names;

/// What is known of every value of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Numbers {
    /// Bounds, NaN aside.
    pub(super) low: f64,
    pub(super) high: f64,
    /// Whether one can be 0; a count is not, though its bounds hold 0.
    pub(super) zero: Certainty,
    /// Whether one can be NaN.
    pub(super) nan: Certainty,
    /// Whether one can be an infinity; unbounded ones need not.
    pub(super) infinite: Certainty,
    /// The bounds are wide only because an argument has no value.
    pub(super) hangs_on_hole: bool,
}

impl Numbers {
    /// Any finite number.
    pub(super) fn any() -> Self {
        Numbers::between(f64::NEG_INFINITY, f64::INFINITY)
    }

    /// Finite numbers within bounds.
    pub(super) fn between(low: f64, high: f64) -> Self {
        Numbers {
            low,
            high,
            zero: Certainty::when(low <= 0.0 && high >= 0.0),
            nan: Certainty::No,
            infinite: Certainty::No,
            hangs_on_hole: false,
        }
    }

    pub(super) fn not_negative() -> Self {
        Numbers::between(0.0, f64::INFINITY)
    }

    /// A count of what is there: a gate may ask for 1, so the bounds begin at 0.
    fn count() -> Self {
        Numbers {
            zero: Certainty::No,
            ..Numbers::not_negative()
        }
    }

    fn exactly(value: f64) -> Self {
        if value.is_nan() {
            return Numbers {
                nan: Certainty::Yes,
                ..Numbers::any()
            };
        }
        Numbers {
            infinite: Certainty::when(value.is_infinite()),
            ..Numbers::between(value, value)
        }
    }

    fn hole() -> Self {
        Numbers {
            zero: Certainty::Unknown,
            nan: Certainty::Unknown,
            infinite: Certainty::Unknown,
            hangs_on_hole: true,
            ..Numbers::any()
        }
    }

    /// The same but for new bounds: 0 is in them or not.
    fn within(self, low: f64, high: f64) -> Self {
        let zero = if low <= 0.0 && high >= 0.0 {
            if self.hangs_on_hole {
                Certainty::Unknown
            } else {
                Certainty::Yes
            }
        } else {
            Certainty::No
        };
        Numbers {
            low,
            high,
            zero,
            ..self
        }
    }

    /// Values of either.
    fn or(self, other: Self) -> Self {
        Numbers {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            zero: self.zero.or(other.zero),
            nan: self.nan.or(other.nan),
            infinite: self.infinite.or(other.infinite),
            hangs_on_hole: self.hangs_on_hole || other.hangs_on_hole,
        }
    }

    /// The sum of any number of such values, of one at least.
    fn summed(self) -> Self {
        let low = if self.low >= 0.0 {
            self.low
        } else {
            f64::NEG_INFINITY
        };
        let high = if self.high <= 0.0 {
            self.high
        } else {
            f64::INFINITY
        };
        let has_both_signs = low < 0.0 && high > 0.0;
        let nan = if has_both_signs {
            self.nan.or(self.infinite)
        } else {
            self.nan
        };
        let zero = if has_both_signs {
            self.zero.or(self.within(low, high).zero)
        } else {
            self.zero
        };
        Numbers {
            low,
            high,
            zero,
            nan,
            ..self
        }
    }

    /// A mean of such values.
    fn averaged(self) -> Self {
        if self.low < 0.0 && self.high > 0.0 {
            let nan = self.nan.or(self.infinite);
            let zero = self.zero.or(self.within(self.low, self.high).zero);
            Numbers { nan, zero, ..self }
        } else {
            self
        }
    }

    /// How far such values scatter.
    fn scattered(self) -> Self {
        Numbers {
            nan: self.nan.or(self.infinite),
            infinite: self.infinite,
            hangs_on_hole: self.hangs_on_hole,
            ..Numbers::not_negative()
        }
    }
}

/// What is known of the values of `expr`; of a range, of the samples in it.
pub(super) fn numbers(expr: &Expr) -> Numbers {
    match &expr.kind {
        ExprKind::Number(number) => Numbers::exactly(number.value),
        ExprKind::String(_) => Numbers::any(),
        ExprKind::Selector(selector) => of_selector(selector),
        ExprKind::Matrix(matrix) => of_selector(&matrix.selector),
        ExprKind::Hole(_) => Numbers::hole(),
        ExprKind::Paren(inner) => numbers(inner),
        ExprKind::Subquery(subquery) => numbers(&subquery.expr),
        ExprKind::Unary(unary) if unary.is_minus => operators::negated(numbers(&unary.expr)),
        ExprKind::Unary(unary) => numbers(&unary.expr),
        ExprKind::Call(call) => calls::of_call(call),
        ExprKind::Aggregation(aggregation) => of_aggregation(aggregation),
        ExprKind::Binary(binary) => operators::of_binary(binary),
    }
}

fn of_selector(selector: &Selector) -> Numbers {
    match selector.metric() {
        Some("up") => Numbers::between(0.0, 1.0),
        Some("ALERTS") => Numbers::between(1.0, 1.0),
        // Observations, and so their sum, may be negative.
        Some(name) if names::says_counter(name) && !name.ends_with("_sum") => {
            Numbers::not_negative()
        }
        _ => Numbers::any(),
    }
}

fn of_aggregation(aggregation: &Aggregation) -> Numbers {
    let inner = numbers(&aggregation.expr);
    match aggregation.op {
        AggregateOp::Sum if shape(&aggregation.expr).at_most_one => inner,
        AggregateOp::Sum => inner.summed(),
        AggregateOp::Avg => inner.averaged(),
        AggregateOp::Min
        | AggregateOp::Max
        | AggregateOp::Topk
        | AggregateOp::Bottomk
        | AggregateOp::Limitk
        | AggregateOp::LimitRatio => inner,
        AggregateOp::Count | AggregateOp::CountValues => Numbers::count(),
        AggregateOp::Group => Numbers::exactly(1.0),
        // One value does not scatter.
        AggregateOp::Stddev | AggregateOp::Stdvar if shape(&aggregation.expr).at_most_one => {
            Numbers {
                nan: inner.nan.or(inner.infinite),
                ..Numbers::exactly(0.0)
            }
        }
        AggregateOp::Stddev | AggregateOp::Stdvar => inner.scattered(),
        AggregateOp::Quantile => calls::quantile_of(aggregation.param.as_ref().map(numbers), inner),
    }
}
