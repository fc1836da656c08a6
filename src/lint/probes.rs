//! A gate's conditions and what its query can answer into the answers that are tried on the conditions.

use crate::lint::answers::Answers;
use crate::lint::conditions::{Conditions, Operand};
use crate::text::float::go_float;

/// Most answers that are tried beside those of the table.
const FURTHER: usize = 96;

/// The longest list of those.
const LONGEST: f64 = 64.0;

/// An answer that is tried.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Probe {
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) elements: Vec<f64>,
}

/// What decides whether a query can answer a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing, as nothing was matched.
    NoData,
    /// Nothing, though something was matched.
    Nothing,
    NaN,
    Fallback,
    Idle,
    Number,
    Series,
}

fn probe(key: impl Into<String>, kind: Kind, elements: Vec<f64>) -> Probe {
    Probe {
        key: key.into(),
        kind,
        elements,
    }
}

/// Those of the table, each key once.
pub(super) fn of_table(answers: &Answers, conditions: &Conditions) -> Vec<Probe> {
    let mut probes = Vec::new();
    if !answers.is_scalar {
        probes.push(probe("no data", Kind::NoData, Vec::new()));
    }
    probes.push(probe("NaN", Kind::NaN, vec![f64::NAN]));
    let known = [
        ("fallback", Kind::Fallback, answers.fallback),
        ("idle", Kind::Idle, answers.idle),
    ];
    for (key, kind, number) in known {
        probes.extend(number.map(|number| probe(key, kind, vec![number])));
    }
    let mut numbers = vec![("0".to_owned(), 0.0), ("1".to_owned(), 1.0)];
    let thresholds = thresholds(conditions);
    for (at, threshold) in thresholds.iter().enumerate() {
        let text = go_float(*threshold);
        let before = at.checked_sub(1).and_then(|at| thresholds.get(at));
        let (below, above) = (threshold.next_down(), threshold.next_up());
        // The nearest that the query can answer, where it does not come nearer.
        let nearest = Some(answers.high).filter(|high| {
            *high < below && answers.low <= *high && before.is_none_or(|before| before < high)
        });
        numbers.push((format!("<{text}"), nearest.unwrap_or(below)));
        numbers.push((text.clone(), *threshold));
        let nearest = Some(answers.low).filter(|low| {
            above < *low
                && *low <= answers.high
                && thresholds.get(at + 1).is_none_or(|next| low < next)
        });
        numbers.push((format!(">{text}"), nearest.unwrap_or(above)));
    }
    numbers.push(("+Inf".to_owned(), f64::INFINITY));
    for (key, number) in numbers {
        if !probes.iter().any(|own| own.key == key) {
            probes.push(probe(key, Kind::Number, vec![number]));
        }
    }
    if answers.has_series {
        let t = first_compared(conditions);
        probes.push(probe("two series", Kind::Series, vec![t.next_down(), t]));
        probes.push(probe("two equal series", Kind::Series, vec![t, t]));
    }
    probes
}

/// The finite numbers that the conditions compare the result or an element with, ascending.
fn thresholds(conditions: &Conditions) -> Vec<f64> {
    let own = conditions
        .iter()
        .flat_map(|condition| &condition.thresholds);
    let mut thresholds: Vec<f64> = own.copied().filter(|t| t.is_finite()).collect();
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    thresholds
}

/// The first number that a condition compares with, the success condition's first.
fn first_compared(conditions: &Conditions) -> f64 {
    let mut comparisons = conditions
        .iter()
        .flat_map(|condition| &condition.comparisons);
    let first = comparisons
        .find(|comparison| comparison.operand == Operand::Value && comparison.value.is_finite());
    first.map_or(1.0, |comparison| comparison.value + 0.0)
}

/// Answers between those of the table at which the conditions turn as well.
pub(super) fn further(answers: &Answers, conditions: &Conditions) -> Vec<Probe> {
    let comparisons = || {
        conditions
            .iter()
            .flat_map(|condition| &condition.comparisons)
    };
    let turns = comparisons()
        .filter(|comparison| comparison.operand == Operand::Other)
        .flat_map(|comparison| &comparison.turns);
    let mut numbers = vec![f64::NEG_INFINITY, -1.0, 0.5, answers.low, answers.high];
    for turn in turns {
        let off = (turn.abs() * 1e-6).max(1e-12);
        numbers.extend([turn - off, *turn, turn + off]);
    }
    let mut probes: Vec<Probe> = numbers
        .iter()
        .map(|number| probe(go_float(*number), Kind::Number, vec![*number]))
        .collect();
    if answers.can_answer_nothing && !answers.can_be_empty {
        probes.push(probe("nothing", Kind::Nothing, Vec::new()));
    }
    if answers.has_elements {
        let mut elements = vec![0.0, 1.0, f64::NAN];
        for threshold in thresholds(conditions) {
            elements.extend([threshold.next_down(), threshold, threshold.next_up()]);
        }
        let asked = comparisons()
            .filter(|comparison| comparison.operand == Operand::Length)
            .flat_map(|comparison| [-1.0, 0.0, 1.0].map(|by| comparison.value + by));
        for length in std::iter::once(2.0).chain(asked) {
            if !(2.0..=LONGEST).contains(&length) {
                continue;
            }
            for element in &elements {
                let key = format!("{length} of {}", go_float(*element));
                probes.push(probe(key, Kind::Series, vec![*element; length as usize]));
            }
        }
    }
    probes.truncate(FURTHER);
    probes
}
