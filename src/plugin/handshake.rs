//! What the host put into the environment into a protocol, and that into the one line the host waits for.
//!
//! The host starts this program with a magic cookie and the protocol versions it can speak; the program answers with
//! one line on stdout: where its socket is and what is spoken there (hashicorp/go-plugin: `server.go` `Serve` and
//! `protocolVersion`, `client.go` `Start`). Nothing else may ever be written to stdout.
//!
//! The only place that reads the environment for the plugin. Not supported: TLS (`PLUGIN_CLIENT_CERT`), which Argo's
//! controller never asks for, and a group on the socket (`PLUGIN_UNIX_SOCKET_GROUP`).

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The cookie by which a program knows that Argo's controller started it as a metric provider
/// (argo-rollouts `metricproviders/plugin/client/client.go`).
const COOKIE: (&str, &str) = ("ARGO_ROLLOUTS_RPC_PLUGIN", "metricprovider");

/// The version of the handshake line itself (`CoreProtocolVersion` of go-plugin).
const CORE_VERSION: u32 = 1;

/// What is spoken on the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Go's net/rpc over yamux: what every controller to date speaks.
    NetRpc,
    /// gRPC, for a host that offers it.
    Grpc,
}

impl Protocol {
    /// go-plugin's name for the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::NetRpc => "netrpc",
            Protocol::Grpc => "grpc",
        }
    }

    /// The version under which a host offers the protocol in `PLUGIN_PROTOCOL_VERSIONS`.
    pub fn version(self) -> u32 {
        match self {
            Protocol::NetRpc => 1,
            Protocol::Grpc => 2,
        }
    }
}

/// Why there is nothing to agree on with the host.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// None of the host's versions is known.
    #[error(
        "`PLUGIN_PROTOCOL_VERSIONS` is `{offered}`, expected 1 (net/rpc) or 2 (gRPC) among them; \
         name the protocol with `--protocol`"
    )]
    NothingInCommon {
        /// The host's list.
        offered: String,
    },
    /// The host wants TLS on the socket.
    #[error(
        "`PLUGIN_CLIENT_CERT` is set, but the plugin serves its socket without TLS; \
         turn AutoMTLS off in the host"
    )]
    TlsAsked,
    /// The handshake line has no way to spell the path.
    #[error("the socket's path `{0}` holds a line break, a `|` or bytes that are no UTF-8")]
    Path(PathBuf),
}

/// What the host put into the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// `PLUGIN_PROTOCOL_VERSIONS`, a list with commas; hosts of before 2018 send none.
    pub protocol_versions: Option<String>,
    /// Where the socket goes: `PLUGIN_UNIX_SOCKET_DIR`, else the folder for temporary files.
    pub socket_dir: PathBuf,
    /// `PLUGIN_CLIENT_CERT` is set: the host wants TLS.
    pub tls_asked: bool,
}

impl Environment {
    /// Reads the environment; `None` where no host started this program.
    pub fn from_env() -> Option<Environment> {
        if env::var_os(COOKIE.0)? != COOKIE.1 {
            return None;
        }
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        Some(Environment {
            protocol_versions: set("PLUGIN_PROTOCOL_VERSIONS")
                .map(|list| list.to_string_lossy().into_owned()),
            socket_dir: set("PLUGIN_UNIX_SOCKET_DIR").map_or_else(env::temp_dir, PathBuf::from),
            tls_asked: set("PLUGIN_CLIENT_CERT").is_some(),
        })
    }

