//! Lint at run time.

use crate::analysis::metric::Metric;
use crate::analysis::policy::Policy;
use crate::analysis::run::AnalysisRun;
use crate::analysis::settings::{Guard, Settings};

/// What the rules say.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) deny: Vec<String>,
    pub(super) warn: Vec<String>,
}

pub(super) fn findings(
    _: &Metric,
    _: &Settings,
    _: Guard,
    _: &str,
    _: &AnalysisRun,
    _: &Policy,
) -> Findings {
    Findings::default()
}
