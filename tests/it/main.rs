//! The one integration test binary: a module a subject.

mod real_prometheus;
mod silent_canary;
