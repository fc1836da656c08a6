//! Plays kube-state-metrics for the Rollout `echo-server`, so that a Prometheus on this machine has a canary to look at.
//!
//! ```text
//! kube-state-exporter [--listen ADDRESS] [--stable [NAMESPACE=]STATE] [--canary [NAMESPACE=]STATE]
//! ```
//!
//! `--listen` defaults to `127.0.0.1:0`, a free port; the address is the one line on standard output.
//! STATE is `healthy` (the default), `crash-looping` or `absent`, for both namespaces or for the one named.

mod cluster;
mod serve;

use std::error::Error;
use std::io::Write;
use std::net::TcpListener;

use cluster::Cluster;

fn main() -> Result<(), Box<dyn Error>> {
    let mut listen = String::from("127.0.0.1:0");
    let mut cluster = Cluster::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("`{flag}` has no value"))?;
        match flag.as_str() {
            "--listen" => listen = value,
            "--stable" => cluster.set("stable", &value)?,
            "--canary" => cluster.set("canary", &value)?,
            _ => {
                return Err(format!(
                    "unknown flag `{flag}`; known are --listen, --stable and --canary"
                )
                .into());
            }
        }
    }
    let listener =
        TcpListener::bind(&listen).map_err(|cause| format!("listen on `{listen}`: {cause}"))?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    serve::serve(&listener, &cluster)?;
    Ok(())
}
