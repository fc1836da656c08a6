//! The host's side of the net/rpc protocol: yamux, the streams in go-plugin's order, gob as Go writes it.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use futures_util::io::{ReadHalf, WriteHalf};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use promql_guard::analysis::measurement::Measurement;
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::run::AnalysisRun;
use promql_guard::gob::decoder::{Decoder, Limits};
use promql_guard::gob::encoder::Encoder;
use promql_guard::gob::schema::{StructType, Type};
use promql_guard::gob::value::{Named, Struct, Value};
use tokio::io::BufStream;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::compat::TokioAsyncReadCompatExt;
use yamux::{Config, Connection, Mode, Stream};

use super::arguments::{
    REGISTERED, analysis_run, measured, measurement_value, metric_field, refusal, sent, texts,
};

/// Why a call has no answer: the plugin's text, or the end of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallFailed(pub(crate) String);

impl std::fmt::Display for CallFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for CallFailed {}

type Answer<T> = Result<T, CallFailed>;

fn failed(error: impl std::fmt::Display) -> CallFailed {
    CallFailed(error.to_string())
}

/// A yamux connection; the task behind it lives as long as this.
pub(crate) struct Session {
    open: mpsc::UnboundedSender<oneshot::Sender<Stream>>,
    driver: JoinHandle<()>,
}

impl Session {
    pub(crate) async fn connect(socket: &Path) -> std::io::Result<Self> {
        Self::connect_late(socket, Duration::ZERO).await
    }

    /// Connects, and leaves what the plugin sends unread for a while.
    pub(crate) async fn connect_late(socket: &Path, pause: Duration) -> std::io::Result<Self> {
        let socket = BufStream::new(UnixStream::connect(socket).await?).compat();
        let mut config = Config::default();
        // As hashicorp's yamux: windows of 256 KiB that do not grow, frames as long as the other window allows.
        config
            .set_max_num_streams(64)
            .set_max_connection_receive_window(Some(64 * 256 * 1024))
            .set_split_send_size(usize::MAX);
        let mut connection = Connection::new(socket, config, Mode::Client);
        let (open, mut wanted) = mpsc::unbounded_channel::<oneshot::Sender<Stream>>();
        let mut driver = poll_fn(move |cx| {
            while let Poll::Ready(Some(answer)) = wanted.poll_recv(cx) {
                let Poll::Ready(Ok(stream)) = connection.poll_new_outbound(cx) else {
                    return Poll::Ready(());
                };
                let _ = answer.send(stream);
            }
            match connection.poll_next_inbound(cx) {
                Poll::Ready(_) => Poll::Ready(()),
                Poll::Pending => Poll::Pending,
            }
        });
        let driver = tokio::spawn(async move {
            // The first frames leave, whatever the pause: what is under test is a host whose first round trip was slow, after
            // which a peer that grows its window takes the next ones for quick. Time itself is the input here.
            if poll_fn(|cx| Poll::Ready(Pin::new(&mut driver).poll(cx)))
                .await
                .is_pending()
            {
                tokio::time::sleep(pause).await;
                driver.await;
            }
        });
        Ok(Self { open, driver })
    }

    /// Opens a stream, which hashicorp's yamux tells the plugin at once.
    pub(crate) async fn open(&self) -> Answer<Stream> {
        let (answer, stream) = oneshot::channel();
        self.open.send(answer).map_err(failed)?;
        let mut stream = stream.await.map_err(failed)?;
        stream.write(&[]).await.map_err(failed)?;
        Ok(stream)
    }

