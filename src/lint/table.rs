//! The truth table of a gate: what each answer of its query would come to.

use crate::analysis::limits::effective_count;
use crate::analysis::metric::Metric;
use crate::analysis::settings::NoData;
use crate::condition::ResultValue;
use crate::lint::answers::Answers;
use crate::lint::conditions::{Conditions, Text, Verdict};
use crate::lint::gate::Engine;
use crate::lint::outcome::{failures_that_pass, outcome};
use crate::lint::probes::{self, Probe};
use crate::promql::answer::Range;
use crate::promql::ast::Expr;
use crate::text::float::go_float;

/// What each probe comes to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// In the order of the catalogue: `no data`, `NaN`, `fallback`, `idle`, `0`, `1`, thresholds, `+Inf`, series. Each key
    /// once: a threshold 0 or 1 adds only its neighbours.
    pub cells: Vec<Cell>,
    /// Further answers, where the conditions turn between the cells: 0.95 and its neighbours under
    /// `result[0] * 100 >= 95`, three elements under `len(result) == 3`. They are in no output, but count below.
    pub further: Vec<Cell>,
    /// Some reachable probe, repeated, ends the metric Failed.
    pub can_fail: bool,
    /// Some reachable probe, repeated, ends the metric Successful.
    pub can_pass: bool,
    /// `no data`, `NaN` or `fallback` is reachable and Successful.
    pub passes_without_data: bool,
    /// How many measurements may be Failed and the metric still Successful; none where any number may.
    pub failures_that_pass: Option<i64>,
    /// How many measurements there are; none where they go on until the Rollout is done.
    pub measurements: Option<i64>,
    /// Whether the probes are numbers, not lists.
    pub is_scalar: bool,
}

/// What one probe comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// `no data`, `<0.05`
    pub key: String,
    /// The elements of the probe; one for a scalar.
    pub probe: Vec<f64>,
    /// Its phase.
    pub verdict: Verdict,
    /// Whether the query can answer it.
    pub is_reachable: bool,
}

impl Cell {
    /// One number, whatever its origin.
    pub fn is_number(&self) -> bool {
        matches!(self.probe.as_slice(), [value] if !value.is_nan())
    }
}

impl Table {
    /// Judges every probe; a condition that does not work as it is repaired, and no table where no repair is known. None
    /// also of a query that answers a text, which no condition is asked about.
    pub fn new(
        expr: &Expr,
        conditions: &Conditions,
        metric: &Metric,
        engine: Engine,
        is_range: bool,
    ) -> Option<Self> {
        if conditions.is_beyond_repair() {
            return None;
        }
        let answers = Answers::of(expr, conditions.result_type, is_range)?;
        Some(Self::of(
            &answers,
            conditions,
            metric,
            engine,
            Text::Repaired,
        ))
    }

    /// The same with the conditions as they are written: the phases that Argo records, Error everywhere for a condition
    /// that does not compile.
    pub fn as_written(
        expr: &Expr,
        conditions: &Conditions,
        metric: &Metric,
        engine: Engine,
        is_range: bool,
    ) -> Option<Self> {
        let answers = Answers::of(expr, conditions.result_type, is_range)?;
        Some(Self::of(
            &answers,
            conditions,
            metric,
            engine,
            Text::Written,
        ))
    }

    /// The table of a query of which `answers` is known.
    pub fn of(
        answers: &Answers,
        conditions: &Conditions,
        metric: &Metric,
        engine: Engine,
        text: Text,
    ) -> Self {
        let mut answers = answers.with_fallback(engine);
        answers.fallback = answers
            .fallback
            .or_else(|| passing_end(&answers, conditions));
        let judge = Judge {
            answers: &answers,
            conditions,
            metric,
            engine,
            text,
        };
        let cells = |probes: Vec<Probe>| probes.into_iter().map(|p| judge.cell(p)).collect();
        let mut table = Table {
            cells: cells(probes::of_table(&answers, conditions)),
            further: cells(probes::further(&answers, conditions)),
            failures_that_pass: failures_that_pass(metric),
            measurements: effective_count(metric),
            is_scalar: answers.is_scalar,
            ..Table::default()
        };
        for cell in table.cells.iter().chain(&table.further) {
            if !cell.is_reachable {
                continue;
            }
            let (fails, passes) = outcome(metric, cell.verdict);
            table.can_fail |= fails;
            table.can_pass |= passes;
        }
        let passes = |key| table.reachable(key) == Some(Verdict::Successful);
        table.passes_without_data = passes("no data") || passes("NaN") || passes("fallback");
        table
    }

    /// The cell of this key.
    pub fn cell(&self, key: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.key == key)
    }

    /// The verdict of a cell that the query can reach.
    pub fn reachable(&self, key: &str) -> Option<Verdict> {
        let cell = self.cell(key).filter(|cell| cell.is_reachable);
        cell.map(|cell| cell.verdict)
    }

    /// The cells of one number: no absence, NaN, fallback, idle, several series.
    pub fn numbers(&self) -> impl Iterator<Item = &Cell> {
        let words = ["no data", "NaN", "fallback", "idle"];
        let cells = self.cells.iter();
        cells.filter(move |cell| cell.probe.len() == 1 && !words.contains(&cell.key.as_str()))
    }

    /// These elements as the result that the conditions are asked about.
    pub fn result(&self, elements: &[f64]) -> ResultValue {
        result(self.is_scalar, elements)
    }

    /// All that the query can answer, those in no output too.
    pub fn all_reachable(&self) -> impl Iterator<Item = &Cell> {
        let all = self.cells.iter().chain(&self.further);
        all.filter(|cell| cell.is_reachable)
    }
}

