//! The net/rpc protocol on a socket of this process, with a provider that does what a metric's name says.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::provider::MetricProvider;
use promql_guard::analysis::run::{AnalysisRun, Argument, Owner};
use promql_guard::gob::schema::{StructType, Type};
use promql_guard::gob::value::{Named, Struct, Value};
use promql_guard::plugin::netrpc::serve;
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

use crate::host::netrpc::{CallFailed, NetRpcHost, Session};

/// Beyond it a test has failed; nothing waits for it.
const LONG: Duration = Duration::from_secs(30);

const KIB: usize = 1024;

struct Began(Semaphore);

impl Default for Began {
    fn default() -> Self {
        Began(Semaphore::new(0))
    }
}

impl Began {
    /// Waits for one more call.
    async fn one(&self) {
        self.0.acquire().await.unwrap().forget();
    }
}

/// A metric named `panic` panics, `hang` never ends, `wait` ends when it is let go, `big` has a value of 200 KiB,
/// `echo` answers what reached the provider.
#[derive(Default)]
struct Provider {
    /// Counts the calls that hang or wait.
    began: Began,
    let_go: Notify,
    refuses: bool,
    panics: bool,
}

impl MetricProvider for Provider {
    fn init(&self) -> Result<(), String> {
        assert!(!self.panics, "told to");
        match self.refuses {
            true => Err("no policy".to_owned()),
            false => Ok(()),
        }
    }

    async fn run(&self, run: Option<AnalysisRun>, metric: Metric) -> Measurement {
        match metric.name.as_str() {
            "panic" => panic!("told to"),
            "hang" => {
                self.began.0.add_permits(1);
                pending().await
            }
            "wait" => {
                self.began.0.add_permits(1);
                self.let_go.notified().await;
            }
            _ => {}
        }
        Measurement {
            phase: Phase::Successful,
            value: match metric.name.as_str() {
                "big" => "x".repeat(200 * KIB),
                "echo" => format!("{run:?} {metric:?}"),
                _ => metric.name,
            },
            ..Measurement::default()
        }
    }

    async fn resume(
        &self,
        run: Option<AnalysisRun>,
        _: Metric,
        measurement: Measurement,
    ) -> Measurement {
        let name = run.map_or_else(String::new, |run| run.name);
        Measurement {
            message: format!("{name} resumed"),
            ..measurement
        }
    }

    async fn terminate(
        &self,
        _: Option<AnalysisRun>,
        metric: Metric,
        measurement: Measurement,
    ) -> Measurement {
        assert_ne!(metric.name, "panic", "told to");
        Measurement {
            phase: Phase::Inconclusive,
            ..measurement
        }
    }

    async fn garbage_collect(
        &self,
        run: Option<AnalysisRun>,
        metric: Metric,
        limit: i64,
    ) -> Result<(), String> {
        assert_ne!(metric.name, "panic", "told to");
        match limit {
            10 => Ok(()),
            _ => Err(format!("{limit} of {}", run.is_some())),
        }
    }

    fn kind(&self) -> String {
        "Scripted".to_owned()
    }

    fn metadata(&self, metric: &Metric) -> BTreeMap<String, String> {
        assert_ne!(metric.name, "panic", "told to");
        BTreeMap::from([("name".to_owned(), metric.name.clone())])
    }
}

struct Plugin {
    provider: Arc<Provider>,
    socket: PathBuf,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

fn plugin(provider: Provider) -> Plugin {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let provider = Arc::new(provider);
    let listener = UnixListener::bind(&socket).unwrap();
    Plugin {
        serving: tokio::spawn(serve(listener, provider.clone())),
        provider,
        socket,
        _folder: folder,
    }
}

impl Plugin {
    async fn host(&self) -> NetRpcHost {
        in_time(NetRpcHost::connect(&self.socket)).await.unwrap()
    }
}

async fn started() -> (Plugin, NetRpcHost) {
    let plugin = plugin(Provider::default());
    let host = plugin.host().await;
    (plugin, host)
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, future).await.expect("in time")
}

fn metric(name: &str) -> Metric {
    Metric {
        name: name.to_owned(),
        ..Metric::default()
    }
}

fn failed<T>(text: &str) -> Result<T, CallFailed> {
    Err(CallFailed(text.to_owned()))
}

