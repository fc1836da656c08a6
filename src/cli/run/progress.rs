//! An analysis on its way into the lines that stand below the measurements: when it goes on, and each metric's values as bars.

use std::time::Duration;

use jiff::Timestamp;

use super::board::{Board, Standing};
use super::lines::{noted, padded, since, width};
use super::sparkline::{Ramp, sparkline};
use crate::analysis::measurement::Phase;
use crate::cli::formats::human::counted;
use crate::cli::formats::paint::visible;

/// Metrics that have a line of their own: a terminal has few.
const LINES: usize = 10;

/// The line that tells when it goes on, then the bars.
pub(super) fn progress(board: &Board, now: Duration, ramp: Ramp) -> Vec<String> {
    let mut lines = vec![line(board, now)];
    let mut bars = bars(board, ramp);
    if bars.len() > LINES {
        bars.truncate(LINES - 1);
        bars.push("…".to_owned());
    }
    lines.extend(bars);
    lines
}

/// A line of bars a metric that has been measured.
pub(super) fn bars(board: &Board, ramp: Ramp) -> Vec<String> {
    let names = board.metrics.iter().map(|metric| width(&metric.name));
    let names = names.max().unwrap_or(0);
    let measured = board
        .metrics
        .iter()
        .filter(|metric| !metric.measurements.is_empty());
    measured
        .map(|metric| {
            let threshold = metric.threshold.as_ref();
            let line = format!(
                "{}  {}  {}",
                padded(&visible(&metric.name), names),
                sparkline(&metric.measurements, threshold, ramp),
                threshold.map(|one| one.legend()).unwrap_or_default()
            );
            line.trim_end().to_owned()
        })
        .collect()
}

/// `1m30s: next measurement in 12s, 3 of 10, waiting since 10:00:07Z until 10:04:07Z`
fn line(board: &Board, now: Duration) -> String {
    let mut parts = vec![goes_on(board, now), far(board)];
    parts.extend(
        board
            .metrics
            .iter()
            .filter_map(|metric| waits(board, metric)),
    );
    format!("{}: {}", since(now), parts.join(", "))
}

fn goes_on(board: &Board, now: Duration) -> String {
    let going = || board.metrics.iter().filter(|metric| metric.over.is_none());
    if going().any(|metric| metric.next.is_none()) {
        return "measuring".to_owned();
    }
    let soonest = going()
        .filter_map(|metric| Some((metric.next?, metric)))
        .min_by_key(|(next, _)| *next);
    let Some((next, metric)) = soonest else {
        return "over".to_owned();
    };
    let what = match metric.waiting {
        Some(_) => "asked again",
        None => "next measurement",
    };
    // Up, or the last second would say that nothing is left to wait for.
    let left = next.saturating_sub(now) + Duration::from_nanos(999_999_999);
    format!("{what} in {}", since(left))
}

/// `3 of 10`; a measurement that ended as Error is made again.
fn far(board: &Board) -> String {
    let is_counted = |metric: &Standing| {
        let counted = metric.measurements.iter();
        counted.filter(|one| one.phase != Phase::Error).count()
    };
    let done: usize = board.metrics.iter().map(is_counted).sum();
    let all: Option<i64> = board.metrics.iter().map(|metric| metric.count).sum();
    match all {
        Some(all) => format!("{done} of {all}"),
        None => counted(done, "measurement"),
    }
}

fn waits(board: &Board, metric: &Standing) -> Option<String> {
    let waiting = metric.waiting.as_ref()?;
    let who = match &board.metrics[..] {
        [_] => String::new(),
        _ => format!("{} ", visible(&metric.name)),
    };
    let time = |key: &str, word: &str| match noted(waiting, key) {
        text if text.is_empty() => text,
        text => match text.parse::<Timestamp>() {
            Ok(time) => format!(" {word} {}", time.strftime("%H:%M:%SZ")),
            Err(_) => format!(" {word} {text}"),
        },
    };
    Some(format!(
        "{who}waiting{}{}",
        time("waitingSince", "since"),
        time("waitUntil", "until")
    ))
}

