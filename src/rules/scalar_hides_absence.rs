//! `scalar(…)` around what may be no series, or several.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::{Certainty, Series, can_be_empty, series};

rule! {
    /// ## What it does
    ///
    /// Finds `scalar(…)` around an expression that can have no series, or several.
    ///
    /// ## Why it matters
    ///
    /// Both become NaN, so a misspelt metric, a canary without traffic and a query that returns one series a pod look alike,
    /// and a condition cannot ask `len(result)` any more.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: scalar(sum by (pod) (kube_pod_container_status_ready{namespace="shop"}))
    /// successCondition: result >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="shop"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    "scalar-hides-absence", "scalar() makes NaN of no series and of several",
    NoData, levels: [Warn],
    yields_to: ["constant-query", "missing-condition"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let mut calls = Vec::new();
    query.expr.walk(&mut |node| {
        if let Some(call) = node.call("scalar")
            && let Some(arg) = call.args.first()
        {
            calls.push((node, arg));
        }
    });
    for (node, arg) in calls {
        let inner = quoted(gate, query, arg.span);
        let what = match (series(arg), can_be_empty(arg)) {
            (Series::Many, Certainty::Yes) => "no series and of several",
            (Series::Many, _) => "several series",
            (_, Certainty::Yes) => "no series",
            _ => continue,
        };
        let is_top = std::ptr::eq(query.expr.unwrapped(), node);
        let finding = out.warn(
            gate.in_query(node.span),
            format!("`scalar(…)` makes NaN of {what}"),
        );
        match (is_top, what) {
            (true, "no series") => finding.help(format!(
                "write `{inner}`, and `len(result) > 0 && …` in the condition"
            )),
            (false, "no series") => finding.help(format!(
                "write `{inner}` alone; beside labelled series behind `on()`"
            )),
            _ => {
                finding.help("aggregate all series to one, `sum(…)` or `max(…)`, without `scalar`")
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn what_scalar_hides() {
        for (query, condition, expected) in [
            ("scalar(sum by (pod) (x))", "result >= 1", &["warn"][..]),
            ("scalar(sum(x))", "result >= 1", &["warn"]),
            ("x / scalar(sum(y))", "result[0] >= 1", &["warn"]),
            ("scalar(sum(x) or vector(0))", "result >= 1", &[]),
            ("vector(scalar(vector(1))) + sum(x)", "result[0] >= 1", &[]),
            ("sum(x)", "result[0] >= 1", &[]),
        ] {
            let gate = format!("query: {query}\nsuccessCondition: {condition}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }
}
