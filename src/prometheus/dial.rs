//! The addresses that are never dialled, checked where they are dialled: on the resolved address, in every spelling.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// Which addresses may be dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialRules {
    /// Never dialled, …
    pub denied: Vec<IpNet>,
    /// … unless they are in here.
    pub allowed: Vec<IpNet>,
    /// Host names never asked of a proxy, which resolves them itself: lower case, without a final dot.
    pub denied_names: Vec<String>,
}

/// An address that the rules deny.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// By its IP.
    #[error("`{ip}` is in `{net}`, which the operator's policy does not open")]
    Address {
        /// The address, as it would have been dialled.
        ip: IpAddr,
        /// The range.
        net: IpNet,
    },
    /// By its name, which a proxy would resolve.
    #[error("`{0}` names a metadata service, which the operator's policy does not open")]
    Name(String),
}

/// Link-local (cloud metadata among it), metadata services elsewhere, addresses of nobody and of many.
const DENIED: [&str; 12] = [
    "0.0.0.0/8", // Linux takes 0.0.0.0 for this machine
    "169.254.0.0/16",
    "100.100.100.200/32", // Alibaba Cloud
    "168.63.129.16/32",   // Azure
    "192.0.0.192/32",     // Oracle Cloud
    "224.0.0.0/4",
    "255.255.255.255/32",
    "::/128",
    "fe80::/10",
    "fd00:ec2::/32",    // AWS: metadata, and EKS's credentials
    "fd20:ce::254/128", // Google Cloud
    "ff00::/8",
];

impl Default for DialRules {
    /// Denies link-local, metadata, unspecified and multicast addresses. Loopback is open: signing proxies are sidecars.
    fn default() -> DialRules {
        let net = |text: &&str| text.parse().expect("the table holds ranges (tested)");
        DialRules {
            denied: DENIED.iter().map(net).collect(),
            allowed: Vec::new(),
            denied_names: vec!["metadata.google.internal".into(), "metadata.goog".into()],
        }
    }
}

impl DialRules {
    /// Denies this machine's own addresses too.
    pub fn deny_loopback(&mut self) {
        let net = |text: &&str| text.parse::<IpNet>().expect("both are ranges");
        self.denied
            .extend(["127.0.0.0/8", "::1/128"].iter().map(net));
    }

    /// Whether `ip` may be dialled, and each address that it embeds.
    pub fn check(&self, ip: IpAddr) -> Result<(), DialError> {
        for form in [Some(ip), embedded(ip).map(IpAddr::V4)]
            .into_iter()
            .flatten()
        {
            if self.allowed.iter().any(|net| net.contains(&form)) {
                continue;
            }
            if let Some(net) = self.denied.iter().find(|net| net.contains(&form)) {
                return Err(DialError::Address { ip, net: *net });
            }
        }
        Ok(())
    }

    /// What can be said of a URL before its name is resolved; `proxied` if it never will be here.
    pub(super) fn check_url(&self, url: &Url, proxied: bool) -> Result<(), DialError> {
        match url.host() {
            Some(Host::Ipv4(ip)) => self.check(ip.into()),
            Some(Host::Ipv6(ip)) => self.check(ip.into()),
            Some(Host::Domain(name)) if proxied => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                match self.denied_names.contains(&name) {
                    true => Err(DialError::Name(name)),
                    false => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// The IPv4 address inside an IPv6 one that routers or the kernel may unwrap: IPv4-mapped and -compatible (RFC 4291),
/// NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380), ISATAP (RFC 5214).
fn embedded(ip: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(ip) = ip else { return None };
    let s = ip.segments();
    let of = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match s {
        _ if ip == Ipv6Addr::UNSPECIFIED || ip == Ipv6Addr::LOCALHOST => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => of(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => of(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        [0x64, 0xff9b, 1, _, _, _, high, low] => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        [0x2001, 0, _, _, _, _, high, low] => of(!high, !low),
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => of(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_denied_address_is_denied() {
        let rules = DialRules::default();
        for ip in [
            "169.254.169.254",
            "169.254.170.2",
            "fe80::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
            "0.0.0.0",
            "::",
            "::ffff:169.254.169.254",
            "::ffff:0:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0.0.0.0",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "2001::5601:5601",
            "fe80::5efe:10.0.0.1",
            "2001:db8::5efe:169.254.169.254",
        ] {
            let ip: IpAddr = ip.parse().expect("an address");
            assert!(rules.check(ip).is_err(), "{ip}");
        }
        for ip in [
            "127.0.0.1",
            "::1",
            "10.0.0.1",
            "::ffff:10.0.0.1",
            "2001:db8::1",
            "8.8.8.8",
        ] {
            let ip: IpAddr = ip.parse().expect("an address");
            assert_eq!(rules.check(ip), Ok(()), "{ip}");
        }
    }

    #[test]
    fn exceptions_win_and_loopback_can_be_denied() {
        let mut rules = DialRules::default();
        rules
            .allowed
            .push("169.254.20.0/24".parse().expect("a range"));
        for ip in ["127.0.0.0/8", "::1/128"] {
            rules.denied.push(ip.parse().expect("a range"));
        }
        for (ip, open) in [
            ("169.254.20.10", true),
            ("::ffff:169.254.20.10", true),
            ("169.254.21.10", false),
            ("127.1.2.3", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
        ] {
            assert_eq!(
                rules.check(ip.parse().expect("an address")).is_ok(),
                open,
                "{ip}"
            );
        }
    }

    #[test]
    fn urls_with_an_address_are_checked_in_every_spelling() {
        let rules = DialRules::default();
        for (url, open) in [
            ("http://169.254.169.254/", false),
            ("http://2852039166/", false),
            ("http://0xa9fea9fe/", false),
            ("http://0251.0376.0251.0376/", false),
            ("http://169.254.43518/", false),
            ("http://169.254.169.254./", false),
            ("http://0/", false),
            ("http://[::ffff:a9fe:a9fe]/", false),
            ("http://①⑥⑨.254.169.254/", false),
            ("http://metadata.google.internal/", true),
            ("http://127.1/", true),
        ] {
            let url = Url::parse(url).expect("a URL");
            assert_eq!(rules.check_url(&url, false).is_ok(), open, "{url}");
        }
        let metadata = Url::parse("http://METADATA.google.internal./").expect("a URL");
        assert!(rules.check_url(&metadata, true).is_err());
    }
}
