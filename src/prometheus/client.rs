//! What can be asked of a server, each within its time: a query once, a query patiently, look-ups.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use http::Method;
use tokio::sync::OnceCell;

use super::answer::Answer;
use super::ask::Asked;
use super::aws::{AwsEnvironment, CredentialChain};
use super::decode;
use super::dial::DialRules;
use super::error::QueryError;
use super::lookup::{AlertHealth, LabelValues, rules_form};
use super::merged::{Merged, Progress};
use super::oauth::Tokens;
use super::proxy::Proxies;
use super::query::{Limits, Query};
use super::server::{Authentication, Server, shown};
use super::transport::Transports;
use super::turns::{AtOnce, Turns, Waiting};

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
    /// How much may be under way at once.
    pub at_once: AtOnce,
    /// How long a patient question waits before its second and before its third try, a quarter more or less.
    pub pauses: [Duration; 2],
}

impl Default for ClientSettings {
    /// The default rules and limits, no proxies, nothing of AWS, the files in `/etc`, 250 ms and 1 s.
    fn default() -> ClientSettings {
        ClientSettings {
            dial: DialRules::default(),
            proxies: Proxies::default(),
            aws: AwsEnvironment::default(),
            hosts_file: "/etc/hosts".into(),
            resolv_conf: "/etc/resolv.conf".into(),
            at_once: AtOnce::default(),
            pauses: [Duration::from_millis(250), Duration::from_secs(1)],
        }
    }
}

/// Asks servers; one for the whole process, as it keeps connections and tokens. Clones share them.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

/// What all clones of a client share.
pub(super) struct Inner {
    pub(super) transports: Transports,
    pub(super) tokens: Tokens,
    pub(super) aws_environment: AwsEnvironment,
    pub(super) aws: OnceCell<CredentialChain>,
    pub(super) turns: Turns,
    merged: Merged,
    pub(super) pauses: [Duration; 2],
}

impl Client {
    /// No file is read, no thread started and no connection made before the first query.
    pub fn new(settings: ClientSettings) -> Client {
        Client(Arc::new(Inner {
            aws_environment: settings.aws.clone(),
            aws: OnceCell::new(),
            turns: Turns::new(settings.at_once),
            merged: Merged::default(),
            pauses: settings.pauses,
            transports: Transports::new(settings),
            tokens: Tokens::new(),
        }))
    }

    /// Asks `server` for the value of `query`, once, as the built-in provider does: nothing that failed is tried again, and no
    /// answer is shared. It waits its turn where [`AtOnce`] says so.
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
        let waiting = Waiting::default();
        let asked = asked(server, query, limits);
        let asked = self.0.ask(server, &asked, &waiting, value_within(*limits));
        self.within(server, query.timeout, &waiting, asked).await
    }

    /// Asks `server` for the value of `query`: up to three times while the error [may pass](QueryError::is_transient), after
    /// [`ClientSettings::pauses`] or when the server wishes (`Retry-After`), all within the query's timeout. Queries that are
    /// equal in all but their timeout, to servers equal in all, are sent once while they are under way, and share the answer
    /// or error; who leaves early, or has less time, takes nothing from the others.
    ///
    /// # Errors
    ///
    /// As [`Self::query`]: the last try's.
    pub async fn query_patiently(
        &self,
        server: &Server,
        query: &Query,
        limits: &Limits,
    ) -> Result<Answer, QueryError> {
        let (request, progress) = self.0.merged.join(server, query, limits, |progress| {
            let (inner, limits) = (Arc::clone(&self.0), *limits);
            let (server, query) = (server.clone(), query.clone());
            Box::pin(async move {
                let asked = asked(&server, &query, &limits);
                inner
                    .ask_patiently(&server, &asked, &progress, value_within(limits))
                    .await
            })
        });
        let waiting = &progress.waiting;
        self.within(server, query.timeout, waiting, request).await
    }

    /// Asks `server` for the values of a label, patiently like [`Self::query_patiently`], with `body` bytes of the answer at most.
    ///
    /// # Errors
    ///
    /// As [`Self::query`]. A server without this endpoint is one, as is [`QueryError::Partial`]: neither says that there are
    /// no values.
    pub async fn label_values(
        &self,
        server: &Server,
        values: &LabelValues<'_>,
        timeout: Duration,
        body: usize,
    ) -> Result<Vec<String>, QueryError> {
        let progress = Progress::new(timeout);
        let limit = values.limit;
        let asked = Asked {
            method: Method::GET,
            endpoint: &values.endpoint(),
            form: values.form(&server.address),
            body,
        };
        let decode = move |body: &[u8], kind: Option<&str>| decode::label_values(body, limit, kind);
        let asked = self.0.ask_patiently(server, &asked, &progress, decode);
        self.within(server, timeout, &progress.waiting, asked).await
    }

    /// Asks `server` how the alerting rules called `name` fare, patiently like [`Self::query_patiently`], with `body` bytes of the
    /// answer at most. `None`: no such rule is loaded there, which behind Thanos, Mimir and VictoriaMetrics may also mean
    /// that rules are evaluated elsewhere.
    ///
    /// # Errors
    ///
    /// As [`Self::label_values`].
    pub async fn alert_health(
        &self,
        server: &Server,
        name: &str,
        timeout: Duration,
        body: usize,
    ) -> Result<Option<AlertHealth>, QueryError> {
        let progress = Progress::new(timeout);
        let asked = Asked {
            method: Method::GET,
            endpoint: "api/v1/rules",
            form: rules_form(name, &server.address),
            body,
        };
        let name = name.to_owned();
        let decode = move |body: &[u8], kind: Option<&str>| decode::alert_health(body, &name, kind);
        let asked = self.0.ask_patiently(server, &asked, &progress, decode);
        self.within(server, timeout, &progress.waiting, asked).await
    }

    /// What `asked` answers in time, else what it waited for.
    async fn within<T>(
        &self,
        server: &Server,
        timeout: Duration,
        waiting: &Waiting,
        asked: impl Future<Output = Result<T, QueryError>>,
    ) -> Result<T, QueryError> {
        let late = || {
            let server = shown(&server.address);
            match self.0.turns.queue(waiting) {
                Some(queue) => QueryError::Turn {
                    server,
                    timeout,
                    queue,
                },
                None => QueryError::Timeout { server, timeout },
            }
        };
        // A timer of zero would let a quick answer through; Go's context has expired by then.
        if timeout.is_zero() {
            return Err(late());
        }
        let answered = tokio::time::timeout(timeout, asked).await;
        answered.unwrap_or_else(|_| Err(late()))
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

fn secrets_of(credentials: &Credentials) -> Vec<String> {
    let mut secrets = vec![
        credentials.access_key_id().to_owned(),
        credentials.secret_access_key().to_owned(),
    ];
    secrets.extend(credentials.session_token().map(str::to_owned));
    secrets
}

fn asked(server: &Server, query: &Query, limits: &Limits) -> Asked<'static> {
    Asked {
        method: Method::POST,
        endpoint: query.endpoint(),
        form: query.form(&server.address),
        body: limits.body,
    }
}

fn value_within(
    limits: Limits,
) -> impl Fn(&[u8], Option<&str>) -> Result<Answer, QueryError> + Clone + Send + 'static {
    move |body, content_type| decode::answer(body, limits, content_type)
}
