//! What lint found as JUnit's XML: a suite a resource, a case a gate, so that a test report shows which gates were looked at.
//!
//! A deny finding is a failure, and so is a warn where the exit code says so; what is below stands in the case's output.

use std::collections::BTreeMap;

use super::{Outcome, Told};
use crate::lint::level::Level;
use crate::text::place::FileId;

/// Of a resource's own findings, beside its gates.
const RESOURCE: &str = "(resource)";

/// A file's resource, and the cases in it.
type Suites<'a> = BTreeMap<(FileId, &'a str), Cases<'a>>;

/// The findings of a gate.
type Cases<'a> = BTreeMap<&'a str, Vec<&'a Told<'a>>>;

/// The document; findings below `fail_on` are no failures.
pub(in crate::cli) fn junit(outcome: &Outcome<'_>, fail_on: Level) -> String {
    let mut suites = Suites::new();
    for gate in outcome.gates {
        let suite = suites.entry((gate.file, &gate.resource)).or_default();
        suite.entry(&gate.metric).or_default();
    }
    for told in &outcome.findings {
        let found = told.finding;
        let suite = suites
            .entry((found.spot.place.file, &found.resource))
            .or_default();
        let case = found.metric.as_deref().unwrap_or(RESOURCE);
        suite.entry(case).or_default().push(told);
    }
    let mut text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"promql-guard\">\n"
            .to_owned();
    for ((file, resource), cases) in &suites {
        suite(&mut text, outcome.name(*file), resource, cases, fail_on);
    }
    if !outcome.errors.is_empty() {
        let count = outcome.errors.len();
        text.push_str(&format!(
            "  <testsuite name=\"input\" tests=\"{count}\" failures=\"0\" errors=\"{count}\">\n"
        ));
        for error in outcome.errors {
            text.push_str(&format!(
                "    <testcase name=\"{}\" classname=\"input\">\n      <error message=\"{}\"/>\n    </testcase>\n",
                escaped(&error.file),
                escaped(&error.to_string())
            ));
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn suite(text: &mut String, file: &str, resource: &str, cases: &Cases<'_>, fail_on: Level) {
    let fails = |told: &Told<'_>| told.finding.level >= fail_on;
    let failed = cases
        .values()
        .filter(|case| case.iter().any(|told| fails(told)))
        .count();
    text.push_str(&format!(
        "  <testsuite name=\"{}\" file=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\">\n",
        escaped(resource),
        escaped(file),
        cases.len()
    ));
    for (name, case) in cases {
        text.push_str(&format!(
            "    <testcase name=\"{}\" classname=\"{}\"",
            escaped(name),
            escaped(resource)
        ));
        if case.is_empty() {
            text.push_str("/>\n");
            continue;
        }
        text.push_str(">\n");
        let (failures, notes): (Vec<&Told<'_>>, Vec<&Told<'_>>) =
            case.iter().copied().partition(|told| fails(told));
        // A case has one failure at most: many readers of this form show no second one.
        if let Some(first) = failures.first() {
            let lines: Vec<_> = failures.iter().map(|told| line(file, told)).collect();
            text.push_str(&format!(
                "      <failure message=\"{}\" type=\"{}\">{}</failure>\n",
                escaped(&first.finding.message),
                first.finding.rule,
                escaped(&lines.join("\n"))
            ));
        }
        if !notes.is_empty() {
            let lines: Vec<_> = notes.iter().map(|told| line(file, told)).collect();
            text.push_str(&format!(
                "      <system-out>{}</system-out>\n",
                escaped(&lines.join("\n"))
            ));
        }
        text.push_str("    </testcase>\n");
    }
    text.push_str("  </testsuite>\n");
}

fn line(file: &str, told: &Told<'_>) -> String {
    let found = told.finding;
    let help = found.help.iter().map(|help| format!("; {help}"));
    format!(
        "{file}:{}:{}: {}[{}]: {}{}",
        told.start.line,
        told.start.column,
        found.level.as_str(),
        found.rule,
        found.message,
        help.collect::<String>()
    )
}

/// Text as XML 1.0 can hold it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(super::paint::shown(c)),
        }
    }
    escaped
}
