//! The pages of the rules, and the README's table of them, against the rules themselves.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use promql_guard::evidence::outcome::{NO_DATA, Outcome, REFUSALS};
use promql_guard::lint::rule::{Rule, Section};
use promql_guard::rules;

const SECTIONS: [(Section, &str); 8] = [
    (Section::Query, "The query itself"),
    (Section::NoData, "No data, NaN and the fallback"),
    (Section::Conditions, "The conditions"),
    (Section::Counters, "Counters, windows, histograms, ratios"),
    (Section::Selection, "Which pods, which namespace"),
    (Section::Limits, "Limits, timing, wiring"),
    (Section::Surroundings, "Beside Rollouts and Services"),
    (Section::Suppressions, "Suppressions"),
];

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

#[test]
fn the_pages_are_those_of_the_rules() {
    let output = Command::new(env!("CARGO_BIN_EXE_promql-guard"))
        .args(["explain", "--all"])
        .output()
        .unwrap();
    let pages = String::from_utf8(output.stdout).unwrap();
    assert!(
        read("docs/rules.md") == pages,
        "write them anew: promql-guard explain --all >docs/rules.md"
    );
}

fn row(rule: &Rule) -> String {
    let levels: Vec<_> = rule.levels.iter().map(|level| level.as_str()).collect();
    format!(
        "| [`{0}`](docs/rules.md#{0}) | {1} | {2} |\n",
        rule.name,
        levels.join(" / "),
        rule.summary
    )
}

#[test]
fn the_readme_lists_every_rule() {
    let mut table = String::new();
    for (section, title) in SECTIONS {
        write!(
            table,
            "\n**{title}**\n\n| rule | level | finds |\n|---|---|---|\n"
        )
        .unwrap();
        for rule in rules::ALL.iter().filter(|rule| rule.section == section) {
            table.push_str(&row(rule));
        }
    }
    assert!(
        read("README.md").contains(&table),
        "README.md: put this table in the place of the one that it has\n{table}"
    );
}

/// Each word of the closed list has its row, and no other has one.
#[test]
fn every_outcome_has_its_row() {
    let told: Vec<String> = read("docs/outcomes.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(word, _)| word.to_owned())
        .collect();
    let no_data = NO_DATA.iter().map(|why| Outcome::NoData(*why));
    let refusals = REFUSALS.iter().map(|what| Outcome::Error(*what));
    let words: Vec<&str> = [
        Outcome::Data,
        Outcome::FallbackOnData,
        Outcome::FallbackHeard,
    ]
    .into_iter()
    .chain(no_data)
    .chain(refusals)
    .chain([Outcome::Terminated])
    .map(Outcome::as_str)
    .collect();
    let sorted = |mut words: Vec<String>| {
        words.sort();
        words
    };
    let words = words.into_iter().map(str::to_owned).collect();
    assert_eq!(sorted(told), sorted(words));
}
