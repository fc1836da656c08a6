//! What a rule found: where, in which words, and how it is put right.

use crate::lint::level::Level;
use crate::text::place::{FileId, Place};
use crate::text::span::Span;

/// Something that a rule found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// How much it matters, settings applied.
    pub level: Level,
    /// One sentence, lower-case, with the number that makes it wrong.
    pub message: String,
    /// What to write, as an instruction.
    pub help: Option<String>,
    /// Where.
    pub spot: Spot,
    /// `AnalysisTemplate/echo-analysis`
    pub resource: String,
    /// The resource's own namespace.
    pub namespace: Option<String>,
    /// The metric's name; none for a finding about the whole resource.
    pub metric: Option<String>,
    /// All metrics that it is about, where it is told once for several.
    pub metrics: Vec<String>,
    /// How it is put right.
    pub fix: Option<Fix>,
}

/// A stretch of a field's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spot {
    /// The field, as in the template: `query`, `successCondition`, `spec.metrics[0].count`.
    pub field: String,
    /// Where the field stands.
    pub place: Place,
    /// Bytes of the field's own text, placeholders as written.
    pub span: Span,
    /// What stands there, to tell findings apart when lines move.
    pub text: String,
    /// Whether its line is not to be shown.
    pub is_secret: bool,
}

impl Spot {
    /// The bytes in the file.
    pub fn file_span(&self) -> Span {
        self.place.file_span(self.span)
    }

    /// Its beginning alone: what stands there may be a secret, and is not repeated.
    pub fn unquoted(self) -> Self {
        Spot {
            span: Span::at(self.span.start),
            text: String::new(),
            is_secret: true,
            ..self
        }
    }
}

/// Edits that put a finding right.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// `--fix` writes it: it never turns a healthy gate's pass into a fail, and opens no cell without data.
    pub is_safe: bool,
    /// Of one file, ascending.
    pub edits: Vec<FileEdit>,
}

/// Bytes of a file and what comes in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    /// The file.
    pub file: FileId,
    /// The bytes.
    pub span: Span,
    /// What comes in their place.
    pub text: String,
}

impl Finding {
    /// Says what to write.
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }

    /// Says how it is put right, where that can be written into the file.
    pub fn fix(&mut self, fix: Option<Fix>) -> &mut Self {
        self.fix = fix;
        self
    }
}
