//! The query parser beside the `promql-parser` crate: where the two differ, the difference is a known one of the crate's, and
//! Prometheus is on our side.

use std::panic::catch_unwind;

use promql_guard::promql::{Features, Options, parse};
use regex::Regex;

use crate::promql::{CORPUS, SELECTION, entries};

/// What the crate refuses although Prometheus accepts it.
const REFUSED: [(&str, &str); 12] = [
    ("trims of native histograms", r"</|>/"),
    ("`anchored`, `smoothed`", r"\b(anchored|smoothed)\b"),
    (
        "duration expressions",
        r"(?i)\[[^\]]*[-+*/%^(]|\b(step|range|min_of|max_of)\s*\(",
    ),
    (
        "signs and parentheses behind `offset`, and no time at all",
        r"offset\s*([-+]*\(|--|0s)",
    ),
    ("ranges from 2^32 on", r"\d{10}s"),
    ("underscores in numbers", r"\d_\d"),
    ("backslashes in backticks", r"`[^`]*\\"),
    ("Go's regexps", r#"=~"\\\\[Q0]"#),
    ("durations as values of `fill`", r"fill\(1h\)"),
    (
        "matchers of `info` that take series without the label",
        r"info\(.*\{",
    ),
    ("a label called `or` before a blank", r"\bor ="),
    (
        "names in UTF-8 without quotes",
        r"[^\x00-\x7F]|[a-z]\.[a-z]",
    ),
];

/// What the crate accepts although Prometheus refuses it.
const ACCEPTED: [(&str, &str); 10] = [
    ("a plus before what is no number", r#"^\+("|foo\[)"#),
    ("no range", r"\[0\]"),
    (
        "times past what 64 bits of nanoseconds hold",
        r"300y|4294967295y|e10|e19|e30|@ -?\d{10}",
    ),
    ("numbers past the largest", r"9{50}"),
    ("arguments of another type", r"^(limitk|limit_ratio)\("),
    (
        "calls that the crate counts out",
        r"^(ln|exp|log2)\(-?\w+\)$",
    ),
    ("the second argument of `info`", r"^info\("),
    ("`fill` beside sets and scalars", r"fill\(0\)"),
    (
        "regexps that are none of Go's, and `or` between matchers",
        r#"\{a=(~"|"b" or)"#,
    ),
    ("form feeds and U+FFFD", "\u{c}|\u{FFFD}"),
];

/// The crate overflows the stack on nested and long texts, which cannot be caught.
fn is_safe(text: &str) -> bool {
    text.len() < 2000 && text.matches(['(', '[', '{', '-', '+']).count() < 100
}

fn classes(known: &[(&str, &str)]) -> Vec<Regex> {
    known
        .iter()
        .map(|(_, shape)| Regex::new(shape).unwrap())
        .collect()
}

#[test]
fn differs_only_where_prometheus_agrees_with_us() {
    let (refused, accepted) = (classes(&REFUSED), classes(&ACCEPTED));
    let mut met = vec![0; refused.len() + accepted.len()];
    let (mut asked, mut differ) = (0, Vec::new());
    let all = [SELECTION, CORPUS]
        .into_iter()
        .filter_map(entries)
        .flatten();
    for (index, entry) in all.enumerate() {
        // Dashboards differ nowhere, and the crate is slow.
        let is_skipped = entry.source.ends_with("dashboards") && index % 10 != 0;
        if is_skipped || !is_safe(&entry.input) {
            continue;
        }
        asked += 1;
        let text = entry.input.clone();
        // It panics on durations out of range.
        let theirs = catch_unwind(|| promql_parser::parser::parse(&text).is_ok());
        let options = Options {
            features: Features::All,
            ..Options::default()
        };
        let ours = parse(&entry.input, options).is_ok();
        let (known, first) = match theirs {
            Ok(theirs) if theirs == ours => continue,
            Err(_) if ours == entry.ok => continue,
            Ok(true) => (&accepted, refused.len()),
            _ => (&refused, 0),
        };
        match known.iter().position(|shape| shape.is_match(&entry.input)) {
            Some(class) if ours == entry.ok => met[first + class] += 1,
            _ => differ.push(format!("{ours} here, {theirs:?} there: {:?}", entry.input)),
        }
    }
    assert!(
        differ.is_empty(),
        "{} of {asked}:\n{}",
        differ.len(),
        differ.join("\n")
    );
    for ((what, _), met) in REFUSED.iter().chain(&ACCEPTED).zip(met) {
        // The selection alone need not have them all.
        assert!(met > 0 || asked < 2000, "no longer met: {what}");
    }
}
