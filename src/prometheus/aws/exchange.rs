//! A request to one of AWS's credential services into a bounded answer, and its document into credentials.
//!
//! The client is the caller's; it must follow no redirects, and for addresses of the machine use no proxy. No text of an
//! answer reaches an error but its error code (and of an `AccessDenied` who may not do what): the others quote requests,
//! tokens included.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use http::StatusCode;
use reqwest::RequestBuilder;
use serde::Deserialize;

use crate::text::chain::{bounded, one_line};

/// Session tokens are some kilobytes; AWS promises no bound.
const MOST_BYTES: usize = 64 * 1024;

/// Why an exchange gave no credentials.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The time for each try ran out.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// No connection, or it broke.
    #[error(transparent)]
    Transport(Arc<reqwest::Error>),
    /// More than is read.
    #[error("the answer is longer than {MOST_BYTES} bytes")]
    TooLarge,
    /// Any status but 200, or a document that tells of a failure.
    #[error("refused with HTTP status {status}{}", .code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Refused {
        /// Of the answer.
        status: u16,
        /// AWS's word for it; of `AccessDenied` its message too.
        code: Option<String>,
    },
    /// A 200 with another document.
    #[error("expected {0} in the answer, found none")]
    Malformed(&'static str),
    /// A token or a role name that no request can carry.
    #[error("{0} holds a character that no request can carry")]
    Unsendable(&'static str),
}

impl From<reqwest::Error> for ExchangeError {
    fn from(error: reqwest::Error) -> Self {
        ExchangeError::Transport(Arc::new(error.without_url()))
    }
}

/// How long is waited for a service, and how often it is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) tries: u32,
    pub(super) each: Duration,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The body of a 200 as text; what is not UTF-8 can be nothing of use.
    pub(super) fn text(&self, expected: &'static str) -> Result<&str, ExchangeError> {
        std::str::from_utf8(&self.body).map_err(|_| ExchangeError::Malformed(expected))
    }
}

/// Asks; again after a broken connection, a time-out or a 5xx.
pub(super) async fn send(
    request: RequestBuilder,
    patience: Patience,
) -> Result<Answer, ExchangeError> {
    let mut left = patience.tries;
    loop {
        left = left.saturating_sub(1);
        let spare = if left > 0 { request.try_clone() } else { None };
        let Some(this) = spare else {
            return once(request, patience.each).await;
        };
        match once(this, patience.each).await {
            Ok(answer) if !answer.status.is_server_error() => return Ok(answer),
            Err(error @ ExchangeError::TooLarge) => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
}

async fn once(request: RequestBuilder, each: Duration) -> Result<Answer, ExchangeError> {
    let exchange = async {
        let mut response = request.send().await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(ExchangeError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status(),
            body,
        })
    };
    match tokio::time::timeout(each, exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(ExchangeError::TimedOut(each)),
    }
}

/// The error for a status and the words that came with it.
pub(super) fn refused(
    status: StatusCode,
    code: Option<&str>,
    message: Option<&str>,
) -> ExchangeError {
    let is_word = |code: &&str| {
        code.len() <= 64
            && code
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._:/-".contains(&byte))
    };
    let code = code.map(str::trim).filter(is_word);
    let told = match (code, message) {
        (Some(code @ "AccessDenied"), Some(message)) => {
            Some(format!("{code}: {}", bounded(&one_line(message), 256)))
        }
        _ => code.map(str::to_owned),
    };
    ExchangeError::Refused {
        status: status.as_u16(),
        code: told,
    }
}

/// What the container's and the instance's endpoint answer: credentials, or a failure in either spelling.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(alias = "code")]
    code: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    token: Option<String>,
    expiration: Option<String>,
}

