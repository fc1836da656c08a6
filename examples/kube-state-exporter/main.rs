//! Plays kube-state-metrics for the Rollout `echo-server`, so that a Prometheus on this machine has a canary to look at.
//!
//! ```text
//! kube-state-exporter [--stable [NAMESPACE=]STATE] [--canary [NAMESPACE=]STATE] [--listen ADDRESS]
//! kube-state-exporter [--stable …] [--canary …] --write-to HOST:PORT [--every SECONDS] [--instant NAMESPACE=SECONDS]…
//! ```
//!
//! STATE is `healthy` (the default), `crash-looping` or `absent`, for both namespaces or for the one named.
//! The first form is scraped: `--listen` defaults to `127.0.0.1:0`, a free port; the address is the one line on standard output.
//! The second writes the last half hour and the next minutes to a Prometheus, as if it had scraped every 10 s or `--every`; the
//! canary is 10 minutes old now, and `--instant` adds a copy of a namespace, `<namespace>-<seconds>s`, where it is that old.

mod cluster;
mod history;
mod serve;

use std::error::Error;
use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use cluster::Cluster;

fn main() -> Result<(), Box<dyn Error>> {
    let mut listen = String::from("127.0.0.1:0");
    let mut write_to = None;
    let mut every = Duration::from_secs(10);
    let mut instants = Vec::new();
    let mut cluster = Cluster::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("`{flag}` has no value"))?;
        match flag.as_str() {
            "--listen" => listen = value,
            "--write-to" => write_to = Some(value),
            "--every" => every = seconds(&value)?,
            "--instant" => {
                let (namespace, age) = value
                    .split_once('=')
                    .ok_or_else(|| format!("expected NAMESPACE=SECONDS, found `{value}`"))?;
                instants.push((namespace.to_owned(), seconds(age)?));
            }
            "--stable" => cluster.set("stable", &value)?,
            "--canary" => cluster.set("canary", &value)?,
            _ => {
                return Err(format!(
                    "unknown flag `{flag}`; known are --listen, --write-to, --every, --instant, --stable and --canary"
                )
                .into());
            }
        }
    }
    // Last, so that the copies are in the state of what they copy.
    for (namespace, age) in &instants {
        cluster.add_instant(namespace, *age);
    }
    if let Some(address) = write_to {
        return Ok(history::write(&cluster, every, &address)?);
    }
    let listener =
        TcpListener::bind(&listen).map_err(|cause| format!("listen on `{listen}`: {cause}"))?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    serve::serve(&listener, &cluster)?;
    Ok(())
}

/// A whole number of seconds, above 0.
fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(Duration::from_secs(number)),
        _ => Err(format!(
            "expected a whole number of seconds above 0, found `{text}`"
        )),
    }
}
