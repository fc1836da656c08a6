//! An analysis that begins before the canary gets traffic.

use crate::analysis::rollout::{Rollout, StepKind, When};
use crate::lint::context::Context;
use crate::lint::finding::Spot;
use crate::lint::findings::{Findings, Subject};
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds an inline or background analysis that begins before the first `setWeight` above 0.
    ///
    /// ## Why it matters
    ///
    /// There is no canary yet, or nobody talks to it. What is measured are the stable pods, or nothing at all.
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
    ///       - analysis:
    ///           templates:
    ///           - templateName: pods
    ///       - setWeight: 20
    ///       - pause: {duration: 10m}
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
    ///       - pause: {duration: 10m}
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Steps that may bring pods or traffic in another way (`setCanaryScale`, `setHeaderRoute`, `setMirrorRoute`, an
    /// experiment, a plugin) count as traffic.
    "analysis-before-traffic", "an analysis begins before the canary's traffic",
    Surroundings, levels: [Warn],
    check: Check::Input(check),
}

fn check(context: &Context<'_>, out: &mut Findings<'_>) {
    for rollout in &context.input.rollouts {
        let Some(first) = rollout
            .steps
            .iter()
            .position(|step| brings_traffic(&step.kind))
        else {
            continue;
        };
        out.about(Subject::of(rollout));
        for analysis in &rollout.uses {
            let (begins, what) = match analysis.when {
                When::Step(index) => (index, format!("the analysis in step {}", index + 1)),
                When::Background(from) => (
                    usize::try_from(from).unwrap_or(0),
                    "the background analysis".to_owned(),
                ),
                _ => continue,
            };
            if begins >= first || !weighs(rollout, first) {
                continue;
            }
            let place = Spot {
                field: "analysis".to_owned(),
                place: analysis.place.clone(),
                ..Spot::default()
            };
            let finding = out.warn(
                place,
                format!(
                    "{what} begins before the canary gets traffic in step {}",
                    first + 1
                ),
            );
            finding.help(match analysis.when {
                When::Background(_) => format!("write `startingStep: {first}`"),
                _ => "put it behind the first `setWeight`".to_owned(),
            });
        }
    }
}

/// Whether the canary has pods or traffic from this step on, as far as it can be told.
fn brings_traffic(kind: &StepKind) -> bool {
    match kind {
        StepKind::SetWeight(weight) => weight.is_none_or(|weight| weight > 0),
        StepKind::SetCanaryScale | StepKind::Experiment | StepKind::Other => true,
        StepKind::Pause(_) | StepKind::Analysis(_) => false,
    }
}

/// Whether a step sets a weight that is known.
fn weighs(rollout: &Rollout, step: usize) -> bool {
    let kind = rollout.steps.get(step).map(|step| &step.kind);
    matches!(kind, Some(StepKind::SetWeight(Some(_))))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn analyses_before_the_first_weight() {
        let inline = "{analysis: {templates: [{templateName: a}]}}";
        for (steps, background, expected) in [
            (format!("{inline}, {{setWeight: 20}}"), "", 1),
            (format!("{{setWeight: 20}}, {inline}"), "", 0),
            (
                format!("{{setWeight: 0}}, {inline}, {{setWeight: 20}}"),
                "",
                1,
            ),
            (
                format!("{{pause: {{}}}}, {inline}, {{setWeight: 20}}"),
                "",
                1,
            ),
            (
                format!("{{setCanaryScale: {{replicas: 1}}}}, {inline}, {{setWeight: 20}}"),
                "",
                0,
            ),
            (
                format!("{{setHeaderRoute: {{}}}}, {inline}, {{setWeight: 20}}"),
                "",
                0,
            ),
            (
                format!("{{setWeight: '{{{{ .Values.w }}}}'}}, {inline}"),
                "",
                0,
            ),
            (inline.to_owned(), "", 0),
            ("{setWeight: 20}".to_owned(), "startingStep: 0, ", 0),
            (
                "{pause: {duration: 1m}}, {setWeight: 20}".to_owned(),
                "startingStep: 0, ",
                1,
            ),
            (
                "{pause: {duration: 1m}}, {setWeight: 20}".to_owned(),
                "startingStep: 1, ",
                0,
            ),
            (
                "{setWeight: 0}, {setWeight: 20}".to_owned(),
                "startingStep: 0, ",
                1,
            ),
        ] {
            let background = match background {
                "" => String::new(),
                start => format!(", analysis: {{{start}templates: [{{templateName: a}}]}}"),
            };
            let text = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec: {{strategy: {{canary: {{steps: [{steps}]{background}}}}}}}\n"
            );
            assert_eq!(found(super::RULE.name, &text).len(), expected, "{text}");
        }
    }
}
