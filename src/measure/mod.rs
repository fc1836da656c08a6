//! The controller's questions into measurements: settings, policy, query, conditions, phase.
//!
//! [`provider::Provider`] is the use case behind both protocols and the command line. The clock is read here and nowhere else.
//! In reading order: [`provider`] (one call, bounded in time, masked), `prepare` (settings, policy and run into what is asked,
//! with `placeholders`, `findings`, `rails` and `times`), `course` (by how much of the guard rails hold), `plain` (as the built-in provider),
//! `guarded` (the order of things of one look, with `needs`), `why` (the reason for no data), `no_data` and `ending` (how a look
//! without data ends, or waits), `attempt` (the measurement). Beside them: `asking` and `server` (requests), `reading` (an answer
//! into the conditions' `result`), `verdict` (conditions into a phase and the words for it), `wording` (whose words are whose).

pub mod counters;
pub mod provider;
pub mod surroundings;

mod asking;
mod attempt;
mod course;
mod ending;
mod error;
mod findings;
mod guarded;
mod jobs;
mod judging;
mod needs;
mod no_data;
mod placeholders;
mod plain;
mod prepare;
mod rails;
mod reading;
mod secrets;
mod server;
mod times;
mod verdict;
mod why;
mod wording;
