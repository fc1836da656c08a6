//! Small texts into values and back: an error chain into one line, Go's durations, the nearest known word.

pub mod chain;
pub mod duration;
pub mod float;
pub mod nearest;
