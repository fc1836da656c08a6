//! Operators with what stands behind them: `bool`, `on`, `ignoring`, `group_left`, `group_right`, `fill`.

use super::super::ast::{BinaryOp, Fill, Group, Matching, MatchingLabels, Name};
use super::super::error::ParseErrorKind;
use super::super::lexer::Failed;
use super::super::token::{Keyword, Kind};
use super::{Parser, fail};
use crate::text::span::Span;

/// The flag that brings `fill`.
const FILL_FLAG: &str = "promql-binop-fill-modifiers";

/// An operator that waits for its right operand.
pub(super) struct Pending {
    pub(super) op: BinaryOp,
    pub(super) op_span: Span,
    pub(super) bool_span: Option<Span>,
    pub(super) matching: Option<Matching>,
}

impl Parser<'_> {
    /// Takes an operator and its clauses.
    pub(super) fn operator(&mut self, op: BinaryOp) -> Result<(), Failed> {
        let op_span = self.advance()?.span;
        let mut bool_span = None;
        if self.current.kind == Kind::Keyword(Keyword::Bool) {
            bool_span = Some(self.advance()?.span);
        }
        let matching = match self.current.kind {
            Kind::Keyword(
                Keyword::On
                | Keyword::Ignoring
                | Keyword::GroupLeft
                | Keyword::GroupRight
                | Keyword::Fill
                | Keyword::FillLeft
                | Keyword::FillRight,
            ) => Some(self.matching()?),
            _ => None,
        };
        self.pending.push(Pending {
            op,
            op_span,
            bool_span,
            matching,
        });
        Ok(())
    }

    fn matching(&mut self) -> Result<Matching, Failed> {
        let start = self.current.span.start;
        let labels = self.matching_labels()?;
        let group = self.group(labels.is_some())?;
        let fill_start = self.current.span.start;
        let fill = self.fill()?;
        if fill != Fill::default() {
            let span = Span::new(fill_start, self.last_end);
            self.check_experimental(|| "`fill`".to_owned(), FILL_FLAG, span)?;
        }
        Ok(Matching {
            labels,
            group,
            fill,
            span: Span::new(start, self.last_end),
        })
    }

    fn matching_labels(&mut self) -> Result<Option<MatchingLabels>, Failed> {
        let is_on = match self.current.kind {
            Kind::Keyword(Keyword::On) => true,
            Kind::Keyword(Keyword::Ignoring) => false,
            _ => return Ok(None),
        };
        let keyword = self.advance()?.span;
        let (labels, parens) = self.labels(keyword)?;
        Ok(Some(MatchingLabels {
            is_on,
            labels,
            span: keyword.to(parens),
        }))
    }

    fn group(&mut self, has_labels: bool) -> Result<Option<Group>, Failed> {
        let is_left = match self.current.kind {
            Kind::Keyword(Keyword::GroupLeft) => true,
            Kind::Keyword(Keyword::GroupRight) => false,
            _ => return Ok(None),
        };
        if !has_labels {
            return self.unexpected("`on (…)` or `ignoring (…)` first");
        }
        let mut span = self.advance()?.span;
        let mut include = Vec::new();
        if self.current.kind == Kind::LeftParen {
            let (labels, parens) = self.labels(span)?;
            include = labels;
            span = span.to(parens);
        }
        Ok(Some(Group {
            is_left,
            include,
            span,
        }))
    }

    fn fill(&mut self) -> Result<Fill, Failed> {
        let mut fill = Fill::default();
        match self.current.kind {
            Kind::Keyword(Keyword::Fill) => {
                let value = self.fill_value()?;
                fill.left = Some(value);
                fill.right = Some(value);
            }
            Kind::Keyword(Keyword::FillLeft) => {
                fill.left = Some(self.fill_value()?);
                if self.current.kind == Kind::Keyword(Keyword::FillRight) {
                    fill.right = Some(self.fill_value()?);
                }
            }
            Kind::Keyword(Keyword::FillRight) => {
                fill.right = Some(self.fill_value()?);
                if self.current.kind == Kind::Keyword(Keyword::FillLeft) {
                    fill.left = Some(self.fill_value()?);
                }
            }
            _ => {}
        }
        Ok(fill)
    }

    fn fill_value(&mut self) -> Result<f64, Failed> {
        let keyword = self.advance()?.span;
        let opened = keyword.to(self.expect(Kind::LeftParen, "`(`")?.span);
        let sign = match self.current.kind {
            Kind::Binary(BinaryOp::Subtract) => -1.0,
            _ => 1.0,
        };
        if let Kind::Binary(BinaryOp::Subtract | BinaryOp::Add) = self.current.kind {
            self.advance()?;
        }
        let value = match self.current.kind {
            Kind::Number | Kind::Duration => self.number_literal()?.0.value,
            Kind::Hole | Kind::NumberHole => {
                let what = "the value of `fill`";
                return fail(ParseErrorKind::Hole { what }, self.current.span);
            }
            _ => return self.unexpected("a number"),
        };
        if self.current.kind != Kind::RightParen {
            return self.unclosed("`)`", opened);
        }
        self.advance()?;
        Ok(sign * value)
    }

    /// `(a, "b.c", …)` behind a clause's keyword: the labels and all of it.
    pub(super) fn labels(&mut self, keyword: Span) -> Result<(Vec<Name>, Span), Failed> {
        let open = self.expect(Kind::LeftParen, "`(` with labels")?.span;
        let mut labels = Vec::new();
        while self.current.kind != Kind::RightParen {
            if self.current.kind == Kind::End {
                return self.unclosed("`)`", keyword.to(open));
            }
            labels.push(self.label()?);
            match self.current.kind {
                Kind::Comma => {
                    self.advance()?;
                }
                Kind::RightParen => {}
                _ => return self.unclosed("`,` or `)`", keyword.to(open)),
            }
        }
        let close = self.advance()?.span;
        Ok((labels, open.to(close)))
    }

    fn label(&mut self) -> Result<Name, Failed> {
        let span = self.current.span;
        match self.current.kind {
            Kind::String => {
                let quoted = self.string()?;
                let problem = if quoted.value.is_empty() {
                    "empty"
                } else if std::str::from_utf8(&quoted.value).is_err() {
                    "no UTF-8"
                } else {
                    return Ok(self.quoted_name(&quoted));
                };
                fail(ParseErrorKind::LabelName { problem }, span)
            }
            // With names in UTF-8 a colon needs quotes; before, it was let through.
            Kind::MetricIdentifier if self.features == super::Features::All => {
                let problem = "with a colon; quote it";
                fail(ParseErrorKind::LabelName { problem }, span)
            }
            kind if kind.is_label() || kind == Kind::Hole => {
                self.advance()?;
                Ok(self.name_of(span))
            }
            _ => self.unexpected("a label's name or `)`"),
        }
    }
}
