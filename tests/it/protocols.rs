//! One script through both protocols of the built program: a host hears the same over each.

use std::collections::BTreeMap;

use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::run::AnalysisRun;

use crate::host_grpc::GrpcHost;
use crate::host_process::Process;
use crate::loopback::{Loopback, Reply};

const PROGRAM: &str = env!("CARGO_BIN_EXE_promql-guard");

/// A host of either protocol.
enum Host {
    Grpc(GrpcHost),
}

/// What a step asks.
#[derive(Debug)]
enum Ask {
    Ping,
    Init,
    Run(Option<AnalysisRun>, Metric),
    Resume(Metric, Measurement),
    Terminate(Metric, Measurement),
    GarbageCollect(Metric, i64),
    Type,
    GetMetadata(Metric),
}

/// What a step is answered, the times of measurements apart.
#[derive(Debug, PartialEq)]
enum Answer {
    Done,
    Outcome(Result<(), String>),
    Measured(Measurement),
    Text(String),
    Metadata(BTreeMap<String, String>),
}

impl Host {
    async fn start(protocol: &str) -> (Process, Host) {
        let (versions, arguments) = match protocol {
            "grpc" => ("1,2", &[][..]),
            "grpc, asked for" => ("1", &["--protocol", "grpc"][..]),
            other => unreachable!("no host for {other}"),
        };
        let process = Process::start(PROGRAM, arguments, versions, &[]).unwrap();
        let host = GrpcHost::connect(&process.socket).await.unwrap();
        (process, Host::Grpc(host))
    }

    async fn ask(&self, ask: &Ask) -> Answer {
        let Host::Grpc(host) = self;
        let run = run();
        match ask {
            Ask::Ping => host.ping().await.map(|()| Answer::Done),
            Ask::Init => host.init().await.map(Answer::Outcome),
            Ask::Run(run, metric) => host
                .run(run.as_ref(), metric)
                .await
                .map(|answer| Answer::Measured(timeless(answer))),
            Ask::Resume(metric, before) => host
                .resume(Some(&run), metric, before)
                .await
                .map(Answer::Measured),
            Ask::Terminate(metric, before) => host
                .terminate(Some(&run), metric, before)
                .await
                .map(Answer::Measured),
            Ask::GarbageCollect(metric, limit) => host
                .garbage_collect(Some(&run), metric, *limit)
                .await
                .map(Answer::Outcome),
            Ask::Type => host.kind().await.map(Answer::Text),
            Ask::GetMetadata(metric) => host.metadata(metric).await.map(Answer::Metadata),
        }
        .unwrap_or_else(|status| panic!("{ask:?}: {status}"))
    }

    async fn quit(&self) {
        let Host::Grpc(host) = self;
        host.quit().await.unwrap();
    }
}

/// The measurement with the times that every one has dropped.
fn timeless(measurement: Measurement) -> Measurement {
    let started = measurement.started_at.expect("it began");
    let finished = measurement.finished_at.expect("it ended");
    assert!(started <= finished, "{started} to {finished}");
    Measurement {
        started_at: None,
        finished_at: None,
        ..measurement
    }
}

fn run() -> AnalysisRun {
    AnalysisRun {
        name: "echo-6f5-2".to_owned(),
        namespace: "shop".to_owned(),
        labels: texts(&[("rollouts-pod-template-hash", "6f5")]),
        ..AnalysisRun::default()
    }
}

