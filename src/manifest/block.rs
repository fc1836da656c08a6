//! A literal or folded scalar's content into all that is written of it, from its header on.

use crate::text::scalar::line_break;
use crate::text::span::Span;

/// From the `|` or `>` to the last character of the content; the parser gives only the content.
///
/// `from` is where what stands before it ended: the key, the `-`, the tag or anchor come behind.
pub(super) fn with_header(text: &str, from: usize, content: Span) -> Span {
    let before = text.get(from..content.start).unwrap_or_default();
    let mut at = 0;
    let mut after_blank = before.starts_with(['|', '>']);
    let mut start = None;
    for (offset, c) in before.char_indices() {
        if after_blank && (c == '|' || c == '>') {
            start = Some(offset);
            break;
        }
        after_blank = c.is_whitespace();
        at = offset;
    }
    let Some(start) = start.map(|offset| from + offset) else {
        return Span::new(content.start.min(from + at), content.end);
    };
    let all = text.get(start..content.end).unwrap_or_default();
    let header = all.find(['\r', '\n']).unwrap_or(all.len());
    Span::new(start, start + header + content_length(&all[header..]))
}

/// Without line breaks, and lines of blanks alone, at the end. A line of more blanks than the indent is content in truth;
/// its place is then not known, which the layout finds out.
fn content_length(lines: &str) -> usize {
    let trimmed = lines.trim_end_matches([' ', '\t', '\r', '\n']);
    let rest = &lines[trimmed.len()..];
    if trimmed.is_empty() {
        return 0;
    }
    // Blanks at the end of the last line are content.
    let end_of_line = rest.find(['\r', '\n']).unwrap_or(rest.len());
    debug_assert!(end_of_line == rest.len() || line_break(&rest[end_of_line..]) > 0);
    trimmed.len() + end_of_line
}
