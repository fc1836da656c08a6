//! Named aggregations to one series into one request, and its answer into numbers by name.

use std::collections::BTreeMap;

use crate::promql::edit::quote;

/// The label that tells the parts of an answer from each other.
const PART: &str = "__part__";

/// Expressions of one series each that are asked together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts(Vec<(String, String)>);

impl Parts {
    /// Adds an expression whose answer is at most one series without labels, an aggregation without `by`; no two of a name.
    pub fn push(&mut self, name: impl Into<String>, expr: impl Into<String>) {
        self.0.push((name.into(), expr.into()));
    }

    /// Nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many series the answer has at most.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The request: the parts in order, joined by `or`.
    pub fn query(&self) -> String {
        let parts = self.0.iter().map(|(name, expr)| {
            format!(
                "label_replace({}, {}, {}, \"\", \"\")",
                closed(expr),
                quote(PART),
                quote(name)
            )
        });
        parts.collect::<Vec<_>>().join("\nor ")
    }
}

/// An expression behind which something can stand in the same line: a comment at its end goes on for the line.
pub(super) fn closed(expr: &str) -> String {
    let last = expr.rsplit('\n').next().unwrap_or_default();
    let end = if last.contains('#') { "\n" } else { "" };
    format!("{expr}{end}")
}

/// What was answered, by the parts' names.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Numbers(BTreeMap<String, f64>);

impl Numbers {
    /// The samples of an answer, each with its labels; a series without the parts' label is left out.
    pub fn of<'a>(samples: impl IntoIterator<Item = (&'a [(String, String)], f64)>) -> Self {
        let named = samples.into_iter().filter_map(|(labels, number)| {
            let (_, name) = labels.iter().find(|(label, _)| label == PART)?;
            Some((name.clone(), number))
        });
        Numbers(named.collect())
    }

    /// A part's number; none where it has no series, or NaN.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied().filter(|number| !number.is_nan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::{Options, parse};

    #[test]
    fn parts_are_asked_together() {
        let mut parts = Parts::default();
        assert!(parts.is_empty());
        parts.push("w", "count((x) >= -Inf)");
        parts.push("e", "sum(x) # all\n");
        parts.push("s1", "sum(x) # all");
        parts.push("s2", "sum(x{a=\"#\"})");
        assert_eq!(parts.len(), 4);
        let query = parts.query();
        assert_eq!(
            query,
            "label_replace(count((x) >= -Inf), \"__part__\", \"w\", \"\", \"\")\n\
             or label_replace(sum(x) # all\n, \"__part__\", \"e\", \"\", \"\")\n\
             or label_replace(sum(x) # all\n, \"__part__\", \"s1\", \"\", \"\")\n\
             or label_replace(sum(x{a=\"#\"})\n, \"__part__\", \"s2\", \"\", \"\")"
        );
        assert!(parse(&query, Options::default()).is_ok());
    }

    #[test]
    fn numbers_are_found_by_name() {
        let labels = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let samples = [
            (labels("__part__", "w"), 1.0),
            (labels("__part__", "e"), f64::NAN),
            (labels("__part__", "d1"), 0.0),
            (labels("job", "s1"), 3.0),
            (Vec::new(), 4.0),
        ];
        let numbers = Numbers::of(samples.iter().map(|(l, n)| (l.as_slice(), *n)));
        for (name, wanted) in [
            ("w", Some(1.0)),
            ("e", None),
            ("d1", Some(0.0)),
            ("s1", None),
            ("", None),
        ] {
            assert_eq!(numbers.get(name), wanted, "`{name}`");
        }
    }
}
