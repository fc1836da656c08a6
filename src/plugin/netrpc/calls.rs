//! One stream of net/rpc: requests into calls, answers back as they finish, in whatever order.
//!
//! Go's `net/rpc/server.go` is the model: a request is a header and a body, an answer likewise, each a top-level gob
//! value. A call that cannot be made is answered with a text and costs only itself. Bytes that are no gob end the
//! stream, after the calls before them are answered.
//!
//! Reading never waits for writing, since the host may be writing too and reads only when that is done. What bounds
//! memory is that a call is not begun before one of its stream's permits is free, and keeps it until its answer is
//! written.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::fields::FieldError;
use super::messages::Reply;
use super::schema::RESPONSE;
use crate::gob::decoder::{DecodeError, Decoder, Limits};
use crate::gob::encoder::Encoder;
use crate::gob::schema::Type;
use crate::gob::value::{Struct, Value};
use crate::plugin::calls::Panicked;
use crate::text::chain::{bounded, chain};

/// Calls of one connection that may run at once; Argo's controller has 30 workers and makes a few each.
pub(super) const CALLS: usize = 1024;

/// Bytes of requests that have not come whole yet, over all streams of the process.
const INFLOW: usize = 128 << 20;

/// Answers are gathered up to this size before they are written.
const GATHERED: usize = 64 * 1024;

/// Bytes of an error's text: it ends in a measurement's message.
const ERROR_TEXT: usize = 1024;

/// Bytes of a method's name: longer ones are refused, since answers repeat it.
const METHOD: usize = 256;

/// Why a call is answered with a text in place of an answer. The first three are Go's own words.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("rpc: service/method request ill-formed: {0}")]
    IllFormed(String),
    #[error("rpc: can't find service {0}")]
    NoService(String),
    #[error("rpc: can't find method {0}")]
    NoMethod(String),
    #[error("unknown plugin type: {0}")]
    NoPlugin(String),
    #[error("net/rpc call `{method}`: expected {expected}, found {found}")]
    Body {
        method: String,
        expected: &'static str,
        found: String,
    },
    #[error("net/rpc call `{method}`")]
    Field { method: String, source: FieldError },
    #[error(transparent)]
    Panicked(Panicked),
}

/// The end of a call.
pub(super) type Outcome = Result<Reply, CallError>;

/// How a call is answered.
pub(super) enum Answering {
    /// At once.
    Now(Outcome),
    /// At once, and the signal is given when the answer is on its way.
    Last(Reply, Arc<Notify>),
    /// By a task of its own.
    Later(Pin<Box<dyn Future<Output = Outcome> + Send>>),
}

/// What a stream serves.
pub(super) trait Service {
    /// Makes the call of `method` (`Plugin.Run`); must not wait.
    fn call(&self, method: &str, body: Value) -> Answering;
}

/// Bytes of incomplete requests in the whole process.
#[derive(Debug, Default)]
pub(super) struct Inflow(AtomicUsize);

/// What one stream has of them.
struct Held {
    inflow: Arc<Inflow>,
    bytes: usize,
}

impl Held {
    /// False: the process holds too many.
    fn add(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.inflow.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= INFLOW
    }

