//! Durations of ranges, steps and offsets, and expressions of them: `5m`, `-step()`, `max_of(5m, 2 * step())`.

use super::super::ast::{BinaryOp, HoleId, Number, Period, PeriodExpr, PeriodExprKind, PeriodKind};
use super::super::error::ParseErrorKind;
use super::super::lexer::{Failed, may_become};
use super::super::token::{Keyword, Kind, Token};
use super::{POWER, Parser, fail, strength};
use crate::text::filled::is_hole;
use crate::text::span::Span;

/// An expression and the levels of its tree.
type Measured = (PeriodExpr, usize);

/// The seconds that 63 bits of nanoseconds hold (`durationLiteralOutOfRange` in Prometheus's `promql/parser/parse.go`).
const MOST_SECONDS: f64 = (1_u64 << 63) as f64 / 1e9;

impl Parser<'_> {
    /// The duration of a range or a step, which is above 0 as far as that can be seen.
    pub(super) fn positive_period(&mut self) -> Result<(Period, usize), Failed> {
        let (expr, height) = self.period(0)?;
        if let PeriodExprKind::Number(number) = &expr.kind
            && number.value <= 0.0
        {
            return fail(ParseErrorKind::NotPositive, expr.span);
        }
        Ok((finished(expr), height))
    }

    /// The duration of an offset. A sign takes one number, call or pair of parentheses, and operators behind belong to the
    /// query; behind parentheses without sign, or behind two signs, they belong to the duration
    /// (`offset_duration_expr` in `generated_parser.y`).
    pub(super) fn offset_period(&mut self) -> Result<(Period, usize), Failed> {
        let first = self.current;
        let (expr, height) = match first.kind {
            Kind::LeftParen => self.period(0)?,
            Kind::Binary(BinaryOp::Add | BinaryOp::Subtract) => {
                self.advance()?;
                match self.current.kind {
                    Kind::Binary(BinaryOp::Add | BinaryOp::Subtract) => {
                        let operand = self.period(POWER)?;
                        let signed = self.signed_period(first, operand)?;
                        self.period_operators(signed, 0)?
                    }
                    _ => {
                        let operand = self.period_operand()?;
                        self.signed_period(first, operand)?
                    }
                }
            }
            _ => self.period_operand()?,
        };
        Ok((finished(expr), height))
    }

    fn period(&mut self, least: u8) -> Result<Measured, Failed> {
        self.enter()?;
        let operand = self.period_operand()?;
        let period = self.period_operators(operand, least)?;
        self.depth -= 1;
        Ok(period)
    }

    /// Operators behind `left` that bind at least as `least`.
    fn period_operators(&mut self, left: Measured, least: u8) -> Result<Measured, Failed> {
        let mut left = left;
        while let Kind::Binary(op) = self.current.kind {
            let strength = match op {
                BinaryOp::Add
                | BinaryOp::Subtract
                | BinaryOp::Multiply
                | BinaryOp::Divide
                | BinaryOp::Modulo
                | BinaryOp::Power => strength(op),
                _ => break,
            };
            if strength < least {
                break;
            }
            let op_span = self.advance()?.span;
            let right = self.period(strength + u8::from(op != BinaryOp::Power))?;
            left = self.joined_period(op, op_span, left, right)?;
        }
        Ok(left)
    }

    fn joined_period(
        &self,
        op: BinaryOp,
        op_span: Span,
        (left, left_height): Measured,
        (right, right_height): Measured,
    ) -> Result<Measured, Failed> {
        let divides = match op {
            BinaryOp::Divide => Some("division"),
            BinaryOp::Modulo => Some("modulo"),
            _ => None,
        };
        if let (Some(op), PeriodExprKind::Number(number)) = (divides, &right.kind)
            && number.value == 0.0
        {
            return fail(ParseErrorKind::ZeroDivisor { op }, op_span);
        }
        let height = 1 + left_height.max(right_height);
        self.check_height(height, op_span)?;
        let span = left.span.to(right.span);
        let kind = PeriodExprKind::Binary(op, Box::new(left), Box::new(right));
        Ok((PeriodExpr { kind, span }, height))
    }

    fn period_operand(&mut self) -> Result<Measured, Failed> {
        let token = self.current;
        if let Some(hole) = self.period_hole() {
            self.advance()?;
            return Ok(self.period_from(PeriodExprKind::Hole(hole), token, 1));
        }
        match token.kind {
            Kind::Number | Kind::Duration => {
                let (number, span) = self.number_literal()?;
                let kind = PeriodExprKind::Number(in_range(number, span)?);
                Ok((PeriodExpr { kind, span }, 1))
            }
            Kind::Binary(BinaryOp::Add | BinaryOp::Subtract) => {
                self.advance()?;
                let operand = self.period(POWER)?;
                self.signed_period(token, operand)
            }
            Kind::LeftParen => {
                self.advance()?;
                let (inner, height) = self.period(0)?;
                if self.current.kind != Kind::RightParen {
                    return self.unclosed("`)`", token.span);
                }
                self.advance()?;
                self.check_height(height + 1, token.span)?;
                let kind = PeriodExprKind::Paren(Box::new(inner));
                Ok(self.period_from(kind, token, height + 1))
            }
            Kind::Keyword(Keyword::Step | Keyword::Range) => {
                self.advance()?;
                self.expect(Kind::LeftParen, "`()`")?;
                self.expect(Kind::RightParen, "`)`")?;
                let kind = match token.kind {
                    Kind::Keyword(Keyword::Step) => PeriodExprKind::Step,
                    _ => PeriodExprKind::Range,
                };
                Ok(self.period_from(kind, token, 1))
            }
            Kind::Keyword(Keyword::MaxOf | Keyword::MinOf) => self.extreme(token),
            _ => self.unexpected("a duration, such as `5m`"),
        }
    }

    fn extreme(&mut self, token: Token) -> Result<Measured, Failed> {
        self.advance()?;
        let opened = token.span.to(self.expect(Kind::LeftParen, "`(`")?.span);
        let (left, left_height) = self.period(0)?;
        if self.current.kind != Kind::Comma {
            return self.unclosed("`,` and a second duration", opened);
        }
        self.advance()?;
        let (right, right_height) = self.period(0)?;
        if self.current.kind != Kind::RightParen {
            return self.unclosed("`)`", opened);
        }
        self.advance()?;
        let height = 1 + left_height.max(right_height);
        self.check_height(height, token.span)?;
        let (left, right) = (Box::new(left), Box::new(right));
        let kind = match token.kind {
            Kind::Keyword(Keyword::MaxOf) => PeriodExprKind::MaxOf(left, right),
            _ => PeriodExprKind::MinOf(left, right),
        };
        Ok(self.period_from(kind, token, height))
    }

    fn period_from(&self, kind: PeriodExprKind, first: Token, height: usize) -> Measured {
        let span = Span::new(first.span.start, self.last_end);
        (PeriodExpr { kind, span }, height)
    }

    /// A sign, which becomes a part of a number.
    fn signed_period(&self, sign: Token, (operand, height): Measured) -> Result<Measured, Failed> {
        let is_minus = sign.kind == Kind::Binary(BinaryOp::Subtract);
        let span = sign.span.to(operand.span);
        if let PeriodExprKind::Number(mut number) = operand.kind {
            if is_minus {
                number.value = -number.value;
            }
            let kind = PeriodExprKind::Number(number);
            return Ok((PeriodExpr { kind, span }, height));
        }
        self.check_height(height + 1, sign.span)?;
        let kind = PeriodExprKind::Unary(is_minus, Box::new(operand));
        Ok((PeriodExpr { kind, span }, height + 1))
    }

    /// The hole that the current token is or holds, where it can be a number or a duration.
    pub(super) fn period_hole(&self) -> Option<HoleId> {
        let span = self.current.span;
        let is_one = match self.current.kind {
            Kind::Hole | Kind::NumberHole => true,
            // `{{args.minutes}}m`: only its place tells it from a name.
            Kind::Identifier => {
                let text = span.of(self.text);
                text.starts_with(is_hole) && may_become(text)
            }
            _ => false,
        };
        is_one.then(|| self.hole_in(span)).flatten()
    }
}

fn in_range(number: Number, span: Span) -> Result<Number, Failed> {
    if number.value > MOST_SECONDS || number.value < -MOST_SECONDS {
        return fail(ParseErrorKind::PeriodRange, span);
    }
    Ok(number)
}

fn finished(expr: PeriodExpr) -> Period {
    let span = expr.span;
    let kind = match expr.kind {
        // As Go converts: what is no number is the smallest one.
        PeriodExprKind::Number(number) if number.value.is_nan() => PeriodKind::Literal(i64::MIN),
        PeriodExprKind::Number(number) => PeriodKind::Literal((number.value * 1e9).round() as i64),
        PeriodExprKind::Hole(hole) => PeriodKind::Hole(hole),
        _ => PeriodKind::Expr(Box::new(expr)),
    };
    Period { kind, span }
}
