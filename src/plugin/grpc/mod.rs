//! The gRPC protocol (version 2) on a listening socket into calls on a provider.
//!
//! [`serve`] offers what go-plugin's client asks of a plugin (`grpc_client.go` of v1.7.0): health as its ping, a
//! controller whose Shutdown ends the server, a stdio and a broker stream that stay open; and our own service
//! `promqlguard.v1.MetricProvider`, whose messages have upstream's field numbers. All are in `proto/`.
//!
//! The handshake line and the socket's file are not made here.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, Stream};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use self::connection::{Hosts, Watched};
use crate::analysis::provider::MetricProvider;

mod connection;
mod goplugin;
mod messages;
mod provider;
mod wire;

/// How long calls may still be answered after Shutdown: the host kills the process 2 s after it
/// (`Client.Kill` of go-plugin's `client.go`).
const DRAIN: Duration = Duration::from_millis(300);

/// The pause after an accept that failed: out of file descriptors, the next one fails as well.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Calls at once on a connection, health included: above the controller's 30 workers times the metrics of a run, as a
/// ping beyond it would wait.
const MAX_CALLS: u32 = 4096;

/// Bytes of one message that is read. A run with its status is some tens of KiB; etcd holds objects up to 1.5 MiB.
const MAX_MESSAGE: usize = 32 << 20;

/// Serves the provider to every connection that `listener` accepts, until the host calls Shutdown, or all connections
/// that asked for the plugin are gone. Calls that are
/// still open 300 ms later are left unanswered.
///
/// What a connection sends that is no gRPC ends that connection.
///
/// # Errors
///
/// What tonic cannot set up; it names no such case today.
pub async fn serve<P: MetricProvider>(listener: UnixListener, provider: Arc<P>) -> io::Result<()> {
    let stop = CancellationToken::new();
    let server = Server::builder()
        .max_concurrent_streams(MAX_CALLS)
        .add_service(goplugin::health(stop.clone()))
        .add_service(goplugin::controller(stop.clone()))
        .add_service(goplugin::stdio(stop.clone()))
        .add_service(goplugin::broker(stop.clone()))
        .add_service(provider::service(provider, MAX_MESSAGE))
        .serve_with_incoming_shutdown(
            connections(listener, Hosts::new(stop.clone())),
            stop.clone().cancelled_owned(),
        );
    tokio::select! {
        ended = server => ended.map_err(io::Error::other),
        () = drained(stop) => Ok(()),
    }
}

/// Ends a while after `stop`.
async fn drained(stop: CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(DRAIN).await;
}

/// The listener's connections, without end.
fn connections(listener: UnixListener, hosts: Hosts) -> impl Stream<Item = io::Result<Watched>> {
    stream::unfold((listener, hosts), |(listener, hosts)| async {
        loop {
            match listener.accept().await {
                Ok((connection, _)) => {
                    return Some((Ok(hosts.watch(connection)), (listener, hosts)));
                }
                Err(error) => {
                    tracing::warn!(%error, "accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    })
}
