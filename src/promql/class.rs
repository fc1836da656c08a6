//! A query's tree into what its numbers mean: failures, successes, latency, readiness, traffic.
//!
//! It reads names and matchers, so most of it is a guess, and says so.

use crate::promql::answer::is_subset_ratio;
use crate::promql::ast::{
    AggregateOp, Aggregation, Binary, BinaryOp, Call, Expr, ExprKind, MatchOp, Matcher, Selector,
};
use crate::promql::literal::literal;
use crate::promql::names::{failure_named, has_word, words};
use crate::promql::outcome::{self, Labels, Picks, is_server_error, selector_picks};
use crate::promql::select::is_counter_function;
use crate::promql::zeros::is_zero_fallback;

/// What the numbers of a gate mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The part that failed, of all.
    FailureShare,
    /// How many, or how many a second, failed.
    FailureCount,
    /// The part that went well, of all.
    SuccessShare,
    /// How long it took.
    Latency,
    /// How many are ready.
    Readiness,
    /// How much was asked for; a floor where the condition asks for more than a number.
    Traffic,
    /// None of these, or it cannot be told.
    Unknown,
}

impl Class {
    /// In words, as output shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::FailureShare => "failure share",
            Class::FailureCount => "failure count",
            Class::SuccessShare => "success share",
            Class::Latency => "latency",
            Class::Readiness => "readiness",
            Class::Traffic => "traffic",
            Class::Unknown => "unknown",
        }
    }
}

/// A class, and whether it is more than a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Classified {
    /// The class.
    pub class: Class,
    /// It rests on a matcher like 5xx, not negated, under `rate` or `increase`, or on `_restarts_total`.
    pub sure: bool,
}

