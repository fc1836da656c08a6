//! The bytes of a value into the value, by its type's definition; stops at an interface value and goes on.
//!
//! The values that are begun and not ended stand on a stack of our own, not on the thread's: that bounds the depth,
//! and lets a value wait for messages that have not come.

use super::decoder::DecodeError;
use super::types::{Slot, Types, Wire};
use super::value::{Named, Names, Struct, Value};
use super::wire::Reader;

/// A value that is begun and not ended.
enum Frame {
    Struct {
        slot: Slot,
        names: Names,
        /// The place of the next field, as fields are numbered by how far each is from the one before.
        next: usize,
        fields: Vec<(u32, Value)>,
    },
    List {
        element: Slot,
        left: usize,
        elements: Vec<Value>,
    },
    Map {
        key: Slot,
        element: Slot,
        left: usize,
        /// The key whose element comes next.
        pending: Option<Value>,
        entries: Vec<(Value, Value)>,
    },
    /// The name is read; the type's number and the value come next, perhaps with definitions before.
    Interface { name: String },
}

/// One top-level value on its way.
pub(super) struct Building {
    stack: Vec<Frame>,
    depth: usize,
    /// How many more values of any kind may be begun.
    elements_left: usize,
}

impl Building {
    /// `depth` bounds nesting, `elements` the number of values inside the value.
    pub(super) fn new(depth: usize, elements: usize) -> Self {
        Building {
            stack: Vec::new(),
            depth,
            elements_left: elements,
        }
    }

    /// Whether a value is begun: it waits for the type of an interface value.
    pub(super) fn is_begun(&self) -> bool {
        !self.stack.is_empty()
    }

    /// Reads the value of type `slot`, the whole or what an interface holds, as far as the next interface value.
    /// `None`: the number of the next interface value's type comes next.
    pub(super) fn read(
        &mut self,
        slot: Slot,
        types: &Types,
        reader: &mut Reader<'_>,
    ) -> Result<Option<Value>, DecodeError> {
        if !matches!(types.wire(slot), Wire::Struct { .. }) {
            let mark = reader.uint()?;
            if mark != 0 {
                return Err(DecodeError::NoSingleton(mark));
            }
        }
        let mut value = self.begin(slot, types, reader)?;
        loop {
            if let Some(ended) = value
                && let Some(whole) = self.place(ended)
            {
                return Ok(Some(whole));
            }
            value = match self.fill(types, reader)? {
                Filled::Part(slot) => self.begin(slot, types, reader)?,
                Filled::Ended(value) => Some(value),
                Filled::Waiting => return Ok(None),
            };
        }
    }

    /// Reads a value that has no parts, or puts a frame for one that has.
    fn begin(
        &mut self,
        slot: Slot,
        types: &Types,
        reader: &mut Reader<'_>,
    ) -> Result<Option<Value>, DecodeError> {
        let wire = types.wire(slot);
        if let Some(value) = leaf(wire, reader)? {
            return Ok(Some(value));
        }
        let frame = match wire {
            Wire::Interface => match text(reader.counted()?) {
                name if name.is_empty() => return Ok(Some(Value::Interface(None))),
                name => Frame::Interface { name },
            },
            Wire::Struct { names, .. } => Frame::Struct {
                slot,
                names: names.clone(),
                next: 0,
                // Nothing ahead: a type may have many fields and its values send none.
                fields: Vec::new(),
            },
            Wire::Slice(element) => self.list(*element, None, types, reader)?,
            Wire::Array { element, length } => self.list(*element, Some(*length), types, reader)?,
            Wire::Map { key, element } => {
                let left = self.count(2, *element, types, reader)?;
                Frame::Map {
                    key: *key,
                    element: *element,
                    left,
                    pending: None,
                    entries: Vec::with_capacity(left.min(reader.left() / 2)),
                }
            }
            _ => return Err(DecodeError::UndefinedPart),
        };
        if self.stack.len() >= self.depth {
            return Err(DecodeError::TooDeep(self.depth));
        }
        self.stack.push(frame);
        Ok(None)
    }

