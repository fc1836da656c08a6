//! A condition's text and a measured value into a verdict: the language of `successCondition` and `failureCondition`.
//!
//! It is Go's expr (github.com/expr-lang/expr v1.17.8) in the environment of Argo Rollouts
//! (`utils/evaluate/evaluate.go`): `result`, `asInt`, `asFloat`, `isNaN`, `isInf`, `isNil`, `default` and all of expr's
//! builtins. [`evaluate_time`] is the same language for `rangeQuery.start` and `end`.
//!
//! A text is cut (`lexer`), parsed, checked against the type of the result, rewritten as expr's optimizer would, and run.
//! Three things to know first. The whole text is checked before anything runs, so `true || nonsense` is an error.
//! The rewriting decides what runs and so what can fail: `result[5] > 1 && false` is false on an empty result.
//! The static type decides how `==` compares, which is why types stay on the nodes.
//!
//! Everything is bounded (`limits`), more strictly than in Go: text, depth, nodes, steps, memory.
//!
//! What Go has and this has not is an error when compiling: methods as values (`now().Unix` without a call),
//! methods of times outside `methods`, fields of Go structs. The text of errors is Go's where that costs
//! nothing; that an empty result is told in other words is `measure`'s affair.

mod ast;
mod budget;
mod builtins;
mod check;
mod compare;
mod convert;
mod inspect;
mod lexer;
mod limits;
mod literal;
mod methods;
mod optimize;
mod parser;
mod power;
mod print;
mod quick;
mod repair;
mod run;
mod time;
mod types;
mod value;

#[cfg(test)]
mod tests;

use std::fmt;

use jiff::Timestamp;

use ast::{Ast, Id, NodeKind, Op};
use check::Env;
use types::{Kind, Type};
use value::Value;

use crate::text::chain::bounded;
use crate::text::regexp::{self, Pattern};

pub use inspect::{Compared, Looked, Looks, inspect};
pub use quick::is_quick;
pub use repair::{Edits, edited, repairs};
pub use run::Operand;

/// What a metric provider measured: `result` in a condition.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultValue {
    /// The values of a vector or matrix: Go's `[]float64`.
    Vector(Vec<f64>),
    /// A vector that the provider left nil; `result` is nil.
    NilVector,
    /// A scalar: Go's `float64`.
    Scalar(f64),
    /// A pointer to a scalar that is nil; `result` is nil.
    NilScalar,
    /// What a provider decoded from JSON; every number is a float64.
    Json(serde_json::Value),
}

/// The type of a result, against which a condition is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultType {
    /// `[]float64`
    Vector,
    /// `float64`
    Scalar,
    /// nil
    Nil,
    /// `string`
    Text,
    /// `bool`
    Bool,
    /// `[]any`
    List,
    /// `map[string]any`
    Map,
    /// Not known before it is measured: only what no value could make right is refused.
    Any,
}

impl ResultValue {
    /// Go's dynamic type of the value.
    pub fn result_type(&self) -> ResultType {
        match self {
            ResultValue::Vector(_) => ResultType::Vector,
            ResultValue::NilVector | ResultValue::NilScalar => ResultType::Nil,
            ResultValue::Scalar(_) => ResultType::Scalar,
            ResultValue::Json(json) => match json {
                serde_json::Value::Null => ResultType::Nil,
                serde_json::Value::Bool(_) => ResultType::Bool,
                serde_json::Value::Number(_) => ResultType::Scalar,
                serde_json::Value::String(_) => ResultType::Text,
                serde_json::Value::Array(_) => ResultType::List,
                serde_json::Value::Object(_) => ResultType::Map,
            },
        }
    }
}

impl ResultType {
    fn checked(self) -> Type {
        match self {
            ResultType::Vector => Type::Floats,
            ResultType::Scalar => Type::Float,
            ResultType::Nil => Type::Nil,
            ResultType::Text => Type::Text,
            ResultType::Bool => Type::Bool,
            ResultType::List => Type::List(None),
            ResultType::Map => Type::Map,
            ResultType::Any => Type::Any,
        }
    }
}

/// Why a condition has no verdict. `Display` is the message, in Go's words where they are sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// The text is wrong, whatever was measured (of this type): syntax, names, types, limits.
    #[error("{message}")]
    Compile {
        /// What is wrong.
        message: String,
        /// Where in the text, as a byte offset.
        offset: Option<usize>,
    },
    /// The text is right but failed on this value, or did not give what is wanted.
    #[error("{message}")]
    Run {
        /// What failed.
        message: String,
    },
}

impl ConditionError {
    /// Whether the text itself is wrong.
    pub fn is_compile(&self) -> bool {
        matches!(self, ConditionError::Compile { .. })
    }

    fn compile(message: &str, offset: usize) -> Self {
        ConditionError::Compile {
            message: bounded(message, limits::MESSAGE),
            offset: Some(offset),
        }
    }

    fn run(message: impl AsRef<str>) -> Self {
        ConditionError::Run {
            message: bounded(message.as_ref(), limits::MESSAGE),
        }
    }
}

/// A condition, checked and ready to run.
pub struct Program {
    text: String,
    ast: Ast,
    root: Id,
    patterns: Vec<Pattern>,
    env: Env,
    result: ResultType,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("text", &self.text)
            .field("result", &self.result)
            .finish_non_exhaustive()
    }
}

