//! One metric and its run into one measurement, as the built-in provider makes it: one request, the conditions decide
//! (`metricproviders/prometheus/prometheus.go`, `Run`).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Map;
use url::Url;

use super::placeholders;
use super::reading::{self, Reading, ReadingError};
use super::server::{self, ServerError};
use super::surroundings::Surroundings;
use super::verdict::{Conditions, Verdict, judge};
use super::wording::Wording;
use crate::analysis::measurement::Phase;
use crate::analysis::metric::Metric;
use crate::analysis::policy::{DEFAULT_TIMEOUT, Policy};
use crate::analysis::run::AnalysisRun;
use crate::analysis::secrets::Mask;
use crate::analysis::settings::fields::{Complaint, joined};
use crate::analysis::settings::{Authentication, RangeQuery, Settings, server_url};
use crate::condition::{self, ConditionError};
use crate::prometheus::{self, Answer, Query, QueryError, When};
use crate::promql::placeholder::{PlaceholderError, fill};
use crate::text::chain::{bounded, chain};
use crate::text::duration::{DurationError, parse_go_duration};

/// Bytes of one entry of a measurement's metadata; with its three entries below 8 KiB in all.
const METADATA: usize = 2 << 10;

/// What is longer is cut before secrets are hidden in it, or hiding would take long: texts may have mebibytes.
const READ: usize = 16 << 10;

/// Why there is no answer to judge.
#[derive(Debug, thiserror::Error)]
pub(super) enum AttemptError {
    #[error("settings: {}", joined(.0))]
    Settings(Vec<Complaint>),
    #[error(
        "prometheus address is not configured; set `address`, or ask the operator for a default in the policy or in ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"
    )]
    NoAddress,
    #[error("the default address of ARGO_ROLLOUTS_PROMETHEUS_ADDRESS: {0}")]
    DefaultAddress(String),
    #[error("`query`")]
    Placeholder(#[source] PlaceholderError),
    #[error("failed to parse rangeQuery.{field} as time")]
    RangeTime {
        field: &'static str,
        #[source]
        cause: ConditionError,
    },
    #[error("failed to parse rangeQuery.step as duration")]
    RangeStep(#[source] DurationError),
    #[error(transparent)]
    Server(ServerError),
    #[error(transparent)]
    Query(QueryError),
    #[error(transparent)]
    Reading(ReadingError),
    #[error(
        "the value of {found} bytes is past the limit of {limit}; aggregate the query to fewer series"
    )]
    Value { found: usize, limit: usize },
    #[error("judge the answer: {0}")]
    Judge(String),
}

/// What was measured, with the words of others as they came: [`Outcome::attempt`] hides the secrets.
pub(super) struct Outcome {
    verdict: Verdict,
    value: String,
    query: String,
    warnings: Vec<String>,
    infos: Vec<String>,
}

/// A measurement in the making: what is known when it ends, well or not.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    pub(super) phase: Phase,
    pub(super) message: String,
    pub(super) value: String,
    pub(super) metadata: BTreeMap<String, String>,
}

/// What a metric asks, ready to be sent.
pub(super) struct Prepared {
    settings: Settings,
    address: Url,
    query: Query,
    now: Timestamp,
}

impl Prepared {
    /// How long the request may take.
    pub(super) fn timeout(&self) -> Duration {
        self.query.timeout
    }

    /// What settings and address hold that must not be shown, whether or not it came from a Secret.
    pub(super) fn secrets(&self) -> Vec<String> {
        secrets_of(&self.settings, Some(&self.address))
    }
}

