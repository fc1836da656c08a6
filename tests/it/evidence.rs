//! What is asked beside a query: as the contract's examples tell it, and as real Prometheus servers take it.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use promql_guard::evidence::events::{Events, events};
use promql_guard::evidence::fresh::{Canary, Fresh, Freshness, Selected, State, selected};
use promql_guard::evidence::heard::{self, Candidate, candidates};
use promql_guard::evidence::parts::{Numbers, Parts};
use promql_guard::prometheus::{Answer, Client, Data, Limits, Query, When};
use promql_guard::promql::ast::{Expr, ValueType};
use promql_guard::promql::edit::{apply, replace};
use promql_guard::promql::outcome::Labels;
use promql_guard::promql::zeros::completed;
use promql_guard::promql::{Options, parse};
use promql_guard::text::chain::chain;

use crate::loopback::{Loopback, Reply};
use crate::prometheus;
use crate::real_prometheus::{self, RealPrometheus};

const QUERIES: &str = include_str!("../../benches/queries.txt");

const CART: Canary<'_> = Canary {
    rollout: "cart",
    hash: "5478f49d8b",
};

/// A text as it is sent, and its tree.
struct Sent {
    text: String,
    expr: Expr,
    labels: Labels,
}

impl Sent {
    /// With zeros written in. `E`, `T`, `EI`, `TI` and `H` stand for what the contract's eleventh section calls so.
    fn of(query: &str) -> Self {
        let h = r#"namespace="shop",pod=~"cart-5478f49d8b-.*""#;
        let mut text = query.to_owned();
        for (word, what) in [
            (
                "EI",
                r#"sum(increase(http_requests_total{H,code=~"5.."}[5m]))"#,
            ),
            ("TI", "sum(increase(http_requests_total{H}[5m]))"),
            ("E", r#"sum(rate(http_requests_total{H,code=~"5.."}[5m]))"#),
            ("T", "sum(rate(http_requests_total{H}[5m]))"),
        ] {
            let words = text
                .split(' ')
                .map(|own| match own.trim_matches(['(', ')']) == word {
                    true => own.replace(word, what),
                    false => own.to_owned(),
                });
            text = words.collect::<Vec<_>>().join(" ");
        }
        Self::completed(&text.replace("{H", &format!("{{{h}")))
    }

    fn completed(text: &str) -> Self {
        let labels = Labels::default();
        let expr = tree(text);
        let edits: Vec<_> = completed(text, &expr, &labels)
            .iter()
            .map(|sum| replace(sum.span, sum.completed(sum.span.of(text))))
            .collect();
        let text = apply(text, &edits).expect("sums do not overlap");
        let expr = tree(&text);
        Sent { text, expr, labels }
    }

    fn selected(&self) -> Vec<Selected> {
        selected(&self.text, &self.expr, &self.labels)
    }

    fn events(&self) -> Option<Events> {
        events(&self.text, &self.expr, &self.labels)
    }

    fn candidates(&self, selected: &[Selected], fresh: &Fresh) -> Vec<Candidate> {
        candidates(&self.text, &self.expr, &self.labels, selected, Some(fresh)).unwrap_or_default()
    }

    /// All that E can hold but the witness.
    fn parts(&self, freshness: &Freshness<'_>) -> Parts {
        let mut parts = Parts::default();
        if let Some(events) = self.events() {
            parts.push("e", events.expr);
        }
        freshness.ask(&mut parts, true);
        parts
    }
}

fn tree(text: &str) -> Expr {
    parse(text, Options::default())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .expr
}

fn freshness(selected: &[Selected], age: u64) -> Freshness<'_> {
    Freshness {
        selected,
        age: Duration::from_secs(age),
        scrape_interval: None,
        canary: Some(CART),
        fresh_data: true,
    }
}

fn names(parts: &Parts) -> String {
    let query = parts.query();
    let names = query.split("\"__part__\", \"").skip(1);
    let names: Vec<_> = names.filter_map(|rest| rest.split('"').next()).collect();
    names.join(" ")
}

