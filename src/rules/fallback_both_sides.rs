//! A share whose two sides are both constants where there are no data.

use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::{fallback, has_selector};
use crate::promql::ast::{Binary, BinaryOp, Expr, ExprKind};
use crate::text::float::go_float;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds a share with a constant fallback above and one below, where the constant that comes of them passes.
    ///
    /// ## Why it matters
    ///
    /// The query always answers, with no canary at all, too: the gate is green for ever. The fallback above is right, as there
    /// may be no failures yet; the one below hides that nobody counted.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: |
    ///   (sum(rate(http_requests_total{namespace="shop", code=~"5.."}[5m])) or vector(0))
    ///   / (sum(rate(http_requests_total{namespace="shop"}[5m])) or vector(1))
    /// successCondition: result[0] < 0.05
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
    "fallback-both-sides", "a share of two fallbacks passes",
    NoData, levels: [Deny],
    rests_on_no_data: true,
    yields_to: ["constant-query", "missing-condition"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let table = gate.table.as_ref();
    if table.and_then(|table| table.reachable("fallback")) != Some(Verdict::Successful) {
        return;
    }
    let Some((share, above, below)) = share(&query.expr) else {
        return;
    };
    let message = format!(
        "without data the share is `{} / {}`, two fallbacks, and that passes: green for ever",
        go_float(above),
        go_float(below)
    );
    let finding = out.deny(gate.in_query(share.right.span), message);
    if let Some(or) = constant_or(&share.right) {
        let left = quoted(gate, query, or.left.span);
        finding
            .help(format!("keep the first alone: divide by `{left}`"))
            .fix(gate.fix_query(false, &dropped(&share.right, or)));
    } else {
        finding.help("keep the first alone, and divide by what has no fallback");
    }
}

/// A division of two operands with data and a constant in their place.
fn share(expr: &Expr) -> Option<(&Binary, f64, f64)> {
    let mut found = None;
    expr.walk(&mut |node| {
        if let ExprKind::Binary(binary) = &node.kind
            && found.is_none()
            && binary.op == BinaryOp::Divide
            && has_selector(&binary.left)
            && has_selector(&binary.right)
            && let (Some(above), Some(below)) = (fallback(&binary.left), fallback(&binary.right))
        {
            found = Some((&**binary, above, below));
        }
    });
    found
}

/// The constant dropped, and parentheses that hold nothing else then.
fn dropped(below: &Expr, or: &Binary) -> Vec<(Span, String)> {
    let is_whole = matches!(&below.kind, ExprKind::Paren(inner)
        if matches!(&inner.kind, ExprKind::Binary(binary) if std::ptr::eq(&**binary, or)));
    let around = match is_whole && !matches!(or.left.kind, ExprKind::Binary(_)) {
        true => below.span,
        false => or.left.span.to(or.right.span),
    };
    [
        Span::new(around.start, or.left.span.start),
        Span::new(or.left.span.end, around.end),
    ]
    .into_iter()
    .filter(|span| span.start < span.end)
    .map(|span| (span, String::new()))
    .collect()
}

fn constant_or(expr: &Expr) -> Option<&Binary> {
    let mut found = None;
    expr.walk(&mut |node| {
        if let ExprKind::Binary(binary) = &node.kind
            && found.is_none()
            && binary.op == BinaryOp::Or
            && !has_selector(&binary.right)
        {
            found = Some(&**binary);
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn two_fallbacks() {
        for (query, condition, expected) in [
            (
                "(e or vector(0)) / (t or vector(1))",
                "result[0] < 0.05",
                &["deny"][..],
            ),
            (
                "(sum(e) or on() vector(0)) / clamp_min(sum(t) or vector(0), 1)",
                "result[0] < 0.05",
                &["deny"],
            ),
            (
                "100 * ((sum(e) or vector(0)) / (sum(t) or vector(1)))",
                "result[0] < 5",
                &["deny"],
            ),
            (
                "(e or vector(0)) / (t or vector(1))",
                "result[0] > 0.95",
                &[],
            ),
            ("(sum(e) or vector(0)) / sum(t)", "result[0] < 0.05", &[]),
            ("(sum(e) or vector(0)) / 100", "result[0] < 0.05", &[]),
        ] {
            let gate = format!("query: |\n  {query}\nsuccessCondition: {condition}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
            if !expected.is_empty() {
                assert_eq!(found("fallback-passes", &gate), [] as [&str; 0], "{gate}");
            }
        }
    }

    #[test]
    fn the_fix_keeps_the_first() {
        let gate = "query: |\n  (e or vector(0)) / (t or vector(1)) # share\nsuccessCondition: result[0] < 0.05";
        let (after, is_safe) = fixed(super::RULE.name, gate);
        assert!(
            after.contains("  (e or vector(0)) / t # share\n") && !is_safe,
            "{after}"
        );
    }
}
