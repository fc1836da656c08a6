//! What a stream carries, as a tree of values.

use std::borrow::Cow;
use std::sync::Arc;

/// One Go value as gob sends it: pointers are gone, the widths of integers and floats too.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `bool`
    Bool(bool),
    /// `int`, `int8` … `int64`
    Int(i64),
    /// `uint`, `uint8` … `uint64`, `uintptr`
    Uint(u64),
    /// `float32`, `float64`
    Float(f64),
    /// `complex64`, `complex128`: real and imaginary part.
    Complex(f64, f64),
    /// `[]byte`
    Bytes(Vec<u8>),
    /// `string`; bytes that are no UTF-8 have become U+FFFD.
    String(String),
    /// A slice or an array.
    List(Vec<Value>),
    /// A map, in the order sent, which is none in Go.
    Map(Vec<(Value, Value)>),
    /// A struct.
    Struct(Struct),
    /// What a type that encodes itself wrote (`GobEncoder`, `BinaryMarshaler`, `TextMarshaler`).
    Opaque(Vec<u8>),
    /// A value of an interface type; `None`: nil.
    Interface(Option<Box<Named>>),
}

/// A value held in an interface.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The name that the concrete type was registered by (`gob.RegisterName`).
    pub name: String,
    /// The value.
    pub value: Value,
}

/// The names of a struct type's fields, shared by all its values.
pub(super) type Names = Arc<[Cow<'static, str>]>;

/// The fields of a struct that were sent, in their order; a field with its zero value is not sent.
#[derive(Clone)]
pub struct Struct {
    names: Names,
    /// The place of the name in `names`, and the value.
    fields: Vec<(u32, Value)>,
}

impl Struct {
    /// `fields` hold places within `names`.
    pub(super) fn new(names: Names, fields: Vec<(u32, Value)>) -> Self {
        Struct { names, fields }
    }

    /// The field of that name; `None`: not sent, so zero.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.place(field).map(|place| &self.fields[place].1)
    }

    /// Takes the field of that name out; `None`: not sent, so zero.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        self.place(field).map(|place| self.fields.remove(place).1)
    }

    /// The fields sent, with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields
            .iter()
            .map(|(name, value)| (&*self.names[*name as usize], value))
    }

    /// How many fields were sent.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether no field was sent.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn place(&self, field: &str) -> Option<usize> {
        self.fields
            .iter()
            .position(|(name, _)| self.names[*name as usize] == field)
    }
}

/// Fields to be sent, by name; the order is that of the type they are encoded by.
impl<const N: usize> From<[(&'static str, Value); N]> for Struct {
    fn from(fields: [(&'static str, Value); N]) -> Self {
        fields.into_iter().collect()
    }
}

/// Fields to be sent, by name; the order is that of the type they are encoded by.
impl FromIterator<(&'static str, Value)> for Struct {
    fn from_iter<I: IntoIterator<Item = (&'static str, Value)>>(fields: I) -> Self {
        let (names, values): (Vec<_>, Vec<_>) = fields
            .into_iter()
            .map(|(name, value)| (Cow::Borrowed(name), value))
            .unzip();
        Struct {
            names: names.into(),
            fields: (0..).zip(values).collect(),
        }
    }
}

/// Equal: the same fields in the same order, whatever fields their types have besides.
impl PartialEq for Struct {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl std::fmt::Debug for Struct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Value {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A signed integer.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// An unsigned integer.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Value::Uint(value) => Some(*value),
            _ => None,
        }
    }

    /// The bytes of a `[]byte`, or of a type that encodes itself.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bytes(bytes) | Value::Opaque(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The elements of a slice or an array.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The keys and elements of a map.
    pub fn as_map(&self) -> Option<&[(Value, Value)]> {
        match self {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// A struct.
    pub fn as_struct(&self) -> Option<&Struct> {
        match self {
            Value::Struct(fields) => Some(fields),
            _ => None,
        }
    }

    /// What kind of Go type the value has, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Uint(_) => "uint",
            Value::Float(_) => "float",
            Value::Complex(..) => "complex",
            Value::Bytes(_) => "bytes",
            Value::String(_) => "string",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Struct(_) => "struct",
            Value::Opaque(_) => "opaque",
            Value::Interface(_) => "interface",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text)
    }
}

impl From<Struct> for Value {
    fn from(fields: Struct) -> Self {
        Value::Struct(fields)
    }
}
