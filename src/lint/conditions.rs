//! A metric's conditions, checked against what its query returns, and the phase that they make of a result.

use crate::analysis::template::Field;
use crate::condition::{ConditionError, ResultValue};
use crate::lint::finding::Spot;
use crate::lint::gate::spot;
use crate::text::filled::Filled;
use crate::text::span::Span;

/// What one measurement comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The conditions hold.
    Successful,
    /// They do not.
    Failed,
    /// Neither or both of two.
    Inconclusive,
    /// One could not be evaluated.
    Error,
    /// It hangs on an argument without value.
    Unknown,
}

impl Verdict {
    /// As in tables and JSON: Argo's word, or `Unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Successful => "Successful",
            Verdict::Failed => "Failed",
            Verdict::Inconclusive => "Inconclusive",
            Verdict::Error => "Error",
            Verdict::Unknown => "Unknown",
        }
    }
}

/// A metric's conditions.
#[derive(Debug, Default)]
pub struct Conditions {
    /// `successCondition`
    pub success: Option<Condition>,
    /// `failureCondition`
    pub failure: Option<Condition>,
}

/// A condition.
#[derive(Debug)]
pub struct Condition {
    /// `successCondition` or `failureCondition`.
    pub name: &'static str,
    /// As written.
    pub field: Field,
    /// With the values that are known here.
    pub filled: Filled,
    /// Why it does not compile against the query's type, or fails on every value of it; see `repaired`.
    pub error: Option<ConditionError>,
    /// What is judged in its place where it does not compile: the fix, else with `[0]` put in.
    pub repaired: Option<String>,
    /// The numbers that it compares the result or an element with (not lengths), ascending; none of arguments without value.
    pub thresholds: Vec<f64>,
    /// What it compares.
    pub comparisons: Vec<Comparison>,
    /// Indices with which it reads one series, `result[0]`, with their bytes in the filled text.
    pub indices: Vec<(i64, Span)>,
    /// The builtins that it calls: `len`, `isNaN`, `all`, …
    pub calls: Vec<String>,
}

/// A comparison of a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What is compared with the number.
    pub operand: Operand,
    /// The operator with the operand on its left: `<`, `<=`, `>`, `>=`, `==`, `!=`.
    pub operator: &'static str,
    /// The number.
    pub value: f64,
    /// The number's bytes in the filled text.
    pub span: Span,
}

/// What a condition compares with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// The result, or an element of it.
    Value,
    /// `len(result)`, a count of elements.
    Length,
    /// Anything else.
    Other,
}

impl Condition {
    /// All of the filled text.
    pub fn all(&self) -> Span {
        Span::new(0, self.filled.text.len())
    }

    /// Bytes of the filled text as a spot.
    pub fn spot(&self, span: Span) -> Spot {
        spot(self.name, &self.field, self.filled.to_template(span))
    }

    /// Whether it calls the builtin.
    pub fn names(&self, builtin: &str) -> bool {
        self.calls.iter().any(|call| call == builtin)
    }
}

impl Conditions {
    /// Checks both against the type that the query returns.
    pub fn new(
        _success: Option<&Field>,
        _failure: Option<&Field>,
        _result: crate::condition::ResultType,
        _fill: &dyn Fn(&str) -> Filled,
    ) -> Self {
        Conditions::default()
    }

    /// Success first.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.success.iter().chain(&self.failure)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.success.is_none() && self.failure.is_none()
    }

    /// Whether one of them does not compile, so that its repaired text is judged.
    pub fn is_repaired(&self) -> bool {
        self.iter().any(|condition| condition.error.is_some())
    }

    /// The phase of a measurement that answered `result` (`EvaluateResult` in Argo's `utils/evaluate/evaluate.go`).
    pub fn judge(&self, _result: &ResultValue) -> Verdict {
        Verdict::Unknown
    }
}
