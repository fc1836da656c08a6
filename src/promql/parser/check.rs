//! Both operands of an operator into one expression, if their types allow it.
//!
//! The rules are those of `checkAST` on a `BinaryExpr` in Prometheus's `promql/parser/parse.go`.

use std::collections::HashSet;

use super::super::ast::{Binary, BinaryOp, Expr, ExprKind, Fill, Matching, ValueType};
use super::super::error::{ParseErrorKind, shown};
use super::super::lexer::Failed;
use super::matching::Pending;
use super::{Operand, Parser, fail};

impl Parser<'_> {
    /// Joins the last two operands by the last operator.
    pub(super) fn join(&mut self) -> Result<(), Failed> {
        let mut right = self.pop();
        let mut left = self.pop();
        let pending = self
            .pending
            .pop()
            .expect("the operator was pushed before its right operand was read");
        let is_open = settle(&pending, &mut left, &mut right);
        check(&pending, &left.expr, &right.expr)?;
        let height = 1 + left.height.max(right.height);
        self.check_height(height, pending.op_span)?;
        let scalars =
            left.expr.value_type == ValueType::Scalar && right.expr.value_type == ValueType::Scalar;
        let value_type = match scalars {
            true => ValueType::Scalar,
            false => ValueType::Vector,
        };
        let start = left.expr.span.start;
        let binary = Binary {
            op: pending.op,
            op_span: pending.op_span,
            bool_span: pending.bool_span,
            matching: pending.matching,
            left: left.expr,
            right: right.expr,
        };
        let kind = ExprKind::Binary(Box::new(binary));
        self.push(kind, start, value_type, height);
        self.set_open(is_open);
        Ok(())
    }
}

/// Gives holes beside the operator their types; whether the whole is still open.
fn settle(pending: &Pending, left: &mut Operand, right: &mut Operand) -> bool {
    if !left.is_open && !right.is_open {
        return false;
    }
    let needs_vectors = pending.matching.as_ref().is_some_and(|matching| {
        matching.fill != Fill::default()
            || matching
                .labels
                .as_ref()
                .is_some_and(|labels| !labels.labels.is_empty())
    });
    if pending.op.is_set() || needs_vectors {
        left.settle(ValueType::Vector);
        right.settle(ValueType::Vector);
        return false;
    }
    let is_filter = pending.op.is_comparison() && pending.bool_span.is_none();
    let (open, other) = match left.is_open {
        true => (left, right),
        false => (right, left),
    };
    let is_number = other.is_open || other.expr.value_type == ValueType::Scalar;
    match (is_number, is_filter) {
        // A comparison of two numbers would be no query.
        (true, true) => open.settle(ValueType::Vector),
        (true, false) => return true,
        (false, _) => open.settle(ValueType::Scalar),
    }
    other.settle(ValueType::Scalar);
    false
}

fn check(pending: &Pending, left: &Expr, right: &Expr) -> Result<(), Failed> {
    let op = pending.op;
    for operand in [left, right] {
        let found = operand.value_type;
        if !matches!(found, ValueType::Scalar | ValueType::Vector) {
            return fail(ParseErrorKind::OperandType { op, found }, operand.span);
        }
    }
    if let Some(span) = pending.bool_span
        && !op.is_comparison()
    {
        return fail(ParseErrorKind::BoolModifier { op }, span);
    }
    let is_scalar = |operand: &Expr| operand.value_type == ValueType::Scalar;
    if op.is_set()
        && let Some(operand) = [left, right].into_iter().find(|operand| is_scalar(operand))
    {
        return fail(ParseErrorKind::SetOnScalar { op }, operand.span);
    }
    let scalars = is_scalar(left) && is_scalar(right);
    if scalars && op.is_comparison() && pending.bool_span.is_none() {
        return fail(ParseErrorKind::ScalarComparison { op }, pending.op_span);
    }
    match &pending.matching {
        Some(matching) => check_matching(op, matching, is_scalar(left) || is_scalar(right)),
        None => Ok(()),
    }
}

fn check_matching(op: BinaryOp, matching: &Matching, has_scalar: bool) -> Result<(), Failed> {
    check_included(matching)?;
    let has_fill = matching.fill != Fill::default();
    if has_scalar {
        if let Some(labels) = &matching.labels
            && !labels.labels.is_empty()
        {
            let clause = match labels.is_on {
                true => "`on`",
                false => "`ignoring`",
            };
            return fail(ParseErrorKind::MatchingOnScalar { clause }, labels.span);
        }
        if has_fill {
            let clause = "`fill`";
            return fail(ParseErrorKind::MatchingOnScalar { clause }, matching.span);
        }
    } else if op.is_set() {
        if let Some(group) = &matching.group {
            let clause = match group.is_left {
                true => "`group_left`",
                false => "`group_right`",
            };
            return fail(ParseErrorKind::MatchingOnSet { clause, op }, group.span);
        }
        if has_fill {
            let clause = "`fill`";
            return fail(ParseErrorKind::MatchingOnSet { clause, op }, matching.span);
        }
    }
    Ok(())
}

/// A label that both sides share cannot be taken over from one of them.
fn check_included(matching: &Matching) -> Result<(), Failed> {
    let (Some(labels), Some(group)) = (&matching.labels, &matching.group) else {
        return Ok(());
    };
    if !labels.is_on || group.include.is_empty() {
        return Ok(());
    }
    let known = labels.labels.iter().filter(|label| label.is_known);
    let shared: HashSet<&str> = known.map(|label| label.text.as_str()).collect();
    let mut included = group.include.iter();
    match included.find(|label| shared.contains(label.text.as_str())) {
        Some(label) => {
            let kind = ParseErrorKind::LabelInBoth {
                label: shown(&label.text),
            };
            fail(kind, label.span)
        }
        None => Ok(()),
    }
}
