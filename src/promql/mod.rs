//! Query text into a tree with the bytes of every part, the plugin's placeholders into their values.
//!
//! [`parse`] reads PromQL as Prometheus 3.16 does and types it on the way; its first error is the answer, there is no
//! recovery. Series descriptions of rule tests are no queries and are not read.

pub mod answer;
pub mod ast;
pub mod class;
pub mod edit;
pub mod error;
pub mod functions;
mod lexer;
pub mod limits;
pub mod literal;
pub mod missing;
pub mod names;
pub mod outcome;
mod parser;
pub mod placeholder;
pub mod print;
pub mod same;
pub mod select;
mod token;
pub mod zeros;

use crate::text::span::Span;
use ast::Expr;
pub use error::{ParseError, ParseErrorKind};

/// Which of Prometheus's feature flags are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Features {
    /// Prometheus 3.16 without flags.
    #[default]
    Stock,
    /// All that concern PromQL: experimental functions, `fill`, names in UTF-8 without quotes.
    All,
}

/// How a query is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// The dialect.
    pub features: Features,
    /// Where a [`HOLE`](crate::text::filled::HOLE) of the text stands for a value that is not known, ascending. Elsewhere the
    /// character is one as any other.
    pub holes: &'a [Span],
}

/// A query that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Its tree.
    pub expr: Expr,
    /// The comments from `#` on, without the end of the line, in text order.
    pub comments: Vec<Span>,
    /// The end of the last token: behind it only blanks and comments are left.
    pub end: usize,
}

/// Reads a query.
///
/// Errors: what Prometheus refuses, and what is past [`limits`].
pub fn parse(text: &str, options: Options<'_>) -> Result<Query, ParseError> {
    parser::parse(text, options).map_err(|error| *error)
}

#[cfg(test)]
mod tests;
