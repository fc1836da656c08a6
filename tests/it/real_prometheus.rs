//! A real Prometheus server for one test: started on a free port, gone with its value.
//!
//! `tests/run` gets the servers (`tests/tools/prometheus`) and names them in the environment; without it the one on
//! PATH is taken.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use url::form_urlencoded;

/// Far more than a start or a few scrapes take, even where two cores do much else.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a server that is not there yet.
const PAUSE: Duration = Duration::from_millis(50);

/// The servers to test against: `PROMETHEUS_BIN`, else `prometheus` on PATH, and `PROMETHEUS_DEBIAN_BIN`, an older one.
pub(crate) fn binaries() -> Vec<PathBuf> {
    let current = std::env::var_os("PROMETHEUS_BIN")
        .map(PathBuf::from)
        .or_else(|| on_path("prometheus"))
        .expect("no Prometheus server to test against; run tests/run, which gets one, or name one in PROMETHEUS_BIN");
    let older = std::env::var_os("PROMETHEUS_DEBIAN_BIN").map(PathBuf::from);
    std::iter::once(current).chain(older).collect()
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// A running server.
pub(crate) struct RealPrometheus {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl RealPrometheus {
    /// Starts a server with this configuration file, and waits until it answers.
    pub(crate) fn start(binary: &Path, configuration: &str) -> Self {
        Self::start_with(binary, configuration, &[])
    }

    /// The same, with further flags.
    pub(crate) fn start_with(binary: &Path, configuration: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("prometheus.yml");
        std::fs::write(&config, configuration).expect("write the configuration");
        let flag = |name: &str, value: &OsStr| {
            let mut flag = std::ffi::OsString::from(name);
            flag.push(value);
            flag
        };
        let mut child = Command::new(binary)
            .arg(flag("--config.file=", config.as_os_str()))
            .arg(flag(
                "--storage.tsdb.path=",
                folder.path().join("data").as_os_str(),
            ))
            .arg("--web.listen-address=127.0.0.1:0")
            .args(flags)
            .arg("--web.enable-remote-write-receiver")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("start `{}`: {error}", binary.display()));
        let address = listening_on(&mut child);
        let server = Self {
            child,
            address,
            _folder: folder,
        };
        wait_for("the server to be ready", || {
            server
                .get("/-/ready")
                .is_some_and(|(status, _)| status == 200)
        });
        server
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The server's own version, as it tells it.
    pub(crate) fn version(&self) -> String {
        let (_, body) = self.get("/api/v1/status/buildinfo").expect("an answer");
        body["data"]["version"]
            .as_str()
            .expect("a version")
            .to_owned()
    }

    /// The status of the answer to a query.
    pub(crate) fn status(&self, query: &str) -> u16 {
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let (status, _) = self
            .get(&format!("/api/v1/query?query={query}"))
            .expect("an answer");
        status
    }

    /// Waits until the query has a result.
    pub(crate) fn wait_for_result(&self, query: &str) {
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        wait_for(&query, || {
            self.get(&format!("/api/v1/query?query={query}"))
                .and_then(|(_, body)| Some(!body["data"]["result"].as_array()?.is_empty()))
                .unwrap_or(false)
        });
    }

    /// The status and the JSON body, null where it is none; nothing while there is no whole answer.
    pub(crate) fn get(&self, path: &str) -> Option<(u16, Value)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        // 1.0: the body ends with the connection and comes in one piece.
        write!(
            stream,
            "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n",
            self.address
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, serde_json::from_str(body).unwrap_or_default()))
    }
}

impl Drop for RealPrometheus {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the log up to the line that names the port; the rest of it is read away in the background.
fn listening_on(child: &mut Child) -> SocketAddr {
    let mut log = BufReader::new(child.stderr.take().expect("the log is piped"));
    let mut seen = String::new();
    loop {
        let start = seen.len();
        if log.read_line(&mut seen).expect("the log is text") == 0 {
            let _ = child.wait();
            panic!("Prometheus ended before it listened:\n{seen}");
        }
        let line = &seen[start..];
        if let Some((_, address)) = line
            .split_once("\"Listening on\"")
            .and_then(|(_, rest)| rest.split_once("address="))
        {
            let address = address.trim().parse().expect("an address and a port");
            std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
            return address;
        }
    }
}

fn wait_for(what: &str, mut reached: impl FnMut() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(PAUSE);
    }
}
