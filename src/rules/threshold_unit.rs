//! A threshold in another unit than the query answers in.

use crate::lint::conditions::{Comparison, Condition, Operand};
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::range;
use crate::promql::ast::{BinaryOp, Expr, ExprKind};
use crate::promql::class::{Class, class};
use crate::promql::literal::literal;
use crate::promql::select::data_selectors;
use crate::text::float::go_float;

rule! {
    /// ## What it does
    ///
    /// Finds a threshold that only makes sense in another unit: percent against a share between 0 and 1, milliseconds
    /// against seconds.
    ///
    /// ## Why it matters
    ///
    /// `< 5` on a share between 0 and 1 is always true: the gate passes with every request failing.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",code=~"5.."}[5m])) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: (sum(rate(requests_total{namespace="shop",code=~"5.."}[5m])) or 0 * sum(rate(requests_total{namespace="shop"}[5m]))) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 0.05
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Units are read off the ends of metric names. Half a percent, `< 0.5` on a share in percent, is taken as meant.
    "threshold-unit", "the threshold is in another unit than the query",
    Conditions, levels: [Deny, Warn],
    check: Check::Query(check),
}

/// Seconds from which a duration is more likely milliseconds; from the second on for requests, which nobody lets take so long.
const LONG: (f64, f64) = (100.0, 200.0);

/// Names of metrics about requests.
const REQUESTS: [&str; 4] = ["http", "rpc", "request", "response"];

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    for condition in gate.conditions.iter() {
        let values = condition
            .comparisons
            .iter()
            .filter(|comparison| comparison.operand == Operand::Value);
        for comparison in values {
            if let Some((level, message, help)) = complaint(gate, &query.expr, comparison) {
                out.push(level, threshold(condition, comparison), message)
                    .help(help);
                return;
            }
        }
    }
}

fn threshold(condition: &Condition, comparison: &Comparison) -> crate::lint::finding::Spot {
    condition.spot(comparison.span)
}

fn complaint(
    gate: &Gate<'_>,
    expr: &Expr,
    comparison: &Comparison,
) -> Option<(Level, String, String)> {
    let classified = class(expr, gate.labels()).class;
    share(expr, classified, comparison)
        .or_else(|| duration(expr, comparison))
        .or_else(|| per_second(gate, expr, classified, comparison))
}

/// Percent against 0 to 1, or the other way round.
fn share(expr: &Expr, class: Class, comparison: &Comparison) -> Option<(Level, String, String)> {
    let proven = range(expr);
    let value = comparison.value;
    if proven.low == 0.0 && proven.high == 1.0 && value > 1.0 && value <= 100.0 {
        let message = format!(
            "the query answers a share between 0 and 1, the threshold is {}",
            go_float(value)
        );
        let help = format!(
            "write {}, or multiply the query by 100",
            go_float(value / 100.0)
        );
        return Some((Level::Deny, message, help));
    }
    let is_percent = proven.low == 0.0 && proven.high == 100.0;
    let asks_for_more = comparison.operator.starts_with('>');
    if is_percent && value > 0.0 && value <= 1.0 && class == Class::SuccessShare && asks_for_more {
        let message = format!(
            "the query answers a share between 0 and 100, the threshold is {}",
            go_float(value)
        );
        let help = format!(
            "write {}, or leave out the `* 100`",
            go_float(value * 100.0)
        );
        return Some((Level::Deny, message, help));
    }
    None
}

/// Seconds against milliseconds.
fn duration(expr: &Expr, comparison: &Comparison) -> Option<(Level, String, String)> {
    let (scale, name) = seconds(expr)?;
    let value = comparison.value;
    let is_of_requests = REQUESTS.iter().any(|word| name.contains(word));
    if scale == 1.0 && value >= LONG.0 {
        let level = if is_of_requests && value >= LONG.1 {
            Level::Deny
        } else {
            Level::Warn
        };
        let message = format!(
            "`{name}` is in seconds, the threshold is {}",
            go_float(value)
        );
        return Some((
            level,
            message,
            format!(
                "write {} where milliseconds are meant",
                go_float(value / 1000.0)
            ),
        ));
    }
    if scale == 1000.0 && value > 0.0 && value < 1.0 {
        let message = format!(
            "the query answers milliseconds, the threshold is {}",
            go_float(value)
        );
        return Some((
            Level::Warn,
            message,
            format!("write {} where seconds are meant", go_float(value * 1000.0)),
        ));
    }
    None
}