    /// Waits until the plugin acknowledges the stream.
    pub(crate) async fn acknowledged(&self, stream: &Stream) {
        while stream.is_pending_ack() {
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The calls without an answer; none: the stream has ended.
type Waiting = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<Answer<Value>>>>>>;

/// Go's `rpc.Client` on one stream.
pub(crate) struct Client {
    sending: tokio::sync::Mutex<(WriteHalf<Stream>, Encoder, u64)>,
    waiting: Waiting,
}

impl Client {
    pub(crate) fn new(stream: Stream) -> Self {
        let (reading, writing) = stream.split();
        let mut encoder = Encoder::new();
        for (name, ty) in &REGISTERED {
            encoder.register(name, Type::Struct(ty));
        }
        let waiting: Waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        tokio::spawn(receive(reading, waiting.clone()));
        Self {
            sending: tokio::sync::Mutex::new((writing, encoder, 0)),
            waiting,
        }
    }

    /// A call whose body has that type.
    pub(crate) async fn call(&self, method: &str, ty: &Type, body: &Value) -> Answer<Value> {
        let (answer, answered) = oneshot::channel();
        {
            let mut sending = self.sending.lock().await;
            let (stream, encoder, last) = &mut *sending;
            let request = Struct::from([
                ("ServiceMethod", method.into()),
                ("Seq", Value::Uint(*last)),
            ]);
            match &mut *self.waiting.lock().expect("no holder of the lock panics") {
                Some(waiting) => waiting.insert(*last, answer),
                None => return Err(shut_down()),
            };
            *last += 1;
            let mut bytes = Vec::new();
            let request_type = Type::Struct(&REQUEST);
            encoder
                .encode(&request_type, &request.into(), &mut bytes)
                .and_then(|()| encoder.encode(ty, body, &mut bytes))
                .map_err(failed)?;
            stream.write_all(&bytes).await.map_err(failed)?;
            stream.flush().await.map_err(failed)?;
        }
        answered.await.unwrap_or_else(|_| Err(shut_down()))
    }

    /// A call of the plugin: its arguments are held in an interface.
    async fn ask(&self, method: &str, arguments: Option<(&str, Struct)>) -> Answer<Value> {
        let held = arguments.map(|(name, fields)| {
            Box::new(Named {
                name: name.to_owned(),
                value: fields.into(),
            })
        });
        self.call(method, &Type::Interface, &Value::Interface(held))
            .await
    }

    /// Names a further type that arguments may have.
    pub(crate) async fn register(&self, name: &'static str, ty: Type) {
        self.sending.lock().await.1.register(name, ty);
    }

    /// Run on this stream.
    pub(crate) async fn run(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
    ) -> Answer<Measurement> {
        let arguments = sent([run.map(analysis_run), Some(metric_field(metric))]);
        let answer = self.ask("Plugin.Run", Some(("RunArgs", arguments)));
        answer.await.map(measured)
    }

    /// Writes bytes that may be no request.
    pub(crate) async fn send(&self, bytes: &[u8]) -> Answer<()> {
        let mut sending = self.sending.lock().await;
        sending.0.write_all(bytes).await.map_err(failed)?;
        sending.0.flush().await.map_err(failed)
    }
}

fn shut_down() -> CallFailed {
    // Go's `rpc.ErrShutdown`.
    failed("connection is shut down")
}

/// Hands answers to their calls until the stream ends.
async fn receive(mut stream: ReadHalf<Stream>, waiting: Waiting) {
    let mut decoder = Decoder::new(Limits::default());
    let mut header = None;
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        decoder.feed(&buffer[..count]);
        while let Ok(Some(value)) = decoder.next() {
            let Some(response) = header.take() else {
                header = Some(value);
                continue;
            };
            let response = response.as_struct().cloned().unwrap_or(Struct::from([]));
            let sequence = response.get("Seq").and_then(Value::as_u64).unwrap_or(0);
            let answer = match response.get("Error").and_then(Value::as_str) {
                Some(text) => Err(failed(text)),
                None => Ok(value),
            };
            let mut waiting = waiting.lock().expect("no holder of the lock panics");
            let call = waiting.as_mut().and_then(|calls| calls.remove(&sequence));
            let _ = call.expect("an answer to a call").send(answer);
        }
    }
    *waiting.lock().expect("no holder of the lock panics") = None;
}

/// A host of one plugin, dispensed.
pub(crate) struct NetRpcHost {
    pub(crate) session: Session,
    pub(crate) control: Client,
    /// The host copies the plugin's output from them.
    _output: [Stream; 2],
    pub(crate) plugin: Client,
}

impl NetRpcHost {
    /// The host of a plugin that listens on `socket`.
    pub(crate) async fn connect(socket: &Path) -> Result<Self, Box<dyn Error>> {
        Self::on(Session::connect(socket).await?).await
    }

    /// The host at the other end of a new connection.
    pub(crate) async fn on(session: Session) -> Result<Self, Box<dyn Error>> {
        let control = Client::new(session.open().await?);
        let output = [session.open().await?, session.open().await?];
        let plugin = dispense(&session, &control).await?;
        Ok(Self {
            session,
            control,
            _output: output,
            plugin,
        })
    }

    /// A further stream of the plugin.
    pub(crate) async fn dispense(&self) -> Answer<Client> {
        dispense(&self.session, &self.control).await
    }

    /// go-plugin's ping.
    pub(crate) async fn ping(&self) -> Answer<()> {
        let body = Value::Bool(true);
        self.control
            .call("Control.Ping", &Type::Bool, &body)
            .await?;
        Ok(())
    }

    /// Tells the plugin to end.
    pub(crate) async fn quit(&self) -> Answer<()> {
        let body = Value::Bool(true);
        self.control
            .call("Control.Quit", &Type::Bool, &body)
            .await?;
        Ok(())
    }

    /// InitPlugin: the plugin's refusal, if any.
    pub(crate) async fn init(&self) -> Answer<Result<(), String>> {
        self.plugin
            .ask("Plugin.InitPlugin", None)
            .await
            .map(refusal)
    }

    /// Run.
    pub(crate) async fn run(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
    ) -> Answer<Measurement> {
        self.plugin.run(run, metric).await
    }

    /// Resume.
    pub(crate) async fn resume(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
        measurement: &Measurement,
    ) -> Answer<Measurement> {
        self.go_on("Plugin.Resume", run, metric, measurement).await
    }

    /// Terminate.
    pub(crate) async fn terminate(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
        measurement: &Measurement,
    ) -> Answer<Measurement> {
        self.go_on("Plugin.Terminate", run, metric, measurement)
            .await
    }

    async fn go_on(
        &self,
        method: &str,
        run: Option<&AnalysisRun>,
        metric: &Metric,
        measurement: &Measurement,
    ) -> Answer<Measurement> {
        let arguments = sent([
            run.map(analysis_run),
            Some(metric_field(metric)),
            Some(("Measurement", measurement_value(measurement))),
        ]);
        let answer = self
            .plugin
            .ask(method, Some(("TerminateAndResumeArgs", arguments)));
        answer.await.map(measured)
    }

    /// GarbageCollect: the plugin's refusal, if any.
    pub(crate) async fn garbage_collect(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
        limit: i64,
    ) -> Answer<Result<(), String>> {
        let arguments = sent([
            run.map(analysis_run),
            Some(metric_field(metric)),
            Some(("Limit", Value::Int(limit))),
        ]);
        let answer = self.plugin.ask(
            "Plugin.GarbageCollect",
            Some(("GarbageCollectArgs", arguments)),
        );
        answer.await.map(refusal)
    }

    /// Type.
    pub(crate) async fn kind(&self) -> Answer<String> {
        let answer = self.plugin.ask("Plugin.Type", None).await?;
        Ok(answer.as_str().expect("a text").to_owned())
    }

    /// GetMetadata.
    pub(crate) async fn metadata(&self, metric: &Metric) -> Answer<BTreeMap<String, String>> {
        let arguments = sent([Some(metric_field(metric))]);
        let answer = self
            .plugin
            .ask("Plugin.GetMetadata", Some(("GetMetadataArgs", arguments)));
        answer.await.map(|value| texts(Some(&value)))
    }
}

/// Asks for the plugin and opens the stream that the answer numbers.
async fn dispense(session: &Session, control: &Client) -> Answer<Client> {
    let name = "RpcMetricProviderPlugin".into();
    let id = control
        .call("Dispenser.Dispense", &Type::String, &name)
        .await?;
    let id = u32::try_from(id.as_u64().expect("a number")).expect("a number of 32 bits");
    let mut stream = session.open().await?;
    stream.write_all(&id.to_le_bytes()).await.map_err(failed)?;
    let mut echo = [0; 4];
    stream.read_exact(&mut echo).await.map_err(failed)?;
    assert_eq!(u32::from_le_bytes(echo), id);
    Ok(Client::new(stream))
}

static REQUEST: StructType = StructType {
    name: "Request",
    fields: &[("ServiceMethod", Type::String), ("Seq", Type::Uint)],
};
