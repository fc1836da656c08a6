//! Answers into lines on the terminal: the one place that prints, but for the plugin's handshake.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::CommandFactory;

use super::IMPOSSIBLE;
use super::args::Arguments;
use super::environment;
use super::formats::paint::{Paint, visible};
use crate::text::chain::chain;

/// Between two words on how far it is.
const PAUSE: Duration = Duration::from_millis(200);

/// Standard output cannot be written, a full disk for one.
#[derive(Debug, thiserror::Error)]
#[error("standard output: write")]
pub(super) struct OutputError(#[source] io::Error);

/// Whether somebody still reads what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// As far as can be told.
    There,
    /// The pipe is closed, which is nobody's fault.
    Gone,
}

/// Prints a line.
pub(super) fn line(line: &str) -> Result<Reader, OutputError> {
    text(&format!("{line}\n"))
}

/// Prints a text that ends its own lines.
pub(super) fn text(text: &str) -> Result<Reader, OutputError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(OutputError(error)),
    }
}

/// Says on standard error, on one line, why it could not be done.
pub(super) fn problem(problem: &str) {
    let _ = writeln!(io::stderr().lock(), "promql-guard: {}", visible(problem));
}

/// Whether a terminal shows what is printed.
pub(super) fn is_watched() -> bool {
    io::stdout().is_terminal()
}

/// Colours where a terminal looks on and nobody asked for none.
pub(super) fn paint() -> Paint {
    match is_watched() && !environment::no_colour() {
        true => Paint::Coloured,
        false => Paint::Plain,
    }
}

/// How far it is, on one line of a terminal that looks on; nothing where none does.
pub(super) struct Progress {
    said: Option<Instant>,
    is_watched: bool,
}

impl Progress {
    /// Nothing is said yet.
    pub(super) fn new() -> Self {
        Progress {
            said: None,
            is_watched: io::stderr().is_terminal(),
        }
    }

    /// Puts `text` in place of what was said before, five times a second at most.
    pub(super) fn say(&mut self, text: &str) {
        let is_soon = self.said.is_some_and(|said| said.elapsed() < PAUSE);
        if self.is_watched && !is_soon {
            let _ = write!(io::stderr().lock(), "\r\u{1b}[K{}", visible(text));
            self.said = Some(Instant::now());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.said.is_some() {
            let _ = write!(io::stderr().lock(), "\r\u{1b}[K");
        }
    }
}

/// clap's own words: help and version on standard output, wrong use on standard error with exit code 2.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // What was typed stands in it.
    let words = error.render().to_string();
    let words: String = words
        .lines()
        .map(|line| format!("{}\n", visible(line)))
        .collect();
    if error.use_stderr() {
        let _ = io::stderr().lock().write_all(words.as_bytes());
    } else if let Err(error) = text(&words) {
        problem(&chain(&error));
        return ExitCode::from(IMPOSSIBLE);
    }
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
