//! What lint found as GitHub's workflow commands, which become annotations of the lines in a pull request.
//!
//! The escapes are those of GitHub's runner (`actions/toolkit`, `packages/core/src/command.ts`): `%`, CR and LF everywhere,
//! `:` and `,` in properties too.

use super::human::Detail;
use super::paint::visible;
use super::{Outcome, Told};
use crate::cli::source::InputError;
use crate::lint::level::Level;

/// One line a finding and a thing that could not be read. Info stands beside every line of a pull request otherwise, so it
/// is told in full detail alone.
pub(in crate::cli) fn github(outcome: &Outcome<'_>, detail: Detail) -> String {
    let findings = outcome
        .findings
        .iter()
        .filter(|told| detail == Detail::Full || told.finding.level > Level::Info)
        .map(|told| finding(outcome, told));
    findings.chain(outcome.errors.iter().map(error)).collect()
}

fn finding(outcome: &Outcome<'_>, told: &Told<'_>) -> String {
    let found = told.finding;
    let command = match found.level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Info => "notice",
    };
    let file = property(outcome.name(found.spot.place.file));
    let mut place = format!(
        "file={file},line={},col={}",
        told.start.line, told.start.column
    );
    place.push_str(&format!(",endLine={}", told.end.line));
    // GitHub shows columns within one line alone; its last column is the last character's.
    if told.start.line == told.end.line {
        let last = told.end.column.saturating_sub(1).max(told.start.column);
        place.push_str(&format!(",endColumn={last}"));
    }
    let metric = found.metric.iter().map(|name| format!(", metric `{name}`"));
    let mut message = found.message.clone();
    if let Some(help) = &found.help {
        message.push_str(&format!("\n{help}"));
    }
    message.push_str(&format!(
        "\n({}{})",
        found.resource,
        metric.collect::<String>()
    ));
    format!(
        "::{command} {place},title={}::{}\n",
        property(found.rule),
        data(&message)
    )
}

fn error(error: &InputError) -> String {
    let mut place = format!("file={}", property(&error.file));
    if let Some(at) = error.at {
        place.push_str(&format!(",line={},col={}", at.line, at.column));
    }
    format!("::error {place}::{}\n", data(&error.message))
}

fn data(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(visible).collect();
    lines.join("\n").replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&visible(text)).replace(':', "%3A").replace(',', "%2C")
}
