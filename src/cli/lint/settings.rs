//! `promql-guard.toml` and the command line into what rules are told beside the manifests.
//!
//! ```toml
//! scrape-interval = "30s"
//! plugins = ["example/guard"]      # further names under which the plugin is registered
//! look-back = "5m"                 # of the server; nothing hangs on it until lint asks one
//!
//! [levels]
//! restarts-by-increase = "off"     # deny, warn, info, off
//!
//! [labels]                         # in addition to those that are known
//! outcome = ["disposition"]
//! namespace = ["kube_namespace"]
//!
//! [addresses]
//! default = true                   # whether the controller has a default address
//! ```

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::{Table, Value};

use super::regular;
use crate::cli::args::InputOptions;
use crate::lint::level::Level;
use crate::lint::rule::Rule;
use crate::lint::settings::Settings;
use crate::text::duration::parse_go_duration;
use crate::text::nearest::nearest;
use crate::text::span::LineIndex;

/// The largest settings file, in MiB.
const LARGEST: u64 = 1;

/// The file that is looked for.
const NAME: &str = "promql-guard.toml";

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum SettingsError {
    /// The file cannot be read.
    #[error("settings `{}`: read", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// The file is no TOML.
    #[error("settings `{}`:{line}:{column}: {message}", .path.display())]
    Form {
        path: PathBuf,
        line: usize,
        column: usize,
        message: String,
    },
    /// A value is none that can be used.
    #[error("settings `{}`: {complaint}", .path.display())]
    Value { path: PathBuf, complaint: String },
    /// A level on the command line.
    #[error("`--level {0}`: {1}")]
    Level(String, String),
    /// What is asked for comes later.
    #[error("`--prometheus`: lint asks no server yet; leave it out")]
    Prometheus,
}

/// The file's settings, those of the command line over them.
pub(in crate::cli) fn settings(
    options: &InputOptions,
    levels: &[(String, String)],
    rules: &[&'static Rule],
) -> Result<Settings, SettingsError> {
    if options.prometheus.is_some() {
        return Err(SettingsError::Prometheus);
    }
    let mut settings = Settings::default();
    if let Some(path) = options.config.clone().or_else(nearest_file) {
        let text = regular::text(&path, LARGEST)
            .map_err(|error| SettingsError::Read(path.clone(), error))?;
        read(&path, &text, rules, &mut settings)?;
    }
    for (rule, text) in levels {
        let level = level(rule, text, rules)
            .map_err(|complaint| SettingsError::Level(format!("{rule}={text}"), complaint))?;
        settings.levels.insert(rule.clone(), level);
    }
    if options.scrape_interval.is_some() {
        settings.scrape_interval = options.scrape_interval;
    }
    settings.arguments.extend_from_slice(&options.arguments);
    Ok(settings)
}

/// The file in the current folder or the nearest one above.
fn nearest_file() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let files = here.ancestors().map(|folder| folder.join(NAME));
    files.into_iter().find(|file| file.is_file())
}

fn read(
    path: &Path,
    text: &str,
    rules: &[&'static Rule],
    settings: &mut Settings,
) -> Result<(), SettingsError> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let offset = error.span().map_or(0, |span| span.start);
        let at = LineIndex::new(text).line_column(text, offset);
        SettingsError::Form {
            path: path.to_owned(),
            line: at.line,
            column: at.column,
            message: error.message().replace('\n', " "),
        }
    })?;
    apply(&table, rules, settings).map_err(|complaint| SettingsError::Value {
        path: path.to_owned(),
        complaint,
    })
}

