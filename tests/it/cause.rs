//! The questions for the cause of no data, on real Prometheus servers: each is accepted, and the causes that a server
//! without a history can have are found.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use promql_guard::evidence::cause::{Answer, Ask, Cause, Known, Question, Subject};
use promql_guard::evidence::outcome::NoData;
use promql_guard::promql::answer::has_selector;
use promql_guard::promql::select::data_selectors;
use promql_guard::promql::{Options, parse};
use url::form_urlencoded;

use crate::real_prometheus::{self, RealPrometheus};

/// An exporter, scraped each second, and a port where nobody listens.
const CONFIGURATION: &str = "
global: {scrape_interval: 1s}
scrape_configs:
- job_name: app
  static_configs: [{targets: ['EXPORTER']}]
- job_name: nobody
  static_configs: [{targets: ['127.0.0.1:1']}]
";

const METRICS: &str = "
app_requests_total{route=\"/\",code=\"200\"} 5
app_requests_total{route=\"/a\",code=\"500\"} 1
app_ready 1
";

const QUERIES: &str = include_str!("../../benches/queries.txt");

/// Serves the metrics for as long as the process lives.
fn exporter() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the port");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{METRICS}",
                METRICS.len()
            );
        }
    });
    address
}

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn selectors(text: &str) -> Vec<Subject> {
    let tree = parse(text, Options::default()).expect("it parses").expr;
    let mut seen = BTreeSet::new();
    data_selectors(&tree)
        .iter()
        .filter_map(|selector| {
            let window = selector.window.and_then(|window| window.milliseconds());
            let window = window.map(|ms| Duration::from_millis(ms.unsigned_abs()));
            let text = &text[selector.span.start..selector.span.end];
            let is_new = seen.insert((text.to_owned(), window));
            let subject = is_new.then(|| Subject::of(text, window))??;
            Some(subject.at_another_time(selector.has_offset || selector.has_at))
        })
        .collect()
}

fn known(witness: &str) -> Known {
    Known {
        witness: Some(witness.to_owned()),
        subjects: selectors(witness),
        events: Some(("sum(increase(up[5m]))".to_owned(), None)),
        ..Known::default()
    }
}

/// The parts as one query.
fn merged(parts: &[(String, String)]) -> String {
    let named = |(name, part): &(String, String)| {
        format!("label_replace({part}, \"__part__\", \"{name}\", \"\", \"\")")
    };
    parts.iter().map(named).collect::<Vec<_>>().join(" or ")
}

fn query(server: &RealPrometheus, text: &str) -> (u16, serde_json::Value) {
    server
        .get(&format!("/api/v1/query?query={}", escaped(text)))
        .expect("an answer")
}

/// What the server answers; it refuses nothing that is asked.
fn answer(server: &RealPrometheus, ask: &Ask) -> Answer {
    let optional = |matching: &Option<String>| {
        let matching = matching.as_ref().map(|text| escaped(text));
        matching.map_or_else(String::new, |text| format!("&match[]={text}"))
    };
    let (status, body) = match ask {
        Ask::Query(parts) => query(server, &merged(parts)),
        Ask::Plain(text) => query(server, text),
        Ask::Names { matching, limit } => server
            .get(&format!(
                "/api/v1/label/__name__/values?limit={limit}{}",
                optional(matching)
            ))
            .expect("an answer"),
        Ask::Values {
            label,
            matching,
            limit,
        } => server
            .get(&format!(
                "/api/v1/label/{label}/values?limit={limit}{}",
                optional(&Some(matching.clone()))
            ))
            .expect("an answer"),
    };
    assert_eq!(status, 200, "{}: {ask:#?}: {body}", server.version());
    let data = &body["data"];
    if ask.is_look_up() {
        let texts = data.as_array().expect("texts").iter();
        return Answer::Texts(
            texts
                .map(|text| text.as_str().unwrap().to_owned())
                .collect(),
        );
    }
    let series = data["result"].as_array().expect("series");
    let labels = |series: &serde_json::Value| -> BTreeMap<String, String> {
        serde_json::from_value(series["metric"].clone()).expect("labels")
    };
    match ask {
        Ask::Plain(_) => Answer::Labels(series.iter().take(1).flat_map(labels).collect()),
        _ => Answer::Numbers(
            series
                .iter()
                .map(|series| {
                    let name = labels(series)["__part__"].clone();
                    let number = series["value"][1].as_str().unwrap().parse().unwrap();
                    (name, number)
                })
                .collect(),
        ),
    }
}

