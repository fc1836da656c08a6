//! The states of the gate of "The Silent Canary" and its relatives that participants wrote, each with what lint says of it.
//!
//! The second line of a file in `data/seed` names every finding, `-v` included, once a rule and level.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use promql_guard::lint::context::Context;
use promql_guard::lint::index::Index;
use promql_guard::lint::run::lint;
use promql_guard::lint::settings::Settings;
use promql_guard::{manifest, rules};

fn states() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/seed");
    let mut states: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    states.sort();
    states
}

/// `deny fallback-passes, warn restarts-by-increase`
pub(crate) fn said(text: &str, scrape_interval: Option<u64>) -> String {
    let reading = manifest::read::read(0, text);
    assert!(reading.errors.is_empty(), "{:?}", reading.errors);
    let settings = Settings {
        scrape_interval: scrape_interval.map(Duration::from_secs),
        ..Settings::default()
    };
    let index = Index::new(&reading.input);
    let context = Context {
        input: &reading.input,
        index: &index,
        settings: &settings,
    };
    let report = lint(context, rules::ALL);
    let said: BTreeSet<_> = report
        .findings
        .iter()
        .map(|finding| {
            (
                std::cmp::Reverse(finding.level),
                format!("{} {}", finding.level.as_str(), finding.rule),
            )
        })
        .collect();
    let words: Vec<_> = said.into_iter().map(|(_, words)| words).collect();
    words.join(", ")
}

#[test]
fn each_state_gets_its_findings() {
    let states = states();
    assert!(
        states.len() > 30,
        "the states are not where they are looked for"
    );
    let wrong: Vec<_> = states
        .iter()
        .filter_map(|(name, text)| {
            let expected = text
                .lines()
                .find_map(|line| line.strip_prefix("# expect: "))
                .unwrap_or_else(|| panic!("{name}: begin with `# expect: `"));
            let said = said(text, None);
            (said != expected)
                .then(|| format!("{name}: expected {expected}\n{name}: said     {said}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_published_window_is_short_once_the_scrape_interval_is_known() {
    let states = states();
    let published = &states
        .iter()
        .find(|(name, _)| name == "published")
        .unwrap()
        .1;
    assert!(!said(published, None).contains("short-window"));
    assert!(said(published, Some(60)).contains("warn short-window"));
    assert!(!said(published, Some(10)).contains("short-window"));
}

#[test]
fn under_the_plugin_no_gate_passes_by_its_fallback() {
    for (name, text) in states() {
        let moved = text.replace(
            "        prometheus:\n",
            "        plugin:\n         example/promql-guard:\n",
        );
        let said = said(&moved, None);
        assert!(!said.contains("fallback-passes"), "{name}: {said}");
    }
}
