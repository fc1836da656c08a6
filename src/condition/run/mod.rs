//! A rewritten tree and a result into a value, as expr's `vm` runs its byte code.
//!
//! Depth is bounded by the tree's, a chain of operators is walked in a loop, and everything is charged to a budget.

mod access;
mod loops;
mod operands;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::ast::{Ast, Id, NodeKind, Op, Pointer, Unary};
use super::budget::{Budget, Fault, Ran};
use super::builtins::{self, Context};
use super::check::Env;
use super::compare;
use super::limits;
use super::types::{Callable, Type};
use super::value::{Items, Key, List, Map, MapKind, Value};
use crate::text::regexp::{self, Pattern};

pub(super) use access::fetch;
pub use operands::Operand;
pub(super) use operands::operands;

/// What a run starts from.
pub(super) struct Input<'a> {
    pub(super) ast: &'a Ast,
    pub(super) patterns: &'a [Pattern],
    pub(super) env: &'a Env,
    /// What `result` is.
    pub(super) result: Value,
    pub(super) now: Timestamp,
    /// Most steps of the run.
    pub(super) steps: u64,
}

/// Evaluates the tree under `root`.
pub(super) fn run(input: Input<'_>, root: Id) -> Ran<Value> {
    Machine::new(input).eval(root)
}

/// A collection that a predicate runs over.
struct Scope {
    source: Value,
    index: usize,
    acc: Value,
}

struct Machine<'a> {
    input: Input<'a>,
    context: Context,
    variables: Vec<(Arc<str>, Value)>,
    scopes: Vec<Scope>,
    /// A `?.` found nil: up to the end of the chain nothing more is looked at.
    broken: bool,
    /// What Go's stack holds too much: its loops from the end leave a bool behind at each step, and who wanted the
    /// value below takes that. `1 == findLastIndex(…)` fails for it.
    left_behind: Vec<Value>,
    /// `$env`, once it was asked for: a map is equal to itself.
    env: Option<Value>,
    /// The pattern compiled last while running.
    pattern: Option<(Arc<[u8]>, Arc<Pattern>)>,
}

fn not_a(value: &Value, wanted: &str) -> Fault {
    let found = match value.type_name() {
        "<nil>" => "nil",
        name => name,
    };
    Fault::new(format!(
        "interface conversion: interface {{}} is {found}, not {wanted}"
    ))
}

fn truth(value: &Value) -> Ran<bool> {
    match value {
        Value::Bool(b) => Ok(*b),
        other => Err(not_a(other, "bool")),
    }
}

/// Go's conversion of a float to an int on amd64: what does not fit is the smallest int.
pub(super) fn to_int(x: f64) -> i64 {
    const LIMIT: f64 = (1u64 << 63) as f64;
    if (-LIMIT..LIMIT).contains(&x) {
        x as i64
    } else {
        i64::MIN
    }
}

/// expr's `runtime.ToInt`.
pub(super) fn index_of(value: &Value) -> Ran<i64> {
    match value {
        Value::Float(x) => Ok(to_int(*x)),
        other => other
            .integer()
            .ok_or_else(|| Fault::new(format!("invalid operation: int({})", other.type_name()))),
    }
}

impl<'a> Machine<'a> {
    fn new(input: Input<'a>) -> Self {
        let context = Context {
            budget: Budget::new(input.steps),
            now: input.now,
        };
        Self {
            input,
            context,
            variables: Vec::new(),
            scopes: Vec::new(),
            broken: false,
            left_behind: Vec::new(),
            env: None,
            pattern: None,
        }
    }

