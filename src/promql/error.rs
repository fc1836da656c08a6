//! Why a text is no query, and which of its bytes say so.

use crate::promql::ast::{BinaryOp, ValueType};
use crate::text::chain::{bounded, one_line};
use crate::text::filled::is_hole;
use crate::text::span::{LineColumn, Span};

/// A text that Prometheus would refuse, or one past the limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// The bytes of the text that are; empty at its end.
    pub span: Span,
}

/// What is wrong with a query, in words for its author. Texts in the fields are short and on one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Nothing but blanks and comments.
    #[error("no expression found in the query")]
    Empty,
    /// A text past [`TEXT`](crate::promql::limits::TEXT) bytes.
    #[error("the query is longer than {limit} bytes")]
    TooLong {
        /// The most.
        limit: usize,
    },
    /// Past [`TOKENS`](crate::promql::limits::TOKENS).
    #[error("the query has more than {limit} words and signs")]
    TooManyTokens {
        /// The most.
        limit: usize,
    },
    /// Past [`DEPTH`](crate::promql::limits::DEPTH).
    #[error(
        "the query nests more than {limit} levels; each operator of a chain without parentheses counts as one"
    )]
    TooDeep {
        /// The most.
        limit: usize,
    },
    /// Something that a Prometheus with feature flags takes.
    #[error("{what} is experimental and needs `--enable-feature={flag}`")]
    Experimental {
        /// A syntax or a function, in backticks where it is one.
        what: String,
        /// The flag of Prometheus.
        flag: &'static str,
    },

    /// A character that begins nothing.
    #[error("unexpected character `{}`{}{remedy}", .found.escape_debug(), place(.inside))]
    Character {
        /// The character.
        found: char,
        /// The kind of brackets around it, where its meaning hangs on them.
        inside: Option<&'static str>,
        /// What to write, with `; ` before it, or nothing.
        remedy: &'static str,
    },
    /// A string without its second quote.
    #[error("unterminated string; expected `{quote}` before {before}")]
    UnterminatedString {
        /// The quote that it began with.
        quote: char,
        /// Before what.
        before: &'static str,
    },
    /// A backslash with something behind it that is no escape.
    #[error(
        "unknown escape sequence `{sequence}`; write `\\\\` for a backslash, or quote with backticks"
    )]
    Escape {
        /// The backslash and what stands behind.
        sequence: String,
    },
    /// An escape that is none of a character.
    #[error("escape sequence `{sequence}` is {problem}")]
    EscapeValue {
        /// The escape.
        sequence: String,
        /// What it is instead.
        problem: &'static str,
    },
    /// U+FFFD in a string, which Prometheus takes for broken UTF-8.
    #[error("the character U+FFFD in a string, which Prometheus takes for broken UTF-8")]
    ReplacementCharacter,
    /// Digits that make no number and no duration.
    #[error("bad number or duration `{text}`")]
    Number {
        /// As written.
        text: String,
    },
    /// Something with the shape of a duration.
    #[error("bad duration `{text}`: {problem}")]
    Duration {
        /// As written.
        text: String,
        /// Why it is none.
        problem: &'static str,
    },

    /// Something else should stand here.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What could stand here.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// Something that is not closed where it would have to be.
    #[error("expected {expected} to close `{opening}` opened at {}:{}, found {found}", .at.line, .at.column)]
    Unclosed {
        /// What could stand here.
        expected: &'static str,
        /// The opening bracket with the word before it.
        opening: String,
        /// Where that stands.
        opened: Span,
        /// The same for people.
        at: LineColumn,
        /// What stands here.
        found: String,
    },
    /// `rate(up[5m],)`
    #[error("a call's arguments end without comma; remove it")]
    TrailingComma,

    /// A call of what is no function.
    #[error("unknown function `{name}`{}", meant(.near))]
    UnknownFunction {
        /// As written.
        name: String,
        /// One with nearly that name.
        near: Option<&'static str>,
    },
    /// Too few or too many arguments.
    #[error("`{function}` takes {expected}, found {found}")]
    ArgumentCount {
        /// The function or aggregation.
        function: &'static str,
        /// `1 argument`, `at least 3 arguments`
        expected: String,
        /// How many there are.
        found: usize,
    },
    /// An argument of another type.
    #[error(
        "{argument} of `{function}` is {}, expected {}{}",
        described(*.found),
        described(*.expected),
        type_remedy(*.expected, *.found)
    )]
    ArgumentType {
        /// The function or aggregation.
        function: &'static str,
        /// Which one.
        argument: &'static str,
        /// What it needs.
        expected: ValueType,
        /// What it is.
        found: ValueType,
    },
    /// The second argument of `info`.
    #[error("the second argument of `info` is {found}, expected label matchers only, `{{…}}`")]
    InfoMatchers {
        /// What it is.
        found: &'static str,
    },

    /// An operator between what it cannot be between.
    #[error(
        "`{}` takes scalars and instant vectors, found {}{}",
        .op.as_str(),
        described(*.found),
        type_remedy(ValueType::Vector, *.found)
    )]
    OperandType {
        /// The operator.
        op: BinaryOp,
        /// The operand.
        found: ValueType,
    },
    /// `-"a"`
    #[error("a sign takes a scalar or an instant vector, found {}", described(*.found))]
    SignedType {
        /// The operand.
        found: ValueType,
    },
    /// `1 > 2`
    #[error("comparisons between scalars must use `bool`; write `{} bool`", .op.as_str())]
    ScalarComparison {
        /// The operator.
        op: BinaryOp,
    },
    /// `a + bool b`
    #[error("`bool` can only be used on comparisons, found it on `{}`", .op.as_str())]
    BoolModifier {
        /// The operator.
        op: BinaryOp,
    },
    /// `a and 1`
    #[error("`{}` works on instant vectors only, found a scalar; write `vector(…)` around it", .op.as_str())]
    SetOnScalar {
        /// The operator.
        op: BinaryOp,
    },
    /// `on`, `ignoring` or `fill` beside a scalar.
    #[error("{clause} only works between instant vectors")]
    MatchingOnScalar {
        /// The clause, in backticks.
        clause: &'static str,
    },
    /// `group_left` or `fill` on `and`, `or`, `unless`.
    #[error("no {clause} allowed for `{}`, which matches many to many", .op.as_str())]
    MatchingOnSet {
        /// The clause, in backticks.
        clause: &'static str,
        /// The operator.
        op: BinaryOp,
    },
    /// A label of `on` that is one of `group_left` too.
    #[error("label `{label}` must not occur in `on` and in `group_left` or `group_right` at once")]
    LabelInBoth {
        /// The label.
        label: String,
    },
    /// `by ("")`
    #[error("a label's name is {problem}")]
    LabelName {
        /// What it is.
        problem: &'static str,
    },

    /// `{}`
    #[error(
        "the selector selects every series there is; it must contain at least one matcher that the empty text does not match"
    )]
    NoMatcher,
    /// `up{__name__="down"}`
    #[error("the metric's name is set twice: `{name}` and in the braces")]
    NameTwice {
        /// The name before the braces.
        name: String,
    },
    /// A regular expression that Prometheus cannot read.
    #[error("{problem}")]
    Regexp {
        /// Why, in Go's words.
        problem: String,
    },

    /// `(up)[5m]`
    #[error(
        "a range only works on a vector selector, found {found}; for a subquery write a colon, `[5m:]`"
    )]
    RangeOf {
        /// What it is.
        found: &'static str,
    },
    /// `up offset 5m [5m]`
    #[error("{modifier} stands before the range; write it behind the `]`")]
    ModifierBeforeRange {
        /// `offset` or `@`, in backticks.
        modifier: &'static str,
    },
    /// `up[5m][5m:]`
    #[error("a subquery only works on an instant vector, found {}", described(*.found))]
    SubqueryOf {
        /// What it is.
        found: ValueType,
    },
    /// `sum(up) offset 5m`
    #[error("{modifier} only works on {on}, found {found}{}", modifier_remedy(.found))]
    ModifierOf {
        /// In backticks.
        modifier: &'static str,
        /// What it works on.
        on: &'static str,
        /// What it stands behind.
        found: &'static str,
    },
    /// `up offset 5m offset 5m`
    #[error("{modifier} may not be set twice")]
    ModifierTwice {
        /// In backticks.
        modifier: &'static str,
    },
    /// `up anchored smoothed`
    #[error("`anchored` and `smoothed` cannot be used together")]
    BothExtensions,
    /// A time that Prometheus cannot hold.
    #[error("the time of `@` is out of bounds")]
    AtTime,
    /// `up[0s]`
    #[error("a range and a step must be greater than 0")]
    NotPositive,
    /// A duration that Prometheus cannot hold.
    #[error("the duration is out of range, 292 years")]
    PeriodRange,
    /// `up[5m / 0]`
    #[error("{op} by zero in a duration")]
    ZeroDivisor {
        /// `division` or `modulo`
        op: &'static str,
    },
    /// A placeholder where only what is known can stand.
    #[error("a placeholder cannot stand for {what}")]
    Hole {
        /// What would stand here.
        what: &'static str,
    },
}

