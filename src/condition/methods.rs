//! Methods of times, durations, months, weekdays and zones: the ones that expr reaches by reflection and that make sense in a condition.

use super::budget::{Budget, Fault, Ran};
use super::time::{self, Moment};
use super::types::Type;
use super::value::Value;
use crate::text::duration::go_duration;

const NONE: &[Type] = &[];
const TIME: &[Type] = &[Type::Time];
const DURATION: &[Type] = &[Type::Duration];
const TEXT: &[Type] = &[Type::Text];
const ZONE: &[Type] = &[Type::Zone];
const THREE_INTS: &[Type] = &[Type::Int, Type::Int, Type::Int];

/// Parameters and result of a method; nothing if the type has none of that name.
pub(super) fn signature(of: &Type, name: &str) -> Option<(&'static [Type], Type)> {
    Some(match (of, name) {
        (Type::Time, "Unix" | "UnixMilli" | "UnixMicro" | "UnixNano") => (NONE, Type::Int64),
        (
            Type::Time,
            "Year" | "Day" | "Hour" | "Minute" | "Second" | "Nanosecond" | "YearDay" | "ISOWeek",
        ) => (NONE, Type::Int),
        (Type::Time, "Month") => (NONE, Type::Month),
        (Type::Time, "Weekday") => (NONE, Type::Weekday),
        (Type::Time, "IsZero" | "IsDST") => (NONE, Type::Bool),
        (Type::Time, "UTC" | "Local") => (NONE, Type::Time),
        (Type::Time, "Location") => (NONE, Type::Zone),
        (Type::Time, "Zone") => (NONE, Type::Text),
        (Type::Time, "Add") => (DURATION, Type::Time),
        (Type::Time, "Truncate" | "Round") => (DURATION, Type::Time),
        (Type::Time, "AddDate") => (THREE_INTS, Type::Time),
        (Type::Time, "Sub") => (TIME, Type::Duration),
        (Type::Time, "Before" | "After" | "Equal") => (TIME, Type::Bool),
        (Type::Time, "Compare") => (TIME, Type::Int),
        (Type::Time, "In") => (ZONE, Type::Time),
        (Type::Time, "Format") => (TEXT, Type::Text),
        (Type::Duration, "Hours" | "Minutes" | "Seconds") => (NONE, Type::Float),
        (Type::Duration, "Milliseconds" | "Microseconds" | "Nanoseconds") => (NONE, Type::Int64),
        (Type::Duration, "Abs") => (NONE, Type::Duration),
        (Type::Duration, "Truncate" | "Round") => (DURATION, Type::Duration),
        (Type::Time | Type::Duration | Type::Month | Type::Weekday | Type::Zone, "String") => {
            (NONE, Type::Text)
        }
        _ => return None,
    })
}

/// Calls a method; the base and the arguments may turn out to be anything.
///
/// `known`: the checker knew the method. Go then asserts the arguments' types for the commoner signatures, while a call
/// by reflection takes nil for zero.
pub(super) fn call(
    of: &Value,
    name: &str,
    arguments: &[Value],
    known: bool,
    budget: &mut Budget,
) -> Ran<Value> {
    let fault = || {
        Fault::new(format!(
            "cannot fetch {} from {}",
            crate::text::chain::bounded(name, super::limits::QUOTED),
            of.type_name()
        ))
    };
    let ty = match of {
        Value::Time(_) => Type::Time,
        Value::Duration(_) => Type::Duration,
        Value::Month(_) => Type::Month,
        Value::Weekday(_) => Type::Weekday,
        Value::Zone(_) => Type::Zone,
        _ => return Err(fault()),
    };
    let (parameters, _) = signature(&ty, name).ok_or_else(fault)?;
    if parameters.len() != arguments.len() {
        return Err(Fault::new(format!(
            "invalid number of arguments: expected {}, got {}",
            parameters.len(),
            arguments.len()
        )));
    }
    let reflected = !known || matches!(name, "AddDate" | "Compare");
    let arguments: Vec<Value> = arguments
        .iter()
        .zip(parameters)
        .map(|(argument, parameter)| match argument {
            Value::Nil if reflected => zero(parameter),
            other => other.clone(),
        })
        .collect();
    let arguments = arguments.as_slice();
    match of {
        Value::Time(moment) => on_time(moment, name, arguments, budget),
        Value::Duration(n) => on_duration(*n, name, arguments),
        Value::Month(month) => Ok(Value::text(month_name(*month))),
        Value::Weekday(day) => Ok(Value::text(weekday_name(*day))),
        Value::Zone(zone) => Ok(Value::text(zone.name())),
        _ => Err(fault()),
    }
    .and_then(|found| found_or(found, fault))
}

/// Go's zero value of a parameter's type; a nil zone stays nil, and fails.
fn zero(parameter: &Type) -> Value {
    match parameter {
        Type::Int => Value::Int(0),
        Type::Duration => Value::Duration(0),
        Type::Text => Value::text(""),
        Type::Time => Moment::zero().into(),
        _ => Value::Nil,
    }
}

/// `Value::Nil` marks a method whose arguments have wrong types.
fn found_or(found: Value, fault: impl Fn() -> Fault) -> Ran<Value> {
    match found {
        Value::Nil => Err(fault()),
        found => Ok(found),
    }
}

