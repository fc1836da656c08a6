//! A readiness gate right behind a `setWeight` that waited for the same.

use crate::analysis::rollout::{StepKind, When};
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::class::Class;

rule! {
    /// ## What it does
    ///
    /// Finds a gate on ready or available pods in the step after a `setWeight`.
    ///
    /// ## Why it matters
    ///
    /// `setWeight` ends only when all pods that it asks for are available. Asking again right behind it says little: it
    /// sees what Argo has just seen, or what Prometheus scraped before.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Rollout
    /// metadata:
    ///   name: web
    ///   namespace: shop
    /// spec:
    ///   strategy:
    ///     canary:
    ///       steps:
    ///       - setWeight: 20
    ///       - analysis:
    ///           templates:
    ///           - templateName: pods
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: AnalysisTemplate
    /// metadata:
    ///   name: pods
    ///   namespace: shop
    /// spec:
    ///   metrics:
    ///   - name: pods
    ///     interval: 1m
    ///     count: 5
    ///     successCondition: result[0] >= 1
    ///     provider:
    ///       prometheus:
    ///         address: http://prometheus.example:9090
    ///         query: sum(kube_pod_container_status_ready{namespace="shop"}) or vector(0)
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: histogram_quantile(0.95, sum by (le) (rate(request_duration_seconds_bucket{namespace="shop"}[5m])))
    /// successCondition: len(result) > 0 && result[0] < 0.5
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A gate that is measured for some time finds what becomes unready later: read the finding as a hint.
    "implied-by-weight", "setWeight has waited for readiness already",
    Surroundings, levels: [Info],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    if gate.class().class != Class::Readiness {
        return;
    }
    let behind = gate.scene.uses.iter().find_map(|each| {
        let When::Step(index) = each.analysis.when else {
            return None;
        };
        let before = each.rollout.steps.get(index.checked_sub(1)?)?;
        matches!(before.kind, StepKind::SetWeight(_)).then_some((each.rollout, index))
    });
    let Some((rollout, index)) = behind else {
        return;
    };
    out.info(
        gate.in_query(query.expr.span),
        format!(
            "`setWeight` in step {index} of `{}` has waited until the pods were available",
            rollout.resource()
        ),
    )
    .help("judge what the canary does: its errors, its latency, its restarts");
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn readiness_behind_a_weight() {
        for (query, steps, expected) in [
            (
                "sum(kube_pod_container_status_ready)",
                "{setWeight: 5}, A",
                1,
            ),
            (
                "sum(kube_pod_container_status_ready)",
                "{setWeight: 5}, {pause: {duration: 1m}}, A",
                0,
            ),
            ("sum(rate(http_requests_total[5m]))", "{setWeight: 5}, A", 0),
            (
                "sum(kube_pod_container_status_ready)",
                "A, {setWeight: 5}",
                0,
            ),
        ] {
            let steps = steps.replace('A', "{analysis: {templates: [{templateName: a}]}}");
            let text = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec: {{strategy: {{canary: {{steps: [{steps}]}}}}}}\n---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: a}}\nspec: {{metrics: [{{name: m, successCondition: 'result[0] >= 1', provider: {{prometheus: {{address: 'http://p.example', query: '{query}'}}}}}}]}}\n"
            );
            assert_eq!(found(super::RULE.name, &text).len(), expected, "{text}");
        }
    }
}
