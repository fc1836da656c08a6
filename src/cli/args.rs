//! What may be typed on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::lint::level::Level;

/// Guard rails for Argo Rollouts' PromQL gates.
///
/// Started by an Argo Rollouts controller, this program is a metric provider plugin; the commands below are for people.
#[derive(Debug, Parser)]
#[command(
    name = "promql-guard",
    version,
    after_help = "Exit codes: 0 done, clean, or Successful; 1 findings, or a measurement that is not Successful; 2 it could not be done."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Find gates that can never fail, can never pass, or look at the wrong pods
    Lint(LintOptions),
    /// Print what each answer of a gate's query would come to
    Verdicts(VerdictsOptions),
    /// Print a rule's page: what it finds, why, and what to write instead
    Explain(ExplainOptions),
    /// Measure the metrics of an AnalysisTemplate as the plugin would, limits, intervals and waits included
    Run(RunOptions),
    /// Answer Argo conditions, one JSON object a line
    Condition(ConditionOptions),
    /// Say what PromQL queries are, one JSON object a line
    Parse(ParseOptions),
    /// Print the ConfigMap entry that makes a controller load this binary
    Install(InstallOptions),
    /// Write this binary to PATH, for an init container of an image without a shell
    Copy {
        /// Where to; a folder gets `promql-guard` in it
        path: PathBuf,
    },
}

/// What is read, and what is said beside it.
#[derive(Debug, Args)]
pub(super) struct InputOptions {
    /// Files and folders with manifests, `-` for standard input [default: the current folder]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// The settings file [default: promql-guard.toml here or in a folder above]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The time between two scrapes, for example `30s`
    #[arg(long, value_name = "DURATION", value_parser = above_zero)]
    pub(super) scrape_interval: Option<std::time::Duration>,
    /// A value for an argument of templates; may be given several times
    #[arg(long = "arg", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(super) arguments: Vec<(String, String)>,
    /// A server to ask; comes later
    #[arg(long, value_name = "URL", hide = true)]
    pub(super) prometheus: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct LintOptions {
    #[command(flatten)]
    pub(super) input: InputOptions,
    /// What is printed
    #[arg(long, value_enum, default_value_t = LintFormat::Human)]
    pub(super) format: LintFormat,
    /// Info too, every finding of a folded rule, and the truth tables
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// A rule's level: deny, warn, info or off; may be given several times
    #[arg(long = "level", value_name = "RULE=LEVEL", value_parser = rule_and_level)]
    pub(super) levels: Vec<(String, String)>,
    /// The lowest level that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Deny)]
    pub(super) fail_on: FailOn,
    /// Write the safe fixes into the files
    #[arg(long, conflicts_with = "diff")]
    pub(super) fix: bool,
    /// Print what fixes would change: the safe ones, then those that need a look
    #[arg(long, conflicts_with_all = ["format", "write_baseline"])]
    pub(super) diff: bool,
    /// Count the findings that this file holds, and do not list them
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Write all findings into this file, as a baseline
    #[arg(long, value_name = "FILE")]
    pub(super) write_baseline: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LintFormat {
    /// Lines for people
    Human,
    /// One object
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations in GitHub's workflows
    Github,
    /// A test report: a suite a resource, a case a gate
    Junit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// What is wrong for sure
    Deny,
    /// What is worth a look, too
    Warn,
}

impl FailOn {
    /// The level.
    pub(super) fn level(self) -> Level {
        match self {
            FailOn::Deny => Level::Deny,
            FailOn::Warn => Level::Warn,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct VerdictsOptions {
    #[command(flatten)]
    pub(super) input: InputOptions,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct ExplainOptions {
    /// Names of rules [default: a list of all]
    #[arg(value_name = "RULE")]
    pub(super) rules: Vec<String>,
    /// The pages of all rules
    #[arg(long, conflicts_with = "rules")]
    pub(super) all: bool,
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
    /// As if the run had started this long ago: a younger one waits for samples of its own
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    pub(super) since: std::time::Duration,
    /// Ask this server in place of the template's address
    #[arg(long, value_name = "URL", value_parser = server)]
    pub(super) prometheus: Option<Url>,
    /// The operator's policy that the plugin would have
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// Follow it: how long it goes already, when the next measurement is due, the values as a line; Ctrl-C sums up what was measured
    #[arg(short, long, conflicts_with = "format")]
    pub(super) watch: bool,
    /// The queries that were sent, too
    #[arg(short, long, conflicts_with = "format")]
    pub(super) verbose: bool,
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
pub(super) struct ParseOptions {
    /// Read {"query"} objects from standard input, one a line, and answer each with one
    #[arg(long, required = true)]
    pub(super) ndjson: bool,
    /// Which of Prometheus's feature flags for PromQL are on
    #[arg(long, value_enum, default_value_t = ParseFeatures::Stock)]
    pub(super) features: ParseFeatures,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ParseFeatures {
    /// None, as Prometheus 3.16 starts
    Stock,
    /// All
    All,
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

fn rule_and_level(text: &str) -> Result<(String, String), String> {
    name_and_value(text).map_err(|_| "expected RULE=LEVEL".to_owned())
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    let nanoseconds =
        crate::text::duration::parse_go_duration(text).map_err(|error| error.to_string())?;
    u64::try_from(nanoseconds)
        .map(std::time::Duration::from_nanos)
        .map_err(|_| "negative".to_owned())
}

fn above_zero(text: &str) -> Result<std::time::Duration, String> {
    match duration(text)? {
        std::time::Duration::ZERO => Err("expected a duration above 0".to_owned()),
        duration => Ok(duration),
    }
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
