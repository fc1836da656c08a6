//! One call of the controller into its answer: bounded in time, secrets hidden, told to the log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use super::attempt::{Attempt, late, make, prepare, query_of};
use super::surroundings::Surroundings;
use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::Metric;
use crate::analysis::policy::{Dial, Policy};
use crate::analysis::provider::MetricProvider;
use crate::analysis::run::AnalysisRun;
use crate::analysis::secrets::{Mask, secret_arguments};
use crate::analysis::settings::fields::{Complaint, joined};
use crate::prometheus::{Client, ClientSettings, DialRules};
use crate::text::chain::bounded;

/// A call ends this long after its request's timeout, whatever the server does.
const GRACE: Duration = Duration::from_secs(1);

/// How many secrets are remembered for `GetMetadata`, the newest ones.
const REMEMBERED: usize = 256;

/// The provider's name.
const KIND: &str = "PromqlGuard";

/// Measures PromQL metrics.
pub struct Provider {
    policy: Result<Policy, Vec<Complaint>>,
    surroundings: Surroundings,
    client: Client,
    /// Secrets that Runs showed: `GetMetadata` gets the metric without the run.
    seen: Mutex<VecDeque<String>>,
}

impl Provider {
    /// A provider under `policy`; with one that could not be read, each call is an Error that says so.
    pub fn new(policy: Result<Policy, Vec<Complaint>>, mut surroundings: Surroundings) -> Self {
        let dial = policy
            .as_ref()
            .map(|policy| dial_rules(&policy.dial))
            .unwrap_or_default();
        let client = Client::new(ClientSettings {
            dial,
            proxies: std::mem::take(&mut surroundings.proxies),
            aws: std::mem::take(&mut surroundings.aws),
            ..ClientSettings::default()
        });
        Provider {
            policy,
            surroundings,
            client,
            seen: Mutex::default(),
        }
    }

    async fn measured(&self, run: &AnalysisRun, metric: &Metric, now: Timestamp) -> Attempt {
        let mut secrets: Vec<String> = secret_arguments(run).map(str::to_owned).collect();
        // Before anything can fail: `GetMetadata` comes after an Error too.
        self.remember(&secrets);
        let policy = match self.policy() {
            Ok(policy) => policy,
            Err(message) => {
                return Attempt {
                    phase: Phase::Error,
                    message,
                    ..Attempt::default()
                };
            }
        };
        let prepared = match prepare(policy, &self.surroundings, run, metric, now).await {
            Ok(prepared) => prepared,
            Err(error) => return error.attempt(&mask_of(&secrets)),
        };
        secrets.extend(prepared.secrets());
        self.remember(&secrets);
        let timeout = prepared.timeout();
        let outcome = make(prepared, &self.client, policy, metric, &mut secrets);
        match tokio::time::timeout(timeout + GRACE, outcome).await {
            Ok(Ok(outcome)) => outcome.attempt(&mask_of(&secrets)),
            Ok(Err(error)) => error.attempt(&mask_of(&secrets)),
            Err(_) => late(timeout),
        }
    }

    fn policy(&self) -> Result<&Policy, String> {
        self.policy.as_ref().map_err(|complaints| {
            format!(
                "the operator's policy cannot be used: {}",
                joined(complaints)
            )
        })
    }

    fn remember(&self, secrets: &[String]) {
        // A panic elsewhere leaves the list whole: it is only ever pushed to.
        let mut seen = self
            .seen
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // Those of a run that is measured again become the newest; one run's are kept together, however many.
        let mut older: VecDeque<String> = std::mem::take(&mut seen);
        older.retain(|known| !secrets.contains(known));
        older.extend(secrets.iter().cloned());
        *seen = older;
        let extra = seen.len().saturating_sub(REMEMBERED.max(secrets.len()));
        seen.drain(..extra);
    }

    fn told(
        run: &AnalysisRun,
        metric: &Metric,
        started: Timestamp,
        finished: Timestamp,
        attempt: &Attempt,
    ) {
        // The controller fills arguments into names too.
        let secrets: Vec<String> = secret_arguments(run).map(str::to_owned).collect();
        let metric = bounded(&mask_of(&secrets).hide(&metric.name), 200);
        macro_rules! told {
            ($level:ident) => {
                tracing::$level!(
                    run = %run.name,
                    namespace = %run.namespace,
                    %metric,
                    phase = %attempt.phase,
                    value = %bounded(&attempt.value, 200),
                    reason = %attempt.message,
                    milliseconds = finished.duration_since(started).as_millis() as u64,
                    "measured"
                )
            };
        }
        // The controller itself logs what is Successful, at every measurement.
        if attempt.phase == Phase::Successful {
            told!(debug);
        } else {
            told!(info);
        }
    }
}

impl MetricProvider for Provider {
    fn init(&self) -> Result<(), String> {
        self.policy().map(|_| ())
    }

    async fn run(&self, run: Option<AnalysisRun>, metric: Metric) -> Measurement {
        let started = Timestamp::now();
        let attempt = match &run {
            Some(run) => self.measured(run, &metric, started).await,
            None => Attempt {
                phase: Phase::Error,
                message: "analysisRun is nil".to_owned(),
                ..Attempt::default()
            },
        };
        let finished = Timestamp::now();
        Self::told(
            &run.unwrap_or_default(),
            &metric,
            started,
            finished,
            &attempt,
        );
        Measurement {
            phase: attempt.phase,
            message: attempt.message,
            started_at: Some(started),
            finished_at: Some(finished),
            value: attempt.value,
            metadata: attempt.metadata,
            resume_at: None,
        }
    }

    /// Nothing is ever left `Running`, so there is nothing to go on with: as the built-in provider.
    async fn resume(
        &self,
        _: Option<AnalysisRun>,
        _: Metric,
        measurement: Measurement,
    ) -> Measurement {
        measurement
    }

    /// As [`Self::resume`].
    async fn terminate(
        &self,
        _: Option<AnalysisRun>,
        _: Metric,
        measurement: Measurement,
    ) -> Measurement {
        measurement
    }

    async fn garbage_collect(
        &self,
        _: Option<AnalysisRun>,
        _: Metric,
        _: i64,
    ) -> Result<(), String> {
        Ok(())
    }

    fn kind(&self) -> String {
        KIND.to_owned()
    }

    fn metadata(&self, metric: &Metric) -> BTreeMap<String, String> {
        let seen = self
            .seen
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let seen = seen.clone();
        query_of(metric, seen)
            .map(|query| ("ResolvedPrometheusQuery".to_owned(), query))
            .into_iter()
            .collect()
    }
}

/// The operator's ranges over those that are never dialled by default.
fn dial_rules(dial: &Dial) -> DialRules {
    let mut rules = DialRules::default();
    rules.denied.extend(&dial.deny);
    rules.allowed.extend(&dial.allow);
    if dial.no_loopback {
        rules.deny_loopback();
    }
    rules
}

fn mask_of(secrets: &[String]) -> Mask {
    Mask::new(secrets.iter().map(String::as_str))
}
