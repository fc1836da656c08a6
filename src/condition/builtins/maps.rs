//! Maps.

use std::collections::BTreeMap;

use super::{Builtin, Context, Signature, argument, count_error};
use crate::condition::budget::{Fault, Ran};
use crate::condition::types::{Kind, Type};
use crate::condition::value::{Items, List, Map, MapKind, Value};

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

pub(super) const TABLE: &[Builtin] = &[
    checked("keys", check_map, keys),
    checked("values", check_map, values),
    checked("toPairs", check_map, to_pairs),
    checked("fromPairs", check_pairs, from_pairs),
];

/// What a function cannot do, in Go's words.
fn refusal(name: &str, found: &str) -> String {
    match name {
        "toPairs" => format!("cannot transform {found} to pairs"),
        "fromPairs" => format!("cannot transform {found} from pairs"),
        name => format!("cannot get {name} from {found}"),
    }
}

fn check_map(name: &str, types: &[Type]) -> Result<Type, String> {
    match types {
        [ty] if matches!(ty.kind(), Kind::Interface | Kind::Map) => Ok(Type::List(None)),
        [ty] => Err(refusal(name, ty.name())),
        _ => Err(count_error("1", types.len())),
    }
}

fn check_pairs(name: &str, types: &[Type]) -> Result<Type, String> {
    match types {
        [ty] if matches!(ty.kind(), Kind::Interface | Kind::Slice) => Ok(Type::AnyMap),
        [ty] => Err(refusal(name, ty.name())),
        _ => Err(count_error("1", types.len())),
    }
}

fn map<'a>(context: &mut Context, name: &str, arguments: &'a [Value]) -> Ran<&'a Map> {
    match argument(arguments, 0) {
        Value::Map(map) => {
            context.budget.list(map.entries.len().saturating_mul(3))?;
            context.budget.steps(map.entries.len())?;
            Ok(map)
        }
        other => Err(Fault::new(refusal(name, other.kind_name()))),
    }
}

/// Go's order is random, ours is that of the keys.
fn keys(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let map = map(context, "keys", arguments)?;
    Value::list(map.entries.keys().map(|key| key.value()).collect())
}

fn values(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let map = map(context, "values", arguments)?;
    Value::list(map.entries.values().cloned().collect())
}

fn to_pairs(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let map = map(context, "toPairs", arguments)?;
    let pairs: Ran<Vec<Value>> = map
        .entries
        .iter()
        .map(|(key, value)| List::value(Items::Pair(vec![key.value(), value.clone()])))
        .collect();
    List::value(Items::Pairs(pairs?))
}

fn from_pairs(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let list = argument(arguments, 0);
    let length = list
        .elements()
        .ok_or_else(|| Fault::new(refusal("fromPairs", list.kind_name())))?;
    context.budget.list(length.saturating_mul(4))?;
    let mut entries = BTreeMap::new();
    for index in 0..length {
        context.budget.steps(1)?;
        let pair = list.item(index);
        match pair.elements() {
            Some(2) => entries.insert(pair.item(0).key(index as u32)?, pair.item(1)),
            Some(_) => return Err(Fault::new("invalid pair length")),
            None => return Err(Fault::new("invalid pair")),
        };
    }
    Map::value(MapKind::Any, entries)
}
