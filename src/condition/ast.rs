//! A parsed condition: nodes in one arena, children named by index, so that nothing recurses to drop it and
//! `a < b < c` can use `b` twice.

use std::sync::Arc;

use super::types::Type;
use super::value::Value;

/// A node's place in the arena.
pub(super) type Id = u32;

/// All nodes of one condition.
#[derive(Debug, Default)]
pub(super) struct Ast {
    nodes: Vec<Node>,
}

/// One node.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// Byte range in the source.
    pub(super) span: (u32, u32),
    /// What the checker found; `Type::Unknown` where it did not look.
    pub(super) ty: Type,
    /// Levels below and with this node, a chain of operators counted once.
    pub(super) depth: u16,
}

/// What `#` stands for in a predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pointer {
    Item,
    Index,
    Acc,
    /// `#name` that expr does not know; the checker refuses it.
    Other,
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    More,
    LessEqual,
    MoreEqual,
    In,
    Matches,
    Contains,
    StartsWith,
    EndsWith,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Coalesce,
}

impl Op {
    /// As written in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Op::Or => "||",
            Op::And => "&&",
            Op::Equal => "==",
            Op::NotEqual => "!=",
            Op::Less => "<",
            Op::More => ">",
            Op::LessEqual => "<=",
            Op::MoreEqual => ">=",
            Op::In => "in",
            Op::Matches => "matches",
            Op::Contains => "contains",
            Op::StartsWith => "startsWith",
            Op::EndsWith => "endsWith",
            Op::Range => "..",
            Op::Add => "+",
            Op::Subtract => "-",
            Op::Multiply => "*",
            Op::Divide => "/",
            Op::Modulo => "%",
            Op::Power => "**",
            Op::Coalesce => "??",
        }
    }

    /// Whether it sets its sides against each other, `in`, `matches` and the like included.
    pub(super) fn compares(self) -> bool {
        self.is_order()
            || matches!(
                self,
                Op::Equal
                    | Op::NotEqual
                    | Op::In
                    | Op::Matches
                    | Op::Contains
                    | Op::StartsWith
                    | Op::EndsWith
            )
    }

    /// `<`, `>`, `<=`, `>=`: these chain.
    pub(super) fn is_order(self) -> bool {
        matches!(self, Op::Less | Op::More | Op::LessEqual | Op::MoreEqual)
    }
}

/// A unary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Minus,
    Plus,
}

/// Calls that run a predicate over a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loop {
    All,
    None,
    Any,
    One,
    Filter,
    Map,
    Count,
    Sum,
    Find,
    FindIndex,
    FindLast,
    FindLastIndex,
    GroupBy,
    SortBy,
    Reduce,
}

/// A call with a predicate, and what the rewriting made of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LoopNode {
    pub(super) call: Loop,
    pub(super) collection: Id,
    pub(super) predicate: Option<Id>,
    /// `sortBy`'s order, `reduce`'s first value.
    pub(super) extra: Option<Id>,
    /// What `filter` and `find` give instead of the element.
    pub(super) map: Option<Id>,
    /// `find` made of `filter(…)[0]` fails where nothing is found.
    pub(super) throws: bool,
    /// `count` stops at this number.
    pub(super) threshold: Option<i64>,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum NodeKind {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<[u8]>),
    Bytes(Arc<[u8]>),
    /// A folded array, or the set that `in` looks into.
    Constant(Value),
    Name(Arc<str>),
    Unary(Unary, Id),
    Binary(Op, Id, Id),
    /// `?.` reaches to the end of this chain.
    Chain(Id),
    Member {
        base: Id,
        property: Id,
        optional: bool,
        method: bool,
    },
    Slice {
        base: Id,
        from: Option<Id>,
        to: Option<Id>,
    },
    Call {
        callee: Id,
        arguments: Vec<Id>,
    },
    /// A builtin by its place in the table.
    Builtin {
        function: usize,
        arguments: Vec<Id>,
    },
    Loop(LoopNode),
    Pointer(Pointer),
    Let {
        name: Arc<str>,
        value: Id,
        body: Id,
    },
    Sequence(Vec<Id>),
    Conditional {
        condition: Id,
        then: Id,
        otherwise: Id,
    },
    Array(Vec<Id>),
    Map(Vec<(Id, Id)>),
    /// `matches` with a pattern that is known: its place among the program's patterns.
    MatchesPattern(Id, usize),
    /// `a + (b + c)`, from the right; made of `sum([a, b, c])`.
    SumOf(Vec<Id>),
}

