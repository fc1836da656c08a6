//! A look at the data into how the measurement ends, or goes on waiting.

use std::time::Duration;

use jiff::Timestamp;

use super::attempt::Attempt;
use super::counters::Tally;
use super::guarded::Look;
use super::no_data::{Case, SCRAPE_INTERVAL, Step, Waiting, inconclusive_passes, step, usual_wait};
use super::prepare::Prepared;
use super::rails::Guarded;
use super::wording::Wording;
use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::Metric;
use crate::analysis::secrets::Mask;
use crate::analysis::settings::{self, Guard};
use crate::evidence::cause::words::{
    INITIALISE, PROMOTE, SERVER, fallback_heard, fallback_on_data,
};
use crate::evidence::fresh::Fresh;
use crate::evidence::outcome::{NoData, Outcome, Refusal};
use crate::text::duration::go_duration;

/// What a measurement came to, with the words of others as they came.
pub(super) struct Ending {
    pub(super) phase: Phase,
    pub(super) outcome: Outcome,
    pub(super) message: Wording,
    value: String,
    evidence: Wording,
    waiting: Option<(Waiting, Timestamp)>,
    /// How long it would have waited first.
    pub(super) after: Option<Duration>,
    warnings: Vec<String>,
    infos: Vec<String>,
}

/// Why there are no data, in the words of others.
#[derive(Debug, Clone)]
pub(super) struct Reason {
    pub(super) why: NoData,
    pub(super) message: String,
    pub(super) remedy: Option<String>,
    /// How old the newest sample of the server is, where that is too old.
    pub(super) lag: Duration,
    /// Measured on the samples.
    pub(super) scrape_interval: Option<Duration>,
}

/// A measurement that is being made.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    pub(super) metric: &'a Metric,
    pub(super) prepared: &'a Prepared,
    pub(super) guarded: &'a Guarded,
    /// The waiting measurement that this goes on with.
    pub(super) waited: Option<&'a Measurement>,
    /// The metric's last measurement was an Error.
    pub(super) follows_error: bool,
    /// Nothing is waited for: what would come in the end is asked.
    pub(super) is_rehearsal: bool,
}

impl Stage<'_> {
    /// The longest wait.
    fn longest(&self, look: &Look, reason: Option<&Reason>) -> Duration {
        let settings = &self.prepared.settings;
        settings.no_data_for.unwrap_or_else(|| {
            let interval = settings
                .scrape_interval
                .or(look.known.scrape_interval)
                .or(reason.and_then(|reason| reason.scrape_interval))
                .unwrap_or(SCRAPE_INTERVAL);
            usual_wait(
                interval,
                settings.delay,
                reason.map_or(Duration::ZERO, |reason| reason.lag),
            )
        })
    }

    fn no_data(&self) -> settings::NoData {
        self.prepared
            .settings
            .no_data
            .unwrap_or(settings::NoData::Wait)
    }

    /// The wait that goes on, and whether it is over.
    fn waiting(&self, look: &Look, reason: Option<&Reason>) -> (Waiting, bool) {
        let (now, longest) = (self.prepared.now, self.longest(look, reason));
        match self.waited {
            Some(measurement) => {
                let waiting = Waiting::read(measurement, now, longest);
                (waiting, waiting.is_over(now))
            }
            None => (Waiting::begun(now, longest), false),
        }
    }

    /// Whether the reason is worth finding out: a wait begins or ends, or there is none.
    pub(super) fn asks_why(&self, look: &Look) -> bool {
        let goes_on = self.waited.is_some() && self.no_data() == settings::NoData::Wait;
        !goes_on || self.waiting(look, None).1
    }

    /// How it ends where it rests on data, or is refused by its conditions.
    pub(super) fn with_data(&self, look: Look, outcome: Outcome) -> Ending {
        let (phase, message) = match look.verdict.clone() {
            Some(verdict) => (verdict.phase, verdict.message),
            None => (Phase::Error, Wording::default()),
        };
        let outcome = match phase {
            Phase::Error => Outcome::Error(Refusal::Condition),
            _ => outcome,
        };
        Ending {
            evidence: evidence(&look, outcome, self.guarded),
            phase,
            outcome,
            message,
            value: look.value,
            waiting: None,
            after: None,
            warnings: look.warnings,
            infos: look.infos,
        }
    }

    /// How it ends, or goes on, without data.
    pub(super) fn without_data(&self, look: Look, reason: &Reason) -> Ending {
        let (waiting, is_over) = self.waiting(&look, Some(reason));
        let is_unreachable = reason.why == NoData::ServerUnreachable;
        let is_hopeless = is_unreachable && self.follows_error && self.waited.is_none();
        let case = Case {
            no_data: self.no_data(),
            metric: self.metric,
            is_over: is_over || is_hopeless || self.is_rehearsal,
            verdict: look.silent_verdict.clone(),
            is_unreachable,
        };
        let step = step(&case);
        let now = self.prepared.now;
        let mut message = told(reason);
        if is_unreachable {
            if self.waited.is_some() {
                let waited = now.duration_since(waiting.since).as_secs().max(0);
                message = message.own(&format!(
                    ", for {}",
                    go_duration(waited.saturating_mul(1_000_000_000))
                ));
            }
            message = message.own(&format!("; {SERVER}"));
        }
        let (phase, message) = match step {
            Step::Wait => (Phase::Running, message),
            Step::Judge => match look.verdict.clone() {
                Some(verdict) => (verdict.phase, verdict.message),
                None => (Phase::Error, message),
            },
            Step::End(phase) => {
                let message = self.ended(&phase, message, &look, is_unreachable);
                (phase, message)
            }
        };
        let waits = phase == Phase::Running;
        Ending {
            evidence: evidence(&look, Outcome::NoData(reason.why), self.guarded),
            waiting: waits.then(|| (waiting, waiting.resume_at(now, &self.metric.interval))),
            after: (self.no_data() == settings::NoData::Wait && !is_hopeless)
                .then(|| self.longest(&look, Some(reason))),
            phase,
            outcome: Outcome::NoData(reason.why),
            message,
            value: look.value,
            warnings: look.warnings,
            infos: look.infos,
        }
    }

    fn ended(&self, phase: &Phase, message: Wording, look: &Look, is_unreachable: bool) -> Wording {
        match (phase, &look.verdict) {
            (Phase::Inconclusive, _) => message.own(&format!("; {PROMOTE}")),
            (Phase::Failed, Some(verdict)) if look.silent_verdict == Some(Phase::Failed) && self.no_data() == settings::NoData::Wait => {
                message.own("; ").then(verdict.message.clone())
            }
            (Phase::Error, _) if !is_unreachable && self.no_data() != settings::NoData::Error && inconclusive_passes(self.metric) => message.own(
                "; an Error, as inconclusiveLimit lets the metric pass with Inconclusive measurements alone",
            ),
            _ => message,
        }
    }
}

