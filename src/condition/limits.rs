//! What a condition may cost. Stricter than Go's expr, which knows neither depth nor steps and charges no strings.

/// Longest text, in bytes. Real conditions stay below 300.
pub(super) const TEXT: usize = 16 * 1024;
/// Deepest nesting of a text and of its tree; a chain of operators at one level counts once.
/// What 2 MiB of stack bear in a debug build, several times over.
pub(super) const DEPTH: u16 = 100;
/// Most nodes of a tree; expr's own limit (`conf.DefaultMaxNodes`).
pub(super) const NODES: usize = 10_000;
/// Most nodes visited while checking and rewriting, where `a < b < c` shares nodes.
pub(super) const VISITS: usize = 1_000_000;
/// Most steps of one run: a node evaluated, an element looked at or 64 bytes of text handled. Some tenths of a second.
pub(super) const STEPS: u64 = 10_000_000;
/// Elements that arrays, maps and ranges may hold together: expr's `conf.DefaultMemoryBudget`, charged where expr does.
pub(super) const ELEMENTS: u64 = 1_000_000;
/// Bytes that one run may allocate altogether.
pub(super) const BYTES: u64 = 48 * 1024 * 1024;
/// Deepest nesting of a value, so that dropping, comparing and writing it need little stack.
pub(super) const VALUE_DEPTH: u16 = 130;
/// Steps charged for compiling a pattern while running; `text::regexp` bounds its size.
pub(super) const PATTERN_STEPS: usize = 200_000;
/// Most patterns that a text may hold; each takes up to some milliseconds to compile.
pub(super) const PATTERNS: usize = 32;
/// Longest text quoted in an error.
pub(super) const QUOTED: usize = 200;
/// Longest message of an error.
pub(super) const MESSAGE: usize = 600;
