//! A function's call into what is known of its numbers.

use std::f64::consts::{FRAC_PI_2, PI};

use super::{Numbers, numbers};
use crate::promql::answer::arithmetic::{function, round};
use crate::promql::answer::empty::can_be_filtered_empty;
use crate::promql::answer::labels::shape;
use crate::promql::answer::{Certainty, has_hole, series};
use crate::promql::ast::{Call, Expr};
use crate::promql::literal::literal;
use crate::promql::names;

pub(super) fn of_call(call: &Call) -> Numbers {
    let name = call.function.name;
    if let Some(fixed) = fixed(name, call.args.is_empty()) {
        return fixed;
    }
    if name == "vector" {
        return call.args.first().map_or_else(Numbers::any, numbers);
    }
    if matches!(name, "min_of" | "max_of") {
        let each = call.args.iter().map(numbers);
        return each.reduce(Numbers::or).unwrap_or_else(Numbers::any);
    }
    let Some(data) = series::data_argument(call) else {
        return Numbers::any();
    };
    let inner = numbers(data);
    match name {
        // Of stored series they are not negative, of what a subquery computes they may be.
        "rate" | "irate" | "increase"
            if data.unwrapped().selector().is_some() || inner.low >= 0.0 =>
        {
            changed(inner, Numbers::not_negative())
        }
        "scalar" => Numbers {
            nan: inner.nan.or(may_be_no_scalar(data)),
            ..inner
        },
        "sum_over_time" => inner.summed(),
        "avg_over_time" => inner.averaged(),
        "min_over_time" | "max_over_time" | "last_over_time" | "first_over_time" | "sort"
        | "sort_desc" | "sort_by_label" | "sort_by_label_desc" | "label_replace" | "label_join"
        | "info" => inner,
        "stddev_over_time" | "stdvar_over_time" | "mad_over_time" => inner.scattered(),
        "quantile_over_time" => quantile_of(call.args.first().map(numbers), inner),
        "histogram_quantile" => of_histogram_quantile(call.args.first(), data),
        "clamp" => clamped(inner, call.args.get(1), call.args.get(2)),
        "clamp_min" => clamped(inner, call.args.get(1), None),
        "clamp_max" => clamped(inner, None, call.args.get(1)),
        "rate"
        | "irate"
        | "increase"
        | "delta"
        | "idelta"
        | "deriv"
        | "predict_linear"
        | "double_exponential_smoothing" => changed(inner, Numbers::any()),
        _ => of_math(call, inner),
    }
}

/// How much such values changed over a range.
fn changed(values: Numbers, bounds: Numbers) -> Numbers {
    Numbers {
        nan: values.nan.or(values.infinite),
        infinite: values.infinite,
        ..bounds
    }
}

/// Until when a gate can be asked, in seconds since 1970: to the end of the year 9999.
const LATEST: f64 = 253_402_300_799.0;

/// Functions whose values do not hang on those of their arguments.
fn fixed(name: &str, is_clock: bool) -> Option<Numbers> {
    let may_be_nan = |numbers| Numbers {
        nan: Certainty::Yes,
        ..numbers
    };
    Some(match name {
        "absent" | "absent_over_time" | "present_over_time" => Numbers::exactly(1.0),
        "count_over_time" => Numbers::count(),
        "changes" | "resets" | "histogram_count" => Numbers::not_negative(),
        "time" => Numbers::between(0.0, LATEST),
        "pi" => Numbers::exactly(PI),
        "minute" => Numbers::between(0.0, 59.0),
        "hour" => Numbers::between(0.0, 23.0),
        "day_of_month" => Numbers::between(1.0, 31.0),
        "day_of_week" => Numbers::between(0.0, 6.0),
        "day_of_year" => Numbers::between(1.0, 366.0),
        "days_in_month" => Numbers::between(28.0, 31.0),
        "month" => Numbers::between(1.0, 12.0),
        // Without an argument it is the year in which the gate is asked.
        "year" if is_clock => Numbers::between(1970.0, 9999.0),
        "year" | "timestamp" => Numbers::any(),
        "histogram_fraction" => may_be_nan(Numbers::between(0.0, 1.0)),
        "histogram_stddev" | "histogram_stdvar" => may_be_nan(Numbers::not_negative()),
        "histogram_avg" | "histogram_quantiles" => may_be_nan(Numbers::any()),
        _ if name.starts_with("ts_of_") => Numbers::any(),
        _ => return None,
    })
}

/// `scalar` gives NaN but of exactly one series.
fn may_be_no_scalar(data: &Expr) -> Certainty {
    if shape(data).at_most_one && !series::has_absent(data) {
        can_be_filtered_empty(data)
    } else if has_hole(data) {
        Certainty::Unknown
    } else {
        Certainty::Yes
    }
}

/// A quantile within 0..1 is one of the values or between two; outside it is an infinity.
pub(super) fn quantile_of(phi: Option<Numbers>, inner: Numbers) -> Numbers {
    let phi = phi.unwrap_or_else(Numbers::any);
    let averaged = inner.averaged();
    if phi.low >= 0.0 && phi.high <= 1.0 {
        return Numbers {
            nan: averaged.nan.or(phi.nan),
            ..averaged
        };
    }
    let unless_known = if phi.hangs_on_hole {
        Certainty::Unknown
    } else {
        Certainty::Yes
    };
    Numbers {
        nan: averaged.nan.or(phi.nan),
        infinite: unless_known,
        hangs_on_hole: averaged.hangs_on_hole || phi.hangs_on_hole,
        ..Numbers::any()
    }
}

