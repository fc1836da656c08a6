//! Conditions and time expressions, one JSON object a line, into their answers, one a line.

use std::io::{BufRead, Read};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::args::ConditionOptions;
use super::{DONE, Done, IMPOSSIBLE, render};
use crate::condition::{ConditionError, ResultValue, evaluate, evaluate_time};

/// The longest line that is read, in bytes.
const LINE: u64 = 8 << 20;

/// Answers each line of standard input; a line that asks nothing is told, the rest is answered, and the exit code is 2.
pub(super) fn answer_lines(_: &ConditionOptions) -> Done {
    let mut input = std::io::stdin().lock();
    let mut code = DONE;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(code);
        }
        if line.len() as u64 == LINE && !line.ends_with(b"\n") {
            return Err(format!("a line of more than {LINE} bytes").into());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = answer(&line).unwrap_or_else(|message| {
            code = IMPOSSIBLE;
            json!({"outcome": "error", "message": message})
        });
        if render::line(&answer.to_string()).is_err() {
            return Ok(code);
        }
    }
}

fn answer(line: &[u8]) -> Result<Value, String> {
    let asked: Map<String, Value> = serde_json::from_slice(line)
        .map_err(|error| format!("expected one JSON object a line: {error}"))?;
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
