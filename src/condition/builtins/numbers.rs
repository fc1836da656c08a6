//! Numbers: rounding, conversions, aggregates, bits.

use super::{ANY, Builtin, Context, Signature, argument, count_error, sorting, wrong_type};
use crate::condition::ast::Op;
use crate::condition::budget::{Fault, Ran};
use crate::condition::compare::order;
use crate::condition::print;
use crate::condition::run::to_int;
use crate::condition::types::{Kind, Type};
use crate::condition::value::{Items, Value};

const INT: &[Type] = &[Type::Int];
const TWO_INTS: &[Type] = &[Type::Int, Type::Int];

const fn checked(
    name: &'static str,
    check: fn(&str, &[Type]) -> Result<Type, String>,
    run: fn(&mut Context, &[Value]) -> Ran<Value>,
) -> Builtin {
    Builtin {
        name,
        signature: Signature::Checked(check),
        run,
    }
}

const fn bits(name: &'static str, run: fn(&mut Context, &[Value]) -> Ran<Value>) -> Builtin {
    Builtin {
        name,
        signature: Signature::Overloads(&[(TWO_INTS, Type::Int)]),
        run,
    }
}

pub(super) const TABLE: &[Builtin] = &[
    checked("len", check_len, len),
    Builtin {
        name: "type",
        signature: Signature::Overloads(&[(ANY, Type::Text)]),
        run: |_, arguments| Ok(Value::text(type_word(argument(arguments, 0)))),
    },
    checked("abs", check_abs, abs),
    checked("ceil", check_round, |_, a| rounded("ceil", a, f64::ceil)),
    checked("floor", check_round, |_, a| rounded("floor", a, f64::floor)),
    checked("round", check_round, |_, a| rounded("round", a, f64::round)),
    checked("int", check_convert, int),
    checked("float", check_convert, float),
    checked("max", check_aggregate, |context, a| {
        extreme(context, "max", Op::Less, a)
    }),
    checked("min", check_aggregate, |context, a| {
        extreme(context, "min", Op::More, a)
    }),
    checked("mean", check_aggregate, mean),
    checked("median", check_aggregate, median),
    bits("bitand", |_, a| with_bits("bitand", a, |x, y| Ok(x & y))),
    bits("bitor", |_, a| with_bits("bitor", a, |x, y| Ok(x | y))),
    bits("bitxor", |_, a| with_bits("bitxor", a, |x, y| Ok(x ^ y))),
    bits("bitnand", |_, a| with_bits("bitnand", a, |x, y| Ok(x & !y))),
    bits("bitshl", |_, a| {
        with_bits("bitshl", a, |x, y| {
            Ok(shift(y)?.map_or(0, |shift| x << shift))
        })
    }),
    bits("bitshr", |_, a| {
        with_bits("bitshr", a, |x, y| Ok(x >> shift(y)?.unwrap_or(63)))
    }),
    bits("bitushr", |_, a| {
        with_bits("bitushr", a, |x, y| {
            Ok(shift(y)?.map_or(0, |shift| (x as u64 >> shift) as i64))
        })
    }),
    Builtin {
        name: "bitnot",
        signature: Signature::Overloads(&[(INT, Type::Int)]),
        run: |_, arguments| Ok(Value::Int(!bit_operand("bitnot", argument(arguments, 0))?)),
    },
];

fn one(types: &[Type]) -> Result<&Type, String> {
    match types {
        [ty] => Ok(ty),
        _ => Err(count_error("1", types.len())),
    }
}

fn refused(name: &str, ty: &Type) -> String {
    format!("invalid argument for {name} (type {})", ty.name())
}

fn check_len(name: &str, types: &[Type]) -> Result<Type, String> {
    let ty = one(types)?;
    match ty.kind() {
        Kind::Map | Kind::Slice | Kind::String | Kind::Interface => Ok(Type::Int),
        _ => Err(refused(name, ty)),
    }
}

fn numeric(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Int | Kind::Int64 | Kind::Uint8 | Kind::Float | Kind::Interface
    )
}

