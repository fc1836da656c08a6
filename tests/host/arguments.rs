//! Argo's values as gob sends them in net/rpc's arguments, and from its answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use promql_guard::analysis::measurement::{Measurement, Phase};
use promql_guard::analysis::metric::Metric;
use promql_guard::analysis::run::{AnalysisRun, Argument, Owner};
use promql_guard::gob::schema::{StructType, Type};
use promql_guard::gob::value::{Struct, Value};

/// The types that interface values may hold, by the names of `rpc.go`'s `init`.
pub(super) static REGISTERED: [(&str, &StructType); 4] = [
    ("RunArgs", &RUN_ARGS),
    ("TerminateAndResumeArgs", &TERMINATE_AND_RESUME_ARGS),
    ("GarbageCollectArgs", &GARBAGE_COLLECT_ARGS),
    ("GetMetadataArgs", &GET_METADATA_ARGS),
];

const RUN: (&str, Type) = ("AnalysisRun", Type::Struct(&ANALYSIS_RUN));
const METRIC_FIELD: (&str, Type) = ("Metric", Type::Struct(&METRIC));
const TEXTS: Type = Type::Map(&Type::String, &Type::String);
const TIME: Type = Type::Opaque("Time");
const COUNT: Type = Type::Struct(&INT_OR_STRING);

static RUN_ARGS: StructType = StructType {
    name: "RunArgs",
    fields: &[RUN, METRIC_FIELD],
};

static TERMINATE_AND_RESUME_ARGS: StructType = StructType {
    name: "TerminateAndResumeArgs",
    fields: &[
        RUN,
        METRIC_FIELD,
        ("Measurement", Type::Struct(&MEASUREMENT)),
    ],
};

static GARBAGE_COLLECT_ARGS: StructType = StructType {
    name: "GarbageCollectArgs",
    fields: &[RUN, METRIC_FIELD, ("Limit", Type::Int)],
};

static GET_METADATA_ARGS: StructType = StructType {
    name: "GetMetadataArgs",
    fields: &[METRIC_FIELD],
};

static ANALYSIS_RUN: StructType = StructType {
    name: "AnalysisRun",
    fields: &[
        ("ObjectMeta", Type::Struct(&OBJECT_META)),
        ("Spec", Type::Struct(&SPEC)),
        ("Status", Type::Struct(&STATUS)),
    ],
};

static OBJECT_META: StructType = StructType {
    name: "ObjectMeta",
    fields: &[
        ("Name", Type::String),
        ("Namespace", Type::String),
        ("CreationTimestamp", TIME),
        ("Labels", TEXTS),
        ("Annotations", TEXTS),
        ("OwnerReferences", Type::Slice(&Type::Struct(&OWNER))),
    ],
};

static OWNER: StructType = StructType {
    name: "OwnerReference",
    fields: &[("Kind", Type::String), ("Name", Type::String)],
};

static SPEC: StructType = StructType {
    name: "AnalysisRunSpec",
    fields: &[
        ("Args", Type::Slice(&Type::Struct(&ARGUMENT))),
        ("DryRun", Type::Slice(&Type::Struct(&DRY_RUN))),
    ],
};

static DRY_RUN: StructType = StructType {
    name: "DryRun",
    fields: &[("MetricName", Type::String)],
};

static ARGUMENT: StructType = StructType {
    name: "Argument",
    fields: &[
        ("Name", Type::String),
        ("Value", Type::String),
        ("ValueFrom", Type::Struct(&VALUE_FROM)),
    ],
};

static VALUE_FROM: StructType = StructType {
    name: "ValueFrom",
    fields: &[("SecretKeyRef", Type::Struct(&SECRET_KEY_REF))],
};

static SECRET_KEY_REF: StructType = StructType {
    name: "SecretKeyRef",
    fields: &[("Name", Type::String), ("Key", Type::String)],
};

