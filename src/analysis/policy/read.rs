//! The policy's keys into a policy, with every complaint, one function a group of keys.

use std::net::SocketAddr;

use http::HeaderName;
use ipnet::IpNet;
use serde_json::{Map, Value};

use super::address::{AddressPattern, HostPattern};
use super::namespace::{Mode, Namespaces};
use super::{Dial, Limits, Policy, Suppressions};
use crate::analysis::settings::fields::Fields;
use crate::analysis::settings::{GUARDS, Guard, Settings};

pub(super) fn read(fields: &mut Fields<'_>) -> Policy {
    let mut policy = Policy {
        guard_floor: fields.word("guardFloor", &GUARDS).unwrap_or(Guard::Off),
        dial: fields.object("dial", dial).unwrap_or_default(),
        files: fields.texts("files"),
        forbidden_headers: fields
            .object("headers", forbidden_headers)
            .unwrap_or_default(),
        limits: fields.object("limits", limits).unwrap_or_default(),
        insecure: fields.boolean("insecure").unwrap_or(true),
        suppressions: fields
            .object("suppressions", suppressions)
            .unwrap_or(Suppressions::Forbidden(Vec::new())),
        namespaces: fields.object("namespace", namespaces).unwrap_or_default(),
        outcome_labels: labels(fields, "outcomeLabels"),
        metrics: fields.object("metrics", listen).flatten(),
        log_level: fields.object("log", log_level).flatten(),
        ..Policy::default()
    };
    for text in fields.texts("addresses") {
        match AddressPattern::read(&text) {
            Ok(pattern) => policy.addresses.push(pattern),
            Err(problem) => fields.complain("addresses", problem),
        }
    }
    policy.aws_hosts = fields
        .texts("awsHosts")
        .into_iter()
        .map(|host| HostPattern::new(&host))
        .collect();
    if let Some(defaults) = fields.raw_object("defaults") {
        policy.defaults = defaults.clone();
        defaults_hold(fields, defaults);
    }
    for pattern in &policy.files {
        if !pattern.starts_with('/') {
            fields.complain("files", format!("`{pattern}` is no absolute path"));
        }
    }
    policy
}

/// The defaults must be good settings beside any query.
fn defaults_hold(fields: &mut Fields<'_>, defaults: &Map<String, Value>) {
    let query = Map::from_iter([("query".to_owned(), Value::from("up"))]);
    for complaint in Settings::from_object(&query, defaults)
        .err()
        .unwrap_or_default()
    {
        fields.complain(&format!("defaults.{}", complaint.path), complaint.problem);
    }
}

fn dial(fields: &mut Fields<'_>) -> Dial {
    let mut nets = |key| {
        let mut nets = Vec::new();
        for text in fields.texts(key) {
            match text
                .parse::<IpNet>()
                .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
            {
                Ok(net) => nets.push(net),
                Err(_) => fields.complain(
                    key,
                    format!("`{text}` is neither an IP address nor a range such as `10.0.0.0/8`"),
                ),
            }
        }
        nets
    };
    let (deny, allow) = (nets("deny"), nets("allow"));
    Dial {
        deny,
        allow,
        no_loopback: fields.boolean("loopback") == Some(false),
    }
}

fn forbidden_headers(fields: &mut Fields<'_>) -> Vec<HeaderName> {
    let mut names = Vec::new();
    for text in fields.texts("forbidden") {
        match HeaderName::from_bytes(text.as_bytes()) {
            Ok(name) => names.push(name),
            Err(_) => fields.complain("forbidden", format!("`{text}` is no name of a header")),
        }
    }
    names
}

/// Whether there are rules of these names is not known here.
fn suppressions(fields: &mut Fields<'_>) -> Suppressions {
    let forbidden = fields.texts("forbidden");
    match forbidden.as_slice() {
        [all] if all == "all" => Suppressions::AllForbidden,
        _ => Suppressions::Forbidden(forbidden),
    }
}

fn namespaces(fields: &mut Fields<'_>) -> Namespaces {
    const MODES: [(&str, Option<Mode>); 3] = [
        ("require", Some(Mode::Require)),
        ("inject", Some(Mode::Inject)),
        ("off", None),
    ];
    Namespaces {
        mode: fields.word("mode", &MODES).flatten(),
        labels: labels(fields, "labels"),
    }
}

/// Names of labels.
fn labels(fields: &mut Fields<'_>, key: &'static str) -> Vec<String> {
    let is_letter = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    let is_label = |name: &str| {
        name.bytes().next().is_some_and(is_letter)
            && name.bytes().all(|b| is_letter(b) || b.is_ascii_digit())
    };
    let (names, wrong): (Vec<_>, Vec<_>) = fields
        .texts(key)
        .into_iter()
        .partition(|name| is_label(name));
    for name in wrong {
        fields.complain(key, format!("`{name}` is no label name"));
    }
    names
}

fn listen(fields: &mut Fields<'_>) -> Option<SocketAddr> {
    let text = fields.text("listen")?;
    let address = text.parse();
    if address.is_err() {
        fields.complain(
            "listen",
            format!("`{text}` is no IP address and port; write for example `127.0.0.1:9464`"),
        );
    }
    address.ok()
}

fn limits(fields: &mut Fields<'_>) -> Limits {
    let usual = Limits::default();
    let mut count = |key, usual| match fields.natural(key) {
        Some(0) => {
            fields.complain(key, "`0` allows nothing; give 1 or above");
            usual
        }
        Some(number) => usize::try_from(number).unwrap_or(usize::MAX),
        None => usual,
    };
    let body = count("body", usual.body);
    // One answer must find room, or it would wait for ever.
    let bodies_per_server = count("bodiesPerServer", usual.bodies_per_server.max(body));
    let bodies = count("bodies", usual.bodies.max(bodies_per_server));
    let limits = Limits {
        body,
        series: count("series", usual.series),
        samples: count("samples", usual.samples),
        value: count("value", usual.value),
        queries: count("queries", usual.queries),
        bodies_per_server,
        bodies,
        timeout: fields.duration("timeout").unwrap_or(usual.timeout),
    };
    for (key, room, other, needed) in [
        ("bodiesPerServer", bodies_per_server, "body", body),
        ("bodies", bodies, "bodiesPerServer", bodies_per_server),
    ] {
        if room < needed {
            fields.complain(key, format!("`{room}` is below `{other}`, {needed}"));
        }
    }
    limits
}

fn log_level(fields: &mut Fields<'_>) -> Option<String> {
    const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "off"];
    fields
        .word("level", &LEVELS.map(|level| (level, level)))
        .map(str::to_owned)
}
