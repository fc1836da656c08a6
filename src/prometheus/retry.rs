//! A request that may find an answer a moment later, asked up to three times within its time.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::error::QueryError;
use super::transport::lock;

/// When the last of those who wait has no time left; they may come one after the other.
pub(super) struct Deadline(Mutex<Option<Instant>>);

impl Deadline {
    /// As long after now as `timeout` says.
    pub(super) fn after(timeout: Duration) -> Deadline {
        Deadline(Mutex::new(Instant::now().checked_add(timeout)))
    }

    /// Somebody else waits too, from now.
    pub(super) fn extend(&self, timeout: Duration) {
        let theirs = Instant::now().checked_add(timeout);
        let mut ours = lock(&self.0);
        // No instant is that far: never.
        *ours = match (*ours, theirs) {
            (Some(ours), Some(theirs)) => Some(ours.max(theirs)),
            _ => None,
        };
    }

    fn remaining(&self) -> Duration {
        lock(&self.0).map_or(Duration::MAX, |at| {
            at.saturating_duration_since(Instant::now())
        })
    }
}

/// The tries that are left of a request.
pub(super) struct Tries {
    pauses: std::array::IntoIter<Duration, 2>,
}

impl Tries {
    /// One more after each of `pauses`.
    pub(super) fn new(pauses: [Duration; 2]) -> Tries {
        Tries {
            pauses: pauses.into_iter(),
        }
    }

    /// How long to wait before the request is sent again, which ended as `done`; nothing where that is how it ends. Who waits for
    /// it cuts it off when the time is over; so the last error is told at once where the time left would end in the pause.
    pub(super) fn pause<T>(
        &mut self,
        done: &Result<T, QueryError>,
        deadline: &Deadline,
    ) -> Option<Duration> {
        let error = done.as_ref().err().filter(|error| error.is_transient())?;
        before_next(jittered(self.pauses.next()?), error, deadline.remaining())
    }
}

/// How long to wait after `error`: `pause`, or longer if the server says so; nothing where no time would be left.
fn before_next(pause: Duration, error: &QueryError, remaining: Duration) -> Option<Duration> {
    let wished = match error {
        QueryError::Status { retry_after, .. } => retry_after.unwrap_or_default(),
        _ => Duration::ZERO,
    };
    let pause = pause.max(wished);
    (pause < remaining).then_some(pause)
}

/// From three to five quarters of `pause`: those who failed together must not come back together.
fn jittered(pause: Duration) -> Duration {
    // The standard library's only source of chance: each state has keys of its own.
    let chance = RandomState::new().build_hasher().finish();
    pause * 3 / 4 + pause.mul_f64((chance >> 11) as f64 / (1_u64 << 53) as f64 / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prometheus::error::Unreachable;

    fn status(code: u16, seconds: Option<u64>) -> QueryError {
        QueryError::Status {
            code,
            api: None,
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    #[test]
    fn the_servers_wish_counts_where_there_is_time() {
        let lost = QueryError::Unreachable {
            server: "http://p".into(),
            cause: Unreachable::Connect("refused".into()),
        };
        let seconds = Duration::from_secs;
        for (error, remaining, expected) in [
            (&lost, 30, Some(1)),
            (&lost, 1, None),
            (&status(503, None), 30, Some(1)),
            (&status(429, Some(0)), 30, Some(1)),
            (&status(429, Some(10)), 30, Some(10)),
            (&status(429, Some(30)), 30, None),
            (&status(429, Some(u64::MAX)), 30, None),
        ] {
            assert_eq!(
                before_next(seconds(1), error, seconds(remaining)),
                expected.map(seconds),
                "{error:?}"
            );
        }
    }

    #[test]
    fn pauses_differ_by_chance_within_their_bounds() {
        let pause = Duration::from_secs(1);
        let found: Vec<Duration> = (0..100).map(|_| jittered(pause)).collect();
        assert!(
            found
                .iter()
                .all(|found| (750..=1250).contains(&found.as_millis()))
        );
        assert!(found.iter().any(|other| *other != found[0]));
    }

    #[test]
    fn the_last_deadline_counts() {
        let deadline = Deadline::after(Duration::ZERO);
        assert_eq!(deadline.remaining(), Duration::ZERO);
        deadline.extend(Duration::from_secs(3600));
        deadline.extend(Duration::from_secs(1));
        assert!(deadline.remaining() > Duration::from_secs(3000));
        deadline.extend(Duration::MAX);
        assert_eq!(deadline.remaining(), Duration::MAX);
    }

    #[test]
    fn three_tries_and_no_more() {
        let long = Deadline::after(Duration::from_secs(60));
        for (codes, tried) in [
            (vec![200], 1),
            (vec![503, 200], 2),
            (vec![503, 502, 200], 3),
            (vec![503, 502, 504, 200], 3),
            (vec![500, 200], 1),
            (vec![429, 404, 200], 2),
        ] {
            let mut tries = Tries::new([Duration::ZERO; 2]);
            let ends = |code: &u16| {
                let done = match code {
                    200 => Ok(()),
                    code => Err(status(*code, None)),
                };
                tries.pause(&done, &long).is_none()
            };
            assert_eq!(codes.iter().position(ends), Some(tried - 1), "{codes:?}");
        }
    }
}
