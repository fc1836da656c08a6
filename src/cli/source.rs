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
    /// The characters before each `STRIDE`th byte.
    characters: OnceLock<Vec<usize>>,
}

/// Bytes between two counts of characters: a line of megabytes is not counted anew for each place in it.
const STRIDE: usize = 4096;

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
            characters: OnceLock::new(),
        }
    }

    /// The same file with another text.
    pub(super) fn with_text(&self, text: String) -> Self {
        Source::new(self.name.clone(), self.path.clone(), text)
    }

    /// The place of the byte at `offset`.
    pub(super) fn line_column(&self, offset: usize) -> LineColumn {
        let offset = offset.min(self.text.len());
        let line = self.index().line_of(offset);
        let start = self.index().line(&self.text, line).start;
        let column = match self.text.as_bytes().get(start..offset) {
            Some(before) if before.len() < STRIDE => characters(before),
            _ => self.characters_before(offset) - self.characters_before(start),
        };
        LineColumn {
            line,
            column: column + 1,
        }
    }

    fn characters_before(&self, offset: usize) -> usize {
        let counts = self.characters.get_or_init(|| {
            let strides = self.text.as_bytes().chunks(STRIDE).scan(0, |sum, stride| {
                let before = *sum;
                *sum += characters(stride);
                Some(before)
            });
            strides.chain([self.text.chars().count()]).collect()
        });
        let stride = offset / STRIDE;
        let rest = self.text.as_bytes().get(stride * STRIDE..offset);
        counts.get(stride).copied().unwrap_or_default() + characters(rest.unwrap_or_default())
    }

    /// The bytes of a line, which is counted from 1, without its end.
    pub(super) fn line(&self, line: usize) -> Span {
        self.index().line(&self.text, line)
    }

    fn index(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }
}

/// Characters that begin in `bytes`: a byte 10xxxxxx goes on with one that began before it.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_line_index_however_long_a_line_is() {
        let text = format!("é\r\n{}\nx", "aé漢\u{1f600}".repeat(3000));
        let source = Source::new("f", None, text.clone());
        let index = LineIndex::new(&text);
        for offset in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            assert_eq!(source.line_column(offset), index.line_column(&text, offset));
        }
        assert_eq!(source.line_column(usize::MAX).line, 3);
    }
}
