//! (being written)

pub mod aws;
pub mod sigv4;
