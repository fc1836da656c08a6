//! A condition that reads one series of several.

use std::collections::BTreeSet;

use crate::lint::conditions::{Condition, Operand};
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::{Kept, Series, kept_labels, series};
use crate::promql::ast::{AggregateOp, Expr, ExprKind, MatchOp};

rule! {
    /// ## What it does
    ///
    /// Finds a condition that reads one series by its index, `result[0]`, of a query that can answer several.
    ///
    /// ## Why it matters
    ///
    /// The order of an answer means nothing: which pod is judged is chance, and the bad one may be another.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum by (pod) (rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum by (pod) (rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: "len(result) > 0 && all(result, # > 1)"
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Labels that `without` leaves are not known here; neither are those of a recording rule, whose `=` matcher is taken for
    /// the one series.
    "arbitrary-series", "a condition reads one series of several",
    Conditions, levels: [Deny, Warn],
    yields_to: ["self-ratio", "oldest-sample"],
    check: Check::Query(check),
}

/// Labels that tell the pods of one release apart, or what happened to them.
const TELLING: [&str; 8] = [
    "pod",
    "instance",
    "version",
    "pod_template_hash",
    "code",
    "status",
    "container",
    "node",
];

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let expr = &query.expr;
    let is_pinned = gate
        .spec()
        .and_then(|spec| spec.setting("series"))
        .is_some();
    if is_pinned || series(expr) != Series::Many || is_ordered(expr) || is_recorded(expr) {
        return;
    }
    let (level, why) = match kept_labels(expr) {
        Kept::By(labels) => match labels
            .iter()
            .find(|label| TELLING.contains(&label.as_str()))
        {
            Some(label) => (Level::Deny, format!("one for each `{label}`")),
            None => match labels.first() {
                Some(label) => (Level::Warn, format!("one for each `{label}`")),
                None => return,
            },
        },
        Kept::Without => (
            Level::Warn,
            "one for each set of the labels that `without` leaves".to_owned(),
        ),
        Kept::All => (Level::Warn, "it does not aggregate".to_owned()),
        Kept::None | Kept::Unknown => return,
    };
    for condition in gate.conditions.iter() {
        let Some((index, span)) = condition.indices.first() else {
            continue;
        };
        if condition.pins_length() || reads_all(condition) {
            continue;
        }
        out.push(
            level,
            condition.spot(*span),
            format!(
                "`result[{index}]` is one series of several, in no order: the query answers {}",
                several(&why)
            ),
        )
        .help(match quantile_by_all_labels(expr) {
            true => "sum the buckets below `histogram_quantile`: `sum by (le) (rate(…))`",
            false => "aggregate to one series, or write `len(result) > 0 && all(result, …)`",
        });
        return;
    }
}

fn several(why: &str) -> String {
    match why {
        "it does not aggregate" => "each series that it selects".to_owned(),
        other => other.to_owned(),
    }
}

/// `histogram_quantile` over buckets of each series: a quantile a pod, which no aggregation above it makes one of.
fn quantile_by_all_labels(expr: &Expr) -> bool {
    let call = expr.unwrapped().call("histogram_quantile");
    let buckets = call.and_then(|call| call.args.get(1));
    buckets.is_some_and(|buckets| kept_labels(buckets) == Kept::All)
}

/// `len(result) == 2 && result[0] < 3 && result[1] < 3`: no series is left out.
fn reads_all(condition: &Condition) -> bool {
    let read: BTreeSet<i64> = condition.indices.iter().map(|(index, _)| *index).collect();
    condition.comparisons.iter().any(|comparison| {
        comparison.operand == Operand::Length
            && comparison.operator == "=="
            && comparison.value == read.len() as f64
    })
}

/// Sorted, or the one largest.
fn is_ordered(expr: &Expr) -> bool {
    match &expr.unwrapped().kind {
        ExprKind::Call(call) => call.function.name.starts_with("sort"),
        ExprKind::Aggregation(aggregation) => {
            matches!(aggregation.op, AggregateOp::Topk | AggregateOp::Bottomk)
                && aggregation.grouping.is_none()
                && aggregation.param.as_ref().is_some_and(
                    |param| matches!(param.unwrapped().kind, ExprKind::Number(number) if number.value == 1.0),
                )
        }
        _ => false,
    }
}

/// A recording rule's result, picked by a label.
fn is_recorded(expr: &Expr) -> bool {
    expr.unwrapped().selector().is_some_and(|selector| {
        selector.metric().is_some_and(|name| name.contains(':'))
            && selector
                .matchers
                .iter()
                .any(|matcher| matcher.op == MatchOp::Equal && matcher.label.text != "__name__")
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn quantiles_are_made_one_below_the_quantile() {
        let gate = "query: histogram_quantile(0.9, rate(a_seconds_bucket{namespace=\"x\"}[5m]))\n\
                    successCondition: result[0] < 0.5";
        let told = said(super::RULE.name, gate);
        assert!(told[0].ends_with("`sum by (le) (rate(…))`"), "{told:?}");
    }

    #[test]
    fn one_of_several_series() {
        for (query, condition, expected) in [
            (
                "sum by (pod) (a{namespace=\"x\"})",
                "result[0] > 1",
                &["deny"][..],
            ),
            (
                "sum by (route) (a{namespace=\"x\"})",
                "result[0] > 1",
                &["warn"],
            ),
            (
                "sum by (pod) (a{namespace=\"x\",pod=\"p\"})",
                "result[0] > 1",
                &[],
            ),
            (
                "sum without (pod) (a{namespace=\"x\"})",
                "result[0] > 1",
                &["warn"],
            ),
            ("a{namespace=\"x\"}", "result[0] > 1", &["warn"]),
            ("a:b{namespace=\"x\"}", "result[0] > 1", &[]),
            ("sum(a{namespace=\"x\"})", "result[0] > 1", &[]),
            ("sort_desc(a{namespace=\"x\"})", "result[0] > 1", &[]),
            ("topk(1, a{namespace=\"x\"})", "result[0] > 1", &[]),
            (
                "a{namespace=\"x\"}",
                "len(result) == 1 && result[0] > 1",
                &[],
            ),
            (
                "a{namespace=\"x\"}",
                "len(result) > 0 && all(result, # > 1)",
                &[],
            ),
            (
                "a{namespace=\"x\"}",
                "len(result) == 2 && result[0] < 3 && result[1] < 3",
                &[],
            ),
            (
                "max by (namespace,pod)(a{namespace=\"x\"}) or vector(0)",
                "result[0] > 1",
                &["deny"],
            ),
        ] {
            let gate = format!("query: {query}\nsuccessCondition: '{condition}'");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }
}
