//! What was found out into a measurement's phase, value, message and metadata: bounded, secrets hidden.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Map;

use super::counters::Tally;
use super::error::AttemptError;
use super::secrets::secrets_of;
use super::wording::Wording;
use crate::analysis::measurement::Phase;
use crate::analysis::metric::Metric;
use crate::analysis::secrets::Mask;
use crate::analysis::settings::{Guard, Settings};
use crate::evidence::outcome::{Outcome, Refusal};
use crate::text::chain::{bounded, chain};

/// Bytes of the query in a measurement's metadata; all entries together stay below 8 KiB.
const QUERY: usize = 2 << 10;

/// Bytes of any other entry.
const ENTRY: usize = 1 << 10;

/// What is longer is cut before secrets are hidden in it, or hiding would take long: texts may have mebibytes.
const READ: usize = 16 << 10;

/// A measurement in the making: what is known when it ends, well or not.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    pub(super) phase: Phase,
    pub(super) message: String,
    pub(super) value: String,
    pub(super) metadata: BTreeMap<String, String>,
    /// With `Running`: when to ask again.
    pub(super) resume_at: Option<Timestamp>,
    /// What is counted of it.
    pub(super) tally: Option<Tally>,
}

impl Attempt {
    /// An Error of ours.
    pub(super) fn error(message: String) -> Self {
        Attempt {
            phase: Phase::Error,
            message,
            ..Attempt::default()
        }
    }

    /// What a call that ran out of its time says.
    pub(super) fn late(timeout: Duration, guard: Guard) -> Self {
        let message = format!(
            "the measurement took longer than its timeout of {} s",
            timeout.as_secs_f64()
        );
        Attempt::refused(message, guard, Refusal::Server)
    }

    /// An Error of ours, of which enforce says what refused.
    fn refused(message: String, guard: Guard, refusal: Refusal) -> Self {
        let outcome = Outcome::Error(refusal);
        let attempt = Attempt::error(message).counts(Tally::of(guard, outcome));
        match guard {
            Guard::Enforce => attempt.own("outcome", outcome.as_str()),
            Guard::Observe | Guard::Off => attempt,
        }
    }

    /// Adds the query that was sent; it keeps its lines.
    pub(super) fn query(mut self, text: &str, mask: &Mask) -> Self {
        self.note("ResolvedPrometheusQuery", hidden_text(text, mask));
        self
    }

    /// Adds texts of the server as the built-in provider writes warnings: `"one", "two"`.
    pub(super) fn quoted(mut self, key: &str, texts: &[String], mask: &Mask) -> Self {
        let mut quoted = String::new();
        for text in texts {
            if quoted.len() > ENTRY {
                break;
            }
            if !quoted.is_empty() {
                quoted.push_str(", ");
            }
            quoted.push_str(&format!("\"{}\"", mask.hide(&bounded(text, READ))));
        }
        self.note(key, bounded(&quoted, ENTRY));
        self
    }

    /// Adds lines that may hold texts of the template.
    pub(super) fn lines(mut self, key: &str, lines: &[String], mask: &Mask) -> Self {
        let text = bounded(&lines.join("\n"), READ);
        self.note(key, bounded(&mask.hide_in_message(&text), ENTRY));
        self
    }

    /// Adds words of ours.
    pub(super) fn own(mut self, key: &str, text: impl Into<String>) -> Self {
        self.note(key, text.into());
        self
    }

    /// Says what is counted of it.
    pub(super) fn counts(self, tally: Tally) -> Self {
        Attempt {
            tally: Some(tally),
            ..self
        }
    }

    fn note(&mut self, key: &str, text: String) {
        if !text.is_empty() {
            self.metadata.insert(key.to_owned(), text);
        }
    }
}

impl AttemptError {
    /// An Error measurement; where the guard rails hold it says what refused.
    pub(super) fn attempt(&self, mask: &Mask, guard: Guard) -> Attempt {
        let message = Wording::of_others(&chain(self)).line(mask);
        let mut attempt = Attempt::refused(message, guard, self.refusal());
        if let (Some(tally), AttemptError::Lint(finding)) = (&mut attempt.tally, self) {
            tally.denied.push(finding.clone());
        }
        attempt
    }
}

fn hidden_text(text: &str, mask: &Mask) -> String {
    bounded(&mask.hide(&bounded(text, READ)), QUERY)
}

/// A metric's query for `GetMetadata`, where there is no run to fill placeholders from; `seen` are secrets of Runs.
pub(super) fn query_of(metric: &Metric, seen: impl IntoIterator<Item = String>) -> Option<String> {
    let settings = Settings::of(metric, &Map::new()).ok()?;
    let mut secrets = secrets_of(&settings, settings.address.as_ref());
    secrets.extend(seen);
    Some(hidden_text(
        &settings.query,
        &Mask::new(secrets.iter().map(String::as_str)),
    ))
}