    fn list(
        &mut self,
        element: Slot,
        expected: Option<u64>,
        types: &Types,
        reader: &mut Reader<'_>,
    ) -> Result<Frame, DecodeError> {
        let left = self.count(1, element, types, reader)?;
        let found = left as u64;
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(DecodeError::ArrayLength { found, expected });
        }
        Ok(Frame::List {
            element,
            left,
            elements: Vec::with_capacity(left.min(reader.left())),
        })
    }

    /// A count of elements, `each` values wide. Each value takes a byte at least, so a count beyond the message's bytes
    /// is a lie, unless the elements hold interfaces: those may go on in later messages.
    fn count(
        &mut self,
        each: usize,
        element: Slot,
        types: &Types,
        reader: &mut Reader<'_>,
    ) -> Result<usize, DecodeError> {
        let count = reader.uint()?;
        let values = count.saturating_mul(each as u64);
        if values > reader.left() as u64 && !may_spill(types.wire(element)) {
            return Err(DecodeError::Count {
                count,
                left: reader.left(),
            });
        }
        self.elements_left = usize::try_from(values)
            .ok()
            .and_then(|values| self.elements_left.checked_sub(values))
            .ok_or(DecodeError::TooManyElements)?;
        Ok(values as usize / each)
    }

    /// Reads the parts of the innermost frame as far as one that has parts itself, or to its end.
    fn fill(&mut self, types: &Types, reader: &mut Reader<'_>) -> Result<Filled, DecodeError> {
        match self.stack.last_mut() {
            Some(Frame::Struct {
                slot, next, fields, ..
            }) => loop {
                let delta = reader.uint()?;
                if delta == 0 {
                    break;
                }
                self.elements_left = self
                    .elements_left
                    .checked_sub(1)
                    .ok_or(DecodeError::TooManyElements)?;
                let slot = field(types.wire(*slot), next, delta)?;
                match leaf(types.wire(slot), reader)? {
                    Some(value) => fields.push((*next as u32 - 1, value)),
                    None => return Ok(Filled::Part(slot)),
                }
            },
            Some(Frame::List {
                element,
                left,
                elements,
            }) => {
                while *left > 0 {
                    *left -= 1;
                    match leaf(types.wire(*element), reader)? {
                        Some(value) => elements.push(value),
                        None => return Ok(Filled::Part(*element)),
                    }
                }
            }
            Some(Frame::Map {
                key,
                element,
                left,
                pending,
                entries,
            }) => loop {
                let part = match pending {
                    Some(_) => *element,
                    None if *left > 0 => *key,
                    None => break,
                };
                if pending.is_none() {
                    *left -= 1;
                }
                match leaf(types.wire(part), reader)? {
                    Some(value) => enter(pending, entries, value),
                    None => return Ok(Filled::Part(part)),
                }
            },
            Some(Frame::Interface { .. }) | None => return Ok(Filled::Waiting),
        }
        Ok(match self.stack.pop() {
            Some(Frame::Struct { names, fields, .. }) => {
                Filled::Ended(Value::Struct(Struct::new(names, fields)))
            }
            Some(Frame::List { elements, .. }) => Filled::Ended(Value::List(elements)),
            Some(Frame::Map { entries, .. }) => Filled::Ended(Value::Map(entries)),
            Some(Frame::Interface { .. }) | None => Filled::Waiting,
        })
    }

    /// Puts an ended value where it belongs; returns it when it is the whole.
    fn place(&mut self, mut value: Value) -> Option<Value> {
        loop {
            match self.stack.last_mut() {
                None => return Some(value),
                Some(Frame::Interface { name }) => {
                    let name = std::mem::take(name);
                    self.stack.pop();
                    value = Value::Interface(Some(Box::new(Named { name, value })));
                }
                Some(Frame::Struct { next, fields, .. }) => {
                    fields.push((*next as u32 - 1, value));
                    return None;
                }
                Some(Frame::List { elements, .. }) => {
                    elements.push(value);
                    return None;
                }
                Some(Frame::Map {
                    pending, entries, ..
                }) => {
                    enter(pending, entries, value);
                    return None;
                }
            }
        }
    }
}

/// How far the innermost frame came.
enum Filled {
    /// To a part of this type, which has parts itself.
    Part(Slot),
    /// To its end.
    Ended(Value),
    /// It is an interface value: the number of the type that it holds comes next.
    Waiting,
}

/// A value that has no parts; `None`: the type has some.
#[inline]
fn leaf(wire: &Wire, reader: &mut Reader<'_>) -> Result<Option<Value>, DecodeError> {
    Ok(Some(match wire {
        Wire::Bool => Value::Bool(reader.uint()? != 0),
        Wire::Int => Value::Int(reader.int()?),
        Wire::Uint => Value::Uint(reader.uint()?),
        Wire::Float => Value::Float(reader.float()?),
        Wire::Complex => Value::Complex(reader.float()?, reader.float()?),
        Wire::Bytes => Value::Bytes(reader.counted()?.to_vec()),
        Wire::Opaque => Value::Opaque(reader.counted()?.to_vec()),
        Wire::String => Value::String(text(reader.counted()?)),
        Wire::Undefined
        | Wire::Interface
        | Wire::Slice(_)
        | Wire::Array { .. }
        | Wire::Map { .. }
        | Wire::Struct { .. } => return Ok(None),
    }))
}

/// A map's keys and elements come by turns.
fn enter(pending: &mut Option<Value>, entries: &mut Vec<(Value, Value)>, value: Value) {
    match pending.take() {
        Some(key) => entries.push((key, value)),
        None => *pending = Some(value),
    }
}

/// The type of the field `delta` places on; `next` becomes the place after it.
fn field(wire: &Wire, next: &mut usize, delta: u64) -> Result<Slot, DecodeError> {
    let fields = match wire {
        Wire::Struct { fields, .. } => &fields[..],
        _ => &[],
    };
    let place = usize::try_from(delta - 1)
        .ok()
        .and_then(|skipped| next.checked_add(skipped))
        .filter(|place| *place < fields.len())
        .ok_or(DecodeError::NoSuchField {
            fields: fields.len(),
        })?;
    *next = place + 1;
    Ok(fields[place])
}

/// Whether a value of the type may go on in a later message: only an interface value can.
fn may_spill(wire: &Wire) -> bool {
    matches!(
        wire,
        Wire::Interface
            | Wire::Struct { .. }
            | Wire::Slice(_)
            | Wire::Array { .. }
            | Wire::Map { .. }
    )
}

/// Go strings need not be UTF-8.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
