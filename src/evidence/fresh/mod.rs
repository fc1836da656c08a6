//! The selectors of a text into the questions whether each has samples since the run began, and their answers into what
//! is fresh.
//!
//! A server answers from samples of up to 5 minutes ago: a young run may be judged on what was there before it began, a
//! window longer than that on an exporter that is gone. Series under an `offset` or `@` are meant to be old and not asked.

mod selected;

use std::time::Duration;

use super::parts::{Numbers, Parts};
use super::selector::{quoted_for_regexp, read, with_matcher};
use crate::promql::ast::{MatchOp, Matcher};
use crate::promql::edit::quote;
use crate::promql::print;
use crate::text::regexp::compile_anchored;
pub(super) use selected::window;
pub use selected::{Selected, selected};

/// How old a sample may be that Prometheus answers with; its default.
pub const LOOK_BACK: Duration = Duration::from_secs(300);

/// The stretch over which a scrape interval is measured.
const MEASURED: Duration = Duration::from_secs(900);

/// The scrape interval where nothing tells it.
const USUAL_INTERVAL: Duration = Duration::from_secs(60);

/// Most counters without series whose exporters are asked for.
const MOST_CANDIDATES: usize = 4;

/// The characters of a pod template's hash (`SafeEncodeString` in Kubernetes' `apimachinery/pkg/util/rand`).
const HASH: &str = "[bcdfghjklmnpqrstvwxz2456789]{5,10}";

/// What the ReplicaSet puts behind a pod's name.
const SUFFIX: &str = "[a-z0-9]{5}";

/// What is asked of selectors against the start of a run.
#[derive(Debug, Clone, Copy)]
pub struct Freshness<'a> {
    /// By [`selected()`].
    pub selected: &'a [Selected],
    /// From the run's start to the time asked; at least 1 ms.
    pub age: Duration,
    /// `scrapeInterval`, where it is set.
    pub scrape_interval: Option<Duration>,
    /// The pods under test, where a Rollout is.
    pub canary: Option<Canary<'a>>,
    /// Whether anything must be fresh: `freshData`, and a start is known. Else only that is asked which tells whether
    /// an exporter must be heard.
    pub fresh_data: bool,
}

/// Whose pods are under test.
#[derive(Debug, Clone, Copy)]
pub struct Canary<'a> {
    /// The Rollout's name.
    pub rollout: &'a str,
    /// The canary's pod template hash.
    pub hash: &'a str,
}

