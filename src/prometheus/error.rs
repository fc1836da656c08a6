//! Why a query has no answer, sorted by what a caller does next.

use std::error::Error;
use std::time::Duration;

use crate::text::chain::bounded;

use super::aws::CredentialError;
use super::dial::DialError;
use super::oauth::TokenError;
use super::resolve::ResolveError;
use super::sigv4::SigningError;
use super::tls::TlsError;

/// Why a query has no answer. Texts of the API's own errors are client_golang's.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The server could not be asked, or went away in the middle: may work when tried again.
    #[error("query `{server}`")]
    Unreachable {
        /// The address, without secrets.
        server: String,
        /// What failed.
        #[source]
        cause: Unreachable,
    },
    /// No whole answer in time.
    #[error("query `{server}`: no answer within {}: context deadline exceeded", seconds(*.timeout))]
    Timeout {
        /// The address, without secrets.
        server: String,
        /// The time that has passed.
        timeout: Duration,
    },
    /// Too much was under way before us, and still was when the time had passed.
    #[error("query `{server}`: no answer within {}: it waited for its turn, {queue}", seconds(*.timeout))]
    Turn {
        /// The address, without secrets.
        server: String,
        /// The time that has passed.
        timeout: Duration,
        /// What it waited for.
        queue: Queue,
    },
    /// A part of the store did not answer, and what is asked has no place to say so.
    #[error("the answer is partial: a part of the store did not answer")]
    Partial,
    /// An HTTP status that stands for no answer.
    #[error("{}{}", status_text(*.code), said(.api))]
    Status {
        /// The status.
        code: u16,
        /// What Prometheus's API says about it, where the body is one of its errors.
        api: Option<ApiError>,
        /// The server's own wish when to be asked again, where it is given in seconds.
        retry_after: Option<Duration>,
    },
    /// The API refused the query: `bad_data: …`, `execution: …`, `timeout: …`.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The answer is none of Prometheus's API.
    #[error("bad_response: {0}")]
    BadResponse(#[from] Malformed),
    /// The server sends us elsewhere, and we do not go there with our credentials.
    #[error("query `{server}`: redirected ({code}){}; redirects are not followed, write the final address", to(.target))]
    Redirect {
        /// The address, without secrets.
        server: String,
        /// The status.
        code: u16,
        /// Scheme, host, port and path of the target.
        target: Option<String>,
    },
    /// The address must not be dialled.
    #[error("address `{server}`")]
    Denied {
        /// The address, without secrets.
        server: String,
        /// The rule.
        #[source]
        rule: DialError,
    },
    /// Neither `http` nor `https`.
    #[error("address `{server}`: scheme `{scheme}` is not spoken; write `http://` or `https://`")]
    Scheme {
        /// The address, without secrets.
        server: String,
        /// Its scheme.
        scheme: String,
    },
    /// More than we read.
    #[error(
        "the answer is past the limit of {limit} {what}; ask for less, or have the operator raise the limit"
    )]
    TooLarge {
        /// What was counted.
        what: Counted,
        /// How many would have been read.
        limit: usize,
    },
    /// The value is a native histogram; the built-in provider reads it as 0.
    #[error(
        "the result is a native histogram, not a number; take a number from it: `histogram_quantile(…)`, `histogram_fraction(…)`, `histogram_count(…)`"
    )]
    NativeHistogram,
    /// The certificates of one side do not do, or what is spoken is no TLS.
    #[error("query `{server}`")]
    Tls {
        /// The address, without secrets.
        server: String,
        /// What failed.
        #[source]
        cause: TlsError,
    },
    /// A bearer token that cannot be sent.
    #[error("`authentication.bearer`: the token holds characters that no header may")]
    Bearer,
    /// No AWS credentials, or no region.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// The request cannot be signed for AWS.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// No OAuth token.
    #[error("fetch an OAuth token from `{token_url}`")]
    Token {
        /// The token's address, without secrets.
        token_url: String,
        /// What failed.
        #[source]
        cause: Box<TokenError>,
    },
}

impl QueryError {
    /// Whether the same request may find an answer a moment later: lost connections, names without an answer, 429, 502, 503, 504.
    /// One of these that says the query took too long does not count, and neither does a timeout: that time is gone.
    pub fn is_transient(&self) -> bool {
        match self {
            QueryError::Unreachable { .. } => true,
            QueryError::Status { code, api, .. } => {
                is_of_the_moment(*code)
                    && api.as_ref().is_none_or(|api| api.error_type != "timeout")
            }
            QueryError::Token { cause, .. } => match &**cause {
                TokenError::Request(error) => error.is_transient(),
                TokenError::Status(status) => is_of_the_moment(status.as_u16()),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether nothing was learnt of the server but that it does not answer now: what [`Self::is_transient`] names, no answer in
    /// time, and a server that says the query took too long. All else is an answer: a refusal.
    pub fn is_unreachable(&self) -> bool {
        match self {
            QueryError::Timeout { .. } | QueryError::Turn { .. } => true,
            QueryError::Status { code, .. } => is_of_the_moment(*code),
            QueryError::Token { cause, .. } => {
                matches!(&**cause, TokenError::Request(error) if error.is_unreachable())
                    || self.is_transient()
            }
            _ => self.is_transient(),
        }
    }
}

/// Statuses of servers, and of what stands before them, that are busy, restarting or gone.
fn is_of_the_moment(code: u16) -> bool {
    matches!(code, 429 | 502..=504)
}

/// What is waited for where much is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// One of so many queries that one server is asked at once.
    Queries(usize),
    /// Room for the answer among so many bytes of one server's answers.
    ServerBodies(usize),
    /// Room for the answer among so many bytes of all servers' answers.
    Bodies(usize),
}

impl std::fmt::Display for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Queue::Queries(limit) => {
                write!(f, "the limit of queries to one server at once is {limit}")
            }
            Queue::ServerBodies(limit) => {
                write!(
                    f,
                    "the limit of bytes of one server's answers at once is {limit}"
                )
            }
            Queue::Bodies(limit) => {
                write!(f, "the limit of bytes of all answers at once is {limit}")
            }
        }
    }
}

