//! The builtin functions: one table of names, what the checker asks of their arguments, and what they do.
//!
//! Everything is expr's `builtin/builtin.go`; the fifteen calls with a predicate are syntax and not here.

mod lists;
mod maps;
mod numbers;
mod sorting;
mod strings;
mod text_numbers;
mod times;

use jiff::Timestamp;

use super::budget::{Budget, Fault, Ran};
use super::types::Type;
use super::value::Value;

pub(super) use sorting::sort_pairs;
pub(super) use strings::{find, runes};
pub(super) use text_numbers::{parse_float, parse_int};

/// What a builtin may use besides its arguments.
pub(super) struct Context {
    pub(super) budget: Budget,
    /// The time that `now()` gives.
    pub(super) now: Timestamp,
}

/// What the checker asks of the arguments.
pub(super) enum Signature {
    /// Parameters and result; of several the first that fits counts.
    Overloads(&'static [(&'static [Type], Type)]),
    /// Name and types to the result's type or Go's message.
    Checked(fn(&str, &[Type]) -> Result<Type, String>),
}

/// One builtin function.
pub(super) struct Builtin {
    pub(super) name: &'static str,
    pub(super) signature: Signature,
    pub(super) run: fn(&mut Context, &[Value]) -> Ran<Value>,
}

/// Calls with a predicate: names that nothing else may have.
const LOOPS: [&str; 15] = [
    "all",
    "none",
    "any",
    "one",
    "filter",
    "map",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "count",
    "sum",
    "groupBy",
    "sortBy",
    "reduce",
];

/// The tables by theme, in one row.
const THEMES: [&[Builtin]; 5] = [
    numbers::TABLE,
    strings::TABLE,
    lists::TABLE,
    maps::TABLE,
    times::TABLE,
];

/// The place of a builtin in the table.
pub(super) fn index(name: &str) -> Option<usize> {
    THEMES
        .into_iter()
        .flatten()
        .position(|builtin| builtin.name == name)
}

/// The builtin at a place that `index` gave.
pub(super) fn get(mut index: usize) -> &'static Builtin {
    for theme in THEMES {
        match theme.get(index) {
            Some(builtin) => return builtin,
            None => index -= theme.len(),
        }
    }
    &numbers::TABLE[0]
}

/// Whether `name` is a builtin's or a predicate call's.
pub(super) fn is_name(name: &str) -> bool {
    LOOPS.contains(&name) || index(name).is_some()
}

const ANY: &[Type] = &[Type::Any];
const TEXT: &[Type] = &[Type::Text];
const TWO_TEXTS: &[Type] = &[Type::Text, Type::Text];

fn count_error(expected: &str, found: usize) -> String {
    format!("invalid number of arguments (expected {expected}, got {found})")
}

fn wrong_type(name: &str, value: &Value) -> Fault {
    Fault::new(format!(
        "invalid argument for {name} (type {})",
        value.type_name()
    ))
}

/// The argument at `index`, nil where there is none.
fn argument(arguments: &[Value], index: usize) -> &Value {
    arguments.get(index).unwrap_or(&Value::Nil)
}

/// The string at `index`; Go's panic where it is none.
fn text(arguments: &[Value], index: usize) -> Ran<&[u8]> {
    match argument(arguments, index) {
        Value::Text(text) => Ok(text),
        other => {
            let found = match other.type_name() {
                "<nil>" => "nil",
                name => name,
            };
            Err(Fault::new(format!(
                "interface conversion: interface {{}} is {found}, not string"
            )))
        }
    }
}

/// The string at `index` as text.
fn utf8(arguments: &[Value], index: usize) -> Ran<String> {
    Ok(String::from_utf8_lossy(text(arguments, index)?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        let names: Vec<&str> = THEMES.into_iter().flatten().map(|b| b.name).collect();
        assert_eq!(names.len() + LOOPS.len(), 71, "expr 1.17.8 has 71 builtins");
        for name in names {
            assert_eq!(get(index(name).expect(name)).name, name);
        }
    }
}
