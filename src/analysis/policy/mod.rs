//! The operator's policy into what templates may do, and a template's settings into what of them is refused.
//!
//! Templates cannot loosen any of it. Whether an address may be dialled is decided once more on the resolved IP, by
//! `prometheus`, from [`Dial`].

pub mod address;
pub mod namespace;

mod read;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;
use serde_json::{Map, Value};
use url::Url;

use self::address::{AddressPattern, HostPattern};
use self::namespace::Namespaces;
use self::read::read;
use crate::analysis::metric::Metric;
use crate::analysis::settings::fields::{Complaint, Fields};
use crate::analysis::settings::{Authentication, Guard, Settings};

/// What the operator allows and sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Settings for the templates that do not give them.
    pub defaults: Map<String, Value>,
    /// Templates may not go below this.
    pub guard_floor: Guard,
    /// The servers that may be asked; empty: any that `dial` allows.
    pub addresses: Vec<AddressPattern>,
    /// The IP addresses that are dialled.
    pub dial: Dial,
    /// Files that settings may name; a pattern that ends in `/` or `/*` is a folder.
    pub files: Vec<String>,
    /// Headers that settings may not set.
    pub forbidden_headers: Vec<HeaderName>,
    /// Bounds of measurements.
    pub limits: Limits,
    /// Hosts that ambient AWS credentials sign for, beside `*.amazonaws.com`.
    pub aws_hosts: Vec<HostPattern>,
    /// Templates may switch certificate verification off.
    pub insecure: bool,
    /// The namespace that queries look into.
    pub namespaces: Namespaces,
    /// Rules that templates may not silence.
    pub suppressions: Suppressions,
    /// Labels that tell what happened, not to whom, beside those that are known.
    pub outcome_labels: Vec<String>,
    /// Where counters are served over HTTP; none: nowhere. Port 0 takes a free one.
    pub metrics: Option<SocketAddr>,
    /// The level of the log: `trace`, `debug`, `info`, `warn`, `error` or `off`.
    pub log_level: Option<String>,
}

/// The IP addresses that are dialled; what `allow` holds wins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dial {
    /// Never dialled, beside link-local and cloud metadata addresses.
    pub deny: Vec<IpNet>,
    /// Dialled although they are denied.
    pub allow: Vec<IpNet>,
    /// Loopback is not dialled.
    pub no_loopback: bool,
}

/// Which rules templates may not silence (`suppressions.forbidden`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suppressions {
    /// None of them: `all`.
    AllForbidden,
    /// These.
    Forbidden(Vec<String>),
}

impl Suppressions {
    /// Whether a comment or the setting `allow` does not silence `rule`.
    pub fn forbids(&self, rule: &str) -> bool {
        match self {
            Suppressions::AllForbidden => true,
            Suppressions::Forbidden(rules) => rules.iter().any(|one| one == rule),
        }
    }

    /// Whether every rule may be silenced.
    pub fn allows_all(&self) -> bool {
        matches!(self, Suppressions::Forbidden(rules) if rules.is_empty())
    }
}

/// Bounds of one measurement, and of all that are made at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest `timeout` that settings may give.
    pub timeout: Duration,
    /// Bytes of an answer after decompression.
    pub body: usize,
    /// Series of an answer.
    pub series: usize,
    /// Samples of an answer.
    pub samples: usize,
    /// Bytes of a measurement's value.
    pub value: usize,
    /// Requests at once to one server; more wait their turn.
    pub queries: usize,
    /// Bytes of answers at once from one server, at least one body; more wait their turn.
    pub bodies_per_server: usize,
    /// The same from all servers.
    pub bodies: usize,
}

/// Where settings and the operator's defaults are silent, as the built-in provider.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

impl Default for Limits {
    fn default() -> Self {
        Limits {
            timeout: Duration::from_secs(60),
            body: 16 << 20,
            series: 5_000,
            samples: 50_000,
            value: 16 << 10,
            queries: 32,
            bodies_per_server: 64 << 20,
            bodies: 128 << 20,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            defaults: Map::new(),
            guard_floor: Guard::Off,
            addresses: Vec::new(),
            dial: Dial::default(),
            files: Vec::new(),
            forbidden_headers: Vec::new(),
            limits: Limits::default(),
            aws_hosts: Vec::new(),
            insecure: true,
            namespaces: Namespaces::default(),
            suppressions: Suppressions::Forbidden(Vec::new()),
            outcome_labels: Vec::new(),
            metrics: None,
            log_level: None,
        }
    }
}

impl Policy {
    /// Reads a policy from its keys, as a file and the plugin's arguments give them together.
    pub fn from_object(object: &Map<String, Value>) -> Result<Policy, Vec<Complaint>> {
        let mut complaints = Vec::new();
        let mut fields = Fields::new("", object, &mut complaints);
        let policy = read(&mut fields);
        fields.refuse_the_rest();
        if complaints.is_empty() {
            Ok(policy)
        } else {
            Err(complaints)
        }
    }

