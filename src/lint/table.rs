//! The truth table of a gate: what each answer of its query would come to.

use crate::lint::conditions::Verdict;

/// What each probe comes to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// In the order of the catalogue: `no data`, `NaN`, `fallback`, `idle`, `0`, `1`, thresholds, `+Inf`, series.
    pub cells: Vec<Cell>,
    /// Some reachable probe, repeated, ends the metric Failed.
    pub can_fail: bool,
    /// Some reachable probe, repeated, ends the metric Successful.
    pub can_pass: bool,
    /// `no data`, `NaN` or `fallback` is reachable and Successful.
    pub passes_without_data: bool,
}

/// What one probe comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// `no data`, `<0.05`
    pub key: String,
    /// The elements of the probe; one for a scalar.
    pub probe: Vec<f64>,
    /// Its phase.
    pub verdict: Verdict,
    /// Whether the query can answer it.
    pub is_reachable: bool,
}

impl Table {
    /// Judges every probe.
    pub fn new(
        _expr: &crate::promql::ast::Expr,
        _conditions: &crate::lint::conditions::Conditions,
        _metric: &crate::analysis::metric::Metric,
        _engine: crate::lint::gate::Engine,
    ) -> Option<Self> {
        None
    }

    /// The cell of this key.
    pub fn cell(&self, key: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.key == key)
    }

    /// The verdict of a cell that the query can reach.
    pub fn reachable(&self, key: &str) -> Option<Verdict> {
        let cell = self.cell(key).filter(|cell| cell.is_reachable);
        cell.map(|cell| cell.verdict)
    }
}
