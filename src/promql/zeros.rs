//! A query into the sums that can be completed: `sum(…5xx…)` into `(sum(…5xx…) or 0 * sum(…))`.
//!
//! A counter split by status has no series of failures until the first; "or zero, where the unsliced metric is there"
//! makes health an answer, and leaves no data no answer.

use crate::promql::answer::{has_hole, has_selector};
use crate::promql::ast::{
    AggregateOp, Aggregation, BinaryOp, Expr, ExprKind, MatchOp, Matcher, Selector,
};
use crate::promql::literal::literal;
use crate::promql::outcome::{Labels, is_outcome};
use crate::text::span::Span;

/// A sum or count that can be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The aggregation's bytes.
    pub span: Span,
    /// The same aggregation without outcome matchers: `sum(rate(x[5m]))`.
    pub unsliced: String,
}

impl Completion {
    /// The node's text completed, its own text being given.
    pub fn completed(&self, own: &str) -> String {
        format!("({own} or 0 * {})", self.unsliced)
    }
}

/// The sums and counts of `text`, whose tree is `expr`, that can be completed without changing an answer that is there,
/// in text order.
///
/// A sum is completed where its argument is one selector, bare or under `rate`, `increase`, `irate`, with an outcome
/// matcher; where it gives one series; and where a zero that was not there changes nothing that was, all the way up.
/// What is not proved to be so is left out.
pub fn completed(text: &str, expr: &Expr, labels: &Labels) -> Vec<Completion> {
    let mut found = Vec::new();
    search(text, expr, labels, &mut found);
    found.sort_by_key(|completion| completion.span.start);
    found
}

/// Whether an expression, on the right of an `or`, can only stand in for what is missing: it is constant, or 0 times
/// something.
pub fn is_zero_fallback(expr: &Expr) -> bool {
    let expr = expr.unwrapped();
    let is_constant = !has_selector(expr) && !has_hole(expr);
    is_constant
        || matches!(&expr.kind, ExprKind::Binary(binary)
            if binary.op == BinaryOp::Multiply
                && (literal(&binary.left) == Some(0.0) || literal(&binary.right) == Some(0.0)))
}

fn search(text: &str, expr: &Expr, labels: &Labels, found: &mut Vec<Completion>) {
    if let ExprKind::Aggregation(aggregation) = &expr.kind
        && let Some(completion) = candidate(text, expr, aggregation, labels)
    {
        found.push(completion);
        return;
    }
    for child in passes(expr) {
        search(text, child, labels, found);
    }
}

/// Functions through which a zero may rise.
const FUNCTIONS: [&str; 24] = [
    "abs",
    "avg_over_time",
    "ceil",
    "clamp",
    "clamp_max",
    "clamp_min",
    "exp",
    "floor",
    "label_join",
    "label_replace",
    "last_over_time",
    "ln",
    "log10",
    "log2",
    "max_over_time",
    "min_over_time",
    "round",
    "scalar",
    "sgn",
    "sort",
    "sort_desc",
    "sqrt",
    "sum_over_time",
    "vector",
];

/// The operands of a node in which a zero that was not there changes nothing that was.
fn passes(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Paren(inner) => vec![inner],
        ExprKind::Unary(unary) => vec![&unary.expr],
        ExprKind::Subquery(subquery) => vec![&subquery.expr],
        ExprKind::Call(call) if FUNCTIONS.contains(&call.function.name) => {
            call.args.iter().collect()
        }
        ExprKind::Aggregation(aggregation) => match aggregation.op {
            AggregateOp::Sum | AggregateOp::Avg | AggregateOp::Min | AggregateOp::Max => {
                vec![&aggregation.expr]
            }
            _ => Vec::new(),
        },
        ExprKind::Binary(binary) => match binary.op {
            BinaryOp::And | BinaryOp::Unless => vec![&binary.left],
            // Another source on the right would be hidden by the zero.
            BinaryOp::Or if has_selector(&binary.right) || has_hole(&binary.right) => Vec::new(),
            BinaryOp::Or => vec![&binary.left],
            BinaryOp::TrimUpper | BinaryOp::TrimLower => Vec::new(),
            _ => vec![&binary.left, &binary.right],
        },
        _ => Vec::new(),
    }
}

