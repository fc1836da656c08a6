//! A reason for no data into the line that people read, and what would help.

use std::time::Duration;

use crate::evidence::outcome::NoData;
use crate::promql::answer::has_selector;
use crate::promql::ast::{Expr, ExprKind};
use crate::promql::print;
use crate::text::chain::{bounded, one_line};
use crate::text::duration::go_duration;

/// Bytes of a metric, matcher or server's words in a line.
const PIECE: usize = 200;
/// Bytes of a value among others.
const VALUE: usize = 60;
/// Bytes of a line.
const LINE: usize = 1000;

/// What a step that ends Inconclusive means: appended to its message.
pub const PROMOTE: &str = "promote goes on without judging this step again";

/// What to look at where a server did not answer: appended to the message, behind how long that has been so.
pub const SERVER: &str = "look after that server, or correct `address`";

/// Why there are no data, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The word of the closed list.
    pub outcome: NoData,
    /// One line, lower case, bounded. What others wrote stands in it: secrets are the caller's to mask.
    pub message: String,
    /// What would help.
    pub remedy: Option<String>,
}

impl Cause {
    pub(super) fn new(outcome: NoData, message: &str, remedy: Option<String>) -> Self {
        let line = |text: &str| bounded(&one_line(text), LINE);
        Cause {
            outcome,
            message: line(message),
            remedy: remedy.map(|text| line(&text)),
        }
    }
}

/// The server did not answer; `for_long` is told where it is not zero.
pub fn server_unreachable(host: &str, what: &str, for_long: Duration) -> Cause {
    let long = if for_long.as_secs() == 0 {
        String::new()
    } else {
        format!(", for {}", exact(for_long))
    };
    let message = format!("no answer from {}: {}{long}", piece(host), piece(what));
    Cause::new(NoData::ServerUnreachable, &message, None)
}

/// The server said that stores behind it did not answer.
pub fn partial_answer(warning: &str) -> Cause {
    let message = format!("no data: the answer is partial: {}", piece(warning));
    Cause::new(NoData::PartialAnswer, &message, None)
}

/// Fewer events than `minEvents`.
pub fn too_few_events(events: f64, needed: f64, window: Option<Duration>) -> Cause {
    let message = format!(
        "no data: not enough data: {} of {needed} events{}",
        count(events, needed),
        within(window)
    );
    Cause::new(NoData::TooFewEvents, &message, None)
}

/// Data are there, but the text's comparison left none that the condition can judge.
pub fn filtered(text: &str, tree: &Expr) -> Cause {
    let what = match comparison(text, tree) {
        Some(words) => format!("the comparison \"{}\"", piece(&words)),
        None => "a comparison or join".to_owned(),
    };
    Cause::new(
        NoData::Filtered,
        &format!("no data: {what} removed every value"),
        Some("compare in the condition".to_owned()),
    )
}

/// The server refused the query without its filters.
pub fn refused(words: &str) -> Cause {
    let message = format!(
        "no data: whether the answer rests on data cannot be asked: {}",
        piece(words)
    );
    Cause::new(
        NoData::Unexplained,
        &message,
        Some("set eventsQuery".to_owned()),
    )
}

/// None of the causes.
pub(super) fn unexplained(without_samples: Option<&str>) -> Cause {
    let message = match without_samples {
        Some(selector) => format!(
            "no data: the query answered nothing: {} has no sample in the last hour",
            piece(selector)
        ),
        None => "no data: the query answered nothing".to_owned(),
    };
    Cause::new(NoData::Unexplained, &message, None)
}

/// Metadata of an answer that is the query's fallback, with data behind it; `value` as it stands in the answer.
pub fn fallback_on_data(value: &str) -> String {
    format!(
        "{} is the query's fallback; data stand behind it",
        piece(value)
    )
}

/// Metadata of an answer that is the query's fallback, as the counter's exporter was heard.
pub fn fallback_heard(metric: &str, jobs: &[String]) -> String {
    let (word, jobs) = match jobs {
        [job] => ("job", values(std::slice::from_ref(job))),
        jobs => ("jobs", values(jobs)),
    };
    format!(
        "{} has no series; its exporter ({word} {jobs}) was heard for these pods",
        piece(metric)
    )
}

/// What helps where [`fallback_heard`] is told.
pub const INITIALISE: &str = "initialise the counter at start";

/// A measurement that was terminated while it waited, with the message it waited with.
pub fn terminated(message: &str) -> String {
    let line = format!("ended while waiting for data: {}", one_line(message));
    bounded(&line, LINE)
}

/// A text of others, bounded.
pub(super) fn piece(text: &str) -> String {
    bounded(&one_line(text), PIECE)
}

/// At most five texts in quotes.
pub(super) fn values(texts: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = texts
        .iter()
        .take(SHOWN)
        .map(|text| format!("\"{}\"", bounded(&one_line(text), VALUE)))
        .collect();
    let more = match texts.len().saturating_sub(SHOWN) {
        0 => String::new(),
        _ => ", …".to_owned(),
    };
    format!("{}{more}", shown.join(", "))
}

/// ` in 5m`
pub(super) fn within(window: Option<Duration>) -> String {
    window.map_or_else(String::new, |window| format!(" in {}", prometheus(window)))
}

/// As Prometheus writes it, to the millisecond: `5m`.
pub(super) fn prometheus(time: Duration) -> String {
    print::duration(nanoseconds(time))
}

/// As Prometheus writes it, to the second; below one, to the millisecond: `2m30s`.
pub(super) fn exact(time: Duration) -> String {
    match time.as_secs() {
        0 => prometheus(time),
        seconds => prometheus(Duration::from_secs(seconds)),
    }
}

/// To the minute from five on: `40m`.
pub(super) fn rough(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 300.. => prometheus(Duration::from_secs((seconds + 30) / 60 * 60)),
        _ => exact(time),
    }
}

/// As Go writes it, as settings are echoed: `1m0s`.
pub(super) fn go(time: Duration) -> String {
    go_duration(nanoseconds(time))
}

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// Extrapolated events are no whole number, and one that is short must not read as enough.
pub(super) fn count(events: f64, needed: f64) -> String {
    let floor = events.floor();
    if events < needed && needed - floor <= 1.0 && events > floor {
        format!("{:.1}", (events * 10.0).floor() / 10.0)
    } else {
        format!("{floor}")
    }
}

/// The comparison with a constant that is nearest to the root, as it reads from the side of the data.
fn comparison(text: &str, tree: &Expr) -> Option<String> {
    let mut found = None;
    tree.walk(&mut |node| {
        let ExprKind::Binary(binary) = &node.kind else {
            return;
        };
        if found.is_some() || !binary.is_filter() {
            return;
        }
        let words = |expr: &Expr| text.get(expr.span.start..expr.span.end).unwrap_or("…");
        let op = binary.op.as_str();
        found = match (has_selector(&binary.left), has_selector(&binary.right)) {
            (true, false) => Some(format!("{op} {}", words(&binary.right))),
            (false, true) => Some(format!("{} {op}", words(&binary.left))),
            _ => Some(words(node).to_owned()),
        };
    });
    found
}
