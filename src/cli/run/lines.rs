//! A measurement into its line, while the analysis goes on; the columns that lines and table share.
//!
//! All of it are words of templates and servers: none leaves here that a terminal would obey.

use std::time::Duration;

use super::board::{Board, Event, News};
use crate::analysis::measurement::{Measurement, Phase};
use crate::cli::formats::paint::{Paint, columns, visible};
use crate::text::chain::bounded;
use crate::text::duration::go_duration;

/// Bytes of a value that is one of several things on a line.
const VALUE: usize = 60;

/// Columns of the longest phase.
const PHASE: usize = 12;

/// Which lines are printed while the analysis goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// None.
    Silent,
    /// A measurement's metric, phase, value and message.
    Plain,
    /// When it was, and its outcome, too.
    Timed,
    /// The same, and what is on its way stands below them.
    Live,
}

/// The line of what happened, if it is worth one: a measurement's end, and that it waits where nothing else tells.
pub(super) fn line(board: &Board, news: &News, manner: Manner, paint: Paint) -> Option<String> {
    let standing = board.metrics.get(news.metric)?;
    let measurement = match &news.event {
        Event::Measured(measurement) => measurement,
        Event::Waits(measurement) if standing.waiting.is_none() && manner != Manner::Live => {
            measurement
        }
        _ => return None,
    };
    let names = board.metrics.iter().map(|metric| width(&metric.name));
    match manner {
        Manner::Silent => None,
        Manner::Plain => Some(plain(&standing.name, measurement)),
        Manner::Timed | Manner::Live => {
            let time = format!("{:>7}", since(news.at));
            let name = padded(&visible(&standing.name), names.max().unwrap_or(0));
            let line = [time, name].into_iter().chain(told(measurement, paint));
            Some(line.collect::<Vec<_>>().join("  ").trim_end().to_owned())
        }
    }
}

fn plain(metric: &str, measurement: &Measurement) -> String {
    let line = format!(
        "{:<24} {:<12} {:<12} {}",
        visible(metric),
        visible(measurement.phase.as_str()),
        value(measurement),
        visible(&measurement.message)
    );
    line.trim_end().to_owned()
}

fn told(measurement: &Measurement, paint: Paint) -> impl Iterator<Item = String> {
    let outcome = noted(measurement, "outcome");
    let rest = [outcome, visible(&measurement.message)];
    [
        phase(&measurement.phase, PHASE, paint),
        padded(&value(measurement), PHASE),
    ]
    .into_iter()
    .chain(rest.into_iter().filter(|text| !text.is_empty()))
}

/// A phase in its colour, in so many columns.
pub(super) fn phase(phase: &Phase, width: usize, paint: Paint) -> String {
    let text = visible(phase.as_str());
    let blanks = padded("", width.saturating_sub(text.len()));
    format!("{}{blanks}", paint.phase(phase, &text))
}

/// The value, cut.
pub(super) fn value(measurement: &Measurement) -> String {
    visible(&bounded(&measurement.value, VALUE))
}

/// An entry of the metadata; empty where there is none.
pub(super) fn noted(measurement: &Measurement, key: &str) -> String {
    let text = measurement.metadata.get(key);
    text.map(|text| visible(text)).unwrap_or_default()
}

/// `1m30s`, whole seconds.
pub(super) fn since(time: Duration) -> String {
    const SECOND: i64 = 1_000_000_000;
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    go_duration(seconds.saturating_mul(SECOND))
}

/// The columns of a text once it is visible.
pub(super) fn width(text: &str) -> usize {
    visible(text).chars().map(columns).sum()
}

/// With blanks behind it up to so many columns.
pub(super) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(width(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::run::tests::{board, measurement};

    #[test]
    fn a_measurement_is_a_line() {
        let board = board(&[("errors", 3), ("p\u{1b}[2J95", 1)]);
        let measured = |metric, text: &str| News {
            metric,
            at: Duration::from_millis(90_900),
            event: Event::Measured(measurement(text)),
        };
        let failed = "Failed|[0.12]|it is 0.12|outcome=data";
        for (news, manner, expected) in [
            (
                measured(0, failed),
                Manner::Plain,
                Some("errors                   Failed       [0.12]       it is 0.12"),
            ),
            (
                measured(0, failed),
                Manner::Live,
                Some("  1m30s  errors   Failed        [0.12]        data  it is 0.12"),
            ),
            (
                measured(1, "Successful|[1]\u{7}|\u{9b}31m"),
                Manner::Timed,
                Some("  1m30s  p␛[2J95  Successful    [1]␇          \u{fffd}31m"),
            ),
            (
                measured(1, "Error||no"),
                Manner::Timed,
                Some("  1m30s  p␛[2J95  Error                       no"),
            ),
            (measured(0, failed), Manner::Silent, None),
        ] {
            let line = line(&board, &news, manner, Paint::Plain);
            assert_eq!(line.as_deref(), expected);
        }
    }

    #[test]
    fn that_a_measurement_waits_is_told_once() {
        let mut board = board(&[("m", 1)]);
        let waits = || News {
            metric: 0,
            at: Duration::ZERO,
            event: Event::Waits(measurement("Running|[]|no data|outcome=no-data/too-early")),
        };
        let told = |board: &Board, manner| line(board, &waits(), manner, Paint::Plain);
        let expected = "     0s  m  Running       []            no-data/too-early  no data";
        assert_eq!(told(&board, Manner::Timed).as_deref(), Some(expected));
        assert_eq!(told(&board, Manner::Live), None);
        board.note(waits());
        assert_eq!(told(&board, Manner::Timed), None);
    }
}