/// What one unit of the answer is in a second, 1000 for milliseconds, and the metric that says so.
fn seconds(expr: &Expr) -> Option<(f64, &str)> {
    match &expr.kind {
        ExprKind::Paren(inner) => seconds(inner),
        ExprKind::Aggregation(aggregation) if keeps_unit(aggregation.op.as_str()) => {
            seconds(&aggregation.expr)
        }
        ExprKind::Call(call) if call.function.name == "histogram_quantile" => {
            of_selectors(call.args.get(1)?, &["_bucket", ""])
        }
        ExprKind::Call(call)
            if call.function.name.ends_with("_over_time")
                && keeps_unit(call.function.name.trim_end_matches("_over_time")) =>
        {
            seconds(call.args.first()?)
        }
        ExprKind::Subquery(subquery) => seconds(&subquery.expr),
        ExprKind::Selector(_) | ExprKind::Matrix(_) => of_selectors(expr, &[""]),
        ExprKind::Binary(binary) => {
            match (binary.op, literal(&binary.left), literal(&binary.right)) {
                (BinaryOp::Multiply, None, Some(by)) => {
                    seconds(&binary.left).map(|(scale, name)| (scale * by, name))
                }
                (BinaryOp::Multiply, Some(by), None) => {
                    seconds(&binary.right).map(|(scale, name)| (scale * by, name))
                }
                (BinaryOp::Divide, None, Some(by)) => {
                    seconds(&binary.left).map(|(scale, name)| (scale / by, name))
                }
                (BinaryOp::Divide, None, None) => {
                    let counts = data_selectors(&binary.right);
                    let is_mean = !counts.is_empty()
                        && counts.iter().all(|each| {
                            each.selector
                                .metric()
                                .is_some_and(|name| name.ends_with("_count"))
                        });
                    is_mean
                        .then(|| of_selectors(&binary.left, &["_sum"]))
                        .flatten()
                }
                (BinaryOp::Or, ..) => seconds(&binary.left),
                _ => None,
            }
        }
        _ => None,
    }
}

fn keeps_unit(op: &str) -> bool {
    matches!(
        op,
        "sum" | "avg" | "min" | "max" | "quantile" | "topk" | "bottomk" | "last"
    )
}

/// The unit that the names of all selectors end in, before one of `suffixes`.
fn of_selectors<'a>(expr: &'a Expr, suffixes: &[&str]) -> Option<(f64, &'a str)> {
    let mut unit = None;
    for each in data_selectors(expr) {
        let name = each.selector.metric()?;
        let found = suffixes.iter().find_map(|suffix| {
            let stem = name.strip_suffix(suffix)?;
            match stem {
                stem if stem.ends_with("_timestamp_seconds") => None,
                stem if stem.ends_with("_milliseconds") || stem.ends_with("_ms") => Some(1000.0),
                stem if stem.ends_with("_seconds") => Some(1.0),
                _ => None,
            }
        })?;
        if unit.is_some_and(|(known, _)| known != found) {
            return None;
        }
        unit = unit.or(Some((found, name)));
    }
    unit
}

/// A rate a second where the metric's name promises a count.
fn per_second(
    gate: &Gate<'_>,
    expr: &Expr,
    class: Class,
    comparison: &Comparison,
) -> Option<(Level, String, String)> {
    let is_rate = data_selectors(expr)
        .iter()
        .all(|each| matches!(each.function, Some("rate" | "irate")));
    let promises_count = gate
        .metric
        .name
        .text
        .split(['-', '_'])
        .any(|word| word.eq_ignore_ascii_case("count"));
    let is_bare = !matches!(expr.unwrapped().kind, ExprKind::Binary(_));
    if !(is_rate
        && is_bare
        && promises_count
        && class == Class::FailureCount
        && comparison.value > 1.0)
    {
        return None;
    }
    let message = format!(
        "`rate` is per second: {} is that many failures each second, and `{}` promises a count",
        go_float(comparison.value),
        gate.metric.name.text
    );
    Some((
        Level::Warn,
        message,
        "write `increase` to count the failures of the window".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn thresholds_in_another_unit() {
        let failures = "sum(rate(a_total{namespace=\"x\",code=~\"5..\"}[5m])) / sum(rate(a_total{namespace=\"x\"}[5m]))";
        let successes = failures.replace("5..", "2..");
        let latency = |name: &str| {
            format!(
                "histogram_quantile(0.95, sum by (le) (rate({name}_bucket{{namespace=\"x\"}}[5m])))"
            )
        };
        let mean = "sum(rate(http_request_duration_seconds_sum[5m])) / sum(rate(http_request_duration_seconds_count[5m]))";
        for (query, condition, expected) in [
            (failures.to_owned(), "result[0] < 5", &["deny"][..]),
            (failures.to_owned(), "result[0] < 0.05", &[]),
            (failures.to_owned(), "result[0] <= 1", &[]),
            (format!("{failures} * 100"), "result[0] < 5", &[]),
            (format!("{failures} * 100"), "result[0] < 0.5", &[]),
            (format!("{successes} * 100"), "result[0] >= 0.95", &["deny"]),
            (format!("{successes} * 100"), "result[0] >= 95", &[]),
            (successes.clone(), "result[0] >= 95", &["deny"]),
            (
                latency("http_request_duration_seconds"),
                "result[0] < 500",
                &["deny"],
            ),
            (
                latency("http_request_duration_seconds"),
                "result[0] < 0.5",
                &[],
            ),
            (
                latency("job_duration_seconds"),
                "result[0] < 500",
                &["warn"],
            ),
            (
                latency("traces_duration_milliseconds"),
                "result[0] < 0.5",
                &["warn"],
            ),
            (
                latency("traces_duration_milliseconds"),
                "result[0] < 500",
                &[],
            ),
            (
                format!("{} * 1000", latency("http_request_duration_seconds")),
                "result[0] < 500",
                &[],
            ),
            (mean.to_owned(), "result[0] < 500", &["deny"]),
            (mean.to_owned(), "result[0] < 0.5", &[]),
            (
                "sum(rate(http_request_duration_seconds_count[5m]))".to_owned(),
                "result[0] > 500",
                &[],
            ),
        ] {
            let gate = format!("query: {query}\nsuccessCondition: {condition}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }
}
