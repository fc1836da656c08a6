//! Queries, one JSON object a line, into what they are, one a line.

use serde_json::{Map, Value, json};

use super::args::{ParseFeatures, ParseOptions};
use super::{Done, ndjson};
use crate::promql::ast::ValueType;
use crate::promql::print::canonical;
use crate::promql::{Features, Options, parse};

/// Answers each line of standard input with the query's type and Prometheus's printing of it, or with its error.
pub(super) fn answer_lines(options: &ParseOptions) -> Done {
    let features = match options.features {
        ParseFeatures::Stock => Features::Stock,
        ParseFeatures::All => Features::All,
    };
    ndjson::answer_lines(
        |asked| answer(asked, features),
        |message| json!({"ok": false, "error": message}),
    )
}

fn answer(asked: &Map<String, Value>, features: Features) -> Result<Value, String> {
    let Some(Value::String(text)) = asked.get("query") else {
        return Err("expected a text under `query`".to_owned());
    };
    let options = Options {
        features,
        ..Options::default()
    };
    Ok(match parse(text, options) {
        Ok(query) => json!({
            "ok": true,
            "type": type_name(query.expr.value_type),
            "canonical": canonical(&query.expr, features),
        }),
        Err(error) => json!({
            "ok": false,
            "error": error.to_string(),
            "span": [error.span.start, error.span.end],
        }),
    })
}

fn type_name(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::Scalar => "scalar",
        ValueType::Vector => "vector",
        ValueType::Matrix => "matrix",
        ValueType::String => "string",
    }
}
