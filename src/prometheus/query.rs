//! A query, its time and its limits into the parameters of a request.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::form_urlencoded;

use crate::text::float::go_float;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The query's text, sent as it is.
    pub text: String,
    /// The time or times it is asked for.
    pub when: When,
    /// How long the whole request may take, token and second try as GET included. Zero has passed before anything is sent.
    pub timeout: Duration,
    /// Further parameters (`stats`, `limit`, …); the built-in provider sends none.
    pub parameters: Vec<(&'static str, String)>,
}

/// The time or times a query is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// One instant: `/api/v1/query`.
    Instant(Timestamp),
    /// Each `step` from `start` to `end`: `/api/v1/query_range`. What makes no sense is the server's to refuse.
    Range {
        /// The first instant.
        start: Timestamp,
        /// The last instant.
        end: Timestamp,
        /// From one instant to the next.
        step: SignedDuration,
    },
}

/// How much of an answer is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Bytes of the body after decompression.
    pub body: usize,
    /// Series of a vector or matrix.
    pub series: usize,
    /// Samples of all series.
    pub samples: usize,
}

impl Default for Limits {
    /// 16 MiB, 5,000 series, 50,000 samples.
    fn default() -> Limits {
        Limits {
            body: 16 << 20,
            series: 5_000,
            samples: 50_000,
        }
    }
}

impl Query {
    /// The endpoint below the server's address.
    pub(super) fn endpoint(&self) -> &'static str {
        match self.when {
            When::Instant(_) => "api/v1/query",
            When::Range { .. } => "api/v1/query_range",
        }
    }

    /// The parameters, and those of the address.
    pub(super) fn form(&self, address: &url::Url) -> String {
        let mut ours = vec![("query", self.text.clone())];
        match self.when {
            When::Instant(at) => ours.push(("time", now_text(at))),
            When::Range { start, end, step } => ours.extend([
                ("start", now_text(start)),
                ("end", now_text(end)),
                ("step", go_float(step.as_secs_f64())),
            ]),
        }
        ours.extend(self.parameters.iter().cloned());
        form(address, &ours)
    }
}

/// Parameters as a form. Those of the address come first and yield to ours of the same name,
/// as `u.Query()` and `q.Set` do in client_golang's `httpAPI.Query`.
pub(super) fn form(address: &url::Url, ours: &[(&str, String)]) -> String {
    let theirs = address
        .query_pairs()
        .filter(|(name, _)| !ours.iter().any(|(ours, _)| ours == name));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(theirs)
        .extend_pairs(ours)
        .finish()
}

/// A time as client_golang writes it (`formatTime` in `api/prometheus/v1/api.go`): seconds since 1970 as the shortest
/// decimals of a 64-bit float, so not finer than about a quarter of a microsecond.
pub fn now_text(at: Timestamp) -> String {
    const SECOND: i128 = 1_000_000_000;
    let nanoseconds = at.as_nanosecond();
    let seconds = nanoseconds.div_euclid(SECOND) as f64;
    let fraction = nanoseconds.rem_euclid(SECOND) as f64;
    go_float(seconds + fraction / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The right side is what `formatTime` of client_golang 1.23.2 prints.
    #[test]
    fn times_are_written_as_client_golang_writes_them() {
        for (at, text) in [
            ("2023-08-14T00:00:00Z", "1691971200"),
            ("2023-08-14T00:00:00.5Z", "1691971200.5"),
            ("2026-09-01T12:34:56.789012345Z", "1788266096.7890124"),
            ("2026-09-01T12:34:56.000000001Z", "1788266096"),
            ("1970-01-01T00:00:00Z", "0"),
            ("1969-12-31T23:59:59.75Z", "-0.25"),
        ] {
            let at: Timestamp = at.parse().expect("a time");
            assert_eq!(now_text(at), text);
        }
    }

    #[test]
    fn the_form_holds_the_parameters_of_the_address_too() {
        let query = Query {
            text: "a{b=\"c d\"} + 1".into(),
            when: When::Instant(Timestamp::UNIX_EPOCH),
            timeout: Duration::from_secs(30),
            parameters: vec![("stats", "true".into())],
        };
        let address = url::Url::parse("http://vm/?extra_label=ns%3Dx&query=up").expect("a URL");
        assert_eq!(
            query.form(&address),
            "extra_label=ns%3Dx&query=a%7Bb%3D%22c+d%22%7D+%2B+1&time=0&stats=true"
        );
    }

    #[test]
    fn a_range_is_written_in_seconds() {
        let query = Query {
            text: "up".into(),
            when: When::Range {
                start: Timestamp::UNIX_EPOCH,
                end: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(60),
                step: SignedDuration::from_millis(1500),
            },
            timeout: Duration::from_secs(30),
            parameters: Vec::new(),
        };
        let address = url::Url::parse("http://prom").expect("a URL");
        assert_eq!(query.form(&address), "query=up&start=0&end=60&step=1.5");
        assert_eq!(query.endpoint(), "api/v1/query_range");
    }
}
