//! A share of the canary's failures of everybody's requests.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::isolation::says_canary;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{BinaryOp, ExprKind, Matcher, Selector};
use crate::promql::edit::add_matcher;
use crate::promql::outcome::{Picks, selector_picks};
use crate::promql::select::{DataSelector, data_selectors};

rule! {
    /// ## What it does
    ///
    /// Finds a share whose numerator selects the canary, by role, track, version, hash or pod, where the denominator does not.
    ///
    /// ## Why it matters
    ///
    /// The canary's failures are divided by all traffic: at a weight of 5 percent, a canary that fails every request shows a
    /// share of 5 percent.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",role="canary",code=~"2.."}[5m])) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 0.95
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",role="canary",code=~"2.."}[5m])) / sum(rate(requests_total{namespace="shop",role="canary"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 0.95
    /// ```
    "diluted-ratio", "the canary's failures over everybody's requests",
    Counters, levels: [Warn],
    check: Check::Query(check),
}

/// Labels that tell the pods of a release apart.
const SIDES: [&str; 8] = [
    "role",
    "track",
    "version",
    "pod",
    "revision",
    "pod_template_hash",
    "rollouts_pod_template_hash",
    "hash",
];

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    query.expr.walk(&mut |node| {
        let ExprKind::Binary(binary) = &node.kind else {
            return;
        };
        if binary.op != BinaryOp::Divide {
            return;
        }
        let below = data_selectors(&binary.right);
        for numerator in data_selectors(&binary.left) {
            if selector_picks(numerator.selector, gate.labels()) == Picks::Neither {
                continue;
            }
            let found = below.iter().find_map(|denominator| {
                let side = side(gate, numerator.selector, denominator.selector)?;
                Some((side, denominator))
            });
            let Some((side, denominator)) = found else {
                continue;
            };
            let text = gate.query.as_ref().map_or("", |query| &query.filled.text);
            let matcher = side.span.of(text).to_owned();
            out.warn(
                gate.in_query(denominator.span),
                format!("the numerator selects `{}`, the denominator all: a share of everybody's traffic", written(gate, side)),
            )
            .help(format!("write `{}` into the denominator too", written(gate, side)))
            .fix(repeated(gate, denominator, &matcher));
            return;
        }
    });
}

/// The matcher of one side that the denominator lacks, on a label that it does not speak of.
fn side<'a>(
    gate: &Gate<'_>,
    numerator: &'a Selector,
    denominator: &Selector,
) -> Option<&'a Matcher> {
    numerator.matchers.iter().find(|matcher| {
        let label = matcher.label.text.as_str();
        let is_side = SIDES.contains(&label)
            || says_canary(&matcher.value.text())
            || says_canary(&written(gate, matcher));
        is_side
            && denominator
                .matchers
                .iter()
                .all(|other| other.label.text != label)
    })
}

/// The matcher as the author wrote it.
fn written(gate: &Gate<'_>, matcher: &Matcher) -> String {
    gate.in_query(matcher.span).text
}

fn repeated(
    gate: &Gate<'_>,
    denominator: &DataSelector<'_>,
    matcher: &str,
) -> Option<crate::lint::finding::Fix> {
    let query = gate.query.as_ref()?;
    // A placeholder's value must not be written in its place.
    let is_plain = query.filled.text == query.filled.template;
    let edit = add_matcher(denominator.selector, matcher);
    is_plain
        .then(|| gate.fix_query(false, &[(edit.span, edit.text)]))
        .flatten()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn sides_of_a_share() {
        for (query, expected) in [
            (
                "sum(rate(x{role=\"canary\",code=~\"5..\"}[5m])) / sum(rate(x[5m]))",
                1,
            ),
            (
                "sum(rate(x{role=\"canary\",code=~\"5..\"}[5m])) / sum(rate(x{role=\"canary\"}[5m]))",
                0,
            ),
            ("sum(rate(x{role=\"canary\"}[5m])) / sum(rate(x[5m]))", 0),
            (
                "sum(rate(x{app=\"shop-canary\",code=~\"5..\"}[5m])) / sum(rate(x{p=\"/a\"}[5m]))",
                1,
            ),
            ("sum(rate(x{code=~\"5..\"}[5m])) / sum(rate(x[5m]))", 0),
            (
                "sum(rate(x{pod=~\"a-{{args.hash}}-.*\",code=~\"5..\"}[5m])) / sum(rate(y[5m]))",
                1,
            ),
        ] {
            let gate = format!("args:\n- name: hash\nquery: {query}");
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{query}");
        }
    }
}
