//! The body of an answer into typed data, bounded while it is read and without a tree of JSON in between.
//!
//! The envelope is client_golang's `apiResponse` and `queryResult` (`api/prometheus/v1/api.go`) plus `infos` and statistics.
//! Stricter than Go on purpose: a sample without a value is refused, not 0, and so is a series without values.

mod lists;
mod notes;
mod samples;

use std::borrow::Cow;
use std::cell::Cell;

use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::value::RawValue;

use super::answer::{Answer, Data, Statistics};
use super::error::{ApiError, Counted, Malformed, QueryError};
use super::query::Limits;
use crate::text::chain::bounded;
pub(super) use lists::{alert_health, label_values};
use notes::Notes;
use samples::{PointSeed, RowsSeed, SampleSeed, SeriesSeed};

/// What every answer of the API is wrapped in.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "errorType")]
    error_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    error: Option<Cow<'a, str>>,
    #[serde(default)]
    warnings: Option<Notes>,
    #[serde(default)]
    infos: Option<Notes>,
    /// VictoriaMetrics's place for statistics.
    #[serde(borrow, default)]
    stats: Option<&'a RawValue>,
    /// VictoriaMetrics's cluster, in the same place.
    #[serde(borrow, default, rename = "isPartial")]
    is_partial: Option<&'a RawValue>,
}

impl Envelope<'_> {
    /// Whether a part of the store did not answer.
    fn is_partial(&self) -> bool {
        self.is_partial.is_some_and(|value| value.get() == "true")
    }
}

/// What `data` holds after a query.
#[derive(Deserialize)]
struct QueryData<'a> {
    #[serde(borrow, rename = "resultType")]
    result_type: Cow<'a, str>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stats: Option<&'a RawValue>,
}

/// What the readers of samples count, and why they stopped.
pub(super) struct Reading {
    limits: Limits,
    samples: Cell<usize>,
    refusal: Cell<Option<Refusal>>,
}

/// Why a reader stopped, where it is not the JSON's fault.
#[derive(Clone, Copy)]
enum Refusal {
    TooLarge(Counted),
    NativeHistogram,
    Shape(&'static str),
}

impl Reading {
    /// Notes why reading stops, and makes the error that stops it.
    fn refuse<E: serde::de::Error>(&self, refusal: Refusal) -> E {
        self.refusal.set(Some(refusal));
        E::custom("refused")
    }

    fn count_sample<E: serde::de::Error>(&self) -> Result<(), E> {
        let samples = self.samples.get() + 1;
        self.samples.set(samples);
        match samples > self.limits.samples {
            true => Err(self.refuse(Refusal::TooLarge(Counted::Samples))),
            false => Ok(()),
        }
    }

    fn error(&self, error: &serde_json::Error, content_type: Option<&str>) -> QueryError {
        match self.refusal.get() {
            Some(Refusal::TooLarge(what)) => QueryError::TooLarge {
                what,
                limit: match what {
                    Counted::Bytes => self.limits.body,
                    Counted::Series => self.limits.series,
                    Counted::Samples => self.limits.samples,
                },
            },
            Some(Refusal::NativeHistogram) => QueryError::NativeHistogram,
            Some(Refusal::Shape(expected)) => shape(error, expected, content_type).into(),
            None => malformed(error, content_type).into(),
        }
    }
}

/// An answer with a status of success: its value, or the error it holds all the same.
pub(super) fn answer(
    body: &[u8],
    limits: Limits,
    content_type: Option<&str>,
) -> Result<Answer, QueryError> {
    let envelope = envelope(body, content_type)?;
    if envelope.status == "error" {
        return Err(api_error(&envelope).into());
    }
    let data = envelope.data.ok_or(Malformed::NoData)?;
    let data: QueryData<'_> =
        serde_json::from_str(data.get()).map_err(|error| malformed(&error, content_type))?;
    let is_partial = envelope.is_partial();
    let statistics = statistics(envelope.stats, data.stats);
    Ok(Answer {
        data: value(&data, limits, content_type)?,
        warnings: envelope.warnings.map(|notes| notes.0).unwrap_or_default(),
        infos: envelope.infos.map(|notes| notes.0).unwrap_or_default(),
        statistics,
        is_partial,
    })
}

/// The error in the body of a 400 or 422 (client_golang's `apiError`): the API's, or how the body is none of it.
pub(super) fn refusal(body: &[u8], content_type: Option<&str>) -> QueryError {
    match envelope(body, content_type) {
        Err(error) => error.into(),
        Ok(envelope) if envelope.status == "error" => api_error(&envelope).into(),
        Ok(_) => Malformed::Inconsistent.into(),
    }
}

/// The API's error in the body of another status, if it is one.
pub(super) fn remark(body: &[u8]) -> Option<ApiError> {
    let envelope = envelope(body, None).ok()?;
    (envelope.status == "error").then(|| api_error(&envelope))
}

fn envelope<'a>(body: &'a [u8], content_type: Option<&str>) -> Result<Envelope<'a>, Malformed> {
    serde_json::from_slice(body).map_err(|error| malformed(&error, content_type))
}

