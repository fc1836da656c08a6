//! A metric provider into a process that Argo's controller can ask: handshake, socket, protocol, log, end.
//!
//! The controller starts the process (hashicorp/go-plugin is its half of all this), reads one line from stdout, connects
//! to the socket named there and asks by net/rpc, or by gRPC where both can. `handshake` agrees on the protocol,
//! `listener` makes the socket, `netrpc` and `grpc` answer, `log` is what the controller reads on stderr.
//!
//! Everything runs on one thread (tokio's current_thread runtime): a call is a wait for Prometheus. What computes for
//! longer than about a millisecond belongs into `spawn_blocking`, or pings wait.
//!
//! Not here: what is measured. That is `measure`, behind [`MetricProvider`].

pub mod calls;
pub mod grpc;
pub mod handshake;
mod listener;
pub mod log;
pub mod metrics;
pub mod netrpc;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

pub use self::handshake::{Environment, HandshakeError, Protocol};
use crate::analysis::provider::MetricProvider;

/// Why the plugin cannot serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Nothing to agree on with the host.
    #[error("handshake with the plugin's host")]
    Handshake(#[from] HandshakeError),
    /// There is no socket to be made there.
    #[error("make a socket in `{}`", folder.display())]
    Socket {
        /// `PLUGIN_UNIX_SOCKET_DIR`, or the folder for temporary files.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The host does not read the handshake line.
    #[error("write the handshake line to stdout")]
    Announce(#[source] io::Error),
    /// The gRPC server cannot go on.
    #[error("serve gRPC")]
    Grpc(#[source] io::Error),
    /// Signals cannot be received.
    #[error("receive signals")]
    Signals(#[source] io::Error),
}

/// Serves until the host is done with the plugin: it says Quit, closes its connection, or sends SIGTERM.
///
/// Makes the socket, prints the handshake line (to stdout, which nothing else may touch) and answers calls; the socket's
/// file is gone when this returns. Calls that are still running are dropped with the runtime.
///
/// SIGINT is ignored, as go-plugin's server ignores it (`server.go`, `Serve`): Ctrl-C in a terminal reaches the host and
/// its plugins at once, and the host still needs its plugins to come to its own end.
///
/// # Errors
///
/// If there is nothing to agree on with the host, or no socket, or the host does not listen.
pub async fn serve<P: MetricProvider>(
    provider: Arc<P>,
    environment: &Environment,
    wanted: Option<Protocol>,
) -> Result<(), ServeError> {
    let agreement = environment.agree(wanted)?;
    let folder = &environment.socket_dir;
    let (listener, file) = listener::bind(folder).map_err(|source| ServeError::Socket {
        folder: folder.clone(),
        source,
    })?;
    let listen = |kind| signal(kind).map_err(ServeError::Signals);
    let mut terminate = listen(SignalKind::terminate())?;
    let interrupt = listen(SignalKind::interrupt())?;
    handshake::announce(&agreement.line(file.path())?).map_err(ServeError::Announce)?;
    let serving = async {
        match agreement.protocol {
            Protocol::NetRpc => {
                netrpc::serve(listener, provider).await;
                Ok(())
            }
            Protocol::Grpc => grpc::serve(listener, provider)
                .await
                .map_err(ServeError::Grpc),
        }
    };
    tokio::select! {
        served = serving => served?,
        _ = terminate.recv() => tracing::info!("ended by SIGTERM"),
        () = ignored(interrupt) => {}
    }
    Ok(())
}

async fn ignored(mut signals: Signal) {
    while signals.recv().await.is_some() {
        tracing::debug!("SIGINT is ignored");
    }
    // No signal can come any more; the others decide.
    std::future::pending().await
}
