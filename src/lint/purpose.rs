//! A success condition into whether it lets an answer without data pass on purpose: it names the case, and the case can
//! only mean that there was no traffic.

use crate::lint::conditions::{Comparison, Operand};
use crate::lint::gate::Gate;
use crate::promql::Query;
use crate::promql::missing::{Missing, without};
use crate::promql::outcome::{Picks, selector_picks};
use crate::promql::select::data_selectors;

/// Whether the success condition asks for no series, `len(result) == 0 || …`, and no series can only mean no traffic: of a
/// slice of successes it also means that all failed.
pub fn passes_no_series(gate: &Gate<'_>, query: &Query) -> bool {
    let success = gate.conditions.success.as_ref();
    let names_it = success.is_some_and(|success| {
        success
            .comparisons
            .iter()
            .any(|comparison| comparison.operand == Operand::Length && is_of_none(comparison))
    });
    let hides_failures = || {
        data_selectors(&query.expr).iter().any(|data| {
            selector_picks(data.selector, gate.labels()) == Picks::Successes
                && without(data) == Missing::Empty
        })
    };
    names_it && !hides_failures()
}

/// Whether the success condition asks for NaN, `isNaN(result[0]) || …`.
pub fn passes_nan(gate: &Gate<'_>) -> bool {
    let success = gate.conditions.success.as_ref();
    success.is_some_and(|success| success.names("isNaN"))
}

/// True of length 0, and not of every length.
fn is_of_none(comparison: &Comparison) -> bool {
    match comparison.operator {
        "==" | "<=" => comparison.value == 0.0,
        "<" => comparison.value > 0.0 && comparison.value <= 1.0,
        _ => false,
    }
}
