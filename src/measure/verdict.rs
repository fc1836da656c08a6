//! A metric's conditions and what was measured into a phase and the words for it, as Argo judges
//! (`utils/evaluate/evaluate.go`, `EvaluateResult`).

use jiff::Timestamp;

use super::reading::Reading;
use super::wording::Wording;
use crate::analysis::measurement::Phase;
use crate::condition::{self, ConditionError, Operand, ResultValue};

/// A phase and, unless it is plain success, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Successful, Failed, Inconclusive or Error.
    pub(super) phase: Phase,
    /// Empty for Successful.
    pub(super) message: Wording,
    /// With Error: whether the condition fits no result at all, or only not this one (`result[0]` of none).
    pub(super) is_condition_wrong: bool,
    /// Whether the condition that decided names `isNaN`: then NaN is judged on purpose.
    pub(super) names_nan: bool,
}

impl Verdict {
    fn of(phase: Phase, message: Wording) -> Self {
        Verdict {
            phase,
            message,
            is_condition_wrong: false,
            names_nan: false,
        }
    }

    fn decided_by(self, condition: &Condition<'_>) -> Self {
        let names_nan = condition::inspect(condition.text)
            .is_ok_and(|looks| looks.calls.iter().any(|call| call == "isNaN"));
        Verdict { names_nan, ..self }
    }
}

/// The conditions of a metric; an empty one is none.
#[derive(Debug, Clone)]
pub(super) struct Conditions {
    pub(super) success: String,
    pub(super) failure: String,
}

/// Both conditions are asked, the success condition first; failure wins, and none of either is Successful.
pub(super) fn judge(conditions: &Conditions, reading: &Reading, now: Timestamp) -> Verdict {
    let success = Condition {
        field: "successCondition",
        text: &conditions.success,
    };
    let failure = Condition {
        field: "failureCondition",
        text: &conditions.failure,
    };
    let answers = success
        .answer(reading, now)
        .and_then(|holds| Ok((holds, failure.answer(reading, now)?)));
    match answers {
        Err(verdict) => verdict,
        Ok((_, Some(true))) => {
            Verdict::of(Phase::Failed, failure.told("true", reading, now)).decided_by(&failure)
        }
        Ok((None | Some(true), _)) => Verdict::of(Phase::Successful, Wording::default()),
        Ok((Some(false), None)) => {
            Verdict::of(Phase::Failed, success.told("false", reading, now)).decided_by(&success)
        }
        Ok((Some(false), Some(false))) => {
            let message = Wording::default().own("neither condition is met: ");
            let message = success.name(message).own(" and ");
            let message = failure.told_after(message, "false", reading, now);
            Verdict::of(Phase::Inconclusive, message)
        }
    }
}

struct Condition<'a> {
    field: &'static str,
    text: &'a str,
}

impl Condition<'_> {
    /// `None` for a condition that is not there; an error is the verdict.
    fn answer(&self, reading: &Reading, now: Timestamp) -> Result<Option<bool>, Verdict> {
        if self.text.is_empty() {
            return Ok(None);
        }
        condition::evaluate(self.text, &reading.result, now)
            .map(Some)
            .map_err(|error| self.not_evaluated(&error, reading))
    }

    fn not_evaluated(&self, error: &ConditionError, reading: &Reading) -> Verdict {
        let message = Wording::default()
            .own(&format!("could not evaluate {} ", self.field))
            .quoted(self.text)
            .own(": ");
        let empty = matches!(&reading.result, ResultValue::Vector(numbers) if numbers.is_empty());
        let message = match error {
            ConditionError::Run { message: cause } if empty => message
                .own("no data: the query returned no series (")
                .foreign(cause)
                .own(")"),
            ConditionError::Compile {
                message: cause,
                offset: Some(offset),
            } => {
                let column = self
                    .text
                    .get(..*offset)
                    .map_or(0, |before| before.chars().count())
                    + 1;
                message.foreign(cause).own(&format!(" at column {column}"))
            }
            other => message.foreign(&other.to_string()),
        };
        Verdict {
            is_condition_wrong: matches!(error, ConditionError::Compile { .. }),
            ..Verdict::of(Phase::Error, message)
        }
    }

    fn name(&self, before: Wording) -> Wording {
        before.own(&format!("{} ", self.field)).quoted(self.text)
    }

    fn told(&self, answer: &str, reading: &Reading, now: Timestamp) -> Wording {
        let message = self.name(Wording::default()).own(&format!(" is {answer}"));
        self.compared(message, reading, now)
    }

    fn told_after(
        &self,
        before: Wording,
        answer: &str,
        reading: &Reading,
        now: Timestamp,
    ) -> Wording {
        let message = self.name(before).own(&format!(" are {answer}"));
        self.compared(message, reading, now)
    }

    /// What was compared with what, and on how many series.
    fn compared(&self, message: Wording, reading: &Reading, now: Timestamp) -> Wording {
        let operands = condition::compile(self.text, reading.result.result_type())
            .map(|program| program.operands(&reading.result, now))
            .unwrap_or_default();
        let mut message = message.own(": ");
        if operands.is_empty() {
            message = message
                .own("result is ")
                .own(&crate::text::chain::bounded(&reading.value, 200));
        }
        for (index, operand) in operands.iter().enumerate() {
            message = written(
                if index > 0 {
                    message.own(", ")
                } else {
                    message
                },
                operand,
                self.text,
            );
        }
        match reading.series {
            None => message,
            Some(1) => message.own(" (1 series)"),
            Some(series) => message.own(&format!(" ({series} series)")),
        }
    }
}