fn api_error(envelope: &Envelope<'_>) -> ApiError {
    ApiError::new(
        envelope.error_type.as_deref().unwrap_or_default(),
        envelope.error.as_deref().unwrap_or_default(),
    )
}

fn value(
    data: &QueryData<'_>,
    limits: Limits,
    content_type: Option<&str>,
) -> Result<Data, QueryError> {
    let reading = Reading {
        limits,
        samples: Cell::new(0),
        refusal: Cell::new(None),
    };
    let result = data.result.ok_or(Malformed::NoResult)?;
    let mut json = serde_json::Deserializer::from_str(result.get());
    let rows = |seed| RowsSeed {
        reading: &reading,
        row: seed,
    };
    let value = match &*data.result_type {
        "scalar" => PointSeed(&reading).deserialize(&mut json).map(Data::Scalar),
        "vector" => rows(SampleSeed(&reading))
            .deserialize(&mut json)
            .map(Data::Vector),
        "matrix" => RowsSeed {
            reading: &reading,
            row: SeriesSeed(&reading),
        }
        .deserialize(&mut json)
        .map(Data::Matrix),
        "string" => Ok(Data::String),
        other => return Err(Malformed::ValueType(bounded(other, 40)).into()),
    };
    value.map_err(|error| reading.error(&error, content_type))
}

/// Statistics are extra: what does not fit is left out, and fails nothing.
fn statistics(beside: Option<&RawValue>, inside: Option<&RawValue>) -> Option<Statistics> {
    #[derive(Deserialize)]
    struct Stats {
        samples: Option<Samples>,
        #[serde(rename = "seriesFetched")]
        series_fetched: Option<String>,
    }
    #[derive(Deserialize)]
    struct Samples {
        #[serde(rename = "totalQueryableSamples")]
        total: Option<u64>,
        #[serde(rename = "seriesTouched")]
        series: Option<u64>,
    }
    let stats: Stats = serde_json::from_str(inside.or(beside)?.get()).ok()?;
    let fetched = stats.series_fetched.and_then(|text| text.parse().ok());
    let samples = stats.samples.as_ref();
    Some(Statistics {
        samples: samples.and_then(|samples| samples.total),
        series: samples.and_then(|samples| samples.series).or(fetched),
    })
}

fn malformed(error: &serde_json::Error, content_type: Option<&str>) -> Malformed {
    match error.classify() {
        serde_json::error::Category::Data => shape(
            error,
            "expected `status`, `data` and what is in them",
            content_type,
        ),
        _ => Malformed::NotJson {
            line: error.line(),
            column: error.column(),
            content_type: foreign(content_type),
        },
    }
}

fn shape(
    error: &serde_json::Error,
    expected: &'static str,
    content_type: Option<&str>,
) -> Malformed {
    Malformed::Shape {
        line: error.line(),
        column: error.column(),
        expected,
        content_type: foreign(content_type),
    }
}

/// The content type, where it is worth a word.
fn foreign(content_type: Option<&str>) -> Option<String> {
    content_type
        .filter(|found| !found.starts_with("application/json"))
        .map(|found| bounded(found, 80))
}

#[cfg(test)]
mod tests;
