//! Arrays and slices.

use super::{Builtin, Context, Signature, argument, count_error};
use crate::condition::budget::{Fault, Ran};
use crate::condition::compare::equal;
use crate::condition::run::{fetch, index_of};
use crate::condition::types::{Kind, Type};
use crate::condition::value::{Items, List, Value};

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

const SORTED: [&[Type]; 8] = [
    &[Type::List(None), Type::Text],
    &[Type::Ints, Type::Text],
    &[Type::Floats, Type::Text],
    &[Type::Texts, Type::Text],
    &[Type::List(None)],
    &[Type::Floats],
    &[Type::Texts],
    &[Type::Ints],
];

const SORT: [(&[Type], Type); 8] = [
    (SORTED[0], Type::List(None)),
    (SORTED[1], Type::List(None)),
    (SORTED[2], Type::List(None)),
    (SORTED[3], Type::List(None)),
    (SORTED[4], Type::List(None)),
    (SORTED[5], Type::List(None)),
    (SORTED[6], Type::List(None)),
    (SORTED[7], Type::List(None)),
];

pub(super) const TABLE: &[Builtin] = &[
    checked(
        "first",
        |_, types| check_end("first", types),
        |_, a| Ok(fetch(argument(a, 0), &Value::Int(0)).unwrap_or(Value::Nil)),
    ),
    checked(
        "last",
        |_, types| check_end("last", types),
        |_, a| Ok(fetch(argument(a, 0), &Value::Int(-1)).unwrap_or(Value::Nil)),
    ),
    // The checker looks at `get` itself.
    checked("get", |_, _| Ok(Type::Unknown), get),
    checked("take", check_take, take),
    checked("reverse", check_one, reverse),
    checked("uniq", check_one, uniq),
    checked("flatten", check_one, flatten),
    checked("concat", check_concat, concat),
    Builtin {
        name: "sort",
        signature: Signature::Overloads(&SORT),
        run: sort,
    },
];

fn takes(ty: &Type) -> bool {
    matches!(ty.kind(), Kind::Interface | Kind::Slice)
}

fn check_end(name: &str, types: &[Type]) -> Result<Type, String> {
    match types {
        [ty] if ty.kind() == Kind::Interface => Ok(Type::Any),
        [ty] if ty.kind() == Kind::Slice => Ok(ty.element()),
        [ty] => Err(format!("cannot get {name} element from {}", ty.name())),
        _ => Err(count_error("1", types.len())),
    }
}

fn check_one(name: &str, types: &[Type]) -> Result<Type, String> {
    match types {
        [ty] if takes(ty) => Ok(Type::List(None)),
        [ty] => Err(format!("cannot {name} {}", ty.name())),
        _ => Err(count_error("1", types.len())),
    }
}

fn check_take(_: &str, types: &[Type]) -> Result<Type, String> {
    let [list, count] = types else {
        return Err(count_error("2", types.len()));
    };
    if !takes(list) {
        return Err(format!("cannot take from {}", list.name()));
    }
    if !matches!(count.kind(), Kind::Interface | Kind::Int | Kind::Int64) {
        return Err(format!("cannot take {} elements", count.name()));
    }
    Ok(list.clone())
}

fn check_concat(_: &str, types: &[Type]) -> Result<Type, String> {
    if types.is_empty() {
        return Err(count_error("at least 1", 0));
    }
    match types.iter().find(|ty| !takes(ty)) {
        Some(ty) => Err(format!("cannot concat {}", ty.name())),
        None => Ok(Type::List(None)),
    }
}

fn length(name: &str, value: &Value) -> Ran<usize> {
    value
        .elements()
        .ok_or_else(|| Fault::new(format!("cannot {name} {}", value.kind_name())))
}

/// As indexing, but nil where there is nothing.
fn get(_: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let (of, key) = (argument(arguments, 0), argument(arguments, 1));
    match of {
        Value::List(_) | Value::Bytes(_) | Value::Text(_) => {
            index_of(key)?;
            Ok(fetch(of, key).unwrap_or(Value::Nil))
        }
        Value::Map(map) => Ok(map.get(key)?.cloned().unwrap_or(Value::Nil)),
        Value::Time(_)
        | Value::Zone(_)
        | Value::Duration(_)
        | Value::Month(_)
        | Value::Weekday(_) => Err(Fault::new(format!(
            "cannot get a method of {} as a value",
            of.type_name()
        ))),
        _ => Ok(Value::Nil),
    }
}

