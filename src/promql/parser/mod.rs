//! Tokens into a tree: precedence climbing over Prometheus's grammar (`promql/parser/generated_parser.y`).
//!
//! Operands wait on a stack of their own, so that a level of nesting costs little of the thread's stack. A tree's height is
//! held below [`limits::DEPTH`] while it is built. Types are checked as soon as a node is whole, so the first error in the
//! text is the one that is told.

mod call;
mod check;
mod hole;
mod matches_empty;
mod matching;
mod period;
mod postfix;
mod selector;

use super::ast::{BinaryOp, Expr, ExprKind, HoleId, Number, Text, Unary, ValueType};
use super::error::{ParseError, ParseErrorKind, shown};
use super::lexer::{Failed, Lexer, number, string};
use super::limits;
use super::token::{Kind, Token};
use super::{Features, Options, Query};
use crate::text::filled::hole_number;
use crate::text::span::{LineIndex, Span};
use matching::Pending;

/// Reads a whole query.
pub(super) fn parse(text: &str, options: Options<'_>) -> Result<Query, Failed> {
    if text.len() > limits::TEXT {
        let limit = limits::TEXT;
        return fail(ParseErrorKind::TooLong { limit }, Span::new(0, text.len()));
    }
    let mut lexer = Lexer::new(text, options);
    let current = lexer.next()?;
    if current.kind == Kind::End {
        return fail(ParseErrorKind::Empty, Span::new(0, text.len()));
    }
    let mut parser = Parser {
        text,
        lexer,
        holes: options.holes,
        features: options.features,
        current,
        last_end: 0,
        depth: 0,
        operands: Vec::new(),
        pending: Vec::new(),
        info_matchers: None,
    };
    parser.expression(0)?;
    match parser.current.kind {
        Kind::End => {}
        Kind::Equal => return parser.unexpected("`==`"),
        _ => return parser.unexpected("an operator or the end of the query"),
    }
    let mut root = parser.pop();
    root.settle(ValueType::Vector);
    Ok(Query {
        expr: root.expr,
        comments: parser.lexer.comments,
        end: parser.last_end,
    })
}

fn fail<T>(kind: ParseErrorKind, span: Span) -> Result<T, Failed> {
    Err(Box::new(ParseError { kind, span }))
}

/// An expression that waits for what it belongs to.
struct Operand {
    expr: Expr,
    /// The levels of its tree.
    height: usize,
    /// Whether its type hangs on holes whose place has not said what it needs.
    is_open: bool,
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    holes: &'a [Span],
    features: Features,
    current: Token,
    /// The end of the last token that was taken.
    last_end: usize,
    /// Levels around the current token.
    depth: usize,
    operands: Vec<Operand>,
    /// Operators that wait for their right operand.
    pending: Vec<Pending>,
    /// Where the matchers of `info` begin, the only ones that may select everything.
    info_matchers: Option<usize>,
}

/// Binding strengths, loosest first (`%left` and `%right` in `generated_parser.y`).
fn strength(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And | BinaryOp::Unless => 2,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterOrEqual
        | BinaryOp::Less
        | BinaryOp::LessOrEqual
        | BinaryOp::TrimUpper
        | BinaryOp::TrimLower => 3,
        BinaryOp::Add | BinaryOp::Subtract => 4,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo | BinaryOp::Atan2 => 5,
        BinaryOp::Power => POWER,
    }
}

/// The strength of `^`. A sign binds like `*`, so what binds as `^` does belongs to the sign's operand.
const POWER: u8 = 6;