fn why(server: &RealPrometheus, known: Known) -> Cause {
    let mut question = Question::new(known);
    while let Some(ask) = question.next() {
        question.answer(answer(server, &ask));
    }
    question.finish()
}

/// Asks the server everything, whatever it says: the answers are such that the question goes down one way to its end.
fn ask_all(server: &RealPrometheus, known: Known, kept: &[char]) -> usize {
    let mut question = Question::new(known);
    let mut asked = 0;
    while let Some(ask) = question.next() {
        answer(server, &ask);
        asked += 1;
        question.answer(match &ask {
            Ask::Query(parts) => Answer::Numbers(
                parts
                    .iter()
                    .filter(|(name, _)| name.starts_with(kept))
                    .map(|(name, _)| (name.clone(), 2.0))
                    .collect(),
            ),
            Ask::Plain(_) => Answer::Labels(Vec::new()),
            _ => Answer::Texts(vec!["x".to_owned()]),
        });
    }
    asked
}

fn servers() -> Vec<RealPrometheus> {
    let configuration = CONFIGURATION.replace("EXPORTER", &exporter().to_string());
    let servers: Vec<_> = real_prometheus::binaries()
        .iter()
        .map(|binary| RealPrometheus::start(binary, &configuration))
        .collect();
    for server in &servers {
        server.wait_for_result("rate(app_requests_total[1m]) and on () up{job=\"nobody\"} == 0");
    }
    servers
}

#[test]
fn what_is_asked_for_public_queries_is_accepted() {
    let queries: BTreeSet<&str> = QUERIES.split("---\n").skip(1).map(str::trim_end).collect();
    let others = [
        "count({job=\"app\"})",
        "scalar(up) + 1",
        "sum(rate(up[5m] offset 1h)) # so much",
    ];
    for server in servers() {
        let (mut tried, mut asked) = (0, 0);
        for text in queries.iter().copied().chain(others) {
            let tree = parse(text, Options::default()).expect("it parses").expr;
            // An older server does not know every function.
            if !has_selector(&tree) || query(&server, text).0 != 200 {
                continue;
            }
            tried += 1;
            // All series are there; they ended; they were never there; a target is down.
            for kept in [&['k', 'l', 'm'][..], &['k'], &['u', 'z'], &['k', 'd']] {
                asked += ask_all(&server, known(text), kept);
            }
            why(&server, known(text));
        }
        assert!(
            tried > 150 && asked > 1000,
            "{tried} queries, {asked} questions"
        );
    }
}

#[test]
fn causes_on_a_server() {
    for server in servers() {
        let cases = [
            (
                "sum(rate(app_reqests_total[5m]))",
                NoData::MetricUnknown,
                "did you mean app_requests_total",
            ),
            (
                "sum(rate(app_requests_total{job=\"ap\"}[5m]))",
                NoData::LabelValueUnknown,
                "nearest value \"app\"; values seen \"app\"",
            ),
            (
                "sum(rate(app_requests_total{path=\"/\"}[5m]))",
                NoData::LabelValueUnknown,
                "has no label path",
            ),
            (
                "sum(app_ready{job=\"nobody\"})",
                NoData::TargetDown,
                "target 127.0.0.1:1 (job \"nobody\") is down",
            ),
            (
                "sum(increase(app_requests_total[10ms]))",
                NoData::OneSample,
                "use [4s]",
            ),
            (
                "sum by (route) (app_requests_total) / sum by (code) (app_requests_total)",
                NoData::NoMatch,
                "left by (route), right by (code)",
            ),
            (
                "sum(up{job=\"nobody\"}) / sum(up{job=\"nobody\"})",
                NoData::NoTraffic,
                "the query answers NaN",
            ),
        ];
        for (text, outcome, words) in cases {
            let cause = why(
                &server,
                Known {
                    events: None,
                    interval: Some(Duration::from_secs(1)),
                    ..known(text)
                },
            );
            let line = format!("{}; {}", cause.message, cause.remedy.unwrap_or_default());
            assert_eq!(
                cause.outcome,
                outcome,
                "{}: {text}: {line}",
                server.version()
            );
            assert!(line.contains(words), "{}: {text}: {line}", server.version());
        }
    }
}
