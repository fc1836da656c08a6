//! Texts into numbers as Go's `strconv` reads them.

/// `strconv.ParseInt(text, 10, 64)`; the error is Go's.
pub(in crate::condition) fn parse_int(text: &[u8]) -> Result<i64, String> {
    let shown = String::from_utf8_lossy(&text[..text.len().min(100)]);
    let error = |cause: &str| Err(format!("strconv.ParseInt: parsing {shown:?}: {cause}"));
    let digits = text
        .strip_prefix(b"-")
        .or(text.strip_prefix(b"+"))
        .unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return error("invalid syntax");
    }
    match std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
    {
        Some(n) => Ok(n),
        None => error("value out of range"),
    }
}

/// `strconv.ParseFloat(text, 64)`: also hexadecimal, `inf`, `nan`, and underscores between digits.
pub(in crate::condition) fn parse_float(text: &[u8]) -> Result<f64, String> {
    let shown = String::from_utf8_lossy(&text[..text.len().min(100)]);
    let error = |cause: &str| Err(format!("strconv.ParseFloat: parsing {shown:?}: {cause}"));
    let Some(text) = std::str::from_utf8(text).ok().filter(|t| t.is_ascii()) else {
        return error("invalid syntax");
    };
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_start_matches(['+', '-']);
    if bare.len() + 1 < lower.len() {
        return error("invalid syntax");
    }
    let sign = if lower.starts_with('-') { -1.0 } else { 1.0 };
    match bare {
        "inf" | "infinity" => return Ok(f64::INFINITY * sign),
        "nan" if bare.len() == lower.len() => return Ok(f64::NAN),
        _ => {}
    }
    if bare.contains('_') && !underscores_separate(bare) {
        return error("invalid syntax");
    }
    let plain = bare.replace('_', "");
    let magnitude = match plain.strip_prefix("0x") {
        Some(hex) => hexadecimal(hex),
        None if plain.starts_with(|c: char| c.is_ascii_digit() || c == '.') => plain.parse().ok(),
        None => None,
    };
    match magnitude {
        None => error("invalid syntax"),
        Some(x) if x.is_infinite() => error("value out of range"),
        Some(x) => Ok(x * sign),
    }
}

/// Go's rule: an underscore stands between digits, or between a base prefix and a digit.
fn underscores_separate(text: &str) -> bool {
    let hex = text.starts_with("0x");
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mut last = if hex { '0' } else { '^' };
    for c in digits.chars() {
        let kind = match c {
            '_' if last != '0' => return false,
            '_' => '_',
            c if c.is_ascii_digit() || hex && c.is_ascii_hexdigit() => '0',
            _ if last == '_' => return false,
            _ => '!',
        };
        last = kind;
    }
    last != '_'
}

/// `1.8p3`: hexadecimal digits and a binary exponent, which Go demands.
fn hexadecimal(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once('p')?;
    let mut exponent: i64 = exponent
        .strip_prefix('+')
        .unwrap_or(exponent)
        .parse::<i64>()
        .ok()?
        .clamp(-10_000, 10_000);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    exponent -= 4 * fraction.len() as i64;
    let significant = all.trim_start_matches('0');
    let kept = &significant[..significant.len().min(15)];
    let rest = &significant[kept.len()..];
    exponent += 4 * rest.len() as i64;
    let mut mantissa = u64::from_str_radix(if kept.is_empty() { "0" } else { kept }, 16).ok()?;
    // A bit for what is cut off, so that it rounds the right way.
    mantissa = mantissa << 1 | u64::from(rest.contains(|c| c != '0'));
    exponent -= 1;
    let half = (exponent / 2) as i32;
    let scaled = mantissa as f64 * 2f64.powi(half);
    Some(scaled * 2f64.powi(exponent as i32 - half))
}
