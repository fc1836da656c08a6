//! The one integration test binary: a module a subject.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

#[path = "../host/grpc.rs"]
mod host_grpc;

mod grpc;
