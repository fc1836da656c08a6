//! Members, indexes, slices and calls.

use super::{Machine, index_of, not_a, to_int};
use crate::condition::ast::{Id, NodeKind};
use crate::condition::budget::{Fault, Ran};
use crate::condition::builtins;
use crate::condition::methods;
use crate::condition::print;
use crate::condition::types::Callable;
use crate::condition::value::{Items, List, MapKind, Value};

impl Machine<'_> {
    pub(super) fn chain(&mut self, inner: Id) -> Ran<Value> {
        let value = self.eval(inner)?;
        // A typed nil becomes plain nil at the end of a chain.
        if std::mem::take(&mut self.broken) || value.is_nil() {
            return Ok(Value::Nil);
        }
        Ok(value)
    }

    pub(super) fn member(&mut self, base: Id, property: Id, optional: bool) -> Ran<Value> {
        let of = self.eval(base)?;
        if self.broken {
            return Ok(Value::Nil);
        }
        if optional && of.is_nil() {
            self.broken = true;
            return Ok(Value::Nil);
        }
        let left = self.left_behind.len();
        let key = self.eval(property)?;
        let of = self.below(of, left);
        fetch(&of, &key)
    }

    pub(super) fn slice(&mut self, base: Id, from: Option<Id>, to: Option<Id>) -> Ran<Value> {
        let left = self.left_behind.len();
        let mut stack = Vec::with_capacity(3);
        let value = self.eval(base)?;
        let length_of = to.is_none().then(|| length(&value)).transpose()?;
        self.push(&mut stack, value, left);
        let to = match (to, length_of) {
            (Some(to), _) => self.eval(to)?,
            (None, length) => Value::Int(length.unwrap_or(0) as i64),
        };
        self.push(&mut stack, to, left);
        let from = match from {
            Some(from) => self.eval(from)?,
            None => Value::Int(0),
        };
        self.push(&mut stack, from, left);
        let stack = self.top(stack, 3);
        let [value, to, from] = stack.as_slice() else {
            return Err(Fault::new("stack underflow"));
        };
        let length = match value {
            Value::Text(bytes) | Value::Bytes(bytes) => bytes.len(),
            Value::List(list) => list.len(),
            _ => {
                let from = print::short(from);
                return Err(Fault::new(format!("cannot slice {from}")));
            }
        };
        let (from, to) = bounds(index_of(from)?, index_of(to)?, length);
        self.context.budget.list(to - from)?;
        self.context.budget.steps(to - from)?;
        match value {
            Value::Text(text) => Ok(Value::text(&text[from..to])),
            Value::Bytes(bytes) => Ok(Value::Bytes(bytes[from..to].into())),
            Value::List(list) => list.slice(from, to),
            other => Err(not_a(other, "[]interface {}")),
        }
    }

    /// Arguments come before what is called, as in expr.
    pub(super) fn call(&mut self, callee: Id, arguments: &[Id]) -> Ran<Value> {
        let arguments = self.eval_all(arguments)?;
        let NodeKind::Member {
            base,
            property,
            optional,
            ..
        } = *self.input.ast.kind(callee)
        else {
            let function = self.eval(callee)?;
            return self.call_value(&function, &arguments, true);
        };
        let of = self.eval(base)?;
        if self.broken {
            return Ok(Value::Nil);
        }
        if optional && of.is_nil() {
            self.broken = true;
            return Ok(Value::Nil);
        }
        let name = self.eval(property)?;
        if let (Value::Text(name), false) = (&name, matches!(of, Value::Map(_) | Value::Nil)) {
            let name = String::from_utf8_lossy(name);
            let known = !self.input.ast.get(base).ty.is_unknown();
            let budget = &mut self.context.budget;
            return methods::call(&of, &name, &arguments, known, budget);
        }
        let function = fetch(&of, &name)?;
        self.call_value(&function, &arguments, false)
    }

    /// `known`: the checker knew the function; a call by reflection takes nil for zero.
    fn call_value(&self, function: &Value, arguments: &[Value], known: bool) -> Ran<Value> {
        let callable = match function {
            Value::Nil => return Err(Fault::new("invalid operation: cannot call nil")),
            Value::Function(callable) => *callable,
            other => {
                return Err(Fault::new(format!(
                    "invalid operation: cannot call non-function of type {}",
                    other.type_name()
                )));
            }
        };
        let expected = callable
            .signature()
            .map_or(0, |(parameters, _)| parameters.len());
        if arguments.len() != expected {
            return Err(Fault::new(format!(
                "invalid number of arguments: expected {expected}, got {}",
                arguments.len()
            )));
        }
        let missing = self.input.result.is_nil();
        match (callable, arguments) {
            (Callable::IsNaN, [Value::Float(x)]) => Ok(Value::Bool(x.is_nan())),
            (Callable::IsInf, [Value::Float(x)]) => Ok(Value::Bool(x.is_infinite())),
            (Callable::IsNaN | Callable::IsInf, [Value::Nil]) if !known => Ok(Value::Bool(false)),
            (Callable::IsNaN | Callable::IsInf, [other]) => Err(not_a(other, "float64")),
            (Callable::AsInt, [value]) => as_int(value),
            (Callable::AsFloat, [value]) => as_float(value),
            // Argo's functions look at the result, whatever they are given.
            (Callable::IsNil, _) => Ok(Value::Bool(missing)),
            (Callable::Default, [_, other]) if missing => Ok(other.clone()),
            (Callable::Default, _) => Ok(self.input.result.clone()),
            _ => Err(Fault::new("invalid operation: cannot call nil")),
        }
    }

    pub(super) fn builtin(&mut self, function: usize, ids: &[Id]) -> Ran<Value> {
        let arguments = self.eval_all(ids)?;
        for (id, argument) in ids.iter().zip(&arguments) {
            // expr would take the zone's address away, and then know no function for it.
            if matches!(argument, Value::Zone(_)) && self.input.ast.get(*id).ty.is_unknown() {
                return Err(Fault::new("a time zone of unknown type is no argument"));
            }
        }
        (builtins::get(function).run)(&mut self.context, &arguments)
    }
}

