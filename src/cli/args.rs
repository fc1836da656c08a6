//! What may be typed on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

/// Guard rails for Argo Rollouts' PromQL gates.
///
/// Started by an Argo Rollouts controller, this program is a metric provider plugin; the commands below are for people.
#[derive(Debug, Parser)]
#[command(
    name = "promql-guard",
    version,
    after_help = "Exit codes: 0 done, or Successful; 1 a measurement that is not Successful; 2 it could not be done."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Measure the metrics of an AnalysisTemplate as the plugin would, limits and intervals included
    Run(RunOptions),
    /// Answer Argo conditions, one JSON object a line
    Condition(ConditionOptions),
    /// Print the ConfigMap entry that makes a controller load this binary
    Install(InstallOptions),
    /// Write this binary to PATH, for an init container of an image without a shell
    Copy {
        /// Where to; a folder gets `promql-guard` in it
        path: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct RunOptions {
    /// The file that holds an AnalysisTemplate, ClusterAnalysisTemplate or AnalysisRun; `-` for standard input
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The template of this name, or `KIND/NAME`, where the file holds several
    #[arg(long, value_name = "NAME")]
    pub(super) template: Option<String>,
    /// Only this metric
    #[arg(long, value_name = "NAME")]
    pub(super) metric: Option<String>,
    /// A value for an argument of the template; may be given several times
    #[arg(long = "arg", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(super) arguments: Vec<(String, String)>,
    /// The run's namespace, `$(run.namespace)` [default: the template's, else `default`]
    #[arg(long, value_name = "NAMESPACE")]
    pub(super) namespace: Option<String>,
    /// The canary's pod-template-hash, `$(run.hash)`
    #[arg(long, value_name = "HASH")]
    pub(super) hash: Option<String>,
    /// The name of the Rollout, `$(run.rollout)`
    #[arg(long, value_name = "NAME")]
    pub(super) rollout: Option<String>,
    /// As if the run had started this long ago, for example `10m`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) since: Option<std::time::Duration>,
    /// Ask this server in place of the template's address
    #[arg(long, value_name = "URL", value_parser = server)]
    pub(super) prometheus: Option<Url>,
    /// The operator's policy that the plugin would have
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Lines for people, as they come
    Human,
    /// One object at the end
    Json,
}

#[derive(Debug, Args)]
pub(super) struct ConditionOptions {
    /// Read {"condition", "value"} or {"time"} objects from standard input, one a line, and answer each with one
    #[arg(long, required = true)]
    pub(super) ndjson: bool,
}

#[derive(Debug, Args)]
pub(super) struct InstallOptions {
    /// Where the controller fetches the binary: http, https or file
    #[arg(long, value_name = "URL")]
    pub(super) location: Url,
    /// The plugin's name in templates
    #[arg(long, value_name = "NAMESPACE/NAME", default_value = "promql-guard/promql-guard", value_parser = plugin_name)]
    pub(super) name: String,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    let nanoseconds =
        crate::text::duration::parse_go_duration(text).map_err(|error| error.to_string())?;
    u64::try_from(nanoseconds)
        .map(std::time::Duration::from_nanos)
        .map_err(|_| "negative".to_owned())
}

fn server(text: &str) -> Result<Url, String> {
    crate::analysis::settings::server_url(text)
}

/// What the controller takes as a plugin's name (`utils/plugin/types/types.go`).
fn plugin_name(text: &str) -> Result<String, String> {
    let good = |part: &str, more: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || more.contains(c))
    };
    match text.split_once('/') {
        Some((namespace, name)) if good(namespace, "") && good(name, "_.") => Ok(text.to_owned()),
        _ => Err("expected <namespace>/<name> of letters, digits and `-`; the controller does not start on another".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn names_of_plugins_are_those_the_controller_takes() {
        for (name, good) in [
            ("a/b", true),
            ("a-1/b_c.d", true),
            ("a_b/c", false),
            ("ab", false),
            ("a/b/c", false),
            ("/b", false),
        ] {
            assert_eq!(plugin_name(name).is_ok(), good, "{name}");
        }
    }
}
