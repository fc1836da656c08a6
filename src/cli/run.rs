//! A template measured by hand: each metric as often as the controller would, until all are over.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::args::{Format, RunOptions};
use super::formats::paint::escaped;
use super::template::{self, Template};
use super::{DONE, Done, NOT_SUCCESSFUL, environment, render, yaml};
use crate::analysis::limits::{Assessment, Tally};
use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::Metric;
use crate::analysis::policy::Policy;
use crate::analysis::provider::MetricProvider;
use crate::analysis::run::{AnalysisRun, Owner};
use crate::analysis::settings::fields::joined;
use crate::measure::provider::Provider;
use crate::text::duration::parse_go_duration;
use crate::text::filled::{Filled, Placeholder};

/// What became of one metric.
struct MetricOutcome {
    metric: String,
    phase: Phase,
    message: String,
    measurements: Vec<Measurement>,
    /// Measured, but what comes of it decides nothing.
    is_dry: bool,
}

/// Measures, prints, and answers whether all of it was Successful.
pub(super) fn run(options: &RunOptions) -> Done {
    let mut template = template::read(
        &options.file,
        options.template.as_deref(),
        &options.arguments,
    )?;
    if let Some(name) = &options.metric {
        let names: Vec<_> = template
            .metrics
            .iter()
            .map(|metric| format!("`{}`", metric.name))
            .collect();
        template.metrics.retain(|metric| metric.name == *name);
        if template.metrics.is_empty() {
            return Err(format!(
                "{}: no metric `{name}`; it has {}",
                template.resource,
                names.join(", ")
            )
            .into());
        }
    }
    if template.metrics.is_empty() {
        return Err(format!("{}: no metrics", template.resource).into());
    }
    let policy = policy(options)?;
    know_the_run(&template, options)?;
    for metric in &mut template.metrics {
        if metric.success_condition.is_empty() && metric.failure_condition.is_empty() {
            render::problem(&format!(
                "note: metric `{}` has no condition: whatever is measured is Successful",
                metric.name
            ));
        }
        metric.plugins = asked_elsewhere(std::mem::take(&mut metric.plugins), options);
    }
    let provider = Arc::new(Provider::new(Ok(policy), environment::surroundings()));
    let run = analysis_run(&template, options);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcomes = runtime.block_on(measure_all(provider, run, &template, options.format))?;
    told(&template, &outcomes, options.format)
}

/// Refuses what the command line has to say of the run and does not: every measurement would be an Error.
fn know_the_run(template: &Template, options: &RunOptions) -> Result<(), String> {
    let plugins = template.metrics.iter().flat_map(|metric| &metric.plugins);
    for (_, json) in plugins.filter(|(name, _)| name != "prometheus") {
        let settings = String::from_utf8_lossy(json);
        for (name, is_given) in [
            ("hash", options.hash.is_some()),
            ("rollout", options.rollout.is_some()),
        ] {
            let filled = Filled::new(&settings, |_| None);
            let wanted = Placeholder::Run(name.to_owned());
            let is_used = filled
                .pieces
                .iter()
                .any(|piece| piece.placeholder == wanted);
            if is_used && !is_given {
                let resource = &template.resource;
                return Err(format!(
                    "{resource}: `$(run.{name})` has no value; give it with `--{name} {}`",
                    if name == "hash" { "HASH" } else { "NAME" }
                ));
            }
        }
    }
    Ok(())
}

fn policy(options: &RunOptions) -> Result<Policy, Box<dyn std::error::Error>> {
    let Some(path) = &options.policy else {
        return Ok(Policy::default());
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("read policy `{}`: {error}", path.display()))?;
    Ok(yaml::object(&text)
        .and_then(|object| Policy::from_object(&object))
        .map_err(|complaints| format!("policy `{}`: {}", path.display(), joined(&complaints)))?)
}

/// The settings with `--prometheus` as their address.
fn asked_elsewhere(
    plugins: Vec<(String, Vec<u8>)>,
    options: &RunOptions,
) -> Vec<(String, Vec<u8>)> {
    let Some(address) = &options.prometheus else {
        return plugins;
    };
    plugins
        .into_iter()
        .map(
            |(name, json)| match serde_json::from_slice::<Map<String, Value>>(&json) {
                Ok(mut settings) => {
                    settings.insert("address".to_owned(), Value::from(address.as_str()));
                    (name, Value::Object(settings).to_string().into_bytes())
                }
                Err(_) => (name, json),
            },
        )
        .collect()
}

/// The run that a controller would have made.
fn analysis_run(template: &Template, options: &RunOptions) -> AnalysisRun {
    let now = Timestamp::now();
    let since = SignedDuration::try_from(options.since.unwrap_or_default()).unwrap_or_default();
    let namespace = options
        .namespace
        .clone()
        .or_else(|| template.namespace.clone());
    AnalysisRun {
        name: "by-hand".to_owned(),
        namespace: namespace.unwrap_or_else(|| "default".to_owned()),
        labels: options
            .hash
            .iter()
            .map(|hash| ("rollouts-pod-template-hash".to_owned(), hash.clone()))
            .collect(),
        owners: options
            .rollout
            .iter()
            .map(|name| Owner {
                kind: "Rollout".to_owned(),
                name: name.clone(),
            })
            .collect(),
        created_at: now.checked_sub(since).ok(),
        args: template.arguments.clone(),
        ..AnalysisRun::default()
    }
}

