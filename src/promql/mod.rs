//! Query text into a tree with the bytes of every part, the plugin's placeholders into their values.

pub mod ast;
pub mod functions;
pub mod placeholder;
pub mod print;
