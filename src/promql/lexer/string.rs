//! Quoted text into its value: any bytes, since `\xff` is a byte in Prometheus.

use crate::promql::error::ParseErrorKind;
use crate::text::span::Span;

type Scanned<T> = Result<T, (ParseErrorKind, Span)>;

/// Where the string that begins at `start` ends (`lexString` and `lexRawString` in Prometheus's `promql/parser/lex.go`).
pub(super) fn end(text: &str, start: usize) -> Scanned<usize> {
    let bytes = text.as_bytes();
    let quote = bytes[start];
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            None => return Err(unterminated(text, start, at, "the end of the query")),
            Some(b'\n') if quote != b'`' => {
                return Err(unterminated(
                    text,
                    start,
                    at,
                    "the end of the line; only backticks quote over lines",
                ));
            }
            Some(byte) if *byte == quote => return Ok(at + 1),
            Some(b'\\') if quote != b'`' => at = escape(text, at, quote)?.0,
            // U+FFFD is EF BF BD.
            Some(0xEF) if text[at..].starts_with('\u{FFFD}') => {
                return Err((ParseErrorKind::ReplacementCharacter, Span::new(at, at + 3)));
            }
            Some(_) => at += 1,
        }
    }
}

fn unterminated(
    text: &str,
    start: usize,
    end: usize,
    before: &'static str,
) -> (ParseErrorKind, Span) {
    let quote = char::from(text.as_bytes()[start]);
    let kind = ParseErrorKind::UnterminatedString { quote, before };
    (kind, Span::new(start, end))
}

/// The value of the string that stands at `span`, which [`end`] found.
pub(in crate::promql) fn value(text: &str, span: Span) -> Vec<u8> {
    let quote = text.as_bytes()[span.start];
    let inside = Span::new(span.start + 1, span.end - 1);
    let raw = inside.of(text).as_bytes();
    if quote == b'`' || !raw.contains(&b'\\') {
        return raw.to_vec();
    }
    let mut value = Vec::with_capacity(raw.len());
    let mut at = inside.start;
    while at < inside.end {
        let byte = text.as_bytes()[at];
        if byte != b'\\' {
            value.push(byte);
            at += 1;
            continue;
        }
        match escape(text, at, quote) {
            Ok((end, Escaped::Byte(byte))) => {
                value.push(byte);
                at = end;
            }
            Ok((end, Escaped::Char(c))) => {
                value.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                at = end;
            }
            // Not after `end` has read it.
            Err(_) => break,
        }
    }
    value
}

enum Escaped {
    Byte(u8),
    Char(char),
}

/// The escape whose backslash stands at `at`: its end and value.
fn escape(text: &str, at: usize, quote: u8) -> Scanned<(usize, Escaped)> {
    let bytes = text.as_bytes();
    let plain = |byte| Ok((at + 2, Escaped::Byte(byte)));
    match bytes.get(at + 1) {
        Some(b'a') => plain(7),
        Some(b'b') => plain(8),
        Some(b'f') => plain(12),
        Some(b'n') => plain(b'\n'),
        Some(b'r') => plain(b'\r'),
        Some(b't') => plain(b'\t'),
        Some(b'v') => plain(11),
        Some(b'\\') => plain(b'\\'),
        Some(byte) if *byte == quote => plain(quote),
        Some(b'0'..=b'7') => coded(text, at, at + 1, 3, 8),
        Some(b'x') => coded(text, at, at + 2, 2, 16),
        Some(b'u') => coded(text, at, at + 2, 4, 16),
        Some(b'U') => coded(text, at, at + 2, 8, 16),
        _ => {
            let span = sequence(text, at, at + 1, 1);
            let sequence = span.of(text).escape_debug().to_string();
            let sequence = sequence.replacen("\\\\", "\\", 1);
            Err((ParseErrorKind::Escape { sequence }, span))
        }
    }
}

/// The bytes from `at` on, up to `count` characters behind `from`.
fn sequence(text: &str, at: usize, from: usize, count: usize) -> Span {
    let rest = &text[from..];
    let length: usize = rest.chars().take(count).map(char::len_utf8).sum();
    Span::new(at, from + length)
}

/// The escape at `at` that names a character by `count` digits from `from` on.
fn coded(text: &str, at: usize, from: usize, count: usize, base: u32) -> Scanned<(usize, Escaped)> {
    let wrong = |problem| {
        let span = sequence(text, at, from, count);
        let sequence = crate::text::chain::one_line(span.of(text));
        Err((ParseErrorKind::EscapeValue { sequence, problem }, span))
    };
    let mut value: u32 = 0;
    for index in 0..count {
        let digit = text.as_bytes().get(from + index).copied();
        let Some(digit) = digit.and_then(|digit| char::from(digit).to_digit(base)) else {
            return wrong(match count {
                2 => "not complete; expected two hexadecimal digits",
                3 => "not complete; expected three octal digits",
                4 => "not complete; expected four hexadecimal digits",
                _ => "not complete; expected eight hexadecimal digits",
            });
        };
        value = value.wrapping_mul(base).wrapping_add(digit);
    }
    let end = from + count;
    if count < 4 {
        return match u8::try_from(value) {
            Ok(byte) => Ok((end, Escaped::Byte(byte))),
            Err(_) => wrong("past the last byte, `\\377`"),
        };
    }
    match char::from_u32(value) {
        Some(c) => Ok((end, Escaped::Char(c))),
        None => wrong("no character of Unicode"),
    }
}