fn texts(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// The steps, each with a part of what is answered: all of it is compared between the protocols.
fn script(address: &str) -> Vec<(Ask, fn(&Answer) -> bool)> {
    let metric = |query: &str, success: &str, failure: &str| Metric {
        name: "m".to_owned(),
        interval: "30s".to_owned(),
        success_condition: success.to_owned(),
        failure_condition: failure.to_owned(),
        plugins: vec![(
            "example/promql-guard".to_owned(),
            format!(r#"{{"address":"{address}","query":"{query}","guard":"off"}}"#).into_bytes(),
        )],
        ..Metric::default()
    };
    let half = |success, failure| metric("half{hash='$(run.hash)'}", success, failure);
    let good = || half("result[0] < 1", "");
    let measured = |metric| Ask::Run(Some(run()), metric);
    let before = || Measurement {
        phase: Phase::Running,
        message: "waits".to_owned(),
        value: "[0.25]".to_owned(),
        started_at: Some("2026-03-01T10:00:07.25Z".parse().unwrap()),
        metadata: texts(&[("waitingSince", "2026-03-01T10:00:07Z")]),
        resume_at: Some("2026-03-01T10:00:22Z".parse().unwrap()),
        ..Measurement::default()
    };
    vec![
        (Ask::Init, |answer| *answer == Answer::Outcome(Ok(()))),
        (Ask::Ping, |answer| *answer == Answer::Done),
        (measured(good()), |answer| {
            is(answer, Phase::Successful, "[0.5]")
        }),
        (measured(half("", "result[0] < 1")), |answer| {
            is(answer, Phase::Failed, "[0.5]")
        }),
        (
            measured(half("result[0] < 0.4", "result[0] > 0.6")),
            |answer| is(answer, Phase::Inconclusive, "[0.5]"),
        ),
        (measured(metric("none", "result[0] < 1", "")), |answer| {
            is(answer, Phase::Error, "")
        }),
        (measured(half("result[0] <", "")), |answer| {
            is(answer, Phase::Error, "")
        }),
        (measured(Metric::default()), |answer| {
            is(answer, Phase::Error, "")
        }),
        (Ask::Run(None, good()), |answer| {
            is(answer, Phase::Error, "")
        }),
        (
            measured(metric("big", "len(result) > 0", "")),
            |answer| matches!(answer, Answer::Measured(measurement) if measurement.value.len() > 4000),
        ),
        (Ask::Resume(good(), before()), |answer| {
            is(answer, Phase::Running, "[0.25]")
        }),
        (Ask::Terminate(good(), before()), |answer| {
            is(answer, Phase::Running, "[0.25]")
        }),
        (Ask::GarbageCollect(good(), 10), |answer| {
            *answer == Answer::Outcome(Ok(()))
        }),
        (Ask::Type, |answer| {
            *answer == Answer::Text("PromqlGuard".to_owned())
        }),
        (
            Ask::GetMetadata(good()),
            |answer| matches!(answer, Answer::Metadata(metadata) if metadata.contains_key("ResolvedPrometheusQuery")),
        ),
        (Ask::Ping, |answer| *answer == Answer::Done),
    ]
}

fn is(answer: &Answer, phase: Phase, value: &str) -> bool {
    matches!(answer, Answer::Measured(measurement)
        if measurement.phase == phase
            && measurement.value == value
            && (phase == Phase::Successful) == measurement.message.is_empty())
}

/// One sample of 0.5, none for the query `none`, a thousand for `big`.
fn prometheus() -> Loopback {
    Loopback::serve(|request| {
        let samples = match request.field("query").as_deref() {
            Some("none") => 0,
            Some("big") => 1000,
            _ => 1,
        };
        let samples = vec![r#"{"metric":{},"value":[1,"0.5"]}"#; samples].join(",");
        Reply::json(format!(
            r#"{{"status":"success","data":{{"resultType":"vector","result":[{samples}]}}}}"#
        ))
    })
}

#[tokio::test]
async fn every_protocol_answers_the_script_alike() {
    let prometheus = prometheus();
    let mut answers: Vec<(&str, Vec<Answer>)> = Vec::new();
    for protocol in ["grpc", "grpc, asked for"] {
        let (mut process, host) = Host::start(protocol).await;
        let mut heard = Vec::new();
        for (ask, expected) in script(&prometheus.url()) {
            let answer = host.ask(&ask).await;
            assert!(
                expected(&answer),
                "{protocol}: {ask:?} is answered {answer:?}"
            );
            heard.push(answer);
        }
        host.quit().await;
        assert!(process.wait().unwrap().success(), "{protocol}");
        assert!(!process.socket.exists(), "{protocol}");
        answers.push((protocol, heard));
    }
    let (first, rest) = answers.split_first().expect("a protocol");
    for other in rest {
        assert_eq!(first.1, other.1, "{} and {}", first.0, other.0);
    }
}
