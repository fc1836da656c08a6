//! A file's text into lines and columns: what was read, under the name by which people know it.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::text::span::{LineColumn, LineIndex, Span};

/// A file that was asked for.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// As in messages.
    pub(super) name: String,
    /// Where it is; none for standard input.
    pub(super) path: Option<PathBuf>,
    /// What it holds; nothing where it could not be read.
    pub(super) text: String,
    lines: OnceLock<LineIndex>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputError {
    /// The file's name.
    pub(super) file: String,
    /// Where in it.
    pub(super) at: Option<LineColumn>,
    /// Why, without the file.
    pub(super) message: String,
}

impl Source {
    /// A text under a name.
    pub(super) fn new(name: impl Into<String>, path: Option<PathBuf>, text: String) -> Self {
        Source {
            name: name.into(),
            path,
            text,
            lines: OnceLock::new(),
        }
    }

    /// The same file with another text.
    pub(super) fn with_text(&self, text: String) -> Self {
        Source::new(self.name.clone(), self.path.clone(), text)
    }

    /// The place of the byte at `offset`.
    pub(super) fn line_column(&self, offset: usize) -> LineColumn {
        self.index().line_column(&self.text, offset)
    }

    /// The bytes of a line, which is counted from 1, without its end.
    pub(super) fn line(&self, line: usize) -> Span {
        self.index().line(&self.text, line)
    }

    fn index(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }
}

impl std::fmt::Display for InputError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.at {
            Some(LineColumn { line, column }) => {
                write!(f, "{}:{line}:{column}: {}", self.file, self.message)
            }
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}
