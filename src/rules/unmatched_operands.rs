//! Two vectors whose labels never match.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{AggregateOp, Binary, BinaryOp, Expr, ExprKind, MatchOp, ValueType};

rule! {
    /// ## What it does
    ///
    /// Finds an operation between series of exporters that share no labels, such as `container_*` and `kube_*`, where neither
    /// side is aggregated and no `on` or `ignoring` says what to match; or between series with labels and a sum without
    /// any. Also a metric name with a dash in it, which PromQL reads as a subtraction.
    ///
    /// ## Why it matters
    ///
    /// Series are matched on all of their labels. Where each side has labels of its own, none match, and the answer is
    /// always empty.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: avg(container_memory_usage_bytes{namespace="shop"} / kube_pod_container_resource_limits{namespace="shop"})
    /// successCondition: len(result) > 0 && result[0] < 0.9
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: max(sum by (pod) (container_memory_usage_bytes{namespace="shop"}) / sum by (pod) (kube_pod_container_resource_limits{namespace="shop"}))
    /// successCondition: len(result) > 0 && result[0] < 0.9
    /// ```
    "unmatched-operands", "series of two exporters, matched on all labels",
    Counters, levels: [Warn],
    check: Check::Query(check),
}

/// Beginnings of the names of exporters that each have labels of their own.
const EXPORTERS: [&str; 4] = ["container_", "kube_", "node_", "istio_"];

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    query.expr.walk(&mut |node| {
        let ExprKind::Binary(binary) = &node.kind else {
            return;
        };
        if binary.matching.as_ref().is_some_and(|matching| matching.labels.is_some())
            || matches!(binary.op, BinaryOp::Or | BinaryOp::Unless)
        {
            return;
        }
        if let Some(name) = dashed_name(gate, binary) {
            out.warn(
                gate.in_query(node.span),
                format!("`{name}` is read as a subtraction: no metric name holds a dash"),
            )
            .help("write the name with `_`, or as `{\"…\"}` where it really holds a dash");
        } else if let (Some(left), Some(right)) = (exporter(&binary.left), exporter(&binary.right))
            && left != right
        {
            out.warn(
                gate.in_query(node.span),
                format!("{} and {} share no set of labels: no two series match", named(left), named(right)),
            )
            .help("aggregate both sides by what they share, `sum by (pod) (…)`, or match on it, `on (pod)`");
        } else if !binary.op.is_set() {
            // `x and sum(y)` is as empty, but which of its sides is wrong is not known.
            tell_bare(gate, query, node, binary, out);
        }
    });
}

/// Series with labels beside a sum that has none.
fn tell_bare(gate: &Gate<'_>, query: &Query, node: &Expr, binary: &Binary, out: &mut Findings<'_>) {
    let (bare, side) = if has_labels(&binary.left) && has_none(&binary.right) {
        (&binary.right, "group_left")
    } else if has_none(&binary.left) && has_labels(&binary.right) {
        (&binary.left, "group_right")
    } else {
        return;
    };
    out.warn(
        gate.in_query(node.span),
        format!(
            "`{}` has no labels, the other side has: no two series match",
            quoted(gate, query, bare.span)
        ),
    )
    .help(format!(
        "aggregate both sides alike, or write `{} on () {side} ()`",
        binary.op.as_str()
    ));
}

/// Whether each of its series has a label that nothing drops: one that an `=` pins, or that a `by` keeps.
fn has_labels(expr: &Expr) -> bool {
    match &expr.unwrapped().kind {
        ExprKind::Selector(_) | ExprKind::Matrix(_) => expr.selector().is_some_and(|selector| {
            selector.matchers.iter().any(|matcher| {
                matcher.op == MatchOp::Equal
                    && !["__name__", "le"].contains(&matcher.label.text.as_str())
                    && !matcher.value.text().is_empty()
            })
        }),
        ExprKind::Aggregation(aggregation) => aggregation
            .grouping
            .as_ref()
            .is_some_and(|by| !by.is_without && by.labels.iter().any(|label| label.text != "le")),
        ExprKind::Call(_) => vector_below(expr).is_some_and(has_labels),
        _ => false,
    }
}

/// Whether it is one series without any label.
fn has_none(expr: &Expr) -> bool {
    match &expr.unwrapped().kind {
        ExprKind::Aggregation(aggregation) => {
            let by = aggregation.grouping.as_ref();
            matches!(
                aggregation.op,
                AggregateOp::Sum
                    | AggregateOp::Avg
                    | AggregateOp::Min
                    | AggregateOp::Max
                    | AggregateOp::Count
            ) && by.is_none_or(|by| !by.is_without && by.labels.is_empty())
        }
        ExprKind::Call(_) => vector_below(expr).is_some_and(has_none),
        _ => false,
    }
}

