//! A condition's text into what it looks at: its comparisons with numbers, the series that it picks, the functions that it
//! calls.
//!
//! The tree is taken as it is written: unchecked, so that it can be asked before the type of the result is known, and not
//! rewritten, so that every part stands where the author wrote it.

mod shape;
#[cfg(test)]
mod tests;

use super::ConditionError;
use super::ast::{Ast, Id, Loop, NodeKind, Op};
use super::builtins;
use super::check::Env;
use super::parser;
use super::types::Type;
use crate::text::span::Span;
use shape::{Scope, Shape, Shapes};

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Looks {
    /// In text order.
    pub comparisons: Vec<Compared>,
    /// Constant indices that read one series of the result, with the bytes of the whole access: `result[0]`,
    /// `result[-1]`, `first(result)` (0), `last(result)` (-1).
    pub indices: Vec<(i64, Span)>,
    /// The functions that it calls, each once, in text order: `len`, `isNaN`, `all`.
    pub calls: Vec<String>,
    /// Whether it compares something with something else that is neither a number nor made of one element of the result by
    /// sums and products with constants: then the numbers above do not tell where it turns.
    pub is_opaque: bool,
    /// Whether it compares something with a text of its own.
    pub compares_text: bool,
}

/// A comparison with a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// What is compared.
    pub operand: Looked,
    /// The operator as it reads with the operand on its left: `<`, `<=`, `>`, `>=`, `==`, `!=`.
    pub operator: &'static str,
    /// The number.
    pub value: f64,
    /// The number's bytes.
    pub span: Span,
    /// Where the result, or an element, makes both sides equal: the number itself, 0.95 for `result[0] * 100 >= 95`, two of
    /// them under `abs`, none where that is not known.
    pub turns: Vec<f64>,
}

/// What is compared with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// The result, an element of it, or what equals the element where there is but one: its sum, its mean.
    Value,
    /// How many elements there are, or how many of some kind.
    Length,
    /// Anything else.
    Other,
}

/// What `text` looks at; the error of a text that is no condition at all.
pub fn inspect(text: &str) -> Result<Looks, ConditionError> {
    let env = Env::Condition(Type::Any);
    let (ast, root) = parser::parse(text, &|name| env.get(name).is_some())?;
    let mut seeker = Seeker {
        shapes: Shapes::new(&ast),
        looks: Looks::default(),
        calls: Vec::new(),
    };
    seeker.seek(root);
    let Seeker {
        mut looks,
        mut calls,
        ..
    } = seeker;
    looks.comparisons.sort_by_key(|compared| compared.span);
    looks.indices.sort_by_key(|(_, span)| *span);
    calls.sort_by_key(|(at, _)| *at);
    for (_, name) in calls {
        if !looks.calls.contains(&name) {
            looks.calls.push(name);
        }
    }
    Ok(looks)
}

struct Seeker<'a> {
    shapes: Shapes<'a>,
    looks: Looks,
    calls: Vec<(u32, String)>,
}

impl<'a> Seeker<'a> {
    /// Every node once; `a < b < c` has two parents for `b`.
    fn seek(&mut self, root: Id) {
        let ast = self.shapes.ast;
        let mut seen = vec![false; ast.len()];
        let mut open: Vec<(Id, Scope)> = vec![(root, Scope::default())];
        while let Some((id, scope)) = open.pop() {
            if std::mem::replace(&mut seen[id as usize], true) {
                continue;
            }
            self.look(id, scope);
            match ast.kind(id) {
                NodeKind::Let { name, value, body } => {
                    open.push((*body, self.shapes.with_variable(scope, name, *value)));
                    open.push((*value, scope));
                }
                NodeKind::Loop(node) => {
                    if let Some(predicate) = node.predicate {
                        open.push((predicate, self.shapes.with_elements(scope, node)));
                    }
                    open.extend(node.extra.map(|extra| (extra, scope)));
                    open.push((node.collection, scope));
                }
                kind => open.extend(kind.children().into_iter().map(|child| (child, scope))),
            }
        }
    }

    fn look(&mut self, id: Id, scope: Scope) {
        let ast = self.shapes.ast;
        match ast.kind(id) {
            NodeKind::Binary(op, left, right) => self.compared(*op, *left, *right, scope),
            NodeKind::Member { base, property, .. } => {
                if self.shapes.of(*base, scope) == Shape::Result
                    && let Shape::Constant(index) = self.shapes.of(*property, scope)
                    && index.fract() == 0.0
                {
                    self.looks.indices.push((index as i64, span(ast, id)));
                }
            }
            NodeKind::Builtin {
                function,
                arguments,
            } => {
                let name = builtins::get(*function).name;
                let index = match (name, arguments.as_slice()) {
                    ("first", [_]) => Some(0),
                    ("last", [_]) => Some(-1),
                    ("get", [_, index]) => match self.shapes.of(*index, scope) {
                        Shape::Constant(index) if index.fract() == 0.0 => Some(index as i64),
                        _ => None,
                    },
                    _ => None,
                };
                if let Some(index) = index
                    && self.shapes.of(arguments[0], scope) == Shape::Result
                {
                    self.looks.indices.push((index, span(ast, id)));
                }
                self.called(id, name);
            }
            NodeKind::Loop(node) => self.called(id, loop_name(node.call)),
            NodeKind::Call { callee, .. } => {
                if let NodeKind::Name(name) = ast.kind(*callee) {
                    self.called(id, name);
                }
            }
            _ => {}
        }
    }

