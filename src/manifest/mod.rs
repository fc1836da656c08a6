//! YAML documents into templates, Rollouts and Services, each field with its place in the file.
//!
//! `yaml` turns text into documents (`tree`), `field` a node into a text with its place, `template` and `rollout` an object
//! into Argo's words; `read` holds it together. What is looked for in an object, and which keys it has, says `keys`.

mod block;
mod field;
mod keys;
mod object;
pub mod read;
mod rollout;
mod skip;
mod template;
mod tree;
mod yaml;

pub use self::yaml::Problem;

#[cfg(test)]
mod tests;