/// What a function that keeps labels works on.
fn vector_below(expr: &Expr) -> Option<&Expr> {
    let ExprKind::Call(call) = &expr.unwrapped().kind else {
        return None;
    };
    let changes = ["label_replace", "label_join", "scalar", "vector", "info"];
    if call.function.name.starts_with("absent") || changes.contains(&call.function.name) {
        return None;
    }
    let mut args = call.args.iter();
    args.find(|arg| matches!(arg.value_type, ValueType::Vector | ValueType::Matrix))
}

fn named(exporter: &str) -> String {
    match exporter {
        "" => "series of another exporter".to_owned(),
        exporter => format!("`{exporter}*`"),
    }
}

/// The exporter of series that keep all of their labels; empty for one that is none of the known.
fn exporter(expr: &Expr) -> Option<&'static str> {
    match &expr.kind {
        ExprKind::Paren(inner) => exporter(inner),
        ExprKind::Unary(unary) => exporter(&unary.expr),
        ExprKind::Selector(_) | ExprKind::Matrix(_) => {
            let name = expr.selector()?.metric()?;
            // A recording rule may have kept any labels.
            (!name.contains(':')).then(|| {
                let known = EXPORTERS.iter().find(|prefix| name.starts_with(**prefix));
                known.copied().unwrap_or("")
            })
        }
        ExprKind::Call(call)
            if !matches!(
                call.function.name,
                "label_replace" | "label_join" | "absent" | "scalar" | "vector"
            ) =>
        {
            exporter(
                call.args
                    .iter()
                    .find(|arg| matches!(arg.value_type, ValueType::Vector | ValueType::Matrix))?,
            )
        }
        ExprKind::Binary(binary) if binary.matching.is_none() => {
            match (binary.left.value_type, binary.right.value_type) {
                (_, ValueType::Scalar) => exporter(&binary.left),
                (ValueType::Scalar, _) => exporter(&binary.right),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `a:b-c`: a recording rule's name, a dash and a bare word, without blanks.
fn dashed_name<'a>(gate: &'a Gate<'_>, binary: &Binary) -> Option<&'a str> {
    let (left, right) = (binary.left.selector()?, binary.right.selector()?);
    let touches = binary.left.span.end == binary.op_span.start
        && binary.op_span.end == binary.right.span.start;
    let is_name = binary.op == BinaryOp::Subtract
        && touches
        && left.braces.is_none()
        && left
            .name
            .as_ref()
            .is_some_and(|name| name.text.contains(':'))
        && right.name.is_some();
    let text = &gate.query.as_ref()?.filled.text;
    is_name.then(|| {
        binary
            .left
            .span
            .to(right
                .name
                .as_ref()
                .map_or(binary.right.span, |name| name.span))
            .of(text)
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn operands_that_never_match() {
        for (query, expected) in [
            (
                "avg(container_memory_usage_bytes / kube_pod_container_resource_limits)",
                1,
            ),
            (
                "rate(container_cpu_usage_seconds_total[5m]) / kube_pod_info",
                1,
            ),
            ("istio_requests_total / http_requests_total", 1),
            ("container_a / container_b", 0),
            // A share of each series in the sum over all matches none.
            ("rate(a_total{app=\"x\"}[5m]) / sum(rate(a_total[5m]))", 1),
            (
                "sum by (pod) (rate(a_total[5m])) / sum(rate(a_total[5m]))",
                1,
            ),
            ("sum(rate(a_total[5m])) > max by (pod) (b)", 1),
            (
                "sum by (pod) (rate(a_total[5m])) / on () group_left () sum(rate(a_total[5m]))",
                0,
            ),
            ("sum by (pod) (a) / scalar(sum(a))", 0),
            ("sum by (le) (a) / sum(a)", 0),
            ("sum by (pod) (a) or vector(0)", 0),
            ("rate(a_total[5m]) / sum(rate(a_total[5m]))", 0),
            ("a / b", 0),
            ("container_a / on (pod) kube_b", 0),
            ("sum by (pod) (container_a) / sum by (pod) (kube_b)", 0),
            ("container_a or kube_b", 0),
            ("container_a / 1024", 0),
            ("job:errors:rate5m-canary", 1),
            ("job:errors:rate5m - job:all:rate5m", 0),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("query: {query}")).len(),
                expected,
                "{query}"
            );
        }
    }
}