/// Number in the contract's eleventh section, query, age in seconds; the parts that are asked but the witness, and the
/// metrics that may be missing.
#[test]
fn the_worked_examples_are_asked_as_told() {
    for (number, query, age, wanted, missing) in [
        (1, "E / T", 600, "e", ""),
        (1, "E / T", 60, "e s1 o1 d1 c1 r1 n1", ""),
        (
            7,
            r#"sum(rate(x{H,code=~"2.."}[5m])) / sum(rate(x{H}[5m]))"#,
            600,
            "e",
            "",
        ),
        (8, "EI or vector(0)", 600, "e s1 o1", "http_requests_total"),
        (
            12,
            "sum(increase(restarts_total{H}[1m])) or vector(0)",
            600,
            "",
            "",
        ),
        (
            13,
            "sum(increase(restarts_total{H}[1m])) or vector(0)",
            1,
            "s1 o1 d1 c1 r1 n1",
            "",
        ),
        (
            15,
            "sum(increase(app_errors_total{H}[5m])) or vector(0)",
            600,
            "s1 o1",
            "app_errors_total",
        ),
        (
            17,
            r#"sum(waiting_reason{H,reason="CrashLoopBackOff"}) or vector(0)"#,
            90,
            "s1 o1 d1 c1 r1 n1",
            "waiting_reason",
        ),
        (
            19,
            "E / (T > 0) or vector(0)",
            600,
            "e s1 o1",
            "http_requests_total",
        ),
        (
            20,
            "sum by (route) (rate(e{H}[5m])) / sum by (path) (rate(t{H}[5m])) or on() vector(0)",
            600,
            "e",
            "",
        ),
        (21, "E / T > 0.05", 600, "e", ""),
        (22, "E / T > bool 0.05", 600, "e", ""),
        (
            23,
            "sum(increase(jobs_failed_total{H}[1h]))",
            2400,
            "s1 o1 n1",
            "",
        ),
        (
            23,
            "sum(increase(jobs_failed_total{H}[1h])) or vector(0)",
            2400,
            "s1 o1 n1",
            "jobs_failed_total",
        ),
        (24, "min(app_ready{H})", 5, "s1 o1 d1 c1 r1 n1", ""),
        (
            27,
            "sum(rate(e{H}[5m])) / sum(rate(e{H}[5m] offset 1h))",
            15,
            "e s1 o1 d1 c1 r1 n1",
            "",
        ),
        (28, "absent(up{H})", 600, "", ""),
        (
            30,
            "histogram_quantile(0.9, sum by (le) (rate(h_bucket{H}[5m])))",
            600,
            "e",
            "",
        ),
    ] {
        let sent = Sent::of(query);
        let selected = sent.selected();
        let freshness = freshness(&selected, age);
        assert_eq!(
            names(&sent.parts(&freshness)),
            wanted,
            "{number}: {}",
            sent.text
        );
        let nothing = freshness.read(&Numbers::default());
        let found = sent.candidates(&selected, &nothing);
        let found: Vec<_> = found
            .iter()
            .map(|candidate| candidate.metric.as_str())
            .collect();
        assert_eq!(found.join(" "), missing, "{number}: {}", sent.text);
    }
}

/// The contract's words that no worked example holds.
const MORE: [&str; 12] = [
    r#"{job="a",code=~"5.."} or vector(0)"#,
    r#"count({__name__=~"a|b"}) / {job="a"}"#,
    r#"max_over_time((sum(rate(x{code="500"}[1m])) / sum(rate(x[1m])))[10m:1m])"#,
    r#"sum(rate(x{code="500"}[5m] offset 1h)) / (sum(rate(x[5m] offset 1h)) + sum(rate(y[5m])))"#,
    "histogram_quantile(0.9, sum(rate(h[5m])))",
    r#"absent(ALERTS{alertname="X",severity="critical"})"#,
    r#"sum(x_errors_total{pod=~'a\\d'} # why
) or vector(0)"#,
    "a @ 5 + b offset 5m + c",
    "topk(scalar(n_errors or vector(1)), x)",
    "(a_errors or vector(0)) + (b_errors or vector(0)) + (c_failed or vector(0))",
    r#"{__name__="a.b",c="d"} or vector(0)"#,
    r#"sum by (pod) (sum_over_time(x{reason=~"Error|OOMKilled"}[1h:])) or vector(0)"#,
];

