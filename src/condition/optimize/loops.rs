//! Calls with predicates into cheaper ones: the visitors `filter_*`, `predicate_combination`, `sum_*`, `count_*` of expr.

use super::replace;
use crate::condition::ast::{Ast, Id, Loop, LoopNode, NodeKind, Op, Pointer};
use crate::condition::builtins;
use crate::condition::types::Type;

fn loop_of(ast: &Ast, id: Id, call: Loop) -> Option<LoopNode> {
    match ast.kind(id) {
        NodeKind::Loop(node) if node.call == call => Some(node.clone()),
        _ => None,
    }
}

fn int(ast: &Ast, id: Id) -> Option<i64> {
    match ast.kind(id) {
        NodeKind::Int(n) => Some(*n),
        _ => None,
    }
}

/// The only argument of a call of `name` on a filter.
fn filter_in_call(ast: &Ast, id: Id, name: &str) -> Option<LoopNode> {
    let NodeKind::Builtin {
        function,
        arguments,
    } = ast.kind(id)
    else {
        return None;
    };
    match arguments.as_slice() {
        [argument] if builtins::get(*function).name == name => {
            loop_of(ast, *argument, Loop::Filter)
        }
        _ => None,
    }
}

/// `map(filter(x, p), f)`: one loop, unless `f` asks for the index.
pub(super) fn filter_map(ast: &mut Ast, id: Id) {
    let Some(map) = loop_of(ast, id, Loop::Map) else {
        return;
    };
    let (Some(mut filter), Some(body)) =
        (loop_of(ast, map.collection, Loop::Filter), map.predicate)
    else {
        return;
    };
    let asks_index = super::post_order(ast, body)
        .into_iter()
        .any(|id| matches!(ast.kind(id), NodeKind::Pointer(Pointer::Index)));
    if asks_index || filter.map.is_some() {
        return;
    }
    filter.map = Some(body);
    ast.get_mut(id).kind = NodeKind::Loop(filter);
}

/// `len(filter(x, p))` is `count(x, p)`.
pub(super) fn filter_len(ast: &mut Ast, id: Id) {
    if let Some(mut filter) = filter_in_call(ast, id, "len") {
        filter.call = Loop::Count;
        filter.map = None;
        ast.get_mut(id).kind = NodeKind::Loop(filter);
    }
}

/// `filter(x, p)[-1]` and `last(filter(x, p))`.
pub(super) fn filter_last(ast: &mut Ast, id: Id) {
    filter_end(ast, id, -1, "last", Loop::FindLast);
}

/// `filter(x, p)[0]` and `first(filter(x, p))`.
pub(super) fn filter_first(ast: &mut Ast, id: Id) {
    filter_end(ast, id, 0, "first", Loop::Find);
}

fn filter_end(ast: &mut Ast, id: Id, index: i64, name: &str, find: Loop) {
    let indexed = match *ast.kind(id) {
        NodeKind::Member {
            base,
            property,
            optional: false,
            ..
        } if int(ast, property) == Some(index) => loop_of(ast, base, Loop::Filter),
        _ => None,
    };
    let throws = indexed.is_some();
    if let Some(mut filter) = indexed.or_else(|| filter_in_call(ast, id, name)) {
        filter.call = find;
        filter.throws = throws;
        ast.get_mut(id).kind = NodeKind::Loop(filter);
    }
}

/// `all(x, p) && all(x, q)` is `all(x, p && q)`; so for `any` with `||` and `none`.
pub(super) fn combined_predicates(ast: &mut Ast, id: Id) {
    let NodeKind::Binary(op, left, right) = *ast.kind(id) else {
        return;
    };
    let (NodeKind::Loop(a), NodeKind::Loop(b)) = (ast.kind(left), ast.kind(right)) else {
        return;
    };
    let inner = match (a.call, op) {
        (Loop::All, Op::And) => Op::And,
        (Loop::Any, Op::Or) | (Loop::None, Op::And) => Op::Or,
        _ => return,
    };
    let (Some(p), Some(q)) = (a.predicate, b.predicate) else {
        return;
    };
    let types = [a, b].map(|node| ast.get(node.collection).ty.clone().plain());
    if a.call != b.call || types[0] != types[1] || !ast.same(a.collection, b.collection) {
        return;
    }
    let mut node = a.clone();
    let span = ast.get(id).span;
    let both = ast.add(NodeKind::Binary(inner, p, q), span);
    combined_predicates(ast, both);
    node.predicate = Some(both);
    ast.get_mut(id).kind = NodeKind::Loop(node);
}

/// The ends of a range of literals that is not empty.
fn literal_range(ast: &Ast, id: Id) -> Option<(i64, i64)> {
    let NodeKind::Binary(Op::Range, from, to) = *ast.kind(id) else {
        return None;
    };
    let (from, to) = (int(ast, from)?, int(ast, to)?);
    (to >= from).then_some((from, to))
}

