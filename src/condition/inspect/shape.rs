//! A part of a condition into how it hangs on the result: a constant, one element times a factor, a count, the list.

use std::sync::Arc;

use crate::condition::ast::{Ast, Id, Loop, LoopNode, NodeKind, Op, Pointer, Unary};
use crate::condition::builtins;

/// Deeper parts are taken for unknown.
const DEPTH: usize = 48;

/// `factor * element + offset`
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Linear {
    pub(super) factor: f64,
    pub(super) offset: f64,
}

impl Linear {
    const IDENTITY: Linear = Linear {
        factor: 1.0,
        offset: 0.0,
    };

    pub(super) fn is_identity(self) -> bool {
        self == Linear::IDENTITY
    }

    /// The element that makes it `value`.
    pub(super) fn solve(self, value: f64) -> Vec<f64> {
        let element = (value - self.offset) / self.factor;
        if element.is_finite() {
            // -0 is 0.
            vec![element + 0.0]
        } else {
            Vec::new()
        }
    }

    fn scaled(self, by: f64) -> Self {
        Linear {
            factor: self.factor * by,
            offset: self.offset * by,
        }
    }

    fn moved(self, by: f64) -> Self {
        Linear {
            offset: self.offset + by,
            ..self
        }
    }
}

/// How a part of a condition hangs on the result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    /// A number of the text.
    Constant(f64),
    /// `result` itself: a number or a list of numbers.
    Result,
    /// A list, each element made of one of the result's.
    List(Linear),
    /// Made of one element.
    Linear(Linear),
    /// The absolute value of that.
    Absolute(Linear),
    /// A count of elements.
    Length,
    /// Anything else.
    Other,
}

impl Shape {
    /// What its elements are, for a list; a scalar is its own only element.
    pub(super) fn element(self) -> Option<Linear> {
        match self {
            Shape::Result => Some(Linear::IDENTITY),
            Shape::List(linear) => Some(linear),
            _ => None,
        }
    }

    /// As a number.
    fn number(self) -> Option<Linear> {
        match self {
            Shape::Result => Some(Linear::IDENTITY),
            Shape::Linear(linear) => Some(linear),
            _ => None,
        }
    }

    /// One of its elements.
    fn one_element(self) -> Shape {
        self.element().map_or(Shape::Other, Shape::Linear)
    }

    /// Some of its elements, in whatever order.
    fn some_elements(self) -> Shape {
        self.element().map_or(Shape::Other, Shape::List)
    }
}

/// What the names and `#` mean at a place: the innermost of a chain of scopes, none outside of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Scope(Option<usize>);

#[derive(Debug)]
enum Meaning {
    Variable(Arc<str>, Shape),
    /// `#` of a predicate.
    Element(Shape),
}

/// Tells shapes.
pub(super) struct Shapes<'a> {
    pub(super) ast: &'a Ast,
    scopes: Vec<(Meaning, Scope)>,
}

impl<'a> Shapes<'a> {
    pub(super) fn new(ast: &'a Ast) -> Self {
        Shapes {
            ast,
            scopes: Vec::new(),
        }
    }

    /// The scope behind `let name = value;`.
    pub(super) fn with_variable(&mut self, scope: Scope, name: &Arc<str>, value: Id) -> Scope {
        let shape = self.of(value, scope);
        self.inside(Meaning::Variable(name.clone(), shape), scope)
    }

    /// The scope of a call's predicate.
    pub(super) fn with_elements(&mut self, scope: Scope, node: &LoopNode) -> Scope {
        let shape = match node.call {
            Loop::Reduce => Shape::Other,
            _ => self.of(node.collection, scope).one_element(),
        };
        self.inside(Meaning::Element(shape), scope)
    }

    fn inside(&mut self, meaning: Meaning, scope: Scope) -> Scope {
        self.scopes.push((meaning, scope));
        Scope(Some(self.scopes.len() - 1))
    }

    /// How the part under `id` hangs on the result.
    pub(super) fn of(&mut self, id: Id, scope: Scope) -> Shape {
        self.shape(id, scope, DEPTH)
    }

    fn shape(&mut self, id: Id, scope: Scope, depth: usize) -> Shape {
        let Some(depth) = depth.checked_sub(1) else {
            return Shape::Other;
        };
        match self.ast.kind(id) {
            NodeKind::Int(number) => Shape::Constant(*number as f64),
            NodeKind::Float(number) => Shape::Constant(*number),
            NodeKind::Name(name) => self.name(name, scope),
            NodeKind::Pointer(Pointer::Item) => self.element(scope),
            NodeKind::Chain(inner) => self.shape(*inner, scope, depth),
            NodeKind::Unary(op, operand) => {
                let operand = self.shape(*operand, scope, depth);
                match op {
                    Unary::Not => Shape::Other,
                    Unary::Plus => operand,
                    Unary::Minus => times(operand, -1.0),
                }
            }
            NodeKind::Binary(op, left, right) if is_arithmetic(*op) => {
                let left = self.shape(*left, scope, depth);
                let right = self.shape(*right, scope, depth);
                arithmetic(*op, left, right)
            }
            NodeKind::Member { base, property, .. } => {
                let base = self.shape(*base, scope, depth);
                match self.ast.kind(*property) {
                    NodeKind::Text(_) => Shape::Other,
                    _ => base.one_element(),
                }
            }
            NodeKind::Slice { base, .. } => self.shape(*base, scope, depth).some_elements(),
            NodeKind::Builtin {
                function,
                arguments,
            } => self.builtin(builtins::get(*function).name, arguments, scope, depth),
            NodeKind::Loop(node) => self.predicate_call(node, scope, depth),
            NodeKind::Call { callee, arguments } => match self.ast.kind(*callee) {
                NodeKind::Name(name) => match (&**name, arguments.as_slice()) {
                    // Argo's `default` gives the result, whatever its first argument is.
                    ("default", [_, _]) => Shape::Result,
                    ("asInt" | "asFloat", [argument]) => self.shape(*argument, scope, depth),
                    _ => Shape::Other,
                },
                _ => Shape::Other,
            },
            NodeKind::Sequence(parts) => match parts.last() {
                Some(last) => self.shape(*last, scope, depth),
                None => Shape::Other,
            },
            _ => Shape::Other,
        }
    }

