//! A function and numbers into what Prometheus makes of them.

/// The greater or smaller of two, NaN only where both are: as `max` and `min` of PromQL take them.
pub(super) fn clamp(value: f64, low: f64, high: f64) -> f64 {
    // Go's math.Max and math.Min give NaN where one is NaN.
    if value.is_nan() || low.is_nan() || high.is_nan() {
        return f64::NAN;
    }
    value.min(high).max(low)
}

/// `round` to a multiple (`funcRound`: ties go up).
pub(super) fn round(value: f64, to: f64) -> f64 {
    let inverse = 1.0 / to;
    (value * inverse + 0.5).floor() / inverse
}

/// Functions of one number that are worth folding; none for others.
pub(super) fn function(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "ceil" => f64::ceil,
        "floor" => f64::floor,
        "exp" => f64::exp,
        "ln" => f64::ln,
        "log2" => f64::log2,
        "log10" => f64::log10,
        "sqrt" => f64::sqrt,
        "deg" => f64::to_degrees,
        "rad" => f64::to_radians,
        "sgn" => |value| {
            if value == 0.0 || value.is_nan() {
                value
            } else {
                value.signum()
            }
        },
        _ => return None,
    })
}
