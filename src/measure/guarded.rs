//! A guarded text into an answer and whether it rests on data: the order of things of one look.
//!
//! The answer first, then what the conditions say of it, then whatever must be known before that counts, all in one request;
//! one more where the exporter of a counter must be heard.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::asking::{Asker, annotations, partial};
use super::counters::Request;
use super::error::AttemptError;
use super::judging::judged;
use super::needs::{Kind, Known, Needs, is_idle, kind, needs};
use super::prepare::Prepared;
use super::rails::{Guarded, Tree};
use super::reading::{self, Reading};
use super::verdict::{Conditions, Verdict};
use crate::analysis::measurement::Phase;
use crate::analysis::settings::SeriesCount;
use crate::evidence::cause::{Cause, words};
use crate::evidence::fresh::{Canary, Fresh, Freshness, LOOK_BACK, State};
use crate::evidence::heard::{self, LookUp};
use crate::evidence::outcome::{NoData, Outcome};
use crate::evidence::parts::{Numbers, Parts};
use crate::evidence::witness::{counted, witness_with_fallbacks};
use crate::prometheus::{AlertHealth, QueryError};
use crate::text::chain::chain;

/// One look at the data.
#[derive(Debug)]
pub(super) struct Look {
    /// As the built-in provider writes it; empty where there is no answer.
    pub(super) value: String,
    /// What the conditions say of the answer; none where there is no answer.
    pub(super) verdict: Option<Verdict>,
    /// The same, where the answer is empty, the constant, or NaN that a condition names.
    pub(super) silent_verdict: Option<Phase>,
    /// What it rests on.
    pub(super) rests_on: Result<Outcome, Missing>,
    pub(super) warnings: Vec<String>,
    pub(super) infos: Vec<String>,
    pub(super) known: Evidence,
}

/// Why there are no data.
#[derive(Debug, Clone)]
pub(super) struct Missing {
    pub(super) why: NoData,
    /// In words; none: to be found out.
    pub(super) cause: Option<Cause>,
}

impl Missing {
    /// The server at `host` gave no answer.
    pub(super) fn unreachable(host: &str, error: &QueryError) -> Self {
        let what = match error {
            QueryError::Unreachable { cause, .. } => chain(cause),
            QueryError::Timeout { timeout, .. } => {
                // What was left of the measurement's time: nobody wrote its microseconds.
                format!(
                    "nothing within {} s",
                    (timeout.as_secs_f64() * 10.0).round() / 10.0
                )
            }
            other => chain(other),
        };
        Missing::of(words::server_unreachable(host, &what, Duration::ZERO))
    }

    fn of(cause: Cause) -> Self {
        Missing {
            why: cause.outcome,
            cause: Some(cause),
        }
    }

    fn because(why: NoData) -> Self {
        Missing { why, cause: None }
    }
}

/// What was found out beside the answer.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) witness: Option<f64>,
    pub(super) is_witness_asked: bool,
    pub(super) fresh: Option<Fresh>,
    pub(super) events: Option<f64>,
    pub(super) least_events: Option<u64>,
    /// Measured on the samples.
    pub(super) scrape_interval: Option<Duration>,
    pub(super) requests: usize,
    /// The answer is what the text answers without data.
    pub(super) is_fallback: bool,
    /// Whose absence was believed, as these jobs were heard.
    pub(super) heard: Option<(String, Vec<String>)>,
    /// What the server does not offer.
    pub(super) skipped: Option<&'static str>,
}

/// Looks once.
///
/// # Errors
///
/// What is no question of data: the query, the server's refusal, the conditions.
pub(super) async fn look(
    prepared: &Prepared,
    guarded: &Guarded,
    conditions: &Conditions,
    value_limit: usize,
    asker: &Asker<'_>,
) -> Result<Look, AttemptError> {
    let looker = Looker {
        prepared,
        guarded,
        asker,
    };
    let answer = match asker.guarded(&guarded.ask).await {
        Ok(answer) => answer,
        Err(error) if error.is_unreachable() => {
            return Ok(Look::without_answer(
                Missing::unreachable(prepared.host(), &error),
                looker.requests(),
            ));
        }
        Err(error) => return Err(AttemptError::Query(error)),
    };
    let reading = reading::read(&answer.data).map_err(AttemptError::Reading)?;
    bounded(&reading, prepared.settings.series, value_limit)?;
    if let (Some(finding), Some(2..)) = (&guarded.deny_if_several, reading.series) {
        return Err(AttemptError::Lint(finding.clone()));
    }
    let verdict = judged(conditions.clone(), reading.clone(), prepared.now).await?;
    let tree = guarded.tree.as_ref();
    let constant = tree.and_then(|tree| tree.constant);
    let has_absent = tree.is_some_and(|tree| tree.has_absent);
    let kind = kind(&answer.data, constant, has_absent);
    let (warnings, infos) = annotations(&answer);
    let mut look = Look {
        value: reading.value.clone(),
        silent_verdict: match kind {
            Kind::Empty | Kind::Constant => Some(verdict.phase.clone()),
            Kind::Nan if verdict.names_nan => Some(verdict.phase.clone()),
            Kind::Nan | Kind::Numbers => None,
        },
        verdict: Some(verdict.clone()),
        rests_on: Ok(Outcome::Data),
        warnings,
        infos,
        known: Evidence::default(),
    };
    let is_unevaluated = verdict.phase == Phase::Error;
    if is_unevaluated
        && (verdict.is_condition_wrong || matches!(kind, Kind::Numbers | Kind::Constant))
    {
        // The conditions cannot judge this answer, whatever it rests on.
        look.known.requests = looker.requests();
        return Ok(look);
    }
    look.rests_on = match partial(&answer) {
        Some(warning) => Err(Missing::of(words::partial_answer(&warning))),
        None => match tree {
            Some(tree) => {
                let known = looker.known(tree, is_idle(&answer.data, tree.idle));
                let needs = needs(kind, &verdict.phase, known);
                looker
                    .evidence(tree, kind, &verdict, needs, &mut look.known)
                    .await
            }
            None if matches!(kind, Kind::Empty | Kind::Nan) => {
                Err(Missing::because(NoData::Unexplained))
            }
            None => Ok(Outcome::Data),
        },
    };
    look.known.requests = looker.requests();
    Ok(look)
}