static STATUS: StructType = StructType {
    name: "AnalysisRunStatus",
    fields: &[
        ("StartedAt", TIME),
        ("MetricResults", Type::Slice(&Type::Struct(&METRIC_RESULT))),
    ],
};

static METRIC_RESULT: StructType = StructType {
    name: "MetricResult",
    fields: &[
        ("Name", Type::String),
        ("Measurements", Type::Slice(&Type::Struct(&MEASUREMENT))),
    ],
};

static METRIC: StructType = StructType {
    name: "Metric",
    fields: &[
        ("Name", Type::String),
        ("Interval", Type::String),
        ("InitialDelay", Type::String),
        ("Count", COUNT),
        ("SuccessCondition", Type::String),
        ("FailureCondition", Type::String),
        ("FailureLimit", COUNT),
        ("InconclusiveLimit", COUNT),
        ("ConsecutiveErrorLimit", COUNT),
        ("Provider", Type::Struct(&PROVIDER)),
        ("ConsecutiveSuccessLimit", COUNT),
    ],
};

static INT_OR_STRING: StructType = StructType {
    name: "IntOrString",
    fields: &[
        ("Type", Type::Int),
        ("IntVal", Type::Int),
        ("StrVal", Type::String),
    ],
};

static PROVIDER: StructType = StructType {
    name: "MetricProvider",
    fields: &[("Plugin", Type::Map(&Type::String, &Type::Bytes))],
};

static MEASUREMENT: StructType = StructType {
    name: "Measurement",
    fields: &[
        ("Phase", Type::String),
        ("Message", Type::String),
        ("StartedAt", TIME),
        ("FinishedAt", TIME),
        ("Value", Type::String),
        ("Metadata", TEXTS),
        ("ResumeAt", TIME),
    ],
};

