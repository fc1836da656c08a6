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
        let mut next = Some(slot);
        loop {
            let value = match next {
                Some(slot) => self.begin(slot, types, reader)?,
                None => return Ok(None),
            };
            if let Some(value) = value
                && let Some(whole) = self.place(value)
            {
                return Ok(Some(whole));
            }
            // Ended frames are handed up until one has something left to read.
            next = loop {
                match self.next(types, reader)? {
                    Next::Read(slot) => break Some(slot),
                    Next::Wait => break None,
                    Next::Ended(value) => {
                        if let Some(whole) = self.place(value) {
                            return Ok(Some(whole));
                        }
                    }
                }
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
        let frame = match types.wire(slot) {
            Wire::Undefined => return Err(DecodeError::UndefinedPart),
            Wire::Bool => return Ok(Some(Value::Bool(reader.uint()? != 0))),
            Wire::Int => return reader.int().map(|value| Some(Value::Int(value))),
            Wire::Uint => return reader.uint().map(|value| Some(Value::Uint(value))),
            Wire::Float => return reader.float().map(|value| Some(Value::Float(value))),
            Wire::Complex => return Ok(Some(Value::Complex(reader.float()?, reader.float()?))),
            Wire::Bytes => return Ok(Some(Value::Bytes(reader.counted()?.to_vec()))),
            Wire::Opaque => return Ok(Some(Value::Opaque(reader.counted()?.to_vec()))),
            Wire::String => return Ok(Some(Value::String(text(reader.counted()?)))),
            Wire::Interface => match text(reader.counted()?) {
                name if name.is_empty() => return Ok(Some(Value::Interface(None))),
                name => Frame::Interface { name },
            },
            Wire::Struct { names, fields } => Frame::Struct {
                slot,
                names: names.clone(),
                next: 0,
                fields: Vec::with_capacity(fields.len().min(EXPECTED_FIELDS)),
            },
            Wire::Slice(element) => self.list(*element, types, reader)?,
            Wire::Array { element, length } => {
                let frame = self.list(*element, types, reader)?;
                match frame {
                    Frame::List { left, .. } if left as u64 != *length => {
                        return Err(DecodeError::ArrayLength {
                            found: left as u64,
                            expected: *length,
                        });
                    }
                    frame => frame,
                }
            }
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
        types: &Types,
        reader: &mut Reader<'_>,
    ) -> Result<Frame, DecodeError> {
        let left = self.count(1, element, types, reader)?;
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

    /// What the innermost frame needs next.
    fn next(&mut self, types: &Types, reader: &mut Reader<'_>) -> Result<Next, DecodeError> {
        let ended = match self.stack.last_mut() {
            Some(Frame::Struct { slot, next, .. }) => {
                let delta = reader.uint()?;
                if delta != 0 {
                    self.elements_left = self
                        .elements_left
                        .checked_sub(1)
                        .ok_or(DecodeError::TooManyElements)?;
                    return field(types.wire(*slot), next, delta).map(Next::Read);
                }
                true
            }
            Some(Frame::List { element, left, .. }) => {
                if *left > 0 {
                    *left -= 1;
                    return Ok(Next::Read(*element));
                }
                true
            }
            Some(Frame::Map {
                key,
                element,
                left,
                pending,
                ..
            }) => {
                if pending.is_some() {
                    return Ok(Next::Read(*element));
                }
                if *left > 0 {
                    *left -= 1;
                    return Ok(Next::Read(*key));
                }
                true
            }
            Some(Frame::Interface { .. }) | None => false,
        };
        Ok(match ended.then(|| self.stack.pop()).flatten() {
            Some(Frame::Struct { names, fields, .. }) => {
                Next::Ended(Value::Struct(Struct::new(names, fields)))
            }
            Some(Frame::List { elements, .. }) => Next::Ended(Value::List(elements)),
            Some(Frame::Map { entries, .. }) => Next::Ended(Value::Map(entries)),
            Some(Frame::Interface { .. }) | None => Next::Wait,
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
                    match pending.take() {
                        Some(key) => entries.push((key, value)),
                        None => *pending = Some(value),
                    }
                    return None;
                }
            }
        }
    }
}

/// Most structs send few of their fields.
const EXPECTED_FIELDS: usize = 8;

enum Next {
    /// A part of this type.
    Read(Slot),
    /// The type of what an interface holds.
    Wait,
    /// Nothing: the frame was the last part of this value.
    Ended(Value),
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
    String::from_utf8_lossy(bytes).into_owned()
}
