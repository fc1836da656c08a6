//! Queries into trees with every span, refused texts into messages with their places.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod depth;
mod holes;
mod refused;
mod sketch;
mod trees;

use super::{Features, Options, ParseError, Query, parse};
use crate::text::filled::HOLE;
use crate::text::span::{LineIndex, Span};

/// Reads `text` where each `_H_` is a hole.
fn with_holes(text: &str) -> (String, Result<Query, ParseError>) {
    let mut filled = String::new();
    let mut holes = Vec::new();
    for (index, part) in text.split("_H_").enumerate() {
        if index > 0 {
            let start = filled.len();
            filled.push(HOLE);
            holes.push(Span::new(start, filled.len()));
        }
        filled.push_str(part);
    }
    let options = Options {
        holes: &holes,
        ..Options::default()
    };
    let query = parse(&filled, options);
    (filled, query)
}

fn all(text: &str) -> Result<Query, ParseError> {
    let options = Options {
        features: Features::All,
        ..Options::default()
    };
    parse(text, options)
}

fn stock(text: &str) -> Result<Query, ParseError> {
    parse(text, Options::default())
}

/// `1:4-1:5 message`
fn told(text: &str, error: &ParseError) -> String {
    let lines = LineIndex::new(text);
    let start = lines.line_column(text, error.span.start);
    let end = lines.line_column(text, error.span.end);
    format!(
        "{}:{}-{}:{} {error}",
        start.line, start.column, end.line, end.column
    )
}
