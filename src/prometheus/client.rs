//! The request of one query, from its parameters to its answer.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Method};
use reqwest::Response;
use tokio::sync::OnceCell;
use url::Url;

use super::answer::Answer;
use super::aws::{AwsEnvironment, CredentialChain};
use super::decode;
use super::dial::DialRules;
use super::error::{Malformed, QueryError};
use super::exchange::{Proof, Request, basic, body, off_thread, secret_header, send};
use super::oauth::Tokens;
use super::proxy::Proxies;
use super::query::{Limits, Query};
use super::server::{Authentication, Server, shown};
use super::transport::{Transport, Transports};

/// Longer bodies are parsed on another thread: this one serves every call.
const PARSED_HERE: usize = 256 << 10;

/// What a failed answer may say about itself, and how long it may take to say it.
const REMARK_BYTES: usize = 64 << 10;
const REMARK_TIME: Duration = Duration::from_secs(1);

/// How long looking for kept credentials may take.
const AT_ONCE: Duration = Duration::from_millis(50);

/// What holds for every server.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Which addresses may be dialled.
    pub dial: DialRules,
    /// The proxies of the environment.
    pub proxies: Proxies,
    /// AWS's variables of the environment.
    pub aws: AwsEnvironment,
    /// Names of this machine; asked before the name servers.
    pub hosts_file: PathBuf,
    /// Where the name servers are listed.
    pub resolv_conf: PathBuf,
}

impl Default for ClientSettings {
    /// The default rules, no proxies, nothing of AWS, the files in `/etc`.
    fn default() -> ClientSettings {
        ClientSettings {
            dial: DialRules::default(),
            proxies: Proxies::default(),
            aws: AwsEnvironment::default(),
            hosts_file: "/etc/hosts".into(),
            resolv_conf: "/etc/resolv.conf".into(),
        }
    }
}

/// Asks servers; one for the whole process, as it keeps connections and tokens. Clones share them.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    transports: Transports,
    tokens: Tokens,
    aws_environment: AwsEnvironment,
    aws: OnceCell<CredentialChain>,
}

impl Client {
    /// No file is read, no thread started and no connection made before the first query.
    pub fn new(settings: ClientSettings) -> Client {
        Client(Arc::new(Shared {
            aws_environment: settings.aws.clone(),
            aws: OnceCell::new(),
            transports: Transports::new(settings),
            tokens: Tokens::new(),
        }))
    }

    /// Asks `server` for the value of `query`, once. It is sent again only as GET where POST is refused, with a new token
    /// where a kept one is refused, and where a kept connection was closed before the answer began.
    ///
    /// # Errors
    ///
    /// [`QueryError`]: no secret of `server` is in its text, but the texts of the server are.
    pub async fn query(
        &self,
        server: &Server,
        query: &Query,
        limits: &Limits,
    ) -> Result<Answer, QueryError> {
        let late = || QueryError::Timeout {
            server: shown(&server.address),
            timeout: query.timeout,
        };
        // A timer of zero would let a quick answer through; Go's context has expired by then.
        if query.timeout.is_zero() {
            return Err(late());
        }
        let asked = tokio::time::timeout(query.timeout, self.0.ask(server, query, *limits));
        asked.await.unwrap_or_else(|_| Err(late()))
    }

    /// What was sent to `server` to prove who we are, of that which the caller does not have: a fetched token, AWS
    /// credentials. A server can repeat them in its answer, so texts of its answers must not show them.
    pub async fn secrets(&self, server: &Server) -> Vec<String> {
        match &server.authentication {
            Authentication::OAuth2 { .. } => self.0.tokens.sent(server),
            Authentication::SigV4(sigv4) => match self.0.aws.get() {
                // Kept ones are there at once. To fetch what could not be fetched a moment ago would cost the answer.
                Some(chain) => tokio::time::timeout(AT_ONCE, chain.credentials(sigv4))
                    .await
                    .ok()
                    .and_then(Result::ok)
                    .map(|kept| secrets_of(&kept))
                    .unwrap_or_default(),
                None => Vec::new(),
            },
            Authentication::None | Authentication::Basic { .. } | Authentication::Bearer { .. } => {
                Vec::new()
            }
        }
    }
}

impl Shared {
    async fn ask(
        &self,
        server: &Server,
        query: &Query,
        limits: Limits,
    ) -> Result<Answer, QueryError> {
        let url = server.url(query.endpoint());
        let transport = self.transports.to(server, &server.address).await?;
        let form = query.form(&server.address);
        let mut response = self
            .authorized(server, &transport, Method::POST, &url, &form)
            .await?;
        // client_golang 1.23 goes on as GET at 405 and 501, 1.24 at 403 too (`DoGetFallback`).
        if matches!(response.status().as_u16(), 403 | 405 | 501) {
            response = self
                .authorized(server, &transport, Method::GET, &url, &form)
                .await?;
        }
        read(response, &url, limits, &transport.shown).await
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

fn secrets_of(credentials: &Credentials) -> Vec<String> {
    let mut secrets = vec![
        credentials.access_key_id().to_owned(),
        credentials.secret_access_key().to_owned(),
    ];
    secrets.extend(credentials.session_token().map(str::to_owned));
    secrets
}

fn bearer(token: &str) -> Result<HeaderValue, QueryError> {
    secret_header(&format!("Bearer {token}")).ok_or(QueryError::Bearer)
}

/// The answer, by its status: client_golang's `apiClientImpl.Do`.
async fn read(
    mut response: Response,
    url: &Url,
    limits: Limits,
    shown: &str,
) -> Result<Answer, QueryError> {
    let content_type = text_header(&response, &CONTENT_TYPE);
    match response.status().as_u16() {
        204 => Err(Malformed::NoData.into()),
        200..=299 => {
            let body = body(&mut response, limits.body, shown).await?;
            let long = body.len() > PARSED_HERE;
            let parse = move || decode::answer(&body, limits, content_type.as_deref());
            match long {
                true => off_thread(parse).await,
                false => parse(),
            }
        }
        301..=303 | 307 | 308 => Err(redirect(&response, url, shown)),
        400 | 422 => {
            let body = body(&mut response, limits.body, shown).await?;
            Err(decode::refusal(&body, content_type.as_deref()))
        }
        code @ 401..=599 => {
            let retry_after = text_header(&response, &RETRY_AFTER)
                .and_then(|seconds| seconds.parse().ok())
                .map(Duration::from_secs);
            let remark = body(&mut response, limits.body.min(REMARK_BYTES), shown);
            let remark = tokio::time::timeout(REMARK_TIME, remark).await;
            Err(QueryError::Status {
                code,
                api: remark
                    .ok()
                    .and_then(Result::ok)
                    .and_then(|body| decode::remark(&body)),
                retry_after,
            })
        }
        code => Err(Malformed::Code(code).into()),
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
