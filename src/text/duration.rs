//! Durations as Go writes them (`1h30m`, `1.5s`) into nanoseconds and back.

/// Why a text is no Go duration; the words are those of `time.ParseDuration`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing that can be read as a duration, or past what 63 bits of nanoseconds hold.
    #[error("time: invalid duration {0}")]
    Invalid(String),
    /// A number without a unit.
    #[error("time: missing unit in duration {0}")]
    MissingUnit(String),
    /// A unit that Go does not know; it has no `d` and no `w`.
    #[error("time: unknown unit {0} in duration {1}")]
    UnknownUnit(String, String),
}

const UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000), // U+00B5
    ("μs", 1_000), // U+03BC
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration as Go's `time.ParseDuration` does: nanoseconds, negative ones too.
pub fn parse_go_duration(text: &str) -> Result<i64, DurationError> {
    let invalid = || DurationError::Invalid(quoted(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let whole_end = digits(rest);
        let fraction = rest[whole_end..]
            .strip_prefix('.')
            .map(|tail| &tail[..digits(tail)]);
        if whole_end == 0 && fraction.is_none_or(str::is_empty) {
            return Err(invalid());
        }
        let whole = number(&rest[..whole_end]).ok_or_else(invalid)?;
        rest = &rest[whole_end + fraction.map_or(0, |digits| digits.len() + 1)..];
        let unit_end = rest
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(rest.len());
        if unit_end == 0 {
            return Err(DurationError::MissingUnit(quoted(text)));
        }
        let unit = &rest[..unit_end];
        rest = &rest[unit_end..];
        let (_, scale) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| DurationError::UnknownUnit(quoted(unit), quoted(text)))?;
        let part = scaled(whole, fraction.unwrap_or(""), *scale as u64).ok_or_else(invalid)?;
        total = total
            .checked_add(part)
            .filter(|sum| *sum <= 1 << 63)
            .ok_or_else(invalid)?;
    }
    match (negative, i64::try_from(total)) {
        (true, Ok(nanoseconds)) => Ok(-nanoseconds),
        (true, Err(_)) => Ok(i64::MIN),
        (false, nanoseconds) => nanoseconds.map_err(|_| invalid()),
    }
}

/// Writes nanoseconds as Go's `Duration.String` does: `1h0m0s`, `1.5s`, `0s`.
pub fn go_duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let n = nanoseconds.unsigned_abs();
    let text = match n {
        0 => return "0s".into(),
        1..1_000 => format!("{n}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(n, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(n, 1_000_000)),
        _ => {
            let minutes = n / 60_000_000_000;
            let seconds = decimal(n % 60_000_000_000, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    };
    format!("{sign}{text}")
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() {
        return Some(0);
    }
    digits.parse().ok().filter(|n| *n <= 1 << 63)
}

/// Go drops digits of the fraction that no longer fit; so does this.
fn scaled(whole: u64, fraction: &str, scale: u64) -> Option<u64> {
    let mut value = 0u64;
    let mut divisor = 1f64;
    for digit in fraction.bytes() {
        let Some(next) = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(u64::from(digit - b'0')))
        else {
            break;
        };
        if next > 1 << 63 {
            break;
        }
        value = next;
        divisor *= 10.0;
    }
    let part = (value as f64 * (scale as f64 / divisor)) as u64;
    whole.checked_mul(scale)?.checked_add(part)
}

fn decimal(n: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let fraction = format!("{:0width$}", n % unit);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        (n / unit).to_string()
    } else {
        format!("{}.{fraction}", n / unit)
    }
}

/// Go's `quote` of package time: double quotes and backslashes escaped, what is not printable ASCII as `\x` bytes.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if !(' '..'\u{80}').contains(&c) {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push_str(&format!("\\x{byte:02x}"));
            }
        } else {
            if c == '"' || c == '\\' {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_go_reads_them() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("-0", 0),
            ("5s", 5_000_000_000),
            ("+5s", 5_000_000_000),
            ("-1.5h", -5_400_000_000_000),
            ("1h15m30.918273645s", 4_530_918_273_645),
            (".5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("12µs34.5ns", 12_034),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
            ("0.9223372036854775807h", 3_320_413_933_267),
        ] {
            assert_eq!(parse_go_duration(text), Ok(nanoseconds), "{text}");
        }
    }

    #[test]
    fn refused_in_gos_words() {
        for (text, error) in [
            ("", r#"time: invalid duration """#),
            ("3", r#"time: missing unit in duration "3""#),
            ("-", r#"time: invalid duration "-""#),
            (".s", r#"time: invalid duration ".s""#),
            ("1d", r#"time: unknown unit "d" in duration "1d""#),
            ("5 m", r#"time: unknown unit " m" in duration "5 m""#),
            ("1\"", r#"time: unknown unit "\"" in duration "1\"""#),
            (
                "9223372036854775808ns",
                r#"time: invalid duration "9223372036854775808ns""#,
            ),
            ("3000000h", r#"time: invalid duration "3000000h""#),
        ] {
            assert_eq!(
                parse_go_duration(text).map_err(|e| e.to_string()),
                Err(error.into()),
                "{text}"
            );
        }
    }

    #[test]
    fn written_as_go_writes_them() {
        for (nanoseconds, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (-1_500_000_000, "-1.5s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(go_duration(nanoseconds), text);
        }
    }
}
