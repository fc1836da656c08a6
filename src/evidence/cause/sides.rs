//! A query whose selectors all have series into the operation whose sides do not find each other.

use super::words::{Cause, piece};
use super::{Answer, Ask, Numbers, Question, Reached, Witness};
use crate::evidence::outcome::NoData;
use crate::promql::answer::{Kept, kept_labels};
use crate::promql::ast::{AggregateOp, Binary, BinaryOp, Expr, ExprKind, Name, ValueType};

/// Operations that are asked about.
const MOST_JOINS: usize = 4;

impl Question {
    pub(super) fn no_match(&self, numbers: &Numbers<'_>) -> Reached<Option<Cause>> {
        let Some(Witness {
            text,
            tree: Some(tree),
        }) = &self.witness
        else {
            return Ok(None);
        };
        let is_empty = !self.known.has_witness
            && numbers.has_witness
            && numbers.parts.is_some()
            && numbers.get("w").is_none_or(|series| series <= 0.0);
        let mut subjects = self.known.subjects.iter().enumerate();
        let have_series = subjects.all(|(index, subject)| {
            subject.has_time || subject.is_heard || numbers.some("k", index)
        });
        let joins = joins(tree);
        if !is_empty || !have_series || joins.is_empty() {
            return Ok(None);
        }
        let answer = self.ask(Ask::Query(parts(text, &joins)), 0)?;
        let broken = match answer {
            Some(Answer::Numbers(numbers)) => joins.iter().enumerate().find(|(index, _)| {
                let some = |name: &str| {
                    let count = numbers.get(&format!("{name}{index}"));
                    count.is_some_and(|count| *count > 0.0)
                };
                some("left") && some("right") && !some("both")
            }),
            // All have series and the answer is empty: where there is one join, it is that.
            _ if joins.len() == 1 => joins.iter().enumerate().next(),
            _ => None,
        };
        Ok(broken.map(|(_, (_, join))| no_match(join)))
    }
}

/// The operations between two vectors that drop what has no partner, inner ones first.
fn joins(tree: &Expr) -> Vec<(&Expr, &Binary)> {
    let mut found = Vec::new();
    tree.walk(&mut |node| {
        if let ExprKind::Binary(binary) = &node.kind
            && binary.left.value_type == ValueType::Vector
            && binary.right.value_type == ValueType::Vector
            && !matches!(binary.op, BinaryOp::Or | BinaryOp::Unless)
        {
            found.push((node, &**binary));
        }
    });
    found.reverse();
    found.truncate(MOST_JOINS);
    found
}

/// How many series each side has, and both together.
fn parts(text: &str, joins: &[(&Expr, &Binary)]) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    for (index, (node, join)) in joins.iter().enumerate() {
        for (name, expr) in [
            ("left", &join.left),
            ("right", &join.right),
            ("both", *node),
        ] {
            if let Some(text) = text.get(expr.span.start..expr.span.end) {
                parts.push((format!("{name}{index}"), format!("count({text})")));
            }
        }
    }
    parts
}

fn no_match(join: &Binary) -> Cause {
    let labels = join.matching.as_ref().and_then(|m| m.labels.as_ref());
    let by = labels.map_or_else(String::new, |labels| {
        let word = if labels.is_on { "on" } else { "ignoring" };
        format!(" {word} {}", list(&labels.labels))
    });
    Cause::new(
        NoData::NoMatch,
        &format!(
            "no data: both sides have series, but none match{by}: left {}, right {}",
            side(&join.left),
            side(&join.right)
        ),
        Some("match with on(…) or aggregate both sides alike".to_owned()),
    )
}

/// The labels of a side, in the words of its query.
fn side(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Paren(inner) => side(inner),
        ExprKind::Unary(unary) => side(&unary.expr),
        ExprKind::Call(call) if !matches!(call.function.name, "label_replace" | "label_join") => {
            let is_data =
                |arg: &&Expr| matches!(arg.value_type, ValueType::Vector | ValueType::Matrix);
            match call.args.iter().find(is_data) {
                Some(data) if !call.function.name.starts_with("absent") => side(data),
                _ => kept(expr),
            }
        }
        ExprKind::Subquery(subquery) => side(&subquery.expr),
        ExprKind::Selector(_) | ExprKind::Matrix(_) => "with all its labels".to_owned(),
        ExprKind::Aggregation(aggregation) => match (&aggregation.grouping, aggregation.op) {
            (
                _,
                AggregateOp::Topk
                | AggregateOp::Bottomk
                | AggregateOp::Limitk
                | AggregateOp::LimitRatio,
            ) => side(&aggregation.expr),
            (_, AggregateOp::CountValues) => kept(expr),
            (Some(grouping), _) if grouping.is_without => {
                format!("without {}", list(&grouping.labels))
            }
            (Some(grouping), _) if !grouping.labels.is_empty() => {
                format!("by {}", list(&grouping.labels))
            }
            _ => "without labels".to_owned(),
        },
        ExprKind::Binary(binary) => match (binary.left.value_type, binary.right.value_type) {
            (ValueType::Scalar, _) => side(&binary.right),
            (_, ValueType::Scalar) => side(&binary.left),
            _ => kept(expr),
        },
        ExprKind::Call(_) | ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Hole(_) => {
            kept(expr)
        }
    }
}

fn kept(expr: &Expr) -> String {
    match kept_labels(expr) {
        Kept::By(labels) => format!("by ({})", piece(&labels.join(", "))),
        Kept::None => "as one series".to_owned(),
        Kept::Without | Kept::All | Kept::Unknown => "with labels of its own".to_owned(),
    }
}

fn list(labels: &[Name]) -> String {
    let names: Vec<&str> = labels.iter().map(|label| label.text.as_str()).collect();
    format!("({})", piece(&names.join(", ")))
}
