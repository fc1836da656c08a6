//! Settings and the present time into the time or times of a query.

use jiff::{SignedDuration, Timestamp};

use super::error::AttemptError;
use crate::analysis::settings::{RangeQuery, Settings};
use crate::condition;
use crate::prometheus::When;
use crate::text::duration::parse_go_duration;

/// The time or times of the query, as of `now`.
pub(super) async fn when(settings: &Settings, now: Timestamp) -> Result<When, AttemptError> {
    match &settings.range_query {
        None => Ok(When::Instant(now)),
        Some(range) => range_of(range, now).await,
    }
}

/// Times are expressions, and may take as long as conditions.
async fn range_of(range: &RangeQuery, now: Timestamp) -> Result<When, AttemptError> {
    let texts = (range.start.clone(), range.end.clone());
    let times = tokio::task::spawn_blocking(move || {
        let time = |field, text: &str| {
            condition::evaluate_time(text, now)
                .map_err(|cause| AttemptError::RangeTime { field, cause })
        };
        Ok((time("start", &texts.0)?, time("end", &texts.1)?))
    });
    let (start, end) = times
        .await
        .unwrap_or_else(|error| Err(AttemptError::Judge(error.to_string())))?;
    let step = parse_go_duration(&range.step).map_err(AttemptError::RangeStep)?;
    Ok(When::Range {
        start,
        end,
        step: SignedDuration::from_nanos(step),
    })
}
