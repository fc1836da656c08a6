//! Questions to one server within the time of one measurement.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::counters::{Counters, Request};
use super::jobs::Jobs;
use super::prepare::Ask;
use crate::evidence::parts::{Numbers, Parts};
use crate::prometheus::{
    AlertHealth, Answer, Client, Data, LabelValues, Limits, Query, QueryError, Server, When,
};

/// Warnings that say that a part of the data did not answer (Thanos).
const PARTIAL: [&str; 2] = ["fetch series", "rpc error"];

/// How far back look-ups see.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A metric of more jobs than this is everybody's: none of them is its exporter.
const JOBS: usize = 20;

/// Thanos hands infos on among the warnings.
const INFO: &str = "PromQL info:";

/// Asks one server for one measurement.
pub(super) struct Asker<'a> {
    pub(super) client: &'a Client,
    pub(super) server: &'a Server,
    pub(super) limits: Limits,
    /// When the measurement's time is over.
    pub(super) deadline: Instant,
    /// The time that the settings give.
    pub(super) timeout: Duration,
    /// How many requests were made.
    pub(super) asked: AtomicUsize,
    /// What is kept of look-ups.
    pub(super) jobs: &'a Jobs,
    /// Where requests are counted.
    pub(super) counters: &'a Counters,
}

impl Asker<'_> {
    /// The built-in provider's one request.
    pub(super) async fn plain(&self, ask: &Ask) -> Result<Answer, QueryError> {
        let query = Query {
            text: ask.text.clone(),
            when: ask.when,
            timeout: self.rest(),
            parameters: Vec::new(),
        };
        let answer = self.client.query(self.server, &query, &self.limits).await;
        self.counted(Request::Query, answer)
    }

    /// A text of the guard rails.
    pub(super) async fn guarded(&self, ask: &Ask) -> Result<Answer, QueryError> {
        let limit = self.limits.series + 1;
        let answer = self.patiently(ask.text.clone(), ask.when, limit).await;
        self.counted(Request::Query, answer)
    }

    /// Several numbers at once; and whether the answer is partial, in the server's words.
    pub(super) async fn numbers(
        &self,
        what: Request,
        parts: &Parts,
        t: Timestamp,
    ) -> Result<(Numbers, Option<String>), QueryError> {
        // Every part is one series; with fewer the server would cut some off.
        let limit = self.limits.series.max(parts.len()) + 1;
        let answer = self.patiently(parts.query(), When::Instant(t), limit).await;
        let answer = self.counted(what, answer)?;
        let partial = partial(&answer);
        let numbers = match &answer.data {
            Data::Vector(samples) => Numbers::of(
                samples
                    .iter()
                    .map(|sample| (sample.labels.as_slice(), sample.value)),
            ),
            _ => Numbers::default(),
        };
        Ok((numbers, partial))
    }

    /// Series with their labels, for words about them.
    pub(super) async fn series(&self, text: String, t: Timestamp) -> Result<Answer, QueryError> {
        let limit = self.limits.series + 1;
        let answer = self.patiently(text, When::Instant(t), limit).await;
        self.counted(Request::Cause, answer)
    }

    fn counted<T>(&self, what: Request, answer: Result<T, QueryError>) -> Result<T, QueryError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.counters.requested(what, answer.is_ok());
        answer
    }

    /// What is left of the measurement's time.
    pub(super) fn rest(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    async fn patiently(
        &self,
        text: String,
        when: When,
        limit: usize,
    ) -> Result<Answer, QueryError> {
        let parameters = vec![
            // Of all requests the same, or equal ones would not be equal.
            ("timeout", format!("{}ms", self.timeout.as_millis().max(1))),
            ("stats", "true".to_owned()),
            ("limit", limit.to_string()),
            // VictoriaMetrics answers as of 30 s ago without it.
            ("nocache", "1".to_owned()),
            // Thanos leaves out what does not answer without it.
            ("partial_response", "false".to_owned()),
        ];
        let query = Query {
            text,
            when,
            timeout: self.rest(),
            parameters,
        };
        self.client
            .query_patiently(self.server, &query, &self.limits)
            .await
    }

    /// The values of a label between two times, at most `limit` of them.
    pub(super) async fn values(
        &self,
        label: &str,
        matcher: Option<&str>,
        (start, end): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Vec<String>, QueryError> {
        let values = LabelValues {
            label,
            matcher,
            start,
            end,
            limit,
        };
        let body = self.limits.body;
        let answer = self
            .client
            .label_values(self.server, &values, self.rest(), body)
            .await;
        self.counted(Request::LookUp, answer)
    }

    /// The jobs that exposed what `matcher` selects within a week before `t`; none where there is no such.
    pub(super) async fn jobs(
        &self,
        matcher: &str,
        t: Timestamp,
    ) -> Result<Option<Vec<String>>, QueryError> {
        let jobs = match self.jobs.kept(self.server, matcher) {
            Some(jobs) => jobs,
            None => {
                let week = week_before(t);
                let jobs = self.values("job", Some(matcher), week, JOBS + 1).await?;
                self.jobs.keep(self.server, matcher, jobs.clone());
                jobs
            }
        };
        Ok(Some(jobs).filter(|jobs| !jobs.is_empty()))
    }

    /// How the alerting rules of this name fare; none where no such rule is loaded.
    pub(super) async fn alert_health(&self, name: &str) -> Result<Option<AlertHealth>, QueryError> {
        let body = self.limits.body;
        let health = self
            .client
            .alert_health(self.server, name, self.rest(), body)
            .await;
        self.counted(Request::LookUp, health)
    }
}

/// The time that look-ups see.
pub(super) fn week_before(t: Timestamp) -> (Timestamp, Timestamp) {
    (t.checked_sub(WEEK).unwrap_or(Timestamp::MIN), t)
}

/// Why the answer does not hold all that it should, in the server's words.
pub(super) fn partial(answer: &Answer) -> Option<String> {
    let told = answer
        .warnings
        .iter()
        .find(|warning| PARTIAL.iter().any(|word| warning.contains(word)));
    match (told, answer.is_partial) {
        (Some(warning), _) => Some(warning.clone()),
        (None, true) => Some("the server says isPartial".to_owned()),
        (None, false) => None,
    }
}

/// Warnings and infos, each where it belongs.
pub(super) fn annotations(answer: &Answer) -> (Vec<String>, Vec<String>) {
    let (mut infos, warnings): (Vec<String>, Vec<String>) = answer
        .warnings
        .iter()
        .cloned()
        .partition(|warning| warning.starts_with(INFO));
    infos.extend(answer.infos.iter().cloned());
    (warnings, infos)
}
