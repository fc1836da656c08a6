//! Calls of functions and aggregations with their arguments.

use super::super::Features;
use super::super::ast::{AggregateOp, Aggregation, Call, Expr, ExprKind, Grouping, ValueType};
use super::super::error::{ParseErrorKind, shown};
use super::super::functions::{FUNCTIONS, Function, find};
use super::super::lexer::Failed;
use super::super::token::{Keyword, Kind};
use super::{Operand, Parser, fail};
use crate::text::nearest::nearest;
use crate::text::span::Span;

/// The flag that brings functions and aggregations not yet settled.
const FUNCTIONS_FLAG: &str = "promql-experimental-functions";

impl Parser<'_> {
    /// A call whose name was taken; `(` comes next.
    pub(super) fn call(&mut self, name: Span) -> Result<(), Failed> {
        let function = self.function(name)?;
        let opened = name.to(self.advance()?.span);
        let base = self.operands.len();
        self.arguments(opened, function.name == "info")?;
        self.finish_call(function, name, base)
    }

    fn function(&self, span: Span) -> Result<&'static Function, Failed> {
        let name = span.of(self.text);
        if !self.is_known(span) {
            let what = "a part of a function's name";
            return fail(ParseErrorKind::Hole { what }, span);
        }
        let Some(function) = find(name) else {
            let near = nearest(name, FUNCTIONS.iter().map(|function| function.name));
            let name = shown(name);
            return fail(ParseErrorKind::UnknownFunction { name, near }, span);
        };
        if function.is_experimental {
            self.check_experimental(|| format!("`{name}()`"), FUNCTIONS_FLAG, span)?;
        }
        Ok(function)
    }

    /// Refuses what needs a flag.
    pub(super) fn check_experimental(
        &self,
        what: impl Fn() -> String,
        flag: &'static str,
        span: Span,
    ) -> Result<(), Failed> {
        match self.features {
            Features::All => Ok(()),
            Features::Stock => {
                let what = what();
                fail(ParseErrorKind::Experimental { what, flag }, span)
            }
        }
    }

    /// Arguments up to and with `)`, each an operand more.
    fn arguments(&mut self, opened: Span, is_info: bool) -> Result<(), Failed> {
        let base = self.operands.len();
        while self.current.kind != Kind::RightParen {
            if is_info && self.operands.len() == base + 1 {
                self.info_matchers = Some(self.current.span.start);
            }
            if self.current.kind == Kind::End {
                return self.unclosed("`)`", opened);
            }
            self.expression(0)?;
            match self.current.kind {
                Kind::RightParen => {}
                Kind::Comma => {
                    let comma = self.advance()?.span;
                    if self.current.kind == Kind::RightParen {
                        return fail(ParseErrorKind::TrailingComma, comma);
                    }
                }
                _ if self.operands.len() == base + 1 => return self.unclosed("`)`", opened),
                _ => return self.unclosed("`,` or `)`", opened),
            }
        }
        self.advance()?;
        Ok(())
    }

    fn finish_call(
        &mut self,
        function: &'static Function,
        name: Span,
        base: usize,
    ) -> Result<(), Failed> {
        let whole = Span::new(name.start, self.last_end);
        let count = self.operands.len() - base;
        check_count(function, count, whole)?;
        if function.name == "info" {
            self.check_info(base)?;
        }
        for (index, argument) in self.operands[base..].iter_mut().enumerate() {
            let expected = function.args[index.min(function.args.len() - 1)];
            let of = (function.name, ordinal(index));
            check_argument(argument, expected, of)?;
        }
        let (args, height) = self.take(base);
        self.check_height(height + 1, name)?;
        let call = Call {
            function,
            name_span: name,
            args,
        };
        self.push(
            ExprKind::Call(call),
            name.start,
            function.returns,
            height + 1,
        );
        Ok(())
    }

    /// The operands from `base` on, and the greatest of their heights.
    fn take(&mut self, base: usize) -> (Vec<Expr>, usize) {
        let mut height = 0;
        let taken = self.operands.drain(base..);
        let args = taken.map(|operand| {
            height = height.max(operand.height);
            operand.expr
        });
        (args.collect(), height)
    }

    /// The second argument of `info` says which labels to take, and from where; it selects nothing by itself.
    fn check_info(&self, base: usize) -> Result<(), Failed> {
        let Some(argument) = self.operands.get(base + 1) else {
            return Ok(());
        };
        let found = match &argument.expr.kind {
            ExprKind::Selector(selector) if selector.name.is_none() => return Ok(()),
            ExprKind::Hole(_) => return Ok(()),
            ExprKind::Selector(_) => "a selector with a metric's name",
            _ => argument.expr.in_words(),
        };
        fail(ParseErrorKind::InfoMatchers { found }, argument.expr.span)
    }

    /// An aggregation whose name was taken; a clause or `(` comes next.
    pub(super) fn aggregation(&mut self, op: AggregateOp, name: Span) -> Result<(), Failed> {
        let mut grouping = self.grouping()?;
        if self.current.kind != Kind::LeftParen {
            return self.unexpected("`(` with what is aggregated");
        }
        let paren = self.advance()?.span;
        let base = self.operands.len();
        self.arguments(name.to(paren), false)?;
        if grouping.is_none() {
            grouping = self.grouping()?;
        }
        self.finish_aggregation(op, name, grouping, base)
    }

    /// `by (…)` or `without (…)`, if one comes next.
    fn grouping(&mut self) -> Result<Option<Grouping>, Failed> {
        let is_without = match self.current.kind {
            Kind::Keyword(Keyword::By) => false,
            Kind::Keyword(Keyword::Without) => true,
            _ => return Ok(None),
        };
        let keyword = self.advance()?.span;
        let (labels, parens) = self.labels(keyword)?;
        Ok(Some(Grouping {
            is_without,
            labels,
            span: keyword.to(parens),
            parens,
        }))
    }

    fn finish_aggregation(
        &mut self,
        op: AggregateOp,
        op_span: Span,
        grouping: Option<Grouping>,
        base: usize,
    ) -> Result<(), Failed> {
        let function = op.as_str();
        let whole = Span::new(op_span.start, self.last_end);
        if matches!(op, AggregateOp::Limitk | AggregateOp::LimitRatio) {
            self.check_experimental(|| format!("`{function}()`"), FUNCTIONS_FLAG, op_span)?;
        }
        let parameter = parameter(op);
        let expected = 1 + usize::from(parameter.is_some());
        let found = self.operands.len() - base;
        if found != expected {
            let kind = ParseErrorKind::ArgumentCount {
                function,
                expected: arguments(expected),
                found,
            };
            return fail(kind, whole);
        }
        if let Some(expected) = parameter {
            check_argument(
                &mut self.operands[base],
                expected,
                (function, "the parameter"),
            )?;
        }
        let last = self.operands.len() - 1;
        let of = (function, "the argument");
        check_argument(&mut self.operands[last], ValueType::Vector, of)?;
        let expr = self.pop();
        let param = (found > 1).then(|| self.pop());
        let height = 1 + expr
            .height
            .max(param.as_ref().map_or(0, |param| param.height));
        self.check_height(height, op_span)?;
        let aggregation = Aggregation {
            op,
            op_span,
            grouping,
            param: param.map(|param| param.expr),
            expr: expr.expr,
        };
        let kind = ExprKind::Aggregation(Box::new(aggregation));
        self.push(kind, op_span.start, ValueType::Vector, height);
        Ok(())
    }
}

