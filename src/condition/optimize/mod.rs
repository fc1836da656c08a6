//! A checked tree into the tree that runs: expr's `optimizer`, in its order.
//!
//! The rewriting is part of the language: it decides which operands are looked at, and so which conditions fail.

mod fold;
mod loops;

use std::collections::BTreeMap;

use super::ConditionError;
use super::ast::{Ast, Id, NodeKind, Op};
use super::builtins;
use super::types::{Kind, Type};
use super::value::{Key, Map, MapKind, Value};

/// expr folds until nothing changes, at most so often.
const ROUNDS: usize = 1000;

/// Rewrites the tree under `root` in place.
pub(super) fn optimize(ast: &mut Ast, root: Id) -> Result<(), ConditionError> {
    let has_more = asks_for_more(ast);
    if has_more {
        pass(ast, root, in_array);
    }
    let mut visits = 0;
    for _ in 0..ROUNDS {
        let mut changed = false;
        for id in post_order(ast, root) {
            changed |= fold::fold(ast, id)?;
            visits += 1;
        }
        if !changed || visits > super::limits::VISITS {
            break;
        }
    }
    if !has_more {
        return Ok(());
    }
    pass(ast, root, in_range);
    pass(ast, root, loops::filter_map);
    pass(ast, root, loops::filter_len);
    pass(ast, root, loops::filter_last);
    pass(ast, root, loops::filter_first);
    pass(ast, root, loops::combined_predicates);
    pass(ast, root, loops::sum_range);
    pass(ast, root, loops::sum_array);
    pass(ast, root, loops::sum_map);
    pass(ast, root, loops::count_any);
    pass(ast, root, loops::count_threshold);
    Ok(())
}

/// Whether something is there that passes beside the folding look for: `in`, a loop, `sum`. Folding makes none of them.
fn asks_for_more(ast: &Ast) -> bool {
    ast.kinds().any(|kind| match kind {
        NodeKind::Binary(Op::In, ..) | NodeKind::Loop(_) => true,
        NodeKind::Builtin { function, .. } => builtins::get(*function).name == "sum",
        _ => false,
    })
}

fn pass(ast: &mut Ast, root: Id, visit: impl Fn(&mut Ast, Id)) {
    for id in post_order(ast, root) {
        visit(ast, id);
    }
}

/// Children before parents, each node once.
pub(super) fn post_order(ast: &Ast, root: Id) -> Vec<Id> {
    let mut seen = vec![false; ast.len()];
    let mut order = Vec::new();
    let mut open = vec![(root, false)];
    while let Some((id, below_done)) = open.pop() {
        if below_done {
            order.push(id);
            continue;
        }
        if std::mem::replace(&mut seen[id as usize], true) {
            continue;
        }
        open.push((id, true));
        let children = ast.kind(id).children();
        open.extend(children.into_iter().rev().map(|child| (child, false)));
    }
    order
}

fn replace(ast: &mut Ast, id: Id, kind: NodeKind, ty: Type) {
    let node = ast.get_mut(id);
    node.kind = kind;
    node.ty = ty;
}

/// `x in [1, 2]` looks into a set: whole numbers for an int, strings for anything.
fn in_array(ast: &mut Ast, id: Id) {
    let NodeKind::Binary(Op::In, left, right) = *ast.kind(id) else {
        return;
    };
    let NodeKind::Array(nodes) = ast.kind(right) else {
        return;
    };
    if nodes.is_empty() {
        return;
    }
    let mut entries = BTreeMap::new();
    let ints = ast.get(left).ty.kind() == Kind::Int
        && nodes
            .iter()
            .all(|node| matches!(ast.kind(*node), NodeKind::Int(_)));
    for node in nodes {
        let key = match ast.kind(*node) {
            NodeKind::Int(n) if ints => Key::Int(*n),
            NodeKind::Text(text) if !ints => Key::Text(text.clone()),
            _ => return,
        };
        entries.insert(key, Value::Nil);
    }
    let kind = if ints { MapKind::Ints } else { MapKind::Texts };
    let Ok(set) = Map::value(kind, entries) else {
        return;
    };
    let span = ast.get(right).span;
    let set = ast.add(NodeKind::Constant(set), span);
    ast.get_mut(id).kind = NodeKind::Binary(Op::In, left, set);
}

/// `n in 1..5` is `n >= 1 and n <= 5` for an int.
fn in_range(ast: &mut Ast, id: Id) {
    let NodeKind::Binary(Op::In, left, right) = *ast.kind(id) else {
        return;
    };
    let NodeKind::Binary(Op::Range, from, to) = *ast.kind(right) else {
        return;
    };
    let constant = |id: Id| matches!(ast.kind(id), NodeKind::Int(_));
    if ast.get(left).ty.kind() != Kind::Int || !constant(from) || !constant(to) {
        return;
    }
    let span = ast.get(id).span;
    let low = ast.add(NodeKind::Binary(Op::MoreEqual, left, from), span);
    let high = ast.add(NodeKind::Binary(Op::LessEqual, left, to), span);
    ast.get_mut(id).kind = NodeKind::Binary(Op::And, low, high);
}
