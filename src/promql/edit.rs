//! Changes of a query's text at the bytes of its tree: everything else, comments too, stays as it was written.

use crate::promql::ast::{MatchOp, Matcher, Selector};
use crate::promql::print;
use crate::text::regexp;
use crate::text::span::Span;

/// A stretch of a query's text and what to write in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go; none to insert.
    pub span: Span,
    /// What comes.
    pub text: String,
}

/// The text with all edits done. Those that insert at one place do so in the order given, before what replaces the text behind.
///
/// Nothing if two edits overlap, or one begins or ends out of `text` or inside a character.
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.span);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for edit in sorted {
        // What begins before the last one ended is no range.
        out.push_str(text.get(done..edit.span.start)?);
        text.get(edit.span.range())?;
        out.push_str(&edit.text);
        done = edit.span.end;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

/// Adds a matcher, `namespace="shop"`, as the last one.
pub fn add_matcher(selector: &Selector, matcher: &str) -> Edit {
    match (selector.matchers.last(), selector.braces, &selector.name) {
        // A comma behind the last one may follow; it is fine behind the new one.
        (Some(last), _, _) => insert(last.span.end, format!(",{matcher}")),
        (None, Some(braces), _) => insert(braces.start + 1, matcher),
        (None, None, Some(name)) => insert(name.span.end, format!("{{{matcher}}}")),
        // Of what is no selector of a parsed text nothing is changed.
        (None, None, None) => insert(0, ""),
    }
}

/// Removes the matcher at `index`, and a comma, from the selector in `text`.
///
/// Nothing if there is none, or if without it the selector would have to take every series, which Prometheus refuses.
pub fn remove_matcher(selector: &Selector, index: usize, text: &str) -> Option<Edit> {
    let matcher = selector.matchers.get(index)?;
    let braces = selector.braces?;
    let mut others = selector.matchers.iter().enumerate();
    if selector.name.is_none() && !others.any(|(other, m)| other != index && is_selective(m)) {
        return None;
    }
    let next = selector.matchers.get(index + 1);
    let behind = Span::new(
        matcher.span.end,
        next.map_or(braces.end - 1, |next| next.span.start),
    );
    if let Some(comma) = comma(behind, text) {
        let kept = Span::new(behind.start, comma);
        // A line with a comment goes on where it did.
        let blanks = text.get(comma + 1..behind.end)?;
        let end = match next {
            Some(_) if !blanks.contains(['#', '\n']) => behind.end,
            _ => comma + 1,
        };
        return Some(replace(
            Span::new(matcher.span.start, end),
            comments(kept.of(text)),
        ));
    }
    let Some(before) = index
        .checked_sub(1)
        .and_then(|before| selector.matchers.get(before))
    else {
        return Some(replace(matcher.span, ""));
    };
    let gap = Span::new(before.span.end, matcher.span.start);
    let comma = comma(gap, text)?;
    let kept = text.get(comma + 1..gap.end)?;
    Some(replace(Span::new(comma, matcher.span.end), comments(kept)))
}

/// Writes a text in the place of another.
pub fn replace(span: Span, text: impl Into<String>) -> Edit {
    Edit {
        span,
        text: text.into(),
    }
}

/// Writes something before and behind a stretch, `sum(` and `)`.
///
/// Parentheses alone around the operand behind a `group_left` without labels would become the list of its labels.
pub fn wrap(span: Span, before: &str, after: &str) -> [Edit; 2] {
    [insert(span.start, before), insert(span.end, after)]
}

/// Writes something behind the query, ` or vector(0)`: at [`Query::end`](crate::promql::Query::end), so before a comment
/// that ends the text.
pub fn append(query_end: usize, text: &str) -> Edit {
    insert(query_end, text)
}

/// A text as a string of PromQL, with its double quotes.
pub fn quote(value: &str) -> String {
    print::quote(value.as_bytes())
}

fn insert(at: usize, text: impl Into<String>) -> Edit {
    replace(Span::at(at), text)
}

/// Where the comma stands between two matchers, or before the brace.
fn comma(gap: Span, text: &str) -> Option<usize> {
    let mut is_comment = false;
    for (at, byte) in gap.of(text).bytes().enumerate() {
        match byte {
            b'#' => is_comment = true,
            b'\n' | b'\r' => is_comment = false,
            b',' if !is_comment => return Some(gap.start + at),
            _ => {}
        }
    }
    None
}

/// Blanks are dropped, unless a comment stands among them.
fn comments(between: &str) -> &str {
    if between.contains('#') { between } else { "" }
}

/// Whether series without the label are not taken: Prometheus wants one such matcher a selector.
fn is_selective(matcher: &Matcher) -> bool {
    let value = &matcher.value;
    let takes_empty = || {
        let pattern = std::str::from_utf8(&value.value).ok()?;
        let compiled = regexp::compile_anchored(pattern).ok()?;
        Some(compiled.is_match(b""))
    };
    match matcher.op {
        MatchOp::Equal => !value.is_known || !value.value.is_empty(),
        _ if !value.is_known => false,
        MatchOp::NotEqual => value.value.is_empty(),
        MatchOp::Regexp => takes_empty() == Some(false),
        MatchOp::NotRegexp => takes_empty() == Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::ast::Expr;
    use crate::promql::{Options, Query, parse};

    fn read(text: &str) -> Query {
        parse(text, Options::default()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn selectors(expr: &Expr) -> Vec<&Selector> {
        let mut found = Vec::new();
        expr.walk(&mut |expr| found.extend(expr.selector()));
        found
    }

    /// Every edited text must be a query again.
    fn edited(text: &str, edits: &[Edit]) -> String {
        let edited = apply(text, edits).expect("the edits fit");
        read(&edited);
        edited
    }

    #[test]
    fn matchers_are_added() {
        for (text, expected) in [
            ("up", r#"up{n="s"}"#),
            ("up{}", r#"up{n="s"}"#),
            ("up { }", r#"up {n="s" }"#),
            (r#"up{a="b"}"#, r#"up{a="b",n="s"}"#),
            (r#"up{a="b" , }"#, r#"up{a="b",n="s" , }"#),
            (r#"{a="b"}"#, r#"{a="b",n="s"}"#),
            (r#"{"a.b"}"#, r#"{"a.b",n="s"}"#),
            ("up[5m] offset 1h", r#"up{n="s"}[5m] offset 1h"#),
            ("up{ # all\n}", "up{n=\"s\" # all\n}"),
            ("up{a=\"b\" # ours\n}", "up{a=\"b\",n=\"s\" # ours\n}"),
            (
                "sum by (x) (a) / on (x) max_over_time(b[5m:] @ 5)",
                r#"sum by (x) (a{n="s"}) / on (x) max_over_time(b{n="s"}[5m:] @ 5)"#,
            ),
            (
                r#"topk(scalar(a), b)"#,
                r#"topk(scalar(a{n="s"}), b{n="s"})"#,
            ),
        ] {
            let query = read(text);
            let edits: Vec<Edit> = selectors(&query.expr)
                .iter()
                .map(|selector| add_matcher(selector, r#"n="s""#))
                .collect();
            assert_eq!(edited(text, &edits), expected);
        }
    }

    #[test]
    fn matchers_are_removed_with_a_comma() {
        for (text, index, expected) in [
            (r#"up{a="b"}"#, 0, Some("up{}")),
            (r#"up{a="b",}"#, 0, Some("up{}")),
            (r#"up{a="b", c="d"}"#, 0, Some(r#"up{c="d"}"#)),
            (r#"up{a="b", c="d"}"#, 1, Some(r#"up{a="b"}"#)),
            (r#"up{a="b", c="d", }"#, 1, Some(r#"up{a="b",  }"#)),
            (r#"up{a="b",c="d",e="f"}"#, 1, Some(r#"up{a="b",e="f"}"#)),
            (r#"{"up", c="d"}"#, 0, Some(r#"{c="d"}"#)),
            (r#"{"up", c="d"}"#, 1, Some(r#"{"up"}"#)),
            (r#"{a="b", c=""}"#, 0, None),
            (r#"{a="b", c=~".*"}"#, 0, None),
            (r#"{a="b", c!~".*"}"#, 0, Some(r#"{c!~".*"}"#)),
            (r#"{a="b", c=~".+"}"#, 0, Some(r#"{c=~".+"}"#)),
            (r#"{a="b", c!=""}"#, 0, Some(r#"{c!=""}"#)),
            (r#"{a="b", c!="d"}"#, 0, None),
            (r#"{a="b"}"#, 0, None),
            (r#"up{a="b"}"#, 1, None),
            (
                "up{a=\"b\" # first, of two\n, c=\"d\"}",
                0,
                Some("up{ # first, of two\nc=\"d\"}"),
            ),
            (
                "up{a=\"b\", # first\n c=\"d\" # second\n}",
                0,
                Some("up{ # first\n c=\"d\" # second\n}"),
            ),
            (
                "up{a=\"b\", # first\n c=\"d\" # second\n}",
                1,
                Some("up{a=\"b\" # first\n  # second\n}"),
            ),
            (
                "up{\n  a=\"b\",\n  c=\"d\",\n}",
                0,
                Some("up{\n  \n  c=\"d\",\n}"),
            ),
        ] {
            let query = read(text);
            let selector = query.expr.selector().expect("one selector");
            let edit = remove_matcher(selector, index, text);
            let edited = edit.map(|edit| edited(text, &[edit]));
            assert_eq!(edited.as_deref(), expected, "{text} {index}");
        }
    }

    #[test]
    fn texts_are_wrapped_and_appended_to() {
        for (text, expected) in [
            ("up", "sum(up) or vector(0)"),
            ("up # all", "sum(up) or vector(0) # all"),
            ("# all\nup\n# of it", "# all\nsum(up) or vector(0)\n# of it"),
            ("a > 5", "sum(a > 5) or vector(0)"),
        ] {
            let query = read(text);
            let mut edits = wrap(query.expr.span, "sum(", ")").to_vec();
            edits.push(append(query.end, " or vector(0)"));
            assert_eq!(edited(text, &edits), expected);
        }
    }

    #[test]
    fn edits_that_do_not_fit_are_refused() {
        let text = "é+a";
        for (edits, expected) in [
            (vec![], Some("é+a")),
            (
                vec![replace(Span::new(3, 4), "b"), insert(0, "(")],
                Some("(é+b"),
            ),
            (
                vec![
                    insert(2, "1"),
                    insert(2, "2"),
                    replace(Span::new(2, 3), "-"),
                ],
                Some("é12-a"),
            ),
            (
                vec![replace(Span::new(0, 3), ""), replace(Span::new(2, 4), "")],
                None,
            ),
            (vec![insert(1, "x")], None),
            (vec![insert(5, "x")], None),
            (vec![replace(Span::new(0, 1), "x")], None),
        ] {
            assert_eq!(apply(text, &edits).as_deref(), expected, "{edits:?}");
        }
    }

    #[test]
    fn values_are_quoted() {
        for (value, quoted) in [
            ("shop", r#""shop""#),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            ("a\nb\u{7}", r#""a\nb\a""#),
            ("é\u{a0}\u{200b}\u{1F600}", "\"é\\u00a0\\u200b\u{1F600}\""),
        ] {
            assert_eq!(quote(value), quoted);
            assert_eq!(read(&quote(value)).expr.to_string(), quoted);
        }
    }
}
