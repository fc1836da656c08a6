//! A cluster's last half hour, and the next minutes, as Prometheus would have scraped it; written by remote write.
//!
//! So a gate can be asked of a crash loop of ten minutes without waiting ten minutes. Remote write 1.0 is a POST of a
//! `WriteRequest` (protocol buffers, prometheus/prompb/remote.proto and types.proto), compressed with snappy's block format;
//! a server takes it with `--web.enable-remote-write-receiver`, and samples up to 10 minutes ahead of its clock
//! (prometheus/storage/remote/write_handler.go, `maxAheadTime`).

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost::Message;

use super::cluster::Cluster;

const PAST: Duration = Duration::from_secs(30 * 60);
/// As long as whoever asks may take, without a sample becoming older than it would with scrapes.
const AHEAD: Duration = Duration::from_secs(5 * 60);

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    series: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

/// Writes the cluster's history, scraped `every` so often, to the server on `address`, `HOST:PORT`.
///
/// # Errors
/// The connection's, or what the server said in place of taking it.
pub(crate) fn write(cluster: &Cluster, every: Duration, address: &str) -> io::Result<()> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(io::Error::other)?;
    let request = WriteRequest {
        series: scraped(cluster, every, now),
    };
    let body = uncompressed(&request.encode_to_vec())?;
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST /api/v1/write HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/x-protobuf\r\n\
         Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split(' ').nth(1) {
        Some("200" | "204") => Ok(()),
        _ => Err(io::Error::other(format!(
            "write to `{address}`: expected status 204, found `{}`",
            answer.trim_end()
        ))),
    }
}

/// Every series with its samples from [`PAST`] before `now` (since 1970) to [`AHEAD`] after it.
fn scraped(cluster: &Cluster, every: Duration, now: Duration) -> Vec<TimeSeries> {
    let mut series: BTreeMap<Vec<(&str, String)>, Vec<Sample>> = BTreeMap::new();
    // The last scrape is a third of the interval ago.
    let mut since_start = every * 2 / 3;
    while since_start < PAST + AHEAD {
        let before = PAST.saturating_sub(since_start);
        let after = since_start.saturating_sub(PAST);
        let timestamp = i64::try_from((now + after - before).as_millis()).unwrap_or(i64::MAX);
        let mut add = |name, labels: Vec<(&'static str, String)>, value| {
            let mut labels = labels;
            labels.extend([
                ("__name__", String::from(name)),
                ("job", "kube-state-metrics".to_owned()),
                ("instance", "kube-state-metrics:8080".to_owned()),
            ]);
            labels.sort_unstable();
            series
                .entry(labels)
                .or_default()
                .push(Sample { value, timestamp });
        };
        add("up", Vec::new(), 1.0);
        for sample in cluster.samples(before, after) {
            // Far below 2^53, where a double still holds every whole number.
            add(sample.name, sample.labels, sample.value as f64);
        }
        since_start += every;
    }
    series
        .into_iter()
        .map(|(labels, samples)| TimeSeries {
            labels: labels
                .into_iter()
                .map(|(name, value)| Label {
                    name: name.to_owned(),
                    value,
                })
                .collect(),
            samples,
        })
        .collect()
}

/// Snappy's block format with nothing compressed: the length, then one literal (google/snappy, format_description.txt).
fn uncompressed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    let mut block = Vec::with_capacity(bytes.len() + 10);
    let mut rest = length;
    while rest >= 0x80 {
        block.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    block.push(rest as u8);
    // A literal whose length, less one, follows in four bytes.
    block.push(63 << 2);
    block.extend(length.saturating_sub(1).to_le_bytes());
    block.extend(bytes);
    Ok(block)
}
