//! A prepared metric into its measurement, by how much of the guard rails hold.

use super::asking::Asker;
use super::attempt::Attempt;
use super::ending::{Ending, Stage};
use super::error::AttemptError;
use super::guarded::{Look, Missing, look};
use super::plain::{self, Measured};
use super::prepare::{Prepared, Rails};
use super::rails::Guarded;
use super::verdict::Conditions;
use super::why::why;
use super::wording::Wording;
use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::Metric;
use crate::analysis::secrets::Mask;
use crate::analysis::settings::Guard;
use crate::evidence::outcome::{Outcome, Refusal};
use crate::text::chain::chain;
use crate::text::duration::go_duration;

/// What the controller hands over, beside what was prepared.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) metric: &'a Metric,
    /// The waiting measurement that this goes on with.
    pub(super) waited: Option<&'a Measurement>,
    /// The metric's last measurement was an Error.
    pub(super) follows_error: bool,
    /// Bytes of a value.
    pub(super) value_limit: usize,
}

/// What was measured, with the words of others as they came.
pub(super) enum Course {
    /// As the built-in provider.
    Plain(Result<Measured, AttemptError>),
    /// The same, and what the guard rails would have said, where they came to it.
    Observed(Result<Measured, AttemptError>, Would),
    /// With the guard rails.
    Enforced(Result<Ending, AttemptError>),
}

/// What the guard rails would have made of it.
pub(super) enum Would {
    /// They were not asked in time.
    Unknown,
    /// They would not have measured.
    Refused(Refusal, Wording),
    /// This, in the end.
    End(Ending),
}

impl Would {
    fn refused(error: &AttemptError) -> Self {
        Would::Refused(error.refusal(), Wording::of_others(&chain(error)))
    }
}

/// Measures.
pub(super) async fn run(prepared: &Prepared, call: Call<'_>, asker: &Asker<'_>) -> Course {
    let conditions = Conditions {
        success: call.metric.success_condition.clone(),
        failure: call.metric.failure_condition.clone(),
    };
    let stage = |guarded, is_rehearsal: bool| Stage {
        metric: call.metric,
        prepared,
        guarded,
        waited: call.waited.filter(|_| !is_rehearsal),
        follows_error: call.follows_error,
        is_rehearsal,
    };
    match &prepared.rails {
        Rails::Enforced(guarded) => {
            let looked = look(prepared, guarded, &conditions, call.value_limit, asker).await;
            Course::Enforced(match looked {
                Ok(look) => Ok(ended(stage(guarded, false), look, asker).await),
                Err(error) => Err(error),
            })
        }
        Rails::Observed(guarded) => {
            let measured = plain::measure(prepared, &conditions, call.value_limit, asker).await;
            let would = match guarded {
                Err(error) => Would::refused(error),
                Ok(guarded) => match &measured {
                    Err(AttemptError::Query(error)) if error.is_unreachable() => {
                        let missing = Missing::unreachable(prepared.host(), error);
                        let look = Look::without_answer(missing, 1);
                        Would::End(ended(stage(guarded, true), look, asker).await)
                    }
                    // What is refused is refused with the guard rails too: a native histogram, too many series.
                    Err(error) => Would::refused(error),
                    Ok(_) => {
                        let looked =
                            look(prepared, guarded, &conditions, call.value_limit, asker).await;
                        match looked {
                            // Its time is over: a failure of ours leaves out words, no more.
                            Ok(look) if look.verdict.is_none() => Would::Unknown,
                            Ok(look) => Would::End(ended(stage(guarded, true), look, asker).await),
                            Err(error) => Would::refused(&error),
                        }
                    }
                },
            };
            Course::Observed(measured, would)
        }
        Rails::None => {
            Course::Plain(plain::measure(prepared, &conditions, call.value_limit, asker).await)
        }
    }
}

async fn ended(stage: Stage<'_>, look: Look, asker: &Asker<'_>) -> Ending {
    match look.rests_on.clone() {
        Ok(outcome) => stage.with_data(look, outcome),
        Err(missing) => {
            let reason = why(stage, &look, missing, asker).await;
            stage.without_data(look, &reason)
        }
    }
}

impl Course {
    /// The measurement.
    pub(super) fn attempt(self, prepared: &Prepared, mask: &Mask) -> Attempt {
        let plain = |measured: Result<Measured, AttemptError>, guard| match measured {
            Ok(measured) => measured.attempt(prepared, guard, mask),
            Err(error) => error.attempt(mask, guard),
        };
        match (self, &prepared.rails) {
            (Course::Enforced(Ok(ending)), Rails::Enforced(guarded)) => {
                ending.attempt(guarded, mask)
            }
            (Course::Enforced(ending), _) => match ending {
                Ok(_) => Attempt::error("measured under another guard".to_owned()),
                Err(error) => error.attempt(mask, Guard::Enforce),
            },
            (Course::Observed(measured, would), Rails::Observed(guarded)) => {
                observed(plain(measured, Guard::Observe), would, guarded, mask)
            }
            (Course::Plain(measured) | Course::Observed(measured, _), _) => {
                plain(measured, Guard::Off)
            }
        }
    }
}

/// Adds what the guard rails would have said.
fn observed(
    attempt: Attempt,
    would: Would,
    guarded: &Result<Guarded, AttemptError>,
    mask: &Mask,
) -> Attempt {
    let mut attempt = match guarded {
        Ok(guarded) => attempt.lines("findings", &guarded.warnings, mask),
        Err(_) => attempt,
    };
    let (phase, outcome, message, after) = match would {
        Would::Unknown => return attempt,
        Would::Refused(refusal, message) => (Phase::Error, Outcome::Error(refusal), message, None),
        Would::End(ending) => (ending.phase, ending.outcome, ending.message, ending.after),
    };
    if let Some(tally) = &mut attempt.tally {
        tally.would_be = Some((phase.clone(), outcome));
        match guarded {
            Ok(guarded) => tally.warned = guarded.warnings.clone(),
            Err(AttemptError::Lint(finding)) => tally.denied = vec![finding.clone()],
            Err(_) => {}
        }
    }
    let after = after.and_then(|after| i64::try_from(after.as_nanos()).ok());
    attempt
        .own("wouldBe", phase.as_str())
        .own("wouldBeAfter", after.map_or_else(String::new, go_duration))
        .own("wouldBeOutcome", outcome.as_str())
        .own("wouldBeMessage", message.line(mask))
}
