//! Limits of what is under way at once, against scripted servers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use promql_guard::prometheus::{
    Answer, AtOnce, Client, ClientSettings, Limits, Query, QueryError, Server,
};

use crate::loopback::{Loopback, Reply};
use crate::prometheus::{ONE, server, up, words};
use crate::prometheus_patient::Held;

fn client(at_once: AtOnce) -> Client {
    Client::new(ClientSettings {
        at_once,
        ..ClientSettings::default()
    })
}

fn briefly() -> Query {
    Query {
        timeout: Duration::from_millis(50),
        ..up()
    }
}

/// An answer with so many blanks at its end.
fn long(blanks: usize) -> String {
    format!("{ONE}{}", " ".repeat(blanks))
}

type Asking = tokio::task::JoinHandle<Result<Answer, QueryError>>;

fn begin(client: &Client, server: &Server, limits: Limits) -> Asking {
    let (client, server) = (client.clone(), server.clone());
    tokio::spawn(async move { client.query(&server, &up(), &limits).await })
}

#[tokio::test]
async fn so_many_queries_and_no_more_are_sent_to_one_server() {
    let (now, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    // Each answer waits for another: fewer than two at once would be none.
    let pair = Barrier::new(2);
    let seen = Arc::clone(&most);
    let loopback = Loopback::serve(move |_| {
        let under_way = now.fetch_add(1, Ordering::SeqCst) + 1;
        seen.fetch_max(under_way, Ordering::SeqCst);
        pair.wait();
        now.fetch_sub(1, Ordering::SeqCst);
        Reply::json(ONE)
    });
    let client = client(AtOnce {
        queries_per_server: 2,
        ..AtOnce::default()
    });
    let server = server(&loopback.url());
    let asking: Vec<Asking> = (0..8)
        .map(|_| begin(&client, &server, Limits::default()))
        .collect();
    for asked in asking {
        asked.await.expect("no panic").expect("an answer");
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_gets_no_turn_is_told_so_and_other_servers_are_free() {
    let held = Held::serve(|| Reply::json(ONE));
    let client = client(AtOnce {
        queries_per_server: 0,
        ..AtOnce::default()
    });
    // One path is as good as another: it is the same server.
    let first = begin(
        &client,
        &server(&format!("{}/a", held.loopback.url())),
        Limits::default(),
    );
    held.asked(1).await;
    let same = server(&held.loopback.url());
    let limits = Limits::default();
    for found in [
        client.query(&same, &briefly(), &limits).await,
        client.query_patiently(&same, &briefly(), &limits).await,
    ] {
        let error = found.as_ref().expect_err("an error");
        assert!(error.is_unreachable() && !error.is_transient(), "{error:?}");
        assert_eq!(
            words(found, &held.loopback),
            "query `http://127.0.0.1:PORT`: no answer within 50ms: it waited for its turn, the limit of queries to one server at once is 1"
        );
    }
    assert_eq!(held.loopback.requests().len(), 1);

    let other = Loopback::serve(|_| Reply::json(ONE));
    client
        .query(&server(&other.url()), &up(), &limits)
        .await
        .expect("an answer");

    held.release();
    held.release();
    first.await.expect("no panic").expect("an answer");
    client
        .query(&same, &up(), &limits)
        .await
        .expect("an answer");
}

/// A server that stops within a long answer, and then answers at length or in few words.
fn stalling() -> Loopback {
    Loopback::serve(|request| match request.target.as_str() {
        "/stall/api/v1/query" => Reply::stall_after(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{}",
            long(200_000)
        )),
        "/short/api/v1/query" => Reply::json(ONE),
        _ => Reply::json(long(200_000)),
    })
}

/// What a long answer of `server` waits for as soon as another has taken the room.
async fn refused(client: &Client, server: &Server, limits: Limits) -> Result<Answer, QueryError> {
    let began = Instant::now();
    loop {
        let found = client.query(server, &briefly(), &limits).await;
        if matches!(found, Err(QueryError::Turn { .. })) {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{found:?}");
    }
}

#[tokio::test]
async fn long_answers_wait_for_room_and_small_ones_do_not() {
    let limits = Limits {
        body: 1 << 20,
        ..Limits::default()
    };
    let most = AtOnce {
        bodies_per_server: 1 << 20,
        ..AtOnce::default()
    };
    let all = AtOnce {
        bodies: 1 << 20,
        ..AtOnce::default()
    };
    for (at_once, same, what) in [
        (most, true, "one server's answers"),
        (all, false, "all answers"),
    ] {
        let (first, second) = (stalling(), stalling());
        let client = client(at_once);
        let stalled = begin(&client, &server(&format!("{}/stall", first.url())), limits);
        let loopback = if same { &first } else { &second };
        let long = server(&loopback.url());
        let found = refused(&client, &long, limits).await;
        assert!(found.as_ref().is_err_and(QueryError::is_unreachable));
        assert_eq!(
            words(found, loopback),
            format!(
                "query `http://127.0.0.1:PORT`: no answer within 50ms: it waited for its turn, the limit of bytes of {what} at once is 1048576"
            )
        );
        let short = server(&format!("{}/short", loopback.url()));
        client
            .query(&short, &up(), &limits)
            .await
            .expect("an answer");
        if same {
            client
                .query(&server(&second.url()), &up(), &limits)
                .await
                .expect("an answer");
        }

        // It waits for as long as it has time, and goes on when there is room.
        let waiting = begin(&client, &long, limits);
        stalled.abort();
        waiting.await.expect("no panic").expect("an answer");
    }
}

#[tokio::test]
async fn answers_that_fit_one_at_a_time_are_all_read() {
    let loopback = Loopback::serve(|_| Reply::json(long(300_000)));
    for (bodies_per_server, bodies) in [(400_000, 1 << 30), (1 << 30, 400_000), (500_000, 700_000)]
    {
        let client = client(AtOnce {
            bodies_per_server,
            bodies,
            ..AtOnce::default()
        });
        let limits = Limits {
            body: 400_000,
            ..Limits::default()
        };
        let server = server(&loopback.url());
        let asking: Vec<Asking> = (0..12).map(|_| begin(&client, &server, limits)).collect();
        for asked in asking {
            asked.await.expect("no panic").expect("an answer");
        }
    }
}

#[tokio::test]
async fn an_answer_longer_than_all_room_has_it_for_itself() {
    let loopback = Loopback::serve(|_| Reply::json(long(300_000)));
    let client = client(AtOnce {
        bodies_per_server: 0,
        bodies: 0,
        ..AtOnce::default()
    });
    let server = server(&loopback.url());
    let asking: Vec<Asking> = (0..4)
        .map(|_| begin(&client, &server, Limits::default()))
        .collect();
    for asked in asking {
        asked.await.expect("no panic").expect("an answer");
    }
}
