//! The one integration test binary: a module a subject.

mod loopback;
mod prometheus;
mod prometheus_auth;
mod prometheus_network;
