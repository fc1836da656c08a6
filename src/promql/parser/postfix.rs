//! What stands behind an operand: ranges, subqueries, `offset`, `@`, `anchored`, `smoothed`.

use super::super::ast::{
    At, AtTime, BinaryOp, Expr, ExprKind, Extension, Matrix, Modifiers, Offset, Period, PeriodKind,
    Selector, Subquery, ValueType,
};
use super::super::error::ParseErrorKind;
use super::super::lexer::Failed;
use super::super::token::{Keyword, Kind, Token};
use super::{Parser, fail};
use crate::text::span::Span;

impl Expr {
    /// What it is, for a message.
    pub(super) fn in_words(&self) -> &'static str {
        match &self.kind {
            ExprKind::Number(_) => "a number",
            ExprKind::String(_) => "a string",
            ExprKind::Selector(_) => "a selector",
            ExprKind::Matrix(_) => "a range",
            ExprKind::Subquery(_) => "a subquery",
            ExprKind::Call(_) => "a call",
            ExprKind::Aggregation(_) => "an aggregation",
            ExprKind::Binary(_) => "an operation",
            ExprKind::Unary(_) => "an expression with a sign",
            ExprKind::Paren(_) => "parentheses",
            ExprKind::Hole(_) => "a placeholder",
        }
    }

    fn modifiers_mut(&mut self) -> Option<&mut Modifiers> {
        match &mut self.kind {
            ExprKind::Selector(selector) => Some(&mut selector.modifiers),
            ExprKind::Matrix(matrix) => Some(&mut matrix.selector.modifiers),
            ExprKind::Subquery(subquery) => Some(&mut subquery.modifiers),
            _ => None,
        }
    }
}

