//! Lines of manifests into what may be shown of them: the userinfo of addresses and the values of keys that say secret are
//! not.
//!
//! Lines are looked at, not YAML: a file that does not parse is shown too.

use std::borrow::Cow;
use std::ops::Range;

use crate::lint::finding::Finding;

/// Words of keys whose values are not shown, in small letters.
const SECRETS: [&str; 5] = ["password", "secret", "token:", "token\"", "authorization"];

/// What stands in place of a value.
const MASK: &str = "***** (masked)";

/// Whether a text holds the userinfo of an address, or the value of a key that says secret.
pub(super) fn holds_a_secret(line: &str) -> bool {
    holds_userinfo(line) || says_secret(line)
}

fn holds_userinfo(text: &str) -> bool {
    userinfo(text).is_some()
}

/// The first userinfo of an address.
fn userinfo(text: &str) -> Option<Range<usize>> {
    text.match_indices("://").find_map(|(at, mark)| {
        let start = at + mark.len();
        let host = &text[start..];
        let end = host.find(['/', ' ', '"', '\'', '`']).unwrap_or(host.len());
        host[..end].rfind('@').map(|length| start..start + length)
    })
}

/// Words about a manifest, which may quote it, with `*****` in the place of every userinfo.
pub(in crate::cli) fn without_userinfo(words: &mut String) {
    let mut masked = String::new();
    let mut rest = words.as_str();
    while let Some(range) = userinfo(rest) {
        masked.push_str(&rest[..range.start]);
        masked.push_str("*****");
        rest = &rest[range.end..];
    }
    if !masked.is_empty() {
        masked.push_str(rest);
        *words = masked;
    }
}

fn says_secret(line: &str) -> bool {
    let small = line.to_ascii_lowercase();
    SECRETS.iter().any(|word| small.contains(word))
}

/// Whether a finding's fix may be given to programs, which print it in logs.
pub(super) fn may_be_told(finding: &Finding) -> bool {
    let mut edits = finding.fix.iter().flat_map(|fix| &fix.edits);
    !finding.spot.is_secret && !edits.any(|edit| holds_userinfo(&edit.text))
}

/// The lines of a file, those with secrets as `key: ***** (masked)`: lines that say so themselves, what goes on in a deeper
/// indent under them, and the `value` beside a `name` or `key` that says secret.
pub(in crate::cli) fn masked<'a>(lines: &[&'a str]) -> Vec<Cow<'a, str>> {
    // The indent of a key that says secret: what stands deeper is its value.
    let mut above: Option<usize> = None;
    // The indent of a `name` that says secret.
    let mut beside: Option<usize> = None;
    let mut masked = Vec::with_capacity(lines.len());
    for line in lines {
        let item = line.trim_start_matches([' ', '-']);
        let indent = line.len() - item.len();
        let is_item = line.trim_start().starts_with('-');
        let is_blank = item.trim().is_empty();
        if !is_blank && above.is_some_and(|above| indent <= above) {
            above = None;
        }
        if !is_blank && beside.is_some_and(|beside| indent < beside || is_item) {
            beside = None;
        }
        if is_named_secret(item) {
            beside = Some(indent);
        }
        let says = holds_a_secret(line);
        let is_value = beside == Some(indent) && key(item) == Some("value");
        if above.is_none() && (says || is_value) {
            above = Some(indent);
        }
        masked.push(match !is_blank && (says || above.is_some()) {
            true => Cow::Owned(mask(line, indent)),
            false => Cow::Borrowed(*line),
        });
    }
    masked
}

/// `name: api-token`, `key: Authorization`
fn is_named_secret(item: &str) -> bool {
    let is_name = matches!(key(item), Some("name" | "key"));
    let small = item.to_ascii_lowercase();
    is_name && (says_secret(item) || small.contains("token"))
}

/// The key at the beginning of a line that has no more than a key and a value.
fn key(item: &str) -> Option<&str> {
    let (key, rest) = item.split_once(':')?;
    let bare = key.trim_matches(['"', '\'']);
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let is_key = !bare.is_empty() && bare.chars().all(is_plain);
    (is_key && (rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))).then_some(bare)
}

fn mask(line: &str, indent: usize) -> String {
    let (margin, item) = line.split_at(indent);
    let content = item.trim_end_matches(['\r', '\n']);
    let end = &item[content.len()..];
    match key(content).and(content.split_once(':')) {
        // Its value, if any, stands below.
        Some((_, "")) => line.to_owned(),
        Some((key, _)) => format!("{margin}{key}: {MASK}{end}"),
        None => format!("{margin}{MASK}{end}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_quote_no_userinfo() {
        for (words, expected) in [
            (
                "`http://u:p@a` and `https://v:q@b/x@y`",
                "`http://*****@a` and `https://*****@b/x@y`",
            ),
            (
                "`http://a:9090/x@y`, mail a@b",
                "`http://a:9090/x@y`, mail a@b",
            ),
        ] {
            let mut masked = words.to_owned();
            without_userinfo(&mut masked);
            assert_eq!(masked, expected);
        }
    }

    #[test]
    fn what_is_secret_is_masked_and_nothing_beside_it() {
        for (text, expected) in [
            (
                "a: 1\nb: http://p:9090/x@y\n",
                "a: 1\nb: http://p:9090/x@y\n",
            ),
            (
                "  - address: http://u:hunter2@p:9090\r\n    count: 1\r\n",
                "  - address: ***** (masked)\r\n    count: 1\r\n",
            ),
            ("password: hunter2", "password: ***** (masked)"),
            (
                "password: |\n  hunter2\n\n  more\ncount: 1\n",
                "password: ***** (masked)\n  ***** (masked)\n\n  ***** (masked)\ncount: 1\n",
            ),
            (
                "x:\n  password:\n    hunter2\n  y: 1\n",
                "x:\n  password:\n    ***** (masked)\n  y: 1\n",
            ),
            (
                "- key: Authorization\n  value: Bearer hunter2\n- key: X\n  value: plain\n",
                "- key: ***** (masked)\n  value: ***** (masked)\n- key: X\n  value: plain\n",
            ),
            (
                "- name: api-token\n  value: >-\n    hunter2\n- name: x\n  value: y\n",
                "- name: api-token\n  value: ***** (masked)\n    ***** (masked)\n- name: x\n  value: y\n",
            ),
            ("{\"password\": \"hunter2\"}\n", "***** (masked)\n"),
            ("hunter2 # password: x\n", "***** (masked)\n"),
            ("http://u:hunter2@p: x\n", "***** (masked)\n"),
        ] {
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            assert_eq!(masked(&lines).concat(), expected);
        }
    }
}