impl Parser<'_> {
    fn advance(&mut self) -> Result<Token, Failed> {
        let taken = self.current;
        self.last_end = taken.span.end;
        self.current = self.lexer.next()?;
        Ok(taken)
    }

    fn expect(&mut self, kind: Kind, expected: &'static str) -> Result<Token, Failed> {
        if self.current.kind != kind {
            return self.unexpected(expected);
        }
        self.advance()
    }

    fn unexpected<T>(&self, expected: &'static str) -> Result<T, Failed> {
        let found = self.found();
        fail(
            ParseErrorKind::Unexpected { expected, found },
            self.current.span,
        )
    }

    /// The current token in words.
    fn found(&self) -> String {
        let shown = shown(self.current.span.of(self.text));
        match self.current.kind {
            Kind::End => "end of query".to_owned(),
            Kind::Hole | Kind::NumberHole => "a placeholder".to_owned(),
            Kind::String => format!("string `{shown}`"),
            Kind::Number => format!("number `{shown}`"),
            Kind::Duration => format!("duration `{shown}`"),
            _ => format!("`{shown}`"),
        }
    }

    /// An error at the current token, where what was opened at `opened` is not closed.
    fn unclosed<T>(&self, expected: &'static str, opened: Span) -> Result<T, Failed> {
        let kind = ParseErrorKind::Unclosed {
            expected,
            opening: shown(opened.of(self.text)),
            opened,
            at: LineIndex::new(self.text).line_column(self.text, opened.start),
            found: self.found(),
        };
        fail(kind, self.current.span)
    }

    fn enter(&mut self) -> Result<(), Failed> {
        self.depth += 1;
        self.check_height(self.depth, self.current.span)
    }

    fn check_height(&self, height: usize, span: Span) -> Result<(), Failed> {
        let limit = limits::DEPTH;
        if height > limit {
            return fail(ParseErrorKind::TooDeep { limit }, span);
        }
        Ok(())
    }

    fn push(&mut self, kind: ExprKind, start: usize, value_type: ValueType, height: usize) {
        let span = Span::new(start, self.last_end);
        self.operands.push(Operand {
            expr: Expr {
                kind,
                span,
                value_type,
            },
            height,
            is_open: false,
        });
    }

    fn pop(&mut self) -> Operand {
        self.operands
            .pop()
            .expect("each expression that was read has pushed its operand")
    }

    /// Reads operators that bind at least as `least`; leaves one operand more.
    fn expression(&mut self, least: u8) -> Result<(), Failed> {
        self.enter()?;
        self.operand()?;
        while let Kind::Binary(op) = self.current.kind {
            let strength = strength(op);
            if strength < least {
                break;
            }
            self.operator(op)?;
            self.expression(strength + u8::from(op != BinaryOp::Power))?;
            self.join()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn operand(&mut self) -> Result<(), Failed> {
        let token = self.current;
        match token.kind {
            Kind::Binary(BinaryOp::Add | BinaryOp::Subtract) => {
                self.advance()?;
                self.expression(POWER)?;
                return self.sign(token);
            }
            Kind::LeftParen => {
                self.advance()?;
                self.expression(0)?;
                self.parentheses(token)?;
            }
            Kind::LeftBrace => self.selector(None)?,
            Kind::Number | Kind::Duration => self.number()?,
            Kind::String => {
                let text = self.string()?;
                self.push(
                    ExprKind::String(text),
                    token.span.start,
                    ValueType::String,
                    1,
                );
            }
            Kind::Hole | Kind::NumberHole => self.hole()?,
            kind if kind.is_metric_name() => self.name()?,
            _ => return self.unexpected("an expression"),
        }
        self.postfix()
    }

    fn parentheses(&mut self, open: Token) -> Result<(), Failed> {
        if self.current.kind != Kind::RightParen {
            return self.unclosed("`)`", open.span);
        }
        self.advance()?;
        let inner = self.pop();
        let value_type = inner.expr.value_type;
        self.check_height(inner.height + 1, open.span)?;
        self.push(
            ExprKind::Paren(Box::new(inner.expr)),
            open.span.start,
            value_type,
            inner.height + 1,
        );
        self.set_open(inner.is_open);
        Ok(())
    }

    fn set_open(&mut self, is_open: bool) {
        if let Some(last) = self.operands.last_mut() {
            last.is_open = is_open;
        }
    }

    /// A sign before the last operand; Prometheus makes it a part of a number.
    fn sign(&mut self, sign: Token) -> Result<(), Failed> {
        let is_minus = sign.kind == Kind::Binary(BinaryOp::Subtract);
        let mut inner = self.pop();
        if let ExprKind::Number(number) = &mut inner.expr.kind {
            if is_minus {
                number.value = -number.value;
            }
            inner.expr.span.start = sign.span.start;
            self.operands.push(inner);
            return Ok(());
        }
        let value_type = inner.expr.value_type;
        if !matches!(value_type, ValueType::Scalar | ValueType::Vector) {
            let found = value_type;
            return fail(ParseErrorKind::SignedType { found }, inner.expr.span);
        }
        self.check_height(inner.height + 1, sign.span)?;
        let (height, is_open) = (inner.height + 1, inner.is_open);
        let unary = Unary {
            is_minus,
            op_span: sign.span,
            expr: inner.expr,
        };
        let kind = ExprKind::Unary(Box::new(unary));
        self.push(kind, sign.span.start, value_type, height);
        self.set_open(is_open);
        Ok(())
    }

    fn number(&mut self) -> Result<(), Failed> {
        let (number, span) = self.number_literal()?;
        self.push(ExprKind::Number(number), span.start, ValueType::Scalar, 1);
        Ok(())
    }

    /// Takes a number or a duration.
    fn number_literal(&mut self) -> Result<(Number, Span), Failed> {
        let span = self.current.span;
        let text = span.of(self.text);
        let is_duration = self.current.kind == Kind::Duration;
        let value = if is_duration {
            match number::nanoseconds(text) {
                Ok(nanoseconds) => number::seconds(nanoseconds),
                Err(problem) => {
                    let text = shown(text);
                    return fail(ParseErrorKind::Duration { text, problem }, span);
                }
            }
        } else {
            match number::value(text) {
                Some(value) => value,
                None => return fail(ParseErrorKind::Number { text: shown(text) }, span),
            }
        };
        self.advance()?;
        Ok((Number { value, is_duration }, span))
    }

    /// Takes a string.
    fn string(&mut self) -> Result<Text, Failed> {
        let span = self.current.span;
        let text = Text {
            value: string::value(self.text, span),
            span,
            is_known: self.is_known(span),
        };
        self.advance()?;
        Ok(text)
    }

    /// Whether no hole is in these bytes.
    fn is_known(&self, span: Span) -> bool {
        self.holes.is_empty() || self.hole_in(span).is_none()
    }

    /// The first hole in these bytes.
    fn hole_in(&self, span: Span) -> Option<HoleId> {
        let next = self.holes.partition_point(|hole| hole.start < span.start);
        let hole = self.holes.get(next)?;
        let character = hole.of(self.text).chars().next()?;
        span.holds(*hole).then(|| hole_number(character)).flatten()
    }
}
