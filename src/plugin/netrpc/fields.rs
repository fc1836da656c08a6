//! Fields of a Go struct into Rust values, with the field's path in what goes wrong.
//!
//! A field that was not sent has Go's zero value; a pointer that was not sent is nil. Fields that are not asked for are
//! ignored, since each release of the controller adds some.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::analysis::metric::int_value;
use crate::gob::value::{Struct, Value};

/// Seconds from the year 1, where Go counts from, to 1970.
pub(super) const UNIX_EPOCH: i64 = 62_135_596_800;

/// A field that is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field `{path}`: expected {expected}, found {found}")]
pub(crate) struct FieldError {
    /// From the call's arguments down: `Metric.Interval`.
    path: String,
    expected: &'static str,
    found: &'static str,
}

impl FieldError {
    fn new(name: &str, expected: &'static str, found: &Value) -> Self {
        FieldError {
            path: name.to_owned(),
            expected,
            found: found.kind(),
        }
    }

    fn within(mut self, name: &str) -> Self {
        self.path = format!("{name}.{}", self.path);
        self
    }
}

type Result<T> = std::result::Result<T, FieldError>;

/// A text; not sent: empty.
pub(super) fn string(from: &mut Struct, name: &str) -> Result<String> {
    Ok(optional_string(from, name)?.unwrap_or_default())
}

/// A pointer to a text; a pointer to the empty text is not sent either.
pub(super) fn optional_string(from: &mut Struct, name: &str) -> Result<Option<String>> {
    match from.take(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(FieldError::new(name, "string", &other)),
    }
}

/// A signed integer; not sent: 0.
pub(super) fn int(from: &mut Struct, name: &str) -> Result<i64> {
    match from.take(name) {
        None => Ok(0),
        Some(Value::Int(value)) => Ok(value),
        Some(other) => Err(FieldError::new(name, "int", &other)),
    }
}

/// An unsigned integer; not sent: 0.
pub(super) fn uint(from: &mut Struct, name: &str) -> Result<u64> {
    match from.take(name) {
        None => Ok(0),
        Some(Value::Uint(value)) => Ok(value),
        Some(other) => Err(FieldError::new(name, "uint", &other)),
    }
}

/// A struct, or a pointer to one, read by `read`; not sent: none.
pub(super) fn structure<T>(
    from: &mut Struct,
    name: &str,
    read: impl FnOnce(Struct) -> Result<T>,
) -> Result<Option<T>> {
    match from.take(name) {
        None => Ok(None),
        Some(Value::Struct(fields)) => read(fields).map(Some).map_err(|error| error.within(name)),
        Some(other) => Err(FieldError::new(name, "struct", &other)),
    }
}

/// A slice of structs, each read by `read`; not sent: empty.
pub(super) fn structures<T>(
    from: &mut Struct,
    name: &str,
    read: impl Fn(Struct) -> Result<T>,
) -> Result<Vec<T>> {
    let elements = match from.take(name) {
        None => return Ok(Vec::new()),
        Some(Value::List(elements)) => elements,
        Some(other) => return Err(FieldError::new(name, "list", &other)),
    };
    let element = |(index, value)| {
        let place = || format!("{name}[{index}]");
        match value {
            Value::Struct(fields) => read(fields).map_err(|error| error.within(&place())),
            other => Err(FieldError::new(&place(), "struct", &other)),
        }
    };
    elements.into_iter().enumerate().map(element).collect()
}

/// A map of texts; not sent: empty.
pub(super) fn texts(from: &mut Struct, name: &str) -> Result<BTreeMap<String, String>> {
    let entry = |entry| match entry {
        (Value::String(key), Value::String(value)) => Ok((key, value)),
        (Value::String(key), other) => {
            Err(FieldError::new(&format!("{name}[{key}]"), "string", &other))
        }
        (other, _) => Err(FieldError::new(name, "keys of string", &other)),
    };
    map(from, name)?.into_iter().map(entry).collect()
}

/// A map of texts to bytes, in the order sent; not sent: empty.
pub(super) fn raw_messages(from: &mut Struct, name: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let entry = |entry| match entry {
        (Value::String(key), Value::Bytes(value)) => Ok((key, value)),
        (Value::String(key), other) => {
            Err(FieldError::new(&format!("{name}[{key}]"), "bytes", &other))
        }
        (other, _) => Err(FieldError::new(name, "keys of string", &other)),
    };
    map(from, name)?.into_iter().map(entry).collect()
}

fn map(from: &mut Struct, name: &str) -> Result<Vec<(Value, Value)>> {
    match from.take(name) {
        None => Ok(Vec::new()),
        Some(Value::Map(entries)) => Ok(entries),
        Some(other) => Err(FieldError::new(name, "map", &other)),
    }
}

/// A `*intstr.IntOrString`.
pub(super) fn int_or_string(from: &mut Struct, name: &str) -> Result<Option<i64>> {
    structure(from, name, |mut fields| {
        // The zero of `intstr.Type` is `Int`.
        if int(&mut fields, "Type")? == 0 {
            return int(&mut fields, "IntVal");
        }
        Ok(int_value(&string(&mut fields, "StrVal")?))
    })
}

/// A `metav1.Time`, or a pointer to one; the zero time is none.
///
/// As `time.Time`'s `GobEncode` writes it: a version (1, or 2 for offsets with seconds), seconds from the year 1 and
/// nanoseconds, both big-endian, and the offset in minutes.
pub(super) fn time(from: &mut Struct, name: &str) -> Result<Option<Timestamp>> {
    let Some(value) = from.take(name) else {
        return Ok(None);
    };
    let refused = |value: &Value| FieldError::new(name, "a time of 15 or 16 bytes", value);
    let Value::Opaque(bytes) = &value else {
        return Err(refused(&value));
    };
    let Some((head, offset)) = bytes.split_first_chunk::<13>() else {
        return Err(refused(&value));
    };
    let [version, s0, s1, s2, s3, s4, s5, s6, s7, n0, n1, n2, n3] = *head;
    if !matches!((version, offset.len()), (1, 2) | (2, 3)) {
        return Err(refused(&value));
    }
    let seconds = i64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
    let nanoseconds = i32::from_be_bytes([n0, n1, n2, n3]);
    if (seconds, nanoseconds) == (0, 0) {
        return Ok(None);
    }
    seconds
        .checked_sub(UNIX_EPOCH)
        .and_then(|seconds| Timestamp::new(seconds, nanoseconds).ok())
        .map(Some)
        .ok_or_else(|| FieldError::new(name, "a time of the years 1 to 9999", &value))
}
