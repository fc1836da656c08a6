//! One connection: yamux frames into the control stream, the two output streams, and a stream for each dispense.
//!
//! The order of streams is go-plugin's (`rpc_client.go`, `NewRPCClient`): control, stdout, stderr, then one for each
//! dispense, which begins with its number in four bytes, little-endian, sent back by us (`mux_broker.go`).
//!
//! Three things that hashicorp's yamux wants:
//! - Each stream is acknowledged at once, by a frame without bytes. The crate would wait for the first bytes written,
//!   and on stdout and stderr there are none: the host closes the session 75 s after it opened such a stream
//!   (`StreamOpenTimeout` of hashicorp/yamux `mux.go`).
//! - Windows stay at their 256 KiB. The crate grows them otherwise, the host then sends a frame of over 1 MiB, and the
//!   crate takes that for an attack.
//! - The host's pings are answered only while this connection is polled: it has a task that does nothing else.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, FutureExt};
use tokio::io::BufStream;
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::compat::{FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};
use yamux::{Config, Connection, Mode, Stream};

use super::calls::{self, Inflow};
use super::control::Control;
use super::provider::Provider;
use crate::analysis::provider::MetricProvider;
use crate::gob::decoder::Limits;
use crate::text::chain::chain;

/// Streams of one connection; Argo's controller opens four.
const STREAMS: usize = 64;

/// The protocol's window, which no stream outgrows.
const WINDOW: usize = 256 * 1024;

/// Dispenses whose stream is not open yet; go-plugin forgets them after 5 s, here the oldest goes.
const PENDING: usize = 16;

/// How long the number at the beginning of a dispensed stream may take (go-plugin `mux_broker.go`, `timeoutWait`).
const NUMBER: Duration = Duration::from_secs(5);

/// How long a connection may stay silent at first; a host opens its streams with its first bytes.
const SILENCE: Duration = Duration::from_secs(10);

/// How long after Quit's answer the host has to close the connection. If we closed first, it would log a broken pipe.
const FAREWELL: Duration = Duration::from_millis(300);

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The host said Quit.
    Quit,
    /// It had asked for the plugin, and closed.
    Host,
    /// It had not: no host.
    Stray,
}

/// The connections that have asked for the plugin and are not ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts(Arc<AtomicUsize>);

impl Hosts {
    /// Counts one as ended; whether it was the last.
    pub(super) fn leave(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) == 1
    }
}

/// What the streams of one connection share.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Given when the answer to Quit is on its way.
    pub(super) quit: Arc<Notify>,
    hosts: Hosts,
    dispensed: AtomicBool,
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    last: u32,
    waiting: VecDeque<u32>,
}

impl Session {
    /// A number for a stream to come.
    pub(super) fn dispense(&self) -> u32 {
        if !self.dispensed.swap(true, Ordering::Relaxed) {
            self.hosts.0.fetch_add(1, Ordering::Relaxed);
        }
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.last = pending.last.wrapping_add(1);
        let id = pending.last;
        pending.waiting.push_back(id);
        if pending.waiting.len() > PENDING {
            pending.waiting.pop_front();
        }
        id
    }

    /// Whether the number was given out and no stream had it yet.
    fn connect(&self, id: u32) -> bool {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let place = pending.waiting.iter().position(|waiting| *waiting == id);
        place.is_some_and(|place| pending.waiting.remove(place).is_some())
    }
}

/// Serves a connection until it ends.
pub(super) async fn serve<P: MetricProvider>(
    socket: UnixStream,
    provider: Arc<P>,
    inflow: Arc<Inflow>,
    hosts: Hosts,
) -> End {
    let session = Arc::new(Session {
        hosts,
        ..Session::default()
    });
    let connection = Connection::new(BufStream::new(socket).compat(), config(), Mode::Server);
    // A panic here would be one of the crate on rubbish: it costs the connection.
    let serving = AssertUnwindSafe(accept(connection, session.clone(), provider, inflow));
    let serving = serving.catch_unwind();
    tokio::pin!(serving);
    let quit = tokio::select! {
        _ = &mut serving => false,
        () = session.quit.notified() => true,
    };
    if quit {
        // Late or in time, the host has its answer.
        let _ = timeout(FAREWELL, serving).await;
        return End::Quit;
    }
    match session.dispensed.load(Ordering::Relaxed) {
        true => End::Host,
        false => End::Stray,
    }
}