/// Parses and checks `text` for results of the type `result`.
pub fn compile(text: &str, result: ResultType) -> Result<Program, ConditionError> {
    prepare(text, Env::Condition(result.checked()), result)
}

/// Compiles and runs `text` on `result`; `now` is the time that `now()` gives.
pub fn evaluate(text: &str, result: &ResultValue, now: Timestamp) -> Result<bool, ConditionError> {
    compile(text, result.result_type())?.run(result, now)
}

/// Evaluates a time of a range query, such as `now() - duration("1h")`: Argo's `EvalTime`.
pub fn evaluate_time(text: &str, now: Timestamp) -> Result<Timestamp, ConditionError> {
    let program = prepare(text, Env::Time, ResultType::Nil)?;
    match program.value(Value::Nil, now)? {
        Value::Time(time) => Timestamp::from_nanosecond(time.at)
            .map_err(|_| ConditionError::run("the time is out of the years -9999 to 9999")),
        other => Err(ConditionError::run(format!(
            "expected time.Time, but got {}",
            other.type_name()
        ))),
    }
}

fn prepare(text: &str, env: Env, result: ResultType) -> Result<Program, ConditionError> {
    let (mut ast, root) = parser::parse(text, &|name| env.get(name).is_some())?;
    check::check(&mut ast, root, &env)?;
    optimize::optimize(&mut ast, root)?;
    let patterns = compile_patterns(&mut ast, root)?;
    Ok(Program {
        text: text.into(),
        ast,
        root,
        patterns,
        env,
        result,
    })
}

/// Compiles the patterns that are known, which includes those that the rewriting put together.
fn compile_patterns(ast: &mut Ast, root: Id) -> Result<Vec<Pattern>, ConditionError> {
    let mut patterns = Vec::new();
    for id in optimize::post_order(ast, root) {
        if let NodeKind::Binary(Op::Matches, left, right) = *ast.kind(id)
            && let NodeKind::Text(pattern) = ast.kind(right)
        {
            let pattern = regexp::compile(pattern).map_err(|error| {
                ConditionError::compile(&error.to_string(), ast.get(right).span.0 as usize)
            })?;
            patterns.push(pattern);
            // The checker has counted literals; the rewriting may have made more.
            if patterns.len() > limits::PATTERNS {
                let message = format!("the condition has more than {} patterns", limits::PATTERNS);
                return Err(ConditionError::compile(
                    &message,
                    ast.get(id).span.0 as usize,
                ));
            }
            ast.get_mut(id).kind = NodeKind::MatchesPattern(left, patterns.len() - 1);
        }
    }
    Ok(patterns)
}

impl Program {
    /// Whether what it gives may be `true` or `false`.
    pub fn can_give_a_verdict(&self) -> bool {
        matches!(
            self.ast.get(self.root).ty.kind(),
            Kind::Bool | Kind::Interface | Kind::Invalid
        )
    }

    /// Runs the condition on `result`, which must be of the type it was compiled for.
    pub fn run(&self, result: &ResultValue, now: Timestamp) -> Result<bool, ConditionError> {
        let found = result.result_type();
        if self.result != ResultType::Any && self.result != found {
            return Err(ConditionError::run(format!(
                "the condition was checked for a result of type {}, found {}",
                self.result.checked().name(),
                found.checked().name()
            )));
        }
        verdict(self.value(self.input(result)?, now))
    }

    /// As [`run`](Program::run), but none where `steps` do not suffice: a node evaluated, an element looked at or 64 bytes of
    /// text handled is one.
    pub fn run_within(
        &self,
        result: &ResultValue,
        now: Timestamp,
        steps: u64,
    ) -> Option<Result<bool, ConditionError>> {
        let input = match self.input(result) {
            Ok(input) => input,
            Err(error) => return Some(Err(error)),
        };
        let start = run::Input {
            steps: steps.min(limits::STEPS),
            ..self.start(input, now)
        };
        match run::run(start, self.root) {
            Err(fault) if fault.is_out_of_steps() => None,
            ran => Some(verdict(ran.map_err(|fault| ConditionError::run(fault.0)))),
        }
    }

    /// What stood on either side of the comparisons, for messages such as "`result[0]` is 0.12".
    ///
    /// At most four; constants, and operands that fail, are left out.
    pub fn operands(&self, result: &ResultValue, now: Timestamp) -> Vec<Operand> {
        match self.input(result) {
            Ok(result) => run::operands(self.start(result, now), self.root, &self.text),
            Err(_) => Vec::new(),
        }
    }

    fn input(&self, result: &ResultValue) -> Result<Value, ConditionError> {
        convert::result(result).map_err(|fault| ConditionError::run(fault.0))
    }

    fn start(&self, result: Value, now: Timestamp) -> run::Input<'_> {
        run::Input {
            ast: &self.ast,
            patterns: &self.patterns,
            env: &self.env,
            result,
            now,
            steps: limits::STEPS,
        }
    }

    fn value(&self, result: Value, now: Timestamp) -> Result<Value, ConditionError> {
        run::run(self.start(result, now), self.root).map_err(|fault| ConditionError::run(fault.0))
    }
}

fn verdict(value: Result<Value, ConditionError>) -> Result<bool, ConditionError> {
    match value? {
        Value::Bool(verdict) => Ok(verdict),
        other => Err(ConditionError::run(format!(
            "expected bool, but got {}",
            other.type_name()
        ))),
    }
}
