//! Credentials and headers: which of them a request carries, and how tokens are fetched, kept and refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use promql_guard::prometheus::aws::AwsEnvironment;
use promql_guard::prometheus::sigv4::SigV4;
use promql_guard::prometheus::{
    Authentication, Client, ClientSettings, Limits, QueryError, Secret, Server,
};
use promql_guard::text::chain::chain;

use crate::loopback::{Loopback, Reply, Request};
use crate::prometheus::{ONE, ask, client, server, up};

/// `user:word` in base64.
const USER_WORD: &str = "Basic dXNlcjp3b3Jk";

fn header(name: &str, value: &str) -> (http::HeaderName, http::HeaderValue) {
    (
        name.parse().expect("a name"),
        value.parse().expect("a value"),
    )
}

fn basic(username: &str, password: &str) -> Authentication {
    Authentication::Basic {
        username: username.into(),
        password: Secret(password.into()),
    }
}

fn bearer(token: &str) -> Authentication {
    Authentication::Bearer {
        token: Secret(token.into()),
    }
}

fn oauth(token_url: &str, scopes: &[&str]) -> Authentication {
    Authentication::OAuth2 {
        token_url: token_url.parse().expect("a URL"),
        client_id: "the id".into(),
        client_secret: Secret("hush~&".into()),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
    }
}

#[tokio::test]
async fn each_kind_sets_its_header_and_custom_headers_win() {
    let loopback = Loopback::serve(|_| Reply::json(ONE));
    let with_user = loopback.url().replace("http://", "http://user:wor%64@");
    for (address, authentication, headers, sent) in [
        (loopback.url(), Authentication::None, vec![], None),
        (
            loopback.url(),
            basic("user", "word"),
            vec![],
            Some(USER_WORD),
        ),
        (loopback.url(), bearer("t"), vec![], Some("Bearer t")),
        (
            with_user.clone(),
            Authentication::None,
            vec![],
            Some(USER_WORD),
        ),
        // `Authorization` is there already, so Argo's basic authentication steps back.
        (
            with_user.clone(),
            basic("other", "x"),
            vec![],
            Some(USER_WORD),
        ),
        (with_user, bearer("t"), vec![], Some("Bearer t")),
        (
            loopback.url(),
            bearer("t"),
            vec![header("authorization", "mine")],
            Some("mine"),
        ),
        (
            loopback.url(),
            basic("user", "word"),
            vec![
                header("Authorization", "first"),
                header("AUTHORIZATION", "last"),
            ],
            Some("last"),
        ),
    ] {
        let server = Server {
            headers,
            authentication,
            ..server(&address)
        };
        ask(&server).await.expect("an answer");
        let requests = loopback.requests();
        let request = requests.last().expect("a request");
        assert_eq!(request.header("authorization"), sent);
        assert_eq!(request.target, "/api/v1/query");
    }
}

#[tokio::test]
async fn aws_credentials_of_the_surroundings_sign() {
    let loopback = Loopback::serve(|_| Reply::json(ONE));
    let sigv4 = SigV4 {
        region: Some("eu-west-1".into()),
        ..SigV4::default()
    };
    let mut server = Server {
        authentication: Authentication::SigV4(sigv4),
        ..server(&loopback.url().replace("http://", "http://user:word@"))
    };
    let keys = AwsEnvironment {
        access_key_id: Some("AKID".into()),
        secret_access_key: Some("hush".into()),
        session_token: Some("session".into()),
        ..AwsEnvironment::default()
    };
    let client = |aws| {
        Client::new(ClientSettings {
            aws,
            ..ClientSettings::default()
        })
    };
    let (query, limits) = (up(), Limits::default());
    let signing = client(keys.clone());
    signing
        .query(&server, &query, &limits)
        .await
        .expect("an answer");
    let request = &loopback.requests()[0];
    let authorization = request.header("authorization").expect("a signature");
    assert!(
        authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"),
        "{authorization}"
    );
    assert!(
        authorization.contains("/eu-west-1/aps/aws4_request"),
        "{authorization}"
    );
    assert_eq!(request.header("x-amz-security-token"), Some("session"));
    assert!(request.header("x-amz-date").is_some());

    server.headers.push(header("Authorization", "mine"));
    signing
        .query(&server, &query, &limits)
        .await
        .expect("an answer");
    assert_eq!(loopback.requests()[1].header("authorization"), Some("mine"));

    server.authentication = Authentication::SigV4(SigV4::default());
    let error = client(keys)
        .query(&server, &query, &limits)
        .await
        .expect_err("an error");
    assert!(
        chain(&error).starts_with("AWS region: found none"),
        "{error}"
    );
    assert_eq!(loopback.requests().len(), 2);
}

