//! Small texts into values and back: an error chain into one line, Go's durations, the nearest known word, places in a
//! text and in the YAML file that holds it.

pub mod chain;
pub mod duration;
pub mod filled;
pub mod float;
pub mod nearest;
pub mod place;
pub mod plain;
pub mod regexp;
pub mod scalar;
pub mod span;