fn check_abs(name: &str, types: &[Type]) -> Result<Type, String> {
    let ty = one(types)?;
    if numeric(ty.kind()) {
        return Ok(ty.clone());
    }
    Err(refused(name, ty))
}

fn check_round(name: &str, types: &[Type]) -> Result<Type, String> {
    check_abs(name, types).map(|_| Type::Float)
}

fn check_convert(name: &str, types: &[Type]) -> Result<Type, String> {
    let ty = one(types)?;
    if numeric(ty.kind()) || ty.kind() == Kind::String {
        return Ok(if name == "int" {
            Type::Int
        } else {
            Type::Float
        });
    }
    Err(refused(name, ty))
}

fn check_aggregate(name: &str, types: &[Type]) -> Result<Type, String> {
    let Some(first) = types.first() else {
        return Err(format!("not enough arguments to call {name}"));
    };
    for ty in types {
        match ty.kind() {
            Kind::Interface | Kind::Slice => return Ok(Type::Any),
            kind if numeric(kind) => {}
            _ => return Err(refused(name, ty)),
        }
    }
    Ok(first.clone())
}

fn len(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let length = match argument(arguments, 0) {
        Value::Text(text) => {
            context.budget.steps(text.len() / 16)?;
            super::runes(text).count()
        }
        Value::Map(map) => map.entries.len(),
        other => other.elements().ok_or_else(|| wrong_type("len", other))?,
    };
    Ok(Value::Int(length as i64))
}

/// What `type()` calls a value.
fn type_word(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Int64(_) => "int",
        Value::Byte(_) => "uint",
        Value::Float(_) => "float",
        Value::Text(_) => "string",
        Value::Bytes(_) | Value::List(_) => "array",
        Value::Map(_) => "map",
        Value::Function(_) => "func",
        Value::Zone(_) => "time.Location",
        Value::Time(_) | Value::Duration(_) | Value::Month(_) | Value::Weekday(_) => {
            value.type_name()
        }
    }
}

fn abs(_: &mut Context, arguments: &[Value]) -> Ran<Value> {
    Ok(match argument(arguments, 0) {
        Value::Float(x) if *x < 0.0 => Value::Float(-x),
        Value::Float(x) => Value::Float(*x),
        Value::Int(n) => Value::Int(n.wrapping_abs()),
        Value::Int64(n) => Value::Int64(n.wrapping_abs()),
        Value::Byte(n) => Value::Byte(*n),
        other => return Err(wrong_type("abs", other)),
    })
}

fn rounded(name: &str, arguments: &[Value], round: fn(f64) -> f64) -> Ran<Value> {
    let value = argument(arguments, 0);
    match value {
        Value::Float(x) => Ok(Value::Float(round(*x))),
        other => match other.float() {
            Some(x) => Ok(Value::Float(x)),
            None => Err(wrong_type(name, other)),
        },
    }
}

fn int(_: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let value = argument(arguments, 0);
    let fault = |text: &str| Fault::new(format!("invalid operation: int({text})"));
    Ok(Value::Int(match value {
        Value::Float(x) => to_int(*x),
        Value::Text(text) => super::parse_int(text).map_err(|_| fault(&print::short(value)))?,
        Value::Duration(n) | Value::Month(n) | Value::Weekday(n) => *n,
        other => other.integer().ok_or_else(|| fault(other.type_name()))?,
    }))
}

fn float(_: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let value = argument(arguments, 0);
    let fault = |text: &str| Fault::new(format!("invalid operation: float({text})"));
    Ok(Value::Float(match value {
        Value::Text(text) => super::parse_float(text).map_err(|_| fault(&print::short(value)))?,
        other => other.float().ok_or_else(|| fault(other.type_name()))?,
    }))
}

/// Whether `max` and so on take a value as a number inside a list (`reflect.Kind`s, time's types too).
fn number_kind(value: &Value) -> bool {
    value.float().is_some()
        || matches!(
            value,
            Value::Duration(_) | Value::Month(_) | Value::Weekday(_)
        )
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Duration(n) | Value::Month(n) | Value::Weekday(n) => Some(*n as f64),
        other => other.float(),
    }
}

