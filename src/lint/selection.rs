//! A gate's matchers as they were written, and what could stand in them in place of a literal.

use crate::analysis::template::ValueFrom;
use crate::lint::gate::Gate;
use crate::lint::isolation::{is_of_the_canary, says};
use crate::promql::ast::{MatchOp, Matcher, Selector};
use crate::text::filled::Placeholder;
use crate::text::span::Span;

/// Words of arguments that hold a namespace.
pub const NAMESPACE: [&str; 2] = ["namespace", "ns"];

/// A stretch of the query as the author wrote it, placeholders in it.
pub fn written(gate: &Gate<'_>, span: Span) -> String {
    gate.in_query(span).text
}

/// A matcher's value without its quotes.
pub fn inner(matcher: &Matcher) -> Span {
    let span = matcher.value.span;
    match span.end - span.start {
        // A quoted name in braces has no value of its own, and every text has two quotes.
        0 | 1 => span,
        _ => Span::new(span.start + 1, span.end - 1),
    }
}

/// Whether a placeholder stands, wholly or in part, in a stretch of the query.
pub fn has_placeholder(gate: &Gate<'_>, span: Span) -> bool {
    let query = gate.query.as_ref();
    query.is_some_and(|query| query.filled.within(span).next().is_some())
}

/// The literal parts of a matcher's value, between its placeholders, escapes as written.
pub fn literals<'a>(gate: &'a Gate<'_>, matcher: &Matcher) -> Vec<&'a str> {
    let Some(query) = &gate.query else {
        return Vec::new();
    };
    let whole = inner(matcher);
    let mut start = whole.start;
    let mut parts = Vec::new();
    for piece in query.filled.within(whole) {
        parts.push(Span::new(start.min(piece.text.start), piece.text.start).of(&query.filled.text));
        start = piece.text.end;
    }
    parts.push(Span::new(start.min(whole.end), whole.end).of(&query.filled.text));
    parts
}

/// What a namespace would be written as: an argument that holds one, else the plugin's own variable.
pub fn namespace_placeholder(gate: &Gate<'_>) -> Option<String> {
    let mut known = gate.scene.arguments.iter();
    match known.find(|argument| says(argument.name, &NAMESPACE)) {
        Some(argument) => Some(format!("{{{{args.{}}}}}", argument.name)),
        None => gate
            .engine
            .is_plugin()
            .then(|| "$(run.namespace)".to_owned()),
    }
}

/// What the canary's hash would be written as: an argument that holds it, else the plugin's own variable.
pub fn hash_placeholder(gate: &Gate<'_>) -> Option<String> {
    let arguments = &gate.scene.arguments;
    let fed = arguments
        .iter()
        .find(|argument| argument.from.contains(&&ValueFrom::LatestHash));
    let named = || {
        let mut known = arguments.iter();
        known.find(|argument| is_of_the_canary(argument) && says(argument.name, &["hash"]))
    };
    match fed.or_else(named) {
        Some(argument) => Some(format!("{{{{args.{}}}}}", argument.name)),
        None => gate.engine.is_plugin().then(|| "$(run.hash)".to_owned()),
    }
}

/// Whether a matcher asks for a namespace: on one of its labels, and not for any.
pub fn asks_for_namespace(gate: &Gate<'_>, matcher: &Matcher) -> bool {
    let is_label = gate.labels().namespace.contains(&matcher.label.text);
    let value = matcher.value.text();
    is_label
        && match matcher.op {
            MatchOp::Equal => !value.is_empty(),
            MatchOp::Regexp => !is_match_all(&value) && !value.is_empty(),
            MatchOp::NotEqual | MatchOp::NotRegexp => false,
        }
}

/// Whether a matcher's value takes a pod-template-hash, of whichever side.
pub fn takes_a_hash(gate: &Gate<'_>, matcher: &Matcher) -> bool {
    let Some(query) = &gate.query else {
        return false;
    };
    query
        .filled
        .within(matcher.value.span)
        .any(|piece| match &piece.placeholder {
            Placeholder::Argument(name) => {
                let argument = gate.scene.argument(name);
                says(name, &["hash"])
                    || argument.is_some_and(|argument| {
                        argument.from.contains(&&ValueFrom::LatestHash)
                            || argument.from.contains(&&ValueFrom::StableHash)
                    })
            }
            Placeholder::Run(name) | Placeholder::Shell(name) => says(name, &["hash"]),
            _ => false,
        })
}

/// Whether a matcher's value takes a namespace, on whatever label: `service="{{args.namespace}}-web-80@kubernetes"`.
pub fn takes_a_namespace(gate: &Gate<'_>, matcher: &Matcher) -> bool {
    let is_positive = matches!(matcher.op, MatchOp::Equal | MatchOp::Regexp);
    let mut pieces = gate
        .query
        .iter()
        .flat_map(|query| query.filled.within(matcher.value.span));
    is_positive
        && pieces.any(|piece| match &piece.placeholder {
            Placeholder::Argument(name) | Placeholder::Run(name) | Placeholder::Shell(name) => {
                says(name, &NAMESPACE)
            }
            _ => false,
        })
}

/// Whether a regexp takes every text.
pub fn is_match_all(pattern: &str) -> bool {
    let bare = pattern.strip_prefix('^').unwrap_or(pattern);
    let bare = bare.strip_suffix('$').unwrap_or(bare);
    matches!(bare, ".*" | ".*?" | "(.*)")
}

/// A word of a matcher's literal text that looks like a pod-template-hash: 8 to 10 characters of those that
/// `SafeEncodeString` of `k8s.io/apimachinery/pkg/util/rand` makes of decimal digits, a digit and a letter among them.
pub fn pasted_hash(gate: &Gate<'_>, matcher: &Matcher) -> Option<String> {
    let parts = literals(gate, matcher);
    let words = parts
        .iter()
        .flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()));
    let found = words.into_iter().find(|word| {
        (8..=10).contains(&word.len())
            && word.bytes().all(|b| b"bcdf456789".contains(&b))
            && word.bytes().any(|b| b.is_ascii_digit())
            && word.bytes().any(|b| b.is_ascii_alphabetic())
    });
    found.map(|word| (*word).to_owned())
}

/// What a selector selects, in words: its metric where it is known.
pub fn named(selector: &Selector) -> String {
    match selector.metric() {
        Some(metric) => format!("`{metric}`"),
        None => "a selector without a name".to_owned(),
    }
}
