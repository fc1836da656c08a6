//! A cluster's metrics over HTTP, one request a connection: all that a scrape needs.

use std::io::{self, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::cluster::Cluster;

/// A scrape's request is a few hundred bytes.
const LONGEST_REQUEST: u64 = 16 * 1024;
/// Nobody may hold the only thread for longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers every request with the cluster's metrics, for as long as the process lives.
///
/// The pods are born with the first scrape, so that a server that starts slowly still sees the first restart.
///
/// # Errors
/// What the listener says when it can accept no more. One peer's failure is only that peer's.
pub(crate) fn serve(listener: &TcpListener, cluster: &Cluster) -> io::Result<()> {
    let mut born = None;
    loop {
        let (stream, _) = listener.accept()?;
        let age = born.get_or_insert_with(Instant::now).elapsed();
        // A peer that went away or sent rubbish has had its turn.
        let _ = answer(stream, &cluster.metrics(age));
    }
}

fn answer(mut stream: TcpStream, body: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut bytes = BufReader::new((&stream).take(LONGEST_REQUEST)).bytes();
    while !head.ends_with(b"\r\n\r\n") {
        match bytes.next() {
            Some(byte) => head.push(byte?),
            None => return Ok(()),
        }
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