/// An error of Prometheus's API, in its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct ApiError {
    /// `bad_data`, `execution`, `timeout`, `canceled`, `internal`, `unavailable`, `not_found`, …
    pub error_type: String,
    /// The server's text, at most 1 KiB.
    pub message: String,
}

impl ApiError {
    /// Both texts, cut to what a message can hold.
    pub(super) fn new(error_type: &str, message: &str) -> ApiError {
        ApiError {
            error_type: bounded(error_type, 64),
            message: bounded(message, 1 << 10),
        }
    }
}

/// How a server could not be reached.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unreachable {
    /// Its name has no address.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// No connection.
    #[error("connect: {0}")]
    Connect(String),
    /// The connection was lost before the answer began.
    #[error("wait for the answer: {0}")]
    Request(String),
    /// The connection was lost inside the answer.
    #[error("read the answer: {0}")]
    Body(String),
}

/// How an answer is none of Prometheus's API. Nothing of the body is repeated: the address may be anybody's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// What answers does not speak HTTP/1.1.
    #[error("the server speaks no HTTP: {0}")]
    NotHttp(String),
    /// Not what `Content-Encoding: gzip` promises.
    #[error("the body cannot be decompressed")]
    Compression,
    /// No JSON.
    #[error("expected JSON at line {line} column {column}{}", of_type(.content_type))]
    NotJson {
        /// From 1.
        line: usize,
        /// From 0 (before the first byte).
        column: usize,
        /// The `Content-Type`.
        content_type: Option<String>,
    },
    /// JSON of something else.
    #[error("JSON at line {line} column {column} is none of Prometheus's API: {expected}{}", of_type(.content_type))]
    Shape {
        /// From 1.
        line: usize,
        /// From 0.
        column: usize,
        /// What would have fitted.
        expected: &'static str,
        /// The `Content-Type`.
        content_type: Option<String>,
    },
    /// An error status with a body that says success; client_golang's words.
    #[error("inconsistent body for response code")]
    Inconsistent,
    /// A status without body, or success without a value.
    #[error("no `data` in the answer")]
    NoData,
    /// A kind of value and nothing of that kind.
    #[error("no `result` in the answer")]
    NoResult,
    /// A kind of value that nobody knows; client_golang's words.
    #[error("unexpected value type {0:?}")]
    ValueType(String),
    /// A status that no class holds; client_golang's words.
    #[error("bad response code {0}")]
    Code(u16),
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Bytes of the body after decompression.
    Bytes,
    /// Series of the value.
    Series,
    /// Samples of all series.
    Samples,
}

impl std::fmt::Display for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Counted::Bytes => "bytes",
            Counted::Series => "series",
            Counted::Samples => "samples",
        })
    }
}

/// The first error of type `T` among `error` and its causes. `io::Error` hides what it wraps from `source`.
pub(super) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::get_ref)
        {
            Some(Some(inner)) => Some(inner),
            _ => error.source(),
        };
    }
    None
}

/// The innermost cause in few words, without what libraries say around it.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    if let Some(io) = find::<std::io::Error>(error)
        && io.raw_os_error().is_some()
    {
        return io.kind().to_string();
    }
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    bounded(&last.to_string(), 200)
}

/// client_golang's `errorTypeAndMsgFor`.
fn status_text(code: u16) -> String {
    match code / 100 {
        4 => format!("client_error: client error: {code}"),
        _ => format!("server_error: server error: {code}"),
    }
}

fn said(api: &Option<ApiError>) -> String {
    api.as_ref().map_or(String::new(), |api| format!(": {api}"))
}

fn to(target: &Option<String>) -> String {
    target
        .as_ref()
        .map_or(String::new(), |target| format!(" to `{target}`"))
}

fn of_type(content_type: &Option<String>) -> String {
    content_type
        .as_ref()
        .map_or(String::new(), |found| format!(", found `{found}`"))
}

fn seconds(timeout: Duration) -> String {
    crate::text::duration::go_duration(i64::try_from(timeout.as_nanos()).unwrap_or(i64::MAX))
}
