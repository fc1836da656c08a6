//! One HTTP exchange: what Go's client would send, the body within its limit, failures by what they are.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRAILER, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method};
use reqwest::Response;
use url::Url;

use super::dial::DialError;
use super::error::{Counted, Malformed, QueryError, Unreachable, find, root_cause};
use super::resolve::ResolveError;
use super::server::{Server, userinfo, without_userinfo};
use super::sigv4;
use super::tls::TlsError;
use super::transport::{Connections, Transport};
use super::turns::{FREE, Room, Turn};

/// What Go's `net/http` does not take from a header map (`reqWriteExcludeHeader`); here it would break the framing.
const OURS: [http::HeaderName; 4] = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, TRAILER];

/// A form on its way to a URL.
pub(super) struct Request<'a> {
    /// With a body as POST, in the URL as GET.
    pub(super) method: Method,
    /// Its userinfo is basic authentication unless `proof` goes before it.
    pub(super) url: &'a Url,
    /// The form, encoded.
    pub(super) form: &'a str,
    /// What proves who sends it.
    pub(super) proof: Option<Proof>,
}

/// What proves who sends a request.
pub(super) enum Proof {
    /// An `Authorization` header.
    Header(HeaderValue),
    /// AWS credentials, and the region they sign for.
    Aws(Credentials, String),
}

/// Sends `request` with the headers of `server` over all others, and waits for the answer's head.
///
/// A server may close a connection at the moment we use it again. Then the request goes out once more, as it would from
/// Go's transport (`persistConn.shouldRetryRequest`): queries change nothing, and client_golang marks them so.
pub(super) async fn send(
    transport: &Transport,
    server: &Server,
    request: Request<'_>,
) -> Result<Response, QueryError> {
    let Connections { client, answered } = &transport.connections;
    let may_be_used_again = answered.load(Ordering::Relaxed);
    let mut sent = prepared(client, server, &request)?.send().await;
    if may_be_used_again && sent.as_ref().is_err_and(is_lost) {
        sent = prepared(client, server, &request)?.send().await;
    }
    answered.store(sent.is_ok(), Ordering::Relaxed);
    sent.map_err(|error| unanswered(&error, &transport.shown))
}

/// Whether the connection was there and went away before the answer began.
fn is_lost(error: &reqwest::Error) -> bool {
    !error.is_connect()
        && find::<rustls::Error>(error).is_none()
        && find::<hyper::Error>(error).is_some_and(|error| !error.is_parse())
}

fn prepared(
    client: &reqwest::Client,
    server: &Server,
    request: &Request<'_>,
) -> Result<reqwest::RequestBuilder, QueryError> {
    let mut headers = HeaderMap::new();
    let mut url = without_userinfo(request.url);
    let mut body = "";
    if request.method == Method::POST {
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        body = request.form;
    } else {
        url.set_query(Some(request.form));
    }
    match (&request.proof, userinfo(request.url)) {
        (Some(Proof::Header(header)), _) => {
            headers.insert(AUTHORIZATION, header.clone());
        }
        (Some(Proof::Aws(credentials, region)), _) => {
            let (method, now) = (&request.method, SystemTime::now());
            let body = body.as_bytes();
            sigv4::sign(method, &url, &mut headers, body, credentials, region, now)?;
        }
        (None, Some((user, password))) => {
            headers.insert(AUTHORIZATION, basic(&user, &password));
        }
        (None, None) => {}
    }
    for (name, value) in &server.headers {
        if !OURS.contains(name) {
            headers.insert(name, value.clone());
        }
    }
    let builder = client.request(request.method.clone(), url).headers(headers);
    Ok(match body {
        "" => builder,
        body => builder.body(body.to_owned()),
    })
}

/// The header of basic authentication.
pub(super) fn basic(user: &str, password: &str) -> HeaderValue {
    secret_header(&format!(
        "Basic {}",
        STANDARD.encode(format!("{user}:{password}"))
    ))
    .expect("base64 is made of visible characters")
}

/// A header that debug output does not show; none if `text` is no header value.
pub(super) fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The bytes of an answer after decompression, and the room that they take until this is dropped.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    _room: Option<Room>,
}

/// The body after decompression, as long as it is within `limit` bytes; no more than that is held. A long one waits until
/// `turn` has room for it.
pub(super) async fn body(
    response: &mut Response,
    limit: usize,
    shown: &str,
    turn: Option<&Turn<'_>>,
) -> Result<Body, QueryError> {
    /// Decompressing goes on without a word to other calls as long as compressed bytes are there.
    const SLICE: usize = 256 << 10;
    // The server's word for its length is worth no more than this before the bytes are here.
    let promised = response.content_length().unwrap_or(0).min(FREE as u64);
    let mut bytes = Vec::with_capacity((promised as usize).min(limit));
    let mut room: Option<Room> = None;
    loop {
        match response.chunk().await {
            Ok(None) => {
                if let Some(room) = &mut room {
                    room.shrink(bytes.len());
                }
                return Ok(Body { bytes, _room: room });
            }
            Ok(Some(chunk)) if bytes.len() + chunk.len() > limit => {
                return Err(QueryError::TooLarge {
                    what: Counted::Bytes,
                    limit,
                });
            }
            Ok(Some(chunk)) => {
                if let (Some(turn), None) = (turn, &room)
                    && bytes.len() + chunk.len() > FREE
                {
                    room = Some(turn.room(limit).await);
                }
                let slices = bytes.len() / SLICE;
                bytes.extend_from_slice(&chunk);
                if bytes.len() / SLICE > slices {
                    tokio::task::yield_now().await;
                }
            }
            Err(error) => return Err(interrupted(&error, shown)),
        }
    }
}

/// Runs what would hold up other calls on a thread for such work.
pub(super) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    // Nobody aborts these tasks: what went wrong is a panic, and belongs to the call.
    done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Why no answer began.
fn unanswered(error: &reqwest::Error, shown: &str) -> QueryError {
    let server = shown.to_owned();
    if let Some(rule) = find::<DialError>(error) {
        let rule = rule.clone();
        return QueryError::Denied { server, rule };
    }
    if let Some(cause) = find::<rustls::Error>(error) {
        let cause = TlsError::from(cause);
        return QueryError::Tls { server, cause };
    }
    if find::<hyper::Error>(error).is_some_and(|error| error.is_parse()) {
        return Malformed::NotHttp(root_cause(error)).into();
    }
    let cause = match find::<ResolveError>(error) {
        Some(unresolved) => Unreachable::Resolve(unresolved.clone()),
        None if error.is_connect() => Unreachable::Connect(root_cause(error)),
        None => Unreachable::Request(root_cause(error)),
    };
    QueryError::Unreachable { server, cause }
}

/// Why an answer did not end: the connection, or what its bytes are.
fn interrupted(error: &reqwest::Error, shown: &str) -> QueryError {
    let lost = find::<hyper::Error>(error).is_some_and(|error| !error.is_parse());
    if !lost {
        return Malformed::Compression.into();
    }
    QueryError::Unreachable {
        server: shown.to_owned(),
        cause: Unreachable::Body(root_cause(error)),
    }
}
