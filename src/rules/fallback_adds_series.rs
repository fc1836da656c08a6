//! A fallback that is always added, beside the series it was to stand in for.

use crate::condition::ResultValue;
use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::{Constant, Kept, has_hole, has_selector, kept_labels, without_data};
use crate::promql::ast::{AggregateOp, Aggregation, Binary, BinaryOp, Expr, ExprKind, ValueType};
use crate::promql::literal::{arithmetic, compare, literal};
use crate::text::float::go_float;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds `or vector(N)` without `on()` behind an expression that keeps labels.
    ///
    /// ## Why it matters
    ///
    /// `or` compares labels, and the constant has none: no series on the left is equal to it, so it is always added. With three
    /// pods there are four elements, one of them invented, and `all(…)`, `len(result)` or `min(…)` judge it with the rest.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: |
    ///   max by (pod) (kube_pod_container_status_ready{namespace="shop"}) or vector(0)
    /// successCondition: "len(result) > 0 && all(result, # >= 1)"
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: |
    ///   min(kube_pod_container_status_ready{namespace="shop"}) or vector(0)
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Told only where the added series reaches the answer as one: under `avg(…)` or `count(…)` it changes the number, and that
    /// is not looked at.
    "fallback-adds-series", "the fallback is always added",
    NoData, levels: [Deny, Warn],
    yields_to: ["constant-query", "missing-condition"],
    check: Check::Query(check),
}

/// An `or` and the constant that it adds.
type Arrivals<'a> = Vec<(&'a Binary, Option<f64>)>;

/// Functions that keep every series.
const PASSING: [&str; 8] = [
    "abs",
    "ceil",
    "floor",
    "label_join",
    "label_replace",
    "round",
    "sort",
    "sort_desc",
];

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let mut arriving = Vec::new();
    arrivals(&query.expr, &mut arriving);
    for (or, added) in arriving {
        let change = added.and_then(|added| change(gate, added));
        let constant = quoted(gate, query, or.right.span);
        let level = match change {
            Some(_) => Level::Deny,
            None => Level::Warn,
        };
        let turns = change.map_or(String::new(), |change| {
            format!(
                ": a lone `{}` is {}, with it {}",
                go_float(change.value),
                change.alone.as_str(),
                change.beside.as_str()
            )
        });
        let left = quoted(gate, query, or.left.span);
        out.push(
            level,
            gate.in_query(or.op_span.to(or.right.span)),
            format!("`{constant}` has no labels and is always added to `{left}`{turns}"),
        )
        .help(format!(
            "aggregate all series to one, or write `or on() {constant}`"
        ))
        .fix(gate.fix_query(false, &[(Span::at(or.op_span.end), " on()".to_owned())]));
    }
}

/// The `or`s with an added constant that reaches the answer as a series of its own, and what it is then, if that is known.
fn arrivals<'a>(expr: &'a Expr, found: &mut Arrivals<'a>) {
    match &expr.kind {
        ExprKind::Paren(inner) => arrivals(inner, found),
        ExprKind::Unary(unary) => {
            let turned = |n: f64| Some(if unary.is_minus { -n } else { n });
            through(&unary.expr, found, turned);
        }
        ExprKind::Call(call) if PASSING.contains(&call.function.name) => {
            if let Some(arg) = call.args.first() {
                // 0 is 0 under the others, too.
                let is_same = call.function.name.starts_with(['s', 'l']);
                through(arg, found, |n| (is_same || n == 0.0).then_some(n));
            }
        }
        ExprKind::Aggregation(aggregation) if has_groups(expr, aggregation) => {
            let is_same = matches!(
                aggregation.op,
                AggregateOp::Sum | AggregateOp::Avg | AggregateOp::Max | AggregateOp::Min
            );
            through(&aggregation.expr, found, |n| is_same.then_some(n));
        }
        ExprKind::Binary(binary) if binary.op == BinaryOp::Or => {
            arrivals(&binary.left, found);
            if let Some(added) = added(binary) {
                found.push((binary, Some(added)));
            }
        }
        ExprKind::Binary(binary) => beside_number(binary, found),
        _ => {}
    }
}

/// Those below, each number changed.
fn through<'a>(expr: &'a Expr, found: &mut Arrivals<'a>, change: impl Fn(f64) -> Option<f64>) {
    let from = found.len();
    arrivals(expr, found);
    for (_, number) in &mut found[from..] {
        *number = number.and_then(&change);
    }
}

/// The group without labels is one beside the others.
fn has_groups(expr: &Expr, aggregation: &Aggregation) -> bool {
    let grouping = aggregation.grouping.as_ref();
    grouping.is_some_and(|g| !g.is_without && !g.labels.is_empty())
        && matches!(kept_labels(expr), Kept::By(_))
}

