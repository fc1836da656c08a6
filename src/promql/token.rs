//! The words and signs of PromQL: what a piece of text can be, and where it may stand for a name.

use crate::promql::ast::{AggregateOp, BinaryOp};
use crate::text::span::Span;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    /// A name without colon.
    Identifier,
    /// A name with a colon.
    MetricIdentifier,
    Number,
    Duration,
    String,
    /// A hole by itself or with holes and digits behind it: a name or an expression.
    Hole,
    /// A hole in a number or a duration.
    NumberHole,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    /// `=`
    Equal,
    /// `=~`
    EqualRegexp,
    /// `!~`
    NotEqualRegexp,
    At,
    Binary(BinaryOp),
    Aggregate(AggregateOp),
    Keyword(Keyword),
}

/// A word with a meaning of its own, besides operators and aggregations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Offset,
    Smoothed,
    Anchored,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Fill,
    FillLeft,
    FillRight,
    Bool,
    Start,
    End,
    Step,
    Range,
    MaxOf,
    MinOf,
}

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

impl Kind {
    /// Whether it can be a metric's name (`metric_identifier` in Prometheus's `generated_parser.y`).
    pub(super) fn is_metric_name(self) -> bool {
        match self {
            Kind::Identifier | Kind::MetricIdentifier | Kind::Aggregate(_) => true,
            Kind::Binary(op) => op.is_set(),
            Kind::Keyword(keyword) => !matches!(
                keyword,
                Keyword::Bool
                    | Keyword::GroupLeft
                    | Keyword::GroupRight
                    | Keyword::Ignoring
                    | Keyword::On
            ),
            _ => false,
        }
    }

    /// Whether it can be a label in a clause (`maybe_label` in Prometheus's `generated_parser.y`).
    pub(super) fn is_label(self) -> bool {
        match self {
            Kind::Identifier | Kind::MetricIdentifier | Kind::Aggregate(_) => true,
            Kind::Binary(op) => op.is_set() || op == BinaryOp::Atan2,
            Kind::Keyword(keyword) => keyword != Keyword::Without,
            _ => false,
        }
    }

    /// Whether a call may begin with it.
    pub(super) fn is_function_name(self) -> bool {
        matches!(
            self,
            Kind::Identifier
                | Kind::Keyword(
                    Keyword::Start
                        | Keyword::End
                        | Keyword::Step
                        | Keyword::Range
                        | Keyword::MaxOf
                        | Keyword::MinOf
                )
        )
    }
}

/// The longest word with a meaning, `count_values`.
const LONGEST: usize = 12;

/// What a word means, whatever its case (`key` in Prometheus's `promql/parser/lex.go`).
pub(super) fn word(text: &[u8]) -> Option<Kind> {
    let mut lower = [0; LONGEST];
    let lower = lower.get_mut(..text.len())?;
    for (to, from) in lower.iter_mut().zip(text) {
        *to = from.to_ascii_lowercase();
    }
    Some(match &*lower {
        b"and" => Kind::Binary(BinaryOp::And),
        b"or" => Kind::Binary(BinaryOp::Or),
        b"unless" => Kind::Binary(BinaryOp::Unless),
        b"atan2" => Kind::Binary(BinaryOp::Atan2),
        b"sum" => Kind::Aggregate(AggregateOp::Sum),
        b"avg" => Kind::Aggregate(AggregateOp::Avg),
        b"count" => Kind::Aggregate(AggregateOp::Count),
        b"min" => Kind::Aggregate(AggregateOp::Min),
        b"max" => Kind::Aggregate(AggregateOp::Max),
        b"group" => Kind::Aggregate(AggregateOp::Group),
        b"stddev" => Kind::Aggregate(AggregateOp::Stddev),
        b"stdvar" => Kind::Aggregate(AggregateOp::Stdvar),
        b"topk" => Kind::Aggregate(AggregateOp::Topk),
        b"bottomk" => Kind::Aggregate(AggregateOp::Bottomk),
        b"count_values" => Kind::Aggregate(AggregateOp::CountValues),
        b"quantile" => Kind::Aggregate(AggregateOp::Quantile),
        b"limitk" => Kind::Aggregate(AggregateOp::Limitk),
        b"limit_ratio" => Kind::Aggregate(AggregateOp::LimitRatio),
        b"offset" => Kind::Keyword(Keyword::Offset),
        b"smoothed" => Kind::Keyword(Keyword::Smoothed),
        b"anchored" => Kind::Keyword(Keyword::Anchored),
        b"by" => Kind::Keyword(Keyword::By),
        b"without" => Kind::Keyword(Keyword::Without),
        b"on" => Kind::Keyword(Keyword::On),
        b"ignoring" => Kind::Keyword(Keyword::Ignoring),
        b"group_left" => Kind::Keyword(Keyword::GroupLeft),
        b"group_right" => Kind::Keyword(Keyword::GroupRight),
        b"fill" => Kind::Keyword(Keyword::Fill),
        b"fill_left" => Kind::Keyword(Keyword::FillLeft),
        b"fill_right" => Kind::Keyword(Keyword::FillRight),
        b"bool" => Kind::Keyword(Keyword::Bool),
        b"start" => Kind::Keyword(Keyword::Start),
        b"end" => Kind::Keyword(Keyword::End),
        b"step" => Kind::Keyword(Keyword::Step),
        b"range" => Kind::Keyword(Keyword::Range),
        b"max_of" => Kind::Keyword(Keyword::MaxOf),
        b"min_of" => Kind::Keyword(Keyword::MinOf),
        b"inf" | b"nan" => Kind::Number,
        _ => return None,
    })
}
