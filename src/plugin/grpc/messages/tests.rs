//! `fixtures/` holds upstream's own bytes; `tests/conformance/grpc/fixtures` wrote them.

use std::collections::BTreeMap;

use prost::Message;

use super::*;

const RUN: &[u8] = include_bytes!("fixtures/run.bin");
const RUN_EMPTY: &[u8] = include_bytes!("fixtures/run-empty.bin");
const METRIC: &[u8] = include_bytes!("fixtures/metric.bin");
const METRIC_EMPTY: &[u8] = include_bytes!("fixtures/metric-empty.bin");
const MEASUREMENT: &[u8] = include_bytes!("fixtures/measurement.bin");
const MEASUREMENT_EMPTY: &[u8] = include_bytes!("fixtures/measurement-empty.bin");

fn decode<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).expect("the fixture decodes")
}

fn texts(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().expect("a time"))
}

fn running() -> Measurement {
    Measurement {
        phase: Phase::Running,
        message: "no data: the window holds one sample".to_owned(),
        started_at: at("2026-03-01T10:00:07Z"),
        finished_at: None,
        value: "[0.12]".to_owned(),
        metadata: texts(&[
            ("outcome", "no data"),
            ("waitingSince", "2026-03-01T10:00:07Z"),
        ]),
        resume_at: at("1970-01-01T00:00:00Z"),
    }
}

#[test]
fn upstreams_run_is_read() {
    let argument = |name: &str, value: Option<&str>, secret| Argument {
        name: name.to_owned(),
        value: value.map(str::to_owned),
        secret,
    };
    let expected = AnalysisRun {
        name: "echo-6f5-2".to_owned(),
        namespace: "shop".to_owned(),
        labels: texts(&[("rollouts-pod-template-hash", "6f5"), ("step-index", "2")]),
        annotations: texts(&[("rollout.argoproj.io/revision", "2")]),
        owners: vec![Owner {
            kind: "Rollout".to_owned(),
            name: "echo".to_owned(),
        }],
        created_at: at("2026-03-01T10:00:00Z"),
        started_at: at("2026-03-01T10:00:07Z"),
        args: vec![
            argument("service", Some("echo"), false),
            argument("token", Some("s3cr3t"), true),
            argument("pod", None, false),
        ],
        dry_run: vec!["errors".to_owned()],
        last_phases: BTreeMap::from([("errors".to_owned(), Phase::Running)]),
    };
    assert_eq!(run(Some(decode(RUN))), Ok(Some(expected)));
}

#[test]
fn upstreams_metric_is_read() {
    let expected = Metric {
        name: "errors".to_owned(),
        interval: "30s".to_owned(),
        initial_delay: "1m".to_owned(),
        count: Some(5),
        success_condition: "result[0] < 0.05".to_owned(),
        failure_condition: "result[0] >= 0.1".to_owned(),
        failure_limit: Some(-1),
        inconclusive_limit: Some(0),
        consecutive_error_limit: Some(0),
        consecutive_success_limit: Some(i64::MAX),
        plugins: vec![(
            "example/promql-guard".to_owned(),
            br#"{"query":"up"}"#.to_vec(),
        )],
    };
    assert_eq!(metric(Some(decode(METRIC))), expected);
}

#[test]
fn upstreams_measurement_is_read() {
    assert_eq!(measurement(Some(decode(MEASUREMENT))), Ok(running()));
}

#[test]
fn upstreams_empty_objects_are_empty() {
    assert_eq!(
        run(Some(decode(RUN_EMPTY))),
        Ok(Some(AnalysisRun::default()))
    );
    assert_eq!(metric(Some(decode(METRIC_EMPTY))), Metric::default());
    assert_eq!(
        measurement(Some(decode(MEASUREMENT_EMPTY))),
        Ok(Measurement::default())
    );
}

#[test]
fn absent_objects_are_empty_but_a_run_is_none() {
    assert_eq!(run(None), Ok(None));
    assert_eq!(metric(None), Metric::default());
    assert_eq!(measurement(None), Ok(Measurement::default()));
}

