//! The way to a server: certificates, proxies, addresses that are not dialled, names.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use promql_guard::prometheus::{
    Client, ClientSettings, DialRules, Identity, Limits, Proxies, QueryError, Server, Tls,
};
use promql_guard::text::chain::chain;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::loopback::{Loopback, Reply};
use crate::prometheus::{ONE, ask, server, up};

/// A certificate authority made for one test.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate that an [`Authority`] signed, and its key.
struct Signed {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let pem = params.self_signed(&key).expect("a certificate").pem();
    Authority {
        pem,
        issuer: Issuer::new(params, key),
    }
}

impl Authority {
    fn sign(&self, name: &str) -> Signed {
        let params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Signed { certificate, key }
    }

    fn tls(&self) -> Tls {
        Tls {
            ca_pem: Some(self.pem.clone().into_bytes()),
            ..Tls::default()
        }
    }
}

impl Signed {
    fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    fn identity(&self) -> Identity {
        Identity {
            certificate_pem: self.certificate.pem().into_bytes(),
            key_pem: self.key.serialize_pem().into_bytes(),
        }
    }
}

/// A server with `signed` as its certificate; `clients` must have signed those of its clients.
fn serve(signed: &Signed, clients: Option<&Authority>) -> Loopback {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            let certificate =
                rustls::pki_types::pem::PemObject::from_pem_slice(authority.pem.as_bytes());
            roots.add(certificate.expect("PEM")).expect("a certificate");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let config = builder
        .with_single_cert(vec![signed.certificate.der().clone()], signed.key())
        .expect("a configuration");
    Loopback::serve_tls(config, |_| Reply::json(ONE))
}

async fn over(loopback: &Loopback, tls: Tls) -> Result<(), String> {
    let server = Server {
        tls,
        ..server(&loopback.url())
    };
    let answer = ask(&server).await.map(drop);
    answer.map_err(|error| chain(&error).replace(&loopback.socket.to_string(), "HOST"))
}

#[tokio::test]
async fn a_private_authority_is_trusted_once_it_is_named() {
    let authority = authority();
    let loopback = serve(&authority.sign("127.0.0.1"), None);
    assert_eq!(over(&loopback, authority.tls()).await, Ok(()));

    // Both authorities have the same name, so the other's key is tried on the signature.
    for (tls, word) in [
        (Tls::default(), "UnknownIssuer"),
        (self::authority().tls(), "BadSignature"),
    ] {
        let error = over(&loopback, tls).await.expect_err("an error");
        let start = format!("query `https://HOST`: certificate: {word}; give its authority");
        assert!(error.starts_with(&start), "{error}");
    }
    let insecure = Tls {
        insecure: true,
        ..Tls::default()
    };
    assert_eq!(over(&loopback, insecure).await, Ok(()));
}

