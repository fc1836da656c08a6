//! The built program as a controller's child: how it begins, and every way it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::run::AnalysisRun;
use tempfile::TempDir;

use crate::host::{Host, Process};

const PROGRAM: &str = env!("CARGO_BIN_EXE_promql-guard");

/// Beyond it a test has failed.
const LONG: Duration = Duration::from_secs(20);

fn start(folder: &TempDir, versions: &str) -> Process {
    let folder = folder.path().to_str().unwrap();
    let env = [("PLUGIN_UNIX_SOCKET_DIR", folder)];
    Process::start(Path::new(PROGRAM), &[], versions, &env).unwrap()
}

fn signal(process: u32, name: &str) {
    let status = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status();
    assert!(status.unwrap().success());
}

fn is_empty(folder: &TempDir) -> bool {
    fs::read_dir(folder.path()).unwrap().next().is_none()
}

/// How a host or the system ends a plugin.
#[derive(Debug, Clone, Copy)]
enum End {
    Quit,
    Gone,
    Terminated,
}

#[tokio::test]
async fn no_end_leaves_a_socket() {
    for versions in ["1", "1,2"] {
        for end in [End::Quit, End::Gone, End::Terminated] {
            let folder = tempfile::tempdir().unwrap();
            let mut process = start(&folder, versions);
            let id = process.id();
            assert!(process.socket.starts_with(folder.path()));
            let host = Host::connect(&process).await.unwrap();
            host.ping().await.unwrap();
            // Whoever only pings is no host.
            host.kind().await.unwrap();
            // Ctrl-C in the host's terminal reaches the plugin too, and the host still asks it.
            signal(id, "INT");
            host.ping().await.unwrap();
            match end {
                End::Quit => host.quit().await.unwrap(),
                End::Gone => drop(host),
                End::Terminated => signal(id, "TERM"),
            }
            // On another thread, so that a dropped host's connection is closed meanwhile.
            let status = tokio::task::spawn_blocking(move || process.wait().unwrap());
            let status = tokio::time::timeout(LONG, status).await;
            let Ok(status) = status else {
                // Or the thread would wait on.
                signal(id, "KILL");
                panic!("{versions} {end:?}: not ended in time");
            };
            let status = status.unwrap();
            assert!(status.success(), "{versions} {end:?}: {status}");
            assert!(is_empty(&folder), "{versions} {end:?}");
        }
    }
}

#[test]
fn a_host_without_a_common_protocol_is_told() {
    let output = Command::new(PROGRAM)
        .env("ARGO_ROLLOUTS_RPC_PLUGIN", "metricprovider")
        .env("PLUGIN_PROTOCOL_VERSIONS", "7")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"");
    let stderr = String::from_utf8(output.stderr).unwrap();
    let words = "`PLUGIN_PROTOCOL_VERSIONS` is `7`, expected 1 (net/rpc) or 2 (gRPC) among them";
    assert!(stderr.contains(words), "{stderr}");
}

#[tokio::test]
async fn a_policy_that_is_a_pipe_does_not_keep_the_host_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("policy");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let arguments = ["--policy", pipe.to_str().unwrap()];
    let mut process = Process::start(Path::new(PROGRAM), &arguments, "1", &[]).unwrap();
    let host = Host::connect(&process).await.unwrap();
    let refusal = host.init().await.unwrap().unwrap_err();
    assert!(refusal.contains("not a regular file"), "{refusal}");
    host.quit().await.unwrap();
    process.wait().unwrap();
}

#[tokio::test]
async fn a_call_that_waits_does_not_hold_up_the_end() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = format!(
        r#"{{"address":"http://{}","query":"up","guard":"off"}}"#,
        silent.local_addr().unwrap()
    );
    let metric = Metric {
        plugins: vec![("a/b".to_owned(), settings.into_bytes())],
        ..Metric::default()
    };
    for versions in ["1", "1,2"] {
        let folder = tempfile::tempdir().unwrap();
        let mut process = start(&folder, versions);
        let id = process.id();
        let host = Host::connect(&process).await.unwrap();
        let run = AnalysisRun::default();
        let asked = tokio::time::timeout(Duration::from_millis(200), host.run(Some(&run), &metric));
        assert!(asked.await.is_err(), "{versions}: answered");
        signal(id, "TERM");
        let status = tokio::task::spawn_blocking(move || process.wait().unwrap());
        let status = tokio::time::timeout(LONG, status).await;
        assert!(status.unwrap().unwrap().success(), "{versions}");
        assert!(is_empty(&folder), "{versions}");
    }
}
