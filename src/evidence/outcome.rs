//! What a measurement rests on: a closed list of words.

use std::fmt;

/// What a measurement rests on, in the metadata `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The answer itself.
    Data,
    /// The query's fallback; data stand behind it.
    FallbackOnData,
    /// The query's fallback; the exporter was heard.
    FallbackHeard,
    /// Nothing, and why.
    NoData(NoData),
    /// The measurement could not be made, and what refused it.
    Error(Refusal),
    /// Ended while it waited.
    Terminated,
}

/// Why there are no data; the first that holds is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words say it")]
pub enum NoData {
    ServerUnreachable,
    PartialAnswer,
    MetricUnknown,
    LabelValueUnknown,
    ServerLags,
    TargetDown,
    SeriesEnded,
    TooEarly,
    OneSample,
    NoTraffic,
    NoMatch,
    TooFewEvents,
    Filtered,
    Unexplained,
}

/// What refused to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Refusal {
    Settings,
    Policy,
    Namespace,
    Lint,
    Query,
    Condition,
    Limit,
    Server,
    ResultType,
}

/// All of them, in their order.
pub const NO_DATA: [NoData; 14] = [
    NoData::ServerUnreachable,
    NoData::PartialAnswer,
    NoData::MetricUnknown,
    NoData::LabelValueUnknown,
    NoData::ServerLags,
    NoData::TargetDown,
    NoData::SeriesEnded,
    NoData::TooEarly,
    NoData::OneSample,
    NoData::NoTraffic,
    NoData::NoMatch,
    NoData::TooFewEvents,
    NoData::Filtered,
    NoData::Unexplained,
];

/// All of them.
pub const REFUSALS: [Refusal; 9] = [
    Refusal::Settings,
    Refusal::Policy,
    Refusal::Namespace,
    Refusal::Lint,
    Refusal::Query,
    Refusal::Condition,
    Refusal::Limit,
    Refusal::Server,
    Refusal::ResultType,
];

impl NoData {
    /// The reason that an outcome's word names.
    pub fn of_word(word: &str) -> Option<Self> {
        NO_DATA
            .into_iter()
            .find(|why| Outcome::NoData(*why).as_str() == word)
    }
}

impl Outcome {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Data => "data",
            Outcome::FallbackOnData => "fallback-on-data",
            Outcome::FallbackHeard => "fallback-heard",
            Outcome::Terminated => "terminated",
            Outcome::NoData(why) => match why {
                NoData::ServerUnreachable => "no-data/server-unreachable",
                NoData::PartialAnswer => "no-data/partial-answer",
                NoData::MetricUnknown => "no-data/metric-unknown",
                NoData::LabelValueUnknown => "no-data/label-value-unknown",
                NoData::ServerLags => "no-data/server-lags",
                NoData::TargetDown => "no-data/target-down",
                NoData::SeriesEnded => "no-data/series-ended",
                NoData::TooEarly => "no-data/too-early",
                NoData::OneSample => "no-data/one-sample",
                NoData::NoTraffic => "no-data/no-traffic",
                NoData::NoMatch => "no-data/no-match",
                NoData::TooFewEvents => "no-data/too-few-events",
                NoData::Filtered => "no-data/filtered",
                NoData::Unexplained => "no-data/unexplained",
            },
            Outcome::Error(what) => match what {
                Refusal::Settings => "error/settings",
                Refusal::Policy => "error/policy",
                Refusal::Namespace => "error/namespace",
                Refusal::Lint => "error/lint",
                Refusal::Query => "error/query",
                Refusal::Condition => "error/condition",
                Refusal::Limit => "error/limit",
                Refusal::Server => "error/server",
                Refusal::ResultType => "error/result-type",
            },
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