impl Look {
    pub(super) fn without_answer(missing: Missing, requests: usize) -> Self {
        Look {
            value: String::new(),
            verdict: None,
            silent_verdict: None,
            rests_on: Err(missing),
            warnings: Vec::new(),
            infos: Vec::new(),
            known: Evidence {
                requests,
                ..Evidence::default()
            },
        }
    }
}

fn bounded(
    reading: &Reading,
    series: Option<SeriesCount>,
    limit: usize,
) -> Result<(), AttemptError> {
    let found = reading.value.len();
    if found > limit {
        return Err(AttemptError::Value { found, limit });
    }
    if let (Some(SeriesCount::Between(least, most)), Some(found)) = (series, reading.series) {
        let count = u64::try_from(found).unwrap_or(u64::MAX);
        if found > 0 && !(least..=most).contains(&count) {
            let expected = match least == most {
                true => least.to_string(),
                false => format!("{least}..{most}"),
            };
            return Err(AttemptError::Series { found, expected });
        }
    }
    Ok(())
}

struct Looker<'a> {
    prepared: &'a Prepared,
    guarded: &'a Guarded,
    asker: &'a Asker<'a>,
}

impl Looker<'_> {
    fn requests(&self) -> usize {
        self.asker.asked.load(Ordering::Relaxed)
    }

    fn known(&self, tree: &Tree, is_idle: bool) -> Known {
        let settings = &self.prepared.settings;
        Known {
            has_selectors: tree.witness.is_some(),
            is_own_witness: tree.witness.as_ref().is_none_or(|witness| witness.is_own),
            min_events: settings.min_events,
            has_events_query: settings.events_query.is_some(),
            has_events: self.guarded.events.is_some(),
            is_idle,
        }
    }

    fn freshness<'s>(&'s self, tree: &'s Tree) -> Freshness<'s> {
        Freshness {
            selected: &tree.selected,
            age: self.guarded.age.unwrap_or(Duration::MAX),
            scrape_interval: self.prepared.settings.scrape_interval,
            canary: self
                .guarded
                .canary
                .as_ref()
                .map(|(rollout, hash)| Canary { rollout, hash }),
            fresh_data: self.prepared.settings.fresh_data.unwrap_or(true)
                && self.guarded.age.is_some(),
        }
    }

    /// What the answer rests on; what is found out goes into `known`.
    async fn evidence(
        &self,
        tree: &Tree,
        kind: Kind,
        verdict: &Verdict,
        needs: Needs,
        known: &mut Evidence,
    ) -> Result<Outcome, Missing> {
        // Lint has spoken of what selects nothing.
        if tree.witness.is_none() {
            return Ok(Outcome::Data);
        }
        let numbers = self.ask(tree, needs).await?;
        known.is_fallback = kind == Kind::Constant;
        known.is_witness_asked = needs.witness;
        known.witness = numbers.get("w").filter(|series| *series > 0.0);
        known.events = needs.events.and(numbers.get("e"));
        known.least_events = needs.events;
        let is_own = tree.witness.as_ref().is_some_and(|witness| witness.is_own);
        let stands_in = self.prepared.settings.events_query.is_some();
        let has_witness = match kind {
            Kind::Numbers if is_own || verdict.phase == Phase::Failed => true,
            _ if stands_in && !is_own => self.has_events(known, 1),
            _ => known.witness.is_some(),
        };
        let fresh = self.freshness(tree).read(&numbers);
        known.scrape_interval = fresh.interval;
        let outcome = match kind {
            Kind::Numbers => Outcome::Data,
            Kind::Empty | Kind::Nan | Kind::Constant => Outcome::FallbackOnData,
        };
        let judged = self
            .weighed(tree, &fresh, has_witness, stands_in, outcome, known)
            .await;
        known.fresh = Some(fresh);
        let outcome = judged?;
        if let Some(least) = needs.events
            && !self.has_events(known, least)
        {
            return Err(self.too_few(known, least));
        }
        match verdict.phase {
            Phase::Error => Err(Missing::because(NoData::Filtered)),
            _ => Ok(outcome),
        }
    }

    /// Fresh, seen by a witness, or its exporter heard.
    async fn weighed(
        &self,
        tree: &Tree,
        fresh: &Fresh,
        has_witness: bool,
        stands_in: bool,
        outcome: Outcome,
        known: &mut Evidence,
    ) -> Result<Outcome, Missing> {
        if let Some((_, state)) = fresh.blocks(&tree.selected) {
            let age = self.guarded.age.unwrap_or_default();
            let why = match state {
                State::Stale if age >= LOOK_BACK => NoData::SeriesEnded,
                _ => NoData::TooEarly,
            };
            return Err(Missing::because(why));
        }
        // What blocks is gone by now: a stale one is a counter that may have no series in health.
        let has_stale_candidate = known.is_witness_asked && fresh.states.contains(&State::Stale);
        if has_witness && !has_stale_candidate {
            return Ok(outcome);
        }
        if !stands_in && known.is_witness_asked && self.is_heard(tree, fresh, known).await? {
            return Ok(Outcome::FallbackHeard);
        }
        Err(Missing::because(NoData::Unexplained))
    }

    fn has_events(&self, known: &Evidence, least: u64) -> bool {
        known.events.unwrap_or(0.0) >= least.max(1) as f64
    }

    fn too_few(&self, known: &Evidence, least: u64) -> Missing {
        let found = known.events.unwrap_or(0.0);
        let window = self
            .guarded
            .events
            .as_ref()
            .and_then(|events| events.window);
        match found > 0.0 {
            true => Missing::of(words::too_few_events(found, least as f64, window)),
            false => Missing::because(NoData::NoTraffic),
        }
    }

    async fn ask(&self, tree: &Tree, needs: Needs) -> Result<Numbers, Missing> {
        let mut parts = Parts::default();
        if let (true, Some(witness)) = (needs.witness, &tree.witness) {
            parts.push("w", counted(&witness.text));
        }
        if let (Some(_), Some(events)) = (needs.events, &self.guarded.events) {
            parts.push("e", events.expr.as_str());
        }
        self.freshness(tree).ask(&mut parts, needs.witness);
        self.numbers(Request::Evidence, &parts).await
    }

    async fn numbers(&self, what: Request, parts: &Parts) -> Result<Numbers, Missing> {
        if parts.is_empty() {
            return Ok(Numbers::default());
        }
        match self.asker.numbers(what, parts, self.guarded.t).await {
            Ok((_, Some(warning))) => Err(Missing::of(words::partial_answer(&warning))),
            Ok((numbers, None)) => Ok(numbers),
            Err(error) if error.is_unreachable() => {
                Err(Missing::unreachable(self.prepared.host(), &error))
            }
            Err(error) => Err(Missing::of(words::refused(&chain(&error)))),
        }
    }

    /// Whether the exporters of all counters that may have no series in health are there.
    async fn is_heard(
        &self,
        tree: &Tree,
        fresh: &Fresh,
        known: &mut Evidence,
    ) -> Result<bool, Missing> {
        let text = &self.guarded.ask.text;
        let Some(candidates) =
            heard::candidates(text, &tree.expr, &tree.labels, &tree.selected, Some(fresh))
        else {
            return Ok(false);
        };
        let namespace = self
            .guarded
            .namespace
            .as_ref()
            .map(|rule| (rule.label.as_str(), rule.value.as_str()));
        let mut jobs = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            let found = match candidate.look_up(namespace) {
                None => return Ok(false),
                Some(LookUp::Jobs { metric }) => {
                    let found = self.asker.jobs(&metric, self.guarded.t).await;
                    found.map_err(|_| "the server's index cannot be asked for jobs")
                }
                Some(LookUp::Alert { name }) => {
                    let health = self.asker.alert_health(&name).await;
                    let is_healthy = |health: AlertHealth| health.is_healthy.then(Vec::new);
                    health
                        .map(|health| health.and_then(is_healthy))
                        .map_err(|_| "the server has no rules API")
                }
            };
            match found {
                Ok(Some(found)) => jobs.push(found),
                Ok(None) => return Ok(false),
                Err(skipped) => {
                    known.skipped = Some(skipped);
                    return Ok(false);
                }
            }
        }
        let spans: Vec<_> = candidates
            .iter()
            .flat_map(|candidate| candidate.spans(&tree.selected))
            .collect();
        let Some(witness) = witness_with_fallbacks(text, &tree.expr, &tree.labels, &spans) else {
            return Ok(false);
        };
        let range = self.freshness(tree).range();
        let parts = heard::ask(&candidates, &jobs, &witness, range);
        let numbers = self.numbers(Request::Heard, &parts).await?;
        let is_heard = heard::is_heard(&candidates, &numbers);
        if is_heard && let (Some(first), Some(jobs)) = (candidates.first(), jobs.first()) {
            known.heard = Some((first.metric.clone(), jobs.clone()));
        }
        Ok(is_heard)
    }
}
