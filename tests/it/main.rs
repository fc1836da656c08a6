//! The one integration test binary: a module a subject.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../host/grpc.rs"]
mod host_grpc;

mod aws;
mod cli;
mod grpc;
mod layers;
mod loopback;
mod prometheus;
mod real_prometheus;
mod silent_canary;