/// Sums over ranges of literals by formula, wrapping as Go's ints do.
pub(super) fn sum_range(ast: &mut Ast, id: Id) {
    let NodeKind::Loop(node) = ast.kind(id) else {
        return;
    };
    let Some((from, to)) = literal_range(ast, node.collection) else {
        return;
    };
    let count = to.wrapping_sub(from).wrapping_add(1);
    let sum = count.wrapping_mul(from.wrapping_add(to)) / 2;
    let result = match (node.call, node.predicate, node.extra) {
        (Loop::Sum, None, _) => Some(sum),
        (Loop::Sum, Some(predicate), _) => sum_of(ast, predicate, sum, count),
        (Loop::Reduce, Some(predicate), extra) if adds_to_acc(ast, predicate) => match extra {
            None => Some(sum),
            Some(first) => int(ast, first).map(|first| first.wrapping_add(sum)),
        },
        _ => None,
    };
    if let Some(result) = result {
        replace(ast, id, NodeKind::Int(result), Type::Int);
    }
}

fn is_pointer(ast: &Ast, id: Id, pointer: Pointer) -> bool {
    matches!(ast.kind(id), NodeKind::Pointer(own) if *own == pointer)
}

fn adds_to_acc(ast: &Ast, predicate: Id) -> bool {
    let NodeKind::Binary(Op::Add, left, right) = *ast.kind(predicate) else {
        return false;
    };
    let are = |a, b| is_pointer(ast, left, a) && is_pointer(ast, right, b);
    are(Pointer::Item, Pointer::Acc) || are(Pointer::Acc, Pointer::Item)
}

fn sum_of(ast: &Ast, predicate: Id, sum: i64, count: i64) -> Option<i64> {
    if is_pointer(ast, predicate, Pointer::Item) {
        return Some(sum);
    }
    let NodeKind::Binary(op, left, right) = *ast.kind(predicate) else {
        return None;
    };
    let (constant, item_left) = if is_pointer(ast, left, Pointer::Item) {
        (int(ast, right)?, true)
    } else if is_pointer(ast, right, Pointer::Item) {
        (int(ast, left)?, false)
    } else {
        return None;
    };
    let constants = count.wrapping_mul(constant);
    match op {
        Op::Multiply => Some(constant.wrapping_mul(sum)),
        Op::Add => Some(sum.wrapping_add(constants)),
        Op::Subtract if item_left => Some(sum.wrapping_sub(constants)),
        Op::Subtract => Some(constants.wrapping_sub(sum)),
        _ => None,
    }
}

/// `sum([a, b, c])` is `a + (b + c)`.
pub(super) fn sum_array(ast: &mut Ast, id: Id) {
    let Some(sum) = loop_of(ast, id, Loop::Sum).filter(|sum| sum.predicate.is_none()) else {
        return;
    };
    if let NodeKind::Array(nodes) = ast.kind(sum.collection)
        && nodes.len() >= 2
    {
        ast.get_mut(id).kind = NodeKind::SumOf(nodes.clone());
    }
}

/// `sum(map(x, f))` is `sum(x, f)`.
pub(super) fn sum_map(ast: &mut Ast, id: Id) {
    let Some(sum) = loop_of(ast, id, Loop::Sum).filter(|sum| sum.predicate.is_none()) else {
        return;
    };
    if let Some(mut map) = loop_of(ast, sum.collection, Loop::Map) {
        map.call = Loop::Sum;
        ast.get_mut(id).kind = NodeKind::Loop(map);
    }
}

fn counted(ast: &Ast, id: Id) -> Option<(Op, Id, i64)> {
    let NodeKind::Binary(op, left, right) = *ast.kind(id) else {
        return None;
    };
    loop_of(ast, left, Loop::Count)?.predicate?;
    Some((op, left, int(ast, right)?))
}

/// `count(x, p) > 0` is `any(x, p)`.
pub(super) fn count_any(ast: &mut Ast, id: Id) {
    let Some((Op::More, count, 0) | (Op::MoreEqual, count, 1)) = counted(ast, id) else {
        return;
    };
    if let Some(mut node) = loop_of(ast, count, Loop::Count) {
        node.call = Loop::Any;
        ast.get_mut(id).kind = NodeKind::Loop(node);
    }
}

/// `count(x, p) > n` stops counting when it knows.
pub(super) fn count_threshold(ast: &mut Ast, id: Id) {
    let Some((op, count, n)) = counted(ast, id).filter(|(_, _, n)| *n >= 0) else {
        return;
    };
    let threshold = match op {
        Op::More | Op::LessEqual => n.wrapping_add(1),
        Op::MoreEqual | Op::Less => n,
        _ => return,
    };
    if threshold > 1
        && let NodeKind::Loop(node) = &mut ast.get_mut(count).kind
    {
        node.threshold = Some(threshold);
    }
}
