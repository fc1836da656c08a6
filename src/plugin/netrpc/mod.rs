//! A unix socket into a metric provider that answers Go's net/rpc over yamux, as go-plugin's host speaks it.
//!
//! From the socket up: `session` (one connection and its streams), `calls` (requests and answers of one stream),
//! `control` and `provider` (what the streams serve), `messages` (Argo's values), `fields` and `schema` (gob's).
//!
//! The host makes one connection. Others may come by mistake: they cost themselves, and share nothing with it but the
//! provider and the bound on unfinished requests.
//!
//! Not here: deadlines of measurements, which the provider keeps, and the broker's streams from plugin to host, which
//! Argo's protocol has no use for.

mod calls;
mod control;
mod fields;
mod messages;
mod provider;
mod schema;
mod session;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::task::JoinSet;

use self::calls::Inflow;
use self::session::{End, Hosts};
use crate::analysis::provider::MetricProvider;
use crate::text::chain::chain;

/// Connections at once; more wait to be accepted.
const CONNECTIONS: usize = 8;

/// How long to wait after a connection could not be accepted.
const BREATH: Duration = Duration::from_millis(100);

/// Serves `listener` until the host says Quit, or all connections that asked for the plugin are gone.
///
/// go-plugin's own server waits for ever when its host dies. Here the process ends: Argo's controller makes one
/// connection a process and never comes back to it, so there is nobody left to serve.
pub async fn serve<P: MetricProvider>(listener: UnixListener, provider: Arc<P>) {
    let inflow = Arc::new(Inflow::default());
    let hosts = Hosts::default();
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if sessions.len() < CONNECTIONS => match accepted {
                Ok((socket, _)) => {
                    let (provider, inflow) = (provider.clone(), inflow.clone());
                    sessions.spawn(session::serve(socket, provider, inflow, hosts.clone()));
                }
                // Out of file descriptors, or a peer that left the queue: both pass.
                Err(error) => {
                    tracing::warn!(error = chain(&error), "accept a connection");
                    tokio::time::sleep(BREATH).await;
                }
            },
            Some(ended) = sessions.join_next() => match ended {
                Ok(End::Quit) => return,
                Ok(End::Host) if hosts.leave() => {
                    tracing::info!("the host is gone");
                    return;
                }
                Ok(End::Host | End::Stray) => {}
                Err(_) => tracing::error!("a connection's task panicked"),
            },
        }
    }
}
