//! Conditions and a reading into a verdict, without holding up other calls.

use jiff::Timestamp;

use super::error::AttemptError;
use super::reading::Reading;
use super::verdict::{Conditions, Verdict, judge};
use crate::condition;

/// What may take long runs on a thread of its own: a Ping must not wait for it.
pub(super) async fn judged(
    conditions: Conditions,
    reading: Reading,
    now: Timestamp,
) -> Result<Verdict, AttemptError> {
    let elements = reading.value.len() / 2 + 1;
    let quick = |text: &str| condition::is_quick(text, elements);
    if quick(&conditions.success) && quick(&conditions.failure) {
        return Ok(judge(&conditions, &reading, now));
    }
    tokio::task::spawn_blocking(move || judge(&conditions, &reading, now))
        .await
        .map_err(|error| AttemptError::Judge(error.to_string()))
}