fn of_histogram_quantile(phi: Option<&Expr>, data: &Expr) -> Numbers {
    let phi = phi.map_or_else(Numbers::any, numbers);
    let is_within = phi.low >= 0.0 && phi.high <= 1.0;
    let mut measures = true;
    let mut selectors = 0;
    data.walk(&mut |node| {
        if let Some(selector) = node.selector() {
            selectors += 1;
            measures &= selector.metric().is_some_and(names::is_never_negative);
        }
    });
    let bounds = if is_within && measures && selectors > 0 {
        Numbers::not_negative()
    } else {
        Numbers::any()
    };
    Numbers {
        nan: Certainty::Yes,
        infinite: Certainty::when(!is_within),
        ..bounds
    }
}

fn clamped(inner: Numbers, low: Option<&Expr>, high: Option<&Expr>) -> Numbers {
    let low = low.map(numbers);
    let high = high.map(numbers);
    let mut result = inner;
    if let Some(high) = high {
        result.low = result.low.min(high.low);
        result.high = result.high.min(high.high);
    }
    if let Some(low) = low {
        result.low = result.low.max(low.low);
        result.high = result.high.max(low.high);
    }
    for limit in [low, high].into_iter().flatten() {
        result.nan = result.nan.or(limit.nan);
        result.hangs_on_hole |= limit.hangs_on_hole;
        result.infinite = result.infinite.or(limit.infinite);
    }
    result.within(result.low, result.high)
}

fn of_math(call: &Call, inner: Numbers) -> Numbers {
    let name = call.function.name;
    match name {
        "abs" => {
            let far = inner.low.abs().max(inner.high.abs());
            let near = if inner.low > 0.0 {
                inner.low
            } else if inner.high < 0.0 {
                -inner.high
            } else {
                0.0
            };
            Numbers {
                zero: inner.zero,
                ..inner.within(near, far)
            }
        }
        "sgn" => Numbers {
            zero: inner.zero,
            infinite: Certainty::No,
            ..inner.within(sign(inner.low), sign(inner.high))
        },
        "round" => {
            let to = call.args.get(1).map_or(Some(1.0), literal);
            match to {
                Some(to) if to > 0.0 && to.is_finite() => {
                    let rounded = |bound: f64| {
                        if bound.is_infinite() {
                            bound
                        } else {
                            round(bound, to)
                        }
                    };
                    inner.within(rounded(inner.low), rounded(inner.high))
                }
                _ => Numbers {
                    nan: Certainty::Yes,
                    ..Numbers::any()
                },
            }
        }
        "exp" => inner.within(inner.low.exp(), inner.high.exp()),
        "ceil" | "floor" | "deg" | "rad" => monotone(name, inner),
        "sqrt" => {
            let bounded = Numbers {
                low: inner.low.max(0.0),
                high: inner.high.max(0.0),
                ..inner
            };
            refused(monotone(name, bounded), inner, 0.0, f64::INFINITY)
        }
        "ln" | "log2" | "log10" => of_logarithm(name, inner),
        _ => of_trigonometry(name, inner),
    }
}

fn sign(bound: f64) -> f64 {
    if bound == 0.0 { 0.0 } else { bound.signum() }
}

fn monotone(name: &str, inner: Numbers) -> Numbers {
    match function(name) {
        Some(function) => inner.within(function(inner.low), function(inner.high)),
        None => inner,
    }
}

/// The result is NaN where the argument is outside bounds.
fn refused(result: Numbers, argument: Numbers, low: f64, high: f64) -> Numbers {
    let outside = if argument.low >= low && argument.high <= high {
        Certainty::No
    } else if argument.hangs_on_hole {
        Certainty::Unknown
    } else {
        Certainty::Yes
    };
    Numbers {
        nan: result.nan.or(outside),
        ..result
    }
}

fn of_logarithm(name: &str, inner: Numbers) -> Numbers {
    let bounds = if inner.low > 0.0 {
        monotone(name, inner)
    } else {
        inner.within(f64::NEG_INFINITY, f64::INFINITY)
    };
    let bounds = Numbers {
        infinite: inner.infinite.or(inner.zero),
        ..bounds
    };
    refused(bounds, inner, 0.0, f64::INFINITY)
}

fn of_trigonometry(name: &str, inner: Numbers) -> Numbers {
    let of_infinity = Numbers {
        nan: inner.nan.or(inner.infinite),
        infinite: Certainty::No,
        ..inner
    };
    match name {
        "sin" | "cos" => of_infinity.within(-1.0, 1.0),
        "tan" => of_infinity.within(f64::NEG_INFINITY, f64::INFINITY),
        "asin" => refused(inner.within(-FRAC_PI_2, FRAC_PI_2), inner, -1.0, 1.0),
        "acos" => refused(inner.within(0.0, PI), inner, -1.0, 1.0),
        "atan" => inner.within(-FRAC_PI_2, FRAC_PI_2),
        "tanh" => inner.within(-1.0, 1.0),
        "cosh" => inner.within(1.0, f64::INFINITY),
        "sinh" | "asinh" => inner.within(f64::NEG_INFINITY, f64::INFINITY),
        "acosh" => refused(inner.within(0.0, f64::INFINITY), inner, 1.0, f64::INFINITY),
        "atanh" => Numbers {
            infinite: Certainty::Yes,
            ..refused(
                inner.within(f64::NEG_INFINITY, f64::INFINITY),
                inner,
                -1.0,
                1.0,
            )
        },
        // A function that is not known here may do anything.
        _ => Numbers {
            nan: Certainty::Yes,
            infinite: Certainty::Yes,
            hangs_on_hole: inner.hangs_on_hole,
            ..Numbers::any()
        },
    }
}
