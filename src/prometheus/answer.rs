//! What a server answered, as plain values in the order it sent them.

/// The answer to one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The value.
    pub data: Data,
    /// Annotations of the level warning.
    pub warnings: Vec<String>,
    /// Annotations of the level info.
    pub infos: Vec<String>,
    /// What the query cost, where the server says it.
    pub statistics: Option<Statistics>,
    /// A part of the store did not answer: VictoriaMetrics's cluster says so. Thanos says it in a warning.
    pub is_partial: bool,
}

/// A value of the query language.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// One number without labels.
    Scalar(f64),
    /// One number a series.
    Vector(Vec<Sample>),
    /// Many numbers a series.
    Matrix(Vec<Series>),
    /// A string; client_golang has no value for it (`unexpected value type "string"`).
    String,
}

/// A series and its number.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Names and values, in the order the server sent them.
    pub labels: Vec<(String, String)>,
    /// The number.
    pub value: f64,
}

/// A series and its numbers, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Names and values, in the order the server sent them.
    pub labels: Vec<(String, String)>,
    /// The numbers, without their times.
    pub values: Vec<f64>,
}

/// What a query cost, as far as servers agree on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Samples looked at: Prometheus's and Thanos's `samples.totalQueryableSamples`.
    pub samples: Option<u64>,
    /// Series looked at: Prometheus's `samples.seriesTouched`, VictoriaMetrics's `seriesFetched`.
    pub series: Option<u64>,
}