/// What the numbers that `expr` answers mean. The safe answer is [`Unknown`](Class::Unknown), never sure.
pub fn class(expr: &Expr, labels: &Labels) -> Classified {
    let meaning = meaning(expr, labels, Under::default());
    let class = match meaning.kind {
        Kind::FailureShare => Class::FailureShare,
        Kind::FailureCount => Class::FailureCount,
        Kind::SuccessShare => Class::SuccessShare,
        Kind::Latency => Class::Latency,
        Kind::Readiness => Class::Readiness,
        Kind::Traffic => Class::Traffic,
        Kind::SuccessCount | Kind::LatencySum | Kind::Unknown => Class::Unknown,
    };
    Classified {
        class,
        sure: meaning.sure && class != Class::Unknown,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    FailureShare,
    FailureCount,
    SuccessShare,
    /// How many went well: of all of them it is a share.
    SuccessCount,
    Latency,
    /// All durations together: over their count it is a latency.
    LatencySum,
    Readiness,
    Traffic,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Meaning {
    kind: Kind,
    sure: bool,
}

const UNKNOWN: Meaning = Meaning {
    kind: Kind::Unknown,
    sure: false,
};

fn guess(kind: Kind) -> Meaning {
    Meaning { kind, sure: false }
}

/// The functions around a selector.
#[derive(Debug, Clone, Copy, Default)]
struct Under {
    counter_function: bool,
    rate_or_increase: bool,
}

fn meaning(expr: &Expr, labels: &Labels, under: Under) -> Meaning {
    match &expr.kind {
        ExprKind::Paren(inner) => meaning(inner, labels, under),
        ExprKind::Unary(unary) if !unary.is_minus => meaning(&unary.expr, labels, under),
        ExprKind::Selector(selector) => of_selector(selector, labels, under),
        ExprKind::Matrix(matrix) => of_selector(&matrix.selector, labels, under),
        ExprKind::Subquery(subquery) => meaning(&subquery.expr, labels, under),
        ExprKind::Call(call) => of_call(call, labels, under),
        ExprKind::Aggregation(aggregation) => of_aggregation(aggregation, labels, under),
        ExprKind::Binary(binary) => of_binary(binary, labels, under),
        ExprKind::Unary(_) | ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Hole(_) => {
            UNKNOWN
        }
    }
}

/// Functions that leave what the numbers mean.
const TRANSPARENT: [&str; 22] = [
    "abs",
    "avg_over_time",
    "ceil",
    "clamp",
    "clamp_max",
    "clamp_min",
    "first_over_time",
    "floor",
    "label_join",
    "label_replace",
    "last_over_time",
    "max_over_time",
    "min_over_time",
    "quantile_over_time",
    "round",
    "scalar",
    "sort",
    "sort_by_label",
    "sort_by_label_desc",
    "sort_desc",
    "sum_over_time",
    "vector",
];

fn of_call(call: &Call, labels: &Labels, under: Under) -> Meaning {
    let name = call.function.name;
    if name == "histogram_quantile" {
        return guess(Kind::Latency);
    }
    let data = if name == "quantile_over_time" {
        call.args.get(1)
    } else {
        call.args.first()
    };
    let Some(data) = data else {
        return UNKNOWN;
    };
    match name {
        "rate" | "increase" | "irate" => meaning(
            data,
            labels,
            Under {
                counter_function: true,
                rate_or_increase: name != "irate",
            },
        ),
        _ if TRANSPARENT.contains(&name) => meaning(data, labels, under),
        // `delta(x_total[5m])` is an increase written wrongly.
        _ if is_counter_function(name) && matches!(name, "delta" | "idelta") => meaning(
            data,
            labels,
            Under {
                counter_function: true,
                ..under
            },
        ),
        _ => UNKNOWN,
    }
}

fn of_aggregation(aggregation: &Aggregation, labels: &Labels, under: Under) -> Meaning {
    match aggregation.op {
        AggregateOp::Sum
        | AggregateOp::Avg
        | AggregateOp::Min
        | AggregateOp::Max
        | AggregateOp::Topk
        | AggregateOp::Bottomk
        | AggregateOp::Limitk
        | AggregateOp::LimitRatio
        | AggregateOp::Quantile => meaning(&aggregation.expr, labels, under),
        AggregateOp::Count
        | AggregateOp::CountValues
        | AggregateOp::Group
        | AggregateOp::Stddev
        | AggregateOp::Stdvar => UNKNOWN,
    }
}

fn of_binary(binary: &Binary, labels: &Labels, under: Under) -> Meaning {
    let of = |expr: &Expr| meaning(expr, labels, under);
    let (left, right) = (literal(&binary.left), literal(&binary.right));
    match (binary.op, left, right) {
        (BinaryOp::Add, None, Some(_)) => of(&binary.left),
        (BinaryOp::Add, Some(_), None) => of(&binary.right),
        (BinaryOp::Multiply | BinaryOp::Divide, None, Some(c)) if c > 0.0 => of(&binary.left),
        (BinaryOp::Multiply, Some(c), None) if c > 0.0 => of(&binary.right),
        (BinaryOp::Subtract, Some(1.0 | 100.0), None) => turned(of(&binary.right)),
        (BinaryOp::Add, None, None) => agreed(of(&binary.left), of(&binary.right)),
        (BinaryOp::Divide, None, None) => of_division(binary, labels, under),
        (BinaryOp::Or, _, _) if is_zero_fallback(&binary.right) => of(&binary.left),
        (BinaryOp::Or, None, None) => agreed(of(&binary.left), of(&binary.right)),
        (BinaryOp::And | BinaryOp::Unless, _, _) => of(&binary.left),
        (_, None, Some(_)) if binary.is_filter() => of(&binary.left),
        (_, Some(_), None) if binary.is_filter() => of(&binary.right),
        _ => UNKNOWN,
    }
}

fn agreed(left: Meaning, right: Meaning) -> Meaning {
    if left.kind == right.kind {
        Meaning {
            kind: left.kind,
            sure: left.sure && right.sure,
        }
    } else {
        UNKNOWN
    }
}

/// `1 - x` of a share.
fn turned(of: Meaning) -> Meaning {
    let kind = match of.kind {
        Kind::FailureShare => Kind::SuccessShare,
        Kind::SuccessShare => Kind::FailureShare,
        _ => return UNKNOWN,
    };
    Meaning { kind, ..of }
}

fn of_division(binary: &Binary, labels: &Labels, under: Under) -> Meaning {
    let of = |expr: &Expr| meaning(expr, labels, under);
    let above = of_numerator(&binary.left, labels, under);
    let below = of(&binary.right);
    let is_of_all = is_subset_ratio(binary)
        || !matches!(
            below.kind,
            Kind::FailureCount
                | Kind::SuccessCount
                | Kind::FailureShare
                | Kind::SuccessShare
                | Kind::Latency
                | Kind::Readiness
        );
    let kind = match above.kind {
        Kind::FailureCount if is_of_all => Kind::FailureShare,
        Kind::SuccessCount if is_of_all => Kind::SuccessShare,
        Kind::LatencySum if below.kind == Kind::Traffic => Kind::Latency,
        _ => return UNKNOWN,
    };
    Meaning { kind, ..above }
}

/// `t - e` counts what went well, constant factors aside.
fn of_numerator(expr: &Expr, labels: &Labels, under: Under) -> Meaning {
    let of = |expr: &Expr| meaning(expr, labels, under);
    let expr = expr.unwrapped();
    let ExprKind::Binary(binary) = &expr.kind else {
        return of(expr);
    };
    match (binary.op, literal(&binary.left), literal(&binary.right)) {
        (BinaryOp::Multiply, Some(c), None) if c > 0.0 => {
            of_numerator(&binary.right, labels, under)
        }
        (BinaryOp::Multiply, None, Some(c)) if c > 0.0 => of_numerator(&binary.left, labels, under),
        (BinaryOp::Subtract, None, None) => {
            let (all, part) = (of(&binary.left), of(&binary.right));
            match (all.kind, part.kind) {
                (Kind::Traffic | Kind::Unknown, Kind::FailureCount) => Meaning {
                    kind: Kind::SuccessCount,
                    ..part
                },
                (Kind::Traffic | Kind::Unknown, Kind::SuccessCount) => Meaning {
                    kind: Kind::FailureCount,
                    ..part
                },
                _ => UNKNOWN,
            }
        }
        _ => of(expr),
    }
}

fn of_selector(selector: &Selector, labels: &Labels, under: Under) -> Meaning {
    let Some(name) = selector.metric() else {
        return by_matchers(selector, "", labels, under).unwrap_or(UNKNOWN);
    };
    if has_word(name, &["budget", "remaining", "free"]) {
        return UNKNOWN;
    }
    if let Some(meaning) = by_matchers(selector, name, labels, under) {
        return meaning;
    }
    by_name(selector, name, under)
}

/// What the outcome matchers say, if anything. A `reason` speaks on failure-named metrics only.
fn by_matchers(selector: &Selector, name: &str, labels: &Labels, under: Under) -> Option<Meaning> {
    let speaking;
    let speaks = |matcher: &Matcher| matcher.label.text != "reason";
    let selector = if selector.matchers.iter().all(speaks) || failure_named(name) {
        selector
    } else {
        let mut without = selector.clone();
        without.matchers.retain(speaks);
        speaking = without;
        &speaking
    };
    match selector_picks(selector, labels) {
        Picks::Failures => {
            let is_server_error = selector
                .matchers
                .iter()
                .any(|matcher| is_server_error(matcher, selector.metric(), labels));
            Some(Meaning {
                kind: Kind::FailureCount,
                sure: under.rate_or_increase && is_server_error,
            })
        }
        Picks::Successes => Some(guess(Kind::SuccessCount)),
        Picks::Neither => {
            let metric = selector.metric();
            let hides = selector
                .matchers
                .iter()
                .any(|m| outcome::is_outcome(m, metric, labels));
            // Some outcomes of both kinds: no traffic, no share.
            hides.then_some(UNKNOWN)
        }
    }
}

/// Words of failures, as names have them.
const FAILURES: [&str; 6] = [
    "error", "errors", "failed", "failure", "failures", "restarts",
];

/// Words of what is a share already.
const SHARES: [&str; 5] = ["ratio", "rate", "percent", "percentage", "share"];

/// Words of what is asked of a service.
const REQUESTS: [&str; 10] = [
    "requests", "request", "reqs", "req", "rpc", "rpcs", "grpc", "http", "calls", "queries",
];

fn by_name(selector: &Selector, name: &str, under: Under) -> Meaning {
    let has = |list: &[&str]| has_word(name, list);
    let is_share = !under.counter_function && has(&SHARES);
    if has(&FAILURES) {
        return Meaning {
            kind: if is_share {
                Kind::FailureShare
            } else {
                Kind::FailureCount
            },
            sure: name.ends_with("_restarts_total"),
        };
    }
    if has(&["success"]) {
        let counts = under.counter_function || name.ends_with("_total");
        return guess(if counts {
            Kind::SuccessCount
        } else {
            Kind::SuccessShare
        });
    }
    let is_count = name.ends_with("_count");
    if has(&["duration", "latency"]) && !is_count {
        return guess(if name.ends_with("_sum") {
            Kind::LatencySum
        } else if name.ends_with("_bucket") || under.counter_function {
            Kind::Unknown
        } else {
            Kind::Latency
        });
    }
    let last = words(name).last().unwrap_or_default();
    if name == "up" || matches!(last, "ready" | "available") {
        return guess(of_readiness(selector));
    }
    if under.counter_function && has(&REQUESTS) && !name.ends_with("_sum") {
        return guess(Kind::Traffic);
    }
    if under.counter_function && is_count && has(&["duration", "latency"]) {
        return guess(Kind::Traffic);
    }
    UNKNOWN
}

/// `condition="false"` counts those that are not ready.
fn of_readiness(selector: &Selector) -> Kind {
    let is_turned = selector.matchers.iter().any(|matcher| {
        matcher.label.text == "condition"
            && matcher.op == MatchOp::Equal
            && matcher.value.value == b"false"
    });
    if is_turned {
        Kind::FailureCount
    } else {
        Kind::Readiness
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::{Options, parse};

    #[test]
    fn what_numbers_mean() {
        use Class::{
            FailureCount, FailureShare, Latency, Readiness, SuccessShare, Traffic, Unknown,
        };
        let cases = [
            (
                r#"sum(rate(x{code=~"5.."}[5m])) / sum(rate(x[5m]))"#,
                FailureShare,
                true,
            ),
            (
                r#"100 * sum(rate(x{code=~"5.."}[5m])) / sum(rate(x[5m]))"#,
                FailureShare,
                true,
            ),
            (
                r#"sum(rate(x{code!~"2.."}[5m])) / sum(rate(x[5m]))"#,
                FailureShare,
                false,
            ),
            (
                r#"sum(rate(x{status="error"}[5m])) / sum(rate(x[5m]))"#,
                FailureShare,
                false,
            ),
            (
                r#"sum(irate(x{code=~"5.."}[5m])) / sum(irate(x[5m]))"#,
                FailureShare,
                false,
            ),
            (
                r#"(sum(rate(x{code=~"5.."}[5m])) or vector(0)) / sum(rate(x[5m]))"#,
                FailureShare,
                true,
            ),
            (
                r#"(sum(rate(x{code=~"5.."}[5m])) or 0 * sum(rate(x[5m]))) / sum(rate(x[5m]))"#,
                FailureShare,
                true,
            ),
            (
                r#"sum(rate(x{code=~"5.."}[5m])) / sum(rate(x[5m])) or vector(0)"#,
                FailureShare,
                true,
            ),
            (
                r#"sum(rate(x{code=~"5.."}[5m])) / sum(rate(x[5m])) > 0.05"#,
                FailureShare,
                true,
            ),
            (
                r#"sum(rate(x{code=~"2.."}[5m])) / sum(rate(x[5m]))"#,
                SuccessShare,
                false,
            ),
            (
                r#"sum(rate(x{code!~"5.."}[5m])) / sum(rate(x[5m]))"#,
                SuccessShare,
                false,
            ),
            (
                r#"1 - sum(rate(x{code=~"5.."}[5m])) / sum(rate(x[5m]))"#,
                SuccessShare,
                true,
            ),
            (
                r#"100 - 100 * sum(rate(x{code=~"5.."}[5m])) / sum(rate(x[5m]))"#,
                SuccessShare,
                true,
            ),
            (
                r#"1 - sum(rate(x{code=~"2.."}[5m])) / sum(rate(x[5m]))"#,
                FailureShare,
                false,
            ),
            (
                r#"(sum(rate(x[5m])) - sum(rate(x{code=~"5.."}[5m]))) / sum(rate(x[5m]))"#,
                SuccessShare,
                true,
            ),
            (r#"sum(rate(x{code=~"5.."}[5m]))"#, FailureCount, true),
            (
                r#"sum(increase(x{code=~"5.."}[5m])) or vector(0)"#,
                FailureCount,
                true,
            ),
            (r#"sum(rate(x{code=~"2.."}[5m]))"#, Unknown, false),
            (
                r#"sum(rate(x{code=~"5.."}[5m])) / sum(rate(x{code=~"2.."}[5m]))"#,
                Unknown,
                false,
            ),
            (r#"sum(rate(x{code=~"2..|4.."}[5m]))"#, Unknown, false),
            (
                "sum(rate(app_errors_total[5m])) / sum(rate(app_requests_total[5m]))",
                FailureShare,
                false,
            ),
            (
                "sum(increase(kube_pod_container_status_restarts_total[5m]))",
                FailureCount,
                true,
            ),
            (
                "max(kube_pod_container_status_restarts_total)",
                FailureCount,
                true,
            ),
            ("error_ratio", FailureShare, false),
            ("error_budget_remaining", Unknown, false),
            ("node_memory_free_errors", Unknown, false),
            (
                "histogram_quantile(0.9, sum by (le)(rate(d_seconds_bucket[5m])))",
                Latency,
                false,
            ),
            (
                "rate(d_latency_seconds_sum[5m]) / rate(d_latency_seconds_count[5m])",
                Latency,
                false,
            ),
            (
                "sum(rate(http_duration_seconds_sum[5m])) / sum(rate(http_duration_seconds_count[5m]))",
                Latency,
                false,
            ),
            (
                r#"max(http_duration_seconds{quantile="0.9"})"#,
                Latency,
                false,
            ),
            ("sum(kube_pod_container_status_ready)", Readiness, false),
            ("up", Readiness, false),
            (
                r#"sum(kube_pod_status_ready{condition="true"})"#,
                Readiness,
                false,
            ),
            (
                r#"sum(kube_pod_status_ready{condition="false"})"#,
                FailureCount,
                false,
            ),
            (
                "kube_deployment_status_replicas_available",
                Readiness,
                false,
            ),
            (
                "kube_deployment_status_replicas_unavailable",
                Unknown,
                false,
            ),
            ("sum(rate(http_requests_total[5m]))", Traffic, false),
            (
                "sum(rate(http_request_duration_seconds_count[5m]))",
                Traffic,
                false,
            ),
            ("sum(http_requests_total)", Unknown, false),
            (r#"sum(pods{reason="OOMKilled"})"#, Unknown, false),
            (
                r#"sum(pods_failed{reason="OOMKilled"})"#,
                FailureCount,
                false,
            ),
            ("avg(probe_success)", SuccessShare, false),
            (r#"count(x{code=~"5.."})"#, Unknown, false),
            (r#"sqrt(sum(rate(x{code=~"5.."}[5m])))"#, Unknown, false),
            (r#"-sum(rate(x{code=~"5.."}[5m]))"#, Unknown, false),
            ("1", Unknown, false),
        ];
        for (query, class_wanted, sure) in cases {
            let expr = parse(query, Options::default())
                .expect("the query parses")
                .expr;
            let wanted = Classified {
                class: class_wanted,
                sure,
            };
            assert_eq!(class(&expr, &Labels::default()), wanted, "`{query}`");
        }
    }
}
