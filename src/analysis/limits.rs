//! What a metric's measurements so far make of the metric, as Argo assesses it
//! (`analysis/analysis.go`, `assessMetricStatus` and `assessMetricFailureInconclusiveOrError`).

use std::time::Duration;

use crate::analysis::measurement::Phase;
use crate::analysis::metric::Metric;
use crate::text::duration::parse_go_duration;

/// The wait after an Error, whatever the interval (`DefaultErrorRetryInterval`).
pub const ERROR_RETRY: Duration = Duration::from_secs(10);

/// More Errors in a row than this end a metric that sets no limit (`DefaultConsecutiveErrorLimit`).
pub const CONSECUTIVE_ERROR_LIMIT: i64 = 4;

/// How the measurements of one metric ended so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Successful, Failed or Inconclusive ones; an Error does not count.
    pub count: i64,
    /// Failed ones.
    pub failed: i64,
    /// Inconclusive ones.
    pub inconclusive: i64,
    /// Errors since the last measurement that was none.
    pub consecutive_error: i64,
    /// Successful ones since the last measurement that was none.
    pub consecutive_success: i64,
}

/// What a metric has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assessment {
    /// It is measured again after this time.
    Again(Duration),
    /// It is over, and why in Argo's words (empty for Successful).
    Over(Phase, String),
}

impl Tally {
    /// Adds a measurement that ended with `phase`.
    pub fn add(&mut self, phase: &Phase) {
        if *phase == Phase::Error {
            self.consecutive_error += 1;
            self.consecutive_success = 0;
            return;
        }
        self.count += 1;
        self.consecutive_error = 0;
        self.consecutive_success = if *phase == Phase::Successful {
            self.consecutive_success + 1
        } else {
            0
        };
        self.failed += i64::from(*phase == Phase::Failed);
        self.inconclusive += i64::from(*phase == Phase::Inconclusive);
    }

    /// What `metric` has come to after a measurement that ended with `last`.
    pub fn assess(&self, metric: &Metric, last: &Phase) -> Assessment {
        if let Some(over) = self.past_a_limit(metric) {
            return over;
        }
        let wanted = metric.consecutive_success_limit.filter(|limit| *limit > 0);
        if wanted.is_some_and(|limit| self.consecutive_success >= limit) {
            return Assessment::Over(Phase::Successful, String::new());
        }
        if effective_count(metric).is_some_and(|count| self.count >= count) {
            return self.at_the_count(metric, wanted);
        }
        let interval = parse_go_duration(&metric.interval)
            .ok()
            .and_then(|nanoseconds| u64::try_from(nanoseconds).ok());
        Assessment::Again(match (last, interval) {
            (Phase::Error, _) | (_, None) => ERROR_RETRY,
            (_, Some(nanoseconds)) => Duration::from_nanos(nanoseconds),
        })
    }

    /// Later limits override earlier ones, as in Argo.
    fn past_a_limit(&self, metric: &Metric) -> Option<Assessment> {
        let mut over = None;
        let failure = metric.failure_limit.unwrap_or(0);
        if failure >= 0 && self.failed > failure {
            over = Some((
                Phase::Failed,
                format!("failed ({}) > failureLimit ({failure})", self.failed),
            ));
        }
        let inconclusive = metric.inconclusive_limit.unwrap_or(0);
        if self.inconclusive > inconclusive {
            let words = format!(
                "inconclusive ({}) > inconclusiveLimit ({inconclusive})",
                self.inconclusive
            );
            over = Some((Phase::Inconclusive, words));
        }
        let errors = metric
            .consecutive_error_limit
            .unwrap_or(CONSECUTIVE_ERROR_LIMIT);
        if self.consecutive_error > errors {
            let words = format!(
                "consecutiveErrors ({}) > consecutiveErrorLimit ({errors})",
                self.consecutive_error
            );
            over = Some((Phase::Error, words));
        }
        over.map(|(phase, words)| Assessment::Over(phase, words))
    }

    fn at_the_count(&self, metric: &Metric, successes_wanted: Option<i64>) -> Assessment {
        let Some(limit) = successes_wanted else {
            return Assessment::Over(Phase::Successful, String::new());
        };
        let failures_counted = metric.failure_limit.is_none_or(|limit| limit >= 0);
        let phase = if failures_counted {
            Phase::Inconclusive
        } else {
            Phase::Failed
        };
        Assessment::Over(
            phase,
            format!(
                "consecutiveSuccessLimit ({limit}) not reached in {} measurements",
                self.count
            ),
        )
    }
}

/// How many measurements end the metric: one where neither count nor interval is set, no number for an interval alone
/// (`Metric.EffectiveCount`).
pub fn effective_count(metric: &Metric) -> Option<i64> {
    match metric.count.filter(|count| *count != 0) {
        Some(count) => Some(count),
        None if metric.interval.is_empty() => Some(1),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assessed(metric: &Metric, phases: &str) -> String {
        let mut tally = Tally::default();
        let mut said = String::new();
        for letter in phases.chars() {
            let phase = match letter {
                'S' => Phase::Successful,
                'F' => Phase::Failed,
                'I' => Phase::Inconclusive,
                _ => Phase::Error,
            };
            tally.add(&phase);
            said = match tally.assess(metric, &phase) {
                Assessment::Again(wait) => format!("again in {wait:?}"),
                Assessment::Over(phase, words) => format!("{phase} {words}").trim_end().to_owned(),
            };
        }
        said
    }

    #[test]
    fn as_the_controller_assesses() {
        let once = Metric::default();
        let three = Metric {
            count: Some(3),
            interval: "1m".into(),
            ..Metric::default()
        };
        let endless = Metric {
            interval: "1m".into(),
            ..Metric::default()
        };
        let lenient = Metric {
            failure_limit: Some(2),
            inconclusive_limit: Some(3),
            ..three.clone()
        };
        let early = Metric {
            consecutive_success_limit: Some(2),
            failure_limit: Some(5),
            count: Some(4),
            ..three.clone()
        };
        let unlimited = Metric {
            failure_limit: Some(-1),
            ..early.clone()
        };
        for (metric, phases, said) in [
            (&once, "S", "Successful"),
            (&once, "F", "Failed failed (1) > failureLimit (0)"),
            (
                &once,
                "I",
                "Inconclusive inconclusive (1) > inconclusiveLimit (0)",
            ),
            (&once, "E", "again in 10s"),
            (
                &once,
                "EEEEE",
                "Error consecutiveErrors (5) > consecutiveErrorLimit (4)",
            ),
            (&once, "EEEES", "Successful"),
            (&three, "SS", "again in 60s"),
            (&three, "SSS", "Successful"),
            (&three, "SSE", "again in 10s"),
            (&endless, "SSSSSSSS", "again in 60s"),
            (&lenient, "FFS", "Successful"),
            (&lenient, "FFF", "Failed failed (3) > failureLimit (2)"),
            (&lenient, "III", "Successful"),
            (&early, "FSS", "Successful"),
            (
                &early,
                "SFSF",
                "Inconclusive consecutiveSuccessLimit (2) not reached in 4 measurements",
            ),
            (
                &unlimited,
                "FFFF",
                "Failed consecutiveSuccessLimit (2) not reached in 4 measurements",
            ),
        ] {
            assert_eq!(assessed(metric, phases), said, "{phases}");
        }
    }
}
