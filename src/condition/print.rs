//! Values into text: as Go's `%v` writes them, and as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::budget::{Budget, Fault, Ran};
use super::builtins::runes;
use super::methods::{month_name, weekday_name};
use super::value::{Map, MapKind, Value};
use crate::text::chain::bounded;
use crate::text::duration::go_duration;
use crate::text::float::go_float;

/// `fmt.Sprint(value)`.
pub(super) fn plain(value: &Value, budget: &mut Budget) -> Ran<Vec<u8>> {
    let mut out = Vec::new();
    write(value, &mut out, budget)?;
    Ok(out)
}

/// The same for messages: short, and never an error.
pub(super) fn short(value: &Value) -> String {
    let mut out = Vec::new();
    let mut budget = Budget::small();
    // What was written before the budget ended is enough.
    let _ = write(value, &mut out, &mut budget);
    bounded(&String::from_utf8_lossy(&out), super::limits::QUOTED)
}

fn push(out: &mut Vec<u8>, text: &[u8], budget: &mut Budget) -> Ran<()> {
    budget.bytes(text.len())?;
    out.extend_from_slice(text);
    Ok(())
}

fn write(value: &Value, out: &mut Vec<u8>, budget: &mut Budget) -> Ran<()> {
    budget.steps(1)?;
    let text = match value {
        Value::Nil => "<nil>".into(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) | Value::Int64(n) => n.to_string(),
        Value::Byte(n) => n.to_string(),
        Value::Float(x) => float(*x),
        Value::Text(text) => return push(out, text, budget),
        Value::Time(time) => time.write(),
        Value::Duration(n) => go_duration(*n),
        Value::Month(month) => month_name(*month),
        Value::Weekday(day) => weekday_name(*day),
        Value::Bytes(_) | Value::List(_) => return write_list(value, out, budget),
        Value::Map(map) => return write_map(map, out, budget),
        // Go writes an address, and all fields.
        Value::Function(_) => return Err(Fault::new("a function cannot be written")),
        Value::Zone(_) => return Err(Fault::new("a time zone cannot be written")),
    };
    push(out, text.as_bytes(), budget)
}

fn write_list(value: &Value, out: &mut Vec<u8>, budget: &mut Budget) -> Ran<()> {
    push(out, b"[", budget)?;
    for index in 0..value.elements().unwrap_or(0) {
        if index > 0 {
            push(out, b" ", budget)?;
        }
        write(&value.item(index), out, budget)?;
    }
    push(out, b"]", budget)
}

fn write_map(map: &Map, out: &mut Vec<u8>, budget: &mut Budget) -> Ran<()> {
    push(out, b"map[", budget)?;
    for (index, (key, value)) in map.entries.iter().enumerate() {
        if index > 0 {
            push(out, b" ", budget)?;
        }
        write(&key.value(), out, budget)?;
        push(out, b":", budget)?;
        write(value, out, budget)?;
    }
    push(out, b"]", budget)
}

/// `%v` of a float: an exponent below 1e-4 and from 1e6.
fn float(x: f64) -> String {
    let magnitude = x.abs();
    if x == 0.0 || !x.is_finite() || (1e-4..1e6).contains(&magnitude) {
        return go_float(x);
    }
    exponential(x)
}

