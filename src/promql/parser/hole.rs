//! Holes in the place of expressions, and the types that their places give them.
//!
//! Beside a vector a hole is a number; where it alone can make a query of the whole, it is a vector; between other holes and
//! numbers it stays open until something around it says what is needed.

use super::super::ast::{Binary, Expr, ExprKind, Name, Selector, ValueType};
use super::super::error::ParseErrorKind;
use super::super::lexer::Failed;
use super::super::token::Kind;
use super::{Operand, Parser, fail};
use crate::text::filled::is_hole;
use crate::text::span::Span;

impl Operand {
    /// Takes holes that are still open for what their place needs.
    pub(super) fn settle(&mut self, wanted: ValueType) {
        if !self.is_open {
            return;
        }
        self.is_open = false;
        match wanted {
            ValueType::Vector => {
                settle_vector(&mut self.expr);
            }
            ValueType::Scalar => settle_as(&mut self.expr, ValueType::Scalar),
            // Only a hole by itself can be a range or a text; no operator gives one.
            ValueType::Matrix | ValueType::String => match self.expr.unwrapped().kind {
                ExprKind::Hole(_) => settle_as(&mut self.expr, wanted),
                _ => settle_as(&mut self.expr, ValueType::Scalar),
            },
        }
    }
}

/// Gives every open hole the same type.
fn settle_as(expr: &mut Expr, wanted: ValueType) {
    match &mut expr.kind {
        ExprKind::Hole(_) => {}
        ExprKind::Paren(inner) => settle_as(inner, wanted),
        ExprKind::Unary(unary) => settle_as(&mut unary.expr, wanted),
        ExprKind::Binary(binary) => {
            settle_as(&mut binary.left, wanted);
            settle_as(&mut binary.right, wanted);
        }
        _ => return,
    }
    expr.value_type = wanted;
}

/// Makes a vector of an open expression by its first open hole; whether there was one.
fn settle_vector(expr: &mut Expr) -> bool {
    let is_vector = match &mut expr.kind {
        ExprKind::Hole(_) => true,
        ExprKind::Paren(inner) => settle_vector(inner),
        ExprKind::Unary(unary) => settle_vector(&mut unary.expr),
        ExprKind::Binary(binary) => settle_binary(binary),
        _ => false,
    };
    if is_vector {
        expr.value_type = ValueType::Vector;
    }
    is_vector
}

fn settle_binary(binary: &mut Binary) -> bool {
    if settle_vector(&mut binary.left) {
        settle_as(&mut binary.right, ValueType::Scalar);
        return true;
    }
    settle_vector(&mut binary.right)
}

impl Parser<'_> {
    /// A hole as an expression, or as a name where braces follow.
    pub(super) fn hole(&mut self) -> Result<(), Failed> {
        let token = self.advance()?;
        match (token.kind, self.current.kind) {
            (Kind::Hole, Kind::LeftBrace) => {
                let name = self.name_of(token.span);
                return self.selector(Some(name));
            }
            (Kind::Hole, Kind::LeftParen) => {
                let what = "a function's name";
                return fail(ParseErrorKind::Hole { what }, token.span);
            }
            _ => {}
        }
        let hole = self.hole_in(token.span).unwrap_or_default();
        self.push(ExprKind::Hole(hole), token.span.start, ValueType::Scalar, 1);
        self.set_open(true);
        Ok(())
    }

    /// The name that stands at these bytes without quotes.
    pub(super) fn name_of(&self, span: Span) -> Name {
        Name {
            text: span.of(self.text).to_owned(),
            span,
            is_known: self.is_known(span),
        }
    }

    /// Takes the last operand for a metric's name where it is a hole and a selector is needed.
    pub(super) fn hole_into_selector(&mut self) {
        let Some(last) = self.operands.last() else {
            return;
        };
        let span = last.expr.span;
        let text = span.of(self.text);
        let is_bare = text.starts_with(is_hole) && !text.contains('.');
        if !matches!(last.expr.kind, ExprKind::Hole(_)) || !is_bare {
            return;
        }
        let selector = Selector {
            name: Some(self.name_of(span)),
            braces: None,
            matchers: Vec::new(),
            modifiers: Default::default(),
        };
        if let Some(last) = self.operands.last_mut() {
            last.expr.kind = ExprKind::Selector(selector);
            last.expr.value_type = ValueType::Vector;
            last.is_open = false;
        }
    }
}
