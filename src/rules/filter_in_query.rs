//! A comparison in the query that removes the values of a healthy canary.

use crate::condition::{ResultType, ResultValue};
use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::answer::{fallback, has_selector, range};
use crate::promql::ast::{Binary, BinaryOp, Expr, ExprKind};
use crate::promql::class::{Class, class};
use crate::promql::literal::literal;
use crate::promql::names::failure_named;
use crate::promql::outcome::{Picks, selector_picks};
use crate::promql::select::data_selectors;
use crate::text::float::go_float;

rule! {
    /// ## What it does
    ///
    /// Finds a comparison without `bool` at the top of a query that keeps the values of a bad canary and removes those that
    /// the conditions would pass.
    ///
    /// ## Why it matters
    ///
    /// That is how alerts are written, where no answer means that all is well. To a gate no answer means no data: the healthy
    /// canary ends in Error or Failed, or gets the fallback.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: |
    ///   sum(rate(http_requests_total{namespace="shop", code=~"5.."}[5m]))
    ///   / sum(rate(http_requests_total{namespace="shop"}[5m])) > 0.05
    /// successCondition: result[0] < 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: |
    ///   (sum(rate(http_requests_total{namespace="shop", code=~"5.."}[5m])) or 0 * sum(rate(http_requests_total{namespace="shop"}[5m])))
    ///   / sum(rate(http_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] <= 0.05
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A comparison that keeps the good values, such as a floor of traffic or `latency > 0` against idle times, is a guard and
    /// not told; nor is one between two queries, whose numbers are not known.
    "filter-in-query", "a comparison that removes healthy values",
    Query, levels: [Deny],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let Some((top, has_fallback)) = top(&query.expr) else {
        return;
    };
    let Some(filter) = Filter::of(top) else {
        return;
    };
    let key = match has_fallback || gate.engine.fallback().is_some() {
        true => "fallback",
        false => "no data",
    };
    let absent = gate.table.as_ref().and_then(|table| table.reachable(key));
    let Some(absent) = absent.filter(|v| !matches!(v, Verdict::Successful | Verdict::Unknown))
    else {
        return;
    };
    if !filter.keeps_the_bad(gate) || passes_on_evidence(gate, query) {
        return;
    }
    let Some(removed) = filter.removed_and_passed(gate) else {
        return;
    };
    let text = quoted(gate, query, filter.binary.op_span.to(filter.number.span));
    let instead = match has_fallback {
        true => "the fallback answers",
        false => "nothing answers",
    };
    let message = format!(
        "`{text}` removes `{}`, which the conditions would pass; {instead} in its place, and that is {}",
        go_float(removed),
        absent.as_str()
    );
    let spot = gate.in_query(filter.binary.op_span.to(filter.number.span));
    out.deny(spot, message).help(format!(
        "drop `{text}` from the query, and write `result[0] {} {}` in the condition",
        opposite(filter.op).as_str(),
        go_float(filter.bound)
    ));
}

/// Under the plugin the table's cells say what becomes of a wait without data. With data behind it what stands in the place of
/// a removed value is judged by the conditions.
fn passes_on_evidence(gate: &Gate<'_>, query: &Query) -> bool {
    let constant = fallback(&query.expr).or(gate.engine.fallback());
    let elements: &[f64] = constant.as_slice();
    gate.engine.guards_no_data() && gate.conditions.judge_elements(elements) == Verdict::Successful
}

