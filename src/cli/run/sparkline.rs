//! A metric's values into a line of bars around its threshold.
//!
//! A bar of more than half the height is at the threshold or above it. The scale is the same on both sides, so that the
//! distance is true as well. Values of which nothing can be drawn have marks of their own.

use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::Metric;
use crate::condition::inspect;
use crate::text::float::go_float;

/// Bars of a line, the newest ones.
const BARS: usize = 40;

/// What values are compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Threshold(pub(super) f64);

impl Threshold {
    /// The first number that a condition compares the result with, the success condition first.
    pub(super) fn of(metric: &Metric) -> Option<Threshold> {
        [&metric.success_condition, &metric.failure_condition]
            .into_iter()
            .filter_map(|condition| inspect(condition).ok())
            .flat_map(|looks| looks.comparisons)
            .flat_map(|compared| compared.turns)
            .find(|turn| turn.is_finite())
            .map(Threshold)
    }

    /// `half height is 0.05`
    pub(super) fn legend(&self) -> String {
        format!("half height is {}", go_float(self.0))
    }
}

/// The characters of the eight heights, and of what has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ramp {
    /// Unicode's blocks.
    Blocks,
    /// `1` to `8`
    Digits,
}

impl Ramp {
    fn bar(self, height: usize) -> char {
        const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const DIGITS: [char; 8] = ['1', '2', '3', '4', '5', '6', '7', '8'];
        match self {
            Ramp::Blocks => BLOCKS[height.min(7)],
            Ramp::Digits => DIGITS[height.min(7)],
        }
    }
}

/// A bar a measurement; `?` for NaN, `!` for an Error, `.` where there is no number.
pub(super) fn sparkline(
    measurements: &[Measurement],
    threshold: Option<&Threshold>,
    ramp: Ramp,
) -> String {
    let newest = &measurements[measurements.len().saturating_sub(BARS)..];
    let numbers: Vec<Option<f64>> = newest.iter().map(|one| number(&one.value)).collect();
    let finite = || numbers.iter().flatten().filter(|number| number.is_finite());
    let lowest = finite().copied().fold(f64::INFINITY, f64::min);
    let highest = finite().copied().fold(f64::NEG_INFINITY, f64::max);
    // Without a threshold the middle of what was measured is as good as any.
    let middle = threshold.map_or(lowest / 2.0 + highest / 2.0, |threshold| threshold.0);
    // The way to 0 is drawn too: a value just below its threshold looks just so.
    let far = |end: f64| (end / 2.0 - middle / 2.0).abs();
    let ends = [lowest, highest].into_iter().filter(|end| end.is_finite());
    let zero = threshold.map(|_| 0.0);
    let half_span = ends.chain(zero).map(far).fold(0.0, f64::max);
    let bar = |(measurement, number): (&Measurement, &Option<f64>)| match number {
        None if measurement.phase == Phase::Error => '!',
        None => '.',
        Some(number) if number.is_nan() => '?',
        Some(number) => ramp.bar(height(*number, middle, half_span)),
    };
    newest.iter().zip(&numbers).map(bar).collect()
}

/// 0 to 3 below the middle, 4 to 7 from it on; halves, so that no difference overflows.
fn height(number: f64, middle: f64, half_span: f64) -> usize {
    let distance = (number / 2.0 - middle / 2.0) / half_span;
    let steps = if distance.is_finite() {
        (distance.abs() * 4.0).min(3.0) as usize
    } else if number.is_infinite() {
        3
    } else {
        0
    };
    match number < middle {
        true => 3 - steps,
        false => 4 + steps,
    }
}

/// The first number of a value as the built-in provider writes it: `[0.12,3]`, `0.12`.
fn number(value: &str) -> Option<f64> {
    let value = value.trim_matches(['[', ']']);
    value.split([',', ' ']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &str, threshold: Option<f64>, ramp: Ramp) -> String {
        let measurements: Vec<Measurement> = values
            .split(' ')
            .map(|value| Measurement {
                phase: match value {
                    "error" => Phase::Error,
                    _ => Phase::Successful,
                },
                value: value.replace("none", "[]").replace("error", ""),
                ..Measurement::default()
            })
            .collect();
        sparkline(&measurements, threshold.map(Threshold).as_ref(), ramp)
    }

    #[test]
    fn bars_stand_around_the_threshold() {
        for (values, threshold, bars) in [
            (
                "[0] [0.01] [0.049] [0.05] [0.06] [0.1]",
                Some(0.05),
                "114558",
            ),
            ("[0.01] [0.5]", Some(0.05), "48"),
            ("[0.99] [0.96] [0.94]", Some(0.95), "554"),
            ("[1] [0] [-1]", Some(0.0), "851"),
            ("[0] [1] [2] [3]", None, "1368"),
            ("[7] [7]", None, "55"),
            ("[0] [0]", Some(0.0), "55"),
            ("NaN none error [0.2,9] 3", Some(1.0), "?.!38"),
            ("[+Inf] [-Inf] [1]", Some(2.0), "812"),
            ("[+Inf]", None, "8"),
            ("[1.7e308] [-1.7e308]", Some(0.0), "81"),
        ] {
            assert_eq!(line(values, threshold, Ramp::Digits), bars, "{values}");
        }
        assert_eq!(line("[0] [1] [2]", Some(1.0), Ramp::Blocks), "▁▅█");
        let many = vec!["[1]"; 50].join(" ");
        assert_eq!(line(&many, None, Ramp::Digits), "5".repeat(BARS));
    }

    #[test]
    fn the_threshold_is_the_first_number_that_the_result_is_compared_with() {
        for (success, failure, legend) in [
            ("result[0] < 0.05", "", Some("half height is 0.05")),
            ("", "result[0] >= 0.1", Some("half height is 0.1")),
            (
                "len(result) > 0 && result[0] < 3",
                "",
                Some("half height is 3"),
            ),
            ("result[0] * 100 >= 95", "", Some("half height is 0.95")),
            (
                "all(result, # < 2)",
                "result[0] > 7",
                Some("half height is 2"),
            ),
            ("len(result) == 0", "", None),
            ("result[0] <", "", None),
            ("", "", None),
        ] {
            let metric = Metric {
                success_condition: success.to_owned(),
                failure_condition: failure.to_owned(),
                ..Metric::default()
            };
            let found = Threshold::of(&metric).map(|threshold| threshold.legend());
            assert_eq!(found.as_deref(), legend, "{success} {failure}");
        }
    }
}
