//! Templates and rules into findings: the vocabulary of a rule, and the engine that asks the rules.

pub mod answers;
mod build;
pub mod conditions;
pub mod context;
pub mod finding;
pub mod findings;
pub mod gate;
pub mod index;
pub mod isolation;
mod judged;
pub mod level;
mod outcome;
mod probes;
pub mod purpose;
pub mod quote;
pub mod references;
pub mod report;
pub mod rule;
pub mod run;
pub mod selection;
pub mod settings;
pub mod slice;
mod stand_ins;
mod suppression;
pub mod table;
pub mod texts;
pub mod without_data;