    fn eval(&mut self, id: Id) -> Ran<Value> {
        self.context.budget.steps(1)?;
        let ast = self.input.ast;
        match ast.kind(id) {
            NodeKind::Nil => Ok(Value::Nil),
            NodeKind::Bool(b) => Ok(Value::Bool(*b)),
            NodeKind::Int(n) => Ok(Value::Int(*n)),
            NodeKind::Float(x) => Ok(Value::Float(*x)),
            NodeKind::Text(text) => Ok(Value::Text(text.clone())),
            NodeKind::Bytes(bytes) => Ok(Value::Bytes(bytes.clone())),
            NodeKind::Constant(value) => Ok(value.clone()),
            NodeKind::Name(name) => self.name(name),
            NodeKind::Unary(op, operand) => self.unary(*op, *operand),
            NodeKind::Binary(op, left, right) => self.binary(id, *op, *left, *right),
            NodeKind::Chain(inner) => self.chain(*inner),
            NodeKind::Member {
                base,
                property,
                optional,
                ..
            } => self.member(*base, *property, *optional),
            NodeKind::Slice { base, from, to } => self.slice(*base, *from, *to),
            NodeKind::Call { callee, arguments } => self.call(*callee, arguments),
            NodeKind::Builtin {
                function,
                arguments,
            } => self.builtin(*function, arguments),
            NodeKind::Loop(node) => self.run_loop(node),
            NodeKind::Pointer(pointer) => self.pointer(*pointer),
            NodeKind::Let { name, value, body } => self.declaration(name, *value, *body),
            NodeKind::Sequence(nodes) => self.sequence(nodes),
            NodeKind::Conditional {
                condition,
                then,
                otherwise,
            } => self.conditional(*condition, *then, *otherwise),
            NodeKind::Array(nodes) => self.array(nodes),
            NodeKind::Map(pairs) => self.map(pairs),
            NodeKind::MatchesPattern(operand, pattern) => self.matches_known(*operand, *pattern),
            NodeKind::SumOf(nodes) => self.sum_of(nodes),
        }
    }

    fn eval_all(&mut self, ids: &[Id]) -> Ran<Vec<Value>> {
        let base = self.left_behind.len();
        let mut stack = Vec::with_capacity(ids.len());
        for id in ids {
            let value = self.eval(*id)?;
            self.push(&mut stack, value, base);
        }
        Ok(self.top(stack, ids.len()))
    }

    /// Puts a value on a part of the stack that began when `base` values were left behind.
    fn push(&mut self, stack: &mut Vec<Value>, value: Value, base: usize) {
        stack.extend(self.left_behind.drain(base..));
        stack.push(value);
    }

    /// The uppermost values; the others stay behind.
    fn top(&mut self, mut stack: Vec<Value>, count: usize) -> Vec<Value> {
        let extra = stack.len().saturating_sub(count);
        self.left_behind.extend(stack.drain(..extra));
        stack
    }

    /// What Go takes for `value`, which was pushed when `base` values were left behind.
    fn below(&mut self, value: Value, base: usize) -> Value {
        if self.left_behind.len() == base {
            return value;
        }
        self.left_behind.insert(base, value);
        self.left_behind.pop().unwrap_or(Value::Nil)
    }

    fn name(&mut self, name: &str) -> Ran<Value> {
        if let Some((_, value)) = self.variables.iter().rev().find(|(own, _)| &**own == name) {
            return Ok(value.clone());
        }
        if name == "$env" {
            if let Some(env) = &self.env {
                return Ok(env.clone());
            }
            let env = self.env()?;
            self.env = Some(env.clone());
            return Ok(env);
        }
        Ok(match self.input.env.get(name) {
            Some(Type::Function(callable)) => Value::Function(callable),
            Some(_) => self.input.result.clone(),
            // A builtin's bare name, or one in a place that the checker does not look at.
            None => Value::Nil,
        })
    }

    fn env(&mut self) -> Ran<Value> {
        let mut entries = BTreeMap::new();
        for name in ["result"]
            .into_iter()
            .chain(Callable::ARGO.iter().map(|(name, _)| *name))
        {
            if self.input.env.get(name).is_some() {
                entries.insert(Key::Text(Arc::from(name.as_bytes())), self.name(name)?);
            }
        }
        Map::value(MapKind::Text, entries)
    }

    fn unary(&mut self, op: Unary, operand: Id) -> Ran<Value> {
        let value = self.eval(operand)?;
        Ok(match (op, value) {
            (Unary::Not, value) => Value::Bool(!truth(&value)?),
            (Unary::Plus, value) => value,
            (Unary::Minus, Value::Int(n)) => Value::Int(n.wrapping_neg()),
            (Unary::Minus, Value::Int64(n)) => Value::Int64(n.wrapping_neg()),
            (Unary::Minus, Value::Byte(n)) => Value::Byte(n.wrapping_neg()),
            (Unary::Minus, Value::Float(x)) => Value::Float(-x),
            (Unary::Minus, other) => {
                let message = format!("invalid operation: - {}", other.type_name());
                return Err(Fault::new(message));
            }
        })
    }

