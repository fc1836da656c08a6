//! A fallback that an operator behind it takes away from what it was written for.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::{has_hole, has_selector};
use crate::promql::ast::{Binary, BinaryOp, Expr, ExprKind};
use crate::promql::literal::literal;
use crate::promql::same::same;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds `… or vector(N) / x` and `… or vector(N) > 5` without parentheses.
    ///
    /// ## Why it matters
    ///
    /// `or` binds loosest of all. Where there are failures, `sum(e) or vector(0) / sum(t)` answers how many a second, not
    /// their share, and a comparison behind a fallback is asked of the constant alone.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: |
    ///   sum(rate(http_requests_total{namespace="shop", code=~"5.."}[5m])) or vector(0)
    ///   / sum(rate(http_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 0.05
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: |
    ///   (sum(rate(http_requests_total{namespace="shop", code=~"5.."}[5m])) or vector(0))
    ///   / sum(rate(http_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 0.05
    /// ```
    ///
    /// ## Known gaps
    ///
    /// `… or vector(0) * x`, a zero where `x` is there, and `a / x or vector(0) / x` are meant so and not told.
    "fallback-precedence", "an operator takes the fallback away",
    NoData, levels: [Deny],
    yields_to: ["constant-query", "missing-condition"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let mut found = Vec::new();
    query.expr.walk(&mut |node| {
        if let ExprKind::Binary(or) = &node.kind
            && or.op == BinaryOp::Or
            && let Some(constant) = taken(or)
        {
            found.push((&**or, constant));
        }
    });
    for (or, constant) in found {
        let left = quoted(gate, query, or.left.span);
        let right = quoted(gate, query, or.right.span);
        let middle = quoted(gate, query, Span::new(or.op_span.start, constant.span.end));
        let rest = quoted(gate, query, Span::new(constant.span.end, or.right.span.end));
        let edits = [
            (Span::at(or.left.span.start), "(".to_owned()),
            (Span::at(constant.span.end), ")".to_owned()),
        ];
        out.deny(
            gate.in_query(or.op_span.to(or.right.span)),
            format!("`or` binds loosest: this is `{left}`, or else `{right}`"),
        )
        .help(format!("write `({left} {middle}) {rest}`"))
        .fix(gate.fix_query(false, &edits));
    }
}

/// The constant right behind `or` that an operation takes in.
fn taken(or: &Binary) -> Option<&Expr> {
    let ExprKind::Binary(operation) = &or.right.kind else {
        return None;
    };
    if operation.op.is_set() {
        return None;
    }
    let (mut first, mut innermost) = (&or.right, operation);
    let mut has_data = false;
    while let ExprKind::Binary(binary) = &first.kind {
        has_data |= has_selector(&binary.right) || has_hole(&binary.right);
        first = &binary.left;
        innermost = binary;
    }
    let is_constant = first.call("vector").is_some() && !has_selector(first);
    let compares = operation.op.is_comparison();
    (is_constant && (has_data || compares) && !is_meant(or, innermost, first)).then_some(first)
}

/// A zero in place of the whole, where something is there.
fn is_meant(or: &Binary, operation: &Binary, constant: &Expr) -> bool {
    let is_zero = constant
        .call("vector")
        .and_then(|call| literal(call.args.first()?))
        .is_some_and(|number| number == 0.0);
    let mut is_of_the_same = false;
    or.left.walk(&mut |node| {
        if let ExprKind::Binary(left) = &node.kind {
            is_of_the_same |= left.op == operation.op && same(&left.right, &operation.right);
        }
    });
    is_zero && operation.op == BinaryOp::Multiply || is_of_the_same
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn operators_behind_a_fallback() {
        for (query, expected) in [
            ("sum(e) or vector(0) / sum(t)", &["deny"][..]),
            ("sum(e) or on() vector(0) / sum(t)", &["deny"]),
            ("sum(e) / sum(t) or vector(0) > 0.05", &["deny"]),
            ("sum(e) or vector(0) / sum(t) * 100", &["deny"]),
            ("(sum(e) or vector(0) / sum(t)) * 100", &["deny"]),
            ("(sum(e) or vector(0)) / sum(t)", &[]),
            ("sum(e) or (vector(0) / sum(t))", &[]),
            ("sum(e) or vector(0) * sum(t)", &[]),
            ("sum(e) or 0 * sum(t)", &[]),
            ("sum(e) / sum(t) or vector(0) / sum(t)", &[]),
            ("sum(e) / sum(t) * 100 or vector(0) / sum(t) * 100", &[]),
            ("sum(e) or vector(60) * 5", &[]),
            ("sum(e) or vector(0)", &[]),
        ] {
            let gate =
                format!("query: |\n  {query}\nsuccessCondition: len(result) > 0 && result[0] < 5");
            assert_eq!(found(super::RULE.name, &gate), expected, "{query}");
        }
    }

    #[test]
    fn the_fix_puts_parentheses() {
        for (query, expected) in [
            (
                "sum(e) or vector(0) / sum(t)",
                "(sum(e) or vector(0)) / sum(t)",
            ),
            (
                "sum(e) / sum(t) or vector(0) > 0.05",
                "(sum(e) / sum(t) or vector(0)) > 0.05",
            ),
            (
                "1 + (sum(e) or vector(0) / sum(t))",
                "1 + ((sum(e) or vector(0)) / sum(t))",
            ),
        ] {
            let gate =
                format!("query: |\n  {query}\nsuccessCondition: len(result) > 0 && result[0] < 5");
            let (after, is_safe) = fixed(super::RULE.name, &gate);
            assert!(
                after.contains(&format!("  {expected}\n")) && !is_safe,
                "{after}"
            );
        }
    }
}
