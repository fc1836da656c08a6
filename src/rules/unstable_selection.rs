//! An answer made of whichever series stand first.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{AggregateOp, Aggregation, BinaryOp, Expr, ExprKind};
use crate::promql::literal::literal;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds `topk`, `bottomk`, `limitk` and `limit_ratio` in what the query answers.
    ///
    /// ## Why it matters
    ///
    /// They pick other series at each measurement, so two measurements of a gate judge different pods, and a series that
    /// leaves the selection takes its failures with it. What was meant is mostly the largest or the smallest value.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: topk(1, app_queue_length{namespace="shop"})
    /// successCondition: len(result) > 0 && result[0] < 100
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: max(app_queue_length{namespace="shop"})
    /// successCondition: len(result) > 0 && result[0] < 100
    /// ```
    "unstable-selection", "the answer is whichever series stand first",
    Query, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    for found in feeding(&query.expr) {
        let name = found.aggregation.op.as_str();
        let finding = out.warn(
            gate.in_query(found.aggregation.op_span),
            format!("`{name}` picks other series at each measurement"),
        );
        let Some(op) = stable(found.aggregation) else {
            finding.help("aggregate all series: `max(…)`, `min(…)`, `sum(…)`");
            continue;
        };
        let grouping = found
            .aggregation
            .grouping
            .as_ref()
            .map_or(String::new(), |grouping| {
                format!(" {} ", quoted(gate, query, grouping.span))
            });
        let inner = quoted(gate, query, found.aggregation.expr.span);
        finding.help(format!("write `{op}{grouping}({inner})`"));
        // Over time each series that was picked once is one of its own.
        let is_instant = gate.spec().is_none_or(|spec| !spec.is_range());
        let is_safe = found.is_whole && is_instant;
        finding.fix(gate.fix_query(is_safe, &edits(found.aggregation, op)));
    }
}

struct Found<'a> {
    aggregation: &'a Aggregation,
    /// Nothing but numbers stands between it and the answer, and it keeps no labels that a condition could count.
    is_whole: bool,
}

/// Those whose series or values reach the answer; a mere count of them is the same each time.
fn feeding(expr: &Expr) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    visit(expr, true, &mut found);
    found
}

fn visit<'a>(expr: &'a Expr, is_top: bool, found: &mut Vec<Found<'a>>) {
    match &expr.kind {
        ExprKind::Aggregation(aggregation) => {
            if matches!(aggregation.op, AggregateOp::Count | AggregateOp::Group) {
                return;
            }
            let is_whole = is_top && aggregation.grouping.is_none();
            if selects(aggregation.op) {
                found.push(Found {
                    aggregation,
                    is_whole,
                });
            }
            visit(&aggregation.expr, false, found);
        }
        ExprKind::Call(call) if call.function.name.starts_with("absent") => {}
        ExprKind::Paren(inner) => visit(inner, is_top, found),
        ExprKind::Unary(unary) => visit(&unary.expr, is_top, found),
        ExprKind::Binary(binary) => {
            let is_number = |side: &Expr| literal(side).is_some();
            let is_plain = !binary.op.is_set() && !binary.is_filter();
            visit(
                &binary.left,
                is_top && is_plain && is_number(&binary.right),
                found,
            );
            if !matches!(binary.op, BinaryOp::And | BinaryOp::Unless) {
                visit(
                    &binary.right,
                    is_top && is_plain && is_number(&binary.left),
                    found,
                );
            }
        }
        _ => {
            for child in expr.children() {
                visit(child, false, found);
            }
        }
    }
}

fn selects(op: AggregateOp) -> bool {
    use AggregateOp::{Bottomk, LimitRatio, Limitk, Topk};
    matches!(op, Topk | Bottomk | Limitk | LimitRatio)
}

/// What answers the value of the one series that is picked.
fn stable(aggregation: &Aggregation) -> Option<&'static str> {
    let is_one = aggregation.param.as_ref().is_some_and(
        |param| matches!(&param.unwrapped().kind, ExprKind::Number(number) if number.value == 1.0),
    );
    match aggregation.op {
        AggregateOp::Topk if is_one => Some("max"),
        AggregateOp::Bottomk if is_one => Some("min"),
        _ => None,
    }
}

/// The other name, and the parameter with its comma dropped.
fn edits(aggregation: &Aggregation, op: &str) -> Vec<(Span, String)> {
    let mut edits = vec![(aggregation.op_span, op.to_owned())];
    if let Some(param) = &aggregation.param {
        let dropped = Span::new(param.span.start, aggregation.expr.span.start);
        edits.push((dropped, String::new()));
    }
    edits
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn selections_that_reach_the_answer() {
        for (query, expected) in [
            ("topk(1, x)", &["warn"][..]),
            ("bottomk(3, rate(x[5m]))", &["warn"]),
            ("limitk(2, x)", &["warn"]),
            ("sum(topk(3, x))", &["warn"]),
            ("topk(1, x) / topk(1, y)", &["warn", "warn"]),
            ("count(topk(3, x))", &[]),
            ("x and topk(3, x)", &[]),
            ("max(x)", &[]),
        ] {
            let gate = format!("query: '{query}'\nsuccessCondition: result[0] > 0");
            assert_eq!(found(super::RULE.name, &gate), expected, "{query}");
        }
    }

    #[test]
    fn the_one_series_has_a_name() {
        for (query, expected, is_safe) in [
            ("topk(1, x)", "max(x)", true),
            ("100 * topk ( 1 , x )", "100 * max ( x )", true),
            (
                "bottomk(1, rate(x[5m])) # low",
                "min(rate(x[5m])) # low",
                true,
            ),
            ("topk by (pod) (1, x)", "max by (pod) (x)", false),
            ("topk(1, x) / y", "max(x) / y", false),
        ] {
            let gate = format!("query: |\n  {query}\nsuccessCondition: result[0] > 0");
            let (after, safe) = fixed(super::RULE.name, &gate);
            assert!(after.contains(&format!("  {expected}\n")), "{after}");
            assert_eq!(safe, is_safe, "{query}");
        }
    }
}
