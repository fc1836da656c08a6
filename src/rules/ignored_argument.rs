//! An argument that a Rollout passes and no template declares.

use std::collections::HashSet;

use crate::analysis::template::Template;
use crate::lint::context::Context;
use crate::lint::findings::{Findings, Subject};
use crate::lint::gate::spot;
use crate::lint::references::candidates;
use crate::lint::rule::Check;
use crate::text::nearest::nearest;

rule! {
    /// ## What it does
    ///
    /// Finds an argument of a Rollout's analysis that none of the templates declares.
    ///
    /// ## Why it matters
    ///
    /// Argo drops it without a word. Where it is the canary's hash, the gate looks at all pods instead.
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
    ///           args:
    ///           - name: hash
    ///             valueFrom:
    ///               podTemplateHashValue: Latest
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
    ///   namespace: shop
    /// spec:
    ///   strategy:
    ///     canary:
    ///       steps:
    ///       - setWeight: 20
    ///       - analysis:
    ///           templates:
    ///           - templateName: pods
    ///           args:
    ///           - name: hash
    ///             valueFrom:
    ///               podTemplateHashValue: Latest
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: AnalysisTemplate
    /// metadata:
    ///   name: pods
    ///   namespace: shop
    /// spec:
    ///   args:
    ///   - name: hash
    ///   metrics:
    ///   - name: pods
    ///     interval: 1m
    ///     count: 5
    ///     successCondition: result[0] >= 1
    ///     provider:
    ///       prometheus:
    ///         address: http://prometheus.example:9090
    ///         query: sum(up{namespace="shop",pod=~"web-{{args.hash}}-.*"}) or vector(0)
    /// ```
    "ignored-argument", "an argument is passed and no template takes it",
    Surroundings, levels: [Warn],
    check: Check::Input(check),
}

fn check(context: &Context<'_>, out: &mut Findings<'_>) {
    for rollout in &context.input.rollouts {
        out.about(Subject::of(rollout));
        for analysis in &rollout.uses {
            let mut templates: Vec<&Template> = Vec::new();
            let mut known: HashSet<*const Template> = HashSet::new();
            let mut open: Vec<_> = analysis.templates.iter().collect();
            let mut is_complete = !open.is_empty();
            // Of several of one name each may be the one, so that all of them are asked.
            while let Some(reference) = open.pop() {
                let before = templates.len();
                let mut is_there = false;
                for found in candidates(*context, rollout.namespace.as_ref(), reference) {
                    is_there = true;
                    if known.insert(found) {
                        templates.push(found);
                    }
                }
                is_complete &= is_there;
                open.extend(
                    templates[before..]
                        .iter()
                        .flat_map(|found| &found.templates),
                );
            }
            if !is_complete {
                continue;
            }
            let declared = || {
                let all = templates.iter().flat_map(|template| &template.arguments);
                all.map(|argument| argument.name.text.as_str())
            };
            for given in &analysis.arguments {
                let name = given.name.text.as_str();
                if declared().any(|known| known == name) {
                    continue;
                }
                let finding = out.warn(
                    spot("args.name", &given.name, given.name.all()),
                    format!("no template declares `{name}`: Argo drops it"),
                );
                match nearest(name, declared()) {
                    Some(near) => finding.help(format!("did you mean `{near}`")),
                    None => finding.help(format!("declare `{name}` under `spec.args` of the template and use it, or drop it here")),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::said;

    #[test]
    fn arguments_that_no_template_takes() {
        let template = |name: &str, arguments: &str| {
            format!(
                "---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: {name}}}\nspec: {{metrics: [], args: [{arguments}]}}\n"
            )
        };
        let both = "{templateName: a}, {templateName: b}";
        for (references, templates, expected) in [
            ("{templateName: a}", template("a", "{name: hash}"), &[][..]),
            (
                "{templateName: a}",
                template("a", ""),
                &[
                    "warn at `hash`: no template declares `hash`: Argo drops it; \
                   declare `hash` under `spec.args` of the template and use it, or drop it here",
                ],
            ),
            (
                "{templateName: a}",
                template("a", "{name: hsah}"),
                &[
                    "warn at `hash`: no template declares `hash`: Argo drops it; did you mean `hsah`",
                ],
            ),
            (
                both,
                format!("{}{}", template("a", ""), template("b", "{name: hash}")),
                &[],
            ),
            (both, template("a", ""), &[]),
        ] {
            let text = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec: {{strategy: {{canary: {{analysis: {{templates: [{references}], args: [{{name: hash, value: x}}]}}}}}}}}\n{templates}"
            );
            assert_eq!(said(super::RULE.name, &text), expected, "{text}");
        }
    }
}
