//! Selectors without series into the metric or the matcher that nobody has exposed in the last 7 days, and what may be meant.

use super::subject::{Narrow, Subject, is_legacy};
use super::words::{Cause, piece, values};
use super::{Answer, Ask, Numbers, Question, Reached};
use crate::evidence::outcome::NoData;
use crate::promql::ast::MatchOp;
use crate::promql::names::{says_gauge, words};
use crate::text::nearest::nearest;

/// Names asked for to find a near one.
const NAMES: usize = 10_000;
/// At most so many are measured letter by letter: each takes up to some tenths of a millisecond.
const MEASURED: usize = 100;
/// Values asked for.
const VALUES: usize = 1000;
/// Look-ups left for suggestions, and for matchers where several metrics are looked up.
const FOR_SUGGESTIONS: usize = 1;
const FOR_MATCHERS: usize = 3;

impl Question {
    pub(super) fn metric_unknown(&self, numbers: &Numbers<'_>) -> Reached<Option<Cause>> {
        for (_, subject) in self.missing(numbers) {
            let Some((name, matching)) = subject.metric.as_deref().zip(subject.by_name()) else {
                continue;
            };
            if self.exists(matching, FOR_MATCHERS)? != Some(false) {
                continue;
            }
            let known = self.texts(
                Ask::Names {
                    matching: self.within.as_ref().map(|within| format!("{{{within}}}")),
                    limit: NAMES,
                },
                0,
            )?;
            let near = near_metric(name, known.unwrap_or_default());
            return Ok(Some(metric_unknown(name, self.within.as_deref(), near)));
        }
        Ok(None)
    }

    pub(super) fn label_value_unknown(&self, numbers: &Numbers<'_>) -> Reached<Option<Cause>> {
        for (index, subject) in self.missing(numbers) {
            // Targets that are down are known all the same.
            let is_down = numbers.some("d", index);
            let asked = subject.narrowing().into_iter();
            // So early the pods of this run are only not there yet.
            let asked: Vec<&Narrow> = asked
                .filter(|matcher| !(self.is_young() && self.holds_hash(matcher)))
                .filter(|matcher| !(is_down && matcher.names_target()))
                .collect();
            let mut all_known = !asked.is_empty() && !is_down;
            for matcher in &asked {
                match self.exists(subject.narrowed(&[matcher]), FOR_SUGGESTIONS)? {
                    Some(false) => return self.value_unknown(subject, matcher).map(Some),
                    known => all_known &= known == Some(true),
                }
            }
            let is_apart = all_known
                && !self.is_young()
                && self.exists(subject.whole(), FOR_SUGGESTIONS)? == Some(false);
            if is_apart {
                return Ok(Some(not_together(subject)));
            }
        }
        Ok(None)
    }

    fn holds_hash(&self, matcher: &Narrow) -> bool {
        let hash = self.known.hash.as_deref().filter(|hash| !hash.is_empty());
        hash.is_some_and(|hash| matcher.value.contains(hash))
    }

    /// Whether there was such a series in the last 7 days; none where that cannot be asked.
    pub(super) fn exists(&self, matching: String, reserve: usize) -> Reached<Option<bool>> {
        let ask = Ask::Names {
            matching: Some(matching),
            limit: 1,
        };
        Ok(self.texts(ask, reserve)?.map(|names| !names.is_empty()))
    }

    fn texts(&self, ask: Ask, reserve: usize) -> Reached<Option<&[String]>> {
        Ok(match self.ask(ask, reserve)? {
            Some(Answer::Texts(texts)) => Some(texts),
            _ => None,
        })
    }

    fn value_unknown(&self, subject: &Subject, matcher: &Narrow) -> Reached<Cause> {
        let seen = match subject.by_name() {
            Some(matching) if is_legacy(&matcher.label) && !matcher.label.contains(':') => {
                let ask = Ask::Values {
                    label: matcher.label.clone(),
                    matching,
                    limit: VALUES,
                };
                self.texts(ask, 0)?
            }
            _ => None,
        };
        let who = subject.metric.as_deref().map_or_else(
            || "no series has".to_owned(),
            |metric| format!("{} has no series with", piece(metric)),
        );
        Ok(Cause::new(
            NoData::LabelValueUnknown,
            &format!("no data: {who} {}", piece(&matcher.text)),
            seen.map(|seen| values_remedy(subject.name(), matcher, seen)),
        ))
    }
}

fn metric_unknown(name: &str, within: Option<&str>, near: Option<&str>) -> Cause {
    let within = within.map_or_else(String::new, |within| format!(" with {}", piece(within)));
    let near = near.map(|near| format!("did you mean {}", piece(near)));
    let born = (!says_gauge(name)).then(|| {
        "a counter born with its first error: initialise it, or set eventsQuery".to_owned()
    });
    let remedies: Vec<String> = near.into_iter().chain(born).collect();
    Cause::new(
        NoData::MetricUnknown,
        &format!(
            "no data: {} had no series{within} in the last 7 days",
            piece(name)
        ),
        (!remedies.is_empty()).then(|| remedies.join("; ")),
    )
}

fn not_together(subject: &Subject) -> Cause {
    let matchers: Vec<&str> = subject
        .narrowing()
        .iter()
        .map(|matcher| matcher.text.as_str())
        .collect();
    let message = format!(
        "no data: {} has series with each, but none with all of {}",
        piece(subject.metric.as_deref().unwrap_or("the server")),
        piece(&matchers.join(", "))
    );
    Cause::new(NoData::LabelValueUnknown, &message, None)
}

/// The name that is meant: rather one that begins with the same word.
fn near_metric<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let first = words(name).next();
    let known = || known.iter().map(String::as_str).filter(|k| *k != name);
    let akin = known().filter(|other| words(other).next() == first);
    near(name, akin).or_else(|| near(name, known()))
}

/// The nearest of `known`. Its letters are counted first, whatever their order, which tells most of the others from it and
/// takes next to no time.
fn near<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut own = [0_i32; 256];
    for byte in word.bytes() {
        own[usize::from(byte.to_ascii_lowercase())] += 1;
    }
    let most = |length: usize| length.max(3) / 3;
    let mut likely: Vec<(i32, &str)> = known
        .filter(|other| word.len().abs_diff(other.len()) <= most(other.len()))
        .filter_map(|other| {
            let mut letters = own;
            for byte in other.bytes() {
                letters[usize::from(byte.to_ascii_lowercase())] -= 1;
            }
            let missing: i32 = letters.iter().filter(|count| **count > 0).sum();
            let extra: i32 = letters.iter().filter(|count| **count < 0).sum();
            // At least so many letters differ; those of other alphabets have up to four bytes each.
            let differ = missing.max(-extra);
            let limit = i32::try_from(4 * most(other.len())).unwrap_or(i32::MAX);
            (differ <= limit).then_some((differ, other))
        })
        .collect();
    likely.sort_by_key(|(differ, _)| *differ);
    nearest(
        word,
        likely.into_iter().take(MEASURED).map(|(_, other)| other),
    )
}

fn values_remedy(metric: &str, matcher: &Narrow, seen: &[String]) -> String {
    if seen.is_empty() {
        return format!("{} has no label {}", piece(metric), piece(&matcher.label));
    }
    let near = (matcher.op == MatchOp::Equal)
        .then(|| near(&matcher.value, seen.iter().map(String::as_str)))
        .flatten();
    let near = near.map_or_else(String::new, |near| {
        format!("nearest value {}; ", values(&[near.to_owned()]))
    });
    format!("{near}values seen {}", values(seen))
}
