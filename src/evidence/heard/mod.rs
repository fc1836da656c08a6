//! Selectors that may have no series in health into the questions whether their exporter is there.
//!
//! Some counters do not exist until the first error. Where a job that exposed the metric before is being scraped for
//! these very pods, its absence means zero: the fallback that the author wrote is to be believed.

use std::time::Duration;

use super::fresh::{Fresh, Selected, counted_in, in_milliseconds};
use super::namespace::Namespace;
use super::parts::{Numbers, Parts, closed};
use super::selector::{matchers, quoted_for_regexp};
use crate::promql::ast::{Expr, MatchOp, Selector};
use crate::promql::edit::quote;
use crate::promql::names::is_alert;
use crate::promql::outcome::{Labels, is_outcome};
use crate::promql::select::data_selectors;
use crate::text::span::Span;

/// Most jobs that may have exposed a metric for its exporter to be told.
const MOST_JOBS: usize = 20;

/// What Prometheus writes itself of a target, also of one that is down.
const NOT_OF_THE_SCRAPE: &str = r#"__name__!~"up|scrape_.+""#;

/// A selector without samples whose exporter is to be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which of the selected.
    pub index: usize,
    /// The metric.
    pub metric: String,
    /// What its series are.
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// Series of a target: its other matchers, those on outcomes left out.
    Scraped(Vec<String>),
    /// Series that an alerting rule writes: the alert, where `=` names it.
    Alert(Option<String>),
}

/// What must be known before an exporter can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookUp {
    /// The values of `job` of the last 7 days.
    Jobs {
        /// The `match[]`: the metric, in the namespace where one is set.
        metric: String,
    },
    /// Whether an alerting rule is loaded and healthy. Nothing is asked after that.
    Alert {
        /// The alert's name.
        name: String,
    },
}

/// The candidates among `selected`, by what is fresh; none where there is no candidate, more than 4, or nothing was asked.
pub fn candidates(
    text: &str,
    expr: &Expr,
    labels: &Labels,
    selected: &[Selected],
    fresh: Option<&Fresh>,
) -> Option<Vec<Candidate>> {
    let all = data_selectors(expr);
    let indices = fresh?.candidates(selected)?;
    indices
        .into_iter()
        .map(|index| {
            let chosen = selected.get(index)?;
            let first = chosen.may_be_missing.first()?;
            let own = all.iter().find(|own| own.span == *first)?;
            Some(Candidate {
                index,
                metric: chosen.metric.clone()?,
                kind: kind(text, own.selector, labels),
            })
        })
        .collect()
}

fn kind(text: &str, selector: &Selector, labels: &Labels) -> Kind {
    let metric = selector.metric();
    if metric.is_some_and(is_alert) {
        let mut names = selector
            .matchers
            .iter()
            .filter(|matcher| matcher.label.text == "alertname");
        let name = match (names.next(), names.next()) {
            (Some(only), None) if only.op == MatchOp::Equal => {
                Some(only.value.text().into_owned()).filter(|name| !name.is_empty())
            }
            _ => None,
        };
        return Kind::Alert(name);
    }
    Kind::Scraped(matchers(text, selector, |matcher| {
        matcher.label.text != "__name__" && !is_outcome(matcher, metric, labels)
    }))
}

impl Candidate {
    /// Where it stands under a fallback that is to be believed; equal selectors elsewhere are none of it.
    pub fn spans(&self, selected: &[Selected]) -> Vec<Span> {
        let own = selected.get(self.index);
        own.map(|own| own.may_be_missing.clone())
            .unwrap_or_default()
    }

    /// What to look up first, in the namespace, its label and value, where one is set; none: it cannot be heard.
    pub fn look_up(&self, namespace: Option<(&str, &str)>) -> Option<LookUp> {
        match &self.kind {
            Kind::Alert(name) => name.clone().map(|name| LookUp::Alert { name }),
            Kind::Scraped(_) => {
                let named = is_legacy_name(&self.metric);
                let mut inside = Vec::new();
                if !named {
                    inside.push(format!("__name__={}", quote(&self.metric)));
                }
                if let Some((label, value)) = namespace {
                    inside.push(Namespace { label, value }.matcher());
                }
                let name = if named { self.metric.as_str() } else { "" };
                let metric = match inside.is_empty() {
                    true => name.to_owned(),
                    false => format!("{name}{{{}}}", inside.join(",")),
                };
                Some(LookUp::Jobs { metric })
            }
        }
    }

    /// The number of series that these jobs expose for its very pods; none of an alert, and of no or more than 20 jobs.
    pub fn exporter(&self, jobs: &[String], range: Duration) -> Option<String> {
        let Kind::Scraped(matchers) = &self.kind else {
            return None;
        };
        if !(1..=MOST_JOBS).contains(&jobs.len()) || jobs.iter().any(String::is_empty) {
            return None;
        }
        let jobs: Vec<_> = jobs.iter().map(|job| quoted_for_regexp(job)).collect();
        let mut all = vec![
            format!("job=~{}", quote(&jobs.join("|"))),
            NOT_OF_THE_SCRAPE.to_owned(),
        ];
        all.extend(matchers.iter().cloned());
        let selector = format!("{{{}}}", all.join(","));
        Some(counted_in(&selector, &in_milliseconds(range)))
    }

    fn is_alert(&self) -> bool {
        matches!(self.kind, Kind::Alert(_))
    }
}

/// Read by every version without quotes.
fn is_legacy_name(name: &str) -> bool {
    let start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(start) && name.chars().all(|c| start(c) || c.is_ascii_digit())
}

/// The questions: `h1` for the exporter of the first candidate and so on, each with the jobs that exposed it (of an alert
/// none), and `w` for the witness in which the fallbacks nearest above the candidates are left in.
pub fn ask(
    candidates: &[Candidate],
    jobs: &[Vec<String>],
    witness: &str,
    range: Duration,
) -> Parts {
    let mut parts = Parts::default();
    for (number, (candidate, jobs)) in (1..).zip(candidates.iter().zip(jobs)) {
        if let Some(exporter) = candidate.exporter(jobs, range) {
            parts.push(format!("h{number}"), exporter);
        }
    }
    parts.push("w", format!("count(({}) >= -Inf)", closed(witness)));
    parts
}

/// Whether all exporters were heard, and the witness answers.
pub fn is_heard(candidates: &[Candidate], numbers: &Numbers) -> bool {
    let is_there = |name: &str| numbers.get(name).is_some_and(|series| series > 0.0);
    let mut all = (1..).zip(candidates);
    is_there("w")
        && all.all(|(number, candidate)| candidate.is_alert() || is_there(&format!("h{number}")))
}

#[cfg(test)]
mod tests;
