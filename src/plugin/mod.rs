//! The plugin.

pub mod calls;
pub mod grpc;
