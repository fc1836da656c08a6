//! The one integration test binary: a module a subject.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

#[path = "../host/mod.rs"]
mod host;

use host::grpc as host_grpc;

mod grpc;
mod netrpc;
