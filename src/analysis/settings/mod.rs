//! The JSON under `provider.plugin` into the settings of one metric, or every complaint about it.
//!
//! Every key of Argo's built-in provider keeps its name, meaning and default
//! (`PrometheusMetric` in `pkg/apis/rollouts/v1alpha1/analysis_types.go`), so migrating is renaming one key.
//! The operator's policy is not looked at here: `policy` says what of these settings may be used.

pub mod fields;

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use self::fields::{Complaint, Fields};
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

fn read(fields: &mut Fields<'_>) -> Settings {
    let settings = Settings {
        address: address(fields),
        query: fields.text("query").unwrap_or_default(),
        range_query: fields.object("rangeQuery", range_query),
        timeout: timeout(fields),
        insecure: fields.boolean("insecure").unwrap_or_default(),
        headers: fields.objects("headers", header),
        authentication: fields
            .object("authentication", authentication)
            .unwrap_or_default(),
        tls: fields.object("tls", tls).unwrap_or_default(),
        guard: fields.word("guard", &GUARDS),
        dialect: fields
            .word(
                "dialect",
                &[
                    ("promql", Dialect::PromQl),
                    ("metricsql", Dialect::MetricsQl),
                ],
            )
            .unwrap_or_default(),
        namespace: fields.text("namespace"),
        namespace_label: label(fields, "namespaceLabel"),
        scrape_interval: positive(fields, "scrapeInterval"),
        delay: fields.duration("delay").unwrap_or_default(),
        fallback: fields.number("fallback"),
        no_data: fields.word(
            "noData",
            &[
                ("wait", NoData::Wait),
                ("inconclusive", NoData::Inconclusive),
                ("error", NoData::Error),
                ("fail", NoData::Fail),
                ("condition", NoData::Condition),
            ],
        ),
        no_data_for: fields.duration("noDataFor"),
        min_events: fields.natural("minEvents"),
        events_query: fields.text("eventsQuery"),
        fresh_data: fields.boolean("freshData"),
        series: series(fields),
        allow: allow(fields),
    };
    if settings.query.trim().is_empty() {
        fields.complain("query", "missing or empty; give the PromQL to measure");
    }
    settings
}

