//! Prometheus's functions: names, signatures, and which need a feature flag.

use crate::promql::ast::ValueType;
use crate::promql::ast::ValueType::{Matrix as M, Scalar as N, String as S, Vector as V};

/// A function of PromQL (`Function` in Prometheus's `promql/parser/functions.go`).
#[derive(Debug, PartialEq)]
pub struct Function {
    /// As written.
    pub name: &'static str,
    /// What each argument gives; the last stands for all further ones.
    pub args: &'static [ValueType],
    /// 0: exactly `args`; n: the last may be missing or come up to n times; -1: missing or any number of times.
    pub variadic: i8,
    /// What a call gives.
    pub returns: ValueType,
    /// Needs `--enable-feature=promql-experimental-functions`.
    pub is_experimental: bool,
}

/// The function of that name; upper and lower case are not the same.
pub fn find(name: &str) -> Option<&'static Function> {
    let index = FUNCTIONS.binary_search_by(|function| function.name.cmp(name));
    index.ok().map(|index| &FUNCTIONS[index])
}

const fn stock(
    name: &'static str,
    args: &'static [ValueType],
    variadic: i8,
    returns: ValueType,
) -> Function {
    Function {
        name,
        args,
        variadic,
        returns,
        is_experimental: false,
    }
}

const fn flagged(
    name: &'static str,
    args: &'static [ValueType],
    variadic: i8,
    returns: ValueType,
) -> Function {
    Function {
        is_experimental: true,
        ..stock(name, args, variadic, returns)
    }
}

/// All of Prometheus 3.16, by name.
pub static FUNCTIONS: [Function; 91] = [
    stock("abs", &[V], 0, V),
    stock("absent", &[V], 0, V),
    stock("absent_over_time", &[M], 0, V),
    stock("acos", &[V], 0, V),
    stock("acosh", &[V], 0, V),
    stock("asin", &[V], 0, V),
    stock("asinh", &[V], 0, V),
    stock("atan", &[V], 0, V),
    stock("atanh", &[V], 0, V),
    stock("avg_over_time", &[M], 0, V),
    stock("ceil", &[V], 0, V),
    stock("changes", &[M], 0, V),
    stock("clamp", &[V, N, N], 0, V),
    stock("clamp_max", &[V, N], 0, V),
    stock("clamp_min", &[V, N], 0, V),
    stock("cos", &[V], 0, V),
    stock("cosh", &[V], 0, V),
    stock("count_over_time", &[M], 0, V),
    stock("day_of_month", &[V], 1, V),
    stock("day_of_week", &[V], 1, V),
    stock("day_of_year", &[V], 1, V),
    stock("days_in_month", &[V], 1, V),
    stock("deg", &[V], 0, V),
    stock("delta", &[M], 0, V),
    stock("deriv", &[M], 0, V),
    flagged("double_exponential_smoothing", &[M, N, N], 0, V),
    flagged("end", &[], 0, N),
    stock("exp", &[V], 0, V),
    stock("first_over_time", &[M], 0, V),
    stock("floor", &[V], 0, V),
    stock("histogram_avg", &[V], 0, V),
    stock("histogram_count", &[V], 0, V),
    stock("histogram_fraction", &[N, N, V], 0, V),
    stock("histogram_quantile", &[N, V], 0, V),
    flagged("histogram_quantiles", &[V, S, N, N], 9, V),
    stock("histogram_stddev", &[V], 0, V),
    stock("histogram_stdvar", &[V], 0, V),
    stock("histogram_sum", &[V], 0, V),
    stock("hour", &[V], 1, V),
    stock("idelta", &[M], 0, V),
    stock("increase", &[M], 0, V),
    flagged("info", &[V, V], 1, V),
    flagged("integral", &[M, N], 1, V),
    stock("irate", &[M], 0, V),
    stock("label_join", &[V, S, S, S], -1, V),
    stock("label_replace", &[V, S, S, S, S], 0, V),
    stock("last_over_time", &[M], 0, V),
    stock("ln", &[V], 0, V),
    stock("log10", &[V], 0, V),
    stock("log2", &[V], 0, V),
    flagged("mad_over_time", &[M], 0, V),
    flagged("max_of", &[N, N], 0, N),
    stock("max_over_time", &[M], 0, V),
    flagged("min_of", &[N, N], 0, N),
    stock("min_over_time", &[M], 0, V),
    stock("minute", &[V], 1, V),
    stock("month", &[V], 1, V),
    stock("pi", &[], 0, N),
    stock("predict_linear", &[M, N], 0, V),
    stock("present_over_time", &[M], 0, V),
    stock("quantile_over_time", &[N, M], 0, V),
    stock("rad", &[V], 0, V),
    flagged("range", &[], 0, N),
    stock("rate", &[M], 0, V),
    stock("resets", &[M], 0, V),
    stock("round", &[V, N], 1, V),
    stock("scalar", &[V], 0, N),
    stock("sgn", &[V], 0, V),
    stock("sin", &[V], 0, V),
    stock("sinh", &[V], 0, V),
    stock("sort", &[V], 0, V),
    flagged("sort_by_label", &[V, S], -1, V),
    flagged("sort_by_label_desc", &[V, S], -1, V),
    stock("sort_desc", &[V], 0, V),
    stock("sqrt", &[V], 0, V),
    flagged("start", &[], 0, N),
    flagged("start_timestamp", &[V], 0, V),
    stock("stddev_over_time", &[M], 0, V),
    stock("stdvar_over_time", &[M], 0, V),
    flagged("step", &[], 0, N),
    stock("sum_over_time", &[M], 0, V),
    stock("tan", &[V], 0, V),
    stock("tanh", &[V], 0, V),
    stock("time", &[], 0, N),
    stock("timestamp", &[V], 0, V),
    flagged("ts_of_first_over_time", &[M], 0, V),
    flagged("ts_of_last_over_time", &[M], 0, V),
    flagged("ts_of_max_over_time", &[M], 0, V),
    flagged("ts_of_min_over_time", &[M], 0, V),
    stock("vector", &[N], 0, V),
    stock("year", &[V], 1, V),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_found_in() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
        for function in &FUNCTIONS {
            assert_eq!(find(function.name), Some(function));
        }
        assert_eq!(find("RATE"), None);
        assert_eq!(find("nosuch"), None);
    }
}
