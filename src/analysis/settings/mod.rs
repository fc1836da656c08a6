//! The JSON under `provider.plugin` into the settings of one metric, or every complaint about it.
//!
//! Every key of Argo's built-in provider keeps its name, meaning and default
//! (`PrometheusMetric` in `pkg/apis/rollouts/v1alpha1/analysis_types.go`), so migrating is renaming one key.
//! The operator's policy is not looked at here: `policy` says what of these settings may be used.

pub mod fields;

mod read;

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use self::fields::{Complaint, Fields};
use self::read::read;
use crate::analysis::metric::Metric;
use crate::text::chain::one_line;

/// The settings of one metric.
#[derive(Clone, PartialEq)]
pub struct Settings {
    /// The server; unset: the operator's default.
    pub address: Option<Url>,
    /// PromQL, with the plugin's own placeholders.
    pub query: String,
    /// Set: a range query.
    pub range_query: Option<RangeQuery>,
    /// Client-side deadline of the request; unset: the operator's default.
    pub timeout: Option<Duration>,
    /// TLS certificates are not verified.
    pub insecure: bool,
    /// Set on every request in this order; the last of a name wins.
    pub headers: Vec<Header>,
    /// How to identify to the server.
    pub authentication: Authentication,
    /// Certificate authority, client certificate and server name.
    pub tls: Tls,
    /// How much of the guard rails hold; unset: the operator's default.
    pub guard: Option<Guard>,
    /// What language the query is.
    pub dialect: Dialect,
    /// Every data selector must match this namespace; may be a placeholder.
    pub namespace: Option<String>,
    /// The label that holds the namespace; default `namespace`.
    pub namespace_label: Option<String>,
    /// Time between two scrapes of the data; unset: measured on the samples.
    pub scrape_interval: Option<Duration>,
    /// The query is asked at now - `delay`.
    pub delay: Duration,
    /// As `or on() vector(N)` around the whole query.
    pub fallback: Option<f64>,
    /// What an answer without evidence becomes.
    pub no_data: Option<NoData>,
    /// How long each measurement waits for data.
    pub no_data_for: Option<Duration>,
    /// Fewer events in the window than this are no data.
    pub min_events: Option<u64>,
    /// Counts the events; unset: derived from the query.
    pub events_query: Option<String>,
    /// Judge only on samples newer than the run's start.
    pub fresh_data: Option<bool>,
    /// How many series the answer may have; another number is an Error.
    pub series: Option<SeriesCount>,
    /// Rules silenced here, each with its reason.
    pub allow: Vec<Suppression>,
}

/// A query over a span of time; start and end are expressions of the condition language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeQuery {
    /// Gives a time, `now() - duration("1h")`.
    pub start: String,
    /// Gives a time.
    pub end: String,
    /// A Go duration.
    pub step: String,
}

/// A request header.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub key: String,
    /// Its value, often a secret.
    pub value: String,
}

/// How to identify to the server; at most one way.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Authentication {
    /// Not at all, or by the address's own userinfo.
    #[default]
    None,
    /// `basicAuth`
    Basic {
        /// The user.
        username: String,
        /// Its password.
        password: String,
    },
    /// `oauth2`: the client credentials grant.
    OAuth2 {
        /// Where tokens are fetched.
        token_url: Url,
        /// The client.
        client_id: String,
        /// Its secret.
        client_secret: String,
        /// May be empty.
        scopes: Vec<String>,
    },
    /// `sigv4`: signed with the ambient AWS credentials.
    SigV4 {
        /// Unset: the surroundings' region.
        region: Option<String>,
        /// Of the shared configuration.
        profile: Option<String>,
        /// Assumed before signing.
        role_arn: Option<String>,
    },
    /// `bearer`: a token from a file, read again when it changes.
    Bearer {
        /// The file's path.
        token_file: String,
    },
}

impl Authentication {
    /// Where tokens are fetched.
    pub fn token_url(&self) -> Option<&Url> {
        match self {
            Authentication::OAuth2 { token_url, .. } => Some(token_url),
            _ => None,
        }
    }
}

