//! The table of rules against its files, their pages and their words. Each failure says what to write where.

use std::fs;
use std::path::Path;

use super::ALL;
use super::testing::{document, findings, lint_text, report, settings};
use crate::lint::finding::Finding;
use crate::lint::level::Level;
use crate::lint::rule::{Check, Rule};
use crate::lint::settings::Settings;

const HEADINGS: [&str; 6] = [
    "What it does",
    "Why it matters",
    "Example",
    "Write instead",
    "Settings",
    "Known gaps",
];

/// Files that are no rules.
const OTHERS: [&str; 3] = ["mod", "testing", "tests"];

fn stems() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let mut stems: Vec<_> = fs::read_dir(folder)
        .expect("the folder of rules")
        .map(|entry| entry.expect("an entry").path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .filter(|stem| !OTHERS.contains(&stem.as_str()))
        .collect();
    stems.sort();
    stems
}

fn example(rule: &Rule, heading: &str) -> String {
    let section = rule
        .docs
        .split("## ")
        .find(|section| section.trim_start().starts_with(heading))
        .unwrap_or_else(|| panic!("{}: write a `## {heading}`", rule.name));
    let block = section.split("```yaml\n").nth(1);
    let block = block.and_then(|rest| rest.split("```").next());
    let block =
        block.unwrap_or_else(|| panic!("{}: write a yaml block under `{heading}`", rule.name));
    // A line of a doc comment begins with the blank behind its slashes.
    block
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect()
}

/// Rules that look at a manifest: suppressions are found by the engine, with examples all the same.
fn rules() -> impl Iterator<Item = &'static Rule> {
    ALL.iter().copied()
}

#[test]
fn every_file_is_in_the_table_and_bears_its_name() {
    let names: Vec<_> = rules().map(|rule| rule.name.replace('-', "_")).collect();
    let stems = stems();
    for stem in &stems {
        assert!(
            names.contains(stem),
            "src/rules/mod.rs: add `mod {stem};` and `&{stem}::RULE,`"
        );
    }
    assert_eq!(names, stems, "src/rules/mod.rs: sort the table by name");
}

#[test]
fn names_and_summaries_read_well() {
    for rule in rules() {
        let name = rule.name;
        assert!(
            !["no-", "use-", "prefer-", "avoid-", "check-"]
                .iter()
                .any(|prefix| name.starts_with(prefix)),
            "{name}: name the bad pattern"
        );
        assert!(
            rule.summary.chars().count() <= 60,
            "{name}: a summary of at most 60 characters"
        );
        assert!(
            rule.summary.starts_with(|c: char| !c.is_uppercase()) && !rule.summary.ends_with('.'),
            "{name}: a summary without capital and full stop"
        );
        let mut levels = rule.levels.to_vec();
        levels.sort_by(|a, b| b.cmp(a));
        assert_eq!(levels, rule.levels, "{name}: highest level first");
        for other in rule.yields_to {
            assert!(
                rules().any(|rule| rule.name == *other),
                "{name}: there is no rule `{other}` to yield to"
            );
        }
    }
}

#[test]
fn pages_have_their_headings_in_order() {
    for rule in rules() {
        let found: Vec<_> = rule
            .docs
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("## "))
            .collect();
        let wanted: Vec<_> = HEADINGS
            .iter()
            .filter(|heading| found.contains(heading))
            .collect();
        assert!(
            found.iter().eq(wanted.into_iter()) && found.len() >= 4,
            "{}: headings {found:?}, expected {HEADINGS:?} in this order, the last two where needed",
            rule.name
        );
    }
}

#[test]
fn the_example_fires_and_the_remedy_does_not() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let bad = example(rule, "Example");
        let found = findings(&bad);
        if !found.iter().any(|finding| finding.rule == rule.name) {
            let others: Vec<_> = found.iter().map(|finding| finding.rule).collect();
            wrong.push(format!(
                "{}: its example does not trip it, but {others:?}\n{bad}",
                rule.name
            ));
        }
        let good = example(rule, "Write instead");
        let left: Vec<_> = findings(&good)
            .into_iter()
            .filter(|finding| finding.level >= Level::Warn || finding.rule == rule.name)
            .map(|finding| format!("{}: {}", finding.rule, finding.message))
            .collect();
        if !left.is_empty() {
            wrong.push(format!("{}: its remedy trips {left:#?}\n{good}", rule.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn findings_read_well_and_point_into_their_text() {
    for rule in rules() {
        for finding in findings(&example(rule, "Example")) {
            reads_well(&finding);
        }
    }
}

fn reads_well(finding: &Finding) {
    let place = format!("{}: {:?}", finding.rule, finding.message);
    assert!(
        finding.message.starts_with(|c: char| !c.is_uppercase()),
        "{place}: no capital first"
    );
    for text in [Some(&finding.message), finding.help.as_ref()]
        .into_iter()
        .flatten()
    {
        assert!(
            !text.contains('\n') && !text.ends_with(['.', '!', '?']),
            "{place}: one line, no full stop"
        );
        for word in ["should be avoided", "consider", "please", "Please"] {
            assert!(!text.contains(word), "{place}: not `{word}`");
        }
    }
    let file = document_span(finding);
    assert!(file.is_some(), "{place}: its span is outside of its text");
}

/// The span within its field's text, on character boundaries.
fn document_span(finding: &Finding) -> Option<()> {
    let spot = &finding.spot;
    (spot.span.start <= spot.span.end && spot.span.end - spot.span.start == spot.text.len())
        .then_some(())
}

#[test]
fn a_suppression_silences_one_rule_alone() {
    for rule in rules().filter(|rule| !matches!(rule.check, Check::Input(_) | Check::Engine)) {
        let text = document(&example(rule, "Example"));
        let allow = format!(
            "metadata:\n  annotations:\n    promql-guard/allow: \"{} -- on trial\"\n",
            rule.name
        );
        let annotated: Vec<_> = text
            .split("---\n")
            .map(|document| match document.contains("kind: Rollout") {
                true => document.to_owned(),
                false => document.replacen("metadata:\n", &allow, 1),
            })
            .collect();
        let silenced = lint_text(&annotated.join("---\n"), &settings());
        let before = lint_text(&text, &settings());
        let names = |report: &crate::lint::report::Report| {
            let names = report.findings.iter().map(|finding| finding.rule);
            let mut names: Vec<_> = names.filter(|name| *name != rule.name).collect();
            names.sort_unstable();
            names
        };
        assert!(
            silenced.suppressed > 0,
            "{}: not silenced\n{text}",
            rule.name
        );
        assert!(silenced.findings.iter().all(|f| f.rule != rule.name));
        assert_eq!(names(&silenced), names(&before), "{}", rule.name);
    }
}

#[test]
fn a_rule_without_its_facts_is_skipped_and_says_so() {
    for rule in rules().filter(|rule| !rule.needs.is_empty()) {
        let text = document(&example(rule, "Example"));
        let without = lint_text(&text, &Settings::default());
        assert!(
            without
                .skipped
                .iter()
                .any(|skipped| skipped.rule == rule.name),
            "{}: say `out.lacks(…)` where a need is absent",
            rule.name
        );
        let with = report(&example(rule, "Example"));
        assert!(with.skipped.iter().all(|skipped| skipped.rule != rule.name));
    }
}
