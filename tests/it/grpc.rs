//! The gRPC protocol on a socket of this process, with a provider that does what a metric's name says.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::provider::MetricProvider;
use promql_guard::analysis::run::{AnalysisRun, Argument, Owner};
use promql_guard::plugin::grpc::serve;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tonic::Code;

use crate::host_grpc::health::health_check_response::ServingStatus;
use crate::host_grpc::health::health_client::HealthClient;
use crate::host_grpc::health::{HealthCheckRequest, HealthCheckResponse};
use crate::host_grpc::plugin::ConnInfo;
use crate::host_grpc::plugin::grpc_broker_client::GrpcBrokerClient;
use crate::host_grpc::plugin::grpc_stdio_client::GrpcStdioClient;
use crate::host_grpc::wire::metric_provider_client::MetricProviderClient;
use crate::host_grpc::{GrpcHost, wire};

/// Beyond it a test has failed; nothing waits for it.
const LONG: Duration = Duration::from_secs(20);

/// What reached the provider.
#[derive(Debug, Clone, PartialEq)]
enum Call {
    Init,
    Run(Option<AnalysisRun>, Metric),
    Resume(Option<AnalysisRun>, Metric, Measurement),
    Terminate(Option<AnalysisRun>, Metric, Measurement),
    GarbageCollect(Option<AnalysisRun>, Metric, i64),
    Type,
    GetMetadata(Metric),
}

/// Keeps the calls. A metric named `panic` panics, `refuse` is refused, `hang` never ends, `wait` ends when it is
/// let go, `big` has a value of 20 MiB.
#[derive(Default)]
struct Provider {
    calls: Mutex<Vec<Call>>,
    /// `init`, `kind`: they have no metric to say it.
    panics: bool,
    /// A call that hung or waited began.
    began: Notify,
    let_go: Notify,
    /// A call that hung or waited ended, however.
    ended: Arc<Notify>,
}

