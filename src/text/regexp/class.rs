//! Character classes and escapes of Go's dialect, written for the regex crate.

use super::{Read, error};

/// Names between `[:` and `:]`.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Reads a class from its `[` on; the text behind its `]`.
pub(super) fn class<'a>(before: &'a str, out: &mut String) -> Read<&'a str> {
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
        if let Some(named) = posix(rest, out)? {
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
            let (behind, last) = one(behind, &mut String::new())?;
            end = behind;
            match last {
                Some(last) if last >= low => high = last,
                _ => {
                    return error(
                        "invalid character class range",
                        &rest[..rest.len() - end.len()],
                    );
                }
            }
        }
        out.push_str(&format!(
            "\\x{{{:x}}}-\\x{{{:x}}}",
            u32::from(low),
            u32::from(high)
        ));
        rest = end;
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
fn one<'a>(rest: &'a str, out: &mut String) -> Read<(&'a str, Option<char>)> {
    match rest.chars().next() {
        Some('\\') => escaped(rest, out),
        Some(c) => Ok((&rest[c.len_utf8()..], Some(c))),
        None => error("missing closing ]", rest),
    }
}

/// An escape from its backslash on: a single character, or what it stands for inside brackets.
pub(super) fn escaped<'a>(before: &'a str, out: &mut String) -> Read<(&'a str, Option<char>)> {
    let Some(c) = before[1..].chars().next() else {
        return error("trailing backslash at end of expression", "");
    };
    let rest = &before[1 + c.len_utf8()..];
    let set = match c {
        'd' => "0-9",
        'D' => "[^0-9]",
        'w' => "0-9A-Za-z_",
        'W' => "[^0-9A-Za-z_]",
        's' => r"\t\n\f\r\x20",
        'S' => r"[^\t\n\f\r\x20]",
        'p' | 'P' => return unicode(before, rest, c == 'P', out),
        _ => return character(before, c, rest).map(|(rest, c)| (rest, Some(c))),
    };
    out.push_str(set);
    Ok((rest, None))
}

fn unicode<'a>(
    before: &'a str,
    rest: &'a str,
    negated: bool,
    out: &mut String,
) -> Read<(&'a str, Option<char>)> {
    let invalid = || error("invalid character class range", before);
    let (name, rest) = match rest.strip_prefix('{') {
        Some(braced) => match braced.split_once('}') {
            Some(found) => found,
            None => return invalid(),
        },
        None => match rest.chars().next() {
            Some(c) => rest.split_at(c.len_utf8()),
            None => return invalid(),
        },
    };
    let (name, negated) = match name.strip_prefix('^') {
        Some(name) => (name, !negated),
        None => (name, negated),
    };
    let letters = |c: char| c.is_ascii_alphabetic() || c == '_';
    if name.is_empty() || !name.chars().all(letters) {
        return invalid();
    }
    let property = match name {
        "Any" => {
            return Ok((rest, {
                out.push_str(if negated {
                    r"[^\x{0}-\x{10ffff}]"
                } else {
                    r"\x{0}-\x{10ffff}"
                });
                None
            }));
        }
        // General categories have one or two letters, everything else is a script.
        name if name.len() <= 2 => format!("gc={name}"),
        name => format!("sc={name}"),
    };
    let p = if negated { 'P' } else { 'p' };
    let property = format!("\\{p}{{{property}}}");
    if regex::bytes::Regex::new(&property).is_err() {
        return invalid();
    }
    out.push_str(&property);
    Ok((rest, None))
}

fn character<'a>(before: &'a str, c: char, rest: &'a str) -> Read<(&'a str, char)> {
    let octal = |text: &str| text.starts_with(|c: char| ('0'..='7').contains(&c));
    let c = match c {
        '0'..='7' if c == '0' || octal(rest) => {
            let digits = before[1..]
                .bytes()
                .take(3)
                .take_while(|b| (b'0'..=b'7').contains(b))
                .count();
            let code = u32::from_str_radix(&before[1..1 + digits], 8).unwrap_or(0);
            let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            return Ok((&before[1 + digits..], c));
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
    Ok((rest, c))
}

fn hexadecimal<'a>(before: &'a str, rest: &'a str) -> Read<(&'a str, char)> {
    let (digits, behind) = match rest.strip_prefix('{') {
        Some(braced) => match braced.split_once('}') {
            Some(found) => found,
            None => return error("invalid escape sequence", before),
        },
        None => match rest.split_at_checked(2) {
            Some(found) => found,
            None => return error("invalid escape sequence", before),
        },
    };
    let code = (digits.chars().all(|c| c.is_ascii_hexdigit()) && !digits.is_empty())
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten();
    match code.and_then(char::from_u32) {
        Some(c) => Ok((behind, c)),
        None => error("invalid escape sequence", before),
    }
}
