//! One server and how it is spoken to, with secrets that no debug output shows.

use std::fmt;

use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use url::Url;

use super::sigv4::SigV4;

/// One server and how to speak to it. Requests share connections and tokens only when all of it is equal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Server {
    /// `http` or `https`; a path is a prefix, userinfo is basic authentication, parameters are sent along.
    pub address: Url,
    /// Certificates; used for `https` alone.
    pub tls: Tls,
    /// Set in this order on every request, token requests too, over what [`Self::authentication`] sets.
    /// `Host`, `Content-Length`, `Transfer-Encoding` and `Trailer` have no effect, as in Go's `net/http`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Credentials.
    pub authentication: Authentication,
}

/// The certificates of both sides.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// Any certificate of the server will do.
    pub insecure: bool,
    /// Certificate authorities trusted beside the machine's own, as PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// Our own certificate.
    pub identity: Option<Identity>,
    /// The name that the server's certificate must hold, in place of the address's host. The host stays what is named in
    /// the handshake (SNI).
    pub server_name: Option<String>,
}

/// A client certificate and its key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The certificate, then those that lead to its authority, as PEM.
    pub certificate_pem: Vec<u8>,
    /// The private key as PEM: PKCS#8, PKCS#1 or SEC1.
    pub key_pem: Vec<u8>,
}

/// How a request proves who sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// Not at all, or by the userinfo of the address.
    #[default]
    None,
    /// Basic authentication; the userinfo of the address goes before it.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A token that the caller has.
    Bearer {
        /// The token.
        token: Secret,
    },
    /// A token that is fetched, as `golang.org/x/oauth2/clientcredentials` does.
    OAuth2 {
        /// Where tokens are made.
        token_url: Url,
        /// The client's name.
        client_id: String,
        /// The client's secret.
        client_secret: Secret,
        /// What the token is for; none is fine.
        scopes: Vec<String>,
    },
    /// A signature with AWS credentials of the surroundings. Whether the host may have one is the caller's to decide.
    SigV4(SigV4),
}

/// A text that debug output shows as `*****`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*****")
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(*****)")
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("insecure", &self.insecure)
            .field("ca_pem", &self.ca_pem.as_ref().map(Vec::len))
            .field("identity", &self.identity)
            .field("server_name", &self.server_name)
            .finish()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&HeaderName> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Server")
            .field("address", &shown(&self.address))
            .field("tls", &self.tls)
            .field("headers", &names)
            .field("authentication", &self.authentication)
            .finish()
    }
}

impl Server {
    /// The address with `endpoint` after its path and without fragment. The path is joined as Go's `path.Join`
    /// does: one `/` between segments.
    pub(super) fn url(&self, endpoint: &str) -> Url {
        let mut url = self.address.clone();
        let path: Vec<&str> = self
            .address
            .path()
            .split('/')
            .filter(|s| !s.is_empty())
            .collect();
        let path = match path.is_empty() {
            true => format!("/{endpoint}"),
            false => format!("/{}/{endpoint}", path.join("/")),
        };
        url.set_path(&path);
        url.set_fragment(None);
        url
    }
}

/// User and password of a URL, decoded; Go sends them as basic authentication (`net/http` `send`).
pub(super) fn userinfo(url: &Url) -> Option<(String, String)> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((
        decoded(url.username()),
        decoded(url.password().unwrap_or_default()),
    ))
}

/// The URL as it may be dialled and logged: no userinfo.
pub(super) fn without_userinfo(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only for URLs without a host, which have no userinfo.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// The URL as messages show it: scheme, host, port, path.
pub(super) fn shown(url: &Url) -> String {
    let mut url = without_userinfo(url);
    url.set_query(None);
    url.set_fragment(None);
    let text = url.to_string();
    text.strip_suffix('/').map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(address: &str) -> Server {
        Server {
            address: Url::parse(address).expect("a URL"),
            tls: Tls::default(),
            headers: vec![(
                HeaderName::from_static("x-key"),
                HeaderValue::from_static("hush"),
            )],
            authentication: Authentication::Basic {
                username: "u".into(),
                password: Secret("hush".into()),
            },
        }
    }

    #[test]
    fn the_path_is_kept_and_joined_with_one_slash() {
        for (address, url) in [
            ("http://p:9090", "http://p:9090/api/v1/query"),
            ("http://p:9090/", "http://p:9090/api/v1/query"),
            ("http://p/prom//", "http://p/prom/api/v1/query"),
            ("http://p/a//b", "http://p/a/b/api/v1/query"),
            ("http://u:s@p/a?x=1#f", "http://u:s@p/a/api/v1/query?x=1"),
            ("http://p/a%20b", "http://p/a%20b/api/v1/query"),
        ] {
            assert_eq!(server(address).url("api/v1/query").as_str(), url);
        }
    }

    #[test]
    fn no_debug_output_holds_a_secret() {
        let mut server = server("http://u:hush@p/a?token=hush");
        server.tls.identity = Some(Identity {
            certificate_pem: b"c".to_vec(),
            key_pem: b"hush".to_vec(),
        });
        let text = format!("{server:?}");
        assert!(!text.contains("hush"), "{text}");
        assert!(text.contains("http://p/a"), "{text}");
    }

    #[test]
    fn userinfo_is_decoded() {
        let url = |text| Url::parse(text).expect("a URL");
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(userinfo(&url("http://p")), None);
        assert_eq!(userinfo(&url("http://u@p")), pair("u", ""));
        assert_eq!(userinfo(&url("http://u:a%40b%2F+@p")), pair("u", "a@b/+"));
    }
}
