//! Plays the Argo Rollouts controller for one AnalysisTemplate: starts a plugin, asks it for one measurement of each
//! metric through its socket, and prints the answers.
//!
//! ```text
//! controller --plugin BINARY --template FILE [--address URL] [--namespace NAMESPACE] [--arg NAME=VALUE]…
//! ```
//!
//! `--address` replaces the address of every metric, `--namespace` is the AnalysisRun's own. Exit status 0: every
//! metric was answered, whatever the phase.

#[path = "../../tests/host/mod.rs"]
mod host;
mod template;

use std::error::Error;
use std::io::Write;
use std::path::Path;

use promql_guard::analysis::run::{AnalysisRun, Argument};

use host::{Host, Process};

/// What the command line says.
#[derive(Default)]
struct Arguments {
    plugin: String,
    template: String,
    address: Option<String>,
    namespace: String,
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
        writeln!(
            out,
            "{:<20} {:<12} {}",
            metric.name, measurement.phase, measurement.value
        )?;
        if !measurement.message.is_empty() {
            writeln!(out, "  {}", measurement.message)?;
        }
    }
    host.quit().await?;
    plugin.wait()?;
    Ok(())
}
