//! PromQL text: the plugin's own placeholders into their values.

pub mod placeholder;