    fn name(&self, name: &str, scope: Scope) -> Shape {
        let mut at = scope;
        while let Some((meaning, outer)) = at.0.and_then(|index| self.scopes.get(index)) {
            match meaning {
                Meaning::Variable(own, shape) if **own == *name => return *shape,
                _ => at = *outer,
            }
        }
        match name {
            "result" => Shape::Result,
            _ => Shape::Other,
        }
    }

    fn element(&self, scope: Scope) -> Shape {
        let mut at = scope;
        while let Some((meaning, outer)) = at.0.and_then(|index| self.scopes.get(index)) {
            match meaning {
                Meaning::Element(shape) => return *shape,
                Meaning::Variable(..) => at = *outer,
            }
        }
        Shape::Other
    }

    fn builtin(&mut self, name: &str, arguments: &[Id], scope: Scope, depth: usize) -> Shape {
        let Some((first, more)) = arguments.split_first() else {
            return Shape::Other;
        };
        let first = self.shape(*first, scope, depth);
        match (name, more.len()) {
            ("len", 0) if first.element().is_some() => Shape::Length,
            ("first" | "last", 0) | ("get", 1) => first.one_element(),
            ("min" | "max" | "mean" | "median", 0) => first.one_element(),
            ("sort" | "reverse" | "uniq", 0) | ("take" | "sort", 1) => first.some_elements(),
            ("float" | "int" | "round" | "floor" | "ceil", 0) => first,
            ("abs", 0) => match (first, first.number()) {
                (Shape::Constant(number), _) => Shape::Constant(number.abs()),
                (_, Some(linear)) => Shape::Absolute(linear),
                _ => Shape::Other,
            },
            _ => Shape::Other,
        }
    }

    fn predicate_call(&mut self, node: &LoopNode, scope: Scope, depth: usize) -> Shape {
        let list = self.shape(node.collection, scope, depth);
        if list.element().is_none() {
            return Shape::Other;
        }
        let made = |shapes: &mut Self| match node.predicate {
            Some(predicate) => {
                let inside = shapes.inside(Meaning::Element(list.one_element()), scope);
                shapes.shape(predicate, inside, depth).number()
            }
            None => list.element(),
        };
        match node.call {
            Loop::Count => Shape::Length,
            Loop::Filter | Loop::SortBy => list.some_elements(),
            Loop::Find | Loop::FindLast => list.one_element(),
            Loop::Sum => made(self).map_or(Shape::Other, Shape::Linear),
            Loop::Map => made(self).map_or(Shape::Other, Shape::List),
            _ => Shape::Other,
        }
    }
}

/// The sides of others are not looked at: the middle of `a < b < c` has two parents, so they could be many.
fn is_arithmetic(op: Op) -> bool {
    matches!(
        op,
        Op::Coalesce | Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Power | Op::Modulo
    )
}

fn times(shape: Shape, by: f64) -> Shape {
    match (shape, shape.number()) {
        (Shape::Constant(number), _) => Shape::Constant(number * by),
        (_, Some(linear)) if by != 0.0 => Shape::Linear(linear.scaled(by)),
        _ => Shape::Other,
    }
}

fn plus(shape: Shape, by: f64) -> Shape {
    match (shape, shape.number()) {
        (Shape::Constant(number), _) => Shape::Constant(number + by),
        (_, Some(linear)) => Shape::Linear(linear.moved(by)),
        _ => Shape::Other,
    }
}

fn arithmetic(op: Op, left: Shape, right: Shape) -> Shape {
    match (op, left, right) {
        (Op::Coalesce, left, _) => left,
        (Op::Add, shape, Shape::Constant(by)) | (Op::Add, Shape::Constant(by), shape) => {
            plus(shape, by)
        }
        (Op::Subtract, shape, Shape::Constant(by)) => plus(shape, -by),
        (Op::Subtract, Shape::Constant(from), shape) => plus(times(shape, -1.0), from),
        (Op::Multiply, shape, Shape::Constant(by)) | (Op::Multiply, Shape::Constant(by), shape) => {
            times(shape, by)
        }
        (Op::Divide, Shape::Constant(number), Shape::Constant(by)) => Shape::Constant(number / by),
        (Op::Divide, shape, Shape::Constant(by)) if by != 0.0 => match shape.number() {
            Some(linear) => Shape::Linear(Linear {
                factor: linear.factor / by,
                offset: linear.offset / by,
            }),
            None => Shape::Other,
        },
        (Op::Power, Shape::Constant(base), Shape::Constant(by)) => Shape::Constant(base.powf(by)),
        (Op::Modulo, Shape::Constant(number), Shape::Constant(by)) if by != 0.0 => {
            Shape::Constant(number % by)
        }
        _ => Shape::Other,
    }
}
