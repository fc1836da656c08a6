//! Go types as data: what an encoder writes definitions from.

/// A Go type, as far as gob tells types apart.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// `bool`
    Bool,
    /// `int`, `int8` … `int64`
    Int,
    /// `uint`, `uint16` … `uint64`, `uintptr`
    Uint,
    /// `float32`, `float64`
    Float,
    /// `[]byte`
    Bytes,
    /// `string`
    String,
    /// Any interface type.
    Interface,
    /// A slice of that element.
    Slice(&'static Type),
    /// A map of that key and element.
    Map(&'static Type, &'static Type),
    /// A struct, or a pointer to one.
    Struct(&'static StructType),
    /// A type that encodes itself (`GobEncoder`), by its name.
    Opaque(&'static str),
}

/// A Go struct type. It is told from others by its address: keep it in a `static`, not in a `const`.
#[derive(Debug)]
pub struct StructType {
    /// The type's name, without its package.
    pub name: &'static str,
    /// The exported fields in Go's order.
    pub fields: &'static [(&'static str, Type)],
}

impl Type {
    /// What the type is for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Float => "float",
            Type::Bytes => "bytes",
            Type::String => "string",
            Type::Interface => "interface",
            Type::Slice(_) => "list",
            Type::Map(..) => "map",
            Type::Struct(_) => "struct",
            Type::Opaque(_) => "opaque",
        }
    }

    /// Whether both are one Go type.
    pub(super) fn is(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Slice(a), Type::Slice(b)) => std::ptr::eq(*a, *b) || a.is(b),
            (Type::Map(a, b), Type::Map(c, d)) => a.is(c) && b.is(d),
            (Type::Struct(a), Type::Struct(b)) => std::ptr::eq(*a, *b),
            (Type::Opaque(a), Type::Opaque(b)) => a == b,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// The name that Go gives the type in the definition of one that holds it; decoders do not look at it.
    pub(super) fn go_name(&self) -> String {
        match self {
            Type::Bool => "bool".into(),
            Type::Int => "int".into(),
            Type::Uint => "uint".into(),
            Type::Float => "float64".into(),
            Type::Bytes => "[]uint8".into(),
            Type::String => "string".into(),
            Type::Interface => "interface {}".into(),
            Type::Slice(element) => format!("[]{}", element.go_name()),
            Type::Map(key, element) => format!("map[{}]{}", key.go_name(), element.go_name()),
            Type::Struct(of) => of.name.into(),
            Type::Opaque(name) => (*name).into(),
        }
    }
}
