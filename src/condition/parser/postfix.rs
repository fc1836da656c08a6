//! What follows a value: `.name`, `?.name`, `.name(…)`, `[index]`, `[from:to]`.

use super::{Parsed, Parser};
use crate::condition::ast::{Id, NodeKind};
use crate::condition::lexer::{Kind, is_identifier};

impl Parser<'_> {
    pub(super) fn postfix(&mut self, mut node: Id) -> Parsed {
        loop {
            let optional = self.current.operator("?.");
            if optional || self.current.operator(".") {
                self.next()?;
                if optional && self.current.bracket("[") {
                    node = self.index(node, true)?;
                } else {
                    node = self.member(node, optional)?;
                }
            } else if self.current.bracket("[") {
                node = self.index(node, false)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn member(&mut self, node: Id, optional: bool) -> Parsed {
        let name = self.current.clone();
        let named = name.kind == Kind::Identifier
            || name.kind == Kind::Operator && is_identifier(&name.value);
        if !named {
            return Err(self.error("expected name"));
        }
        self.next()?;
        let start = self.start_of(node);
        let property = self.add(NodeKind::Text(name.value.into()), name.start)?;
        let (base, in_chain) = match self.ast.kind(node) {
            NodeKind::Chain(inner) => (*inner, true),
            _ => (node, false),
        };
        let method = self.current.bracket("(");
        let mut member = self.add(
            NodeKind::Member {
                base,
                property,
                optional,
                method,
            },
            start,
        )?;
        if method {
            let arguments = self.arguments(Vec::new())?;
            member = self.add(
                NodeKind::Call {
                    callee: member,
                    arguments,
                },
                start,
            )?;
        }
        if in_chain || optional {
            member = self.add(NodeKind::Chain(member), start)?;
        }
        Ok(member)
    }

    fn index(&mut self, base: Id, optional: bool) -> Parsed {
        let start = self.start_of(base);
        self.next()?;
        let mut from = None;
        if !self.current.operator(":") {
            from = Some(self.expression(0)?);
        }
        if self.current.operator(":") {
            self.next()?;
            let mut to = None;
            if !self.current.bracket("]") {
                to = Some(self.expression(0)?);
            }
            self.expect_bracket("]")?;
            return self.add(NodeKind::Slice { base, from, to }, start);
        }
        self.expect_bracket("]")?;
        let Some(property) = from else {
            return Err(self.unexpected());
        };
        let mut member = self.add(
            NodeKind::Member {
                base,
                property,
                optional,
                method: false,
            },
            start,
        )?;
        if optional {
            member = self.add(NodeKind::Chain(member), start)?;
        }
        Ok(member)
    }
}
