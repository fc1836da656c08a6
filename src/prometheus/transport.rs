//! Servers into HTTP clients: one a server and proxy, kept, made without TLS work before the first `https` address.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{ClientBuilder, redirect};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use url::Url;

use super::aws::{AwsEnvironment, CredentialChain};
use super::bounded::Bounded;
use super::client::ClientSettings;
use super::dial::DialRules;
use super::error::{QueryError, Unreachable, root_cause};
use super::exchange::off_thread;
use super::proxy::ProxyRules;
use super::resolve::{Names, Resolver};
use super::server::{Server, Tls, shown};
use super::tls::{self, TlsError};

/// Servers, TLS identities and tokens that are kept: templates name a few, and a template whose headers change each time
/// must not grow us.
pub(super) const KEPT: usize = 64;

/// As many as the controller's `--analysis-threads` (30) may free at once.
const IDLE_CONNECTIONS: usize = 32;

/// HTTP clients by what they were made for.
pub(super) struct Transports {
    rules: Arc<DialRules>,
    proxies: Arc<ProxyRules>,
    names: Arc<Names>,
    roots: OnceCell<Arc<RootCertStore>>,
    tls: Mutex<Bounded<Tls, ClientConfig>>,
    clients: Mutex<Bounded<Key, Connections>>,
}

/// What two requests must agree on to share connections.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    server: Server,
    proxy: Option<Url>,
    encrypted: bool,
}

/// An HTTP client and what is known of its connections.
#[derive(Clone)]
pub(super) struct Connections {
    /// What makes the request.
    pub(super) client: reqwest::Client,
    /// Whether the last request had an answer, so that one of its connections may be in use again.
    pub(super) answered: Arc<AtomicBool>,
}

/// The way to one URL.
pub(super) struct Transport {
    /// Shared by all that agree on the way.
    pub(super) connections: Connections,
    /// The URL as messages show it, and the proxy if there is one.
    pub(super) shown: String,
}

impl Transports {
    /// Reads nothing and opens nothing.
    pub(super) fn new(settings: ClientSettings) -> Transports {
        Transports {
            rules: Arc::new(settings.dial),
            proxies: Arc::new(ProxyRules::new(&settings.proxies)),
            names: Arc::new(Names::new(settings.hosts_file, settings.resolv_conf)),
            roots: OnceCell::new(),
            tls: Mutex::new(Bounded::new(KEPT)),
            clients: Mutex::new(Bounded::new(KEPT)),
        }
    }

    /// The way to `url`, which is `server`'s address or the address of its tokens.
    pub(super) async fn to(&self, server: &Server, url: &Url) -> Result<Transport, QueryError> {
        let proxy = self.proxies.for_url(url);
        let shown = self.check(url, proxy)?;
        let key = Key {
            server: server.clone(),
            proxy: proxy.cloned(),
            encrypted: [Some(url), proxy]
                .into_iter()
                .flatten()
                .any(|url| url.scheme() == "https"),
        };
        let kept = lock(&self.clients).get(&key);
        if let Some(connections) = kept {
            return Ok(Transport { connections, shown });
        }
        let failed = |cause| QueryError::Tls {
            server: shown.clone(),
            cause,
        };
        let config = match key.encrypted {
            true => self.tls_config(&server.tls).await.map_err(failed)?,
            false => tls::plain(),
        };
        let client = self
            .client(&key, config)
            .map_err(|error| QueryError::Unreachable {
                server: shown.clone(),
                cause: Unreachable::Connect(root_cause(&error)),
            })?;
        let connections = Connections {
            client,
            answered: Arc::default(),
        };
        let connections = lock(&self.clients).get_or_insert(key, connections);
        Ok(Transport { connections, shown })
    }

    /// Whether `url` may be dialled, as far as it can be said before its name is resolved, and how messages show it.
    fn check(&self, url: &Url, proxy: Option<&Url>) -> Result<String, QueryError> {
        let mut server = shown(url);
        if let Some(proxy) = proxy {
            server = format!("{server}` through the proxy `{}", shown(proxy));
        }
        if !matches!(url.scheme(), "http" | "https") {
            let scheme = url.scheme().to_owned();
            return Err(QueryError::Scheme { server, scheme });
        }
        match self.rules.check_url(url, proxy.is_some()) {
            Ok(()) => Ok(server),
            Err(rule) => Err(QueryError::Denied { server, rule }),
        }
    }

    fn client(&self, key: &Key, config: ClientConfig) -> reqwest::Result<reqwest::Client> {
        let rules = key.proxy.is_none().then(|| Arc::clone(&self.rules));
        let builder = self.builder(config, rules);
        match &key.proxy {
            Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy.clone())?).build(),
            None => builder.build(),
        }
    }

    /// What finds AWS credentials. Its endpoints are the machine's and AWS's own, named by no template: no rules for them.
    pub(super) async fn credentials(
        &self,
        environment: &AwsEnvironment,
    ) -> Result<CredentialChain, QueryError> {
        let failed = |cause| QueryError::Tls {
            server: "AWS".to_owned(),
            cause,
        };
        let config = self.tls_config(&Tls::default()).await.map_err(failed)?;
        let proxies = Arc::clone(&self.proxies);
        let proxy = reqwest::Proxy::custom(move |url| proxies.for_url(url).cloned());
        let unbuilt = |error: reqwest::Error| QueryError::Unreachable {
            server: "AWS".to_owned(),
            cause: Unreachable::Connect(root_cause(&error)),
        };
        let metadata = self.builder(tls::plain(), None).build().map_err(unbuilt)?;
        let https = self.builder(config, None).proxy(proxy).build();
        let https = https.map_err(unbuilt)?;
        Ok(CredentialChain::new(environment.clone(), metadata, https))
    }

    fn builder(&self, config: ClientConfig, rules: Option<Arc<DialRules>>) -> ClientBuilder {
        let names = Arc::clone(&self.names);
        // `no_proxy` first: without it the library reads the environment itself.
        reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(config)
            .dns_resolver(Resolver { names, rules })
            .redirect(redirect::Policy::none())
            .referer(false)
            .http1_only()
            .user_agent(concat!("promql-guard/", env!("CARGO_PKG_VERSION")))
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .connect_timeout(Duration::from_secs(30))
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
    }

    async fn tls_config(&self, tls: &Tls) -> Result<ClientConfig, TlsError> {
        if let Some(config) = lock(&self.tls).get(tls) {
            return Ok(config);
        }
        // Reading some hundred files or certificates would hold up every other call.
        let load = async || Arc::new(off_thread(tls::system_roots).await);
        let roots = Arc::clone(self.roots.get_or_init(load).await);
        let config = tls::config(tls, roots)?;
        Ok(lock(&self.tls).get_or_insert(tls.clone(), config))
    }
}

/// The lock's content; a panic of its last holder left it whole, as each use is one call on the map.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
