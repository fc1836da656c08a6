//! The findings that a team has decided to live with, as a file: counted from then on, not listed.
//!
//! ```json
//! {"version":1,"findings":[
//! {"fingerprint":"09f1…","rule":"fallback-passes","resource":"AnalysisTemplate/echo","metric":"errors"},
//! …
//! ]}
//! ```
//! Only the fingerprints are read back; the rest is for whoever looks at a change of the file. One line a finding, sorted, so
//! that two branches merge.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::lint::finding::Finding;

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum BaselineError {
    /// It cannot be read.
    #[error("baseline `{}`: read", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// It is no JSON.
    #[error("baseline `{}`", .0.display())]
    Form(PathBuf, #[source] serde_json::Error),
    /// It is another JSON.
    #[error("baseline `{}`: expected what `--write-baseline` writes: `{{\"version\":1,\"findings\":[…]}}`", .0.display())]
    Other(PathBuf),
    /// It cannot be written.
    #[error("baseline `{}`: write", .0.display())]
    Write(PathBuf, #[source] std::io::Error),
}

/// The fingerprints in a baseline.
pub(super) fn read(path: &Path) -> Result<HashSet<String>, BaselineError> {
    let text = std::fs::read(path).map_err(|error| BaselineError::Read(path.to_owned(), error))?;
    let value: Value = serde_json::from_slice(&text)
        .map_err(|error| BaselineError::Form(path.to_owned(), error))?;
    let findings = value["findings"]
        .as_array()
        .filter(|_| value["version"] == 1);
    let fingerprint = |finding: &Value| finding["fingerprint"].as_str().map(str::to_owned);
    findings
        .and_then(|findings| findings.iter().map(fingerprint).collect())
        .ok_or_else(|| BaselineError::Other(path.to_owned()))
}

/// Writes all of `findings`.
pub(super) fn write(
    path: &Path,
    findings: &[Finding],
    fingerprints: &[String],
) -> Result<(), BaselineError> {
    let mut lines: Vec<String> = findings
        .iter()
        .zip(fingerprints)
        .map(|(finding, fingerprint)| {
            json!({
                "fingerprint": fingerprint,
                "rule": finding.rule,
                "resource": finding.resource,
                "metric": finding.metric,
            })
            .to_string()
        })
        .collect();
    lines.sort();
    let text = format!(
        "{{\"version\":1,\"findings\":[\n{}\n]}}\n",
        lines.join(",\n")
    );
    super::write::replace(path, &text).map_err(|error| BaselineError::Write(path.to_owned(), error))
}