/// The built-in provider wants a scheme and a host, and speaks http and https alone (`prometheus.go`, `NewPrometheusAPI`).
fn address(fields: &mut Fields<'_>) -> Option<Url> {
    let text = fields.text("address")?;
    let url = server_url(&text);
    if let Err(problem) = &url {
        fields.complain("address", problem.as_str());
    }
    url.ok()
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

fn timeout(fields: &mut Fields<'_>) -> Option<Duration> {
    let seconds = fields.integer("timeout")?;
    let timeout = u64::try_from(seconds).ok().map(Duration::from_secs);
    if timeout.is_none() {
        fields.complain(
            "timeout",
            format!("`{seconds}` is negative; give seconds, 0 or above"),
        );
    }
    timeout
}

fn positive(fields: &mut Fields<'_>, key: &'static str) -> Option<Duration> {
    let duration = fields.duration(key)?;
    if duration.is_zero() {
        fields.complain(key, "a duration above 0 is expected");
        return None;
    }
    Some(duration)
}

fn range_query(fields: &mut Fields<'_>) -> RangeQuery {
    let mut part = |key| fields.text(key).unwrap_or_default();
    RangeQuery {
        start: part("start"),
        end: part("end"),
        step: part("step"),
    }
}

fn header(fields: &mut Fields<'_>) -> Header {
    let header = Header {
        key: fields.text("key").unwrap_or_default(),
        value: fields.text("value").unwrap_or_default(),
    };
    if http::HeaderName::from_bytes(header.key.as_bytes()).is_err() {
        fields.complain("key", "no name of a header");
    }
    if http::HeaderValue::from_str(&header.value).is_err() {
        fields.complain(
            "value",
            "a header's value holds no line breaks or control characters",
        );
    }
    header
}

fn authentication(fields: &mut Fields<'_>) -> Authentication {
    let ways = [
        fields.object("basicAuth", basic).flatten(),
        fields.object("oauth2", oauth2).flatten(),
        fields.object("sigv4", sigv4).flatten(),
        fields.object("bearer", bearer).flatten(),
    ];
    let mut given = ways.into_iter().flatten();
    let first = given.next().unwrap_or_default();
    if given.next().is_some() {
        fields.complain("", "more than one way to authenticate; keep one");
    }
    first
}

/// A block whose fields are all empty counts as absent, as in the built-in provider.
fn basic(fields: &mut Fields<'_>) -> Option<Authentication> {
    match (fields.text("username"), fields.text("password")) {
        (None, None) => None,
        (Some(username), Some(password)) => Some(Authentication::Basic { username, password }),
        (username, _) => {
            fields.complain(
                if username.is_none() {
                    "username"
                } else {
                    "password"
                },
                "missing",
            );
            None
        }
    }
}

fn oauth2(fields: &mut Fields<'_>) -> Option<Authentication> {
    let token_url = fields.text("tokenUrl");
    let (client_id, client_secret) = (fields.text("clientId"), fields.text("clientSecret"));
    let scopes = fields.texts("scopes");
    let token_url = match server_url(&token_url?) {
        Ok(url) => url,
        Err(problem) => {
            fields.complain("tokenUrl", problem);
            return None;
        }
    };
    for (key, value) in [("clientId", &client_id), ("clientSecret", &client_secret)] {
        if value.is_none() {
            fields.complain(key, "missing");
        }
    }
    Some(Authentication::OAuth2 {
        token_url,
        client_id: client_id?,
        client_secret: client_secret?,
        scopes,
    })
}

fn sigv4(fields: &mut Fields<'_>) -> Option<Authentication> {
    match (
        fields.text("region"),
        fields.text("profile"),
        fields.text("roleArn"),
    ) {
        (None, None, None) => None,
        (region, profile, role_arn) => Some(Authentication::SigV4 {
            region,
            profile,
            role_arn,
        }),
    }
}

fn bearer(fields: &mut Fields<'_>) -> Option<Authentication> {
    let token_file = fields.text("tokenFile");
    if token_file.is_none() {
        fields.complain("tokenFile", "missing");
    }
    Some(Authentication::Bearer {
        token_file: token_file?,
    })
}

fn tls(fields: &mut Fields<'_>) -> Tls {
    let tls = Tls {
        ca_file: fields.text("caFile"),
        ca_pem: fields.text("caPem"),
        cert_file: fields.text("certFile"),
        key_file: fields.text("keyFile"),
        server_name: fields.text("serverName"),
    };
    match (&tls.cert_file, &tls.key_file) {
        (Some(_), None) => fields.complain("keyFile", "missing beside `certFile`"),
        (None, Some(_)) => fields.complain("certFile", "missing beside `keyFile`"),
        _ => {}
    }
    if tls.ca_file.is_some() && tls.ca_pem.is_some() {
        fields.complain("caPem", "stands beside `caFile`; keep one");
    }
    tls
}

fn label(fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
    let name = fields.text(key)?;
    let mut letters = name.bytes();
    let starts = letters
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if !starts || !letters.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        fields.complain(key, format!("`{name}` is no label name"));
        return None;
    }
    Some(name)
}

fn series(fields: &mut Fields<'_>) -> Option<SeriesCount> {
    let text = fields.text("series")?;
    let bounds = match text.as_str() {
        "any" => return Some(SeriesCount::Any),
        "one" => Some((1, 1)),
        range => range.split_once("..").and_then(|(low, high)| {
            Some((
                low.trim().parse::<u64>().ok()?,
                high.trim().parse::<u64>().ok()?,
            ))
        }),
    };
    match bounds {
        Some((low, high)) if low <= high && high > 0 => Some(SeriesCount::Between(low, high)),
        _ => {
            fields.complain(
                "series",
                format!("`{text}` is none of `any`, `one`, `N..M`"),
            );
            None
        }
    }
}

fn allow(fields: &mut Fields<'_>) -> Vec<Suppression> {
    let entries = fields.texts("allow");
    let mut suppressions = Vec::with_capacity(entries.len());
    for entry in entries {
        let (rule, reason) = entry.split_once("--").unwrap_or((&entry, ""));
        let rule = rule.trim();
        if rule.is_empty()
            || !rule
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            fields.complain(
                "allow",
                format!("`{rule}` is no name of a rule; write `rule-name -- reason`"),
            );
            continue;
        }
        suppressions.push(Suppression {
            rule: rule.to_owned(),
            reason: reason.trim().to_owned(),
        });
    }
    suppressions
}

#[cfg(test)]
mod tests;
