//! A metric without end where a rollout waits for its end.

use crate::analysis::limits::effective_count;
use crate::analysis::rollout::When;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds a metric with `interval` and without `count` in a template that a Rollout of the input runs in a step, or
    /// before or after a promotion.
    ///
    /// ## Why it matters
    ///
    /// Such a metric is measured until it fails, and the step would wait for ever: Argo refuses the Rollout. Only a
    /// background analysis may be endless, as it ends with the rollout.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Rollout
    /// metadata:
    ///   name: web
    /// spec:
    ///   strategy:
    ///     canary:
    ///       steps:
    ///       - setWeight: 20
    ///       - analysis:
    ///           templates:
    ///           - templateName: restarts
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: AnalysisTemplate
    /// metadata:
    ///   name: restarts
    /// spec:
    ///   metrics:
    ///   - name: restarts
    ///     interval: 1m
    ///     successCondition: result[0] >= 1
    ///     provider:
    ///       prometheus:
    ///         address: http://prometheus.example:9090
    ///         query: sum(up{namespace="shop"}) or vector(0)
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// interval: 1m
    /// count: 5
    /// successCondition: result[0] >= 1
    /// ```
    "endless-inline", "a step waits for a metric without end",
    Limits, levels: [Deny],
    yields_to: ["invalid-metric-spec"],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let (Some(field), limits) = (&gate.metric.interval, &gate.limits.metric) else {
        return;
    };
    let place = gate
        .scene
        .uses
        .iter()
        .find_map(|each| Some((each.rollout, waiting(each.analysis.when)?)));
    let Some((rollout, place)) = place else {
        return;
    };
    let hangs_on = ["count", "interval"];
    if let Some(name) = hangs_on
        .iter()
        .find(|name| gate.limits.unknown.contains(name))
    {
        out.skip(format!("`{name}` has no value"));
        return;
    }
    if effective_count(limits).is_some() {
        return;
    }
    let keys = ["count: 5".to_owned()];
    let finding = out.deny(
        gate.at("interval", field),
        format!(
            "`interval` without `count` never ends, and {place} of `{}` waits for its end",
            rollout.resource()
        ),
    );
    finding.help("write `count: 5` beside it");
    if gate.metric.count.is_none() {
        finding.fix(gate.fix_keys(false, &keys));
    }
}

/// What waits for the end of an analysis; an Experiment's ends with the Experiment.
fn waiting(when: When) -> Option<String> {
    match when {
        When::Step(index) => Some(format!("step {}", index + 1)),
        When::PrePromotion => Some("the promotion".to_owned()),
        When::PostPromotion => Some("the end".to_owned()),
        When::Background(_) | When::Experiment => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{document, found};

    fn rollout(strategy: &str) -> String {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: web\nspec:\n  strategy:\n    {strategy}\n---\n"
        )
    }

    #[test]
    fn something_waits_for_an_endless_metric() {
        let templates = "templates: [{templateName: example}]";
        let step = rollout(&format!(
            "canary: {{steps: [{{setWeight: 5}}, {{analysis: {{{templates}}}}}]}}"
        ));
        let background = rollout(&format!(
            "canary: {{steps: [{{setWeight: 5}}], analysis: {{{templates}}}}}"
        ));
        let before = rollout(&format!(
            "blueGreen: {{activeService: a, prePromotionAnalysis: {{{templates}}}}}"
        ));
        for (rollout, limits, expected) in [
            (step.as_str(), "interval: 1m", &["deny"][..]),
            (&step, "interval: 1m\ncount: 0", &["deny"]),
            (&step, "interval: 1m\ncount: 3", &[]),
            (&step, "count: 1", &[]),
            (&before, "interval: 1m", &["deny"]),
            (&background, "interval: 1m", &[]),
            ("", "interval: 1m", &[]),
        ] {
            let gate = document(&format!(
                "query: up\nsuccessCondition: result[0] > 0\n{limits}"
            ));
            assert_eq!(
                found(super::RULE.name, &format!("{rollout}{gate}")),
                expected,
                "{rollout}{limits}"
            );
        }
    }
}
