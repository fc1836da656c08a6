//! The module against what Go wrote; `tests/conformance/fixtures` says how it was recorded.

mod encoding;
mod hostile;

use std::fs;

use super::decoder::{DecodeError, Decoder, Limits};
use super::value::{Struct, Value};

/// Streams that Go wrote, beside each what Go says it holds.
const RECORDED: [&str; 13] = [
    "answers",
    "argo_v1.10.1_host",
    "argo_v1.10.1_plugin",
    "argo_v1.7.2_host",
    "argo_v1.7.2_plugin",
    "arrays_and_maps",
    "control_host",
    "control_plugin",
    "interfaces",
    "recursive",
    "scalars",
    "self_encoding",
    "structs",
];

fn recorded(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/data/gob");
    fs::read(format!("{folder}/{name}")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn recorded_text(name: &str) -> String {
    String::from_utf8(recorded(&format!("{name}.txt"))).expect("written by Go")
}

/// All values of a stream that comes in feeds of so many bytes, and why it ended before its end.
fn decode(stream: &[u8], feed: usize, limits: Limits) -> (Vec<Value>, Option<DecodeError>) {
    let mut decoder = Decoder::new(limits);
    let mut values = Vec::new();
    for bytes in stream.chunks(feed.max(1)) {
        decoder.feed(bytes);
        loop {
            match decoder.next() {
                Ok(Some(value)) => values.push(value),
                Ok(None) => break,
                Err(error) => return (values, Some(error)),
            }
        }
    }
    (values, None)
}

/// Values as the generator's `render.go` writes them.
fn text(values: &[Value]) -> String {
    let mut out = String::new();
    for value in values {
        out.push_str("---\n");
        out.push_str(&render(value, ""));
        out.push('\n');
    }
    out
}

fn render(value: &Value, indent: &str) -> String {
    let inner = format!("{indent}  ");
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => format!("int {value}"),
        Value::Uint(value) => format!("uint {value}"),
        Value::Float(value) => format!("float {}", float(*value)),
        Value::Complex(real, imaginary) => {
            format!("complex {} {}", float(*real), float(*imaginary))
        }
        Value::Bytes(bytes) => format!("bytes {}", hex(bytes)),
        Value::Opaque(bytes) => format!("opaque {}", hex(bytes)),
        Value::String(text) => quoted(text),
        Value::List(elements) => {
            let lines = elements
                .iter()
                .map(|element| format!("{inner}{}", render(element, &inner)))
                .collect();
            block("[", lines, indent, "]")
        }
        Value::Map(entries) => {
            let mut lines: Vec<_> = entries
                .iter()
                .map(|(key, element)| {
                    let (key, element) = (render(key, &inner), render(element, &inner));
                    format!("{inner}{key} => {element}")
                })
                .collect();
            lines.sort();
            block("map {", lines, indent, "}")
        }
        Value::Struct(fields) => {
            let lines = fields
                .iter()
                .map(|(name, field)| format!("{inner}{name}: {}", render(field, &inner)))
                .collect();
            block("{", lines, indent, "}")
        }
        Value::Interface(None) => "interface nil".into(),
        Value::Interface(Some(named)) => {
            let value = render(&named.value, indent);
            format!("interface {} {value}", quoted(&named.name))
        }
    }
}

fn block(open: &str, lines: Vec<String>, indent: &str, close: &str) -> String {
    if lines.is_empty() {
        return format!("{open}{close}");
    }
    format!("{open}\n{}\n{indent}{close}", lines.join("\n"))
}

fn float(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        value => value.to_string(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string")
}

#[test]
fn recorded_streams_hold_what_go_says() {
    for name in RECORDED {
        let stream = recorded(&format!("{name}.gob"));
        let (values, error) = decode(&stream, stream.len(), Limits::default());
        assert_eq!(error, None, "{name}");
        assert_eq!(text(&values), recorded_text(name), "{name}");
    }
}

#[test]
fn the_size_of_feeds_does_not_matter() {
    for name in RECORDED {
        let stream = recorded(&format!("{name}.gob"));
        for feed in [1, 7, 4096] {
            let (values, error) = decode(&stream, feed, Limits::default());
            assert_eq!(error, None, "{name} by {feed}");
            assert_eq!(text(&values), recorded_text(name), "{name} by {feed}");
        }
    }
}

/// The example of Go's `encoding/gob/doc.go`: nothing comes before the last byte.
#[test]
fn the_documented_example() {
    let stream = [
        0x1f, 0xff, 0x81, 0x03, 0x01, 0x01, 0x05, 0x50, 0x6f, 0x69, 0x6e, 0x74, 0x01, 0xff, 0x82,
        0x00, 0x01, 0x02, 0x01, 0x01, 0x58, 0x01, 0x04, 0x00, 0x01, 0x01, 0x59, 0x01, 0x04, 0x00,
        0x00, 0x00, 0x07, 0xff, 0x82, 0x01, 0x2c, 0x01, 0x42, 0x00,
    ];
    let mut decoder = Decoder::new(Limits::default());
    for byte in &stream[..stream.len() - 1] {
        decoder.feed(&[*byte]);
        assert_eq!(decoder.next(), Ok(None));
    }
    decoder.feed(&stream[stream.len() - 1..]);
    let point = Struct::from([("X", Value::Int(22)), ("Y", Value::Int(33))]);
    assert_eq!(decoder.next(), Ok(Some(point.into())));
    assert_eq!(decoder.next(), Ok(None));
}

/// Measured on the recordings, with room for what Kubernetes adds; the limits' documentation names the figures.
#[test]
fn argo_stays_far_below_the_limits() {
    let stream = recorded("argo_v1.10.1_host.gob");
    let limits = Limits {
        message: 16 << 10,
        value: 64 << 10,
        depth: 12,
        types: 300,
        fields: 2000,
        elements: 2000,
    };
    let (values, error) = decode(&stream, stream.len(), limits);
    assert_eq!((values.len(), error), (20, None));
}
