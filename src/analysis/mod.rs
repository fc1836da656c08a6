//! Argo's API objects and the questions it asks, as plain values.
//!
//! Nothing here measures: `measure` does. Nothing here knows how the values travel: `plugin` and `cli` do.

pub mod input;
pub mod limits;
pub mod measurement;
pub mod metric;
pub mod policy;
pub mod provider;
pub mod rollout;
pub mod run;
pub mod secrets;
pub mod settings;
pub mod template;
