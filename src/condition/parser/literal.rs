//! Literals, names, arrays and maps.

use super::{Parsed, Parser};
use crate::condition::ConditionError;
use crate::condition::ast::{Id, NodeKind};
use crate::condition::lexer::Kind;
use crate::condition::literal::{Number, number};

impl Parser<'_> {
    pub(super) fn literal_or_name(&mut self) -> Parsed {
        let token = self.current.clone();
        let node = match token.kind {
            Kind::Identifier => {
                self.next()?;
                let word = match token.value.as_slice() {
                    b"true" => Some(NodeKind::Bool(true)),
                    b"false" => Some(NodeKind::Bool(false)),
                    b"nil" => Some(NodeKind::Nil),
                    _ => None,
                };
                // Words and numbers take no postfix.
                if let Some(word) = word {
                    return self.add(word, token.start);
                }
                if self.current.bracket("(") {
                    self.call(&token, token.start, Vec::new(), true)?
                } else {
                    self.add(NodeKind::Name(token.text().into()), token.start)?
                }
            }
            Kind::Number => {
                self.next()?;
                let value = number(&token.text())
                    .map_err(|message| ConditionError::compile(&message, token.start))?;
                let kind = match value {
                    Number::Int(n) => NodeKind::Int(n),
                    Number::Float(x) => NodeKind::Float(x),
                };
                return self.add(kind, token.start);
            }
            Kind::String => {
                self.next()?;
                self.add(NodeKind::Text(token.value.into()), token.start)?
            }
            Kind::Bytes => {
                self.next()?;
                self.add(NodeKind::Bytes(token.value.into()), token.start)?
            }
            _ if token.bracket("[") => self.array()?,
            _ if token.bracket("{") => self.map()?,
            _ => return Err(self.unexpected()),
        };
        self.postfix(node)
    }

    fn array(&mut self) -> Parsed {
        let start = self.current.start;
        self.next()?;
        let mut nodes: Vec<Id> = Vec::new();
        while !self.current.bracket("]") {
            if !nodes.is_empty() {
                self.expect_operator(",")?;
                if self.current.bracket("]") {
                    break;
                }
            }
            nodes.push(self.expression(0)?);
        }
        self.expect_bracket("]")?;
        self.add(NodeKind::Array(nodes), start)
    }

    fn map(&mut self) -> Parsed {
        let start = self.current.start;
        self.next()?;
        let mut pairs: Vec<(Id, Id)> = Vec::new();
        while !self.current.bracket("}") {
            if !pairs.is_empty() {
                self.expect_operator(",")?;
                if self.current.bracket("}") {
                    break;
                }
                if self.current.operator(",") {
                    return Err(self.unexpected());
                }
            }
            let key = self.key()?;
            self.expect_operator(":")?;
            let value = self.expression(0)?;
            pairs.push((key, value));
        }
        self.expect_bracket("}")?;
        self.add(NodeKind::Map(pairs), start)
    }

    fn key(&mut self) -> Parsed {
        match self.current.kind {
            Kind::Number | Kind::String | Kind::Identifier => {
                let token = self.current.clone();
                self.next()?;
                self.add(NodeKind::Text(token.value.into()), token.start)
            }
            _ if self.current.bracket("(") => self.expression(0),
            _ => Err(self.error(&format!(
                "a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses (unexpected token {})",
                self.current.describe()
            ))),
        }
    }
}
