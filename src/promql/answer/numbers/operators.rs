//! An operator and its operands into what is known of its numbers: interval arithmetic.

use std::f64::consts::PI;

use super::{Numbers, numbers};
use crate::promql::answer::empty::always_true;
use crate::promql::answer::{Certainty, part};
use crate::promql::ast::{Binary, BinaryOp, ValueType};
use crate::promql::same::same;

pub(super) fn of_binary(binary: &Binary) -> Numbers {
    let (left, right) = (numbers(&binary.left), numbers(&binary.right));
    let filled = |side: Numbers, fill: Option<f64>| match fill {
        Some(value) => side.or(Numbers::exactly(value)),
        None => side,
    };
    let fill = binary.matching.as_ref().map(|m| m.fill).unwrap_or_default();
    let (left, right) = (filled(left, fill.left), filled(right, fill.right));
    match binary.op {
        BinaryOp::Or => left.or(right),
        BinaryOp::And | BinaryOp::Unless => left,
        BinaryOp::TrimUpper | BinaryOp::TrimLower => Numbers::any(),
        BinaryOp::Divide => match part::share(binary) {
            Some(scale) => Numbers {
                nan: left.nan.or(right.nan).or(right.zero),
                ..Numbers::between(scale.min(0.0), scale.max(0.0))
            },
            None => arithmetic(binary.op, left, right),
        },
        op if op.is_comparison() => of_comparison(binary, left, right),
        BinaryOp::Subtract if meets_itself(binary) => Numbers {
            nan: left.nan.or(left.infinite),
            ..Numbers::exactly(0.0)
        },
        op => arithmetic(op, left, right),
    }
}

/// Each value stands beside itself: `x - x`.
fn meets_itself(binary: &Binary) -> bool {
    binary.matching.is_none() && same(&binary.left, &binary.right)
}

pub(super) fn negated(of: Numbers) -> Numbers {
    Numbers {
        low: -of.high,
        high: -of.low,
        ..of
    }
}

fn of_comparison(binary: &Binary, left: Numbers, right: Numbers) -> Numbers {
    if !binary.is_filter() {
        return of_bool(binary, left, right);
    }
    // The value that stays is the vector's; of two vectors the left one's.
    let is_right =
        binary.left.value_type == ValueType::Scalar && binary.right.value_type != ValueType::Scalar;
    let (value, limit, op) = if is_right {
        (right, left, mirrored(binary.op))
    } else {
        (left, right, binary.op)
    };
    let mut result = value;
    if op != BinaryOp::NotEqual {
        result.nan = Certainty::No;
    }
    let bounded = match op {
        BinaryOp::Greater | BinaryOp::GreaterOrEqual => (value.low.max(limit.low), value.high),
        BinaryOp::Less | BinaryOp::LessOrEqual => (value.low, value.high.min(limit.high)),
        BinaryOp::Equal => (value.low.max(limit.low), value.high.min(limit.high)),
        _ => (value.low, value.high),
    };
    // Where nothing can stay, the bounds tell of nothing.
    if bounded.0 <= bounded.1 {
        (result.low, result.high) = bounded;
    }
    let leaves_zero_out = match op {
        BinaryOp::Greater => limit.low >= 0.0,
        BinaryOp::Less => limit.high <= 0.0,
        BinaryOp::NotEqual => limit.low == 0.0 && limit.high == 0.0,
        _ => false,
    };
    if leaves_zero_out || result.low > 0.0 || result.high < 0.0 {
        result.zero = Certainty::No;
    }
    result
}

/// `x > bool 1`: 1 or 0, and only one of them where that is proved.
fn of_bool(binary: &Binary, left: Numbers, right: Numbers) -> Numbers {
    let is_true = matches!(
        binary.op,
        BinaryOp::Equal | BinaryOp::GreaterOrEqual | BinaryOp::LessOrEqual
    );
    let itself = (left.nan == Certainty::No && meets_itself(binary)).then_some(is_true);
    match itself {
        Some(true) => Numbers::exactly(1.0),
        Some(false) => Numbers::exactly(0.0),
        None if always_true(binary.op, &left, &right) => Numbers::exactly(1.0),
        None if always_true(opposite(binary.op), &left, &right) => Numbers::exactly(0.0),
        None => Numbers {
            hangs_on_hole: left.hangs_on_hole || right.hangs_on_hole,
            ..Numbers::between(0.0, 1.0)
        },
    }
}

fn opposite(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Greater => BinaryOp::LessOrEqual,
        BinaryOp::GreaterOrEqual => BinaryOp::Less,
        BinaryOp::Less => BinaryOp::GreaterOrEqual,
        BinaryOp::LessOrEqual => BinaryOp::Greater,
        BinaryOp::Equal => BinaryOp::NotEqual,
        BinaryOp::NotEqual => BinaryOp::Equal,
        other => other,
    }
}

fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterOrEqual => BinaryOp::LessOrEqual,
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessOrEqual => BinaryOp::GreaterOrEqual,
        other => other,
    }
}