    fn binary(&mut self, id: Id, op: Op, left: Id, right: Id) -> Ran<Value> {
        if !matches!(self.input.ast.kind(left), NodeKind::Binary(..)) {
            let value = self.eval(left)?;
            return self.operate(op, left, right, value);
        }
        let (spine, first) = self.input.ast.spine(id);
        self.context.budget.steps(spine.len())?;
        let mut value = self.eval(first)?;
        for node in spine.into_iter().rev() {
            if let NodeKind::Binary(op, left, right) = *self.input.ast.kind(node) {
                value = self.operate(op, left, right, value)?;
            }
        }
        Ok(value)
    }

    /// An operator whose left side is known.
    fn operate(&mut self, op: Op, left_id: Id, right_id: Id, left: Value) -> Ran<Value> {
        match op {
            Op::And if !truth(&left)? => return Ok(left),
            Op::Or if truth(&left)? => return Ok(left),
            Op::Coalesce if !left.is_nil() => return Ok(left),
            Op::And | Op::Or | Op::Coalesce => return self.eval(right_id),
            _ => {}
        }
        let base = self.left_behind.len();
        let right = self.eval(right_id)?;
        let left = self.below(left, base);
        let budget = &mut self.context.budget;
        Ok(match op {
            Op::Equal => Value::Bool(self.equal(left_id, right_id, &left, &right)?),
            Op::NotEqual => Value::Bool(!self.equal(left_id, right_id, &left, &right)?),
            Op::Less | Op::More | Op::LessEqual | Op::MoreEqual => {
                Value::Bool(compare::order(op, &left, &right)?)
            }
            Op::In => Value::Bool(compare::contains(&left, &right, budget)?),
            Op::Matches => Value::Bool(self.matches(&left, &right)?),
            Op::Contains | Op::StartsWith | Op::EndsWith => {
                Value::Bool(self.searches(op, &left, &right)?)
            }
            Op::Range => self.range(&left, &right)?,
            _ => compare::arithmetic(op, &left, &right, budget)?,
        })
    }

    /// Where the checker knows both sides as int or as string, expr insists on it.
    fn equal(&mut self, left_id: Id, right_id: Id, left: &Value, right: &Value) -> Ran<bool> {
        let types = [left_id, right_id].map(|id| &self.input.ast.get(id).ty);
        match (types, left, right) {
            ([Type::Int, Type::Int], Value::Int(m), Value::Int(n)) => Ok(m == n),
            ([Type::Int, Type::Int], Value::Int(_), other) | ([Type::Int, Type::Int], other, _) => {
                Err(not_a(other, "int"))
            }
            ([Type::Text, Type::Text], Value::Text(_), Value::Text(_)) => {
                compare::equal(left, right, &mut self.context.budget)
            }
            ([Type::Text, Type::Text], Value::Text(_), other)
            | ([Type::Text, Type::Text], other, _) => Err(not_a(other, "string")),
            _ => compare::equal(left, right, &mut self.context.budget),
        }
    }

    fn range(&mut self, from: &Value, to: &Value) -> Ran<Value> {
        let (from, to) = (index_of(from)?, index_of(to)?);
        let len = to.wrapping_sub(from).wrapping_add(1).max(0) as usize;
        self.context.budget.elements(len)?;
        List::value(Items::Ints { from, len })
    }

    fn searches(&mut self, op: Op, text: &Value, part: &Value) -> Ran<bool> {
        if text.is_nil() || part.is_nil() {
            return Ok(false);
        }
        let (Value::Text(text), Value::Text(part)) = (text, part) else {
            let other = if matches!(text, Value::Text(_)) {
                part
            } else {
                text
            };
            return Err(not_a(other, "string"));
        };
        self.context.budget.steps((text.len() + part.len()) / 64)?;
        Ok(match op {
            Op::StartsWith => text.starts_with(part),
            Op::EndsWith => text.ends_with(part),
            _ => builtins::find(text, part).is_some(),
        })
    }

