//! Fixes into a diff that people read: what `--fix` writes, then each fix that is only offered.

use std::collections::BTreeMap;

use super::diff::unified;
use super::fix::{Fixed, edited, edits_of};
use crate::cli::formats::Told;
use crate::cli::formats::paint::{Paint, visible};
use crate::cli::source::Source;
use crate::lint::level::Level;

/// What `--diff` prints: of the safe fixes one diff a file, of the offered ones from `lowest` up a diff each, against the file as
/// it is. `is_watched`: by a terminal; programs get the bytes of the files.
pub(super) fn changes(
    sources: &[Source],
    told: &[Told<'_>],
    fixed: &Fixed,
    lowest: Level,
    paint: Paint,
    is_watched: bool,
) -> String {
    let shown = |diff: &str| match is_watched {
        true => on_a_terminal(diff, paint),
        false => diff.to_owned(),
    };
    let mut text = String::new();
    for (file, rules) in &fixed.written {
        let (before, after) = (&sources[*file], &fixed.sources[*file]);
        let head = format!("safe, `--fix` writes it: {}", counted_names(rules));
        text.push_str(&paint.strong(&head));
        text.push('\n');
        text.push_str(&shown(&unified(&before.name, &before.text, &after.text)));
        text.push('\n');
    }
    for each in told.iter().filter(|told| told.finding.level >= lowest) {
        let found = each.finding;
        let offered = found.fix.as_ref().filter(|fix| !fix.is_safe);
        let file = offered
            .and_then(|fix| fix.edits.first())
            .map(|edit| edit.file);
        let Some(source) = file.and_then(|file| sources.get(file)) else {
            continue;
        };
        let head = format!(
            "offered by {}[{}] at {}:{}:{}: {}",
            found.level.as_str(),
            found.rule,
            visible(&source.name),
            each.start.line,
            each.start.column,
            visible(&found.message)
        );
        text.push_str(&paint.strong(&head));
        text.push('\n');
        let after = edited(&source.text, edits_of(found));
        text.push_str(&shown(&unified(&source.name, &source.text, &after)));
        text.push('\n');
    }
    text
}

/// `literal-regex (2), zero-error-tolerance`
fn counted_names(rules: &[&'static str]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in rules {
        *counts.entry(rule).or_default() += 1;
    }
    let name = |(rule, count): (&&str, &usize)| match count {
        1 => (*rule).to_owned(),
        _ => format!("{rule} ({count})"),
    };
    counts.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// With nothing that moves a cursor but its colours.
fn on_a_terminal(diff: &str, paint: Paint) -> String {
    let line = |line: &str| {
        let text = visible(line.trim_end_matches('\r'));
        let text = match line.as_bytes().first() {
            Some(b'+') => paint.added(&text),
            Some(b'-') => paint.removed(&text),
            Some(b'@') => paint.frame(&text),
            _ => text,
        };
        format!("{text}\n")
    };
    diff.lines().map(line).collect()
}