/// `tls`: files only as the policy allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// PEM file of further certificate authorities.
    pub ca_file: Option<String>,
    /// The same as text.
    pub ca_pem: Option<String>,
    /// PEM file of the client's certificate chain.
    pub cert_file: Option<String>,
    /// PEM file of its key.
    pub key_file: Option<String>,
    /// The name the server's certificate must have, in place of the address's host.
    pub server_name: Option<String>,
}

/// How much of the guard rails hold, ordered from none to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guard {
    /// The built-in provider's behaviour.
    Off,
    /// The same, and beside it what `Enforce` would have said.
    Observe,
    /// An answer without evidence is not Successful.
    Enforce,
}

/// The words of `guard` and `guardFloor`.
pub const GUARDS: [(&str, Guard); 3] = [
    ("enforce", Guard::Enforce),
    ("observe", Guard::Observe),
    ("off", Guard::Off),
];

/// What language the query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// What does not parse is refused.
    #[default]
    PromQl,
    /// What is no PromQL is sent as it is.
    MetricsQl,
}

/// What an answer without evidence becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoData {
    /// Running until data come, at most `no_data_for`.
    Wait,
    /// Inconclusive at once.
    Inconclusive,
    /// Error at once.
    Error,
    /// Failed at once.
    Fail,
    /// The conditions judge whatever came.
    Condition,
}

/// How many series the answer may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesCount {
    /// As many as come.
    Any,
    /// Between these, both included.
    Between(u64, u64),
}

/// A rule silenced by the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The rule's name.
    pub rule: String,
    /// Why; empty where none is given.
    pub reason: String,
}

impl Settings {
    /// The settings of the metric's single plugin entry, whatever its name, over the operator's `defaults`.
    pub fn of(metric: &Metric, defaults: &Map<String, Value>) -> Result<Settings, Vec<Complaint>> {
        let complaint = |problem: String| {
            vec![Complaint {
                path: String::new(),
                problem,
            }]
        };
        let [(name, json)] = metric.plugins.as_slice() else {
            let names = metric
                .plugins
                .iter()
                .map(|(name, _)| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ");
            return Err(complaint(format!(
                "expected one entry under `provider.plugin`, found {}: {names}",
                metric.plugins.len()
            )));
        };
        match serde_json::from_slice(json) {
            Ok(Value::Object(given)) => Self::from_object(&given, defaults),
            Ok(_) => Err(complaint(format!("expected an object under `{name}`"))),
            Err(error) => Err(complaint(format!(
                "what stands under `{name}` is no JSON: {error}"
            ))),
        }
    }

    /// The settings in `given`, with the keys that it lacks taken from `defaults`.
    pub fn from_object(
        given: &Map<String, Value>,
        defaults: &Map<String, Value>,
    ) -> Result<Settings, Vec<Complaint>> {
        let mut object = defaults.clone();
        object.extend(
            given
                .iter()
                .map(|(key, value)| (key.clone(), value.clone())),
        );
        let mut complaints = Vec::new();
        let mut fields = Fields::new("", &object, &mut complaints);
        let settings = read(&mut fields);
        fields.refuse_the_rest();
        if complaints.is_empty() {
            Ok(settings)
        } else {
            Err(complaints)
        }
    }
}

/// Reads the address of a server; the problem names no userinfo.
pub fn server_url(text: &str) -> Result<Url, String> {
    let shown = shown(text);
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("`{}` holds white space", one_line(&shown)));
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            return Err(format!("`{shown}` has no scheme; write `http://{shown}`"));
        }
        Err(error) => return Err(format!("`{shown}` is no URL: {error}")),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(match url.host() {
            None => format!("`{shown}` has no scheme; write `http://{shown}`"),
            Some(_) => format!("`{shown}` is neither http nor https"),
        });
    }
    Ok(url)
}

/// An address as it may be shown: without what stands before an `@`, nor a query. A password may hold `?` and `#`, so the
/// last `@` counts wherever it stands.
fn shown(text: &str) -> String {
    let plain = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}{}", &text[..scheme + 3], &text[at + 1..])
        }
        (None, Some(at)) => text[at + 1..].to_owned(),
        _ => text.to_owned(),
    };
    let end = plain.find(['?', '#']).unwrap_or(plain.len());
    plain[..end].to_owned()
}

#[cfg(test)]
mod tests;
