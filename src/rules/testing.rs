//! A short form of a gate into the findings of the rules, for their tests and for the examples on their pages.
//!
//! The short form is YAML: keys of a metric, of its provider and of the template's spec on one level. What is left out is
//! sound: five measurements a minute apart, in the namespace `shop` unless a `kind` is given. Whole documents, which hold an `apiVersion:`, are taken as they are.

use std::time::Duration;

use crate::analysis::input::Input;
use crate::lint::context::Context;
use crate::lint::finding::Finding;
use crate::lint::index::Index;
use crate::lint::report::Report;
use crate::lint::run::lint;
use crate::lint::settings::Settings;
use crate::manifest;
use crate::rules::ALL;

/// Keys of a metric; all others of the short form are the provider's.
const METRIC: [&str; 10] = [
    "name",
    "interval",
    "initialDelay",
    "count",
    "successCondition",
    "failureCondition",
    "failureLimit",
    "inconclusiveLimit",
    "consecutiveErrorLimit",
    "consecutiveSuccessLimit",
];

/// Keys of the template's spec.
const SPEC: [&str; 4] = ["args", "dryRun", "metrics", "templates"];

/// The levels at which `rule` speaks of a gate in short form.
pub(super) fn found(rule: &str, gate: &str) -> Vec<&'static str> {
    let findings = findings(gate);
    let of_rule = findings.iter().filter(|finding| finding.rule == rule);
    of_rule.map(|finding| finding.level.as_str()).collect()
}

/// What `rule` says of a gate in short form: `deny at `text`: message; help`.
pub(super) fn said(rule: &str, gate: &str) -> Vec<String> {
    let findings = findings(gate);
    let of_rule = findings.iter().filter(|finding| finding.rule == rule);
    of_rule
        .map(|finding| {
            let help = finding.help.as_ref().map(|help| format!("; {help}"));
            format!(
                "{} at `{}`: {}{}",
                finding.level.as_str(),
                finding.spot.text,
                finding.message,
                help.unwrap_or_default()
            )
        })
        .collect()
}

/// The query of a gate in short form after the fix of `rule`'s first finding, and whether it is safe. Panics without a fix.
pub(super) fn fixed(rule: &str, gate: &str) -> (String, bool) {
    let text = document(gate);
    let report = lint_text(&text, &settings());
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.rule == rule)
        .unwrap_or_else(|| panic!("{rule} is silent at {gate}"));
    let fix = finding.fix.as_ref().expect("the finding has a fix");
    let mut after = text.clone();
    for edit in fix.edits.iter().rev() {
        after.replace_range(edit.span.range(), &edit.text);
    }
    let reading = manifest::read::read(0, &after);
    assert!(reading.errors.is_empty(), "{:?}\n{after}", reading.errors);
    (after, fix.is_safe)
}

/// All findings at a gate in short form.
pub(super) fn findings(gate: &str) -> Vec<Finding> {
    report(gate).findings
}

/// All that is said of a gate in short form, with a scrape interval of 30s.
pub(super) fn report(gate: &str) -> Report {
    lint_text(&document(gate), &settings())
}

/// As the command line's defaults are, with a scrape interval.
pub(super) fn settings() -> Settings {
    Settings {
        scrape_interval: Some(Duration::from_secs(30)),
        ..Settings::default()
    }
}

/// All that is said of manifests.
pub(super) fn lint_text(text: &str, settings: &Settings) -> Report {
    let reading = manifest::read::read(0, text);
    assert!(reading.errors.is_empty(), "{:?}\n{text}", reading.errors);
    let input: Input = reading.input;
    let index = Index::new(&input);
    let context = Context {
        input: &input,
        settings,
        index: &index,
    };
    lint(context, ALL)
}

/// The manifest that a short form stands for.
pub(super) fn document(short: &str) -> String {
    if short.contains("apiVersion:") {
        return short.to_owned();
    }
    let entries = entries(short);
    let text_of = |key: &str| {
        let entry = entries.iter().find(|(found, _)| found == key);
        entry.map(|(_, text)| text.as_str())
    };
    let kind = text_of("kind").map_or("kind: AnalysisTemplate\n", |text| text);
    let namespace = match (text_of("namespace-of-template"), text_of("kind")) {
        (Some(text), _) => text.replace("namespace-of-template", "  namespace"),
        (None, Some(_)) => String::new(),
        (None, None) => "  namespace: shop\n".to_owned(),
    };
    let mut document = format!(
        "apiVersion: argoproj.io/v1alpha1\n{kind}metadata:\n  name: example\n{namespace}spec:\n"
    );
    for (key, text) in &entries {
        match key.as_str() {
            "dryRun" => {
                let pattern = text.trim_start_matches("dryRun:").trim();
                document.push_str(&format!("  dryRun:\n  - metricName: {pattern}\n"));
            }
            key if SPEC.contains(&key) => document.push_str(&indented(text, 2)),
            _ => {}
        }
    }
    if text_of("metrics").is_some() {
        return document;
    }
    document.push_str("  metrics:\n  - name: ");
    document.push_str(text_of("name").map_or("gate\n", |text| {
        text.trim_start_matches("name:").trim_start()
    }));
    if text_of("interval").is_none() && text_of("count").is_none() {
        document.push_str("    interval: 1m\n    count: 5\n");
    }
    for (key, text) in &entries {
        if METRIC.contains(&key.as_str()) && key != "name" {
            document.push_str(&indented(text, 4));
        }
    }
    let (provider, indent) = match text_of("provider") {
        Some(_) => (
            "    provider:\n      plugin:\n        example/promql-guard:\n",
            10,
        ),
        None => ("    provider:\n      prometheus:\n", 8),
    };
    document.push_str(provider);
    if text_of("address").is_none() {
        document.push_str(&indented(
            "address: http://prometheus.example:9090\n",
            indent,
        ));
    }
    for (key, text) in &entries {
        let is_other = ["kind", "provider", "namespace-of-template"].contains(&key.as_str())
            || METRIC.contains(&key.as_str())
            || SPEC.contains(&key.as_str());
        if !is_other {
            document.push_str(&indented(text, indent));
        }
    }
    document
}

/// The top keys with all of their lines.
fn entries(short: &str) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> = Vec::new();
    for line in short.lines() {
        let begins = line.starts_with(|c: char| c.is_ascii_alphabetic());
        match (
            begins.then(|| line.split_once(':')).flatten(),
            entries.last_mut(),
        ) {
            (Some((key, _)), _) => entries.push((key.to_owned(), format!("{line}\n"))),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => panic!("begin with a key: {short}"),
        }
    }
    entries
}

fn indented(text: &str, by: usize) -> String {
    text.lines()
        .map(|line| match line {
            "" => "\n".to_owned(),
            line => format!("{}{line}\n", " ".repeat(by)),
        })
        .collect()
}
