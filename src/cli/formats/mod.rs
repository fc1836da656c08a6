//! What lint found into texts: for people (`human`, `excerpt`, `paint`), for programs (`json`), for code scanners (`sarif`),
//! for GitHub's logs (`github`) and for test reports (`junit`); `page` is what a rule says of itself, `secrets` what none of
//! them shows.
//!
//! A format takes an [`Outcome`] and gives a text; nothing here reads a file or prints.

pub(super) mod excerpt;
pub(super) mod github;
pub(super) mod human;
pub(super) mod json;
pub(super) mod junit;
pub(super) mod page;
pub(super) mod paint;
pub(super) mod sarif;
pub(super) mod secrets;
mod table;
#[cfg(test)]
mod tests;

use super::source::{InputError, Source};
use crate::lint::finding::Finding;
use crate::lint::findings::Skipped;
use crate::lint::level::Level;
use crate::lint::report::GateReport;
use crate::lint::rule::Rule;
use crate::text::place::FileId;
use crate::text::span::{LineColumn, Span};

/// What lint found, with the files that it found it in.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    /// By their number.
    pub(super) sources: &'a [Source],
    /// How much of what.
    pub(super) counts: Counts,
    /// Those that the baseline lacks, in the order of files and places.
    pub(super) findings: Vec<Told<'a>>,
    /// Rules that could not look.
    pub(super) skipped: &'a [Skipped],
    /// Every gate with a query.
    pub(super) gates: &'a [GateReport],
    /// What could not be read.
    pub(super) errors: &'a [InputError],
    /// The rules that were asked.
    pub(super) rules: &'a [&'static Rule],
}

/// How much of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Counts {
    /// Files that were read.
    pub(super) files: usize,
    /// Resources in them.
    pub(super) resources: usize,
    /// Gates with a query.
    pub(super) gates: usize,
    /// Findings of this level that the baseline lacks.
    pub(super) deny: usize,
    /// Findings of this level that the baseline lacks.
    pub(super) warn: usize,
    /// Findings of this level that the baseline lacks.
    pub(super) info: usize,
    /// Findings that were silenced.
    pub(super) suppressed: usize,
    /// Findings that the baseline holds.
    pub(super) baseline: usize,
}

/// A finding and where it stands in its file.
#[derive(Debug)]
pub(super) struct Told<'a> {
    /// The finding.
    pub(super) finding: &'a Finding,
    /// What it is known by when lines move.
    pub(super) fingerprint: String,
    /// The bytes in the file.
    pub(super) span: Span,
    /// The first character.
    pub(super) start: LineColumn,
    /// Behind the last character.
    pub(super) end: LineColumn,
}

impl<'a> Told<'a> {
    /// Looks up where `finding` stands.
    pub(super) fn new(finding: &'a Finding, fingerprint: String, sources: &[Source]) -> Self {
        let span = finding.spot.file_span();
        let place = |offset| match sources.get(finding.spot.place.file) {
            Some(source) => source.line_column(offset),
            None => LineColumn { line: 1, column: 1 },
        };
        Told {
            finding,
            fingerprint,
            span,
            start: place(span.start),
            end: place(span.end),
        }
    }
}

impl Outcome<'_> {
    /// A file's name.
    pub(super) fn name(&self, file: FileId) -> &str {
        self.sources.get(file).map_or("", |source| &source.name)
    }

    /// A file's name as a URI reference.
    fn uri(&self, file: FileId) -> String {
        uri(self.name(file))
    }
}

impl Counts {
    /// Counts a finding that is told.
    pub(super) fn add(&mut self, level: Level) {
        match level {
            Level::Deny => self.deny += 1,
            Level::Warn => self.warn += 1,
            Level::Info => self.info += 1,
        }
    }
}

/// A path as a relative or absolute URI reference (RFC 3986).
fn uri(name: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    let path = utf8_percent_encode(name, KEPT).to_string();
    match name.starts_with('/') {
        true => format!("file://{path}"),
        false => path,
    }
}
