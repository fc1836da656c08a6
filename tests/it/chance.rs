//! Random settings, answers and measurements to go on with: each measurement is whole, and no pass is without evidence.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::provider::MetricProvider;
use promql_guard::analysis::run::AnalysisRun;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::attack::{metric, outcome, provider, run, sound};
use crate::loopback::{Loopback, Reply, Request};

/// Small numbers that follow from a seed (xorshift).
struct Chance(u64);

impl Chance {
    fn of(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 33) % limit as u64).unwrap()
    }

    fn is(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn of_all<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

const NUMBERS: [&str; 12] = [
    "0", "0", "1", "1", "3", "50", "0.02", "-1", "NaN", "+Inf", "1e300", "-Inf",
];

/// Any answer; of the case that the metric's name tells.
fn any(request: &Request) -> Reply {
    let text = format!("{} {}", request.target, request.body);
    let case = text
        .split("_c")
        .nth(1)
        .and_then(|rest| rest.split('_').next()?.parse().ok());
    let length = text.len() as u64;
    let mut chance = Chance::of(case.unwrap_or(0_u64) * 7919 + length);
    if chance.is(40) {
        return match chance.below(6) {
            0 => Reply::new(500, &[], "x"),
            1 => Reply::new(
                422,
                &[],
                r#"{"status":"error","errorType":"execution","error":"e"}"#,
            ),
            2 => Reply::json("{}"),
            3 => Reply::new(
                503,
                &[],
                r#"{"status":"error","errorType":"timeout","error":"slow"}"#,
            ),
            4 => Reply::new(200, &[], "<html>"),
            _ => Reply::json(
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}"#,
            ),
        };
    }
    if !request.target.starts_with("/api/v1/query") {
        let many = vec!["\"web\""; 30].join(",");
        return Reply::json(format!(
            r#"{{"status":"success","data":[{}]}}"#,
            chance.of_all(&["", "", "\"web\"", "\"m_total\",\"x\"", &many])
        ));
    }
    let query = request.field("query").unwrap_or_default();
    let names: Vec<&str> = query
        .split("\"__part__\", \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let mut samples = Vec::new();
    match names.is_empty() {
        true => {
            let series = *chance.of_all(&[0, 1, 1, 1, 1, 2, 5]);
            for n in 0..series {
                let labels = if series == 1 && !chance.is(4) {
                    json!({})
                } else {
                    json!({"a": n.to_string()})
                };
                samples.push(json!({"metric": labels, "value": [1, chance.of_all(&NUMBERS)]}));
            }
        }
        false => {
            let rarely = 1 + chance.below(4);
            for name in names {
                if !chance.is(rarely + 1) {
                    samples.push(json!({"metric": {"__part__": name}, "value": [1, chance.of_all(&NUMBERS)]}));
                }
            }
        }
    }
    let mut answer =
        json!({"status": "success", "data": {"resultType": "vector", "result": samples}});
    if request.target.contains("query_range") {
        let series: Vec<Value> = samples.iter().map(|sample| json!({"metric": sample["metric"], "values": [sample["value"], sample["value"]]})).collect();
        answer["data"] = json!({"resultType": "matrix", "result": series});
    }
    if chance.is(12) {
        answer["warnings"] =
            json!([*chance.of_all(&["fetch series", "rpc error", "PromQL info: x", "w"])]);
    }
    if chance.is(40) {
        answer["isPartial"] = json!(true);
    }
    Reply::json(answer.to_string())
}

fn any_settings(chance: &mut Chance, case: u64, address: &str) -> Value {
    let queries = [
        "sum(rate(M{code=~\"5..\"}[5m])) / sum(rate(M[5m]))",
        "sum(increase(M{code=~\"5..\",pod=~\"cart-$(run.hash)-.*\"}[5m])) or vector(0)",
        "sum(increase(M_errors_total[1m])) or vector(0)",
        "sum(rate(M_errors_total[1h])) or on() vector(0)",
        "min(M)",
        "absent(M)",
        "sum by (a) (rate(M[5m] offset 1h)) / on (a) sum by (a) (rate(N[$(run.elapsed)]))",
        "histogram_quantile(0.9, sum by (le) (rate(M_bucket[5m])))",
        "sum(rate(M{code=\"500\"}[5m])) / (sum(rate(M[5m])) > 0) or vector(0)",
        "sum(rate(M[5m])) > bool 5",
        "sum(M) and on () (sum(N) unless sum(O))",
        "scalar(sum(M)) * 2",
        "count(M > 0.05) or vector(0)",
        "ALERTS{alertname=\"M\"} or vector(0)",
        "max_over_time((sum(rate(M{code=\"500\"}[1m])) or vector(0))[10m:1m])",
        "M default 0",
    ];
    let name = format!("m_c{case}_total");
    let query = chance
        .of_all(&queries)
        .replace('M', &name)
        .replace('N', &format!("n_c{case}_x"))
        .replace('O', &format!("o_c{case}_x"));
    let mut settings = json!({"address": address, "query": query, "timeout": 5});
    let mut maybe = |key: &str, one_in: usize, values: &[Value]| {
        if chance.is(one_in) {
            settings[key] = chance.of_all(values).clone();
        }
    };
    maybe(
        "guard",
        5,
        &[json!("observe"), json!("off"), json!("enforce")],
    );
    maybe(
        "noData",
        2,
        &[
            json!("wait"),
            json!("inconclusive"),
            json!("error"),
            json!("fail"),
            json!("condition"),
        ],
    );
    maybe(
        "noDataFor",
        4,
        &[json!("1s"), json!("2m"), json!("87600h"), json!("0s")],
    );
    maybe(
        "minEvents",
        4,
        &[json!(0), json!(1), json!(50), json!(u32::MAX)],
    );
    maybe(
        "eventsQuery",
        6,
        &[json!(format!("increase(e_c{case}_total[5m])")), json!("e")],
    );
    maybe("freshData", 6, &[json!(false)]);
    maybe("fallback", 6, &[json!(0), json!(-1.5), json!("1")]);
    maybe("series", 8, &[json!("one"), json!("1..2"), json!("any")]);
    maybe(
        "scrapeInterval",
        6,
        &[json!("1s"), json!("1m"), json!("100000h")],
    );
    maybe("delay", 8, &[json!("30s"), json!("100000h")]);
    maybe("namespace", 8, &[json!("$(run.namespace)"), json!("b")]);
    maybe("dialect", 3, &[json!("metricsql")]);
    maybe(
        "rangeQuery",
        10,
        &[json!({"start": "now() - duration(\"1h\")", "end": "now()", "step": "1m"})],
    );
    maybe(
        "allow",
        2,
        &[json!([
            "empty-result-passes -- x",
            "fallback-passes -- x",
            "nan-result-passes -- x",
            "experimental-syntax -- x"
        ])],
    );
    settings
}

fn any_metric(chance: &mut Chance, settings: &Value) -> Metric {
    let conditions = [
        "result[0] < 0.05",
        "result[0] == 0",
        "len(result) > 0 && result[0] < 5",
        "len(result) == 0",
        "isNaN(result[0]) || result[0] < 0.05",
        "all(result, # < 1)",
        "!(result[0] > 1)",
        "result < 5",
        "",
    ];
    let mut metric = metric(settings, chance.of_all::<&str>(&conditions));
    if chance.is(3) {
        metric.failure_condition = (*chance.of_all(&conditions)).to_owned();
    }
    metric.interval = (*chance.of_all(&["", "10s", "1ns", "forever", "-1s"])).to_owned();
    metric.count = *chance.of_all(&[None, Some(1), Some(5), Some(-1)]);
    metric.inconclusive_limit = *chance.of_all(&[None, None, Some(1), Some(i64::MAX), Some(-1)]);
    metric
}

fn any_run(chance: &mut Chance) -> AnalysisRun {
    let mut own = run(*chance.of_all(&[
        0,
        1,
        20,
        90,
        299,
        301,
        6000,
        6000,
        6000,
        100_000_000,
        -5,
        -100_000,
    ]));
    if chance.is(8) {
        own.created_at = None;
    }
    if chance.is(6) {
        own.labels.clear();
    }
    if chance.is(4) {
        own.last_phases.insert("errors".to_owned(), Phase::Error);
    }
    own
}

fn any_measurement(chance: &mut Chance) -> Measurement {
    let mut found = Measurement {
        phase: Phase::Running,
        message: "m, ".repeat(*chance.of_all(&[0, 1, 100, 341, 2000])),
        ..Measurement::default()
    };
    let now = Timestamp::now();
    let times = [
        String::new(),
        "x".repeat(300),
        now.to_string(),
        (now - SignedDuration::from_secs(60)).to_string(),
        (now + SignedDuration::from_secs(60)).to_string(),
        Timestamp::MAX.to_string(),
        Timestamp::MIN.to_string(),
    ];
    for key in ["waitingSince", "waitUntil"] {
        if !chance.is(4) {
            found
                .metadata
                .insert(key.to_owned(), chance.of_all(&times).clone());
        }
    }
    if !chance.is(4) {
        let words = [
            "no-data/too-early",
            "no-data/server-unreachable",
            "no-data/filtered",
            "data",
            "error/lint",
            "",
            "terminated",
        ];
        found
            .metadata
            .insert("outcome".to_owned(), (*chance.of_all(&words)).to_owned());
    }
    found.started_at =
        *chance.of_all(&[None, Some(now), Some(Timestamp::MIN), Some(Timestamp::MAX)]);
    found
}

/// Whether a pass under the guard rails rests on something, or the author asked for what it rests on.
fn is_founded(settings: &Value, metric: &Metric, found: &Measurement) -> bool {
    let is_enforced = settings.get("guard").is_none_or(|guard| guard == "enforce");
    let judges = settings
        .get("noData")
        .is_some_and(|no_data| no_data == "condition");
    let has_none = outcome(found).starts_with("no-data/");
    let founded = ["data", "fallback-on-data", "fallback-heard"].contains(&outcome(found));
    // Inconclusive as often as it is measured, within its limit, the controller takes a metric for Successful.
    let limit = metric.inconclusive_limit.unwrap_or(0);
    let passes = match metric.count {
        Some(count) => limit >= count,
        None => metric.interval.is_empty() && limit >= 1,
    };
    match found.phase {
        Phase::Successful => !is_enforced || founded || judges && has_none,
        Phase::Inconclusive if is_enforced && has_none && !judges => !passes,
        _ => true,
    }
}

/// Whatever comes, each measurement is whole, and each pass under the guard rails rests on something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chance_finds_no_pass_without_evidence() {
    const CASES: u64 = 2_500;
    const AT_ONCE: u64 = 16;
    let server = Arc::new(Loopback::serve(any));
    let provider = Arc::new(provider(json!({})));
    let mut all = JoinSet::new();
    for lane in 0..AT_ONCE {
        let (server, provider) = (Arc::clone(&server), Arc::clone(&provider));
        all.spawn(async move {
            let mut seen = BTreeMap::new();
            for case in (0..CASES).filter(|case| case % AT_ONCE == lane) {
                let mut chance = Chance::of(case + 1);
                let settings = any_settings(&mut chance, case, &server.url());
                let metric = any_metric(&mut chance, &settings);
                let own = any_run(&mut chance);
                let waited = any_measurement(&mut chance);
                let found = match chance.is(3) {
                    true => {
                        provider
                            .resume(Some(own.clone()), metric.clone(), waited.clone())
                            .await
                    }
                    false => provider.run(Some(own.clone()), metric.clone()).await,
                };
                sound(&found);
                assert!(
                    is_founded(&settings, &metric, &found),
                    "{case}: {settings} {metric:?} {found:?}"
                );
                *seen
                    .entry(format!("{} {}", found.phase, outcome(&found)))
                    .or_insert(0) += 1;
                for waiting in [waited, found] {
                    let is_over = waiting.phase != Phase::Running;
                    let end = provider
                        .terminate(Some(own.clone()), metric.clone(), waiting.clone())
                        .await;
                    sound(&end);
                    match is_over {
                        true => assert_eq!(end, waiting),
                        false => assert_eq!(
                            (end.phase.as_str(), outcome(&end)),
                            ("Inconclusive", "terminated")
                        ),
                    }
                    assert_eq!(
                        provider
                            .resume(Some(own.clone()), metric.clone(), end.clone())
                            .await,
                        end
                    );
                }
            }
            seen
        });
    }
    let mut seen = BTreeMap::new();
    while let Some(done) = all.join_next().await {
        for (words, count) in done.unwrap() {
            *seen.entry(words).or_insert(0) += count;
        }
    }
    // It went everywhere.
    for words in [
        "Successful data",
        "Successful fallback-on-data",
        "Successful fallback-heard",
        "Failed data",
        "Running no-data/too-early",
        "Running no-data/partial-answer",
        "Running no-data/metric-unknown",
        "Inconclusive no-data/unexplained",
        "Error error/lint",
        "Error error/result-type",
    ] {
        assert!(seen.contains_key(words), "no {words}: {seen:#?}");
    }
}
