//! A query's tree into the labels of its answer: which are pinned to one value, which are free, which are not there.
//!
//! Two series of an answer never have the same labels, so an answer without free labels is one series at most.

use std::collections::BTreeMap;

use crate::promql::answer::series;
use crate::promql::ast::{
    AggregateOp, Aggregation, Binary, BinaryOp, Call, Expr, ExprKind, Grouping, MatchOp, Matching,
    Name, Selector, ValueType,
};
use crate::promql::literal::literal;

/// What is known of one label over all series of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status {
    /// No series has it.
    Absent,
    /// Every series has it, with this value.
    Pinned(Vec<u8>),
    /// Every value is pinned by a matcher, but there may be several.
    Few,
    /// It hangs on a hole.
    Unknown,
    /// Nothing bounds its values.
    Free,
}

/// What is known of the labels that no one names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rest {
    /// None is there.
    Absent,
    /// It hangs on a hole.
    Unknown,
    /// An aggregation `without` left them.
    Without,
    /// They are as the data have them.
    All,
}

/// The labels of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) named: BTreeMap<String, Status>,
    pub(super) rest: Rest,
    /// At one time there is no more than one series, though at another it may be another one.
    pub(super) at_most_one: bool,
}

impl Shape {
    /// One series without labels, or a number.
    fn bare() -> Self {
        Shape {
            named: BTreeMap::new(),
            rest: Rest::Absent,
            at_most_one: true,
        }
    }

    fn unknown() -> Self {
        Shape {
            rest: Rest::Unknown,
            at_most_one: false,
            ..Shape::bare()
        }
    }

    pub(super) fn status(&self, label: &str) -> Status {
        match self.named.get(label) {
            Some(status) => status.clone(),
            None => match self.rest {
                Rest::Absent => Status::Absent,
                Rest::Unknown => Status::Unknown,
                Rest::Without | Rest::All => Status::Free,
            },
        }
    }

    /// No two series can differ.
    pub(super) fn is_single(&self) -> bool {
        self.rest == Rest::Absent && self.named.values().all(is_fixed)
    }

    /// No series has any label, so that two such answers always match.
    pub(super) fn is_bare(&self) -> bool {
        self.rest == Rest::Absent && self.named.values().all(|s| *s == Status::Absent)
    }

    fn with(mut self, label: &str, status: Status) -> Self {
        self.named.insert(label.to_owned(), status);
        self
    }

    fn nameless(self) -> Self {
        self.with("__name__", Status::Absent)
    }

    fn settled(mut self) -> Self {
        self.at_most_one |= self.is_single();
        self
    }

    /// Only these labels.
    fn keeping(&self, labels: &[Name]) -> Self {
        let mut kept = Shape::bare();
        for label in labels {
            if label.is_known {
                kept = kept.with(&label.text, self.status(&label.text));
            } else {
                kept.rest = Rest::Unknown;
            }
        }
        kept.at_most_one = self.at_most_one;
        kept.settled()
    }

    /// All but these labels.
    fn dropping(&self, labels: &[Name]) -> Self {
        let mut kept = self.clone();
        for label in labels.iter().filter(|label| label.is_known) {
            kept = kept.with(&label.text, Status::Absent);
        }
        kept.settled()
    }

    /// Every label of either, each status by `merge`.
    fn merged(&self, other: &Self, rest: Rest, merge: fn(Status, Status) -> Status) -> Self {
        let mut named = BTreeMap::new();
        for label in self.named.keys().chain(other.named.keys()) {
            if !named.contains_key(label) {
                named.insert(
                    label.clone(),
                    merge(self.status(label), other.status(label)),
                );
            }
        }
        Shape {
            named,
            rest,
            at_most_one: false,
        }
    }

    /// Series of both.
    fn joined(&self, other: &Self) -> Self {
        self.merged(other, self.rest.max(other.rest), either)
    }

    /// Series that both have.
    fn met(&self, other: &Self) -> Self {
        self.merged(other, self.rest.min(other.rest), both)
    }
}

fn is_fixed(status: &Status) -> bool {
    matches!(status, Status::Absent | Status::Pinned(_))
}

fn either(left: Status, right: Status) -> Status {
    match (left, right) {
        (left, right) if left == right => left,
        (Status::Free, _) | (_, Status::Free) => Status::Free,
        (Status::Unknown, _) | (_, Status::Unknown) => Status::Unknown,
        _ => Status::Few,
    }
}

fn both(left: Status, right: Status) -> Status {
    match (left, right) {
        (Status::Absent, _) | (_, Status::Absent) => Status::Absent,
        (Status::Pinned(value), _) | (_, Status::Pinned(value)) => Status::Pinned(value),
        (Status::Few, _) | (_, Status::Few) => Status::Few,
        (Status::Unknown, _) | (_, Status::Unknown) => Status::Unknown,
        (Status::Free, Status::Free) => Status::Free,
    }
}

