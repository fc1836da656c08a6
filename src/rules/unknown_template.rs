//! A reference to a template that the input lacks.

use crate::lint::context::Context;
use crate::lint::findings::{Findings, Subject};
use crate::lint::gate::spot;
use crate::lint::references::candidates;
use crate::lint::rule::Check;
use crate::text::nearest::nearest;

rule! {
    /// ## What it does
    ///
    /// Finds a Rollout or Experiment that refers to a template which is not in the input, where the input holds any.
    ///
    /// ## Why it matters
    ///
    /// Argo marks the Rollout as invalid and deploys nothing until the template is there.
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
    ///           - templateName: restart
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: AnalysisTemplate
    /// metadata:
    ///   name: restarts
    /// spec:
    ///   metrics:
    ///   - name: restarts
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
    ///           - templateName: restarts
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: AnalysisTemplate
    /// metadata:
    ///   name: restarts
    ///   namespace: shop
    /// spec:
    ///   metrics:
    ///   - name: restarts
    ///     initialDelay: 1m
    ///     interval: 1m
    ///     count: 5
    ///     successCondition: result[0] >= 1
    ///     provider:
    ///       prometheus:
    ///         address: http://prometheus.example:9090
    ///         query: sum(kube_deployment_status_replicas_available{namespace="shop",deployment="canary"}) or vector(0)
    /// ```
    ///
    /// ## Known gaps
    ///
    /// An input that holds some templates and not others, because they are kept elsewhere, looks the same.
    "unknown-template", "a reference to a template that is not there",
    Surroundings, levels: [Warn],
    check: Check::Input(check),
}

/// So many names are compared with all others; whoever gets more wrong has lost a file.
const GUESSES: usize = 20;

fn check(context: &Context<'_>, out: &mut Findings<'_>) {
    let templates = &context.input.templates;
    if templates.is_empty() {
        return;
    }
    let mut guesses = 0;
    for rollout in &context.input.rollouts {
        out.about(Subject::of(rollout));
        let references = rollout.uses.iter().flat_map(|analysis| &analysis.templates);
        for reference in references {
            let name = reference.name.text.as_str();
            let namespace = rollout.namespace.as_ref();
            // A name that is filled in later may be any.
            let is_open = name.is_empty() || name.contains("{{") || name.contains("${");
            if is_open || candidates(*context, namespace, reference).next().is_some() {
                continue;
            }
            let kind = match reference.is_cluster {
                true => "ClusterAnalysisTemplate",
                false => "AnalysisTemplate",
            };
            let finding = out.warn(
                spot("templateName", &reference.name, reference.name.all()),
                format!("no {kind} `{name}` is in the input"),
            );
            let namesake = templates.iter().find(|other| other.name.text == name);
            let names = templates.iter().map(|other| other.name.text.as_str());
            guesses += 1;
            let guess = match guesses <= GUESSES {
                true => nearest(name, names),
                false => None,
            };
            match (namesake, guess) {
                (Some(other), _) if other.kind.as_str() != kind => {
                    let scope = !reference.is_cluster;
                    finding.help(format!(
                        "write `clusterScope: {scope}`: it is a {}",
                        other.kind.as_str()
                    ));
                }
                (Some(other), _) => {
                    let home = other
                        .namespace
                        .as_ref()
                        .map_or("", |field| field.text.as_str());
                    finding.help(format!(
                        "`{name}` is in the namespace `{home}`: move one of the two"
                    ));
                }
                (None, Some(near)) => {
                    finding.help(format!("did you mean `{near}`"));
                }
                (None, None) => {
                    finding.help("add the template to what is linted, or put the name right");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::said;

    #[test]
    fn references_to_what_is_not_there() {
        let template = |kind: &str, namespace: &str| {
            format!(
                "---\napiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {{name: restarts{namespace}}}\nspec: {{metrics: []}}\n"
            )
        };
        let here = template("AnalysisTemplate", "");
        for (reference, templates, help) in [
            ("templateName: restarts", here.clone(), None),
            (
                "templateName: restart",
                here.clone(),
                Some("did you mean `restarts`"),
            ),
            (
                "templateName: zzz",
                here.clone(),
                Some("add the template to what is linted, or put the name right"),
            ),
            ("templateName: '${APP}-restarts'", here.clone(), None),
            ("templateName: zzz", String::new(), None),
            (
                "templateName: restarts",
                template("ClusterAnalysisTemplate", ""),
                Some("write `clusterScope: true`: it is a ClusterAnalysisTemplate"),
            ),
            (
                "templateName: restarts",
                template("AnalysisTemplate", ", namespace: mail"),
                Some("`restarts` is in the namespace `mail`: move one of the two"),
            ),
        ] {
            let text = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web, namespace: shop}}\nspec: {{strategy: {{canary: {{analysis: {{templates: [{{{reference}}}]}}}}}}}}\n{templates}"
            );
            let said = said(super::RULE.name, &text);
            match help {
                None => assert!(said.is_empty(), "{said:?}"),
                Some(help) => assert!(said.len() == 1 && said[0].ends_with(help), "{said:?}"),
            }
        }
    }
}
