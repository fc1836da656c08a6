//! One phase, measured again and again, into what becomes of the metric.

use crate::analysis::limits::{Assessment, CONSECUTIVE_ERROR_LIMIT, Tally, effective_count};
use crate::analysis::measurement::Phase;
use crate::analysis::metric::Metric;
use crate::lint::conditions::Verdict;

/// Whether a metric whose every measurement comes to `verdict` may end Failed, and whether it may end Successful. A verdict
/// that hangs on an argument may be any.
pub(super) fn outcome(metric: &Metric, verdict: Verdict) -> (bool, bool) {
    let one = |phase: Phase| {
        let end = repeated(metric, &phase);
        (end == Phase::Failed, end == Phase::Successful)
    };
    match verdict {
        Verdict::Successful => one(Phase::Successful),
        Verdict::Failed => one(Phase::Failed),
        Verdict::Inconclusive => one(Phase::Inconclusive),
        Verdict::Error => one(Phase::Error),
        Verdict::Unknown => (one(Phase::Failed).0, one(Phase::Successful).1),
    }
}

/// How the metric ends; one that goes on until the Rollout is done is then Successful.
fn repeated(metric: &Metric, phase: &Phase) -> Phase {
    let past = |limit: Option<i64>, default| limit.unwrap_or(default).saturating_add(1);
    // Nothing changes in between.
    let mut turns = vec![
        1,
        past(metric.failure_limit, 0),
        past(metric.inconclusive_limit, 0),
        past(metric.consecutive_error_limit, CONSECUTIVE_ERROR_LIMIT),
        metric.consecutive_success_limit.unwrap_or(1),
        effective_count(metric).unwrap_or(1),
    ];
    turns.retain(|turn| *turn > 0);
    turns.sort_unstable();
    turns.dedup();
    let ends =
        turns
            .into_iter()
            .find_map(|times| match tally(phase, times).assess(metric, phase) {
                Assessment::Over(end, _) => Some(end),
                Assessment::Again(_) => None,
            });
    ends.unwrap_or(Phase::Successful)
}

/// `times` measurements of one phase.
fn tally(phase: &Phase, times: i64) -> Tally {
    let of = |own: Phase| if *phase == own { times } else { 0 };
    Tally {
        count: times - of(Phase::Error),
        failed: of(Phase::Failed),
        inconclusive: of(Phase::Inconclusive),
        consecutive_error: of(Phase::Error),
        consecutive_success: of(Phase::Successful),
    }
}

/// How many measurements may be Failed and the metric still Successful; none where any number may.
pub(super) fn failures_that_pass(metric: &Metric) -> Option<i64> {
    let limit = metric.failure_limit.unwrap_or(0);
    let count = effective_count(metric);
    let in_a_row = metric.consecutive_success_limit.filter(|limit| *limit > 0);
    // The last ones have to succeed.
    let room = count.map(|count| (count - in_a_row.unwrap_or(0)).max(0));
    match (limit, room) {
        (..0, room) => room,
        (limit, Some(room)) => Some(limit.min(room)),
        (limit, None) => Some(limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_repeated_ends_as_the_controller_would_end_it() {
        let metric = |text: &str| {
            let mut metric = Metric::default();
            for part in text.split_whitespace() {
                let (key, value) = part.split_once('=').expect(part);
                let number = value.parse().ok();
                match key {
                    "count" => metric.count = number,
                    "interval" => metric.interval = value.to_owned(),
                    "failure" => metric.failure_limit = number,
                    "inconclusive" => metric.inconclusive_limit = number,
                    "error" => metric.consecutive_error_limit = number,
                    "success" => metric.consecutive_success_limit = number,
                    other => panic!("{other}"),
                }
            }
            metric
        };
        // Ends of S, F, I, E repeated; how many may fail.
        for (limits, ends, failures) in [
            ("", "SFIE", Some(0)),
            ("failure=1", "SSIE", Some(1)),
            ("failure=-1", "SSIE", Some(1)),
            ("count=3 interval=1m", "SFIE", Some(0)),
            ("count=3 interval=1m failure=2", "SFIE", Some(2)),
            ("count=3 interval=1m failure=3", "SSIE", Some(3)),
            ("count=4 interval=1m failure=3", "SFIE", Some(3)),
            ("count=3 interval=1m failure=9", "SSIE", Some(3)),
            ("count=3 interval=1m inconclusive=3", "SFSE", Some(0)),
            ("interval=1m", "SFIE", Some(0)),
            ("interval=1m failure=5", "SFIE", Some(5)),
            ("interval=1m failure=-1", "SSIE", None),
            ("count=4 interval=1m failure=9 success=2", "SIIE", Some(2)),
            ("count=4 interval=1m failure=-1 success=2", "SFIE", Some(2)),
            ("count=2 interval=1m success=3", "IFIE", Some(0)),
            ("interval=1m failure=-1 success=3", "SSIE", None),
            (
                "count=999999999999 interval=1m failure=99999999999",
                "SFIE",
                Some(99_999_999_999),
            ),
            ("inconclusive=9223372036854775807", "SFSE", Some(0)),
        ] {
            let metric = metric(limits);
            let phases = [
                Phase::Successful,
                Phase::Failed,
                Phase::Inconclusive,
                Phase::Error,
            ];
            let found: String = phases
                .iter()
                .map(|phase| repeated(&metric, phase).as_str()[..1].to_owned())
                .collect();
            assert_eq!(found, ends, "{limits}");
            assert_eq!(failures_that_pass(&metric), failures, "{limits}");
        }
    }

    /// The jumps between limits against every measurement one after the other.
    #[test]
    fn jumping_ends_as_walking_does() {
        for count in [None, Some(1), Some(3), Some(6)] {
            for limit in [None, Some(-1), Some(0), Some(2), Some(4), Some(7)] {
                for in_a_row in [None, Some(0), Some(2), Some(5), Some(8)] {
                    for phase in [
                        Phase::Successful,
                        Phase::Failed,
                        Phase::Inconclusive,
                        Phase::Error,
                    ] {
                        let metric = Metric {
                            count,
                            interval: "1m".into(),
                            failure_limit: limit,
                            inconclusive_limit: limit.map(|limit| limit.max(0)),
                            consecutive_success_limit: in_a_row,
                            ..Metric::default()
                        };
                        let mut tally = Tally::default();
                        let walked = (0..50).find_map(|_| {
                            tally.add(&phase);
                            match tally.assess(&metric, &phase) {
                                Assessment::Over(end, _) => Some(end),
                                Assessment::Again(_) => None,
                            }
                        });
                        let walked = walked.unwrap_or(Phase::Successful);
                        assert_eq!(repeated(&metric, &phase), walked, "{metric:?} {phase}");
                    }
                }
            }
        }
    }
}