/// Every text that is asked beside these: E of a young and of an old run, and H.
fn requests(query: &str) -> Vec<String> {
    let sent = Sent::completed(query);
    let selected = sent.selected();
    let mut requests: Vec<_> = [75, 600]
        .iter()
        .map(|age| sent.parts(&freshness(&selected, *age)))
        .filter(|parts| !parts.is_empty())
        .map(|parts| parts.query())
        .collect();
    let nothing = freshness(&selected, 75).read(&Numbers::default());
    let candidates = sent.candidates(&selected, &nothing);
    if !candidates.is_empty() && sent.expr.value_type == ValueType::Vector {
        let jobs = vec![vec!["web".to_owned(), "a/b.c".to_owned()]; candidates.len()];
        let range = Duration::from_secs(75);
        requests.push(heard::ask(&candidates, &jobs, &sent.text, range).query());
    }
    requests
}

/// Pods whose metrics differ in the name alone, which series without a fixed name must bear.
const METRICS: &str = r#"# TYPE a_total counter
a_total{pod="cart-5478f49d8b-bcdfg",code="200"} 5
a_total{pod="cart-5478f49d8b-bcdfg",code="500"} 1
# TYPE b_total counter
b_total{pod="cart-5478f49d8b-bcdfg",code="500"} 1
# TYPE ready gauge
ready{pod="cart-5478f49d8b-bcdfg"} 1
ready{pod="cart-84c9d7bd6c-x2x4z"} 1
"#;

const CONFIGURATION: &str = "global:
  scrape_interval: 1s
