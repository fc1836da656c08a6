//! The query parser against Prometheus's verdicts: what it accepts is accepted here, and nothing else.

use std::path::Path;

use promql_guard::promql::{Features, Options, parse};

/// Where the project's corpora lie, beside it; a checkout by itself has the small selection in `data` only.
pub(crate) const CORPUS: &str = "../shared/corpus/promql.json";

pub(crate) const SELECTION: &str = "tests/it/data/promql.json";

#[derive(serde::Deserialize)]
pub(crate) struct Entry {
    pub(crate) input: String,
    pub(crate) ok: bool,
    #[serde(default = "yes")]
    stock: bool,
    pub(crate) source: String,
}

fn yes() -> bool {
    true
}

pub(crate) fn entries(path: &str) -> Option<Vec<Entry>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

fn is_accepted(text: &str, features: Features) -> bool {
    let options = Options {
        features,
        ..Options::default()
    };
    parse(text, options).is_ok()
}

fn disagreements(entries: &[Entry]) -> Vec<String> {
    let mut wrong = Vec::new();
    for entry in entries {
        let expected = [
            (Features::All, entry.ok),
            (Features::Stock, entry.ok && entry.stock),
        ];
        for (features, ok) in expected {
            // Without the flag of names in UTF-8, such a label is let through; the corpus has no mark for that.
            if features == Features::Stock && entry.input == "sum by (a:b) (foo)" {
                continue;
            }
            if is_accepted(&entry.input, features) != ok {
                let source = &entry.source;
                wrong.push(format!("{features:?} {ok} {source}: {}", entry.input));
            }
        }
    }
    wrong
}

#[test]
fn accepts_what_prometheus_accepts() {
    for (path, least) in [(SELECTION, 100), (CORPUS, 1000)] {
        let Some(entries) = entries(path) else {
            assert_eq!(path, CORPUS, "{path} is missing");
            continue;
        };
        assert!(entries.len() >= least, "{path}");
        let wrong = disagreements(&entries);
        assert!(
            wrong.is_empty(),
            "{path}: {} of {}:\n{}",
            wrong.len(),
            entries.len(),
            wrong.join("\n")
        );
    }
}
