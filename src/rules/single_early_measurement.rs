//! One measurement in all, taken at once.

use crate::analysis::limits::effective_count;
use crate::analysis::rollout::When;
use crate::lint::findings::Findings;
use crate::lint::gate::{Engine, Gate};
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::text::duration::parse_go_duration;

rule! {
    /// ## What it does
    ///
    /// Finds a metric that is measured once, without `initialDelay`.
    ///
    /// ## Why it matters
    ///
    /// In a canary step the measurement is taken as soon as the canary's pods are available: most of them were not
    /// scraped even once, and a counter needs two scrapes. What is measured is the time before the canary, or nothing.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// count: 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// initialDelay: 1m
    /// interval: 30s
    /// count: 5
    /// ```
    "single-early-measurement", "the only measurement is taken at once",
    Limits, levels: [Warn, Info],
    yields_to: ["invalid-metric-spec"],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let limits = &gate.limits.metric;
    if gate.engine == Engine::Other || gate.is_dry_run() {
        return;
    }
    let hangs_on = ["count", "interval", "initialDelay"];
    if let Some(name) = hangs_on
        .iter()
        .find(|name| gate.limits.unknown.contains(name))
    {
        out.skip(format!("`{name}` has no value"));
        return;
    }
    let waits = parse_go_duration(&limits.initial_delay).is_ok_and(|delay| delay > 0);
    if waits || effective_count(limits) != Some(1) {
        return;
    }
    let in_a_step = gate
        .scene
        .uses
        .iter()
        .find(|each| matches!(each.analysis.when, When::Step(_)));
    let spot = match &gate.metric.count {
        Some(field) => gate.at("count", field),
        None => gate.at_metric(),
    };
    let (level, message) = match in_a_step {
        Some(each) => (
            Level::Warn,
            format!(
                "measured once, as the canary of `{}` becomes available: before its second scrape",
                each.rollout.resource()
            ),
        ),
        None => (
            Level::Info,
            "measured once, without `initialDelay`: before the canary's second scrape".to_owned(),
        ),
    };
    let keys = ["initialDelay: 1m", "interval: 30s", "count: 5"].map(str::to_owned);
    let is_bare = gate.metric.count.is_none()
        && gate.metric.interval.is_none()
        && gate.metric.initial_delay.is_none();
    let finding = out.push(level, spot, message);
    finding.help("write `initialDelay: 1m`, `interval: 30s` and `count: 5`");
    if is_bare {
        finding.fix(gate.fix_keys(false, &keys));
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn measured_once_and_at_once() {
        for (limits, expected) in [
            ("count: 1", &["info"][..]),
            ("count: 1\ninterval: 1m", &["info"]),
            ("count: 0", &["info"]),
            ("count: 1\ninitialDelay: 1m", &[]),
            ("count: 1\ninitialDelay: 0s", &["info"]),
            ("count: 2\ninterval: 1m", &[]),
            ("interval: 1m", &[]),
            ("count: 1\ndryRun: gate", &[]),
        ] {
            let gate = format!("query: up\nsuccessCondition: result[0] > 0\n{limits}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{limits}");
        }
    }

    #[test]
    fn in_a_step_it_is_before_the_second_scrape() {
        let rollout = "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web
spec:
  strategy:
    canary:
      steps:
      - setWeight: 20
      - analysis:
          templates:
          - templateName: example
---
";
        let template =
            crate::rules::testing::document("query: up\nsuccessCondition: result[0] > 0\ncount: 1");
        assert_eq!(
            found(super::RULE.name, &format!("{rollout}{template}")),
            ["warn"]
        );
    }
}
