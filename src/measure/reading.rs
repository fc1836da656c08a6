//! An answer into the conditions' `result` and the measurement's value, as the built-in provider writes both
//! (`metricproviders/prometheus/prometheus.go`, `processResponse`).

use crate::condition::ResultValue;
use crate::prometheus::Data;
use crate::text::float::go_float;

/// What was measured.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// What a condition sees as `result`.
    pub(super) result: ResultValue,
    /// `10` for a scalar, `[10,11]` for a vector, and for a matrix all points of all series in order.
    pub(super) value: String,
    /// The number of series; a scalar has none.
    pub(super) series: Option<usize>,
}

/// Reads an answer; a string is no number.
pub(super) fn read(data: &Data) -> Result<Reading, ReadingError> {
    let (numbers, series): (Vec<f64>, usize) = match data {
        Data::Scalar(number) => {
            return Ok(Reading {
                result: ResultValue::Scalar(*number),
                value: go_float(*number),
                series: None,
            });
        }
        Data::Vector(samples) => (
            samples.iter().map(|sample| sample.value).collect(),
            samples.len(),
        ),
        Data::Matrix(series) => (
            series
                .iter()
                .flat_map(|one| one.values.iter().copied())
                .collect(),
            series.len(),
        ),
        Data::String => return Err(ReadingError::Text),
    };
    let value = format!(
        "[{}]",
        numbers
            .iter()
            .map(|number| go_float(*number))
            .collect::<Vec<_>>()
            .join(",")
    );
    Ok(Reading {
        result: ResultValue::Vector(numbers),
        value,
        series: Some(series),
    })
}

/// Why an answer cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReadingError {
    /// The query is a string literal.
    #[error("unexpected value type \"string\": the query gives a text, not numbers")]
    Text,
}
