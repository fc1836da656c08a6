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
use jiff::Timestamp;
use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::run::{AnalysisRun, Argument, Owner};
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
            // The first frames leave, whatever the pause.
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
            match &mut *self.waiting.lock().unwrap() {
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
            let mut waiting = waiting.lock().unwrap();
            let call = waiting.as_mut().and_then(|calls| calls.remove(&sequence));
            let _ = call.expect("an answer to a call").send(answer);
        }
    }
    *waiting.lock().unwrap() = None;
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

static REGISTERED: [(&str, &StructType); 4] = [
    ("RunArgs", &RUN_ARGS),
    ("TerminateAndResumeArgs", &TERMINATE_AND_RESUME_ARGS),
    ("GarbageCollectArgs", &GARBAGE_COLLECT_ARGS),
    ("GetMetadataArgs", &GET_METADATA_ARGS),
];

const RUN: (&str, Type) = ("AnalysisRun", Type::Struct(&ANALYSIS_RUN));
const METRIC_FIELD: (&str, Type) = ("Metric", Type::Struct(&METRIC));
const TEXTS: Type = Type::Map(&Type::String, &Type::String);
const TIME: Type = Type::Opaque("Time");
const COUNT: Type = Type::Struct(&INT_OR_STRING);

static RUN_ARGS: StructType = StructType {
    name: "RunArgs",
    fields: &[RUN, METRIC_FIELD],
};

static TERMINATE_AND_RESUME_ARGS: StructType = StructType {
    name: "TerminateAndResumeArgs",
    fields: &[
        RUN,
        METRIC_FIELD,
        ("Measurement", Type::Struct(&MEASUREMENT)),
    ],
};

static GARBAGE_COLLECT_ARGS: StructType = StructType {
    name: "GarbageCollectArgs",
    fields: &[RUN, METRIC_FIELD, ("Limit", Type::Int)],
};

static GET_METADATA_ARGS: StructType = StructType {
    name: "GetMetadataArgs",
    fields: &[METRIC_FIELD],
};

static ANALYSIS_RUN: StructType = StructType {
    name: "AnalysisRun",
    fields: &[
        ("ObjectMeta", Type::Struct(&OBJECT_META)),
        ("Spec", Type::Struct(&SPEC)),
        ("Status", Type::Struct(&STATUS)),
    ],
};

static OBJECT_META: StructType = StructType {
    name: "ObjectMeta",
    fields: &[
        ("Name", Type::String),
        ("Namespace", Type::String),
        ("CreationTimestamp", TIME),
        ("Labels", TEXTS),
        ("Annotations", TEXTS),
        ("OwnerReferences", Type::Slice(&Type::Struct(&OWNER))),
    ],
};

static OWNER: StructType = StructType {
    name: "OwnerReference",
    fields: &[("Kind", Type::String), ("Name", Type::String)],
};

static SPEC: StructType = StructType {
    name: "AnalysisRunSpec",
    fields: &[("Args", Type::Slice(&Type::Struct(&ARGUMENT)))],
};

static ARGUMENT: StructType = StructType {
    name: "Argument",
    fields: &[
        ("Name", Type::String),
        ("Value", Type::String),
        ("ValueFrom", Type::Struct(&VALUE_FROM)),
    ],
};

static VALUE_FROM: StructType = StructType {
    name: "ValueFrom",
    fields: &[("SecretKeyRef", Type::Struct(&SECRET_KEY_REF))],
};

static SECRET_KEY_REF: StructType = StructType {
    name: "SecretKeyRef",
    fields: &[("Name", Type::String), ("Key", Type::String)],
};

static STATUS: StructType = StructType {
    name: "AnalysisRunStatus",
    fields: &[("StartedAt", TIME)],
};

static METRIC: StructType = StructType {
    name: "Metric",
    fields: &[
        ("Name", Type::String),
        ("Interval", Type::String),
        ("InitialDelay", Type::String),
        ("Count", COUNT),
        ("SuccessCondition", Type::String),
        ("FailureCondition", Type::String),
        ("FailureLimit", COUNT),
        ("InconclusiveLimit", COUNT),
        ("ConsecutiveErrorLimit", COUNT),
        ("Provider", Type::Struct(&PROVIDER)),
        ("ConsecutiveSuccessLimit", COUNT),
    ],
};

static INT_OR_STRING: StructType = StructType {
    name: "IntOrString",
    fields: &[
        ("Type", Type::Int),
        ("IntVal", Type::Int),
        ("StrVal", Type::String),
    ],
};

static PROVIDER: StructType = StructType {
    name: "MetricProvider",
    fields: &[("Plugin", Type::Map(&Type::String, &Type::Bytes))],
};

static MEASUREMENT: StructType = StructType {
    name: "Measurement",
    fields: &[
        ("Phase", Type::String),
        ("Message", Type::String),
        ("StartedAt", TIME),
        ("FinishedAt", TIME),
        ("Value", Type::String),
        ("Metadata", TEXTS),
        ("ResumeAt", TIME),
    ],
};

