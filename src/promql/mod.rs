//! Query text into a tree with the bytes of every part, the plugin's placeholders into their values.
//!
//! [`parse`] reads PromQL as Prometheus 3.16 does and types it on the way; its first error is the answer, there is no
//! recovery. Series descriptions of rule tests are no queries and are not read.

pub mod answer;
pub mod ast;
pub mod class;
pub mod functions;
pub mod literal;
pub mod names;
pub mod outcome;
pub mod placeholder;
pub mod same;
pub mod select;
pub mod zeros;
