//! A limit of Errors that takes longer than ten minutes to reach.

use std::time::Duration;

use crate::analysis::limits::ERROR_RETRY;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::print::duration;

rule! {
    /// ## What it does
    ///
    /// Finds a `consecutiveErrorLimit` that is reached only after more than ten minutes.
    ///
    /// ## Why it matters
    ///
    /// After an Error Argo measures again every 10 seconds, whatever the interval. While the Prometheus does not answer,
    /// the canary serves traffic that nobody judges: 100 Errors are 17 minutes of it.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// consecutiveErrorLimit: 100
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// consecutiveErrorLimit: 12
    /// ```
    "excessive-error-tolerance", "errors for ten minutes go unnoticed",
    Limits, levels: [Info],
    yields_to: ["invalid-metric-spec"],
    check: Check::Metric(check),
}

/// A Prometheus that is restarted or moved is back by then.
const PATIENCE: Duration = Duration::from_secs(600);

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let (Some(field), Some(limit)) = (
        &gate.metric.consecutive_error_limit,
        gate.limits.metric.consecutive_error_limit,
    ) else {
        return;
    };
    let seconds = limit.saturating_mul(ERROR_RETRY.as_secs() as i64);
    if seconds <= PATIENCE.as_secs() as i64 || gate.is_dry_run() {
        return;
    }
    let time = duration(seconds.saturating_mul(1_000_000_000));
    out.info(
        gate.at("consecutiveErrorLimit", field),
        format!("`consecutiveErrorLimit: {limit}` is {time} of Errors, one each 10s, until the rollout is aborted"),
    )
    .help("write a limit of 60 or less, ten minutes");
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn more_than_ten_minutes_of_errors() {
        for (limit, expected) in [
            ("60", &[][..]),
            ("61", &["info"]),
            ("\"100\"", &["info"]),
            ("99999999999999999999", &["info"]),
            ("100\ndryRun: .*", &[]),
        ] {
            let gate = format!("query: up\nconsecutiveErrorLimit: {limit}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{limit}");
        }
    }
}
