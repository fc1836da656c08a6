//! A query into the queries that tell whether an answer rests on data, and their answers into what is known.
//!
//! In reading order: [`text`] (what is sent: namespace, zeros and fallback written in), [`witness`] (the query without its
//! fallbacks and filters), [`fresh`] (each selector against the start of the run), [`events`] (how much happened), [`parts`]
//! (all of these as one request), [`heard`] (whether the exporter of a counter that was never born is there), [`cause`]
//! (why there are no data), [`outcome`] (the closed list of what a measurement rests on).

pub mod cause;
pub mod events;
pub mod fresh;
pub mod heard;
pub mod namespace;
pub mod outcome;
pub mod parts;
mod piece;
mod selector;
pub mod text;
pub mod witness;
