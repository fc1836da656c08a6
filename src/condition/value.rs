//! Values of a run: Go's dynamic types, as far as a condition can meet them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::budget::{Fault, Ran};
use super::limits;
use super::time::{Moment, Zone};
use super::types::Callable;

/// A value; strings are Go's, so any bytes.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Byte(u8),
    Float(f64),
    Text(Arc<[u8]>),
    Bytes(Arc<[u8]>),
    Time(Arc<Moment>),
    /// Nanoseconds.
    Duration(i64),
    /// January is 1.
    Month(i64),
    /// Sunday is 0.
    Weekday(i64),
    Zone(Arc<Zone>),
    List(Arc<List>),
    Map(Arc<Map>),
    Function(Callable),
}

/// A slice or array.
#[derive(Debug)]
pub(super) struct List {
    pub(super) items: Items,
    /// Go's nil slice: empty, and equal to nil.
    pub(super) nil: bool,
    depth: u16,
}

/// The elements, by the slice's Go type.
#[derive(Debug)]
pub(super) enum Items {
    /// `[]any`
    Any(Vec<Value>),
    /// `[2]any`, what `toPairs` makes.
    Pair(Vec<Value>),
    /// `[][2]any`
    Pairs(Vec<Value>),
    /// `[]float64`
    Floats(Vec<f64>),
    /// `[]string`
    Texts(Vec<Arc<[u8]>>),
    /// `[]int`: only ranges are, so two numbers do.
    Ints { from: i64, len: usize },
}

/// A map.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) kind: MapKind,
    pub(super) entries: BTreeMap<Key, Value>,
    depth: u16,
}

/// A map's Go type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MapKind {
    /// `map[string]any`
    Text,
    /// `map[any]any`
    Any,
    /// `map[any][]any`
    Groups,
    /// `map[int]struct{}`, made of `in [1, 2]`
    Ints,
    /// `map[string]struct{}`
    Texts,
}

/// What can be a key: Go's hashable values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Nil,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Byte(u8),
    /// Order-preserving bits; NaN is unlike itself, so each has its own number.
    Float(u64, u32),
    Text(Arc<[u8]>),
    Duration(i64),
    Month(i64),
    Weekday(i64),
    /// The instant, and the zone's name: Go's times are equal as keys only in one zone.
    Time(i128, String),
    /// `[2]any`
    Pair(Vec<Key>),
}

impl List {
    pub(super) fn value(items: Items) -> Ran<Value> {
        let depth = match &items {
            Items::Any(values) | Items::Pair(values) | Items::Pairs(values) => {
                values.iter().map(Value::depth).max().unwrap_or(0) + 1
            }
            _ => 1,
        };
        checked_depth(depth)?;
        let nil = false;
        Ok(Value::List(Arc::new(List { items, nil, depth })))
    }

    pub(super) fn nil(items: Items) -> Value {
        Value::List(Arc::new(List {
            items,
            nil: true,
            depth: 1,
        }))
    }

    pub(super) fn len(&self) -> usize {
        match &self.items {
            Items::Any(values) | Items::Pair(values) | Items::Pairs(values) => values.len(),
            Items::Floats(values) => values.len(),
            Items::Texts(values) => values.len(),
            Items::Ints { len, .. } => *len,
        }
    }

    /// The element at `index`, which must be below `len`.
    pub(super) fn item(&self, index: usize) -> Value {
        match &self.items {
            Items::Any(values) | Items::Pair(values) | Items::Pairs(values) => {
                values[index].clone()
            }
            Items::Floats(values) => Value::Float(values[index]),
            Items::Texts(values) => Value::Text(values[index].clone()),
            Items::Ints { from, .. } => Value::Int(from.wrapping_add(index as i64)),
        }
    }

    /// The elements from `from` to before `to`, in a slice of the same type.
    pub(super) fn slice(&self, from: usize, to: usize) -> Ran<Value> {
        if self.nil {
            return Ok(List::nil(self.empty()));
        }
        List::value(match &self.items {
            Items::Any(values) | Items::Pair(values) => Items::Any(values[from..to].to_vec()),
            Items::Pairs(values) => Items::Pairs(values[from..to].to_vec()),
            Items::Floats(values) => Items::Floats(values[from..to].to_vec()),
            Items::Texts(values) => Items::Texts(values[from..to].to_vec()),
            Items::Ints { from: first, .. } => Items::Ints {
                from: first.wrapping_add(from as i64),
                len: to - from,
            },
        })
    }

