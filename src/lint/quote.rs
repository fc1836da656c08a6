//! A stretch of a query into words for a message: on one line, without comments, as the author wrote it.

use crate::lint::gate::Gate;
use crate::promql::Query;
use crate::text::span::Span;

/// Longer quotations are cut, in characters.
const LONGEST: usize = 72;

/// The stretch on one line, placeholders as written, comments left out.
pub fn one_line(gate: &Gate<'_>, query: &Query, span: Span) -> String {
    let Some(text) = &gate.query else {
        return String::new();
    };
    let mut parts = Vec::new();
    let mut from = span.start;
    let inside = |comment: &&Span| span.start <= comment.start && comment.end <= span.end;
    for comment in query.comments.iter().filter(inside) {
        parts.push(Span::new(from, comment.start.max(from)));
        from = comment.end;
    }
    parts.push(Span::new(from, span.end.max(from)));
    let written = parts.into_iter().map(|part| {
        let part = text.filled.to_template(part);
        part.of(&text.filled.template)
    });
    tight(&written.collect::<Vec<_>>().join(" "))
}

/// The same, cut where it is long.
pub fn quoted(gate: &Gate<'_>, query: &Query, span: Span) -> String {
    let line = one_line(gate, query, span);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// Line breaks and indents as one blank; none behind an opening bracket and before a closing one.
fn tight(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let opens = line.is_empty() || line.ends_with(['(', '{', '[']);
        if !opens && !word.starts_with([')', '}', ']', ',']) {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_lines_become_one() {
        for (text, expected) in [
            ("up", "up"),
            (
                "sum(\n  rate(\n    x{a=\"b\"}[5m]\n  )\n)",
                "sum(rate(x{a=\"b\"}[5m]))",
            ),
            ("a  /\n b", "a / b"),
            ("{{ args.x }}", "{{args.x}}"),
        ] {
            assert_eq!(tight(text), expected, "{text}");
        }
    }
}