/// Go's `Month.String`.
pub(super) fn month_name(month: i64) -> String {
    let index = usize::try_from(month - 1).unwrap_or(usize::MAX);
    let name = time::MONTHS.get(index);
    name.map_or_else(|| format!("%!Month({month})"), |name| (*name).into())
}

/// Go's `Weekday.String`.
pub(super) fn weekday_name(day: i64) -> String {
    let index = usize::try_from(day).unwrap_or(usize::MAX);
    let name = time::WEEKDAYS.get(index);
    name.map_or_else(|| format!("%!Weekday({day})"), |name| (*name).into())
}

fn on_time(time: &Moment, name: &str, arguments: &[Value], budget: &mut Budget) -> Ran<Value> {
    if let Some(value) = part_of(time, name) {
        return Ok(value);
    }
    Ok(match (name, arguments) {
        ("UTC", []) => Moment::new(time.at, time::Zone::utc()).into(),
        ("Local", []) => Moment::new(time.at, time::Zone::local()).into(),
        ("Add", [Value::Duration(d)]) => time.plus(*d)?.into(),
        ("Truncate", [Value::Duration(d)]) => time.to_multiple(*d, false)?.into(),
        ("Round", [Value::Duration(d)]) => time.to_multiple(*d, true)?.into(),
        ("AddDate", [Value::Int(y), Value::Int(m), Value::Int(d)]) => {
            time.add_date(*y, *m, *d)?.into()
        }
        ("Sub", [Value::Time(other)]) => Value::Duration(time.since(other)),
        ("Before", [Value::Time(other)]) => Value::Bool(time.at < other.at),
        ("After", [Value::Time(other)]) => Value::Bool(time.at > other.at),
        ("Equal", [Value::Time(other)]) => Value::Bool(time.at == other.at),
        ("Compare", [Value::Time(other)]) => Value::Int(time.at.cmp(&other.at) as i64),
        ("In", [Value::Zone(zone)]) => Moment::new(time.at, (**zone).clone()).into(),
        ("Format", [Value::Text(layout)]) => {
            // No part is written longer than nine times its text.
            budget.bytes(layout.len().saturating_mul(9))?;
            budget.steps(layout.len())?;
            Value::text(time::format(time, &String::from_utf8_lossy(layout)))
        }
        _ => Value::Nil,
    })
}

fn part_of(time: &Moment, name: &str) -> Option<Value> {
    let civil = time.civil();
    let nanos = time.at;
    Some(match name {
        "Unix" => Value::Int64(nanos.div_euclid(1_000_000_000) as i64),
        "UnixMilli" => Value::Int64(nanos.div_euclid(1_000_000) as i64),
        "UnixMicro" => Value::Int64(nanos.div_euclid(1_000) as i64),
        "UnixNano" => Value::Int64(nanos as i64),
        "Year" => Value::Int(civil.year),
        "Month" => Value::Month(civil.month),
        "Day" => Value::Int(civil.day),
        "Hour" => Value::Int(civil.hour),
        "Minute" => Value::Int(civil.minute),
        "Second" => Value::Int(civil.second),
        "Nanosecond" => Value::Int(civil.nanosecond),
        "YearDay" => Value::Int(civil.year_day),
        "ISOWeek" => Value::Int(time.iso_year()),
        "Weekday" => Value::Weekday(civil.weekday),
        "IsZero" => Value::Bool(time.is_zero()),
        "IsDST" => Value::Bool(time.zone.abbreviation(time.at).1),
        "Location" => Value::Zone(std::sync::Arc::new(time.zone.clone())),
        "Zone" => Value::text(time.zone.abbreviation(time.at).0),
        "String" => Value::text(time.write()),
        _ => return None,
    })
}

fn on_duration(n: i64, name: &str, arguments: &[Value]) -> Ran<Value> {
    // Go divides whole and rest apart, which rounds less.
    let in_units = |unit: i64| (n / unit) as f64 + (n % unit) as f64 / unit as f64;
    Ok(match (name, arguments) {
        ("Hours", []) => Value::Float(in_units(3_600_000_000_000)),
        ("Minutes", []) => Value::Float(in_units(60_000_000_000)),
        ("Seconds", []) => Value::Float(in_units(1_000_000_000)),
        ("Milliseconds", []) => Value::Int64(n / 1_000_000),
        ("Microseconds", []) => Value::Int64(n / 1_000),
        ("Nanoseconds", []) => Value::Int64(n),
        ("String", []) => Value::text(go_duration(n)),
        ("Abs", []) => Value::Duration(n.saturating_abs()),
        ("Truncate", [Value::Duration(step)]) if *step <= 0 => Value::Duration(n),
        ("Truncate", [Value::Duration(step)]) => Value::Duration(n - n % step),
        ("Round", [Value::Duration(step)]) => Value::Duration(rounded(n, *step)),
        _ => Value::Nil,
    })
}

/// Halves go away from zero; what does not fit is the largest duration.
fn rounded(n: i64, step: i64) -> i64 {
    if step <= 0 {
        return n;
    }
    let rest = (n % step).unsigned_abs();
    let down = n - n % step;
    if rest * 2 < step as u64 {
        down
    } else if n < 0 {
        down.checked_sub(step).unwrap_or(i64::MIN)
    } else {
        down.checked_add(step).unwrap_or(i64::MAX)
    }
}
