//! Sorting with an order that can fail and need not be total.

use crate::condition::ast::Op;
use crate::condition::budget::{Budget, Ran};
use crate::condition::compare::order;
use crate::condition::value::Value;

/// Up to here Go's `sort.Sort` inserts, which tells where NaN ends.
const INSERTED: usize = 12;

/// Sorts pairs by their first values.
pub(in crate::condition) fn sort_pairs(
    pairs: &mut Vec<(Value, Value)>,
    descending: bool,
    budget: &mut Budget,
) -> Ran<()> {
    let op = if descending { Op::More } else { Op::Less };
    let mut less = |a: &(Value, Value), b: &(Value, Value)| {
        budget.steps(1)?;
        order(op, &a.0, &b.0)
    };
    if pairs.len() > INSERTED {
        *pairs = merged(std::mem::take(pairs), &mut less)?;
        return Ok(());
    }
    for end in 1..pairs.len() {
        let mut at = end;
        while at > 0 && less(&pairs[at], &pairs[at - 1])? {
            pairs.swap(at, at - 1);
            at -= 1;
        }
    }
    Ok(())
}

type Pair = (Value, Value);

/// A stable merge sort; it halves, so it nests no deeper than a length has bits.
fn merged(mut pairs: Vec<Pair>, less: &mut dyn FnMut(&Pair, &Pair) -> Ran<bool>) -> Ran<Vec<Pair>> {
    if pairs.len() < 2 {
        return Ok(pairs);
    }
    let right = pairs.split_off(pairs.len() / 2);
    let mut left = merged(pairs, less)?.into_iter().peekable();
    let mut right = merged(right, less)?.into_iter().peekable();
    let mut all = Vec::with_capacity(left.len() + right.len());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if less(b, a)? {
            right.next()
        } else {
            left.next()
        };
        all.extend(next);
    }
    all.extend(left);
    all.extend(right);
    Ok(all)
}

/// Go's `sort.Float64s`: NaN first.
pub(super) fn sort_floats(values: &mut [f64]) {
    values.sort_unstable_by(|x, y| {
        x.partial_cmp(y)
            .unwrap_or_else(|| y.is_nan().cmp(&x.is_nan()))
    });
}
