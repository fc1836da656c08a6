//! A look without data into the reason: the questions why, one after the other, within the measurement's time.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::asking::{Asker, week_before};
use super::counters::Request;
use super::ending::{Reason, Stage};
use super::guarded::{Look, Missing};
use super::rails::Tree;
use crate::analysis::measurement::Measurement;
use crate::evidence::cause::{self, Answer, Ask, Known, Question, Subject};
use crate::evidence::fresh::State;
use crate::evidence::outcome::NoData;
use crate::evidence::parts::Parts;
use crate::prometheus::{Data, QueryError};

/// Why there are no data. What is known already is not asked again, and while a wait goes on nothing is asked.
pub(super) async fn why(
    stage: Stage<'_>,
    look: &Look,
    missing: Missing,
    asker: &Asker<'_>,
) -> Reason {
    if let Some(cause) = missing.cause {
        return Reason::of(cause);
    }
    if !stage.asks_why(look)
        && let Some(reason) = stage.waited.and_then(told_before)
    {
        return reason;
    }
    let Some(tree) = &stage.guarded.tree else {
        return Reason::of(Question::new(Known::default()).finish());
    };
    if missing.why == NoData::Filtered {
        return Reason::of(cause::words::filtered(&stage.guarded.ask.text, &tree.expr));
    }
    let mut question = Question::new(known(stage, look, tree));
    while let Some(ask) = question.next() {
        question.answer(answer(&ask, stage.guarded.t, asker).await);
    }
    Reason {
        lag: question.lag(),
        scrape_interval: question.measured_interval(),
        ..Reason::of(question.finish())
    }
}

fn known(stage: Stage<'_>, look: &Look, tree: &Tree) -> Known {
    let guarded = stage.guarded;
    let settings = &stage.prepared.settings;
    let states = look
        .known
        .fresh
        .as_ref()
        .map(|fresh| fresh.states.as_slice())
        .unwrap_or_default();
    let subjects = tree
        .selected
        .iter()
        .enumerate()
        .filter_map(|(index, selected)| {
            let state = states.get(index).copied().unwrap_or(State::NotAsked);
            let subject = Subject::of(&selected.selector, selected.window)?;
            Some(
                subject
                    .at_another_time(selected.has_time)
                    .in_state(said(state)),
            )
        });
    Known {
        witness: tree.evidence.clone(),
        has_witness: look.known.witness.is_some(),
        subjects: subjects.collect(),
        events: guarded
            .events
            .as_ref()
            .map(|events| (events.expr.clone(), events.window)),
        min_events: look.known.least_events.map(|least| least as f64),
        age: guarded.age,
        interval: settings.scrape_interval.or(look.known.scrape_interval),
        delay: settings.delay,
        hash: guarded.canary.as_ref().map(|(_, hash)| hash.clone()),
        // In the template's own namespace, which may be misspelt, what is elsewhere helps.
        within: guarded
            .namespace
            .as_ref()
            .filter(|rule| rule.is_operators)
            .map(|rule| (rule.label.clone(), rule.value.clone())),
    }
}

/// What the questions for fresh data said.
fn said(state: State) -> cause::State {
    match state {
        State::NotAsked => cause::State::NotAsked,
        State::Fresh => cause::State::Fresh,
        State::Absent => cause::State::Absent,
        State::Stale => cause::State::Stale,
        State::Due(series) => cause::State::Due(series),
        State::OnlyStable => cause::State::OnlyStable,
    }
}

/// What the measurement said when it was last looked at.
fn told_before(measurement: &Measurement) -> Option<Reason> {
    let why = NoData::of_word(measurement.metadata.get("outcome")?)?;
    // Each look tells these itself: what the last one said of the server is over.
    if matches!(why, NoData::ServerUnreachable | NoData::PartialAnswer) {
        return None;
    }
    Some(Reason {
        why,
        message: measurement.message.clone(),
        remedy: None,
        lag: Duration::ZERO,
        scrape_interval: None,
    })
}

/// Asks one question; what fails costs only words.
async fn answer(ask: &Ask, t: Timestamp, asker: &Asker<'_>) -> Answer {
    match ask {
        Ask::Query(parts) => match asker.numbers(Request::Cause, &request(parts), t).await {
            Ok((numbers, None)) => Answer::Numbers(
                parts
                    .iter()
                    .filter_map(|(name, _)| Some((name.clone(), numbers.get(name)?)))
                    .collect::<BTreeMap<_, _>>(),
            ),
            Ok((_, Some(_))) => Answer::Failed,
            Err(QueryError::Api(_)) => Answer::Refused,
            Err(_) => Answer::Failed,
        },
        Ask::Plain(text) => match asker
            .series(text.clone(), t)
            .await
            .map(|answer| answer.data)
        {
            Ok(Data::Vector(samples)) => Answer::Labels(
                samples
                    .into_iter()
                    .next()
                    .map(|sample| sample.labels)
                    .unwrap_or_default(),
            ),
            Ok(_) => Answer::Failed,
            Err(QueryError::Api(_)) => Answer::Refused,
            Err(_) => Answer::Failed,
        },
        Ask::Names { matching, limit } => texts(
            asker
                .values("__name__", matching.as_deref(), week_before(t), *limit)
                .await,
        ),
        Ask::Values {
            label,
            matching,
            limit,
        } => texts(
            asker
                .values(label, Some(matching), week_before(t), *limit)
                .await,
        ),
    }
}

fn request(named: &[(String, String)]) -> Parts {
    let mut parts = Parts::default();
    for (name, expr) in named {
        parts.push(name, expr);
    }
    parts
}

fn texts(found: Result<Vec<String>, QueryError>) -> Answer {
    found.map_or(Answer::Failed, Answer::Texts)
}

impl Reason {
    fn of(cause: cause::Cause) -> Self {
        Reason {
            why: cause.outcome,
            message: cause.message,
            remedy: cause.remedy,
            lag: Duration::ZERO,
            scrape_interval: None,
        }
    }
}
