//! The published Silent Canary gate on real Prometheus servers.

#[path = "../../examples/kube-state-exporter/cluster.rs"]
mod cluster;
#[path = "../../examples/kube-state-exporter/serve.rs"]
mod serve;
#[path = "../../examples/controller/template.rs"]
mod template;

use std::net::{SocketAddr, TcpListener};

use crate::real_prometheus::{self, RealPrometheus};
use cluster::Cluster;

const TEMPLATE: &str = include_str!("../../examples/silent-canary/base/analysis-template.yaml");
const CONFIGURATION: &str = include_str!("../../examples/silent-canary/prometheus.yml");

/// Starts the exporter in a thread of its own; it ends with the process.
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

#[test]
fn both_metrics_are_measured_on_real_servers() {
    for binary in real_prometheus::binaries() {
        let configuration = CONFIGURATION.replace("KUBE_STATE_METRICS", &exporter().to_string());
        let server = RealPrometheus::start(&binary, &configuration);
        println!("{} is Prometheus {}", server.url(), server.version());
        server.wait_for_result(
            "sum(increase(kube_pod_container_status_restarts_total{namespace=\"echo-prod\"}[1m])) > 0",
        );
        for namespace in ["echo-staging", "echo-prod"] {
            let args = [("namespace".to_owned(), namespace.to_owned())];
            let metrics =
                template::metrics(TEMPLATE, &args, Some(&server.url())).expect("a template");
            println!("{metrics:?}");
        }
    }
}
