//! One measurement of a metric: its phase, value and evidence.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

/// The state of a measurement, a metric or a run (`AnalysisPhase` of Argo's API).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Phase {
    /// Not begun; the empty text on the wire.
    #[default]
    Unset,
    /// Begun by the controller, not by a provider.
    Pending,
    /// Not decided yet: `resume_at` says when to ask again.
    Running,
    /// The conditions hold.
    Successful,
    /// The conditions do not hold.
    Failed,
    /// No verdict: the measurement could not be made.
    Error,
    /// Neither condition is met.
    Inconclusive,
    /// A word of a later controller, kept as it came.
    Other(String),
}

impl Phase {
    /// Argo's word for the phase.
    pub fn as_str(&self) -> &str {
        match self {
            Phase::Unset => "",
            Phase::Pending => "Pending",
            Phase::Running => "Running",
            Phase::Successful => "Successful",
            Phase::Failed => "Failed",
            Phase::Error => "Error",
            Phase::Inconclusive => "Inconclusive",
            Phase::Other(word) => word,
        }
    }
}

impl From<&str> for Phase {
    fn from(word: &str) -> Self {
        match word {
            "" => Phase::Unset,
            "Pending" => Phase::Pending,
            "Running" => Phase::Running,
            "Successful" => Phase::Successful,
            "Failed" => Phase::Failed,
            "Error" => Phase::Error,
            "Inconclusive" => Phase::Inconclusive,
            other => Phase::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a provider answers to Run, Resume and Terminate (`Measurement` of Argo's API).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measurement {
    /// The verdict, or `Running`.
    pub phase: Phase,
    /// For people, one line.
    pub message: String,
    /// When the provider began.
    pub started_at: Option<Timestamp>,
    /// When the phase was reached; unset while `Running`.
    pub finished_at: Option<Timestamp>,
    /// The result as the built-in provider writes it: `10`, `[0.12]`.
    pub value: String,
    /// Evidence, and what a waiting measurement must remember.
    pub metadata: BTreeMap<String, String>,
    /// When the controller asks again; always set with `Running`.
    pub resume_at: Option<Timestamp>,
}
