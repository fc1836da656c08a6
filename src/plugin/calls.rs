//! A provider's call into its answer, or into the words for its panic: a panic costs the one call.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::analysis::measurement::{Measurement, Phase};
use crate::text::chain::chain;

/// A call that ended in a panic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("call `{method}`: panicked{}; this is a defect of promql-guard, report it with the log around it", .cause.map(|cause| format!(": {cause}")).unwrap_or_default())]
pub struct Panicked {
    /// Argo's name of the call.
    method: &'static str,
    /// What the panic said, where it is a text of the program: a formatted one may hold a secret of the template.
    cause: Option<&'static str>,
}

/// Waits for `call`, one of a provider's methods by Argo's name `method`. Dropped, it ends the call.
///
/// The sync methods come as `async { provider.kind() }`, and the others as `async { provider.run(…).await }`, so that
/// all of the provider's code runs in here.
pub async fn catch<T>(method: &'static str, call: impl Future<Output = T>) -> Result<T, Panicked> {
    // Unwind safe as a task's future is: the future is gone after a panic, and what the provider shares between calls
    // is behind locks.
    AssertUnwindSafe(call)
        .catch_unwind()
        .await
        .map_err(|payload| Panicked {
            method,
            cause: literal(payload.as_ref()),
        })
}

/// [`catch`] for the calls that measure: a panic is an `Error` measurement, without times as no clock is read here.
pub async fn measure(method: &'static str, call: impl Future<Output = Measurement>) -> Measurement {
    match catch(method, call).await {
        Ok(measurement) => measurement,
        Err(panicked) => Measurement {
            phase: Phase::Error,
            message: chain(&panicked),
            ..Measurement::default()
        },
    }
}

/// The text of `panic!("literal")`; formatted panics carry a `String`.
fn literal(payload: &(dyn Any + Send)) -> Option<&'static str> {
    payload.downcast_ref::<&'static str>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a future that never waits.
    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("the future is ready")
    }

    #[test]
    fn an_answer_passes() {
        assert_eq!(now(catch("Type", async { 7 })), Ok(7));
    }

    #[test]
    fn a_panic_becomes_words_that_hold_no_value() {
        let secret = "s3cr3t";
        let told = |answer: Result<i32, Panicked>| answer.map_err(|panicked| chain(&panicked));
        let words = |cause| {
            Err(format!(
                "call `Type`: panicked{cause}; this is a defect of promql-guard, report it with the log around it"
            ))
        };
        let literal = now(catch("Type", async { panic!("no such thing") }));
        assert_eq!(told(literal), words(": no such thing"));
        let formatted = now(catch("Type", async { panic!("bad token {secret}") }));
        assert_eq!(told(formatted), words(""));
        let other = now(catch("Type", async { std::panic::panic_any(secret.len()) }));
        assert_eq!(told(other), words(""));
    }

    #[test]
    fn a_measuring_call_answers_with_a_measurement() {
        let measurement = now(measure("Run", async { panic!("oh") }));
        assert_eq!(measurement.phase, Phase::Error);
        assert_eq!(
            measurement.message,
            "call `Run`: panicked: oh; this is a defect of promql-guard, report it with the log around it"
        );
        assert_eq!(measurement.finished_at, None);
    }
}