    /// Chooses what to speak: `wanted` if given, else the newest protocol that the host offers.
    ///
    /// With `wanted`, the answered version is the protocol's own where the host offers it or offers nothing, else the
    /// host's newest: a host may well offer gRPC as its version 1.
    pub(crate) fn agree(&self, wanted: Option<Protocol>) -> Result<Agreement, HandshakeError> {
        if self.tls_asked {
            return Err(HandshakeError::TlsAsked);
        }
        let list = self.protocol_versions.as_deref().unwrap_or("");
        let offered: Vec<u32> = list
            .split(',')
            .filter_map(|version| version.trim().parse().ok())
            .collect();
        let offers = |protocol: &Protocol| offered.contains(&protocol.version());
        if let Some(protocol) = wanted {
            let newest = offered.iter().max().copied();
            let version = match newest {
                Some(newest) if !offers(&protocol) => newest,
                _ => protocol.version(),
            };
            return Ok(Agreement { protocol, version });
        }
        let known = [Protocol::Grpc, Protocol::NetRpc];
        let protocol = match known.into_iter().find(offers) {
            Some(protocol) => protocol,
            None if self.protocol_versions.is_none() => Protocol::NetRpc,
            None => {
                return Err(HandshakeError::NothingInCommon {
                    offered: list.to_owned(),
                });
            }
        };
        Ok(Agreement {
            protocol,
            version: protocol.version(),
        })
    }
}

/// What both sides will speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) protocol: Protocol,
    /// One of the host's own versions, or it refuses.
    pub(crate) version: u32,
}

impl Agreement {
    /// The handshake line: core version, protocol version, network, address, protocol, and an empty server certificate.
    ///
    /// Never a text in the sixth place, where a host without TLS takes it for a certificate and crashes, and never a
    /// seventh, which old hosts take for a part of the sixth.
    pub(crate) fn line(self, socket: &Path) -> Result<String, HandshakeError> {
        let path = socket
            .to_str()
            .filter(|path| !path.contains(['|', '\n', '\r']))
            .ok_or_else(|| HandshakeError::Path(socket.to_owned()))?;
        Ok(format!(
            "{CORE_VERSION}|{}|unix|{path}|{}|\n",
            self.version,
            self.protocol.name()
        ))
    }
}

/// Writes the handshake line: the only thing that the plugin ever writes to stdout.
pub(crate) fn announce(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(line.as_bytes())?;
    stdout.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(versions: Option<&str>) -> Environment {
        Environment {
            protocol_versions: versions.map(str::to_owned),
            socket_dir: PathBuf::from("/tmp"),
            tls_asked: false,
        }
    }

    #[test]
    fn the_newest_common_protocol_is_spoken() {
        use Protocol::{Grpc, NetRpc};
        for (offered, wanted, agreed) in [
            (Some("1"), None, Some((NetRpc, 1))),
            (Some("2"), None, Some((Grpc, 2))),
            (Some("1,2"), None, Some((Grpc, 2))),
            (Some("2,1,7"), None, Some((Grpc, 2))),
            (Some("x, 1"), None, Some((NetRpc, 1))),
            (None, None, Some((NetRpc, 1))),
            (Some("3"), None, None),
            (Some("-1"), None, None),
            (Some("1,2"), Some(NetRpc), Some((NetRpc, 1))),
            (Some("1"), Some(Grpc), Some((Grpc, 1))),
            (Some("4"), Some(NetRpc), Some((NetRpc, 4))),
            (None, Some(Grpc), Some((Grpc, 2))),
        ] {
            let found = environment(offered).agree(wanted).ok();
            let expected = agreed.map(|(protocol, version)| Agreement { protocol, version });
            assert_eq!(found, expected, "{offered:?} {wanted:?}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        let mut host = environment(Some("3,4"));
        assert_eq!(
            host.agree(None).map_err(|error| error.to_string()),
            Err(
                "`PLUGIN_PROTOCOL_VERSIONS` is `3,4`, expected 1 (net/rpc) or 2 (gRPC) among them; \
                 name the protocol with `--protocol`"
                    .to_owned()
            )
        );
        host.tls_asked = true;
        assert_eq!(
            host.agree(Some(Protocol::Grpc)),
            Err(HandshakeError::TlsAsked)
        );
    }

    #[test]
    fn the_line_is_go_plugins() {
        let agreement = environment(Some("1")).agree(None).expect("agreed");
        for (path, line) in [
            ("/tmp/plugin7", Some("1|1|unix|/tmp/plugin7|netrpc|\n")),
            ("/tmp/a|b", None),
            ("/tmp/a\nb", None),
        ] {
            assert_eq!(
                agreement.line(Path::new(path)).ok().as_deref(),
                line,
                "{path}"
            );
        }
    }
}