/// Reads the JSON document of a container's or an instance's endpoint.
pub(super) fn credentials(
    answer: &Answer,
    provider: &'static str,
) -> Result<Credentials, ExchangeError> {
    // serde_json's errors quote the document.
    let document: Option<Document> = serde_json::from_slice(&answer.body).ok();
    let code = document
        .as_ref()
        .and_then(|document| document.code.as_deref());
    if answer.status != StatusCode::OK || code.is_some_and(|code| code != "Success") {
        return Err(refused(answer.status, code, None));
    }
    let whole = || {
        let document = document?;
        let expiry = match document.expiration {
            Some(text) => Some(instant(&text)?),
            None => None,
        };
        Some(Credentials::new(
            document.access_key_id.filter(|id| !id.is_empty())?,
            document.secret_access_key.filter(|key| !key.is_empty())?,
            document.token.filter(|token| !token.is_empty()),
            expiry,
            provider,
        ))
    };
    whole().ok_or(ExchangeError::Malformed(
        "JSON with `AccessKeyId`, `SecretAccessKey` and a time as `Expiration`",
    ))
}

/// A time as AWS writes it, `2026-03-04T05:06:07Z`.
pub(super) fn instant(text: &str) -> Option<SystemTime> {
    let timestamp: jiff::Timestamp = text.trim().parse().ok()?;
    SystemTime::try_from(timestamp).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test's panic is its failure")]

    use super::*;

    fn read(status: u16, body: &str) -> Result<Credentials, ExchangeError> {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: body.into(),
        };
        credentials(&answer, "test")
    }

    #[test]
    fn documents() {
        let body = r#"{"Code":"Success","LastUpdated":"x","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-03-04T05:06:07Z"}"#;
        let found = read(200, body).unwrap();
        assert_eq!(
            (found.access_key_id(), found.secret_access_key()),
            ("A", "S")
        );
        assert_eq!(found.session_token(), Some("T"));
        let seconds = found
            .expiry()
            .unwrap()
            .duration_since(SystemTime::UNIX_EPOCH);
        assert_eq!(seconds.unwrap().as_secs(), 1_772_600_767);
        let found = read(200, r#"{"AccessKeyId":"A","SecretAccessKey":"S"}"#).unwrap();
        assert_eq!((found.session_token(), found.expiry()), (None, None));
    }

    #[test]
    fn failures_are_told_without_the_document() {
        let malformed = "expected JSON with `AccessKeyId`, `SecretAccessKey` and a time as `Expiration` in the answer, found none";
        for (status, body, told) in [
            (
                200,
                r#"{"Code":"AssumeRoleUnauthorizedAccess"}"#,
                "refused with HTTP status 200 (AssumeRoleUnauthorizedAccess)",
            ),
            (
                400,
                r#"{"code":"InvalidPath","message":"S3CRET"}"#,
                "refused with HTTP status 400 (InvalidPath)",
            ),
            (403, "<html>S3CRET</html>", "refused with HTTP status 403"),
            (
                500,
                r#"{"code":"with S3CRET"}"#,
                "refused with HTTP status 500",
            ),
            (302, "", "refused with HTTP status 302"),
            (
                200,
                r#"{"AccessKeyId":"A","SecretAccessKey":["S3CRET"]}"#,
                malformed,
            ),
            (
                200,
                r#"{"AccessKeyId":"A","SecretAccessKey":"S3CRET","Expiration":"soon"}"#,
                malformed,
            ),
            (
                200,
                r#"{"AccessKeyId":"","SecretAccessKey":"S3CRET"}"#,
                malformed,
            ),
        ] {
            assert_eq!(read(status, body).unwrap_err().to_string(), told, "{body}");
        }
    }

    #[tokio::test]
    async fn a_service_that_never_answers_is_left() {
        // The listener takes connections into its queue and answers none of them.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let each = Duration::from_millis(20);
        let patience = Patience { tries: 2, each };
        let request = client.get(format!("http://{address}/"));
        let error = send(request, patience).await.err().unwrap();
        assert_eq!(error.to_string(), "no answer within 20ms");
    }
}
