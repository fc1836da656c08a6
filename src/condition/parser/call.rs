//! Calls: predicates, builtins and functions by name, each also behind a pipe.

use super::{Parsed, Parser};
use crate::condition::ConditionError;
use crate::condition::ast::{Id, Loop, LoopNode, NodeKind};
use crate::condition::builtins;
use crate::condition::lexer::{Kind, Token};

/// What a call with a predicate takes behind its predicate, and whether the predicate may be left out.
struct Shape {
    call: Loop,
    optional_predicate: bool,
    extra: bool,
}

fn shape(name: &[u8]) -> Option<Shape> {
    let (call, optional_predicate, extra) = match name {
        b"all" => (Loop::All, false, false),
        b"none" => (Loop::None, false, false),
        b"any" => (Loop::Any, false, false),
        b"one" => (Loop::One, false, false),
        b"filter" => (Loop::Filter, false, false),
        b"map" => (Loop::Map, false, false),
        b"count" => (Loop::Count, true, false),
        b"sum" => (Loop::Sum, true, false),
        b"find" => (Loop::Find, false, false),
        b"findIndex" => (Loop::FindIndex, false, false),
        b"findLast" => (Loop::FindLast, false, false),
        b"findLastIndex" => (Loop::FindLastIndex, false, false),
        b"groupBy" => (Loop::GroupBy, false, false),
        b"sortBy" => (Loop::SortBy, false, true),
        b"reduce" => (Loop::Reduce, false, true),
        _ => return None,
    };
    Some(Shape {
        call,
        optional_predicate,
        extra,
    })
}

impl Parser<'_> {
    /// The call of `name`, whose token was the last; `first` is what stood before a pipe.
    pub(super) fn call(
        &mut self,
        name: &Token,
        start: usize,
        first: Vec<Id>,
        env_first: bool,
    ) -> Parsed {
        let text = name.text().into_owned();
        let overridden = env_first && (self.env)(&text);
        if !overridden && let Some(shape) = shape(&name.value) {
            return self.loop_call(&shape, start, first.first().copied());
        }
        if !overridden && let Some(function) = builtins::index(&text) {
            let arguments = self.arguments(first)?;
            return self.add(
                NodeKind::Builtin {
                    function,
                    arguments,
                },
                start,
            );
        }
        let callee = self.add(NodeKind::Name(text.into()), name.start)?;
        let arguments = self.arguments(first)?;
        self.add(NodeKind::Call { callee, arguments }, start)
    }

    fn loop_call(&mut self, shape: &Shape, start: usize, first: Option<Id>) -> Parsed {
        self.expect_bracket("(")?;
        let wanted = 2 + usize::from(shape.extra) - usize::from(first.is_some());
        let too_few = format!("expected at least {wanted} arguments");
        let collection = match first {
            Some(id) => id,
            None if self.current.bracket(")") => return Err(self.error(&too_few)),
            None => self.expression(0)?,
        };
        let mut predicate = None;
        if !(shape.optional_predicate && self.current.bracket(")")) {
            if self.current.bracket(")") {
                return Err(self.error(&too_few));
            }
            if first.is_none() {
                self.expect_operator(",")?;
            }
            predicate = Some(self.predicate()?);
        }
        let mut extra = None;
        if shape.extra && !self.current.bracket(")") {
            self.expect_operator(",")?;
            extra = Some(self.expression(0)?);
        }
        if self.current.operator(",") {
            self.next()?;
        }
        self.expect_bracket(")")?;
        self.add(
            NodeKind::Loop(LoopNode {
                call: shape.call,
                collection,
                predicate,
                extra,
                map: None,
                throws: false,
                threshold: None,
            }),
            start,
        )
    }

    fn predicate(&mut self) -> Parsed {
        let braces = self.current.bracket("{");
        self.predicates += 1;
        let body = if braces {
            self.block()?
        } else {
            self.expression(0)?
        };
        self.predicates -= 1;
        if !braces && self.current.operator(";") {
            return Err(self.error("wrap predicate with brackets { and }"));
        }
        Ok(body)
    }

    /// The arguments in parentheses, behind those that are there already.
    pub(super) fn arguments(&mut self, mut arguments: Vec<Id>) -> Result<Vec<Id>, ConditionError> {
        let before = arguments.len();
        self.expect_bracket("(")?;
        while !self.current.bracket(")") {
            if arguments.len() > before {
                self.expect_operator(",")?;
                if self.current.bracket(")") {
                    break;
                }
            }
            arguments.push(self.expression(0)?);
        }
        self.expect_bracket(")")?;
        Ok(arguments)
    }

    /// `#`, `#index`, `#acc`, or the `.` of `.field`, which stays for the postfix.
    pub(super) fn pointer(&mut self) -> Parsed {
        use crate::condition::ast::Pointer;
        let start = self.current.start;
        let mut pointer = Pointer::Item;
        if self.current.operator("#") {
            self.next()?;
            if self.current.kind == Kind::Identifier {
                pointer = match self.current.value.as_slice() {
                    b"index" => Pointer::Index,
                    b"acc" => Pointer::Acc,
                    _ => Pointer::Other,
                };
                self.next()?;
            }
        }
        let node = self.add(NodeKind::Pointer(pointer), start)?;
        self.postfix(node)
    }
}
