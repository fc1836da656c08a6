//! YAML as it comes from files and arguments into JSON values, or into what is wrong with it, by line and column.

use serde_json::{Map, Value};

use crate::analysis::settings::fields::Complaint;
use crate::manifest::read::{self, JsonError};
use crate::text::chain::one_line;
use crate::text::span::LineIndex;

/// One document; nothing is null. The problem is one line, and no value of the document: it may hold a password.
pub(super) fn value(text: &str) -> Result<Value, String> {
    read::to_json(text).map_err(|error| told(text, &error))
}

/// One document that is an object; an empty one is an empty object.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, Vec<Complaint>> {
    let complaint = |problem: String| {
        vec![Complaint {
            path: String::new(),
            problem,
        }]
    };
    match value(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(complaint("expected an object of keys".to_owned())),
        Err(problem) => Err(complaint(problem)),
    }
}

/// Every document; the objects of a `List` each for itself.
pub(super) fn objects(text: &str) -> Result<Vec<Value>, String> {
    let documents = read::objects(text).map_err(|error| told(text, &error))?;
    let mut objects = Vec::new();
    for mut document in documents {
        let kind = document["kind"].as_str().unwrap_or_default();
        let is_list = kind.ends_with("List") && document["items"].is_array();
        match is_list.then(|| document["items"].take()) {
            Some(Value::Array(items)) => objects.extend(items),
            _ => objects.push(document),
        }
    }
    Ok(objects)
}

fn told(text: &str, error: &JsonError) -> String {
    let problem = one_line(&error.to_string());
    match error {
        JsonError::Documents(_) => problem,
        JsonError::Broken { offset, .. } => {
            let at = LineIndex::new(text).line_column(text, *offset);
            format!("{problem} at line {}, column {}", at.line, at.column)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::policy::Policy;
    use crate::analysis::settings::fields::joined;

    #[test]
    fn lists_are_taken_apart() {
        let yaml = "kind: List\nitems: [{kind: A}, {kind: B}]\n---\nkind: C\nitems: 5\n---\n";
        let kinds: Vec<_> = objects(yaml)
            .expect("YAML")
            .iter()
            .map(|object| object["kind"].as_str().map(str::to_owned))
            .collect();
        let kind = |kind: &str| Some(kind.to_owned());
        assert_eq!(kinds, [kind("A"), kind("B"), kind("C"), None]);
    }

    #[test]
    fn what_is_no_policy_is_told_without_its_passwords() {
        let yaml = "defaults:\n  authentication:\n    basicAuth: {username: u, password: hunter2\nfiles: []\n";
        let problem = object(yaml).map_err(|c| joined(&c)).expect_err("refused");
        assert!(!problem.contains("hunter2"), "{problem}");
        assert_eq!(
            object("[]").map_err(|c| joined(&c)),
            Err("expected an object of keys".to_owned())
        );
        let empty = object("").expect("an object");
        assert_eq!(Policy::from_object(&empty), Ok(Policy::default()));
    }
}