#[tokio::test]
async fn headers_cannot_break_the_framing() {
    let loopback = Loopback::serve(|_| Reply::json(ONE));
    let server = Server {
        headers: vec![
            header("Host", "elsewhere"),
            header("Content-Length", "1"),
            header("Transfer-Encoding", "chunked"),
            header("Trailer", "x"),
            header("X-Scope-OrgID", "a"),
            header("X-Scope-OrgID", "b"),
            header("User-Agent", "mine"),
        ],
        ..server(&loopback.url())
    };
    ask(&server).await.expect("an answer");
    let request = &loopback.requests()[0];
    assert_eq!(
        request.header("host"),
        Some(loopback.socket.to_string().as_str())
    );
    assert_eq!(request.header("content-length"), Some("26"));
    assert_eq!(request.header("transfer-encoding"), None);
    assert_eq!(request.header("trailer"), None);
    assert_eq!(request.header("x-scope-orgid"), Some("b"));
    assert_eq!(request.header("user-agent"), Some("mine"));
}

#[tokio::test]
async fn errors_hold_neither_userinfo_nor_token() {
    let loopback = Loopback::serve(|_| Reply::close_after(""));
    let address = loopback.url().replace("http://", "http://user:hush@") + "/p?key=hush";
    for authentication in [bearer("hush"), bearer("hush\n"), basic("u", "hush")] {
        let server = Server {
            authentication,
            headers: vec![header("x-key", "hush")],
            ..server(&address)
        };
        let error = ask(&server).await.expect_err("an error");
        for text in [chain(&error), format!("{error:?}"), format!("{server:?}")] {
            assert!(!text.contains("hush"), "{text}");
        }
    }
}

/// A token endpoint that wants the credentials in one place, and a server that takes its newest token.
struct Issuer {
    loopback: Loopback,
    issued: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

fn issuer(in_form: bool, answer: &'static str) -> Issuer {
    let issued = Arc::new(AtomicUsize::new(0));
    let refused = Arc::new(AtomicUsize::new(0));
    let (count, revoked) = (Arc::clone(&issued), Arc::clone(&refused));
    let script = move |request: &Request| {
        if request.target.starts_with("/api") {
            let sent = request.header("authorization").unwrap_or_default();
            let oldest = revoked.load(Ordering::SeqCst);
            let number = sent
                .strip_prefix("Bearer token-")
                .and_then(|n| n.parse().ok());
            return match number {
                Some(number) if oldest < number => Reply::json(ONE),
                _ => Reply::new(401, &[], ""),
            };
        }
        assert_eq!(
            request.field("grant_type").as_deref(),
            Some("client_credentials")
        );
        let sent = match in_form {
            true => request.field("client_secret").as_deref() == Some("hush~&"),
            // base64 of `the+id:hush~%26`, which is what Go sends.
            false => request.header("authorization") == Some("Basic dGhlK2lkOmh1c2h+JTI2"),
        };
        if !sent {
            return Reply::new(401, &[], r#"{"error":"invalid_client"}"#);
        }
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        Reply::json(answer.replace("NUMBER", &number.to_string()))
    };
    Issuer {
        loopback: Loopback::serve(script),
        issued,
        refused,
    }
}

impl Issuer {
    fn server(&self, scopes: &[&str]) -> Server {
        Server {
            authentication: oauth(&format!("{}/token", self.loopback.url()), scopes),
            ..server(&self.loopback.url())
        }
    }

    fn issued(&self) -> usize {
        self.issued.load(Ordering::SeqCst)
    }

    fn token_requests(&self) -> Vec<Request> {
        let mut requests = self.loopback.requests();
        requests.retain(|request| request.target == "/token");
        requests
    }
}

const LONG: &str = r#"{"access_token":"token-NUMBER","token_type":"bearer","expires_in":3600}"#;
const SHORT: &str = r#"{"access_token":"token-NUMBER","token_type":"bearer","expires_in":"5"}"#;

#[tokio::test]
async fn a_token_is_fetched_once_and_shared_by_equals_alone() {
    let issuer = issuer(false, LONG);
    let client = client();
    let server = issuer.server(&["a", "b"]);
    let (query, limits) = (up(), Limits::default());
    let ask = || client.query(&server, &query, &limits);
    let (first, second, third) = tokio::join!(ask(), ask(), ask());
    for answer in [first, second, third, ask().await] {
        answer.expect("an answer");
    }
    assert_eq!(issuer.issued(), 1);
    let requests = issuer.token_requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].field("scope").as_deref(), Some("a b"));