impl NodeKind {
    /// The nodes directly below, in the order in which expr walks them.
    pub(super) fn children(&self) -> Vec<Id> {
        match self {
            NodeKind::Unary(_, id) | NodeKind::Chain(id) | NodeKind::MatchesPattern(id, _) => {
                vec![*id]
            }
            NodeKind::Binary(_, left, right) => vec![*left, *right],
            NodeKind::Member { base, property, .. } => vec![*base, *property],
            NodeKind::Slice { base, from, to } => {
                [Some(*base), *from, *to].into_iter().flatten().collect()
            }
            NodeKind::Call { callee, arguments } => {
                let mut ids = vec![*callee];
                ids.extend(arguments);
                ids
            }
            NodeKind::Builtin { arguments, .. } => arguments.clone(),
            NodeKind::Loop(node) => [Some(node.collection), node.predicate, node.extra]
                .into_iter()
                .flatten()
                .collect(),
            NodeKind::Let { value, body, .. } => vec![*value, *body],
            NodeKind::Sequence(ids) | NodeKind::Array(ids) | NodeKind::SumOf(ids) => ids.clone(),
            NodeKind::Conditional {
                condition,
                then,
                otherwise,
            } => vec![*condition, *then, *otherwise],
            NodeKind::Map(pairs) => pairs.iter().flat_map(|(k, v)| [*k, *v]).collect(),
            _ => Vec::new(),
        }
    }
}

impl Ast {
    pub(super) fn get(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    pub(super) fn get_mut(&mut self, id: Id) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    pub(super) fn kind(&self, id: Id) -> &NodeKind {
        &self.get(id).kind
    }

    pub(super) fn kinds(&self) -> impl Iterator<Item = &NodeKind> {
        self.nodes.iter().map(|node| &node.kind)
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Adds a node over existing ones; its depth follows from theirs.
    pub(super) fn add(&mut self, kind: NodeKind, span: (u32, u32)) -> Id {
        let depth = match &kind {
            // The left side is walked in a loop.
            NodeKind::Binary(_, left, right) => {
                let spine = matches!(self.kind(*left), NodeKind::Binary(..));
                let left = self.get(*left).depth + u16::from(!spine);
                left.max(self.get(*right).depth + 1)
            }
            kind => {
                let below = kind.children().into_iter().map(|id| self.get(id).depth);
                below.max().unwrap_or(0) + 1
            }
        };
        self.nodes.push(Node {
            kind,
            span,
            ty: Type::Unknown,
            depth,
        });
        (self.nodes.len() - 1) as Id
    }

    /// `id` and the binary nodes down its left side, outermost first; and the node left of them all.
    pub(super) fn spine(&self, id: Id) -> (Vec<Id>, Id) {
        let mut spine = Vec::new();
        let mut at = id;
        while let NodeKind::Binary(_, left, _) = self.kind(at) {
            spine.push(at);
            at = *left;
        }
        (spine, at)
    }

    /// Whether two trees read the same; `false` also where telling would take too long.
    pub(super) fn same(&self, a: Id, b: Id) -> bool {
        let mut open = vec![(a, b)];
        let mut looks = 0;
        while let Some((a, b)) = open.pop() {
            looks += 1;
            if a == b {
                continue;
            }
            let (left, right) = (self.kind(a).children(), self.kind(b).children());
            if looks > super::limits::NODES
                || left.len() != right.len()
                || !same_head(self.kind(a), self.kind(b))
            {
                return false;
            }
            open.extend(left.into_iter().zip(right));
        }
        true
    }
}

fn same_head(a: &NodeKind, b: &NodeKind) -> bool {
    match (a, b) {
        (NodeKind::Bool(x), NodeKind::Bool(y)) => x == y,
        (NodeKind::Int(x), NodeKind::Int(y)) => x == y,
        (NodeKind::Float(x), NodeKind::Float(y)) => x == y,
        (NodeKind::Text(x), NodeKind::Text(y)) => x == y,
        (NodeKind::Bytes(x), NodeKind::Bytes(y)) => x == y,
        (NodeKind::Constant(x), NodeKind::Constant(y)) => super::compare::same(x, y),
        (NodeKind::Name(x), NodeKind::Name(y)) => x == y,
        (NodeKind::Unary(x, _), NodeKind::Unary(y, _)) => x == y,
        (NodeKind::Binary(x, ..), NodeKind::Binary(y, ..)) => x == y,
        (NodeKind::Member { optional: x, .. }, NodeKind::Member { optional: y, .. }) => x == y,
        (NodeKind::Slice { from: x, .. }, NodeKind::Slice { from: y, .. }) => {
            x.is_some() == y.is_some()
        }
        (NodeKind::Builtin { function: x, .. }, NodeKind::Builtin { function: y, .. }) => x == y,
        (NodeKind::Loop(x), NodeKind::Loop(y)) => {
            x.call == y.call && x.map == y.map && x.throws == y.throws
        }
        (NodeKind::Pointer(x), NodeKind::Pointer(y)) => x == y,
        (NodeKind::Let { name: x, .. }, NodeKind::Let { name: y, .. }) => x == y,
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}