impl Freshness<'_> {
    /// The stretch in which samples are looked for: the run's age while that is below the look-back, later the longer of
    /// 5m and 4 scrape intervals.
    pub fn range(&self) -> Duration {
        if self.is_young() {
            return self.age.max(Duration::from_millis(1));
        }
        let interval = self.scrape_interval.unwrap_or(USUAL_INTERVAL);
        interval.saturating_mul(4).max(LOOK_BACK)
    }

    /// Adds the questions, of the n-th selector (from 1) named `s1`, `o1` and so on. With `asks_witness` also `s` and
    /// `o` of those whose exporter may have to be heard.
    pub fn ask(&self, parts: &mut Parts, asks_witness: bool) {
        for (number, selected) in (1..).zip(self.selected) {
            let is_counted = self.counts(selected);
            if is_counted || asks_witness && self.tells_missing(selected) {
                self.ask_samples(parts, number, selected);
            }
            if is_counted && self.is_young() {
                self.ask_young(parts, number, selected);
            }
            if is_counted && self.scrape_interval.is_none() && selected.metric.is_some() {
                let x = &selected.selector;
                let range = print::duration(nanoseconds(MEASURED));
                parts.push(
                    format!("n{number}"),
                    format!("max(count_over_time({x}[{range}]) and {x} offset {range})"),
                );
            }
        }
    }

    fn ask_samples(&self, parts: &mut Parts, number: usize, selected: &Selected) {
        let range = in_milliseconds(self.range());
        let before = selected.window.unwrap_or_default().max(LOOK_BACK);
        let before = print::duration(nanoseconds(before));
        for (letter, range) in [("s", range), ("o", before)] {
            parts.push(
                format!("{letter}{number}"),
                counted_in(&selected.selector, &range),
            );
        }
    }

    fn ask_young(&self, parts: &mut Parts, number: usize, selected: &Selected) {
        let x = &selected.selector;
        let range = in_milliseconds(self.range());
        if self.scrape_interval.is_none_or(|i| self.is_within_two(i)) {
            parts.push(
                format!("d{number}"),
                format!("count({x} unless last_over_time({x}[{range}]))"),
            );
        }
        let Some(canary) = self.canary.filter(|canary| canary.can_be_in(x)) else {
            return;
        };
        for (letter, matcher) in [("c", canary.own_pods()), ("r", canary.all_pods())] {
            parts.push(
                format!("{letter}{number}"),
                counted_in(&with_matcher(x, &matcher), &range),
            );
        }
    }

    /// The answers.
    pub fn read(&self, numbers: &Numbers) -> Fresh {
        let interval = (1..=self.selected.len())
            .filter_map(|number| numbers.get(&format!("n{number}")))
            .filter(|samples| *samples >= 1.0 && samples.is_finite())
            .filter_map(|samples| {
                Duration::try_from_secs_f64(MEASURED.as_secs_f64() / samples).ok()
            })
            .max();
        let next = self.scrape_interval.or(interval).unwrap_or(USUAL_INTERVAL);
        let states = (1..)
            .zip(self.selected)
            .map(|(number, selected)| {
                let get = |letter: &str| {
                    let found = numbers.get(&format!("{letter}{number}"));
                    found.filter(|series| *series > 0.0)
                };
                self.state(selected, next, get)
            })
            .collect();
        let counted = self.selected.iter().map(|s| self.counts(s)).collect();
        Fresh {
            states,
            counted,
            interval,
        }
    }

    fn state(
        &self,
        selected: &Selected,
        interval: Duration,
        get: impl Fn(&str) -> Option<f64>,
    ) -> State {
        let is_counted = self.counts(selected);
        if !is_counted && !self.tells_missing(selected) {
            return State::NotAsked;
        }
        match (get("s"), get("o")) {
            (None, Some(_)) if is_counted => return State::Stale,
            (None, _) => return State::Absent,
            (Some(_), _) => {}
        }
        if !is_counted || !self.is_young() {
            return State::Fresh;
        }
        if let Some(series) = get("d").filter(|_| self.is_within_two(interval)) {
            return State::Due(series as u64);
        }
        match (get("c"), get("r")) {
            (None, Some(_)) => State::OnlyStable,
            _ => State::Fresh,
        }
    }

    /// It must be fresh for an answer to count.
    fn counts(&self, selected: &Selected) -> bool {
        let is_long = || selected.window.is_some_and(|window| window > LOOK_BACK);
        self.fresh_data && !selected.has_time && (self.is_young() || is_long())
    }

    /// Whether it has samples decides whether its exporter is listened for.
    fn tells_missing(&self, selected: &Selected) -> bool {
        !selected.may_be_missing.is_empty() && !selected.has_time
    }

    fn is_young(&self) -> bool {
        self.fresh_data && self.age < LOOK_BACK
    }

    fn is_within_two(&self, interval: Duration) -> bool {
        self.age < interval.saturating_mul(2)
    }
}