    let other = issuer.server(&[]);
    client
        .query(&other, &up(), &Limits::default())
        .await
        .expect("an answer");
    assert_eq!(issuer.issued(), 2);
    assert_eq!(issuer.token_requests()[1].field("scope"), None);
}

#[tokio::test]
async fn credentials_go_into_the_form_where_the_header_is_refused() {
    let issuer = issuer(true, SHORT);
    let client = client();
    for _ in 0..2 {
        let answer = client
            .query(&issuer.server(&[]), &up(), &Limits::default())
            .await;
        answer.expect("an answer");
    }
    // Tried once; then remembered, while the token is too short-lived to be kept.
    let in_form: Vec<bool> = issuer
        .token_requests()
        .iter()
        .map(|request| request.field("client_id").as_deref() == Some("the id"))
        .collect();
    assert_eq!(in_form, [false, true, true]);
    assert_eq!(issuer.issued(), 2);
}

#[tokio::test]
async fn a_kept_token_that_is_refused_is_fetched_again_once() {
    let issuer = issuer(false, LONG);
    let client = client();
    let server = issuer.server(&[]);
    client
        .query(&server, &up(), &Limits::default())
        .await
        .expect("an answer");
    issuer.refused.store(1, Ordering::SeqCst);
    client
        .query(&server, &up(), &Limits::default())
        .await
        .expect("an answer");
    assert_eq!(issuer.issued(), 2);
    issuer.refused.store(99, Ordering::SeqCst);
    let error = client
        .query(&server, &up(), &Limits::default())
        .await
        .expect_err("an error");
    assert_eq!(chain(&error), "client_error: client error: 401");
    assert_eq!(issuer.issued(), 3);
    // Answers may repeat each of them.
    assert_eq!(
        client.secrets(&server).await,
        ["token-1", "token-2", "token-3"]
    );
}

#[tokio::test]
async fn custom_headers_are_on_token_requests_too() {
    let issuer = issuer(true, LONG);
    let mut server = issuer.server(&[]);
    server.headers.push(header("x-scope", "a"));
    ask(&server).await.expect("an answer");
    for request in issuer.loopback.requests() {
        assert_eq!(request.header("x-scope"), Some("a"));
    }
}

#[tokio::test]
async fn a_token_that_is_not_given_has_words() {
    for (reply, words, transient) in [
        (
            (
                401,
                r#"{"error":"invalid_client","error_description":"unknown"}"#,
            ),
            r#"oauth2: "invalid_client" "unknown""#,
            false,
        ),
        (
            (500, "<html>hush</html>"),
            "oauth2: cannot fetch token: 500 Internal Server Error",
            false,
        ),
        (
            (200, "<html>hush</html>"),
            "oauth2: cannot parse json: expected an object with `access_token`",
            false,
        ),
        (
            (200, "{}"),
            "oauth2: server response missing access_token",
            false,
        ),
        (
            (200, r#"{"access_token":"hush\u0000"}"#),
            "oauth2: the token holds characters that no header may",
            false,
        ),
        ((302, ""), "redirected (302)", false),
    ] {
        let loopback = Loopback::serve(move |_| Reply::new(reply.0, &[], reply.1));
        let url = format!("{}/token?key=hush", loopback.url());
        let server = Server {
            authentication: oauth(&url, &[]),
            ..server(&loopback.url())
        };
        let error = ask(&server).await.expect_err("an error");
        assert!(matches!(error, QueryError::Token { .. }));
        assert_eq!(error.is_transient(), transient);
        let found = chain(&error);
        let start = format!("fetch an OAuth token from `{}/token`: ", loopback.url());
        assert!(
            found.starts_with(&start) && found.contains(words),
            "{found}"
        );
        assert!(!found.contains("hush"), "{found}");
    }
    let endless = Loopback::serve(|_| {
        Reply::endless(
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
            [b' '; 999],
        )
    });
    let server = Server {
        authentication: oauth(&endless.url(), &[]),
        ..server(&endless.url())
    };
    let found = chain(&ask(&server).await.expect_err("an error"));
    assert!(found.contains("past the limit of 65536 bytes"), "{found}");
}