#[tokio::test]
async fn the_name_of_the_certificate_must_fit_or_be_given() {
    let authority = authority();
    let loopback = serve(&authority.sign("prometheus.example"), None);
    let error = over(&loopback, authority.tls())
        .await
        .expect_err("an error");
    assert!(
        error.starts_with("query `https://HOST`: certificate: "),
        "{error}"
    );
    for (name, fits) in [
        ("prometheus.example", true),
        ("other.example", false),
        ("127.0.0.1", false),
    ] {
        let tls = Tls {
            server_name: Some(name.into()),
            ..authority.tls()
        };
        assert_eq!(over(&loopback, tls).await.is_ok(), fits, "{name}");
    }
    let tls = Tls {
        server_name: Some("no name".into()),
        ..authority.tls()
    };
    let error = over(&loopback, tls).await.expect_err("an error");
    assert!(
        error.contains("`tls.serverName`: `no name` is neither"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_may_ask_for_our_certificate() {
    let authority = authority();
    let loopback = serve(&authority.sign("127.0.0.1"), Some(&authority));
    let with = |identity| Tls {
        identity,
        ..authority.tls()
    };
    assert_eq!(
        over(&loopback, with(Some(authority.sign("us").identity()))).await,
        Ok(())
    );
    let error = over(&loopback, with(None)).await.expect_err("an error");
    assert!(
        error.starts_with("query `https://HOST`: TLS handshake: "),
        "{error}"
    );
    let foreign = self::authority().sign("us").identity();
    assert!(over(&loopback, with(Some(foreign))).await.is_err());
}

#[tokio::test]
async fn settings_that_are_no_pem_are_named() {
    let authority = authority();
    let loopback = serve(&authority.sign("127.0.0.1"), None);
    let identity = |certificate: &str, key: &str| Tls {
        identity: Some(Identity {
            certificate_pem: certificate.into(),
            key_pem: key.into(),
        }),
        ..Tls::default()
    };
    let signed = authority.sign("us");
    let other = authority.sign("us").key.serialize_pem();
    for (tls, words) in [
        (
            Tls {
                ca_pem: Some(b"hush".to_vec()),
                ..Tls::default()
            },
            "`tls.caPem`: expected certificate authorities in PEM",
        ),
        (
            identity("hush", &other),
            "`tls.certFile`: expected a certificate in PEM",
        ),
        (
            identity(&signed.certificate.pem(), "hush"),
            "`tls.keyFile`: expected a private key in PEM",
        ),
        (
            identity(&signed.certificate.pem(), &other),
            "`tls.certFile`: keys may not be consistent: KeyMismatch",
        ),
    ] {
        let error = over(&loopback, tls).await.expect_err("an error");
        assert_eq!(error, format!("query `https://HOST`: {words}"));
    }
}

#[tokio::test]
async fn https_to_a_plain_port_is_no_handshake() {
    let loopback = Loopback::serve(|_| Reply::json(ONE));
    let server = server(&loopback.url().replace("http:", "https:"));
    let error = ask(&server).await.expect_err("an error");
    assert!(
        matches!(
            error,
            QueryError::Tls { .. } | QueryError::Unreachable { .. }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn plain_http_goes_through_the_proxy_whole() {
    let proxy = Loopback::serve(|_| Reply::json(ONE));
    let address = proxy.url().replace("http://", "http://user:word@");
    let client = Client::new(ClientSettings {
        proxies: Proxies {
            http: Some(address.clone()),
            https: None,
            no_proxy: Some("past.example".into()),
        },
        // Nothing resolves: what goes through the proxy needs no name here.
        resolv_conf: "/nonexistent".into(),
        ..ClientSettings::default()
    });
    let ask = async |address: &str| {
        client
            .query(&server(address), &up(), &Limits::default())
            .await
    };
    ask("http://prom.example:9090/p").await.expect("an answer");
    let request = &proxy.requests()[0];
    assert_eq!(request.target, "http://prom.example:9090/p/api/v1/query");
    assert_eq!(
        request.header("proxy-authorization"),
        Some("Basic dXNlcjp3b3Jk")
    );
    assert_eq!(request.header("authorization"), None);

    let error = chain(&ask("http://past.example").await.expect_err("an error"));
    assert!(
        error.starts_with("query `http://past.example`: resolve `past.example`: no name server"),
        "{error}"
    );
    for address in [
        "http://169.254.169.254/x",
        "http://metadata.google.internal",
    ] {
        let error = ask(address).await.expect_err("an error");
        assert!(matches!(error, QueryError::Denied { .. }), "{error:?}");
        assert!(!chain(&error).contains("word"), "{error:?}");
    }
    assert_eq!(proxy.requests().len(), 1);

    // Loopback goes past every proxy.
    let direct = Loopback::serve(|_| Reply::json(ONE));
    ask(&direct.url()).await.expect("an answer");
    assert_eq!((direct.requests().len(), proxy.requests().len()), (1, 1));
}

#[tokio::test]
async fn https_goes_through_the_proxy_as_a_tunnel() {
    let proxy = Loopback::serve(|_| Reply::new(407, &[], "hush"));
    let client = Client::new(ClientSettings {
        proxies: Proxies {
            https: Some(proxy.socket.to_string()),
            ..Proxies::default()
        },
        resolv_conf: "/nonexistent".into(),
        ..ClientSettings::default()
    });
    let server = server("https://prom.example/p");
    let error = client
        .query(&server, &up(), &Limits::default())
        .await
        .expect_err("an error");
    let request = &proxy.requests()[0];
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("CONNECT", "prom.example:443")
    );
    let expected = format!(
        "query `https://prom.example/p` through the proxy `http://{}`: connect: tunnel error: proxy authorization required",
        proxy.socket
    );
    assert_eq!(chain(&error), expected);
}

/// RFC 1928: no authentication, CONNECT to a name, then what the server there answers.
#[tokio::test]
async fn a_socks_proxy_is_given_the_name() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let proxy = format!("socks5://{}", listener.local_addr().expect("an address"));
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).expect("a greeting");
        stream.write_all(&[5, 0]).expect("a client");
        let mut request = [0; 5 + 12 + 2];
        stream.read_exact(&mut request).expect("a request");
        stream
            .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            .expect("a client");
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{ONE}",
            ONE.len()
        );
        stream.write_all(answer.as_bytes()).expect("a client");
        let mut head = [0; 29];
        stream.read_exact(&mut head).expect("a request");
        (request, head)
    });
    let client = Client::new(ClientSettings {
        proxies: Proxies {
            http: Some(proxy),
            ..Proxies::default()
        },
        resolv_conf: "/nonexistent".into(),
        ..ClientSettings::default()
    });
    let server = server("http://prom.example:9090");
    client
        .query(&server, &up(), &Limits::default())
        .await
        .expect("an answer");
    let (request, head) = served.join().expect("no panic");
    assert_eq!(request[..5], [5, 1, 0, 3, 12]);
    assert_eq!(
        (&request[5..17], &request[17..]),
        (&b"prom.example"[..], &9090u16.to_be_bytes()[..])
    );
    assert_eq!(&head, b"POST /api/v1/query HTTP/1.1\r\n");
}

