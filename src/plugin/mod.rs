//! A metric provider into a process that Argo's controller can ask.

pub mod calls;
pub mod grpc;
pub mod handshake;
mod listener;
pub mod log;