/// `sum` or `count` of one selector, bare or under `rate`, `increase`, `irate`, with an outcome matcher, which gives one
/// series.
fn candidate(
    text: &str,
    expr: &Expr,
    aggregation: &Aggregation,
    labels: &Labels,
) -> Option<Completion> {
    if !matches!(aggregation.op, AggregateOp::Sum | AggregateOp::Count) {
        return None;
    }
    let selector = sliced(&aggregation.expr)?;
    let metric = selector.metric();
    let (sliced_by, kept): (Vec<&Matcher>, Vec<&Matcher>) = selector
        .matchers
        .iter()
        .partition(|matcher| is_outcome(matcher, metric, labels));
    if sliced_by.is_empty() || !is_one_group(aggregation, &sliced_by, &kept, labels) {
        return None;
    }
    let braces = selector.braces?;
    let unsliced = without_matchers(text, selector, &kept)?;
    let own = text.get(expr.span.start..expr.span.end)?;
    let mut unsliced_text = own.to_owned();
    let (start, end) = (
        braces.start.checked_sub(expr.span.start)?,
        braces.end.checked_sub(expr.span.start)?,
    );
    unsliced_text.get(start..end)?;
    unsliced_text.replace_range(start..end, &unsliced);
    Some(Completion {
        span: expr.span,
        unsliced: unsliced_text,
    })
}

