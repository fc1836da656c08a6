//! An analysis at its end into the JSON that programs read; its form is stable.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::board::{Board, Standing};
use super::follow::Weight;
use super::table::assessed;
use crate::analysis::measurement::{Measurement, Phase};

/// One object.
pub(super) fn json(board: &Board) -> Value {
    let worst = board.worst();
    let phase = worst.map_or(&Phase::Successful, |worst| worst.phase());
    let message = worst.map(assessed).unwrap_or_default();
    let metrics: Vec<Value> = board.metrics.iter().map(metric).collect();
    json!({"resource": board.resource, "phase": phase.as_str(), "message": message, "metrics": metrics})
}

fn metric(standing: &Standing) -> Value {
    let measurements: Vec<Value> = standing.measurements.iter().map(measurement).collect();
    let mut told = json!({
        "metric": standing.name,
        "phase": standing.phase().as_str(),
        "message": standing.message(),
        "measurements": measurements,
    });
    if standing.weight == Weight::Dry {
        told["dryRun"] = Value::Bool(true);
    }
    told
}

fn measurement(one: &Measurement) -> Value {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    json!({
        "phase": one.phase.as_str(),
        "message": one.message,
        "value": one.value,
        "metadata": one.metadata,
        "startedAt": time(one.started_at),
        "finishedAt": time(one.finished_at),
    })
}
