//! Tokens into a tree, with expr's grammar: binding strengths, negated operators, chained comparisons.
//!
//! The grammar is that of expr's `parser/parser.go`; where Go's parser goes on after an error, this one stops.

mod call;
mod literal;
mod postfix;

use super::ConditionError;
use super::ast::{Ast, Id, NodeKind, Op, Unary};
use super::lexer::{Kind, Lexer, Token};
use super::limits;

/// Parses `text`; `env` are names that come before builtins of the same name.
pub(super) fn parse(text: &str, env: &dyn Fn(&str) -> bool) -> Result<(Ast, Id), ConditionError> {
    if text.len() > limits::TEXT {
        return Err(ConditionError::compile(
            &format!("the condition is longer than {} bytes", limits::TEXT),
            limits::TEXT,
        ));
    }
    let mut lexer = Lexer::new(text);
    let current = lexer.next()?;
    let mut parser = Parser {
        lexer,
        current,
        stashed: None,
        last_end: 0,
        ast: Ast::default(),
        predicates: 0,
        depth: 0,
        env,
    };
    let root = parser.sequence()?;
    if parser.current.kind != Kind::Eof {
        return Err(parser.unexpected());
    }
    Ok((parser.ast, root))
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    current: Token,
    stashed: Option<Token>,
    /// Where the last consumed token ended.
    last_end: usize,
    ast: Ast,
    /// Predicates around the current token.
    predicates: u32,
    depth: u16,
    env: &'a dyn Fn(&str) -> bool,
}

type Parsed = Result<Id, ConditionError>;

/// Binding strength and operator of a binary operator; `|` is a call and has none.
fn binary(token: &[u8]) -> Option<(u16, Option<Op>)> {
    let (strength, op) = match token {
        b"|" => return Some((0, None)),
        b"or" | b"||" => (10, Op::Or),
        b"and" | b"&&" => (15, Op::And),
        b"==" => (20, Op::Equal),
        b"!=" => (20, Op::NotEqual),
        b"<" => (20, Op::Less),
        b">" => (20, Op::More),
        b">=" => (20, Op::MoreEqual),
        b"<=" => (20, Op::LessEqual),
        b"in" => (20, Op::In),
        b"matches" => (20, Op::Matches),
        b"contains" => (20, Op::Contains),
        b"startsWith" => (20, Op::StartsWith),
        b"endsWith" => (20, Op::EndsWith),
        b".." => (25, Op::Range),
        b"+" => (30, Op::Add),
        b"-" => (30, Op::Subtract),
        b"*" => (60, Op::Multiply),
        b"/" => (60, Op::Divide),
        b"%" => (60, Op::Modulo),
        b"**" | b"^" => (100, Op::Power),
        b"??" => (500, Op::Coalesce),
        _ => return None,
    };
    Some((strength, Some(op)))
}

fn negatable(token: &[u8]) -> bool {
    matches!(
        token,
        b"contains" | b"matches" | b"startsWith" | b"endsWith" | b"in"
    )
}

fn unary(token: &Token) -> Option<(u16, Unary)> {
    if token.kind != Kind::Operator {
        return None;
    }
    match token.value.as_slice() {
        b"not" | b"!" => Some((50, Unary::Not)),
        b"-" => Some((90, Unary::Minus)),
        b"+" => Some((90, Unary::Plus)),
        _ => None,
    }
}

