use super::*;
use crate::promql::outcome::Labels;
use crate::promql::{Options, Query, parse};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const CART: Canary<'_> = Canary {
    rollout: "cart",
    hash: "5478f49d8b",
};

fn query(text: &str) -> Query {
    parse(text, Options::default()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn select(text: &str) -> Vec<Selected> {
    selected(text, &query(text).expr, &Labels::default())
}

fn freshness(selected: &[Selected], age: Duration) -> Freshness<'_> {
    Freshness {
        selected,
        age,
        scrape_interval: None,
        canary: None,
        fresh_data: true,
    }
}

fn asked(freshness: &Freshness<'_>, asks_witness: bool) -> String {
    let mut parts = Parts::default();
    freshness.ask(&mut parts, asks_witness);
    let query = parts.query();
    if !parts.is_empty() {
        self::query(&query);
    }
    query
}

/// The names of the parts that are asked.
fn names(freshness: &Freshness<'_>, asks_witness: bool) -> String {
    let query = asked(freshness, asks_witness);
    let names = query.split("\"__part__\", \"").skip(1);
    let names: Vec<_> = names.filter_map(|rest| rest.split('"').next()).collect();
    names.join(" ")
}

fn numbers(text: &str) -> Numbers {
    let samples: Vec<_> = text
        .split_whitespace()
        .filter_map(|part| part.split_once('='))
        .map(|(name, number)| {
            let labels = vec![("__part__".to_owned(), name.to_owned())];
            (labels, number.parse::<f64>().expect("a number"))
        })
        .collect();
    Numbers::of(samples.iter().map(|(l, n)| (l.as_slice(), *n)))
}

#[test]
fn selectors_of_the_witness() {
    for (text, wanted) in [
        ("1", ""),
        ("x", "x"),
        ("sum(rate(x{ a = \"b\" , } [5m]))", "x{a=\"b\"} 300s"),
        ("x{a=\"b\" # why\n,c=\"d\"}", "x{a=\"b\",c=\"d\"}"),
        ("{\"a.b\", c=\"d\"}", "{\"a.b\",c=\"d\"}"),
        ("x{\"a b\" = 'c'}", "x{\"a b\"='c'}"),
        ("{__name__=\"x\"} + x", "{__name__=\"x\"}"),
        ("x{b=\"1\",a=\"2\"} / x{a='2',b='1'}", "x{b=\"1\",a=\"2\"}"),
        ("rate(x[1m]) / rate(x[10m])", "x 600s"),
        ("x / rate(x[10m])", "x 600s"),
        ("max_over_time(rate(x[1m])[10m:1m])", "x 660s"),
        ("max_over_time(x[10m:1m])", "x 600s"),
        ("e / (e offset 1h)", "e, e time"),
        (
            "e @ 5 / max_over_time(t[5m:] offset 1h)",
            "e time, t 300s time",
        ),
        ("x unless on() y{a=\"b\"}", "x"),
        ("x and on() y", "x, y"),
        ("topk(scalar(n), x)", "n, x"),
        ("x{code=~\"5..\"}", "x failures"),
        ("x{code!~\"2..\",a=\"b\"}", "x{a=\"b\"} failures"),
        ("x{code=~\"2..\"}", "x{code=~\"2..\"}"),
        ("{code=~\"5..\"}", "{code=~\"5..\"} failures"),
        (
            "(sum(x{code=~\"5..\"}) or 0 * sum(x)) / sum(x)",
            "x failures",
        ),
        (
            "(sum(x{code=~\"5..\"}) or 0 * sum(x)) or vector(0)",
            "x failures fallback missing",
        ),
        ("sum(x) or vector(0)", "x fallback"),
        (
            "vector(0) or sum(x_errors_total)",
            "x_errors_total fallback missing",
        ),
        (
            "(x_errors_total or on() vector(0)) / x",
            "x_errors_total fallback missing, x",
        ),
        ("absent(x_failed)", "x_failed fallback missing"),
        ("absent_over_time(up[5m])", "up 300s fallback"),
        (
            "ALERTS{alertname=\"X\"} or vector(0)",
            "ALERTS{alertname=\"X\"} fallback missing",
        ),
        ("x_errors_total or y", "x_errors_total, y"),
        (
            "{code=~\"5..\",a=\"b\"} or vector(0)",
            "{a=\"b\"} failures fallback",
        ),
        // Neither is what both would be.
        ("(x or vector(0)) / x{code=\"500\"}", "x failures fallback"),
        (
            "a+b+c+d+e+f+g+h+i+j+(k offset 1m)",
            "a, b, c, d, e, f, g, h, k time",
        ),
    ] {
        let found: Vec<_> = select(text)
            .iter()
            .map(|own| {
                let mut line = own.selector.clone();
                if let Some(window) = own.window {
                    line += &format!(" {}s", window.as_secs());
                }
                for (holds, word) in [
                    (own.has_time, " time"),
                    (own.picked_failures, " failures"),
                    (own.stands_under_fallback, " fallback"),
                    (!own.may_be_missing.is_empty(), " missing"),
                ] {
                    line += if holds { word } else { "" };
                }
                line
            })
            .collect();
        assert_eq!(found.join(", "), wanted, "`{text}`");
    }
}

#[test]
fn where_they_stand() {
    let text = "(sum(rate(x{code=~\"5..\"}[5m])) or 0 * sum(rate(x[5m]))) / sum(x offset 1m)";
    let found = select(text);
    let places: Vec<Vec<_>> = found
        .iter()
        .map(|own| own.spans.iter().map(|span| span.of(text)).collect())
        .collect();
    assert_eq!(places, [vec!["x{code=~\"5..\"}", "x"], vec!["x"]]);
}

/// The request of the contract's seventh section, without its first two parts.
#[test]
fn a_young_run_is_asked_everything() {
    let text = "(sum(increase(http_requests_total{namespace=\"shop\",pod=~\"cart-.*\",code=~\"5..\"}[4m])) \
        or 0 * sum(increase(http_requests_total{namespace=\"shop\",pod=~\"cart-.*\"}[4m]))) or vector(0)";
    let selected = select(text);
    let freshness = Freshness {
        canary: Some(CART),
        ..freshness(&selected, 75 * SECOND)
    };
    assert_eq!(
        asked(&freshness, true),
        r#"label_replace(count(last_over_time(http_requests_total{namespace="shop",pod=~"cart-.*"}[75000ms])), "__part__", "s1", "", "")
or label_replace(count(last_over_time(http_requests_total{namespace="shop",pod=~"cart-.*"}[5m])), "__part__", "o1", "", "")
or label_replace(count(http_requests_total{namespace="shop",pod=~"cart-.*"} unless last_over_time(http_requests_total{namespace="shop",pod=~"cart-.*"}[75000ms])), "__part__", "d1", "", "")
or label_replace(count(last_over_time(http_requests_total{namespace="shop",pod=~"cart-.*",pod=~"cart-5478f49d8b-[a-z0-9]{5}"}[75000ms])), "__part__", "c1", "", "")
or label_replace(count(last_over_time(http_requests_total{namespace="shop",pod=~"cart-.*",pod=~"cart-[bcdfghjklmnpqrstvwxz2456789]{5,10}-[a-z0-9]{5}"}[75000ms])), "__part__", "r1", "", "")
or label_replace(max(count_over_time(http_requests_total{namespace="shop",pod=~"cart-.*"}[15m]) and http_requests_total{namespace="shop",pod=~"cart-.*"} offset 15m), "__part__", "n1", "", "")"#
    );
}

#[test]
fn which_parts_are_asked() {
    let windows = "sum(rate(x[5m])) / sum(rate(y[10m]))";
    let counter = "(sum(rate(x_errors_total[5m])) or vector(0)) / sum(rate(x[5m]))";
    let stable = "sum(x{pod=~\"cart-abcdefgh-.*\"}) / sum(y{pod!~\"cart-5478f49d8b-.*\"}) / z";
    let young = 75 * SECOND;
    for (text, age, witness, wanted) in [
        ("x", young, false, "s1 o1 d1 c1 r1 n1"),
        ("x", young, true, "s1 o1 d1 c1 r1 n1"),
        ("{a=\"b\"}", young, false, "s1 o1 d1 c1 r1"),
        ("x offset 1m + y", young, false, "s2 o2 d2 c2 r2 n2"),
        ("x", 5 * MINUTE, false, ""),
        ("x", 5 * MINUTE, true, ""),
        (windows, 6 * MINUTE, false, "s2 o2 n2"),
        (counter, 6 * MINUTE, false, ""),
        (counter, 6 * MINUTE, true, "s1 o1"),
        // Of the stable pods none is the canary's.
        (
            stable,
            young,
            false,
            "s1 o1 d1 n1 s2 o2 d2 n2 s3 o3 d3 c3 r3 n3",
        ),
    ] {
        let selected = select(text);
        let freshness = Freshness {
            canary: Some(CART),
            ..freshness(&selected, age)
        };
        assert_eq!(names(&freshness, witness), wanted, "`{text}` at {age:?}");
        let said = Freshness {
            scrape_interval: Some(30 * SECOND),
            canary: None,
            ..freshness
        };
        let fewer = wanted
            .split(' ')
            .filter(|name| !name.starts_with(['d', 'c', 'r', 'n']));
        let fewer: Vec<_> = fewer.collect();
        assert_eq!(
            names(&said, witness),
            fewer.join(" "),
            "`{text}` at {age:?}"
        );
        let off = Freshness {
            fresh_data: false,
            ..freshness
        };
        let heard = if witness && text == counter {
            "s1 o1"
        } else {
            ""
        };
        assert_eq!(names(&off, witness), heard, "`{text}` at {age:?}");
    }
}

#[test]
fn stretches_are_as_long_as_they_must_be() {
    let minutes = |n: u32| Some(n * MINUTE);
    for (text, age, interval, s, o) in [
        ("x", SECOND, None, "1000ms", "5m"),
        ("x", Duration::from_micros(1), None, "1ms", "5m"),
        ("rate(x[4m])", 75_500 * SECOND / 1000, None, "75500ms", "5m"),
        ("rate(x[1h])", SECOND, None, "1000ms", "1h"),
        ("rate(x[90m])", 5 * MINUTE, None, "300000ms", "1h30m"),
        ("rate(x[1h])", Duration::MAX, minutes(1), "300000ms", "1h"),
        ("rate(x[1h])", 6 * MINUTE, minutes(2), "480000ms", "1h"),
        (
            "max_over_time(rate(x[1m])[10m:1m])",
            6 * MINUTE,
            None,
            "300000ms",
            "11m",
        ),
    ] {
        let selected = select(text);
        let freshness = Freshness {
            scrape_interval: interval,
            ..freshness(&selected, age)
        };
        let query = asked(&freshness, false);
        let wanted = format!("[{s}])), \"__part__\", \"s1\"");
        assert!(query.contains(&wanted), "`{text}`: {query}");
        let wanted = format!("[{o}])), \"__part__\", \"o1\"");
        assert!(query.contains(&wanted), "`{text}`: {query}");
    }
}

#[test]
fn names_are_quoted() {
    let selected = select("x");
    let freshness = Freshness {
        canary: Some(Canary {
            rollout: "cart.v2",
            hash: "5478f49d8b",
        }),
        ..freshness(&selected, SECOND)
    };
    let query = asked(&freshness, false);
    assert!(
        query.contains(r#"x{pod=~"cart\\.v2-5478f49d8b-[a-z0-9]{5}"}"#),
        "{query}"
    );
}

fn word(state: State) -> String {
    match state {
        State::NotAsked => "-".to_owned(),
        State::Fresh => "fresh".to_owned(),
        State::Absent => "absent".to_owned(),
        State::Stale => "stale".to_owned(),
        State::Due(series) => format!("due {series}"),
        State::OnlyStable => "stable".to_owned(),
    }
}

/// Text, age in seconds, answers; states, which blocks, how many are fresh.
#[test]
fn answers_are_read() {
    let failed = "sum(increase(jobs_failed_total[1h]))";
    let with_fallback = "sum(increase(jobs_failed_total[1h])) or vector(0)";
    let several = "(a_errors or vector(0)) + (b_errors or vector(0)) + (c_errors or vector(0)) \
        + (d_errors or vector(0)) + (e_errors or vector(0))";
    for (text, age, answers, states, blocks, count) in [
        ("x", 75, "s1=3 o1=3", "fresh", "", (1, 1)),
        ("x", 75, "s1=0 o1=NaN", "absent", "", (0, 1)),
        ("x", 75, "o1=3", "stale", "0 stale", (0, 1)),
        ("x", 75, "", "absent", "", (0, 1)),
        ("x", 600, "", "-", "", (0, 0)),
        // A scrape is due while the run is younger than two intervals; 1m where none is measured.
        ("x", 5, "s1=1 o1=2 d1=1", "due 1", "0 due 1", (0, 1)),
        ("x", 5, "s1=1 o1=2 d1=0", "fresh", "", (1, 1)),
        ("x", 119, "s1=1 o1=2 d1=1", "due 1", "0 due 1", (0, 1)),
        ("x", 120, "s1=1 o1=2 d1=1", "fresh", "", (1, 1)),
        ("x", 19, "s1=1 o1=2 d1=1 n1=90", "due 1", "0 due 1", (0, 1)),
        ("x", 20, "s1=1 o1=2 d1=1 n1=90", "fresh", "", (1, 1)),
        ("x", 285, "s1=1 o1=2 d1=1 n1=3", "due 1", "0 due 1", (0, 1)),
        ("x", 35, "s1=1 o1=1 r1=1", "stable", "0 stable", (0, 1)),
        ("x", 61, "s1=1 o1=1 r1=2 c1=1", "fresh", "", (1, 1)),
        (
            "x + y",
            35,
            "s1=1 o1=1 o2=1",
            "fresh stale",
            "1 stale",
            (1, 2),
        ),
        ("x + (y offset 1h)", 35, "s1=1 o1=1", "fresh -", "", (1, 1)),
        (failed, 2400, "o1=1", "stale", "0 stale", (0, 1)),
        (failed, 2400, "s1=1 o1=1 d1=1", "fresh", "", (1, 1)),
        (with_fallback, 2400, "o1=1", "stale", "", (0, 1)),
        (
            several,
            75,
            "o1=1 o2=1 o3=1 o4=1",
            "stale stale stale stale absent",
            "0 stale",
            (0, 5),
        ),
        (
            several,
            75,
            "o1=1 o2=1 o3=1 o4=1 s5=1",
            "stale stale stale stale fresh",
            "",
            (1, 5),
        ),
        (
            several,
            600,
            "s1=1 s2=1 o2=1",
            "fresh fresh absent absent absent",
            "",
            (0, 0),
        ),
    ] {
        let selected = select(text);
        let fresh = freshness(&selected, age * SECOND).read(&numbers(answers));
        let found: Vec<_> = fresh.states.iter().map(|state| word(*state)).collect();
        assert_eq!(found.join(" "), states, "`{text}` at {age} s: {answers}");
        let blocked = fresh.blocks(&selected);
        let blocked = blocked.map_or(String::new(), |(at, state)| format!("{at} {}", word(state)));
        assert_eq!(blocked, blocks, "`{text}` at {age} s: {answers}");
        assert_eq!(fresh.count(), count, "`{text}` at {age} s: {answers}");
    }
}

#[test]
fn what_need_not_be_fresh_blocks_nothing() {
    let selected = select("(sum(increase(jobs_failed_total[1h])) or vector(0)) + x");
    let freshness = Freshness {
        fresh_data: false,
        ..freshness(&selected, SECOND)
    };
    let fresh = freshness.read(&numbers("o1=1 o2=1 d2=1"));
    assert_eq!(fresh.states, [State::Absent, State::NotAsked]);
    assert_eq!(fresh.blocks(&selected), None);
    assert_eq!(fresh.count(), (0, 0));
}

#[test]
fn the_interval_is_measured_on_samples() {
    for (text, answers, wanted) in [
        ("x", "n1=90", Some(10 * SECOND)),
        ("x", "n1=15", Some(MINUTE)),
        ("x + y", "n1=90 n2=3", Some(5 * MINUTE)),
        ("x", "", None),
        ("x", "n1=0", None),
        ("x", "n1=-1", None),
        ("x", "n1=inf", None),
    ] {
        let selected = select(text);
        let fresh = freshness(&selected, MINUTE).read(&numbers(answers));
        assert_eq!(fresh.interval, wanted, "{answers}");
    }
}
