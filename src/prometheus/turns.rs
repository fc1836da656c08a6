//! How much may be under way at once: queries by server, bytes of answers by server and in all. Who finds no room waits in line.
//!
//! A query takes its turn before it is sent and keeps it until its answer is read. Of an answer the first [`FREE`] bytes need
//! no room, so that small answers never wait for long ones. A longer one takes, at once, room for the whole that its limit
//! allows, first of its server's and then of all: nobody waits for room who holds some of the same kind, so two that have read half cannot
//! wait for each other; what it did not need goes back when its length is known. So the answers together hold at most the
//! room for all and 64 KiB for each query under way. A server that stops within a long answer keeps that room until the
//! query's timeout.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use url::Url;

use super::error::Queue;
use super::transport::{KEPT, lock};

/// Bytes of each answer that need no room.
pub(super) const FREE: usize = 64 << 10;

/// Room is counted in these, as a semaphore counts to 2^32.
const UNIT: usize = 1 << 10;

/// How much may be under way at once. One is always let through: 0 counts as 1, and an answer whose own limit is past
/// the room gets all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtOnce {
    /// Queries sent to one server (scheme, host and port).
    pub queries_per_server: usize,
    /// Bytes that the answers of one server may hold, after decompression.
    pub bodies_per_server: usize,
    /// Bytes that all answers may hold.
    pub bodies: usize,
}

impl Default for AtOnce {
    /// 32 queries; 64 and 128 MiB.
    fn default() -> AtOnce {
        AtOnce {
            queries_per_server: 32,
            bodies_per_server: 64 << 20,
            bodies: 128 << 20,
        }
    }
}

/// The lines in which queries wait.
pub(super) struct Turns {
    at_once: AtOnce,
    bodies: Arc<Semaphore>,
    servers: Mutex<HashMap<Origin, Arc<PerServer>>>,
}

/// What makes two addresses one server.
#[derive(PartialEq, Eq, Hash)]
struct Origin {
    encrypted: bool,
    host: String,
    port: Option<u16>,
}

struct PerServer {
    queries: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
}

/// What a query waits for now, for those who end the waiting.
#[derive(Default)]
pub(super) struct Waiting(AtomicU8);

/// A query that is under way until this is dropped.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    waiting: &'a Waiting,
    server: Arc<PerServer>,
    _query: Option<OwnedSemaphorePermit>,
}

/// Room for the bytes of an answer until this is dropped.
pub(super) struct Room {
    server: Option<OwnedSemaphorePermit>,
    all: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// Nobody waits yet.
    pub(super) fn new(at_once: AtOnce) -> Turns {
        Turns {
            at_once,
            bodies: semaphore(at_once.bodies.div_ceil(UNIT)),
            servers: Mutex::default(),
        }
    }

    /// Waits for the turn of a query to the server of `address`, in the order in which they came.
    pub(super) async fn next<'a>(&'a self, address: &Url, waiting: &'a Waiting) -> Turn<'a> {
        let server = self.server(address);
        let query = waiting.acquire(&server.queries, 1, Waiting::QUERIES).await;
        Turn {
            turns: self,
            waiting,
            server,
            _query: query,
        }
    }

    /// The error's word for what `waiting` waits for.
    pub(super) fn queue(&self, waiting: &Waiting) -> Option<Queue> {
        match waiting.0.load(Ordering::Relaxed) {
            Waiting::QUERIES => Some(Queue::Queries(self.at_once.queries_per_server.max(1))),
            Waiting::SERVER_BODIES => Some(Queue::ServerBodies(self.at_once.bodies_per_server)),
            Waiting::BODIES => Some(Queue::Bodies(self.at_once.bodies)),
            _ => None,
        }
    }

    fn server(&self, address: &Url) -> Arc<PerServer> {
        let origin = Origin {
            encrypted: address.scheme() == "https",
            host: address.host_str().unwrap_or_default().to_owned(),
            port: address.port_or_known_default(),
        };
        let mut servers = lock(&self.servers);
        // Those with a query under way stay, or their limits would not hold; there are no more of them than calls.
        if servers.len() >= KEPT && !servers.contains_key(&origin) {
            servers.retain(|_, server| Arc::strong_count(server) > 1);
        }
        let new = || {
            Arc::new(PerServer {
                queries: semaphore(self.at_once.queries_per_server),
                bodies: semaphore(self.at_once.bodies_per_server.div_ceil(UNIT)),
            })
        };
        Arc::clone(servers.entry(origin).or_insert_with(new))
    }
}