    /// The settings for what `metric` does not give. Credentials among them are meant for the operator's servers: they go
    /// along to the address of a template only where it is the default one (`own`, the environment's, where the
    /// policy has none), or among `addresses`.
    pub fn defaults_for(&self, metric: &Metric, own: Option<&str>) -> Cow<'_, Map<String, Value>> {
        const CREDENTIALS: [&str; 2] = ["authentication", "headers"];
        let has_some = CREDENTIALS
            .iter()
            .any(|key| self.defaults.contains_key(*key));
        if !has_some || !self.addresses.is_empty() {
            return Cow::Borrowed(&self.defaults);
        }
        let default = self.defaults.get("address").and_then(Value::as_str).or(own);
        if metric.plugins.iter().all(|(_, json)| is_at(json, default)) {
            return Cow::Borrowed(&self.defaults);
        }
        let mut defaults = self.defaults.clone();
        defaults.retain(|key, _| !CREDENTIALS.contains(&key.as_str()));
        Cow::Owned(defaults)
    }

    /// What of `settings`, measured at `address`, the operator does not allow.
    pub fn refusals(&self, settings: &Settings, address: &Url) -> Vec<Complaint> {
        let mut refused = Vec::new();
        let mut refuse = |path: &str, problem: String| {
            refused.push(Complaint {
                path: path.to_owned(),
                problem: format!("{problem}; the operator's policy decides"),
            });
        };
        if !self.allows_address(address) {
            refuse(
                "address",
                format!("`{}` is not among the allowed addresses", origin(address)),
            );
        }
        if self.namespaces.mode.is_some() {
            for (path, problem) in namespace::ways_around(settings, address) {
                refuse(path, problem);
            }
        }
        if let Authentication::OAuth2 { token_url, .. } = &settings.authentication
            && !self.allows_address(token_url)
        {
            refuse(
                "authentication.oauth2.tokenUrl",
                format!("`{}` is not among the allowed addresses", origin(token_url)),
            );
        }
        if matches!(settings.authentication, Authentication::SigV4 { .. })
            && !address.host_str().is_some_and(|host| self.signs_for(host))
        {
            let host = address.host_str().unwrap_or_default();
            refuse(
                "authentication.sigv4",
                format!("ambient AWS credentials do not sign for `{host}`; add it to `awsHosts`"),
            );
        }
        for (path, file) in files_of(settings) {
            if !self.allows_file(file) {
                refuse(
                    path,
                    format!("file `{file}` is not among the allowed `files`"),
                );
            }
        }
        for header in &settings.headers {
            if self
                .forbidden_headers
                .iter()
                .any(|name| name.as_str().eq_ignore_ascii_case(&header.key))
            {
                refuse("headers", format!("`{}` may not be set", header.key));
            }
        }
        if settings.insecure && !self.insecure {
            refuse("insecure", "certificates are verified here".to_owned());
        }
        if settings
            .timeout
            .is_some_and(|timeout| timeout > self.limits.timeout)
        {
            refuse(
                "timeout",
                format!("over the limit of {} s", self.limits.timeout.as_secs()),
            );
        }
        refused
    }

    /// How much of the guard rails hold for `settings`: what they ask for, but not below the floor.
    pub fn guard(&self, settings: &Settings) -> Guard {
        settings
            .guard
            .unwrap_or(Guard::Enforce)
            .max(self.guard_floor)
    }

    fn allows_address(&self, url: &Url) -> bool {
        self.addresses.is_empty() || self.addresses.iter().any(|pattern| pattern.matches(url))
    }

    fn signs_for(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        [".amazonaws.com", ".amazonaws.com.cn"]
            .iter()
            .any(|suffix| host.ends_with(suffix))
            || self.aws_hosts.iter().any(|pattern| pattern.matches(host))
    }

    /// By the path's text: no `.` or `..` segments, absolute; where links in an allowed folder lead is the operator's.
    fn allows_file(&self, path: &str) -> bool {
        let plain = path
            .strip_prefix('/')
            .is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | "..")));
        plain
            && self.files.iter().any(|pattern| {
                let folder = pattern.strip_suffix('*').unwrap_or(pattern);
                if folder.ends_with('/') {
                    path.starts_with(folder)
                } else {
                    path == pattern
                }
            })
    }
}

/// The files that settings name, each with its key.
pub fn files_of(settings: &Settings) -> Vec<(&'static str, &str)> {
    let tls = &settings.tls;
    let token = match &settings.authentication {
        Authentication::Bearer { token_file } => Some(token_file),
        _ => None,
    };
    [
        ("authentication.bearer.tokenFile", token),
        ("tls.caFile", tls.ca_file.as_ref()),
        ("tls.certFile", tls.cert_file.as_ref()),
        ("tls.keyFile", tls.key_file.as_ref()),
    ]
    .into_iter()
    .filter_map(|(key, file)| Some((key, file?.as_str())))
    .collect()
}

/// Whether the settings in `json` give no address, or one of the same scheme, host and port as `default`.
fn is_at(json: &[u8], default: Option<&str>) -> bool {
    #[derive(serde::Deserialize)]
    struct Given {
        address: Option<String>,
    }
    let same = |given: &str| {
        let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
        default.is_some_and(|default| origin(given).is_some_and(|own| origin(default) == Some(own)))
    };
    match serde_json::from_slice::<Given>(json) {
        Ok(Given { address }) => address.is_none_or(|text| text.is_empty() || same(&text)),
        Err(_) => false,
    }
}

/// Scheme, host and port: what of an address may be shown.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests;
