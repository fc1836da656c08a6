//! Host names into the addresses that may be dialled.
//!
//! `localhost` is answered at once (RFC 6761), then the hosts file is asked, then the name servers of `resolv.conf`: no others,
//! or names of the cluster would leave it. Every address is checked against the rules here, on the way into the connection:
//! what was checked is what is dialled.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::parse_resolv_conf;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::OnceCell;

use super::dial::{DialError, DialRules};
use super::error::root_cause;

/// A name server that is down must leave time to say so within the default timeout of 30 s.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longer files are no hosts files; the kubelet's have a few lines.
const HOSTS_BYTES: u64 = 1 << 20;

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name servers say so.
    #[error("resolve `{0}`: no such host")]
    Unknown(String),
    /// They do not answer.
    #[error("resolve `{name}`: no answer from the name servers within {patience:?}")]
    Silent {
        /// The name.
        name: String,
        /// How long they had.
        patience: Duration,
    },
    /// There are none.
    #[error("resolve `{name}`: no name server in `{file}`: {cause}")]
    NoServers {
        /// The name.
        name: String,
        /// The file that would name them.
        file: String,
        /// What is wrong with it.
        cause: String,
    },
    /// They answer with something else.
    #[error("resolve `{name}`: {cause}")]
    Failed {
        /// The name.
        name: String,
        /// What went wrong.
        cause: String,
    },
}

/// The names of this machine and its name servers; shared by all connections.
pub(super) struct Names {
    hosts: PathBuf,
    resolv_conf: PathBuf,
    servers: OnceCell<TokioResolver>,
}

impl Names {
    /// Nothing is read before the first look-up.
    pub(super) fn new(hosts: PathBuf, resolv_conf: PathBuf) -> Names {
        Names {
            hosts,
            resolv_conf,
            servers: OnceCell::new(),
        }
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let bare = name.trim_end_matches('.').to_ascii_lowercase();
        if bare == "localhost" || bare.ends_with(".localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        // Read each time: the kubelet rewrites it, and connections are few.
        let found = in_hosts(&read_bounded(&self.hosts).unwrap_or_default(), &bare);
        if !found.is_empty() {
            return Ok(found);
        }
        let servers = self.servers.get_or_try_init(|| self.servers(name)).await?;
        ask(servers, name, PATIENCE).await
    }

    async fn servers(&self, name: &str) -> Result<TokioResolver, ResolveError> {
        let missing = |cause| ResolveError::NoServers {
            name: name.to_owned(),
            file: self.resolv_conf.display().to_string(),
            cause,
        };
        let text =
            read_bounded(&self.resolv_conf).map_err(|error| missing(error.kind().to_string()))?;
        let (config, options) =
            parse_resolv_conf(text).map_err(|error| missing(root_cause(&error)))?;
        resolver(config, options).map_err(|error| missing(root_cause(&error)))
    }
}

fn resolver(config: ResolverConfig, mut options: ResolverOpts) -> Result<TokioResolver, NetError> {
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.use_hosts_file = ResolveHosts::Never;
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    builder.build()
}

async fn ask(
    servers: &TokioResolver,
    name: &str,
    patience: Duration,
) -> Result<Vec<IpAddr>, ResolveError> {
    match tokio::time::timeout(patience, servers.lookup_ip(name)).await {
        Ok(Ok(found)) => Ok(found.iter().collect()),
        Ok(Err(error)) if error.is_no_records_found() || error.is_nx_domain() => {
            Err(ResolveError::Unknown(name.to_owned()))
        }
        Ok(Err(NetError::Timeout)) | Err(_) => Err(ResolveError::Silent {
            name: name.to_owned(),
            patience,
        }),
        Ok(Err(error)) => Err(ResolveError::Failed {
            name: name.to_owned(),
            cause: root_cause(&error),
        }),
    }
}

fn read_bounded(path: &PathBuf) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(HOSTS_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// The addresses of `name` in a hosts file, in its order.
fn in_hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let line = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        let ip = words.next()?.parse().ok()?;
        words
            .any(|word| word.trim_end_matches('.').eq_ignore_ascii_case(name))
            .then_some(ip)
    };
    text.lines().filter_map(line).collect()
}

/// What the connections of one HTTP client ask.
pub(super) struct Resolver {
    /// Shared names.
    pub(super) names: Arc<Names>,
    /// None for a proxy's own name: that address is the operator's.
    pub(super) rules: Option<Arc<DialRules>>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, rules) = (Arc::clone(&self.names), self.rules.clone());
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await?;
            let open = match rules {
                Some(rules) => permitted(found, &rules)?,
                None => found,
            };
            let addresses = open.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// The addresses that may be dialled; an error if that leaves none.
fn permitted(
    found: Vec<IpAddr>,
    rules: &DialRules,
) -> Result<Vec<IpAddr>, Box<dyn Error + Send + Sync>> {
    let mut denied: Option<DialError> = None;
    let mut open = Vec::with_capacity(found.len());
    for ip in found {
        match rules.check(ip) {
            Ok(()) => open.push(ip),
            Err(error) => denied = denied.or(Some(error)),
        }
    }
    match denied {
        Some(error) if open.is_empty() => Err(error.into()),
        _ => Ok(open),
    }
}

#[cfg(test)]
mod tests;