/// All metrics side by side; one that ends badly ends the others before their next measurement.
async fn measure_all(
    provider: Arc<Provider>,
    run: AnalysisRun,
    template: &Template,
    format: Format,
) -> Result<Vec<MetricOutcome>, tokio::task::JoinError> {
    let (over, _) = watch::channel(false);
    let over = Arc::new(over);
    let tasks: Vec<_> = template
        .metrics
        .iter()
        .map(|metric| {
            tokio::spawn(measure(
                provider.clone(),
                run.clone(),
                metric.clone(),
                over.clone(),
                Manner {
                    format,
                    is_dry: template.dry.contains(&metric.name),
                },
            ))
        })
        .collect();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        outcomes.push(task.await?);
    }
    Ok(outcomes)
}

/// How a metric is measured.
#[derive(Clone, Copy)]
struct Manner {
    format: Format,
    is_dry: bool,
}

async fn measure(
    provider: Arc<Provider>,
    run: AnalysisRun,
    metric: Metric,
    over: Arc<watch::Sender<bool>>,
    manner: Manner,
) -> MetricOutcome {
    let mut terminated = over.subscribe();
    let mut tally = Tally::default();
    let mut measurements = Vec::new();
    let mut wait = initial_delay(&metric);
    let (phase, message) = loop {
        let stopped = tokio::time::timeout(wait, terminated.wait_for(|over| *over))
            .await
            .is_ok();
        if stopped {
            break (
                Phase::Successful,
                "ended early: another metric was not successful".to_owned(),
            );
        }
        let measurement = provider.run(Some(run.clone()), metric.clone()).await;
        tally.add(&measurement.phase);
        let assessment = tally.assess(&metric, &measurement.phase);
        if manner.format == Format::Human {
            // Where nobody reads any more the exit code still tells; a full disk is told at the end.
            let _ = render::line(&line_of(&metric.name, &measurement));
        }
        measurements.push(measurement);
        match assessment {
            Assessment::Again(pause) => wait = pause,
            Assessment::Over(phase, message) => break (phase, message),
        }
    };
    if phase != Phase::Successful && !manner.is_dry {
        over.send_replace(true);
    }
    MetricOutcome {
        metric: metric.name,
        phase,
        message,
        measurements,
        is_dry: manner.is_dry,
    }
}

fn initial_delay(metric: &Metric) -> std::time::Duration {
    let nanoseconds = parse_go_duration(&metric.initial_delay).unwrap_or(0);
    std::time::Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

fn line_of(metric: &str, measurement: &Measurement) -> String {
    let value = crate::text::chain::bounded(&measurement.value, 60);
    let line = format!(
        "{metric:<24} {:<12} {value:<12} {}",
        measurement.phase, measurement.message
    );
    line.trim_end().to_owned()
}

/// Prints the end and answers the exit code: the worst of the metrics is the run's phase, those of a dry run aside.
fn told(template: &Template, outcomes: &[MetricOutcome], format: Format) -> Done {
    let badness = |outcome: &&MetricOutcome| match outcome.phase {
        Phase::Failed => 3,
        Phase::Error => 2,
        Phase::Inconclusive => 1,
        _ => 0,
    };
    let deciding = outcomes.iter().filter(|outcome| !outcome.is_dry);
    let worst = deciding
        .max_by_key(badness)
        .filter(|worst| worst.phase != Phase::Successful);
    let phase = worst.map_or(Phase::Successful, |worst| worst.phase.clone());
    let message = worst.map(assessed).unwrap_or_default();
    let resource = &template.resource;
    match format {
        Format::Json => {
            let json = json_of(template, &phase, &message, outcomes);
            render::line(&escaped(&json.to_string()))?;
        }
        Format::Human => {
            let dry = outcomes.iter().filter(|outcome| outcome.is_dry);
            let lines = dry
                .filter(|outcome| outcome.phase != Phase::Successful)
                .map(|outcome| format!("\ndry run, decides nothing: {}", assessed(outcome)));
            let last = match worst {
                None => format!("\n{resource}: Successful"),
                Some(_) => format!("\n{resource}: {phase}: {message}"),
            };
            for line in lines.chain([last]) {
                render::line(&line)?;
            }
        }
    }
    Ok(match worst {
        None => DONE,
        Some(_) => NOT_SUCCESSFUL,
    })
}

fn assessed(outcome: &MetricOutcome) -> String {
    let MetricOutcome {
        metric,
        phase,
        message,
        ..
    } = outcome;
    format!("metric \"{metric}\" assessed {phase} due to {message}")
}

fn json_of(template: &Template, phase: &Phase, message: &str, outcomes: &[MetricOutcome]) -> Value {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let measurement = |one: &Measurement| {
        json!({
            "phase": one.phase.as_str(),
            "message": one.message,
            "value": one.value,
            "metadata": one.metadata,
            "startedAt": time(one.started_at),
            "finishedAt": time(one.finished_at),
        })
    };
    let metrics: Vec<Value> = outcomes
        .iter()
        .map(|outcome| {
            let mut told = json!({
                "metric": outcome.metric,
                "phase": outcome.phase.as_str(),
                "message": outcome.message,
                "measurements": outcome.measurements.iter().map(measurement).collect::<Vec<_>>(),
            });
            if outcome.is_dry {
                told["dryRun"] = Value::Bool(true);
            }
            told
        })
        .collect();
    json!({"resource": template.resource, "phase": phase.as_str(), "message": message, "metrics": metrics})
}
