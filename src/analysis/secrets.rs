//! Text that may hold secrets into text in which each is `*****`.
//!
//! The controller fills Secrets into the run and the metric as plain text and hides them in `Message` alone, so every
//! text of the template, the server or an error that leaves the process goes through here first. The plugin's own
//! words and numbers do not: a secret `1` would break `[0.12]`.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::analysis::run::AnalysisRun;
use crate::text::chain::one_line;

/// What stands in place of a secret, as the controller writes it.
pub const MASKED: &str = "*****";

/// Spellings shorter than this many bytes are hidden only where they stand alone.
const SHORT: usize = 4;

/// Texts cut a secret or split it at an `@` or a line break: of a secret this long in bytes, no run of [`PART`] bytes
/// shows, of one twice as long and longer none of twice that many.
const PART: usize = 8;

/// Bytes of a quoted word that may be a part of a secret: one letter says nothing, and longer ones are found as parts.
const WORD: RangeInclusive<usize> = 2..=64;

/// Bytes of a secret that are looked for in parts; a file of certificates has some KiB.
const PARTED: usize = 64 << 10;

/// The secrets to hide, in every spelling in which they may come back.
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first.
    spellings: Vec<String>,
    /// As they are, and in lower case where that differs, as host names come back.
    plain: Vec<String>,
}

/// The plain text of the arguments that came from Secrets.
pub fn secret_arguments(run: &AnalysisRun) -> impl Iterator<Item = &str> {
    run.args
        .iter()
        .filter(|argument| argument.secret)
        .filter_map(|argument| argument.value.as_deref())
}

impl Mask {
    /// Hides each of `secrets` verbatim, trimmed, on one line, quoted for URLs, JSON and Go, in base64, and long parts.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut plain: Vec<String> = secrets.into_iter().map(str::to_owned).collect();
        let lower = plain.iter().map(|secret| secret.to_lowercase());
        plain.extend(lower.collect::<Vec<_>>());
        plain.retain(|secret| !secret.trim().is_empty());
        plain.sort_unstable();
        plain.dedup();
        let mut spellings: Vec<String> =
            plain.iter().flat_map(|secret| spellings(secret)).collect();
        spellings.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        spellings.dedup();
        Mask { spellings, plain }
    }

    /// `text` with every secret hidden.
    pub fn hide(&self, text: &str) -> String {
        if self.plain.is_empty() {
            return text.to_owned();
        }
        let mut found: Vec<(usize, usize)> = Vec::new();
        for spelling in &self.spellings {
            let alone = spelling.len() < SHORT;
            found.extend(
                occurrences(text, spelling)
                    .filter(|(start, end)| !alone || stands_alone(text, *start, *end)),
            );
        }
        parts(text.as_bytes(), &self.plain, &mut found);
        if text.contains('%') {
            // Each part of a URL quotes other characters.
            let (bytes, offsets) = unquoted(text);
            let mut inside = Vec::new();
            parts(&bytes, &self.plain, &mut inside);
            found.extend(
                inside
                    .into_iter()
                    .map(|(start, end)| (offsets[start], offsets[end])),
            );
        }
        without(text, found)
    }
}

impl Mask {
    /// A message with every secret hidden, and every quoted word that stands in one: parsers quote the word that they
    /// stopped at, and a text with a secret in it may be cut into words anywhere.
    pub fn hide_in_message(&self, message: &str) -> String {
        let hidden = self.hide(message);
        let heads: Vec<&str> = self
            .plain
            .iter()
            .map(|secret| &secret[..secret.floor_char_boundary(PARTED)])
            .collect();
        let mut found = Vec::new();
        for quote in ['`', '"'] {
            let places: Vec<usize> = hidden.match_indices(quote).map(|(at, _)| at).collect();
            found.extend(places.windows(2).filter_map(|pair| {
                let (start, end) = (pair[0] + 1, pair[1]);
                let word = &hidden[start..end];
                let is_part = WORD.contains(&word.len()) && !word.trim().is_empty();
                (is_part && heads.iter().any(|secret| secret.contains(word)))
                    .then_some((start, end))
            }));
        }
        without(&hidden, found)
    }
}

/// `text` with `*****` in place of `found`.
fn without(text: &str, mut found: Vec<(usize, usize)>) -> String {
    for (start, end) in &mut found {
        while !text.is_char_boundary(*start) {
            *start -= 1;
        }
        while !text.is_char_boundary(*end) {
            *end += 1;
        }
    }
    found.sort_unstable();
    let mut hidden = String::with_capacity(text.len());
    let (mut shown_to, mut masked_to) = (0, None);
    for (start, end) in found {
        // Parts that touch are one.
        if masked_to.is_none_or(|masked_to| start > masked_to) {
            hidden.push_str(&text[shown_to..start]);
            hidden.push_str(MASKED);
        }
        shown_to = shown_to.max(end);
        masked_to = Some(shown_to);
    }
    hidden.push_str(&text[shown_to..]);
    hidden
}

