//! A query's tree into whether its answer can have no series.

use crate::promql::answer::labels::shape;
use crate::promql::answer::numbers::{Numbers, numbers};
use crate::promql::answer::{Certainty, has_hole, series};
use crate::promql::ast::{
    AggregateOp, Aggregation, Binary, BinaryOp, Call, Expr, ExprKind, Subquery, ValueType,
};
use crate::promql::literal::literal;

/// Whether the answer can have no series: where selectors match nothing, where a comparison removes all that is there,
/// where the two sides of an operator do not match.
///
/// The wide answer is [`Yes`](Certainty::Yes). Numbers, `scalar(…)`, `vector(…)`, `… or vector(N)` never are; nor is
/// `absent(…)`, which by its own meaning answers where nothing is there and is silent where all is well. Samples are
/// taken for floats: functions that leave native histograms out are not looked into.
pub fn can_be_empty(expr: &Expr) -> Certainty {
    emptiness(expr, Filters::Judged)
}

/// Whether the answer can have no series where every comparison may remove all: linear, and so safe to ask from
/// [`numbers`], which is what judging a comparison asks.
pub(super) fn can_be_filtered_empty(expr: &Expr) -> Certainty {
    emptiness(expr, Filters::MayDrop)
}

/// What is made of comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filters {
    /// Whether they can be false is asked.
    Judged,
    /// They can.
    MayDrop,
}

fn emptiness(expr: &Expr, filters: Filters) -> Certainty {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => Certainty::No,
        ExprKind::Selector(_) | ExprKind::Matrix(_) => Certainty::Yes,
        ExprKind::Hole(_) => Certainty::Unknown,
        ExprKind::Paren(inner) => emptiness(inner, filters),
        ExprKind::Unary(unary) => emptiness(&unary.expr, filters),
        ExprKind::Subquery(subquery) => range_can_be_short(subquery, 1, filters),
        ExprKind::Call(call) => call_can_be_empty(call, filters),
        ExprKind::Aggregation(aggregation) => aggregation_can_be_empty(aggregation, filters),
        ExprKind::Binary(binary) => binary_can_be_empty(binary, filters),
    }
}

fn call_can_be_empty(call: &Call, filters: Filters) -> Certainty {
    let name = call.function.name;
    if call.function.returns == ValueType::Scalar {
        return Certainty::No;
    }
    let Some(data) = series::data_argument(call) else {
        return Certainty::No;
    };
    match name {
        "absent" | "absent_over_time" => Certainty::No,
        // A float without `le`, a base series without its info, are left out.
        "info" => Certainty::Yes,
        _ if name.starts_with("histogram_") => Certainty::Yes,
        // `hour()`: the argument may be missing.
        _ if call.args.is_empty() => Certainty::No,
        "clamp" if filters == Filters::MayDrop => Certainty::Yes,
        "clamp" => emptiness(data, filters).or(clamp_can_drop(call)),
        _ => match &data.unwrapped().kind {
            ExprKind::Subquery(subquery) => {
                range_can_be_short(subquery, points_needed(name), filters)
            }
            _ => emptiness(data, filters),
        },
    }
}

/// `clamp(v, low, high)` is empty where low is above high.
fn clamp_can_drop(call: &Call) -> Certainty {
    let (Some(low), Some(high)) = (call.args.get(1), call.args.get(2)) else {
        return Certainty::Yes;
    };
    if has_hole(low) || has_hole(high) {
        return Certainty::Unknown;
    }
    let (low, high) = (numbers(low), numbers(high));
    Certainty::when(low.high > high.low)
}

/// How many samples a function must see to answer.
fn points_needed(name: &str) -> i64 {
    if name.ends_with("_over_time") || matches!(name, "changes" | "resets") {
        1
    } else {
        2
    }
}

/// Prometheus's default step is its evaluation interval, 1m unless set.
const DEFAULT_STEP: i64 = 60_000;

/// Whether a subquery can hold fewer samples: its expression answers at every multiple of the step.
fn range_can_be_short(subquery: &Subquery, points: i64, filters: Filters) -> Certainty {
    let inner = emptiness(&subquery.expr, filters);
    let step = match &subquery.step {
        None => Some(DEFAULT_STEP),
        Some(step) => step.milliseconds(),
    };
    let holds = match (subquery.range.milliseconds(), step) {
        (Some(range), Some(step)) if step > 0 => Certainty::when(range / step < points),
        _ => Certainty::Unknown,
    };
    inner.or(holds)
}

