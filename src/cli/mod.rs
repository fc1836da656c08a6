//! Arguments and files into answers on the terminal, and the plugin's process when a controller started it.
//!
//! One file or folder a command: `lint`, `verdicts`, `explain`, `run`, `condition`, `parse`, `install`, `copy`; `plugin` is what
//! the controller gets. `args` is what may be typed, `environment` what the process inherits, `formats` what lint's findings
//! look like, `render` what is printed; `ndjson` asks and answers in lines; `template` reads AnalysisTemplates for `run`,
//! `source` holds a file for `lint`.

mod args;
mod condition;
mod copy;
mod environment;
mod explain;
mod flatten;
mod formats;
mod install;
mod lint;
mod ndjson;
mod parse;
mod plugin;
mod plugin_arguments;
mod render;
mod run;
mod source;
mod substitute;
mod template;
mod verdicts;
mod yaml;

use std::process::ExitCode;

use clap::Parser;

use self::args::{Arguments, Command};
use crate::text::chain::chain;

/// Clean, or a measurement that is Successful.
const DONE: u8 = 0;

/// Findings, or a measurement that is not Successful.
const NOT_SUCCESSFUL: u8 = 1;

/// It could not be done.
const IMPOSSIBLE: u8 = 2;

/// Answers the process's arguments; as a plugin where a controller's cookie stands in the environment.
pub fn main() -> ExitCode {
    if let Some(host) = crate::plugin::handshake::Environment::from_env() {
        return plugin::serve(&host, std::env::args_os().skip(1).collect());
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return render::usage(&error),
    };
    let done = match arguments.command {
        None => return render::by_hand(),
        Some(Command::Lint(options)) => lint::lint(&options),
        Some(Command::Verdicts(options)) => verdicts::verdicts(&options),
        Some(Command::Explain(options)) => explain::explain(&options),
        Some(Command::Run(options)) => run::run(&options),
        Some(Command::Condition(options)) => condition::answer_lines(&options),
        Some(Command::Parse(options)) => parse::answer_lines(&options),
        Some(Command::Install(options)) => install::print(&options),
        Some(Command::Copy { path }) => copy::copy_to(&path).map(|()| DONE).map_err(Into::into),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            render::problem(&chain(&*error));
            ExitCode::from(IMPOSSIBLE)
        }
    }
}

/// What a command answers: its exit code, or why it could not be done.
type Done = Result<u8, Box<dyn std::error::Error>>;