fn apply(table: &Table, rules: &[&'static Rule], settings: &mut Settings) -> Result<(), String> {
    const KEYS: [&str; 6] = [
        "addresses",
        "labels",
        "levels",
        "look-back",
        "plugins",
        "scrape-interval",
    ];
    for (key, value) in table {
        match key.as_str() {
            "scrape-interval" => settings.scrape_interval = Some(duration(key, value)?),
            "look-back" => {
                duration(key, value)?;
            }
            "plugins" => settings.plugins = texts(key, value)?,
            "levels" => {
                for (rule, value) in sub_table(key, value)? {
                    let text = value.as_str().unwrap_or_default();
                    let level = level(rule, text, rules)
                        .map_err(|complaint| format!("`levels.{rule}`: {complaint}"))?;
                    settings.levels.insert(rule.clone(), level);
                }
            }
            "labels" => {
                for (kind, value) in sub_table(key, value)? {
                    let path = format!("labels.{kind}");
                    match kind.as_str() {
                        "outcome" => settings.labels.outcome.extend(texts(&path, value)?),
                        "namespace" => settings.labels.namespace.extend(texts(&path, value)?),
                        _ => return Err(unknown(&path, kind, &["namespace", "outcome"])),
                    }
                }
            }
            "addresses" => {
                for (name, value) in sub_table(key, value)? {
                    let path = format!("addresses.{name}");
                    match (name.as_str(), value) {
                        ("default", Value::Boolean(known)) => {
                            settings.has_default_address = Some(*known);
                        }
                        ("default", other) => return Err(expected(&path, "true or false", other)),
                        _ => return Err(unknown(&path, name, &["default"])),
                    }
                }
            }
            _ => return Err(unknown(key, key, &KEYS)),
        }
    }
    Ok(())
}

/// A rule's level; none: off.
fn level(rule: &str, text: &str, rules: &[&'static Rule]) -> Result<Option<Level>, String> {
    if !rules.iter().any(|known| known.name == rule) {
        let near = nearest(rule, rules.iter().map(|known| known.name));
        let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`"));
        return Err(format!("there is no rule `{rule}`{near}"));
    }
    match text {
        "deny" => Ok(Some(Level::Deny)),
        "warn" => Ok(Some(Level::Warn)),
        "info" => Ok(Some(Level::Info)),
        "off" => Ok(None),
        _ => Err(format!("expected deny, warn, info or off, found `{text}`")),
    }
}

fn duration(key: &str, value: &Value) -> Result<Duration, String> {
    let text = value
        .as_str()
        .ok_or_else(|| expected(key, "a text, `\"30s\"`", value))?;
    let nanoseconds = parse_go_duration(text).map_err(|error| format!("`{key}`: {error}"))?;
    match u64::try_from(nanoseconds) {
        Ok(nanoseconds) if nanoseconds > 0 => Ok(Duration::from_nanos(nanoseconds)),
        _ => Err(format!(
            "`{key}`: expected a duration above 0, found `{text}`"
        )),
    }
}

fn texts(key: &str, value: &Value) -> Result<Vec<String>, String> {
    let texts = value.as_array().and_then(|list| {
        let text = |item: &Value| item.as_str().map(str::to_owned);
        list.iter().map(text).collect()
    });
    texts.ok_or_else(|| expected(key, "a list of texts", value))
}

fn sub_table<'a>(key: &str, value: &'a Value) -> Result<&'a Table, String> {
    value
        .as_table()
        .ok_or_else(|| expected(key, &format!("a table, `[{key}]`"), value))
}

fn expected(key: &str, form: &str, found: &Value) -> String {
    format!("`{key}`: expected {form}, found {}", found.type_str())
}

fn unknown(path: &str, key: &str, known: &[&'static str]) -> String {
    let near = nearest(key, known.iter().copied()).map_or_else(
        || format!("expected one of {}", known.join(", ")),
        |near| format!("did you mean `{near}`"),
    );
    format!("`{path}`: unknown key; {near}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test's panic is its failure")]

    use super::*;
    use crate::rules::ALL;

    fn said(text: &str) -> Result<Settings, String> {
        let mut settings = Settings::default();
        read(Path::new("p.toml"), text, ALL, &mut settings)
            .map(|()| settings)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_is_read() {
        let settings = said(
            "scrape-interval = \"30s\"\nlook-back = \"5m\"\nplugins = [\"a/b\"]\n\
             levels.missing-condition = \"off\"\n[labels]\noutcome = [\"x\"]\nnamespace = [\"y\"]\n\
             [addresses]\ndefault = true\n",
        )
        .unwrap();
        assert_eq!(settings.scrape_interval, Some(Duration::from_secs(30)));
        assert_eq!(settings.plugins, ["a/b"]);
        assert_eq!(settings.levels.get("missing-condition"), Some(&None));
        assert!(settings.labels.outcome.contains(&"x".to_owned()));
        assert!(settings.labels.namespace.contains(&"y".to_owned()));
        assert_eq!(settings.has_default_address, Some(true));
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        for (text, complaint) in [
            (
                "level = 1",
                "settings `p.toml`: `level`: unknown key; did you mean `levels`",
            ),
            (
                "[levels]\nmising-condition = \"off\"",
                "settings `p.toml`: `levels.mising-condition`: there is no rule `mising-condition`; did you mean `missing-condition`",
            ),
            (
                "[levels]\nmissing-condition = \"on\"",
                "settings `p.toml`: `levels.missing-condition`: expected deny, warn, info or off, found `on`",
            ),
            (
                "scrape-interval = 30",
                "settings `p.toml`: `scrape-interval`: expected a text, `\"30s\"`, found integer",
            ),
            (
                "scrape-interval = \"0s\"",
                "settings `p.toml`: `scrape-interval`: expected a duration above 0, found `0s`",
            ),
            (
                "labels.outcomes = []",
                "settings `p.toml`: `labels.outcomes`: unknown key; did you mean `outcome`",
            ),
            (
                "plugins = \"a/b\"",
                "settings `p.toml`: `plugins`: expected a list of texts, found string",
            ),
        ] {
            assert_eq!(said(text).map(|_| ()), Err(complaint.to_owned()), "{text}");
        }
        let broken = said("\nx = [").unwrap_err();
        assert!(broken.starts_with("settings `p.toml`:2:"), "{broken}");
    }
}
