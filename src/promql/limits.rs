//! How much of a query is read: what is past it is refused before it costs anything.

/// Bytes of a query; rules that generators write stay below a hundredth of it.
pub const TEXT: usize = 1 << 20;

/// Tokens of a query.
pub const TOKENS: usize = 50_000;

/// Levels of a tree, a chain `a + b + c` counting one for each operator, and of parentheses around the current token.
///
/// Trees are walked, cloned, printed and dropped by recursion, which must fit the 2 MiB stack of a spawned thread in a build
/// without optimisation too.
pub const DEPTH: usize = 200;
