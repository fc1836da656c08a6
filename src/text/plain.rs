//! A plain YAML scalar into what Kubernetes' YAML reader takes it for: YAML 1.1, where `on` is a boolean and `0x1F` a number.
//!
//! The rules are those of `sigs.k8s.io/yaml/goyaml.v2/resolve.go`. Timestamps stay texts there, once they are turned into JSON.

/// What a plain scalar means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning {
    /// Nothing, `~` or `null`.
    Null,
    /// `yes`, `no`, `on`, `off`, `y`, `n` too.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number above what 63 bits hold.
    Unsigned(u64),
    /// Any other number, infinities and NaN too.
    Float(f64),
    /// A text.
    Text,
}

impl Meaning {
    /// Whether both are texts, both numbers, both booleans or both nothing.
    pub fn is_like(self, other: Meaning) -> bool {
        self.rank() == other.rank()
    }

    fn rank(self) -> u8 {
        match self {
            Meaning::Null => 0,
            Meaning::Bool(_) => 1,
            Meaning::Int(_) | Meaning::Unsigned(_) => 2,
            Meaning::Float(_) => 3,
            Meaning::Text => 4,
        }
    }
}

/// What `text` means without quotes and tag.
pub fn meaning(text: &str) -> Meaning {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Meaning::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Meaning::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Meaning::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Meaning::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Meaning::Float(f64::NEG_INFINITY),
        _ => number(text),
    }
}

fn number(text: &str) -> Meaning {
    match text.as_bytes()[0] {
        b'.' => float(text),
        b'0'..=b'9' | b'+' | b'-' => {
            let digits = text.replace('_', "");
            whole(&digits).unwrap_or_else(|| float(&digits))
        }
        _ => Meaning::Text,
    }
}

/// Go's `strconv.ParseInt` and `ParseUint` of base 0.
fn whole(text: &str) -> Option<Meaning> {
    let (is_negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (base, digits) = match rest.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &rest[2..]),
        [b'0', b'o' | b'O', ..] => (8, &rest[2..]),
        [b'0', b'b' | b'B', ..] => (2, &rest[2..]),
        [b'0', _, ..] => (8, &rest[1..]),
        _ => (10, rest),
    };
    // Rust would take a second sign.
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = u64::from_str_radix(digits, base).ok()?;
    match (is_negative, i64::try_from(value)) {
        (false, Ok(value)) => Some(Meaning::Int(value)),
        (true, Ok(value)) => Some(Meaning::Int(-value)),
        (true, Err(_)) => (value == 1 << 63).then_some(Meaning::Int(i64::MIN)),
        // ParseUint takes no sign.
        (false, Err(_)) => (!text.starts_with('+')).then_some(Meaning::Unsigned(value)),
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn float(text: &str) -> Meaning {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)),
        ),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = all_digits(before)
        && all_digits(after)
        && !(before.is_empty() && after.is_empty())
        && exponent.is_none_or(|digits| !digits.is_empty() && all_digits(digits));
    match text.parse::<f64>() {
        Ok(value) if is_number && value.is_finite() => Meaning::Float(value),
        _ => Meaning::Text,
    }
}

/// Whether `text` may stand as a plain scalar, `in_flow` within brackets or braces, and is read as itself.
///
/// Stricter than YAML: what is refused here might be read all the same.
pub fn is_plain(text: &str, in_flow: bool) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let mut rest = text.chars().skip(1);
    let starts_well = match first {
        '-' | '?' | ':' => rest.next().is_some_and(|next| !next.is_whitespace()) && !in_flow,
        _ => !"#,[]{}&*!|>'\"%@`".contains(first) && !first.is_whitespace(),
    };
    starts_well
        && !text.ends_with(char::is_whitespace)
        && !text.ends_with(':')
        && !text.starts_with("---")
        && !text.starts_with("...")
        && text.chars().all(is_printable)
        && !(in_flow && text.contains([',', '[', ']', '{', '}']))
        && !text
            .char_indices()
            .any(|(at, c)| is_indicator(text, at, c, in_flow))
}

fn is_indicator(text: &str, at: usize, c: char, in_flow: bool) -> bool {
    match c {
        ':' => {
            let next = text[at + 1..].chars().next();
            next.is_some_and(|next| next.is_whitespace() || in_flow && next == ':')
        }
        '#' => text[..at].ends_with(char::is_whitespace),
        _ => false,
    }
}

/// Whether YAML reads the character as itself wherever it stands on a line, line breaks aside.
pub fn is_printable(c: char) -> bool {
    match c {
        // YAML 1.1 breaks lines here.
        '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => false,
        _ => !c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_kubernetes_reads() {
        for (text, expected) in [
            ("", Meaning::Null),
            ("~", Meaning::Null),
            ("Null", Meaning::Null),
            ("nULL", Meaning::Text),
            ("on", Meaning::Bool(true)),
            ("n", Meaning::Bool(false)),
            ("oN", Meaning::Text),
            ("5", Meaning::Int(5)),
            ("+5", Meaning::Int(5)),
            ("-0x1F", Meaning::Int(-31)),
            ("0o17", Meaning::Int(15)),
            ("017", Meaning::Int(15)),
            ("0b101", Meaning::Int(5)),
            ("1_000", Meaning::Int(1000)),
            ("08", Meaning::Float(8.0)),
            ("18446744073709551615", Meaning::Unsigned(u64::MAX)),
            ("-9223372036854775808", Meaning::Int(i64::MIN)),
            ("99999999999999999999", Meaning::Float(1e20)),
            ("0.5", Meaning::Float(0.5)),
            (".5", Meaning::Float(0.5)),
            ("5.", Meaning::Float(5.0)),
            ("1e3", Meaning::Float(1000.0)),
            ("1e400", Meaning::Text),
            ("1e", Meaning::Text),
            (".", Meaning::Text),
            ("-", Meaning::Text),
            ("--5", Meaning::Text),
            ("0x", Meaning::Text),
            ("5m", Meaning::Text),
            ("190:20:30", Meaning::Text),
            ("2020-01-01", Meaning::Text),
            ("-.inf", Meaning::Float(f64::NEG_INFINITY)),
            ("up", Meaning::Text),
        ] {
            assert_eq!(meaning(text), expected, "{text}");
        }
    }

    #[test]
    fn what_would_be_read_otherwise_is_not_plain() {
        for (text, block, flow) in [
            ("up", true, true),
            ("a b", true, true),
            ("a:b", true, true),
            ("a#b", true, true),
            ("-1", true, false),
            ("f(a, b)", true, false),
            ("a{b=\"c\"}", true, false),
            ("a: b", false, false),
            ("a:", false, false),
            ("a #b", false, false),
            ("- a", false, false),
            ("-", false, false),
            ("{a}", false, false),
            ("'a", false, false),
            (" a", false, false),
            ("a ", false, false),
            ("---", false, false),
            ("a\tb", false, false),
            ("a\u{2028}b", false, false),
            ("", false, false),
        ] {
            assert_eq!(
                (is_plain(text, false), is_plain(text, true)),
                (block, flow),
                "{text}"
            );
        }
    }
}
