//! An analysis at its end into what a person reads: a table of its metrics, below it what needs words, and what came of all.

use super::board::{Board, Standing};
use super::follow::Weight;
use super::lines::{noted, padded, phase, value, width};
use crate::analysis::measurement::{Measurement, Phase};
use crate::cli::formats::human::counted;
use crate::cli::formats::paint::{Paint, visible};

const HEADS: [&str; 5] = ["metric", "phase", "value", "outcome", "evidence"];

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queries {
    /// All but them.
    Left,
    /// The queries that were sent, too.
    Told,
}

/// All of it, lines that end with line breaks.
pub(super) fn summary(board: &Board, queries: Queries, paint: Paint) -> String {
    let mut text = table(board, paint);
    let words: String = board
        .metrics
        .iter()
        .map(|standing| words(standing, queries))
        .collect();
    for part in [words, end(board, paint)] {
        if !part.is_empty() {
            text.push('\n');
            text.push_str(&part);
        }
    }
    text
}

/// A row a metric; columns that are empty in all rows are left out.
fn table(board: &Board, paint: Paint) -> String {
    let rows: Vec<[String; 5]> = board.metrics.iter().map(row).collect();
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|column| {
            let cells = rows.iter().map(|row| width(&row[column]));
            match cells.max().unwrap_or(0) {
                0 => 0,
                widest => widest.max(HEADS[column].len()),
            }
        })
        .collect();
    let line = |cells: &[String; 5], own: Option<&Phase>| {
        let shown = (0..HEADS.len()).filter(|column| widths[*column] > 0);
        let cell = |column: usize| match own {
            Some(own) if column == 1 && cells[1] == own.as_str() => {
                phase(own, widths[column], paint)
            }
            _ => padded(&cells[column], widths[column]),
        };
        let line: Vec<String> = shown.map(cell).collect();
        format!("{}\n", line.join("  ").trim_end())
    };
    let mut text = line(&HEADS.map(str::to_owned), None);
    for (standing, row) in board.metrics.iter().zip(&rows) {
        text.push_str(&line(row, Some(standing.phase())));
    }
    text
}

fn row(standing: &Standing) -> [String; 5] {
    let phase = visible(standing.phase().as_str());
    let phase = match standing.weight {
        Weight::Decides => phase,
        Weight::Dry => format!("{phase} (dry run)"),
    };
    let telling = standing.telling();
    let of = |key| telling.map(|one| noted(one, key)).unwrap_or_default();
    [
        visible(&standing.name),
        phase,
        telling.map(value).unwrap_or_default(),
        of("outcome"),
        of("evidence"),
    ]
}

/// What the table has no room for; empty where it says all.
fn words(standing: &Standing, queries: Queries) -> String {
    let mut lines = Vec::new();
    // Of the others the end tells, or a line of the dry run.
    if *standing.phase() == Phase::Successful {
        lines.push(visible(standing.message()));
    }
    if let Some(phases) = phases(standing) {
        lines.push(phases);
    }
    if let Some(telling) = standing.telling() {
        lines.push(visible(&telling.message));
        for (key, title) in [
            ("findings", "findings"),
            ("warnings", "warnings"),
            ("infos", "infos"),
        ] {
            let found = telling.metadata.get(key).map_or("", String::as_str);
            lines.extend(
                found
                    .lines()
                    .map(|line| format!("{title}: {}", visible(line))),
            );
        }
    }
    lines.extend(would_be(standing));
    if queries == Queries::Told
        && let Some(query) = sent(standing)
    {
        // A query keeps its lines.
        let under: Vec<String> = query.lines().map(visible).collect();
        lines.push(format!("query: {}", under.join("\n         ")));
    }
    lines.retain(|line| !line.is_empty());
    if lines.is_empty() {
        return String::new();
    }
    format!("{}: {}\n", visible(&standing.name), lines.join("\n  "))
}

/// `3 measurements: 2 Successful, 1 Failed`, where they differ.
fn phases(standing: &Standing) -> Option<String> {
    let all = &standing.measurements;
    let first = all.first()?;
    if all.iter().all(|one| one.phase == first.phase) {
        return None;
    }
    let mut counts: Vec<(&Phase, usize)> = Vec::new();
    for one in all {
        match counts.iter_mut().find(|(phase, _)| *phase == &one.phase) {
            Some((_, count)) => *count += 1,
            None => counts.push((&one.phase, 1)),
        }
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(phase, count)| format!("{count} {}", visible(phase.as_str())))
        .collect();
    Some(format!(
        "{}: {}",
        counted(all.len(), "measurement"),
        counts.join(", ")
    ))
}

fn sent(standing: &Standing) -> Option<&String> {
    let query = |one: &'_ Measurement| one.metadata.contains_key("ResolvedPrometheusQuery");
    let newest = standing.measurements.iter().rev().find(|one| query(one));
    let of = standing.waiting.as_ref().or(newest)?;
    of.metadata.get("ResolvedPrometheusQuery")
}

/// Under `guard: observe`: what enforce would have made of the newest measurement that it judges otherwise, else of the one
/// that tells.
fn would_be(standing: &Standing) -> Option<String> {
    let differs = |one: &&Measurement| {
        let would = one.metadata.get("wouldBe");
        would.is_some_and(|would| would != one.phase.as_str())
    };
    let others = standing.measurements.iter().filter(differs);
    let one = others.clone().next_back().or(standing.telling())?;
    let would = one.metadata.get("wouldBe")?;
    let too = if differs(&one) { "" } else { ", too" };
    let with = |key: &str, before: &str, behind: &str| match noted(one, key) {
        text if text.is_empty() => text,
        text => format!("{before}{text}{behind}"),
    };
    let share = match (others.count(), standing.measurements.len()) {
        (0, _) | (1, 1) => String::new(),
        (some, all) => format!("{some} of {}: ", counted(all, "measurement")),
    };
    Some(format!(
        "{share}would be {}{too}{}{}{}",
        visible(would),
        with("wouldBeAfter", " after ", ""),
        with("wouldBeOutcome", " (", ")"),
        with("wouldBeMessage", ": ", "")
    ))
}

