//! The controller's questions into measurements: settings, policy, query, conditions, phase.
//!
//! [`provider::Provider`] is the use case behind both protocols and the command line. The clock is read here and nowhere else.
//! In reading order: [`provider`] (one call, bounded in time, masked), `attempt` (one measurement as the built-in
//! provider makes it), `placeholders` (what the run knows), `server` (settings into a server, files read),
//! `reading` (an answer into the conditions' `result` and the measurement's value), `verdict` (conditions into a phase
//! and the words for it), `wording` (whose words are whose, and which may hold secrets).
//!
//! Not here yet: the guard rails. `guard: enforce` and `observe` measure as `off`.

pub mod counters;
pub mod provider;
pub mod surroundings;

mod attempt;
mod findings;
mod placeholders;
mod reading;
mod server;
mod verdict;
mod wording;
