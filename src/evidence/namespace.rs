//! A query and a namespace into the edits after which every selector takes nothing from elsewhere.
//!
//! A matcher that refuses the namespace is the author's contradiction and is told; one that pins it stays alone; beside
//! all others, a regular expression that accepts it too, the pin is written. `info()` looks for its labels in the whole
//! server: what it takes them from is pinned as well (Prometheus's `promql/info.go`, `fetchInfoSeries`).

use crate::promql::ast::{Expr, ExprKind, MatchOp, Matcher, Selector};
use crate::promql::edit::{Edit, add_matcher, quote, replace};
use crate::text::regexp::compile_anchored;
use crate::text::span::Span;

/// The namespace that all data come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Namespace<'a> {
    /// The label that tells it; any text.
    pub label: &'a str,
    /// Its name.
    pub value: &'a str,
}

impl Namespace<'_> {
    /// `namespace="shop"`, the label quoted where it is no plain name.
    pub fn matcher(&self) -> String {
        let value = quote(self.value);
        if is_plain(self.label) {
            format!("{}={value}", self.label)
        } else {
            format!("{}={value}", quote(self.label))
        }
    }
}

/// A selector asks for another namespace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "selector `{}` looks at another namespace than `{namespace}`: `{}` refuses it; \
     drop that matcher, the namespace is written into the query",
    shown(selector),
    shown(matcher)
)]
pub struct Conflict {
    /// The selector as written.
    pub selector: String,
    /// Its matcher that refuses the namespace.
    pub matcher: String,
    /// The namespace wanted.
    pub namespace: String,
    /// The matcher's bytes in the query.
    pub span: Span,
}

/// What is written into `query`, whose tree is `expr`, so that each selector, wherever it stands, takes a part of the
/// namespace.
///
/// `info(x)` becomes `info(x, {namespace="…"})`: it then takes from the namespace's `target_info` that label alone.
///
/// Errors: the first selector with a matcher that refuses the namespace.
pub fn edits(query: &str, expr: &Expr, namespace: Namespace<'_>) -> Result<Vec<Edit>, Conflict> {
    let matcher = namespace.matcher();
    let (mut edits, mut conflict, mut behind) = (Vec::new(), None, Vec::new());
    expr.walk(&mut |node| {
        if let Some(selector) = node.selector() {
            match stance(selector, namespace) {
                Stance::Pinned => {}
                Stance::Open => edits.push(add_matcher(selector, &matcher)),
                Stance::Refuses(refusing) => {
                    conflict.get_or_insert_with(|| Conflict {
                        selector: node.span.of(query).to_owned(),
                        matcher: refusing.span.of(query).to_owned(),
                        namespace: namespace.value.to_owned(),
                        span: refusing.span,
                    });
                }
            }
        }
        if let ExprKind::Call(call) = &node.kind
            && call.function.name == "info"
            && let [series] = call.args.as_slice()
        {
            behind.push(replace(
                Span::at(series.span.end),
                format!(", {{{matcher}}}"),
            ));
        }
    });
    // The series' own matcher comes first where both stand at one place.
    edits.append(&mut behind);
    conflict.map_or(Ok(edits), Err)
}

/// What a selector says of the namespace.
enum Stance<'a> {
    /// It takes nothing else.
    Pinned,
    /// It may take more.
    Open,
    /// It takes nothing of it, by this matcher.
    Refuses(&'a Matcher),
}

fn stance<'a>(selector: &'a Selector, namespace: Namespace<'_>) -> Stance<'a> {
    let mut is_pinned = false;
    let value = namespace.value.as_bytes();
    for matcher in &selector.matchers {
        if matcher.label.text != namespace.label || !matcher.value.is_known {
            continue;
        }
        if !accepts(matcher, value) {
            return Stance::Refuses(matcher);
        }
        is_pinned |= matcher.op == MatchOp::Equal;
    }
    if is_pinned {
        Stance::Pinned
    } else {
        Stance::Open
    }
}

/// Whether the matcher takes the value; where it cannot be told it does, as beside it the pin is written.
fn accepts(matcher: &Matcher, value: &[u8]) -> bool {
    let is_equal = || matcher.value.value == value;
    let is_match = || {
        let pattern = std::str::from_utf8(&matcher.value.value).ok()?;
        Some(compile_anchored(pattern).ok()?.is_match(value))
    };
    match matcher.op {
        MatchOp::Equal => is_equal(),
        MatchOp::NotEqual => !is_equal(),
        MatchOp::Regexp => is_match() != Some(false),
        MatchOp::NotRegexp => is_match() != Some(true),
    }
}

/// A name that every Prometheus reads without quotes (`LegacyValidation` in `common/model/metric.go`).
fn is_plain(label: &str) -> bool {
    let mut bytes = label.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A piece of the query on one line, its end left out where it is long.
fn shown(text: &str) -> String {
    const LENGTH: usize = 120;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
