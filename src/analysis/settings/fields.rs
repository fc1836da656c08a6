//! An object of JSON into typed fields, with every complaint at once.

use serde_json::{Map, Value};

use crate::text::chain::bounded;
use crate::text::duration::parse_go_duration;
use crate::text::nearest::nearest;

/// What is wrong with one key, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The key with its parents, `authentication.oauth2.tokenUrl`.
    pub path: String,
    /// What was found against what was expected.
    pub problem: String,
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.problem);
        }
        write!(f, "`{}`: {}", self.path, self.problem)
    }
}

/// Joins complaints into one line; of very many the first ones.
pub fn joined(complaints: &[Complaint]) -> String {
    let (told, more) = complaints.split_at(complaints.len().min(TOLD));
    let mut line = told
        .iter()
        .map(Complaint::to_string)
        .collect::<Vec<_>>()
        .join("; ");
    if !more.is_empty() {
        line.push_str(&format!("; and {} more", more.len()));
    }
    line
}

/// Complaints that are told; a message holds no more.
const TOLD: usize = 20;

/// Bytes of an unknown key that are repeated.
const KEY: usize = 200;

/// Keys whose value is never shown, whatever its type: it may stand there in clear.
const UNSHOWN: [&str; 6] = [
    "password",
    "clientSecret",
    "value",
    "headers",
    "caPem",
    "clientId",
];

/// Reads the fields of one object; each key asked for is known, what is left at the end is refused by name.
///
/// Numbers and booleans may come as strings, because Argo's argument substitution only makes strings; `null` is absent.
pub(crate) struct Fields<'a> {
    path: String,
    object: &'a Map<String, Value>,
    known: Vec<&'static str>,
    complaints: &'a mut Vec<Complaint>,
}

impl<'a> Fields<'a> {
    /// The fields of `object`, whose own place is `path` (empty at the top).
    pub(crate) fn new(
        path: &str,
        object: &'a Map<String, Value>,
        complaints: &'a mut Vec<Complaint>,
    ) -> Self {
        Fields {
            path: path.to_owned(),
            object,
            known: Vec::new(),
            complaints,
        }
    }

