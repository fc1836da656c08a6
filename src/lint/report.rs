//! What lint says of all that it read.

use crate::lint::finding::Finding;
use crate::lint::findings::Skipped;
use crate::lint::table::Table;
use crate::text::place::FileId;

/// What lint says of all that it read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// In the order of files and places.
    pub findings: Vec<Finding>,
    /// Rules that could not look.
    pub skipped: Vec<Skipped>,
    /// Findings that were silenced.
    pub suppressed: usize,
    /// Every gate with a query.
    pub gates: Vec<GateReport>,
}

/// A gate and its truth table.
#[derive(Debug, Clone, PartialEq)]
pub struct GateReport {
    /// The file.
    pub file: FileId,
    /// `AnalysisTemplate/echo-analysis`
    pub resource: String,
    /// The metric's name.
    pub metric: String,
    /// What it judges: `failure share`, `latency`, …; `unknown`.
    pub class: &'static str,
    /// Its phases; none without a query that parses, or with a condition that cannot be judged.
    pub table: Option<Table>,
}

impl Report {
    /// Adds what was said of others.
    pub fn extend(&mut self, other: Report) {
        self.findings.extend(other.findings);
        self.skipped.extend(other.skipped);
        self.suppressed += other.suppressed;
        self.gates.extend(other.gates);
    }
}