/// What the parameter of an aggregation is, if it takes one.
fn parameter(op: AggregateOp) -> Option<ValueType> {
    match op {
        AggregateOp::CountValues => Some(ValueType::String),
        AggregateOp::Topk
        | AggregateOp::Bottomk
        | AggregateOp::Quantile
        | AggregateOp::Limitk
        | AggregateOp::LimitRatio => Some(ValueType::Scalar),
        AggregateOp::Sum
        | AggregateOp::Avg
        | AggregateOp::Count
        | AggregateOp::Min
        | AggregateOp::Max
        | AggregateOp::Group
        | AggregateOp::Stddev
        | AggregateOp::Stdvar => None,
    }
}

fn arguments(count: usize) -> String {
    match count {
        0 => "no argument".to_owned(),
        1 => "1 argument".to_owned(),
        _ => format!("{count} arguments"),
    }
}

fn check_count(function: &'static Function, found: usize, span: Span) -> Result<(), Failed> {
    let named = function.args.len();
    let variadic = usize::try_from(function.variadic).ok();
    let (least, most) = match variadic {
        Some(0) => (named, Some(named)),
        Some(more) => (named - 1, Some(named - 1 + more)),
        None => (named - 1, None),
    };
    let expected = if found < least && most != Some(least) {
        format!("at least {}", arguments(least))
    } else if most.is_some_and(|most| found > most) && most != Some(least) {
        format!("at most {}", arguments(most.unwrap_or(least)))
    } else if found < least || most.is_some_and(|most| found > most) {
        arguments(least)
    } else {
        return Ok(());
    };
    let kind = ParseErrorKind::ArgumentCount {
        function: function.name,
        expected,
        found,
    };
    fail(kind, span)
}

fn ordinal(index: usize) -> &'static str {
    const WORDS: [&str; 6] = [
        "the first argument",
        "the second argument",
        "the third argument",
        "the fourth argument",
        "the fifth argument",
        "a further argument",
    ];
    WORDS[index.min(WORDS.len() - 1)]
}

fn check_argument(
    argument: &mut Operand,
    expected: ValueType,
    (function, which): (&'static str, &'static str),
) -> Result<(), Failed> {
    argument.settle(expected);
    let found = argument.expr.value_type;
    if found == expected {
        return Ok(());
    }
    let kind = ParseErrorKind::ArgumentType {
        function,
        argument: which,
        expected,
        found,
    };
    fail(kind, argument.expr.span)
}
