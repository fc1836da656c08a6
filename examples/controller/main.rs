//! Plays the Argo Rollouts controller for one AnalysisTemplate: starts a plugin, asks it for one measurement of each
//! metric through its socket, and prints the answers.
//!
//! ```text
//! controller --plugin BINARY --template FILE [--address URL] [--arg NAME=VALUE]…
//!            [--namespace NAMESPACE] [--rollout NAME] [--hash HASH] [--since SECONDS]
//! ```
//!
//! `--address` replaces the address of every metric. The others say whose AnalysisRun it is: its namespace, the Rollout that
//! owns it, the canary's pod-template-hash, and how long ago it was made (0). Exit status 0: every metric was answered,
//! whatever the phase.

#[path = "../../tests/host/mod.rs"]
mod host;
mod template;

use std::error::Error;
use std::io::Write;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use promql_guard::analysis::measurement::Measurement;
use promql_guard::analysis::run::{AnalysisRun, Argument, Owner};

use host::{Host, Process};

/// What the command line says.
#[derive(Default)]
struct Arguments {
    plugin: String,
    template: String,
    address: Option<String>,
    namespace: String,
    rollout: Option<String>,
    hash: Option<String>,
    since: SignedDuration,
    args: Vec<(String, String)>,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut arguments = Self::default();
        while let Some(flag) = words.next() {
            let value = words
                .next()
                .ok_or_else(|| format!("`{flag}` has no value"))?;
            match flag.as_str() {
                "--plugin" => arguments.plugin = value,
                "--template" => arguments.template = value,
                "--address" => arguments.address = Some(value),
                "--namespace" => arguments.namespace = value,
                "--rollout" => arguments.rollout = Some(value),
                "--hash" => arguments.hash = Some(value),
                "--since" => arguments.since = SignedDuration::from_secs(value.parse()?),
                "--arg" => {
                    let (name, value) = value.split_once('=').ok_or_else(|| {
                        format!("expected NAME=VALUE after `--arg`, found `{value}`")
                    })?;
                    arguments.args.push((name.to_owned(), value.to_owned()));
                }
                _ => return Err(format!("unknown flag `{flag}`").into()),
            }
        }
        for (flag, value) in [
            ("--plugin", &arguments.plugin),
            ("--template", &arguments.template),
        ] {
            if value.is_empty() {
                return Err(format!("`{flag}` is missing").into());
            }
        }
        Ok(arguments)
    }

    /// The run that a Rollout's step would have made.
    fn analysis_run(&self) -> AnalysisRun {
        AnalysisRun {
            name: "echo-server-5478f49d8b-2-1".to_owned(),
            namespace: self.namespace.clone(),
            labels: self
                .hash
                .iter()
                .map(|hash| ("rollouts-pod-template-hash".to_owned(), hash.clone()))
                .collect(),
            owners: self
                .rollout
                .iter()
                .map(|name| Owner {
                    kind: "Rollout".to_owned(),
                    name: name.clone(),
                })
                .collect(),
            created_at: Timestamp::now().checked_sub(self.since).ok(),
            args: self
                .args
                .iter()
                .map(|(name, value)| Argument {
                    name: name.clone(),
                    value: Some(value.clone()),
                    secret: false,
                })
                .collect(),
            ..AnalysisRun::default()
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let yaml = std::fs::read_to_string(&arguments.template)
        .map_err(|cause| format!("read `{}`: {cause}", arguments.template))?;
    let metrics = template::metrics(&yaml, &arguments.args, arguments.address.as_deref())?;
    let run = arguments.analysis_run();
    let mut out = std::io::stdout();

    // Version 1 is net/rpc, all that the controller offers.
    let mut plugin = Process::start(Path::new(&arguments.plugin), &[], "1", &[])?;
    let host = Host::connect(&plugin).await?;
    host.init().await??;
    writeln!(
        out,
        "{} speaks {}, on {}",
        host.kind().await?,
        plugin.protocol,
        plugin.socket.display()
    )?;
    for metric in &metrics {
        // The controller pings before each measurement, and starts the plugin anew if that fails.
        host.ping().await?;
        let measurement = host.run(Some(&run), metric).await?;
        tell(&mut out, &metric.name, &measurement)?;
    }
    host.quit().await?;
    plugin.wait()?;
    Ok(())
}

/// The phase with the value, and below it all else that the AnalysisRun would keep, but for the query.
fn tell(out: &mut impl Write, metric: &str, measurement: &Measurement) -> std::io::Result<()> {
    let Measurement {
        phase,
        value,
        message,
        ..
    } = measurement;
    writeln!(out, "{metric:<20} {phase:<12} {value}")?;
    if !message.is_empty() {
        writeln!(out, "  {message}")?;
    }
    for (key, text) in &measurement.metadata {
        if key != "ResolvedPrometheusQuery" {
            writeln!(out, "  {key}: {}", text.replace('\n', "\n    "))?;
        }
    }
    if let Some(at) = measurement.resume_at {
        writeln!(out, "  resumeAt: {at}")?;
    }
    Ok(())
}
