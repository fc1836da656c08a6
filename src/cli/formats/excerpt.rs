//! Bytes of a file into its lines with carets under them.

use super::paint::{Paint, columns, shown};
use super::secrets::holds_a_secret;
use crate::cli::source::Source;
use crate::lint::level::Level;
use crate::text::span::Span;

/// Columns of a line that are shown; of a longer one those around the carets.
const WIDTH: usize = 120;

/// Columns before the first caret that are kept of a long line.
const BEFORE: usize = 40;

/// Bytes of a line that are looked at, before and behind what is meant: more than is shown.
const NEAR: usize = 1000;

/// Lines that are shown; of more the first and the last.
const LINES: usize = 6;

/// What a tab is shown as.
const TAB: &str = "    ";

/// The lines of `span`, each with carets, behind a margin of `margin` columns for their numbers. Nothing where a secret
/// stands in one of them.
pub(super) fn excerpt(
    source: &Source,
    span: Span,
    margin: usize,
    level: Level,
    paint: Paint,
) -> String {
    let first = source.line_column(span.start).line;
    let last = match span.end > span.start {
        true => source.line_column(span.end - 1).line,
        false => first,
    };
    let is_open = |line: usize| {
        let shown = near(&source.text, source.line(line), span);
        !holds_a_secret(shown.of(&source.text))
    };
    if !(first..=last).all(is_open) {
        return String::new();
    }
    let bar = |number: &str| paint.frame(&format!("{number:>margin$} |"));
    let mut text = format!("{}\n", bar(""));
    for line in first..=last {
        if last - first >= LINES && line == first + LINES / 2 {
            text.push_str(&format!("{}\n", paint.frame(&format!("{:>margin$}", "…"))));
        }
        if last - first >= LINES && (first + LINES / 2..=last - LINES / 2).contains(&line) {
            continue;
        }
        let (code, carets) = marked(source, source.line(line), span, line > first);
        let number = bar(&line.to_string());
        text.push_str(format!("{number} {code}").trim_end());
        text.push('\n');
        if !carets.is_empty() {
            let blanks = carets.len() - carets.trim_start().len();
            text.push_str(&format!(
                "{} {}{}\n",
                bar(""),
                &carets[..blanks],
                paint.level(level, &carets[blanks..])
            ));
        }
    }
    text
}

/// The margin that the last line of `span` takes.
pub(super) fn margin(source: &Source, span: Span) -> usize {
    source.line_column(span.end).line.to_string().len()
}

/// A line as it is shown, and its carets; none under a line with nothing but blanks.
fn marked(source: &Source, line: Span, span: Span, goes_on: bool) -> (String, String) {
    let line = near(&source.text, line, span);
    let code = line.of(&source.text);
    let mut start = span.start.clamp(line.start, line.end) - line.start;
    let end = span.end.clamp(line.start, line.end) - line.start;
    if goes_on {
        // The indent of a further line is no part of what is meant.
        start += code.len() - code.trim_start().len();
        if start >= end {
            return (window(&cells(code), 0), String::new());
        }
    }
    let cells = cells(code);
    let from = column(&cells, start);
    let width = (column(&cells, end.max(start)) - from).max(1);
    let cut = from.saturating_sub(BEFORE);
    let is_long = column(&cells, code.len()) > WIDTH;
    let cut = if is_long { cut } else { 0 };
    let carets = width.min((WIDTH + cut).saturating_sub(from).max(1));
    (
        window(&cells, cut),
        format!("{}{}", " ".repeat(from - cut), "^".repeat(carets)),
    )
}

/// The part of a long line that lies around `span`.
fn near(text: &str, line: Span, span: Span) -> Span {
    let mut start = line
        .start
        .max(span.start.min(line.end).saturating_sub(NEAR));
    let mut end = line.end.min(span.start.max(line.start) + NEAR);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    Span::new(start, end)
}

/// What is shown for each character: where it begins in the line, its text, its columns.
fn cells(code: &str) -> Vec<(usize, String, usize)> {
    let cell = |(at, c)| match c {
        '\t' => (at, TAB.to_owned(), TAB.len()),
        c => (at, shown(c).to_string(), columns(shown(c))),
    };
    code.char_indices().map(cell).collect()
}

/// The column in which the byte at `offset` is shown.
fn column(cells: &[(usize, String, usize)], offset: usize) -> usize {
    let before = cells.iter().take_while(|(at, _, _)| *at < offset);
    before.map(|(_, _, columns)| columns).sum()
}

/// The line from column `cut` on, as far as it is shown.
fn window(cells: &[(usize, String, usize)], cut: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for (_, shown, columns) in cells {
        if column >= cut + WIDTH {
            text.push('…');
            break;
        }
        if column >= cut {
            // What is cut off before is told by the first column.
            match column == cut && cut > 0 && *columns == 1 {
                true => text.push('…'),
                false => text.push_str(shown),
            }
        } else if column + columns > cut {
            text.push_str(&" ".repeat(column + columns - cut));
        }
        column += columns;
    }
    text
}
