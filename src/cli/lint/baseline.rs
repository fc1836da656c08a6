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
use std::fmt;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::json;

use super::fingerprint::number;
use super::regular;
use super::write::WriteError;
use crate::cli::formats::paint::escaped;
use crate::lint::finding::Finding;

/// The largest baseline, in MiB: some half a million findings.
const LARGEST: u64 = 64;

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum BaselineError {
    /// It cannot be read.
    #[error("baseline `{}`: read", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// It is no JSON.
    #[error("baseline `{}`", .0.display())]
    Form(PathBuf, #[source] serde_json::Error),
    /// It is another JSON.
    #[error("baseline `{}`: expected what `--write-baseline` writes: `{{\"version\":1,\"findings\":[…]}}`", .0.display())]
    Other(PathBuf),
    /// It cannot be written.
    #[error("baseline `{}`: write", .0.display())]
    Write(PathBuf, #[source] WriteError),
    /// What is there is something else.
    #[error("baseline `{}`: not written: the file is there and is no baseline; name another", .0.display())]
    NotOurs(PathBuf),
    /// It could not be read back.
    #[error("baseline `{}`: not written: {} findings take more than {LARGEST} MiB", .0.display(), .1)]
    TooMany(PathBuf, usize),
}

/// The findings of a baseline, by fingerprint.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(HashSet<u64>);

impl Known {
    /// Those of `fingerprints`.
    pub(super) fn new(fingerprints: &[String]) -> Self {
        Known(
            fingerprints
                .iter()
                .filter_map(|text| number(text))
                .collect(),
        )
    }

    /// Whether it is there.
    pub(super) fn contains(&self, fingerprint: &str) -> bool {
        number(fingerprint).is_some_and(|number| self.0.contains(&number))
    }
}

#[derive(Deserialize)]
struct Whole {
    version: u64,
    findings: Entries,
}

#[derive(Deserialize)]
struct Entry {
    fingerprint: Print,
}

struct Print(u64);

impl<'de> Deserialize<'de> for Print {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        number(&text)
            .map(Print)
            .ok_or_else(|| D::Error::custom("no fingerprint"))
    }
}

/// Of each finding its number alone is kept while the next one is read.
struct Entries(HashSet<u64>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of findings")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries, A::Error> {
                let mut numbers = HashSet::new();
                while let Some(entry) = list.next_element::<Entry>()? {
                    numbers.insert(entry.fingerprint.0);
                }
                Ok(Entries(numbers))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// The fingerprints in a baseline.
pub(super) fn read(path: &Path) -> Result<Known, BaselineError> {
    let unread = |error| BaselineError::Read(path.to_owned(), error);
    let mut file = regular::open(path)
        .map_err(unread)?
        .take((LARGEST << 20) + 1);
    let whole = serde_json::from_reader::<_, Whole>(BufReader::new(&mut file));
    if file.limit() == 0 {
        return Err(unread(regular::too_large(LARGEST)));
    }
    match whole {
        Ok(whole) if whole.version == 1 => Ok(Known(whole.findings.0)),
        Ok(_) => Err(BaselineError::Other(path.to_owned())),
        Err(error) => Err(match error.classify() {
            Category::Io => unread(error.into()),
            Category::Data => BaselineError::Other(path.to_owned()),
            Category::Syntax | Category::Eof => BaselineError::Form(path.to_owned(), error),
        }),
    }
}

/// Writes all of `findings`, over nothing but an older baseline.
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
    let text = escaped(&text);
    if text.len() as u64 > LARGEST << 20 {
        return Err(BaselineError::TooMany(path.to_owned(), findings.len()));
    }
    let is_ours = || match read(path) {
        Ok(_) => Ok(()),
        Err(BaselineError::Form(..) | BaselineError::Other(_)) => {
            Err(BaselineError::NotOurs(path.to_owned()))
        }
        Err(error) => Err(error),
    };
    let failed = |error| BaselineError::Write(path.to_owned(), error);
    super::write::replace(path, &text, is_ours, failed)
}
