//! The evaluation of a tree without data: numbers and a few series, each of which may be unknown.

use std::collections::BTreeMap;

use crate::promql::answer::Certainty;
use crate::promql::answer::arithmetic::{clamp, function, round};
use crate::promql::answer::numbers::{Numbers, numbers};
use crate::promql::answer::range::Range;
use crate::promql::answer::series::data_argument;
use crate::promql::ast::{
    AggregateOp, Aggregation, Binary, BinaryOp, Call, Expr, ExprKind, MatchOp, Matching, Selector,
    Subquery, ValueType,
};
use crate::promql::literal::{arithmetic, compare, literal};

/// What a node answers.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// A number, where it is known.
    Scalar(Option<f64>),
    /// Series: how many there are is known.
    Vector(Vec<Sample>),
    /// A text.
    Text,
    /// Not even whether there are series.
    Unknown,
}

/// A series' sample.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// None where they are not known.
    labels: Option<Labels>,
    /// None where it is not known.
    pub(super) value: Option<f64>,
    /// Of a value that is not known, where they are proved.
    pub(super) bounds: Option<Range>,
}

type Labels = BTreeMap<String, Vec<u8>>;

/// Series that are followed; a query with more constants is not understood.
const SERIES: usize = 64;

fn bare(value: Option<f64>) -> Answer {
    Answer::Vector(vec![Sample {
        labels: Some(Labels::new()),
        value,
        bounds: None,
    }])
}

/// One evaluation.
#[derive(Debug, Default)]
pub(super) struct Evaluation {
    /// `scalar()` met something that is not one series.
    pub(super) scalar_of_nothing: bool,
}

impl Evaluation {
    pub(super) fn evaluate(&mut self, expr: &Expr) -> Answer {
        let answer = self.evaluate_node(expr);
        // What an `or` lets through keeps its own bounds.
        let is_through = match &expr.kind {
            ExprKind::Paren(_) => true,
            ExprKind::Binary(binary) => binary.op == BinaryOp::Or,
            _ => false,
        };
        match is_through {
            true => answer,
            false => bounded(expr, answer),
        }
    }

    fn evaluate_node(&mut self, expr: &Expr) -> Answer {
        match &expr.kind {
            ExprKind::Number(number) => Answer::Scalar(Some(number.value)),
            ExprKind::String(_) => Answer::Text,
            ExprKind::Selector(_) | ExprKind::Matrix(_) => Answer::Vector(Vec::new()),
            ExprKind::Hole(_) => Answer::Unknown,
            ExprKind::Paren(inner) => self.evaluate(inner),
            ExprKind::Unary(unary) => {
                let is_minus = unary.is_minus;
                mapped(
                    self.evaluate(&unary.expr),
                    |v| if is_minus { -v } else { v },
                )
            }
            ExprKind::Subquery(subquery) => self.subquery(subquery),
            ExprKind::Call(call) => self.call(call),
            ExprKind::Aggregation(aggregation) => self.aggregation(aggregation),
            ExprKind::Binary(binary) => self.binary(binary),
        }
    }

    fn subquery(&mut self, subquery: &Subquery) -> Answer {
        match self.evaluate(&subquery.expr) {
            Answer::Vector(samples) if samples.is_empty() => Answer::Vector(samples),
            Answer::Vector(samples) => {
                let step = subquery
                    .step
                    .as_ref()
                    .map_or(Some(60_000), |s| s.milliseconds());
                // Two points for those functions that need two.
                match (subquery.range.milliseconds(), step) {
                    (Some(range), Some(step)) if step > 0 && range / step >= 2 => {
                        Answer::Vector(samples)
                    }
                    _ => Answer::Unknown,
                }
            }
            _ => Answer::Unknown,
        }
    }

    fn call(&mut self, call: &Call) -> Answer {
        let name = call.function.name;
        let Some(data) = data_argument(call).filter(|_| !call.args.is_empty()) else {
            return match (name, call.args.first()) {
                ("vector", Some(arg)) => match self.evaluate(arg) {
                    Answer::Scalar(value) => bare(value),
                    _ => bare(None),
                },
                ("pi", _) => Answer::Scalar(Some(std::f64::consts::PI)),
                _ if call.function.returns == ValueType::Scalar => Answer::Scalar(None),
                // `hour()`
                _ => bare(None),
            };
        };
        let answer = self.evaluate(data);
        match name {
            "scalar" => self.scalar(answer),
            "absent" | "absent_over_time" => absent(data, &answer),
            "clamp" | "clamp_min" | "clamp_max" => self.clamp(call, answer),
            "label_replace" | "label_join" => relabelled(answer),
            _ => changed(call, answer),
        }
    }

