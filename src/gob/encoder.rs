//! Values into the bytes of a gob stream, each type's definition before its first value.

use super::numbering::Numbering;
use super::schema::{StructType, Type};
use super::value::{Named, Struct, Value};
use super::wire::{put_counted, put_float, put_int, put_uint};

/// Why a value cannot be sent as the type asked for: a mistake of the caller. Nothing of it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The value is of another kind than its type.
    #[error("encode gob: expected `{expected}`, found `{found}`")]
    Kind {
        /// By the type.
        expected: &'static str,
        /// By the value.
        found: &'static str,
    },
    /// A struct has fields that its type does not have, or one of them twice.
    #[error("encode gob: struct `{0}` does not have all fields of its value")]
    Fields(&'static str),
    /// An interface holds a type that is not registered.
    #[error("encode gob: no type is registered as `{0}`")]
    Unregistered(String),
}

/// Writes one direction of one connection, in the order in which Go's encoder writes.
#[derive(Default)]
pub struct Encoder {
    numbering: Numbering,
    registered: Vec<(&'static str, Type)>,
}

impl Encoder {
    /// An encoder at the beginning of a stream.
    pub fn new() -> Self {
        Encoder::default()
    }

    /// Names a type that interface values may hold (`gob.RegisterName`).
    pub fn register(&mut self, name: &'static str, ty: Type) {
        self.registered.push((name, ty));
    }

    /// Appends the definitions that the stream does not have yet, and the value, to `out`.
    ///
    /// Fields that the value lacks are zero; zero fields are not sent, empty maps and empty structs are.
    pub fn encode(
        &mut self,
        ty: &Type,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let (before, known) = (out.len(), self.numbering.len());
        let mut message = Vec::with_capacity(256);
        let result = self
            .typed(ty, value, &mut message, out)
            .map(|()| put_counted(out, &message));
        if result.is_err() {
            out.truncate(before);
            self.numbering.truncate(known);
        }
        result
    }

    /// The type's number, then the value. Definitions go out first: `message` as far as it is written takes the first
    /// of them with it (`sendActualType` of Go's `encoder.go`).
    fn typed(
        &mut self,
        ty: &Type,
        value: &Value,
        message: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let number = self.numbering.number(ty, message, out);
        put_int(message, number);
        self.whole(ty, value, message, out)
    }

    /// A value that stands alone: a struct, or a zero byte and the value.
    fn whole(
        &mut self,
        ty: &Type,
        value: &Value,
        message: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        if !matches!(ty, Type::Struct(_)) {
            message.push(0);
        }
        self.value(ty, value, message, out)
    }

    fn value(
        &mut self,
        ty: &Type,
        value: &Value,
        message: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        match (ty, value) {
            (Type::Bool, Value::Bool(value)) => message.push(u8::from(*value)),
            (Type::Int, Value::Int(value)) => put_int(message, *value),
            (Type::Uint, Value::Uint(value)) => put_uint(message, *value),
            (Type::Float, Value::Float(value)) => put_float(message, *value),
            (Type::Bytes, Value::Bytes(bytes)) => put_counted(message, bytes),
            (Type::String, Value::String(text)) => put_counted(message, text.as_bytes()),
            (Type::Opaque(_), Value::Opaque(bytes)) => put_counted(message, bytes),
            (Type::Interface, Value::Interface(None)) => put_uint(message, 0),
            (Type::Interface, Value::Interface(Some(named))) => {
                return self.interface(named, message, out);
            }
            (Type::Slice(element), Value::List(elements)) => {
                put_uint(message, elements.len() as u64);
                for value in elements {
                    self.value(element, value, message, out)?;
                }
            }
            (Type::Map(key, element), Value::Map(entries)) => {
                put_uint(message, entries.len() as u64);
                for (name, value) in entries {
                    self.value(key, name, message, out)?;
                    self.value(element, value, message, out)?;
                }
            }
            (Type::Struct(of), Value::Struct(fields)) => {
                return self.structure(of, fields, message, out);
            }
            _ => {
                return Err(EncodeError::Kind {
                    expected: ty.kind(),
                    found: value.kind(),
                });
            }
        }
        Ok(())
    }

    /// Each field sent is preceded by how far it is from the one sent before.
    fn structure(
        &mut self,
        ty: &'static StructType,
        fields: &Struct,
        message: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let mut delta = 0;
        let mut found = 0;
        for (name, field) in ty.fields {
            delta += 1;
            let Some(value) = fields.get(name) else {
                continue;
            };
            found += 1;
            if !is_omitted(value) {
                put_uint(message, delta);
                self.value(field, value, message, out)?;
                delta = 0;
            }
        }
        put_uint(message, 0);
        if found == fields.len() {
            Ok(())
        } else {
            Err(EncodeError::Fields(ty.name))
        }
    }

    /// The name, the definitions owed, the number, and the value with its length before it. What the value itself owes
    /// goes into `message`, not out (`encodeInterface` of Go's `encode.go`).
    fn interface(
        &mut self,
        named: &Named,
        message: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let ty = self
            .registered
            .iter()
            .find(|(name, _)| *name == named.name)
            .map(|(_, ty)| *ty)
            .ok_or_else(|| EncodeError::Unregistered(named.name.clone()))?;
        put_counted(message, named.name.as_bytes());
        let number = self.numbering.number(&ty, message, out);
        put_int(message, number);
        let mut held = Vec::new();
        self.whole(&ty, &named.value, &mut held, message)?;
        put_counted(message, &held);
        Ok(())
    }
}

/// Whether a field of that value is left out: it is zero to Go, or an empty slice.
fn is_omitted(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Int(value) => *value == 0,
        Value::Uint(value) => *value == 0,
        Value::Float(value) => *value == 0.0,
        Value::Complex(real, imaginary) => *real == 0.0 && *imaginary == 0.0,
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::List(elements) => elements.is_empty(),
        Value::Interface(held) => held.is_none(),
        Value::Map(_) | Value::Struct(_) | Value::Opaque(_) => false,
    }
}
