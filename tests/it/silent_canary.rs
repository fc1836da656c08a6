//! The published Silent Canary gate, measured by the plugin's process on real Prometheus servers.

#[path = "../../examples/kube-state-exporter/cluster.rs"]
mod cluster;
#[path = "../../examples/kube-state-exporter/history.rs"]
mod history;
#[path = "../../examples/kube-state-exporter/serve.rs"]
mod serve;
#[path = "../../examples/controller/template.rs"]
mod template;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::run::{AnalysisRun, Owner};

use crate::host::{Host, Process};
use crate::real_prometheus::{self, RealPrometheus};
use cluster::Cluster;

const PUBLISHED: &str = include_str!("../../examples/silent-canary/gates/published.yaml");
const SOUND: &str = include_str!("../../examples/silent-canary/base/analysis-template.yaml");
/// The exporter speaks of other things' pods and namespaces: its labels are kept as they are.
const CONFIGURATION: &str = "
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: kube-state-metrics
    honor_labels: true
    static_configs:
      - targets: [KUBE_STATE_METRICS]
";
/// The canary's age in a history, but for its instants.
const AGE: u64 = 600;
/// Instants of the crash loop: the canary's age in seconds, how often it was restarted by then, and whether `increase` over
/// the last minute sees one of these.
const INSTANTS: [(u64, u64, bool); 10] = [
    (50, 3, true),
    (180, 5, true),
    (240, 5, false),
    (280, 5, false),
    (340, 6, true),
    (400, 6, false),
    (500, 6, false),
    (570, 6, false),
    (640, 7, true),
    (860, 7, false),
];

/// A healthy canary in echo-staging and a crash-looping one in echo-prod.
fn cluster() -> Cluster {
    let mut cluster = Cluster::default();
    cluster
        .set("canary", "echo-prod=crash-looping")
        .expect("known words");
    cluster
}

/// Tells of the cluster for as long as the process lives.
fn exporter() -> SocketAddr {
    let cluster = cluster();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the port");
    std::thread::spawn(move || serve::serve(&listener, &cluster));
    address
}

/// The servers, once each has seen the restart in echo-prod; they start side by side.
fn servers() -> Vec<RealPrometheus> {
    let servers: Vec<_> = real_prometheus::binaries()
        .iter()
        .map(|binary| {
            // One a server: its pods are born when it first looks.
            let configuration =
                CONFIGURATION.replace("KUBE_STATE_METRICS", &exporter().to_string());
            RealPrometheus::start(binary, &configuration)
        })
        .collect();
    for server in &servers {
        // The guard asks as of a moment ago, so that equal questions are asked once.
        server.wait_for_result(
            r#"sum(increase(kube_pod_container_status_restarts_total{namespace="echo-prod"}[1m] offset 1s)) > 0"#,
        );
    }
    servers
}

/// A server with the cluster's history, scraped each so many seconds; in it echo-prod at each of [`INSTANTS`], too.
fn remembering(binary: &Path, every: u64) -> RealPrometheus {
    let server = RealPrometheus::start(binary, "global: {}");
    let mut cluster = cluster();
    for (age, ..) in INSTANTS {
        cluster.add_instant("echo-prod", Duration::from_secs(age));
    }
    history::write(&cluster, Duration::from_secs(every), &server.address())
        .expect("a history that is taken");
    server
}

/// Both metrics of the template for one namespace, once, whose canary became available so many seconds ago.
async fn measured(
    host: &Host,
    server: &RealPrometheus,
    (template, namespace, age): (&str, &str, Option<u64>),
) -> [Measurement; 2] {
    let args = [("namespace".to_owned(), namespace.to_owned())];
    let metrics = template::metrics(template, &args, Some(&server.url())).expect("a template");
    let names: Vec<_> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["container-restarts", "ready-containers"]);
    let run = AnalysisRun {
        name: "echo-server-5478f49d8b-2-1".to_owned(),
        namespace: namespace.to_owned(),
        labels: [(
            "rollouts-pod-template-hash".to_owned(),
            "5478f49d8b".to_owned(),
        )]
        .into(),
        owners: vec![Owner {
            kind: "Rollout".to_owned(),
            name: "echo-server".to_owned(),
        }],
        created_at: age.map(|age| Timestamp::now() - SignedDuration::from_secs(age as i64)),
        ..AnalysisRun::default()
    };
    let mut answers = Vec::new();
    for metric in &metrics {
        answers.push(host.run(Some(&run), metric).await.expect("an answer"));
    }
    answers.try_into().expect("two answers")
}

