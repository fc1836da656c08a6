//! The client against scripted servers: what it sends, and what it makes of every kind of answer.

use std::io::Write;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use promql_guard::prometheus::{
    Answer, Authentication, Client, ClientSettings, Data, Limits, Query, QueryError, Server, Tls,
    When,
};
use promql_guard::text::chain::chain;

use crate::loopback::{Loopback, Reply, Request};

pub(crate) const ONE: &str = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"pod":"a"},"value":[1,"10"]},{"metric":{},"value":[1,"NaN"]}]}}"#;

pub(crate) fn server(address: &str) -> Server {
    Server {
        address: address.parse().expect("a URL"),
        tls: Tls::default(),
        headers: Vec::new(),
        authentication: Authentication::None,
    }
}

pub(crate) fn up() -> Query {
    Query {
        text: "up".into(),
        when: When::Instant(Timestamp::new(1_700_000_000, 500_000_000).expect("a time")),
        timeout: Duration::from_secs(20),
        parameters: Vec::new(),
    }
}

pub(crate) fn client() -> Client {
    Client::new(ClientSettings::default())
}

pub(crate) async fn ask(server: &Server) -> Result<Answer, QueryError> {
    client().query(server, &up(), &Limits::default()).await
}

/// The error as a rim would print it, with the port of the loopback server as `PORT`.
pub(crate) fn words(result: Result<Answer, QueryError>, server: &Loopback) -> String {
    let port = server.socket.port().to_string();
    chain(&result.expect_err("an error")).replace(&port, "PORT")
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn a_query_is_one_post_of_a_form() {
    let loopback = Loopback::serve(|_| Reply::json(ONE));
    let server = server(&format!("{}/prom/", loopback.url()));
    let answer = ask(&server).await.expect("an answer");
    let Data::Vector(samples) = answer.data else {
        panic!("no vector")
    };
    assert_eq!(samples[0].labels, [("pod".to_owned(), "a".to_owned())]);
    assert_eq!(samples[0].value, 10.0);
    assert!(samples[1].value.is_nan());
    assert_eq!(answer.statistics, None);

    let [request] = &loopback.requests()[..] else {
        panic!("not one request")
    };
    assert_eq!(request.method, "POST");
    assert_eq!(request.target, "/prom/api/v1/query");
    assert_eq!(request.body, "query=up&time=1700000000.5");
    for (name, value) in [
        ("content-type", Some("application/x-www-form-urlencoded")),
        ("accept-encoding", Some("gzip")),
        ("authorization", None),
    ] {
        assert_eq!(request.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn a_range_goes_to_its_own_endpoint() {
    let loopback = Loopback::serve(|_| {
        Reply::json(
            r#"{"status":"success","warnings":["w"],"infos":["i"],"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"11"],[2,"12"]]}]}}"#,
        )
    });
    let start = Timestamp::new(1_700_000_000, 0).expect("a time");
    let query = Query {
        when: When::Range {
            start,
            end: start + SignedDuration::from_secs(3600),
            step: SignedDuration::from_secs(60),
        },
        ..up()
    };
    let server = server(&loopback.url());
    let answer = client()
        .query(&server, &query, &Limits::default())
        .await
        .expect("an answer");
    assert!(matches!(&answer.data, Data::Matrix(series) if series[0].values == [11.0, 12.0]));
    assert_eq!(
        (answer.warnings, answer.infos),
        (vec!["w".into()], vec!["i".into()])
    );
    let request = &loopback.requests()[0];
    assert_eq!(request.target, "/api/v1/query_range");
    assert_eq!(
        request.body,
        "query=up&start=1700000000&end=1700003600&step=60"
    );
}

#[tokio::test]
async fn a_server_that_refuses_post_is_asked_with_get() {
    for code in [403, 405, 501] {
        let loopback = Loopback::serve(move |request| match request.method.as_str() {
            "GET" => Reply::json(ONE),
            _ => Reply::new(code, &[], ""),
        });
        ask(&server(&loopback.url())).await.expect("an answer");
        let requests = loopback.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(
            requests[1].target,
            "/api/v1/query?query=up&time=1700000000.5"
        );
        assert_eq!(requests[1].body, "");
        assert_eq!(requests[1].header("content-type"), None);
    }
}

/// Statuses and bodies, and what client_golang 1.23 calls them.
#[tokio::test]
async fn every_status_has_its_words() {
    const API: &str = r#"{"status":"error","errorType":"execution","error":"query timed out"}"#;
    const HTML: &str = "<html>no gateway</html>";
    for (code, body, words_of, transient) in [
        (200, API, "execution: query timed out", false),
        (
            200,
            HTML,
            "bad_response: expected JSON at line 1 column 1, found `text/x`",
            false,
        ),
        (
            200,
            "",
            "bad_response: expected JSON at line 1 column 0, found `text/x`",
            false,
        ),
        (204, "", "bad_response: no `data` in the answer", false),
        (304, "", "bad_response: bad response code 304", false),
        (400, API, "execution: query timed out", false),
        (422, API, "execution: query timed out", false),
        (
            400,
            HTML,
            "bad_response: expected JSON at line 1 column 1, found `text/x`",
            false,
        ),
        (
            400,
            ONE,
            "bad_response: inconsistent body for response code",
            false,
        ),
        (401, HTML, "client_error: client error: 401", false),
        (403, HTML, "client_error: client error: 403", false),
        (404, HTML, "client_error: client error: 404", false),
        (405, HTML, "client_error: client error: 405", false),
        (429, HTML, "client_error: client error: 429", true),
        (500, HTML, "server_error: server error: 500", false),
        (502, HTML, "server_error: server error: 502", true),
        (503, HTML, "server_error: server error: 503", true),
        (
            503,
            API,
            "server_error: server error: 503: execution: query timed out",
            true,
        ),
        (
            503,
            r#"{"status":"error","errorType":"timeout","error":"t"}"#,
            "server_error: server error: 503: timeout: t",
            false,
        ),
        (504, HTML, "server_error: server error: 504", true),
        (700, HTML, "bad_response: bad response code 700", false),
    ] {
        let loopback =
            Loopback::serve(move |_| Reply::new(code, &[("Content-Type", "text/x")], body));
        let error = ask(&server(&loopback.url())).await.expect_err("an error");
        assert_eq!(
            (chain(&error).as_str(), error.is_transient()),
            (words_of, transient),
            "{code} {body}"
        );
    }
}

#[tokio::test]
async fn retry_after_is_told() {
    let loopback = Loopback::serve(|_| Reply::new(429, &[("Retry-After", "7")], ""));
    let error = ask(&server(&loopback.url())).await.expect_err("an error");
    assert!(
        matches!(error, QueryError::Status { code: 429, retry_after: Some(after), .. } if after.as_secs() == 7)
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_shows_no_secret() {
    let other = Loopback::serve(|_| Reply::json(ONE));
    let target = format!("http://u:hush@{}/elsewhere?token=hush", other.socket);
    let loopback = Loopback::serve(move |_| Reply::new(307, &[("Location", &target)], ""));
    let error = chain(&ask(&server(&loopback.url())).await.expect_err("an error"));
    let expected = format!(
        "query `{}`: redirected (307) to `http://{}/elsewhere`; redirects are not followed, write the final address",
        loopback.url(),
        other.socket
    );
    assert_eq!(error, expected);
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn a_connection_that_ends_early_is_unreachable() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n";
    let zipped = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f";
    for (bytes, step) in [
        ("", "wait for the answer: "),
        (head, "read the answer: "),
        (chunked, "read the answer: "),
        (zipped, "read the answer: "),
    ] {
        let loopback = Loopback::serve(move |_| Reply::close_after(bytes));
        let error = ask(&server(&loopback.url())).await;
        assert!(
            error.as_ref().is_err_and(QueryError::is_transient),
            "{error:?}"
        );
        let found = words(error, &loopback);
        let start = format!("query `http://127.0.0.1:PORT`: {step}");
        assert!(found.starts_with(&start), "{found}");
        assert_eq!(loopback.requests().len(), 1, "no retry");
    }
}

#[tokio::test]
async fn a_closed_port_and_a_foreign_protocol_have_words() {
    let gone = Loopback::serve(|_| Reply::json(ONE));
    let socket = gone.socket;
    drop(gone);
    // The listening thread ends with its next connection, which `drop` has made.
    while std::net::TcpStream::connect(socket).is_ok() {
        std::thread::yield_now();
    }
    let error = ask(&server(&format!("http://{socket}")))
        .await
        .expect_err("an error");
    assert!(error.is_transient());
    assert_eq!(
        chain(&error),
        format!("query `http://{socket}`: connect: connection refused")
    );

    let ssh = Loopback::serve(|_| Reply::close_after("SSH-2.0-hush\r\n"));
    let error = chain(&ask(&server(&ssh.url())).await.expect_err("an error"));
    assert_eq!(
        error,
        "bad_response: the server speaks no HTTP: invalid HTTP version parsed"
    );
}

#[tokio::test]
async fn silence_ends_with_the_timeout() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
    for bytes in ["", head] {
        let loopback = Loopback::serve(move |_| Reply::stall_after(bytes));
        let query = Query {
            timeout: Duration::from_millis(50),
            ..up()
        };
        let server = server(&loopback.url());
        let found = words(
            client().query(&server, &query, &Limits::default()).await,
            &loopback,
        );
        assert_eq!(
            found,
            "query `http://127.0.0.1:PORT`: no answer within 50ms: context deadline exceeded"
        );
    }
}

#[tokio::test]
async fn a_timeout_of_zero_has_passed_at_once() {
    let loopback = Loopback::serve(|_| Reply::json(ONE));
    let query = Query {
        timeout: Duration::ZERO,
        ..up()
    };
    let server = server(&loopback.url());
    let found = words(
        client().query(&server, &query, &Limits::default()).await,
        &loopback,
    );
    assert_eq!(
        found,
        "query `http://127.0.0.1:PORT`: no answer within 0s: context deadline exceeded"
    );
    assert_eq!(loopback.connections(), 0);
}

#[tokio::test]
async fn a_stalled_error_body_does_not_hide_its_status() {
    let loopback = Loopback::serve(|_| {
        Reply::stall_after("HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n<")
    });
    let found = words(ask(&server(&loopback.url())).await, &loopback);
    assert_eq!(found, "client_error: client error: 404");
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let loopback =
        Loopback::serve(|_| Reply::new(200, &[("Content-Encoding", "gzip")], gzip(ONE.as_bytes())));
    ask(&server(&loopback.url())).await.expect("an answer");
    let broken = Loopback::serve(|_| Reply::new(200, &[("Content-Encoding", "gzip")], ONE));
    let found = words(ask(&server(&broken.url())).await, &broken);
    assert_eq!(found, "bad_response: the body cannot be decompressed");
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit() {
    let limit = "the answer is past the limit of 16777216 bytes; ask for less, or have the operator raise the limit";
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    // Each block is 64 KiB of zeros, of which a hundred bytes travel.
    let zipped = gzip(&vec![b' '; 64 << 20]);
    let bomb = Loopback::serve(move |_| Reply::new(200, &[("Content-Encoding", "gzip")], &zipped));
    let endless = Loopback::serve(move |_| {
        let chunk = [&b"4000\r\n"[..], &[b' '; 0x4000], b"\r\n"].concat();
        Reply::endless(head, chunk)
    });
    let lying = Loopback::serve(|_| {
        Reply::endless(
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            [b' '; 1024],
        )
    });
    for loopback in [bomb, endless, lying] {
        assert_eq!(words(ask(&server(&loopback.url())).await, &loopback), limit);
    }
    let error = Loopback::serve(|_| {
        Reply::endless(
            "HTTP/1.1 500 No\r\nContent-Length: 99999999999\r\n\r\n",
            [b' '; 1024],
        )
    });
    let found = words(ask(&server(&error.url())).await, &error);
    assert_eq!(found, "server_error: server error: 500");
}

#[tokio::test]
async fn a_hundred_thousand_series_are_too_many() {
    let row = r#"{"metric":{"pod":"a"},"value":[1,"10"]}"#;
    let rows = vec![row; 100_000].join(",");
    let body =
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{rows}]}}}}"#);
    let loopback = Loopback::serve(move |_| Reply::json(&body));
    let began = Instant::now();
    let found = words(ask(&server(&loopback.url())).await, &loopback);
    assert_eq!(
        found,
        "the answer is past the limit of 5000 series; ask for less, or have the operator raise the limit"
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_long_answer_is_read_on_another_thread() {
    let rows = vec![r#"{"metric":{"pod":"a"},"value":[1,"10"]}"#; 20_000].join(",");
    let body =
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{rows}]}}}}"#);
    let loopback = Loopback::serve(move |_| Reply::json(&body));
    let limits = Limits {
        series: 20_000,
        ..Limits::default()
    };
    let answer = client()
        .query(&server(&loopback.url()), &up(), &limits)
        .await;
    assert!(
        matches!(answer.expect("an answer").data, Data::Vector(samples) if samples.len() == 20_000)
    );
}

