//! Questions that are asked again, and equal ones that are asked once, against scripted servers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use promql_guard::prometheus::{
    Answer, Authentication, Client, ClientSettings, Limits, Query, QueryError, Secret, Server, When,
};
use promql_guard::text::chain::chain;

use crate::loopback::{Loopback, Reply, Request};
use crate::prometheus::{ONE, client, server, up, words};

/// A client whose pauses are as good as none.
pub(crate) fn eager() -> Client {
    with_pauses(Duration::from_millis(1))
}

fn with_pauses(pause: Duration) -> Client {
    Client::new(ClientSettings {
        pauses: [pause; 2],
        ..ClientSettings::default()
    })
}

async fn ask(client: &Client, server: &Server) -> Result<Answer, QueryError> {
    client
        .query_patiently(server, &up(), &Limits::default())
        .await
}

/// Answers the first requests with the first replies, all others with the last.
pub(crate) fn in_turn(
    replies: Vec<fn() -> Reply>,
) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let at = AtomicUsize::new(0);
    move |_| {
        let at = at.fetch_add(1, Ordering::SeqCst);
        replies[at.min(replies.len() - 1)]()
    }
}

fn one() -> Reply {
    Reply::json(ONE)
}

fn status<const CODE: u16>() -> Reply {
    Reply::new(CODE, &[], "")
}

fn too_slow() -> Reply {
    let body = r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#;
    Reply::new(503, &[("Content-Type", "application/json")], body)
}

fn at_once() -> Reply {
    Reply::new(429, &[("Retry-After", "0")], "")
}

fn later() -> Reply {
    Reply::new(429, &[("Retry-After", "60")], "")
}

