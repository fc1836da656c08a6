//! promql-guard: an Argo Rollouts metric provider plugin for PromQL gates.
//!
//! ```text
//!        YAML templates                      Argo Rollouts controller
//!              │                                        │ go-plugin: net/rpc (gob on yamux), or gRPC
//!             cli ──────────────┐           ┌──────── plugin
//!                               ▼           ▼
//!                     analysis (Argo's words: metric, measurement, phase, settings)
//!                               │
//!                            measure ── prometheus ──► Prometheus, Thanos, Mimir, VictoriaMetrics
//!                               │
//!                   promql   text   condition
//! ```
//!
//! Where a change belongs: a setting into `analysis::settings`, what a template may do into `analysis::policy`, words of a
//! verdict into `measure::verdict`, how a server is reached into `prometheus`, Argo's wire into `plugin` (its encoding into
//! `gob`), a function of conditions into `condition::builtins`, a command into `cli`.
//!
//! Bottom up, which is also a good order to read in; a module names only modules of lower lines
//! (held by `tests/it/layers.rs`):
//! [`text`]; [`promql`], [`condition`], [`gob`], [`prometheus`], [`analysis`]; [`manifest`], [`lint`]; [`rules`]; [`measure`]; [`plugin`]; [`cli`].
//!
//! `text`, `promql`, `condition` and `gob` are pure: no clock, socket, file, environment or thread.

pub mod text;

pub mod analysis;
pub mod condition;
pub mod gob;
pub mod prometheus;
pub mod promql;

pub mod lint;
pub mod manifest;

pub mod rules;

pub mod measure;

pub mod plugin;

pub mod cli;