#[tokio::test]
async fn both_metrics_are_measured_on_real_servers() {
    for server in servers() {
        for (versions, protocol) in [("1", "netrpc"), ("1,2", "grpc")] {
            let version = server.version();
            let at = format!("Prometheus {version}, {protocol}");
            let program = Path::new(env!("CARGO_BIN_EXE_promql-guard"));
            let mut process = Process::start(program, &[], versions, &[]).expect("a start");
            assert_eq!(process.protocol, protocol, "{at}");
            let host = Host::connect(&process).await.expect("a connection");
            assert_eq!(host.init().await.expect("an answer"), Ok(()), "{at}");

            let [restarts, ready] =
                measured(&host, &server, (PUBLISHED, "echo-staging", None)).await;
            assert_eq!(
                (restarts.phase, &*restarts.value),
                (Phase::Successful, "[0]"),
                "{at}: {}",
                restarts.message
            );
            assert_eq!(
                (ready.phase, &*ready.value),
                (Phase::Successful, "[2]"),
                "{at}: {}",
                ready.message
            );

            // Stable pods alone satisfy the second metric: the weakness is the template's.
            let [restarts, ready] = measured(&host, &server, (PUBLISHED, "echo-prod", None)).await;
            assert_eq!(restarts.phase, Phase::Failed, "{at}: {}", restarts.message);
            assert!(
                restarts.message.contains("result[0] == 0"),
                "{at}: {}",
                restarts.message
            );
            let value: Vec<f64> = serde_json::from_str(&restarts.value).expect("a list of numbers");
            assert!(
                matches!(value[..], [count] if count > 1.9),
                "{at}: {value:?}"
            );
            assert_eq!(
                (ready.phase, &*ready.value),
                (Phase::Successful, "[3]"),
                "{at}: {}",
                ready.message
            );

            host.quit().await.expect("an answer");
            let status = process.wait().expect("an end");
            assert!(status.success(), "{at}: {status}");
            assert!(
                !process.socket.exists(),
                "{at}: the socket file goes with the process"
            );
        }
    }
}

/// The published template with `guard: off`, as the built-in provider measures it.
fn built_in() -> String {
    PUBLISHED.replace(
        "            query:",
        "            guard: \"off\"\n            query:",
    )
}

async fn phases(
    host: &Host,
    server: &RealPrometheus,
    asked: (&str, &str, Option<u64>),
) -> [Phase; 2] {
    measured(host, server, asked)
        .await
        .map(|measurement| measurement.phase)
}

#[tokio::test]
async fn no_window_of_one_sample_is_believed_and_a_healthy_canary_passes() {
    use Phase::{Running, Successful};
    let program = Path::new(env!("CARGO_BIN_EXE_promql-guard"));
    let process = Process::start(program, &[], "1", &[]).expect("a start");
    let host = Host::connect(&process).await.expect("a connection");
    let built_in = built_in();
    for binary in real_prometheus::binaries() {
        let server = remembering(&binary, 60);
        let asked = (&*built_in, "echo-prod", Some(AGE));
        assert_eq!(
            phases(&host, &server, asked).await,
            [Successful, Successful]
        );
        let [restarts, _] = measured(&host, &server, (PUBLISHED, "echo-prod", Some(AGE))).await;
        assert_eq!(
            (restarts.phase, &*restarts.message),
            (
                Running,
                "no data: the window [1m] holds one sample (scrape interval 1m0s); use [4m]"
            )
        );

        let server = remembering(&binary, 10);
        for template in [&*built_in, PUBLISHED, SOUND] {
            let asked = (template, "echo-staging", Some(AGE));
            assert_eq!(
                phases(&host, &server, asked).await,
                [Successful, Successful]
            );
        }
    }
}

#[tokio::test]
async fn a_crash_loop_is_seen_at_every_instant_by_the_sound_gate_alone() {
    let program = Path::new(env!("CARGO_BIN_EXE_promql-guard"));
    let process = Process::start(program, &[], "1", &[]).expect("a start");
    let host = Host::connect(&process).await.expect("a connection");
    let built_in = built_in();
    for binary in real_prometheus::binaries() {
        let server = remembering(&binary, 10);
        for (age, restarts, is_seen) in INSTANTS {
            let at = format!("Prometheus {}, {age} s", server.version());
            let namespace = format!("echo-prod-{age}s");
            let expected = if is_seen {
                Phase::Failed
            } else {
                Phase::Successful
            };
            for template in [&*built_in, PUBLISHED] {
                let asked = (template, &*namespace, Some(age));
                let found = phases(&host, &server, asked).await;
                assert_eq!(found, [expected.clone(), Phase::Successful], "{at}");
            }
            for measurement in measured(&host, &server, (SOUND, &namespace, Some(age))).await {
                assert_eq!(measurement.phase, Phase::Failed, "{at}");
                let value = &*measurement.value;
                assert!(
                    value == "[0]" || value == format!("[{restarts}]"),
                    "{at}: {value}"
                );
            }
        }
    }
}