impl Turn<'_> {
    /// Waits for room for `bytes`.
    pub(super) async fn room(&self, bytes: usize) -> Room {
        let (ours, all) = (
            self.turns.at_once.bodies_per_server,
            self.turns.at_once.bodies,
        );
        let (waiting, server) = (self.waiting, &self.server.bodies);
        let bodies = &self.turns.bodies;
        Room {
            server: waiting
                .acquire(server, units(bytes, ours), Waiting::SERVER_BODIES)
                .await,
            all: waiting
                .acquire(bodies, units(bytes, all), Waiting::BODIES)
                .await,
        }
    }
}

impl Room {
    /// Gives back what is not needed for `bytes`.
    pub(super) fn shrink(&mut self, bytes: usize) {
        for permit in [&mut self.server, &mut self.all].into_iter().flatten() {
            let extra = permit.num_permits().saturating_sub(bytes.div_ceil(UNIT));
            drop(permit.split(extra));
        }
    }
}

impl Waiting {
    const QUERIES: u8 = 1;
    const SERVER_BODIES: u8 = 2;
    const BODIES: u8 = 3;

    async fn acquire(
        &self,
        semaphore: &Arc<Semaphore>,
        permits: u32,
        what: u8,
    ) -> Option<OwnedSemaphorePermit> {
        // A query that need not wait leaves no trace.
        match Arc::clone(semaphore).try_acquire_many_owned(permits) {
            Ok(permit) => return Some(permit),
            // Nobody closes a semaphore.
            Err(TryAcquireError::Closed) => return None,
            Err(TryAcquireError::NoPermits) => {}
        }
        self.0.store(what, Ordering::Relaxed);
        let permit = Arc::clone(semaphore).acquire_many_owned(permits).await.ok();
        self.0.store(0, Ordering::Relaxed);
        permit
    }
}

fn semaphore(permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)))
}

/// The permits for `bytes`: never more than there are.
fn units(bytes: usize, limit: usize) -> u32 {
    let most = limit.div_ceil(UNIT).max(1);
    u32::try_from(bytes.div_ceil(UNIT).min(most)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[tokio::test]
    async fn a_server_is_a_scheme_a_host_and_a_port() {
        let turns = Turns::new(AtOnce::default());
        let servers = |first: &str, second: &str| {
            Arc::ptr_eq(&turns.server(&url(first)), &turns.server(&url(second)))
        };
        for (other, same) in [
            ("http://P/b?c=d", true),
            ("http://u:s@p:80/", true),
            ("https://p/", false),
            ("http://p:81/", false),
            ("http://q/", false),
        ] {
            assert_eq!(servers("http://p/a", other), same, "{other}");
        }
    }

    #[tokio::test]
    async fn servers_that_nobody_asks_are_forgotten() {
        let (turns, waiting) = (Turns::new(AtOnce::default()), Waiting::default());
        let asked = url("http://asked");
        let turn = turns.next(&asked, &waiting).await;
        for at in 0..10 * KEPT {
            let address = url(&format!("http://p{at}"));
            drop(turns.next(&address, &waiting).await);
            assert!(lock(&turns.servers).len() <= KEPT);
        }
        assert!(Arc::ptr_eq(&turn.server, &turns.server(&asked)));
    }

    #[tokio::test]
    async fn room_that_is_not_needed_goes_back() {
        let turns = Turns::new(AtOnce {
            bodies_per_server: 16 << 20,
            bodies: 32 << 20,
            ..AtOnce::default()
        });
        let waiting = Waiting::default();
        let turn = turns.next(&url("http://p"), &waiting).await;
        let left = || {
            let all = turns.bodies.available_permits();
            (turn.server.bodies.available_permits(), all)
        };
        let (ours, all) = (16 << 10, 32 << 10);
        assert_eq!(left(), (ours, all));
        for (limit, taken) in [(1, 1), (16 << 20, ours), (usize::MAX, ours)] {
            let mut room = turn.room(limit).await;
            assert_eq!(left().0, ours - taken, "{limit}");
            room.shrink(100 << 10);
            let kept = taken.min(100);
            assert_eq!(left(), (ours - kept, all - kept), "{limit}");
            drop(room);
            assert_eq!(left(), (ours, all));
        }
        assert_eq!(turns.queue(&waiting), None);
    }
}
