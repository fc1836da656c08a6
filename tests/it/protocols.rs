//! One script through both protocols of the built program: a host hears the same over each.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::run::AnalysisRun;

use crate::host::{Host, Process};
use crate::loopback::{Loopback, Reply};

const PROGRAM: &str = env!("CARGO_BIN_EXE_promql-guard");

/// Each way to a protocol: its name here, the versions that the host offers, the program's arguments, what is spoken.
const WAYS: [(&str, &str, &[&str], &str); 4] = [
    ("every controller to date", "1", &[], "netrpc"),
    ("a controller that offers both", "1,2", &[], "grpc"),
    (
        "net/rpc by argument",
        "1,2",
        &["--protocol", "netrpc"],
        "netrpc",
    ),
    ("gRPC by argument", "1", &["--protocol", "grpc"], "grpc"),
];

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

async fn ask(host: &Host, ask: &Ask) -> Result<Answer, Box<dyn Error>> {
    let run = run();
    Ok(match ask {
        Ask::Ping => {
            host.ping().await?;
            Answer::Done
        }
        Ask::Init => Answer::Outcome(host.init().await?),
        Ask::Run(run, metric) => Answer::Measured(timeless(host.run(run.as_ref(), metric).await?)),
        Ask::Resume(metric, before) => {
            Answer::Measured(timeless(host.resume(Some(&run), metric, before).await?))
        }
        Ask::Terminate(metric, before) => {
            Answer::Measured(timeless(host.terminate(Some(&run), metric, before).await?))
        }
        Ask::GarbageCollect(metric, limit) => {
            Answer::Outcome(host.garbage_collect(Some(&run), metric, *limit).await?)
        }
        Ask::Type => Answer::Text(host.kind().await?),
        Ask::GetMetadata(metric) => Answer::Metadata(host.metadata(metric).await?),
    })
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
/// A question and what its answer must be.
type Step = (Ask, fn(&Answer) -> bool);

fn script(address: &str) -> Vec<Step> {
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
        // Begun under other settings: those of today end the wait.
        (Ask::Resume(good(), before()), |answer| {
            is(answer, Phase::Successful, "[0.5]")
        }),
        (Ask::Terminate(good(), before()), |answer| {
            is(answer, Phase::Inconclusive, "[0.25]")
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
    let mut before: Option<Vec<Answer>> = None;
    for (way, versions, arguments, protocol) in WAYS {
        let mut process = Process::start(Path::new(PROGRAM), arguments, versions, &[]).unwrap();
        assert_eq!(process.protocol, protocol, "{way}");
        let host = Host::connect(&process).await.unwrap();
        let mut heard = Vec::new();
        for (step, expected) in script(&prometheus.url()) {
            let answer = ask(&host, &step).await.unwrap();
            assert!(expected(&answer), "{way}: {step:?} is answered {answer:?}");
            heard.push(answer);
        }
        host.quit().await.unwrap();
        assert!(process.wait().unwrap().success(), "{way}");
        assert!(!process.socket.exists(), "{way}");
        if let Some(before) = &before {
            assert_eq!(*before, heard, "{way}");
        }
        before = Some(heard);
    }
}
