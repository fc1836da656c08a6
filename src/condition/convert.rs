//! What a provider measured into values of a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ResultValue;
use super::budget::{Fault, Ran};
use super::limits;
use super::value::{Items, Key, List, Map, MapKind, Value};

/// The value of `result`.
pub(super) fn result(result: &ResultValue) -> Ran<Value> {
    match result {
        ResultValue::Vector(values) => List::value(Items::Floats(values.clone())),
        ResultValue::Scalar(x) => Ok(Value::Float(*x)),
        ResultValue::NilVector | ResultValue::NilScalar => Ok(Value::Nil),
        ResultValue::Json(json) => self::json(json),
    }
}

/// JSON as Go's `encoding/json` decodes it into `any`: every number a float64.
pub(super) fn json(json: &serde_json::Value) -> Ran<Value> {
    nested(json, 0)
}

fn nested(json: &serde_json::Value, depth: u16) -> Ran<Value> {
    if depth > limits::VALUE_DEPTH {
        let most = limits::VALUE_DEPTH;
        return Err(Fault::new(format!("JSON nests deeper than {most} levels")));
    }
    Ok(match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::text(text),
        serde_json::Value::Array(values) => {
            let mut list = Vec::with_capacity(values.len());
            for value in values {
                list.push(nested(value, depth + 1)?);
            }
            Value::list(list)?
        }
        serde_json::Value::Object(fields) => {
            let mut entries = BTreeMap::new();
            for (name, value) in fields {
                let key = Key::Text(Arc::from(name.as_bytes()));
                entries.insert(key, nested(value, depth + 1)?);
            }
            Map::value(MapKind::Text, entries)?
        }
    })
}
