//! A template measured by hand: each metric as often as the controller would, until all are over.
//!
//! `follow` measures and tells what happens, `board` holds where it stands; `lines`, `progress`, `sparkline` and `table` are
//! what a person reads of it, `json` what a program does.

mod board;
mod follow;
mod json;
mod lines;
mod progress;
mod sparkline;
mod table;

use std::future::pending;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use tokio::time::Instant;

use self::board::Board;
use self::follow::{Following, Weight};
use self::lines::{Manner, line};
use self::progress::{bars, progress, rewritten};
use self::sparkline::Ramp;
use self::table::{Queries, summary};
use super::args::{Format, RunOptions};
use super::formats::paint::{Paint, escaped};
use super::template::{self, Template};
use super::{DONE, Done, NOT_SUCCESSFUL, environment, render, yaml};
use crate::analysis::metric::Metric;
use crate::analysis::policy::Policy;
use crate::analysis::provider::MetricProvider;
use crate::analysis::run::{AnalysisRun, Owner};
use crate::analysis::settings::fields::joined;
use crate::measure::provider::Provider;
use crate::text::filled::{Filled, Placeholder};

/// Between two looks at the clock.
const TICK: Duration = Duration::from_secs(1);

/// Measures, prints, and answers whether all of it was Successful.
pub(super) fn run(options: &RunOptions) -> Done {
    let mut template = template::read(
        &options.file,
        options.template.as_deref(),
        &options.arguments,
    )?;
    choose(&mut template, options.metric.as_deref())?;
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
    let provider = Provider::new(Ok(policy), environment::surroundings());
    let run = analysis_run(&template, options);
    let weighed = |metric: Metric| match template.dry.contains(&metric.name) {
        true => (metric, Weight::Dry),
        false => (metric, Weight::Decides),
    };
    let metrics: Vec<_> = template.metrics.into_iter().map(weighed).collect();
    let screen = Screen::new(options);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let board = Board::new(&template.resource, &metrics);
    let board = runtime.block_on(followed(provider, run, metrics, board, screen));
    // A condition that is still evaluated would be waited for.
    runtime.shutdown_background();
    let board = board?;
    told(&board, options, screen)
}

/// Leaves the metric called `name`, all without one.
fn choose(template: &mut Template, name: Option<&str>) -> Result<(), String> {
    let resource = &template.resource;
    if let Some(name) = name {
        let names: Vec<_> = template
            .metrics
            .iter()
            .map(|metric| format!("`{}`", metric.name))
            .collect();
        template.metrics.retain(|metric| metric.name == *name);
        if template.metrics.is_empty() {
            return Err(format!(
                "{resource}: no metric `{name}`; it has {}",
                names.join(", ")
            ));
        }
    }
    match template.metrics.is_empty() {
        true => Err(format!("{resource}: no metrics")),
        false => Ok(()),
    }
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
    // Kubernetes keeps whole seconds.
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
    let since = SignedDuration::try_from(options.since).unwrap_or_default();
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

/// What is printed while it goes on, and how.
#[derive(Debug, Clone, Copy)]
struct Screen {
    manner: Manner,
    paint: Paint,
    ramp: Ramp,
}

impl Screen {
    fn new(options: &RunOptions) -> Screen {
        let manner = match (options.format, options.watch, render::is_watched()) {
            (Format::Json, _, _) => Manner::Silent,
            (Format::Human, false, _) => Manner::Plain,
            (Format::Human, true, false) => Manner::Timed,
            (Format::Human, true, true) => Manner::Live,
        };
        let ramp = match environment::is_unicode() {
            true => Ramp::Blocks,
            false => Ramp::Digits,
        };
        let paint = render::paint();
        Screen {
            manner,
            paint,
            ramp,
        }
    }
}

/// Follows the analysis to its end, or to Ctrl-C where a person reads.
async fn followed<P: MetricProvider>(
    provider: P,
    run: AnalysisRun,
    metrics: Vec<(Metric, Weight)>,
    mut board: Board,
    screen: Screen,
) -> Result<Board, Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let mut following = Following::begin(provider, run, metrics);
    let mut ticks = tokio::time::interval(TICK);
    let mut interrupted = std::pin::pin!(interrupted(screen.manner));
    let mut drawn = 0;
    loop {
        let mut above = String::new();
        let mut is_over = false;
        tokio::select! {
            news = following.next() => match news? {
                Some(news) => {
                    let line = line(&board, &news, screen.manner, screen.paint);
                    above.extend(line.map(|line| format!("{line}\n")));
                    board.note(news);
                }
                None => is_over = true,
            },
            () = &mut interrupted => is_over = true,
            _ = ticks.tick(), if screen.manner == Manner::Live => {}
        }
        let block = match screen.manner {
            Manner::Live if !is_over => progress(&board, begun.elapsed(), screen.ramp),
            _ => Vec::new(),
        };
        let text = rewritten(drawn, &above, &block);
        drawn = block.len();
        if !text.is_empty() {
            // Where nobody reads any more the exit code still tells; a full disk is told at the end.
            let _ = render::text(&text);
        }
        if is_over {
            return Ok(board);
        }
    }
}

/// Ends with Ctrl-C; a program that reads JSON has no use for half of it.
async fn interrupted(manner: Manner) {
    if manner == Manner::Silent || tokio::signal::ctrl_c().await.is_err() {
        pending().await
    }
}

/// Prints the end and answers the exit code: the worst of the metrics is the run's phase, those of a dry run aside.
fn told(board: &Board, options: &RunOptions, screen: Screen) -> Done {
    match options.format {
        Format::Json => {
            render::line(&escaped(&json::json(board).to_string()))?;
        }
        Format::Human => {
            let queries = match options.verbose {
                true => Queries::Told,
                false => Queries::Left,
            };
            let bars = match options.watch {
                true => bars(board, screen.ramp),
                false => Vec::new(),
            };
            let bars: String = bars.iter().map(|line| format!("\n{line}")).collect();
            let bars = if bars.is_empty() { bars } else { bars + "\n" };
            let summary = summary(board, queries, screen.paint);
            render::text(&format!("{bars}\n{summary}"))?;
        }
    }
    Ok(match board.worst().is_none() && board.is_over() {
        true => DONE,
        false => NOT_SUCCESSFUL,
    })
}

#[cfg(test)]
mod tests;
