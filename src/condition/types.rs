//! Static types of conditions: what expr's checker calls natures, as far as a condition can meet them.

use std::sync::Arc;

/// The type of an expression before it runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    /// Nothing is known (expr: a nature without a type).
    Unknown,
    /// The literal `nil`.
    Nil,
    /// Go's `any`.
    Any,
    Bool,
    Int,
    Int64,
    Byte,
    Float,
    Text,
    Bytes,
    Time,
    Duration,
    Month,
    Weekday,
    Zone,
    /// `[]any`, and what is known of its elements.
    List(Option<Arc<Type>>),
    /// `[]float64`
    Floats,
    /// `[]string`
    Texts,
    /// `[]int`: only a parameter of `sort`.
    Ints,
    /// `map[string]any`
    Map,
    /// `map[any]any`
    AnyMap,
    /// `map[any][]any`
    Groups,
    Function(Callable),
}

/// A function as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callable {
    AsInt,
    AsFloat,
    IsNaN,
    IsInf,
    IsNil,
    Default,
    /// A builtin's name without a call: known to the checker, nil at run.
    Builtin,
}

const ANY: &[Type] = &[Type::Any];
const ANY_TWICE: &[Type] = &[Type::Any, Type::Any];
const FLOAT: &[Type] = &[Type::Float];

impl Callable {
    /// Argo's functions by name; `EvalTime` knows the first two only.
    pub(super) const ARGO: [(&'static str, Callable); 6] = [
        ("isNaN", Callable::IsNaN),
        ("isInf", Callable::IsInf),
        ("asInt", Callable::AsInt),
        ("asFloat", Callable::AsFloat),
        ("isNil", Callable::IsNil),
        ("default", Callable::Default),
    ];

    /// Parameters and result; none for a builtin without a call.
    pub(super) fn signature(self) -> Option<(&'static [Type], Type)> {
        Some(match self {
            Callable::AsInt => (ANY, Type::Int64),
            Callable::AsFloat => (ANY, Type::Float),
            Callable::IsNaN | Callable::IsInf => (FLOAT, Type::Bool),
            Callable::IsNil => (ANY, Type::Bool),
            Callable::Default => (ANY_TWICE, Type::Any),
            Callable::Builtin => return None,
        })
    }
}

/// Go's `reflect.Kind`, as far as types here differ in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Invalid,
    Interface,
    Bool,
    Int,
    Int64,
    Uint8,
    Float,
    String,
    Struct,
    Pointer,
    Slice,
    Map,
    Func,
}

impl Type {
    pub(super) fn list_of(element: Type) -> Type {
        Type::List(Some(Arc::new(element)))
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Type::Unknown | Type::Nil => Kind::Invalid,
            Type::Any => Kind::Interface,
            Type::Bool => Kind::Bool,
            Type::Int | Type::Month | Type::Weekday => Kind::Int,
            Type::Int64 | Type::Duration => Kind::Int64,
            Type::Byte => Kind::Uint8,
            Type::Float => Kind::Float,
            Type::Text => Kind::String,
            Type::Time => Kind::Struct,
            Type::Zone => Kind::Pointer,
            Type::Bytes | Type::List(_) | Type::Floats | Type::Texts | Type::Ints => Kind::Slice,
            Type::Map | Type::AnyMap | Type::Groups => Kind::Map,
            Type::Function(_) => Kind::Func,
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Type::Unknown | Type::Any)
    }

    pub(super) fn is_nil(&self) -> bool {
        matches!(self, Type::Nil)
    }

    pub(super) fn is_integer(&self) -> bool {
        matches!(self, Type::Int | Type::Int64 | Type::Byte)
    }

    pub(super) fn is_number(&self) -> bool {
        self.is_integer() || matches!(self, Type::Float)
    }

    pub(super) fn is_array(&self) -> bool {
        self.kind() == Kind::Slice
    }

    pub(super) fn is_map(&self) -> bool {
        self.kind() == Kind::Map
    }

    /// The type without what is known of elements: a nature made from a Go type.
    pub(super) fn plain(self) -> Type {
        match self {
            Type::List(_) => Type::List(None),
            other => other,
        }
    }

    /// What an element or a map's value is.
    pub(super) fn element(&self) -> Type {
        match self {
            Type::List(Some(element)) => (**element).clone(),
            Type::List(None) | Type::Map | Type::AnyMap => Type::Any,
            Type::Groups => Type::List(None),
            Type::Floats => Type::Float,
            Type::Texts => Type::Text,
            Type::Ints => Type::Int,
            Type::Bytes => Type::Byte,
            _ => Type::Unknown,
        }
    }

    /// A map's key.
    pub(super) fn key(&self) -> Type {
        match self {
            Type::Map => Type::Text,
            Type::AnyMap | Type::Groups => Type::Any,
            _ => Type::Unknown,
        }
    }

    /// expr's `Nature.AssignableTo`.
    pub(super) fn assignable_to(&self, other: &Type) -> bool {
        let kind = other.kind();
        if self.is_nil() {
            return matches!(
                kind,
                Kind::Pointer | Kind::Interface | Kind::Func | Kind::Map | Kind::Slice
            );
        }
        if matches!(self, Type::Unknown) || matches!(other, Type::Unknown | Type::Nil) {
            return false;
        }
        kind == Kind::Interface || self.same_go_type(other)
    }

    fn same_go_type(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::List(_), Type::List(_)) => true,
            (Type::Function(f), Type::Function(g)) => match (f.signature(), g.signature()) {
                (Some(f), Some(g)) => f == g,
                (f, g) => f.is_none() && g.is_none(),
            },
            (a, b) => a == b,
        }
    }

    /// expr's `Nature.ComparableTo`: whether `==` may stand between the two.
    pub(super) fn comparable_to(&self, other: &Type) -> bool {
        self.is_unknown()
            || other.is_unknown()
            || self.is_nil()
            || other.is_nil()
            || self.is_number() && other.is_number()
            || self.is_array() && other.is_array()
            || self.assignable_to(other)
    }

    /// As Go writes the type; what has none is `unknown`.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Type::Unknown | Type::Nil => "unknown",
            Type::Any => "interface {}",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Int64 => "int64",
            Type::Byte => "uint8",
            Type::Float => "float64",
            Type::Text => "string",
            Type::Bytes => "[]uint8",
            Type::Time => "time.Time",
            Type::Duration => "time.Duration",
            Type::Month => "time.Month",
            Type::Weekday => "time.Weekday",
            Type::Zone => "*time.Location",
            Type::List(_) => "[]interface {}",
            Type::Floats => "[]float64",
            Type::Texts => "[]string",
            Type::Ints => "[]int",
            Type::Map => "map[string]interface {}",
            Type::AnyMap => "map[interface {}]interface {}",
            Type::Groups => "map[interface {}][]interface {}",
            Type::Function(callable) => match callable {
                Callable::AsInt => "func(interface {}) int64",
                Callable::AsFloat => "func(interface {}) float64",
                Callable::IsNaN | Callable::IsInf => "func(float64) bool",
                Callable::IsNil => "func(interface {}) bool",
                Callable::Default => "func(interface {}, interface {}) interface {}",
                Callable::Builtin => "func(...interface {}) (interface {}, error)",
            },
        }
    }
}
