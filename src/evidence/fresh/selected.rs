//! A text into the selectors of its witness: where each stands, how far it looks back, whether it may be missing.

use std::time::Duration;

use crate::evidence::selector::{only_takes_away, read, stands_under_fallback, without_failures};
use crate::promql::ast::{Expr, ExprKind};
use crate::promql::names::{failure_named, is_alert};
use crate::promql::outcome::Labels;
use crate::promql::same::{has_matchers_of, same_metric};
use crate::promql::select::{DataSelector, data_selectors};
use crate::text::span::Span;

/// Most selectors that are asked for freshness, and most others that are told.
const MOST: usize = 8;

/// A selector of the witness: one of the text's own that does not stand on the right of `unless`, without the matchers
/// that pick failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// Name and matchers in one line, `x{a="b"}`, without range and modifiers.
    pub selector: String,
    /// Where it stands in the text, in text order: name and braces of all that are equal.
    pub spans: Vec<Span>,
    /// The metric, where `=` pins it.
    pub metric: Option<String>,
    /// Its range and those of the subqueries around it added up; of equal ones the longest. None: an instant selector.
    pub window: Option<Duration>,
    /// An `offset` or `@`, of its own or of a subquery around it, moves it: it is not asked.
    pub has_time: bool,
    /// A matcher that picks failures was taken from it.
    pub picked_failures: bool,
    /// A constant fallback or an `absent` of the text, or the setting `fallback`, answers where it is missing.
    pub stands_under_fallback: bool,
    /// Those of its places where it may have no series in health, and the author wrote what that means: it is
    /// failure-named, an alert, or picked failures, and stands under a fallback.
    pub may_be_missing: Vec<Span>,
}

/// The selectors of the witness of `text`, whose tree is `expr`, in text order, equal ones once: at most 8 without and 8
/// with a time of their own.
pub fn selected(text: &str, expr: &Expr, labels: &Labels) -> Vec<Selected> {
    let mut found: Vec<Selected> = Vec::new();
    // What was read of each, to compare it with.
    let mut trees = Vec::new();
    for own in data_selectors(expr) {
        if only_takes_away(&own) {
            continue;
        }
        let Some(new) = one(text, &own, labels) else {
            continue;
        };
        let Some(tree) = read(&new.selector) else {
            continue;
        };
        let is_same = |(at, tree_of): (usize, &Expr)| {
            found[at].has_time == new.has_time && same_series(tree_of, &tree.expr)
        };
        match trees.iter().enumerate().position(is_same) {
            Some(at) => found[at].join(new),
            None if found.iter().filter(|s| s.has_time == new.has_time).count() < MOST => {
                found.push(new);
                trees.push(tree.expr);
            }
            None => {}
        }
    }
    found
}

fn one(text: &str, own: &DataSelector<'_>, labels: &Labels) -> Option<Selected> {
    let (selector, picked_failures) = without_failures(text, own.selector, labels)?;
    let metric = own.selector.metric();
    let stands_under_fallback = stands_under_fallback(own);
    let tells_of_failures = picked_failures && metric.is_some()
        || metric.is_some_and(|metric| failure_named(metric) || is_alert(metric));
    Some(Selected {
        selector,
        spans: vec![own.span],
        metric: metric.map(str::to_owned),
        window: window(own),
        has_time: own.has_offset || own.has_at,
        picked_failures,
        stands_under_fallback,
        may_be_missing: (stands_under_fallback && tells_of_failures)
            .then_some(own.span)
            .into_iter()
            .collect(),
    })
}

/// All that it looks back over; none for an instant selector under no subquery, and where no range is known.
pub(in crate::evidence) fn window(selector: &DataSelector<'_>) -> Option<Duration> {
    let subqueries = selector.around.iter().filter_map(|node| match &node.kind {
        ExprKind::Subquery(subquery) => Some(&subquery.range),
        _ => None,
    });
    let known = subqueries.chain(selector.window).filter_map(|period| {
        let milliseconds = u64::try_from(period.milliseconds()?).ok()?;
        Some(Duration::from_millis(milliseconds))
    });
    known.reduce(Duration::saturating_add)
}

fn same_series(left: &Expr, right: &Expr) -> bool {
    let (Some(left), Some(right)) = (left.selector(), right.selector()) else {
        return false;
    };
    same_metric(left, right) && has_matchers_of(left, right) && has_matchers_of(right, left)
}

impl Selected {
    fn join(&mut self, other: Selected) {
        self.spans.extend(other.spans);
        self.window = self.window.max(other.window);
        self.picked_failures |= other.picked_failures;
        self.stands_under_fallback |= other.stands_under_fallback;
        self.may_be_missing.extend(other.may_be_missing);
    }
}
