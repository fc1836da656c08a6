//! An expression of numbers alone into its value.

use crate::promql::ast::{BinaryOp, Expr, ExprKind, ValueType};

/// The value of an expression that is a plain number, or is made of such by signs, parentheses and operators.
pub fn literal(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Number(number) => Some(number.value),
        ExprKind::Paren(inner) => literal(inner),
        ExprKind::Unary(unary) => {
            literal(&unary.expr).map(|value| if unary.is_minus { -value } else { value })
        }
        ExprKind::Binary(binary) if expr.value_type == ValueType::Scalar => {
            let (left, right) = (literal(&binary.left)?, literal(&binary.right)?);
            arithmetic(binary.op, left, right)
                .or_else(|| compare(binary.op, left, right).map(|holds| f64::from(u8::from(holds))))
        }
        _ => None,
    }
}

/// The number that an arithmetic operator gives (`scalarBinop` in Prometheus's `promql/engine.go`); none for the others.
pub(crate) fn arithmetic(op: BinaryOp, left: f64, right: f64) -> Option<f64> {
    Some(match op {
        BinaryOp::Add => left + right,
        BinaryOp::Subtract => left - right,
        BinaryOp::Multiply => left * right,
        BinaryOp::Divide => left / right,
        BinaryOp::Modulo => left % right,
        BinaryOp::Power => left.powf(right),
        BinaryOp::Atan2 => left.atan2(right),
        _ => return None,
    })
}

/// Whether a comparison is true; none for the other operators.
pub(crate) fn compare(op: BinaryOp, left: f64, right: f64) -> Option<bool> {
    Some(match op {
        BinaryOp::Equal => left == right,
        BinaryOp::NotEqual => left != right,
        BinaryOp::Greater => left > right,
        BinaryOp::GreaterOrEqual => left >= right,
        BinaryOp::Less => left < right,
        BinaryOp::LessOrEqual => left <= right,
        _ => return None,
    })
}
