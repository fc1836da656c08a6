//! Two analysis steps that see the same pods, because Argo rounds.

use crate::analysis::rollout::{Rollout, StepKind};
use crate::lint::context::Context;
use crate::lint::finding::Spot;
use crate::lint::findings::{Findings, Subject};
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds two analysis steps with another `setWeight` between them that comes to the same number of pods.
    ///
    /// ## Why it matters
    ///
    /// Without traffic routing a weight is a number of pods. With one replica 33 % and 66 % are both one canary beside one
    /// stable pod: the second analysis looks at what the first one passed.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Rollout
    /// metadata:
    ///   name: web
    /// spec:
    ///   replicas: 1
    ///   strategy:
    ///     canary:
    ///       steps:
    ///       - setWeight: 33
    ///       - analysis:
    ///           templates:
    ///           - templateName: pods
    ///       - setWeight: 66
    ///       - analysis:
    ///           templates:
    ///           - templateName: pods
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
    ///   replicas: 4
    ///   strategy:
    ///     canary:
    ///       steps:
    ///       - setWeight: 33
    ///       - analysis:
    ///           templates:
    ///           - templateName: pods
    ///       - setWeight: 66
    ///       - analysis:
    ///           templates:
    ///           - templateName: pods
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Replicas that an autoscaler sets are not known: what the manifest says is counted, one where it says nothing.
    "repeated-canary-size", "two analyses see the same pods",
    Surroundings, levels: [Warn],
    check: Check::Input(check),
}

fn check(context: &Context<'_>, out: &mut Findings<'_>) {
    for rollout in &context.input.rollouts {
        let (Some(replicas), false) = (rollout.replicas, rollout.has_traffic_routing) else {
            continue;
        };
        let Some(surge) = surge(rollout, replicas) else {
            continue;
        };
        out.about(Subject::of(rollout));
        let mut weight = Some(0);
        let mut seen: Option<(i64, (i64, i64))> = None;
        for step in &rollout.steps {
            match step.kind {
                StepKind::SetWeight(set) => weight = set,
                StepKind::Analysis(index) => {
                    let now = weight.map(|weight| (weight, counts(replicas, weight, surge)));
                    if let (Some((before, then)), Some((weight, now))) = (seen, now)
                        && before != weight
                        && then == now
                    {
                        let (canary, stable) = now;
                        let place = Spot {
                            field: "analysis".to_owned(),
                            place: rollout.uses.get(index).map_or_else(
                                || step.place.clone(),
                                |analysis| analysis.place.clone(),
                            ),
                            ..Spot::default()
                        };
                        out.warn(
                            place,
                            format!(
                                "at {weight} % as at {before} % there are {canary} canary and {stable} stable pods, of `replicas: {replicas}`"
                            ),
                        )
                        .help("write weights that come to another number of pods, or drop one of the two analyses");
                    }
                    seen = now;
                }
                _ => {}
            }
        }
    }
}

/// `maxSurge` in pods, percentages rounded up (`resolveFenceposts` of Argo's `utils/replicaset/replicaset.go`).
fn surge(rollout: &Rollout, replicas: i64) -> Option<i64> {
    let text = rollout.max_surge.as_deref().unwrap_or("25%");
    match text.strip_suffix('%') {
        Some(percent) => {
            let percent: i64 = percent.parse().ok()?;
            let pods = percent.checked_mul(replicas)?;
            Some(pods.div_euclid(100) + i64::from(pods.rem_euclid(100) > 0))
        }
        None => text.parse().ok(),
    }
}

