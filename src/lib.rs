//! promql-guard: keeps the PromQL gates of canaries honest, as a linter and as a metric provider plugin of Argo Rollouts.
//!
//! ```text
//!      YAML, Helm or kustomize output                   Argo Rollouts controller
//!               │                                              │ go-plugin: net/rpc (gob on yamux), or gRPC
//!              cli ─────────────┬──────────┐           ┌──── plugin
//!               │               │          ▼           ▼
//!           manifest          rules      measure ── prometheus ──► Prometheus, Thanos, Mimir, VictoriaMetrics
//!               │               │          │
//!               │              lint        │
//!               ▼               ▼          ▼
//!           analysis (Argo's words: template, metric, measurement, phase, settings)
//!                               │
//!                   promql   condition   text
//! ```
//!
//! Where a change belongs: a guard rail into `rules` (one file each, `rules` says how), what a query can answer into
//! `promql::answer`, what is asked beside a query into `evidence`, PromQL's grammar into `promql::parser`, which phase an answer gets into `lint::table`, how a finding looks
//! into `cli::formats`, a field of a manifest into `manifest`; a setting into `analysis::settings`, what a template may do into
//! `analysis::policy`, words of a verdict into `measure::verdict`, how a server is reached into `prometheus`, Argo's wire into
//! `plugin` (its encoding into `gob`), a function of conditions into `condition::builtins`, a command into `cli`.
//!
//! Bottom up, which is also a good order to read in; a module names only modules of lower lines
//! (held by `tests/it/layers.rs`):
//! [`text`]; [`promql`], [`condition`], [`gob`], [`prometheus`], [`analysis`]; [`manifest`], [`lint`], [`evidence`]; [`rules`]; [`measure`];
//! [`plugin`]; [`cli`].
//!
//! `text`, `promql`, `condition`, `gob`, `manifest`, `lint`, `evidence` and `rules` are pure: no clock, socket, file, environment or thread.

pub mod text;

pub mod analysis;
pub mod condition;
pub mod gob;
pub mod prometheus;
pub mod promql;

pub mod evidence;
pub mod lint;
pub mod manifest;

pub mod rules;

pub mod measure;

pub mod plugin;

pub mod cli;
