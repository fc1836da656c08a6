//! A literal or folded scalar's content into all that is written of it, from its header on.

use crate::text::span::Span;

/// From the `|` or `>` to the end of the last line with text on it; the parser gives only the content.
///
/// `from` is where what stands before it ended: the key or list; its `:` or `-`, a tag and an anchor come behind. Where no
/// header is found, the content is all.
pub(super) fn with_header(text: &str, from: usize, content: Span) -> Span {
    let before = text.get(from..content.start).unwrap_or_default();
    let mut last = ' ';
    let header = before.char_indices().find(|(_, c)| {
        // Within a tag or an anchor it is no header.
        let is_header = last.is_whitespace() && (*c == '|' || *c == '>');
        last = *c;
        is_header
    });
    let Some((offset, _)) = header else {
        return content;
    };
    let start = from + offset;
    let all = text.get(start..content.end).unwrap_or_default();
    let lines_from = all.find(['\r', '\n']).unwrap_or(all.len());
    Span::new(start, start + lines_from + with_text(&all[lines_from..]))
}

/// How many bytes of `lines` are lines up to the last with text. A line of more blanks than the indent is content in truth;
/// its place is then not known, which the layout finds out.
fn with_text(lines: &str) -> usize {
    let trimmed = lines.trim_end_matches([' ', '\t', '\r', '\n']);
    if trimmed.is_empty() {
        return 0;
    }
    // Blanks at the end of the last line are content.
    let rest = &lines[trimmed.len()..];
    trimmed.len() + rest.find(['\r', '\n']).unwrap_or(rest.len())
}
