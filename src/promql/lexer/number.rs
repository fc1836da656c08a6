//! Digits into numbers and durations, as Prometheus reads them.

use crate::text::filled::is_hole;

use super::is_word;

/// How far the digits at `at` reach, and whether they make a number, else a duration; the error is where they stopped making
/// sense (`lexNumberOrDuration` in Prometheus's `promql/parser/lex.go`).
pub(super) fn scan(bytes: &[u8], at: usize) -> Result<(usize, bool), usize> {
    let mut scan = Scan { bytes, at };
    if scan.number() {
        return Ok((scan.at, true));
    }
    if scan.duration() {
        return Ok((scan.at, false));
    }
    while scan.peek().is_some_and(is_word) {
        scan.at += 1;
    }
    Err(scan.at)
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn is(&self, one: impl Fn(u8) -> bool) -> bool {
        self.peek().is_some_and(one)
    }

    fn accept(&mut self, one: impl Fn(u8) -> bool) -> bool {
        let accepted = self.is(one);
        self.at += usize::from(accepted);
        accepted
    }

    /// `scanNumber`: what it takes need not be a number yet.
    fn number(&mut self) -> bool {
        let start = self.at;
        let mut is_hex = false;
        if self.accept(|b| b == b'0') && self.accept(|b| matches!(b, b'x' | b'X')) {
            self.accept(|b| b == b'_');
            is_hex = true;
        }
        let digit = |b: u8| b.is_ascii_digit() || is_hex && b.is_ascii_hexdigit();
        let behind_sign = |b: u8| matches!(b, b'.' | b'_' | b'e' | b'E');
        self.accept(|b| b == b'.');
        self.accept(digit);
        let (mut has_dot, mut has_exponent) = (false, false);
        while self.is(|b| digit(b) || behind_sign(b)) {
            if has_dot && self.is(|b| b == b'.')
                || has_exponent && self.is(|b| matches!(b, b'e' | b'E'))
            {
                self.at += 1;
                return false;
            }
            if self.accept(|b| b == b'.') {
                has_dot = true;
                if is_hex || self.accept(|b| matches!(b, b'_' | b'.')) {
                    return false;
                }
            } else if self.accept(|b| matches!(b, b'e' | b'E')) {
                has_exponent = true;
                self.accept(|b| matches!(b, b'+' | b'-'));
                if self.accept(behind_sign) || self.peek().is_none() {
                    return false;
                }
            } else if self.accept(|b| b == b'_') {
                if self.accept(behind_sign) || self.peek().is_none() {
                    return false;
                }
            } else {
                while self.accept(digit) {}
            }
        }
        self.at > start && !self.is(is_word)
    }

    /// `acceptRemainingDuration`: what it takes need not be a duration yet.
    fn duration(&mut self) -> bool {
        if !self.accept(|b| b"smhdwy".contains(&b)) {
            return false;
        }
        self.accept(|b| b == b's');
        while self.accept(|b| b.is_ascii_digit()) {
            while self.accept(|b| b.is_ascii_digit()) {}
            if !self.accept(|b| b"smhdw".contains(&b)) {
                return false;
            }
            self.accept(|b| b == b's');
        }
        !self.is(is_word)
    }
}

/// The value of a number (`number` in Prometheus's `promql/parser/parse.go`: Go's integers, then Go's floats).
pub(in crate::promql) fn value(text: &str) -> Option<f64> {
    let has_underscores = text.contains('_');
    if has_underscores && !underscores_separate(text.as_bytes()) {
        return None;
    }
    let plain;
    let digits = if has_underscores {
        plain = text.replace('_', "");
        plain.as_str()
    } else {
        text
    };
    if let Some(integer) = integer(digits) {
        return Some(integer as f64);
    }
    let value: f64 = digits.parse().ok()?;
    let is_named = digits.starts_with(['i', 'I', 'n', 'N']);
    (value.is_finite() || is_named).then_some(value)
}

