//! Templates and rules into findings: the vocabulary of a rule, and the engine that asks the rules.

mod build;
pub mod conditions;
pub mod context;
pub mod finding;
pub mod findings;
pub mod gate;
pub mod isolation;
pub mod level;
pub mod report;
pub mod rule;
pub mod run;
pub mod settings;
mod suppression;
pub mod table;