#[test]
fn the_newest_measurement_has_the_last_phase() {
    let result = |name: &str, phases: &[&str]| wire::MetricResult {
        name: name.to_owned(),
        measurements: phases
            .iter()
            .map(|phase| wire::PastMeasurement {
                phase: (*phase).to_owned(),
            })
            .collect(),
    };
    let message = wire::AnalysisRun {
        status: Some(wire::AnalysisRunStatus {
            metric_results: vec![
                result("errors", &["Successful", "Error"]),
                result("latency", &[]),
            ],
            ..Default::default()
        }),
        ..Default::default()
    };
    let read = run(Some(message)).expect("a run").unwrap_or_default();
    assert_eq!(
        read.last_phases,
        BTreeMap::from([("errors".to_owned(), Phase::Error)])
    );
}

/// The expectations are Go's: `intstr.IntOrString{Type: 1, StrVal: text}.IntValue()`.
#[test]
fn integers_are_read_as_go_reads_them() {
    let text = |text: &str| wire::IntOrString {
        r#type: 1,
        int_val: 9,
        str_val: text.to_owned(),
    };
    for (message, expected) in [
        (wire::IntOrString::default(), 0),
        (
            wire::IntOrString {
                int_val: -3,
                ..Default::default()
            },
            -3,
        ),
        (text("12"), 12),
        (text("+12"), 12),
        (text("-012"), -12),
        (text(""), 0),
        (text("12%"), 0),
        (text(" 12"), 0),
        (text("1_2"), 0),
        (text("0x12"), 0),
        (text("99999999999999999999"), i64::MAX),
        (text("-99999999999999999999"), i64::MIN),
    ] {
        assert_eq!(integer(message.clone()), expected, "{message:?}");
    }
}

#[test]
fn times_go_there_and_back() {
    for (text, seconds, nanos) in [
        ("1970-01-01T00:00:00Z", 0, 0),
        ("2026-03-01T10:00:07.25Z", 1_772_359_207, 250_000_000),
        ("1969-12-31T23:59:59.75Z", -1, 750_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
    ] {
        let moment = at(text).expect("a time");
        let message = wire::Time {
            seconds: Some(seconds),
            nanos,
        };
        assert_eq!(wire::Time::from(moment), message, "{text}");
        assert_eq!(time("t", Some(message)), Ok(Some(moment)), "{text}");
    }
}

#[test]
fn a_time_beyond_the_calendar_is_refused() {
    for (seconds, nanos) in [(i64::MAX, 0), (i64::MIN, 0), (0, i32::MAX)] {
        let status = wire::AnalysisRunStatus {
            started_at: Some(wire::Time {
                seconds: Some(seconds),
                nanos,
            }),
            ..Default::default()
        };
        let message = wire::AnalysisRun {
            status: Some(status),
            ..Default::default()
        };
        let error = run(Some(message)).expect_err("no time");
        assert_eq!(
            error.to_string(),
            format!(
                "read `status.startedAt`: {seconds} s and {nanos} ns since 1970, expected a time in the years -9999 to 9999"
            )
        );
    }
}

/// Upstream's decoder gets what it would have written itself.
#[test]
fn a_measurement_is_written_as_it_was_read() {
    let written = wire::Measurement::from(running());
    assert_eq!(measurement(Some(written.clone())), Ok(running()));
    assert_eq!(
        measurement(Some(decode(&written.encode_to_vec()))),
        Ok(running())
    );
}

#[test]
fn broken_bytes_are_refused_or_read_but_never_a_panic() {
    let read = |bytes: &[u8]| {
        if let Ok(message) = wire::AnalysisRun::decode(bytes) {
            let _ = run(Some(message));
        }
        if let Ok(message) = wire::Metric::decode(bytes) {
            metric(Some(message));
        }
        if let Ok(message) = wire::Measurement::decode(bytes) {
            let _ = measurement(Some(message));
        }
    };
    for fixture in [RUN, METRIC, MEASUREMENT] {
        for end in 0..fixture.len() {
            read(&fixture[..end]);
        }
        for place in 0..fixture.len() {
            for bit in 0..8 {
                let mut bytes = fixture.to_vec();
                bytes[place] ^= 1 << bit;
                read(&bytes);
            }
        }
    }
}
