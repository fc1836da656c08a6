//! Client credentials into tokens, as `golang.org/x/oauth2/clientcredentials` does, but kept from one query to the next.
//!
//! A token is asked for with the credentials in a Basic header, and where the server refuses that, in the form
//! (`internal.RetrieveToken`); which of the two worked is remembered. It is used until 10 s before it expires.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{HeaderValue, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::bounded::Bounded;
use super::error::QueryError;
use super::exchange::{Proof, Request, basic, body, secret_header, send};
use super::server::{Authentication, Server};
use super::transport::{KEPT, Transport, lock};
use crate::text::chain::bounded;

/// Tokens are a few KiB; Go reads 1 MiB.
const ANSWER_BYTES: usize = 64 << 10;

/// `defaultExpiryDelta` of `golang.org/x/oauth2`.
const EARLY: Duration = Duration::from_secs(10);

/// Why there is no token. No text of the answer but the two fields that RFC 6749 section 5.2 gives to errors.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The request itself failed.
    #[error(transparent)]
    Request(QueryError),
    /// The server says why.
    #[error("oauth2: {code:?}{}", quoted(.description))]
    Refused {
        /// `invalid_client`, `invalid_scope`, …
        code: String,
        /// Its words, if any.
        description: String,
    },
    /// The server only has a status.
    #[error("oauth2: cannot fetch token: {0}")]
    Status(StatusCode),
    /// The answer is not what it should be.
    #[error("oauth2: cannot parse json: expected an object with `access_token`")]
    Malformed,
    /// The answer holds no token.
    #[error("oauth2: server response missing access_token")]
    Missing,
    /// The token or its type cannot be sent in a header.
    #[error("oauth2: the token holds characters that no header may")]
    Unusable,
}

/// How the credentials are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Style {
    Header,
    Form,
}

#[derive(Clone)]
struct Token {
    authorization: HeaderValue,
    expires: Option<Instant>,
}

impl Token {
    fn is_valid(&self) -> bool {
        self.expires
            .is_none_or(|at| at.saturating_duration_since(Instant::now()) > EARLY)
    }
}

#[derive(Default)]
struct Kept {
    token: Option<Token>,
    style: Option<Style>,
}

/// Tokens of one server that may still come back in its answers: the kept one and those that it took the place of.
const SENT: usize = 4;

/// What is known of one server's tokens.
#[derive(Default)]
struct Entry {
    /// Held while a token is fetched.
    kept: tokio::sync::Mutex<Kept>,
    /// The newest tokens, the newest last; never waited for.
    sent: Mutex<VecDeque<String>>,
}

impl Entry {
    fn note(&self, token: &Token) {
        let Ok(header) = token.authorization.to_str() else {
            return;
        };
        let text = header.split_once(' ').map_or(header, |(_, token)| token);
        let mut sent = lock(&self.sent);
        sent.push_back(text.to_owned());
        if sent.len() > SENT {
            sent.pop_front();
        }
    }
}

/// Tokens by the server they are for: only requests equal in all of it share one.
pub(super) struct Tokens(Mutex<Bounded<Server, Arc<Entry>>>);

/// A token's header, and whether it was fetched just now.
pub(super) struct Authorization {
    pub(super) header: HeaderValue,
    pub(super) fresh: bool,
}

impl Tokens {
    /// None yet.
    pub(super) fn new() -> Tokens {
        Tokens(Mutex::new(Bounded::new(KEPT)))
    }

    fn entry(&self, server: &Server) -> Arc<Entry> {
        lock(&self.0).get_or_insert(server.clone(), Arc::default())
    }

