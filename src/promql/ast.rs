//! The tree of a query: every node, matcher, label and clause with the bytes where it stands.
//!
//! Spans are bytes of the text that was parsed. Where that text was made from a template, `text::filled` maps them back;
//! a place that is known only when an argument gets its value stands in the tree as a *hole*.

use std::fmt;
use std::sync::OnceLock;

use crate::promql::functions::Function;
use crate::promql::outcome::Accepted;
use crate::text::span::Span;

/// What an expression gives, as Prometheus types it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// A number.
    Scalar,
    /// One sample for each series.
    Vector,
    /// A stretch of samples for each series.
    Matrix,
    /// A text.
    String,
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// All of its text, parentheses of its own and modifiers included.
    pub span: Span,
    /// What it gives; a hole is taken for what its place needs.
    pub value_type: ValueType,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `5`, `0x1F`, `Inf`, `5m`
    Number(Number),
    /// `"text"`
    String(Text),
    /// `up{job="a"}`, `up offset 5m`
    Selector(Selector),
    /// `up[5m]`
    Matrix(Matrix),
    /// `(…)[5m:1m]`
    Subquery(Box<Subquery>),
    /// `rate(…)`
    Call(Call),
    /// `sum by (pod) (…)`
    Aggregation(Box<Aggregation>),
    /// `a + b`
    Binary(Box<Binary>),
    /// `-a`
    Unary(Box<Unary>),
    /// `(a)`
    Paren(Box<Expr>),
    /// An expression that is known only when an argument gets its value: `… > {{args.limit}}`.
    Hole(HoleId),
}

/// Which placeholder a hole stands for: equal where the placeholders are (`text::filled::hole_number`).
pub type HoleId = usize;

/// A number in a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// Its value; seconds for a duration.
    pub value: f64,
    /// Written as a duration, `5m`, which prints as one.
    pub is_duration: bool,
}

/// A quoted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The value, escapes undone: any bytes, as in Prometheus. A hole stands in it as [`HOLE`](crate::text::filled::HOLE).
    pub value: Vec<u8>,
    /// With its quotes.
    pub span: Span,
    /// Whether no hole is in it.
    pub is_known: bool,
}

impl Text {
    /// The value as text, what is no UTF-8 replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.value)
    }
}

/// A metric's or label's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Quotes and escapes undone. A hole stands in it as [`HOLE`](crate::text::filled::HOLE).
    pub text: String,
    /// With quotes, where it has some.
    pub span: Span,
    /// Whether no hole is in it.
    pub is_known: bool,
}

/// A vector selector.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    /// The name before the braces.
    pub name: Option<Name>,
    /// From `{` to `}`.
    pub braces: Option<Span>,
    /// In text order; the name before the braces is none of them, a name in the braces (`{"a.b"}`) is one on `__name__`.
    pub matchers: Vec<Matcher>,
    /// `offset` and `@`; of a range they stand behind it in the text and here all the same.
    pub modifiers: Modifiers,
}

impl Selector {
    /// The metric's name where it is known and pinned by equality: before the braces, in them, or as `__name__="…"`.
    pub fn metric(&self) -> Option<&str> {
        match &self.name {
            Some(name) => name.is_known.then_some(name.text.as_str()),
            None => self
                .matchers
                .iter()
                .find(|m| m.label.text == "__name__" && m.op == MatchOp::Equal)
                .filter(|m| m.value.is_known)
                .and_then(|m| std::str::from_utf8(&m.value.value).ok()),
        }
    }
}

/// `label="value"`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// The label; `__name__`, with the value's span, for a quoted name in braces.
    pub label: Name,
    /// How the value is compared.
    pub op: MatchOp,
    /// The operator's bytes; empty for a quoted name in braces.
    pub op_span: Span,
    /// What it is compared with.
    pub value: Text,
    /// All of it, without commas.
    pub span: Span,
    /// Which of the words that outcomes are called by its positive form accepts.
    pub(super) accepted: Memo<Option<Accepted>>,
}

/// What was once found out about a node: it is worked out where it is asked for first, and makes no node another.
#[derive(Clone)]
pub(super) struct Memo<T>(OnceLock<T>);

