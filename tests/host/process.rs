//! A plugin's process as a controller starts it: environment in, handshake line out.

use std::error::Error;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A running plugin; it is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// The protocol's version, from the handshake line.
    pub(crate) version: u32,
    /// The protocol's name, from the handshake line.
    pub(crate) protocol: String,
    /// Where it listens.
    pub(crate) socket: PathBuf,
}

impl Process {
    /// Starts `program` as a controller that offers these protocol versions, and waits for its handshake line.
    pub(crate) fn start(
        program: &str,
        args: &[&str],
        versions: &str,
        env: &[(&str, &str)],
    ) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(program)
            .args(args)
            .env("ARGO_ROLLOUTS_RPC_PLUGIN", "metricprovider")
            .env("PLUGIN_PROTOCOL_VERSIONS", versions)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("no stdout")?;
        BufReader::new(stdout).read_line(&mut line)?;
        match line.trim_end().split('|').collect::<Vec<_>>()[..] {
            ["1", version, "unix", socket, protocol, ""] => Ok(Self {
                child,
                version: version.parse()?,
                protocol: protocol.to_owned(),
                socket: PathBuf::from(socket),
            }),
            _ => Err(format!("expected `1|…|unix|…|…|`, found {line:?}").into()),
        }
    }

    /// Waits for the end that the host asked for.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
