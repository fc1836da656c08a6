//! Bytes of a text into bytes of the file that holds it, and edits of the one into edits of the other.

use std::sync::Arc;

use crate::text::plain::{is_plain, is_printable, meaning};
use crate::text::scalar::written;
use crate::text::span::Span;

/// Which file of the input, counted from 0.
pub type FileId = usize;

/// Where a text stands in a file, and how it is written there. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// All of the value's bytes in the file, quotes included; of a literal or folded one its header too. Where it is an
    /// alias, those of what it stands for.
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
    /// Runs of bytes that are the same in text and file, in text order; what lies between is an escape, a line break, an
    /// indent. The first begins with the text, the last ends with it (but for a block scalar's last line breaks).
    pub runs: Vec<Run>,
    /// As it is written, the bytes of `Place::span`.
    pub source: String,
    /// Within brackets or braces.
    pub in_flow: bool,
    /// Read in several places, by an anchor and its aliases: an edit would change them all.
    pub is_shared: bool,
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

impl Run {
    fn text_end(self) -> usize {
        self.text + self.length
    }

    fn file_end(self) -> usize {
        self.file + self.length
    }
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

impl Style {
    fn is_block(self) -> bool {
        matches!(self, Style::Literal(_) | Style::Folded(_))
    }
}

impl Place {
    /// The file's bytes for `span` of the text: of an escape all of it. All of the value where nothing nearer is known.
    pub fn file_span(&self, span: Span) -> Span {
        let runs = &self.layout.runs;
        let Some(start) = file_start(runs, span.start) else {
            return self.span;
        };
        if span.start >= span.end {
            return Span::at(start);
        }
        let end = file_end(runs, span.end).unwrap_or(start);
        Span::new(start, end.max(start))
    }

    /// The edits of the file, each the bytes that go and the text that comes, after which the text's bytes `span` read
    /// `new`, and everything else what it read before. None where this style cannot hold that, or an alias reads it too.
    pub fn edit(&self, span: Span, new: &str) -> Option<Vec<(Span, String)>> {
        let layout = &*self.layout;
        if layout.is_shared || layout.runs.is_empty() {
            return None;
        }
        let text = written(&layout.source, layout.style)?.text;
        let before = text.get(..span.start)?;
        let after = text.get(span.end..)?;
        let wanted = format!("{before}{new}{after}");
        let (whole, new) = self.whole_gaps(&text, span, new);
        let put = encoded(&new, layout)?;
        let places = self.replaced(whole);
        let place = places
            .into_iter()
            .find(|place| self.reads(*place, &put, &text, &wanted))?;
        Some(vec![(place, put)])
    }

    /// Whether the file's value, with `put` in the place of its bytes, reads `wanted` in place of `text`.
    fn reads(&self, place: Span, put: &str, text: &str, wanted: &str) -> bool {
        let layout = &*self.layout;
        let source = |at: usize| at.checked_sub(self.span.start);
        let parts = source(place.start).zip(source(place.end));
        let Some((first, last)) =
            parts.and_then(|(start, end)| layout.source.get(..start).zip(layout.source.get(end..)))
        else {
            return false;
        };
        let edited = format!("{first}{put}{last}");
        let is_same = written(&edited, layout.style).is_some_and(|read| read.text == wanted);
        let is_fit = match layout.style {
            Style::Plain => {
                is_plain(&edited.replace(['\r', '\n'], " "), layout.in_flow)
                    && meaning(wanted).is_like(meaning(text))
            }
            style if style.is_block() => !wanted.is_empty() && !wanted.ends_with('\n'),
            _ => true,
        };
        is_same && is_fit
    }

    /// `span` made so wide that it cuts through nothing between two runs, and `new` with what it then has to repeat.
    fn whole_gaps(&self, text: &str, span: Span, new: &str) -> (Span, String) {
        let gap = |at: usize| {
            let gaps = self.layout.runs.windows(2).map(|pair| Span {
                start: pair[0].text_end(),
                end: pair[1].text,
            });
            let mut cut = gaps.filter(|gap| gap.start < at && at < gap.end);
            cut.next().unwrap_or(Span::at(at))
        };
        let (start, end) = (gap(span.start).start, gap(span.end).end);
        let repeated = format!("{}{new}{}", &text[start..span.start], &text[span.end..end]);
        (Span { start, end }, repeated)
    }

    /// The file's bytes that go, the likeliest first.
    fn replaced(&self, span: Span) -> Vec<Span> {
        if span.start < span.end {
            return vec![self.file_span(span)];
        }
        // Nothing goes: what comes stands right behind what is there, or at a line's start behind its indent.
        let runs = &self.layout.runs;
        let places = [file_end(runs, span.start), file_start(runs, span.start)];
        places.into_iter().flatten().map(Span::at).collect()
    }
}

/// Where the text's byte at `at` begins in the file.
fn file_start(runs: &[Run], at: usize) -> Option<usize> {
    let index = runs.partition_point(|run| run.text <= at).checked_sub(1)?;
    let run = runs[index];
    Some(run.file + (at - run.text).min(run.length))
}

/// Where the text's byte before `at` ends in the file.
fn file_end(runs: &[Run], at: usize) -> Option<usize> {
    let index = runs.partition_point(|run| run.text_end() < at);
    match runs.get(index) {
        Some(run) => Some(run.file + at.saturating_sub(run.text)),
        None => runs.last().map(|run| run.file_end()),
    }
}

/// `text` as it is written in the layout's style; none where that style cannot hold it.
fn encoded(text: &str, layout: &Layout) -> Option<String> {
    match layout.style {
        Style::None => None,
        Style::Plain | Style::Folded(_) => text.chars().all(is_printable).then(|| text.to_owned()),
        Style::SingleQuoted => text
            .chars()
            .all(is_printable)
            .then(|| text.replace('\'', "''")),
        Style::DoubleQuoted => Some(text.chars().map(escaped).collect()),
        Style::Literal(indent) => {
            let is_written = |c| c == '\n' || c == '\t' || is_printable(c);
            text.chars()
                .all(is_written)
                .then(|| indented(text, indent, &layout.source))
        }
    }
}

fn escaped(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        '\r' => "\\r".to_owned(),
        c if is_printable(c) => c.to_string(),
        // All of these have at most four digits; JSON has no other escape for them.
        c => format!("\\u{:04x}", u32::from(c)),
    }
}

/// Line breaks as the scalar has them, the lines behind them indented.
fn indented(text: &str, indent: usize, source: &str) -> String {
    let line_break = if source.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let mut lines = text.split('\n').peekable();
    let mut out = lines.next().unwrap_or_default().to_owned();
    while let Some(line) = lines.next() {
        out.push_str(line_break);
        // Behind the last one goes on what was there.
        if !line.is_empty() || lines.peek().is_none() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
    }
    out
}
