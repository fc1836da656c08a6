//! A condition's text, arguments without value in it or not, into something that says what it makes of a result, and into
//! whether it works at all.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::condition::{
    ConditionError, Edits, Looks, Program, ResultType, ResultValue, compile, edited, inspect,
    repairs,
};
use crate::lint::stand_ins::StandIns;
use crate::text::filled::Filled;
use crate::text::span::Span;

/// Most steps of a run on one probe. Real conditions take some tens.
const STEPS: u64 = 20_000;

/// The longest list on which a condition is tried before it is said to fail always.
const LONGEST: usize = 1_000;

/// What a condition says of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// True or false.
    Said(bool),
    /// It could not be evaluated.
    Error,
    /// It hangs on the time, or takes too long to tell.
    Unknown,
    /// With these stand-ins it is no condition, so its arguments have other values.
    Impossible,
}

/// A condition with every combination of stand-ins, compiled.
#[derive(Debug)]
pub(super) struct Judged {
    /// Each text once, with its program.
    texts: Vec<(String, Result<Program, ConditionError>)>,
    /// Which text each combination gives.
    combinations: Vec<usize>,
    has_holes: bool,
    /// Whether it hangs on the time, or compares a text that is not known.
    cannot_be_told: bool,
    /// Whether it is known to be no condition, whatever its arguments are.
    is_broken: bool,
}

impl Judged {
    pub(super) fn new(filled: &Filled, stand_ins: &StandIns, result: ResultType) -> Self {
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        let mut texts = Vec::new();
        let mut combinations = Vec::new();
        for text in stand_ins.texts(filled) {
            let index = *known.entry(text).or_insert_with_key(|text| {
                texts.push((text.clone(), compile(text, result)));
                texts.len() - 1
            });
            combinations.push(index);
        }
        // Texts that are compared with others are told apart by more than a few words.
        let has_quoted_holes = StandIns::has_quoted(filled);
        let cannot_be_told = |text: &str| {
            (has_quoted_holes || text.contains("now"))
                && inspect(text).is_ok_and(|looks| {
                    looks.calls.iter().any(|call| call == "now")
                        || has_quoted_holes && looks.compares_text
                })
        };
        Judged {
            cannot_be_told: texts.iter().any(|(text, _)| cannot_be_told(text)),
            texts,
            combinations,
            has_holes: filled.has_holes(),
            is_broken: false,
        }
    }

    /// The same text in these combinations.
    pub(super) fn in_combinations(
        self,
        filled: &Filled,
        stand_ins: &StandIns,
        result: ResultType,
    ) -> Self {
        if self.combinations.len() == stand_ins.len() {
            return self;
        }
        Judged {
            is_broken: self.is_broken,
            ..Judged::new(filled, stand_ins, result)
        }
    }

    /// What it says with each combination of stand-ins.
    pub(super) fn answers(&self, result: &ResultValue) -> Vec<Answer> {
        let of_text = self.texts.iter().map(|(_, text)| match text {
            _ if self.has_holes && self.is_broken => Answer::Error,
            // An argument whose text makes it no condition has another text.
            Ok(program) if !self.has_holes || program.can_give_a_verdict() => {
                self.run(program, result)
            }
            Err(_) if !self.has_holes => Answer::Error,
            _ => Answer::Impossible,
        });
        let of_text: Vec<Answer> = of_text.collect();
        let of = |index: &usize| of_text.get(*index).copied();
        self.combinations.iter().filter_map(of).collect()
    }

    fn run(&self, program: &Program, result: &ResultValue) -> Answer {
        match program.run_within(result, Timestamp::UNIX_EPOCH, STEPS) {
            None => Answer::Unknown,
            Some(_) if self.cannot_be_told => Answer::Unknown,
            Some(Ok(holds)) => Answer::Said(holds),
            Some(Err(_)) => Answer::Error,
        }
    }

    /// The programs that give a verdict.
    fn possible(&self) -> impl Iterator<Item = &Program> {
        let programs = self.texts.iter().filter_map(|(_, text)| text.as_ref().ok());
        programs.filter(|program| program.can_give_a_verdict())
    }

    /// Why it works on no result; none where it may work.
    fn error(&self, result: ResultType) -> Option<ConditionError> {
        if self.possible().next().is_none() {
            let wrong = self.texts.iter().find_map(|(text, compiled)| {
                let error = compiled.as_ref().err()?;
                (!self.has_holes || inspect(text).is_ok()).then(|| error.clone())
            });
            // Without arguments a text that compiles gives what is no verdict: told by running it.
            let runs = || self.texts.iter().find_map(|(_, text)| text.as_ref().ok());
            return match wrong {
                None if !self.has_holes => fails_always(runs()?, result),
                wrong => wrong,
            };
        }
        let mut errors = self.possible().map(|program| fails_always(program, result));
        let first = errors.next()??;
        errors.all(|error| error.is_some()).then_some(first)
    }