impl Parser<'_> {
    /// Takes everything that stands behind the last operand.
    pub(super) fn postfix(&mut self) -> Result<(), Failed> {
        loop {
            match self.current.kind {
                Kind::LeftBracket => self.brackets()?,
                Kind::Keyword(Keyword::Offset) => self.offset()?,
                Kind::Keyword(Keyword::Anchored) => self.extension(Extension::Anchored)?,
                Kind::Keyword(Keyword::Smoothed) => self.extension(Extension::Smoothed)?,
                Kind::At => self.at()?,
                _ => return Ok(()),
            }
        }
    }

    fn brackets(&mut self) -> Result<(), Failed> {
        let open = self.advance()?;
        let (range, height) = self.positive_period()?;
        match self.current.kind {
            Kind::RightBracket => {
                let close = self.advance()?;
                self.matrix(range, open.span.to(close.span), height)
            }
            Kind::Colon => {
                self.advance()?;
                self.subquery(open, range, height)
            }
            _ => self.unclosed("`]` or `:`", open.span),
        }
    }

    fn matrix(&mut self, range: Period, brackets: Span, height: usize) -> Result<(), Failed> {
        self.hole_into_selector();
        let operand = self.pop();
        let start = operand.expr.span.start;
        let selector = match operand.expr.kind {
            ExprKind::Selector(selector) => selector,
            _ => {
                let found = operand.expr.in_words();
                return fail(ParseErrorKind::RangeOf { found }, brackets);
            }
        };
        if let Some(offset) = &selector.modifiers.offset
            && offset.by.kind != PeriodKind::Literal(0)
        {
            let modifier = "`offset`";
            return fail(
                ParseErrorKind::ModifierBeforeRange { modifier },
                offset.span,
            );
        }
        if let Some(at) = &selector.modifiers.at {
            let modifier = "`@`";
            return fail(ParseErrorKind::ModifierBeforeRange { modifier }, at.span);
        }
        self.check_height(height + 1, brackets)?;
        let matrix = Matrix {
            selector_span: Span::new(start, own_end(&selector)),
            selector,
            range,
            brackets,
        };
        let kind = ExprKind::Matrix(matrix);
        self.push(kind, start, ValueType::Matrix, height + 1);
        Ok(())
    }

    /// A subquery up to whose colon everything was taken.
    fn subquery(&mut self, open: Token, range: Period, height: usize) -> Result<(), Failed> {
        let mut height = height;
        let step = match self.current.kind {
            Kind::RightBracket => None,
            _ => {
                let (step, step_height) = self.positive_period()?;
                height = height.max(step_height);
                Some(step)
            }
        };
        if self.current.kind != Kind::RightBracket {
            return self.unclosed("`]`", open.span);
        }
        let close = self.advance()?;
        let mut operand = self.pop();
        operand.settle(ValueType::Vector);
        let found = operand.expr.value_type;
        if found != ValueType::Vector {
            return fail(ParseErrorKind::SubqueryOf { found }, operand.expr.span);
        }
        let height = 1 + height.max(operand.height);
        self.check_height(height, open.span)?;
        let start = operand.expr.span.start;
        let subquery = Subquery {
            expr: operand.expr,
            range,
            step,
            brackets: open.span.to(close.span),
            modifiers: Modifiers::default(),
        };
        let kind = ExprKind::Subquery(Box::new(subquery));
        self.push(kind, start, ValueType::Matrix, height);
        Ok(())
    }

    fn offset(&mut self) -> Result<(), Failed> {
        let keyword = self.advance()?.span;
        let (by, height) = self.offset_period()?;
        let span = Span::new(keyword.start, self.last_end);
        let modifiers = self.modified("`offset`", span)?;
        if let Some(offset) = &modifiers.offset
            && offset.by.kind != PeriodKind::Literal(0)
        {
            let modifier = "`offset`";
            return fail(ParseErrorKind::ModifierTwice { modifier }, span);
        }
        modifiers.offset = Some(Offset { by, span });
        let last = self.operands.last_mut();
        let height = last.map_or(0, |last| {
            last.height = last.height.max(height + 1);
            last.height
        });
        self.check_height(height, span)
    }

    /// The modifiers of the last operand, which reaches to the end of this one, too.
    fn modified(&mut self, modifier: &'static str, span: Span) -> Result<&mut Modifiers, Failed> {
        self.hole_into_selector();
        let last = self
            .operands
            .last_mut()
            .expect("a modifier is read behind an operand");
        last.expr.span.end = self.last_end;
        let found = last.expr.in_words();
        match last.expr.modifiers_mut() {
            Some(modifiers) => Ok(modifiers),
            None => {
                let on = "a selector, a range or a subquery";
                let kind = ParseErrorKind::ModifierOf {
                    modifier,
                    on,
                    found,
                };
                fail(kind, span)
            }
        }
    }

    fn extension(&mut self, extension: Extension) -> Result<(), Failed> {
        let span = self.advance()?.span;
        let modifier = match extension {
            Extension::Anchored => "`anchored`",
            Extension::Smoothed => "`smoothed`",
        };
        if let Some(last) = self.operands.last()
            && matches!(last.expr.kind, ExprKind::Subquery(_))
        {
            let kind = ParseErrorKind::ModifierOf {
                modifier,
                on: "a selector or a range",
                found: "a subquery",
            };
            return fail(kind, span);
        }
        let modifiers = self.modified(modifier, span)?;
        match modifiers.extension {
            Some((other, _)) if other != extension => fail(ParseErrorKind::BothExtensions, span),
            _ => {
                modifiers.extension = Some((extension, span));
                Ok(())
            }
        }
    }

    fn at(&mut self) -> Result<(), Failed> {
        let sign = self.advance()?.span;
        let time = self.at_time()?;
        let span = Span::new(sign.start, self.last_end);
        let modifiers = self.modified("`@`", span)?;
        if modifiers.at.is_some() {
            let modifier = "`@`";
            return fail(ParseErrorKind::ModifierTwice { modifier }, span);
        }
        modifiers.at = Some(At { time, span });
        Ok(())
    }

    fn at_time(&mut self) -> Result<AtTime, Failed> {
        let preprocessor = match self.current.kind {
            Kind::Keyword(Keyword::Start) => Some(AtTime::Start),
            Kind::Keyword(Keyword::End) => Some(AtTime::End),
            _ => None,
        };
        if let Some(time) = preprocessor {
            self.advance()?;
            self.expect(Kind::LeftParen, "`()`")?;
            self.expect(Kind::RightParen, "`)`")?;
            return Ok(time);
        }
        let start = self.current.span.start;
        let is_minus = self.current.kind == Kind::Binary(BinaryOp::Subtract);
        if let Kind::Binary(BinaryOp::Subtract | BinaryOp::Add) = self.current.kind {
            self.advance()?;
        }
        if let Some(hole) = self.period_hole() {
            self.advance()?;
            return Ok(AtTime::Hole(hole));
        }
        if !matches!(self.current.kind, Kind::Number | Kind::Duration) {
            return self.unexpected("a time in seconds, `start()` or `end()`");
        }
        let (number, _) = self.number_literal()?;
        let seconds = match is_minus {
            true => -number.value,
            false => number.value,
        };
        if !(seconds < i64::MAX as f64 && seconds > i64::MIN as f64) {
            return fail(ParseErrorKind::AtTime, Span::new(start, self.last_end));
        }
        Ok(AtTime::Milliseconds((seconds * 1000.0).round() as i64))
    }
}

/// The end of a selector's name and braces.
fn own_end(selector: &Selector) -> usize {
    let name = selector.name.as_ref().map(|name| name.span);
    selector.braces.or(name).map_or(0, |span| span.end)
}