    fn scalar(&mut self, answer: Answer) -> Answer {
        match answer {
            Answer::Vector(samples) => match samples.as_slice() {
                [sample] => Answer::Scalar(sample.value),
                _ => {
                    self.scalar_of_nothing = true;
                    Answer::Scalar(Some(f64::NAN))
                }
            },
            _ => Answer::Scalar(None),
        }
    }

    fn clamp(&mut self, call: &Call, answer: Answer) -> Answer {
        let mut limit = |index: usize| match call.args.get(index).map(|arg| self.evaluate(arg)) {
            Some(Answer::Scalar(value)) => value,
            _ => None,
        };
        let (low, high) = match call.function.name {
            "clamp_min" => (limit(1), Some(f64::INFINITY)),
            "clamp_max" => (Some(f64::NEG_INFINITY), limit(1)),
            _ => (limit(1), limit(2)),
        };
        match (&answer, low, high) {
            (Answer::Vector(samples), _, _) if samples.is_empty() => answer,
            (_, Some(low), Some(high)) if low > high => Answer::Vector(Vec::new()),
            (_, Some(low), Some(high)) => mapped(answer, |v| clamp(v, low, high)),
            _ if call.function.name == "clamp" => Answer::Unknown,
            _ => forgotten(answer),
        }
    }

    fn aggregation(&mut self, aggregation: &Aggregation) -> Answer {
        match self.evaluate(&aggregation.expr) {
            Answer::Vector(samples) if samples.is_empty() => Answer::Vector(samples),
            Answer::Vector(samples) => aggregated(aggregation, &samples),
            _ => Answer::Unknown,
        }
    }

    fn binary(&mut self, binary: &Binary) -> Answer {
        let (left, right) = (self.evaluate(&binary.left), self.evaluate(&binary.right));
        match (left, right) {
            (Answer::Scalar(left), Answer::Scalar(right)) => {
                Answer::Scalar(left.zip(right).and_then(|(l, r)| {
                    arithmetic(binary.op, l, r).or_else(|| {
                        compare(binary.op, l, r).map(|holds| f64::from(u8::from(holds)))
                    })
                }))
            }
            (Answer::Vector(samples), Answer::Scalar(right)) => {
                with_number(binary, samples, |value| (Some(value), right, value))
            }
            (Answer::Scalar(left), Answer::Vector(samples)) => {
                with_number(binary, samples, |value| (left, Some(value), value))
            }
            (Answer::Vector(left), Answer::Vector(right)) => vectors(binary, left, right),
            (Answer::Vector(side), _) | (_, Answer::Vector(side))
                if side.is_empty() && needs_both(binary) =>
            {
                Answer::Vector(side)
            }
            _ => Answer::Unknown,
        }
    }
}

/// With what is proved of a number that is not known: `vector(time()) * 0` is 0.
fn bounded(expr: &Expr, answer: Answer) -> Answer {
    let is_certain = |of: &Numbers| of.nan == Certainty::No && !of.hangs_on_hole;
    match answer {
        Answer::Scalar(None) => {
            let of = numbers(expr);
            let is_point = is_certain(&of) && of.low == of.high;
            Answer::Scalar(is_point.then_some(of.low))
        }
        Answer::Vector(mut samples) => {
            if let [sample] = samples.as_mut_slice()
                && sample.value.is_none()
            {
                let of = numbers(expr);
                let (low, high) = (of.low, of.high);
                let is_known = is_certain(&of) && low.is_finite() && high.is_finite();
                sample.bounds = is_known.then_some(Range { low, high });
                sample.value = (is_known && low == high).then_some(low);
            }
            Answer::Vector(samples)
        }
        other => other,
    }
}

/// An operator that answers nothing where one side is empty.
fn needs_both(binary: &Binary) -> bool {
    !matches!(binary.op, BinaryOp::Or | BinaryOp::Unless)
        && binary
            .matching
            .as_ref()
            .is_none_or(|m| m.fill.left.is_none() && m.fill.right.is_none())
}

fn mapped(answer: Answer, change: impl Fn(f64) -> f64) -> Answer {
    match answer {
        Answer::Scalar(value) => Answer::Scalar(value.map(change)),
        Answer::Vector(samples) => Answer::Vector(
            samples
                .into_iter()
                .map(|sample| Sample {
                    value: sample.value.map(&change),
                    ..sample
                })
                .collect(),
        ),
        other => other,
    }
}

/// The same series, their values not known.
fn forgotten(answer: Answer) -> Answer {
    match answer {
        Answer::Vector(samples) => Answer::Vector(
            samples
                .into_iter()
                .map(|sample| Sample {
                    value: None,
                    ..sample
                })
                .collect(),
        ),
        other => other,
    }
}