type Field = (&'static str, Value);

/// A struct of the fields that are there: nil pointers, maps and slices are not sent.
pub(super) fn sent<const N: usize>(fields: [Option<Field>; N]) -> Struct {
    fields.into_iter().flatten().collect()
}

fn text(name: &'static str, value: &str) -> Option<Field> {
    Some((name, value.into()))
}

fn map(name: &'static str, texts: &BTreeMap<String, String>) -> Option<Field> {
    let entry = |(key, value): (&String, &String)| (key.as_str().into(), value.as_str().into());
    (!texts.is_empty()).then(|| (name, Value::Map(texts.iter().map(entry).collect())))
}

fn count(name: &'static str, value: Option<i64>) -> Option<Field> {
    value.map(|value| (name, sent([Some(("IntVal", Value::Int(value)))]).into()))
}

/// `time.Time`'s `GobEncode`, for a time in UTC.
fn instant(name: &'static str, at: Option<Timestamp>) -> Option<Field> {
    at.map(|at| {
        let seconds = at.as_second() + 62_135_596_800;
        let mut bytes = vec![1];
        bytes.extend(seconds.to_be_bytes());
        bytes.extend(at.subsec_nanosecond().to_be_bytes());
        bytes.extend([0xff, 0xff]);
        (name, Value::Opaque(bytes))
    })
}

pub(super) fn analysis_run(run: &AnalysisRun) -> Field {
    let owner = |owner: &Owner| sent([text("Kind", &owner.kind), text("Name", &owner.name)]).into();
    let meta = sent([
        text("Name", &run.name),
        text("Namespace", &run.namespace),
        instant("CreationTimestamp", run.created_at),
        map("Labels", &run.labels),
        map("Annotations", &run.annotations),
        Some((
            "OwnerReferences",
            Value::List(run.owners.iter().map(owner).collect()),
        )),
    ]);
    let arguments = Value::List(run.args.iter().map(argument).collect());
    let dry = |metric: &String| sent([text("MetricName", metric)]).into();
    let dry_run = Value::List(run.dry_run.iter().map(dry).collect());
    let results = Value::List(run.last_phases.iter().map(result).collect());
    let fields = sent([
        Some(("ObjectMeta", meta.into())),
        Some((
            "Spec",
            sent([Some(("Args", arguments)), Some(("DryRun", dry_run))]).into(),
        )),
        Some((
            "Status",
            sent([
                instant("StartedAt", run.started_at),
                Some(("MetricResults", results)),
            ])
            .into(),
        )),
    ]);
    ("AnalysisRun", fields.into())
}

fn result((metric, phase): (&String, &Phase)) -> Value {
    let measurement = sent([text("Phase", phase.as_str())]).into();
    sent([
        text("Name", metric),
        Some(("Measurements", Value::List(vec![measurement]))),
    ])
    .into()
}

fn argument(argument: &Argument) -> Value {
    let secret = || {
        let reference = sent([text("Name", "secret"), text("Key", "key")]);
        let source = sent([Some(("SecretKeyRef", reference.into()))]);
        ("ValueFrom", source.into())
    };
    sent([
        text("Name", &argument.name),
        argument
            .value
            .as_deref()
            .and_then(|value| text("Value", value)),
        argument.secret.then(secret),
    ])
    .into()
}

pub(super) fn metric_field(metric: &Metric) -> Field {
    let plugin =
        |(name, json): &(String, Vec<u8>)| (name.as_str().into(), Value::Bytes(json.clone()));
    let plugins = Value::Map(metric.plugins.iter().map(plugin).collect());
    let fields = sent([
        text("Name", &metric.name),
        text("Interval", &metric.interval),
        text("InitialDelay", &metric.initial_delay),
        count("Count", metric.count),
        text("SuccessCondition", &metric.success_condition),
        text("FailureCondition", &metric.failure_condition),
        count("FailureLimit", metric.failure_limit),
        count("InconclusiveLimit", metric.inconclusive_limit),
        count("ConsecutiveErrorLimit", metric.consecutive_error_limit),
        Some(("Provider", sent([Some(("Plugin", plugins))]).into())),
        count("ConsecutiveSuccessLimit", metric.consecutive_success_limit),
    ]);
    ("Metric", fields.into())
}

pub(super) fn measurement_value(measurement: &Measurement) -> Value {
    sent([
        text("Phase", measurement.phase.as_str()),
        text("Message", &measurement.message),
        instant("StartedAt", measurement.started_at),
        instant("FinishedAt", measurement.finished_at),
        text("Value", &measurement.value),
        map("Metadata", &measurement.metadata),
        instant("ResumeAt", measurement.resume_at),
    ])
    .into()
}

pub(super) fn refusal(answer: Value) -> Result<(), String> {
    let text = answer
        .as_struct()
        .and_then(|fields| fields.get("ErrorString"));
    text.map_or(Ok(()), |text| {
        Err(text.as_str().expect("a text").to_owned())
    })
}

pub(super) fn measured(answer: Value) -> Measurement {
    let fields = answer.as_struct().expect("a struct");
    let text = |name| fields.get(name).and_then(Value::as_str).unwrap_or("");
    let instant = |name| {
        fields.get(name).map(|value| {
            let bytes = value.as_bytes().expect("bytes");
            assert_eq!((bytes.len(), bytes[0]), (15, 1), "{name}");
            let seconds = i64::from_be_bytes(bytes[1..9].try_into().expect("eight bytes"));
            let nanoseconds = i32::from_be_bytes(bytes[9..13].try_into().expect("four bytes"));
            Timestamp::new(seconds - 62_135_596_800, nanoseconds).expect("a time")
        })
    };
    Measurement {
        phase: Phase::from(text("Phase")),
        message: text("Message").to_owned(),
        started_at: instant("StartedAt"),
        finished_at: instant("FinishedAt"),
        value: text("Value").to_owned(),
        metadata: texts(fields.get("Metadata")),
        resume_at: instant("ResumeAt"),
    }
}

pub(super) fn texts(value: Option<&Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    value
        .and_then(Value::as_map)
        .unwrap_or_default()
        .iter()
        .map(|(key, value)| (text(key), text(value)))
        .collect()
}
