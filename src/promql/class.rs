//! A query into what it judges: a share of failures, a latency, traffic.

use crate::promql::ast::Expr;
use crate::promql::outcome::Labels;

/// What a gate judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Failures over all.
    FailureShare,
    /// A number or rate of failures.
    FailureCount,
    /// Successes over all.
    SuccessShare,
    /// How long it takes.
    Latency,
    /// Whether pods are ready.
    Readiness,
    /// How much traffic there is.
    Traffic,
    /// None of these.
    Unknown,
}

impl Class {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::FailureShare => "failure share",
            Class::FailureCount => "failure count",
            Class::SuccessShare => "success share",
            Class::Latency => "latency",
            Class::Readiness => "readiness",
            Class::Traffic => "traffic",
            Class::Unknown => "unknown",
        }
    }
}

/// A class, and whether it is more than a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classified {
    /// The class.
    pub class: Class,
    /// Whether it is more than a guess.
    pub sure: bool,
}

/// What a query judges.
pub fn class(_expr: &Expr, _labels: &Labels) -> Classified {
    Classified {
        class: Class::Unknown,
        sure: false,
    }
}