impl Canary<'_> {
    fn own_pods(&self) -> String {
        let (rollout, hash) = (
            quoted_for_regexp(self.rollout),
            quoted_for_regexp(self.hash),
        );
        format!("pod=~{}", quote(&format!("{rollout}-{hash}-{SUFFIX}")))
    }

    fn all_pods(&self) -> String {
        let rollout = quoted_for_regexp(self.rollout);
        format!("pod=~{}", quote(&format!("{rollout}-{HASH}-{SUFFIX}")))
    }

    /// Whether the selector's own matchers let pods of the canary pass. One of the stable pods, to compare with, must
    /// not wait for them.
    fn can_be_in(&self, selector: &str) -> bool {
        let pod = format!("{}-{}-bcdfg", self.rollout, self.hash);
        let query = read(selector);
        let Some(selector) = query.as_ref().and_then(|query| query.expr.selector()) else {
            return true;
        };
        let mut matchers = selector.matchers.iter();
        matchers.all(|matcher| matcher.label.text != "pod" || accepts(matcher, &pod))
    }
}

/// Whether a matcher takes the value; a pattern that cannot be tried takes it.
fn accepts(matcher: &Matcher, value: &str) -> bool {
    let own = &matcher.value.value;
    let matches_pattern = || {
        let pattern = std::str::from_utf8(own).ok()?;
        Some(compile_anchored(pattern).ok()?.is_match(value.as_bytes()))
    };
    match matcher.op {
        MatchOp::Equal => own == value.as_bytes(),
        MatchOp::NotEqual => own != value.as_bytes(),
        MatchOp::Regexp => matches_pattern().unwrap_or(true),
        MatchOp::NotRegexp => !matches_pattern().unwrap_or(false),
    }
}

/// How many series have samples in a stretch; a name stays, so that series without one fixed do not become the same.
pub(super) fn counted_in(selector: &str, range: &str) -> String {
    format!("count(last_over_time({selector}[{range}]))")
}

/// As a range of PromQL, in whole milliseconds.
pub(super) fn in_milliseconds(range: Duration) -> String {
    format!("{}ms", range.as_millis().max(1))
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// What is known of the selectors against the start of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// One for each selector.
    pub states: Vec<State>,
    /// The scrape interval as the samples tell it, the longest of all.
    pub interval: Option<Duration>,
    /// Which had to be fresh.
    counted: Vec<bool>,
}

/// What is known of one selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was not asked.
    NotAsked,
    /// It has samples since the run began.
    Fresh,
    /// It has none, and had none before: the witness's business. Of one that need not be fresh: it has none.
    Absent,
    /// It had samples before, and none since.
    Stale,
    /// So many of its live series are due for their next scrape.
    Due(u64),
    /// Pods of the Rollout have samples, those of the canary none.
    OnlyStable,
}

impl Fresh {
    /// The first selector that forbids to count the answer, and how. A stale one whose exporter can be listened for
    /// does not: see [`Fresh::candidates`].
    pub fn blocks(&self, selected: &[Selected]) -> Option<(usize, State)> {
        let candidates = self.candidates(selected).unwrap_or_default();
        let mut states = self.states.iter().copied().enumerate();
        states.find(|(index, state)| match state {
            State::NotAsked | State::Fresh | State::Absent => false,
            State::Stale => !candidates.contains(index),
            State::Due(_) | State::OnlyStable => true,
        })
    }

    /// The selectors without samples that may be missing in health, so that their exporters must be heard; none where
    /// there is no such, or more than 4.
    pub fn candidates(&self, selected: &[Selected]) -> Option<Vec<usize>> {
        let all = self.states.iter().zip(selected).enumerate();
        let candidates: Vec<usize> = all
            .filter(|(_, (state, selected))| {
                let may_be_missing = !selected.may_be_missing.is_empty();
                may_be_missing && matches!(state, State::Stale | State::Absent)
            })
            .map(|(index, _)| index)
            .collect();
        (1..=MOST_CANDIDATES)
            .contains(&candidates.len())
            .then_some(candidates)
    }

    /// How many are fresh, of how many that had to be.
    pub fn count(&self) -> (usize, usize) {
        let counted = self.states.iter().zip(&self.counted);
        let counted: Vec<_> = counted.filter(|(_, counted)| **counted).collect();
        let fresh = counted.iter().filter(|(state, _)| **state == State::Fresh);
        (fresh.count(), counted.len())
    }
}

#[cfg(test)]
mod tests;
