//! A ratio of one metric whose numerator is no part of its denominator.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::isolation::{Side, side};
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{BinaryOp, ExprKind, MatchOp, Matcher, Selector};
use crate::promql::outcome::is_outcome;
use crate::promql::same::{
    has_matchers_of, same_matcher, same_metric, same_modifiers, same_period,
};
use crate::promql::select::{DataSelector, data_selectors};

rule! {
    /// ## What it does
    ///
    /// Finds a division of one metric by itself where the denominator has a matcher that the numerator lacks, or another
    /// window.
    ///
    /// ## Why it matters
    ///
    /// A share counts a part of a whole. Where the numerator counts what the denominator does not, the ratio can exceed 1 and
    /// a threshold means nothing.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",code=~"2.."}[5m])) / sum(rate(requests_total{namespace="shop",path="/api"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 0.95
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",path="/api",code=~"2.."}[5m])) / sum(rate(requests_total{namespace="shop",path="/api"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 0.95
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A comparison of the canary with the stable pods, or of now with an hour ago, is no share and is not judged.
    "unrelated-ratio", "the numerator is no part of the denominator",
    Counters, levels: [Warn],
    yields_to: ["self-ratio"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    query.expr.walk(&mut |node| {
        let ExprKind::Binary(binary) = &node.kind else {
            return;
        };
        if binary.op != BinaryOp::Divide {
            return;
        }
        let (above, below) = (data_selectors(&binary.left), data_selectors(&binary.right));
        // Sums of several slices may well cover each other.
        let ([numerator], [denominator]) = (above.as_slice(), below.as_slice()) else {
            return;
        };
        if !same_metric(numerator.selector, denominator.selector)
            || numerator.selector.metric().is_none()
            || !same_modifiers(
                &numerator.selector.modifiers,
                &denominator.selector.modifiers,
            )
            || is_comparison(gate, numerator.selector, denominator.selector)
        {
            return;
        }
        if let Some(missing) = missing(gate, numerator, denominator) {
            let spot = gate.in_query(missing.span);
            let message = format!(
                "the denominator has `{}`, which the numerator lacks: it is no part of it",
                spot.text
            );
            out.warn(spot, message)
                .help("write the matcher into the numerator too");
        } else if let (Some(above), Some(below)) = (numerator.window, denominator.window)
            && above.milliseconds().is_some()
            && below.milliseconds().is_some()
            && !same_period(above, below)
        {
            out.warn(
                gate.in_query(below.span),
                "numerator and denominator look at windows of different length",
            )
            .help("write one window on both sides");
        }
    });
}

/// A matcher of the denominator without which the numerator counts more.
fn missing<'a>(
    gate: &Gate<'_>,
    numerator: &DataSelector<'a>,
    denominator: &DataSelector<'a>,
) -> Option<&'a Matcher> {
    if has_matchers_of(numerator.selector, denominator.selector) {
        return None;
    }
    denominator.selector.matchers.iter().find(|wanted| {
        let own = || numerator.selector.matchers.iter();
        // `code="500"` is a part of `code=~".+"`, and of `code!=""`.
        let is_about_one_label = own().any(|matcher| {
            matcher.label.text == wanted.label.text
                && matcher.op == MatchOp::Equal
                && wanted.op != MatchOp::Equal
        });
        let is_outcome = is_outcome(wanted, denominator.selector.metric(), gate.labels());
        let has_its_label = own().any(|matcher| matcher.label.text == wanted.label.text);
        let is_said = wanted.label.text == "__name__"
            || is_about_one_label
            || is_outcome && has_its_label
            || own().any(|matcher| same_matcher(matcher, wanted));
        !is_said
    })
}

/// One side of the canary, the other of the stable pods: they are compared.
fn is_comparison(gate: &Gate<'_>, numerator: &Selector, denominator: &Selector) -> bool {
    let sides = (side(gate, numerator), side(gate, denominator));
    matches!(
        sides,
        (Side::Canary, Side::Stable) | (Side::Stable, Side::Canary)
    ) || differ_in_one_value(numerator, denominator)
}

/// The same labels on both sides, one with another text: two slices are compared.
fn differ_in_one_value(numerator: &Selector, denominator: &Selector) -> bool {
    let labels = |selector: &Selector| {
        let mut labels: Vec<_> = selector
            .matchers
            .iter()
            .map(|matcher| matcher.label.text.clone())
            .collect();
        labels.sort();
        labels
    };
    labels(numerator) == labels(denominator)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn parts_and_wholes() {
        for (query, expected) in [
            ("sum(rate(x{c=\"5\"}[5m])) / sum(rate(x{p=\"/a\"}[5m]))", 1),
            (
                "sum(rate(x{code=\"500\",p=\"/a\"}[5m])) / sum(rate(x{p=\"/a\"}[5m]))",
                0,
            ),
            ("sum(rate(x{code=\"500\"}[5m])) / sum(rate(x[5m]))", 0),
            ("sum(rate(x{code=\"500\"}[1m])) / sum(rate(x[5m]))", 1),
            (
                "sum(rate(x{code=\"500\"}[1m])) / sum(rate(y{p=\"/a\"}[5m]))",
                0,
            ),
            (
                "sum(rate(x{code=\"500\"}[5m])) / sum(rate(x{code=~\".+\"}[5m]))",
                0,
            ),
            (
                "sum(rate(x{version=\"canary\"}[5m])) / sum(rate(x{version=\"stable\"}[5m]))",
                0,
            ),
            (
                "sum(rate(x{pod=~\"a-{{args.canary-hash}}-.*\"}[5m])) / sum(rate(x{pod=~\"a-.*\",pod!~\"a-{{args.canary-hash}}-.*\"}[5m]))",
                0,
            ),
            (
                "sum(rate(x{pod=\"a\",code=\"5\"}[5m])) / sum(rate(x{pod=\"b\",code=\"5\"}[5m]))",
                0,
            ),
            ("sum(rate(x[5m])) / sum(rate(x[5m] offset 1h))", 0),
            (
                "sum(rate(x{p=\"/a\"}[{{args.w}}])) / sum(rate(x{p=\"/a\"}[{{args.w}}]))",
                0,
            ),
        ] {
            let gate = format!("args:\n- name: w\n- name: canary-hash\nquery: {query}");
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{query}");
        }
    }
}
