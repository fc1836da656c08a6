//! A template that nothing refers to.

use crate::analysis::template::Kind;
use crate::lint::context::Scene;
use crate::lint::findings::Findings;
use crate::lint::gate::{Gate, spot};
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds a template that no Rollout, Experiment or template of the input refers to, where the input holds a Rollout.
    ///
    /// ## Why it matters
    ///
    /// It reads as a gate and gates nothing: often the reference was renamed, or never written.
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
    ///     canary: {}
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
    ///         query: sum(up{namespace="shop"}) or vector(0)
    /// ```
    ///
    /// ## Write instead
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
    ///         query: sum(up{namespace="shop",service="canary"}) or vector(0)
    /// ```
    "unused-template", "nothing refers to the template",
    Surroundings, levels: [Info],
    check: Check::Template(check),
}

fn check(scene: &Scene<'_>, _: &[Gate<'_>], out: &mut Findings<'_>) {
    let template = scene.template;
    let has_rollouts = !scene.context.input.rollouts.is_empty();
    if !has_rollouts || scene.runs_here() || template.kind == Kind::AnalysisRun {
        return;
    }
    out.info(
        spot("metadata.name", &template.name, template.name.all()),
        format!("nothing in the input refers to `{}`", template.name.text),
    )
    .help("refer to it in a Rollout, or drop it");
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn templates_that_nothing_refers_to() {
        let template = |name: &str, more: &str| {
            format!(
                "---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: {name}}}\nspec: {{metrics: []{more}}}\n"
            )
        };
        let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec: {strategy: {canary: {analysis: {templates: [{templateName: a}]}}}}\n";
        for (text, expected) in [
            (format!("{rollout}{}", template("a", "")), 0),
            (format!("{rollout}{}", template("b", "")), 1),
            (
                format!(
                    "{rollout}{}{}",
                    template("a", ", templates: [{templateName: b}]"),
                    template("b", "")
                ),
                0,
            ),
            (template("b", ""), 0),
        ] {
            assert_eq!(found(super::RULE.name, &text).len(), expected, "{text}");
        }
    }
}
