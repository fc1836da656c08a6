//! What lint found as people read it: deny first, carets in the file's lines, one rule over many gates folded, one line of sum.

use std::collections::HashMap;

use super::excerpt::{excerpt, margin};
use super::paint::{Paint, visible};
use super::table::truth_table;
use super::{Counts, Outcome, Told};
use crate::lint::findings::Skipped;
use crate::lint::level::Level;
use crate::lint::report::GateReport;

/// Findings of one rule and level that are shown whole.
const SHOWN: usize = 3;

/// Places and names that a fold lists.
const LISTED: usize = 3;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Detail {
    /// No info, folded.
    Brief,
    /// Everything.
    Full,
}

/// All of it; the last line is the sum.
pub(in crate::cli) fn human(outcome: &Outcome<'_>, detail: Detail, paint: Paint) -> String {
    let mut text = String::new();
    for level in [Level::Deny, Level::Warn, Level::Info] {
        if level == Level::Info && detail == Detail::Brief {
            continue;
        }
        for told in of_level(outcome, level) {
            group(&mut text, outcome, &told, detail, paint);
        }
    }
    if detail == Detail::Full {
        for gate in outcome.gates {
            text.push_str(&table(gate));
        }
    }
    text.push_str(&skipped(outcome.skipped, detail));
    // Of nothing there is no sum; standard error tells why.
    if !outcome.sources.is_empty() {
        text.push_str(&format!("{}\n", sum(outcome, detail)));
    }
    text
}

/// The findings of a level, those of one rule together, in the order in which rules speak first.
fn of_level<'a>(outcome: &'a Outcome<'_>, level: Level) -> Vec<Vec<&'a Told<'a>>> {
    let mut groups: Vec<Vec<&Told<'_>>> = Vec::new();
    for told in &outcome.findings {
        if told.finding.level != level {
            continue;
        }
        let group = groups
            .iter_mut()
            .find(|group| group[0].finding.rule == told.finding.rule);
        match group {
            Some(group) => group.push(told),
            None => groups.push(vec![told]),
        }
    }
    groups
}

fn group(
    text: &mut String,
    outcome: &Outcome<'_>,
    group: &[&Told<'_>],
    detail: Detail,
    paint: Paint,
) {
    let group = alike(group, detail);
    let shown = match detail {
        Detail::Full => group.len(),
        // One more is shown sooner than it is told of.
        Detail::Brief if group.len() <= SHOWN + 1 => group.len(),
        Detail::Brief => SHOWN,
    };
    for told in &group[..shown] {
        text.push_str(&finding(outcome, told, paint));
        text.push('\n');
    }
    let folded: Vec<_> = group[shown..].concat();
    if let Some(first) = folded.first().map(|told| told.finding) {
        let places = folded.iter().map(|told| place(outcome, told)).collect();
        text.push_str(&format!(
            "{}: and {} more in {}; `-v` shows them\n\n",
            paint.level(first.level, &title(first.level, first.rule)),
            folded.len(),
            listed(places)
        ));
    }
}

/// Those of one resource that are the same but for their place stand together; in full each stands alone.
fn alike<'a>(group: &[&'a Told<'a>], detail: Detail) -> Vec<Vec<&'a Told<'a>>> {
    if detail == Detail::Full {
        return group.iter().map(|told| vec![*told]).collect();
    }
    let mut sets: Vec<Vec<&Told<'_>>> = Vec::new();
    let mut known = HashMap::new();
    for told in group {
        let own = told.finding;
        let words = (&own.message, &own.help);
        let set = *known
            .entry((own.spot.place.file, &own.resource, words))
            .or_insert(sets.len());
        match sets.get_mut(set) {
            Some(set) => set.push(told),
            None => sets.push(vec![told]),
        }
    }
    sets
}

/// A finding with its lines, and where else it is the same.
fn finding(outcome: &Outcome<'_>, alike: &[&Told<'_>], paint: Paint) -> String {
    let told = alike[0];
    let found = told.finding;
    let source = outcome.sources.get(found.spot.place.file);
    let margin = source.map_or(1, |source| margin(source, told.span));
    let mut text = format!(
        "{}: {}\n{:>margin$}{} {}, {}\n",
        paint.level(found.level, &title(found.level, found.rule)),
        paint.strong(&visible(&found.message)),
        "",
        paint.frame("-->"),
        place(outcome, told),
        whom(told)
    );
    if let Some(source) = source.filter(|_| !found.spot.is_secret) {
        text.push_str(&excerpt(source, told.span, margin, found.level, paint));
    }
    let equals = paint.frame(&format!("{:>margin$} =", ""));
    if let Some(help) = &found.help {
        text.push_str(&format!("{equals} help: {}\n", visible(help)));
    }
    match found.fix.as_ref().map(|fix| fix.is_safe) {
        Some(true) => text.push_str(&format!("{equals} fix: `--fix` writes it\n")),
        Some(false) => text.push_str(&format!("{equals} fix: `--diff` shows one\n")),
        None => {}
    }
    let others: Vec<_> = alike[1..]
        .iter()
        .map(|told| format!("{}, {}", place(outcome, told), metric(told)))
        .collect();
    if !others.is_empty() {
        text.push_str(&format!("{equals} also: {}\n", listed(others)));
    }
    text
}

