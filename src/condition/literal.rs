//! A literal's text into its value: escapes of strings, the spellings of numbers (expr's `parser/lexer/utils.go`).

use super::ConditionError;

/// Reads a quoted literal from behind its opening quote to behind the closing one.
///
/// `bytes`: of a `b'…'` literal, where `\xff` is one byte and `\u` is refused.
pub(super) fn unescape(
    text: &str,
    at: &mut usize,
    quote: char,
    bytes: bool,
) -> Result<Vec<u8>, ConditionError> {
    let mut value = Vec::new();
    loop {
        let Some(c) = text[*at..].chars().next() else {
            return Err(ConditionError::compile("literal not terminated", *at));
        };
        *at += c.len_utf8();
        match c {
            '\n' => return Err(ConditionError::compile("literal not terminated", *at)),
            '\r' => {
                if text[*at..].starts_with('\n') {
                    return Err(ConditionError::compile("literal not terminated", *at));
                }
                value.push(b'\n');
            }
            '\\' => escape(text, at, quote, bytes, &mut value)
                .ok_or_else(|| ConditionError::compile("invalid char escape", *at))?,
            c if c == quote => return Ok(value),
            c => value.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
}

fn escape(text: &str, at: &mut usize, quote: char, bytes: bool, value: &mut Vec<u8>) -> Option<()> {
    let c = text[*at..].chars().next()?;
    *at += c.len_utf8();
    let code = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '\\' => u32::from(b'\\'),
        c if c == quote => u32::from(c),
        '0'..='3' => {
            *at -= 1;
            digits(text, at, 3, 8)?
        }
        'x' => digits(text, at, 2, 16)?,
        'u' if bytes => return None,
        'u' if text[*at..].starts_with('{') => {
            let length = text[*at..].find('}')?.checked_sub(1)?;
            if !(1..=6).contains(&length) {
                return None;
            }
            *at += 1;
            let code = digits(text, at, length, 16)?;
            *at += 1;
            code
        }
        'u' => digits(text, at, 4, 16)?,
        'U' if !bytes => digits(text, at, 8, 16)?,
        _ => return None,
    };
    if bytes && matches!(c, 'x' | '0'..='3') {
        value.push(u8::try_from(code).ok()?);
        return Some(());
    }
    if code > 0x10_FFFF {
        return None;
    }
    // Go writes a surrogate as the replacement character.
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    value.extend(c.encode_utf8(&mut [0; 4]).bytes());
    Some(())
}

fn digits(text: &str, at: &mut usize, count: usize, base: u32) -> Option<u32> {
    let digits = text.get(*at..*at + count)?;
    if !digits.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    *at += count;
    u32::from_str_radix(digits, base).ok()
}

/// A number literal's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

/// Reads a number token; the error is Go's message.
pub(super) fn number(text: &str) -> Result<Number, String> {
    let plain = text.replace('_', "");
    let lower = plain.to_ascii_lowercase();
    let based = |prefix: &str, base: u32, name: &str| {
        i64::from_str_radix(&lower[prefix.len()..], base)
            .map(Number::Int)
            .map_err(|_| {
                format!(
                    "invalid {name} literal: {}",
                    go_parse_error("ParseInt", &plain)
                )
            })
    };
    if lower.starts_with("0x") {
        return based("0x", 16, "hex");
    }
    if lower.contains(['.', 'e']) {
        return match lower.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(Number::Float(x)),
            _ => Err(format!(
                "invalid float literal: {}",
                go_parse_error("ParseFloat", &plain)
            )),
        };
    }
    if lower.starts_with("0b") {
        return based("0b", 2, "binary");
    }
    if lower.starts_with("0o") {
        return based("0o", 8, "octal");
    }
    lower.parse().map(Number::Int).map_err(|_| {
        format!(
            "invalid integer literal: {}",
            go_parse_error("ParseInt", &plain)
        )
    })
}

fn go_parse_error(function: &str, text: &str) -> String {
    let all_digits = text.chars().any(|c| c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
    let cause = if all_digits {
        "value out of range"
    } else {
        "invalid syntax"
    };
    format!("strconv.{function}: parsing {text:?}: {cause}")
}
