//! A regexp that is a plain text.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::lint::selection::{has_placeholder, inner};
use crate::promql::Query;
use crate::promql::ast::{MatchOp, Matcher};
use crate::promql::select::data_selectors;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds `=~` and `!~` with a text that holds nothing of a regexp, or anchors alone.
    ///
    /// ## Why it matters
    ///
    /// Prometheus anchors regexps by itself, so that it says what `=` says; whoever reads it looks for the rest.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(up{namespace="{{args.namespace}}",job=~"^api$"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(up{namespace="{{args.namespace}}",job="api"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    "literal-regex", "a regexp is a plain text",
    Selection, levels: [Info],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let Some(text) = &gate.query else {
        return;
    };
    for selected in data_selectors(&query.expr) {
        for matcher in &selected.selector.matchers {
            let operator = match matcher.op {
                MatchOp::Regexp => "=",
                MatchOp::NotRegexp => "!=",
                MatchOp::Equal | MatchOp::NotEqual => continue,
            };
            let Some(literal) = literal(gate, matcher, &text.filled.text) else {
                continue;
            };
            // The quotes stay: nothing between them needs an escape.
            let start = matcher.value.span.start;
            let quote = Span::new(start, start + 1).of(&text.filled.text);
            let wanted = format!("{operator}{quote}{literal}{quote}");
            let span = Span::new(matcher.op_span.start, matcher.value.span.end);
            out.info(
                gate.in_query(matcher.span),
                format!(
                    "`{literal}` is a plain text, which `{}` reads as a regexp",
                    matcher.op.as_str()
                ),
            )
            .help(format!("write `{}{wanted}`", matcher.label.text))
            // What tells an outcome is rather a slip, which `=` would make look meant.
            .fix(gate.fix_query(!is_outcome_label(gate, matcher), &[(span, wanted)]));
        }
    }
}

fn is_outcome_label(gate: &Gate<'_>, matcher: &Matcher) -> bool {
    gate.labels().outcome.contains(&matcher.label.text)
}

/// The text that the pattern is, where it is one without escapes.
fn literal<'a>(gate: &Gate<'_>, matcher: &Matcher, text: &'a str) -> Option<&'a str> {
    if has_placeholder(gate, matcher.value.span) {
        return None;
    }
    let written = inner(matcher).of(text);
    let bare = written.strip_prefix('^').unwrap_or(written);
    let bare = bare.strip_suffix('$').unwrap_or(bare);
    (!bare.contains(META)).then_some(bare)
}

/// What means something in a regexp, or in a quoted text.
const META: [char; 17] = [
    '\\', '.', '+', '*', '?', '(', ')', '[', ']', '{', '}', '^', '$', '|', '"', '\'', '`',
];

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn regexps_that_are_texts() {
        for (matcher, expected) in [
            ("a=~\"api\"", 1),
            ("a=~\"^api$\"", 1),
            ("a!~\"api\"", 1),
            ("a=~\"\"", 1),
            ("a=~\"api.v1\"", 0),
            ("a=~\"api|web\"", 0),
            ("a=~\"10\\\\.0\"", 0),
            ("a=\"api\"", 0),
            ("a=~\"{{args.a}}\"", 0),
            ("a=~\"{{args.b}}\"", 0),
        ] {
            let gate = format!(
                "query: 'x{{b=\"c\",{matcher}}}'\nargs:\n- name: a\n  value: api\n- name: b"
            );
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{matcher}");
        }
    }

    #[test]
    fn the_operator_says_it() {
        for (before, after) in [
            ("x{a=~\"^api$\"}", "x{a=\"api\"}"),
            ("x{a !~ \"api\"}", "x{a !=\"api\"}"),
            ("x{a=~`api`}", "x{a=`api`}"),
        ] {
            let (text, is_safe) = fixed(super::RULE.name, &format!("query: {before}"));
            assert!(text.contains(after), "{text}");
            assert!(is_safe);
        }
        let (text, is_safe) = fixed(super::RULE.name, "query: x{code=~\"5xx\"}");
        assert!(text.contains("x{code=\"5xx\"}") && !is_safe, "{text}");
    }
}