    fn empty(&self) -> Items {
        match self.items {
            Items::Texts(_) => Items::Texts(Vec::new()),
            _ => Items::Any(Vec::new()),
        }
    }
}

fn checked_depth(depth: u16) -> Ran<()> {
    if depth > limits::VALUE_DEPTH {
        return Err(Fault::new(format!(
            "a value nests deeper than {} levels",
            limits::VALUE_DEPTH
        )));
    }
    Ok(())
}

impl Map {
    pub(super) fn value(kind: MapKind, entries: BTreeMap<Key, Value>) -> Ran<Value> {
        let depth = entries.values().map(Value::depth).max().unwrap_or(0) + 1;
        checked_depth(depth)?;
        Ok(Value::Map(Arc::new(Map {
            kind,
            entries,
            depth,
        })))
    }

    /// What stands under `key`; a key of a type that the map cannot have is an error.
    pub(super) fn get(&self, key: &Value) -> Ran<Option<&Value>> {
        let key = match (self.kind, key) {
            (MapKind::Text | MapKind::Texts, Value::Nil) => Key::Text(Arc::from(&b""[..])),
            (MapKind::Ints, Value::Nil) => Key::Int(0),
            (MapKind::Text | MapKind::Texts, Value::Text(text)) => Key::Text(text.clone()),
            (MapKind::Ints, Value::Int(n)) => Key::Int(*n),
            (MapKind::Any | MapKind::Groups, value) => value.key(u32::MAX)?,
            (kind, value) => {
                let wanted = if kind == MapKind::Ints {
                    "int"
                } else {
                    "string"
                };
                return Err(Fault::new(format!(
                    "reflect.Value.MapIndex: value of type {} is not assignable to type {wanted}",
                    value.type_name()
                )));
            }
        };
        Ok(self.entries.get(&key))
    }
}

impl Key {
    pub(super) fn value(&self) -> Value {
        match self {
            Key::Nil => Value::Nil,
            Key::Bool(b) => Value::Bool(*b),
            Key::Int(n) => Value::Int(*n),
            Key::Int64(n) => Value::Int64(*n),
            Key::Byte(n) => Value::Byte(*n),
            Key::Float(bits, _) => Value::Float(float_of(*bits)),
            Key::Text(text) => Value::Text(text.clone()),
            Key::Duration(n) => Value::Duration(*n),
            Key::Month(n) => Value::Month(*n),
            Key::Weekday(n) => Value::Weekday(*n),
            Key::Time(at, zone) => {
                let zone = Zone::load(zone).unwrap_or_else(|_| Zone::Fixed(zone.clone(), 0));
                Moment::new(*at, zone).into()
            }
            Key::Pair(keys) => {
                let values = keys.iter().map(Key::value).collect();
                List::value(Items::Pair(values)).unwrap_or(Value::Nil)
            }
        }
    }
}

