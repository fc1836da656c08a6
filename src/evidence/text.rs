//! A query, its placeholders filled, into the text that is sent: namespace, zeros and fallback written in.
//!
//! All are edits at the bytes of the tree, so comments and blanks stay as the author wrote them. The namespace comes first,
//! so that it stands in the unsliced half of a completed sum as well.

use crate::evidence::namespace::{self, Conflict, Namespace};
use crate::promql::ast::{Expr, ExprKind, ValueType};
use crate::promql::edit::{Edit, append, apply, replace, wrap};
use crate::promql::outcome::Labels;
use crate::promql::zeros::completed;
use crate::promql::{Features, Options, ParseError, Query, parse};
use crate::text::float::go_float_short;

/// What is written into a query.
#[derive(Debug, Clone, Copy)]
pub struct Writing<'a> {
    /// Labels with a meaning.
    pub labels: &'a Labels,
    /// Whether sums of slices are completed: `sum(…5xx…)` to `(sum(…5xx…) or 0 * sum(…))`.
    pub zeros: bool,
    /// The namespace that all data come from.
    pub namespace: Option<Namespace<'a>>,
    /// What is answered where nothing is: `(…) or on() vector(N)`. A number, a string and a range take none: a number is
    /// always there, the others are no answer of a gate.
    pub fallback: Option<f64>,
}

/// What is sent, and its tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The text; the author's own where nothing had to be written.
    pub text: String,
    /// Its tree.
    pub query: Query,
}

/// No text can be made of the query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The query itself cannot be read.
    #[error("read the query")]
    Parse(#[source] ParseError),
    /// A selector asks for another namespace.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// With what was written into it, the query cannot be read: it was at a limit before, or the namespace's label is none.
    #[error("write {what} into the query")]
    Written {
        /// What was written.
        what: &'static str,
        /// Why it cannot be read.
        source: ParseError,
    },
    /// Two of the places to write at overlap, which nodes of one tree do not; nothing is sent without what was asked for.
    #[error("write {what} into the query: two places overlap")]
    Overlap {
        /// What was to be written.
        what: &'static str,
    },
}

/// Writes into `query`, whose placeholders are filled.
///
/// It is read with every feature flag of Prometheus on, and if it is then none, with none on: which of them the server has is
/// its own to say.
///
/// Errors: the query cannot be read, or a selector asks for another namespace.
pub fn text(query: &str, writing: &Writing<'_>) -> Result<Text, TextError> {
    let mut text = Text {
        text: query.to_owned(),
        query: read(query).map_err(TextError::Parse)?,
    };
    if let Some(namespace) = writing.namespace {
        let edits = namespace::edits(&text.text, &text.query.expr, namespace)?;
        text.write(&edits, "the namespace")?;
    }
    if writing.zeros {
        let edits = zeros(&text, writing.labels);
        text.write(&edits, "zeros")?;
    }
    if let Some(number) = writing.fallback
        && text.query.expr.value_type == ValueType::Vector
    {
        let edits = fallback(&text.query, number);
        text.write(&edits, "`fallback`")?;
    }
    Ok(text)
}

/// Reads a text as one that is sent: by all flags, else by none.
pub(super) fn read(text: &str) -> Result<Query, ParseError> {
    let options = |features| Options {
        features,
        holes: &[],
    };
    parse(text, options(Features::All)).or_else(|_| parse(text, options(Features::Stock)))
}

impl Text {
    fn write(&mut self, edits: &[Edit], what: &'static str) -> Result<(), TextError> {
        if edits.is_empty() {
            return Ok(());
        }
        let text = apply(&self.text, edits).ok_or(TextError::Overlap { what })?;
        let query = read(&text).map_err(|source| TextError::Written { what, source })?;
        *self = Text { text, query };
        Ok(())
    }
}

fn zeros(text: &Text, labels: &Labels) -> Vec<Edit> {
    let expr = &text.query.expr;
    let completions = completed(&text.text, expr, labels);
    if completions.is_empty() {
        return Vec::new();
    }
    let bare = behind_bare_groups(&text.text, expr);
    let edits = completions.iter().map(|completion| {
        let mut new = completion.completed(completion.span.of(&text.text));
        if bare.contains(&completion.span.start) {
            new.insert_str(0, "() ");
        }
        replace(completion.span, new)
    });
    edits.collect()
}

/// Where an operand begins behind a `group_left` without parentheses, which would take the operand's for the list of its labels.
fn behind_bare_groups(text: &str, expr: &Expr) -> Vec<usize> {
    let mut found = Vec::new();
    expr.walk(&mut |node| {
        if let ExprKind::Binary(binary) = &node.kind
            && let Some(matching) = &binary.matching
            && !matching.span.of(text).ends_with(')')
        {
            found.push(binary.right.span.start);
        }
    });
    found
}

/// `(…) or on() vector(N)`, before a comment that ends the text.
fn fallback(query: &Query, number: f64) -> Vec<Edit> {
    let mut edits = wrap(query.expr.span, "(", "").to_vec();
    let constant = format!(") or on() vector({})", go_float_short(number));
    edits.push(append(query.end, &constant));
    edits
}

#[cfg(test)]
mod tests;
