//! One call of the controller into its answer: bounded in time, secrets hidden, told to the log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::asking::Asker;
use super::attempt::{Attempt, query_of};
use super::counters::{Counters, Tally};
use super::course::{self, Call};
use super::error::AttemptError;
use super::findings::unknown_rules;
use super::jobs::Jobs;
use super::no_data::Waiting;
use super::prepare::{Prepared, prepare};
use super::server;
use super::surroundings::Surroundings;
use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::Metric;
use crate::analysis::policy::{Dial, Policy};
use crate::analysis::provider::MetricProvider;
use crate::analysis::run::AnalysisRun;
use crate::analysis::secrets::{Mask, secret_arguments};
use crate::analysis::settings::Guard;
use crate::analysis::settings::fields::{Complaint, joined};
use crate::evidence::cause::words::terminated;
use crate::evidence::outcome::{Outcome, Refusal};
use crate::prometheus::{self, AtOnce, Client, ClientSettings, DialRules, Limits};
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
    /// What is kept of look-ups.
    jobs: Jobs,
    counters: Arc<Counters>,
    /// Secrets that Runs showed: `GetMetadata` gets the metric without the run.
    seen: Mutex<VecDeque<String>>,
}

impl Provider {
    /// A provider under `policy`; with one that could not be read, each call is an Error that says so.
    pub fn new(policy: Result<Policy, Vec<Complaint>>, mut surroundings: Surroundings) -> Self {
        let policy = policy.and_then(|policy| match unknown_rules(&policy) {
            complaints if complaints.is_empty() => Ok(policy),
            complaints => Err(complaints),
        });
        let dial = policy
            .as_ref()
            .map(|policy| dial_rules(&policy.dial))
            .unwrap_or_default();
        let at_once = policy.as_ref().map_or_else(
            |_| AtOnce::default(),
            |policy| AtOnce {
                queries_per_server: policy.limits.queries,
                bodies_per_server: policy.limits.bodies_per_server,
                bodies: policy.limits.bodies,
            },
        );
        let client = Client::new(ClientSettings {
            dial,
            at_once,
            proxies: std::mem::take(&mut surroundings.proxies),
            aws: std::mem::take(&mut surroundings.aws),
            ..ClientSettings::default()
        });
        Provider {
            policy,
            surroundings,
            client,
            jobs: Jobs::default(),
            counters: Arc::default(),
            seen: Mutex::default(),
        }
    }

    /// What was measured and asked since the process began.
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    async fn measured(
        &self,
        run: &AnalysisRun,
        metric: &Metric,
        waited: Option<&Measurement>,
        now: Timestamp,
    ) -> Attempt {
        let mut secrets: Vec<String> = secret_arguments(run).map(str::to_owned).collect();
        // Before anything can fail: `GetMetadata` comes after an Error too.
        self.remember(&secrets);
        let policy = match self.policy() {
            Ok(policy) => policy,
            Err(message) => return Attempt::error(message),
        };
        let prepared = match prepare(policy, &self.surroundings, run, metric, now).await {
            Ok(prepared) => prepared,
            Err(refused) => return refused.attempt(&mask_of(&secrets)),
        };
        secrets.extend(prepared.secrets());
        self.remember(&secrets);
        let timeout = prepared.timeout;
        let guard = prepared.guard();
        let call = Call {
            metric,
            waited,
            follows_error: run.last_phases.get(&metric.name) == Some(&Phase::Error),
            value_limit: policy.limits.value,
        };
        let attempt = self.asked(policy, prepared, call, secrets);
        tokio::time::timeout(timeout + GRACE, attempt)
            .await
            .unwrap_or_else(|_| Attempt::late(timeout, guard))
    }

    /// Asks the server and judges what it says.
    async fn asked(
        &self,
        policy: &Policy,
        prepared: Prepared,
        call: Call<'_>,
        mut secrets: Vec<String>,
    ) -> Attempt {
        let deadline = Instant::now() + prepared.timeout;
        let server = match server::server(&prepared.settings, prepared.address.clone()).await {
            Ok(server) => server,
            Err(error) => {
                return prepared
                    .refused(AttemptError::Server(error))
                    .attempt(&mask_of(&secrets));
            }
        };
        if let prometheus::Authentication::Bearer { token } = &server.authentication {
            secrets.push(token.0.clone());
        }
        let asker = Asker {
            client: &self.client,
            server: &server,
            limits: Limits {
                body: policy.limits.body,
                series: policy.limits.series,
                samples: policy.limits.samples,
            },
            deadline,
            timeout: prepared.timeout,
            asked: AtomicUsize::new(0),
            jobs: &self.jobs,
            counters: &self.counters,
        };
        let course = course::run(&prepared, call, &asker).await;
        secrets.extend(self.client.secrets(&server).await);
        course.attempt(&prepared, &mask_of(&secrets))
    }

    /// Run, and Resume of a measurement that waits.
    async fn measurement(
        &self,
        run: Option<AnalysisRun>,
        metric: Metric,
        waited: Option<Measurement>,
    ) -> Measurement {
        let now = Timestamp::now();
        let attempt = match &run {
            Some(run) => self.measured(run, &metric, waited.as_ref(), now).await,
            None => Attempt::error("analysisRun is nil".to_owned()),
        };
        let finished = Timestamp::now();
        // Where nothing was even prepared, the policy or the clock refused.
        let unknown = || Tally::of(Guard::Enforce, Outcome::Error(Refusal::Policy));
        let tally = attempt.tally.clone().unwrap_or_else(unknown);
        self.counters.counted(&attempt.phase, &tally);
        Self::told(&run.unwrap_or_default(), &metric, now, finished, &attempt);
        let started = waited.and_then(|waited| waited.started_at).unwrap_or(now);
        Measurement {
            finished_at: (attempt.phase != Phase::Running).then_some(finished),
            phase: attempt.phase,
            message: attempt.message,
            started_at: Some(started),
            value: attempt.value,
            metadata: attempt.metadata,
            resume_at: attempt
                .resume_at
                .map(|at| Waiting::not_at_once(at, finished)),
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
                    outcome = attempt.metadata.get("outcome").map(String::as_str),
                    would_be = attempt.metadata.get("wouldBe").map(String::as_str),
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
        self.measurement(run, metric, None).await
    }

    /// Goes on with a measurement that waits for data; one that is over is returned as it is.
    async fn resume(
        &self,
        run: Option<AnalysisRun>,
        metric: Metric,
        measurement: Measurement,
    ) -> Measurement {
        match is_over(&measurement) {
            true => measurement,
            false => self.measurement(run, metric, Some(measurement)).await,
        }
    }

    /// Ends a measurement that waits for data. Successful would pass, and so would one Error, which is within the limit.
    async fn terminate(
        &self,
        _: Option<AnalysisRun>,
        _: Metric,
        mut measurement: Measurement,
    ) -> Measurement {
        if is_over(&measurement) {
            return measurement;
        }
        let outcome = Outcome::Terminated.as_str().to_owned();
        measurement.metadata.insert("outcome".to_owned(), outcome);
        measurement.message = terminated(&measurement.message);
        measurement.phase = Phase::Inconclusive;
        measurement.finished_at = Some(Timestamp::now());
        measurement.resume_at = None;
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

/// Whether a measurement has its phase.
fn is_over(measurement: &Measurement) -> bool {
    measurement.finished_at.is_some() || measurement.phase != Phase::Running
}

fn mask_of(secrets: &[String]) -> Mask {
    Mask::new(secrets.iter().map(String::as_str))
}