/// What takes a block of so many lines away, and puts another in its place below `above`.
///
/// Lines are cut where the terminal ends (DECAWM off), so that a line is one row whatever its width.
pub(super) fn rewritten(drawn: usize, above: &str, block: &[String]) -> String {
    let mut text = String::new();
    if drawn > 0 {
        text.push_str(&format!("\u{1b}[{drawn}A\r\u{1b}[J"));
    }
    text.push_str(above);
    if !block.is_empty() {
        text.push_str(&format!("\u{1b}[?7l{}\n\u{1b}[?7h", block.join("\n")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::run::board::{Event, News};
    use crate::cli::run::tests::{board, measured, measurement, note, over};

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_tells_when_it_goes_on() {
        let mut board = board(&[("errors", 10), ("latency", 3)]);
        let told = |board: &Board, now| line(board, at(now));
        assert_eq!(told(&board, 0), "0s: measuring, 0 of 13");
        measured(&mut board, 0, "Successful|[1]|");
        measured(&mut board, 0, "Error||");
        note(&mut board, 0, Event::Next(at(90)));
        let waits = "Running|[]||waitingSince=2026-03-01T10:00:07Z;waitUntil=2026-03-01T10:04:07Z";
        note(&mut board, 1, Event::Waits(measurement(waits)));
        note(&mut board, 1, Event::Next(at(100)));
        let waiting = "latency waiting since 10:00:07Z until 10:04:07Z";
        assert_eq!(
            told(&board, 78),
            format!("1m18s: next measurement in 12s, 1 of 13, {waiting}")
        );
        over(&mut board, 0, "Successful", "");
        assert_eq!(
            told(&board, 99),
            format!("1m39s: asked again in 1s, 1 of 13, {waiting}")
        );
        board.note(News {
            metric: 1,
            at: at(100),
            event: Event::Measured(measurement("Failed||")),
        });
        over(&mut board, 1, "Failed", "");
        assert_eq!(told(&board, 100), "1m40s: over, 2 of 13");
    }

    #[test]
    fn an_endless_metric_has_no_count() {
        let mut board = board(&[("m", 0)]);
        board.metrics[0].count = None;
        let waits = "Running|[]||waitingSince=yester\u{1b}day";
        note(&mut board, 0, Event::Waits(measurement(waits)));
        note(&mut board, 0, Event::Next(at(15)));
        assert_eq!(
            line(&board, at(0)),
            "0s: asked again in 15s, 0 measurements, waiting since yester␛day"
        );
    }

    #[test]
    fn each_metric_has_its_bars() {
        let names: Vec<String> = (0..12).map(|index| format!("m{index}")).collect();
        let metrics: Vec<(&str, i64)> = names.iter().map(|name| (&**name, 1)).collect();
        let mut board = board(&metrics);
        measured(&mut board, 0, "Successful|[1]|");
        measured(&mut board, 0, "Successful|[3]|");
        measured(&mut board, 10, "Successful|[1]|");
        assert_eq!(
            bars(&board, Ramp::Digits),
            ["m0   27  half height is 2", "m10  2  half height is 2"]
        );
        for index in 0..12 {
            measured(&mut board, index, "Successful|[1]|");
        }
        let lines = progress(&board, at(0), Ramp::Digits);
        assert_eq!((lines.len(), &*lines[10]), (11, "…"));
    }

    #[test]
    fn a_block_is_taken_away_and_put_below() {
        let block = ["a".to_owned(), "b".to_owned()];
        assert_eq!(rewritten(0, "", &block), "\u{1b}[?7la\nb\n\u{1b}[?7h");
        assert_eq!(
            rewritten(2, "line\n", &block[..1]),
            "\u{1b}[2A\r\u{1b}[Jline\n\u{1b}[?7la\n\u{1b}[?7h"
        );
        assert_eq!(rewritten(1, "end\n", &[]), "\u{1b}[1A\r\u{1b}[Jend\n");
    }
}