    /// Text; an empty one counts as absent, as in Argo's API.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            other => self.mistyped(key, "text", other),
        }
    }

    /// A whole number, or its decimal text.
    pub(crate) fn integer(&mut self, key: &'static str) -> Option<i64> {
        let value = self.value(key)?;
        let found = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        if found.is_none() {
            return self.mistyped(key, "a whole number", value);
        }
        found
    }

    /// A whole number, 0 or above.
    pub(crate) fn natural(&mut self, key: &'static str) -> Option<u64> {
        let number = self.integer(key)?;
        let natural = u64::try_from(number).ok();
        if natural.is_none() {
            self.complain(key, format!("`{number}` is negative; give 0 or above"));
        }
        natural
    }

    /// A finite number, or its decimal text.
    pub(crate) fn number(&mut self, key: &'static str) -> Option<f64> {
        let value = self.value(key)?;
        let found = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite()),
            _ => None,
        };
        if found.is_none() {
            return self.mistyped(key, "a number", value);
        }
        found
    }

    /// A boolean, or its text.
    pub(crate) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        match self.value(key)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.trim() == "true" => Some(true),
            Value::String(text) if text.trim() == "false" => Some(false),
            other => self.mistyped(key, "true or false", other),
        }
    }

    /// A duration as Go or Prometheus writes it (`30s`, `2m`, `1h30m`; also `1d`, `1w`), 0 or above.
    pub(crate) fn duration(&mut self, key: &'static str) -> Option<std::time::Duration> {
        let text = self.text(key)?;
        let read = duration_of(&text);
        if read.is_none() {
            self.complain(
                key,
                format!("`{text}` is no duration; write for example `30s` or `2m`"),
            );
        }
        read
    }

    /// One word of a closed list.
    pub(crate) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        // `off` without quotes is `false` to the YAML 1.1 of Kubernetes' tools.
        let text = match self.object.get(key) {
            Some(Value::Bool(false)) if words.iter().any(|(word, _)| *word == "off") => {
                self.known.push(key);
                "off".to_owned()
            }
            _ => self.text(key)?,
        };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known = words
            .iter()
            .map(|(word, _)| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", ");
        self.complain(key, format!("`{text}` is none of {known}"));
        None
    }

    /// A list of texts; one text stands for a list of one.
    pub(crate) fn texts(&mut self, key: &'static str) -> Vec<String> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let items = match value {
            Value::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Value::String(text) => texts.push(text.clone()),
                other => {
                    self.mistyped::<()>(key, "a list of texts", other);
                }
            }
        }
        texts
    }

    /// An object, read by `read`.
    pub(crate) fn object<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Fields<'_>) -> T,
    ) -> Option<T> {
        match self.value(key)? {
            Value::Object(object) => {
                let mut fields = Fields::new(&self.full(key), object, self.complaints);
                let value = read(&mut fields);
                fields.refuse_the_rest();
                Some(value)
            }
            other => self.mistyped(key, "an object", other),
        }
    }

    /// An object as it came.
    pub(crate) fn raw_object(&mut self, key: &'static str) -> Option<&'a Map<String, Value>> {
        match self.value(key)? {
            Value::Object(object) => Some(object),
            other => self.mistyped(key, "an object", other),
        }
    }

    /// A list of objects, each read by `read`.
    pub(crate) fn objects<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Fields<'_>) -> T,
    ) -> Vec<T> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Value::Array(items) = value else {
            self.mistyped::<()>(key, "a list", value);
            return Vec::new();
        };
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", self.full(key));
            match item {
                Value::Object(object) => {
                    let mut fields = Fields::new(&path, object, self.complaints);
                    values.push(read(&mut fields));
                    fields.refuse_the_rest();
                }
                other => {
                    let problem = format!("{} is no object", kind_of(other));
                    self.complaints.push(Complaint { path, problem });
                }
            }
        }
        values
    }

    /// Notes what is wrong with `key`.
    pub(crate) fn complain(&mut self, key: &str, problem: impl Into<String>) {
        let path = self.full(key);
        self.complaints.push(Complaint {
            path,
            problem: problem.into(),
        });
    }

    /// Refuses every key that was not asked for, with the nearest one that was.
    pub(crate) fn refuse_the_rest(self) {
        for key in self
            .object
            .keys()
            .filter(|key| !self.known.contains(&key.as_str()))
        {
            let path = self.full(&bounded(key, KEY));
            // A million keys must not take minutes, and no more is told.
            let near = match self.complaints.len() < TOLD {
                true => nearest(key, self.known.iter().copied()),
                false => None,
            };
            let problem = match near {
                Some(near) => format!("unknown key; did you mean `{near}`"),
                None => "unknown key".to_owned(),
            };
            self.complaints.push(Complaint { path, problem });
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.object.get(key).filter(|value| !value.is_null())
    }

    fn full(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn mistyped<T>(&mut self, key: &str, expected: &str, found: &Value) -> Option<T> {
        let found = match UNSHOWN.contains(&key) {
            true => kind_of(found).to_owned(),
            false => described(found),
        };
        self.complain(key, format!("expected {expected}, found {found}"));
        None
    }
}

/// The kind of a value.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The value where it is short, else its kind.
fn described(value: &Value) -> String {
    match value {
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("`{number}`"),
        Value::String(text) if text.len() <= 40 => format!("`{text}`"),
        other => kind_of(other).to_owned(),
    }
}

/// Go's durations, and the days, weeks and years that Prometheus adds; none below 0.
pub(crate) fn duration_of(text: &str) -> Option<std::time::Duration> {
    const DAY: u64 = 24 * 3600;
    if let Ok(nanoseconds) = parse_go_duration(text) {
        return u64::try_from(nanoseconds)
            .ok()
            .map(std::time::Duration::from_nanos);
    }
    let (number, unit) = text.split_at(text.len().checked_sub(1)?);
    let days = match unit {
        "d" => 1,
        "w" => 7,
        "y" => 365,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    Some(std::time::Duration::from_secs(
        number.checked_mul(days * DAY)?,
    ))
}
