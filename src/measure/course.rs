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
pub(super) enum Course<'a> {
    /// As the built-in provider.
    Plain(Result<Measured, AttemptError>),
    /// The same, and what the guard rails would have said.
    Observed(&'a Asked, Result<Measured, AttemptError>, Would),
    /// With the guard rails.
    Enforced(&'a Guarded, Result<Ending, AttemptError>),
}

/// What the guard rails ask, or why they would not.
type Asked = Result<Guarded, AttemptError>;

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
pub(super) async fn run<'a>(
    prepared: &'a Prepared,
    call: Call<'_>,
    asker: &Asker<'_>,
) -> Course<'a> {
    let conditions = Conditions {
        success: call.metric.success_condition.clone(),
        failure: call.metric.failure_condition.clone(),
    };
    let plain = plain::measure(prepared, &conditions, call.value_limit, asker);
    match &prepared.rails {
        Rails::None => Course::Plain(plain.await),
        Rails::Observed(asked) => {
            let measured = plain.await;
            let would = rehearsed(prepared, asked, &measured, &conditions, call, asker).await;
            Course::Observed(asked, measured, would)
        }
        Rails::Enforced(guarded) => {
            let looked = look(prepared, guarded, &conditions, call.value_limit, asker).await;
            let stage = call.stage(prepared, guarded);
            let ending = match looked {
                Ok(look) => Ok(ended(stage, look, asker).await),
                Err(error) => Err(error),
            };
            Course::Enforced(guarded, ending)
        }
    }
}

/// What the guard rails would have made of what was measured.
async fn rehearsed(
    prepared: &Prepared,
    asked: &Asked,
    measured: &Result<Measured, AttemptError>,
    conditions: &Conditions,
    call: Call<'_>,
    asker: &Asker<'_>,
) -> Would {
    let guarded = match asked {
        Ok(guarded) => guarded,
        Err(error) => return Would::refused(error),
    };
    let looked = match measured {
        Ok(_) => look(prepared, guarded, conditions, call.value_limit, asker).await,
        Err(AttemptError::Query(error)) if error.is_unreachable() => {
            let missing = Missing::unreachable(prepared.host(), error);
            Ok(Look::without_answer(missing, 1))
        }
        // What is refused is refused with the guard rails too: a native histogram, too many series.
        Err(error) => return Would::refused(error),
    };
    match looked {
        // Its time is over: a failure of ours leaves out words, no more.
        Ok(look) if look.verdict.is_none() && measured.is_ok() => Would::Unknown,
        Ok(look) => {
            let stage = Stage {
                waited: None,
                is_rehearsal: true,
                ..call.stage(prepared, guarded)
            };
            Would::End(ended(stage, look, asker).await)
        }
        Err(error) => Would::refused(&error),
    }
}

impl<'a> Call<'a> {
    fn stage(self, prepared: &'a Prepared, guarded: &'a Guarded) -> Stage<'a> {
        Stage {
            metric: self.metric,
            prepared,
            guarded,
            waited: self.waited,
            follows_error: self.follows_error,
            is_rehearsal: false,
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

impl Course<'_> {
    /// The measurement.
    pub(super) fn attempt(self, prepared: &Prepared, mask: &Mask) -> Attempt {
        let plain = |measured: Result<Measured, AttemptError>, guard| match measured {
            Ok(measured) => measured.attempt(prepared, guard, mask),
            Err(error) => error.attempt(mask, guard),
        };
        match self {
            Course::Plain(measured) => plain(measured, Guard::Off),
            Course::Observed(asked, measured, would) => {
                observed(plain(measured, Guard::Observe), would, asked, mask)
            }
            Course::Enforced(guarded, Ok(ending)) => ending.attempt(guarded, mask),
            Course::Enforced(_, Err(error)) => error.attempt(mask, Guard::Enforce),
        }
    }
}

/// Adds what the guard rails would have said.
fn observed(attempt: Attempt, would: Would, asked: &Asked, mask: &Mask) -> Attempt {
    let mut attempt = match asked {
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
        match asked {
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
