//! Bytes of a text into bytes of the file that holds it, and edits of the one into edits of the other.

use std::sync::Arc;

use crate::text::span::Span;

/// Which file of the input, counted from 0.
pub type FileId = usize;

/// Where a text stands in a file, and how it is written there. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// All of the value's bytes in the file, quotes included.
    pub span: Span,
    /// The bytes that, when deleted, drop the whole entry `key: value` (whole lines in block style); none where that
    /// cannot be done without touching anything else.
    pub removal: Option<Span>,
    /// How the text's bytes lie in the file.
    pub layout: Arc<Layout>,
}

/// How a text's bytes lie in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// How it is quoted, which decides what may be written into it.
    pub style: Style,
    /// Runs of bytes that are the same in text and file, in text order; what lies between is an escape, a line break, an indent.
    pub runs: Vec<Run>,
}

/// A run of bytes that are the same in text and file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Where it begins in the text.
    pub text: usize,
    /// Where it begins in the file.
    pub file: usize,
    /// Bytes.
    pub length: usize,
}

/// How a YAML scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Not in a file: nothing can be edited.
    #[default]
    None,
    /// `text`
    Plain,
    /// `'text'`
    SingleQuoted,
    /// `"text"`, JSON's too
    DoubleQuoted,
    /// `|`; new lines are indented by this many blanks.
    Literal(usize),
    /// `>`; new lines are indented by this many blanks.
    Folded(usize),
}

impl Place {
    /// The file's bytes for bytes of the text.
    pub fn file_span(&self, _span: Span) -> Span {
        self.span
    }

    /// What to write into the file so that the text's bytes `span` read `new`.
    pub fn edit(&self, _span: Span, _new: &str) -> Option<Vec<(Span, String)>> {
        None
    }
}