impl<T> Memo<T> {
    pub(super) fn get_or(&self, work: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(work)
    }
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Memo(OnceLock::new())
    }
}

impl<T> fmt::Debug for Memo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

impl<T> PartialEq for Memo<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Memo<T> {}

/// A matcher's operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regexp,
    /// `!~`
    NotRegexp,
}

impl MatchOp {
    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regexp => "=~",
            MatchOp::NotRegexp => "!~",
        }
    }
}

/// `offset`, `@`, `anchored`, `smoothed` of a selector or subquery.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Modifiers {
    /// `offset 5m`
    pub offset: Option<Offset>,
    /// `@ 1700000000`, `@ start()`
    pub at: Option<At>,
    /// `anchored` or `smoothed`, and where.
    pub extension: Option<(Extension, Span)>,
}

/// How a range takes its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// `anchored`
    Anchored,
    /// `smoothed`
    Smoothed,
}

/// `offset 5m`, `offset -5m`
#[derive(Debug, Clone, PartialEq)]
pub struct Offset {
    /// How far back; negative: forward.
    pub by: Period,
    /// With the keyword.
    pub span: Span,
}

/// `@ …`
#[derive(Debug, Clone, PartialEq)]
pub struct At {
    /// The time.
    pub time: AtTime,
    /// With the `@`.
    pub span: Span,
}

/// The time of an `@`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AtTime {
    /// Milliseconds since 1970.
    Milliseconds(i64),
    /// `start()`
    Start,
    /// `end()`
    End,
    /// Known when an argument gets its value.
    Hole(HoleId),
}

/// A stretch of time: of a range, a step, an offset.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// What it is.
    pub kind: PeriodKind,
    /// Its bytes, without brackets and keyword.
    pub span: Span,
}

/// What a stretch of time is.
#[derive(Debug, Clone, PartialEq)]
pub enum PeriodKind {
    /// A literal: nanoseconds, as Prometheus keeps them.
    Literal(i64),
    /// A duration expression, `5m + step()`.
    Expr(Box<PeriodExpr>),
    /// Known when an argument gets its value.
    Hole(HoleId),
}

impl Period {
    /// Whole milliseconds; none for a hole and for what hangs on the query's step or range.
    pub fn milliseconds(&self) -> Option<i64> {
        match &self.kind {
            PeriodKind::Literal(nanoseconds) => Some(nanoseconds / 1_000_000),
            PeriodKind::Expr(expr) => expr.seconds().map(|seconds| (seconds * 1000.0) as i64),
            PeriodKind::Hole(_) => None,
        }
    }
}

/// A duration expression.
#[derive(Debug, Clone, PartialEq)]
pub struct PeriodExpr {
    /// What it is.
    pub kind: PeriodExprKind,
    /// Its bytes.
    pub span: Span,
}

/// What a duration expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum PeriodExprKind {
    /// A number of seconds, or a duration.
    Number(Number),
    /// `step()`
    Step,
    /// `range()`
    Range,
    /// `-a`, `+a`
    Unary(bool, Box<PeriodExpr>),
    /// `a + b` and the like: one of `+ - * / % ^`.
    Binary(BinaryOp, Box<PeriodExpr>, Box<PeriodExpr>),
    /// `min_of(a, b)`
    MinOf(Box<PeriodExpr>, Box<PeriodExpr>),
    /// `max_of(a, b)`
    MaxOf(Box<PeriodExpr>, Box<PeriodExpr>),
    /// `(a)`
    Paren(Box<PeriodExpr>),
    /// Known when an argument gets its value.
    Hole(HoleId),
}