/// Of a fallback that is no one number, the upper end, where all that it can be passes.
fn passing_end(answers: &Answers, conditions: &Conditions) -> Option<f64> {
    let Range { low, high } = answers.fallback_range?;
    if conditions.iter().any(|condition| condition.is_opaque) {
        return None;
    }
    let own = conditions.iter().flat_map(|c| &c.thresholds);
    let around = own.flat_map(|t| [t.next_down(), *t, t.next_up()]);
    let mut all = around
        .filter(|number| low < *number && *number < high)
        .chain([low, high]);
    let passes = |number: f64| {
        conditions.judge(&result(answers.is_scalar, &[number])) == Verdict::Successful
    };
    all.all(passes).then_some(high)
}

struct Judge<'a> {
    answers: &'a Answers,
    conditions: &'a Conditions,
    metric: &'a Metric,
    engine: Engine,
    text: Text,
}

impl Judge<'_> {
    fn cell(&self, probe: Probe) -> Cell {
        let said = self
            .conditions
            .judge_text(&result(self.answers.is_scalar, &probe.elements), self.text);
        let is_nan = matches!(probe.elements.as_slice(), [value] if value.is_nan());
        let is_without_data = is_nan || matches!(probe.key.as_str(), "no data" | "fallback");
        let verdict = match self.engine.withheld() {
            // What does not compile is an Error whatever the data are.
            Some(_) if self.text == Text::Written && self.conditions.is_repaired() => said,
            Some(no_data) if is_without_data => self.without_data(no_data, is_nan, said),
            _ => said,
        };
        Cell {
            is_reachable: self.answers.can_be(&probe),
            key: probe.key,
            probe: probe.elements,
            verdict,
        }
    }

    /// What this plugin makes of an answer without data when it has waited long enough (`measure`'s end of the wait).
    fn without_data(&self, no_data: NoData, is_nan: bool, said: Verdict) -> Verdict {
        let is_silent = is_nan && !self.conditions.fails_nan_on_purpose();
        let ending = || match self.is_passed_by_inconclusive() {
            true => Verdict::Error,
            false => Verdict::Inconclusive,
        };
        match no_data {
            NoData::Fail => Verdict::Failed,
            NoData::Error => Verdict::Error,
            NoData::Inconclusive => ending(),
            NoData::Wait if said == Verdict::Failed && !is_silent => Verdict::Failed,
            NoData::Wait if said == Verdict::Unknown && !is_silent => Verdict::Unknown,
            NoData::Wait => ending(),
            NoData::Condition => said,
        }
    }

    /// A metric that is Inconclusive as often as it is measured, within its limit, is Successful.
    fn is_passed_by_inconclusive(&self) -> bool {
        let limit = self.metric.inconclusive_limit.unwrap_or(0);
        effective_count(self.metric).is_some_and(|count| limit >= count)
    }
}

impl Cell {
    /// The probe as the result that the conditions are asked about.
    pub fn result(&self, is_scalar: bool) -> ResultValue {
        result(is_scalar, &self.probe)
    }

    /// Where the query cannot come near the threshold, the number is the nearest that it can answer.
    fn just(&self) -> &'static str {
        let threshold: Option<f64> = self.key.get(1..).and_then(|text| text.parse().ok());
        let is_next = |t: f64| {
            [t.next_down(), t.next_up()]
                .map(Some)
                .contains(&self.probe.first().copied())
        };
        match threshold.is_none_or(is_next) {
            true => " just",
            false => "",
        }
    }

    /// The probe as it reads in a sentence: `0.05`, `a number just below 0.05`, `no data`.
    pub fn in_words(&self) -> String {
        match (self.key.as_str(), self.probe.as_slice()) {
            ("fallback", [number]) => format!("{}, the query's fallback", go_float(*number)),
            ("idle", [number]) => format!("{}, which it is without traffic", go_float(*number)),
            (key, _) => match (key.strip_prefix('<'), key.strip_prefix('>')) {
                (Some(threshold), _) => format!("a number{} below {threshold}", self.just()),
                (_, Some(threshold)) => format!("a number{} above {threshold}", self.just()),
                _ => key.to_owned(),
            },
        }
    }
}

/// The elements as a result.
fn result(is_scalar: bool, elements: &[f64]) -> ResultValue {
    match elements {
        [number] if is_scalar => ResultValue::Scalar(*number),
        _ => ResultValue::Vector(elements.to_vec()),
    }
}

impl Engine {
    /// What becomes of no data where the conditions alone do not decide it.
    fn withheld(self) -> Option<NoData> {
        match self {
            Engine::Plugin { no_data, .. } if self.guards_no_data() => Some(no_data),
            _ => None,
        }
    }
}
