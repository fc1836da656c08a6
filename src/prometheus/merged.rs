//! Equal queries that are under way at the same time into one request whose answer all get.
//!
//! Whoever waits drives the request, so none of them is its owner: each has its own timeout and may leave, the request goes on as
//! long as one is left and ends with the last. An answer is never kept: who comes after it asks anew.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};

use super::answer::Answer;
use super::error::QueryError;
use super::query::{Limits, Query, When};
use super::retry::Deadline;
use super::server::Server;
use super::transport::{KEPT, lock};
use super::turns::Waiting;

/// A request that is under way.
pub(super) type Request = Pin<Box<dyn Future<Output = Result<Answer, QueryError>> + Send>>;

/// What must be equal in two queries. It holds credentials and is shown to nobody.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    server: Server,
    text: String,
    when: When,
    parameters: Vec<(&'static str, String)>,
    limits: Limits,
}

/// What those who wait for one request know of each other.
pub(super) struct Progress {
    /// When the last of them has no time left.
    pub(super) deadline: Deadline,
    /// What the request waits for.
    pub(super) waiting: Waiting,
}

/// A request and who waits for it.
struct Flight {
    request: WeakShared<Request>,
    progress: Arc<Progress>,
}

/// The requests under way.
#[derive(Default)]
pub(super) struct Merged(Mutex<HashMap<Key, Flight>>);

impl Merged {
    /// The request under way for an equal query, or else the one that `begin` makes.
    pub(super) fn join(
        &self,
        server: &Server,
        query: &Query,
        limits: &Limits,
        begin: impl FnOnce(Arc<Progress>) -> Request,
    ) -> (Shared<Request>, Arc<Progress>) {
        let key = Key {
            server: server.clone(),
            text: query.text.clone(),
            when: query.when,
            parameters: query.parameters.clone(),
            limits: *limits,
        };
        let mut flights = lock(&self.0);
        if let Some(flight) = flights.get(&key)
            && let Some(request) = under_way(flight)
        {
            flight.progress.deadline.extend(query.timeout);
            return (request, Arc::clone(&flight.progress));
        }
        if flights.len() >= KEPT {
            flights.retain(|_, flight| under_way(flight).is_some());
        }
        let progress = Arc::new(Progress::new(query.timeout));
        let request = begin(Arc::clone(&progress)).shared();
        // There is one until the first poll that completes it.
        if let Some(weak) = request.downgrade() {
            let progress = Arc::clone(&progress);
            let request = weak;
            flights.insert(key, Flight { request, progress });
        }
        (request, progress)
    }
}

impl Progress {
    /// Of a request that may take `timeout` from now.
    pub(super) fn new(timeout: Duration) -> Progress {
        Progress {
            deadline: Deadline::after(timeout),
            waiting: Waiting::default(),
        }
    }
}

/// The request, as long as somebody waits for it and it is not answered.
fn under_way(flight: &Flight) -> Option<Shared<Request>> {
    let request = flight.request.upgrade()?;
    request.peek().is_none().then_some(request)
}
