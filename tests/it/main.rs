//! The one integration test binary: a module a subject.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

mod aws;
mod loopback;
mod prometheus;
mod prometheus_auth;
mod prometheus_network;
