//! Counters into `GET /metrics` over HTTP, bounded in time, size and number of connections.
//!
//! The controller may run several plugins, and the machine several controllers: an address that is taken is told to the
//! log, and the plugin goes on without.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections at once; more wait to be accepted.
const CONNECTIONS: usize = 16;

/// A connection ends this long after it began: it carries one request.
const CONNECTION: Duration = Duration::from_secs(5);

/// Bytes of a request's head, the least that hyper takes.
const HEAD: usize = 8 << 10;

/// Headers of a request.
const HEADERS: usize = 64;

/// The wait after a connection that could not be accepted: most likely there are no file descriptors left.
const PAUSE: Duration = Duration::from_secs(1);

/// The text format of Prometheus that every version reads.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves what `text` writes at `listen`, and never comes back where that can be done. What cannot is told to the log.
pub async fn serve(listen: SocketAddr, text: impl Fn() -> String + Send + Sync + 'static) {
    match TcpListener::bind(listen).await {
        Ok(listener) => {
            let address = listener.local_addr().unwrap_or(listen);
            tracing::info!(%address, "serves /metrics");
            serve_on(listener, Arc::new(text), CONNECTION).await;
        }
        Err(error) => {
            let reason = reason(&error);
            tracing::warn!(%listen, %reason, "cannot serve /metrics; the plugin goes on without");
        }
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "the address is taken, perhaps by another plugin".to_owned(),
        _ => error.to_string(),
    }
}

async fn serve_on<F>(listener: TcpListener, text: Arc<F>, longest: Duration)
where
    F: Fn() -> String + Send + Sync + 'static,
{
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let text = Arc::clone(&text);
                tokio::spawn(async move {
                    // Who asks slowly, or not at all, is cut off.
                    let _ = tokio::time::timeout(longest, answer(stream, &*text)).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a connection to /metrics could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// One request and its answer. Whoever asks badly is told; the log is not theirs to fill.
async fn answer(stream: TcpStream, text: &(impl Fn() -> String + Sync)) {
    let service = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
        Ok::<_, Infallible>(response(request.method(), request.uri().path(), text))
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(HEAD)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let _ = connection.await;
}

fn response(method: &Method, path: &str, text: impl Fn() -> String) -> Response<String> {
    let (status, body) = match (path, method) {
        ("/metrics", &Method::GET) => (StatusCode::OK, text()),
        ("/metrics", _) => (StatusCode::METHOD_NOT_ALLOWED, "GET alone\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "see /metrics\n".to_owned()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(FORMAT));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET"));
    }
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn served(longest: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let text = Arc::new(|| "up 1\n".to_owned());
        tokio::spawn(serve_on(listener, text, longest));
        address
    }

    async fn asked(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        // A head that is too long may be refused before it is sent whole.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn metrics_are_answered_and_nothing_else() {
        let address = served(CONNECTION).await;
        let long = format!(
            "GET /metrics HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
            "x".repeat(HEAD)
        );
        for (request, status, end) in [
            (
                "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
                "200 OK",
                "up 1\n",
            ),
            ("GET /metrics?a=b HTTP/1.0\r\n\r\n", "200 OK", "up 1\n"),
            (
                "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
                "405 Method Not Allowed",
                "GET alone\n",
            ),
            (
                "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                "404 Not Found",
                "see /metrics\n",
            ),
            ("hello\r\n\r\n", "400 Bad Request", ""),
            (&long, "431 Request Header Fields Too Large", ""),
        ] {
            let answer = asked(address, request).await;
            let first = answer.lines().next().unwrap_or_default();
            assert!(first.ends_with(status), "{request}: {answer}");
            assert!(answer.ends_with(end), "{request}: {answer}");
        }
        let answer = asked(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(answer.contains("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    }

    #[tokio::test]
    async fn who_says_nothing_is_cut_off() {
        let address = served(Duration::from_millis(50)).await;
        let mut silent = Vec::new();
        for _ in 0..CONNECTIONS {
            silent.push(TcpStream::connect(address).await.expect("connected"));
        }
        let answer = asked(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(answer.ends_with("up 1\n"), "{answer}");
    }

    #[tokio::test]
    async fn a_taken_address_ends_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        serve(address, String::new).await;
    }
}