    /// The token for `server`: kept or fetched. Who comes while it is fetched waits for the same one.
    pub(super) async fn get(
        &self,
        server: &Server,
        transport: &Transport,
    ) -> Result<Authorization, TokenError> {
        let entry = self.entry(server);
        let mut kept = entry.kept.lock().await;
        if let Some(token) = kept.token.as_ref().filter(|token| token.is_valid()) {
            return Ok(Authorization {
                header: token.authorization.clone(),
                fresh: false,
            });
        }
        let token = match kept.style {
            Some(style) => fetch(server, transport, style).await?,
            None => match fetch(server, transport, Style::Header).await {
                Ok(token) => {
                    kept.style = Some(Style::Header);
                    token
                }
                Err(error @ TokenError::Request(_)) => return Err(error),
                Err(_) => {
                    let token = fetch(server, transport, Style::Form).await?;
                    kept.style = Some(Style::Form);
                    token
                }
            },
        };
        let header = token.authorization.clone();
        entry.note(&token);
        kept.token = Some(token);
        Ok(Authorization {
            header,
            fresh: true,
        })
    }

    /// The newest tokens for `server`, without their type: one that was refused and replaced may be in an answer too.
    pub(super) fn sent(&self, server: &Server) -> Vec<String> {
        let entry = self.entry(server);
        lock(&entry.sent).iter().cloned().collect()
    }

    /// Forgets the token that the server refused, unless another took its place.
    pub(super) async fn forget(&self, server: &Server, refused: &HeaderValue) {
        let entry = self.entry(server);
        let mut kept = entry.kept.lock().await;
        if kept
            .token
            .as_ref()
            .is_some_and(|token| token.authorization == refused)
        {
            kept.token = None;
        }
    }
}

async fn fetch(server: &Server, transport: &Transport, style: Style) -> Result<Token, TokenError> {
    let Authentication::OAuth2 {
        token_url,
        client_id,
        client_secret,
        scopes,
    } = &server.authentication
    else {
        return Err(TokenError::Missing);
    };
    let scopes = scopes.join(" ");
    let mut pairs = vec![("grant_type", "client_credentials")];
    if !scopes.is_empty() {
        pairs.push(("scope", &scopes));
    }
    let proof = match style {
        Style::Header => Some(Proof::Header(basic(
            &escaped(client_id),
            &escaped(&client_secret.0),
        ))),
        Style::Form => {
            pairs.push(("client_id", client_id));
            pairs.push(("client_secret", &client_secret.0));
            None
        }
    };
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&pairs)
        .finish();
    let request = Request {
        method: Method::POST,
        url: token_url,
        form: &form,
        proof,
    };
    round_trip(server, transport, request).await
}

async fn round_trip(
    server: &Server,
    transport: &Transport,
    request: Request<'_>,
) -> Result<Token, TokenError> {
    let url: Url = request.url.clone();
    let mut response = send(transport, server, request)
        .await
        .map_err(TokenError::Request)?;
    let status = response.status();
    if matches!(status.as_u16(), 301..=303 | 307 | 308) {
        let redirect = super::ask::redirect(&response, &url, &transport.shown);
        return Err(TokenError::Request(redirect));
    }
    let is_form = response
        .headers()
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|value| value.split(';').next().unwrap_or_default().trim())
        .is_some_and(|kind| matches!(kind, "application/x-www-form-urlencoded" | "text/plain"));
    let body = body(&mut response, ANSWER_BYTES, &transport.shown, None)
        .await
        .map_err(TokenError::Request)?
        .bytes;
    let answer = match is_form {
        true => Some(TokenAnswer::from_form(&body)),
        false => serde_json::from_slice(&body).ok(),
    };
    match answer {
        None if status.is_success() => Err(TokenError::Malformed),
        None => Err(TokenError::Status(status)),
        Some(answer) => answer.token(status),
    }
}

/// RFC 6749 sections 5.1 and 5.2.
#[derive(Deserialize, Default)]
struct TokenAnswer {
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    token_type: Option<String>,
    /// A number; PayPal sends a string.
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
}

impl TokenAnswer {
    fn from_form(body: &[u8]) -> TokenAnswer {
        let mut fields: HashMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
        let mut take = |name: &str| fields.remove(name);
        TokenAnswer {
            access_token: take("access_token"),
            token_type: take("token_type"),
            expires_in: take("expires_in").map(serde_json::Value::String),
            error: take("error"),
            error_description: take("error_description"),
        }
    }

