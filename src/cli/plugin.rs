//! The process that a controller started: arguments into a provider that is served until the controller quits.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use tracing_subscriber::filter::LevelFilter;

use super::{IMPOSSIBLE, environment, plugin_arguments, render};
use crate::measure::provider::Provider;
use crate::plugin::handshake::Environment;
use crate::plugin::{self, log};
use crate::text::chain::chain;

/// Serves until the host quits.
pub(super) fn serve(host: &Environment, arguments: Vec<OsString>) -> ExitCode {
    let arguments = plugin_arguments::read(arguments, |path| std::fs::read_to_string(path));
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
    tracing::warn!(
        version = env!("CARGO_PKG_VERSION"),
        "guard rails are not built yet: `guard: enforce` and `guard: observe` measure as `guard: off`"
    );
    let provider = Arc::new(Provider::new(arguments.policy, environment::surroundings()));
    let served = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| chain(&error))
        .and_then(|runtime| {
            runtime
                .block_on(plugin::serve(provider, host, arguments.protocol))
                .map_err(|error| chain(&error))
        });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            render::problem(&problem);
            ExitCode::from(IMPOSSIBLE)
        }
    }
}
