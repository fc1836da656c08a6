//! A quantile of buckets that have lost their bounds.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{Aggregation, Call, Expr, ExprKind};
use crate::promql::select::data_selectors;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds `histogram_quantile` over an aggregation of `_bucket` series that drops the label `le`.
    ///
    /// ## Why it matters
    ///
    /// Without the buckets' bounds there is no quantile: the answer is always empty.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: histogram_quantile(0.95, sum by (job) (rate(request_duration_seconds_bucket{namespace="shop",job="cart"}[5m])))
    /// successCondition: len(result) > 0 && result[0] < 0.5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: histogram_quantile(0.95, sum by (le, job) (rate(request_duration_seconds_bucket{namespace="shop",job="cart"}[5m])))
    /// successCondition: len(result) > 0 && result[0] < 0.5
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Native histograms need no `le`; they have no `_bucket` series, so they are not judged.
    "quantile-without-le", "the buckets of a quantile have lost `le`",
    Counters, levels: [Deny],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    query.expr.walk(&mut |node| {
        let Some(aggregation) = node.call("histogram_quantile").and_then(buckets) else {
            return;
        };
        let op = aggregation.op.as_str();
        let (spot, edit) = match &aggregation.grouping {
            Some(grouping) if grouping.is_without => {
                let Some(le) = grouping.labels.iter().find(|label| label.text == "le") else {
                    return;
                };
                (le.span, None)
            }
            Some(grouping)
                if grouping
                    .labels
                    .iter()
                    .any(|label| label.text == "le" || !label.is_known) =>
            {
                return;
            }
            Some(grouping) => {
                let text = if grouping.labels.is_empty() {
                    "le"
                } else {
                    "le, "
                };
                (
                    grouping.span,
                    Some((Span::at(grouping.parens.start + 1), text.to_owned())),
                )
            }
            None => (
                aggregation.op_span,
                Some((Span::at(aggregation.op_span.end), " by (le) ".to_owned())),
            ),
        };
        out.deny(
            gate.in_query(spot),
            format!("`{op}` drops `le`, so `histogram_quantile` is always empty"),
        )
        .help("keep `le` in the aggregation")
        .fix(edit.and_then(|edit| gate.fix_query(true, &[edit])));
    });
}

/// The aggregation of `_bucket` series that a quantile is made of.
fn buckets(call: &Call) -> Option<&Aggregation> {
    let ExprKind::Aggregation(aggregation) = &call.args.get(1)?.unwrapped().kind else {
        return None;
    };
    let selectors = data_selectors(&aggregation.expr);
    let are_buckets = !selectors.is_empty()
        && selectors.iter().all(|each| {
            each.selector
                .metric()
                .is_some_and(|name| name.ends_with("_bucket"))
        });
    (are_buckets && !is_renamed(&aggregation.expr)).then_some(aggregation)
}

/// Labels are made anew inside, so that nothing is known of `le`.
fn is_renamed(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |node| {
        found |= node.call("label_replace").is_some() || node.call("label_join").is_some();
    });
    found
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn buckets_and_their_bounds() {
        for (query, expected) in [
            (
                "histogram_quantile(0.9, sum by (pod) (rate(a_bucket[5m])))",
                1,
            ),
            ("histogram_quantile(0.9, sum(rate(a_bucket[5m])))", 1),
            (
                "histogram_quantile(0.9, sum without (le) (rate(a_bucket[5m])))",
                1,
            ),
            (
                "histogram_quantile(0.9, sum without (pod) (rate(a_bucket[5m])))",
                0,
            ),
            (
                "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m])))",
                0,
            ),
            ("histogram_quantile(0.9, rate(a_bucket[5m]))", 0),
            ("histogram_quantile(0.9, sum by (pod) (rate(a[5m])))", 0),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("query: {query}")).len(),
                expected,
                "{query}"
            );
        }
    }

    #[test]
    fn le_is_put_in() {
        for (query, after) in [
            (
                "histogram_quantile(0.9, sum by (pod) (rate(a_bucket[5m])))",
                "histogram_quantile(0.9, sum by (le, pod) (rate(a_bucket[5m])))",
            ),
            (
                "histogram_quantile(0.9, sum (rate(a_bucket[5m])) by (pod))",
                "histogram_quantile(0.9, sum (rate(a_bucket[5m])) by (le, pod))",
            ),
            (
                "histogram_quantile(0.9, sum(rate(a_bucket[5m])))",
                "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m])))",
            ),
        ] {
            let (text, is_safe) = fixed(super::RULE.name, &format!("query: {query}"));
            assert!(text.contains(after) && is_safe, "{text}");
        }
    }
}