    fn matches_known(&mut self, operand: Id, pattern: usize) -> Ran<Value> {
        let value = self.eval(operand)?;
        if value.is_nil() {
            return Ok(Value::Bool(false));
        }
        let pattern = &self.input.patterns[pattern];
        self.matched(&value, pattern).map(Value::Bool)
    }

    fn matches(&mut self, text: &Value, pattern: &Value) -> Ran<bool> {
        if text.is_nil() || pattern.is_nil() {
            return Ok(false);
        }
        let Value::Text(source) = pattern else {
            return Err(not_a(pattern, "string"));
        };
        let known = self.pattern.as_ref().filter(|(own, _)| own == source);
        let pattern = match known {
            Some((_, pattern)) => pattern.clone(),
            None => {
                self.context.budget.steps(limits::PATTERN_STEPS)?;
                let pattern = regexp::compile(source).map_err(|e| Fault::new(e.to_string()))?;
                let pattern = Arc::new(pattern);
                self.pattern = Some((source.clone(), pattern.clone()));
                pattern
            }
        };
        self.matched(text, &pattern)
    }

    fn matched(&mut self, text: &Value, pattern: &Pattern) -> Ran<bool> {
        let (Value::Text(text) | Value::Bytes(text)) = text else {
            return Err(not_a(text, "[]uint8"));
        };
        self.context.budget.steps(pattern.steps(text.len()))?;
        Ok(pattern.is_match(text))
    }

    fn declaration(&mut self, name: &Arc<str>, value: Id, body: Id) -> Ran<Value> {
        let value = self.eval(value)?;
        self.variables.push((name.clone(), value));
        let value = self.eval(body);
        self.variables.pop();
        value
    }

    fn sequence(&mut self, nodes: &[Id]) -> Ran<Value> {
        let mut last = Value::Nil;
        for node in nodes {
            last = self.eval(*node)?;
        }
        Ok(last)
    }

    fn conditional(&mut self, condition: Id, then: Id, otherwise: Id) -> Ran<Value> {
        let condition = self.eval(condition)?;
        let chosen = if truth(&condition)? { then } else { otherwise };
        self.eval(chosen)
    }

    fn array(&mut self, nodes: &[Id]) -> Ran<Value> {
        let values = self.eval_all(nodes)?;
        self.context.budget.elements(values.len())?;
        self.context.budget.list(values.len())?;
        Value::list(values)
    }

    /// Of equal keys the first counts: expr fills the map from the end.
    fn map(&mut self, pairs: &[(Id, Id)]) -> Ran<Value> {
        let ids: Vec<Id> = pairs
            .iter()
            .flat_map(|(key, value)| [*key, *value])
            .collect();
        let mut values = self.eval_all(&ids)?;
        self.context.budget.elements(pairs.len())?;
        self.context.budget.list(pairs.len() * 4)?;
        let mut entries = BTreeMap::new();
        while let (Some(value), Some(key)) = (values.pop(), values.pop()) {
            let Value::Text(key) = key else {
                return Err(not_a(&key, "string"));
            };
            entries.insert(Key::Text(key), value);
        }
        Map::value(MapKind::Text, entries)
    }

    fn sum_of(&mut self, nodes: &[Id]) -> Ran<Value> {
        let mut values = self.eval_all(nodes)?;
        let mut sum = values.pop().unwrap_or(Value::Int(0));
        while let Some(value) = values.pop() {
            sum = compare::arithmetic(Op::Add, &value, &sum, &mut self.context.budget)?;
        }
        Ok(sum)
    }

    fn pointer(&mut self, pointer: Pointer) -> Ran<Value> {
        let scope = self
            .scopes
            .last()
            .ok_or_else(|| Fault::new("cannot use pointer accessor outside predicate"))?;
        match pointer {
            Pointer::Item => loops::item(&scope.source, scope.index),
            Pointer::Index => Ok(Value::Int(scope.index as i64)),
            Pointer::Acc => Ok(scope.acc.clone()),
            Pointer::Other => Err(Fault::new("unknown pointer")),
        }
    }
}
