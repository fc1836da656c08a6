//! A metric's conditions, checked against what its query returns, and the phase that they make of a result.

use crate::analysis::template::Field;
use crate::condition::{ConditionError, Edits, Looked, Looks, ResultType, ResultValue, is_quick};
use crate::lint::finding::Spot;
use crate::lint::gate::spot;
use crate::lint::judged::{Answer, Checked, Judged, checked, looked};
use crate::lint::stand_ins::{StandIns, types};
use crate::text::filled::{Filled, is_hole};
use crate::text::span::Span;

/// What one measurement comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The conditions hold.
    Successful,
    /// They do not.
    Failed,
    /// Neither or both of two.
    Inconclusive,
    /// One could not be evaluated.
    Error,
    /// It hangs on an argument without value.
    Unknown,
}

impl Verdict {
    /// As in tables and JSON: Argo's word, or `Unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Successful => "Successful",
            Verdict::Failed => "Failed",
            Verdict::Inconclusive => "Inconclusive",
            Verdict::Error => "Error",
            Verdict::Unknown => "Unknown",
        }
    }
}

/// A metric's conditions.
#[derive(Debug)]
pub struct Conditions {
    /// `successCondition`
    pub success: Option<Condition>,
    /// `failureCondition`
    pub failure: Option<Condition>,
    /// What they are judged against: `Vector` or `Scalar`, the one that fits where the query does not tell.
    pub result_type: ResultType,
}

impl Default for Conditions {
    fn default() -> Self {
        Conditions {
            success: None,
            failure: None,
            result_type: ResultType::Vector,
        }
    }
}

/// A condition.
#[derive(Debug)]
pub struct Condition {
    /// `successCondition` or `failureCondition`.
    pub name: &'static str,
    /// As written.
    pub field: Field,
    /// With the values that are known here.
    pub filled: Filled,
    /// Why it does not compile against the query's type, or fails on every value of it; see `repaired`.
    pub error: Option<ConditionError>,
    /// What is judged in its place where it does not compile: the fix, else with `[0]` put in. None also where nothing
    /// helps.
    pub repaired: Option<String>,
    /// The edits of the filled text that make `repaired`, in text order. A new text may hold a placeholder,
    /// `{{args.limit}}`, which has its value in `repaired`.
    pub repair: Edits,
    /// The numbers that it compares the result or an element with (not lengths), ascending; none of arguments without value.
    pub thresholds: Vec<f64>,
    /// What it compares, in text order; nothing that hangs on an argument without value. Of the repaired text, where there
    /// is one.
    pub comparisons: Vec<Comparison>,
    /// Indices with which it reads one series, `result[0]`, with their bytes in the filled text.
    pub indices: Vec<(i64, Span)>,
    /// The builtins that it calls: `len`, `isNaN`, `all`, …
    pub calls: Vec<String>,
    /// Whether it also turns where `comparisons` do not tell: at an argument without value, a text, another element.
    pub is_opaque: bool,
    as_written: Judged,
    mended: Option<Judged>,
}

/// A comparison of a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What is compared with the number.
    pub operand: Operand,
    /// The operator with the operand on its left: `<`, `<=`, `>`, `>=`, `==`, `!=`.
    pub operator: &'static str,
    /// The number.
    pub value: f64,
    /// The number's bytes in the filled text.
    pub span: Span,
    /// The elements at which it turns: the number itself where the operand is the value, 0.95 of `result[0] * 100 >= 95`;
    /// none where that is not known.
    pub turns: Vec<f64>,
}

/// What a condition compares with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// The result, or an element of it.
    Value,
    /// `len(result)`, a count of elements.
    Length,
    /// Anything else.
    Other,
}

/// Which text of a condition that does not work is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// The author's: what Argo records.
    Written,
    /// The repaired one: what the author would see once that is fixed.
    Repaired,
}

impl Condition {
    /// All of the filled text.
    pub fn all(&self) -> Span {
        Span::new(0, self.filled.text.len())
    }

    /// Bytes of the filled text as a spot.
    pub fn spot(&self, span: Span) -> Spot {
        spot(self.name, &self.field, self.filled.to_template(span))
    }

    /// Whether it calls the builtin.
    pub fn names(&self, builtin: &str) -> bool {
        self.calls.iter().any(|call| call == builtin)
    }

    /// What it says of `result`, repaired where it does not work; none where it fails, or hangs on an argument.
    pub fn holds(&self, result: &ResultValue) -> Option<bool> {
        let mut possible = self
            .answers(result, Text::Repaired)
            .into_iter()
            .filter(|answer| *answer != Answer::Impossible);
        match possible.next()? {
            Answer::Said(holds) if possible.all(|other| other == Answer::Said(holds)) => {
                Some(holds)
            }
            _ => None,
        }
    }

