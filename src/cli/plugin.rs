//! The process that a controller started: arguments into a provider that is served until the controller quits.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tracing_subscriber::filter::LevelFilter;

use super::{IMPOSSIBLE, environment, plugin_arguments, render};
use crate::analysis::settings::fields::joined;
use crate::measure::provider::Provider;
use crate::plugin::handshake::Environment;
use crate::plugin::{self, log};
use crate::text::chain::chain;

/// The largest policy file that is read, in bytes.
const POLICY: u64 = 1 << 20;

/// A regular file's text: a pipe that nobody writes to would keep the host waiting for the handshake.
fn policy_file(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        let problem = "not a regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    let mut text = String::new();
    let read = std::fs::File::open(path)?
        .take(POLICY + 1)
        .read_to_string(&mut text)?;
    if read as u64 > POLICY {
        let problem = "more than 1 MiB";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(text)
}

/// Serves until the host quits.
pub(super) fn serve(host: &Environment, arguments: Vec<OsString>) -> ExitCode {
    let arguments = plugin_arguments::read(arguments, |path| policy_file(path.as_path()));
    let level = arguments.log_level.unwrap_or_else(|| {
        let word = arguments
            .policy
            .as_ref()
            .ok()
            .and_then(|policy| policy.log_level.as_deref());
        word.and_then(|word| log::level(word).ok())
            .unwrap_or(LevelFilter::INFO)
    });
    // Without a log the answers are still right.
    let _last_lines = log::install(level);
    if let Err(complaints) = &arguments.policy {
        let problem = joined(complaints);
        tracing::error!(%problem, "the operator's policy cannot be used: every measurement is an Error");
    }
    let provider = Arc::new(Provider::new(arguments.policy, environment::surroundings()));
    let served = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| chain(&error))
        .and_then(|runtime| {
            let served = runtime.block_on(plugin::serve(provider, host, arguments.protocol));
            // Dropped, it would wait for threads that read a file or judge: the host kills who does not end.
            runtime.shutdown_background();
            served.map_err(|error| chain(&error))
        });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            render::problem(&problem);
            ExitCode::from(IMPOSSIBLE)
        }
    }
}