impl Parser<'_> {
    fn next(&mut self) -> Result<(), ConditionError> {
        self.last_end = self.current.end;
        self.current = match self.stashed.take() {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        Ok(())
    }

    fn error(&self, message: &str) -> ConditionError {
        ConditionError::compile(message, self.current.start)
    }

    fn unexpected(&self) -> ConditionError {
        self.error(&format!("unexpected token {}", self.current.describe()))
    }

    fn expect_bracket(&mut self, bracket: &str) -> Result<(), ConditionError> {
        if !self.current.bracket(bracket) {
            return Err(self.unexpected());
        }
        self.next()
    }

    fn expect_operator(&mut self, operator: &str) -> Result<(), ConditionError> {
        if !self.current.operator(operator) {
            return Err(self.unexpected());
        }
        self.next()
    }

    fn expect_identifier(&mut self) -> Result<Token, ConditionError> {
        if self.current.kind != Kind::Identifier {
            return Err(self.unexpected());
        }
        let token = self.current.clone();
        self.next()?;
        Ok(token)
    }

    /// Adds a node that begins at `start` and ends with the last consumed token.
    fn add(&mut self, kind: NodeKind, start: usize) -> Parsed {
        if self.ast.len() >= limits::NODES {
            return Err(self.error("compilation failed: expression exceeds maximum allowed nodes"));
        }
        let end = self.last_end.max(start);
        let id = self.ast.add(kind, (start as u32, end as u32));
        if self.ast.get(id).depth > limits::DEPTH {
            return Err(self.too_deep());
        }
        Ok(id)
    }

    fn too_deep(&self) -> ConditionError {
        self.error(&format!(
            "the condition nests deeper than {} levels",
            limits::DEPTH
        ))
    }

    fn start_of(&self, id: Id) -> usize {
        self.ast.get(id).span.0 as usize
    }

    fn sequence(&mut self) -> Parsed {
        let first = self.expression(0)?;
        let mut nodes = vec![first];
        while self.current.operator(";") {
            self.next()?;
            if self.current.kind == Kind::Eof {
                break;
            }
            nodes.push(self.expression(0)?);
        }
        if nodes.len() == 1 {
            return Ok(first);
        }
        let start = self.start_of(first);
        self.add(NodeKind::Sequence(nodes), start)
    }

    fn expression(&mut self, strength: u16) -> Parsed {
        self.depth += 1;
        if self.depth > limits::DEPTH {
            return Err(self.too_deep());
        }
        let id = if strength == 0 && self.current.operator("let") {
            self.declaration()
        } else if strength == 0 && self.current.operator("if") {
            self.if_else()
        } else {
            self.operators(strength)
        }?;
        self.depth -= 1;
        Ok(id)
    }

    fn operators(&mut self, strength: u16) -> Parsed {
        let mut left = self.primary()?;
        let mut after_coalesce = false;
        while self.current.kind == Kind::Operator {
            let mut negated = false;
            if self.current.operator("not") {
                let not = self.current.clone();
                self.next()?;
                if !negatable(&self.current.value) {
                    return Err(self.unexpected());
                }
                if binary(&self.current.value).is_none_or(|(own, _)| own < strength) {
                    let negatable = std::mem::replace(&mut self.current, not);
                    self.stashed = Some(negatable);
                    break;
                }
                negated = true;
            }
            let Some((own, op)) = binary(&self.current.value).filter(|(own, _)| *own >= strength)
            else {
                break;
            };
            let token = self.current.clone();
            self.next()?;
            let Some(op) = op else {
                let name = self.expect_identifier()?;
                let start = self.start_of(left);
                left = self.call(&name, start, vec![left], true)?;
                after_coalesce = false;
                continue;
            };
            if after_coalesce && op != Op::Coalesce {
                return Err(ConditionError::compile(
                    &format!(
                        "Operator ({}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.",
                        token.text()
                    ),
                    token.start,
                ));
            }
            after_coalesce = op == Op::Coalesce;
            if op.is_order() {
                left = self.comparisons(left, op, own)?;
                continue;
            }
            let right = self.expression(if op == Op::Power { own } else { own + 1 })?;
            let start = self.start_of(left);
            left = self.add(NodeKind::Binary(op, left, right), start)?;
            if negated {
                left = self.add(NodeKind::Unary(Unary::Not, left), start)?;
            }
        }
        if strength == 0 {
            left = self.ternary(left)?;
        }
        Ok(left)
    }

    /// `a < b <= c` is `a < b && b <= c`.
    fn comparisons(&mut self, mut left: Id, mut op: Op, own: u16) -> Parsed {
        let start = self.start_of(left);
        let mut root = None;
        loop {
            let right = self.expression(own + 1)?;
            let from = self.start_of(left);
            let comparison = self.add(NodeKind::Binary(op, left, right), from)?;
            let all = match root {
                None => comparison,
                Some(root) => self.add(NodeKind::Binary(Op::And, root, comparison), start)?,
            };
            root = Some(all);
            left = right;
            match binary(&self.current.value) {
                Some((_, Some(next))) if next.is_order() && self.current.kind == Kind::Operator => {
                    op = next;
                    self.next()?;
                }
                _ => return Ok(all),
            }
        }
    }

    fn declaration(&mut self) -> Parsed {
        let start = self.current.start;
        self.next()?;
        let name = self.expect_identifier()?;
        self.expect_operator("=")?;
        let value = self.expression(0)?;
        self.expect_operator(";")?;
        let body = self.sequence()?;
        let name = name.text().into();
        self.add(NodeKind::Let { name, value, body }, start)
    }

    fn if_else(&mut self) -> Parsed {
        let start = self.current.start;
        self.next()?;
        let condition = self.expression(0)?;
        let then = self.block()?;
        self.expect_operator("else")?;
        let otherwise = if self.current.operator("if") {
            self.depth += 1;
            if self.depth > limits::DEPTH {
                return Err(self.too_deep());
            }
            let id = self.if_else()?;
            self.depth -= 1;
            id
        } else {
            self.block()?
        };
        self.add(
            NodeKind::Conditional {
                condition,
                then,
                otherwise,
            },
            start,
        )
    }

    fn block(&mut self) -> Parsed {
        self.expect_bracket("{")?;
        let body = self.sequence()?;
        self.expect_bracket("}")?;
        Ok(body)
    }

    fn ternary(&mut self, mut node: Id) -> Parsed {
        while self.current.operator("?") {
            self.next()?;
            let then = if self.current.operator(":") {
                node
            } else {
                self.expression(0)?
            };
            self.expect_operator(":")?;
            let otherwise = self.expression(0)?;
            let start = self.start_of(node);
            node = self.add(
                NodeKind::Conditional {
                    condition: node,
                    then,
                    otherwise,
                },
                start,
            )?;
        }
        Ok(node)
    }

    fn primary(&mut self) -> Parsed {
        if let Some((strength, op)) = unary(&self.current) {
            let start = self.current.start;
            self.next()?;
            let operand = self.expression(strength)?;
            let node = self.add(NodeKind::Unary(op, operand), start)?;
            return self.postfix(node);
        }
        if self.current.bracket("(") {
            let start = self.current.start;
            self.next()?;
            let inner = self.sequence()?;
            self.expect_bracket(")")?;
            self.ast.get_mut(inner).span = (start as u32, self.last_end as u32);
            return self.postfix(inner);
        }
        if self.predicates > 0 && (self.current.operator("#") || self.current.operator(".")) {
            return self.pointer();
        }
        if self.current.operator("::") {
            let start = self.current.start;
            self.next()?;
            let name = self.expect_identifier()?;
            let call = self.call(&name, start, Vec::new(), false)?;
            return self.postfix(call);
        }
        self.literal_or_name()
    }
}
