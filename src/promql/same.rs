//! Two trees into whether they mean the same text: spans, parentheses and the order of matchers aside.
//!
//! Holes are the same only where they are the same hole; inside a text or name they cannot be told apart.

use std::collections::HashSet;

use crate::promql::ast::{
    Aggregation, Binary, Call, Expr, ExprKind, Grouping, MatchOp, Matcher, Matching, Modifiers,
    Name, Period, PeriodKind, Selector, Subquery,
};

/// Whether both are the same expression.
pub fn same(left: &Expr, right: &Expr) -> bool {
    match (&left.unwrapped().kind, &right.unwrapped().kind) {
        (ExprKind::Number(left), ExprKind::Number(right)) => {
            left.value.to_bits() == right.value.to_bits()
        }
        (ExprKind::String(left), ExprKind::String(right)) => left.value == right.value,
        (ExprKind::Hole(left), ExprKind::Hole(right)) => left == right,
        (ExprKind::Selector(left), ExprKind::Selector(right)) => same_selector(left, right),
        (ExprKind::Matrix(left), ExprKind::Matrix(right)) => {
            same_selector(&left.selector, &right.selector) && same_period(&left.range, &right.range)
        }
        (ExprKind::Subquery(left), ExprKind::Subquery(right)) => same_subquery(left, right),
        (ExprKind::Call(left), ExprKind::Call(right)) => same_call(left, right),
        (ExprKind::Aggregation(left), ExprKind::Aggregation(right)) => {
            same_aggregation(left, right)
        }
        (ExprKind::Binary(left), ExprKind::Binary(right)) => same_binary(left, right),
        (ExprKind::Unary(left), ExprKind::Unary(right)) => {
            left.is_minus == right.is_minus && same(&left.expr, &right.expr)
        }
        _ => false,
    }
}

/// Whether both select the same series at the same times.
pub fn same_selector(left: &Selector, right: &Selector) -> bool {
    same_metric(left, right)
        && has_matchers_of(left, right)
        && has_matchers_of(right, left)
        && same_modifiers(&left.modifiers, &right.modifiers)
}

/// Whether both name the same metric, or neither names one.
pub fn same_metric(left: &Selector, right: &Selector) -> bool {
    match (&left.name, &right.name) {
        (Some(left), Some(right)) => left.text == right.text,
        _ => left.metric() == right.metric(),
    }
}

/// Whether `selector` has every matcher of `other`, and so selects some of its series.
pub fn has_matchers_of(selector: &Selector, other: &Selector) -> bool {
    let own: HashSet<_> = selector.matchers.iter().map(condition).collect();
    other
        .matchers
        .iter()
        .filter(|matcher| !names_metric(other, matcher))
        .all(|wanted| own.contains(&condition(wanted)))
}

/// What a matcher asks for.
fn condition(matcher: &Matcher) -> (&str, MatchOp, &[u8]) {
    (&matcher.label.text, matcher.op, &matcher.value.value)
}

/// A matcher that only says what [`Selector::metric`] gives.
fn names_metric(selector: &Selector, matcher: &Matcher) -> bool {
    matcher.label.text == "__name__"
        && matcher.op == MatchOp::Equal
        && selector.metric().map(str::as_bytes) == Some(matcher.value.value.as_slice())
}

/// Whether both are the same condition on the same label.
pub fn same_matcher(left: &Matcher, right: &Matcher) -> bool {
    condition(left) == condition(right)
}

/// Whether both are the same stretch of time.
pub fn same_period(left: &Period, right: &Period) -> bool {
    match (&left.kind, &right.kind) {
        (PeriodKind::Hole(left), PeriodKind::Hole(right)) => left == right,
        _ => left.milliseconds().is_some() && left.milliseconds() == right.milliseconds(),
    }
}

/// Whether both look at the same time.
pub fn same_modifiers(left: &Modifiers, right: &Modifiers) -> bool {
    let offset = match (&left.offset, &right.offset) {
        (Some(left), Some(right)) => same_period(&left.by, &right.by),
        (None, None) => true,
        _ => false,
    };
    offset
        && left.at.as_ref().map(|at| at.time) == right.at.as_ref().map(|at| at.time)
        && left.extension.map(|(e, _)| e) == right.extension.map(|(e, _)| e)
}

