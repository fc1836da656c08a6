//! A text made of a node and how tightly it binds into the text that stands in an operator's place, parentheses where needed.

use crate::promql::ast::{BinaryOp, Expr, ExprKind, Modifiers, Selector};

/// How tightly the outermost operator of a text binds, PromQL's own order (`generated_parser.y`); a sign binds as `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    Comparison,
    Sum,
    Product,
    Power,
    /// A selector with modifiers: an operand, but nothing to hang a range on.
    Modified,
    Atom,
}

impl Level {
    /// The next tighter one.
    pub(super) fn above(self) -> Self {
        match self {
            Level::Or => Level::And,
            Level::And => Level::Comparison,
            Level::Comparison => Level::Sum,
            Level::Sum => Level::Product,
            Level::Product => Level::Power,
            Level::Power | Level::Modified | Level::Atom => Level::Modified,
        }
    }

    pub(super) fn of_operator(op: BinaryOp) -> Self {
        match op {
            BinaryOp::Or => Level::Or,
            BinaryOp::And | BinaryOp::Unless => Level::And,
            BinaryOp::Add | BinaryOp::Subtract => Level::Sum,
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo | BinaryOp::Atan2 => {
                Level::Product
            }
            BinaryOp::Power => Level::Power,
            _ => Level::Comparison,
        }
    }

    pub(super) fn of_selector(selector: &Selector) -> Self {
        if selector.modifiers == Modifiers::default() {
            Level::Atom
        } else {
            Level::Modified
        }
    }

    pub(super) fn of(expr: &Expr) -> Self {
        match &expr.kind {
            ExprKind::Binary(binary) => Level::of_operator(binary.op),
            ExprKind::Unary(_) => Level::Product,
            ExprKind::Selector(selector) => Level::of_selector(selector),
            _ => Level::Atom,
        }
    }
}

/// A node's text in the witness.
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) level: Level,
    pub(super) is_changed: bool,
}

impl Piece {
    pub(super) fn changed(text: String, level: Level) -> Self {
        Piece {
            text,
            level,
            is_changed: true,
        }
    }

    /// The text for a place that needs at least this level; what did not change stands as it stood.
    pub(super) fn at(self, least: Level) -> String {
        if self.is_changed && self.level < least {
            format!("({})", self.text)
        } else {
            self.text
        }
    }
}