fn ordered_bits(x: f64) -> u64 {
    if x.is_nan() {
        return 0;
    }
    let bits = (if x == 0.0 { 0.0 } else { x }).to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

fn float_of(ordered: u64) -> f64 {
    match ordered {
        0 => f64::NAN,
        bits if bits >> 63 == 1 => f64::from_bits(bits & !(1 << 63)),
        bits => f64::from_bits(!bits),
    }
}

impl Value {
    pub(super) fn text(text: impl AsRef<[u8]>) -> Value {
        Value::Text(Arc::from(text.as_ref()))
    }

    pub(super) fn list(values: Vec<Value>) -> Ran<Value> {
        List::value(Items::Any(values))
    }

    pub(super) fn depth(&self) -> u16 {
        match self {
            Value::List(list) => list.depth,
            Value::Map(map) => map.depth,
            _ => 0,
        }
    }

    /// Go's `runtime.IsNil`.
    pub(super) fn is_nil(&self) -> bool {
        match self {
            Value::Nil => true,
            Value::List(list) => list.nil,
            _ => false,
        }
    }

    /// The value as a key; `serial` tells one NaN from another (`u32::MAX`: a look-up, which finds none).
    pub(super) fn key(&self, serial: u32) -> Ran<Key> {
        Ok(match self {
            Value::Nil => Key::Nil,
            Value::Bool(b) => Key::Bool(*b),
            Value::Int(n) => Key::Int(*n),
            Value::Int64(n) => Key::Int64(*n),
            Value::Byte(n) => Key::Byte(*n),
            Value::Float(x) => Key::Float(ordered_bits(*x), if x.is_nan() { serial } else { 0 }),
            Value::Text(text) => Key::Text(text.clone()),
            Value::Duration(n) => Key::Duration(*n),
            Value::Month(n) => Key::Month(*n),
            Value::Weekday(n) => Key::Weekday(*n),
            Value::Time(time) => Key::Time(time.at, time.zone.name().into()),
            Value::List(list) if let Items::Pair(values) = &list.items => {
                let keys: Ran<Vec<Key>> = values.iter().map(|value| value.key(serial)).collect();
                Key::Pair(keys?)
            }
            other => {
                return Err(Fault::new(format!(
                    "runtime error: hash of unhashable type {}",
                    other.type_name()
                )));
            }
        })
    }

    /// Elements of a slice, array or byte slice; nothing else is one.
    pub(super) fn elements(&self) -> Option<usize> {
        match self {
            Value::List(list) => Some(list.len()),
            Value::Bytes(bytes) => Some(bytes.len()),
            _ => None,
        }
    }

    /// The element at `index` of a slice, a byte slice or a string, which must be there.
    pub(super) fn item(&self, index: usize) -> Value {
        match self {
            Value::List(list) => list.item(index),
            Value::Bytes(bytes) | Value::Text(bytes) => Value::Byte(bytes[index]),
            _ => Value::Nil,
        }
    }

    /// A whole number of any type, time's own types left out.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Value::Int(n) | Value::Int64(n) => Some(*n),
            Value::Byte(n) => Some(i64::from(*n)),
            _ => None,
        }
    }

    /// Any number as Go's `float64(x)`.
    pub(super) fn float(&self) -> Option<f64> {
        match self {
            Value::Float(x) => Some(*x),
            other => other.integer().map(|n| n as f64),
        }
    }

    /// Go's `%T`.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Int64(_) => "int64",
            Value::Byte(_) => "uint8",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
            Value::Bytes(_) => "[]uint8",
            Value::Time(_) => "time.Time",
            Value::Duration(_) => "time.Duration",
            Value::Month(_) => "time.Month",
            Value::Weekday(_) => "time.Weekday",
            Value::Zone(_) => "*time.Location",
            Value::List(list) => match list.items {
                Items::Any(_) => "[]interface {}",
                Items::Pair(_) => "[2]interface {}",
                Items::Pairs(_) => "[][2]interface {}",
                Items::Floats(_) => "[]float64",
                Items::Texts(_) => "[]string",
                Items::Ints { .. } => "[]int",
            },
            Value::Map(map) => match map.kind {
                MapKind::Text => "map[string]interface {}",
                MapKind::Any => "map[interface {}]interface {}",
                MapKind::Groups => "map[interface {}][]interface {}",
                MapKind::Ints => "map[int]struct {}",
                MapKind::Texts => "map[string]struct {}",
            },
            Value::Function(callable) => super::types::Type::Function(*callable).name(),
        }
    }

    /// Go's `reflect.Kind` in words, for messages.
    pub(super) fn kind_name(&self) -> &'static str {
        match self {
            Value::Nil => "invalid",
            Value::Time(_) | Value::Zone(_) => "struct",
            Value::Duration(_) => "int64",
            Value::Month(_) | Value::Weekday(_) => "int",
            Value::Bytes(_) => "slice",
            Value::List(list) => match list.items {
                Items::Pair(_) => "array",
                _ => "slice",
            },
            Value::Map(_) => "map",
            Value::Function(_) => "func",
            other => other.type_name(),
        }
    }
}
