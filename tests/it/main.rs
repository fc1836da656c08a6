//! The one integration test binary: a module a subject.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../host/mod.rs"]
mod host;

use host::grpc as host_grpc;

mod answer;
mod attack;
mod attack_namespaces;
mod aws;
mod cause;
mod chance;
mod cli;
mod evidence;
mod evidence_texts;
mod faults;
mod gates;
mod grpc;
mod hostile;
mod integrations;
mod layers;
mod lint_files;
mod loopback;
mod netrpc;
mod pages;
mod process;
mod prometheus;
mod prometheus_auth;
mod prometheus_lookup;
mod prometheus_network;
mod prometheus_patient;
mod prometheus_turns;
mod promql;
mod promql_edits;
mod promql_peers;
mod protocols;
mod real_prometheus;
mod seed;
mod silent_canary;
