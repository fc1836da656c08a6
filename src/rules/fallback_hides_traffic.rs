//! A fallback around a whole share: no traffic reads as a bad canary.

use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::{fallback, has_selector};
use crate::promql::ast::{Binary, BinaryOp, Expr, ExprKind};
use crate::promql::literal::literal;
use crate::promql::select::data_selectors;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds a constant fallback around a whole share of one metric, where that constant does not pass.
    ///
    /// ## Why it matters
    ///
    /// The gate is closed, but for the wrong reason: a canary that nobody called gets the number of a canary that failed, and
    /// whoever reads the analysis looks for errors that never were. Around the numerator the fallback fills in what may be
    /// missing in good health, and no traffic stays no data.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: |
    ///   sum(rate(http_requests_total{namespace="shop", code=~"2.."}[5m]))
    ///   / sum(rate(http_requests_total{namespace="shop"}[5m])) or vector(0)
    /// successCondition: result[0] >= 0.95
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: |
    ///   (sum(rate(http_requests_total{namespace="shop", code=~"2.."}[5m])) or vector(0))
    ///   / sum(rate(http_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] >= 0.95
    /// ```
    "fallback-hides-traffic", "no traffic reads as a bad canary",
    NoData, levels: [Info],
    yields_to: ["constant-query", "missing-condition"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let table = gate.table.as_ref();
    let verdict = table.and_then(|table| table.reachable("fallback"));
    let Some(verdict) = verdict.filter(|v| !matches!(v, Verdict::Successful | Verdict::Unknown))
    else {
        return;
    };
    let ExprKind::Binary(or) = &query.expr.unwrapped().kind else {
        return;
    };
    if or.op != BinaryOp::Or || has_selector(&or.right) || fallback(&or.right).is_none() {
        return;
    }
    let Some(share) = share(&or.left) else {
        return;
    };
    let constant = quoted(gate, query, or.right.span);
    let above = quoted(gate, query, share.left.span);
    let below = quoted(gate, query, share.right.span);
    let behind = Span::new(or.left.span.end, or.right.span.end);
    let moved = [
        (Span::at(share.left.span.start), "(".to_owned()),
        (Span::at(share.left.span.end), format!(" or {constant})")),
        (behind, String::new()),
    ];
    out.info(
        gate.in_query(or.op_span.to(or.right.span)),
        format!(
            "`{constant}` around the whole share: no traffic reads as a bad canary, {}",
            verdict.as_str()
        ),
    )
    .help(format!("write `({above} or {constant}) / {below}`"))
    .fix(gate.fix_query(false, &moved));
}

/// The division of a metric by itself, numbers around it aside.
fn share(expr: &Expr) -> Option<&Binary> {
    let ExprKind::Binary(binary) = &expr.unwrapped().kind else {
        return None;
    };
    if binary.op == BinaryOp::Divide && is_one_metric(&binary.left, &binary.right) {
        return Some(binary);
    }
    if binary.op.is_comparison() || binary.op.is_set() {
        return None;
    }
    match (literal(&binary.left), literal(&binary.right)) {
        (None, Some(_)) => share(&binary.left),
        (Some(_), None) => share(&binary.right),
        _ => None,
    }
}

fn is_one_metric(above: &Expr, below: &Expr) -> bool {
    let (above, below) = (data_selectors(above), data_selectors(below));
    let Some(metric) = above.first().and_then(|data| data.selector.metric()) else {
        return false;
    };
    let is_it =
        |data: &crate::promql::select::DataSelector<'_>| data.selector.metric() == Some(metric);
    !below.is_empty() && above.iter().all(is_it) && below.iter().all(is_it)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn fallbacks_around_a_share() {
        for (query, condition, expected) in [
            (
                "sum(x{code=\"200\"}) / sum(x) or vector(0)",
                "result[0] >= 0.95",
                &["info"][..],
            ),
            (
                "(sum(x{code=\"200\"}) / sum(x) * 100) or on() vector(0)",
                "result[0] >= 95",
                &["info"],
            ),
            (
                "sum(x{code=\"200\"}) / sum(x) or vector(1)",
                "result[0] >= 0.95",
                &[],
            ),
            (
                "sum(x{code=\"200\"}) / sum(y) or vector(0)",
                "result[0] >= 0.95",
                &[],
            ),
            (
                "(sum(x{code=\"200\"}) or vector(0)) / sum(x)",
                "result[0] >= 0.95",
                &[],
            ),
            (
                "sum(x{code=\"200\"}) or vector(0)",
                "result[0] >= 0.95",
                &[],
            ),
        ] {
            let gate = format!("query: |\n  {query}\nsuccessCondition: {condition}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn the_fix_moves_it_up() {
        let gate = "query: |\n  sum(x{code=\"200\"}) / sum(x) or vector(0) # no\nsuccessCondition: result[0] >= 0.95";
        let (after, is_safe) = fixed(super::RULE.name, gate);
        assert!(
            after.contains("  (sum(x{code=\"200\"}) or vector(0)) / sum(x) # no\n") && !is_safe,
            "{after}"
        );
    }
}
