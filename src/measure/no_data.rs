//! An answer without evidence into a phase, or into more waiting: the `noData` policy.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::Metric;
use crate::analysis::settings::NoData;
use crate::text::duration::parse_go_duration;

/// A waiting measurement is looked at at least this often.
const LOOK: Duration = Duration::from_secs(15);

/// And not more often than this.
const BREATH: Duration = Duration::from_secs(1);

/// The shortest wait where the settings give none, and the longest.
const USUAL: Duration = Duration::from_secs(120);
const LONGEST: Duration = Duration::from_secs(600);

/// The scrape interval where nobody tells.
pub(super) const SCRAPE_INTERVAL: Duration = Duration::from_secs(60);

/// Scrapes that a wait gives: two samples, and one more on each side.
const SCRAPES: u32 = 4;

/// How long a measurement has waited and may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
}

impl Waiting {
    /// Of a measurement that begins to wait now.
    pub(super) fn begun(now: Timestamp, longest: Duration) -> Self {
        let since = whole_seconds(now);
        Waiting {
            since,
            until: later(since, longest),
        }
    }

    /// Of a measurement that the controller hands back. Its two times are not believed beyond `longest` from now: another
    /// controller's clock, or a clock set back, must not make it wait for ever.
    pub(super) fn read(measurement: &Measurement, now: Timestamp, longest: Duration) -> Self {
        let time = |key: &str| measurement.metadata.get(key)?.parse::<Timestamp>().ok();
        let since = time("waitingSince")
            .or(measurement.started_at)
            .unwrap_or(now);
        let until = time("waitUntil").unwrap_or_else(|| later(since, longest));
        Waiting {
            since: whole_seconds(since),
            until: whole_seconds(until.min(later(now, longest))),
        }
    }

    /// Whether nothing more is waited for.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until
    }

    /// When the controller is to ask again.
    pub(super) fn resume_at(&self, now: Timestamp, interval: &str) -> Timestamp {
        let interval = parse_go_duration(interval)
            .ok()
            .and_then(|nanoseconds| u64::try_from(nanoseconds).ok())
            .filter(|nanoseconds| *nanoseconds > 0)
            .map_or(LOOK, Duration::from_nanos);
        let rest = Duration::try_from(self.until.duration_since(now)).unwrap_or_default();
        later(now, interval.min(LOOK).min(rest).max(BREATH))
    }

    /// No earlier than a breath after the answer: a server that is down takes its time to be found so, and the controller, told
    /// to ask at once, asks from a state in which the answer is not stored yet, and begins the wait anew. In whole seconds, as
    /// it is stored: by its own copy, which has the fraction, the controller would ask a second time.
    pub(super) fn not_at_once(resume_at: Timestamp, answered: Timestamp) -> Timestamp {
        let at = resume_at.max(later(answered, BREATH));
        match whole_seconds(at) {
            whole if whole < at => later(whole, BREATH),
            whole => whole,
        }
    }

    /// As the measurement keeps it, RFC 3339 in whole seconds.
    pub(super) fn note(&self, metadata: &mut BTreeMap<String, String>) {
        metadata.insert("waitingSince".to_owned(), self.since.to_string());
        metadata.insert("waitUntil".to_owned(), self.until.to_string());
    }
}

/// How long a measurement waits where the settings do not say: four scrapes, and what the server lags behind.
pub(super) fn usual_wait(scrape_interval: Duration, delay: Duration, lag: Duration) -> Duration {
    let scrapes = scrape_interval.saturating_mul(SCRAPES);
    USUAL
        .max(scrapes)
        .saturating_add(delay)
        .saturating_add(lag)
        .min(LONGEST)
}

/// What becomes of a measurement without data, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// It waits.
    Wait,
    /// It ends with this phase.
    End(Phase),
    /// It ends with what the conditions say of the answer.
    Judge,
}

/// What is known when there are no data.
#[derive(Debug, Clone)]
pub(super) struct Case<'a> {
    pub(super) no_data: NoData,
    pub(super) metric: &'a Metric,
    /// Whether the wait is over, or there is none to begin.
    pub(super) is_over: bool,
    /// What the conditions say of an answer that is empty, the constant, or NaN on purpose; none of a stale number.
    pub(super) verdict: Option<Phase>,
    /// The server gave no answer.
    pub(super) is_unreachable: bool,
}

