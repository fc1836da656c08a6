//! Text that may hold secrets into text in which each is `*****`.
//!
//! The controller fills Secrets into the run and the metric as plain text and hides them in `Message` alone, so every
//! text of the template, the server or an error that leaves the process goes through here first. The plugin's own
//! words and numbers do not: a secret `1` would break `[0.12]`.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::analysis::run::AnalysisRun;
use crate::text::chain::one_line;

/// What stands in place of a secret, as the controller writes it.
pub const MASKED: &str = "*****";

/// Spellings shorter than this many bytes are hidden only where they stand alone.
const SHORT: usize = 4;

/// The secrets to hide, in every spelling in which they may come back.
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first.
    spellings: Vec<String>,
}

/// The plain text of the arguments that came from Secrets.
pub fn secret_arguments(run: &AnalysisRun) -> impl Iterator<Item = &str> {
    run.args
        .iter()
        .filter(|argument| argument.secret)
        .filter_map(|argument| argument.value.as_deref())
}

impl Mask {
    /// Hides each of `secrets` verbatim, trimmed, on one line, quoted for URLs, JSON and Go, and in base64.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut spellings: Vec<String> = secrets.into_iter().flat_map(spellings).collect();
        spellings.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        spellings.dedup();
        Mask { spellings }
    }

    /// `text` with every secret hidden.
    pub fn hide(&self, text: &str) -> String {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for spelling in &self.spellings {
            let alone = spelling.len() < SHORT;
            found.extend(
                occurrences(text, spelling)
                    .filter(|(start, end)| !alone || stands_alone(text, *start, *end)),
            );
        }
        found.sort_unstable();
        let mut hidden = String::with_capacity(text.len());
        let mut shown_to = 0;
        for (start, end) in found {
            if start >= shown_to {
                hidden.push_str(&text[shown_to..start]);
                hidden.push_str(MASKED);
            }
            shown_to = shown_to.max(end);
        }
        hidden.push_str(&text[shown_to..]);
        hidden
    }
}

/// Every place of `needle`, overlapping ones too.
fn occurrences<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    let step = needle.chars().next().map_or(1, char::len_utf8);
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find(needle)?;
        from = start + step;
        Some((start, start + needle.len()))
    })
}

fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    !text[..start].chars().next_back().is_some_and(word)
        && !text[end..].chars().next().is_some_and(word)
}

fn spellings(secret: &str) -> Vec<String> {
    let mut all = Vec::new();
    for plain in [secret, secret.trim()] {
        if plain.is_empty() {
            continue;
        }
        all.push(plain.to_owned());
        all.push(one_line(plain));
        all.extend(url_quoted(plain));
        all.push(json_quoted(plain));
        all.push(go_quoted(plain));
        all.extend(in_base64(plain));
    }
    all.retain(|spelling| !spelling.is_empty());
    all
}

fn url_quoted(plain: &str) -> [String; 4] {
    let form: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    [lower_hex(&form), lower_hex(&percent), form, percent]
}

/// `%2F` as `%2f`.
fn lower_hex(quoted: &str) -> String {
    let mut out = String::with_capacity(quoted.len());
    let mut hex = 0;
    for c in quoted.chars() {
        out.push(if hex > 0 { c.to_ascii_lowercase() } else { c });
        hex = if c == '%' {
            2
        } else {
            usize::saturating_sub(hex, 1)
        };
    }
    out
}

fn json_quoted(plain: &str) -> String {
    let quoted = serde_json::Value::from(plain).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The inside of `strconv.Quote`.
fn go_quoted(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if c < ' ' || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// The characters that every base64 text holds that has `plain` somewhere inside, at each of the three alignments.
fn in_base64(plain: &str) -> Vec<String> {
    let mut all = Vec::new();
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(plain.as_bytes());
        // Characters that also hold bits of a neighbour are not the secret's own.
        let first = [0, 2, 3][before];
        let end = bytes.len() * 8 / 6;
        for text in [
            STANDARD_NO_PAD.encode(&bytes),
            URL_SAFE_NO_PAD.encode(&bytes),
        ] {
            if end >= first + SHORT {
                all.push(text[first..end].to_owned());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(secrets: &[&str], text: &str) -> String {
        Mask::new(secrets.iter().copied()).hide(text)
    }

    #[test]
    fn every_spelling_is_hidden() {
        for (secret, text, expected) in [
            ("hunter2", "token hunter2 refused", "token ***** refused"),
            ("hunter2\n", "token hunter2 refused", "token ***** refused"),
            (
                "a b/c?",
                "GET /?t=a+b%2Fc%3F and a%20b%2fc%3f",
                "GET /?t=***** and *****",
            ),
            ("say \"x\"", r#"{"k":"say \"x\""}"#, r#"{"k":"*****"}"#),
            ("tab\there", r#"invalid "tab\there""#, r#"invalid "*****""#),
            ("bell\u{7}!", r#"invalid "bell\a!""#, r#"invalid "*****""#),
            ("two\nlines", "saw two lines", "saw *****"),
            // printf 'user:hunter2' | base64
            ("hunter2", "Basic dXNlcjpodW50ZXIy", "Basic dXNlcjp*****"),
            // printf 'u:hunter2:' | base64; the third character also holds a bit of `:`
            ("hunter2", "Basic dTpodW50ZXIyOg==", "Basic dTp*****Og=="),
            // printf 'us:hunter2:' | base64
            ("hunter2", "Basic dXM6aHVudGVyMjo=", "Basic dXM6*****jo="),
            ("aa", "aaa aa a", "aaa ***** a"),
            ("1", "[0.12] is 1, not 11", "[0.12] is *****, not 11"),
            ("", "nothing", "nothing"),
            ("\n", "no\nthing", "no\nthing"),
        ] {
            assert_eq!(hidden(&[secret], text), expected, "{secret:?}");
        }
    }

    #[test]
    fn overlapping_secrets_leave_nothing_behind() {
        assert_eq!(hidden(&["abcd", "cdef"], "xabcdefx"), "x*****x");
        assert_eq!(hidden(&["pass", "password"], "password"), "*****");
        assert_eq!(hidden(&["aaaa"], "aaaaaa"), "*****");
        assert_eq!(hidden(&["äöü!"], "xäöü!x"), "x*****x");
    }

    #[test]
    fn the_secret_arguments_of_a_run_are_those_from_secrets() {
        let argument = |name: &str, secret| crate::analysis::run::Argument {
            name: name.into(),
            value: Some(format!("value of {name}")),
            secret,
        };
        let run = AnalysisRun {
            args: vec![argument("a", false), argument("b", true)],
            ..AnalysisRun::default()
        };
        assert_eq!(secret_arguments(&run).collect::<Vec<_>>(), ["value of b"]);
    }
}
