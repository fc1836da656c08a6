//! What travels by net/rpc into Argo's values, and answers back.
//!
//! Names of types and fields are those of argo-rollouts' `metricproviders/plugin/rpc/rpc.go` and
//! `pkg/apis/rollouts/v1alpha1/analysis_types.go`; embedded structs are fields named for their type.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::fields::{
    FieldError, UNIX_EPOCH, int, int_or_string, optional_string, raw_messages, string, structure,
    structures, texts, time,
};
use super::schema::{EMPTY, MEASUREMENT, RPC_ERROR, TEXTS};
use crate::analysis::measurement::{Measurement, Phase};
use crate::analysis::metric::Metric;
use crate::analysis::run::{AnalysisRun, Argument, Owner};
use crate::gob::schema::Type;
use crate::gob::value::{Struct, Value};

type Result<T> = std::result::Result<T, FieldError>;

/// The arguments of all methods in one: each sends what it has of them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Arguments {
    /// Nil in Go: none.
    pub(super) run: Option<AnalysisRun>,
    pub(super) metric: Metric,
    pub(super) measurement: Measurement,
    pub(super) limit: i64,
}

/// `RunArgs`, `TerminateAndResumeArgs`, `GarbageCollectArgs` or `GetMetadataArgs`.
pub(super) fn arguments(mut from: Struct) -> Result<Arguments> {
    Ok(Arguments {
        run: structure(&mut from, "AnalysisRun", analysis_run)?,
        metric: structure(&mut from, "Metric", metric)?.unwrap_or_default(),
        measurement: structure(&mut from, "Measurement", measurement)?.unwrap_or_default(),
        limit: int(&mut from, "Limit")?,
    })
}

fn analysis_run(mut from: Struct) -> Result<AnalysisRun> {
    let mut run = structure(&mut from, "ObjectMeta", |mut meta| {
        Ok(AnalysisRun {
            name: string(&mut meta, "Name")?,
            namespace: string(&mut meta, "Namespace")?,
            labels: texts(&mut meta, "Labels")?,
            annotations: texts(&mut meta, "Annotations")?,
            owners: structures(&mut meta, "OwnerReferences", owner)?,
            created_at: time(&mut meta, "CreationTimestamp")?,
            ..AnalysisRun::default()
        })
    })?
    .unwrap_or_default();
    (run.args, run.dry_run) = structure(&mut from, "Spec", |mut spec| {
        let dry_run = structures(&mut spec, "DryRun", |mut one| {
            string(&mut one, "MetricName")
        });
        Ok((structures(&mut spec, "Args", argument)?, dry_run?))
    })?
    .unwrap_or_default();
    if let Some((started_at, last_phases)) = structure(&mut from, "Status", status)? {
        run.started_at = started_at;
        run.last_phases = last_phases;
    }
    Ok(run)
}

type Status = (Option<Timestamp>, BTreeMap<String, Phase>);

fn status(mut from: Struct) -> Result<Status> {
    let started_at = time(&mut from, "StartedAt")?;
    let last_phases = structures(&mut from, "MetricResults", last_phase)?;
    Ok((started_at, last_phases.into_iter().flatten().collect()))
}

/// A metric's name and the phase of its newest measurement.
fn last_phase(mut from: Struct) -> Result<Option<(String, Phase)>> {
    let name = string(&mut from, "Name")?;
    let phases = structures(&mut from, "Measurements", |mut measurement| {
        string(&mut measurement, "Phase")
    })?;
    Ok(phases
        .last()
        .map(|phase| (name, Phase::from(phase.as_str()))))
}

fn owner(mut from: Struct) -> Result<Owner> {
    Ok(Owner {
        kind: string(&mut from, "Kind")?,
        name: string(&mut from, "Name")?,
    })
}

fn argument(mut from: Struct) -> Result<Argument> {
    let secret = structure(&mut from, "ValueFrom", |mut source| {
        structure(&mut source, "SecretKeyRef", |_| Ok(()))
    })?
    .flatten()
    .is_some();
    Ok(Argument {
        name: string(&mut from, "Name")?,
        value: optional_string(&mut from, "Value")?,
        secret,
    })
}