/// Tells its end.
struct Ended(Arc<Notify>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Provider {
    fn took(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
    }

    async fn measure(&self, metric: &Metric) -> Measurement {
        let value = match metric.name.as_str() {
            "panic" => panic!("no such thing"),
            "big" => "9".repeat(20 << 20),
            "hang" => {
                let _ended = Ended(self.ended.clone());
                self.began.notify_one();
                pending().await
            }
            "wait" => {
                let _ended = Ended(self.ended.clone());
                self.began.notify_one();
                self.let_go.notified().await;
                "let go".to_owned()
            }
            _ => "[0.12]".to_owned(),
        };
        Measurement {
            value,
            ..successful()
        }
    }

    fn outcome(metric: &Metric) -> Result<(), String> {
        match metric.name.as_str() {
            "panic" => panic!("no such thing"),
            "refuse" => Err("`limit`: -1 is negative".to_owned()),
            _ => Ok(()),
        }
    }
}

impl MetricProvider for Provider {
    fn init(&self) -> Result<(), String> {
        assert!(!self.panics, "no such thing");
        self.took(Call::Init);
        Ok(())
    }

    async fn run(&self, run: Option<AnalysisRun>, metric: Metric) -> Measurement {
        self.took(Call::Run(run, metric.clone()));
        self.measure(&metric).await
    }

    async fn resume(
        &self,
        run: Option<AnalysisRun>,
        metric: Metric,
        measurement: Measurement,
    ) -> Measurement {
        self.took(Call::Resume(run, metric.clone(), measurement));
        self.measure(&metric).await
    }

    async fn terminate(
        &self,
        run: Option<AnalysisRun>,
        metric: Metric,
        measurement: Measurement,
    ) -> Measurement {
        self.took(Call::Terminate(run, metric.clone(), measurement));
        self.measure(&metric).await
    }

    async fn garbage_collect(
        &self,
        run: Option<AnalysisRun>,
        metric: Metric,
        limit: i64,
    ) -> Result<(), String> {
        self.took(Call::GarbageCollect(run, metric.clone(), limit));
        Self::outcome(&metric)
    }

    fn kind(&self) -> String {
        assert!(!self.panics, "no such thing");
        self.took(Call::Type);
        "promql-guard".to_owned()
    }

    fn metadata(&self, metric: &Metric) -> BTreeMap<String, String> {
        self.took(Call::GetMetadata(metric.clone()));
        Self::outcome(metric).expect("no metric to refuse");
        texts(&[("ResolvedPrometheusQuery", "up")])
    }
}

/// A served provider and its host.
struct Served {
    provider: Arc<Provider>,
    host: GrpcHost,
    server: JoinHandle<io::Result<()>>,
    folder: TempDir,
}

impl Served {
    async fn new(provider: Provider) -> Self {
        let folder = TempDir::new().unwrap();
        let socket = folder.path().join("plugin");
        let listener = UnixListener::bind(&socket).unwrap();
        let provider = Arc::new(provider);
        let server = tokio::spawn(serve(listener, provider.clone()));
        let host = GrpcHost::connect(&socket).await.unwrap();
        Self {
            provider,
            host,
            server,
            folder,
        }
    }

    async fn stranger(&self) -> UnixStream {
        UnixStream::connect(self.folder.path().join("plugin"))
            .await
            .unwrap()
    }

    /// A call in a task of its own, once it has begun in the provider.
    async fn begin(&self, name: &'static str) -> JoinHandle<Result<Measurement, tonic::Status>> {
        let host = self.host.clone();
        let call = tokio::spawn(async move { host.run(None, &metric(name)).await });
        soon(self.provider.began.notified()).await;
        call
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, future)
        .await
        .expect("it ends soon")
}

fn texts(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn metric(name: &str) -> Metric {
    Metric {
        name: name.to_owned(),
        interval: "30s".to_owned(),
        initial_delay: "1m".to_owned(),
        count: Some(5),
        success_condition: "result[0] < 0.05".to_owned(),
        failure_condition: "result[0] >= 0.1".to_owned(),
        failure_limit: Some(-1),
        inconclusive_limit: Some(0),
        consecutive_error_limit: None,
        consecutive_success_limit: Some(2),
        plugins: vec![(
            "example/promql-guard".to_owned(),
            br#"{"query":"up"}"#.to_vec(),
        )],
    }
}

fn run() -> AnalysisRun {
    AnalysisRun {
        name: "echo-6f5-2".to_owned(),
        namespace: "shop".to_owned(),
        labels: texts(&[("rollouts-pod-template-hash", "6f5")]),
        annotations: texts(&[("rollout.argoproj.io/revision", "2")]),
        owners: vec![Owner {
            kind: "Rollout".to_owned(),
            name: "echo".to_owned(),
        }],
        created_at: Some("2026-03-01T10:00:00Z".parse().unwrap()),
        started_at: None,
        args: vec![
            Argument {
                name: "token".to_owned(),
                value: Some("s3cr3t".to_owned()),
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

fn successful() -> Measurement {
    Measurement {
        phase: Phase::Successful,
        message: "fine".to_owned(),
        started_at: Some("2026-03-01T10:00:07.25Z".parse().unwrap()),
        finished_at: Some("2026-03-01T10:00:08Z".parse().unwrap()),
        value: "[0.12]".to_owned(),
        metadata: texts(&[("warnings", "\"partial\""), ("outcome", "data")]),
        resume_at: Some("1969-12-31T23:59:59Z".parse().unwrap()),
    }
}

#[tokio::test]
async fn each_method_reaches_the_provider_with_its_values() {
    let served = Served::new(Provider::default()).await;
    let host = &served.host;
    let (metric, run, before) = (metric("errors"), run(), successful());

    host.ping().await.unwrap();
    assert_eq!(host.init().await.unwrap(), Ok(()));
    assert_eq!(host.run(Some(&run), &metric).await.unwrap(), successful());
    assert_eq!(host.run(None, &metric).await.unwrap(), successful());
    assert_eq!(
        host.resume(Some(&run), &metric, &before).await.unwrap(),
        successful()
    );
    assert_eq!(
        host.terminate(Some(&run), &metric, &before).await.unwrap(),
        successful()
    );
    assert_eq!(
        host.garbage_collect(Some(&run), &metric, 10).await.unwrap(),
        Ok(())
    );
    assert_eq!(host.kind().await.unwrap(), "promql-guard");
    assert_eq!(
        host.metadata(&metric).await.unwrap(),
        texts(&[("ResolvedPrometheusQuery", "up")])
    );

    assert_eq!(
        *served.provider.calls.lock().unwrap(),
        [
            Call::Init,
            Call::Run(Some(run.clone()), metric.clone()),
            Call::Run(None, metric.clone()),
            Call::Resume(Some(run.clone()), metric.clone(), before.clone()),
            Call::Terminate(Some(run.clone()), metric.clone(), before),
            Call::GarbageCollect(Some(run), metric.clone(), 10),
            Call::Type,
            Call::GetMetadata(metric),
        ]
    );
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let served = Served::new(Provider::default()).await;
    assert_eq!(
        served
            .host
            .garbage_collect(None, &metric("refuse"), -1)
            .await
            .unwrap(),
        Err("`limit`: -1 is negative".to_owned())
    );
}

#[tokio::test]
async fn a_panic_costs_one_call() {
    let served = Served::new(Provider {
        panics: true,
        ..Provider::default()
    })
    .await;
    let host = &served.host;
    let (metric, before) = (metric("panic"), successful());
    let words = |method| {
        format!(
            "call `{method}`: panicked: no such thing; this is a defect of promql-guard, report it with the log around it"
        )
    };

    for (method, answer) in [
        ("Run", host.run(None, &metric).await),
        ("Resume", host.resume(None, &metric, &before).await),
        ("Terminate", host.terminate(None, &metric, &before).await),
    ] {
        let measurement = answer.unwrap();
        assert_eq!(measurement.phase, Phase::Error, "{method}");
        assert_eq!(measurement.message, words(method));
    }
    for (method, status) in [
        ("InitPlugin", host.init().await.unwrap_err()),
        (
            "GarbageCollect",
            host.garbage_collect(None, &metric, 1).await.unwrap_err(),
        ),
        ("Type", host.kind().await.unwrap_err()),
        ("GetMetadata", host.metadata(&metric).await.unwrap_err()),
    ] {
        assert_eq!(status.code(), Code::Internal, "{method}");
        assert_eq!(status.message(), words(method));
    }
    host.ping().await.unwrap();
}

#[tokio::test]
async fn pings_and_calls_pass_sixty_that_hang() {
    let served = Served::new(Provider::default()).await;
    let mut hanging = Vec::new();
    for _ in 0..60 {
        hanging.push(served.begin("hang").await);
    }

    soon(served.host.ping()).await.unwrap();
    soon(served.host.run(None, &metric("errors")))
        .await
        .unwrap();

    assert!(hanging.iter().all(|call| !call.is_finished()));
    for call in hanging {
        call.abort();
    }
}

#[tokio::test]
async fn answers_come_as_they_are_ready() {
    let served = Served::new(Provider::default()).await;
    let first = served.begin("wait").await;
    soon(served.host.run(None, &metric("errors")))
        .await
        .unwrap();
    assert!(!first.is_finished());
    served.provider.let_go.notify_one();
    assert_eq!(soon(first).await.unwrap().unwrap().value, "let go");
}

#[tokio::test]
async fn a_call_that_the_host_gives_up_ends() {
    let served = Served::new(Provider::default()).await;
    let call = served.begin("hang").await;
    call.abort();
    soon(served.provider.ended.notified()).await;
}

#[tokio::test]
async fn shutdown_is_answered_and_ends_the_server_with_its_streams() {
    let served = Served::new(Provider::default()).await;
    let channel = || served.host.channel();
    let mut stdio = GrpcStdioClient::new(channel())
        .stream_stdio(())
        .await
        .unwrap()
        .into_inner();
    let mut broker = GrpcBrokerClient::new(channel())
        .start_stream(futures_util::stream::pending::<ConnInfo>())
        .await
        .unwrap()
        .into_inner();
    let mut watch = HealthClient::new(channel())
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        watch.message().await.unwrap(),
        Some(HealthCheckResponse {
            status: ServingStatus::Serving.into()
        })
    );

    soon(served.host.quit()).await.unwrap();

    assert_eq!(soon(stdio.message()).await.unwrap(), None);
    assert_eq!(soon(broker.message()).await.unwrap(), None);
    assert_eq!(soon(watch.message()).await.unwrap(), None);
    soon(served.server).await.unwrap().unwrap();
    let refused = UnixStream::connect(served.folder.path().join("plugin")).await;
    assert_eq!(
        refused.unwrap_err().kind(),
        io::ErrorKind::ConnectionRefused
    );
}

#[tokio::test]
async fn a_call_that_ends_soon_after_shutdown_is_answered() {
    let served = Served::new(Provider::default()).await;
    let call = served.begin("wait").await;
    soon(served.host.quit()).await.unwrap();
    served.provider.let_go.notify_one();
    assert_eq!(soon(call).await.unwrap().unwrap().value, "let go");
    soon(served.server).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_call_that_hangs_does_not_hold_the_server() {
    let served = Served::new(Provider::default()).await;
    let call = served.begin("hang").await;
    let _idle = served.stranger().await;
    soon(served.host.quit()).await.unwrap();
    soon(served.server).await.unwrap().unwrap();
    call.abort();
}

#[tokio::test]
async fn offers_to_the_broker_are_read_and_unanswered() {
    let served = Served::new(Provider::default()).await;
    // Beyond what flow control lets pass unread (64 KiB).
    let offer = ConnInfo {
        service_id: 1,
        network: "unix".to_owned(),
        address: "x".repeat(16 << 10),
        knock: None,
    };
    let offers = futures_util::stream::iter(vec![offer; 64]);
    let mut answers = soon(GrpcBrokerClient::new(served.host.channel()).start_stream(offers))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(soon(answers.message()).await.unwrap(), None);
}

#[tokio::test]
async fn health_knows_the_server_and_go_plugins_name() {
    let served = Served::new(Provider::default()).await;
    let mut health = HealthClient::new(served.host.channel());
    let mut check = async |service: &str| {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        health
            .check(request)
            .await
            .map(|answer| answer.into_inner().status())
            .map_err(|status| status.code())
    };
    assert_eq!(check("").await, Ok(ServingStatus::Serving));
    assert_eq!(check("plugin").await, Ok(ServingStatus::Serving));
    assert_eq!(check("other").await, Err(Code::NotFound));

    let request = HealthCheckRequest {
        service: "other".to_owned(),
    };
    let mut watch = health.watch(request).await.unwrap().into_inner();
    let first = soon(watch.message()).await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::ServiceUnknown);
}

#[tokio::test]
async fn a_big_answer_passes_and_a_bigger_request_is_refused() {
    let served = Served::new(Provider::default()).await;
    let host = &served.host;
    let measurement = soon(host.run(None, &metric("big"))).await.unwrap();
    assert_eq!(measurement.value.len(), 20 << 20);

    let sized = |bytes| Metric {
        plugins: vec![("p".to_owned(), vec![b'x'; bytes])],
        ..metric("errors")
    };
    soon(host.run(None, &sized(31 << 20))).await.unwrap();
    let status = soon(host.run(None, &sized(32 << 20))).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    host.ping().await.unwrap();
}

#[tokio::test]
async fn a_message_that_holds_no_value_is_refused_by_field() {
    let served = Served::new(Provider::default()).await;
    let far = wire::Time {
        seconds: Some(i64::MAX),
        nanos: 0,
    };
    let request = wire::ResumeRequest {
        measurement: Some(wire::Measurement {
            resume_at: Some(far),
            ..Default::default()
        }),
        ..Default::default()
    };
    let status = MetricProviderClient::new(served.host.channel())
        .resume(request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(
        status.message(),
        "read `measurement.resumeAt`: 9223372036854775807 s and 0 ns since 1970, expected a time in the years -9999 to 9999"
    );
}

#[tokio::test]
async fn rubbish_costs_its_connection() {
    let served = Served::new(Provider::default()).await;
    let rubbish: [&[u8]; 5] = [
        b"",
        b"GET / HTTP/1.1\r\nHost: plugin\r\n\r\n",
        &[0xff; 4096],
        // The preface, then a frame of 16 MiB.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00\x00\x00\x00",
        // The preface, then DATA on a stream that is not open.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x01x",
    ];
    let strangers = rubbish.map(|bytes| {
        let served = &served;
        async move {
            let mut stranger = served.stranger().await;
            stranger.write_all(bytes).await.unwrap();
            stranger.shutdown().await.unwrap();
            // Whatever it answers, or a reset: it ends.
            let _ = soon(stranger.read_to_end(&mut Vec::new())).await;
        }
    });
    join_all(strangers).await;

    served.host.ping().await.unwrap();
    served.host.run(None, &metric("errors")).await.unwrap();
}
