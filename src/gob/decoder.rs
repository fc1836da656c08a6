//! The bytes of a gob stream, as they come, into its top-level values.

use std::ops::Range;

use super::building::Building;
use super::definition::definition;
use super::types::{Slot, Types};
use super::value::Value;
use super::wire::{self, Reader};

/// What a stream may ask for before it is refused; nothing is allocated ahead of the bytes that fill it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message; default 32 MiB (Go refuses from 1 GiB, far more on 64 bits).
    pub message: usize,
    /// Bytes of all messages of one top-level value, definitions included; default 64 MiB.
    pub value: usize,
    /// Values inside one another; default 100.
    pub depth: usize,
    /// Types that the stream defines or names; default 4096. What Argo asks takes about 220.
    pub types: usize,
    /// Fields of all struct types that the stream defines; default 32768.
    pub fields: usize,
    /// Fields, elements, keys inside one top-level value, each 50 to 250 bytes of memory; default 262144.
    pub elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            message: 32 << 20,
            value: 64 << 20,
            depth: 100,
            types: 4096,
            fields: 32_768,
            elements: 1 << 18,
        }
    }
}

/// Why bytes are no gob stream, or one that is refused. The stream cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A message is longer than the limit.
    #[error("gob message announces `{length}` bytes, the limit is `{limit}`")]
    MessageTooLong {
        /// Bytes announced.
        length: u64,
        /// Bytes allowed.
        limit: usize,
    },
    /// The messages of one value are longer than the limit.
    #[error("gob value takes more than `{0}` bytes")]
    ValueTooLong(usize),
    /// A message ends inside a value.
    #[error("gob message ends inside a value")]
    Truncated,
    /// Bytes are left in a message after its value or definition.
    #[error("gob message has `{0}` bytes after its end")]
    Trailing(usize),
    /// The first byte of an integer announces this many bytes.
    #[error("gob integer of `{0}` bytes, expected at most `8`")]
    Integer(usize),
    /// More bytes or elements are announced than are left.
    #[error("gob announces `{count}` bytes or elements, the message has `{left}` bytes left")]
    Count {
        /// Announced.
        count: u64,
        /// Bytes left in the message.
        left: usize,
    },
    /// A value that is no struct must follow a zero byte.
    #[error("gob value of a type that is no struct begins with `{0}`, expected `0`")]
    NoSingleton(u64),
    /// A struct sends a field that its type does not have.
    #[error("gob struct sends a field beyond the `{fields}` of its type")]
    NoSuchField {
        /// Fields of the type.
        fields: usize,
    },
    /// An array has another length than its type.
    #[error("gob array of `{found}` elements, expected `{expected}`")]
    ArrayLength {
        /// Elements announced.
        found: u64,
        /// Elements by the type's definition.
        expected: u64,
    },
    /// A value or definition names a type that is not defined.
    #[error("gob type `{0}` is not defined")]
    UnknownType(i64),
    /// A value holds a part of a type that is named and was never defined.
    #[error("gob value holds a part whose type is not defined")]
    UndefinedPart,
    /// A type is defined again.
    #[error("gob type `{0}` is defined twice")]
    DuplicateType(i64),
    /// A definition for a number that is not for definitions.
    #[error("gob type `{0}` cannot be defined, expected a number from `64`")]
    ReservedType(i64),
    /// A definition that is none: of no kind, or a field with no name or one of more than 1024 bytes.
    #[error("gob type definition describes no type")]
    Definition,
    /// Values nest deeper than the limit.
    #[error("gob value nests more than `{0}` deep")]
    TooDeep(usize),
    /// The stream names more types than the limit.
    #[error("gob stream defines too many types")]
    TooManyTypes,
    /// The stream defines more fields than the limit.
    #[error("gob stream defines too many fields")]
    TooManyFields,
    /// One value holds more parts than the limit.
    #[error("gob value holds too many elements")]
    TooManyElements,
}

/// Bytes of buffer that stay allocated between messages, however long one was.
const KEPT: usize = 64 << 10;

