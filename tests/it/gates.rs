//! The gates of `examples/silent-canary`, each with what its first comment says that lint finds.
//!
//! ```yaml
//! # promql-guard lint --scrape-interval 10s
//! #   provider.plugin: warn restarts-by-increase,
//! #     warn zero-error-tolerance
//! #   provider.prometheus: nothing
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use crate::seed::said;

fn folder(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("examples/silent-canary").join(name)
}

/// The YAML files in a folder, by name.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// What lint finds at level deny and warn: `deny a, warn b`, or `nothing`.
fn found(text: &str, scrape_interval: u64) -> String {
    let said = said(text, Some(scrape_interval));
    let words: Vec<_> = said
        .split(", ")
        .filter(|words| words.starts_with("deny ") || words.starts_with("warn "))
        .collect();
    if words.is_empty() {
        return "nothing".to_owned();
    }
    words.join(", ")
}

/// One line of a first comment: at this scrape interval, under this provider, that is found.
#[derive(Debug)]
struct Claim {
    scrape_interval: u64,
    provider: String,
    findings: String,
}

/// Those of the comment that a file begins with.
fn claims(text: &str) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    let mut scrape_interval = None;
    for line in text.lines().map_while(|line| line.strip_prefix('#')) {
        if let Some(interval) = line.strip_prefix(" promql-guard lint --scrape-interval ") {
            let interval: jiff::SignedDuration = interval.parse().unwrap();
            scrape_interval = Some(interval.as_secs() as u64);
        } else if let Some(more) = line.strip_prefix("     ") {
            let claim = claims.last_mut().expect("a claim that goes on");
            claim.findings.push(' ');
            claim.findings.push_str(more);
        } else if let Some((provider, findings)) = line
            .strip_prefix("   provider.")
            .and_then(|claim| claim.split_once(": "))
        {
            claims.push(Claim {
                scrape_interval: scrape_interval.expect("a scrape interval before the findings"),
                provider: provider.to_owned(),
                findings: findings.to_owned(),
            });
        }
    }
    claims
}

/// The template under a provider, moved as the README says: one key is renamed. The settings stay where they stand, so a key
/// put before them has one space less.
fn under(provider: &str, text: &str) -> String {
    let prometheus = "        prometheus:\n";
    match provider {
        "plugin" => text.replace(
            prometheus,
            "        plugin:\n         promql-guard/promql-guard:\n",
        ),
        "prometheus" => text.replace(
            "        plugin:\n          promql-guard/promql-guard:\n",
            prometheus,
        ),
        _ => panic!("there is no `provider.{provider}` to move a gate to"),
    }
}

#[test]
fn each_gate_says_what_lint_finds() {
    let mut gates = files(&folder("gates"));
    assert_eq!(gates.len(), 3, "planted, published, built-in");
    let sound = folder("base/analysis-template.yaml");
    gates.push((
        "base".to_owned(),
        fs::read_to_string(sound).expect("the gate that people copy"),
    ));
    let mut wrong = Vec::new();
    for (name, text) in gates {
        let claims = claims(&text);
        for provider in ["plugin", "prometheus"] {
            assert!(
                claims.iter().any(|claim| claim.provider == provider),
                "{name}: let the first comment say what lint finds under `provider.{provider}`"
            );
        }
        for claim in claims {
            let found = found(&under(&claim.provider, &text), claim.scrape_interval);
            if found != claim.findings {
                wrong.push(format!("{name}: {claim:?}, found: {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_found_of_the_sound_gate_with_its_rollout() {
    let files: Vec<_> = files(&folder("base"))
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    let base = files.join("---\n");
    assert!(base.contains("kind: Rollout"), "{base}");
    for scrape_interval in [10, 60] {
        assert_eq!(found(&base, scrape_interval), "nothing");
    }
}
