//! One query on one server into a typed answer: value, warnings, infos, statistics.
//!
//! [`Client::query`] makes the one request that Argo's built-in provider makes (`metricproviders/prometheus/prometheus.go`
//! of argo-rollouts 1.10 over `api/prometheus/v1` of client_golang 1.23): `POST {address}/api/v1/query`, again as GET where the
//! server refuses POST, no retry of what failed. What differs on purpose: redirects are not followed, addresses are checked where they
//! are dialled ([`DialRules`]), OAuth tokens are kept, answers are bounded ([`Limits`]), native histograms are refused, not read as 0,
//! and so much at once is not asked of a server ([`AtOnce`]).
//!
//! [`Client::query_patiently`] is for the guard's own work: it tries again what may pass (`retry`) and asks equal queries once (`merged`).
//! [`Client::label_values`] and [`Client::alert_health`] ([`lookup`]) do as it does, but merge nothing.
//!
//! Reading order: [`server`] and [`query`] say what is asked, `client` what can be asked, `ask` asks it in its `turns` over
//! `transport` (`tls`, `resolve`, [`dial`], [`proxy`]) with the credentials of `oauth` or [`aws`] and [`sigv4`], `decode` reads the
//! [`answer`], [`error`] tells what went wrong.
//!
//! Not here: what an error means to a measurement, waiting for data, phases, files and environment variables; secrets that a server
//! sends back in its error texts are masked by the caller, who knows them all.

pub mod answer;
pub mod aws;
pub mod dial;
pub mod error;
pub mod lookup;
pub mod proxy;
pub mod query;
pub mod server;
pub mod sigv4;

mod ask;
mod bounded;
mod client;
mod decode;
mod exchange;
mod merged;
mod oauth;
mod resolve;
mod retry;
mod tls;
mod transport;
mod turns;

pub use answer::{Answer, Data, Sample, Series, Statistics};
pub use aws::AwsEnvironment;
pub use client::{Client, ClientSettings};
pub use dial::{DialError, DialRules};
pub use error::QueryError;
pub use lookup::{AlertHealth, LabelValues};
pub use oauth::TokenError;
pub use proxy::Proxies;
pub use query::{Limits, Query, When, now_text};
pub use resolve::ResolveError;
pub use server::{Authentication, Identity, Secret, Server, Tls};
pub use sigv4::SigV4;
pub use tls::TlsError;
pub use turns::AtOnce;
