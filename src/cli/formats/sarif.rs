//! What lint found as SARIF 2.1.0, the form that code scanners' pages read (OASIS, `sarif-v2.1.0`).
//!
//! Of the rules those that spoke are described. Only safe fixes are given, as a reader may apply what it is given.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::page::body;
use super::paint::escaped;
use super::secrets::may_be_told;
use super::{Outcome, Told};
use crate::cli::source::Source;
use crate::lint::finding::Fix;
use crate::lint::level::Level;
use crate::lint::rule::Rule;
use crate::text::span::Span;

/// The specification's own schema.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name of our fingerprint, with its version.
const FINGERPRINT: &str = "promqlGuard/v1";

/// One run on one line.
pub(in crate::cli) fn sarif(outcome: &Outcome<'_>) -> String {
    let mut indices: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rules = Vec::new();
    for told in &outcome.findings {
        let name = told.finding.rule;
        let known = outcome.rules.iter().find(|rule| rule.name == name);
        if let (Some(rule), false) = (known, indices.contains_key(name)) {
            indices.insert(name, rules.len());
            rules.push(descriptor(rule));
        }
    }
    let results: Vec<Value> = outcome
        .findings
        .iter()
        .map(|told| result(outcome, told, indices.get(told.finding.rule).copied()))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "promql-guard",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "invocations": [invocation(outcome)],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{}\n", escaped(&log.to_string()))
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Info => "note",
    }
}

fn descriptor(rule: &Rule) -> Value {
    let highest = rule.levels.iter().max().copied().unwrap_or(Level::Warn);
    let help = body(rule);
    json!({
        "id": rule.name,
        "shortDescription": {"text": rule.summary},
        "help": {"text": help, "markdown": help},
        "defaultConfiguration": {"level": level(highest)},
    })
}

fn invocation(outcome: &Outcome<'_>) -> Value {
    let notifications: Vec<Value> = outcome
        .errors
        .iter()
        .map(|error| {
            let mut location = json!({"artifactLocation": {"uri": super::uri(&error.file)}});
            if let Some(at) = error.at {
                location["region"] = json!({"startLine": at.line, "startColumn": at.column});
            }
            json!({
                "level": "error",
                "message": {"text": error.message},
                "locations": [{"physicalLocation": location}],
            })
        })
        .collect();
    json!({
        "executionSuccessful": outcome.errors.is_empty(),
        "toolExecutionNotifications": notifications,
    })
}

fn result(outcome: &Outcome<'_>, told: &Told<'_>, rule: Option<usize>) -> Value {
    let found = told.finding;
    let file = found.spot.place.file;
    let text = match &found.help {
        Some(help) => format!("{}; {help}", found.message),
        None => found.message.clone(),
    };
    let metric = found.metric.iter().map(|name| format!("/{name}"));
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(found.rule));
    if let Some(rule) = rule {
        result.insert("ruleIndex".to_owned(), json!(rule));
    }
    result.insert("level".to_owned(), json!(level(found.level)));
    result.insert("message".to_owned(), json!({"text": text}));
    let location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": outcome.uri(file)},
            "region": {
                "startLine": told.start.line,
                "startColumn": told.start.column,
                "endLine": told.end.line,
                "endColumn": told.end.column,
            },
        },
        "logicalLocations": [{
            "fullyQualifiedName": format!("{}{}", found.resource, metric.collect::<String>()),
            "kind": "object",
        }],
    });
    result.insert("locations".to_owned(), json!([location]));
    result.insert(
        "partialFingerprints".to_owned(),
        json!({FINGERPRINT: told.fingerprint}),
    );
    let source = outcome.sources.get(file);
    let fix = found
        .fix
        .as_ref()
        .filter(|fix| fix.is_safe && may_be_told(found));
    if let (Some(fix), Some(source)) = (fix, source) {
        result.insert("fixes".to_owned(), json!([edits(fix, source)]));
    }
    Value::Object(result)
}

fn edits(fix: &Fix, source: &Source) -> Value {
    let region = |span: Span| {
        let (start, end) = (source.line_column(span.start), source.line_column(span.end));
        json!({
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        })
    };
    let replacements: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| json!({"deletedRegion": region(edit.span), "insertedContent": {"text": edit.text}}))
        .collect();
    json!({"artifactChanges": [{
        "artifactLocation": {"uri": super::uri(&source.name)},
        "replacements": replacements,
    }]})
}
