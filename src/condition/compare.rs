//! Two values into an answer: equality, order, arithmetic, as expr's `vm/runtime` has them.

use std::cmp::Ordering;
use std::sync::Arc;

use super::ast::Op;
use super::budget::{Budget, Fault, Ran};
use super::value::{Items, List, Map, Value};

/// Go's `runtime.Equal`: numbers by value, whatever their types; slices element by element.
pub(super) fn equal(a: &Value, b: &Value, budget: &mut Budget) -> Ran<bool> {
    budget.steps(1)?;
    if let Some(order) = numbers(a, b) {
        return Ok(order == Some(Ordering::Equal));
    }
    match (a, b) {
        (Value::Text(x), Value::Text(y)) => {
            budget.steps(x.len().min(y.len()) / 64)?;
            return Ok(x == y);
        }
        (Value::Time(x), Value::Time(y)) => return Ok(x.at == y.at),
        (Value::Duration(x), Value::Duration(y)) => return Ok(x == y),
        (Value::Bool(x), Value::Bool(y)) => return Ok(x == y),
        _ => {}
    }
    if let Some(same) = equal_lists(a, b, budget)? {
        return Ok(same);
    }
    if a.is_nil() && b.is_nil() {
        return Ok(true);
    }
    deep_equal(a, b, budget)
}

/// Slices that expr compares by elements: `[]any` with any slice, and slices of one type.
fn equal_lists(a: &Value, b: &Value, budget: &mut Budget) -> Ran<Option<bool>> {
    let any = |value: &Value| matches!(value, Value::List(l) if matches!(l.items, Items::Any(_)));
    let slice = |value: &Value| match value {
        Value::Bytes(_) => true,
        Value::List(list) => !matches!(list.items, Items::Pair(_) | Items::Pairs(_)),
        _ => false,
    };
    let comparable = any(a) && slice(b)
        || any(b) && slice(a)
        || slice(a) && slice(b) && a.type_name() == b.type_name();
    if !comparable {
        return Ok(None);
    }
    let (Some(left), Some(right)) = (a.elements(), b.elements()) else {
        return Ok(None);
    };
    if left != right {
        return Ok(Some(false));
    }
    for index in 0..left {
        if !equal(&a.item(index), &b.item(index), budget)? {
            return Ok(Some(false));
        }
    }
    Ok(Some(true))
}

/// Go's `reflect.DeepEqual`: types count too.
fn deep_equal(a: &Value, b: &Value, budget: &mut Budget) -> Ran<bool> {
    budget.steps(1)?;
    Ok(match (a, b) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Int(x), Value::Int(y))
        | (Value::Int64(x), Value::Int64(y))
        | (Value::Duration(x), Value::Duration(y))
        | (Value::Month(x), Value::Month(y))
        | (Value::Weekday(x), Value::Weekday(y)) => x == y,
        (Value::Byte(x), Value::Byte(y)) => x == y,
        (Value::Float(x), Value::Float(y)) => x == y,
        (Value::Text(x), Value::Text(y)) | (Value::Bytes(x), Value::Bytes(y)) => {
            budget.steps(x.len().min(y.len()) / 64)?;
            x == y
        }
        (Value::Time(x), Value::Time(y)) => x == y,
        (Value::Zone(x), Value::Zone(y)) => x == y,
        (Value::List(x), Value::List(y)) => return deep_equal_lists(x, y, a, b, budget),
        (Value::Map(x), Value::Map(y)) => return deep_equal_maps(x, y, budget),
        _ => false,
    })
}

