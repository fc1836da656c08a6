mod edits;
mod hostile;
mod reading;

use super::read::{Reading, read};
use super::yaml;

/// Every style of scalar, and what surrounds them in practice.
const SAMPLE: &str = include_str!("sample.yaml");

fn json(text: &str) -> Vec<Result<String, String>> {
    yaml::documents(text)
        .into_iter()
        .map(|document| match document {
            Ok(document) => Ok(document.root.to_json().to_string()),
            Err(broken) => Err(format!("{}: {}", broken.offset, broken.problem)),
        })
        .collect()
}

fn reading(text: &str) -> Reading {
    read(0, text)
}
