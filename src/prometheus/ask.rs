//! A form on its way to a server and its answer back: credentials, POST or GET, the answer by its status.

use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Method};
use reqwest::Response;
use url::Url;

use super::client::Inner;
use super::decode;
use super::error::{Malformed, QueryError};
use super::exchange::{Body, Proof, Request, basic, body, off_thread, secret_header, send};
use super::merged::Progress;
use super::retry::Tries;
use super::server::{Authentication, Server, shown};
use super::transport::Transport;
use super::turns::{Turn, Waiting};

/// Longer bodies are parsed on another thread: this one serves every call.
const PARSED_HERE: usize = 256 << 10;

/// What a failed answer may say about itself, and how long it may take to say it.
const REMARK_BYTES: usize = 64 << 10;
const REMARK_TIME: Duration = Duration::from_secs(1);

/// A request to an endpoint of the API.
pub(super) struct Asked<'a> {
    /// POST gives way to GET where the server refuses it.
    pub(super) method: Method,
    /// Below the server's address.
    pub(super) endpoint: &'a str,
    /// The parameters, encoded.
    pub(super) form: String,
    /// Bytes of the answer that are read.
    pub(super) body: usize,
}

impl Inner {
    /// Sends `asked` to `server` once and reads the answer with `decode`. It is sent again only as GET where POST is refused,
    /// with a new token where a kept one is refused, and where a kept connection was closed before the answer began.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        server: &Server,
        asked: &Asked<'_>,
        waiting: &Waiting,
        decode: impl FnOnce(&[u8], Option<&str>) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, QueryError> {
        let url = server.url(asked.endpoint);
        let form = &asked.form;
        let transport = self.transports.to(server, &server.address).await?;
        let turn = self.turns.next(&server.address, waiting).await;
        let method = &asked.method;
        let mut response = self
            .authorized(server, &transport, method.clone(), &url, form)
            .await?;
        // client_golang 1.23 goes on as GET at 405 and 501, 1.24 at 403 too (`DoGetFallback`).
        if *method == Method::POST && matches!(response.status().as_u16(), 403 | 405 | 501) {
            response = self
                .authorized(server, &transport, Method::GET, &url, form)
                .await?;
        }
        let reading = Reading {
            url: &url,
            limit: asked.body,
            shown: &transport.shown,
            turn: &turn,
        };
        reading.read(response, decode).await
    }

    /// The same, sent again as often as [`Tries`] says.
    pub(super) async fn ask_patiently<T: Send + 'static>(
        &self,
        server: &Server,
        asked: &Asked<'_>,
        progress: &Progress,
        decode: impl Fn(&[u8], Option<&str>) -> Result<T, QueryError> + Clone + Send + 'static,
    ) -> Result<T, QueryError> {
        let mut tries = Tries::new(self.pauses);
        loop {
            let (waiting, decode) = (&progress.waiting, decode.clone());
            let done = self.ask(server, asked, waiting, decode).await;
            match tries.pause(&done, &progress.deadline) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return done,
            }
        }
    }

    /// Sends the form with the server's credentials.
    async fn authorized(
        &self,
        server: &Server,
        transport: &Transport,
        method: Method,
        url: &Url,
        form: &str,
    ) -> Result<Response, QueryError> {
        let request = |proof| Request {
            method: method.clone(),
            url,
            form,
            proof,
        };
        let proof = match &server.authentication {
            Authentication::None => None,
            Authentication::Basic { username, password } => {
                let by_url = super::server::userinfo(url);
                by_url
                    .is_none()
                    .then(|| Proof::Header(basic(username, &password.0)))
            }
            Authentication::Bearer { token } => Some(Proof::Header(bearer(&token.0)?)),
            Authentication::OAuth2 { token_url, .. } => {
                let way = self.transports.to(server, token_url).await?;
                let failed = |cause| QueryError::Token {
                    token_url: shown(token_url),
                    cause: Box::new(cause),
                };
                let token = self.tokens.get(server, &way).await.map_err(failed)?;
                let response = send(
                    transport,
                    server,
                    request(Some(Proof::Header(token.header.clone()))),
                )
                .await?;
                if token.fresh || response.status() != http::StatusCode::UNAUTHORIZED {
                    return Ok(response);
                }
                self.tokens.forget(server, &token.header).await;
                let token = self.tokens.get(server, &way).await.map_err(failed)?;
                Some(Proof::Header(token.header))
            }
            Authentication::SigV4(sigv4) => {
                let chain = || self.transports.credentials(&self.aws_environment);
                let chain = self.aws.get_or_try_init(chain).await?;
                let credentials = chain.credentials(sigv4).await?;
                Some(Proof::Aws(credentials, chain.region(sigv4).await?))
            }
        };
        send(transport, server, request(proof)).await
    }
}

fn bearer(token: &str) -> Result<HeaderValue, QueryError> {
    secret_header(&format!("Bearer {token}")).ok_or(QueryError::Bearer)
}

/// What an answer is read with.
struct Reading<'a> {
    url: &'a Url,
    limit: usize,
    shown: &'a str,
    turn: &'a Turn<'a>,
}

impl Reading<'_> {
    /// The answer, by its status: client_golang's `apiClientImpl.Do`.
    async fn read<T: Send + 'static>(
        &self,
        mut response: Response,
        decode: impl FnOnce(&[u8], Option<&str>) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, QueryError> {
        let content_type = text_header(&response, &CONTENT_TYPE);
        match response.status().as_u16() {
            204 => Err(Malformed::NoData.into()),
            200..=299 => {
                let body = self.body(&mut response, self.limit).await?;
                let long = body.bytes.len() > PARSED_HERE;
                // The body goes along, and with it the room that it takes.
                let parse = move || decode(&body.bytes, content_type.as_deref());
                match long {
                    true => off_thread(parse).await,
                    false => parse(),
                }
            }
            301..=303 | 307 | 308 => Err(redirect(&response, self.url, self.shown)),
            400 | 422 => {
                let body = self.body(&mut response, self.limit).await?;
                Err(decode::refusal(&body.bytes, content_type.as_deref()))
            }
            code @ 401..=599 => {
                let retry_after = text_header(&response, &RETRY_AFTER)
                    .and_then(|seconds| seconds.parse().ok())
                    .map(Duration::from_secs);
                let remark = self.body(&mut response, self.limit.min(REMARK_BYTES));
                let remark = tokio::time::timeout(REMARK_TIME, remark).await;
                Err(QueryError::Status {
                    code,
                    api: remark
                        .ok()
                        .and_then(Result::ok)
                        .and_then(|body| decode::remark(&body.bytes)),
                    retry_after,
                })
            }
            code => Err(Malformed::Code(code).into()),
        }
    }

    async fn body(&self, response: &mut Response, limit: usize) -> Result<Body, QueryError> {
        body(response, limit, self.shown, Some(self.turn)).await
    }
}

/// Where `response` sends us, without what may be secret in it.
pub(super) fn redirect(response: &Response, url: &Url, server: &str) -> QueryError {
    let target = text_header(response, &LOCATION).and_then(|target| url.join(&target).ok());
    QueryError::Redirect {
        server: server.to_owned(),
        code: response.status().as_u16(),
        target: target.as_ref().map(shown),
    }
}

fn text_header(response: &Response, name: &http::HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}