#[tokio::test]
async fn a_native_histogram_is_refused() {
    let loopback = Loopback::serve(|_| {
        Reply::json(
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"6"}]}]}}"#,
        )
    });
    let error = ask(&server(&loopback.url())).await;
    assert!(matches!(error, Err(QueryError::NativeHistogram)));
}

#[tokio::test]
async fn connections_are_used_again_by_equals_alone() {
    let loopback = Loopback::serve(|_: &Request| Reply::json(ONE));
    let client = client();
    let plain = server(&loopback.url());
    for _ in 0..5 {
        client
            .query(&plain, &up(), &Limits::default())
            .await
            .expect("an answer");
    }
    assert_eq!((loopback.connections(), loopback.requests().len()), (1, 5));
    let mut other = plain.clone();
    other.headers.push((
        "x-scope".parse().expect("a name"),
        "b".parse().expect("a value"),
    ));
    client
        .query(&other, &up(), &Limits::default())
        .await
        .expect("an answer");
    assert_eq!(loopback.connections(), 2);
}

/// A server that restarts closes the connections that we keep.
#[tokio::test]
async fn a_connection_that_was_closed_is_not_used_again() {
    let body = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{ONE}",
        ONE.len()
    );
    let loopback = Loopback::serve(move |_| Reply::close_after(body.clone()));
    let client = client();
    for _ in 0..20 {
        client
            .query(&server(&loopback.url()), &up(), &Limits::default())
            .await
            .expect("an answer");
    }
}