/// The comparison that the answer is, and whether a constant stands behind it.
fn top(expr: &Expr) -> Option<(&Binary, bool)> {
    match &expr.unwrapped().kind {
        ExprKind::Binary(binary) if binary.is_filter() => Some((binary, false)),
        ExprKind::Binary(or) if or.op == BinaryOp::Or && !has_selector(&or.right) => {
            match &or.left.unwrapped().kind {
                ExprKind::Binary(binary) if binary.is_filter() => Some((binary, true)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A comparison of data with a number.
struct Filter<'a> {
    binary: &'a Binary,
    data: &'a Expr,
    number: &'a Expr,
    /// With the data on its left.
    op: BinaryOp,
    bound: f64,
}

impl<'a> Filter<'a> {
    fn of(binary: &'a Binary) -> Option<Self> {
        let (data, number, op) = match (literal(&binary.left), literal(&binary.right)) {
            (None, Some(_)) => (&binary.left, &binary.right, binary.op),
            (Some(_), None) => (&binary.right, &binary.left, mirrored(binary.op)),
            _ => return None,
        };
        let bound = literal(number)?;
        (bound.is_finite() && has_selector(data)).then_some(Filter {
            binary,
            data,
            number,
            op,
            bound,
        })
    }

    fn keeps(&self, value: f64) -> bool {
        match self.op {
            BinaryOp::Greater => value > self.bound,
            BinaryOp::GreaterOrEqual => value >= self.bound,
            BinaryOp::Less => value < self.bound,
            BinaryOp::LessOrEqual => value <= self.bound,
            BinaryOp::NotEqual => value != self.bound,
            _ => value == self.bound,
        }
    }

    /// Whether what is kept is the bad side: a guard keeps the good one.
    fn keeps_the_bad(&self, gate: &Gate<'_>) -> bool {
        let keeps_high = matches!(self.op, BinaryOp::Greater | BinaryOp::GreaterOrEqual)
            || self.op == BinaryOp::NotEqual && self.bound == 0.0;
        let keeps_low = matches!(self.op, BinaryOp::Less | BinaryOp::LessOrEqual);
        match class(self.data, gate.labels()).class {
            Class::FailureShare | Class::FailureCount => keeps_high,
            Class::Latency => keeps_high && self.bound > 0.0,
            Class::SuccessShare | Class::Readiness | Class::Traffic => keeps_low,
            Class::Unknown => keeps_high && self.bound > 0.0 && is_failures_of(self.data, gate),
        }
    }

    /// A value that the query could answer without the comparison, and the conditions pass.
    fn removed_and_passed(&self, gate: &Gate<'_>) -> Option<f64> {
        let range = range(self.data);
        let own = gate.conditions.iter().flat_map(|c| &c.thresholds);
        let around = |t: f64| [t, t.next_down(), t.next_up(), t / 2.0];
        let mut values = vec![
            0.0,
            1.0,
            100.0,
            self.bound,
            self.bound / 2.0,
            self.bound * 2.0,
        ];
        values.extend(own.flat_map(|t| around(*t)));
        values.into_iter().find(|value| {
            let value = *value;
            let result = match gate.conditions.result_type {
                ResultType::Scalar => ResultValue::Scalar(value),
                _ => ResultValue::Vector(vec![value]),
            };
            range.low <= value
                && value <= range.high
                && !self.keeps(value)
                && gate.conditions.judge(&result) == Verdict::Successful
        })
    }
}

/// A quotient whose upper side counts failures, by matchers or by name.
fn is_failures_of(data: &Expr, gate: &Gate<'_>) -> bool {
    let ExprKind::Binary(share) = &data.unwrapped().kind else {
        return false;
    };
    let above = data_selectors(&share.left);
    share.op == BinaryOp::Divide
        && !above.is_empty()
        && above.iter().all(|data| {
            selector_picks(data.selector, gate.labels()) == Picks::Failures
                || data.selector.metric().is_some_and(failure_named)
        })
}

fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterOrEqual => BinaryOp::LessOrEqual,
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessOrEqual => BinaryOp::GreaterOrEqual,
        op => op,
    }
}

fn opposite(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Greater => BinaryOp::LessOrEqual,
        BinaryOp::GreaterOrEqual => BinaryOp::Less,
        BinaryOp::Less => BinaryOp::GreaterOrEqual,
        BinaryOp::LessOrEqual => BinaryOp::Greater,
        _ => BinaryOp::Equal,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    const SHARE: &str = "sum(rate(x{code=~\"5..\"}[5m])) / sum(rate(x[5m]))";

    #[test]
    fn comparisons_that_remove_the_healthy() {
        for (query, success, expected) in [
            ("err / tot > 0.05", "result[0] < 1", &["deny"][..]),
            ("SHARE > 0.05", "result[0] < 1", &["deny"]),
            ("0.05 < SHARE", "result[0] < 1", &["deny"]),
            ("(SHARE > 0.05) or vector(1)", "result[0] < 1", &["deny"]),
            ("(SHARE > 0.05) or vector(0)", "result[0] < 1", &[]),
            ("SHARE > bool 0.05", "result[0] < 1", &[]),
            ("SHARE > 0.05", "len(result) == 0", &[]),
            ("SHARE > 0.05", "result[0] > 0.1", &[]),
            (
                "sum(increase(app_errors_total[5m])) > 0",
                "result[0] < 5",
                &["deny"],
            ),
            ("SHARE < 0.05", "len(result) > 0", &[]),
            ("SHARE < 0.05", "result[0] >= 0", &[]),
            (
                "histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m]))) > 0",
                "result[0] < 500",
                &[],
            ),
            (
                "histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m]))) > 1",
                "result[0] < 5",
                &["deny"],
            ),
            (
                "sum(rate(http_requests_total[5m])) > 10",
                "result[0] < 1000",
                &[],
            ),
            ("sum(queue_length) > 10", "result[0] < 1000", &[]),
            ("sum(x) > {{args.limit}}", "result[0] < 1", &[]),
            ("sum(err) > sum(tot)", "result[0] < 1", &[]),
        ] {
            let query = query.replace("SHARE", SHARE);
            let gate = format!("query: |\n  {query}\nsuccessCondition: {success}");
            assert_eq!(
                found(super::RULE.name, &gate),
                expected,
                "{query} with {success}"
            );
        }
    }

    #[test]
    fn under_the_plugin_the_conditions_judge_what_stands_in_its_place() {
        for (query, success, expected) in [
            ("SHARE > 0.05", "result[0] < 1", &["deny"][..]),
            ("(SHARE > 0.05) or vector(0)", "result[0] < 0.05", &[]),
            ("(SHARE > 0.05) or vector(1)", "result[0] < 1", &["deny"]),
            ("SHARE > 0.05", "len(result) == 0 || result[0] < 0.5", &[]),
        ] {
            let query = query.replace("SHARE", SHARE);
            let gate =
                format!("provider: plugin\nquery: |\n  {query}\nsuccessCondition: {success}");
            assert_eq!(
                found(super::RULE.name, &gate),
                expected,
                "{query} with {success}"
            );
        }
    }

    #[test]
    fn the_words() {
        let gate = format!("query: |\n  {SHARE} > 0.05\nsuccessCondition: result[0] < 1");
        assert_eq!(
            said(super::RULE.name, &gate),
            [
                "deny at `> 0.05`: `> 0.05` removes `0`, which the conditions would pass; nothing answers in its place, and that \
              is Error; drop `> 0.05` from the query, and write `result[0] <= 0.05` in the condition"
            ]
        );
    }
}