fn take(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let (list, count) = (argument(arguments, 0), argument(arguments, 1));
    let length = length("take from", list)?;
    let wanted = match count {
        Value::Int(n)
        | Value::Int64(n)
        | Value::Duration(n)
        | Value::Month(n)
        | Value::Weekday(n) => *n,
        other => {
            let kind = other.kind_name();
            return Err(Fault::new(format!("cannot take {kind} elements")));
        }
    };
    let Ok(to) = usize::try_from(wanted.min(length as i64)) else {
        return Err(Fault::new("reflect.Value.Slice: slice index out of bounds"));
    };
    context.budget.list(to)?;
    match list {
        Value::List(list) if matches!(list.items, Items::Pair(_)) => Err(Fault::new(
            "reflect.Value.Slice: slice of unaddressable array",
        )),
        Value::List(list) => list.slice(0, to),
        Value::Bytes(bytes) => Ok(Value::Bytes(bytes[..to].into())),
        _ => Ok(Value::Nil),
    }
}

fn reverse(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let list = argument(arguments, 0);
    let length = length("reverse", list)?;
    context.budget.elements(length)?;
    context.budget.list(length)?;
    context.budget.steps(length)?;
    Value::list((0..length).rev().map(|index| list.item(index)).collect())
}

fn uniq(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let list = argument(arguments, 0);
    let mut kept: Vec<Value> = Vec::new();
    for index in 0..length("uniq", list)? {
        let value = list.item(index);
        let mut known = false;
        for other in &kept {
            known = equal(&value, other, &mut context.budget)?;
            if known {
                break;
            }
        }
        if !known {
            context.budget.list(2)?;
            kept.push(value);
        }
    }
    Value::list(kept)
}

fn concat(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let mut total = 0usize;
    for list in arguments {
        total = total.saturating_add(length("concat", list)?);
    }
    context.budget.elements(total)?;
    context.budget.list(total)?;
    context.budget.steps(total)?;
    if total == 0 {
        return Ok(List::nil(Items::Any(Vec::new())));
    }
    let mut all = Vec::with_capacity(total);
    for list in arguments {
        let length = list.elements().unwrap_or(0);
        all.extend((0..length).map(|index| list.item(index)));
    }
    Value::list(all)
}

fn flatten(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let list = argument(arguments, 0);
    length("flatten", list)?;
    let mut all = Vec::new();
    flat(context, list, &mut all)?;
    context.budget.elements(all.len())?;
    Value::list(all)
}

/// Nests no deeper than values may.
fn flat(context: &mut Context, list: &Value, all: &mut Vec<Value>) -> Ran<()> {
    for index in 0..list.elements().unwrap_or(0) {
        context.budget.list(2)?;
        context.budget.steps(1)?;
        match list.item(index) {
            element if element.elements().is_some() => flat(context, &element, all)?,
            element => all.push(element),
        }
    }
    Ok(())
}

fn sort(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let list = argument(arguments, 0);
    // Other types than these Go takes for empty.
    let length = match list {
        Value::List(list) if !matches!(list.items, Items::Pair(_) | Items::Pairs(_)) => {
            Some(list.len())
        }
        _ => None,
    };
    let descending = match arguments.get(1) {
        None => false,
        Some(Value::Text(order)) if &order[..] == b"asc" => false,
        Some(Value::Text(order)) if &order[..] == b"desc" => true,
        Some(Value::Text(order)) => {
            let order = String::from_utf8_lossy(&order[..order.len().min(100)]).into_owned();
            return Err(Fault::new(format!(
                "invalid order {order}, expected asc or desc"
            )));
        }
        Some(other) => {
            let found = other.type_name();
            return Err(Fault::new(format!(
                "sort order argument must be a string (got {found})"
            )));
        }
    };
    let Some(length) = length else {
        return Ok(List::nil(Items::Any(Vec::new())));
    };
    context.budget.elements(length)?;
    context.budget.list(length.saturating_mul(4))?;
    let mut pairs = (0..length)
        .map(|index| (list.item(index), Value::Nil))
        .collect();
    super::sort_pairs(&mut pairs, descending, &mut context.budget)?;
    Value::list(pairs.into_iter().map(|(value, _)| value).collect())
}