/// What came of all: dry runs that would have decided, then the one that decides.
fn end(board: &Board, paint: Paint) -> String {
    let dry = board
        .metrics
        .iter()
        .filter(|metric| metric.weight == Weight::Dry);
    let mut text: String = dry
        .filter(|metric| metric.over.is_some() && *metric.phase() != Phase::Successful)
        .map(|metric| {
            format!(
                "dry run, decides nothing: {}\n\n",
                visible(&assessed(metric))
            )
        })
        .collect();
    let resource = visible(&board.resource);
    let (phase, why) = match board.worst() {
        Some(worst) => (worst.phase(), format!(": {}", visible(&assessed(worst)))),
        None if board.is_over() => (&Phase::Successful, String::new()),
        None => (&Phase::Running, ": interrupted".to_owned()),
    };
    let painted = paint.phase(phase, &visible(phase.as_str()));
    text.push_str(&format!("{resource}: {painted}{why}\n"));
    text
}

/// `metric "m" assessed Failed due to failed (1) > failureLimit (0)`
pub(super) fn assessed(standing: &Standing) -> String {
    let (phase, message) = (standing.phase(), standing.message());
    format!(
        "metric \"{}\" assessed {phase} due to {message}",
        standing.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::run::tests::{board, measured, over};

    fn told(board: &Board, queries: Queries) -> String {
        summary(board, queries, Paint::Plain)
    }

    #[test]
    fn a_table_and_what_needs_words() {
        let mut board = board(&[("error-share", 3), ("latency", 1), ("restarts", 1)]);
        measured(
            &mut board,
            0,
            "Successful|[0.01]||outcome=data;evidence=witness 1",
        );
        measured(
            &mut board,
            0,
            "Failed|[0.12]|successCondition \"result[0] < 0.05\" is false: result[0] is 0.12 (1 series)|outcome=data;evidence=not asked;warnings=\"slow\u{1b}[0m\"",
        );
        over(&mut board, 0, "Failed", "failed (1) > failureLimit (0)");
        measured(
            &mut board,
            1,
            "Inconclusive|[NaN]|ended while waiting for data: no traffic: 0 events in 5m|outcome=terminated;findings=`x` is unknown",
        );
        over(
            &mut board,
            1,
            "Inconclusive",
            "inconclusive (1) > inconclusiveLimit (0)",
        );
        over(&mut board, 2, "Successful", "ended early");
        let expected = r#"metric       phase         value   outcome     evidence
error-share  Failed        [0.12]  data        not asked
latency      Inconclusive  [NaN]   terminated
restarts     Successful

error-share: 2 measurements: 1 Successful, 1 Failed
  successCondition "result[0] < 0.05" is false: result[0] is 0.12 (1 series)
  warnings: "slow␛[0m"
latency: ended while waiting for data: no traffic: 0 events in 5m
  findings: `x` is unknown
restarts: ended early

AnalysisTemplate/t: Failed: metric "error-share" assessed Failed due to failed (1) > failureLimit (0)
"#;
        assert_eq!(told(&board, Queries::Left), expected);
    }

    #[test]
    fn what_enforce_would_say() {
        for (measurements, expected) in [
            (
                &[
                    "Successful|[0]||wouldBe=Failed;wouldBeAfter=4m0s;wouldBeOutcome=no-data/one-sample;wouldBeMessage=no data: the window [1m] holds one sample",
                ][..],
                "m: would be Failed after 4m0s (no-data/one-sample): no data: the window [1m] holds one sample\n",
            ),
            (
                &["Successful|[0]||wouldBe=Successful;wouldBeOutcome=data"],
                "m: would be Successful, too (data)\n",
            ),
            (
                &[
                    "Successful|[0]||wouldBe=Inconclusive;wouldBeOutcome=no-data/no-traffic",
                    "Successful|[0]||wouldBe=Successful",
                ],
                "m: 1 of 2 measurements: would be Inconclusive (no-data/no-traffic)\n",
            ),
            (&["Successful|[0]|"], ""),
        ] {
            let mut board = board(&[("m", 2)]);
            for text in measurements {
                measured(&mut board, 0, text);
            }
            over(&mut board, 0, "Successful", "");
            assert_eq!(words(&board.metrics[0], Queries::Left), expected);
        }
    }

    #[test]
    fn empty_columns_are_left_out_and_queries_told_on_demand() {
        let mut board = board(&[("m", 1)]);
        measured(
            &mut board,
            0,
            "Successful|[1]||ResolvedPrometheusQuery=sum(\n  x\u{7}\n)",
        );
        over(&mut board, 0, "Successful", "");
        let table = "metric  phase       value\nm       Successful  [1]\n";
        let end = "AnalysisTemplate/t: Successful\n";
        assert_eq!(told(&board, Queries::Left), format!("{table}\n{end}"));
        assert_eq!(
            told(&board, Queries::Told),
            format!("{table}\nm: query: sum(\n           x␇\n         )\n\n{end}")
        );
    }

    #[test]
    fn what_was_interrupted_is_not_successful() {
        let mut board = board(&[("m", 2), ("n", 1)]);
        measured(&mut board, 0, "Successful|[1]|");
        assert_eq!(
            told(&board, Queries::Left),
            "metric  phase    value
m       Running  [1]
n       Running

AnalysisTemplate/t: Running: interrupted
"
        );
    }
}