impl Ending {
    /// The measurement.
    pub(super) fn attempt(self, guarded: &Guarded, mask: &Mask) -> Attempt {
        let mut attempt = Attempt {
            phase: self.phase,
            message: self.message.line(mask),
            value: self.value,
            resume_at: self.waiting.map(|(_, at)| at),
            ..Attempt::default()
        }
        .query(&guarded.ask.text, mask)
        .own("outcome", self.outcome.as_str())
        .counts(Tally {
            warned: guarded.warnings.clone(),
            ..Tally::of(Guard::Enforce, self.outcome)
        })
        .own("evidence", self.evidence.line(mask))
        .lines("findings", &guarded.warnings, mask)
        .quoted("warnings", &self.warnings, mask)
        .quoted("infos", &self.infos, mask);
        if let Some((waiting, _)) = self.waiting {
            waiting.note(&mut attempt.metadata);
        }
        attempt
    }
}

fn told(reason: &Reason) -> Wording {
    let message = Wording::default().foreign(&reason.message);
    match &reason.remedy {
        Some(remedy) => message.own("; ").foreign(remedy),
        None => message,
    }
}

/// `witness 1, fresh 2 of 2, 3000 events in 5m, 1 request more`, and whose answer it is.
fn evidence(look: &Look, outcome: Outcome, guarded: &Guarded) -> Wording {
    let known = &look.known;
    let mut said = Wording::default();
    let mut add = |words: Wording| {
        let separator = if said == Wording::default() { "" } else { ", " };
        said = std::mem::take(&mut said).own(separator).then(words);
    };
    let own = |text: &str| Wording::default().own(text);
    if known.is_witness_asked {
        add(match known.witness {
            Some(series) => own(&format!("witness {series}")),
            None => own("no witness"),
        });
    }
    let (fresh, asked) = known.fresh.as_ref().map_or((0, 0), Fresh::count);
    if asked > 0 {
        add(own(&format!("fresh {fresh} of {asked}")));
    }
    if let (Some(_), Some(events)) = (known.least_events, &guarded.events) {
        let count = known.events.unwrap_or(0.0);
        let window = match events.window_text.as_str() {
            "" => String::new(),
            window => format!(" in {window}"),
        };
        add(own(&format!("{count:.0} events{window}")));
    }
    match known.requests.saturating_sub(1) {
        0 => {}
        1 => add(own("1 request more")),
        more => add(own(&format!("{more} requests more"))),
    }
    if outcome == Outcome::FallbackOnData && known.is_fallback {
        add(own(&fallback_on_data(&look.value)));
    }
    if let Some((metric, jobs)) = &known.heard {
        let heard = Wording::of_others(&fallback_heard(metric, jobs));
        add(heard.own(&format!("; {INITIALISE}")));
    }
    if let Some(skipped) = known.skipped {
        add(own(&format!("skipped: {skipped}")));
    }
    said
}
