//! A query's tree into what it answers while nothing happens: every counter function reads 0.

use crate::promql::answer::arithmetic::clamp;
use crate::promql::answer::labels::shape;
use crate::promql::ast::{
    AggregateOp, Aggregation, Binary, BinaryOp, Call, Expr, ExprKind, ValueType,
};
use crate::promql::literal::{arithmetic, compare, literal};
use crate::promql::select::{counter_calls, is_counter_function};

/// The answer where every counter function (`rate`, `increase`, …) reads 0 over series that exist; may be NaN.
///
/// Folded through arithmetic, aggregation, `clamp…`, comparisons, `or`, and `histogram_quantile`, which is NaN. None
/// where there is no counter function, where nothing is left, and where the fold meets anything else: the safe answer.
pub fn idle(expr: &Expr) -> Option<f64> {
    if counter_calls(expr).is_empty() {
        return None;
    }
    match fold(expr) {
        Fold::Each(value) => Some(value),
        Fold::Empty | Fold::Open => None,
    }
}

/// What a vector holds.
#[derive(Debug, Clone, Copy)]
enum Fold {
    /// One or more series, all with this value.
    Each(f64),
    /// No series.
    Empty,
    /// It cannot be told.
    Open,
}

impl Fold {
    fn map(self, change: impl FnOnce(f64) -> Fold) -> Fold {
        match self {
            Fold::Each(value) => change(value),
            other => other,
        }
    }
}

fn fold(expr: &Expr) -> Fold {
    match &expr.kind {
        ExprKind::Number(number) => Fold::Each(number.value),
        ExprKind::Paren(inner) => fold(inner),
        ExprKind::Unary(unary) if unary.is_minus => fold(&unary.expr).map(|v| Fold::Each(-v)),
        ExprKind::Unary(unary) => fold(&unary.expr),
        ExprKind::Call(call) => fold_call(call),
        ExprKind::Aggregation(aggregation) => fold_aggregation(aggregation),
        ExprKind::Binary(binary) => fold_binary(expr, binary),
        ExprKind::Selector(_)
        | ExprKind::Matrix(_)
        | ExprKind::Subquery(_)
        | ExprKind::String(_)
        | ExprKind::Hole(_) => Fold::Open,
    }
}

fn fold_call(call: &Call) -> Fold {
    let name = call.function.name;
    if is_counter_function(name) {
        return Fold::Each(0.0);
    }
    let Some(data) = call.args.first() else {
        return Fold::Open;
    };
    let limit = |index: usize| call.args.get(index).and_then(literal);
    match name {
        "vector" => literal(data).map_or(Fold::Open, Fold::Each),
        "clamp_min" => match limit(1) {
            Some(low) => fold(data).map(|v| Fold::Each(clamp(v, low, f64::INFINITY))),
            None => Fold::Open,
        },
        "clamp_max" => match limit(1) {
            Some(high) => fold(data).map(|v| Fold::Each(clamp(v, f64::NEG_INFINITY, high))),
            None => Fold::Open,
        },
        "clamp" => match (limit(1), limit(2)) {
            (Some(low), Some(high)) if low > high => Fold::Empty,
            (Some(low), Some(high)) => fold(data).map(|v| Fold::Each(clamp(v, low, high))),
            _ => Fold::Open,
        },
        "histogram_quantile" => call
            .args
            .get(1)
            .map_or(Fold::Open, fold)
            .map(|_| Fold::Each(f64::NAN)),
        _ => Fold::Open,
    }
}

fn fold_aggregation(aggregation: &Aggregation) -> Fold {
    let is_one = || shape(&aggregation.expr).at_most_one;
    let param = || aggregation.param.as_ref().and_then(literal);
    fold(&aggregation.expr).map(|value| match aggregation.op {
        // Any number of zeros is 0, of NaN NaN, of infinities one.
        AggregateOp::Sum if value == 0.0 || !value.is_finite() || is_one() => Fold::Each(value),
        AggregateOp::Avg | AggregateOp::Min | AggregateOp::Max => Fold::Each(value),
        AggregateOp::Group => Fold::Each(1.0),
        AggregateOp::Count if is_one() => Fold::Each(1.0),
        AggregateOp::Stddev | AggregateOp::Stdvar if value.is_finite() => Fold::Each(0.0),
        AggregateOp::Stddev | AggregateOp::Stdvar => Fold::Each(f64::NAN),
        AggregateOp::Quantile if param().is_some_and(|phi| (0.0..=1.0).contains(&phi)) => {
            Fold::Each(value)
        }
        AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Limitk
            if param().is_some_and(|k| k >= 1.0) =>
        {
            Fold::Each(value)
        }
        AggregateOp::Sum
        | AggregateOp::Count
        | AggregateOp::Quantile
        | AggregateOp::Topk
        | AggregateOp::Bottomk
        | AggregateOp::Limitk
        | AggregateOp::LimitRatio
        | AggregateOp::CountValues => Fold::Open,
    })
}

fn fold_binary(expr: &Expr, binary: &Binary) -> Fold {
    let (left, right) = (fold(&binary.left), fold(&binary.right));
    if binary.op == BinaryOp::Or {
        return fold_or(expr, binary, left, right);
    }
    if binary.op.is_set()
        || binary
            .matching
            .as_ref()
            .is_some_and(|m| m.fill.left.is_some() || m.fill.right.is_some())
    {
        return Fold::Open;
    }
    let (l, r) = match (left, right) {
        (Fold::Open, _) | (_, Fold::Open) => return Fold::Open,
        (Fold::Empty, _) | (_, Fold::Empty) => return Fold::Empty,
        (Fold::Each(l), Fold::Each(r)) => (l, r),
    };
    if let Some(value) = arithmetic(binary.op, l, r) {
        return Fold::Each(value);
    }
    match compare(binary.op, l, r) {
        None => Fold::Open,
        Some(holds) if binary.bool_span.is_some() => Fold::Each(f64::from(u8::from(holds))),
        Some(false) => Fold::Empty,
        Some(true) if binary.left.value_type == ValueType::Scalar => Fold::Each(r),
        Some(true) => Fold::Each(l),
    }
}

/// The right side speaks where the left is empty, or adds series of its own.
fn fold_or(expr: &Expr, binary: &Binary, left: Fold, right: Fold) -> Fold {
    match (left, right) {
        (Fold::Empty, right) => right,
        (Fold::Each(value), Fold::Empty) => Fold::Each(value),
        (Fold::Each(value), Fold::Each(other))
            if value == other || value.is_nan() && other.is_nan() =>
        {
            Fold::Each(value)
        }
        // One series at most, and the left one is there.
        (Fold::Each(value), _) if shape(expr).at_most_one => Fold::Each(value),
        (Fold::Each(value), _)
            if binary
                .matching
                .as_ref()
                .and_then(|m| m.labels.as_ref())
                .is_some_and(|labels| labels.is_on && labels.labels.is_empty()) =>
        {
            Fold::Each(value)
        }
        _ => Fold::Open,
    }
}