/// Polls the connection to its end, and gives each stream a task.
async fn accept<T, P>(
    mut connection: Connection<T>,
    session: Arc<Session>,
    provider: Arc<P>,
    inflow: Arc<Inflow>,
) where
    T: AsyncRead + AsyncWrite + Unpin,
    P: MetricProvider,
{
    let mut streams = JoinSet::new();
    for place in 0.. {
        let inbound = poll_fn(|cx| connection.poll_next_inbound(cx));
        let next = match place {
            0 => timeout(SILENCE, inbound).await.unwrap_or(None),
            _ => inbound.await,
        };
        let stream = match next {
            Some(Ok(stream)) => stream,
            Some(Err(error)) => {
                tracing::debug!(error = chain(&error), "connection ended");
                return;
            }
            None => return,
        };
        let role = Role::of(place);
        let (session, provider, inflow) = (session.clone(), provider.clone(), inflow.clone());
        streams.spawn(async move {
            if let Err(error) = role.play(stream, session, provider, inflow).await {
                tracing::debug!(error = chain(&error), "stream ended");
            }
        });
        while streams.try_join_next().is_some() {}
    }
}

fn config() -> Config {
    let mut config = Config::default();
    // In this order: each call checks the window against the number of streams.
    config
        .set_max_num_streams(STREAMS)
        .set_max_connection_receive_window(Some(STREAMS * WINDOW));
    config
}

/// What a stream is for, by its place.
#[derive(Debug, Clone, Copy)]
enum Role {
    Control,
    /// The host copies the plugin's output from it; ours goes to the process's own stderr.
    Output,
    Dispensed,
}

impl Role {
    fn of(place: u64) -> Role {
        match place {
            0 => Role::Control,
            1 | 2 => Role::Output,
            _ => Role::Dispensed,
        }
    }

    async fn play<P: MetricProvider>(
        self,
        mut stream: Stream,
        session: Arc<Session>,
        provider: Arc<P>,
        inflow: Arc<Inflow>,
    ) -> io::Result<()> {
        // The acknowledgement; writing all of nothing would write no frame.
        let _none = stream.write(&[]).await?;
        match self {
            Role::Control => {
                let limits = Limits {
                    message: 64 * 1024,
                    value: 128 * 1024,
                    elements: 1024,
                    ..Limits::default()
                };
                calls::serve(stream.compat(), Control(session), inflow, limits).await
            }
            Role::Output => silent(stream).await,
            Role::Dispensed => {
                if !is_dispensed(&mut stream, &session).await? {
                    return stream.close().await;
                }
                calls::serve(
                    stream.compat(),
                    Provider(provider),
                    inflow,
                    Limits::default(),
                )
                .await
            }
        }
    }
}

/// Keeps a stream open, and empty: its window does not fill.
async fn silent(mut stream: Stream) -> io::Result<()> {
    let mut ignored = [0; 512];
    while stream.read(&mut ignored).await? > 0 {}
    stream.close().await
}

/// Reads the number at a stream's beginning and sends it back, if it was given out.
async fn is_dispensed(stream: &mut Stream, session: &Session) -> io::Result<bool> {
    let mut number = [0; 4];
    match timeout(NUMBER, stream.read_exact(&mut number)).await {
        Ok(read) => read?,
        Err(_) => return Ok(false),
    }
    if !session.connect(u32::from_le_bytes(number)) {
        return Ok(false);
    }
    stream.write_all(&number).await?;
    stream.flush().await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_good_for_one_stream() {
        let session = Session::default();
        let (first, second) = (session.dispense(), session.dispense());
        assert!(session.connect(second));
        assert!(!session.connect(second));
        assert!(!session.connect(0));
        for _ in 0..PENDING {
            session.dispense();
        }
        assert!(!session.connect(first), "the oldest is forgotten");
    }

    #[test]
    fn a_connection_counts_once() {
        let hosts = Hosts::default();
        let session = |hosts: &Hosts| Session {
            hosts: hosts.clone(),
            ..Session::default()
        };
        let (one, other) = (session(&hosts), session(&hosts));
        for _ in 0..3 {
            one.dispense();
            other.dispense();
        }
        assert!(!hosts.leave());
        assert!(hosts.leave());
    }
}