    fn release(&mut self) {
        self.inflow.0.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = 0;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

/// Serves a stream until the host closes it and all its calls are answered.
pub(super) async fn serve<T, S>(
    stream: T,
    service: S,
    inflow: Arc<Inflow>,
    limits: Limits,
) -> io::Result<()>
where
    T: AsyncRead + AsyncWrite,
    S: Service,
{
    let (reading, writing) = tokio::io::split(stream);
    let (answers, waiting) = unbounded_channel();
    let requests = Requests {
        service,
        answers,
        permits: Arc::new(Semaphore::new(CALLS)),
        calls: JoinSet::new(),
    };
    let held = Held { inflow, bytes: 0 };
    tokio::try_join!(
        requests.read(reading, Decoder::new(limits), held),
        write(writing, waiting)
    )?;
    Ok(())
}

/// The request that an answer belongs to.
struct Header {
    method: String,
    sequence: u64,
}

/// An answer on its way to the writer.
struct Answer {
    header: Header,
    outcome: Outcome,
    written: Option<Arc<Notify>>,
    /// Given back when the answer is written.
    _permit: OwnedSemaphorePermit,
}

struct Requests<S> {
    service: S,
    answers: UnboundedSender<Answer>,
    permits: Arc<Semaphore>,
    calls: JoinSet<()>,
}

impl<S: Service> Requests<S> {
    async fn read<R>(mut self, reading: R, mut decoder: Decoder, mut held: Held) -> io::Result<()>
    where
        R: AsyncRead,
    {
        tokio::pin!(reading);
        let mut buffer = vec![0; 8 * 1024];
        let mut header = None;
        loop {
            let count = tokio::select! {
                count = reading.read(&mut buffer) => count?,
                Some(_) = self.calls.join_next() => continue,
            };
            if count == 0 {
                break;
            }
            if !held.add(count) {
                tracing::warn!("net/rpc stream ended: too many bytes of unfinished requests");
                break;
            }
            decoder.feed(&buffer[..count]);
            if let Err(error) = self.take(&mut decoder, &mut header, &mut held).await {
                tracing::warn!(error = chain(&error), "net/rpc stream ended");
                break;
            }
        }
        drop(held);
        drop(decoder);
        while self.calls.join_next().await.is_some() {}
        Ok(())
    }

    /// Begins the calls whose bytes have come whole.
    async fn take(
        &mut self,
        decoder: &mut Decoder,
        header: &mut Option<Header>,
        held: &mut Held,
    ) -> Result<(), RequestError> {
        while let Some(value) = decoder.next()? {
            held.release();
            match header.take() {
                None => *header = Some(read_header(value)?),
                Some(header) => self.begin(header, value).await,
            }
        }
        Ok(())
    }

    async fn begin(&mut self, header: Header, body: Value) {
        let Ok(permit) = self.permits.clone().acquire_owned().await else {
            return;
        };
        let answering = self.service.call(&header.method, body);
        let answer = |outcome, written| Answer {
            header,
            outcome,
            written,
            _permit: permit,
        };
        let answers = self.answers.clone();
        // A writer that is gone has ended the stream; then no answer is wanted.
        match answering {
            Answering::Now(outcome) => drop(answers.send(answer(outcome, None))),
            Answering::Last(reply, written) => {
                drop(answers.send(answer(Ok(reply), Some(written))));
            }
            Answering::Later(call) => {
                self.calls.spawn(async move {
                    let outcome = call.await;
                    drop(answers.send(answer(outcome, None)));
                });
            }
        }
    }
}

/// Why a stream is no net/rpc.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("the bytes are no request")]
    Gob(#[from] DecodeError),
    #[error("the bytes are no request")]
    Field(#[from] FieldError),
    #[error("expected a request header, found {0}")]
    NoHeader(&'static str),
    #[error("the method's name is `{0}` bytes long, expected at most `{METHOD}`")]
    Method(usize),
}

/// `Request` of `net/rpc`.
fn read_header(value: Value) -> Result<Header, RequestError> {
    let kind = value.kind();
    let Value::Struct(mut fields) = value else {
        return Err(RequestError::NoHeader(kind));
    };
    let method = super::fields::string(&mut fields, "ServiceMethod")?;
    if method.len() > METHOD {
        return Err(RequestError::Method(method.len()));
    }
    let sequence = super::fields::uint(&mut fields, "Seq")?;
    Ok(Header { method, sequence })
}

/// Writes answers until there will be none, all that wait at once.
async fn write<W>(writing: W, mut waiting: UnboundedReceiver<Answer>) -> io::Result<()>
where
    W: AsyncWrite,
{
    tokio::pin!(writing);
    let mut encoder = Encoder::new();
    let mut bytes = Vec::new();
    while let Some(first) = waiting.recv().await {
        let mut written = Vec::new();
        let mut next = Some(first);
        while let Some(answer) = next {
            encode(&mut encoder, &answer, &mut bytes)?;
            written.push(answer);
            next = match bytes.len() {
                ..GATHERED => waiting.try_recv().ok(),
                _ => None,
            };
        }
        writing.write_all(&bytes).await?;
        writing.flush().await?;
        for answer in written {
            if let Some(signal) = answer.written {
                signal.notify_one();
            }
        }
        bytes.clear();
        bytes.shrink_to(GATHERED);
    }
    writing.shutdown().await
}

/// Header and body; an answer that its type cannot hold would be a mistake here, and ends the stream.
fn encode(encoder: &mut Encoder, answer: &Answer, bytes: &mut Vec<u8>) -> io::Result<()> {
    let empty = Reply::empty();
    let (reply, error) = match &answer.outcome {
        Ok(reply) => (reply, String::new()),
        Err(error) => (&empty, bounded(&chain(error), ERROR_TEXT)),
    };
    let response = Struct::from([
        ("ServiceMethod", answer.header.method.as_str().into()),
        ("Seq", Value::Uint(answer.header.sequence)),
        ("Error", error.into()),
    ]);
    encoder
        .encode(&Type::Struct(&RESPONSE), &response.into(), bytes)
        .and_then(|()| encoder.encode(&reply.ty, &reply.value, bytes))
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_requests_are_bounded_over_all_streams() {
        let inflow = Arc::new(Inflow::default());
        let stream = || Held {
            inflow: inflow.clone(),
            bytes: 0,
        };
        let (mut one, mut other) = (stream(), stream());
        assert!(one.add(INFLOW - 1));
        assert!(other.add(1));
        assert!(!other.add(1));
        one.release();
        assert!(other.add(1));
        drop((one, other));
        assert!(stream().add(INFLOW));
    }

    #[test]
    fn a_header_is_a_request() {
        let request = |fields: Struct| {
            read_header(fields.into())
                .map(|header| (header.method, header.sequence))
                .map_err(|error| chain(&error))
        };
        let long = "M".repeat(METHOD + 1);
        for (fields, found) in [
            (Struct::from([]), Ok((String::new(), 0))),
            (
                Struct::from([("ServiceMethod", "A.B".into()), ("Seq", Value::Uint(7))]),
                Ok(("A.B".to_owned(), 7)),
            ),
            (
                Struct::from([("Seq", Value::Int(7))]),
                Err("the bytes are no request: field `Seq`: expected uint, found int".to_owned()),
            ),
            (
                Struct::from([("ServiceMethod", long.into())]),
                Err("the method's name is `257` bytes long, expected at most `256`".to_owned()),
            ),
        ] {
            assert_eq!(request(fields), found);
        }
        let text = read_header("x".into())
            .map(|_| ())
            .map_err(|error| chain(&error));
        assert_eq!(
            text,
            Err("expected a request header, found string".to_owned())
        );
    }
}
