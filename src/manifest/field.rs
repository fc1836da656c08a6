//! Nodes into fields: their text, and their place with all that an edit has to know.

use std::sync::Arc;

use super::tree::{Content, Entry, Item, Mapping, Node, Scalar};
use super::yaml::Document;
use crate::analysis::template::{Field, NextKey};
use crate::text::place::{FileId, Layout, Place, Style};
use crate::text::scalar::{line_break, written};
use crate::text::span::Span;

/// Scalars above this are no queries or conditions; their bytes are not followed one by one.
const FOLLOWED: usize = 1 << 20;

/// A document, and the file that it stands in.
pub(super) struct Source<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    pub(super) document: &'a Document,
}

impl Source<'_> {
    /// The value of an entry of `mapping`.
    pub(super) fn value(&self, mapping: &Mapping, index: usize) -> Field {
        let mut field = self.node(&mapping.entries[index].value);
        field.place.removal = self.removal(mapping, index);
        field
    }

    /// The key of an entry of `mapping`.
    pub(super) fn key(&self, mapping: &Mapping, index: usize) -> Field {
        let mut field = self.node(&mapping.entries[index].key);
        field.place.removal = self.removal(mapping, index);
        field
    }

    /// A value, without a way to drop it. The text of a list or an object is its JSON.
    pub(super) fn node(&self, node: &Node) -> Field {
        let (text, layout) = match &node.content {
            Content::Scalar(scalar) => (scalar.text.to_string(), self.layout(node, scalar)),
            _ => (node.to_json().to_string(), Layout::default()),
        };
        Field {
            text,
            place: self.place(node.span, layout),
        }
    }

    /// No text, only bytes in the file.
    pub(super) fn bare(&self, span: Span) -> Field {
        Field {
            text: String::new(),
            place: self.place(span, Layout::default()),
        }
    }

    fn place(&self, span: Span, layout: Layout) -> Place {
        Place {
            file: self.file,
            span,
            removal: None,
            layout: Arc::new(layout),
        }
    }

    fn layout(&self, node: &Node, scalar: &Scalar) -> Layout {
        let source = node.span.of(self.text);
        if source.len() > FOLLOWED {
            return Layout::default();
        }
        let read = written(source, scalar.style).filter(|read| {
            let is_block = matches!(scalar.style, Style::Literal(_) | Style::Folded(_));
            let text = match is_block {
                true => scalar.text.trim_end_matches('\n'),
                false => &scalar.text,
            };
            read.text == text
        });
        let Some(mut read) = read else {
            return Layout::default();
        };
        for run in &mut read.runs {
            run.file += node.span.start;
        }
        Layout {
            style: scalar.style,
            runs: read.runs,
            source: source.to_owned(),
            in_flow: node.in_flow,
            is_shared: self.is_shared(node.span),
        }
    }

    /// Whether an alias reads some of it too.
    fn is_shared(&self, span: Span) -> bool {
        let shared = &self.document.shared;
        let first = shared.partition_point(|other| other.end <= span.start);
        shared
            .get(first)
            .is_some_and(|other| other.start < span.end.max(span.start + 1))
    }

    /// The document's first line with something on it.
    pub(super) fn first_line(&self) -> Span {
        let start = self.document.root.span.start;
        let rest = &self.text[start..];
        let length = rest.find(['\r', '\n']).unwrap_or(rest.len());
        Span::new(start, start + length)
    }

    /// The bytes that drop an entry and nothing else.
    fn removal(&self, mapping: &Mapping, index: usize) -> Option<Span> {
        let own = &mapping.entries[..mapping.own];
        let entry = own.get(index)?;
        // What is dropped beside a `<<` may come back from there.
        let is_kept = own.len() == 1 || mapping.has_merge;
        if is_kept || entry.key.in_flow || self.is_shared(entry.written) {
            return None;
        }
        let start = self.line_start(entry.written.start);
        let indent = &self.text[start..entry.written.start];
        if indent.bytes().all(|byte| byte == b' ') {
            let end = self.line_end(self.end_of(entry))?;
            let before = index.checked_sub(1).map(|before| &*own[before].value);
            return self.is_quiet(before, end).then(|| Span::new(start, end));
        }
        // On the line of a `-`: what comes next takes its place.
        let next = own.get(index + 1)?;
        let between = self.text.get(self.end_of(entry)..next.written.start)?;
        let is_block = index == 0 && is_dashes(indent) && between.trim().is_empty();
        let is_aligned = next.written.start - self.line_start(next.written.start) == indent.len();
        (is_block && is_aligned).then(|| Span::new(entry.written.start, next.written.start))
    }

    /// The bytes that drop an entry of a list, its `-` with it.
    pub(super) fn item_removal(&self, items: &[Item], index: usize) -> Option<Span> {
        let node = &items.get(index)?.node;
        if items.len() == 1 || node.in_flow || self.is_shared(node.span) {
            return None;
        }
        let start = self.line_start(node.span.start);
        let indent = self.text[start..node.span.start].trim_start_matches(' ');
        let is_alone = indent
            .strip_prefix('-')
            .is_some_and(|rest| rest.bytes().all(|byte| byte == b' '));
        let end = self.line_end(node.span.end)?;
        let before = index.checked_sub(1).map(|before| &*items[before].node);
        (is_alone && self.is_quiet(before, end)).then(|| Span::new(start, end))
    }

    /// Whether what stands at `at` stays what it is behind `before`: a literal would take blanks and comments for its own.
    fn is_quiet(&self, before: Option<&Node>, at: usize) -> bool {
        let Some((span, Style::Literal(indent) | Style::Folded(indent))) =
            before.and_then(last_scalar)
        else {
            return true;
        };
        let rest = &self.text[at..];
        let next = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let between = &rest[..rest.len() - next.len()];
        let source = span.of(self.text);
        let header = &source[..source.find(['\r', '\n']).unwrap_or(source.len())];
        let keeps = header.contains('+') && between.contains(['\r', '\n']);
        let is_inside = |line: &str| line.len() > indent || line.contains('\t');
        let mut lines = between.split(['\r', '\n']);
        let last = lines.next_back().unwrap_or_default();
        let is_taken = (next.is_empty() || next.starts_with('#')) && last.len() >= indent.max(1);
        !keeps && !is_taken && !lines.any(is_inside)
    }

    /// Where what is written of an entry ends, the `:` of one without value counted.
    fn end_of(&self, entry: &Entry) -> usize {
        let end = entry.written.end;
        if end > entry.key.span.end || !entry.value.is_null() {
            return end;
        }
        let rest = self.text.get(end..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let has_colon = rest[blanks..].starts_with(':');
        if has_colon { end + blanks + 1 } else { end }
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |found| found + 1)
    }

    /// The start of the line behind the one at `at`, where only blanks and a comment are between.
    fn line_end(&self, at: usize) -> Option<usize> {
        let rest = &self.text[at..];
        let line = &rest[..rest.find(['\r', '\n']).unwrap_or(rest.len())];
        let end = at + line.len() + line_break(&rest[line.len()..]);
        // A comment beside a value says why it is there, and goes with no fix.
        line.trim_start_matches([' ', '\t'])
            .is_empty()
            .then_some(end)
    }

    /// Where a further key of a block mapping could be written: behind its first entry of one line, else before one.
    pub(super) fn next_key(&self, mapping: &Mapping) -> Option<NextKey> {
        let own = &mapping.entries[..mapping.own];
        let first = own.first().filter(|entry| !entry.key.in_flow)?;
        if self.is_shared(first.written) {
            return None;
        }
        let line = self.line_start(first.written.start);
        let before = &self.text[line..first.written.start];
        let indent = is_dashes(before).then_some(before.len())?;
        let behind = own.iter().find_map(|entry| {
            let scalar = entry.value.scalar()?;
            let is_short = !matches!(scalar.style, Style::Literal(_) | Style::Folded(_));
            let end = self.line_end(self.end_of(entry)).filter(|_| is_short)?;
            self.text[..end].ends_with('\n').then_some(end)
        });
        let in_front = own.iter().find_map(|entry| {
            let start = self.line_start(entry.written.start);
            let indent = &self.text[start..entry.written.start];
            indent.bytes().all(|byte| byte == b' ').then_some(start)
        });
        let offset = behind.or(in_front)?;
        Some(NextKey { offset, indent })
    }
}

fn is_dashes(before: &str) -> bool {
    before.bytes().all(|byte| byte == b' ' || byte == b'-')
}

/// The last scalar in it: where and how it is written.
fn last_scalar(node: &Node) -> Option<(Span, Style)> {
    match &node.content {
        Content::Scalar(scalar) => Some((node.span, scalar.style)),
        Content::Sequence(items) => last_scalar(&items.last()?.node),
        Content::Mapping(mapping) => {
            let own = &mapping.entries[..mapping.own];
            last_scalar(&own.last()?.value)
        }
    }
}
