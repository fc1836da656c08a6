//! The published Silent Canary gate, measured by the plugin's process on real Prometheus servers.

#[path = "../../examples/kube-state-exporter/cluster.rs"]
mod cluster;
#[path = "../../examples/kube-state-exporter/serve.rs"]
mod serve;
#[path = "../../examples/controller/template.rs"]
mod template;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::run::AnalysisRun;

use crate::host::{Host, Process};
use crate::real_prometheus::{self, RealPrometheus};
use cluster::Cluster;

const TEMPLATE: &str = include_str!("../../examples/silent-canary/base/analysis-template.yaml");
const CONFIGURATION: &str = include_str!("../../examples/silent-canary/prometheus.yml");

/// A healthy canary in echo-staging and a crash-looping one in echo-prod, for as long as the process lives.
fn exporter() -> SocketAddr {
    let mut cluster = Cluster::default();
    cluster
        .set("canary", "echo-prod=crash-looping")
        .expect("known words");
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
        server.wait_for_result(
            r#"sum(increase(kube_pod_container_status_restarts_total{namespace="echo-prod"}[1m])) > 0"#,
        );
    }
    servers
}

/// Both metrics of the template for one namespace.
async fn measured(host: &Host, server: &RealPrometheus, namespace: &str) -> [Measurement; 2] {
    let args = [("namespace".to_owned(), namespace.to_owned())];
    let metrics = template::metrics(TEMPLATE, &args, Some(&server.url())).expect("a template");
    let names: Vec<_> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["container-restarts", "ready-containers"]);
    let run = AnalysisRun {
        name: "echo-server-5478f49d8b-2-1".to_owned(),
        namespace: namespace.to_owned(),
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

            let [restarts, ready] = measured(&host, &server, "echo-staging").await;
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
            let [restarts, ready] = measured(&host, &server, "echo-prod").await;
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