/// The labels of what `expr` answers; of a range, of the series in it.
pub(super) fn shape(expr: &Expr) -> Shape {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => Shape::bare(),
        ExprKind::Selector(selector) => of_selector(selector),
        ExprKind::Matrix(matrix) => of_selector(&matrix.selector),
        ExprKind::Hole(_) => Shape::unknown(),
        ExprKind::Paren(inner) => shape(inner),
        ExprKind::Unary(unary) => shape(&unary.expr).nameless(),
        ExprKind::Subquery(subquery) => {
            let mut over_time = shape(&subquery.expr);
            over_time.at_most_one = over_time.is_single();
            over_time
        }
        ExprKind::Aggregation(aggregation) => of_aggregation(aggregation),
        ExprKind::Call(call) => of_call(call),
        ExprKind::Binary(binary) => of_binary(binary),
    }
}

fn of_selector(selector: &Selector) -> Shape {
    let mut shape = Shape {
        named: equal_labels(selector),
        rest: Rest::All,
        at_most_one: false,
    };
    if let Some(name) = &selector.name {
        shape = shape.with("__name__", Status::Pinned(name.text.clone().into_bytes()));
    }
    shape
}

fn equal_labels(selector: &Selector) -> BTreeMap<String, Status> {
    selector
        .matchers
        .iter()
        .filter(|matcher| matcher.op == MatchOp::Equal && matcher.label.is_known)
        .map(|matcher| {
            let value = &matcher.value.value;
            let status = if value.is_empty() {
                Status::Absent
            } else {
                Status::Pinned(value.clone())
            };
            (matcher.label.text.clone(), status)
        })
        .collect()
}

fn grouped(inner: &Shape, grouping: Option<&Grouping>) -> Shape {
    match grouping {
        None => Shape::bare(),
        Some(grouping) if grouping.is_without => {
            let mut kept = inner.dropping(&grouping.labels).nameless();
            kept.rest = kept.rest.min(Rest::Without);
            kept.settled()
        }
        Some(grouping) => inner.keeping(&grouping.labels),
    }
}

fn of_aggregation(aggregation: &Aggregation) -> Shape {
    let inner = shape(&aggregation.expr);
    let group = grouped(&inner, aggregation.grouping.as_ref());
    match aggregation.op {
        AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Limitk => {
            let takes_one = aggregation.param.as_ref().and_then(literal) == Some(1.0);
            let at_most_one = inner.at_most_one || takes_one && group.at_most_one;
            Shape {
                at_most_one,
                ..inner
            }
        }
        AggregateOp::LimitRatio => inner,
        AggregateOp::CountValues => {
            let at_most_one = inner.at_most_one;
            let label = aggregation.param.as_ref().map(text_of);
            let counted = match label {
                Some(Some(label)) => group.with(&label, Status::Free),
                _ => Shape {
                    rest: group.rest.max(Rest::Unknown),
                    ..group
                },
            };
            Shape {
                at_most_one,
                ..counted
            }
        }
        AggregateOp::Sum
        | AggregateOp::Avg
        | AggregateOp::Count
        | AggregateOp::Min
        | AggregateOp::Max
        | AggregateOp::Group
        | AggregateOp::Stddev
        | AggregateOp::Stdvar
        | AggregateOp::Quantile => group,
    }
}

/// The text of a string without holes.
fn text_of(expr: &Expr) -> Option<String> {
    match &expr.unwrapped().kind {
        ExprKind::String(text) if text.is_known => Some(text.text().into_owned()),
        _ => None,
    }
}

/// Functions that keep the metric's name.
const KEEPING_NAME: [&str; 6] = [
    "last_over_time",
    "first_over_time",
    "sort",
    "sort_desc",
    "sort_by_label",
    "sort_by_label_desc",
];

fn of_call(call: &Call) -> Shape {
    let name = call.function.name;
    let Some(data) = series::data_argument(call) else {
        return Shape::bare();
    };
    match name {
        "scalar" => Shape::bare(),
        "absent" | "absent_over_time" => of_absent(data),
        "label_replace" => of_label_replace(call, shape(data)),
        "label_join" => relabelled(shape(data), call.args.get(1), |_| Status::Free),
        "histogram_quantiles" => {
            let mut each = relabelled(shape(data), call.args.get(1), |_| Status::Free);
            each.at_most_one = false;
            each.with("le", Status::Absent).nameless()
        }
        "histogram_quantile" | "histogram_fraction" => {
            shape(data).with("le", Status::Absent).nameless().settled()
        }
        "info" => Shape {
            rest: Rest::All,
            ..shape(data)
        },
        _ if KEEPING_NAME.contains(&name) => shape(data),
        _ => shape(data).nameless().settled(),
    }
}

