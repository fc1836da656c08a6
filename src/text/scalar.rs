//! A YAML scalar as it is written into its text, with the bytes that are the same in both.
//!
//! The parser gives a scalar's text and its bytes in the file; this reads the bytes once more, so that each byte of the
//! text is found in the file, and so that an edit of the file can be tried before it is offered.

use crate::text::place::{Run, Style};

/// A scalar's text, and where its bytes are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// The text; of literal and folded scalars without the line breaks at its end, which their header decides.
    pub text: String,
    /// In text order, `file` counted from the source's first byte. The first begins with the text, the last ends with it.
    pub runs: Vec<Run>,
}

/// Reads `source`, a scalar with its quotes or its header (`|2-`); none where it is not of this style, or not as a parser
/// would have to read it.
pub fn written(source: &str, style: Style) -> Option<Written> {
    let mut reader = Reader {
        source,
        at: 0,
        done: Written::default(),
    };
    match style {
        Style::None => return None,
        Style::Plain => {
            reader.begin(0);
            reader.flow(source.len(), style)?;
        }
        Style::SingleQuoted | Style::DoubleQuoted => {
            let quote = if style == Style::SingleQuoted {
                '\''
            } else {
                '"'
            };
            let inside = source.strip_prefix(quote)?.strip_suffix(quote)?;
            reader.begin(1);
            reader.flow(1 + inside.len(), style)?;
        }
        Style::Literal(indent) => reader.block(indent, '|')?,
        Style::Folded(indent) => reader.block(indent, '>')?,
    }
    reader.end();
    Some(reader.done)
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    done: Written,
}

impl Reader<'_> {
    /// The text begins here, whether or not its first character is written as itself.
    fn begin(&mut self, at: usize) {
        self.at = at;
        self.copy(at);
    }

    /// The text ends here, whether or not its last character is written as itself.
    fn end(&mut self) {
        let end = self.done.text.len();
        let is_covered = self.done.runs.last().map(|run| run.text + run.length) == Some(end);
        if !is_covered {
            self.done.runs.push(Run {
                text: end,
                file: self.at,
                length: 0,
            });
        }
    }

    /// The source's bytes up to `end` are the text's.
    fn copy(&mut self, end: usize) {
        let text = self.done.text.len();
        self.done.text.push_str(&self.source[self.at..end]);
        let length = end - self.at;
        match self.done.runs.last_mut() {
            Some(run) if run.text + run.length == text && run.file + run.length == self.at => {
                run.length += length;
            }
            _ => self.done.runs.push(Run {
                text,
                file: self.at,
                length,
            }),
        }
        self.at = end;
    }

    /// The source's bytes up to `end` stand for `text`.
    fn stand_for(&mut self, end: usize, text: &str) {
        self.done.text.push_str(text);
        self.at = end;
    }

    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    /// Plain and quoted scalars, up to `end`: lines are folded.
    fn flow(&mut self, end: usize, style: Style) -> Option<()> {
        while self.at < end {
            let rest = &self.source[self.at..end];
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            if line_break(&rest[blanks..]) > 0 {
                self.fold(self.at + blanks, end);
            } else if blanks > 0 {
                self.copy(self.at + blanks);
            } else if style == Style::SingleQuoted && rest.starts_with('\'') {
                if !rest.starts_with("''") {
                    return None;
                }
                self.stand_for(self.at + 2, "'");
            } else if style == Style::DoubleQuoted && rest.starts_with('"') {
                return None;
            } else if style == Style::DoubleQuoted && rest.starts_with('\\') {
                self.escape(end)?;
            } else {
                let next = rest.chars().next()?;
                self.copy(self.at + next.len_utf8());
            }
        }
        Some(())
    }

    /// The line breaks at `from`, and the indent behind them: one is a blank, more are one less.
    fn fold(&mut self, from: usize, end: usize) {
        let (count, at) = breaks(self.source, from, end);
        match count {
            1 => self.stand_for(at, " "),
            more => self.stand_for(at, &"\n".repeat(more - 1)),
        }
    }

    /// What follows a backslash in double quotes.
    fn escape(&mut self, end: usize) -> Option<()> {
        let rest = &self.source[self.at + 1..end];
        let width = line_break(rest);
        if width > 0 {
            let (count, at) = breaks(self.source, self.at + 1, end);
            self.stand_for(at, &"\n".repeat(count - 1));
            return Some(());
        }
        let letter = rest.chars().next()?;
        let (length, character) = match letter {
            'x' => (3, hexadecimal(rest, 2)?),
            'u' => unicode(rest)?,
            'U' => (9, hexadecimal(rest, 8)?),
            _ => (letter.len_utf8(), u32::from(named(letter)?)),
        };
        let mut bytes = [0; 4];
        let text = char::from_u32(character)?.encode_utf8(&mut bytes);
        self.stand_for(self.at + 1 + length, text);
        Some(())
    }

    /// Literal and folded scalars: a header, then lines indented by `indent` blanks.
    fn block(&mut self, indent: usize, indicator: char) -> Option<()> {
        let header_end = self.source.find(['\r', '\n']).unwrap_or(self.source.len());
        let header = self.source[..header_end].strip_prefix(indicator)?;
        let has_indent = header
            .chars()
            .take_while(|c| !c.is_whitespace())
            .any(|c| c.is_ascii_digit());
        self.begin(header_end + line_break(&self.source[header_end..]));
        let mut lines = Lines::default();
        while self.at < self.source.len() {
            let rest = self.rest();
            let length = rest.find(['\r', '\n']).unwrap_or(rest.len());
            let line = &rest[..length];
            let next = self.at + length + line_break(&rest[length..]);
            let blanks = length - line.trim_start_matches(' ').len();
            if blanks == length && blanks <= indent {
                lines.blank += 1;
                self.at = next;
                continue;
            }
            let is_of_indent = match (lines.was_indented, has_indent) {
                (None, false) => blanks == indent,
                _ => blanks >= indent,
            };
            if !is_of_indent || indent == 0 {
                return None;
            }
            let is_indented = line[indent..].starts_with([' ', '\t']);
            let between = lines.between(is_indented, indicator);
            self.done.text.push_str(&between);
            self.at += indent;
            self.copy(self.at + length - indent);
            // The end of the text is behind its last character, not behind its last line break.
            if next < self.source.len() {
                self.at = next;
            } else {
                break;
            }
        }
        Some(())
    }
}

