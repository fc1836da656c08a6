//! The definition of a type, a value of Go's `wireType`, into what [`Types`](super::types::Types) keeps of it.

use super::decoder::DecodeError;
use super::types::Definition;
use super::value::{Struct, Value};

/// Names are kept as long as the stream. Go sets this bound for the names of types that interfaces hold.
const LONGEST_NAME: usize = 1024;

/// Exactly one field of a `wireType` is set: the one that tells the kind.
pub(super) fn definition(wire_type: Value) -> Result<Definition, DecodeError> {
    let Value::Struct(mut kinds) = wire_type else {
        return Err(DecodeError::Definition);
    };
    if let Some(definition) = structure(&mut kinds, "StructT") {
        return fields(definition).map(Definition::Struct);
    }
    if let Some(slice) = structure(&mut kinds, "SliceT") {
        return Ok(Definition::Slice(int(&slice, "Elem")));
    }
    if let Some(map) = structure(&mut kinds, "MapT") {
        return Ok(Definition::Map {
            key: int(&map, "Key"),
            element: int(&map, "Elem"),
        });
    }
    if let Some(array) = structure(&mut kinds, "ArrayT") {
        return Ok(Definition::Array {
            element: int(&array, "Elem"),
            length: u64::try_from(int(&array, "Len")).map_err(|_| DecodeError::Definition)?,
        });
    }
    let opaque = ["GobEncoderT", "BinaryMarshalerT", "TextMarshalerT"];
    if opaque.iter().any(|kind| kinds.get(kind).is_some()) {
        return Ok(Definition::Opaque);
    }
    Err(DecodeError::Definition)
}

fn fields(mut definition: Struct) -> Result<Vec<(String, i64)>, DecodeError> {
    let Some(Value::List(fields)) = definition.take("Field") else {
        return Ok(Vec::new());
    };
    fields
        .into_iter()
        .map(|field| match field {
            Value::Struct(mut field) => match field.take("Name") {
                Some(Value::String(name)) if name.len() <= LONGEST_NAME => {
                    Ok((name, int(&field, "Id")))
                }
                _ => Err(DecodeError::Definition),
            },
            _ => Err(DecodeError::Definition),
        })
        .collect()
}

fn structure(kinds: &mut Struct, kind: &str) -> Option<Struct> {
    match kinds.take(kind) {
        Some(Value::Struct(definition)) => Some(definition),
        _ => None,
    }
}

fn int(definition: &Struct, field: &str) -> i64 {
    definition.get(field).and_then(Value::as_i64).unwrap_or(0)
}
