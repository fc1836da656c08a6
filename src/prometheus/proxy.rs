//! The proxies of the environment, given as plain values, and which of them a URL goes through.
//!
//! The rules are Go's (`golang.org/x/net/http/httpproxy`, behind `http.ProxyFromEnvironment`): `localhost` and loopback
//! addresses always go past the proxy, entries of `no_proxy` may be addresses, ranges, names with what is below them, `*`.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

/// Values of `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` or their lower-case names; Go takes the first that is not empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http` addresses: a URL, or `host:port`.
    pub http: Option<String>,
    /// For `https` addresses: a URL, or `host:port`.
    pub https: Option<String>,
    /// What goes past them, separated by commas.
    pub no_proxy: Option<String>,
}

/// Proxies have passwords: what is set is shown, not to what.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = |value: &Option<String>| value.as_ref().map(|_| "*****");
        f.debug_struct("Proxies")
            .field("http", &set(&self.http))
            .field("https", &set(&self.https))
            .field("no_proxy", &self.no_proxy)
            .finish()
    }
}

/// [`Proxies`], parsed. What Go cannot read it ignores; so does this.
pub(super) struct ProxyRules {
    http: Option<Url>,
    https: Option<Url>,
    past: Vec<Past>,
}

/// An entry of `no_proxy`.
enum Past {
    All,
    Net(IpNet),
    Ip(IpAddr, Option<u16>),
    /// The name, whether it counts itself, the port.
    Domain(String, bool, Option<u16>),
}

impl ProxyRules {
    /// Reads the values.
    pub(super) fn new(proxies: &Proxies) -> ProxyRules {
        let entries = proxies.no_proxy.as_deref().unwrap_or_default();
        ProxyRules {
            http: proxies.http.as_deref().and_then(proxy_url),
            https: proxies.https.as_deref().and_then(proxy_url),
            past: entries.split(',').filter_map(past).collect(),
        }
    }

    /// The proxy that `url` goes through.
    pub(super) fn for_url(&self, url: &Url) -> Option<&Url> {
        let proxy = match url.scheme() {
            "https" => self.https.as_ref(),
            "http" => self.http.as_ref(),
            _ => None,
        }?;
        let port = url.port_or_known_default();
        let past = match url.host()? {
            Host::Ipv4(ip) => self.is_past(Err(ip.into()), port),
            Host::Ipv6(ip) => self.is_past(Err(ip.into()), port),
            Host::Domain(name) => self.is_past(Ok(name), port),
        };
        (!past).then_some(proxy)
    }

    fn is_past(&self, host: Result<&str, IpAddr>, port: Option<u16>) -> bool {
        let same = |wanted: &Option<u16>| wanted.is_none() || *wanted == port;
        match host {
            Ok("localhost") => true,
            Ok(name) => self.past.iter().any(|past| match past {
                Past::All => true,
                Past::Domain(domain, itself, wanted) => {
                    let below = name.strip_suffix(domain.as_str());
                    same(wanted)
                        && below
                            .is_some_and(|rest| rest.ends_with('.') || rest.is_empty() && *itself)
                }
                Past::Net(_) | Past::Ip(..) => false,
            }),
            Err(ip) => {
                let ip = ip.to_canonical();
                ip.is_loopback()
                    || self.past.iter().any(|past| match past {
                        Past::All => true,
                        Past::Net(net) => net.contains(&ip),
                        Past::Ip(wanted, port) => wanted.to_canonical() == ip && same(port),
                        Past::Domain(..) => false,
                    })
            }
        }
    }
}

/// Go's `parseProxy`: without a scheme it is `http`. A SOCKS proxy resolves the names itself (`socksDial` in `net/http`).
fn proxy_url(text: &str) -> Option<Url> {
    if text.is_empty() {
        return None;
    }
    let mut url = Url::parse(text)
        .ok()
        .filter(Url::has_host)
        .or_else(|| Url::parse(&format!("http://{text}")).ok())?;
    if url.scheme() == "socks5" {
        url.set_scheme("socks5h").ok()?;
    }
    Some(url)
}

fn past(entry: &str) -> Option<Past> {
    let entry = entry.trim().to_lowercase();
    if entry == "*" {
        return Some(Past::All);
    }
    if let Ok(net) = entry.parse() {
        return Some(Past::Net(net));
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.starts_with('[') => {
            (host, port.parse().ok())
        }
        _ => (entry.as_str(), None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = host.parse() {
        return Some(Past::Ip(ip, port));
    }
    let host = host
        .strip_prefix('*')
        .filter(|rest| rest.starts_with('.'))
        .unwrap_or(host);
    let domain = host.strip_prefix('.').unwrap_or(host);
    (!domain.is_empty()).then(|| Past::Domain(domain.to_owned(), domain == host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After `TestProxyForURL` and `TestUseProxy`-like tables of `httpproxy`: what goes where.
    #[test]
    fn urls_go_where_go_sends_them() {
        let no_proxy = "foo.com, .bar.com,*.baz.com:80, 10.0.0.0/8, 1.2.3.4:9090, [2001:db8::1]:9090, ,fd00::/8,";
        let rules = ProxyRules::new(&Proxies {
            http: Some("proxy:3128".into()),
            https: Some("http://u:p@secure:3129".into()),
            no_proxy: Some(no_proxy.into()),
        });
        for (url, proxy) in [
            ("http://prom/", Some("proxy")),
            ("https://prom/", Some("secure")),
            ("http://localhost:9090/", None),
            ("http://127.0.0.9/", None),
            ("http://[::1]/", None),
            ("http://foo.com/", None),
            ("http://a.foo.com/", None),
            ("http://afoo.com/", Some("proxy")),
            ("http://bar.com/", Some("proxy")),
            ("http://a.bar.com/", None),
            ("http://a.baz.com/", None),
            ("http://a.baz.com:8080/", Some("proxy")),
            ("http://10.1.2.3/", None),
            ("http://1.2.3.4:9090/", None),
            ("http://1.2.3.4/", Some("proxy")),
            ("http://[2001:db8::1]:9090/", None),
            ("http://[2001:db8::1]/", Some("proxy")),
            ("http://[fd00::1]/", None),
        ] {
            let parsed = Url::parse(url).expect("a URL");
            let found = rules.for_url(&parsed).and_then(Url::host_str);
            assert_eq!(found, proxy, "{url}");
        }
    }

    #[test]
    fn a_star_lets_all_past_and_nothing_set_is_no_proxy() {
        let url = Url::parse("http://prom").expect("a URL");
        for (http, no_proxy, proxied) in [
            (Some("p:1"), Some("*"), false),
            (Some("p:1"), Some("other,*"), false),
            (Some("p:1"), None, true),
            (Some(""), None, false),
            (None, None, false),
        ] {
            let rules = ProxyRules::new(&Proxies {
                http: http.map(Into::into),
                https: None,
                no_proxy: no_proxy.map(Into::into),
            });
            assert_eq!(
                rules.for_url(&url).is_some(),
                proxied,
                "{http:?} {no_proxy:?}"
            );
        }
    }
}