fn arithmetic(op: BinaryOp, left: Numbers, right: Numbers) -> Numbers {
    let base = Numbers {
        nan: left.nan.or(right.nan),
        infinite: left.infinite.or(right.infinite),
        hangs_on_hole: left.hangs_on_hole || right.hangs_on_hole,
        ..left
    };
    match op {
        BinaryOp::Add => sum(base, left, right),
        BinaryOp::Subtract => sum(base, left, negated(right)),
        BinaryOp::Multiply => product(base, left, right),
        BinaryOp::Divide => quotient(base, left, right),
        BinaryOp::Modulo => remainder(base, left, right),
        BinaryOp::Power => power(base, left, right),
        BinaryOp::Atan2 => Numbers {
            infinite: Certainty::No,
            ..base.within(-PI, PI)
        },
        _ => base.within(f64::NEG_INFINITY, f64::INFINITY),
    }
}

fn sum(base: Numbers, left: Numbers, right: Numbers) -> Numbers {
    let bound = |left: f64, right: f64, if_opposite: f64| {
        let sum = left + right;
        if sum.is_nan() { if_opposite } else { sum }
    };
    let same_sign = left.low >= 0.0 && right.low >= 0.0 || left.high <= 0.0 && right.high <= 0.0;
    let cancels = if same_sign {
        Certainty::No
    } else {
        left.infinite.and(right.infinite)
    };
    let result = base.within(
        bound(left.low, right.low, f64::NEG_INFINITY),
        bound(left.high, right.high, f64::INFINITY),
    );
    let zero = if same_sign {
        left.zero.and(right.zero)
    } else {
        result.zero
    };
    Numbers {
        nan: base.nan.or(cancels),
        zero,
        ..result
    }
}

fn product(base: Numbers, left: Numbers, right: Numbers) -> Numbers {
    // 0 times what has no bound is 0: unbounded values are finite, infinite ones make NaN.
    let times = |left: f64, right: f64| {
        if left == 0.0 || right == 0.0 {
            0.0
        } else {
            left * right
        }
    };
    let (low, high) = hull([
        times(left.low, right.low),
        times(left.low, right.high),
        times(left.high, right.low),
        times(left.high, right.high),
    ]);
    let nan = left
        .zero
        .and(right.infinite)
        .or(left.infinite.and(right.zero));
    Numbers {
        nan: base.nan.or(nan),
        zero: left.zero.or(right.zero),
        ..base.within(low, high)
    }
}

fn quotient(base: Numbers, left: Numbers, right: Numbers) -> Numbers {
    let nan = left
        .zero
        .and(right.zero)
        .or(left.infinite.and(right.infinite));
    let is_zero = left.low == 0.0 && left.high == 0.0;
    let infinite = if is_zero { Certainty::No } else { right.zero };
    // A 0 made by a minus sign may be -0, and what is divided by it has the other sign.
    let may_be_minus_zero = right.low == 0.0 && right.low.is_sign_negative();
    let (low, high) = if right.low >= 0.0 && !may_be_minus_zero {
        quotient_bounds(left, right)
    } else if right.high <= 0.0 && right.zero == Certainty::No {
        quotient_bounds(negated(left), negated(right))
    } else if is_zero {
        (0.0, 0.0)
    } else {
        (f64::NEG_INFINITY, f64::INFINITY)
    };
    Numbers {
        nan: base.nan.or(nan),
        infinite: left.infinite.or(infinite),
        zero: left.zero.or(right.infinite),
        ..base.within(low, high)
    }
}

/// Bounds of a quotient whose divisor is not negative.
fn quotient_bounds(left: Numbers, right: Numbers) -> (f64, f64) {
    let over = |left: f64, right: f64| {
        if left == 0.0 || right.is_infinite() {
            0.0
        } else if right == 0.0 {
            f64::INFINITY.copysign(left)
        } else {
            left / right
        }
    };
    hull([
        over(left.low, right.low),
        over(left.low, right.high),
        over(left.high, right.low),
        over(left.high, right.high),
    ])
}

fn remainder(base: Numbers, left: Numbers, right: Numbers) -> Numbers {
    let size = right.low.abs().max(right.high.abs());
    let low = if left.low >= 0.0 {
        0.0
    } else {
        left.low.max(-size)
    };
    let high = if left.high <= 0.0 {
        0.0
    } else {
        left.high.min(size)
    };
    Numbers {
        nan: base.nan.or(right.zero).or(left.infinite),
        infinite: Certainty::No,
        ..base.within(low, high)
    }
}

fn power(base: Numbers, left: Numbers, right: Numbers) -> Numbers {
    let exponent = (right.low == right.high).then_some(right.low);
    let is_whole = exponent.is_some_and(|e| e.is_finite() && e.fract() == 0.0);
    // Whatever the other side is, NaN too (Go's `math.Pow`).
    if exponent == Some(0.0) || left.low == 1.0 && left.high == 1.0 && left.nan == Certainty::No {
        return Numbers::exactly(1.0);
    }
    let is_even = is_whole && exponent.is_some_and(|e| e % 2.0 == 0.0);
    let nan = if left.low >= 0.0 || is_whole {
        Certainty::No
    } else if base.hangs_on_hole {
        Certainty::Unknown
    } else {
        Certainty::Yes
    };
    let low = if left.low >= 0.0 || is_even {
        0.0
    } else {
        f64::NEG_INFINITY
    };
    let infinite = if exponent.is_some_and(|e| e >= 0.0) {
        left.infinite
    } else {
        Certainty::Yes
    };
    Numbers {
        nan: base.nan.or(nan),
        infinite,
        ..base.within(low, f64::INFINITY)
    }
}

fn hull(values: [f64; 4]) -> (f64, f64) {
    (
        values.into_iter().fold(f64::INFINITY, f64::min),
        values.into_iter().fold(f64::NEG_INFINITY, f64::max),
    )
}
