//! The types of one stream: those every gob stream begins with, and those it defined.

use std::borrow::Cow;
use std::collections::HashMap;

use super::decoder::{DecodeError, Limits};
use super::value::Names;

/// The lowest type number that a stream may define (`firstUserId` of Go's `type.go`).
const FIRST_DEFINED: i64 = 64;

/// A type's place in [`Types`]. Types name each other by place, so reading a value looks up no numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u32);

/// How the value of a type stands on the wire.
#[derive(Debug)]
pub(super) enum Wire {
    /// Named by another type, not defined yet.
    Undefined,
    Bool,
    Int,
    Uint,
    Float,
    Bytes,
    String,
    Complex,
    Interface,
    /// A type that encodes itself.
    Opaque,
    Slice(Slot),
    Array {
        element: Slot,
        length: u64,
    },
    Map {
        key: Slot,
        element: Slot,
    },
    Struct {
        names: Names,
        fields: Box<[Slot]>,
    },
}

/// The definition of one type; the types it is made of still by their numbers.
#[derive(Debug)]
pub(super) enum Definition {
    Opaque,
    Slice(i64),
    Array { element: i64, length: u64 },
    Map { key: i64, element: i64 },
    Struct(Vec<(String, i64)>),
}

/// The struct types that definitions are written in (`wireType` and what it holds, Go's `type.go`): number, fields.
const DEFINITION_TYPES: [(i64, &[(&str, i64)]); 7] = [
    (
        16,
        &[
            ("ArrayT", 17),
            ("SliceT", 19),
            ("StructT", 20),
            ("MapT", 23),
            ("GobEncoderT", 24),
            ("BinaryMarshalerT", 24),
            ("TextMarshalerT", 24),
        ],
    ),
    (17, &[("CommonType", 18), ("Elem", 2), ("Len", 2)]),
    (18, &[("Name", 6), ("Id", 2)]),
    (19, &[("CommonType", 18), ("Elem", 2)]),
    (20, &[("CommonType", 18), ("Field", 22)]),
    (21, &[("Name", 6), ("Id", 2)]),
    (23, &[("CommonType", 18), ("Key", 2), ("Elem", 2)]),
];
const LIST_OF_FIELDS: (i64, i64) = (22, 21);
const SELF_ENCODING: (i64, &[(&str, i64)]) = (24, &[("CommonType", 18)]);

/// The types of one stream by place and by number.
#[derive(Debug)]
pub(super) struct Types {
    wires: Vec<Wire>,
    by_number: HashMap<i64, Slot>,
    /// How many places may be given out, and fields be defined, from now on.
    types_left: usize,
    fields_left: usize,
}

impl Types {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut types = Types {
            wires: Vec::new(),
            by_number: HashMap::new(),
            types_left: 0,
            fields_left: limits.fields,
        };
        // The numbers of Go's bootstrap types are these places plus one; see `bootstrapType` in type.go.
        for wire in [
            Wire::Bool,
            Wire::Int,
            Wire::Uint,
            Wire::Float,
            Wire::Bytes,
            Wire::String,
            Wire::Complex,
            Wire::Interface,
        ] {
            let number = types.wires.len() as i64 + 1;
            types.add(number, wire);
        }
        let structs = DEFINITION_TYPES.iter().chain([&SELF_ENCODING]);
        for number in structs
            .clone()
            .map(|(number, _)| *number)
            .chain([LIST_OF_FIELDS.0])
        {
            types.add(number, Wire::Undefined);
        }
        for (number, fields) in structs {
            let wire = Wire::Struct {
                names: fields
                    .iter()
                    .map(|(name, _)| Cow::Borrowed(*name))
                    .collect(),
                fields: fields
                    .iter()
                    .map(|(_, field)| types.by_number[field])
                    .collect(),
            };
            let slot = types.by_number[number];
            types.wires[slot.0 as usize] = wire;
        }
        let list = types.by_number[&LIST_OF_FIELDS.0];
        types.wires[list.0 as usize] = Wire::Slice(types.by_number[&LIST_OF_FIELDS.1]);
        types.types_left = limits.types;
        types
    }

    pub(super) fn wire(&self, slot: Slot) -> &Wire {
        &self.wires[slot.0 as usize]
    }

    /// The type of a value that begins; it must have been defined.
    pub(super) fn defined(&self, number: i64) -> Result<Slot, DecodeError> {
        self.by_number
            .get(&number)
            .copied()
            .filter(|slot| !matches!(self.wire(*slot), Wire::Undefined))
            .ok_or(DecodeError::UnknownType(number))
    }

    /// The type that definitions are values of.
    pub(super) fn definition(&self) -> Slot {
        self.by_number[&16]
    }

    /// How many fields the stream may still define.
    pub(super) fn fields_left(&self) -> usize {
        self.fields_left
    }

    /// Gives a type its definition, once.
    pub(super) fn define(
        &mut self,
        number: i64,
        definition: Definition,
    ) -> Result<(), DecodeError> {
        if number < FIRST_DEFINED {
            return Err(DecodeError::ReservedType(number));
        }
        let slot = self.named(number)?;
        if !matches!(self.wire(slot), Wire::Undefined) {
            return Err(DecodeError::DuplicateType(number));
        }
        let wire = match definition {
            Definition::Opaque => Wire::Opaque,
            Definition::Slice(element) => Wire::Slice(self.named(element)?),
            Definition::Array { element, length } => Wire::Array {
                element: self.named(element)?,
                length,
            },
            Definition::Map { key, element } => Wire::Map {
                key: self.named(key)?,
                element: self.named(element)?,
            },
            Definition::Struct(fields) => self.structure(fields)?,
        };
        self.wires[slot.0 as usize] = wire;
        Ok(())
    }

    fn structure(&mut self, fields: Vec<(String, i64)>) -> Result<Wire, DecodeError> {
        self.fields_left = self
            .fields_left
            .checked_sub(fields.len())
            .ok_or(DecodeError::TooManyFields)?;
        let mut slots = Vec::with_capacity(fields.len());
        let mut names = Vec::with_capacity(fields.len());
        for (name, number) in fields {
            slots.push(self.named(number)?);
            names.push(Cow::Owned(name));
        }
        Ok(Wire::Struct {
            names: names.into(),
            fields: slots.into(),
        })
    }

    /// The place of a number that a definition names, given out at its first mention.
    fn named(&mut self, number: i64) -> Result<Slot, DecodeError> {
        if let Some(slot) = self.by_number.get(&number) {
            return Ok(*slot);
        }
        if number < FIRST_DEFINED {
            return Err(DecodeError::UnknownType(number));
        }
        self.types_left = self
            .types_left
            .checked_sub(1)
            .ok_or(DecodeError::TooManyTypes)?;
        Ok(self.add(number, Wire::Undefined))
    }

    fn add(&mut self, number: i64, wire: Wire) -> Slot {
        let slot = Slot(self.wires.len() as u32);
        self.wires.push(wire);
        self.by_number.insert(number, slot);
        slot
    }
}
