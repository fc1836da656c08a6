//! Character classes and escapes of Go's dialect, written for the regex crate.

use super::{Read, error, unicode};

/// Names between `[:` and `:]`.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// No character at all.
pub(super) const NONE: &str = r"[^\x{0}-\x{10ffff}]";

/// A code point as Go has them: up to 10FFFF, surrogates too, which no text holds.
pub(super) type Point = u32;

/// Reads a class from its `[` on; the text behind its `]`. `last_name` is how many bytes from the end of the pattern the
/// last `:]` begins: a text of many `[:` is not searched as often.
pub(super) fn class<'a>(
    before: &'a str,
    last_name: Option<usize>,
    out: &mut String,
) -> Read<&'a str> {
    let mut rest = &before[1..];
    out.push('[');
    if let Some(negated) = rest.strip_prefix('^') {
        out.push('^');
        rest = negated;
    }
    let mut first = true;
    loop {
        match rest.chars().next() {
            None => return error("missing closing ]", before),
            Some(']') if !first => {
                out.push(']');
                return Ok(&rest[1..]);
            }
            _ => {}
        }
        first = false;
        if last_name.is_some_and(|last| rest.len() >= last + 2)
            && let Some(named) = posix(rest, out)?
        {
            rest = named;
            continue;
        }
        let (after, low) = one(rest, out)?;
        let Some(low) = low else {
            rest = after;
            continue;
        };
        let mut high = low;
        let mut end = after;
        if let Some(behind) = after.strip_prefix('-')
            && !behind.starts_with(']')
            && !behind.is_empty()
        {
            let (behind, last) = single(behind)?;
            end = behind;
            if last < low {
                return error(
                    "invalid character class range",
                    &rest[..rest.len() - end.len()],
                );
            }
            high = last;
        }
        range(low, high, out);
        rest = end;
    }
}

/// A range without its surrogates.
fn range(low: Point, high: Point, out: &mut String) {
    for (low, high) in [(low, high.min(0xD7FF)), (low.max(0xE000), high)] {
        if low <= high {
            out.push_str(&format!("\\x{{{low:x}}}-\\x{{{high:x}}}"));
        }
    }
    if (0xD800..0xE000).contains(&low) && high < 0xE000 {
        out.push_str(NONE);
    }
}

/// `[:alpha:]`: the text behind it; nothing if no such name begins here.
fn posix<'a>(rest: &'a str, out: &mut String) -> Read<Option<&'a str>> {
    let Some(named) = rest.strip_prefix("[:") else {
        return Ok(None);
    };
    let Some(end) = named.find(":]") else {
        return Ok(None);
    };
    let name = &named[..end];
    if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
        return error("invalid character class range", &rest[..end + 4]);
    }
    out.push_str(&format!("[:{name}:]"));
    Ok(Some(&named[end + 2..]))
}

/// One character of a class, or a class of its own, which goes to `out`.
fn one<'a>(rest: &'a str, out: &mut String) -> Read<(&'a str, Option<Point>)> {
    if rest.starts_with('\\') {
        return escaped(rest, out);
    }
    single(rest).map(|(rest, c)| (rest, Some(c)))
}

/// One character of a class.
fn single(rest: &str) -> Read<(&str, Point)> {
    match rest.chars().next() {
        Some('\\') => character(rest),
        Some(c) => Ok((&rest[c.len_utf8()..], c.into())),
        None => error("missing closing ]", rest),
    }
}

/// An escape from its backslash on: a single character, or what it stands for inside brackets.
pub(super) fn escaped<'a>(before: &'a str, out: &mut String) -> Read<(&'a str, Option<Point>)> {
    let set = match before[1..].chars().next() {
        Some('d') => "0-9",
        Some('D') => "[^0-9]",
        Some('w') => "0-9A-Za-z_",
        Some('W') => "[^0-9A-Za-z_]",
        Some('s') => r"\t\n\f\r\x20",
        Some('S') => r"[^\t\n\f\r\x20]",
        Some('p') => return named(before, false, out),
        Some('P') => return named(before, true, out),
        _ => return character(before).map(|(rest, c)| (rest, Some(c))),
    };
    out.push_str(set);
    Ok((&before[2..], None))
}

/// `\pL`, `\p{Greek}`
fn named<'a>(
    before: &'a str,
    is_negated: bool,
    out: &mut String,
) -> Read<(&'a str, Option<Point>)> {
    let rest = &before[2..];
    let (name, rest) = match rest.strip_prefix('{') {
        Some(braced) => match braced.split_once('}') {
            Some(found) => found,
            None => return error("invalid character class range", before),
        },
        None => match rest.chars().next() {
            Some(c) => rest.split_at(c.len_utf8()),
            None => return error("invalid character class range", before),
        },
    };
    let (name, is_negated) = match name.strip_prefix('^') {
        Some(name) => (name, !is_negated),
        None => (name, is_negated),
    };
    match unicode::members(name, is_negated) {
        Some(members) => out.push_str(&members),
        None => {
            return error(
                "invalid character class range",
                &before[..before.len() - rest.len()],
            );
        }
    }
    Ok((rest, None))
}

/// An escape of a single character, from its backslash on.
fn character(before: &str) -> Read<(&str, Point)> {
    let Some(c) = before[1..].chars().next() else {
        return error("trailing backslash at end of expression", "");
    };
    let rest = &before[1 + c.len_utf8()..];
    let octal = |text: &str| text.starts_with(|c: char| ('0'..='7').contains(&c));
    let c = match c {
        '0'..='7' if c == '0' || octal(rest) => {
            let digits = before[1..]
                .bytes()
                .take(3)
                .take_while(|b| (b'0'..=b'7').contains(b))
                .count();
            let code = Point::from_str_radix(&before[1..1 + digits], 8).unwrap_or(0);
            return Ok((&before[1 + digits..], code));
        }
        'x' => return hexadecimal(before, rest),
        'a' => '\u{7}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        _ => {
            return error(
                "invalid escape sequence",
                &before[..before.len() - rest.len()],
            );
        }
    };
    Ok((rest, c.into()))
}

/// `\x41`, `\x{1F600}`: `rest` is what stands behind the `x`.
fn hexadecimal<'a>(before: &'a str, rest: &'a str) -> Read<(&'a str, Point)> {
    let is_braced = rest.starts_with('{');
    let digits = &rest[usize::from(is_braced)..];
    let most = if is_braced { usize::MAX } else { 2 };
    let mut code: Point = 0;
    let mut count = 0;
    for (at, c) in digits.char_indices() {
        let behind = &digits[at + c.len_utf8()..];
        if is_braced && c == '}' && count > 0 {
            return Ok((behind, code));
        }
        // Go reads two characters before it looks at them.
        let taken = if is_braced || at > 0 {
            behind
        } else {
            behind
                .get(behind.chars().next().map_or(0, char::len_utf8)..)
                .unwrap_or("")
        };
        match c.to_digit(16).map(|digit| code * 16 + digit) {
            Some(next) if next <= char::MAX.into() => code = next,
            _ => {
                return error(
                    "invalid escape sequence",
                    &before[..before.len() - taken.len()],
                );
            }
        }
        count += 1;
        if count == most {
            return Ok((behind, code));
        }
    }
    error("invalid escape sequence", before)
}
