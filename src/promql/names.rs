//! A metric's name into what it says: gauge, counter, failures, a measure that is never negative.
//!
//! Names are conventions, not proofs: what rests on them alone is a guess, and the caller says so.

/// Ends of names that say gauge.
const GAUGE_ENDS: [&str; 15] = [
    "_ready",
    "_running",
    "_available",
    "_replicas",
    "_phase",
    "_bytes",
    "_seconds",
    "_ratio",
    "_percent",
    "_depth",
    "_length",
    "_size",
    "_limit",
    "_temperature",
    "_info",
];

/// Ends of names that say counter; `_created` is the time when one began.
const COUNTER_ENDS: [&str; 4] = ["_total", "_count", "_sum", "_bucket"];

/// Beginnings of the words that tell of failures.
const FAILURE_WORDS: [&str; 10] = [
    "err",
    "fail",
    "exception",
    "panic",
    "crash",
    "timeout",
    "reject",
    "drop",
    "abort",
    "oom",
];

/// Words of what is counted, or measured from 0 up.
const MEASURE_WORDS: [&str; 12] = [
    "seconds",
    "duration",
    "latency",
    "milliseconds",
    "ms",
    "microseconds",
    "nanoseconds",
    "bytes",
    "size",
    "requests",
    "replicas",
    "cores",
];

/// The name says that its values go up and down.
pub fn says_gauge(name: &str) -> bool {
    name == "up"
        || !says_counter(name)
            && (name.contains("_status_") || GAUGE_ENDS.iter().any(|end| name.ends_with(end)))
}

/// The name says that its values only grow until a restart.
pub fn says_counter(name: &str) -> bool {
    COUNTER_ENDS.iter().any(|end| name.ends_with(end))
}

/// The same, without bare counts, `node_count` and `spark_executor_count`: most of those are gauges. What counts a summary's
/// observations or failures stays.
pub fn counts_events(name: &str) -> bool {
    const BEFORE: [&str; 12] = [
        "seconds",
        "milliseconds",
        "microseconds",
        "nanoseconds",
        "ms",
        "duration",
        "latency",
        "time",
        "bytes",
        "size",
        "requests",
        "responses",
    ];
    says_counter(name)
        && name.strip_suffix("_count").is_none_or(|of| {
            failure_named(of) || words(of).last().is_some_and(|word| BEFORE.contains(&word))
        })
}

/// One of the name's words begins as a failure does: `app_errors_total`, `jobs_failed`.
pub fn failure_named(name: &str) -> bool {
    words(name).any(|word| FAILURE_WORDS.iter().any(|start| starts(word, start)))
}

/// Series that alerting rules write while they are pending or firing, and only then.
pub fn is_alert(name: &str) -> bool {
    matches!(name, "ALERTS" | "ALERTS_FOR_STATE")
}

/// Series of kube-state-metrics that a pod has only while, or once, something is the matter with it (its
/// `internal/store/pod.go`): a container that does not wait has no reason to, one that never ended has no last end.
pub fn only_while_wrong(name: &str) -> bool {
    name.strip_prefix("kube_pod_").is_some_and(|rest| {
        rest.ends_with("_reason")
            || rest.ends_with("_last_terminated_exitcode")
            || rest == "status_unschedulable"
    })
}

/// The name's words: `_` parts them, and what recording rules (`:`) and OpenTelemetry (`.`) put there.
pub fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(['_', ':', '.']).filter(|word| !word.is_empty())
}

/// The name holds one of these words, whatever its case.
pub fn has_word(name: &str, any: &[&str]) -> bool {
    words(name).any(|own| any.iter().any(|word| own.eq_ignore_ascii_case(word)))
}

/// What the name measures begins at 0: a stretch of time, a size, a number of things.
pub(crate) fn is_never_negative(name: &str) -> bool {
    has_word(name, &MEASURE_WORDS)
}

fn starts(word: &str, start: &str) -> bool {
    word.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_say() {
        let cases = [
            ("http_requests_total", false, true),
            ("http_request_duration_seconds", true, false),
            ("http_request_duration_seconds_bucket", false, true),
            ("http_request_duration_seconds_sum", false, true),
            ("process_start_time_seconds", true, false),
            ("http_requests_created", false, false),
            ("kube_pod_container_status_restarts_total", false, true),
            ("kube_pod_container_status_ready", true, false),
            ("kube_pod_status_phase", true, false),
            ("kube_pod_container_status_waiting_reason", true, false),
            ("container_memory_working_set_bytes", true, false),
            ("up", true, false),
            ("startup", false, false),
            ("queue_depth", true, false),
            ("job:errors:rate5m", false, false),
        ];
        for (name, gauge, counter) in cases {
            assert_eq!(
                (says_gauge(name), says_counter(name)),
                (gauge, counter),
                "`{name}`"
            );
        }
    }

    #[test]
    fn what_is_there_only_while_something_is_wrong() {
        for (name, wanted) in [
            ("kube_pod_container_status_waiting_reason", true),
            ("kube_pod_init_container_status_waiting_reason", true),
            ("kube_pod_container_status_last_terminated_reason", true),
            ("kube_pod_container_status_last_terminated_exitcode", true),
            ("kube_pod_status_reason", true),
            ("kube_pod_status_unschedulable", true),
            ("kube_pod_container_status_waiting", false),
            ("kube_pod_status_phase", false),
            ("kube_job_status_failed", false),
            ("app_reason", false),
        ] {
            assert_eq!(only_while_wrong(name), wanted, "`{name}`");
        }
    }

    #[test]
    fn which_counts_are_counters() {
        for (name, wanted) in [
            ("http_requests_total", true),
            ("http_request_duration_seconds_count", true),
            ("http_server_requests_count", true),
            ("app_errors_count", true),
            ("spark_executor_count", false),
            ("node_count", false),
            ("queue_depth", false),
        ] {
            assert_eq!(counts_events(name), wanted, "`{name}`");
        }
    }

    #[test]
    fn which_names_tell_of_failures() {
        let cases = [
            ("app_errors_total", true),
            ("app_err", true),
            ("jobs_failed", true),
            ("container_oom_events_total", true),
            ("app_Timeouts_total", true),
            ("job:request_errors:rate5m", true),
            ("http_requests_total", false),
            ("operator_runs_total", false),
            ("terror_total", false),
            ("dropé_total", true),
            ("é_total", false),
        ];
        for (name, wanted) in cases {
            assert_eq!(failure_named(name), wanted, "`{name}`");
        }
    }
}
