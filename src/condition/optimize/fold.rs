//! Operators on literals into literals, and `x && false` into `false` (expr's `optimizer/fold.go`).

use std::sync::Arc;

use super::replace;
use crate::condition::ConditionError;
use crate::condition::ast::{Ast, Id, Loop, NodeKind, Op, Unary};
use crate::condition::power::power;
use crate::condition::types::Type;
use crate::condition::value::Value;

/// Folds one node; whether something changed.
pub(super) fn fold(ast: &mut Ast, id: Id) -> Result<bool, ConditionError> {
    match ast.kind(id) {
        NodeKind::Unary(op, operand) => {
            let (op, operand) = (*op, *operand);
            Ok(unary(ast, id, op, operand))
        }
        NodeKind::Binary(op, left, right) => {
            let (op, left, right) = (*op, *left, *right);
            binary(ast, id, op, left, right)
        }
        NodeKind::Array(nodes) => {
            let Some(values) = constants(ast, nodes) else {
                return Ok(false);
            };
            let Ok(list) = Value::list(values) else {
                return Ok(false);
            };
            replace(ast, id, NodeKind::Constant(list), Type::List(None));
            Ok(true)
        }
        NodeKind::Loop(node) if node.call == Loop::Filter => {
            let (outer, inner) = (node.predicate, node.collection);
            let NodeKind::Loop(base) = ast.kind(inner) else {
                return Ok(false);
            };
            let (Loop::Filter, Some(first), Some(second)) = (base.call, base.predicate, outer)
            else {
                return Ok(false);
            };
            let collection = base.collection;
            let span = ast.get(id).span;
            let both = ast.add(NodeKind::Binary(Op::And, first, second), span);
            if let NodeKind::Loop(node) = &mut ast.get_mut(id).kind {
                node.collection = collection;
                node.predicate = Some(both);
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn constants(ast: &Ast, nodes: &[Id]) -> Option<Vec<Value>> {
    if nodes.is_empty() {
        return None;
    }
    let value = |id: &Id| {
        Some(match ast.kind(*id) {
            NodeKind::Int(n) => Value::Int(*n),
            NodeKind::Float(x) => Value::Float(*x),
            NodeKind::Text(text) => Value::Text(text.clone()),
            NodeKind::Bool(b) => Value::Bool(*b),
            _ => return None,
        })
    };
    nodes.iter().map(value).collect()
}

fn unary(ast: &mut Ast, id: Id, op: Unary, operand: Id) -> bool {
    let (kind, ty) = match (op, ast.kind(operand)) {
        (Unary::Minus, NodeKind::Int(n)) => (NodeKind::Int(n.wrapping_neg()), Type::Int),
        (Unary::Minus, NodeKind::Float(x)) => (NodeKind::Float(-x), Type::Float),
        (Unary::Plus, NodeKind::Int(n)) => (NodeKind::Int(*n), Type::Int),
        (Unary::Plus, NodeKind::Float(x)) => (NodeKind::Float(*x), Type::Float),
        (Unary::Not, NodeKind::Bool(b)) => (NodeKind::Bool(!b), Type::Bool),
        _ => return false,
    };
    replace(ast, id, kind, ty);
    true
}

fn binary(ast: &mut Ast, id: Id, op: Op, left: Id, right: Id) -> Result<bool, ConditionError> {
    if matches!(op, Op::And | Op::Or) {
        return Ok(logic(ast, id, op, left, right));
    }
    let folded = match (ast.kind(left), ast.kind(right)) {
        (NodeKind::Int(_), NodeKind::Int(0)) if op == Op::Modulo => {
            let at = ast.get(id).span.0 as usize;
            return Err(ConditionError::compile("integer divide by zero", at));
        }
        (NodeKind::Int(m), NodeKind::Int(n)) => of_ints(op, *m, *n),
        (NodeKind::Int(m), NodeKind::Float(y)) => of_floats(op, *m as f64, *y),
        (NodeKind::Float(x), NodeKind::Int(n)) => of_floats(op, *x, *n as f64),
        (NodeKind::Float(x), NodeKind::Float(y)) => of_floats(op, *x, *y),
        (NodeKind::Text(x), NodeKind::Text(y)) => match op {
            Op::Add => Some(NodeKind::Text(Arc::from([&x[..], &y[..]].concat()))),
            Op::Equal => Some(NodeKind::Bool(x == y)),
            _ => None,
        },
        (NodeKind::Bool(x), NodeKind::Bool(y)) if op == Op::Equal => Some(NodeKind::Bool(x == y)),
        _ => None,
    };
    let Some(kind) = folded else {
        return Ok(false);
    };
    let ty = match kind {
        NodeKind::Int(_) => Type::Int,
        NodeKind::Float(_) => Type::Float,
        NodeKind::Text(_) => Type::Text,
        _ => Type::Bool,
    };
    replace(ast, id, kind, ty);
    Ok(true)
}

/// `true && x` is x; `x && false` is false, and x is not looked at.
fn logic(ast: &mut Ast, id: Id, op: Op, left: Id, right: Id) -> bool {
    let bool_of = |id: Id| match ast.kind(id) {
        NodeKind::Bool(b) => Some(*b),
        _ => None,
    };
    // What leaves the other side as it is, and what decides.
    let neutral = op == Op::And;
    let kept = match (bool_of(left), bool_of(right)) {
        (Some(b), _) if b == neutral => right,
        (_, Some(b)) if b == neutral => left,
        (None, None) => return false,
        _ => {
            replace(ast, id, NodeKind::Bool(!neutral), Type::Bool);
            return true;
        }
    };
    let kind = ast.kind(kept).clone();
    ast.get_mut(id).kind = kind;
    true
}

fn of_ints(op: Op, m: i64, n: i64) -> Option<NodeKind> {
    Some(match op {
        Op::Add => NodeKind::Int(m.wrapping_add(n)),
        Op::Subtract => NodeKind::Int(m.wrapping_sub(n)),
        Op::Multiply => NodeKind::Int(m.wrapping_mul(n)),
        Op::Modulo => NodeKind::Int(m.wrapping_rem(n)),
        Op::Divide => NodeKind::Float(m as f64 / n as f64),
        Op::Power => NodeKind::Float(power(m as f64, n as f64)),
        Op::Equal => NodeKind::Bool(m == n),
        _ => return None,
    })
}

fn of_floats(op: Op, x: f64, y: f64) -> Option<NodeKind> {
    Some(NodeKind::Float(match op {
        Op::Add => x + y,
        Op::Subtract => x - y,
        Op::Multiply => x * y,
        Op::Divide => x / y,
        Op::Power => power(x, y),
        _ => return None,
    }))
}
