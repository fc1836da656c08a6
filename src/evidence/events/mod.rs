//! A text into the query that counts what happened in its window.
//!
//! No failure of no request is no success: where an answer is what an idle canary's would be, somebody must have asked.

use std::time::Duration;

use super::fresh::window;
use super::parts::closed;
use super::selector::{
    has_outcome, is_completed_slice, only_takes_away, path, printed, read, with_matcher,
};
use crate::promql::ast::{BinaryOp, Expr, ExprKind, Matcher, ValueType};
use crate::promql::names::failure_named;
use crate::promql::outcome::{Labels, is_outcome};
use crate::promql::print;
use crate::promql::select::{DataSelector, data_selectors};

/// Most different counters that are asked for.
const MOST: usize = 8;

/// How much happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// An expression of one series at most; of several counters the least.
    pub expr: String,
    /// The window, where it is known.
    pub window: Option<Duration>,
    /// The window as it was written, `5m`; empty where there is none.
    pub window_text: String,
}

impl Events {
    /// Those of an `eventsQuery`.
    pub fn of_query(text: &str) -> Self {
        let query = read(text);
        let expr = query.as_ref().map(|query| &query.expr);
        let is_scalar = expr.is_some_and(|expr| expr.value_type == ValueType::Scalar);
        let selectors = expr.map(data_selectors).unwrap_or_default();
        let ranged = selectors.iter().find(|own| window(own).is_some());
        let text_of = |own: &DataSelector<'_>| window_text(text, own);
        let vector = match is_scalar {
            true => format!("vector({})", closed(text)),
            false => closed(text),
        };
        Events {
            expr: format!("sum({vector})"),
            window: ranged.and_then(window),
            window_text: ranged.map(text_of).unwrap_or_default(),
        }
    }
}

/// The events of `text`, whose tree is `expr`: the denominator's of a ratio; else those in a histogram whose quantile is
/// asked; else those of which outcomes are counted. None where none of these is there.
pub fn events(text: &str, expr: &Expr, labels: &Labels) -> Option<Events> {
    let counters: Vec<_> = data_selectors(expr)
        .into_iter()
        .filter(|own| is_counter(own) && !only_takes_away(own))
        .collect();
    let counted = Counted { text, labels };
    let least_of = |count: &dyn Fn(&DataSelector<'_>) -> Option<String>| {
        let found = counters.iter().filter_map(|own| Some((own, count(own)?)));
        least(text, found.collect())
    };
    least_of(&|own| counted.in_denominator(own))
        .or_else(|| least_of(&|own| counted.in_histogram(own)))
        .or_else(|| least_of(&|own| counted.of_outcome(own)))
}

fn is_counter(own: &DataSelector<'_>) -> bool {
    own.window.is_some() && matches!(own.function, Some("rate" | "increase" | "irate"))
}

fn least(text: &str, found: Vec<(&DataSelector<'_>, String)>) -> Option<Events> {
    let (first, _) = found.first()?;
    let (window, window_text) = (window(first), window_text(text, first));
    let mut sums: Vec<String> = Vec::new();
    for (_, sum) in found {
        if !sums.contains(&sum) && sums.len() < MOST {
            sums.push(sum);
        }
    }
    let expr = match sums.as_slice() {
        [sum] => sum.clone(),
        sums => {
            let told_apart = (1..).zip(sums).map(|(number, sum)| {
                format!("label_replace({sum}, \"__event__\", \"{number}\", \"\", \"\")")
            });
            format!("min({})", told_apart.collect::<Vec<_>>().join(" or "))
        }
    };
    Some(Events {
        expr,
        window,
        window_text,
    })
}

/// As written, or all that it looks back over where a subquery stands around it.
fn window_text(text: &str, own: &DataSelector<'_>) -> String {
    match (own.window, own.subquery) {
        (Some(range), None) => range.span.of(text).to_owned(),
        _ => window(own).map(printed_window).unwrap_or_default(),
    }
}

fn printed_window(window: Duration) -> String {
    print::duration(i64::try_from(window.as_nanos()).unwrap_or(i64::MAX))
}

struct Counted<'a> {
    text: &'a str,
    labels: &'a Labels,
}

