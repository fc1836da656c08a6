//! The part of a metric that a provider looks at.

/// A metric of an AnalysisTemplate, arguments filled in (`Metric` of Argo's API, reduced).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metric {
    /// Unique within the template.
    pub name: String,
    /// Time between measurements, a Go duration; empty: measured once.
    pub interval: String,
    /// Time before the first measurement, a Go duration; empty: none.
    pub initial_delay: String,
    /// How many measurements; unset: without end, or one where there is no interval either.
    pub count: Option<i64>,
    /// Empty: none.
    pub success_condition: String,
    /// Empty: none.
    pub failure_condition: String,
    /// More Failed measurements than this fail the metric; default 0, -1: no limit.
    pub failure_limit: Option<i64>,
    /// More Inconclusive measurements than this make the metric Inconclusive; default 0.
    pub inconclusive_limit: Option<i64>,
    /// More Errors in a row than this make the metric Error; default 4.
    pub consecutive_error_limit: Option<i64>,
    /// This many Successful measurements in a row end the metric; default 0: not asked.
    pub consecutive_success_limit: Option<i64>,
    /// `provider.plugin`: the name of each entry and its JSON. The controller sends exactly one.
    pub plugins: Vec<(String, Vec<u8>)>,
}

/// What a text counts as where Argo's API takes a number or a text (`IntOrString.IntValue` of apimachinery's `intstr.go`):
/// a text that is no number is 0, one beyond the range the nearest end of it.
pub fn int_value(text: &str) -> i64 {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};

    text.parse()
        .unwrap_or_else(|error: std::num::ParseIntError| match error.kind() {
            PosOverflow => i64::MAX,
            NegOverflow => i64::MIN,
            _ => 0,
        })
}