/// `text is value`; a number is ours unless it stands in the `condition`, anything else may be a text of the template.
fn written(message: Wording, operand: &Operand, condition: &str) -> Wording {
    let message = message.foreign(&operand.text).own(" is ");
    let number = |text: &str| text.trim().parse::<f64>().is_ok();
    let inside = operand.value.trim_start_matches('[').trim_end_matches(']');
    let number = inside
        .split([',', ' '])
        .filter(|part| !part.is_empty())
        .all(number);
    message.computed(&operand.value, number, condition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::secrets::Mask;

    /// Phases as `utils/evaluate/evaluate_test.go` of argo-rollouts has them; the words are ours.
    #[test]
    fn phases_are_argos_and_the_words_say_what_was_compared() {
        let vector = |numbers: &[f64]| Reading {
            result: ResultValue::Vector(numbers.to_vec()),
            value: format!("{numbers:?}"),
            series: Some(numbers.len()),
        };
        let scalar = |number: f64| Reading {
            result: ResultValue::Scalar(number),
            value: number.to_string(),
            series: None,
        };
        for (success, failure, reading, told) in [
            ("", "", vector(&[1.0]), "Successful "),
            ("result[0] < 2", "", vector(&[1.0]), "Successful "),
            ("", "result[0] > 2", vector(&[1.0]), "Successful "),
            ("true", "false", scalar(1.0), "Successful "),
            (
                "result[0] < 2",
                "",
                vector(&[3.5]),
                r#"Failed successCondition "result[0] < 2" is false: result[0] is 3.5 (1 series)"#,
            ),
            (
                "",
                "result > 2",
                scalar(3.0),
                r#"Failed failureCondition "result > 2" is true: result is 3"#,
            ),
            (
                "result[0] < 2",
                "result[0] < 1",
                vector(&[0.5, 7.0]),
                r#"Failed failureCondition "result[0] < 1" is true: result[0] is 0.5 (2 series)"#,
            ),
            (
                "result[0] < 2",
                "result[0] > 4",
                vector(&[f64::NAN]),
                r#"Inconclusive neither condition is met: successCondition "result[0] < 2" and failureCondition "result[0] > 4" are false: result[0] is NaN (1 series)"#,
            ),
            (
                "result[0] < 2",
                "",
                vector(&[]),
                r#"Error could not evaluate successCondition "result[0] < 2": no data: the query returned no series (index out of range: 0 (array length is 0))"#,
            ),
            (
                "result[0] = 5",
                "",
                vector(&[1.0]),
                r#"Error could not evaluate successCondition "result[0] = 5": unexpected token Operator("=") at column 11"#,
            ),
            (
                "true",
                "reslt > 1",
                vector(&[1.0]),
                r#"Error could not evaluate failureCondition "reslt > 1": unknown name reslt at column 1"#,
            ),
            (
                "false",
                "",
                vector(&[1.0, 2.0]),
                r#"Failed successCondition "false" is false: result is [1.0, 2.0] (2 series)"#,
            ),
        ] {
            let conditions = Conditions {
                success: success.to_owned(),
                failure: failure.to_owned(),
            };
            let verdict = judge(&conditions, &reading, Timestamp::UNIX_EPOCH);
            let message = verdict.message.line(&Mask::default());
            assert_eq!(format!("{} {message}", verdict.phase), told);
        }
    }
}