    /// Whether it asks that there be one series, `len(result) == 1`.
    pub fn pins_length(&self) -> bool {
        self.comparisons.iter().any(|comparison| {
            let Comparison {
                operand,
                operator,
                value,
                ..
            } = comparison;
            let is_one = *value == 1.0 && ["==", "<=", "!=", ">"].contains(operator);
            let is_below_two = *value == 2.0 && ["<", ">="].contains(operator);
            *operand == Operand::Length && (is_one || is_below_two)
        })
    }

    /// What it says of `result` with each combination of stand-ins.
    fn answers(&self, result: &ResultValue, text: Text) -> Vec<Answer> {
        match (&self.mended, text) {
            (Some(mended), Text::Repaired) => mended.answers(result),
            _ => self.as_written.answers(result),
        }
    }
}

impl Conditions {
    /// Checks both against the type that the query returns, [`ResultType::Any`] where that is not known. A text that is
    /// empty is no condition.
    pub fn new(
        success: Option<&Field>,
        failure: Option<&Field>,
        result: ResultType,
        fill: &dyn Fn(&str) -> Filled,
    ) -> Self {
        let written = |field: Option<&Field>| {
            let field = field?;
            let filled = fill(&field.text);
            (!filled.text.is_empty()).then(|| (field.clone(), filled))
        };
        let texts = Texts {
            success: written(success),
            failure: written(failure),
        };
        let mut first = None;
        for own in types(result) {
            let conditions = texts.check(*own, fill);
            if !conditions.is_repaired() {
                return conditions;
            }
            first.get_or_insert(conditions);
        }
        first.unwrap_or_default()
    }

    /// Success first.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.success.iter().chain(&self.failure)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.success.is_none() && self.failure.is_none()
    }

    /// Whether one of them does not compile, so that its repaired text is judged.
    pub fn is_repaired(&self) -> bool {
        self.iter().any(|condition| condition.error.is_some())
    }

    /// Whether one of them does not compile and no repair is known, so that [`judge`](Conditions::judge) says Error of
    /// everything.
    pub fn is_beyond_repair(&self) -> bool {
        self.iter()
            .any(|condition| condition.error.is_some() && condition.repaired.is_none())
    }

    /// Whether one of them also turns where its comparisons do not tell.
    pub fn is_opaque(&self) -> bool {
        self.iter().any(|condition| condition.is_opaque)
    }

    /// Whether the condition that decides that a measurement is Failed names `isNaN`: the failure condition, where there is
    /// one.
    pub fn fails_nan_on_purpose(&self) -> bool {
        self.failure
            .as_ref()
            .or(self.success.as_ref())
            .is_some_and(|condition| condition.names("isNaN"))
    }

    /// A result of these elements, of the type that the conditions are judged against.
    pub fn result(&self, elements: &[f64]) -> ResultValue {
        match (self.result_type, elements) {
            (ResultType::Scalar, [value]) => ResultValue::Scalar(*value),
            _ => ResultValue::Vector(elements.to_vec()),
        }
    }

    /// The phase of a measurement that answered these elements.
    pub fn judge_elements(&self, elements: &[f64]) -> Verdict {
        self.judge(&self.result(elements))
    }

    /// The phase of a measurement that answered `result` (`EvaluateResult` in Argo's `utils/evaluate/evaluate.go`), a
    /// condition that does not work repaired.
    pub fn judge(&self, result: &ResultValue) -> Verdict {
        self.judge_text(result, Text::Repaired)
    }

    /// The same of the texts as they are written or as they are repaired.
    pub fn judge_text(&self, result: &ResultValue, text: Text) -> Verdict {
        let answers = |condition: &Option<Condition>| {
            condition
                .as_ref()
                .map(|condition| condition.answers(result, text))
        };
        let (success, failure) = (answers(&self.success), answers(&self.failure));
        let combinations = success.iter().chain(&failure).map(Vec::len).max();
        let mut agreed = None;
        for index in 0..combinations.unwrap_or(1) {
            let at = |answers: &Option<Vec<Answer>>| {
                answers
                    .as_ref()
                    .map(|answers| answers.get(index).copied().unwrap_or(Answer::Impossible))
            };
            let Some(verdict) = phase(at(&success), at(&failure)) else {
                continue;
            };
            if *agreed.get_or_insert(verdict) != verdict {
                return Verdict::Unknown;
            }
        }
        agreed.unwrap_or(Verdict::Unknown)
    }
}

/// The success condition is asked first, an error ends it, failure wins; none for a text that is not possible.
fn phase(success: Option<Answer>, failure: Option<Answer>) -> Option<Verdict> {
    use Answer::{Error, Impossible, Said, Unknown};
    Some(match (success, failure) {
        (Some(Impossible), _) | (_, Some(Impossible)) => return None,
        (Some(Error), _) => Verdict::Error,
        (Some(Unknown), _) => Verdict::Unknown,
        (_, Some(Error)) => Verdict::Error,
        (_, Some(Unknown)) => Verdict::Unknown,
        (_, Some(Said(true))) | (Some(Said(false)), None) => Verdict::Failed,
        (None | Some(Said(true)), _) => Verdict::Successful,
        (Some(Said(false)), Some(Said(false))) => Verdict::Inconclusive,
    })
}