fn cut() -> Reply {
    Reply::close_after("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
}

fn closed() -> Reply {
    Reply::close_after("")
}

/// What is told in the end: how the error begins, whether it is transient and whether it is waited for.
type Told = Option<(&'static str, bool, bool)>;

/// Replies, how often is asked for them, what is told.
type Case = (Vec<fn() -> Reply>, usize, Told);

/// What is asked again, how often, and what is then told.
#[tokio::test]
async fn what_may_pass_is_asked_three_times() {
    let cases: [Case; 14] = [
        (vec![one], 1, None),
        (vec![status::<503>, one], 2, None),
        (vec![status::<502>, status::<504>, one], 3, None),
        (vec![at_once, one], 2, None),
        (vec![cut, one], 2, None),
        (vec![closed, cut, one], 3, None),
        (
            vec![status::<503>],
            3,
            Some(("server_error: server error: 503", true, true)),
        ),
        (
            vec![later],
            1,
            Some(("client_error: client error: 429", true, true)),
        ),
        (
            vec![closed],
            3,
            Some((
                "query `http://127.0.0.1:PORT`: wait for the answer: ",
                true,
                true,
            )),
        ),
        (
            vec![too_slow],
            1,
            Some((
                "server_error: server error: 503: timeout: query timed out",
                false,
                true,
            )),
        ),
        (
            vec![status::<503>, status::<500>],
            2,
            Some(("server_error: server error: 500", false, false)),
        ),
        (
            vec![status::<404>],
            1,
            Some(("client_error: client error: 404", false, false)),
        ),
        (
            vec![status::<400>],
            1,
            Some(("bad_response: expected JSON", false, false)),
        ),
        (
            vec![status::<307>],
            1,
            Some((
                "query `http://127.0.0.1:PORT`: redirected (307)",
                false,
                false,
            )),
        ),
    ];
    for (at, (replies, asked, error)) in cases.into_iter().enumerate() {
        let loopback = Loopback::serve(in_turn(replies));
        let found = ask(&eager(), &server(&loopback.url())).await;
        assert_eq!(loopback.requests().len(), asked, "case {at}: {found:?}");
        assert_eq!(found.is_err(), error.is_some(), "case {at}: {found:?}");
        let Some((start, transient, unreachable)) = error else {
            continue;
        };
        let kinds = found
            .as_ref()
            .map_err(|error| (error.is_transient(), error.is_unreachable()));
        assert_eq!(kinds.err(), Some((transient, unreachable)), "case {at}");
        let found = words(found, &loopback);
        assert!(found.starts_with(start), "case {at}: {found}");
    }
}

#[tokio::test]
async fn each_try_sends_the_same() {
    let loopback = Loopback::serve(in_turn(vec![status::<503>, status::<503>, one]));
    let server = Server {
        authentication: Authentication::Bearer {
            token: Secret("hush".into()),
        },
        ..server(&loopback.url())
    };
    ask(&eager(), &server).await.expect("an answer");
    for request in loopback.requests() {
        assert_eq!(
            (&*request.method, &*request.target),
            ("POST", "/api/v1/query")
        );
        assert_eq!(request.body, "query=up&time=1700000000.5");
        assert_eq!(request.header("authorization"), Some("Bearer hush"));
    }
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_unreachable() {
    let gone = Loopback::serve(|_| one());
    let socket = gone.socket;
    drop(gone);
    while std::net::TcpStream::connect(socket).is_ok() {
        std::thread::yield_now();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let resolv_conf = folder.path().join("resolv.conf");
    let client = Client::new(ClientSettings {
        resolv_conf,
        pauses: [Duration::from_millis(1); 2],
        ..ClientSettings::default()
    });
    for (address, start) in [
        (format!("http://{socket}"), "connect: connection refused"),
        ("http://prom.invalid:9090".into(), "resolve `prom.invalid`"),
    ] {
        let error = ask(&client, &server(&address)).await.expect_err("an error");
        assert!(error.is_transient() && error.is_unreachable());
        let start = format!("query `{address}`: {start}");
        assert!(chain(&error).starts_with(&start), "{}", chain(&error));
    }
}

#[tokio::test]
async fn a_timeout_is_not_asked_again_and_is_unreachable() {
    let loopback = Loopback::serve(|_| Reply::stall_after(""));
    let query = Query {
        timeout: Duration::from_millis(50),
        ..up()
    };
    let server = server(&loopback.url());
    let found = eager()
        .query_patiently(&server, &query, &Limits::default())
        .await;
    let error = found.as_ref().expect_err("an error");
    assert!(error.is_unreachable() && !error.is_transient());
    assert_eq!(
        words(found, &loopback),
        "query `http://127.0.0.1:PORT`: no answer within 50ms: context deadline exceeded"
    );
    assert_eq!(loopback.requests().len(), 1);
}

#[tokio::test]
async fn a_pause_that_would_take_all_the_time_is_not_begun() {
    let loopback = Loopback::serve(|_| status::<503>());
    let began = Instant::now();
    let client = with_pauses(Duration::from_secs(3600));
    let found = ask(&client, &server(&loopback.url())).await;
    assert_eq!(words(found, &loopback), "server_error: server error: 503");
    assert_eq!(loopback.requests().len(), 1);
    assert!(began.elapsed() < up().timeout);
}

#[tokio::test]
async fn a_token_server_that_restarts_is_asked_again() {
    let tokens = Loopback::serve(in_turn(vec![status::<503>, status::<503>, || {
        Reply::json(r#"{"access_token":"t"}"#)
    }]));
    let loopback = Loopback::serve(|_| one());
    let server = Server {
        authentication: Authentication::OAuth2 {
            token_url: tokens.url().parse().expect("a URL"),
            client_id: "id".into(),
            client_secret: Secret("hush".into()),
            scopes: Vec::new(),
        },
        ..server(&loopback.url())
    };
    ask(&eager(), &server).await.expect("an answer");
    assert_eq!(loopback.requests().len(), 1);
}

/// A server whose answers wait until they are let go.
pub(crate) struct Held {
    pub(crate) loopback: Loopback,
    gate: Sender<()>,
}

impl Held {
    pub(crate) fn serve(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Held {
        let (gate, held): (_, Receiver<()>) = channel();
        let held = Mutex::new(held);
        let loopback = Loopback::serve(move |_| {
            // The sender is gone when the test is over.
            let _ = held.lock().expect("no panic").recv();
            reply()
        });
        Held { loopback, gate }
    }

    /// Waits until so many requests have come.
    pub(crate) async fn asked(&self, requests: usize) {
        while self.loopback.requests().len() < requests {
            tokio::task::yield_now().await;
        }
    }

    /// Lets one answer go.
    pub(crate) fn release(&self) {
        self.gate.send(()).expect("the server runs");
    }
}

type Asking = tokio::task::JoinHandle<Result<Answer, QueryError>>;

/// The query in a task of its own, which has run up to its first wait when this has been awaited with [`Held::asked`].
fn begin(client: &Client, server: &Server, query: &Query) -> Asking {
    let (client, server, query) = (client.clone(), server.clone(), query.clone());
    tokio::spawn(async move {
        client
            .query_patiently(&server, &query, &Limits::default())
            .await
    })
}

#[tokio::test]
async fn equal_queries_are_asked_once_while_one_is_under_way() {
    let held = Held::serve(one);
    let (client, server) = (client(), server(&held.loopback.url()));
    let asking: Vec<Asking> = (0..5).map(|_| begin(&client, &server, &up())).collect();
    held.asked(1).await;
    held.release();
    for asked in asking {
        let answer = asked.await.expect("no panic").expect("an answer");
        assert!(format!("{answer:?}").contains("\"pod\""));
    }
    assert_eq!(held.loopback.requests().len(), 1);

    // It is over: who comes now asks anew.
    held.release();
    ask(&client, &server).await.expect("an answer");
    assert_eq!(held.loopback.requests().len(), 2);
}

#[tokio::test]
async fn errors_are_shared_too() {
    let held = Held::serve(|| {
        let body = r#"{"status":"error","errorType":"execution","error":"many-to-many"}"#;
        Reply::new(422, &[], body)
    });
    let (client, server) = (client(), server(&held.loopback.url()));
    let asking = [(); 3].map(|()| begin(&client, &server, &up()));
    held.asked(1).await;
    held.release();
    for asked in asking {
        let found = words(asked.await.expect("no panic"), &held.loopback);
        assert_eq!(found, "execution: many-to-many");
    }
    assert_eq!(held.loopback.requests().len(), 1);
}

#[tokio::test]
async fn whatever_differs_is_asked_apart() {
    let held = Held::serve(one);
    let client = client();
    let plain = server(&held.loopback.url());
    let mut headers = plain.clone();
    headers.headers.push((
        "x-scope-orgid".parse().expect("a name"),
        "b".parse().expect("a value"),
    ));
    let bearer = Server {
        authentication: Authentication::Bearer {
            token: Secret("hush".into()),
        },
        ..plain.clone()
    };
    let path = server(&format!("{}/other", held.loopback.url()));
    let mut tls = plain.clone();
    tls.tls.server_name = Some("other".into());
    let When::Instant(at) = up().when else {
        panic!("an instant")
    };
    let later = When::Instant(at + SignedDuration::from_secs(1));
    let range = When::Range {
        start: at,
        end: at,
        step: SignedDuration::from_secs(1),
    };
    let mut asking = Vec::new();
    for server in [&plain, &headers, &bearer, &path, &tls] {
        asking.push(begin(&client, server, &up()));
    }
    for query in [
        Query {
            text: "up ".into(),
            ..up()
        },
        Query {
            when: later,
            ..up()
        },
        Query {
            when: range,
            ..up()
        },
        Query {
            parameters: vec![("stats", "true".into())],
            ..up()
        },
    ] {
        asking.push(begin(&client, &plain, &query));
    }
    let other = {
        let (client, plain) = (client.clone(), plain.clone());
        let limits = Limits {
            series: 7,
            ..Limits::default()
        };
        async move { client.query_patiently(&plain, &up(), &limits).await }
    };
    asking.push(tokio::spawn(other));
    // The built-in provider's own request is never anybody else's.
    for _ in 0..2 {
        let (client, plain) = (client.clone(), plain.clone());
        let own = async move { client.query(&plain, &up(), &Limits::default()).await };
        asking.push(tokio::spawn(own));
    }
    assert_eq!(asking.len(), 12);
    held.asked(12).await;
    for _ in &asking {
        held.release();
    }
    for asked in asking {
        asked.await.expect("no panic").expect("an answer");
    }
    assert_eq!(held.loopback.requests().len(), 12);
}

#[tokio::test]
async fn who_leaves_takes_nothing_from_the_others() {
    let held = Held::serve(one);
    let (client, server) = (client(), server(&held.loopback.url()));
    let short = Query {
        timeout: Duration::from_millis(50),
        ..up()
    };
    let cancelled = begin(&client, &server, &up());
    let first = begin(&client, &server, &short);
    let second = begin(&client, &server, &up());
    let third = begin(&client, &server, &short);
    held.asked(1).await;
    cancelled.abort();
    assert!(cancelled.await.expect_err("no answer").is_cancelled());
    for late in [first, third] {
        assert_eq!(
            words(late.await.expect("no panic"), &held.loopback),
            "query `http://127.0.0.1:PORT`: no answer within 50ms: context deadline exceeded"
        );
    }
    held.release();
    second.await.expect("no panic").expect("an answer");
    assert_eq!(held.loopback.requests().len(), 1);
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_ends() {
    let held = Held::serve(one);
    let (client, server) = (client(), server(&held.loopback.url()));
    let left = [(); 2].map(|()| begin(&client, &server, &up()));
    held.asked(1).await;
    for left in left {
        left.abort();
        assert!(left.await.is_err());
    }
    let next = begin(&client, &server, &up());
    // For the first, whose answer nobody reads, and for this one.
    held.release();
    held.release();
    next.await.expect("no panic").expect("an answer");
    assert_eq!(held.loopback.requests().len(), 2);
}

/// The time for another try is that of the one who can wait longest.
#[tokio::test]
async fn who_comes_later_has_the_tries_of_its_own_time() {
    let replies = Mutex::new(vec![one(), status::<503>()]);
    let held = Held::serve(move || replies.lock().expect("no panic").pop().expect("two"));
    let server = server(&held.loopback.url());
    let client = with_pauses(Duration::from_millis(200));
    let short = Query {
        timeout: Duration::from_millis(100),
        ..up()
    };
    let first = begin(&client, &server, &short);
    let second = begin(&client, &server, &up());
    held.asked(1).await;
    held.release();
    held.release();
    second.await.expect("no panic").expect("an answer");
    first.await.expect("no panic").expect_err("too short");
    assert_eq!(held.loopback.requests().len(), 2);
}

#[tokio::test]
async fn many_different_queries_at_once_are_all_answered() {
    let loopback = Arc::new(Loopback::serve(|_| one()));
    let (client, server) = (client(), server(&loopback.url()));
    let query = |at: usize| Query {
        text: format!("up + {at}"),
        ..up()
    };
    let asking: Vec<Asking> = (0..200)
        .map(|at| begin(&client, &server, &query(at)))
        .collect();
    for asked in asking {
        asked.await.expect("no panic").expect("an answer");
    }
    assert_eq!(loopback.requests().len(), 200);
}
