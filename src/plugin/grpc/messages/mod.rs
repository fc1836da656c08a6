//! The messages of `metric_provider.proto` into Argo's values, and measurements back.
//!
//! Absent parts read as empty ones, as everywhere in protobuf; only a run is told apart from none.

use jiff::Timestamp;

use super::wire::promqlguard as wire;
use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::{Metric, int_value};
use crate::analysis::run::{AnalysisRun, Argument, Owner};

/// A message that says what no value of Argo's can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(super) enum MessageError {
    /// Seconds since 1970 beyond the calendar, or nanoseconds of more than a second.
    #[error(
        "read `{field}`: {seconds} s and {nanos} ns since 1970, expected a time in the years -9999 to 9999"
    )]
    Time {
        field: &'static str,
        seconds: i64,
        nanos: i32,
    },
}

/// The run of a call, or none.
pub(super) fn run(message: Option<wire::AnalysisRun>) -> Result<Option<AnalysisRun>, MessageError> {
    let Some(message) = message else {
        return Ok(None);
    };
    let metadata = message.metadata.unwrap_or_default();
    let spec = message.spec.unwrap_or_default();
    let status = message.status.unwrap_or_default();
    Ok(Some(AnalysisRun {
        name: metadata.name,
        namespace: metadata.namespace,
        labels: metadata.labels,
        annotations: metadata.annotations,
        owners: metadata.owner_references.into_iter().map(owner).collect(),
        created_at: time("metadata.creationTimestamp", metadata.creation_timestamp)?,
        started_at: time("status.startedAt", status.started_at)?,
        args: spec.args.into_iter().map(argument).collect(),
        dry_run: spec
            .dry_run
            .into_iter()
            .map(|one| one.metric_name)
            .collect(),
        last_phases: status
            .metric_results
            .into_iter()
            .filter_map(last_phase)
            .collect(),
    }))
}

/// The metric's name and the phase of its newest measurement.
fn last_phase(message: wire::MetricResult) -> Option<(String, Phase)> {
    let newest = message.measurements.last()?;
    Some((message.name, Phase::from(newest.phase.as_str())))
}

fn owner(message: wire::OwnerReference) -> Owner {
    Owner {
        kind: message.kind,
        name: message.name,
    }
}

fn argument(message: wire::Argument) -> Argument {
    let source = message.value_from.unwrap_or_default();
    Argument {
        name: message.name,
        value: message.value,
        secret: source.secret_key_ref.is_some(),
    }
}

/// The metric of a call; none is an empty one.
pub(super) fn metric(message: Option<wire::Metric>) -> Metric {
    let message = message.unwrap_or_default();
    let provider = message.provider.unwrap_or_default();
    Metric {
        name: message.name,
        interval: message.interval,
        initial_delay: message.initial_delay,
        count: message.count.map(integer),
        success_condition: message.success_condition,
        failure_condition: message.failure_condition,
        failure_limit: message.failure_limit.map(integer),
        inconclusive_limit: message.inconclusive_limit.map(integer),
        consecutive_error_limit: message.consecutive_error_limit.map(integer),
        consecutive_success_limit: message.consecutive_success_limit.map(integer),
        plugins: provider.plugin.into_iter().collect(),
    }
}

/// `IntOrString.IntValue`.
fn integer(message: wire::IntOrString) -> i64 {
    const STRING: i64 = 1;
    match message.r#type {
        STRING => int_value(&message.str_val),
        _ => message.int_val.into(),
    }
}

/// The measurement that a call goes on with; none is an empty one.
pub(super) fn measurement(message: Option<wire::Measurement>) -> Result<Measurement, MessageError> {
    let message = message.unwrap_or_default();
    Ok(Measurement {
        phase: Phase::from(message.phase.as_str()),
        message: message.message,
        started_at: time("measurement.startedAt", message.started_at)?,
        finished_at: time("measurement.finishedAt", message.finished_at)?,
        value: message.value,
        metadata: message.metadata,
        resume_at: time("measurement.resumeAt", message.resume_at)?,
    })
}

impl From<Measurement> for wire::Measurement {
    fn from(measurement: Measurement) -> Self {
        wire::Measurement {
            phase: measurement.phase.as_str().to_owned(),
            message: measurement.message,
            started_at: measurement.started_at.map(wire::Time::from),
            finished_at: measurement.finished_at.map(wire::Time::from),
            value: measurement.value,
            metadata: measurement.metadata,
            resume_at: measurement.resume_at.map(wire::Time::from),
        }
    }
}

/// The zero time is a message without fields (`Time.Marshal` of apimachinery's `time_proto.go`), which is no time;
/// 1970 has its seconds written.
fn time(
    field: &'static str,
    message: Option<wire::Time>,
) -> Result<Option<Timestamp>, MessageError> {
    let Some(wire::Time {
        seconds: Some(seconds),
        nanos,
    }) = message
    else {
        return Ok(None);
    };
    Timestamp::new(seconds, nanos)
        .map(Some)
        .map_err(|_| MessageError::Time {
            field,
            seconds,
            nanos,
        })
}

impl From<Timestamp> for wire::Time {
    /// Nanoseconds count forward, before 1970 too; jiff's have the sign of the seconds.
    fn from(time: Timestamp) -> Self {
        let (seconds, nanos) = match time.subsec_nanosecond() {
            nanos @ ..0 => (time.as_second() - 1, nanos + 1_000_000_000),
            nanos => (time.as_second(), nanos),
        };
        wire::Time {
            seconds: Some(seconds),
            nanos,
        }
    }
}

#[cfg(test)]
mod tests;
