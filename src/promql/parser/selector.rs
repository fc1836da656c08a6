//! Names and braces into selectors: `up`, `up{job="a"}`, `{"http.requests", job="a"}`.

use super::super::ast::{ExprKind, MatchOp, Matcher, Memo, Name, Selector, Text, ValueType};
use super::super::error::{ParseErrorKind, shown};
use super::super::lexer::Failed;
use super::super::token::{Keyword, Kind};
use super::matches_empty::matches_empty;
use super::{Parser, fail};
use crate::promql::ast::BinaryOp;
use crate::text::filled::is_hole;
use crate::text::regexp;
use crate::text::span::Span;

/// The label that holds a metric's name.
const METRIC_NAME: &str = "__name__";

impl Parser<'_> {
    /// What begins with a name: a call, an aggregation or a selector.
    pub(super) fn name(&mut self) -> Result<(), Failed> {
        let token = self.advance()?;
        let next = self.current.kind;
        if let Kind::Aggregate(op) = token.kind
            && matches!(
                next,
                Kind::LeftParen | Kind::Keyword(Keyword::By | Keyword::Without)
            )
        {
            return self.aggregation(op, token.span);
        }
        if next == Kind::LeftParen && token.kind.is_function_name() {
            return self.call(token.span);
        }
        let name = self.name_of(token.span);
        self.selector(Some(name))
    }

    /// A selector whose name was taken already; its braces, if any, come next.
    pub(super) fn selector(&mut self, name: Option<Name>) -> Result<(), Failed> {
        let start = name
            .as_ref()
            .map_or(self.current.span.start, |name| name.span.start);
        let mut selector = Selector {
            name,
            braces: None,
            matchers: Vec::new(),
            modifiers: Default::default(),
        };
        if self.current.kind == Kind::LeftBrace {
            self.braces(&mut selector)?;
        }
        let span = Span::new(start, self.last_end);
        self.check_selector(&selector, span)?;
        self.push(ExprKind::Selector(selector), start, ValueType::Vector, 1);
        Ok(())
    }

    fn braces(&mut self, selector: &mut Selector) -> Result<(), Failed> {
        let open = self.advance()?.span;
        let start = selector.name.as_ref().map_or(open.start, |n| n.span.start);
        let opened = Span::new(start, open.end);
        while self.current.kind != Kind::RightBrace {
            if self.current.kind == Kind::End {
                return self.unclosed("`}`", opened);
            }
            let matcher = self.matcher()?;
            selector.matchers.push(matcher);
            match self.current.kind {
                Kind::Comma => {
                    self.advance()?;
                }
                Kind::RightBrace => {}
                _ => return self.unclosed("`,` or `}`", opened),
            }
        }
        let close = self.advance()?.span;
        selector.braces = Some(open.to(close));
        Ok(())
    }

    fn matcher(&mut self) -> Result<Matcher, Failed> {
        let span = self.current.span;
        let quoted = match self.current.kind {
            Kind::Identifier => {
                self.advance()?;
                None
            }
            Kind::String => Some(self.string()?),
            _ => return self.unexpected("a label's name or `}`"),
        };
        let op = match self.current.kind {
            Kind::Equal => MatchOp::Equal,
            Kind::Binary(BinaryOp::NotEqual) => MatchOp::NotEqual,
            Kind::EqualRegexp => MatchOp::Regexp,
            Kind::NotEqualRegexp => MatchOp::NotRegexp,
            _ => {
                return match quoted {
                    Some(name) => Ok(metric_in_braces(name)),
                    None if span.of(self.text).chars().all(is_hole) => {
                        let what = "a whole matcher";
                        fail(ParseErrorKind::Hole { what }, span)
                    }
                    None => self.unexpected("one of `=`, `!=`, `=~`, `!~` behind the label"),
                };
            }
        };
        let label = match quoted {
            Some(quoted) => self.quoted_name(&quoted),
            None => self.name_of(span),
        };
        let op_span = self.advance()?.span;
        if self.current.kind != Kind::String {
            return self.unexpected("a quoted string");
        }
        let value = self.string()?;
        let span = span.to(value.span);
        if matches!(op, MatchOp::Regexp | MatchOp::NotRegexp)
            && let Some(problem) = regexp_error(&value)
        {
            return fail(ParseErrorKind::Regexp { problem }, value.span);
        }
        Ok(Matcher {
            label,
            op,
            op_span,
            value,
            span,
            accepted: Memo::default(),
        })
    }

    /// A name in quotes.
    pub(super) fn quoted_name(&self, quoted: &Text) -> Name {
        Name {
            text: quoted.text().into_owned(),
            span: quoted.span,
            is_known: quoted.is_known,
        }
    }

    /// `checkAST` on a `VectorSelector` in Prometheus's `promql/parser/parse.go`.
    fn check_selector(&self, selector: &Selector, span: Span) -> Result<(), Failed> {
        if let Some(name) = &selector.name {
            let mut matchers = selector.matchers.iter();
            return match matchers.find(|m| m.label.text == METRIC_NAME) {
                Some(matcher) => {
                    let name = shown(&name.text);
                    fail(ParseErrorKind::NameTwice { name }, matcher.span)
                }
                None => Ok(()),
            };
        }
        let is_empty = !selector.matchers.iter().any(refuses_empty);
        if is_empty && self.info_matchers != Some(span.start) {
            return fail(ParseErrorKind::NoMatcher, span);
        }
        Ok(())
    }
}

fn metric_in_braces(name: Text) -> Matcher {
    Matcher {
        label: Name {
            text: METRIC_NAME.to_owned(),
            span: name.span,
            is_known: true,
        },
        op: MatchOp::Equal,
        op_span: Span::at(name.span.start),
        span: name.span,
        value: name,
        accepted: Memo::default(),
    }
}

/// Whether a series without the label is not selected.
fn refuses_empty(matcher: &Matcher) -> bool {
    let value = &matcher.value.value;
    match matcher.op {
        MatchOp::Equal => !value.is_empty(),
        MatchOp::NotEqual => value.is_empty(),
        MatchOp::Regexp => !matches_empty(&matcher.value.text()),
        MatchOp::NotRegexp => matches_empty(&matcher.value.text()),
    }
}

/// What is wrong with a matcher's regular expression; a hole in it counts as a letter.
fn regexp_error(value: &Text) -> Option<String> {
    let Ok(pattern) = std::str::from_utf8(&value.value) else {
        // Prometheus looks for plain words first and does not read them as a regular expression.
        let is_plain = !value
            .value
            .iter()
            .any(|byte| br"\.+*?()[]{}^$".contains(byte));
        return (!is_plain).then(|| "error parsing regexp: invalid UTF-8".to_owned());
    };
    let filled;
    let pattern = if value.is_known {
        pattern
    } else {
        filled = pattern.replace(is_hole, "x");
        &filled
    };
    regexp::check(pattern).err().map(|error| error.to_string())
}