/// The equal matchers' labels (`createLabelsForAbsentFunction` in Prometheus's `promql/functions.go`).
fn of_absent(arg: &Expr) -> Shape {
    let mut shape = Shape::bare();
    if let Some(selector) = arg.unwrapped().selector() {
        shape.named = equal_labels(selector);
        shape.named.remove("__name__");
    }
    shape
}

fn of_label_replace(call: &Call, shape: Shape) -> Shape {
    let replacement = call.args.get(2).and_then(text_of);
    relabelled(shape, call.args.get(1), |before| match &replacement {
        Some(text) if text.is_empty() => either(before, Status::Absent),
        Some(text) if !text.contains('$') => {
            either(before, Status::Pinned(text.clone().into_bytes()))
        }
        _ => Status::Free,
    })
}

fn relabelled(shape: Shape, label: Option<&Expr>, status: impl Fn(Status) -> Status) -> Shape {
    match label.and_then(text_of) {
        Some(label) => {
            let before = shape.status(&label);
            shape.with(&label, status(before))
        }
        None => Shape {
            rest: shape.rest.max(Rest::Unknown),
            ..shape
        },
    }
}

fn of_binary(binary: &Binary) -> Shape {
    let (left, right) = (&binary.left, &binary.right);
    let is_hole = |expr: &Expr| matches!(expr.unwrapped().kind, ExprKind::Hole(_));
    match (
        left.value_type == ValueType::Scalar,
        right.value_type == ValueType::Scalar,
    ) {
        (true, true) if is_hole(left) || is_hole(right) => Shape::unknown(),
        (true, true) => Shape::bare(),
        (true, false) => of_one_side(binary, right),
        (false, true) => of_one_side(binary, left),
        (false, false) => of_vectors(binary, shape(left), shape(right)),
    }
}

fn of_one_side(binary: &Binary, side: &Expr) -> Shape {
    let shape = shape(side);
    if binary.is_filter() {
        shape
    } else {
        shape.nameless().settled()
    }
}

/// The labels by which both sides are matched.
fn signature(shape: &Shape, matching: Option<&Matching>) -> Shape {
    match matching.and_then(|m| m.labels.as_ref()) {
        Some(labels) if labels.is_on => shape.keeping(&labels.labels),
        Some(labels) => shape.dropping(&labels.labels).nameless(),
        None => shape.clone().nameless(),
    }
}

fn of_vectors(binary: &Binary, left: Shape, right: Shape) -> Shape {
    let matching = binary.matching.as_ref();
    match binary.op {
        BinaryOp::And => with_partner(&left, &right, matching),
        BinaryOp::Unless => left,
        BinaryOp::Or => {
            let all = left.joined(&right);
            let meets = signature(&all, matching).is_single();
            Shape {
                at_most_one: meets && left.at_most_one && right.at_most_one,
                ..all
            }
            .settled()
        }
        _ => of_matched(binary, &left, &right),
    }
}

/// `many` where its matched labels are those of `one`.
fn with_partner(many: &Shape, one: &Shape, matching: Option<&Matching>) -> Shape {
    let met = signature(many, matching).met(&signature(one, matching));
    let mut result = many.clone();
    for label in many.named.keys().chain(met.named.keys()) {
        if label != "__name__" && is_matched(label, matching) {
            result.named.insert(label.clone(), met.status(label));
        }
    }
    let clause = matching.and_then(|m| m.labels.as_ref());
    if clause.is_none_or(|labels| !labels.is_on) {
        // What is not matched stays as it was.
        for label in clause.iter().flat_map(|labels| &labels.labels) {
            result = result.with(&label.text, many.status(&label.text));
        }
        result = result.with("__name__", many.status("__name__"));
        result.rest = met.rest;
    }
    result.at_most_one = many.at_most_one;
    result.settled()
}

fn is_matched(label: &str, matching: Option<&Matching>) -> bool {
    match matching.and_then(|m| m.labels.as_ref()) {
        Some(labels) => labels.labels.iter().any(|l| l.text == label) == labels.is_on,
        None => true,
    }
}

fn of_matched(binary: &Binary, left: &Shape, right: &Shape) -> Shape {
    let matching = binary.matching.as_ref();
    let fill = matching.is_some_and(|m| m.fill.left.is_some() || m.fill.right.is_some());
    if fill {
        return Shape {
            at_most_one: false,
            ..left.joined(right).nameless()
        }
        .settled();
    }
    let Some(group) = matching.and_then(|m| m.group.as_ref()) else {
        let mut met = signature(left, matching).met(&signature(right, matching));
        met.at_most_one = left.at_most_one || right.at_most_one;
        return met.settled();
    };
    let (many, one) = if group.is_left {
        (left, right)
    } else {
        (right, left)
    };
    let mut result = with_partner(many, one, matching).nameless();
    for label in &group.include {
        if label.is_known {
            result = result.with(&label.text, one.status(&label.text));
        } else {
            result.rest = result.rest.max(Rest::Unknown);
        }
    }
    result.at_most_one = many.at_most_one;
    result.settled()
}