    fn called(&mut self, id: Id, name: &str) {
        let at = self.shapes.ast.get(id).span.0;
        self.calls.push((at, name.to_owned()));
    }

    fn compared(&mut self, op: Op, left: Id, right: Id, scope: Scope) {
        let ast = self.shapes.ast;
        let is_text = |id: Id| matches!(ast.kind(id), NodeKind::Text(_));
        let is_list_of_texts = match ast.kind(right) {
            NodeKind::Array(items) => items.iter().any(|item| is_text(*item)),
            _ => false,
        };
        self.looks.compares_text |=
            op.compares() && (is_text(left) || is_text(right) || is_list_of_texts);
        match op {
            Op::Equal | Op::NotEqual | Op::Less | Op::More | Op::LessEqual | Op::MoreEqual => {
                match (self.shapes.of(left, scope), self.shapes.of(right, scope)) {
                    (Shape::Constant(_), Shape::Constant(_)) => {}
                    (shape, Shape::Constant(value)) => self.add(shape, op, value, right),
                    (Shape::Constant(value), shape) => self.add(shape, turned(op), value, left),
                    _ => self.looks.is_opaque = true,
                }
            }
            Op::In => match (self.shapes.of(left, scope), ast.kind(right)) {
                (shape, NodeKind::Array(items)) => {
                    for item in items {
                        match self.shapes.of(*item, scope) {
                            Shape::Constant(value) => self.add(shape, Op::Equal, value, *item),
                            _ => self.looks.is_opaque = true,
                        }
                    }
                }
                (shape, NodeKind::Binary(Op::Range, from, to)) => {
                    for (op, end) in [(Op::MoreEqual, *from), (Op::LessEqual, *to)] {
                        match self.shapes.of(end, scope) {
                            Shape::Constant(value) => self.add(shape, op, value, end),
                            _ => self.looks.is_opaque = true,
                        }
                    }
                }
                (Shape::Constant(value), _) => match self.shapes.of(right, scope).element() {
                    Some(linear) => self.add(Shape::Linear(linear), Op::Equal, value, left),
                    None => self.looks.is_opaque = true,
                },
                _ => self.looks.is_opaque = true,
            },
            Op::Matches | Op::Contains | Op::StartsWith | Op::EndsWith => {
                self.looks.is_opaque = true;
            }
            _ => {}
        }
    }

    fn add(&mut self, shape: Shape, op: Op, value: f64, number: Id) {
        let (operand, turns) = match shape {
            Shape::Result => (Looked::Value, vec![value]),
            Shape::Linear(linear) if linear.is_identity() => (Looked::Value, vec![value]),
            Shape::Linear(linear) => (Looked::Other, linear.solve(value)),
            Shape::Absolute(linear) => {
                let mut turns = linear.solve(value);
                turns.extend(linear.solve(-value));
                (Looked::Other, turns)
            }
            Shape::Length => (Looked::Length, Vec::new()),
            _ => {
                self.looks.is_opaque = true;
                (Looked::Other, Vec::new())
            }
        };
        self.looks.comparisons.push(Compared {
            operand,
            operator: op.name(),
            value,
            span: span(self.shapes.ast, number),
            turns,
        });
    }
}

fn span(ast: &Ast, id: Id) -> Span {
    let (start, end) = ast.get(id).span;
    Span::new(start as usize, end as usize)
}

/// The operator with its sides exchanged.
fn turned(op: Op) -> Op {
    match op {
        Op::Less => Op::More,
        Op::More => Op::Less,
        Op::LessEqual => Op::MoreEqual,
        Op::MoreEqual => Op::LessEqual,
        other => other,
    }
}

fn loop_name(call: Loop) -> &'static str {
    match call {
        Loop::All => "all",
        Loop::None => "none",
        Loop::Any => "any",
        Loop::One => "one",
        Loop::Filter => "filter",
        Loop::Map => "map",
        Loop::Count => "count",
        Loop::Sum => "sum",
        Loop::Find => "find",
        Loop::FindIndex => "findIndex",
        Loop::FindLast => "findLast",
        Loop::FindLastIndex => "findLastIndex",
        Loop::GroupBy => "groupBy",
        Loop::SortBy => "sortBy",
        Loop::Reduce => "reduce",
    }
}