type Field = (&'static str, Value);

/// A struct of the fields that are there: nil pointers, maps and slices are not sent.
fn sent<const N: usize>(fields: [Option<Field>; N]) -> Struct {
    fields.into_iter().flatten().collect()
}

fn text(name: &'static str, value: &str) -> Option<Field> {
    Some((name, value.into()))
}

fn map(name: &'static str, texts: &BTreeMap<String, String>) -> Option<Field> {
    let entry = |(key, value): (&String, &String)| (key.as_str().into(), value.as_str().into());
    (!texts.is_empty()).then(|| (name, Value::Map(texts.iter().map(entry).collect())))
}

fn count(name: &'static str, value: Option<i64>) -> Option<Field> {
    value.map(|value| (name, sent([Some(("IntVal", Value::Int(value)))]).into()))
}

/// `time.Time`'s `GobEncode`, for a time in UTC.
fn instant(name: &'static str, at: Option<Timestamp>) -> Option<Field> {
    at.map(|at| {
        let seconds = at.as_second() + 62_135_596_800;
        let mut bytes = vec![1];
        bytes.extend(seconds.to_be_bytes());
        bytes.extend(at.subsec_nanosecond().to_be_bytes());
        bytes.extend([0xff, 0xff]);
        (name, Value::Opaque(bytes))
    })
}

fn analysis_run(run: &AnalysisRun) -> Field {
    let owner = |owner: &Owner| sent([text("Kind", &owner.kind), text("Name", &owner.name)]).into();
    let meta = sent([
        text("Name", &run.name),
        text("Namespace", &run.namespace),
        instant("CreationTimestamp", run.created_at),
        map("Labels", &run.labels),
        map("Annotations", &run.annotations),
        Some((
            "OwnerReferences",
            Value::List(run.owners.iter().map(owner).collect()),
        )),
    ]);
    let arguments = Value::List(run.args.iter().map(argument).collect());
    let fields = sent([
        Some(("ObjectMeta", meta.into())),
        Some(("Spec", sent([Some(("Args", arguments))]).into())),
        Some((
            "Status",
            sent([instant("StartedAt", run.started_at)]).into(),
        )),
    ]);
    ("AnalysisRun", fields.into())
}

fn argument(argument: &Argument) -> Value {
    let secret = || {
        let reference = sent([text("Name", "secret"), text("Key", "key")]);
        let source = sent([Some(("SecretKeyRef", reference.into()))]);
        ("ValueFrom", source.into())
    };
    sent([
        text("Name", &argument.name),
        argument
            .value
            .as_deref()
            .and_then(|value| text("Value", value)),
        argument.secret.then(secret),
    ])
    .into()
}

fn metric_field(metric: &Metric) -> Field {
    let plugin =
        |(name, json): &(String, Vec<u8>)| (name.as_str().into(), Value::Bytes(json.clone()));
    let plugins = Value::Map(metric.plugins.iter().map(plugin).collect());
    let fields = sent([
        text("Name", &metric.name),
        text("Interval", &metric.interval),
        text("InitialDelay", &metric.initial_delay),
        count("Count", metric.count),
        text("SuccessCondition", &metric.success_condition),
        text("FailureCondition", &metric.failure_condition),
        count("FailureLimit", metric.failure_limit),
        count("InconclusiveLimit", metric.inconclusive_limit),
        count("ConsecutiveErrorLimit", metric.consecutive_error_limit),
        Some(("Provider", sent([Some(("Plugin", plugins))]).into())),
        count("ConsecutiveSuccessLimit", metric.consecutive_success_limit),
    ]);
    ("Metric", fields.into())
}

fn measurement_value(measurement: &Measurement) -> Value {
    sent([
        text("Phase", measurement.phase.as_str()),
        text("Message", &measurement.message),
        instant("StartedAt", measurement.started_at),
        instant("FinishedAt", measurement.finished_at),
        text("Value", &measurement.value),
        map("Metadata", &measurement.metadata),
        instant("ResumeAt", measurement.resume_at),
    ])
    .into()
}

fn refusal(answer: Value) -> Result<(), String> {
    let text = answer
        .as_struct()
        .and_then(|fields| fields.get("ErrorString"));
    text.map_or(Ok(()), |text| {
        Err(text.as_str().expect("a text").to_owned())
    })
}

fn measured(answer: Value) -> Measurement {
    let fields = answer.as_struct().expect("a struct");
    let text = |name| fields.get(name).and_then(Value::as_str).unwrap_or("");
    let instant = |name| {
        fields.get(name).map(|value| {
            let bytes = value.as_bytes().expect("bytes");
            assert_eq!((bytes.len(), bytes[0]), (15, 1), "{name}");
            let seconds = i64::from_be_bytes(bytes[1..9].try_into().expect("eight bytes"));
            let nanoseconds = i32::from_be_bytes(bytes[9..13].try_into().expect("four bytes"));
            Timestamp::new(seconds - 62_135_596_800, nanoseconds).expect("a time")
        })
    };
    Measurement {
        phase: Phase::from(text("Phase")),
        message: text("Message").to_owned(),
        started_at: instant("StartedAt"),
        finished_at: instant("FinishedAt"),
        value: text("Value").to_owned(),
        metadata: texts(fields.get("Metadata")),
        resume_at: instant("ResumeAt"),
    }
}

fn texts(value: Option<&Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    value
        .and_then(Value::as_map)
        .unwrap_or_default()
        .iter()
        .map(|(key, value)| (text(key), text(value)))
        .collect()
}