impl PeriodExpr {
    /// Its value in seconds; none where it hangs on the query's step or range, or on a hole.
    pub fn seconds(&self) -> Option<f64> {
        match &self.kind {
            PeriodExprKind::Number(number) => Some(number.value),
            PeriodExprKind::Step | PeriodExprKind::Range | PeriodExprKind::Hole(_) => None,
            PeriodExprKind::Unary(is_minus, inner) => {
                inner.seconds().map(|s| if *is_minus { -s } else { s })
            }
            PeriodExprKind::Binary(op, left, right) => {
                let (left, right) = (left.seconds()?, right.seconds()?);
                Some(match op {
                    BinaryOp::Add => left + right,
                    BinaryOp::Subtract => left - right,
                    BinaryOp::Multiply => left * right,
                    BinaryOp::Divide => left / right,
                    BinaryOp::Modulo => left % right,
                    BinaryOp::Power => left.powf(right),
                    _ => return None,
                })
            }
            PeriodExprKind::MinOf(left, right) => Some(left.seconds()?.min(right.seconds()?)),
            PeriodExprKind::MaxOf(left, right) => Some(left.seconds()?.max(right.seconds()?)),
            PeriodExprKind::Paren(inner) => inner.seconds(),
        }
    }
}

/// `selector[range]`
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// The selector; its modifiers are those behind the brackets.
    pub selector: Selector,
    /// The selector's own bytes, without range and modifiers.
    pub selector_span: Span,
    /// The range.
    pub range: Period,
    /// From `[` to `]`.
    pub brackets: Span,
}

/// `expr[range:step]`
#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    /// What is evaluated at each step.
    pub expr: Expr,
    /// The range.
    pub range: Period,
    /// The step; none: the server's default.
    pub step: Option<Period>,
    /// From `[` to `]`.
    pub brackets: Span,
    /// Behind the brackets.
    pub modifiers: Modifiers,
}

/// A function's call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Which function.
    pub function: &'static Function,
    /// Its name's bytes.
    pub name_span: Span,
    /// Its arguments, checked against the signature.
    pub args: Vec<Expr>,
}

/// `sum by (pod) (expr)`
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregation {
    /// Which aggregation.
    pub op: AggregateOp,
    /// Its name's bytes.
    pub op_span: Span,
    /// `by (…)` or `without (…)`.
    pub grouping: Option<Grouping>,
    /// The parameter of `topk`, `quantile`, `count_values` and their like.
    pub param: Option<Expr>,
    /// What is aggregated.
    pub expr: Expr,
}

/// `by (…)`, `without (…)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// `without`; else `by`.
    pub is_without: bool,
    /// In text order.
    pub labels: Vec<Name>,
    /// With the keyword and the parentheses.
    pub span: Span,
    /// From `(` to `)`.
    pub parens: Span,
}

/// Prometheus's aggregations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are PromQL's own words")]
pub enum AggregateOp {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    CountValues,
    Quantile,
    Limitk,
    LimitRatio,
}

impl AggregateOp {
    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            AggregateOp::Sum => "sum",
            AggregateOp::Avg => "avg",
            AggregateOp::Count => "count",
            AggregateOp::Min => "min",
            AggregateOp::Max => "max",
            AggregateOp::Group => "group",
            AggregateOp::Stddev => "stddev",
            AggregateOp::Stdvar => "stdvar",
            AggregateOp::Topk => "topk",
            AggregateOp::Bottomk => "bottomk",
            AggregateOp::CountValues => "count_values",
            AggregateOp::Quantile => "quantile",
            AggregateOp::Limitk => "limitk",
            AggregateOp::LimitRatio => "limit_ratio",
        }
    }
}

/// `left op right`
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Its bytes.
    pub op_span: Span,
    /// The `bool` behind a comparison.
    pub bool_span: Option<Span>,
    /// `on`, `ignoring`, `group_left`, `fill` and their like, where written.
    pub matching: Option<Matching>,
    /// The left operand.
    pub left: Expr,
    /// The right operand.
    pub right: Expr,
}

impl Binary {
    /// A comparison that drops what it is not true of.
    pub fn is_filter(&self) -> bool {
        self.op.is_comparison() && self.bool_span.is_none()
    }
}

/// Prometheus's binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are PromQL's own words")]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    /// `</`, on native histograms
    TrimUpper,
    /// `>/`, on native histograms
    TrimLower,
    And,
    Or,
    Unless,
}