fn metric(mut from: Struct) -> Result<Metric> {
    let from = &mut from;
    Ok(Metric {
        name: string(from, "Name")?,
        interval: string(from, "Interval")?,
        initial_delay: string(from, "InitialDelay")?,
        count: int_or_string(from, "Count")?,
        success_condition: string(from, "SuccessCondition")?,
        failure_condition: string(from, "FailureCondition")?,
        failure_limit: int_or_string(from, "FailureLimit")?,
        inconclusive_limit: int_or_string(from, "InconclusiveLimit")?,
        consecutive_error_limit: int_or_string(from, "ConsecutiveErrorLimit")?,
        consecutive_success_limit: int_or_string(from, "ConsecutiveSuccessLimit")?,
        plugins: structure(from, "Provider", |mut provider| {
            raw_messages(&mut provider, "Plugin")
        })?
        .unwrap_or_default(),
    })
}

fn measurement(mut from: Struct) -> Result<Measurement> {
    let from = &mut from;
    Ok(Measurement {
        phase: Phase::from(string(from, "Phase")?.as_str()),
        message: string(from, "Message")?,
        started_at: time(from, "StartedAt")?,
        finished_at: time(from, "FinishedAt")?,
        value: string(from, "Value")?,
        metadata: texts(from, "Metadata")?,
        resume_at: time(from, "ResumeAt")?,
    })
}

/// An answer, and the Go type it is sent as.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) ty: Type,
    pub(super) value: Value,
}

impl Reply {
    /// `struct{}`
    pub(super) fn empty() -> Reply {
        Reply {
            ty: Type::Struct(&EMPTY),
            value: Struct::from([]).into(),
        }
    }

    /// `uint32`
    pub(super) fn id(id: u32) -> Reply {
        Reply {
            ty: Type::Uint,
            value: Value::Uint(id.into()),
        }
    }

    /// `string`
    pub(super) fn text(text: String) -> Reply {
        Reply {
            ty: Type::String,
            value: text.into(),
        }
    }

    /// `map[string]string`
    pub(super) fn texts(texts: BTreeMap<String, String>) -> Reply {
        Reply {
            ty: TEXTS,
            value: map(texts),
        }
    }

    /// `RpcError`
    pub(super) fn outcome(outcome: std::result::Result<(), String>) -> Reply {
        let text = outcome.err().unwrap_or_default();
        Reply {
            ty: Type::Struct(&RPC_ERROR),
            value: Struct::from([("ErrorString", text.into())]).into(),
        }
    }

    /// `Measurement`; nil pointers and an empty map are not sent.
    pub(super) fn measurement(measurement: Measurement) -> Reply {
        let instant = |name, at: Option<Timestamp>| at.map(|at| (name, Value::Opaque(go_time(at))));
        let metadata = (!measurement.metadata.is_empty()).then_some(measurement.metadata);
        let fields: Struct = [
            Some(("Phase", measurement.phase.as_str().into())),
            Some(("Message", measurement.message.into())),
            instant("StartedAt", measurement.started_at),
            instant("FinishedAt", measurement.finished_at),
            Some(("Value", measurement.value.into())),
            metadata.map(|texts| ("Metadata", map(texts))),
            instant("ResumeAt", measurement.resume_at),
        ]
        .into_iter()
        .flatten()
        .collect();
        Reply {
            ty: Type::Struct(&MEASUREMENT),
            value: fields.into(),
        }
    }
}

fn map(texts: BTreeMap<String, String>) -> Value {
    let entry = |(key, value): (String, String)| (key.into(), value.into());
    Value::Map(texts.into_iter().map(entry).collect())
}