/// A piece of the text for a message: short, on one line, holes as an author may have written them.
pub(super) fn shown(text: &str) -> String {
    const LENGTH: usize = 40;
    let line = one_line(text);
    if line.contains(is_hole) {
        return bounded(&line.replace(is_hole, "{{…}}"), LENGTH);
    }
    bounded(&line, LENGTH)
}

fn place(inside: &Option<&'static str>) -> String {
    match inside {
        Some(inside) => format!(" inside {inside}"),
        None => String::new(),
    }
}

fn meant(near: &Option<&'static str>) -> String {
    match near {
        Some(near) => format!("; did you mean `{near}`"),
        None => String::new(),
    }
}

/// As Prometheus's documentation calls a type, with its article.
pub(super) fn described(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::Scalar => "a scalar",
        ValueType::Vector => "an instant vector",
        ValueType::Matrix => "a range vector",
        ValueType::String => "a string",
    }
}

fn type_remedy(expected: ValueType, found: ValueType) -> &'static str {
    match (expected, found) {
        (ValueType::Matrix, ValueType::Vector) => "; add a range, `[5m]`",
        (ValueType::Vector, ValueType::Matrix) => {
            "; remove the range or call a function on it, such as `rate`"
        }
        (ValueType::Vector, ValueType::Scalar) => "; write `vector(…)` around it",
        (ValueType::Scalar, ValueType::Vector) => "; write `scalar(…)` around it",
        _ => "",
    }
}

fn modifier_remedy(found: &str) -> &'static str {
    match found {
        "an aggregation" | "a call" | "parentheses" => "; write it behind the selector inside",
        _ => "",
    }
}

impl ParseError {
    /// Whether a Prometheus with its feature flags on may take it.
    pub fn is_experimental(&self) -> bool {
        matches!(self.kind, ParseErrorKind::Experimental { .. })
    }
}