/// The value that `better` says stands behind all others; nil of nothing.
fn extreme(context: &mut Context, name: &str, better: Op, arguments: &[Value]) -> Ran<Value> {
    let mut best = Value::Nil;
    let mut offer = |value: Value| -> Ran<()> {
        if best.is_nil() || order(better, &best, &value)? {
            best = value;
        }
        Ok(())
    };
    for value in arguments {
        context.budget.steps(1)?;
        let Some(length) = value.elements() else {
            if number_kind(value) {
                offer(value.clone())?;
                continue;
            }
            if arguments.len() == 1 {
                return Ok(value.clone());
            }
            return Err(wrong_type(name, value));
        };
        let strict = matches!(value, Value::List(list) if matches!(list.items, Items::Any(_)));
        for index in 0..length {
            context.budget.steps(1)?;
            let element = value.item(index);
            if element.float().is_some() {
                offer(element)?;
            } else if element.elements().is_some() {
                let inner = extreme(context, name, better, &[element])?;
                match inner {
                    Value::Nil if strict => {}
                    inner if inner.float().is_some() || strict => offer(inner)?,
                    inner => return Err(wrong_type(name, &inner)),
                }
            } else {
                return Err(wrong_type(name, &element));
            }
        }
    }
    Ok(best)
}

/// All numbers in the arguments and the lists in them.
fn collect(context: &mut Context, name: &str, value: &Value, take: &mut dyn FnMut(f64)) -> Ran<()> {
    context.budget.steps(1)?;
    if let Some(x) = number(value) {
        take(x);
        return Ok(());
    }
    let length = value.elements().ok_or_else(|| wrong_type(name, value))?;
    for index in 0..length {
        collect(context, name, &value.item(index), take)?;
    }
    Ok(())
}

/// The sum as Go adds: each list by itself, then to the total.
fn total(context: &mut Context, value: &Value) -> Ran<(usize, f64)> {
    context.budget.steps(1)?;
    if let Some(x) = number(value) {
        return Ok((1, x));
    }
    let length = value.elements().ok_or_else(|| wrong_type("mean", value))?;
    let mut sum = (0, 0.0);
    for index in 0..length {
        let (count, x) = total(context, &value.item(index))?;
        sum = (sum.0 + count, sum.1 + x);
    }
    Ok(sum)
}

fn mean(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let (mut count, mut sum) = (0, 0.0);
    for value in arguments {
        // Go adds the elements of an outer list to the running total.
        let flat = matches!(value, Value::List(list) if !matches!(list.items, Items::Pairs(_)));
        match value.elements().filter(|_| flat) {
            Some(length) => {
                for index in 0..length {
                    let (n, x) = total(context, &value.item(index))?;
                    (count, sum) = (count + n, sum + x);
                }
            }
            None => {
                let (n, x) = total(context, value)?;
                (count, sum) = (count + n, sum + x);
            }
        }
    }
    let mean = if count == 0 { 0.0 } else { sum / count as f64 };
    Ok(Value::Float(mean))
}

fn median(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let mut values = Vec::new();
    for value in arguments {
        context.budget.list(value.elements().unwrap_or(1))?;
        collect(context, "median", value, &mut |x| values.push(x))?;
    }
    sorting::sort_floats(&mut values);
    let middle = values.len() / 2;
    Ok(Value::Float(match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }))
}

fn bit_operand(name: &str, value: &Value) -> Ran<i64> {
    value.integer().ok_or_else(|| {
        let found = value.type_name();
        Fault::new(format!(
            "cannot use {found} as argument (type int) to call {name}"
        ))
    })
}

fn with_bits(name: &str, arguments: &[Value], operate: fn(i64, i64) -> Ran<i64>) -> Ran<Value> {
    let x = bit_operand(name, argument(arguments, 0))?;
    let y = bit_operand(name, argument(arguments, 1))?;
    operate(x, y).map(Value::Int)
}

/// A shift below the width of an int, nothing for one that moves all bits out.
fn shift(count: i64) -> Ran<Option<u32>> {
    if count < 0 {
        return Err(Fault::new(format!(
            "invalid operation: negative shift count {count} (type int)"
        )));
    }
    Ok(u32::try_from(count).ok().filter(|count| *count < 64))
}
