//! What the encoder writes, against Go's bytes and against our decoder.

use super::*;
use crate::gob::encoder::{EncodeError, Encoder};
use crate::gob::schema::{StructType, Type};
use crate::gob::value::Named;
use crate::gob::wire;

static TEXTS: Type = Type::Map(&Type::String, &Type::String);
static TIME: Type = Type::Opaque("Time");
static RESPONSE: StructType = StructType {
    name: "Response",
    fields: &[
        ("ServiceMethod", Type::String),
        ("Seq", Type::Uint),
        ("Error", Type::String),
    ],
};
static REQUEST: StructType = StructType {
    name: "Request",
    fields: &[("ServiceMethod", Type::String), ("Seq", Type::Uint)],
};
static RPC_ERROR: StructType = StructType {
    name: "RpcError",
    fields: &[("ErrorString", Type::String)],
};
static NOTHING: StructType = StructType {
    name: "",
    fields: &[],
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
/// A part of Argo's types: a receiver takes what is sent, by name.
static RUN_ARGS: StructType = StructType {
    name: "RunArgs",
    fields: &[
        ("AnalysisRun", Type::Struct(&ANALYSIS_RUN)),
        ("Metric", Type::Struct(&METRIC)),
    ],
};
static ANALYSIS_RUN: StructType = StructType {
    name: "AnalysisRun",
    fields: &[
        ("TypeMeta", Type::Struct(&TYPE_META)),
        ("ObjectMeta", Type::Struct(&OBJECT_META)),
        ("Spec", Type::Struct(&SPEC)),
        ("Status", Type::Struct(&STATUS)),
    ],
};
static TYPE_META: StructType = StructType {
    name: "TypeMeta",
    fields: &[("Kind", Type::String)],
};
static OBJECT_META: StructType = StructType {
    name: "ObjectMeta",
    fields: &[
        ("Name", Type::String),
        ("CreationTimestamp", TIME),
        ("Labels", TEXTS),
    ],
};
static SPEC: StructType = StructType {
    name: "AnalysisRunSpec",
    fields: &[
        ("Metrics", Type::Slice(&Type::Struct(&METRIC))),
        ("Args", Type::Slice(&Type::Struct(&ARGUMENT))),
        ("Terminate", Type::Bool),
    ],
};
static ARGUMENT: StructType = StructType {
    name: "Argument",
    fields: &[("Name", Type::String), ("Value", Type::String)],
};
static STATUS: StructType = StructType {
    name: "AnalysisRunStatus",
    fields: &[("RunSummary", Type::Struct(&RUN_SUMMARY))],
};
static RUN_SUMMARY: StructType = StructType {
    name: "RunSummary",
    fields: &[("Count", Type::Int)],
};
static METRIC: StructType = StructType {
    name: "Metric",
    fields: &[
        ("Name", Type::String),
        ("Count", Type::Struct(&INT_OR_STRING)),
        ("Provider", Type::Struct(&PROVIDER)),
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
/// Holds itself, and one of each kind.
static NODE: StructType = StructType {
    name: "Node",
    fields: &[
        ("Flag", Type::Bool),
        ("Int", Type::Int),
        ("Uint", Type::Uint),
        ("Float", Type::Float),
        ("Bytes", Type::Bytes),
        ("Next", Type::Struct(&NODE)),
        ("All", Type::Slice(&Type::Struct(&NODE))),
        ("Any", Type::Interface),
        ("Anys", Type::Slice(&Type::Interface)),
    ],
};

fn fields<const N: usize>(fields: [(&'static str, Value); N]) -> Value {
    Struct::from(fields).into()
}

fn entries<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(
        entries
            .into_iter()
            .map(|(key, element)| (key.into(), element))
            .collect(),
    )
}

fn held(name: &str, value: Value) -> Value {
    Value::Interface(Some(Box::new(Named {
        name: name.into(),
        value,
    })))
}

/// `time.Time.GobEncode` of a second of 2026-11-25 10:30 UTC.
fn time(second: u8) -> Value {
    let mut bytes = vec![
        1, 0, 0, 0, 0x0e, 0xe2, 0x98, 0xaf, 0xa8, 0, 0, 0, 0, 0xff, 0xff,
    ];
    bytes[8] += second;
    Value::Opaque(bytes)
}

fn response(method: &str, seq: u64, error: &str) -> (Type, Value) {
    let value = fields([
        ("ServiceMethod", format!("Plugin.{method}").into()),
        ("Seq", Value::Uint(seq)),
        ("Error", error.into()),
    ]);
    (Type::Struct(&RESPONSE), value)
}

/// The generator's `answerValues`.
fn answers() -> Vec<(Type, Value)> {
    let measurement = Type::Struct(&MEASUREMENT);
    let finished = fields([
        ("Phase", "Failed".into()),
        ("Message", "`0.12` does not meet `result[0] < 0.05`".into()),
        ("StartedAt", time(0)),
        ("FinishedAt", time(1)),
        ("Value", "[0.12]".into()),
        (
            "Metadata",
            entries([(
                "ResolvedPrometheusQuery",
                "sum(rate(errors_total[5m]))".into(),
            )]),
        ),
    ]);
    let running = fields([
        ("Phase", "Running".into()),
        ("StartedAt", time(0)),
        ("Metadata", entries([("waited", "1".into())])),
        ("ResumeAt", time(15)),
    ]);
    let about = entries([("ResolvedPrometheusQuery", "vector(1)".into())]);
    let refused = fields([("ErrorString", "cannot collect".into())]);
    vec![
        response("InitPlugin", 0, ""),
        (Type::Struct(&RPC_ERROR), fields([])),
        response("Nope", 1, "rpc: can't find method Plugin.Nope"),
        (Type::Struct(&NOTHING), fields([])),
        response("Run", 2, ""),
        (measurement, finished),
        response("Resume", 3, ""),
        (measurement, running),
        response("Type", 4, ""),
        (Type::String, "promql-guard".into()),
        response("GetMetadata", 5, ""),
        (TEXTS, about),
        response("GarbageCollect", 6, ""),
        (Type::Struct(&RPC_ERROR), refused),
        response("Run", 7, ""),
        (measurement, fields([])),
        response("Dispense", 8, ""),
        (Type::Uint, Value::Uint(300)),
    ]
}

/// What a controller asks, in an interface.
fn questions() -> Vec<(Type, Value)> {
    let metric = |count| {
        fields([
            ("Name", "error-rate".into()),
            ("Count", fields([("IntVal", Value::Int(count))])),
            (
                "Provider",
                fields([("Plugin", entries([("a/b", Value::Bytes(b"{}".to_vec()))]))]),
            ),
        ])
    };
    let argument = fields([("Name", "service".into()), ("Value", "checkout".into())]);
    let run = fields([
        ("TypeMeta", fields([("Kind", "AnalysisRun".into())])),
        (
            "ObjectMeta",
            fields([
                ("Name", "checkout-1".into()),
                ("CreationTimestamp", time(0)),
                ("Labels", entries([("step-index", "1".into())])),
            ]),
        ),
        (
            "Spec",
            fields([
                ("Metrics", Value::List(vec![metric(1), metric(2)])),
                ("Args", Value::List(vec![argument])),
                ("Terminate", Value::Bool(true)),
            ]),
        ),
        (
            "Status",
            fields([("RunSummary", fields([("Count", Value::Int(2))]))]),
        ),
    ]);
    let args = held(
        "RunArgs",
        fields([("AnalysisRun", run), ("Metric", metric(-5))]),
    );
    let request = fields([
        ("ServiceMethod", "Plugin.Run".into()),
        ("Seq", Value::Uint(9)),
    ]);
    vec![
        (Type::Struct(&REQUEST), request),
        (Type::Interface, Value::Interface(None)),
        (Type::Interface, args.clone()),
        (Type::Interface, args),
    ]
}

fn encoder() -> Encoder {
    let mut encoder = Encoder::new();
    encoder.register("RunArgs", Type::Struct(&RUN_ARGS));
    encoder.register("Node", Type::Struct(&NODE));
    encoder.register("Texts", TEXTS);
    encoder.register("int", Type::Int);
    encoder
}

fn encode(values: &[(Type, Value)]) -> Vec<u8> {
    let mut encoder = encoder();
    let mut stream = Vec::new();
    for (ty, value) in values {
        let written = encoder.encode(ty, value, &mut stream);
        assert_eq!(written, Ok(()), "{value:?}");
    }
    stream
}

/// The messages of a stream, without the definitions of types that encode themselves: Go defines such a type once
/// more for each pointer to it and for what it is made of.
fn messages(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let Ok(Some((length, width))) = wire::uint(stream) {
        let (message, rest) = stream[width..].split_at(length as usize);
        if !matches!(message, [0xff, number, 5, 1, ..] if number % 2 == 1) {
            messages.push(message);
        }
        stream = rest;
    }
    messages
}

#[test]
fn answers_are_gos_bytes() {
    let (ours, gos) = (encode(&answers()), recorded("answers.gob"));
    assert_eq!(messages(&ours), messages(&gos));
}

/// The generator's `check` lets Go decode this recording of our bytes, and finds the same text.
#[test]
fn go_has_decoded_these_bytes() {
    let (mut types_and_values, asked) = (answers(), questions());
    types_and_values.extend(asked);
    let stream = encode(&types_and_values);
    let (values, error) = decode(&stream, stream.len(), Limits::default());
    assert_eq!(error, None);
    assert_eq!(text(&values), recorded_text("ours"));
    assert_eq!(hex(&stream), hex(&recorded("ours.gob")));
}

#[test]
fn what_is_encoded_decodes_to_itself() {
    let node = Type::Struct(&NODE);
    let leaf = fields([("Int", Value::Int(-1)), ("Uint", Value::Uint(u64::MAX))]);
    let tree = fields([
        ("Flag", Value::Bool(true)),
        ("Float", Value::Float(f64::MIN_POSITIVE)),
        ("Bytes", Value::Bytes(vec![0, 255])),
        ("Next", fields([("Next", leaf.clone())])),
        ("All", Value::List(vec![leaf.clone(), fields([]), leaf])),
    ]);
    let holding = fields([
        (
            "Any",
            held("Node", fields([("Any", held("Node", tree.clone()))])),
        ),
        (
            "Anys",
            Value::List(vec![
                held("Texts", entries([])),
                Value::Interface(None),
                held("int", Value::Int(0)),
                held("Node", tree.clone()),
            ]),
        ),
    ]);
    let values = vec![
        (Type::Bool, Value::Bool(false)),
        (Type::Int, Value::Int(i64::MIN)),
        (Type::Uint, Value::Uint(128)),
        (Type::Float, Value::Float(-0.0)),
        (Type::Bytes, Value::Bytes(vec![])),
        (Type::String, "na\u{ef}ve".into()),
        (TIME, time(59)),
        (TEXTS, entries([("", "".into()), ("k", "v".into())])),
        (Type::Slice(&Type::Int), Value::List(vec![Value::Int(0)])),
        (Type::Slice(&TEXTS), Value::List(vec![entries([])])),
        (Type::Interface, held("Texts", entries([("a", "b".into())]))),
        (Type::Interface, held("Node", holding.clone())),
        (node, tree),
        (node, holding),
        (node, fields([])),
    ];
    // On one stream, and each at the beginning of its own.
    let streams = values.chunks(1).chain([&values[..]]);
    for values in streams {
        let expected: Vec<_> = values.iter().map(|(_, value)| value.clone()).collect();
        let stream = encode(values);
        for feed in [1, stream.len()] {
            let decoded = decode(&stream, feed, Limits::default());
            assert_eq!(decoded, (expected.clone(), None));
        }
    }
}

#[test]
fn a_refused_value_leaves_the_stream_as_it_was() {
    let mut encoder = encoder();
    let mut stream = Vec::new();
    for (ty, value, error) in [
        (
            Type::Struct(&NODE),
            fields([("Int", Value::Uint(1))]),
            EncodeError::Kind {
                expected: "int",
                found: "uint",
            },
        ),
        (
            Type::Struct(&NODE),
            fields([("Flag", Value::Bool(true)), ("Flags", Value::Bool(true))]),
            EncodeError::Fields("Node"),
        ),
        (
            Type::Interface,
            held("unheard", Value::Int(1)),
            EncodeError::Unregistered("unheard".into()),
        ),
        (
            Type::Interface,
            held("Node", fields([("Any", held("unheard", fields([])))])),
            EncodeError::Unregistered("unheard".into()),
        ),
    ] {
        assert_eq!(encoder.encode(&ty, &value, &mut stream), Err(error));
        assert!(stream.is_empty());
    }
    let node = fields([("Int", Value::Int(1))]);
    encoder
        .encode(&Type::Struct(&NODE), &node, &mut stream)
        .expect("a node");
    let decoded = decode(&stream, stream.len(), Limits::default());
    assert_eq!(decoded, (vec![node], None));
}
