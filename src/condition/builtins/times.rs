//! Times, durations and zones.

use std::sync::Arc;

use super::{Builtin, Context, Signature, TEXT, argument, count_error, utf8};
use crate::condition::budget::{Fault, Ran};
use crate::condition::time::{self, Moment, Zone};
use crate::condition::types::Type;
use crate::condition::value::Value;
use crate::text::duration::parse_go_duration;

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        name: "now",
        signature: Signature::Checked(check_now),
        run: now,
    },
    Builtin {
        name: "duration",
        signature: Signature::Overloads(&[(TEXT, Type::Duration)]),
        run: |_, arguments| {
            parse_go_duration(&utf8(arguments, 0)?)
                .map(Value::Duration)
                .map_err(|error| Fault::new(error.to_string()))
        },
    },
    Builtin {
        name: "date",
        signature: Signature::Checked(check_date),
        run: date,
    },
    Builtin {
        name: "timezone",
        signature: Signature::Overloads(&[(TEXT, Type::Zone)]),
        run: |_, arguments| Ok(Value::Zone(Arc::new(Zone::load(&utf8(arguments, 0)?)?))),
    },
];

/// The layouts that `date` tries, in this order.
const LAYOUTS: [&str; 7] = [
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
];

fn check_now(_: &str, types: &[Type]) -> Result<Type, String> {
    match types {
        [] | [Type::Zone] => Ok(Type::Time),
        _ => Err(count_error("0", types.len())),
    }
}

fn now(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let zone = match argument(arguments, 0) {
        Value::Zone(zone) => (**zone).clone(),
        _ => Zone::local(),
    };
    Ok(Moment::new(context.now.as_nanosecond(), zone).into())
}

fn check_date(_: &str, types: &[Type]) -> Result<Type, String> {
    let rest = match types {
        [] => return Err(count_error("at least 1", 0)),
        [Type::Zone, rest @ ..] => rest,
        all => all,
    };
    if rest.len() > 3 {
        return Err(count_error("at most 3", rest.len()));
    }
    Ok(Type::Time)
}

/// Steps of reading a date: up to seven layouts are tried, and a zone's history is looked through for an abbreviation.
const DATE_STEPS: usize = 2000;

fn date(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    context.budget.steps(DATE_STEPS)?;
    let (given, arguments) = match arguments {
        [Value::Zone(zone), rest @ ..] => (Some((**zone).clone()), rest),
        all => (None, all),
    };
    let date = utf8(arguments, 0)?;
    context.budget.steps(date.len())?;
    // Without a zone offsets are compared with the local zone.
    let (zone, local) = match &given {
        Some(zone) => (zone.clone(), zone.clone()),
        None => (Zone::utc(), Zone::local()),
    };
    match arguments.len() {
        2 => {
            let layout = utf8(arguments, 1)?;
            context.budget.steps(layout.len())?;
            Ok(time::parse(&layout, &date, &zone, &local)?.into())
        }
        3 => {
            let layout = utf8(arguments, 1)?;
            context.budget.steps(layout.len())?;
            let zone = Zone::load(&utf8(arguments, 2)?)?;
            Ok(time::parse(&layout, &date, &zone, &zone)?.into())
        }
        _ => LAYOUTS
            .iter()
            .find_map(|layout| time::parse(layout, &date, &zone, &local).ok())
            .map(Value::from)
            .ok_or_else(|| {
                let date = crate::text::chain::bounded(&date, crate::condition::limits::QUOTED);
                Fault::new(format!("invalid date {date}"))
            }),
    }
}
