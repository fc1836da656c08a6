//! What lint found as one JSON object, whose form is stable.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::paint::escaped;
use super::secrets::may_be_told;
use super::{Counts, Outcome, Told};
use crate::cli::source::{InputError, Source};
use crate::lint::report::GateReport;
use crate::lint::table::Table;

/// The version of the form.
const VERSION: u32 = 1;

#[derive(serde::Serialize)]
struct Whole<'a> {
    version: u32,
    summary: Counts,
    findings: Vec<Finding<'a>>,
    skipped: Vec<Skipped<'a>>,
    gates: Vec<Gate<'a>>,
    errors: Vec<Error<'a>>,
}

#[derive(serde::Serialize)]
struct Tables<'a> {
    version: u32,
    gates: Vec<Gate<'a>>,
    errors: Vec<Error<'a>>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule: &'a str,
    level: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    file: &'a str,
    resource: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    metrics: &'a [String],
    field: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    span: Bytes,
    fingerprint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Fix<'a>>,
}

#[derive(serde::Serialize)]
struct Bytes {
    start: usize,
    end: usize,
}

#[derive(serde::Serialize)]
struct Fix<'a> {
    safe: bool,
    edits: Vec<Edit<'a>>,
}

#[derive(serde::Serialize)]
struct Edit<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

#[derive(serde::Serialize)]
struct Skipped<'a> {
    rule: &'a str,
    reason: &'a str,
    resource: &'a str,
    metric: Option<&'a str>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Gate<'a> {
    file: &'a str,
    resource: &'a str,
    metric: &'a str,
    class: &'a str,
    verdicts: Verdicts<'a>,
    can_fail: bool,
    can_pass: bool,
    passes_without_data: bool,
}

#[derive(serde::Serialize)]
struct Error<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    message: &'a str,
}

/// In the table's order.
struct Verdicts<'a>(Option<&'a Table>);

impl Serialize for Verdicts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cells = self.0.map_or(&[][..], |table| &table.cells);
        let mut map = serializer.serialize_map(Some(cells.len()))?;
        for cell in cells {
            map.serialize_entry(&cell.key, cell.verdict.as_str())?;
        }
        map.end()
    }
}

/// One object on one line.
pub(in crate::cli) fn json(outcome: &Outcome<'_>) -> String {
    let whole = Whole {
        version: VERSION,
        summary: outcome.counts,
        findings: outcome
            .findings
            .iter()
            .map(|told| finding(outcome, told))
            .collect(),
        skipped: outcome
            .skipped
            .iter()
            .map(|skipped| Skipped {
                rule: skipped.rule,
                reason: &skipped.reason,
                resource: &skipped.subject.resource,
                metric: skipped.subject.metric.as_deref(),
            })
            .collect(),
        gates: gates(outcome.gates, outcome.sources),
        errors: errors(outcome.errors),
    };
    line(&whole)
}

/// The gates alone, as `verdicts` tells them.
pub(in crate::cli) fn tables(
    reports: &[GateReport],
    sources: &[Source],
    unread: &[InputError],
) -> String {
    line(&Tables {
        version: VERSION,
        gates: gates(reports, sources),
        errors: errors(unread),
    })
}

fn line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("keys are texts, numbers are whole");
    format!("{}\n", escaped(&text))
}

fn finding<'a>(outcome: &'a Outcome<'_>, told: &'a Told<'_>) -> Finding<'a> {
    let found = told.finding;
    Finding {
        rule: found.rule,
        level: found.level.as_str(),
        message: &found.message,
        help: found.help.as_deref(),
        file: outcome.name(found.spot.place.file),
        resource: &found.resource,
        namespace: found.namespace.as_deref(),
        metric: found.metric.as_deref(),
        metrics: &found.metrics,
        field: &found.spot.field,
        line: told.start.line,
        column: told.start.column,
        end_line: told.end.line,
        end_column: told.end.column,
        span: Bytes {
            start: found.spot.span.start,
            end: found.spot.span.end,
        },
        fingerprint: &told.fingerprint,
        fix: found
            .fix
            .as_ref()
            .filter(|_| may_be_told(found))
            .map(|fix| Fix {
                safe: fix.is_safe,
                edits: fix
                    .edits
                    .iter()
                    .map(|edit| Edit {
                        start: edit.span.start,
                        end: edit.span.end,
                        text: &edit.text,
                    })
                    .collect(),
            }),
    }
}

fn gates<'a>(reports: &'a [GateReport], sources: &'a [Source]) -> Vec<Gate<'a>> {
    let gate = |report: &'a GateReport| {
        let says = |what: fn(&Table) -> bool| report.table.as_ref().is_some_and(what);
        Gate {
            file: sources.get(report.file).map_or("", |source| &source.name),
            resource: &report.resource,
            metric: &report.metric,
            class: report.class,
            verdicts: Verdicts(report.table.as_ref()),
            can_fail: says(|table| table.can_fail),
            can_pass: says(|table| table.can_pass),
            passes_without_data: says(|table| table.passes_without_data),
        }
    };
    reports.iter().map(gate).collect()
}

fn errors(unread: &[InputError]) -> Vec<Error<'_>> {
    unread
        .iter()
        .map(|error| Error {
            file: &error.file,
            line: error.at.map(|at| at.line),
            column: error.at.map(|at| at.column),
            message: &error.message,
        })
        .collect()
}
