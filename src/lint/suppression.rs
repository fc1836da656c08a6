//! Comments, annotations and settings into the rules that they silence, each with its reason.

use crate::analysis::template::{Field, QuerySpec};
use crate::lint::finding::Spot;
use crate::lint::gate::spot;
use crate::text::span::Span;

/// So many rules are read of one list, more than there are.
const MOST: usize = 500;

/// Before the rules in a comment of a query.
const MARK: &str = "promql-guard: allow ";

/// A rule that is silenced.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Suppression {
    /// The rule's name as written.
    pub(super) rule: String,
    /// Whether a reason stands beside it; a comment or an annotation without one silences nothing.
    pub(super) has_reason: bool,
    /// The rule's name in the text.
    pub(super) spot: Spot,
}

/// Those in a query's comments: `# promql-guard: allow <rule>[, <rule>] -- reason`.
pub(super) fn in_query(query: &Field) -> Vec<Suppression> {
    let comments = comments(&query.text);
    let marked = comments.filter_map(|comment| {
        let words = comment.of(&query.text)[1..].trim_start();
        let rules = words.strip_prefix(MARK)?.trim_end();
        let start = comment.end - words.len() + MARK.len();
        Some(Span::new(start, start + rules.len()))
    });
    marked
        .flat_map(|allowed| listed("query", query, allowed))
        .collect()
}

/// A query's comments, from `#` to the end of the line; one in a string is none. Also of a text that does not parse.
fn comments(text: &str) -> impl Iterator<Item = Span> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut quote = None;
    std::iter::from_fn(move || {
        while let Some(byte) = bytes.get(at) {
            let here = at;
            at += 1;
            match (quote, byte) {
                (Some(b'"' | b'\''), b'\\') => at += 1,
                (Some(open), byte) if open == *byte => quote = None,
                (None, b'"' | b'\'' | b'`') => quote = Some(*byte),
                (None, b'#') => {
                    let rest = &bytes[here..];
                    let length = rest.iter().position(|byte| *byte == b'\n');
                    at = here + length.unwrap_or(rest.len());
                    return Some(Span::new(here, at));
                }
                _ => {}
            }
        }
        None
    })
}

/// Those of the annotation `promql-guard/allow: "<rule>[, <rule>] -- reason"`, one line a reason.
pub(super) fn in_annotation(allow: &Field) -> Vec<Suppression> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in allow.text.split_inclusive('\n') {
        let allowed = Span::new(start, start + line.trim_end().len());
        found.extend(listed(
            "metadata.annotations.promql-guard/allow",
            allow,
            allowed,
        ));
        start += line.len();
    }
    found
}

/// Those of the plugin's setting `allow`, which may do without a reason.
pub(super) fn in_settings(spec: &QuerySpec) -> Vec<Suppression> {
    let entries = spec
        .settings
        .iter()
        .filter(|setting| setting.path.starts_with("allow["));
    let listed = entries.flat_map(|setting| {
        let field = &setting.field;
        listed(&setting.path, field, field.all())
    });
    listed
        .map(|suppression| Suppression {
            has_reason: true,
            ..suppression
        })
        .collect()
}

/// `<rule>[, <rule>] -- reason` in a stretch of a field.
fn listed(name: &str, field: &Field, allowed: Span) -> Vec<Suppression> {
    let text = allowed.of(&field.text);
    let (rules, reason) = text.split_once("--").unwrap_or((text, ""));
    let mut found = Vec::new();
    let mut at = allowed.start;
    for rule in rules.split(',').take(MOST) {
        let trimmed = rule.trim();
        let start = at + (rule.len() - rule.trim_start().len());
        if !trimmed.is_empty() {
            found.push(Suppression {
                rule: trimmed.to_owned(),
                has_reason: !reason.trim().is_empty(),
                spot: spot(name, field, Span::new(start, start + trimmed.len())),
            });
        }
        at += rule.len() + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_reasons_are_read() {
        for (query, expected) in [
            ("up # promql-guard: allow a-b -- because", "a-b+@25..28"),
            ("# promql-guard: allow a, b -- x\nup", "a+@22..23 b+@25..26"),
            ("up # promql-guard: allow a", "a-@25..26"),
            ("up # promql-guard: allow a --  ", "a-@25..26"),
            ("up # promql-guard: allow ", ""),
            ("up{a=\"promql-guard: allow x -- y\"}", ""),
            ("up{a=\"# promql-guard: allow x -- y\"}", ""),
            ("up{a='\\'# promql-guard: allow x -- y'}", ""),
            ("up{a=`# promql-guard: allow x -- y`}", ""),
            ("sum(up{a='#'} # promql-guard: allow x -- y", "x+@36..37"),
            ("up # other", ""),
        ] {
            let field = Field {
                text: query.to_owned(),
                ..Field::default()
            };
            let found: Vec<_> = in_query(&field)
                .iter()
                .map(|s| {
                    let sign = if s.has_reason { '+' } else { '-' };
                    format!(
                        "{}{sign}@{}..{}",
                        s.rule, s.spot.span.start, s.spot.span.end
                    )
                })
                .collect();
            assert_eq!(found.join(" "), expected, "{query}");
        }
    }
}