/// Reads settings, holds the policy, fills placeholders in: all that needs no server.
pub(super) async fn prepare(
    policy: &Policy,
    surroundings: &Surroundings,
    run: &AnalysisRun,
    metric: &Metric,
    now: Timestamp,
) -> Result<Prepared, AttemptError> {
    let defaults = policy.defaults_for(metric, surroundings.default_address.as_deref());
    let settings = Settings::of(metric, &defaults).map_err(AttemptError::Settings)?;
    let address = address(&settings, surroundings)?;
    let refusals = policy.refusals(&settings, &address);
    if !refusals.is_empty() {
        return Err(AttemptError::Settings(refusals));
    }
    let values = placeholders::values(run, &settings, now);
    let text = fill(&settings.query, &values).map_err(AttemptError::Placeholder)?;
    let when = match &settings.range_query {
        None => When::Instant(now),
        Some(range) => range_of(range, now).await?,
    };
    let timeout = settings
        .timeout
        .unwrap_or(DEFAULT_TIMEOUT.min(policy.limits.timeout));
    let query = Query {
        text,
        when,
        timeout,
        parameters: Vec::new(),
    };
    Ok(Prepared {
        settings,
        address,
        query,
        now,
    })
}

fn address(settings: &Settings, surroundings: &Surroundings) -> Result<Url, AttemptError> {
    match (
        &settings.address,
        surroundings
            .default_address
            .as_deref()
            .filter(|text| !text.is_empty()),
    ) {
        (Some(address), _) => Ok(address.clone()),
        (None, Some(default)) => server_url(default).map_err(AttemptError::DefaultAddress),
        (None, None) => Err(AttemptError::NoAddress),
    }
}

/// Times are expressions, and may take as long as conditions.
async fn range_of(range: &RangeQuery, now: Timestamp) -> Result<When, AttemptError> {
    let texts = (range.start.clone(), range.end.clone());
    let times = tokio::task::spawn_blocking(move || {
        let time = |field, text: &str| {
            condition::evaluate_time(text, now)
                .map_err(|cause| AttemptError::RangeTime { field, cause })
        };
        Ok((time("start", &texts.0)?, time("end", &texts.1)?))
    });
    let (start, end) = times
        .await
        .unwrap_or_else(|error| Err(AttemptError::Judge(error.to_string())))?;
    let step = parse_go_duration(&range.step).map_err(AttemptError::RangeStep)?;
    Ok(When::Range {
        start,
        end,
        step: SignedDuration::from_nanos(step),
    })
}

fn secrets_of(settings: &Settings, address: Option<&Url>) -> Vec<String> {
    let mut secrets = Vec::new();
    match &settings.authentication {
        Authentication::Basic { password, .. } => secrets.push(password.clone()),
        Authentication::OAuth2 { client_secret, .. } => secrets.push(client_secret.clone()),
        Authentication::None | Authentication::SigV4 { .. } | Authentication::Bearer { .. } => {}
    }
    let shown = ["authorization", "cookie", "token", "key", "secret"];
    for header in &settings.headers {
        let name = header.key.to_lowercase();
        if shown.iter().any(|word| name.contains(word)) {
            secrets.push(header.value.clone());
            secrets.extend(
                header
                    .value
                    .split_once(' ')
                    .map(|(_, credentials)| credentials.to_owned()),
            );
        }
    }
    for url in [address, settings.authentication.token_url()]
        .into_iter()
        .flatten()
    {
        secrets.extend(userinfo(url));
    }
    secrets
}

/// The password of an address, or its user where that is all there is, as written and decoded.
fn userinfo(url: &Url) -> Vec<String> {
    let Some(secret) = url
        .password()
        .or(Some(url.username()))
        .filter(|text| !text.is_empty())
    else {
        return Vec::new();
    };
    let decoded =
        url::form_urlencoded::parse(format!("k={}", secret.replace('+', "%2B")).as_bytes())
            .map(|(_, value)| value.into_owned())
            .collect::<String>();
    vec![secret.to_owned(), decoded]
}

