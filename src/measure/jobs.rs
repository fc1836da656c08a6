//! Which jobs expose a metric: looked up in the server's index, and kept for some minutes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::prometheus::Server;

/// How long an answer is kept: jobs come and go with releases.
const KEPT: Duration = Duration::from_secs(600);

/// So many answers are kept.
const MOST: usize = 200;

/// Of so many bytes at most: a server may answer names of mebibytes.
const LARGEST: usize = 16 << 10;

/// The jobs of metrics, by server with identity and `match[]`.
#[derive(Default)]
pub(super) struct Jobs(Mutex<Vec<Kept>>);

struct Kept {
    server: Server,
    matcher: String,
    at: Instant,
    jobs: Vec<String>,
}

impl Kept {
    fn is_of(&self, server: &Server, matcher: &str) -> bool {
        self.matcher == matcher && self.server == *server
    }
}

impl Jobs {
    /// What was found of late.
    pub(super) fn kept(&self, server: &Server, matcher: &str) -> Option<Vec<String>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| kept.at.elapsed() < KEPT);
        let kept = all.iter().find(|kept| kept.is_of(server, matcher))?;
        Some(kept.jobs.clone())
    }

    /// Keeps what was found, for the oldest of too many.
    pub(super) fn keep(&self, server: &Server, matcher: &str, jobs: Vec<String>) {
        let bytes = matcher.len() + jobs.iter().map(String::len).sum::<usize>();
        if bytes > LARGEST {
            return;
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| !kept.is_of(server, matcher));
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push(Kept {
            server: server.clone(),
            matcher: matcher.to_owned(),
            at: Instant::now(),
            jobs,
        });
    }
}