/// How many canary and stable pods a weight comes to (`approximateWeightedCanaryStableReplicaCounts` of Argo's
/// `utils/replicaset/canary.go`): of the canary's count rounded up and down, of `replicas` pods and one more where a surge
/// is allowed, the nearest to the weight; the first of equals.
fn counts(replicas: i64, weight: i64, surge: i64) -> (i64, i64) {
    if replicas <= 0 {
        return (0, 0);
    }
    let replicas = replicas.min(i64::from(i32::MAX));
    let weight = weight.clamp(0, 100);
    let share = |total: i64| total as f64 * (weight as f64 / 100.0);
    let exact = (replicas * weight) as f64 / 100.0;
    let (up, down) = (exact.ceil() as i64, exact.floor() as i64);
    let may_be_none = weight == 100 || weight == 0 || (replicas == 1 && surge == 0);
    let is_tied = |total: i64| share(total).fract() == 0.5;
    let mut options = Vec::with_capacity(4);
    if up < replicas || may_be_none {
        options.push((up, replicas));
    }
    if !is_tied(replicas) && (down != 0 || may_be_none) {
        options.push((down, replicas));
    }
    if surge > 0 {
        options.push((up, replicas + 1));
        if !is_tied(replicas + 1) && (down != 0 || may_be_none) {
            options.push((down, replicas + 1));
        }
    }
    let off =
        |(canary, total): (i64, i64)| ((canary * 100) as f64 / total as f64 - weight as f64).abs();
    let mut best: Option<(i64, i64)> = None;
    for option in options {
        if best.is_none_or(|best| off(option) < off(best)) {
            best = Some(option);
        }
    }
    match best {
        Some((canary, total)) => (canary, total - canary),
        None => (0, replicas),
    }
}

#[cfg(test)]
mod tests {
    use super::counts;
    use crate::rules::testing::said;

    #[test]
    fn pods_as_argo_counts_them() {
        // Printed by Argo's own function.
        for (replicas, weight, surge, expected) in [
            (1, 33, 1, (1, 1)),
            (1, 66, 1, (1, 1)),
            (1, 50, 0, (1, 0)),
            (1, 1, 0, (0, 1)),
            (4, 33, 1, (2, 3)),
            (4, 66, 1, (3, 2)),
            (2, 33, 1, (1, 2)),
            (2, 66, 1, (2, 1)),
            (10, 1, 3, (1, 10)),
            (10, 10, 3, (1, 9)),
            (3, 50, 0, (2, 1)),
            (3, 50, 1, (2, 2)),
            (5, 50, 1, (3, 3)),
            (10, 100, 1, (10, 0)),
            (10, 0, 1, (0, 10)),
            (7, 99, 0, (6, 1)),
            (0, 50, 1, (0, 0)),
        ] {
            assert_eq!(
                counts(replicas, weight, surge),
                expected,
                "{replicas} {weight} {surge}"
            );
        }
    }

    #[test]
    fn two_analyses_of_the_same_pods() {
        let inline = "{analysis: {templates: [{templateName: a}]}}";
        for (spec, canary, steps, expected) in [
            (
                "replicas: 1, ",
                "",
                "{setWeight: 33}, A, {setWeight: 66}, A, {setWeight: 100}",
                1,
            ),
            (
                "replicas: 4, ",
                "",
                "{setWeight: 33}, A, {setWeight: 66}, A",
                0,
            ),
            (
                "replicas: 2, ",
                "",
                "{setWeight: 33}, A, {setWeight: 66}, A",
                0,
            ),
            (
                "replicas: 1, ",
                "trafficRouting: {nginx: {}}, ",
                "{setWeight: 33}, A, {setWeight: 66}, A",
                0,
            ),
            ("replicas: 1, ", "", "{setWeight: 33}, A, A", 0),
            (
                "replicas: 1, ",
                "",
                "{setWeight: 33}, A, {setWeight: 66}",
                0,
            ),
            (
                "replicas: '{{ .Values.n }}', ",
                "",
                "{setWeight: 33}, A, {setWeight: 66}, A",
                0,
            ),
            (
                "replicas: 10, ",
                "",
                "{setWeight: 1}, A, {setWeight: 10}, A",
                0,
            ),
            (
                "replicas: 10, ",
                "",
                "{setWeight: 24}, A, {setWeight: 28}, A",
                1,
            ),
        ] {
            let steps = steps.replace('A', inline);
            let text = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec: {{{spec}strategy: {{canary: {{{canary}steps: [{steps}]}}}}}}\n"
            );
            assert_eq!(said(super::RULE.name, &text).len(), expected, "{text}");
        }
    }
}
