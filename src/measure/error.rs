//! Why a measurement is an Error.

use crate::analysis::settings::fields::{Complaint, joined};
use crate::condition::ConditionError;
use crate::evidence::outcome::Refusal;
use crate::evidence::text::TextError;
use crate::prometheus::QueryError;
use crate::promql::placeholder::PlaceholderError;
use crate::text::duration::DurationError;

use super::reading::ReadingError;
use super::server::ServerError;

/// Why there is no answer to judge.
#[derive(Debug, thiserror::Error)]
pub(super) enum AttemptError {
    #[error("settings: {}", joined(.0))]
    Settings(Vec<Complaint>),
    #[error("settings: {}", joined(.0))]
    Policy(Vec<Complaint>),
    #[error(
        "prometheus address is not configured; set `address`, or ask the operator for a default in the policy or in ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"
    )]
    NoAddress,
    #[error("the default address of ARGO_ROLLOUTS_PROMETHEUS_ADDRESS: {0}")]
    DefaultAddress(String),
    #[error("`{field}`")]
    Placeholder {
        field: &'static str,
        #[source]
        cause: PlaceholderError,
    },
    #[error("failed to parse rangeQuery.{field} as time")]
    RangeTime {
        field: &'static str,
        #[source]
        cause: ConditionError,
    },
    #[error("failed to parse rangeQuery.step as duration")]
    RangeStep(#[source] DurationError),
    #[error("{0}")]
    Lint(String),
    #[error("`{field}`")]
    Text {
        field: &'static str,
        #[source]
        cause: TextError,
    },
    #[error(
        "`{field}`: a selector does not ask for {label}=\"{value}\", which the operator's policy requires; add `{label}=\"{value}\"` to every selector"
    )]
    Unpinned {
        field: &'static str,
        label: String,
        value: String,
    },
    #[error(
        "settings: `minEvents`: what counts as an event cannot be told from this query; set `eventsQuery`"
    )]
    NoEvents,
    #[error(
        "settings: `eventsQuery`: it counts events where there are no data; count what a selector takes, without a fallback"
    )]
    ConstantEvents,
    #[error(transparent)]
    Server(ServerError),
    #[error(transparent)]
    Query(QueryError),
    #[error(transparent)]
    Reading(ReadingError),
    #[error(
        "the answer has {found} series, `series` asks for {expected}; aggregate the query, or change `series`"
    )]
    Series { found: usize, expected: String },
    #[error(
        "the value of {found} bytes is past the limit of {limit}; aggregate the query to fewer series"
    )]
    Value { found: usize, limit: usize },
    #[error("judge the answer: {0}")]
    Judge(String),
}

impl AttemptError {
    /// What refused.
    pub(super) fn refusal(&self) -> Refusal {
        match self {
            AttemptError::Settings(_)
            | AttemptError::NoAddress
            | AttemptError::DefaultAddress(_)
            | AttemptError::Placeholder { .. }
            | AttemptError::RangeTime { .. }
            | AttemptError::RangeStep(_)
            | AttemptError::NoEvents
            | AttemptError::ConstantEvents => Refusal::Settings,
            AttemptError::Policy(_) => Refusal::Policy,
            AttemptError::Lint(_) => Refusal::Lint,
            AttemptError::Unpinned { .. } => Refusal::Namespace,
            AttemptError::Text { cause, .. } => match cause {
                TextError::Conflict(_) => Refusal::Namespace,
                _ => Refusal::Query,
            },
            AttemptError::Server(_) => Refusal::Server,
            AttemptError::Reading(_) | AttemptError::Series { .. } => Refusal::ResultType,
            AttemptError::Value { .. } => Refusal::Limit,
            AttemptError::Judge(_) => Refusal::Condition,
            AttemptError::Query(error) => match error {
                QueryError::TooLarge { .. } => Refusal::Limit,
                QueryError::NativeHistogram => Refusal::ResultType,
                QueryError::Api(_) => Refusal::Query,
                QueryError::Denied { .. } | QueryError::Scheme { .. } => Refusal::Policy,
                _ => Refusal::Server,
            },
        }
    }
}
