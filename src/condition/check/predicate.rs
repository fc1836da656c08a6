//! Types of calls with a predicate, and of what stands for the element inside.

use super::{Checked, Checker, Scope};
use crate::condition::ConditionError;
use crate::condition::ast::{Id, Loop, LoopNode, NodeKind, Pointer};
use crate::condition::types::{Kind, Type};

fn name(call: Loop) -> &'static str {
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

impl Checker<'_> {
    pub(super) fn predicate_call(&mut self, id: Id) -> Checked {
        let NodeKind::Loop(node) = self.ast.kind(id) else {
            return Ok(Type::Unknown);
        };
        let node = node.clone();
        let collection = self.visit(node.collection)?;
        if !collection.is_array() && !collection.is_unknown() {
            let message = format!(
                "builtin {} takes only array (got {})",
                name(node.call),
                collection.name()
            );
            return self.error(node.collection, &message);
        }
        let out = match node.predicate {
            Some(predicate) => Some(self.predicate(&node, predicate, &collection)?),
            None => None,
        };
        if let Some(extra) = node.extra {
            let ty = self.visit(extra)?;
            if node.call == Loop::SortBy && ty != Type::Text && !ty.is_unknown() {
                let message = format!("sortBy order argument must be a string (got {})", ty.name());
                return self.error(extra, &message);
            }
        }
        Ok(result(node.call, collection, out))
    }

    fn predicate(&mut self, node: &LoopNode, predicate: Id, collection: &Type) -> Checked {
        self.scopes.push(Scope {
            collection: collection.clone(),
            index: matches!(node.call, Loop::Map | Loop::Reduce),
            acc: node.call == Loop::Reduce,
        });
        let out = self.visit(predicate)?;
        self.scopes.pop();
        if out.is_nil() {
            let inputs = if node.call == Loop::Reduce {
                "two"
            } else {
                "one"
            };
            let message = format!("predicate should has {inputs} input and one output param");
            return self.error(predicate, &message);
        }
        let free = matches!(
            node.call,
            Loop::Map | Loop::Sum | Loop::GroupBy | Loop::SortBy | Loop::Reduce
        );
        if !free && out != Type::Bool && !out.is_unknown() {
            let message = format!("predicate should return boolean (got {})", out.name());
            return self.error(predicate, &message);
        }
        Ok(out)
    }

    pub(super) fn pointer(&self, id: Id) -> Checked {
        let NodeKind::Pointer(pointer) = self.ast.kind(id) else {
            return Ok(Type::Unknown);
        };
        let Some(scope) = self.scopes.last() else {
            return self.error(id, "cannot use pointer accessor outside predicate");
        };
        match pointer {
            Pointer::Item if scope.collection.is_unknown() => Ok(Type::Unknown),
            Pointer::Item if scope.collection.kind() == Kind::Slice => {
                Ok(scope.collection.element())
            }
            Pointer::Index if scope.index => Ok(Type::Int),
            Pointer::Acc if scope.acc => Ok(Type::Unknown),
            Pointer::Index => self.error(id, "unknown pointer #index"),
            Pointer::Acc => self.error(id, "unknown pointer #acc"),
            _ => self.unknown_pointer(id),
        }
    }

    fn unknown_pointer(&self, id: Id) -> Result<Type, ConditionError> {
        self.error(id, "unknown pointer; `#`, `#index` and `#acc` are known")
    }
}

fn result(call: Loop, collection: Type, out: Option<Type>) -> Type {
    match call {
        Loop::All | Loop::None | Loop::Any | Loop::One => Type::Bool,
        Loop::Filter if collection.is_unknown() => Type::List(None),
        Loop::Filter => Type::list_of(collection.element()),
        Loop::Map => Type::list_of(out.unwrap_or(Type::Unknown)),
        Loop::Count | Loop::FindIndex | Loop::FindLastIndex => Type::Int,
        Loop::Sum => match out {
            Some(Type::Unknown) => Type::Any,
            Some(out) => out.plain(),
            None if collection.is_unknown() => Type::Unknown,
            None => collection.element(),
        },
        Loop::Find | Loop::FindLast if collection.is_unknown() => Type::Unknown,
        Loop::Find | Loop::FindLast => collection.element(),
        Loop::GroupBy => Type::Groups,
        Loop::SortBy => collection,
        Loop::Reduce => out.unwrap_or(Type::Unknown),
    }
}
