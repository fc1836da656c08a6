//! A `dryRun` that silences every metric of a template.

use crate::lint::context::Scene;
use crate::lint::findings::Findings;
use crate::lint::gate::{Gate, spot};
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds a template whose metrics are all matched by its `dryRun`.
    ///
    /// ## Why it matters
    ///
    /// What a dry run finds does not count: an analysis of dry runs alone is always Successful. The entry is often left
    /// over from the days when the template was tried out.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// dryRun: .*
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// The `dryRun` of a Rollout's own analysis block is not looked at.
    "only-dry-run", "every metric is a dry run",
    Limits, levels: [Warn],
    check: Check::Template(check),
}

fn check(scene: &Scene<'_>, gates: &[Gate<'_>], out: &mut Findings<'_>) {
    let Some(first) = scene.template.dry_run.first() else {
        return;
    };
    // The metrics of other templates may be the ones that count.
    let has_parts = !scene.template.templates.is_empty();
    if gates.is_empty() || has_parts || !gates.iter().all(Gate::is_dry_run) {
        return;
    }
    let metrics = match gates.len() {
        1 => "the only metric".to_owned(),
        count => format!("all {count} metrics"),
    };
    out.warn(
        spot("spec.dryRun[0].metricName", first, first.all()),
        format!("`dryRun` silences {metrics}: every analysis is Successful"),
    )
    .help("drop `dryRun`, or name the metrics that are still on trial");
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    const TWO: &str = "
metrics:
- name: error-rate
  provider: {prometheus: {address: http://p.example, query: up}}
- name: latency
  provider: {prometheus: {address: http://p.example, query: up}}
dryRun: ";

    #[test]
    fn every_metric_is_silenced() {
        for (pattern, expected) in [
            (".*", &["warn"][..]),
            ("e", &["warn"]),
            ("error", &[]),
            ("^latency$", &[]),
            ("'['", &[]),
        ] {
            let gate = format!("{}{pattern}", TWO.trim_start());
            assert_eq!(found(super::RULE.name, &gate), expected, "{pattern}");
        }
        assert!(found(super::RULE.name, "query: up").is_empty());
    }
}
