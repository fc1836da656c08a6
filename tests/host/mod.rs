//! The controller's side of the plugin, for tests and examples: starts a program as a host does, asks it, ends it.
#![allow(dead_code, reason = "each user asks a part of it")]

mod arguments;
pub(crate) mod grpc;
pub(crate) mod netrpc;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use promql_guard::analysis::measurement::Measurement;
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::run::AnalysisRun;

use self::grpc::GrpcHost;
use self::netrpc::NetRpcHost;

/// How long go-plugin's host waits for the handshake line.
const START: Duration = Duration::from_secs(60);

/// How an answer comes, or why it does not.
pub(crate) type Answer<T> = Result<T, Box<dyn Error>>;

/// A plugin's process; it is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// What is spoken, from the handshake line.
    pub(crate) protocol: String,
    /// Where it listens.
    pub(crate) socket: PathBuf,
}

impl Process {
    /// Starts `program` as a controller that offers these protocol versions, and waits for its handshake line.
    pub(crate) fn start(
        program: &Path,
        args: &[&str],
        versions: &str,
        env: &[(&str, &str)],
    ) -> Answer<Self> {
        Self::start_logging(program, args, versions, env, Stdio::inherit())
    }

    /// The same, with its log to `stderr`.
    pub(crate) fn start_logging(
        program: &Path,
        args: &[&str],
        versions: &str,
        env: &[(&str, &str)],
        stderr: Stdio,
    ) -> Answer<Self> {
        let mut child = Command::new(program)
            .args(args)
            .env("ARGO_ROLLOUTS_RPC_PLUGIN", "metricprovider")
            .env("PLUGIN_PROTOCOL_VERSIONS", versions)
            .env("PLUGIN_MIN_PORT", "10000")
            .env("PLUGIN_MAX_PORT", "25000")
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let mut process = Self {
            child,
            protocol: String::new(),
            socket: PathBuf::new(),
        };
        let (sender, line) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            // Nobody listens after the time is over.
            let _ = sender.send(read.map(|_| line));
        });
        let line = line.recv_timeout(START)??;
        match line.trim_end().split('|').collect::<Vec<_>>()[..] {
            ["1", _, "unix", socket, protocol, ""] => {
                process.protocol = protocol.to_owned();
                process.socket = PathBuf::from(socket);
                Ok(process)
            }
            _ => Err(format!("expected `1|…|unix|…|…|`, found {line:?}").into()),
        }
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> Answer<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A host by the protocol that it speaks; its calls may overlap.
pub(crate) enum Host {
    /// By net/rpc.
    NetRpc(Box<NetRpcHost>),
    /// By gRPC.
    Grpc(GrpcHost),
}

/// One call by either protocol.
macro_rules! ask {
    ($host:expr, $method:ident ( $($argument:expr),* )) => {
        match $host {
            Host::NetRpc(host) => Ok(host.$method($($argument),*).await?),
            Host::Grpc(host) => Ok(host.$method($($argument),*).await?),
        }
    };
}

impl Host {
    /// The host of a started plugin.
    pub(crate) async fn connect(process: &Process) -> Answer<Self> {
        match process.protocol.as_str() {
            "netrpc" => {
                let host = NetRpcHost::connect(&process.socket).await?;
                Ok(Host::NetRpc(Box::new(host)))
            }
            "grpc" => Ok(Host::Grpc(GrpcHost::connect(&process.socket).await?)),
            other => Err(format!("no host speaks {other}").into()),
        }
    }

    /// go-plugin's ping.
    pub(crate) async fn ping(&self) -> Answer<()> {
        ask!(self, ping())
    }

    /// InitPlugin: the plugin's refusal, if any.
    pub(crate) async fn init(&self) -> Answer<Result<(), String>> {
        ask!(self, init())
    }

    /// Run.
    pub(crate) async fn run(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
    ) -> Answer<Measurement> {
        ask!(self, run(run, metric))
    }

    /// Resume.
    pub(crate) async fn resume(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
        measurement: &Measurement,
    ) -> Answer<Measurement> {
        ask!(self, resume(run, metric, measurement))
    }

    /// Terminate.
    pub(crate) async fn terminate(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
        measurement: &Measurement,
    ) -> Answer<Measurement> {
        ask!(self, terminate(run, metric, measurement))
    }

    /// GarbageCollect: the plugin's refusal, if any.
    pub(crate) async fn garbage_collect(
        &self,
        run: Option<&AnalysisRun>,
        metric: &Metric,
        limit: i64,
    ) -> Answer<Result<(), String>> {
        ask!(self, garbage_collect(run, metric, limit))
    }

    /// Type.
    pub(crate) async fn kind(&self) -> Answer<String> {
        ask!(self, kind())
    }

    /// GetMetadata.
    pub(crate) async fn metadata(&self, metric: &Metric) -> Answer<BTreeMap<String, String>> {
        ask!(self, metadata(metric))
    }

    /// Tells the plugin to end.
    pub(crate) async fn quit(&self) -> Answer<()> {
        ask!(self, quit())
    }
}