    fn token(self, status: StatusCode) -> Result<Token, TokenError> {
        let code = self.error.unwrap_or_default();
        if !code.is_empty() {
            return Err(TokenError::Refused {
                code: bounded(&code, 100),
                description: bounded(&self.error_description.unwrap_or_default(), 300),
            });
        }
        if !status.is_success() {
            return Err(TokenError::Status(status));
        }
        let token = self.access_token.filter(|token| !token.is_empty());
        let token = token.ok_or(TokenError::Missing)?;
        let kind = self.token_type.unwrap_or_default();
        // Go's `Token.Type`.
        let kind = match kind.to_ascii_lowercase().as_str() {
            "" | "bearer" => "Bearer",
            "basic" => "Basic",
            "mac" => "MAC",
            _ => &kind,
        };
        let header = secret_header(&format!("{kind} {token}"));
        let seconds = match self.expires_in {
            Some(serde_json::Value::Number(number)) => number.as_f64(),
            Some(serde_json::Value::String(text)) => text.parse().ok(),
            _ => None,
        };
        // Go's tokens with 0 last for ever; one that lasts longer than Go can count lasts as long as it can.
        let lasts = seconds
            .filter(|seconds| *seconds != 0.0)
            .map(|seconds| Duration::from_secs(seconds.clamp(0.0, f64::from(i32::MAX)) as u64));
        Ok(Token {
            authorization: header.ok_or(TokenError::Unusable)?,
            expires: lasts.and_then(|lasts| Instant::now().checked_add(lasts)),
        })
    }
}

/// Go's `url.QueryEscape`. Servers that do not decode the Basic header must still find a `~` there, as Azure's secrets have.
fn escaped(text: &str) -> String {
    const SET: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b' ');
    utf8_percent_encode(text, SET).to_string().replace(' ', "+")
}

fn quoted(description: &str) -> String {
    match description {
        "" => String::new(),
        text => format!(" {text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_escaped_as_go_escapes_them() {
        assert_eq!(escaped("a b~c*d/e+é-_."), "a+b~c%2Ad%2Fe%2B%C3%A9-_.");
    }

    #[test]
    fn answers_are_read_as_go_reads_them() {
        let ok = StatusCode::OK;
        for (body, status, expected) in [
            (r#"{"access_token":"t"}"#, ok, "Bearer t"),
            (
                r#"{"access_token":"t","token_type":"bearer"}"#,
                ok,
                "Bearer t",
            ),
            (
                r#"{"access_token":"t","token_type":"Custom"}"#,
                ok,
                "Custom t",
            ),
            (
                r#"{"token_type":"bearer"}"#,
                ok,
                "oauth2: server response missing access_token",
            ),
            (
                r#"{"access_token":"a\nb"}"#,
                ok,
                "oauth2: the token holds characters that no header may",
            ),
            (
                r#"{"error":"invalid_client","error_description":"no"}"#,
                StatusCode::UNAUTHORIZED,
                r#"oauth2: "invalid_client" "no""#,
            ),
            (
                r#"{"error":"invalid_client"}"#,
                ok,
                r#"oauth2: "invalid_client""#,
            ),
            (
                r#"{"access_token":"hush"}"#,
                StatusCode::BAD_GATEWAY,
                "oauth2: cannot fetch token: 502 Bad Gateway",
            ),
        ] {
            let answer: TokenAnswer = serde_json::from_str(body).expect("JSON");
            let found = match answer.token(status) {
                Ok(token) => token.authorization.to_str().expect("text").to_owned(),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{body}");
        }
    }

    #[test]
    fn tokens_last_as_long_as_they_say() {
        for (expires_in, valid) in [
            ("3600", true),
            ("\"3600\"", true),
            ("0", true),
            ("null", true),
            ("5", false),
            ("-1", false),
            ("1e300", true),
        ] {
            let body = format!(r#"{{"access_token":"t","expires_in":{expires_in}}}"#);
            let answer: TokenAnswer = serde_json::from_str(&body).expect("JSON");
            let token = answer.token(StatusCode::OK).expect("a token");
            assert_eq!(token.is_valid(), valid, "{expires_in}");
        }
    }
}