fn analysis_run() -> AnalysisRun {
    let texts = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    AnalysisRun {
        name: "echo-6f5-2".to_owned(),
        namespace: "shop".to_owned(),
        labels: texts("rollouts-pod-template-hash", "6f5"),
        annotations: texts("rollout.argoproj.io/revision", "2"),
        owners: vec![Owner {
            kind: "Rollout".to_owned(),
            name: "echo".to_owned(),
        }],
        created_at: "2026-11-24T20:00:00Z".parse().ok(),
        started_at: "2026-11-24T20:00:01.5Z".parse().ok(),
        args: vec![
            Argument {
                name: "token".to_owned(),
                value: Some("s3cret".to_owned()),
                secret: true,
            },
            Argument {
                name: "unset".to_owned(),
                value: None,
                secret: false,
            },
        ],
        dry_run: vec!["latency".to_owned()],
        last_phases: BTreeMap::from([("errors".to_owned(), Phase::Error)]),
    }
}

#[tokio::test]
async fn what_is_sent_arrives() {
    let (_plugin, host) = started().await;
    let metric = Metric {
        name: "echo".to_owned(),
        interval: "5m".to_owned(),
        initial_delay: "1s".to_owned(),
        count: Some(3),
        success_condition: "result[0] < 1".to_owned(),
        failure_condition: "result[0] > 2".to_owned(),
        failure_limit: Some(-1),
        inconclusive_limit: Some(0),
        consecutive_error_limit: None,
        consecutive_success_limit: Some(2),
        plugins: vec![("a/b".to_owned(), br#"{"query":"up"}"#.to_vec())],
    };
    for run in [Some(analysis_run()), None] {
        let answer = in_time(host.run(run.as_ref(), &metric)).await.unwrap();
        assert_eq!(answer.value, format!("{run:?} {metric:?}"));
    }
}

#[tokio::test]
async fn all_methods_answer() {
    let (_plugin, host) = started().await;
    let run = analysis_run();
    let before = Measurement {
        phase: Phase::Running,
        message: "wait".to_owned(),
        started_at: "2026-11-24T20:00:00.000000001Z".parse().ok(),
        finished_at: None,
        value: "[0.1]".to_owned(),
        metadata: BTreeMap::from([("waitUntil".to_owned(), "1".to_owned())]),
        resume_at: "2026-11-24T20:00:15Z".parse().ok(),
    };
    let m = metric("m");
    in_time(async {
        assert_eq!(host.init().await, Ok(Ok(())));
        assert_eq!(host.ping().await, Ok(()));
        assert_eq!(host.kind().await, Ok("Scripted".to_owned()));
        let resumed = Measurement {
            message: "echo-6f5-2 resumed".to_owned(),
            ..before.clone()
        };
        assert_eq!(host.resume(Some(&run), &m, &before).await, Ok(resumed));
        let terminated = Measurement {
            phase: Phase::Inconclusive,
            ..before.clone()
        };
        assert_eq!(host.terminate(None, &m, &before).await, Ok(terminated));
        assert_eq!(host.garbage_collect(None, &m, 10).await, Ok(Ok(())));
        assert_eq!(
            host.garbage_collect(Some(&run), &m, 0).await,
            Ok(Err("0 of true".to_owned()))
        );
        let metadata = BTreeMap::from([("name".to_owned(), "m".to_owned())]);
        assert_eq!(host.metadata(&m).await, Ok(metadata));
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_told() {
    let plugin = plugin(Provider {
        refuses: true,
        ..Provider::default()
    });
    let host = plugin.host().await;
    assert_eq!(in_time(host.init()).await, Ok(Err("no policy".to_owned())));
}

#[tokio::test]
async fn pings_do_not_wait_for_calls() {
    let (plugin, host) = started().await;
    let hang = metric("hang");
    let hanging = join_all((0..60).map(|_| host.run(None, &hang)));
    let pings = async {
        for _ in 0..60 {
            plugin.provider.began.one().await;
            host.ping().await.unwrap();
        }
    };
    match in_time(select(pin!(hanging), pin!(pings))).await {
        Either::Left((answers, _)) => panic!("hanging calls answered: {answers:?}"),
        Either::Right(((), _)) => {}
    }
}

#[tokio::test]
async fn answers_come_as_calls_finish() {
    let (plugin, host) = started().await;
    let (wait, quick) = (metric("wait"), metric("quick"));
    let waiting = host.run(None, &wait);
    let overtaking = async {
        plugin.provider.began.one().await;
        let answer = host.run(None, &quick).await.unwrap();
        plugin.provider.let_go.notify_one();
        answer
    };
    let (late, early) = in_time(async { tokio::join!(waiting, overtaking) }).await;
    assert_eq!(
        (late.unwrap().value, early.value),
        ("wait".into(), "quick".into())
    );
}

/// More than yamux's window in each answer, on all calls at once: lost wake-ups of older yamux hang here.
#[tokio::test]
async fn big_answers_at_once() {
    let (_plugin, host) = started().await;
    let big = metric("big");
    for _ in 0..5 {
        let answers = in_time(join_all((0..30).map(|_| host.run(None, &big)))).await;
        for answer in answers {
            assert_eq!(answer.unwrap().value.len(), 200 * KIB);
        }
    }
}

/// Windows must not grow with the round trip: hashicorp's yamux would then send frames that the crate refuses.
#[tokio::test]
async fn big_requests_after_a_slow_ping() {
    let plugin = plugin(Provider::default());
    // yamux measures the round trip with its first ping, and this is long for a quick transfer.
    let round_trip = Duration::from_millis(30);
    let session = in_time(Session::connect_late(&plugin.socket, round_trip)).await;
    let host = in_time(NetRpcHost::on(session.unwrap())).await.unwrap();
    let mut run = analysis_run();
    let annotation = "z".repeat(2048 * KIB);
    run.annotations.insert("big".to_owned(), annotation);
    in_time(host.ping()).await.unwrap();
    let small = metric("m");
    for _ in 0..2 {
        let calls = join_all((0..4).map(|_| host.run(Some(&run), &small)));
        for answer in in_time(calls).await {
            assert_eq!(answer.unwrap().value, "m");
        }
    }
}

#[tokio::test]
async fn a_panic_costs_one_call() {
    let provider = Provider {
        panics: true,
        ..Provider::default()
    };
    let plugin = plugin(provider);
    let host = plugin.host().await;
    let panics = metric("panic");
    let words = |method: &str| {
        format!(
            "call `{method}`: panicked: told to; this is a defect of promql-guard, report it with the log around it"
        )
    };
    in_time(async {
        let run = host.run(None, &panics).await.unwrap();
        assert_eq!((run.phase, run.message), (Phase::Error, words("Run")));
        let before = Measurement::default();
        let terminated = host.terminate(None, &panics, &before).await.unwrap();
        assert_eq!(terminated.phase, Phase::Error);
        assert!(host.garbage_collect(None, &panics, 1).await.is_err());
        assert!(host.metadata(&panics).await.is_err());
        assert_eq!(host.init().await, failed(&words("InitPlugin")));
        assert_eq!(host.run(None, &metric("m")).await.unwrap().value, "m");
    })
    .await;
}

static WRONG_ARGS: StructType = StructType {
    name: "RunArgs",
    fields: &[("Metric", Type::Struct(&WRONG_METRIC))],
};

static WRONG_METRIC: StructType = StructType {
    name: "Metric",
    fields: &[("Interval", Type::Int)],
};

/// In the words of Go's server where it has the case.
#[tokio::test]
async fn a_wrong_call_costs_itself() {
    let (_plugin, host) = started().await;
    let nil = || (Type::Interface, Value::Interface(None));
    let text = |text: &str| (Type::String, Value::from(text));
    for (on_control, method, (ty, body), words) in [
        (
            true,
            "Ping",
            text(""),
            "rpc: service/method request ill-formed: Ping",
        ),
        (
            true,
            "Control.Pong",
            text(""),
            "rpc: can't find method Control.Pong",
        ),
        (
            true,
            "Plugin.Run",
            nil(),
            "rpc: can't find service Plugin.Run",
        ),
        (
            true,
            "Dispenser.Dispense",
            text("x"),
            "unknown plugin type: x",
        ),
        (
            true,
            "Dispenser.Dispense",
            (Type::Bool, Value::Bool(true)),
            "net/rpc call `Dispenser.Dispense`: expected string, found bool",
        ),
        (
            false,
            "Control.Ping",
            nil(),
            "rpc: can't find service Control.Ping",
        ),
        (
            false,
            "Plugin.Walk",
            nil(),
            "rpc: can't find method Plugin.Walk",
        ),
        (
            false,
            "Plugin.Run",
            nil(),
            "net/rpc call `Plugin.Run`: expected `RunArgs`, found nil",
        ),
        (
            false,
            "Plugin.GetMetadata",
            text("x"),
            "net/rpc call `Plugin.GetMetadata`: expected `GetMetadataArgs`, found string",
        ),
    ] {
        let client = if on_control {
            &host.control
        } else {
            &host.plugin
        };
        let answer = in_time(client.call(method, &ty, &body)).await;
        assert_eq!(answer, failed(words), "{method}");
    }
    in_time(host.ping()).await.unwrap();
    assert_eq!(in_time(host.kind()).await, Ok("Scripted".to_owned()));
}

#[tokio::test]
async fn a_field_of_a_wrong_type_costs_its_call() {
    let (_plugin, host) = started().await;
    host.plugin
        .register("WrongArgs", Type::Struct(&WRONG_ARGS))
        .await;
    let metric = Struct::from([("Interval", Value::Int(5))]);
    let arguments = Struct::from([("Metric", metric.into())]);
    let body = Value::Interface(Some(Box::new(Named {
        name: "WrongArgs".to_owned(),
        value: arguments.into(),
    })));
    let answer = in_time(host.plugin.call("Plugin.Run", &Type::Interface, &body)).await;
    assert_eq!(
        answer,
        failed("net/rpc call `Plugin.Run`: field `Metric.Interval`: expected string, found int")
    );
    assert_eq!(in_time(host.kind()).await, Ok("Scripted".to_owned()));
}

#[tokio::test]
async fn rubbish_on_the_plugins_stream_costs_the_stream() {
    let (plugin, host) = started().await;
    let wait = metric("wait");
    let http = "GET / HTTP/1.1\r\n".repeat(10);
    for rubbish in [
        &b"\xf8\xff\xff\xff\xff\xff\xff\xff\xff"[..],
        http.as_bytes(),
        b"\x03\x06\x00\x01",
    ] {
        let stream = in_time(host.dispense()).await.unwrap();
        let waiting = stream.run(None, &wait);
        let breaking = async {
            plugin.provider.began.one().await;
            stream.send(rubbish).await.unwrap();
            plugin.provider.let_go.notify_one();
        };
        // The call that came before is answered, those after are not.
        let (answer, ()) = in_time(async { tokio::join!(waiting, breaking) }).await;
        assert_eq!(answer.unwrap().value, "wait");
        let after = in_time(stream.run(None, &wait)).await;
        assert!(after.is_err(), "{after:?}");
        in_time(host.ping()).await.unwrap();
        assert_eq!(in_time(host.kind()).await, Ok("Scripted".to_owned()));
    }
}

#[tokio::test]
async fn other_connections_do_not_disturb_the_host() {
    let (plugin, host) = started().await;
    let mut strays = Vec::new();
    for bytes in [
        &b""[..],
        b"GET / HTTP/1.1\r\n\r\n",
        &[0; 4096],
        &[0xff; 4096],
    ] {
        let mut stray = UnixStream::connect(&plugin.socket).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stray, bytes)
            .await
            .unwrap();
        strays.push(stray);
        in_time(host.ping()).await.unwrap();
    }
    // One that speaks yamux but asks nothing, and one that is a host itself and leaves.
    let silent = in_time(Session::connect(&plugin.socket)).await.unwrap();
    in_time(silent.open()).await.unwrap();
    let second = plugin.host().await;
    assert_eq!(in_time(second.kind()).await, Ok("Scripted".to_owned()));
    drop((strays, silent, second));
    let small = metric("m");
    for _ in 0..20 {
        assert_eq!(in_time(host.run(None, &small)).await.unwrap().value, "m");
        assert!(!plugin.serving.is_finished());
    }
}

#[tokio::test]
async fn a_second_dispense_is_a_second_stream() {
    let (_plugin, host) = started().await;
    let second = in_time(host.dispense()).await.unwrap();
    assert_eq!(
        in_time(second.run(None, &metric("a"))).await.unwrap().value,
        "a"
    );
    assert_eq!(in_time(host.kind()).await, Ok("Scripted".to_owned()));
}

#[tokio::test]
async fn a_stream_that_was_not_dispensed_is_closed() {
    let (_plugin, host) = started().await;
    for number in [0u32, 1, 7] {
        let mut stream = in_time(host.session.open()).await.unwrap();
        stream.write_all(&number.to_le_bytes()).await.unwrap();
        let mut rest = Vec::new();
        in_time(stream.read_to_end(&mut rest)).await.unwrap();
        assert_eq!(rest, b"");
    }
    in_time(host.ping()).await.unwrap();
}

/// Each stream is acknowledged before anything is asked on it: hashicorp's yamux ends the session otherwise, 75 s later.
#[tokio::test]
async fn streams_are_acknowledged_at_once() {
    let plugin = plugin(Provider::default());
    let session = in_time(Session::connect(&plugin.socket)).await.unwrap();
    for _ in 0..4 {
        let stream = in_time(session.open()).await.unwrap();
        in_time(session.acknowledged(&stream)).await;
    }
}

#[tokio::test]
async fn quit_is_answered_and_ends_the_plugin() {
    let (mut plugin, host) = started().await;
    in_time(host.quit()).await.unwrap();
    // A host that does not close is not waited for.
    in_time(&mut plugin.serving).await.unwrap();
    assert!(host.ping().await.is_err());
}

#[tokio::test]
async fn the_plugin_ends_with_its_host() {
    let (mut plugin, host) = started().await;
    let second = plugin.host().await;
    drop(host);
    in_time(second.ping()).await.unwrap();
    assert!(!plugin.serving.is_finished());
    drop(second);
    in_time(&mut plugin.serving).await.unwrap();
}
