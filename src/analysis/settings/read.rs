//! The keys of an object into settings, one function a group of keys.

use std::time::Duration;

use url::Url;

use super::fields::Fields;
use super::{
    Authentication, Dialect, GUARDS, Header, NoData, RangeQuery, SeriesCount, Settings,
    Suppression, Tls, server_url,
};

pub(super) fn read(fields: &mut Fields<'_>) -> Settings {
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