/// Go's `e` format: a sign and at least two digits of exponent.
fn exponential(x: f64) -> String {
    let text = format!("{x:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `json.MarshalIndent(value, "", "  ")`.
pub(super) fn json(value: &Value, budget: &mut Budget) -> Ran<Vec<u8>> {
    let mut out = Vec::new();
    write_json(value, 0, &mut out, budget)?;
    Ok(out)
}

fn write_json(value: &Value, indent: usize, out: &mut Vec<u8>, budget: &mut Budget) -> Ran<()> {
    budget.steps(1)?;
    let text = match value {
        Value::Nil => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n)
        | Value::Int64(n)
        | Value::Duration(n)
        | Value::Month(n)
        | Value::Weekday(n) => n.to_string(),
        Value::Byte(n) => n.to_string(),
        Value::Float(x) if !x.is_finite() => {
            let message = format!("json: unsupported value: {}", go_float(*x));
            return Err(Fault::new(message));
        }
        Value::Float(x) => json_float(*x),
        Value::Text(text) => return json_string(text, out, budget),
        Value::Bytes(bytes) => format!("{:?}", STANDARD.encode(bytes)),
        Value::Time(time) if !(0..=9999).contains(&time.civil().year) => {
            let message = "Time.MarshalJSON: year outside of range [0,9999]";
            return Err(Fault::new(message));
        }
        Value::Time(time) => {
            format!(
                "{:?}",
                super::time::format(time, "2006-01-02T15:04:05.999999999Z07:00")
            )
        }
        Value::List(list) if list.nil => "null".into(),
        Value::List(_) => return json_list(value, indent, out, budget),
        Value::Map(map) => return json_map(value, map, indent, out, budget),
        Value::Zone(_) => "{}".into(),
        Value::Function(_) => {
            let message = format!("json: unsupported type: {}", value.type_name());
            return Err(Fault::new(message));
        }
    };
    push(out, text.as_bytes(), budget)
}

fn json_float(x: f64) -> String {
    let magnitude = x.abs();
    if x == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return go_float(x);
    }
    exponential(x).replace("e-0", "e-")
}

fn new_line(indent: usize, out: &mut Vec<u8>, budget: &mut Budget) -> Ran<()> {
    budget.bytes(1 + 2 * indent)?;
    out.push(b'\n');
    out.resize(out.len() + 2 * indent, b' ');
    Ok(())
}

fn json_list(value: &Value, indent: usize, out: &mut Vec<u8>, budget: &mut Budget) -> Ran<()> {
    let length = value.elements().unwrap_or(0);
    if length == 0 {
        return push(out, b"[]", budget);
    }
    push(out, b"[", budget)?;
    for index in 0..length {
        if index > 0 {
            push(out, b",", budget)?;
        }
        new_line(indent + 1, out, budget)?;
        write_json(&value.item(index), indent + 1, out, budget)?;
    }
    new_line(indent, out, budget)?;
    push(out, b"]", budget)
}

fn json_map(
    value: &Value,
    map: &Map,
    indent: usize,
    out: &mut Vec<u8>,
    budget: &mut Budget,
) -> Ran<()> {
    if map.kind != MapKind::Text {
        let message = format!("json: unsupported type: {}", value.type_name());
        return Err(Fault::new(message));
    }
    if map.entries.is_empty() {
        return push(out, b"{}", budget);
    }
    push(out, b"{", budget)?;
    for (index, (key, value)) in map.entries.iter().enumerate() {
        if index > 0 {
            push(out, b",", budget)?;
        }
        new_line(indent + 1, out, budget)?;
        if let Value::Text(key) = key.value() {
            json_string(&key, out, budget)?;
        }
        push(out, b": ", budget)?;
        write_json(value, indent + 1, out, budget)?;
    }
    new_line(indent, out, budget)?;
    push(out, b"}", budget)
}

/// Go escapes what could harm in HTML, too.
fn json_string(text: &[u8], out: &mut Vec<u8>, budget: &mut Budget) -> Ran<()> {
    budget.bytes(text.len() + 2)?;
    out.push(b'"');
    for (c, bytes) in runes(text) {
        match c {
            '"' | '\\' => out.extend([b'\\', c as u8]),
            '\n' => out.extend(b"\\n"),
            '\r' => out.extend(b"\\r"),
            '\t' => out.extend(b"\\t"),
            '\u{8}' => out.extend(b"\\b"),
            '\u{c}' => out.extend(b"\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                budget.bytes(6)?;
                out.extend(format!("\\u{:04x}", u32::from(c)).into_bytes());
            }
            // A byte that is no UTF-8.
            char::REPLACEMENT_CHARACTER if bytes.len() == 1 => {
                budget.bytes(6)?;
                out.extend(b"\\ufffd");
            }
            _ => out.extend_from_slice(bytes),
        }
    }
    out.push(b'"');
    Ok(())
}
