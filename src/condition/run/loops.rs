//! Calls with a predicate.

use std::collections::BTreeMap;

use super::{Machine, Scope, access, truth};
use crate::condition::ast::{Id, Loop, LoopNode, Op};
use crate::condition::budget::{Fault, Ran};
use crate::condition::builtins;
use crate::condition::compare;
use crate::condition::value::{Items, List, Map, MapKind, Value};

/// The element at `index`; a map has entries but no elements.
pub(super) fn item(source: &Value, index: usize) -> Ran<Value> {
    if matches!(source, Value::Map(_)) {
        return Err(Fault::new(
            "reflect: call of reflect.Value.Index on map Value",
        ));
    }
    if access::length(source)? <= index {
        return Err(Fault::new("reflect: slice index out of range"));
    }
    Ok(source.item(index))
}

impl Machine<'_> {
    pub(super) fn run_loop(&mut self, node: &LoopNode) -> Ran<Value> {
        let source = self.eval(node.collection)?;
        let length = access::length(&source)?;
        self.scopes.push(Scope {
            source,
            index: 0,
            acc: Value::Int(0),
        });
        let found = self.dispatch(node, length);
        self.scopes.pop();
        found
    }

    fn dispatch(&mut self, node: &LoopNode, length: usize) -> Ran<Value> {
        match node.call {
            Loop::All => self
                .search(node, length, false)
                .map(|i| Value::Bool(i.is_none())),
            Loop::None => self
                .search(node, length, true)
                .map(|i| Value::Bool(i.is_none())),
            Loop::Any => self
                .search(node, length, true)
                .map(|i| Value::Bool(i.is_some())),
            Loop::One => self.count(node, length).map(|n| Value::Bool(n == 1)),
            Loop::Count => self.count(node, length).map(Value::Int),
            Loop::Filter => self.filter(node, length),
            Loop::Map => self.map_all(node, length),
            Loop::Sum => self.sum(node, length),
            Loop::Find | Loop::FindLast => self.find(node, length),
            Loop::FindIndex | Loop::FindLastIndex => {
                let index = self.search(node, length, true)?;
                Ok(index.map_or(Value::Nil, |index| Value::Int(index as i64)))
            }
            Loop::GroupBy => self.group(node, length),
            Loop::SortBy => self.sort(node, length),
            Loop::Reduce => self.reduce(node, length),
        }
    }

    fn at(&mut self, index: usize) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.index = index;
        }
    }

    fn current(&mut self) -> Ran<Value> {
        self.pointer(super::Pointer::Item)
    }

    /// The predicate's value at `index`, or the element where there is no predicate.
    fn predicate_at(&mut self, predicate: Option<Id>, index: usize) -> Ran<Value> {
        self.context.budget.steps(1)?;
        self.at(index);
        match predicate {
            Some(predicate) => self.eval(predicate),
            None => self.current(),
        }
    }

    /// The first index (from the end for the calls named so) where the predicate is `wanted`.
    fn search(&mut self, node: &LoopNode, length: usize, wanted: bool) -> Ran<Option<usize>> {
        let backwards = matches!(node.call, Loop::FindLast | Loop::FindLastIndex);
        for step in 0..length {
            let index = if backwards { length - 1 - step } else { step };
            if backwards {
                self.leave_behind(true)?;
            }
            if truth(&self.predicate_at(node.predicate, index)?)? == wanted {
                return Ok(Some(index));
            }
        }
        if backwards {
            self.leave_behind(false)?;
        }
        Ok(None)
    }

    fn leave_behind(&mut self, going_on: bool) -> Ran<()> {
        self.context.budget.list(2)?;
        self.left_behind.push(Value::Bool(going_on));
        Ok(())
    }

    fn count(&mut self, node: &LoopNode, length: usize) -> Ran<i64> {
        let mut count = 0;
        for index in 0..length {
            if truth(&self.predicate_at(node.predicate, index)?)? {
                count += 1;
                if node.threshold.is_some_and(|threshold| count >= threshold) {
                    break;
                }
            }
        }
        Ok(count)
    }

    fn found(&mut self, node: &LoopNode) -> Ran<Value> {
        match node.map {
            Some(map) => self.eval(map),
            None => self.current(),
        }
    }

    fn filter(&mut self, node: &LoopNode, length: usize) -> Ran<Value> {
        let base = self.left_behind.len();
        let mut stack = Vec::new();
        let mut count = 0;
        for index in 0..length {
            if truth(&self.predicate_at(node.predicate, index)?)? {
                self.context.budget.list(2)?;
                let value = self.found(node)?;
                self.push(&mut stack, value, base);
                count += 1;
            }
        }
        self.context.budget.elements(count)?;
        stack.extend(self.left_behind.drain(base..));
        Value::list(self.top(stack, count))
    }

    fn map_all(&mut self, node: &LoopNode, length: usize) -> Ran<Value> {
        self.context.budget.list(length)?;
        let base = self.left_behind.len();
        let mut stack = Vec::with_capacity(length);
        for index in 0..length {
            let value = self.predicate_at(node.predicate, index)?;
            self.push(&mut stack, value, base);
        }
        self.context.budget.elements(length)?;
        Value::list(self.top(stack, length))
    }

    fn sum(&mut self, node: &LoopNode, length: usize) -> Ran<Value> {
        let mut sum = Value::Int(0);
        for index in 0..length {
            let value = self.predicate_at(node.predicate, index)?;
            sum = compare::arithmetic(Op::Add, &value, &sum, &mut self.context.budget)?;
        }
        Ok(sum)
    }

    fn find(&mut self, node: &LoopNode, length: usize) -> Ran<Value> {
        match self.search(node, length, true)? {
            Some(_) => self.found(node),
            None if node.throws => Err(Fault::new("reflect: slice index out of range")),
            None => Ok(Value::Nil),
        }
    }

    fn group(&mut self, node: &LoopNode, length: usize) -> Ran<Value> {
        let mut groups: BTreeMap<_, Vec<Value>> = BTreeMap::new();
        for index in 0..length {
            let key = self
                .predicate_at(node.predicate, index)?
                .key(index as u32)?;
            self.context.budget.list(8)?;
            let value = self.current()?;
            groups.entry(key).or_default().push(value);
        }
        let mut entries = BTreeMap::new();
        for (key, values) in groups {
            entries.insert(key, Value::list(values)?);
        }
        Map::value(MapKind::Groups, entries)
    }

    fn sort(&mut self, node: &LoopNode, length: usize) -> Ran<Value> {
        let order = match node.extra {
            Some(extra) => self.eval(extra)?,
            None => Value::text("asc"),
        };
        let descending = match &order {
            Value::Text(order) if &order[..] == b"asc" => false,
            Value::Text(order) if &order[..] == b"desc" => true,
            Value::Text(_) => return Err(Fault::new("unknown order, use asc or desc")),
            _ => return Err(Fault::new("sortBy order argument must be a string")),
        };
        self.context.budget.list(length.saturating_mul(4))?;
        let mut pairs = Vec::with_capacity(length);
        for index in 0..length {
            let key = self.predicate_at(node.predicate, index)?;
            pairs.push((key, self.current()?));
        }
        builtins::sort_pairs(&mut pairs, descending, &mut self.context.budget)?;
        self.context.budget.elements(length)?;
        List::value(Items::Any(
            pairs.into_iter().map(|(_, value)| value).collect(),
        ))
    }

    fn reduce(&mut self, node: &LoopNode, length: usize) -> Ran<Value> {
        let (first, acc) = match node.extra {
            Some(extra) => (0, self.eval(extra)?),
            None if length == 0 => {
                let message = "reduce of empty array with no initial value";
                return Err(Fault::new(message));
            }
            None => (1, self.current()?),
        };
        self.set_acc(acc);
        for index in first..length {
            let acc = self.predicate_at(node.predicate, index)?;
            self.set_acc(acc);
        }
        let acc = self.scopes.last_mut().map(|scope| &mut scope.acc);
        Ok(acc.map_or(Value::Nil, |acc| std::mem::replace(acc, Value::Nil)))
    }

    fn set_acc(&mut self, value: Value) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.acc = value;
        }
    }
}
