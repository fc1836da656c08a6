//! Hosts files, and look-ups with a name server of our own on loopback.

use std::net::UdpSocket;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{RData, Record, RecordType};

use super::*;

#[test]
fn hosts_files_are_read_as_libc_reads_them() {
    let text = "127.0.0.1\tlocalhost\n# 10.0.0.9 a\n10.0.0.1 A.example b # c\n\nnonsense\n::1 b\n300.0.0.1 b\n10.0.0.2";
    let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
    for (name, found) in [
        ("a.example", vec![ip("10.0.0.1")]),
        ("b", vec![ip("10.0.0.1"), ip("::1")]),
        ("c", vec![]),
        ("a", vec![]),
    ] {
        assert_eq!(in_hosts(text, name), found, "{name}");
    }
}

/// Knows two A records of `prom.ns.svc.`, refuses `refused.`, and has no other name.
fn name_server() -> ResolverConfig {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let mut connection = ConnectionConfig::udp();
    connection.port = socket.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let request = Message::from_vec(&buffer[..length]).expect("a question");
            let answer = reply(request).to_vec().expect("an answer");
            let _ = socket.send_to(&answer, from);
        }
    });
    let ip = Ipv4Addr::LOCALHOST.into();
    let server = NameServerConfig::new(ip, true, vec![connection]);
    let search = vec!["ns.svc.".parse().expect("a name")];
    ResolverConfig::from_parts(None, search, vec![server])
}

fn reply(request: Message) -> Message {
    let question = request.queries[0].clone();
    let mut answer = request.into_response();
    match question.name().to_lowercase().to_string().as_str() {
        "prom.ns.svc." if question.query_type() == RecordType::A => {
            for ip in [[10, 0, 0, 1], [169, 254, 0, 1]] {
                let data = RData::A(Ipv4Addr::from(ip).into());
                answer.add_answer(Record::from_rdata(question.name().clone(), 60, data));
            }
        }
        "prom.ns.svc." => {}
        "refused." => answer.metadata.response_code = ResponseCode::Refused,
        _ => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    answer
}

fn resolver_of(config: ResolverConfig) -> Resolver {
    let servers = resolver(config, ResolverOpts::default()).expect("a resolver");
    let names = Names {
        servers: OnceCell::new_with(Some(servers)),
        ..Names::new("/nonexistent".into(), "/nonexistent".into())
    };
    Resolver {
        names: Arc::new(names),
        rules: Some(Arc::new(DialRules::default())),
    }
}

#[tokio::test]
async fn name_servers_are_asked_with_the_search_list_and_answers_checked() {
    let resolver = resolver_of(name_server());
    for name in ["prom", "prom.ns.svc", "PROM.ns.svc."] {
        let addresses = resolver.resolve(name.parse().expect("a name")).await;
        let addresses: Vec<SocketAddr> =
            addresses.map_err(|e| e.to_string()).expect(name).collect();
        assert_eq!(
            addresses,
            ["10.0.0.1:0".parse().expect("an address")],
            "{name}"
        );
    }
    for (name, words) in [
        ("unknown.", "resolve `unknown.`: no such host"),
        ("refused.", "resolve `refused.`: "),
    ] {
        let error = resolver
            .resolve(name.parse().expect("a name"))
            .await
            .err()
            .expect("an error");
        assert!(error.to_string().starts_with(words), "{error}");
    }
}

#[tokio::test]
async fn a_silent_name_server_leaves_time_to_say_so() {
    // Bound, never read.
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let mut connection = ConnectionConfig::udp();
    connection.port = silent.local_addr().expect("an address").port();
    let server = NameServerConfig::new(Ipv4Addr::LOCALHOST.into(), true, vec![connection]);
    let config = ResolverConfig::from_parts(None, vec![], vec![server]);
    let servers = resolver(config, ResolverOpts::default()).expect("a resolver");
    let error = ask(&servers, "prom.", Duration::from_millis(20)).await;
    assert_eq!(
        error.map_err(|error| error.to_string()),
        Err("resolve `prom.`: no answer from the name servers within 20ms".into())
    );
}
