//! News of an analysis into where it stands: each metric's measurements so far, and what all of them come to.

use std::time::Duration;

use super::follow::Weight;
use super::sparkline::Threshold;
use crate::analysis::limits::effective_count;
use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::Metric;

/// Something that happened.
#[derive(Debug)]
pub(super) struct News {
    /// The metric's index.
    pub(super) metric: usize,
    /// Since the analysis began.
    pub(super) at: Duration,
    /// What it is.
    pub(super) event: Event,
}

/// What can happen to a metric.
#[derive(Debug)]
pub(super) enum Event {
    /// It is asked again then, counted from the begin of the analysis.
    Next(Duration),
    /// It is being asked.
    Asked,
    /// Its measurement is not decided yet.
    Waits(Measurement),
    /// Its measurement is at its end.
    Measured(Measurement),
    /// It is not measured again, and why in Argo's words (empty for Successful).
    Over(Phase, String),
}

/// An analysis as it stands.
#[derive(Debug)]
pub(super) struct Board {
    /// `AnalysisTemplate/echo-analysis`
    pub(super) resource: String,
    /// In the template's order.
    pub(super) metrics: Vec<Standing>,
}

/// A metric as it stands.
#[derive(Debug)]
pub(super) struct Standing {
    /// The metric's name.
    pub(super) name: String,
    /// Whether its end counts.
    pub(super) weight: Weight,
    /// How many measurements end it, where that is known.
    pub(super) count: Option<i64>,
    /// What its values are compared with.
    pub(super) threshold: Option<Threshold>,
    /// Those at their end, oldest first.
    pub(super) measurements: Vec<Measurement>,
    /// The one that waits for data.
    pub(super) waiting: Option<Measurement>,
    /// When it is asked again; none while it is asked and when it is over.
    pub(super) next: Option<Duration>,
    /// What it came to, and why.
    pub(super) over: Option<(Phase, String)>,
}

impl Board {
    /// Nothing has happened yet.
    pub(super) fn new<'a>(
        resource: &str,
        metrics: impl IntoIterator<Item = &'a (Metric, Weight)>,
    ) -> Self {
        let standing = |(metric, weight): &(Metric, Weight)| Standing {
            name: metric.name.clone(),
            weight: *weight,
            count: effective_count(metric),
            threshold: Threshold::of(metric),
            measurements: Vec::new(),
            waiting: None,
            next: None,
            over: None,
        };
        Board {
            resource: resource.to_owned(),
            metrics: metrics.into_iter().map(standing).collect(),
        }
    }

    /// Takes note of what happened.
    pub(super) fn note(&mut self, news: News) {
        let Some(standing) = self.metrics.get_mut(news.metric) else {
            return;
        };
        standing.next = None;
        match news.event {
            Event::Next(at) => standing.next = Some(at),
            Event::Asked => {}
            Event::Waits(measurement) => standing.waiting = Some(measurement),
            Event::Measured(measurement) => {
                standing.waiting = None;
                standing.measurements.push(measurement);
            }
            Event::Over(phase, message) => standing.over = Some((phase, message)),
        }
    }

    /// The metric that decides, the worst of those that count; none where all of them are Successful, or not over yet.
    pub(super) fn worst(&self) -> Option<&Standing> {
        let deciding = self
            .metrics
            .iter()
            .filter(|metric| metric.weight == Weight::Decides);
        deciding
            .max_by_key(|metric| metric.badness())
            .filter(|worst| worst.badness() > 0)
    }

    /// Whether all metrics are over.
    pub(super) fn is_over(&self) -> bool {
        self.metrics.iter().all(|metric| metric.over.is_some())
    }
}

impl Standing {
    /// What it came to; Running until then.
    pub(super) fn phase(&self) -> &Phase {
        self.over
            .as_ref()
            .map_or(&Phase::Running, |(phase, _)| phase)
    }

    /// Why, in Argo's words.
    pub(super) fn message(&self) -> &str {
        self.over.as_ref().map_or("", |(_, message)| message)
    }

    /// The measurement that tells why the metric stands as it does: the newest of its own phase, else the newest.
    pub(super) fn telling(&self) -> Option<&Measurement> {
        let own = |one: &&Measurement| one.phase == *self.phase();
        self.waiting
            .as_ref()
            .or_else(|| self.measurements.iter().rev().find(own))
            .or(self.measurements.last())
    }

    fn badness(&self) -> u8 {
        match self.phase() {
            Phase::Failed => 3,
            Phase::Error => 2,
            Phase::Inconclusive => 1,
            _ => 0,
        }
    }
}