fn relabelled(answer: Answer) -> Answer {
    match answer {
        Answer::Vector(samples) => Answer::Vector(
            samples
                .into_iter()
                .map(|sample| Sample {
                    labels: None,
                    ..sample
                })
                .collect(),
        ),
        other => other,
    }
}

/// 1 with the labels that equal matchers pin (`createLabelsForAbsentFunction` in `promql/functions.go`).
fn absent(data: &Expr, answer: &Answer) -> Answer {
    match answer {
        Answer::Vector(samples) if samples.is_empty() => {
            let labels = data.unwrapped().selector().map(pinned).unwrap_or_default();
            Answer::Vector(vec![Sample {
                labels: Some(labels),
                value: Some(1.0),
                bounds: None,
            }])
        }
        Answer::Vector(_) => Answer::Vector(Vec::new()),
        _ => Answer::Unknown,
    }
}

fn pinned(selector: &Selector) -> Labels {
    let mut labels = Labels::new();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in &selector.matchers {
        let label = matcher.label.text.as_str();
        if label == "__name__" {
            continue;
        }
        if matcher.op == MatchOp::Equal && !seen.contains(&label) {
            labels.insert(label.to_owned(), matcher.value.value.clone());
        } else {
            labels.remove(label);
        }
        seen.push(label);
    }
    labels.retain(|_, value| !value.is_empty());
    labels
}

/// Functions of what is there: those of one number, and those over a range of the same number.
fn changed(call: &Call, answer: Answer) -> Answer {
    match &answer {
        Answer::Vector(samples) if samples.is_empty() => return answer,
        Answer::Vector(_) => {}
        _ => return Answer::Unknown,
    }
    let name = call.function.name;
    if let Some(function) = function(name) {
        return mapped(answer, function);
    }
    match name {
        "round" => match call.args.get(1).map_or(Some(1.0), literal) {
            Some(to) => mapped(answer, |v| round(v, to)),
            None => forgotten(answer),
        },
        "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc" | "min_over_time"
        | "max_over_time" | "last_over_time" | "first_over_time" => answer,
        "present_over_time" => mapped(answer, |_| 1.0),
        "changes" | "resets" => mapped(answer, |_| 0.0),
        "rate" | "irate" | "increase" | "delta" | "idelta" => {
            mapped(answer, |v| if v.is_finite() { 0.0 } else { f64::NAN })
        }
        "avg_over_time" | "sum_over_time" | "count_over_time" | "stddev_over_time"
        | "stdvar_over_time" | "mad_over_time" | "quantile_over_time" | "timestamp" | "minute"
        | "hour" | "day_of_month" | "day_of_week" | "day_of_year" | "days_in_month" | "month"
        | "year" => forgotten(answer),
        _ => Answer::Unknown,
    }
}

fn with_number(
    binary: &Binary,
    samples: Vec<Sample>,
    sides: impl Fn(f64) -> (Option<f64>, Option<f64>, f64),
) -> Answer {
    let mut kept = Vec::with_capacity(samples.len());
    for sample in samples {
        let sides = sample.value.map(&sides);
        let known = match sides {
            Some((Some(left), Some(right), value)) => Some((left, right, value)),
            _ => None,
        };
        match known {
            Some((left, right, value)) => match result(binary, left, right, value) {
                Some(value) => kept.push(Sample {
                    value: Some(value),
                    ..sample
                }),
                None if binary.op.is_comparison() => {}
                None => return Answer::Unknown,
            },
            None if binary.is_filter() => return Answer::Unknown,
            None => kept.push(Sample {
                value: None,
                ..sample
            }),
        }
    }
    Answer::Vector(kept)
}

/// The value that an operator gives; none where a comparison removes it.
fn result(binary: &Binary, left: f64, right: f64, kept: f64) -> Option<f64> {
    match compare(binary.op, left, right) {
        Some(holds) if binary.bool_span.is_some() => Some(f64::from(u8::from(holds))),
        Some(holds) => holds.then_some(kept),
        None => arithmetic(binary.op, left, right),
    }
}

/// The labels by which series are matched; none where they are not known.
fn signature(sample: &Sample, matching: Option<&Matching>) -> Option<Labels> {
    let clause = matching.and_then(|m| m.labels.as_ref());
    if clause.is_some_and(|labels| labels.is_on && labels.labels.is_empty()) {
        return Some(Labels::new());
    }
    let mut labels = sample.labels.clone()?;
    labels.retain(|label, _| match clause {
        Some(clause) => clause.labels.iter().any(|l| l.text == *label) == clause.is_on,
        None => true,
    });
    Some(labels)
}

