//! PATHs into files: those that are named, and those in folders that may hold what lint reads.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use memchr::memmem::Finder;

use super::regular;
use crate::cli::source::{InputError, Source};
use crate::text::span::LineIndex;

/// The largest file that is read, in bytes; a rendered fleet is some megabytes.
pub(super) const LARGEST: u64 = 16 << 20;

/// What every file that lint reads in a folder holds.
const MARK: &[u8] = b"argoproj.io";

/// Folders within folders; a deeper one is no folder of manifests.
const DEEPEST: usize = 64;

/// Standard input, as an argument.
const STDIN: &str = "-";

/// A file that may hold what lint reads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// As in messages.
    pub(super) name: String,
    /// With its links resolved, so that what is written back goes where it came from; none for standard input.
    pub(super) path: Option<PathBuf>,
    /// Whether it was named itself: it is read whatever it holds.
    pub(super) is_named: bool,
}

/// What PATHs lead to.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In the order of the arguments, in folders by name.
    pub(super) candidates: Vec<Candidate>,
    /// What could not be looked into.
    pub(super) errors: Vec<InputError>,
    /// `templates` folders of charts, which are no manifests before they are rendered.
    pub(super) charts: Vec<String>,
    /// Links in folders to folders outside of them, which nobody asked for.
    pub(super) links: Vec<String>,
    /// Files and folders that were met.
    met: HashSet<PathBuf>,
}

/// Looks for files under `paths`; under the current folder where there are none.
pub(super) fn find(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    for path in paths {
        if path.as_os_str() == STDIN {
            found.candidates.push(Candidate {
                name: "<stdin>".to_owned(),
                path: None,
                is_named: true,
            });
            continue;
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let root = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
                found.walk(path, &root, 0);
            }
            Ok(_) => found.add(path, true),
            Err(error) => found.errors.push(unread(&name(path), &error)),
        }
    }
    found
}

impl Found {
    fn add(&mut self, path: &Path, is_named: bool) {
        // A pipe in /dev/fd has no such path, and is refused when it is read.
        let canonical = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if self.met.insert(canonical.clone()) {
            self.candidates.push(Candidate {
                name: name(path),
                path: Some(canonical),
                is_named,
            });
        }
    }

    fn walk(&mut self, folder: &Path, root: &Path, depth: usize) {
        let canonical = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        if !canonical.starts_with(root) {
            self.links.push(name(folder));
            return;
        }
        // A link back to a folder above ends here too.
        if depth > DEEPEST || !self.met.insert(canonical.clone()) {
            return;
        }
        if is_chart(&canonical) {
            self.charts.push(name(folder));
            return;
        }
        let mut entries =
            match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
                Ok(entries) => entries,
                Err(error) => {
                    self.errors.push(unread(&name(folder), &error));
                    return;
                }
            };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let file_name = entry.file_name();
            let is_hidden = file_name.as_encoded_bytes().starts_with(b".");
            // A link that leads nowhere is nobody's manifest.
            let Ok(metadata) = fs::metadata(&path) else {
                continue;
            };
            if metadata.is_dir() {
                if !is_hidden && file_name != "node_modules" {
                    self.walk(&path, root, depth + 1);
                }
            } else if metadata.is_file() && !is_hidden && may_be_manifest(&path) {
                self.add(&path, false);
            }
        }
    }
}

/// `templates` beside a `Chart.yaml`.
fn is_chart(folder: &Path) -> bool {
    let beside = folder.parent().map(|chart| chart.join("Chart.yaml"));
    folder.file_name().is_some_and(|name| name == "templates")
        && beside.is_some_and(|chart| chart.is_file())
}

fn may_be_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        ["yaml", "yml", "json"].contains(&extension.to_ascii_lowercase().as_str())
    })
}

fn name(path: &Path) -> String {
    let path = path.strip_prefix(".").unwrap_or(path);
    match path.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => path.display().to_string(),
    }
}

/// Reads a candidate; none where it was met in a folder and holds nothing that lint reads.
pub(super) fn load(candidate: &Candidate) -> Result<Option<Source>, InputError> {
    let failed = |error: io::Error| unread(&candidate.name, &error);
    let mut file: Box<dyn Read> = match &candidate.path {
        None => Box::new(io::stdin().lock()),
        Some(path) => regular::open(path).map_err(failed)?,
    };
    let mut bytes = Vec::new();
    let read = (&mut file).take(LARGEST + 1).read_to_end(&mut bytes);
    let is_large = read.map_err(failed)? as u64 > LARGEST;
    if !candidate.is_named && Finder::new(MARK).find(&bytes).is_none() {
        let is_meant = is_large && rest_is_marked(file, bytes).map_err(failed)?;
        return match is_meant {
            true => Err(too_large(&candidate.name)),
            false => Ok(None),
        };
    }
    if is_large {
        return Err(too_large(&candidate.name));
    }
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&candidate.name, &error))?;
    if candidate.is_named && text.trim().is_empty() {
        return Err(problem(&candidate.name, "there is nothing in it"));
    }
    Ok(Some(Source::new(
        candidate.name.clone(),
        candidate.path.clone(),
        text,
    )))
}

/// Whether the mark stands in what is left of a large file, of which `bytes` are read.
fn rest_is_marked(mut file: Box<dyn Read>, mut bytes: Vec<u8>) -> io::Result<bool> {
    let mark = Finder::new(MARK);
    loop {
        // A mark may lie across two readings.
        bytes.drain(..bytes.len().saturating_sub(MARK.len()));
        if (&mut file).take(1 << 20).read_to_end(&mut bytes)? == 0 {
            return Ok(false);
        }
        if mark.find(&bytes).is_some() {
            return Ok(true);
        }
    }
}

fn too_large(name: &str) -> InputError {
    let limit = LARGEST >> 20;
    problem(name, &format!("holds more than {limit} MiB; split it"))
}

fn not_utf8(name: &str, error: &FromUtf8Error) -> InputError {
    let (good, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return problem(name, "expected UTF-8, found UTF-16; save it as UTF-8");
    }
    let before = String::from_utf8_lossy(&bytes[..good]);
    let found = bytes.get(good).copied().unwrap_or_default();
    InputError {
        at: Some(LineIndex::new(&before).line_column(&before, good)),
        ..problem(
            name,
            &format!("expected UTF-8, found the byte 0x{found:02x}"),
        )
    }
}

fn unread(name: &str, error: &io::Error) -> InputError {
    problem(name, &format!("read: {error}"))
}

fn problem(name: &str, message: &str) -> InputError {
    InputError {
        file: name.to_owned(),
        at: None,
        message: message.to_owned(),
    }
}