/// Sends what was prepared and judges the answer; secrets met on the way are added to `secrets`.
pub(super) async fn make(
    prepared: Prepared,
    client: &prometheus::Client,
    policy: &Policy,
    metric: &Metric,
    secrets: &mut Vec<String>,
) -> Result<Outcome, AttemptError> {
    let Prepared {
        settings,
        address,
        query,
        now,
    } = prepared;
    let server = server::server(&settings, address)
        .await
        .map_err(AttemptError::Server)?;
    if let prometheus::Authentication::Bearer { token } = &server.authentication {
        secrets.push(token.0.clone());
    }
    let limits = prometheus::Limits {
        body: policy.limits.body,
        series: policy.limits.series,
        samples: policy.limits.samples,
    };
    let answer = client.query(&server, &query, &limits).await;
    secrets.extend(client.secrets(&server).await);
    let Answer {
        data,
        warnings,
        infos,
        ..
    } = answer.map_err(AttemptError::Query)?;
    let reading = reading::read(&data).map_err(AttemptError::Reading)?;
    let (value, limit) = (reading.value.clone(), policy.limits.value);
    if value.len() > limit {
        return Err(AttemptError::Value {
            found: value.len(),
            limit,
        });
    }
    let conditions = Conditions {
        success: metric.success_condition.clone(),
        failure: metric.failure_condition.clone(),
    };
    let verdict = verdict(conditions, reading, now).await?;
    Ok(Outcome {
        verdict,
        value,
        query: query.text,
        warnings,
        infos,
    })
}

impl Outcome {
    /// The measurement. As in the built-in provider, a condition that cannot be evaluated leaves neither value nor warnings.
    pub(super) fn attempt(self, mask: &Mask) -> Attempt {
        let mut metadata = BTreeMap::new();
        let mut note = |key: &str, text: String| {
            if !text.is_empty() {
                metadata.insert(key.to_owned(), text);
            }
        };
        note("ResolvedPrometheusQuery", hidden_text(&self.query, mask));
        let judged = self.verdict.phase != Phase::Error;
        if judged {
            note("warnings", annotations(&self.warnings, mask));
            note("infos", annotations(&self.infos, mask));
        }
        Attempt {
            message: self.verdict.message.line(mask),
            phase: self.verdict.phase,
            value: if judged { self.value } else { String::new() },
            metadata,
        }
    }
}

impl AttemptError {
    /// An Error measurement.
    pub(super) fn attempt(&self, mask: &Mask) -> Attempt {
        let message = Wording::of_others(&chain(self)).line(mask);
        Attempt {
            phase: Phase::Error,
            message,
            ..Attempt::default()
        }
    }
}

/// What may take long runs on a thread of its own: a Ping must not wait for it.
async fn verdict(
    conditions: Conditions,
    reading: Reading,
    now: Timestamp,
) -> Result<Verdict, AttemptError> {
    let elements = reading.value.len() / 2 + 1;
    let quick = |text: &str| condition::is_quick(text, elements);
    if quick(&conditions.success) && quick(&conditions.failure) {
        return Ok(judge(&conditions, &reading, now));
    }
    tokio::task::spawn_blocking(move || judge(&conditions, &reading, now))
        .await
        .map_err(|error| AttemptError::Judge(error.to_string()))
}

/// As the built-in provider writes warnings: `"one", "two"`.
fn annotations(texts: &[String], mask: &Mask) -> String {
    let mut quoted = String::new();
    for text in texts {
        if quoted.len() > METADATA {
            break;
        }
        if !quoted.is_empty() {
            quoted.push_str(", ");
        }
        quoted.push_str(&format!("\"{}\"", mask.hide(&bounded(text, READ))));
    }
    bounded(&quoted, METADATA)
}

/// A query keeps its lines.
fn hidden_text(text: &str, mask: &Mask) -> String {
    bounded(&mask.hide(&bounded(text, READ)), METADATA)
}

/// A metric's query for `GetMetadata`, where there is no run to fill placeholders from; `seen` are secrets of Runs.
pub(super) fn query_of(metric: &Metric, seen: impl IntoIterator<Item = String>) -> Option<String> {
    let settings = Settings::of(metric, &Map::new()).ok()?;
    let mut secrets = secrets_of(&settings, settings.address.as_ref());
    secrets.extend(seen);
    Some(hidden_text(
        &settings.query,
        &Mask::new(secrets.iter().map(String::as_str)),
    ))
}

/// What a call that ran out of its time says.
pub(super) fn late(timeout: Duration) -> Attempt {
    let message = format!(
        "the measurement took longer than its timeout of {} s",
        timeout.as_secs_f64()
    );
    Attempt {
        phase: Phase::Error,
        message,
        ..Attempt::default()
    }
}
