//! A socket that knows whether a host is behind it, and ends the server when the last host's is closed.
//!
//! go-plugin's client keeps one connection for its whole life: the stream of the plugin's output is always open on it
//! (`grpc_client.go`, `newGRPCClient`), so it is never closed for idleness. Who only asks for health is no host.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;
use tonic::Request;
use tonic::transport::server::Connected;

/// The connections that hosts are behind, and what ends when there are no more.
#[derive(Clone)]
pub(super) struct Hosts {
    connected: Arc<AtomicUsize>,
    stop: CancellationToken,
}

impl Hosts {
    /// None yet; the last to go cancels `stop`.
    pub(super) fn new(stop: CancellationToken) -> Self {
        Hosts {
            connected: Arc::default(),
            stop,
        }
    }

    /// The socket of one connection.
    pub(super) fn watch(&self, socket: UnixStream) -> Watched {
        Watched {
            socket,
            host: Host {
                hosts: self.clone(),
                seen: Arc::default(),
            },
        }
    }
}

/// Whether a host is behind one connection; in the extensions of each of its requests.
#[derive(Clone)]
pub(super) struct Host {
    hosts: Hosts,
    seen: Arc<AtomicBool>,
}

/// Notes that what sent `request` is a host.
pub(super) fn seen<T>(request: &Request<T>) {
    if let Some(host) = request.extensions().get::<Host>()
        && !host.seen.swap(true, Ordering::Relaxed)
    {
        host.hosts.connected.fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection.
pub(super) struct Watched {
    socket: UnixStream,
    host: Host,
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Host { hosts, seen } = &self.host;
        if seen.load(Ordering::Relaxed) && hosts.connected.fetch_sub(1, Ordering::Relaxed) == 1 {
            tracing::info!("the host is gone");
            hosts.stop.cancel();
        }
    }
}

impl Connected for Watched {
    type ConnectInfo = Host;

    fn connect_info(&self) -> Host {
        self.host.clone()
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