fn same_subquery(left: &Subquery, right: &Subquery) -> bool {
    let step = match (&left.step, &right.step) {
        (Some(left), Some(right)) => same_period(left, right),
        (None, None) => true,
        _ => false,
    };
    step && same_period(&left.range, &right.range)
        && same_modifiers(&left.modifiers, &right.modifiers)
        && same(&left.expr, &right.expr)
}

fn same_call(left: &Call, right: &Call) -> bool {
    left.function.name == right.function.name
        && left.args.len() == right.args.len()
        && left.args.iter().zip(&right.args).all(|(l, r)| same(l, r))
}

fn same_aggregation(left: &Aggregation, right: &Aggregation) -> bool {
    let param = match (&left.param, &right.param) {
        (Some(left), Some(right)) => same(left, right),
        (None, None) => true,
        _ => false,
    };
    param
        && left.op == right.op
        && same_grouping(left.grouping.as_ref(), right.grouping.as_ref())
        && same(&left.expr, &right.expr)
}

/// Whether both make the same groups.
pub fn same_grouping(left: Option<&Grouping>, right: Option<&Grouping>) -> bool {
    let is_without = |grouping: Option<&Grouping>| grouping.is_some_and(|g| g.is_without);
    let covers = |some: Option<&Grouping>, other: Option<&Grouping>| {
        labels(other).all(|wanted| labels(some).any(|label| label == wanted))
    };
    is_without(left) == is_without(right) && covers(left, right) && covers(right, left)
}

fn labels(grouping: Option<&Grouping>) -> impl Iterator<Item = &str> {
    grouping
        .into_iter()
        .flat_map(|g| &g.labels)
        .map(|l| l.text.as_str())
}

fn same_binary(left: &Binary, right: &Binary) -> bool {
    left.op == right.op
        && left.bool_span.is_some() == right.bool_span.is_some()
        && same_matching(left.matching.as_ref(), right.matching.as_ref())
        && same(&left.left, &right.left)
        && same(&left.right, &right.right)
}

fn same_matching(left: Option<&Matching>, right: Option<&Matching>) -> bool {
    let (Some(left), Some(right)) = (left, right) else {
        return left.is_none() && right.is_none();
    };
    let texts = |names: &[Name]| names.iter().map(|n| n.text.clone()).collect::<Vec<_>>();
    let labels = |matching: &Matching| {
        matching
            .labels
            .as_ref()
            .map(|l| (l.is_on, texts(&l.labels)))
    };
    let group = |matching: &Matching| {
        matching
            .group
            .as_ref()
            .map(|g| (g.is_left, texts(&g.include)))
    };
    labels(left) == labels(right) && group(left) == group(right) && left.fill == right.fill
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::{Options, parse};

    #[test]
    fn what_is_the_same() {
        let cases = [
            ("sum(x)", "sum ( (x) )", true),
            ("sum(x) by (a, b)", "sum by (b,a) (x)", true),
            ("sum(x)", "sum by () (x)", true),
            ("sum without () (x)", "sum(x)", false),
            ("x{a=\"1\",b=\"2\"}", "x{b='2',a='1'}", true),
            ("x{a=\"1\"}", "x{a=~\"1\"}", false),
            ("x", "{__name__=\"x\"}", true),
            ("x", "y", false),
            ("rate(x[5m])", "rate(x[300s])", true),
            ("rate(x[5m])", "rate(x[5m] offset 1h)", false),
            ("x offset 60m", "x offset 1h", true),
            ("x @ 5", "x @ 6", false),
            ("x + on(a) y", "x + on(a) y", true),
            ("x + on(a) y", "x + ignoring(a) y", false),
            ("x > y", "x > bool y", false),
            ("topk(1, x)", "topk(2, x)", false),
            ("1e3", "1000", true),
            ("x[5m:1m]", "x[5m:]", false),
            ("-x", "+x", false),
        ];
        for (left, right, wanted) in cases {
            let tree = |query| {
                parse(query, Options::default())
                    .expect("the query parses")
                    .expr
            };
            assert_eq!(
                same(&tree(left), &tree(right)),
                wanted,
                "`{left}`, `{right}`"
            );
        }
    }
}
