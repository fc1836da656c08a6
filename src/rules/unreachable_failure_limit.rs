//! A `failureLimit` that all measurements together cannot exceed.

use crate::analysis::limits::effective_count;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds a `failureLimit` that is not below the number of measurements.
    ///
    /// ## Why it matters
    ///
    /// A metric fails when *more* measurements fail than `failureLimit` says. With `count: 3` and `failureLimit: 3` all
    /// three may fail, and the metric is Successful. Without `count` and `interval` there is one measurement in all.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// interval: 1m
    /// count: 3
    /// failureLimit: 3
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// interval: 1m
    /// count: 3
    /// failureLimit: 2
    /// ```
    "unreachable-failure-limit", "the measurements cannot exceed the failure limit",
    Limits, levels: [Deny],
    yields_to: ["invalid-metric-spec"],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let limits = &gate.limits.metric;
    let (Some(field), Some(limit)) = (&gate.metric.failure_limit, limits.failure_limit) else {
        return;
    };
    if limit <= 0 || gate.is_dry_run() {
        return;
    }
    let hangs_on = ["count", "interval", "consecutiveSuccessLimit"];
    if let Some(name) = hangs_on
        .iter()
        .find(|name| gate.limits.unknown.contains(name))
    {
        out.skip(format!("`{name}` has no value"));
        return;
    }
    let Some(count) = effective_count(limits) else {
        return;
    };
    if count > limit || count < 1 || limits.consecutive_success_limit.is_some_and(|l| l > 0) {
        return;
    }
    let measurements = match count {
        1 => "the only measurement".to_owned(),
        count => format!("all {count} measurements"),
    };
    out.deny(
        gate.at("failureLimit", field),
        format!("`failureLimit: {limit}` lets {measurements} fail: the metric cannot fail"),
    )
    .help(match count {
        1 => "drop it, or write `interval` and a higher `count`".to_owned(),
        count => format!("write `failureLimit: {}` or less", count - 1),
    })
    .fix(gate.fix_text(false, field, &(count - 1).to_string()));
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn more_failures_allowed_than_can_happen() {
        for (limits, expected) in [
            ("interval: 1m\ncount: 3\nfailureLimit: 3", &["deny"][..]),
            ("interval: 1m\ncount: 3\nfailureLimit: 2", &[]),
            ("interval: 1m\ncount: 3\nfailureLimit: 0", &[]),
            ("interval: 1m\ncount: 3", &[]),
            ("interval: 1m\nfailureLimit: 3", &[]),
            ("count: 1\nfailureLimit: 1", &["deny"]),
            ("count: \"0\"\nfailureLimit: 1", &["deny"]),
            (
                "count: 3\ninterval: 1m\nfailureLimit: -1\nconsecutiveSuccessLimit: 2",
                &[],
            ),
            // Refused by Argo: told by invalid-metric-spec.
            ("count: 3\ninterval: 1m\nfailureLimit: 4", &[]),
            ("count: 3\ninterval: 1m\nfailureLimit: 3\ndryRun: gate", &[]),
            (
                "count: \"{{args.n}}\"\ninterval: 1m\nfailureLimit: 3\nargs:\n- name: n",
                &[],
            ),
            (
                "count: \"{{args.n}}\"\ninterval: 1m\nfailureLimit: 3\nargs:\n- name: n\n  value: \"3\"",
                &["deny"],
            ),
        ] {
            let gate = format!("query: up\nsuccessCondition: result[0] > 0\n{limits}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{limits}");
        }
    }

    #[test]
    fn the_number_of_measurements_is_told() {
        assert_eq!(
            said(
                super::RULE.name,
                "query: up\ninterval: 1m\ncount: 3\nfailureLimit: 3"
            ),
            [
                "deny at `3`: `failureLimit: 3` lets all 3 measurements fail: the metric cannot fail; \
              write `failureLimit: 2` or less"
            ]
        );
    }
}