scrape_configs:
  - job_name: web
    static_configs:
      - targets: [\"EXPORTER\"]
";

fn servers() -> Vec<(RealPrometheus, Loopback)> {
    let servers: Vec<_> = real_prometheus::binaries()
        .iter()
        .map(|binary| {
            let exporter = Loopback::serve(|_| {
                Reply::new(
                    200,
                    &[("Content-Type", "text/plain; version=0.0.4")],
                    METRICS,
                )
            });
            let target = exporter.socket.to_string();
            let configuration = CONFIGURATION.replace("EXPORTER", &target);
            (RealPrometheus::start(binary, &configuration), exporter)
        })
        .collect();
    for (server, _) in &servers {
        server.wait_for_result("count(ready) == 2");
    }
    servers
}

async fn ask(client: &Client, server: &RealPrometheus, text: &str) -> Answer {
    let query = Query {
        text: text.to_owned(),
        when: When::Instant(Timestamp::now()),
        ..prometheus::up()
    };
    let answer = client
        .query(
            &prometheus::server(&server.url()),
            &query,
            &Limits::default(),
        )
        .await;
    answer.unwrap_or_else(|error| panic!("{}: {}\n{text}", server.version(), chain(&error)))
}

fn numbers(answer: &Answer) -> Numbers {
    let Data::Vector(samples) = &answer.data else {
        panic!("no vector");
    };
    let samples = samples.iter();
    Numbers::of(samples.map(|sample| (sample.labels.as_slice(), sample.value)))
}

#[tokio::test]
async fn real_servers_take_what_is_asked() {
    let queries = QUERIES.trim_end().split("\n---\n").skip(1).chain(MORE);
    // With the setting `fallback` too.
    let texts: BTreeSet<String> = queries
        .flat_map(|query| [query.to_owned(), format!("({query}\n) or on() vector(0)")])
        .flat_map(|query| requests(&query))
        .collect();
    assert!(texts.len() > 300, "{} requests", texts.len());
    let client = prometheus::client();
    for (server, _exporter) in servers() {
        for text in &texts {
            ask(&client, &server, text).await;
        }
    }
}

/// The answers of real servers that scrape two pods, one of them the canary's.
#[tokio::test]
async fn real_servers_answer_what_is_meant() {
    let client = prometheus::client();
    for (server, _exporter) in servers() {
        let version = server.version();
        // Two samples make an increase.
        server.wait_for_result("increase(a_total[4m])");
        let everything = r#"{pod=~"cart-.*",code=~"5.."} or vector(0)"#;
        for (query, age, answered, wanted) in [
            ("ready", 60_000, "s1=2 o1=2 c1=1 r1=2", State::Fresh),
            ("ready", 1, "o1=2 d1=2", State::Stale),
            (
                r#"ready{pod!~"cart-5478.*"}"#,
                60_000,
                "s1=1 o1=1",
                State::Fresh,
            ),
            (
                r#"ready{pod=~"cart-.*-(x2x4z|bcdfg|bcdfh)",pod!="cart-5478f49d8b-bcdfg"}"#,
                60_000,
                "s1=1 o1=1",
                State::Fresh,
            ),
            (everything, 60_000, "s1=5 o1=5 c1=4 r1=5", State::Fresh),
            (everything, 1, "o1=5 d1=5", State::Stale),
            ("nothing", 60_000, "", State::Absent),
            (
                "max_over_time(ready[1h:1m])",
                600_000,
                "s1=2 o1=2",
                State::Fresh,
            ),
            (
                r#"sum(increase(a_total{code="500"}[4m]))"#,
                60_000,
                "s1=2 o1=2 c1=2 r1=2 e=0",
                State::Fresh,
            ),
        ] {
            let sent = Sent::of(query);
            let selected = sent.selected();
            let freshness = Freshness {
                age: Duration::from_millis(age),
                ..freshness(&selected, 0)
            };
            let answer = ask(&client, &server, &sent.parts(&freshness).query()).await;
            let numbers = numbers(&answer);
            let found: Vec<_> = ["s1", "o1", "d1", "c1", "r1", "n1", "e"]
                .iter()
                .filter_map(|name| Some(format!("{name}={}", numbers.get(name)?)))
                .collect();
            assert_eq!(found.join(" "), answered, "{version}: {query}");
            let fresh = freshness.read(&numbers);
            assert_eq!(fresh.states, [wanted], "{version}: {query}");
        }
    }
}

/// Its exporter is there, so that the counter that was never born is believed to be zero; elsewhere it is not.
#[tokio::test]
async fn exporters_are_heard_by_real_servers() {
    let client = prometheus::client();
    for (server, _exporter) in servers() {
        for (pods, job, wanted) in [
            ("cart-5478f49d8b-.*", "web", true),
            ("cart-5478f49d8b-.*", "wob", false),
            ("nobody-.*", "web", false),
        ] {
            let sent = Sent::of(&format!(
                r#"sum(increase(app_errors_total{{pod=~"{pods}"}}[5m])) or vector(0)"#
            ));
            let selected = sent.selected();
            let freshness = freshness(&selected, 600);
            let request = sent.parts(&freshness).query();
            let fresh = freshness.read(&numbers(&ask(&client, &server, &request).await));
            assert_eq!(fresh.states, [State::Absent]);
            let candidates = sent.candidates(&selected, &fresh);
            let jobs = vec![vec![job.to_owned()]];
            let parts = heard::ask(&candidates, &jobs, &sent.text, freshness.range());
            let answer = ask(&client, &server, &parts.query()).await;
            let is_heard = heard::is_heard(&candidates, &numbers(&answer));
            assert_eq!(is_heard, wanted, "{}: {pods} {job}", server.version());
        }
    }
}
