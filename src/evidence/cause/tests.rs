use super::*;
use crate::evidence::outcome::{NoData, Outcome};

const RESTARTS: &str = r#"restarts_total{namespace="shop",pod=~"cart-5478f49d8b-.*"}"#;
const REQUESTS: &str = r#"http_requests_total{namespace="shop",pod=~"cart-5478f49d8b-.*"}"#;
const HASH: &str = "5478f49d8b";

/// What a server answers: numbers by part, and which series it has had.
#[derive(Default, Clone)]
struct Server {
    numbers: Vec<(&'static str, f64)>,
    /// The `match[]` that nothing matches.
    absent: Vec<String>,
    names: Vec<&'static str>,
    values: Vec<&'static str>,
    down: Vec<(&'static str, &'static str)>,
    refuses_witness: bool,
    fails: bool,
}

fn texts(texts: &[&str]) -> Answer {
    Answer::Texts(texts.iter().map(|&text| text.to_owned()).collect())
}

impl Server {
    fn numbers(numbers: &[(&'static str, f64)]) -> Self {
        Server {
            numbers: numbers.to_vec(),
            ..Server::default()
        }
    }

    fn without(mut self, matching: &str) -> Self {
        self.absent.push(matching.to_owned());
        self
    }

    fn answer(&self, ask: &Ask) -> Answer {
        match ask {
            _ if self.fails => Answer::Failed,
            Ask::Query(parts) if self.refuses_witness && parts.iter().any(|p| p.0 == "w") => {
                Answer::Refused
            }
            Ask::Query(parts) => Answer::Numbers(
                self.numbers
                    .iter()
                    .filter(|(name, _)| parts.iter().any(|part| part.0 == *name))
                    .map(|(name, number)| ((*name).to_owned(), *number))
                    .collect(),
            ),
            Ask::Plain(_) => {
                let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
                Answer::Labels(self.down.iter().map(owned).collect())
            }
            Ask::Names { matching: None, .. } => texts(&self.names),
            Ask::Names {
                matching: Some(matching),
                ..
            } if self.absent.contains(matching) => texts(&[]),
            Ask::Names { .. } => texts(&["x"]),
            Ask::Values { .. } => texts(&self.values),
        }
    }

    fn why(&self, known: Known) -> (Cause, Vec<Ask>) {
        let mut question = Question::new(known);
        let mut asked = Vec::new();
        while let Some(ask) = question.next() {
            assert_eq!(question.next(), Some(ask.clone()), "it waits for an answer");
            question.answer(self.answer(&ask));
            asked.push(ask);
        }
        let look_ups = asked.iter().filter(|ask| ask.is_look_up()).count();
        assert!(look_ups <= MOST_LOOK_UPS, "{asked:?}");
        assert!(asked.len() <= MOST_LOOK_UPS + 5, "{asked:?}");
        (question.finish(), asked)
    }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A run that is 10 minutes old, scraped once a minute.
fn known(witness: &str, selectors: &[(&str, u64, State)]) -> Known {
    Known {
        witness: Some(witness.to_owned()),
        subjects: selectors
            .iter()
            .map(|(selector, window, state)| {
                let window = (*window > 0).then(|| seconds(*window));
                let subject = Subject::of(selector, window).expect("a selector");
                subject.in_state(*state)
            })
            .collect(),
        age: Some(minutes(10)),
        interval: Some(minutes(1)),
        hash: Some(HASH.to_owned()),
        ..Known::default()
    }
}

fn young(mut known: Known, age: u64) -> Known {
    known.age = Some(seconds(age));
    known
}

fn with_events(mut known: Known, min_events: Option<f64>) -> Known {
    known.events = Some(("sum(increase(x[5m]))".to_owned(), Some(minutes(5))));
    known.min_events = min_events;
    known
}

fn witnessed(mut known: Known) -> Known {
    known.has_witness = true;
    known
}

fn restarts() -> Known {
    known(
        &format!("sum(increase({RESTARTS}[1m]))"),
        &[(RESTARTS, 60, State::NotAsked)],
    )
}

fn share() -> Known {
    let witness = format!("sum(rate({REQUESTS}[5m])) / sum(rate({REQUESTS}[5m]))");
    with_events(known(&witness, &[(REQUESTS, 300, State::NotAsked)]), None)
}

fn gauge(state: State) -> Known {
    let selector = r#"app_ready{pod=~"cart-5478f49d8b-.*"}"#;
    known(&format!("min({selector})"), &[(selector, 0, state)])
}

const ALIVE: [(&str, f64); 3] = [("k0", 3.0), ("l0", 3.0), ("u", 0.5)];

fn alive(more: &[(&'static str, f64)]) -> Server {
    Server::numbers(&[&ALIVE[..], more].concat())
}

/// A name, what is known and what the server has; outcome, message and remedy.
type Case<'a> = (&'a str, Known, Server, NoData, &'a str, Option<&'a str>);

#[test]
fn the_first_cause_of_the_list_is_told() {
    let misspelt = r#"http_requests_total{namespace="shp",code=~"5.."}"#;
    let misspelt = || {
        known(
            &format!("sum(rate({misspelt}[5m]))"),
            &[(misspelt, 300, State::Absent)],
        )
    };
    let erors = || {
        known(
            "sum(rate(app_erors_total[5m]))",
            &[("app_erors_total", 300, State::Absent)],
        )
    };
    let jobs = |state| {
        known(
            "sum(increase(jobs_failed_total[1h]))",
            &[("jobs_failed_total", 3600, state)],
        )
    };
    let join = || {
        known(
            "sum by (route)(e) / sum by (path)(t)",
            &[("e", 0, State::NotAsked), ("t", 0, State::NotAsked)],
        )
    };
    let joined = [("k0", 1.0), ("l0", 1.0), ("k1", 1.0), ("l1", 1.0)];
    let nobody = |server: Server, names: &[&'static str], values: &[&'static str]| Server {
        names: names.to_vec(),
        values: values.to_vec(),
        ..server
    };
    let down = || Server {
        down: vec![("job", "web"), ("instance", "10.0.0.9:80")],
        ..Server::numbers(&[("k0", 3.0), ("d0", 1.0)])
    };
    let born = "a counter born with its first error: initialise it, or set eventsQuery";
    let did_you_mean = format!("did you mean app_errors_total; {born}");
    let cases: Vec<Case<'_>> = vec![
        (
            "a misspelt metric",
            erors(),
            nobody(
                Server::numbers(&[("u", 1.0)]).without("app_erors_total"),
                &["app_errors_total", "up"],
                &[],
            ),
            NoData::MetricUnknown,
            "no data: app_erors_total had no series in the last 7 days",
            Some(&did_you_mean),
        ),
        (
            "a metric like no other",
            erors(),
            nobody(
                Server::numbers(&[]).without("app_erors_total"),
                &["up"],
                &[],
            ),
            NoData::MetricUnknown,
            "no data: app_erors_total had no series in the last 7 days",
            Some(born),
        ),
        (
            "a gauge that was never there",
            gauge(State::Absent),
            Server::numbers(&[]).without("app_ready"),
            NoData::MetricUnknown,
            "no data: app_ready had no series in the last 7 days",
            None,
        ),
        (
            "6, 11, 16, 29: a misspelt namespace",
            misspelt(),
            nobody(
                Server::numbers(&[]).without(r#"http_requests_total{namespace="shp"}"#),
                &[],
                &["cart", "shop", "web", "a", "b", "c"],
            ),
            NoData::LabelValueUnknown,
            r#"no data: http_requests_total has no series with namespace="shp""#,
            Some(r#"nearest value "shop"; values seen "cart", "shop", "web", "a", "b", …"#),
        ),
        (
            "a label that the metric does not have",
            misspelt(),
            Server::numbers(&[]).without(r#"http_requests_total{namespace="shp"}"#),
            NoData::LabelValueUnknown,
            r#"no data: http_requests_total has no series with namespace="shp""#,
            Some("http_requests_total has no label namespace"),
        ),
        (
            "each matcher, but not all",
            misspelt(),
            Server::numbers(&[]).without(r#"http_requests_total{namespace="shp",code=~"5.."}"#),
            NoData::LabelValueUnknown,
            r#"no data: http_requests_total has series with each, but none with all of namespace="shp", code=~"5..""#,
            None,
        ),
        (
            "a canary never scraped, long after",
            gauge(State::Absent),
            nobody(
                Server::numbers(&[]).without(r#"app_ready{pod=~"cart-5478f49d8b-.*"}"#),
                &[],
                &["cart-7d4b9c6f5-x2x4z"],
            ),
            NoData::LabelValueUnknown,
            r#"no data: app_ready has no series with pod=~"cart-5478f49d8b-.*""#,
            Some(r#"values seen "cart-7d4b9c6f5-x2x4z""#),
        ),
        (
            "a canary not yet scraped",
            young(gauge(State::Absent), 12),
            Server::numbers(&[]).without(r#"app_ready{pod=~"cart-5478f49d8b-.*"}"#),
            NoData::TooEarly,
            "no data yet: no sample of app_ready since the run started 12s ago",
            None,
        ),
        (
            "the same where fresh data were not asked for",
            young(gauge(State::NotAsked), 12),
            Server::numbers(&[("u", 1.0)]),
            NoData::TooEarly,
            "no data yet: no sample of app_ready since the run started 12s ago",
            None,
        ),
        (
            "a misspelt namespace is told at once",
            young(share(), 12),
            nobody(
                Server::numbers(&[]).without(r#"http_requests_total{namespace="shop"}"#),
                &[],
                &["shops"],
            ),
            NoData::LabelValueUnknown,
            r#"no data: http_requests_total has no series with namespace="shop""#,
            Some(r#"nearest value "shops"; values seen "shops""#),
        ),
        (
            "a late server",
            gauge(State::Stale),
            Server::numbers(&[("k0", 1.0), ("l0", 1.0), ("u", 150.2)]),
            NoData::ServerLags,
            "no data: the server lags 2m30s",
            Some("set delay: 2m31s"),
        ),
        (
            "a late server, asked late already",
            Known {
                delay: minutes(1),
                ..gauge(State::Stale)
            },
            Server::numbers(&[("k0", 1.0), ("l0", 1.0), ("u", 150.0)]),
            NoData::ServerLags,
            "no data: the server lags 2m30s",
            Some("set delay: 3m30s"),
        ),
        (
            "its target is down",
            gauge(State::Absent),
            down(),
            NoData::TargetDown,
            r#"no data: target 10.0.0.9:80 (job "web") is down"#,
            None,
        ),
        (
            "its target was never up",
            gauge(State::Absent),
            Server {
                numbers: vec![("d0", 1.0)],
                ..down()
            }
            .without(r#"app_ready{pod=~"cart-5478f49d8b-.*"}"#),
            NoData::TargetDown,
            r#"no data: target 10.0.0.9:80 (job "web") is down"#,
            None,
        ),
        (
            "its target went down since the run began",
            young(gauge(State::Stale), 40),
            Server {
                numbers: vec![("k0", 1.0), ("d0", 3.0)],
                ..down()
            },
            NoData::TargetDown,
            r#"no data: target 10.0.0.9:80 (job "web") is down, and 2 more"#,
            None,
        ),
        (
            "its target is down, which one cannot be told",
            gauge(State::Absent),
            Server::numbers(&[("d0", 1.0), ("k0", 1.0)]),
            NoData::TargetDown,
            r#"no data: a target of up{pod=~"cart-5478f49d8b-.*"} is down"#,
            None,
        ),
        (
            "23: a dead exporter, the window still full",
            witnessed(jobs(State::Stale)),
            Server::numbers(&[("k0", 1.0), ("m0", 20.0), ("w", 1.0), ("t", 2412.0)]),
            NoData::SeriesEnded,
            "no data: jobs_failed_total ended 40m ago",
            Some("is the exporter running"),
        ),
        (
            "28: gone, and no window",
            gauge(State::NotAsked),
            Server::numbers(&[("k0", 1.0), ("t", 372.0)]),
            NoData::SeriesEnded,
            "no data: app_ready ended 6m ago",
            Some("is the exporter running"),
        ),
        (
            "gone for less than two scrapes",
            Known {
                interval: Some(minutes(5)),
                ..gauge(State::NotAsked)
            },
            Server::numbers(&[("k0", 1.0), ("t", 372.0)]),
            NoData::Unexplained,
            "no data: the query answered nothing",
            None,
        ),
        (
            "gone before the last hour",
            gauge(State::Absent),
            Server::numbers(&[]),
            NoData::SeriesEnded,
            "no data: app_ready ended more than 1h ago",
            Some("is the exporter running"),
        ),
        (
            "gone long before a young run",
            young(gauge(State::Absent), 30),
            Server::numbers(&[("k0", 1.0), ("t", 2400.0)]),
            NoData::SeriesEnded,
            "no data: app_ready ended 40m ago",
            Some("is the exporter running"),
        ),
        (
            "26: nothing since a young run began",
            young(gauge(State::Stale), 30),
            Server::numbers(&[("k0", 1.0), ("l0", 1.0), ("t", 200.0), ("w", 1.0)]),
            NoData::TooEarly,
            "no data yet: no sample of app_ready since the run started 30s ago",
            None,
        ),
        (
            "13, 24: due",
            young(witnessed(gauge(State::Due(1))), 5),
            alive(&[("w", 1.0)]),
            NoData::TooEarly,
            "no data yet: 1 series is due for its next scrape",
            None,
        ),
        (
            "several are due",
            young(witnessed(gauge(State::Due(3))), 5),
            alive(&[("w", 1.0)]),
            NoData::TooEarly,
            "no data yet: 3 series are due for their next scrape",
            None,
        ),
        (
            "25: stable pods answer",
            young(witnessed(gauge(State::OnlyStable)), 35),
            alive(&[("w", 1.0)]),
            NoData::TooEarly,
            "no data yet: only stable pods so far",
            None,
        ),
        (
            "12: scraped once a minute, crashing or not",
            restarts(),
            alive(&[("m0", 1.0)]),
            NoData::OneSample,
            "no data: the window [1m] holds one sample (scrape interval 1m0s)",
            Some("use [4m]"),
        ),
        (
            "the same where the crashing pod's own scrape fails",
            restarts(),
            alive(&[("m0", 1.0), ("d0", 1.0)]),
            NoData::OneSample,
            "no data: the window [1m] holds one sample (scrape interval 1m0s)",
            Some("use [4m]"),
        ),
        (
            "an interval that was measured",
            Known {
                interval: Some(Duration::from_millis(56_250)),
                ..restarts()
            },
            alive(&[]),
            NoData::OneSample,
            "no data: the window [1m] holds no sample (scrape interval 56.25s)",
            Some("use [4m]"),
        ),
        (
            "an interval that nobody said",
            Known {
                interval: None,
                ..restarts()
            },
            alive(&[("m0", 1.0)]),
            NoData::OneSample,
            "no data: the window [1m] holds one sample (scrape interval 1m0s assumed)",
            Some("use [4m]"),
        ),
        (
            "a series that was just born",
            share(),
            alive(&[("m0", 1.0)]),
            NoData::OneSample,
            "no data: the window [5m] holds one sample (scrape interval 1m0s)",
            Some("wait for the next scrape"),
        ),
        (
            "4, 5, 30: idle",
            share(),
            alive(&[("m0", 5.0), ("w", 1.0), ("e", 0.0)]),
            NoData::NoTraffic,
            "no data: no traffic: 0 events in 5m",
            Some("send traffic"),
        ),
        (
            "idle, where NaN is dropped",
            share(),
            alive(&[("m0", 5.0), ("e", 0.0)]),
            NoData::NoTraffic,
            "no data: no traffic: 0 events in 5m",
            Some("send traffic"),
        ),
        (
            "9: none of nothing",
            witnessed(share()),
            alive(&[("m0", 5.0), ("w", 1.0), ("e", 0.0)]),
            NoData::NoTraffic,
            "no data: no traffic: 0 events in 5m",
            Some("send traffic, or minEvents: 0"),
        ),
        (
            "19, 22: NaN, and no events to count",
            gauge(State::Fresh),
            alive(&[("w", 2.0)]),
            NoData::NoTraffic,
            "no data: no traffic: the query answers NaN",
            Some("send traffic"),
        ),
        (
            "NaN of something else",
            share(),
            alive(&[("m0", 5.0), ("w", 1.0), ("e", 12.5)]),
            NoData::NoTraffic,
            "no data: the query answers NaN, with 12 events in 5m",
            Some("send traffic"),
        ),
        (
            "20: a join without a match",
            join(),
            Server::numbers(
                &[&joined[..], &[("u", 1.0), ("left0", 2.0), ("right0", 1.0)]].concat(),
            ),
            NoData::NoMatch,
            "no data: both sides have series, but none match: left by (route), right by (path)",
            Some("match with on(…) or aggregate both sides alike"),
        ),
        (
            "a side that answers nothing although its selectors do",
            join(),
            Server::numbers(&[&joined[..], &[("right0", 1.0)]].concat()),
            NoData::Unexplained,
            "no data: the query answered nothing",
            None,
        ),
        (
            "12 of 50",
            with_events(witnessed(share()), Some(50.0)),
            alive(&[("m0", 5.0), ("w", 1.0), ("e", 12.2)]),
            NoData::TooFewEvents,
            "no data: not enough data: 12 of 50 events in 5m",
            None,
        ),
        (
            "nearly enough",
            with_events(witnessed(share()), Some(50.0)),
            alive(&[("m0", 5.0), ("w", 1.0), ("e", 49.97)]),
            NoData::TooFewEvents,
            "no data: not enough data: 49.9 of 50 events in 5m",
            None,
        ),
        (
            "nothing that explains it",
            share(),
            alive(&[("m0", 5.0), ("e", 7.0)]),
            NoData::Unexplained,
            "no data: the query answered nothing",
            None,
        ),
        (
            "no answer to anything",
            share(),
            Server {
                fails: true,
                ..Server::default()
            },
            NoData::Unexplained,
            "no data: the query answered nothing",
            None,
        ),
        (
            "no answer, but too early all the same",
            young(gauge(State::Absent), 12),
            Server {
                fails: true,
                ..Server::default()
            },
            NoData::TooEarly,
            "no data yet: no sample of app_ready since the run started 12s ago",
            None,
        ),
        (
            "a witness that is refused says nothing of the selectors",
            jobs(State::NotAsked),
            Server {
                refuses_witness: true,
                ..Server::numbers(&[("k0", 1.0), ("t", 2400.0)])
            },
            NoData::SeriesEnded,
            "no data: jobs_failed_total ended 40m ago",
            Some("is the exporter running"),
        ),
        (
            "a witness that is no PromQL",
            Known {
                witness: Some("sum(rate(http_requests_total)) keep_metric_names".to_owned()),
                ..restarts()
            },
            alive(&[("m0", 1.0)]),
            NoData::OneSample,
            "no data: the window [1m] holds one sample (scrape interval 1m0s)",
            Some("use [4m]"),
        ),
    ];
    for (what, known, server, outcome, message, remedy) in cases {
        let (cause, asked) = server.why(known);
        assert_eq!(
            (cause.outcome, &*cause.message, cause.remedy.as_deref()),
            (outcome, message, remedy),
            "{what}: {asked:#?}"
        );
    }
}

#[test]
fn a_selector_is_no_cause_where_the_witness_does_without_it() {
    let both = |witness: &str| {
        let errors = Subject::of("app_errors_total", Some(minutes(5))).expect("a selector");
        let requests = Subject::of("requests_total", Some(minutes(5))).expect("a selector");
        with_events(
            Known {
                subjects: vec![errors, requests],
                ..known(witness, &[])
            },
            None,
        )
    };
    let server = |numbers: &[(&'static str, f64)]| {
        let requests = [("k1", 1.0), ("l1", 1.0), ("m1", 5.0)];
        Server::numbers(&[&requests, numbers].concat()).without("app_errors_total")
    };
    let witness = "sum(rate(app_errors_total[5m])) / sum(rate(requests_total[5m]))";
    let mut heard = both(witness);
    heard.subjects[0].is_heard = true;
    for (what, known, server, outcome) in [
        (
            "it is missing",
            both(witness),
            server(&[("e", 0.0)]),
            NoData::MetricUnknown,
        ),
        (
            "its exporter was heard",
            heard,
            server(&[("e", 0.0)]),
            NoData::NoTraffic,
        ),
        (
            "the witness answers NaN",
            both(witness),
            server(&[("w", 1.0), ("e", 0.0)]),
            NoData::NoTraffic,
        ),
        (
            "the witness answers",
            witnessed(both(witness)),
            server(&[("w", 1.0), ("e", 0.0)]),
            NoData::NoTraffic,
        ),
        (
            "NaN is of nothing",
            both("vector(scalar(app_errors_total)) + on() requests_total"),
            server(&[("w", 1.0)]),
            NoData::MetricUnknown,
        ),
    ] {
        assert_eq!(server.why(known).0.outcome, outcome, "{what}");
    }
}

#[test]
fn one_sample_is_enough_for_functions_that_need_one() {
    let of = |function: &str| {
        known(
            &format!("{function}({RESTARTS}[1m])"),
            &[(RESTARTS, 60, State::NotAsked)],
        )
    };
    let server = alive(&[("m0", 1.0)]);
    for (function, outcome) in [
        ("rate", NoData::OneSample),
        ("delta", NoData::OneSample),
        ("max_over_time", NoData::Unexplained),
        ("changes", NoData::Unexplained),
    ] {
        assert_eq!(server.why(of(function)).0.outcome, outcome, "{function}");
    }
}

#[test]
fn both_sides_are_named_in_the_words_of_the_query() {
    let server = Server::numbers(&[
        ("k0", 1.0),
        ("k1", 1.0),
        ("l0", 1.0),
        ("l1", 1.0),
        ("left0", 1.0),
        ("right0", 1.0),
    ]);
    for (witness, words) in [
        (
            "sum(e) / on (pod) sum without (a, b) (t)",
            "none match on (pod): left without labels, right without (a, b)",
        ),
        (
            "e and ignoring (code) max_over_time(t[5m])",
            "none match ignoring (code): left with all its labels, right with all its labels",
        ),
        (
            "histogram_quantile(0.9, sum by (le, a) (e)) * (2 * -topk(1, sum by (b) (t)))",
            "none match: left by (le, a), right by (b)",
        ),
        (
            "label_replace(sum by (a) (e), \"b\", \"$1\", \"a\", \"(.*)\") / sum(t)",
            "none match: left by (a, b), right without labels",
        ),
    ] {
        let known = known(
            witness,
            &[("e", 0, State::NotAsked), ("t", 0, State::NotAsked)],
        );
        let (cause, _) = server.why(known);
        assert_eq!(cause.outcome, NoData::NoMatch, "{witness}");
        assert!(
            cause.message.ends_with(words),
            "{witness}: {}",
            cause.message
        );
    }
}

#[test]
fn of_several_joins_the_one_that_drops_everything_is_told() {
    let witness = "(sum by (a) (e) / sum by (b) (t)) * on () group_left () sum(u)";
    let selectors = [
        ("e", 0, State::NotAsked),
        ("t", 0, State::NotAsked),
        ("u", 0, State::NotAsked),
    ];
    let has = [
        ("k0", 1.0),
        ("k1", 1.0),
        ("k2", 1.0),
        ("l0", 1.0),
        ("l1", 1.0),
        ("l2", 1.0),
    ];
    let joins = |numbers: &[(&'static str, f64)]| {
        let (cause, _) = Server::numbers(&[&has, numbers].concat()).why(known(witness, &selectors));
        cause.message
    };
    let inner = joins(&[("left0", 1.0), ("right0", 1.0), ("right1", 1.0)]);
    assert!(inner.ends_with("left by (a), right by (b)"), "{inner}");
    let outer = joins(&[
        ("left0", 1.0),
        ("right0", 1.0),
        ("both0", 1.0),
        ("left1", 1.0),
        ("right1", 1.0),
    ]);
    assert!(outer.contains("none match on ()"), "{outer}");
}

#[test]
fn what_is_asked() {
    let (_, asked) = Server::numbers(&[]).without(RESTARTS).why(Known {
        events: Some(("sum(x) # all".to_owned(), None)),
        ..restarts()
    });
    let lines: Vec<String> = asked
        .iter()
        .map(|ask| match ask {
            Ask::Query(parts) => parts
                .iter()
                .map(|(name, part)| format!("{name}: {part}"))
                .collect::<Vec<_>>()
                .join("\n"),
            Ask::Plain(query) => query.clone(),
            Ask::Names { matching, limit } => format!("names {matching:?} {limit}"),
            Ask::Values {
                label, matching, ..
            } => format!("values {label} {matching}"),
        })
        .collect();
    let wanted = format!(
        "w: count((sum(increase({RESTARTS}[1m]))))
e: sum(x) # all

k0: count(last_over_time({RESTARTS}[1h]))
l0: count({RESTARTS})
m0: max(count_over_time({RESTARTS}[1m]))
d0: count(up{{namespace=\"shop\",pod=~\"cart-5478f49d8b-.*\"}} == 0)
u: min(time() - timestamp(up))"
    );
    assert_eq!(
        lines,
        [
            wanted,
            r#"names Some("restarts_total") 1"#.to_owned(),
            r#"names Some("restarts_total{namespace=\"shop\"}") 1"#.to_owned(),
            r#"names Some("restarts_total{pod=~\"cart-5478f49d8b-.*\"}") 1"#.to_owned(),
            format!("names {:?} 1", Some(RESTARTS)),
        ]
    );
}

#[test]
fn names_and_matchers_are_looked_up_as_every_version_reads_them() {
    for (selector, name, whole) in [
        ("x", Some("x"), "x"),
        (
            r#"{"a.b",c="d"}"#,
            Some(r#"{__name__="a.b"}"#),
            r#"{__name__="a.b",c="d"}"#,
        ),
        (
            r#"{__name__="x",a!="b",c=~"d"}"#,
            Some("x"),
            r#"x{c=~"d",a!="b"}"#,
        ),
        (r#"{job="a",b!="c",d=~".*",e=""}"#, None, r#"{job="a"}"#),
        (r#"{__name__=~"a|b"}"#, None, r#"{__name__=~"a|b"}"#),
        ("x{a='b\"',}", Some("x"), "x{a='b\"'}"),
    ] {
        let subject = Subject::of(selector, None).expect("a selector");
        assert_eq!(subject.by_name().as_deref(), name, "{selector}");
        assert_eq!(subject.whole(), whole, "{selector}");
    }
    assert!(Subject::of("sum(x)", None).is_none());
    assert!(Subject::of("x{", None).is_none());
}

#[test]
fn nameless_selectors_are_not_asked_what_would_be_refused() {
    let selector = r#"{job="web",namespace="shp"}"#;
    let known = known(
        &format!("sum(rate({selector}[5m]))"),
        &[(selector, 300, State::NotAsked)],
    );
    let server = Server {
        values: vec!["shop"],
        ..Server::numbers(&[]).without(r#"{namespace="shp"}"#)
    };
    let (cause, asked) = server.why(known);
    assert_eq!(cause.message, r#"no data: no series has namespace="shp""#);
    assert_eq!(cause.remedy, None);
    for ask in &asked {
        if let Ask::Query(parts) = ask {
            let refused =
                |text: &str| text.contains("count_over_time({") || text.contains("timestamp({");
            assert!(!parts.iter().any(|(_, part)| refused(part)), "{parts:?}");
        }
    }
}

/// Numbers that look like chance and are the same each time (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

const STATES: [State; 6] = [
    State::NotAsked,
    State::Fresh,
    State::Absent,
    State::Stale,
    State::Due(2),
    State::OnlyStable,
];

#[test]
fn it_ends_whatever_is_answered() {
    let mut chance = Chance(7);
    let long = "é\n\"".repeat(500);
    let numbers = [f64::NAN, f64::INFINITY, -1.0, 0.0, 900.0, 1.0, 7.0, 1e300];
    let witnesses = ["(a / b) and on () c", "what is no query"];
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3000 {
        let metric = if chance.below(4) == 0 {
            "m".repeat(3000)
        } else {
            "errors_total".to_owned()
        };
        let subjects = (0..chance.below(12)).map(|index| {
            let selector = format!(
                r#"{metric}{index}{{a="b\n{index}",pod=~"x-{HASH}-.*",job="j",c!="d",namespace="é"}}"#
            );
            let window = (chance.below(2) == 0).then(|| minutes(chance.below(9)));
            let mut subject = Subject::of(&selector, window).expect("a selector");
            subject.has_time = chance.below(5) == 0;
            subject.is_heard = chance.below(5) == 0;
            subject.in_state(STATES[chance.below(6) as usize])
        });
        let subjects: Vec<Subject> = subjects.collect();
        let mut question = Question::new(Known {
            witness: (chance.below(5) > 0).then(|| witnesses[chance.below(2) as usize].to_owned()),
            has_witness: chance.below(3) == 0,
            subjects,
            events: (chance.below(2) == 0).then(|| ("e".to_owned(), Some(minutes(1)))),
            min_events: (chance.below(2) == 0).then_some(5.0),
            age: (chance.below(4) > 0).then(|| seconds(chance.below(900))),
            interval: (chance.below(2) == 0).then(|| Duration::from_millis(chance.below(400_000))),
            delay: Duration::MAX / 2,
            hash: Some(HASH.to_owned()),
            within: (chance.below(3) == 0).then(|| ("namespace".to_owned(), "shop".to_owned())),
        });
        let mut asked: Vec<Ask> = Vec::new();
        while let Some(ask) = question.next() {
            assert!(!asked.contains(&ask), "{ask:?} twice");
            let random = |chance: &mut Chance| numbers[chance.below(8) as usize];
            let answer = match (chance.below(8), &ask) {
                (0, _) => Answer::Failed,
                (1, _) => Answer::Refused,
                (2, _) => texts(&[]),
                (3, _) => texts(&[&long, "a"]),
                (_, Ask::Query(parts)) => Answer::Numbers(
                    parts
                        .iter()
                        .map(|(name, _)| (name.clone(), random(&mut chance)))
                        .filter(|(_, number)| *number != 0.0)
                        .collect(),
                ),
                (_, Ask::Plain(_)) => Answer::Labels(vec![("instance".to_owned(), long.clone())]),
                (limit, _) if limit > 5 => texts(&[]),
                _ => texts(&[&long, "b"]),
            };
            asked.push(ask);
            question.answer(answer);
            assert!(asked.len() <= MOST_LOOK_UPS + 5, "{asked:#?}");
        }
        assert!(asked.iter().filter(|ask| ask.is_look_up()).count() <= MOST_LOOK_UPS);
        let cause = question.finish();
        for line in [Some(&cause.message), cause.remedy.as_ref()]
            .into_iter()
            .flatten()
        {
            assert!(line.len() <= 1000 && !line.contains('\n'), "{line}");
        }
        seen.insert(cause.outcome);
    }
    assert!(seen.len() >= 10, "{seen:?}");
}

#[test]
fn a_question_may_end_before_it_is_answered() {
    let mut question = Question::new(restarts());
    question.answer(Answer::Refused);
    assert!(question.next().is_some());
    let cause = question.finish();
    assert_eq!(cause.outcome, NoData::Unexplained);
    assert_eq!(
        Outcome::NoData(cause.outcome).as_str(),
        "no-data/unexplained"
    );
}

#[test]
fn words_where_nothing_is_asked() {
    let tree = |text: &str| parse(text, Options::default()).expect("it parses").expr;
    let filtered = |text: &str| words::filtered(text, &tree(text)).message;
    for (message, wanted) in [
        (
            words::server_unreachable("prometheus.svc", "connection refused", seconds(90)).message,
            "no answer from prometheus.svc: connection refused, for 1m30s",
        ),
        (
            words::server_unreachable("prometheus.svc", "timeout", Duration::ZERO).message,
            "no answer from prometheus.svc: timeout",
        ),
        (
            words::partial_answer("fetch series from store:\n 10.0.0.1").message,
            "no data: the answer is partial: fetch series from store: 10.0.0.1",
        ),
        (
            words::too_few_events(12.0, 50.0, Some(minutes(5))).message,
            "no data: not enough data: 12 of 50 events in 5m",
        ),
        (
            words::too_few_events(0.4, 1.0, None).message,
            "no data: not enough data: 0.4 of 1 events",
        ),
        (
            filtered("e / t > 0.05"),
            "no data: the comparison \"> 0.05\" removed every value",
        ),
        (
            filtered("max(0.05 < e)"),
            "no data: the comparison \"0.05 <\" removed every value",
        ),
        (
            filtered("e > t"),
            "no data: the comparison \"e > t\" removed every value",
        ),
        (
            filtered("e unless t"),
            "no data: a comparison or join removed every value",
        ),
        (
            words::refused("found duplicate series").message,
            "no data: whether the answer rests on data cannot be asked: found duplicate series",
        ),
        (
            words::fallback_on_data("0"),
            "0 is the query's fallback; data stand behind it",
        ),
        (
            words::fallback_heard("app_errors_total", &["web".to_owned()]),
            "app_errors_total has no series; its exporter (job \"web\") was heard for these pods",
        ),
        (
            words::fallback_heard("x", &["a".to_owned(), "b".to_owned()]),
            "x has no series; its exporter (jobs \"a\", \"b\") was heard for these pods",
        ),
        (
            words::terminated("no data: no traffic: 0 events in 5m"),
            "ended while waiting for data: no data: no traffic: 0 events in 5m",
        ),
    ] {
        assert_eq!(message, wanted);
    }
}

/// All that is asked carries the matcher, and what is told says so.
#[test]
fn nothing_is_asked_of_elsewhere() {
    let within = |known: Known, label: &str| Known {
        within: Some((label.to_owned(), "shop".to_owned())),
        ..known
    };
    for (label, pin) in [
        ("namespace", r#"namespace="shop""#),
        ("k8s.ns", r#""k8s.ns"="shop""#),
    ] {
        let selector = format!("app_ready{{{pin},job=\"web\"}}");
        let known = || {
            let witness = format!("min({selector})");
            within(known(&witness, &[(&selector, 0, State::NotAsked)]), label)
        };
        let name = format!("app_ready{{{pin}}}");
        let unknown = Server {
            names: vec!["app_reddy"],
            ..Server::default()
        };
        let misfit = Server {
            values: vec!["wbe"],
            ..Server::default()
        };
        let job = format!("app_ready{{job=\"web\",{pin}}}");
        for (server, told) in [
            (
                unknown.without(&name),
                format!("app_ready had no series with {pin} in the last 7 days"),
            ),
            (
                misfit.without(&job),
                "app_ready has no series with job=\"web\"".to_owned(),
            ),
            (
                Server::numbers(&[("d0", 1.0)]),
                "no data: a target of up{".to_owned(),
            ),
        ] {
            let (cause, asked) = server.why(known());
            assert!(cause.message.contains(&told), "{}", cause.message);
            for ask in asked {
                let texts = match ask {
                    Ask::Query(parts) => parts.into_iter().map(|(_, part)| part).collect(),
                    Ask::Plain(text) => vec![text],
                    Ask::Names { matching, .. } => vec![matching.unwrap_or_default()],
                    Ask::Values { matching, .. } => vec![matching],
                };
                for text in texts {
                    assert!(text.contains(pin), "{text}");
                }
            }
        }
    }
}