/// Adds the places in `text` of long parts of `secrets`. The text is indexed and the secrets are slid over it, since
/// texts are short.
fn parts(text: &[u8], secrets: &[String], found: &mut Vec<(usize, usize)>) {
    for (width, longest) in [(PART, 4 * PART), (2 * PART, usize::MAX)] {
        let shortest = if width == PART { PART } else { 4 * PART };
        let mut secrets = secrets
            .iter()
            .map(|secret| &secret.as_bytes()[..secret.len().min(PARTED)])
            .filter(|secret| (shortest..longest).contains(&secret.len()))
            .peekable();
        if secrets.peek().is_none() {
            continue;
        }
        let mut places: HashMap<&[u8], Vec<usize>> = HashMap::with_capacity(text.len());
        for (start, window) in text.windows(width).enumerate() {
            places.entry(window).or_default().push(start);
        }
        for secret in secrets {
            for window in secret.windows(width) {
                // Once found, no other secret needs it.
                let starts = places.remove(window).unwrap_or_default();
                found.extend(starts.into_iter().map(|start| (start, start + width)));
            }
        }
    }
}

/// `text` with `%2F` as `/`, and where each byte of it, and its end, stands in `text`.
fn unquoted(text: &str) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = Vec::with_capacity(text.len());
    let mut offsets = Vec::with_capacity(text.len() + 1);
    let mut rest = text.as_bytes();
    while let Some(first) = rest.first() {
        offsets.push(text.len() - rest.len());
        let quoted = rest
            .get(1..3)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(quoted.unwrap_or(*first));
        rest = &rest[if quoted.is_some() { 3 } else { 1 }..];
    }
    offsets.push(text.len());
    (bytes, offsets)
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
        let quoted = url_quoted(plain);
        // OAuth's Basic header holds the quoted secret (RFC 6749, 2.3.1).
        all.extend(quoted.iter().flat_map(|quoted| in_base64(quoted)));
        all.extend(quoted);
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
    fn a_part_that_was_cut_or_split_off_is_hidden() {
        let pem =
            "-----BEGIN KEY-----\nMIIEowIBAAKCAQEAwJ3v\nq8u0Pz4fT0a9bL2c5d6e\n-----END KEY-----";
        for (secret, text, expected) in [
            // Cut by a bound.
            (
                "abcdefghijklmnopqrst",
                "unknown `abcdefghijkl…`",
                "unknown `*****…`",
            ),
            // What stood before the `@` was taken for userinfo.
            (
                "hunter2-again@example-secret",
                "`example-secret` has no scheme",
                "`*****` has no scheme",
            ),
            // One line of several.
            (
                pem,
                "bad line MIIEowIBAAKCAQEAwJ3v in it",
                "bad line ***** in it",
            ),
            // A host name is lower case.
            (
                "HunterTwo-Token",
                "resolve `huntertwo-token.example`",
                "resolve `*****.example`",
            ),
            // A path does not quote what a form quotes.
            (
                "12/s s@t+é!",
                "query `http://h:12/s%20s@t+%C3%A9!/api`",
                "query `http://h:*****/api`",
            ),
            // An ordinary word that both hold stays.
            (
                "prom-key-77zq1x",
                "prom-kit is no prom",
                "prom-kit is no prom",
            ),
            ("é1é2é3é4é5", "é0é1é2é3é4ü", "é0*****"),
        ] {
            assert_eq!(hidden(&[secret], text), expected, "{secret:?}");
        }
    }

    #[test]
    fn hiding_takes_no_longer_for_secrets_and_texts_that_repeat_themselves() {
        let secret = "a".repeat(1 << 20);
        let text = "a".repeat(16 << 10);
        let began = std::time::Instant::now();
        assert_eq!(hidden(&[&secret], &text), "*****");
        let words = "`bc".repeat(5 << 10);
        assert_eq!(Mask::new([secret.as_str()]).hide_in_message(&words), words);
        assert!(began.elapsed().as_secs() < 5);
    }

    #[test]
    fn a_word_that_a_parser_quotes_may_be_of_a_secret() {
        let mask = Mask::new(["tell-nobody-7f3a", "quo\"te-x"]);
        for (message, shown) in [
            (
                "bad number or duration `7f3a`",
                "bad number or duration `*****`",
            ),
            ("bad number syntax: \"7f\"", "bad number syntax: \"*****\""),
            ("expected `,`, found `te`", "expected `,`, found `*****`"),
            ("unknown name `queue`", "unknown name `queue`"),
            ("found `a`, expected `b`", "found `a`, expected `b`"),
        ] {
            assert_eq!(mask.hide_in_message(message), shown);
        }
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
