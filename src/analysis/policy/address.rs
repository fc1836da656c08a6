//! Patterns of hosts and addresses into whether an URL is meant.

use url::Url;

use crate::analysis::settings::server_url;

/// `example.com`, `*.example.com` (any name below it) or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern(String);

impl HostPattern {
    /// Reads a pattern; names are alike in either case.
    pub(super) fn new(text: &str) -> Self {
        HostPattern(text.to_lowercase())
    }

    /// Whether `host`, as an URL spells it, is meant.
    pub fn matches(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        match self.0.strip_prefix('*') {
            Some("") => true,
            Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
            None => host == self.0,
        }
    }
}

/// `https://*.example.com:9090/prefix`: scheme, host pattern, port (`:*` for any; unset: the scheme's) and path prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPattern {
    scheme: String,
    host: HostPattern,
    port: Option<u16>,
    path: String,
}

impl AddressPattern {
    /// Reads a pattern.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| format!("`{text}` has no scheme"))?;
        let (any_port, plain) = match rest.split_once(":*") {
            Some((host, path)) => (true, format!("{scheme}://{host}{path}")),
            None => (false, text.to_owned()),
        };
        // A `*` is no letter of a host name: a word stands in for it while the URL is read.
        const STAND_IN: &str = "any-host-name";
        let wild = rest.starts_with('*');
        let url = server_url(&if wild {
            plain.replacen('*', STAND_IN, 1)
        } else {
            plain
        })?;
        let host = url.host_str().unwrap_or_default();
        let host = if wild {
            host.replacen(STAND_IN, "*", 1)
        } else {
            host.to_owned()
        };
        if host[1..].contains('*') || (wild && host.len() > 1 && !host.starts_with("*.")) {
            return Err(format!(
                "`{text}`: `*` stands for a whole host or, as `*.`, for the names below one"
            ));
        }
        Ok(AddressPattern {
            scheme: url.scheme().to_owned(),
            host: HostPattern(host),
            port: (!any_port).then(|| url.port_or_known_default()).flatten(),
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Whether `url` is meant; a path prefix counts by whole segments.
    pub fn matches(&self, url: &Url) -> bool {
        let path = url.path().strip_prefix(self.path.as_str());
        self.scheme == url.scheme()
            && url.host_str().is_some_and(|host| self.host.matches(host))
            && self
                .port
                .is_none_or(|port| url.port_or_known_default() == Some(port))
            && path.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && (self.path.is_empty() || !hides_a_separator(url.path()))
    }
}

/// `%2f` and `%5c`: servers that decode them before they resolve `..` see another path than we do.
fn hides_a_separator(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.contains("%2f") || path.contains("%5c")
}
