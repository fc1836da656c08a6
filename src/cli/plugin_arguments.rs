//! The plugin's arguments in the controller's ConfigMap into the operator's policy and how to speak.
//!
//! `--policy FILE`, `--protocol`, `--log-level`, and each key of a policy as `--<key>=<YAML>`. An argument that cannot be
//! read makes no policy, and so every call an Error: a plugin that did not start would say less.

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::{Map, Value};
use tracing_subscriber::filter::LevelFilter;

use super::yaml;
use crate::analysis::policy::Policy;
use crate::analysis::settings::fields::Complaint;
use crate::plugin::handshake::Protocol;
use crate::plugin::log;
use crate::text::chain::chain;

/// What the arguments say.
#[derive(Debug)]
pub(super) struct PluginArguments {
    /// The policy, or every complaint about it.
    pub(super) policy: Result<Policy, Vec<Complaint>>,
    /// In place of the negotiated one.
    pub(super) protocol: Option<Protocol>,
    /// In place of the policy's `log.level`.
    pub(super) log_level: Option<LevelFilter>,
}

/// Reads the arguments; `read_file` reads the policy file.
pub(super) fn read(
    arguments: impl IntoIterator<Item = OsString>,
    read_file: impl Fn(&PathBuf) -> std::io::Result<String>,
) -> PluginArguments {
    let mut reader = Reader::default();
    let mut arguments = arguments
        .into_iter()
        .map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix("--") {
            None => reader.complain(&argument, "expected `--key=value`"),
            Some(flag) => match flag.split_once('=') {
                Some((key, value)) => reader.take(key, value, &read_file),
                None => match arguments.next() {
                    Some(value) => reader.take(flag, &value, &read_file),
                    None => reader.complain(&argument, "expected a value"),
                },
            },
        }
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    /// Of the file; an argument of the same key goes before it.
    file: Map<String, Value>,
    keys: Map<String, Value>,
    protocol: Option<Protocol>,
    log_level: Option<LevelFilter>,
    complaints: Vec<Complaint>,
}

impl Reader {
    fn take(
        &mut self,
        key: &str,
        value: &str,
        read_file: &impl Fn(&PathBuf) -> std::io::Result<String>,
    ) {
        match key {
            "policy" => match read_file(&PathBuf::from(value)) {
                Err(error) => self.complain(
                    "--policy",
                    &format!("read file `{value}`: {}", chain(&error)),
                ),
                Ok(text) => match yaml::object(&text) {
                    Ok(object) => self.file = object,
                    Err(complaints) => self.complaints.extend(complaints),
                },
            },
            "protocol" => match value {
                "netrpc" => self.protocol = Some(Protocol::NetRpc),
                "grpc" => self.protocol = Some(Protocol::Grpc),
                other => self.complain(
                    "--protocol",
                    &format!("`{other}` is neither `netrpc` nor `grpc`"),
                ),
            },
            "log-level" => match log::level(value) {
                Ok(level) => self.log_level = Some(level),
                Err(error) => self.complain("--log-level", &chain(&error)),
            },
            key => match yaml::value(value) {
                Ok(value) => {
                    self.keys.insert(key.to_owned(), value);
                }
                Err(problem) => self.complain(&format!("--{key}"), &problem),
            },
        }
    }

    fn complain(&mut self, path: &str, problem: &str) {
        self.complaints.push(Complaint {
            path: path.to_owned(),
            problem: problem.to_owned(),
        });
    }

    fn finish(self) -> PluginArguments {
        let mut object = self.file;
        object.extend(self.keys);
        let policy = match Policy::from_object(&object) {
            Ok(policy) if self.complaints.is_empty() => Ok(policy),
            Ok(_) => Err(self.complaints),
            Err(more) => Err(self.complaints.into_iter().chain(more).collect()),
        };
        PluginArguments {
            policy,
            protocol: self.protocol,
            log_level: self.log_level,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::settings::fields::joined;

    fn read_of(arguments: &[&str]) -> PluginArguments {
        read(arguments.iter().map(OsString::from), |path| {
            match path.to_str() {
                Some("/good") => Ok("insecure: false\nlimits: {series: 7}\n".to_owned()),
                Some("/bad") => Ok("[".to_owned()),
                _ => Err(std::io::ErrorKind::NotFound.into()),
            }
        })
    }

    #[test]
    fn arguments_make_a_policy() {
        let read = read_of(&[
            "--policy",
            "/good",
            "--insecure=true",
            "--protocol=grpc",
            "--log-level",
            "debug",
        ]);
        let policy = read.policy.expect("a policy");
        assert!(policy.insecure);
        assert_eq!(policy.limits.series, 7);
        assert_eq!(
            (read.protocol, read.log_level),
            (Some(Protocol::Grpc), Some(LevelFilter::DEBUG))
        );
    }

    #[test]
    fn what_cannot_be_read_makes_none() {
        for (arguments, problem) in [
            (
                &["--policy=/none"][..],
                "`--policy`: read file `/none`: entity not found",
            ),
            (
                &["--protocol=http"],
                "`--protocol`: `http` is neither `netrpc` nor `grpc`",
            ),
            (
                &["--log-level=loud"],
                "`--log-level`: log level `loud`, expected off, error, warn, info, debug or trace",
            ),
            (
                &["--insecur=true"],
                "`insecur`: unknown key; did you mean `insecure`",
            ),
            (&["true"], "`true`: expected `--key=value`"),
            (&["--insecure"], "`--insecure`: expected a value"),
        ] {
            assert_eq!(
                read_of(arguments).policy.map_err(|c| joined(&c)),
                Err(problem.to_owned())
            );
        }
        assert!(read_of(&["--policy=/bad"]).policy.is_err());
    }
}
