//! The answers so far into the first cause of the closed list that holds, or what must be asked to tell.

use std::time::Duration;

use super::subject::{State, Subject};
use super::words::{self, Cause, exact, go, piece, prometheus, rough, within};
use super::{Answer, Ask, Numbers, Question, Reached};
use crate::evidence::outcome::NoData;

/// How old a sample may be for Prometheus to answer it.
const LOOK_BACK: Duration = Duration::from_secs(300);
/// The scrape interval where none is known.
const USUAL_INTERVAL: Duration = Duration::from_secs(60);
/// Scrapes that a window should hold, so that one that is missed does not empty it.
const SCRAPES: u32 = 4;

type Find = fn(&Question, &Numbers<'_>) -> Reached<Option<Cause>>;

/// In the order of the closed list; what is known without these questions is not among them.
const CAUSES: [Find; 10] = [
    Question::metric_unknown,
    Question::label_value_unknown,
    Question::server_lags,
    Question::target_down,
    Question::series_ended,
    Question::too_early,
    Question::one_sample,
    Question::no_traffic,
    Question::no_match,
    Question::too_few_events,
];

impl Question {
    pub(super) fn decide(&self) -> Reached<Cause> {
        let numbers = self.numbers()?;
        for find in CAUSES {
            if let Some(cause) = find(self, &numbers)? {
                return Ok(cause);
            }
        }
        let silent = self.missing(&numbers).next();
        Ok(words::unexplained(
            silent.map(|(_, subject)| subject.selector.as_str()),
        ))
    }

    pub(super) fn interval(&self) -> Duration {
        self.known
            .interval
            .or_else(|| self.measured_interval())
            .unwrap_or(USUAL_INTERVAL)
    }

    /// The run is younger than the look-back.
    pub(super) fn is_young(&self) -> bool {
        self.known.age.is_some_and(|age| age < LOOK_BACK)
    }

    /// A selector without series may be why there are no data: nothing shows that the witness does without.
    fn absence_matters(&self, numbers: &Numbers<'_>) -> bool {
        let is_answered = numbers.get("w").is_some_and(|series| series > 0.0);
        !self.known.has_witness && (!is_answered || self.has_scalar())
    }

    /// The selectors that may be why.
    fn suspects(&self, numbers: &Numbers<'_>) -> impl Iterator<Item = (usize, &Subject)> {
        let absence_matters = self.absence_matters(numbers);
        self.known
            .subjects
            .iter()
            .enumerate()
            .filter(move |(_, subject)| {
                !subject.is_heard && (absence_matters || subject.state == State::Stale)
            })
    }

    /// Those of them without a sample in the last hour.
    pub(super) fn missing(&self, numbers: &Numbers<'_>) -> impl Iterator<Item = (usize, &Subject)> {
        self.suspects(numbers)
            .filter(|(index, _)| numbers.parts.is_some() && !numbers.some("k", *index))
    }

    fn server_lags(&self, numbers: &Numbers<'_>) -> Reached<Option<Cause>> {
        let lag = numbers.get("u").and_then(seconds);
        let Some(lag) = lag.filter(|lag| *lag > self.interval().saturating_mul(2)) else {
            return Ok(None);
        };
        let delay = whole_seconds(self.known.delay.saturating_add(lag));
        Ok(Some(Cause::new(
            NoData::ServerLags,
            &format!("no data: the server lags {}", exact(lag)),
            Some(format!("set delay: {}", prometheus(delay))),
        )))
    }

    fn target_down(&self, numbers: &Numbers<'_>) -> Reached<Option<Cause>> {
        // Where its series live, some other target of the same labels is down.
        let down = self
            .suspects(numbers)
            .find(|(index, _)| !numbers.some("l", *index) && numbers.some("d", *index));
        let Some((index, up)) = down.and_then(|(index, subject)| Some((index, subject.up()?)))
        else {
            return Ok(None);
        };
        let labels = match self.ask(Ask::Plain(format!("topk(1, {up} == 0)")), 0)? {
            Some(Answer::Labels(labels)) => labels.as_slice(),
            _ => &[],
        };
        let others = numbers.of("d", index).unwrap_or(1.0) - 1.0;
        let message = format!("no data: {}", down_words(labels, &up, others));
        Ok(Some(Cause::new(NoData::TargetDown, &message, None)))
    }

    fn series_ended(&self, numbers: &Numbers<'_>) -> Reached<Option<Cause>> {
        for (index, subject) in self.suspects(numbers) {
            if subject.has_time {
                continue;
            }
            let had_series = numbers.some("k", index) || subject.state == State::Stale;
            let ago = match subject.state {
                State::Fresh | State::Due(_) | State::OnlyStable => continue,
                State::Stale if !self.is_young() => self.ended(subject)?.map(rough),
                _ if numbers.some("l", index) => continue,
                _ if had_series => match self.ended(subject)? {
                    None if self.is_young() => continue,
                    // It may come again: only what ended before this run and the one it replaced has ended.
                    Some(ago) if self.is_young() && ago <= LOOK_BACK => continue,
                    Some(ago) if ago <= self.interval().saturating_mul(2) => continue,
                    ago => ago.map(rough),
                },
                _ if numbers.parts.is_none() || self.is_young() => continue,
                _ if self.exists(subject.whole(), 0)? == Some(true) => {
                    Some("more than 1h".to_owned())
                }
                _ => continue,
            };
            let ago = ago.map_or_else(|| "within the last hour".to_owned(), |ago| ago + " ago");
            return Ok(Some(Cause::new(
                NoData::SeriesEnded,
                &format!("no data: {} ended {ago}", piece(subject.name())),
                Some("is the exporter running".to_owned()),
            )));
        }
        Ok(None)
    }

    /// How long ago its last sample was, to about a minute; none where that cannot be told.
    fn ended(&self, subject: &Subject) -> Reached<Option<Duration>> {
        if subject.metric.is_none() {
            return Ok(None);
        }
        // A sample's own time is known only where the plain selector answers it, so at each minute of the hour.
        let part = format!(
            "min(time() - max_over_time(timestamp({})[1h:1m]))",
            subject.selector
        );
        let answer = self.ask(Ask::Query(vec![("t".to_owned(), part)]), 0)?;
        Ok(match answer {
            Some(Answer::Numbers(numbers)) => numbers.get("t").copied().and_then(seconds),
            _ => None,
        })
    }

    fn too_early(&self, numbers: &Numbers<'_>) -> Reached<Option<Cause>> {
        let absence_matters = self.absence_matters(numbers);
        for (index, subject) in self.known.subjects.iter().enumerate() {
            let is_silent = match subject.state {
                State::Fresh => false,
                State::Stale => self.is_young(),
                State::Due(series) => {
                    let due = if series == 1 {
                        "1 series is due for its next scrape".to_owned()
                    } else {
                        format!("{series} series are due for their next scrape")
                    };
                    return Ok(Some(early(&due)));
                }
                State::OnlyStable => return Ok(Some(early("only stable pods so far"))),
                State::Absent => self.is_young() && absence_matters,
                State::NotAsked => {
                    let is_live = numbers.some("l", index) || numbers.parts.is_none();
                    self.is_young() && absence_matters && !is_live
                }
            };
            if let Some(age) = self.known.age
                && is_silent
                && !subject.is_heard
                && !subject.has_time
            {
                return Ok(Some(early(&format!(
                    "no sample of {} since the run started {} ago",
                    piece(subject.name()),
                    exact(age)
                ))));
            }
        }
        Ok(None)
    }

    fn one_sample(&self, numbers: &Numbers<'_>) -> Reached<Option<Cause>> {
        if !self.absence_matters(numbers) {
            return Ok(None);
        }
        for (index, subject) in self.known.subjects.iter().enumerate() {
            let Some(window) = subject.window else {
                continue;
            };
            let samples = numbers.of("m", index).unwrap_or(0.0);
            let is_there = numbers.some("k", index);
            let can_tell = subject.metric.is_some() && !subject.has_time && !subject.is_heard;
            if can_tell && is_there && samples <= 1.0 && self.needs_two(subject) {
                return Ok(Some(self.one_sample_in(window, samples)));
            }
        }
        Ok(None)
    }

    fn one_sample_in(&self, window: Duration, samples: f64) -> Cause {
        let held = if samples < 1.0 { "no" } else { "one" };
        let interval = self.interval();
        let assumed = if self.known.interval.or(self.measured_interval()).is_some() {
            ""
        } else {
            " assumed"
        };
        let enough = interval.saturating_mul(SCRAPES);
        // Long enough as it is: the series are young.
        let remedy = (window < enough).then(|| format!("use [{}]", prometheus(tidy(enough))));
        Cause::new(
            NoData::OneSample,
            &format!(
                "no data: the window [{}] holds {held} sample (scrape interval {}{assumed})",
                prometheus(window),
                go(interval)
            ),
            remedy.or_else(|| Some("wait for the next scrape".to_owned())),
        )
    }

    fn no_traffic(&self, numbers: &Numbers<'_>) -> Reached<Option<Cause>> {
        let events = numbers.get("e");
        let window = self.known.events.as_ref().and_then(|(_, window)| *window);
        let is_nan = !self.known.has_witness && numbers.get("w").is_some_and(|w| w > 0.0);
        let message = match events {
            Some(events) if events <= 0.0 => {
                format!("no data: no traffic: 0 events{}", within(window))
            }
            Some(events) if is_nan && events > 0.0 => format!(
                "no data: the query answers NaN, with {} events{}",
                words::count(events, 0.0),
                within(window)
            ),
            _ if is_nan => "no data: no traffic: the query answers NaN".to_owned(),
            _ => return Ok(None),
        };
        // NaN stays NaN however few events are asked for.
        let remedy = if self.known.has_witness {
            "send traffic, or minEvents: 0"
        } else {
            "send traffic"
        };
        Ok(Some(Cause::new(
            NoData::NoTraffic,
            &message,
            Some(remedy.to_owned()),
        )))
    }

    fn too_few_events(&self, numbers: &Numbers<'_>) -> Reached<Option<Cause>> {
        let window = self.known.events.as_ref().and_then(|(_, window)| *window);
        let few = numbers.get("e").zip(self.known.min_events);
        Ok(few
            .filter(|(events, needed)| events < needed)
            .map(|(events, needed)| words::too_few_events(events, needed, window)))
    }
}

fn early(what: &str) -> Cause {
    Cause::new(NoData::TooEarly, &format!("no data yet: {what}"), None)
}

fn down_words(labels: &[(String, String)], up: &str, others: f64) -> String {
    let of = |name: &str| {
        let mut named = labels.iter().filter(|(label, _)| label == name);
        named.next().map(|(_, value)| piece(value))
    };
    let job = of("job").map_or_else(String::new, |job| format!(" (job \"{job}\")"));
    let target = match of("instance") {
        Some(instance) => format!("target {instance}{job}"),
        None => format!("a target of {}{job}", piece(up)),
    };
    match others {
        others if others >= 1.0 => format!("{target} is down, and {others} more"),
        _ => format!("{target} is down"),
    }
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}

/// Rounded up to what people write: measured intervals are no round numbers.
fn tidy(time: Duration) -> Duration {
    let step = match time.as_secs() {
        0..2 => return time,
        2..60 => 1,
        60..600 => 30,
        _ => 60,
    };
    Duration::from_secs(whole_seconds(time).as_secs().div_ceil(step) * step)
}