/// What of a literal or folded scalar's lines has been seen.
#[derive(Default)]
struct Lines {
    /// Since the last line with text.
    blank: usize,
    /// Whether the last line with text was indented further than the scalar.
    was_indented: Option<bool>,
}

impl Lines {
    /// The text between the last line and one that begins now.
    fn between(&mut self, is_indented: bool, indicator: char) -> String {
        let blank = std::mem::take(&mut self.blank);
        let folds = indicator == '>' && !is_indented && self.was_indented == Some(false);
        let breaks = match self.was_indented.replace(is_indented) {
            None => blank,
            Some(_) if folds && blank == 0 => return " ".to_owned(),
            Some(_) if folds => blank,
            Some(_) => blank + 1,
        };
        "\n".repeat(breaks)
    }
}

/// The bytes of the line break that `text` begins with.
pub fn line_break(text: &str) -> usize {
    match text.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// How many line breaks stand at `from`, blanks between, and where what follows begins.
fn breaks(source: &str, from: usize, end: usize) -> (usize, usize) {
    let mut at = from;
    let mut count = 0;
    loop {
        let rest = &source[at..end];
        let rest = rest.trim_start_matches([' ', '\t']);
        let width = line_break(rest);
        let after_blanks = end - rest.len();
        if width == 0 {
            return (count, after_blanks);
        }
        at = after_blanks + width;
        count += 1;
    }
}

fn named(letter: char) -> Option<char> {
    Some(match letter {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{B}',
        'f' => '\u{C}',
        'r' => '\r',
        'e' => '\u{1B}',
        ' ' => ' ',
        '"' => '"',
        '/' => '/',
        '\\' => '\\',
        'N' => '\u{85}',
        '_' => '\u{A0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        _ => return None,
    })
}

/// The number behind the letter that `rest` begins with.
fn hexadecimal(rest: &str, digits: usize) -> Option<u32> {
    let digits = rest.get(1..1 + digits)?;
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    are_digits.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// `u` and four digits, or JSON's two halves of a character beyond them: bytes and character.
fn unicode(rest: &str) -> Option<(usize, u32)> {
    let first = hexadecimal(rest, 4)?;
    if !(0xD800..0xDC00).contains(&first) {
        return Some((5, first));
    }
    let second = hexadecimal(rest.get(5..)?.strip_prefix('\\')?, 4)?;
    let is_pair = rest[6..].starts_with('u') && (0xDC00..0xE000).contains(&second);
    is_pair.then_some((11, 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_read_as_they_are_written() {
        for (source, style, text) in [
            ("up", Style::Plain, "up"),
            ("a\n  b\n\n  c", Style::Plain, "a b\nc"),
            ("'it''s'", Style::SingleQuoted, "it's"),
            ("'a \n  b'", Style::SingleQuoted, "a b"),
            (r#""a\"b\\\u00e9\x41""#, Style::DoubleQuoted, "a\"b\\éA"),
            (r#""\ud83c\udfb5""#, Style::DoubleQuoted, "\u{1F3B5}"),
            (
                "\"a \\\n   b\\\n\n  c\n d\"",
                Style::DoubleQuoted,
                "a b\nc d",
            ),
            ("|\n  a\n   b\n\n  c", Style::Literal(2), "a\n b\n\nc"),
            ("|-\n\n  a", Style::Literal(2), "\na"),
            ("|2\n    a\n  b", Style::Literal(2), "  a\nb"),
            ("| # note\r\n a\r\n b", Style::Literal(1), "a\nb"),
            (
                ">\n a\n b\n\n c\n   d\n e",
                Style::Folded(1),
                "a b\nc\n  d\ne",
            ),
            (">\n\n a\n\n\n b", Style::Folded(1), "\na\n\nb"),
            ("|", Style::Literal(2), ""),
        ] {
            let read = written(source, style).map(|read| read.text);
            assert_eq!(read.as_deref(), Some(text), "{source}");
        }
    }

    #[test]
    fn what_is_of_another_form_is_refused() {
        for (source, style) in [
            ("'a'b'", Style::SingleQuoted),
            ("'", Style::SingleQuoted),
            (r#""a"b""#, Style::DoubleQuoted),
            (r#""\q""#, Style::DoubleQuoted),
            (r#""\ud83c""#, Style::DoubleQuoted),
            ("|\n   a\n  b", Style::Literal(2)),
            ("|\n  a\n b", Style::Literal(2)),
            ("a", Style::None),
        ] {
            assert_eq!(written(source, style), None, "{source}");
        }
    }
}