/// Both conditions as written, values filled in.
struct Texts {
    success: Option<(Field, Filled)>,
    failure: Option<(Field, Filled)>,
}

/// One of them, checked.
struct Part<'a> {
    name: &'static str,
    field: &'a Field,
    filled: &'a Filled,
    checked: Checked,
}

impl Texts {
    fn check(&self, result: ResultType, fill: &dyn Fn(&str) -> Filled) -> Conditions {
        let written = || self.success.iter().chain(&self.failure).map(|(_, f)| f);
        let few = written().any(|filled| !is_quick(&filled.text.replace(is_hole, "1"), 8));
        let alone = StandIns::new(written(), few);
        let success = part("successCondition", &self.success, |filled| {
            checked(filled, &alone, result, fill)
        });
        let failure = part("failureCondition", &self.failure, |filled| {
            checked(filled, &alone, result, fill)
        });
        let parts = success.iter().chain(&failure);
        let mended = parts.filter_map(|part| part.checked.repair.as_ref().map(|(_, f)| f.clone()));
        let mended: Vec<Filled> = mended.collect();
        // A repair may bring in a further argument, and all texts are to be judged in the same combinations.
        let all = StandIns::new(written().chain(&mended), few);
        let condition = |part: Part<'_>| part.condition(&all, result, fill);
        Conditions {
            success: success.map(condition),
            failure: failure.map(condition),
            result_type: result,
        }
    }
}

fn part<'a>(
    name: &'static str,
    text: &'a Option<(Field, Filled)>,
    check: impl Fn(&Filled) -> Checked,
) -> Option<Part<'a>> {
    let (field, filled) = text.as_ref()?;
    Some(Part {
        name,
        field,
        filled,
        checked: check(filled),
    })
}

impl Part<'_> {
    fn condition(
        self,
        stand_ins: &StandIns,
        result: ResultType,
        fill: &dyn Fn(&str) -> Filled,
    ) -> Condition {
        let Checked {
            error,
            repair,
            judged,
        } = self.checked;
        let read = repair
            .as_ref()
            .map_or(self.filled, |(_, repaired)| repaired);
        let looks = looked(read, stand_ins);
        let (repair, repaired) = repair.unzip();
        let mut condition = Condition {
            name: self.name,
            field: self.field.clone(),
            filled: self.filled.clone(),
            error,
            mended: repaired
                .as_ref()
                .map(|repaired| Judged::new(repaired, stand_ins, result)),
            repaired: repaired.map(|repaired| repaired.text),
            repair: repair.unwrap_or_default(),
            thresholds: Vec::new(),
            comparisons: Vec::new(),
            indices: Vec::new(),
            calls: Vec::new(),
            is_opaque: true,
            as_written: judged.in_combinations(self.filled, stand_ins, result),
        };
        if let Some(looks) = looks {
            let put_in = |(span, text): &(Span, String)| (*span, fill(text).text);
            let placed: Edits = condition.repair.iter().map(put_in).collect();
            condition.see(looks, &placed);
        }
        condition
    }
}

impl Condition {
    /// Takes over what its text, or the repaired one, looks at, with the places of the text as it is.
    fn see(&mut self, looks: Looks, edits: &Edits) {
        self.comparisons = looks
            .comparisons
            .into_iter()
            .map(|compared| Comparison {
                operand: match compared.operand {
                    Looked::Value => Operand::Value,
                    Looked::Length => Operand::Length,
                    Looked::Other => Operand::Other,
                },
                operator: compared.operator,
                value: compared.value,
                span: before(edits, compared.span),
                turns: compared.turns,
            })
            .collect();
        self.indices = looks
            .indices
            .into_iter()
            .map(|(index, span)| (index, before(edits, span)))
            .collect();
        self.calls = looks.calls;
        self.is_opaque = looks.is_opaque;
        self.thresholds = self
            .comparisons
            .iter()
            .filter(|comparison| comparison.operand == Operand::Value)
            // -0 is 0.
            .map(|comparison| comparison.value + 0.0)
            .filter(|value| !value.is_nan())
            .collect();
        self.thresholds.sort_by(f64::total_cmp);
        self.thresholds.dedup();
    }
}

/// Bytes of the edited text as bytes of the text before; what was put in stands for what it replaced.
fn before(edits: &Edits, span: Span) -> Span {
    let offset = |at: usize, is_end: bool| {
        let (mut old, mut new) = (0, 0);
        for (edit, text) in edits {
            let begins = new + (edit.start - old);
            if at < begins || at == begins && is_end {
                break;
            }
            let ends = begins + text.len();
            if at < ends || at == ends && is_end {
                return if is_end { edit.end } else { edit.start };
            }
            (old, new) = (edit.end, ends);
        }
        old + (at - new)
    };
    let start = offset(span.start, false);
    Span::new(start, offset(span.end, true).max(start))
}