/// Through arithmetic and comparisons with a number; a vector would have to match it.
fn beside_number<'a>(binary: &'a Binary, found: &mut Arrivals<'a>) {
    let (data, number) = match (binary.left.value_type, binary.right.value_type) {
        (ValueType::Vector, ValueType::Scalar) => (&binary.left, literal(&binary.right)),
        (ValueType::Scalar, ValueType::Vector) => (&binary.right, literal(&binary.left)),
        _ => return,
    };
    let is_left = std::ptr::eq(data, &raw const binary.left);
    let from = found.len();
    arrivals(data, found);
    let tail: Vec<_> = found.drain(from..).collect();
    for (or, added) in tail {
        let sides = added.zip(number).map(|(added, number)| match is_left {
            true => (added, number),
            false => (number, added),
        });
        let holds = sides.and_then(|(left, right)| compare(binary.op, left, right));
        match (binary.is_filter(), holds) {
            (true, Some(false)) => {}
            (true, _) => found.push((or, added)),
            (false, Some(holds)) => found.push((or, Some(f64::from(u8::from(holds))))),
            (false, None) => {
                let number = sides.and_then(|(left, right)| arithmetic(binary.op, left, right));
                found.push((or, number));
            }
        }
    }
}

/// The constant that an `or` adds to labelled series.
fn added(or: &Binary) -> Option<f64> {
    if has_selector(&or.right) || has_hole(&or.right) || !has_selector(&or.left) {
        return None;
    }
    if or
        .matching
        .as_ref()
        .is_some_and(|matching| matching.labels.is_some())
    {
        return None;
    }
    let has_labels = match kept_labels(&or.left) {
        Kept::By(_) | Kept::All => true,
        Kept::None | Kept::Without | Kept::Unknown => false,
    };
    match without_data(&or.right) {
        Constant::Value(number) if has_labels => Some(number),
        _ => None,
    }
}

/// A phase that the added series turns.
struct Change {
    value: f64,
    alone: Verdict,
    beside: Verdict,
}

fn change(gate: &Gate<'_>, added: f64) -> Option<Change> {
    let table = gate.table.as_ref()?;
    let singles = table.cells.iter().filter(|cell| {
        let is_number = !matches!(cell.key.as_str(), "no data" | "NaN" | "fallback" | "idle");
        is_number && cell.is_reachable && cell.probe.len() == 1
    });
    singles.flat_map(|cell| &cell.probe).find_map(|value| {
        let alone = gate.conditions.judge(&ResultValue::Vector(vec![*value]));
        // The engine appends what stands on the right (`VectorOr` in `promql/engine.go`).
        let beside = gate
            .conditions
            .judge(&ResultValue::Vector(vec![*value, added]));
        let is_known = alone != Verdict::Unknown && beside != Verdict::Unknown;
        (is_known && alone != beside).then_some(Change {
            value: *value,
            alone,
            beside,
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn constants_beside_labelled_series() {
        let all = "len(result) > 0 && all(result, # >= 1)";
        for (query, condition, expected) in [
            ("sum by (pod) (x) or vector(0)", all, &["deny"][..]),
            ("x or vector(0)", all, &["deny"]),
            ("sum by (pod) (x or vector(0))", all, &["deny"]),
            ("(sum by (pod) (x) or vector(0)) * 100", all, &["deny"]),
            ("sum by (pod) (x) or vector(0)", "result[0] >= 1", &["warn"]),
            ("sum by (pod) (x) or vector(5)", all, &["warn"]),
            ("(sum by (pod) (x) or vector(0)) > 0", all, &[]),
            ("sum by (pod) (x) or on() vector(0)", all, &[]),
            ("sum(x) or vector(0)", all, &[]),
            ("sum(x or vector(0))", all, &[]),
            ("sum by (pod) (x{pod=\"a\"}) or on() vector(0)", all, &[]),
            (
                "(sum by (pod) (x) or vector(0)) / sum by (pod) (y)",
                all,
                &[],
            ),
        ] {
            let gate = format!("query: |\n  {query}\nsuccessCondition: '{condition}'");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn the_fix_compares_no_labels() {
        let gate = "query: |\n  sum by (pod) (x) or vector(0) # all\nsuccessCondition: 'all(result, # >= 1)'";
        let (after, is_safe) = fixed(super::RULE.name, gate);
        assert!(
            after.contains("  sum by (pod) (x) or on() vector(0) # all\n") && !is_safe,
            "{after}"
        );
    }
}
