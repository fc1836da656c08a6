//! Prometheus's functions: names, signatures, and which need a feature flag.

use crate::promql::ast::ValueType;

/// A function of PromQL (`Function` in Prometheus's `promql/parser/functions.go`).
#[derive(Debug, PartialEq)]
pub struct Function {
    /// As written.
    pub name: &'static str,
    /// What each argument gives; the last stands for all further ones.
    pub args: &'static [ValueType],
    /// 0: exactly `args`; n: the last n may be missing; -1: the last may be missing or come again.
    pub variadic: i8,
    /// What a call gives.
    pub returns: ValueType,
    /// Needs `--enable-feature=promql-experimental-functions`.
    pub is_experimental: bool,
}