/// expr's `runtime.Fetch`.
pub(in crate::condition) fn fetch(of: &Value, key: &Value) -> Ran<Value> {
    match of {
        Value::List(_) | Value::Bytes(_) | Value::Text(_) => {
            let length = length(of)?;
            let mut index = index_of(key)?;
            if index < 0 {
                index = index.wrapping_add(length as i64);
            }
            match usize::try_from(index) {
                Ok(index) if index < length => Ok(of.item(index)),
                _ => Err(Fault::new(format!(
                    "index out of range: {index} (array length is {length})"
                ))),
            }
        }
        Value::Map(map) => Ok(match (map.get(key)?, map.kind) {
            (Some(value), _) => value.clone(),
            (None, MapKind::Groups) => List::nil(Items::Any(Vec::new())),
            (None, _) => Value::Nil,
        }),
        other => Err(Fault::new(format!(
            "cannot fetch {} from {}",
            print::short(key),
            other.type_name()
        ))),
    }
}

/// Go's `len` of bytes, elements or entries.
pub(super) fn length(value: &Value) -> Ran<usize> {
    match value {
        Value::Text(bytes) | Value::Bytes(bytes) => Ok(bytes.len()),
        Value::List(list) => Ok(list.len()),
        Value::Map(map) => Ok(map.entries.len()),
        other => Err(Fault::new(format!(
            "invalid argument for len (type {})",
            other.type_name()
        ))),
    }
}

/// A slice's bounds, counted from the end where negative and clamped.
fn bounds(from: i64, to: i64, length: usize) -> (usize, usize) {
    let length = length as i64;
    let clamp = |bound: i64| {
        let bound = if bound < 0 {
            length.saturating_add(bound)
        } else {
            bound
        };
        bound.clamp(0, length)
    };
    let to = clamp(to);
    (clamp(from).min(to) as usize, to as usize)
}

fn as_int(value: &Value) -> Ran<Value> {
    let n = match value {
        Value::Float(x) => to_int(*x),
        Value::Text(text) => builtins::parse_int(text).map_err(Fault::new)?,
        other => other.integer().ok_or_else(|| unsupported("asInt", other))?,
    };
    Ok(Value::Int64(n))
}

fn as_float(value: &Value) -> Ran<Value> {
    let x = match value {
        Value::Text(text) => builtins::parse_float(text).map_err(Fault::new)?,
        other => other.float().ok_or_else(|| unsupported("asFloat", other))?,
    };
    Ok(Value::Float(x))
}

fn unsupported(function: &str, value: &Value) -> Fault {
    Fault::new(format!(
        "{function}() not supported on {} {}",
        value.type_name(),
        print::short(value)
    ))
}
