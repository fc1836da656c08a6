//! A selector and what stands around it into the same selector printed anew, without some of its matchers, and into
//! where it stands.

use crate::promql::answer::has_selector;
use crate::promql::ast::{BinaryOp, Expr, ExprKind, Matcher, Selector};
use crate::promql::outcome::{Labels, Picks, is_outcome, picks};
use crate::promql::select::DataSelector;
use crate::promql::zeros::is_zero_fallback;
use crate::promql::{Features, Options, Query, parse};

/// Reads what was made of a text that was read before.
pub(super) fn read(text: &str) -> Option<Query> {
    let options = Options {
        features: Features::All,
        holes: &[],
    };
    parse(text, options).ok()
}

/// Name and braces with these matchers only, without range and modifiers: `x{a="b"}`. None where Prometheus would not
/// take what is left for a selector.
pub(super) fn printed(
    text: &str,
    selector: &Selector,
    keep: impl Fn(&Matcher) -> bool,
) -> Option<String> {
    let name = selector.name.as_ref().map(|name| name.span.of(text));
    let matchers = matchers(text, selector, keep).join(",");
    match name {
        Some(name) if matchers.is_empty() => Some(name.to_owned()),
        Some(name) => Some(format!("{name}{{{matchers}}}")),
        None => Some(format!("{{{matchers}}}")).filter(|selector| read(selector).is_some()),
    }
}

/// These matchers, without the blanks and comments in them.
pub(super) fn matchers(
    text: &str,
    selector: &Selector,
    keep: impl Fn(&Matcher) -> bool,
) -> Vec<String> {
    let kept = selector.matchers.iter().filter(|matcher| keep(matcher));
    kept.map(|matcher| {
        let value = matcher.value.span.of(text);
        if matcher.op_span.start == matcher.op_span.end {
            // A quoted name in braces.
            return value.to_owned();
        }
        let label = matcher.label.span.of(text);
        format!("{label}{}{value}", matcher.op.as_str())
    })
    .collect()
}

/// Without the matchers that pick failures, where Prometheus takes what is left; and whether it has such.
pub(super) fn without_failures(
    text: &str,
    selector: &Selector,
    labels: &Labels,
) -> Option<(String, bool)> {
    let metric = selector.metric();
    let is_failure = |matcher: &Matcher| picks(matcher, metric, labels) == Picks::Failures;
    let picks_failures = selector.matchers.iter().any(is_failure);
    printed(text, selector, |matcher| !is_failure(matcher))
        .or_else(|| printed(text, selector, |_| true))
        .map(|selector| (selector, picks_failures))
}

/// A selector's text with one more matcher.
pub(super) fn with_matcher(selector: &str, matcher: &str) -> String {
    match selector.strip_suffix('}') {
        Some(head) => format!("{head},{matcher}}}"),
        None => format!("{selector}{{{matcher}}}"),
    }
}

/// One of the selector's matchers is about what happened.
pub(super) fn has_outcome(selector: &Selector, labels: &Labels) -> bool {
    let metric = selector.metric();
    let mut matchers = selector.matchers.iter();
    matchers.any(|matcher| is_outcome(matcher, metric, labels))
}

/// The nodes around a selector, the root first, each with its operand that holds it.
pub(super) fn path<'a>(
    selector: &DataSelector<'a>,
) -> impl Iterator<Item = (&'a Expr, &'a Expr)> + use<'a> {
    let around = selector.around.clone();
    let inside: Vec<_> = around
        .iter()
        .skip(1)
        .copied()
        .chain([selector.expr])
        .collect();
    around.into_iter().zip(inside)
}

/// It stands where it can only take answers away: on the right of an `unless`. The witness has none of these.
pub(super) fn only_takes_away(selector: &DataSelector<'_>) -> bool {
    path(selector).any(|(node, child)| {
        matches!(&node.kind, ExprKind::Binary(binary)
            if binary.op == BinaryOp::Unless && std::ptr::eq(&raw const binary.right, child))
    })
}

/// Something around it answers where it is missing: a constant beside it under an `or`, or an `absent`.
pub(super) fn stands_under_fallback(selector: &DataSelector<'_>) -> bool {
    path(selector).any(|(node, child)| match &node.kind {
        ExprKind::Binary(binary) if binary.op == BinaryOp::Or => {
            let is_left = std::ptr::eq(&raw const binary.left, child);
            !has_selector(if is_left { &binary.right } else { &binary.left })
        }
        ExprKind::Call(call) => matches!(call.function.name, "absent" | "absent_over_time"),
        _ => false,
    })
}

/// It is the slice of a completed sum, the `A` of `A or 0 * U`.
pub(super) fn is_completed_slice(selector: &DataSelector<'_>) -> bool {
    path(selector).any(|(node, child)| {
        matches!(&node.kind, ExprKind::Binary(binary)
            if binary.op == BinaryOp::Or
                && std::ptr::eq(&raw const binary.left, child)
                && has_selector(&binary.right)
                && is_zero_fallback(&binary.right))
    })
}

/// Every character that RE2 gives a meaning to gets a backslash (Go's `regexp.QuoteMeta`).
pub(super) fn quoted_for_regexp(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
