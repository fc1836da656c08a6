//! An argument without value that the Rollout does not pass.

use std::collections::HashSet;

use crate::analysis::template::Template;
use crate::lint::context::Context;
use crate::lint::findings::{Findings, Subject};
use crate::lint::gate::spot;
use crate::lint::references::{Referenced, referenced};
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds an argument that a template declares without a value, and that a Rollout which runs the template does not pass.
    ///
    /// ## Why it matters
    ///
    /// Argo refuses the Rollout, or the analysis ends in an error and aborts it.
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
    ///           - templateName: pods
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: AnalysisTemplate
    /// metadata:
    ///   name: pods
    /// spec:
    ///   args:
    ///   - name: canary-hash
    ///   metrics:
    ///   - name: pods
    ///     interval: 1m
    ///     count: 5
    ///     successCondition: result[0] >= 1
    ///     provider:
    ///       prometheus:
    ///         address: http://prometheus.example:9090
    ///         query: sum(up{pod=~"web-{{args.canary-hash}}-.*"}) or vector(0)
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
    ///           args:
    ///           - name: canary-hash
    ///             valueFrom:
    ///               podTemplateHashValue: Latest
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: AnalysisTemplate
    /// metadata:
    ///   name: pods
    /// spec:
    ///   args:
    ///   - name: canary-hash
    ///   metrics:
    ///   - name: pods
    ///     interval: 1m
    ///     count: 5
    ///     successCondition: result[0] >= 1
    ///     provider:
    ///       prometheus:
    ///         address: http://prometheus.example:9090
    ///         query: sum(up{pod=~"web-{{args.canary-hash}}-.*"}) or vector(0)
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A reference that several templates of the input may be (overlays), or that none is, is skipped.
    "unsupplied-argument", "an argument has no value and is not passed",
    Surroundings, levels: [Deny],
    check: Check::Input(check),
}

fn check(context: &Context<'_>, out: &mut Findings<'_>) {
    for rollout in &context.input.rollouts {
        out.about(Subject::of(rollout));
        for analysis in &rollout.uses {
            let templates = match referenced(*context, rollout, analysis) {
                Referenced::Found(templates) => templates,
                Referenced::Several(name) => {
                    out.skip(format!("several templates are called `{name}`"));
                    continue;
                }
                Referenced::Missing(_) => continue,
            };
            let Some(first) = analysis.templates.first() else {
                continue;
            };
            for (template, name) in open_arguments(&templates) {
                if analysis
                    .arguments
                    .iter()
                    .any(|given| given.name.text == name)
                {
                    continue;
                }
                out.deny(
                    spot("templateName", &first.name, first.name.all()),
                    format!(
                        "`{name}` of `{}` has no value and is not passed",
                        template.resource()
                    ),
                )
                .help(format!("write `{name}` with a value under `args`"));
            }
        }
    }
}

/// The arguments that no template gives a value, each once (`flattenArgs` of Argo's `utils/analysis/helpers.go` takes the
/// first value that one of them gives).
fn open_arguments<'a>(templates: &[&'a Template]) -> Vec<(&'a Template, &'a str)> {
    let all = templates.iter().flat_map(|template| &template.arguments);
    let given = all.filter(|argument| argument.value.is_some() || argument.from.is_some());
    let mut known: HashSet<&str> = given.map(|argument| argument.name.text.as_str()).collect();
    let mut open: Vec<(&Template, &str)> = Vec::new();
    for template in templates {
        for argument in &template.arguments {
            let name = argument.name.text.as_str();
            if known.insert(name) {
                open.push((template, name));
            }
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    fn template(name: &str, arguments: &str) -> String {
        format!(
            "---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: {name}}}\nspec: {{metrics: [], args: [{arguments}]}}\n"
        )
    }

    #[test]
    fn arguments_that_nobody_gives() {
        let a = template("a", "{name: hash}");
        for (references, arguments, templates, expected) in [
            ("{templateName: a}", "", a.clone(), 1),
            ("{templateName: a}", "{name: hash, value: x}", a.clone(), 0),
            (
                "{templateName: a}",
                "{name: hash, valueFrom: {podTemplateHashValue: Latest}}",
                a.clone(),
                0,
            ),
            ("{templateName: a}", "{name: other, value: x}", a.clone(), 1),
            (
                "{templateName: a}",
                "",
                template("a", "{name: hash, value: x}"),
                0,
            ),
            (
                "{templateName: a}",
                "",
                template(
                    "a",
                    "{name: hash, valueFrom: {secretKeyRef: {name: s, key: k}}}",
                ),
                0,
            ),
            (
                "{templateName: a}, {templateName: b}",
                "",
                format!("{a}{}", template("b", "{name: hash, value: x}")),
                0,
            ),
            (
                "{templateName: a}, {templateName: b}",
                "",
                format!("{a}{}", template("b", "{name: hash}")),
                1,
            ),
            // One that is kept elsewhere may give the value.
            ("{templateName: a}, {templateName: c}", "", a.clone(), 0),
            ("{templateName: a}", "", format!("{a}{a}"), 0),
        ] {
            let text = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec: {{strategy: {{canary: {{analysis: {{templates: [{references}], args: [{arguments}]}}}}}}}}\n{templates}"
            );
            assert_eq!(found(super::RULE.name, &text).len(), expected, "{text}");
        }
    }

    #[test]
    fn the_rollout_may_allow_it() {
        let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: web\n  annotations: {promql-guard/allow: 'unsupplied-argument -- patched in'}\nspec: {strategy: {canary: {analysis: {templates: [{templateName: a}]}}}}\n";
        let text = format!("{rollout}{}", template("a", "{name: hash}"));
        assert!(found(super::RULE.name, &text).is_empty());
        assert!(found("unused-suppression", &text).is_empty());
    }
}
