//! A query whose answer nothing can change.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::{
    Constant, Kept, has_hole, has_selector, kept_labels, uses_clock, without_data,
};
use crate::promql::ast::{Binary, BinaryOp, Expr, ExprKind, ValueType};

rule! {
    /// ## What it does
    ///
    /// Finds a query whose answer the running system cannot change: one that selects nothing and does not ask for the time,
    /// or one where a constant before `or` always answers, so that what stands behind it is never used.
    ///
    /// ## Why it matters
    ///
    /// The gate says the same of every canary. Mostly it is the rest of a trial, or the fallback was put first.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: vector(0) or sum(increase(app_errors_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(increase(app_errors_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 5
    /// ```
    ///
    /// ## Known gaps
    ///
    /// `hour()`, `day_of_week()` and `time()` make a change window, which is a gate. A query that hangs on an argument without
    /// value is skipped.
    "constant-query", "an answer that no canary can change",
    Query, levels: [Deny],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let expr = &query.expr;
    if expr.value_type == ValueType::String {
        return;
    }
    // Data behind such an `or` are never used, whatever stands around it.
    if let Some(or) = deaf(expr) {
        let (left, right) = (
            quoted(gate, query, or.left.span),
            quoted(gate, query, or.right.span),
        );
        out.deny(
            gate.in_query(or.left.span),
            format!("`{left}` always answers, so `{right}` behind `or` is never used"),
        )
        .help(format!(
            "put the constant last, `{right} or {left}`, or drop it"
        ));
        return;
    }
    if !is_constant(expr) {
        return;
    }
    let always = match without_data(expr) {
        Constant::Value(number) => format!("is always `{}`", crate::text::float::go_float(number)),
        Constant::Empty => "is always empty".to_owned(),
        Constant::Unknown => "is always the same".to_owned(),
    };
    out.deny(
        gate.in_query(expr.span),
        format!("nothing is selected: the answer {always}"),
    )
    .help("select the metric that tells how the canary does");
}

fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => true,
        ExprKind::Selector(_) | ExprKind::Matrix(_) | ExprKind::Hole(_) => false,
        // Its second argument says which labels are added.
        ExprKind::Call(call) if call.function.name == "info" => {
            call.args.first().is_some_and(is_constant)
        }
        ExprKind::Call(_) => !uses_clock(expr) && expr.children().into_iter().all(is_constant),
        ExprKind::Binary(binary) if hides_right(binary) => is_constant(&binary.left),
        ExprKind::Binary(_)
        | ExprKind::Subquery(_)
        | ExprKind::Aggregation(_)
        | ExprKind::Unary(_)
        | ExprKind::Paren(_) => expr.children().into_iter().all(is_constant),
    }
}

/// The `or` behind whose constant left side data are never used.
fn deaf(expr: &Expr) -> Option<&Binary> {
    let mut found = None;
    expr.walk(&mut |node| {
        if let ExprKind::Binary(binary) = &node.kind
            && hides_right(binary)
            && (has_selector(&binary.right) || has_hole(&binary.right))
        {
            found = Some(&**binary);
        }
    });
    found
}

/// A constant without labels before `or` hides what has no labels either, and under `on()` everything.
fn hides_right(binary: &Binary) -> bool {
    if binary.op != BinaryOp::Or || !matches!(without_data(&binary.left), Constant::Value(_)) {
        return false;
    }
    let labels = binary.matching.as_ref().and_then(|m| m.labels.as_ref());
    let is_on_nothing = labels.is_some_and(|labels| labels.is_on && labels.labels.is_empty());
    is_constant(&binary.left) && (is_on_nothing || has_no_labels(&binary.right))
}

/// No series of it can have a label: `Kept::None` also means one series with pinned ones.
fn has_no_labels(expr: &Expr) -> bool {
    match &expr.unwrapped().kind {
        ExprKind::Aggregation(aggregation) => {
            use crate::promql::ast::AggregateOp::{Bottomk, CountValues, LimitRatio, Limitk, Topk};
            let keeps = matches!(
                aggregation.op,
                Topk | Bottomk | Limitk | LimitRatio | CountValues
            );
            let grouping = aggregation.grouping.as_ref();
            !keeps && grouping.is_none_or(|g| !g.is_without && g.labels.is_empty())
        }
        ExprKind::Binary(binary) if binary.op == BinaryOp::Or => {
            has_no_labels(&binary.left) && has_no_labels(&binary.right)
        }
        ExprKind::Binary(binary) if !binary.op.is_set() => {
            let has_none =
                |side: &Expr| side.value_type == ValueType::Scalar || has_no_labels(side);
            kept_labels(expr) == Kept::None && has_none(&binary.left) && has_none(&binary.right)
        }
        ExprKind::Unary(unary) => has_no_labels(&unary.expr),
        ExprKind::Call(call) => call.function.name == "vector",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn answers_that_nothing_changes() {
        for (query, expected) in [
            ("vector(0)", &["deny"][..]),
            ("1", &["deny"]),
            ("vector(1) > 0", &["deny"]),
            ("vector(0) or sum(x)", &["deny"]),
            (
                "(vector(0) or sum(rate(x[5m])) / sum(rate(y[5m]))) * 100",
                &["deny"],
            ),
            ("vector(0) or sum(x) or sum(y)", &["deny"]),
            (
                "(vector(0) or sum(rate(x[5m]))) / sum(rate(y[5m]))",
                &["deny"],
            ),
            ("(sum(rate(x[5m])) or vector(0)) / sum(rate(y[5m]))", &[]),
            ("vector(0) or on() x", &["deny"]),
            ("sum(vector(1))", &["deny"]),
            ("vector(0) or x", &[]),
            ("vector(0) or sum by (pod) (x)", &[]),
            ("vector(0) or sum by (pod) (x{pod=\"a\"})", &[]),
            ("vector(0) > 1 or sum(x)", &[]),
            ("sum(x) or vector(0)", &[]),
            ("hour()", &[]),
            ("vector(time()) > 1", &[]),
            ("day_of_week() < bool 5 and on() hour() > 8", &[]),
            ("hour(vector(0))", &["deny"]),
            ("info(vector(0), {a=\"b\"})", &["deny"]),
            ("info(x, {a=\"b\"})", &[]),
            ("vector({{args.x}})", &[]),
            ("{{args.query}}", &[]),
            ("absent(x)", &[]),
        ] {
            let gate =
                format!("query: |\n  {query}\nsuccessCondition: len(result) > 0 && result[0] < 5");
            assert_eq!(found(super::RULE.name, &gate), expected, "{query}");
        }
    }
}
