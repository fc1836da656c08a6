//! A scripted HTTP/1.1 server on a loopback port, plain or TLS, for tests: it answers what a function says, keeps the
//! requests and counts connections. Threads, not tasks: it answers while the test's own thread is busy.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A running server; it ends when this is dropped.
pub(crate) struct Loopback {
    /// Where it listens.
    pub(crate) socket: SocketAddr,
    scheme: &'static str,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    over: AtomicBool,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `POST`.
    pub(crate) method: String,
    /// Path and parameters, or what else the request line says.
    pub(crate) target: String,
    /// In the order they came, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, which was sent with a length.
    pub(crate) body: String,
}

impl Request {
    /// The value of the only header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(found, _)| found == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "`{name}` came twice");
        value
    }

    /// The body's value of a form field.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// What is sent for a request.
pub(crate) struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

/// What follows the bytes of a reply.
enum Then {
    Next,
    Close,
    Stall,
    Repeat(Vec<u8>),
}

impl Reply {
    /// A whole answer with a length; the connection stays open.
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Reply {
        let body = body.as_ref();
        let mut bytes = format!(
            "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        bytes.push_str("\r\n");
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(body);
        Reply {
            bytes,
            then: Then::Next,
        }
    }

    /// JSON with a status of 200.
    pub(crate) fn json(body: impl AsRef<[u8]>) -> Reply {
        Reply::new(200, &[("Content-Type", "application/json")], body)
    }

    /// These bytes, then the end of the connection.
    pub(crate) fn close_after(bytes: impl Into<Vec<u8>>) -> Reply {
        Reply {
            bytes: bytes.into(),
            then: Then::Close,
        }
    }

    /// These bytes, then nothing until the client gives up.
    pub(crate) fn stall_after(bytes: impl Into<Vec<u8>>) -> Reply {
        Reply {
            bytes: bytes.into(),
            then: Then::Stall,
        }
    }

    /// These bytes, then `more` for ever.
    pub(crate) fn endless(bytes: impl Into<Vec<u8>>, more: impl Into<Vec<u8>>) -> Reply {
        Reply {
            bytes: bytes.into(),
            then: Then::Repeat(more.into()),
        }
    }
}

type Script = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

impl Loopback {
    /// Answers each request with what `script` says of it.
    pub(crate) fn serve(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Loopback {
        Loopback::start(None, Arc::new(script))
    }

    /// The same over TLS.
    pub(crate) fn serve_tls(
        tls: rustls::ServerConfig,
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Loopback {
        Loopback::start(Some(Arc::new(tls)), Arc::new(script))
    }

    fn start(tls: Option<Arc<rustls::ServerConfig>>, script: Script) -> Loopback {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = Loopback {
            socket: listener.local_addr().expect("an address"),
            scheme: if tls.is_some() { "https" } else { "http" },
            seen: Arc::default(),
        };
        let seen = Arc::clone(&server.seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if seen.over.load(Ordering::SeqCst) {
                    return;
                }
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let (tls, script, seen) = (tls.clone(), Arc::clone(&script), Arc::clone(&seen));
                std::thread::spawn(move || {
                    // A client that goes away, or refuses our certificate, is part of the tests.
                    let _ = connection(stream, tls, &script, &seen);
                });
            }
        });
        server
    }

    /// `http://127.0.0.1:port`, or `https`.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.socket)
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().expect("no panic").clone()
    }

    /// The connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.seen.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.socket);
    }
}

fn connection(
    stream: TcpStream,
    tls: Option<Arc<rustls::ServerConfig>>,
    script: &Script,
    seen: &Seen,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        None => requests(stream, script, seen),
        Some(config) => {
            let session = rustls::ServerConnection::new(config).map_err(std::io::Error::other)?;
            requests(rustls::StreamOwned::new(session, stream), script, seen)
        }
    }
}

fn requests(stream: impl Read + Write, script: &Script, seen: &Seen) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream)? {
        seen.requests
            .lock()
            .expect("no panic")
            .push(request.clone());
        let reply = script(&request);
        let out = stream.get_mut();
        out.write_all(&reply.bytes)?;
        out.flush()?;
        match reply.then {
            Then::Next => {}
            Then::Close => return Ok(()),
            Then::Stall => {
                std::io::copy(out, &mut std::io::sink())?;
            }
            Then::Repeat(more) => loop {
                out.write_all(&more)?;
            },
        }
    }
    Ok(())
}

fn read_request(stream: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(Request {
        method,
        target,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }))
}
