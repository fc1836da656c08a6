//! Bytes of a text, and where they stand in lines and columns.

use std::ops::Range;

/// A stretch of a text, in bytes: from `start`, up to and without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One after the last byte; never below `start`.
    pub end: usize,
}

impl Span {
    /// From `start`, up to and without `end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end);
        Span { start, end }
    }

    /// The place before the byte at `offset`.
    pub fn at(offset: usize) -> Self {
        Span {
            start: offset,
            end: offset,
        }
    }

    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Self {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The text under it; nothing where it is out of `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether all of `other` lies inside.
    pub fn holds(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// As a range of bytes.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A place in a file as people count: both begin at 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    /// The line.
    pub line: usize,
    /// The character in the line; a tab is one.
    pub column: usize,
}

/// Where the lines of a text begin.
#[derive(Debug, Clone)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Looks for the lines of `text`, which end with `\n`.
    pub fn new(text: &str) -> Self {
        let after = text.match_indices('\n').map(|(at, _)| at + 1);
        LineIndex {
            starts: std::iter::once(0).chain(after).collect(),
        }
    }

    /// The place of the byte at `offset` in `text`, the text that the index was made of.
    pub fn line_column(&self, text: &str, offset: usize) -> LineColumn {
        let line = self.line_of(offset);
        let start = self.starts[line - 1];
        let before = text.as_bytes().get(start..offset).unwrap_or_default();
        LineColumn {
            line,
            // A byte 10xxxxxx goes on with a character that began before it.
            column: before.iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1,
        }
    }

    /// The line, counted from 1, that holds the byte at `offset`.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The bytes of the line that begins with 1, without its end.
    pub fn line(&self, text: &str, line: usize) -> Span {
        let start = self.starts.get(line - 1).copied().unwrap_or(text.len());
        let next = self.starts.get(line).copied().unwrap_or(text.len() + 1);
        let mut end = (next - 1).max(start).min(text.len());
        if text.as_bytes()[start..end].ends_with(b"\r") {
            end -= 1;
        }
        Span { start, end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let text = "a\r\nbé x\n\nlast";
        let index = LineIndex::new(text);
        for (offset, line, column) in [
            (0, 1, 1),
            (3, 2, 1),
            (4, 2, 2),
            (6, 2, 3),
            (9, 3, 1),
            (10, 4, 1),
            (14, 4, 5),
        ] {
            assert_eq!(
                index.line_column(text, offset),
                LineColumn { line, column },
                "{offset}"
            );
        }
        let lines: Vec<_> = (1..=5).map(|n| index.line(text, n).of(text)).collect();
        assert_eq!(lines, ["a", "bé x", "", "last", ""]);
    }
}