/// `metric `ready``
fn metric(told: &Told<'_>) -> String {
    match &told.finding.metric {
        Some(metric) => format!("metric `{}`", visible(metric)),
        None => visible(&told.finding.resource),
    }
}

fn title(level: Level, rule: &str) -> String {
    format!("{}[{rule}]", level.as_str())
}

fn place(outcome: &Outcome<'_>, told: &Told<'_>) -> String {
    let file = visible(outcome.name(told.finding.spot.place.file));
    format!("{file}:{}:{}", told.start.line, told.start.column)
}

fn whom(told: &Told<'_>) -> String {
    let found = told.finding;
    let resource = visible(&found.resource);
    let quoted = |name: &String| format!("`{}`", visible(name));
    match (&found.metrics[..], &found.metric) {
        ([_, _, ..], _) => {
            let names = found.metrics.iter().map(quoted).collect();
            format!("{resource}, metrics {}", listed(names))
        }
        (_, Some(metric)) => format!("{resource}, metric {}", quoted(metric)),
        (_, None) => resource,
    }
}

/// `a, b, c and 38 others`
fn listed(mut all: Vec<String>) -> String {
    let others = all.len().saturating_sub(LISTED);
    all.truncate(LISTED);
    match others {
        0 => all.join(", "),
        1 => format!("{} and 1 other", all.join(", ")),
        _ => format!("{} and {others} others", all.join(", ")),
    }
}

/// A line a rule and reason, with whom it could not look at; in full one for each.
fn skipped(skipped: &[Skipped], detail: Detail) -> String {
    let mut groups: Vec<(&Skipped, Vec<String>)> = Vec::new();
    for each in skipped {
        let resource = visible(&each.subject.resource);
        let known = groups.iter_mut().find(|(first, _)| {
            detail == Detail::Brief && first.rule == each.rule && first.reason == each.reason
        });
        match known {
            // What is skipped comes template by template.
            Some((_, resources)) if resources.last() == Some(&resource) => {}
            Some((_, resources)) => resources.push(resource),
            None => groups.push((each, vec![resource])),
        }
    }
    let line = |(first, resources): (&Skipped, Vec<String>)| {
        format!(
            "skipped {}: {} ({})\n",
            first.rule,
            visible(&first.reason),
            listed(resources)
        )
    };
    let mut text: String = groups.into_iter().map(line).collect();
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// `3 deny, 2 warn in 5 gates of 2 files (4 info: -v shows them)`
fn sum(outcome: &Outcome<'_>, detail: Detail) -> String {
    let counts = &outcome.counts;
    let told = [
        (counts.deny, "deny"),
        (counts.warn, "warn"),
        (counts.info, "info"),
    ];
    let told: Vec<String> = told
        .iter()
        .filter(|(count, level)| *count > 0 && (detail == Detail::Full || *level != "info"))
        .map(|(count, level)| format!("{count} {level}"))
        .collect();
    let mut text = match (told.is_empty(), counts.gates) {
        (true, 0) => format!("no gates in {}", counted(counts.files, "file")),
        (true, _) if counts.baseline > 0 => format!("nothing new in {}", scope(counts)),
        (true, _) => format!("nothing found in {}", scope(counts)),
        (false, _) => format!("{} in {}", told.join(", "), scope(counts)),
    };
    if counts.info > 0 && detail == Detail::Brief {
        text.push_str(&format!(" ({} info: -v shows them)", counts.info));
    }
    if counts.suppressed > 0 {
        text.push_str(&format!("; {} suppressed", counts.suppressed));
    }
    if counts.baseline > 0 {
        text.push_str(&format!("; {} in the baseline", counts.baseline));
    }
    let is_safe = |told: &&Told<'_>| told.finding.fix.as_ref().is_some_and(|fix| fix.is_safe);
    let safe = outcome.findings.iter().filter(is_safe).count();
    if safe > 0 {
        text.push_str(&format!("; --fix puts {safe} right"));
    }
    if !outcome.errors.is_empty() {
        let unread = counted(outcome.errors.len(), "error");
        text.push_str(&format!("; {unread} in reading"));
    }
    text
}

fn scope(counts: &Counts) -> String {
    format!(
        "{} of {}",
        counted(counts.gates, "gate"),
        counted(counts.files, "file")
    )
}

/// `1 gate`, `2 gates`
pub(in crate::cli) fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// A gate's phases, as lines.
pub(in crate::cli) fn table(gate: &GateReport) -> String {
    let name = format!(
        "{}, metric `{}`",
        visible(&gate.resource),
        visible(&gate.metric)
    );
    let Some(table) = &gate.table else {
        return format!("{name}: no table, as its query or a condition cannot be judged\n\n");
    };
    let mut text = format!("{name} ({})\n", gate.class);
    text.push_str(&truth_table(table));
    text.push('\n');
    text
}
