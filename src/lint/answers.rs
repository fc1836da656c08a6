//! A query's tree into what its answers can be, as the truth table needs it.

use crate::condition::ResultType;
use crate::lint::gate::Engine;
use crate::lint::probes::{Kind, Probe};
use crate::promql::answer::{self, Certainty, Range, Series};
use crate::promql::ast::{Expr, ValueType};

/// What a query can answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Whether it answers a number, which is always there.
    pub is_scalar: bool,
    /// Whether it answers nothing where its selectors match nothing.
    pub can_be_empty: bool,
    /// Whether it may answer nothing at all, if only where its selectors match something: `absent(up)`.
    pub can_answer_nothing: bool,
    /// Whether an element can be NaN.
    pub can_be_nan: bool,
    /// What it answers where every selector is empty, if that is a number.
    pub fallback: Option<f64>,
    /// Between which numbers that is, where it is no one number.
    pub fallback_range: Option<Range>,
    /// What it answers where every counter function reads 0, if that is known.
    pub idle: Option<f64>,
    /// Whether the query can return several series.
    pub has_series: bool,
    /// Whether the result can have several elements: of several series, or of one over time.
    pub has_elements: bool,
    /// No element is below.
    pub low: f64,
    /// No element is above.
    pub high: f64,
}

impl Answers {
    /// What `expr` can answer, its result of type `result`; none of a query that answers a text.
    pub fn of(expr: &Expr, result: ResultType, is_range: bool) -> Option<Self> {
        if expr.value_type == ValueType::String {
            return None;
        }
        let is_scalar = result == ResultType::Scalar;
        let range = answer::range(expr);
        let series = answer::series(expr);
        let has_series = matches!(series, Series::Many | Series::Unknown);
        Some(Answers {
            is_scalar,
            can_be_empty: !is_scalar && answer::can_be_empty(expr) != Certainty::No,
            can_answer_nothing: !is_scalar && series != Series::One,
            can_be_nan: answer::can_be_nan(expr) != Certainty::No,
            fallback: answer::fallback(expr),
            fallback_range: answer::fallback_range(expr),
            idle: answer::idle(expr),
            has_series: !is_scalar && has_series,
            has_elements: !is_scalar && (has_series || is_range),
            low: range.low,
            high: range.high,
        })
    }

    /// With the plugin's own fallback around the whole, which answers where nothing else does.
    pub(super) fn with_fallback(&self, engine: Engine) -> Self {
        match engine.fallback().filter(|_| engine.completes_zeros()) {
            Some(number) if self.can_answer_nothing => Answers {
                can_be_empty: false,
                can_answer_nothing: false,
                fallback: Some(self.fallback.unwrap_or(number)),
                fallback_range: None,
                low: self.low.min(number),
                high: self.high.max(number),
                ..self.clone()
            },
            _ => self.clone(),
        }
    }

    /// Whether the query can answer the probe.
    pub(super) fn can_be(&self, probe: &Probe) -> bool {
        let is_in_range =
            |element: &f64| element.is_nan() || self.low <= *element && *element <= self.high;
        match probe.kind {
            Kind::NoData => self.can_be_empty,
            Kind::Nothing => self.can_answer_nothing,
            Kind::NaN => self.can_be_nan,
            Kind::Fallback | Kind::Idle => true,
            Kind::Number => probe.elements.iter().all(is_in_range),
            Kind::Series => self.has_elements && probe.elements.iter().all(is_in_range),
        }
    }
}
