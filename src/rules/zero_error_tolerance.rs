//! A limit of no Errors: one network hiccup aborts the rollout.

use crate::analysis::limits::CONSECUTIVE_ERROR_LIMIT;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds `consecutiveErrorLimit: 0`.
    ///
    /// ## Why it matters
    ///
    /// A measurement that gets no answer is an Error and is taken again 10 seconds later. With a limit of 0 the first one
    /// already aborts the rollout: one restart of Prometheus, one lost packet.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// consecutiveErrorLimit: 0
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
    "zero-error-tolerance", "one error aborts the rollout",
    Limits, levels: [Warn],
    yields_to: ["invalid-metric-spec"],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let Some(field) = &gate.metric.consecutive_error_limit else {
        return;
    };
    if gate.limits.metric.consecutive_error_limit != Some(0) || gate.is_dry_run() {
        return;
    }
    out.warn(
        gate.at("consecutiveErrorLimit", field),
        "`consecutiveErrorLimit: 0` aborts the rollout at the first measurement that gets no answer",
    )
    .help(format!(
        "drop it: {CONSECUTIVE_ERROR_LIMIT} Errors in a row are then tried again, each after 10s"
    ))
    .fix(gate.fix_removal(true, field));
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn a_limit_of_no_errors() {
        for (limit, expected) in [
            ("0", &["warn"][..]),
            ("\"0\"", &["warn"]),
            ("1", &[]),
            (
                "\"{{args.limit}}\"\nargs:\n- name: limit\n  value: \"0\"",
                &["warn"],
            ),
            ("\"{{args.limit}}\"\nargs:\n- name: limit", &[]),
            ("0\ndryRun: gate", &[]),
        ] {
            let gate = format!("query: up\nconsecutiveErrorLimit: {limit}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{limit}");
        }
        assert!(found(super::RULE.name, "query: up").is_empty());
    }
}