/// An instant as `time.Time`'s `GobEncode` writes it, in UTC (an offset of -1).
fn go_time(at: Timestamp) -> Vec<u8> {
    let mut seconds = at.as_second();
    let mut nanoseconds = at.subsec_nanosecond();
    if nanoseconds < 0 {
        seconds -= 1;
        nanoseconds += 1_000_000_000;
    }
    let mut bytes = vec![1];
    bytes.extend_from_slice(&(seconds + UNIX_EPOCH).to_be_bytes());
    bytes.extend_from_slice(&nanoseconds.to_be_bytes());
    bytes.extend_from_slice(&(-1i16).to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gob::decoder::{Decoder, Limits};

    fn time_value(bytes: &[u8]) -> Value {
        Value::Opaque(bytes.to_vec())
    }

    #[test]
    fn times_are_gos() {
        // Made with Go 1.26: `time.Unix(sec, nsec).UTC().GobEncode()`.
        for (at, bytes) in [
            ("1970-01-01T00:00:00Z", "010000000e7791f70000000000ffff"),
            (
                "2026-11-24T23:59:41.123456789Z",
                "010000000ee2981bed075bcd15ffff",
            ),
            ("1969-12-31T23:59:59.5Z", "010000000e7791f6ff1dcd6500ffff"),
        ] {
            let at: Timestamp = at.parse().expect("a time");
            let encoded = go_time(at);
            let hex: String = encoded.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, bytes, "{at}");
            let mut fields = Struct::from([("At", Value::Opaque(encoded))]);
            assert_eq!(time(&mut fields, "At"), Ok(Some(at)));
        }
    }

    #[test]
    fn the_zero_time_is_none_and_offsets_do_not_move_an_instant() {
        let read = |bytes: &[u8]| time(&mut Struct::from([("At", time_value(bytes))]), "At");
        assert_eq!(
            read(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]),
            Ok(None)
        );
        let epoch = [0, 0, 0, 0x0e, 0x77, 0x91, 0xf7, 0, 0, 0, 0, 0];
        let with = |version: u8, offset: &[u8]| [&[version], &epoch[..], offset].concat();
        assert_eq!(read(&with(1, &[0, 60])), Ok(Some(Timestamp::UNIX_EPOCH)));
        assert_eq!(read(&with(2, &[0, 60, 7])), Ok(Some(Timestamp::UNIX_EPOCH)));
        for bytes in [
            &with(1, &[0])[..],
            &with(2, &[0, 60]),
            &with(3, &[0, 60]),
            &[],
            &[1],
        ] {
            assert_eq!(
                read(bytes).map_err(|error| error.to_string()),
                Err("field `At`: expected a time of 15 or 16 bytes, found opaque".to_owned())
            );
        }
        let mut far = with(1, &[0, 0]);
        far[1] = 0x7f;
        assert!(read(&far).is_err());
    }

    fn measured(name: &str, phases: &[&str]) -> Value {
        let measurement = |phase: &&str| Struct::from([("Phase", Value::from(*phase))]).into();
        let measurements = phases.iter().map(measurement).collect();
        Struct::from([
            ("Name", name.into()),
            ("Measurements", Value::List(measurements)),
        ])
        .into()
    }

    fn run_args() -> Struct {
        let text = |text: &str| Value::from(text);
        let count = Struct::from([("Type", Value::Int(1)), ("StrVal", text("3"))]);
        Struct::from([
            (
                "AnalysisRun",
                Struct::from([
                    (
                        "ObjectMeta",
                        Struct::from([
                            ("Name", text("run")),
                            ("Labels", Value::Map(vec![(text("a"), text("b"))])),
                            (
                                "OwnerReferences",
                                Value::List(vec![
                                    Struct::from([("Kind", text("Rollout")), ("Name", text("r"))])
                                        .into(),
                                ]),
                            ),
                        ])
                        .into(),
                    ),
                    (
                        "Spec",
                        Struct::from([(
                            "Args",
                            Value::List(vec![
                                Struct::from([
                                    ("Name", text("token")),
                                    ("Value", text("secret")),
                                    (
                                        "ValueFrom",
                                        Struct::from([("SecretKeyRef", Struct::from([]).into())])
                                            .into(),
                                    ),
                                ])
                                .into(),
                            ]),
                        )])
                        .into(),
                    ),
                    (
                        "Status",
                        Struct::from([(
                            "MetricResults",
                            Value::List(vec![
                                measured("errors", &["Failed", "Error"]),
                                measured("latency", &[]),
                            ]),
                        )])
                        .into(),
                    ),
                ])
                .into(),
            ),
            (
                "Metric",
                Struct::from([
                    ("Name", text("errors")),
                    ("Count", count.into()),
                    ("FailureLimit", Struct::from([]).into()),
                    ("ALaterField", Value::Float(0.5)),
                    (
                        "Provider",
                        Struct::from([(
                            "Plugin",
                            Value::Map(vec![(text("a/b"), Value::Bytes(b"{}".to_vec()))]),
                        )])
                        .into(),
                    ),
                ])
                .into(),
            ),
        ])
    }

    #[test]
    fn arguments_are_read_by_name() {
        let expected = Arguments {
            run: Some(AnalysisRun {
                name: "run".into(),
                labels: BTreeMap::from([("a".into(), "b".into())]),
                owners: vec![Owner {
                    kind: "Rollout".into(),
                    name: "r".into(),
                }],
                args: vec![Argument {
                    name: "token".into(),
                    value: Some("secret".into()),
                    secret: true,
                }],
                last_phases: BTreeMap::from([("errors".into(), Phase::Error)]),
                ..AnalysisRun::default()
            }),
            metric: Metric {
                name: "errors".into(),
                count: Some(3),
                failure_limit: Some(0),
                plugins: vec![("a/b".into(), b"{}".to_vec())],
                ..Metric::default()
            },
            ..Arguments::default()
        };
        assert_eq!(arguments(run_args()), Ok(expected));
        assert_eq!(arguments(Struct::from([])), Ok(Arguments::default()));
    }

    /// Argo's own run: ten measurements of `error-rate`, the newest Successful.
    #[test]
    fn the_newest_measurement_has_the_last_phase() {
        let stream = include_bytes!("../../../tests/it/data/gob/argo_v1.10.1_host.gob");
        let mut decoder = Decoder::new(Limits::default());
        decoder.feed(stream);
        let mut runs = Vec::new();
        while let Ok(Some(value)) = decoder.next() {
            if let Value::Interface(Some(held)) = value
                && let Value::Struct(fields) = held.value
                && fields.get("AnalysisRun").is_some()
            {
                runs.extend(arguments(fields).expect("arguments").run);
            }
        }
        assert_eq!(runs.len(), 5);
        for run in runs {
            let expected = BTreeMap::from([("error-rate".to_owned(), Phase::Successful)]);
            assert_eq!(run.last_phases, expected);
        }
    }

    #[test]
    fn a_wrong_type_is_told_with_its_path() {
        let metric = |fields: Struct| Struct::from([("Metric", fields.into())]);
        let run = |fields: Struct| Struct::from([("AnalysisRun", fields.into())]);
        let number = || Value::Int(1);
        for (args, message) in [
            (
                metric(Struct::from([("Interval", number())])),
                "field `Metric.Interval`: expected string, found int",
            ),
            (
                metric(Struct::from([("Count", number())])),
                "field `Metric.Count`: expected struct, found int",
            ),
            (
                metric(Struct::from([(
                    "Provider",
                    Struct::from([("Plugin", Value::Map(vec![("a/b".into(), number())]))]).into(),
                )])),
                "field `Metric.Provider.Plugin[a/b]`: expected bytes, found int",
            ),
            (
                run(Struct::from([(
                    "Spec",
                    Struct::from([("Args", Value::List(vec![number()]))]).into(),
                )])),
                "field `AnalysisRun.Spec.Args[0]`: expected struct, found int",
            ),
            (
                run(Struct::from([(
                    "ObjectMeta",
                    Struct::from([("Labels", Value::Map(vec![(number(), number())]))]).into(),
                )])),
                "field `AnalysisRun.ObjectMeta.Labels`: expected keys of string, found int",
            ),
            (
                run(Struct::from([(
                    "Status",
                    Struct::from([(
                        "MetricResults",
                        Value::List(vec![
                            Struct::from([("Measurements", Value::List(vec![number()]))]).into(),
                        ]),
                    )])
                    .into(),
                )])),
                "field `AnalysisRun.Status.MetricResults[0].Measurements[0]`: expected struct, found int",
            ),
            (
                Struct::from([("Limit", "7".into())]),
                "field `Limit`: expected int, found string",
            ),
            (
                Struct::from([("Metric", Value::Bool(true))]),
                "field `Metric`: expected struct, found bool",
            ),
        ] {
            assert_eq!(
                arguments(args).map_err(|error| error.to_string()),
                Err(message.to_owned())
            );
        }
    }

    #[test]
    fn a_measurement_survives_the_way_there_and_back() {
        let at = |text: &str| text.parse().ok();
        let all = Measurement {
            phase: Phase::Running,
            message: "wait".into(),
            started_at: at("2026-01-02T03:04:05Z"),
            finished_at: at("2026-01-02T03:04:06.000000001Z"),
            value: "[0.12]".into(),
            metadata: BTreeMap::from([("k".into(), "v".into())]),
            resume_at: at("2026-01-02T03:05:05Z"),
        };
        for given in [all, Measurement::default()] {
            let Value::Struct(fields) = Reply::measurement(given.clone()).value else {
                panic!("no struct");
            };
            assert_eq!(measurement(fields), Ok(given));
        }
    }
}