impl Counted<'_> {
    fn in_denominator(&self, own: &DataSelector<'_>) -> Option<String> {
        let is_below = path(own).any(|(node, child)| {
            matches!(&node.kind, ExprKind::Binary(binary)
                if binary.op == BinaryOp::Divide && std::ptr::eq(&raw const binary.right, child))
        });
        if !is_below {
            return None;
        }
        // What a sum was completed with counts, not the slice.
        match is_completed_slice(own) {
            true => self.sum(own, |matcher| !self.is_outcome(own, matcher)),
            false => self.sum(own, |_| true),
        }
    }

    fn in_histogram(&self, own: &DataSelector<'_>) -> Option<String> {
        histogram(own).and_then(|_| self.sum(own, |_| true))
    }

    fn of_outcome(&self, own: &DataSelector<'_>) -> Option<String> {
        let is_failure_counter = own.selector.metric().is_some_and(failure_named);
        if is_failure_counter || !has_outcome(own.selector, self.labels) {
            return None;
        }
        self.sum(own, |matcher| !self.is_outcome(own, matcher))
    }

    fn is_outcome(&self, own: &DataSelector<'_>, matcher: &Matcher) -> bool {
        is_outcome(matcher, own.selector.metric(), self.labels)
    }

    /// `sum(increase(x[5m]))`, of a histogram that of all its observations.
    fn sum(&self, own: &DataSelector<'_>, keep: impl Fn(&Matcher) -> bool) -> Option<String> {
        let ExprKind::Matrix(matrix) = &own.expr.kind else {
            return None;
        };
        let histogram = histogram(own);
        let is_buckets = histogram == Some(Histogram::Buckets);
        let keep = |matcher: &Matcher| keep(matcher) && !(is_buckets && matcher.label.text == "le");
        let mut selector = printed(self.text, own.selector, keep)?;
        if is_buckets {
            selector = with_matcher(&selector, "le=\"+Inf\"");
        }
        let range = match own.subquery {
            None => matrix.brackets.of(self.text).to_owned(),
            Some(_) if is_moved(own) => return None,
            Some(_) => format!("[{}]", printed_window(window(own)?)),
        };
        let modifiers = self.text.get(matrix.brackets.end..own.expr.span.end)?;
        let increase = format!("increase({selector}{range}{modifiers})");
        Some(match histogram {
            Some(Histogram::Native) => format!("sum(histogram_count({increase}))"),
            _ => format!("sum({increase})"),
        })
    }
}

/// A subquery around it looks at another time.
fn is_moved(own: &DataSelector<'_>) -> bool {
    own.around.iter().any(|node| {
        matches!(&node.kind, ExprKind::Subquery(subquery)
            if subquery.modifiers.offset.is_some() || subquery.modifiers.at.is_some())
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Histogram {
    /// A counter for each `le`.
    Buckets,
    /// A sample is a whole histogram.
    Native,
}

/// The kind of histogram whose quantile is asked; none where none is.
fn histogram(own: &DataSelector<'_>) -> Option<Histogram> {
    own.callers().find(|name| *name == "histogram_quantile")?;
    let is_named = own
        .selector
        .metric()
        .is_some_and(|name| name.ends_with("_bucket"));
    let keeps_le = || {
        own.around.iter().any(|node| {
            matches!(&node.kind, ExprKind::Aggregation(aggregation)
            if aggregation.grouping.as_ref().is_some_and(|by| {
                !by.is_without && by.labels.iter().any(|label| label.text == "le")
            }))
        })
    };
    Some(match is_named || keeps_le() {
        true => Histogram::Buckets,
        false => Histogram::Native,
    })
}

#[cfg(test)]
mod tests;