fn integer(digits: &str) -> Option<i64> {
    let bytes = digits.as_bytes();
    if bytes.len() > 2 && bytes[0] == b'0' && matches!(bytes[1], b'x' | b'X') {
        return i64::from_str_radix(&digits[2..], 16).ok();
    }
    if bytes.len() > 1 && bytes[0] == b'0' {
        return i64::from_str_radix(&digits[1..], 8).ok();
    }
    digits.parse().ok()
}

/// Whether each `_` stands between digits or behind `0x` (`underscoreOK` in Go's `strconv/atoi.go`).
fn underscores_separate(text: &[u8]) -> bool {
    let is_hex = text.len() > 1 && text[0] == b'0' && matches!(text[1], b'x' | b'X');
    let mut before = if is_hex { b'0' } else { b'^' };
    for byte in &text[if is_hex { 2 } else { 0 }..] {
        let is_digit = byte.is_ascii_digit() || is_hex && byte.is_ascii_hexdigit();
        before = match (is_digit, *byte, before) {
            (true, _, _) => b'0',
            (_, b'_', b'0') => b'_',
            (_, b'_', _) | (_, _, b'_') => return false,
            _ => b'!',
        };
    }
    before != b'_'
}

/// From the largest down; each may come once and in this order: nanoseconds (`unitMap` in Prometheus's `common/model/time.go`).
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000_000_000),
    ("w", 7 * 24 * 3_600_000_000_000),
    ("d", 24 * 3_600_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

/// The nanoseconds of a duration, or what is wrong with it.
pub(in crate::promql) fn nanoseconds(text: &str) -> Result<i64, &'static str> {
    const OUT_OF_RANGE: &str = "it is out of range, 292 years";
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err("expected whole numbers, each with its unit, such as `1h30m`");
        }
        let count: u64 = rest[..digits].parse().map_err(|_| OUT_OF_RANGE)?;
        rest = &rest[digits..];
        let length = rest.bytes().take_while(|b| !b.is_ascii_digit()).count();
        let unit = &rest[..length];
        rest = &rest[length..];
        let Some((_, size)) = units.find(|(name, _)| *name == unit) else {
            return Err(if UNITS.iter().any(|(name, _)| *name == unit) {
                "units must go from the largest to the smallest, each once"
            } else {
                "known units are `ms`, `s`, `m`, `h`, `d`, `w` and `y`, with whole numbers before them"
            });
        };
        let part = count.checked_mul(*size).ok_or(OUT_OF_RANGE)?;
        total = total.checked_add(part).ok_or(OUT_OF_RANGE)?;
    }
    i64::try_from(total).map_err(|_| OUT_OF_RANGE)
}

/// Seconds as Go's `Duration.Seconds` gives them.
pub(in crate::promql) fn seconds(nanoseconds: i64) -> f64 {
    const SECOND: i64 = 1_000_000_000;
    (nanoseconds / SECOND) as f64 + (nanoseconds % SECOND) as f64 / 1e9
}

/// What a hole may be worth in a number or a duration, so that what stands around it can be checked.
const WORTHS: [&str; 5] = ["1", "h", "1m", "s", "1s"];

/// Whether a word of digits, letters and holes can become a number or a duration.
pub(in crate::promql) fn may_become(word: &str) -> bool {
    let parts: Vec<&str> = word.split(is_hole).collect();
    let holes = parts.len() - 1;
    // So many combinations are not tried; whoever writes that many knows why.
    if holes > 3 {
        return true;
    }
    (0..WORTHS.len().pow(holes as u32)).any(|mut choice| {
        let mut text = parts[0].to_owned();
        for part in &parts[1..] {
            text.push_str(WORTHS[choice % WORTHS.len()]);
            text.push_str(part);
            choice /= WORTHS.len();
        }
        match scan(text.as_bytes(), 0) {
            Ok((end, _)) if end < text.len() => false,
            Ok((_, true)) => value(&text).is_some(),
            Ok((_, false)) => nanoseconds(&text).is_ok(),
            Err(_) => false,
        }
    })
}
