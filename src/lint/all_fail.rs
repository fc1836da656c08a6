//! A gate into whether it fails where every request does: what a fix must keep that gives the gate an answer in health.

use crate::lint::gate::Gate;
use crate::lint::outcome::outcome;
use crate::promql::Query;
use crate::promql::ast::{AggregateOp, Binary, BinaryOp, Call, Expr, ExprKind, Selector};
use crate::promql::literal::{arithmetic, compare, literal};
use crate::promql::outcome::{Labels, Picks, selector_picks};

/// How much of everything there is: shares do not hang on it, and what is counted is to be more than any bound.
const VOLUMES: [f64; 2] = [1e6, 1e9];

/// Whether the metric ends Failed where all that is counted is a failure. The safe answer is false: where the query does
/// more to its sums than is followed here, and where a condition hangs on an argument.
pub fn fails_when_all_fail(gate: &Gate<'_>, query: &Query) -> bool {
    let labels = gate.labels();
    VOLUMES.iter().all(|&volume| {
        let world = World { volume, labels };
        matches!(world.answer(&query.expr), Answer::Value(value)
            if outcome(&gate.limits.metric, gate.conditions.judge_elements(&[value])) == (true, false))
    })
}

/// What an expression comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Value(f64),
    Empty,
    /// It is not followed.
    Open,
}

impl Answer {
    fn map(self, change: impl FnOnce(f64) -> f64) -> Self {
        match self {
            Answer::Value(value) => Answer::Value(change(value)),
            other => other,
        }
    }

    fn known(value: Option<f64>) -> Self {
        value.map_or(Answer::Open, Answer::Value)
    }
}

/// A time at which every request fails.
struct World<'a> {
    volume: f64,
    labels: &'a Labels,
}

impl World<'_> {
    fn answer(&self, expr: &Expr) -> Answer {
        match &expr.kind {
            ExprKind::Number(number) => Answer::Value(number.value),
            ExprKind::Selector(selector) => Answer::Value(self.selected(selector)),
            ExprKind::Matrix(matrix) => Answer::Value(self.selected(&matrix.selector)),
            ExprKind::Paren(inner) => self.answer(inner),
            ExprKind::Subquery(subquery) => self.answer(&subquery.expr),
            ExprKind::Unary(unary) if unary.is_minus => self.answer(&unary.expr).map(|v| -v),
            ExprKind::Unary(unary) => self.answer(&unary.expr),
            ExprKind::Call(call) => self.call(call),
            ExprKind::Aggregation(aggregation) => match aggregation.op {
                AggregateOp::Sum | AggregateOp::Avg | AggregateOp::Max | AggregateOp::Min => {
                    self.answer(&aggregation.expr)
                }
                AggregateOp::Count
                    if matches!(
                        aggregation.expr.unwrapped().kind,
                        ExprKind::Selector(_) | ExprKind::Call(_)
                    ) =>
                {
                    self.answer(&aggregation.expr)
                }
                _ => Answer::Open,
            },
            ExprKind::Binary(binary) => self.binary(binary),
            ExprKind::String(_) | ExprKind::Hole(_) => Answer::Open,
        }
    }

    fn selected(&self, selector: &Selector) -> f64 {
        match selector_picks(selector, self.labels) {
            Picks::Successes => 0.0,
            _ if selector.metric() == Some("up") => 1.0,
            Picks::Failures | Picks::Neither => self.volume,
        }
    }

    /// Functions that hide no failure: not `floor` or `round`, nor the least of a time.
    fn call(&self, call: &Call) -> Answer {
        let of = |index: usize| {
            call.args
                .get(index)
                .map_or(Answer::Open, |a| self.answer(a))
        };
        let limit = |index: usize| call.args.get(index).and_then(literal);
        match call.function.name {
            "rate" | "increase" | "irate" | "scalar" | "vector" | "sort" | "sort_desc"
            | "label_replace" | "label_join" | "avg_over_time" | "max_over_time"
            | "last_over_time" | "sum_over_time" => of(0),
            "abs" => of(0).map(f64::abs),
            "clamp_min" => clamped(of(0), limit(1), Some(f64::INFINITY)),
            "clamp_max" => clamped(of(0), Some(f64::NEG_INFINITY), limit(1)),
            "clamp" => clamped(of(0), limit(1), limit(2)),
            _ => Answer::Open,
        }
    }

    fn binary(&self, binary: &Binary) -> Answer {
        let (left, right) = (self.answer(&binary.left), self.answer(&binary.right));
        let (l, r) = match (binary.op, left, right) {
            (BinaryOp::Modulo, ..) | (_, Answer::Open, _) | (_, _, Answer::Open) => {
                return Answer::Open;
            }
            (BinaryOp::Or, Answer::Empty, _) => return right,
            (BinaryOp::Or, ..) => return left,
            (BinaryOp::And, _, Answer::Empty) => return Answer::Empty,
            (BinaryOp::And, ..) => return left,
            (BinaryOp::Unless, _, Answer::Empty) => return left,
            (BinaryOp::Unless, ..) => return Answer::Empty,
            (_, Answer::Value(l), Answer::Value(r)) => (l, r),
            _ => return Answer::Empty,
        };
        match compare(binary.op, l, r) {
            Some(holds) if binary.bool_span.is_some() => Answer::Value(f64::from(u8::from(holds))),
            Some(false) => Answer::Empty,
            Some(true) if literal(&binary.left).is_some() => right,
            Some(true) => left,
            None => Answer::known(arithmetic(binary.op, l, r)),
        }
    }
}

fn clamped(of: Answer, low: Option<f64>, high: Option<f64>) -> Answer {
    match (low, high) {
        (Some(low), Some(high)) if low <= high => of.map(|value| value.min(high).max(low)),
        _ => Answer::Open,
    }
}
