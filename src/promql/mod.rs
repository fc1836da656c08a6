//! Query text into a tree with the bytes of every part, the plugin's placeholders into their values.

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