impl BinaryOp {
    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Modulo => "%",
            BinaryOp::Power => "^",
            BinaryOp::Atan2 => "atan2",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterOrEqual => ">=",
            BinaryOp::Less => "<",
            BinaryOp::LessOrEqual => "<=",
            BinaryOp::TrimUpper => "</",
            BinaryOp::TrimLower => ">/",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
            BinaryOp::Unless => "unless",
        }
    }

    /// `==`, `<` and their like.
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            BinaryOp::Equal
                | BinaryOp::NotEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterOrEqual
                | BinaryOp::Less
                | BinaryOp::LessOrEqual
        )
    }

    /// `and`, `or`, `unless`
    pub fn is_set(self) -> bool {
        matches!(self, BinaryOp::And | BinaryOp::Or | BinaryOp::Unless)
    }
}

/// How the series of both sides find each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Matching {
    /// `on (…)` or `ignoring (…)`, where written.
    pub labels: Option<MatchingLabels>,
    /// `group_left (…)` or `group_right (…)`, where written.
    pub group: Option<Group>,
    /// `fill`, `fill_left`, `fill_right`, where written.
    pub fill: Fill,
    /// All of it, `bool` not included.
    pub span: Span,
}

/// `on (…)`, `ignoring (…)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchingLabels {
    /// `on`; else `ignoring`.
    pub is_on: bool,
    /// In text order.
    pub labels: Vec<Name>,
    /// With the keyword and the parentheses.
    pub span: Span,
}

/// `group_left (…)`, `group_right (…)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `group_left`; else `group_right`.
    pub is_left: bool,
    /// The labels taken over; may be empty.
    pub include: Vec<Name>,
    /// With the keyword and, where written, the parentheses.
    pub span: Span,
}

/// The values for series without a partner.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Fill {
    /// For those missing on the left.
    pub left: Option<f64>,
    /// For those missing on the right.
    pub right: Option<f64>,
}

/// `-expr`, `+expr`
#[derive(Debug, Clone, PartialEq)]
pub struct Unary {
    /// `-`; else `+`.
    pub is_minus: bool,
    /// The operator's byte.
    pub op_span: Span,
    /// The operand.
    pub expr: Expr,
}

impl Expr {
    /// The expressions directly inside, in text order but for an aggregation's, whose parameter comes first.
    pub fn children(&self) -> Vec<&Expr> {
        let mut children = Vec::new();
        self.for_each_child(&mut |child| children.push(child));
        children
    }

    /// Calls `visit` with this node and all below, outer ones first.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Expr)) {
        visit(self);
        // Rules walk a tree some dozens of times: no list is made on the way.
        self.for_each_child(&mut |child| child.walk(visit));
    }

    /// Whether `test` holds of an expression directly inside.
    pub fn any_child(&self, test: impl Fn(&Expr) -> bool) -> bool {
        let mut found = false;
        self.for_each_child(&mut |child| found = found || test(child));
        found
    }

    fn for_each_child<'a>(&'a self, visit: &mut impl FnMut(&'a Expr)) {
        match &self.kind {
            ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Selector(_)
            | ExprKind::Matrix(_)
            | ExprKind::Hole(_) => {}
            ExprKind::Subquery(subquery) => visit(&subquery.expr),
            ExprKind::Call(call) => call.args.iter().for_each(visit),
            ExprKind::Aggregation(aggregation) => {
                aggregation.param.iter().for_each(&mut *visit);
                visit(&aggregation.expr);
            }
            ExprKind::Binary(binary) => {
                visit(&binary.left);
                visit(&binary.right);
            }
            ExprKind::Unary(unary) => visit(&unary.expr),
            ExprKind::Paren(inner) => visit(inner),
        }
    }

    /// Without the parentheses around it.
    pub fn unwrapped(&self) -> &Expr {
        match &self.kind {
            ExprKind::Paren(inner) => inner.unwrapped(),
            _ => self,
        }
    }

    /// The selector of a vector or matrix selector.
    pub fn selector(&self) -> Option<&Selector> {
        match &self.kind {
            ExprKind::Selector(selector) => Some(selector),
            ExprKind::Matrix(matrix) => Some(&matrix.selector),
            _ => None,
        }
    }

    /// The name of the function called here.
    pub fn call(&self, name: &str) -> Option<&Call> {
        match &self.kind {
            ExprKind::Call(call) if call.function.name == name => Some(call),
            _ => None,
        }
    }
}