    /// Whether it gives a verdict with some arguments on some result.
    fn works(&self, result: ResultType) -> bool {
        self.possible().next().is_some() && self.error(result).is_none()
    }
}

/// The error of a program that fails on every result of its type.
fn fails_always(program: &Program, result: ResultType) -> Option<ConditionError> {
    let run = |result| program.run_within(&result, Timestamp::UNIX_EPOCH, STEPS);
    let numbers = [0.0, 1.0, -1.0, 0.5, 1e9, f64::NAN, f64::INFINITY];
    let probe = |number: f64| match result {
        ResultType::Scalar => ResultValue::Scalar(number),
        _ => ResultValue::Vector(vec![number]),
    };
    let error = run(probe(0.0))?.err()?;
    let more = numbers.into_iter().skip(1).map(probe);
    let lists = [0, 2, LONGEST]
        .into_iter()
        .map(|length| ResultValue::Vector((0..length).map(|n| n as f64).collect()))
        .filter(|_| result != ResultType::Scalar);
    let fails = |result| matches!(run(result), Some(Err(_)));
    more.chain(lists).all(fails).then_some(error)
}

/// Whether a condition works, and what it says.
pub(super) struct Checked {
    /// Why it does not work.
    pub(super) error: Option<ConditionError>,
    /// How it would, and the text that comes of it.
    pub(super) repair: Option<(Edits, Filled)>,
    /// The text as it is.
    pub(super) judged: Judged,
}

/// Checks a condition against the type of the results.
pub(super) fn checked(
    filled: &Filled,
    stand_ins: &StandIns,
    result: ResultType,
    fill: &dyn Fn(&str) -> Filled,
) -> Checked {
    let mut judged = Judged::new(filled, stand_ins, result);
    let mut error = judged.error(result);
    let is_unclear = error.is_none() && judged.possible().next().is_none();
    let repair = match error.is_some() || is_unclear {
        true => repair(filled, &judged, result, fill),
        false => None,
    };
    if is_unclear && repair.is_some() {
        // What can be mended without a word about the arguments is wrong whatever they are.
        error = judged
            .texts
            .iter()
            .find_map(|(_, text)| text.as_ref().err().cloned());
    }
    judged.is_broken = error.is_some();
    Checked {
        error,
        repair,
        judged,
    }
}

fn repair(
    filled: &Filled,
    judged: &Judged,
    result: ResultType,
    fill: &dyn Fn(&str) -> Filled,
) -> Option<(Edits, Filled)> {
    let (text, _) = judged.texts.first()?;
    repairs(text, result).into_iter().find_map(|edits| {
        let repaired = fill(&edited(&filled.template, &in_template(filled, &edits)?));
        let stand_ins = StandIns::new(std::iter::once(&repaired), true);
        let works = Judged::new(&repaired, &stand_ins, result).works(result);
        works.then_some((edits, repaired))
    })
}

/// The same edits of the template; none where one would cut a placeholder.
fn in_template(filled: &Filled, edits: &Edits) -> Option<Edits> {
    edits
        .iter()
        .map(|(span, text)| {
            let cuts_one = filled.pieces.iter().any(|piece| {
                let own = piece.text;
                let overlaps = span.start < own.end && own.start < span.end;
                overlaps && !span.holds(own)
                    || span.start == span.end && own.start < span.start && span.start < own.end
            });
            (!cuts_one).then(|| (filled.to_template(*span), text.clone()))
        })
        .collect()
}

/// What a text looks at, and nothing of it that hangs on an argument without value.
pub(super) fn looked(filled: &Filled, stand_ins: &StandIns) -> Option<Looks> {
    let holes = filled.holes();
    let touches = |span: Span| {
        holes
            .iter()
            .any(|hole| hole.start < span.end && span.start < hole.end)
    };
    let mut looks = stand_ins
        .texts(filled)
        .filter_map(|text| inspect(&text).ok());
    let mut first = looks.next()?;
    if holes.is_empty() {
        return Some(first);
    }
    let others: Vec<Looks> = looks.take(3).collect();
    let before = first.comparisons.len();
    first.comparisons.retain(|compared| {
        !touches(compared.span)
            && others
                .iter()
                .all(|other| other.comparisons.contains(compared))
    });
    first.indices.retain(|(index, span)| {
        !touches(*span)
            && others
                .iter()
                .all(|other| other.indices.contains(&(*index, *span)))
    });
    first.is_opaque |= first.comparisons.len() < before || others.is_empty();
    first
        .calls
        .retain(|call| others.iter().all(|other| other.calls.contains(call)));
    Some(first)
}