/// Reads one direction of one connection.
pub struct Decoder {
    limits: Limits,
    types: Types,
    building: Building,
    buffer: Vec<u8>,
    /// What is not read yet of the message being read; its end is where the next message begins.
    message: Range<usize>,
    /// Bytes of the messages received for the value being read.
    received: usize,
    failed: Option<DecodeError>,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new(limits: Limits) -> Self {
        Decoder {
            types: Types::new(&limits),
            building: Building::new(limits.depth, limits.elements),
            limits,
            buffer: Vec::new(),
            message: 0..0,
            received: 0,
            failed: None,
        }
    }

    /// Takes the next bytes of the stream. What it keeps is bounded only if [`Decoder::next`] is called after each
    /// feed until it returns none.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        // Moving what is left costs no more than the bytes that were read before it.
        if self.message.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.message.start);
            self.message = 0..self.message.len();
            if self.buffer.len() < KEPT {
                self.buffer.shrink_to(KEPT);
            }
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next top-level value; `None`: more bytes are needed. After an error it returns that error for ever.
    #[expect(
        clippy::should_implement_trait,
        reason = "none means not yet, an iterator's none means never"
    )]
    pub fn next(&mut self) -> Result<Option<Value>, DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.advance();
        if let Err(error) = &result {
            self.failed = Some(error.clone());
            self.buffer = Vec::new();
        }
        result
    }

    /// Each round reads the value that begins, the whole or what an interface value holds.
    fn advance(&mut self) -> Result<Option<Value>, DecodeError> {
        loop {
            let Some(slot) = self.value_type()? else {
                return Ok(None);
            };
            let mut reader = Reader::new(&self.buffer[self.message.clone()]);
            if self.building.is_begun() {
                // How long the interface's value is, for readers that skip it.
                reader.uint()?;
            }
            let value = self.building.read(slot, &self.types, &mut reader)?;
            self.message.start += reader.position();
            if let Some(value) = value {
                return self.end(value).map(Some);
            }
        }
    }

    fn end(&mut self, value: Value) -> Result<Value, DecodeError> {
        if !self.message.is_empty() {
            return Err(DecodeError::Trailing(self.message.len()));
        }
        self.building = Building::new(self.limits.depth, self.limits.elements);
        self.received = 0;
        Ok(value)
    }

    /// Takes definitions in until the type of a value comes (`decodeTypeSequence` of Go's `decoder.go`).
    fn value_type(&mut self) -> Result<Option<Slot>, DecodeError> {
        loop {
            if self.message.is_empty() && !self.receive()? {
                return Ok(None);
            }
            let mut reader = Reader::new(&self.buffer[self.message.clone()]);
            let number = reader.int()?;
            if number >= 0 {
                self.message.start += reader.position();
                return self.types.defined(number).map(Some);
            }
            let number = number
                .checked_neg()
                .ok_or(DecodeError::UnknownType(number))?;
            // A definition takes three values a field, and a dozen for the rest.
            let elements = self
                .types
                .fields_left()
                .saturating_mul(3)
                .saturating_add(16);
            let read = Building::new(self.limits.depth, elements)
                .read(self.types.definition(), &self.types, &mut reader)
                .map_err(|error| match error {
                    DecodeError::TooManyElements => DecodeError::TooManyFields,
                    error => error,
                })?;
            let wire_type = read.ok_or(DecodeError::Definition)?;
            // Inside a value that an interface holds, a length stands between a definition and what follows.
            if reader.left() > 0 {
                if !self.building.is_begun() {
                    return Err(DecodeError::Trailing(reader.left()));
                }
                reader.uint()?;
            }
            self.message.start += reader.position();
            self.types.define(number, definition(wire_type)?)?;
        }
    }

    /// Goes on to the next message; false: it has not come whole.
    fn receive(&mut self) -> Result<bool, DecodeError> {
        let start = self.message.end;
        let Some((length, width)) = wire::uint(&self.buffer[start..])? else {
            return Ok(false);
        };
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.limits.message)
            .ok_or(DecodeError::MessageTooLong {
                length,
                limit: self.limits.message,
            })?;
        if length > self.limits.value.saturating_sub(self.received) {
            return Err(DecodeError::ValueTooLong(self.limits.value));
        }
        let start = start + width;
        if self.buffer.len() - start < length {
            return Ok(false);
        }
        self.received += length;
        self.message = start..start + length;
        Ok(true)
    }
}
