//! Conditions and time expressions, one JSON object a line, into their answers, one a line.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::args::ConditionOptions;
use super::{Done, ndjson};
use crate::condition::{ConditionError, ResultValue, evaluate, evaluate_time};

/// Answers each line of standard input.
pub(super) fn answer_lines(_: &ConditionOptions) -> Done {
    ndjson::answer_lines(
        answer,
        |message| json!({"outcome": "error", "message": message}),
    )
}

fn answer(asked: &Map<String, Value>) -> Result<Value, String> {
    let now = Timestamp::now();
    match (asked.get("condition"), asked.get("time")) {
        (Some(Value::String(text)), None) => {
            let value = asked
                .get("value")
                .ok_or("`value` is missing beside `condition`")?;
            Ok(outcome(evaluate(text, &result_value(value)?, now)))
        }
        (None, Some(Value::String(text))) => Ok(match evaluate_time(text, now) {
            Ok(time) => json!({"time": time.to_string()}),
            Err(error) => json!({"outcome": "error", "message": error.to_string()}),
        }),
        _ => Err("expected a text under `condition` or under `time`".to_owned()),
    }
}

fn outcome(answer: Result<bool, ConditionError>) -> Value {
    match answer {
        Ok(holds) => json!({"outcome": holds.to_string(), "message": ""}),
        Err(error) => {
            let outcome = if error.is_compile() {
                "compile-error"
            } else {
                "run-error"
            };
            json!({"outcome": outcome, "message": error.to_string()})
        }
    }
}

/// `{"vector": [0.5, "NaN"]}`, `{"scalar": 1}`, `{"floatptr": 1}`, `{"json": …}`, `{"nilvector": …}`, `{"nilfloatptr": …}`.
fn result_value(value: &Value) -> Result<ResultValue, String> {
    let problem = || {
        "expected one of `vector`, `scalar`, `floatptr`, `json`, `nilvector`, `nilfloatptr` under `value`".to_owned()
    };
    let Some((kind, content)) = value
        .as_object()
        .filter(|object| object.len() == 1)
        .and_then(|object| object.iter().next())
    else {
        return Err(problem());
    };
    match (kind.as_str(), content) {
        ("vector", Value::Array(items)) => items
            .iter()
            .map(number)
            .collect::<Result<_, _>>()
            .map(ResultValue::Vector),
        ("scalar" | "floatptr", content) => number(content).map(ResultValue::Scalar),
        ("json", content) => Ok(ResultValue::Json(content.clone())),
        ("nilvector", _) => Ok(ResultValue::NilVector),
        ("nilfloatptr", _) => Ok(ResultValue::NilScalar),
        _ => Err(problem()),
    }
}

fn number(value: &Value) -> Result<f64, String> {
    let read = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "+Inf" => Some(f64::INFINITY),
            "-Inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    };
    read.ok_or_else(|| format!("expected a number, `NaN`, `+Inf` or `-Inf`, found `{value}`"))
}