fn deep_equal_lists(
    x: &Arc<List>,
    y: &Arc<List>,
    a: &Value,
    b: &Value,
    budget: &mut Budget,
) -> Ran<bool> {
    if a.type_name() != b.type_name() || x.len() != y.len() || x.nil != y.nil {
        return Ok(false);
    }
    if Arc::ptr_eq(x, y) {
        return Ok(true);
    }
    for index in 0..x.len() {
        if !deep_equal(&x.item(index), &y.item(index), budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn deep_equal_maps(x: &Arc<Map>, y: &Arc<Map>, budget: &mut Budget) -> Ran<bool> {
    if x.kind != y.kind || x.entries.len() != y.entries.len() {
        return Ok(false);
    }
    if Arc::ptr_eq(x, y) {
        return Ok(true);
    }
    for (key, value) in &x.entries {
        let nan = matches!(key.value(), Value::Float(x) if x.is_nan());
        match y.entries.get(key) {
            Some(other) if !nan && deep_equal(value, other, budget)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Whether two folded constants are written the same.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    deep_equal(a, b, &mut Budget::new(super::limits::STEPS)).unwrap_or(false)
}

/// How two numbers stand to each other (`None` inside: NaN); nothing if not both are numbers.
fn numbers(a: &Value, b: &Value) -> Option<Option<Ordering>> {
    if let (Some(x), Some(y)) = (a.integer(), b.integer()) {
        return Some(Some(x.cmp(&y)));
    }
    let (x, y) = (a.float()?, b.float()?);
    Some(x.partial_cmp(&y))
}

/// `<`, `>`, `<=` or `>=`.
pub(super) fn order(op: Op, a: &Value, b: &Value) -> Ran<bool> {
    let ordering = match (a, b) {
        (Value::Text(x), Value::Text(y)) => Some(x.cmp(y)),
        (Value::Time(x), Value::Time(y)) => Some(x.at.cmp(&y.at)),
        (Value::Duration(x), Value::Duration(y)) => Some(x.cmp(y)),
        (a, b) => numbers(a, b).ok_or_else(|| mismatch(op, a, b))?,
    };
    Ok(ordering.is_some_and(|ordering| match op {
        Op::Less => ordering.is_lt(),
        Op::More => ordering.is_gt(),
        Op::LessEqual => ordering.is_le(),
        _ => ordering.is_ge(),
    }))
}

fn mismatch(op: Op, a: &Value, b: &Value) -> Fault {
    Fault::new(format!(
        "invalid operation: {} {} {}",
        a.type_name(),
        op.name(),
        b.type_name()
    ))
}

/// `+`, `-`, `*`, `/`, `%`, `**`.
pub(super) fn arithmetic(op: Op, a: &Value, b: &Value, budget: &mut Budget) -> Ran<Value> {
    if let Some(value) = of_numbers(op, a, b) {
        return value;
    }
    Ok(match (op, a, b) {
        (Op::Add, Value::Text(x), Value::Text(y)) => {
            budget.bytes(x.len() + y.len())?;
            Value::text([&x[..], &y[..]].concat())
        }
        (Op::Add, Value::Time(time), Value::Duration(d))
        | (Op::Add, Value::Duration(d), Value::Time(time)) => time.plus(*d)?.into(),
        (Op::Add, Value::Duration(x), Value::Duration(y)) => Value::Duration(x.wrapping_add(*y)),
        (Op::Subtract, Value::Time(x), Value::Time(y)) => Value::Duration(x.since(y)),
        (Op::Subtract, Value::Time(time), Value::Duration(d)) => {
            time.plus(d.wrapping_neg())?.into()
        }
        (Op::Subtract, Value::Duration(x), Value::Duration(y)) => {
            Value::Duration(x.wrapping_sub(*y))
        }
        (Op::Multiply, a, b) => return durations(a, b),
        (Op::Power, a, b) => {
            let operand = if a.float().is_none() { a } else { b };
            return Err(Fault::new(format!(
                "invalid operation: float({})",
                operand.type_name()
            )));
        }
        _ => return Err(mismatch(op, a, b)),
    })
}

fn of_numbers(op: Op, a: &Value, b: &Value) -> Option<Ran<Value>> {
    let (x, y) = (a.float()?, b.float()?);
    if op == Op::Divide {
        return Some(Ok(Value::Float(x / y)));
    }
    if op == Op::Power {
        return Some(Ok(Value::Float(super::power::power(x, y))));
    }
    let Some((m, n)) = a.integer().zip(b.integer()) else {
        return Some(match op {
            Op::Add => Ok(Value::Float(x + y)),
            Op::Subtract => Ok(Value::Float(x - y)),
            Op::Multiply => Ok(Value::Float(x * y)),
            _ => Err(mismatch(op, a, b)),
        });
    };
    Some(match op {
        Op::Add => Ok(Value::Int(m.wrapping_add(n))),
        Op::Subtract => Ok(Value::Int(m.wrapping_sub(n))),
        Op::Multiply => Ok(Value::Int(m.wrapping_mul(n))),
        _ if n == 0 => Err(Fault::new("runtime error: integer divide by zero")),
        _ => Ok(Value::Int(m.wrapping_rem(n))),
    })
}

/// A duration times a number is a duration, times a float a float: so it is in expr.
fn durations(a: &Value, b: &Value) -> Ran<Value> {
    let nanoseconds = |value: &Value| match value {
        Value::Duration(n) => Some(*n),
        other => other.integer(),
    };
    if let (Some(x), Some(y)) = (nanoseconds(a), nanoseconds(b)) {
        return Ok(Value::Duration(x.wrapping_mul(y)));
    }
    match (a, b) {
        (Value::Duration(n), Value::Float(x)) | (Value::Float(x), Value::Duration(n)) => {
            Ok(Value::Float(*n as f64 * x))
        }
        _ => Err(mismatch(Op::Multiply, a, b)),
    }
}

/// Go's `runtime.In`.
pub(super) fn contains(needle: &Value, within: &Value, budget: &mut Budget) -> Ran<bool> {
    match within {
        Value::Nil => Ok(false),
        Value::List(list) if let Items::Ints { from, len } = list.items => {
            Ok(in_range(needle, from, len))
        }
        Value::List(_) | Value::Bytes(_) => {
            for index in 0..within.elements().unwrap_or(0) {
                if equal(&within.item(index), needle, budget)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Map(map) => Ok(map.get(needle)?.is_some()),
        Value::Time(_) | Value::Zone(_) if matches!(needle, Value::Text(_)) => Ok(false),
        Value::Time(_) | Value::Zone(_) => Err(Fault::new(format!(
            "cannot use {} as field name of {}",
            needle.type_name(),
            within.type_name()
        ))),
        other => Err(Fault::new(format!(
            "operator \"in\" not defined on {}",
            other.type_name()
        ))),
    }
}

fn in_range(needle: &Value, from: i64, len: usize) -> bool {
    let inside = |n: i64| n >= from && n.wrapping_sub(from) as u64 <= (len as u64).wrapping_sub(1);
    match needle {
        _ if len == 0 => false,
        Value::Float(x) => x.fract() == 0.0 && x.abs() < 9.3e18 && inside(*x as i64),
        other => other.integer().is_some_and(inside),
    }
}