/// What becomes of it.
pub(super) fn step(case: &Case<'_>) -> Step {
    if case.no_data == NoData::Wait && !case.is_over {
        return Step::Wait;
    }
    let undecided = match case.is_unreachable || inconclusive_passes(case.metric) {
        true => Phase::Error,
        false => Phase::Inconclusive,
    };
    Step::End(match case.no_data {
        NoData::Wait if case.verdict == Some(Phase::Failed) => Phase::Failed,
        NoData::Wait | NoData::Inconclusive => undecided,
        NoData::Error => Phase::Error,
        NoData::Fail => Phase::Failed,
        NoData::Condition if case.is_unreachable => Phase::Error,
        NoData::Condition => return Step::Judge,
    })
}

/// Whether the controller calls a metric Successful that is Inconclusive each time (`assessMetricStatus`: the limit is not
/// passed, and the count is reached).
pub(super) fn inconclusive_passes(metric: &Metric) -> bool {
    let limit = metric.inconclusive_limit.unwrap_or(0);
    match metric.count.filter(|count| *count != 0) {
        Some(count) => limit >= count,
        None => metric.interval.is_empty() && limit >= 1,
    }
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| at.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn metric(interval: &str, count: Option<i64>, limit: Option<i64>) -> Metric {
        Metric {
            interval: interval.to_owned(),
            count,
            inconclusive_limit: limit,
            ..Metric::default()
        }
    }

    #[test]
    fn no_data_become_what_the_setting_says() {
        let once = metric("", None, None);
        let tolerant = metric("10s", Some(3), Some(3));
        let endless = metric("10s", None, Some(1000));
        use NoData::{Condition, Error, Fail, Inconclusive, Wait};
        for (no_data, metric, is_over, verdict, is_unreachable, told) in [
            (Wait, &once, false, None, false, Step::Wait),
            (Wait, &once, false, Some(Phase::Failed), false, Step::Wait),
            (
                Wait,
                &once,
                true,
                Some(Phase::Failed),
                false,
                Step::End(Phase::Failed),
            ),
            (
                Wait,
                &once,
                true,
                Some(Phase::Successful),
                false,
                Step::End(Phase::Inconclusive),
            ),
            (
                Wait,
                &once,
                true,
                None,
                false,
                Step::End(Phase::Inconclusive),
            ),
            (Wait, &tolerant, true, None, false, Step::End(Phase::Error)),
            (
                Wait,
                &endless,
                true,
                None,
                false,
                Step::End(Phase::Inconclusive),
            ),
            (Wait, &once, true, None, true, Step::End(Phase::Error)),
            (
                Inconclusive,
                &once,
                false,
                Some(Phase::Failed),
                false,
                Step::End(Phase::Inconclusive),
            ),
            (
                Inconclusive,
                &tolerant,
                false,
                None,
                false,
                Step::End(Phase::Error),
            ),
            (
                Error,
                &once,
                false,
                Some(Phase::Successful),
                false,
                Step::End(Phase::Error),
            ),
            (Fail, &once, false, None, false, Step::End(Phase::Failed)),
            (
                Condition,
                &once,
                false,
                Some(Phase::Successful),
                false,
                Step::Judge,
            ),
            (Condition, &once, false, None, true, Step::End(Phase::Error)),
        ] {
            let case = Case {
                no_data,
                metric,
                is_over,
                verdict,
                is_unreachable,
            };
            assert_eq!(step(&case), told, "{case:?}");
        }
    }

    #[test]
    fn a_count_of_inconclusive_ones_within_the_limit_is_a_pass() {
        for (interval, count, limit, passes) in [
            ("", None, None, false),
            ("", None, Some(1), true),
            ("", Some(0), Some(1), true),
            ("1m", None, Some(9), false),
            ("1m", Some(5), Some(4), false),
            ("1m", Some(5), Some(5), true),
        ] {
            assert_eq!(inconclusive_passes(&metric(interval, count, limit)), passes);
        }
    }

    #[test]
    fn a_wait_is_read_back_and_never_longer_than_it_may_be() {
        let longest = Duration::from_secs(240);
        let now = at("2026-01-01T12:00:30.5Z");
        let begun = Waiting::begun(now, longest);
        let mut metadata = BTreeMap::new();
        begun.note(&mut metadata);
        assert_eq!(metadata["waitingSince"], "2026-01-01T12:00:30Z");
        assert_eq!(metadata["waitUntil"], "2026-01-01T12:04:30Z");
        for (since, until, started, told) in [
            (
                Some("2026-01-01T12:00:00Z"),
                Some("2026-01-01T12:04:00Z"),
                None,
                ("2026-01-01T12:00:00Z", "2026-01-01T12:04:00Z"),
            ),
            // A clock that was set back.
            (
                Some("2026-01-01T13:00:00Z"),
                Some("2026-01-01T13:04:00Z"),
                None,
                ("2026-01-01T13:00:00Z", "2026-01-01T12:04:30Z"),
            ),
            (
                None,
                None,
                Some("2026-01-01T12:00:10Z"),
                ("2026-01-01T12:00:10Z", "2026-01-01T12:04:10Z"),
            ),
            (
                Some("soon"),
                Some("later"),
                None,
                ("2026-01-01T12:00:30Z", "2026-01-01T12:04:30Z"),
            ),
        ] {
            let mut measurement = Measurement {
                started_at: started.map(at),
                ..Measurement::default()
            };
            let pairs = [("waitingSince", since), ("waitUntil", until)];
            measurement.metadata.extend(
                pairs
                    .into_iter()
                    .filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))),
            );
            let waiting = Waiting::read(&measurement, now, longest);
            assert_eq!((waiting.since, waiting.until), (at(told.0), at(told.1)));
        }
    }

    #[test]
    fn it_is_asked_again_soon_but_not_at_once() {
        let waiting = Waiting {
            since: at("2026-01-01T12:00:00Z"),
            until: at("2026-01-01T12:02:00Z"),
        };
        for (now, interval, told) in [
            ("2026-01-01T12:00:00Z", "", "2026-01-01T12:00:15Z"),
            ("2026-01-01T12:00:00Z", "1m", "2026-01-01T12:00:15Z"),
            ("2026-01-01T12:00:00Z", "5s", "2026-01-01T12:00:05Z"),
            ("2026-01-01T12:00:00Z", "1ms", "2026-01-01T12:00:01Z"),
            ("2026-01-01T12:01:50Z", "1m", "2026-01-01T12:02:00Z"),
            ("2026-01-01T12:01:59.9Z", "1m", "2026-01-01T12:02:00.9Z"),
        ] {
            assert_eq!(
                waiting.resume_at(at(now), interval),
                at(told),
                "{now} {interval}"
            );
        }
        for (answered, told) in [
            ("2026-01-01T12:00:00.2Z", "2026-01-01T12:00:05Z"),
            ("2026-01-01T12:00:04.2Z", "2026-01-01T12:00:06Z"),
            ("2026-01-01T12:00:10Z", "2026-01-01T12:00:11Z"),
        ] {
            let resume_at = at("2026-01-01T12:00:05Z");
            assert_eq!(Waiting::not_at_once(resume_at, at(answered)), at(told));
        }
        assert!(waiting.is_over(at("2026-01-01T12:02:00Z")));
        assert!(!waiting.is_over(at("2026-01-01T12:01:59.9Z")));
    }

    #[test]
    fn the_usual_wait_follows_the_scrapes_and_the_lag() {
        let seconds = Duration::from_secs;
        for (interval, delay, lag, told) in [
            (15, 0, 0, 120),
            (60, 0, 0, 240),
            (60, 30, 0, 270),
            (15, 0, 150, 270),
            (300, 0, 0, 600),
        ] {
            assert_eq!(
                usual_wait(seconds(interval), seconds(delay), seconds(lag)),
                seconds(told)
            );
        }
    }
}
