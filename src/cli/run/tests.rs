//! Boards and measurements from texts.

use std::time::Duration;

use super::board::{Board, Event, News};
use super::follow::Weight;
use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::Metric;

/// An analysis of metrics that are measured so often, and pass below 2.
pub(super) fn board(metrics: &[(&str, i64)]) -> Board {
    let metric = |(name, count): &(&str, i64)| {
        let metric = Metric {
            name: (*name).to_owned(),
            interval: "30s".to_owned(),
            count: Some(*count),
            success_condition: "result[0] < 2".to_owned(),
            ..Metric::default()
        };
        (metric, Weight::Decides)
    };
    let metrics: Vec<_> = metrics.iter().map(metric).collect();
    Board::new("AnalysisTemplate/t", &metrics)
}

/// `phase|value|message|key=value;key=value`
pub(super) fn measurement(text: &str) -> Measurement {
    let mut parts = text.split('|');
    let mut part = || parts.next().unwrap_or_default();
    let (phase, value, message) = (part(), part(), part());
    let metadata = part().split(';').filter_map(|entry| entry.split_once('='));
    Measurement {
        phase: Phase::from(phase),
        value: value.to_owned(),
        message: message.to_owned(),
        metadata: metadata
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        ..Measurement::default()
    }
}

pub(super) fn note(board: &mut Board, metric: usize, event: Event) {
    let at = Duration::ZERO;
    board.note(News { metric, at, event });
}

pub(super) fn measured(board: &mut Board, metric: usize, text: &str) {
    note(board, metric, Event::Measured(measurement(text)));
}

pub(super) fn over(board: &mut Board, metric: usize, phase: &str, message: &str) {
    let phase = Phase::from(phase);
    note(board, metric, Event::Over(phase, message.to_owned()));
}