fn aggregation_can_be_empty(aggregation: &Aggregation, filters: Filters) -> Certainty {
    let inner = emptiness(&aggregation.expr, filters);
    match aggregation.op {
        AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Limitk => {
            let Some(param) = &aggregation.param else {
                return Certainty::Yes;
            };
            let takes_none = match literal(param) {
                Some(k) => Certainty::when(k.is_nan() || k < 1.0),
                None if has_hole(param) => Certainty::Unknown,
                None => Certainty::Yes,
            };
            inner.or(takes_none)
        }
        AggregateOp::LimitRatio => Certainty::Yes,
        AggregateOp::Sum
        | AggregateOp::Avg
        | AggregateOp::Count
        | AggregateOp::Min
        | AggregateOp::Max
        | AggregateOp::Group
        | AggregateOp::Stddev
        | AggregateOp::Stdvar
        | AggregateOp::CountValues
        | AggregateOp::Quantile => inner,
    }
}

fn binary_can_be_empty(binary: &Binary, filters: Filters) -> Certainty {
    let left = emptiness(&binary.left, filters);
    let right = emptiness(&binary.right, filters);
    match binary.op {
        BinaryOp::Or => left.and(right),
        BinaryOp::And => left.or(right).or(can_miss(binary)),
        BinaryOp::Unless | BinaryOp::TrimUpper | BinaryOp::TrimLower => Certainty::Yes,
        _ => {
            let fill = binary.matching.as_ref().map(|m| m.fill);
            let partners = match fill {
                Some(fill) if fill.left.is_some() && fill.right.is_some() => left.and(right),
                Some(fill) if fill.left.is_some() => right,
                Some(fill) if fill.right.is_some() => left,
                _ => left.or(right).or(can_miss(binary)),
            };
            match filters {
                _ if !binary.is_filter() => partners,
                Filters::Judged => partners.or(filter_can_drop(binary)),
                Filters::MayDrop => Certainty::Yes,
            }
        }
    }
}

/// Whether both sides can have series and yet none of them match.
fn can_miss(binary: &Binary) -> Certainty {
    let is_vector = |expr: &Expr| expr.value_type == ValueType::Vector;
    if !is_vector(&binary.left) || !is_vector(&binary.right) {
        return Certainty::No;
    }
    let is_on_nothing = binary
        .matching
        .as_ref()
        .and_then(|m| m.labels.as_ref())
        .is_some_and(|labels| labels.is_on && labels.labels.is_empty());
    let always = is_on_nothing || shape(&binary.left).is_bare() && shape(&binary.right).is_bare();
    match (always, has_hole(&binary.left) || has_hole(&binary.right)) {
        (true, _) => Certainty::No,
        (false, true) => Certainty::Unknown,
        (false, false) => Certainty::Yes,
    }
}

/// Whether a comparison can be false of what is there.
fn filter_can_drop(binary: &Binary) -> Certainty {
    let (left, right) = (numbers(&binary.left), numbers(&binary.right));
    if always_true(binary.op, &left, &right) {
        Certainty::No
    } else if left.hangs_on_hole || right.hangs_on_hole {
        Certainty::Unknown
    } else {
        Certainty::Yes
    }
}

/// Whether a comparison is true of all such values.
pub(super) fn always_true(op: BinaryOp, left: &Numbers, right: &Numbers) -> bool {
    if left.hangs_on_hole || right.hangs_on_hole {
        return false;
    }
    let no_nan = left.nan == Certainty::No && right.nan == Certainty::No;
    let holds = match op {
        BinaryOp::Greater => left.low > right.high,
        BinaryOp::GreaterOrEqual => left.low >= right.high,
        BinaryOp::Less => left.high < right.low,
        BinaryOp::LessOrEqual => left.high <= right.low,
        BinaryOp::Equal => {
            left.low == left.high && right.low == right.high && left.low == right.low
        }
        // True of NaN too.
        BinaryOp::NotEqual => return left.low > right.high || left.high < right.low,
        _ => false,
    };
    holds && no_nan
}