fn sliced(expr: &Expr) -> Option<&Selector> {
    let expr = expr.unwrapped();
    match &expr.kind {
        ExprKind::Selector(selector) => Some(selector),
        ExprKind::Call(call) if matches!(call.function.name, "rate" | "increase" | "irate") => {
            match &call.args.first()?.unwrapped().kind {
                ExprKind::Matrix(matrix) => Some(&matrix.selector),
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_one_group(
    aggregation: &Aggregation,
    sliced_by: &[&Matcher],
    kept: &[&Matcher],
    labels: &Labels,
) -> bool {
    let Some(grouping) = &aggregation.grouping else {
        return true;
    };
    !grouping.is_without
        && grouping.labels.iter().all(|label| {
            let is_outcome_label = labels.outcome.contains(&label.text)
                || sliced_by.iter().any(|m| m.label.text == label.text);
            let is_pinned = kept
                .iter()
                .any(|m| m.label.text == label.text && m.op == MatchOp::Equal);
            label.is_known && !is_outcome_label && is_pinned
        })
}

/// The braces with only these matchers; none where nothing would be left that Prometheus takes for a selector.
fn without_matchers(text: &str, selector: &Selector, kept: &[&Matcher]) -> Option<String> {
    let selects = selector.name.is_some()
        || kept
            .iter()
            .any(|m| m.op == MatchOp::Equal && !m.value.value.is_empty());
    if !selects {
        return None;
    }
    let matchers = kept
        .iter()
        .map(|m| text.get(m.span.start..m.span.end))
        .collect::<Option<Vec<_>>>()?;
    Some(if matchers.is_empty() {
        String::new()
    } else {
        format!("{{{}}}", matchers.join(","))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::{Options, parse};

    fn sent(query: &str) -> String {
        let expr = parse(query, Options::default())
            .expect("the query parses")
            .expr;
        let mut text = query.to_owned();
        for completion in completed(query, &expr, &Labels::default()).iter().rev() {
            let range = completion.span.start..completion.span.end;
            let new = completion.completed(&query[range.clone()]);
            text.replace_range(range, &new);
        }
        assert!(parse(&text, Options::default()).is_ok(), "`{text}`");
        text
    }

    #[test]
    fn sums_of_slices_are_completed() {
        let cases = [
            (
                r#"sum(rate(x{code=~"5.."}[5m])) / sum(rate(x[5m]))"#,
                r#"(sum(rate(x{code=~"5.."}[5m])) or 0 * sum(rate(x[5m]))) / sum(rate(x[5m]))"#,
            ),
            (
                r#"sum(increase(x{code=~"5.."}[5m])) or vector(0)"#,
                r#"(sum(increase(x{code=~"5.."}[5m])) or 0 * sum(increase(x[5m]))) or vector(0)"#,
            ),
            (
                r#"sum by (service)(rate(x{service="a",code!="200"}[5m]))"#,
                r#"(sum by (service)(rate(x{service="a",code!="200"}[5m])) or 0 * sum by (service)(rate(x{service="a"}[5m])))"#,
            ),
            (
                r#"max_over_time((sum(rate(x{code="500"}[1m])) / sum(rate(x[1m])))[10m:1m])"#,
                r#"max_over_time(((sum(rate(x{code="500"}[1m])) or 0 * sum(rate(x[1m]))) / sum(rate(x[1m])))[10m:1m])"#,
            ),
            (
                r#"sum(rate(x{code="500"}[5m] offset 1h))"#,
                r#"(sum(rate(x{code="500"}[5m] offset 1h)) or 0 * sum(rate(x[5m] offset 1h)))"#,
            ),
            (
                r#"sum(x{ code="500" , reason="y", a="b", } # why
)"#,
                r#"(sum(x{ code="500" , reason="y", a="b", } # why
) or 0 * sum(x{a="b"} # why
))"#,
            ),
            (
                r#"count((x{code="500"}))"#,
                r#"(count((x{code="500"})) or 0 * count((x)))"#,
            ),
            (
                r#"sum({"a.b",code="500"})"#,
                r#"(sum({"a.b",code="500"}) or 0 * sum({"a.b"}))"#,
            ),
            (
                r#"scalar(sum(x{code="500"})) > bool 1"#,
                r#"scalar((sum(x{code="500"}) or 0 * sum(x))) > bool 1"#,
            ),
            (
                r#"sum(x{code="500"}) by () unless y"#,
                r#"(sum(x{code="500"}) by () or 0 * sum(x) by ()) unless y"#,
            ),
        ];
        for (query, wanted) in cases {
            assert_eq!(sent(query), wanted);
        }
    }

    #[test]
    fn others_stay_as_written() {
        let cases = [
            r#"sum by (pod)(rate(x{code="500"}[5m]))"#,
            r#"sum by (code)(rate(x{code="500"}[5m]))"#,
            r#"sum without (instance)(rate(x{code="500"}[5m]))"#,
            r#"sum(rate(x{code="500"}[5m])) or 0 * sum(rate(x[5m]))"#,
            r#"sum(rate(x{code="500"}[5m])) or sum(rate(y{code="500"}[5m]))"#,
            r#"avg(x{code="200"})"#,
            r#"max(x{code="200"})"#,
            r#"count(rate(x{code="500"}[5m]) > 0)"#,
            r#"sum(rate(x{code="500"}[5m]) or vector(0))"#,
            r#"histogram_quantile(0.9, sum by (le)(rate(h_bucket{code="200"}[5m])))"#,
            r#"sum(rate(app_errors_total[5m]))"#,
            r#"count(sum(x{code="500"}))"#,
            r#"absent(sum(x{code="500"}))"#,
            r#"y and sum(x{code="500"})"#,
            r#"y unless sum(x{code="500"})"#,
            r#"vector(0) or sum(x{code="500"})"#,
            r#"sum({code="500"})"#,
            r#"sum(x{code=~".*"})"#,
            r#"sum(delta(x{code="500"}[5m]))"#,
        ];
        for query in cases {
            assert_eq!(sent(query), query);
        }
    }
}