/// Addresses that are denied whatever their spelling, before anything is dialled.
#[tokio::test]
async fn denied_addresses_are_not_dialled() {
    for address in [
        "http://169.254.169.254/latest",
        "http://2852039166/",
        "http://0xa9.254.0251.254/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://0.0.0.0:9090/",
        "http://[::]:9090/",
        "https://[fd00:ec2::254]/",
    ] {
        let error = ask(&server(address)).await.expect_err("an error");
        assert!(
            matches!(error, QueryError::Denied { .. }),
            "{address}: {error:?}"
        );
    }
    let error = ask(&server("http://u:hush@169.254.169.254/x?y=hush"))
        .await
        .expect_err("an error");
    assert_eq!(
        chain(&error),
        "address `http://169.254.169.254/x`: `169.254.169.254` is in `169.254.0.0/16`, which the operator's policy does not open"
    );
    let error = ask(&server("ftp://prom/")).await.expect_err("an error");
    assert_eq!(
        chain(&error),
        "address `ftp://prom`: scheme `ftp` is not spoken; write `http://` or `https://`"
    );
}

struct Hosts {
    folder: tempfile::TempDir,
}

impl Hosts {
    fn new(text: &str) -> Hosts {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("hosts"), text).expect("a file");
        Hosts { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hosts")
    }

    fn client(&self, dial: DialRules) -> Client {
        Client::new(ClientSettings {
            dial,
            hosts_file: self.path(),
            resolv_conf: self.folder.path().join("resolv.conf"),
            ..ClientSettings::default()
        })
    }
}

#[tokio::test]
async fn names_are_checked_by_what_they_resolve_to() {
    let loopback = Loopback::serve(|_| Reply::json(ONE));
    let hosts = Hosts::new(
        "# a comment\n127.0.0.1 prom.example alias # more\n169.254.169.254 evil.example\n::ffff:a9fe:a9fe evil6.example\n\
         169.254.1.1 both.example\n127.0.0.1 both.example\n",
    );
    let port = loopback.socket.port();
    let client = hosts.client(DialRules::default());
    let ask = async |client: &Client, host: &str| {
        let server = server(&format!("http://{host}:{port}"));
        let answer = client.query(&server, &up(), &Limits::default()).await;
        answer
            .map(drop)
            .map_err(|error| chain(&error).replace(&port.to_string(), "PORT"))
    };
    for host in [
        "prom.example",
        "ALIAS",
        "prom.example.",
        "both.example",
        "localhost",
        "a.localhost",
    ] {
        assert_eq!(ask(&client, host).await, Ok(()), "{host}");
    }
    for (host, ip) in [
        ("evil.example", "169.254.169.254"),
        ("evil6.example", "::ffff:169.254.169.254"),
    ] {
        let words = format!(
            "address `http://{host}:PORT`: `{ip}` is in `169.254.0.0/16`, which the operator's policy does not open"
        );
        assert_eq!(ask(&client, host).await, Err(words));
    }
    let error = ask(&client, "unknown.example").await.expect_err("an error");
    assert!(
        error.starts_with(
            "query `http://unknown.example:PORT`: resolve `unknown.example`: no name server in `"
        ),
        "{error}"
    );

    let mut closed = DialRules::default();
    for net in ["127.0.0.0/8", "::1/128"] {
        closed.denied.push(net.parse().expect("a range"));
    }
    let client = hosts.client(closed);
    for host in [
        "prom.example",
        "localhost",
        "127.0.0.1",
        "127.1",
        "[::1]",
        "0x7f000001",
        "[::ffff:7f00:1]",
    ] {
        let error = ask(&client, host).await.expect_err("an error");
        assert!(
            error.contains("the operator's policy does not open"),
            "{host}: {error}"
        );
    }
}

#[tokio::test]
async fn token_addresses_are_checked_too() {
    let loopback = Loopback::serve(|_| Reply::json(ONE));
    let server = Server {
        authentication: promql_guard::prometheus::Authentication::OAuth2 {
            token_url: "http://169.254.169.254/token".parse().expect("a URL"),
            client_id: "i".into(),
            client_secret: promql_guard::prometheus::Secret("s".into()),
            scopes: Vec::new(),
        },
        ..server(&loopback.url())
    };
    let error = ask(&server).await.expect_err("an error");
    assert!(matches!(error, QueryError::Denied { .. }), "{error:?}");
    assert_eq!(loopback.connections(), 0);
}
