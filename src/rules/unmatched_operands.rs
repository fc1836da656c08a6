//! Two vectors whose labels never match.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{Binary, BinaryOp, Expr, ExprKind, ValueType};

rule! {
    /// ## What it does
    ///
    /// Finds an operation between series of exporters that share no labels, such as `container_*` and `kube_*`, where neither
    /// side is aggregated and no `on` or `ignoring` says what to match. Also a metric name with a dash in it, which
    /// PromQL reads as a subtraction.
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
        }
    });
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