/// Whether some series of `others` has the same signature; none where that is not known.
fn has_partner(sample: &Sample, others: &[Sample], matching: Option<&Matching>) -> Option<bool> {
    if others.is_empty() {
        return Some(false);
    }
    let own = signature(sample, matching)?;
    let mut found = false;
    for other in others {
        found |= signature(other, matching)? == own;
    }
    Some(found)
}

fn vectors(binary: &Binary, left: Vec<Sample>, right: Vec<Sample>) -> Answer {
    let matching = binary.matching.as_ref();
    if left.len() + right.len() > SERIES {
        return Answer::Unknown;
    }
    let (from, by, keeps_partners) = match binary.op {
        BinaryOp::And => (left, &right, true),
        BinaryOp::Unless => (left, &right, false),
        BinaryOp::Or => {
            let Some(added) = chosen(&right, &left, matching, false) else {
                return Answer::Unknown;
            };
            return Answer::Vector(left.into_iter().chain(added).collect());
        }
        _ => return matched(binary, &left, &right),
    };
    chosen(&from, by, matching, keeps_partners).map_or(Answer::Unknown, Answer::Vector)
}

/// Those of `samples` that have a partner, or those that have none.
fn chosen(
    samples: &[Sample],
    others: &[Sample],
    matching: Option<&Matching>,
    has: bool,
) -> Option<Vec<Sample>> {
    let mut kept = Vec::new();
    for sample in samples {
        if has_partner(sample, others, matching)? == has {
            kept.push(sample.clone());
        }
    }
    Some(kept)
}

/// An operator on two vectors, understood where each side is one series at most.
fn matched(binary: &Binary, left: &[Sample], right: &[Sample]) -> Answer {
    if (left.is_empty() || right.is_empty()) && needs_both(binary) {
        return Answer::Vector(Vec::new());
    }
    if left.is_empty() && right.is_empty() {
        return Answer::Vector(Vec::new());
    }
    let ([left], [right]) = (left, right) else {
        return Answer::Unknown;
    };
    let matching = binary.matching.as_ref();
    match has_partner(left, std::slice::from_ref(right), matching) {
        Some(true) => {}
        Some(false) if needs_both(binary) => return Answer::Vector(Vec::new()),
        _ => return Answer::Unknown,
    }
    let has_group = matching.is_some_and(|m| m.group.is_some());
    let labels = if has_group {
        None
    } else {
        signature(left, matching)
    };
    let (Some(l), Some(r)) = (left.value, right.value) else {
        return if binary.is_filter() {
            Answer::Unknown
        } else {
            Answer::Vector(vec![Sample {
                labels,
                value: None,
                bounds: None,
            }])
        };
    };
    match result(binary, l, r, l) {
        Some(value) => Answer::Vector(vec![Sample {
            labels,
            value: Some(value),
            bounds: None,
        }]),
        None if binary.op.is_comparison() => Answer::Vector(Vec::new()),
        None => Answer::Unknown,
    }
}

/// One group, or one series, at a time: constants have no more.
fn aggregated(aggregation: &Aggregation, samples: &[Sample]) -> Answer {
    let grouping = aggregation.grouping.as_ref();
    let labels = match (grouping, samples) {
        (None, _) => Some(Labels::new()),
        (Some(grouping), [sample]) => sample.labels.clone().map(|mut labels| {
            labels.retain(|label, _| {
                grouping.labels.iter().any(|l| l.text == *label) != grouping.is_without
            });
            labels
        }),
        _ => return Answer::Unknown,
    };
    let values: Option<Vec<f64>> = samples.iter().map(|sample| sample.value).collect();
    let of_values = |fold: fn(&[f64]) -> f64| values.as_deref().map(fold);
    let value = match aggregation.op {
        AggregateOp::Count => Some(samples.len() as f64),
        AggregateOp::Group => Some(1.0),
        AggregateOp::Sum => of_values(|v| v.iter().sum()),
        AggregateOp::Avg => of_values(|v| v.iter().sum::<f64>() / v.len() as f64),
        AggregateOp::Min => of_values(|v| v.iter().copied().fold(f64::NAN, f64::min)),
        AggregateOp::Max => of_values(|v| v.iter().copied().fold(f64::NAN, f64::max)),
        AggregateOp::Stddev | AggregateOp::Stdvar | AggregateOp::Quantile => None,
        AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Limitk => {
            let takes_all = aggregation
                .param
                .as_ref()
                .and_then(literal)
                .is_some_and(|k| k >= samples.len() as f64);
            return if takes_all {
                Answer::Vector(samples.to_vec())
            } else {
                Answer::Unknown
            };
        }
        AggregateOp::LimitRatio | AggregateOp::CountValues => return Answer::Unknown,
    };
    Answer::Vector(vec![Sample {
        labels,
        value,
        bounds: None,
    }])
}
