//! Answers into lines on the terminal: the one place that prints, but for the plugin's handshake.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory;

use super::IMPOSSIBLE;
use super::args::Arguments;

/// Prints a line; an error where nobody reads any more.
pub(super) fn line(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Prints a text that ends its own lines; that nobody may read it is fine.
pub(super) fn text(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Says on standard error why it could not be done.
pub(super) fn problem(problem: &str) {
    let _ = writeln!(io::stderr().lock(), "promql-guard: {problem}");
}

/// clap's own words: help and version on standard output, wrong use on standard error with exit code 2.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // A closed stream is nobody's fault.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(IMPOSSIBLE))
}

/// Started by hand without a command: what this is, and the commands.
pub(super) fn by_hand() -> ExitCode {
    let help = Arguments::command().render_help();
    let _ = writeln!(
        io::stderr().lock(),
        "promql-guard is a metric provider plugin that an Argo Rollouts controller starts; by hand, give it a command.\n\n{help}"
    );
    ExitCode::from(IMPOSSIBLE)
}
