//! Whether a condition is one of the plain ones, by its words alone: what is not may run for its whole budget.
//!
//! Loops in loops, ranges, patterns, texts that grow and comparisons in comparisons (whose nodes are shared, and so
//! visited often) cost up to some tenths of a second each. Naming what is cheap misses none of them.

/// Longer texts are compiled too long.
const TEXT: usize = 512;

/// Letters `<`, `>`, `=`: two comparisons in a row double what compiling visits of the one in the middle.
const COMPARISONS: usize = 16;

/// Words that cost a step or one pass over the result.
const WORDS: [&str; 15] = [
    "result", "len", "isNaN", "isInf", "isNil", "default", "asInt", "asFloat", "and", "or", "not",
    "in", "nil", "true", "false",
];

/// Each runs its predicate once an element.
const LOOPS: [&str; 6] = ["all", "any", "none", "one", "count", "filter"];

/// Whether `text`, compiled and run on a result of `elements` numbers, surely takes less than a millisecond or two.
pub fn is_quick(text: &str, elements: usize) -> bool {
    if text.len() > TEXT || text.contains("..") || text.contains(['"', '\'', '`', '\\', ';', '/']) {
        return false;
    }
    let comparisons = text.matches(['<', '>', '=']).count();
    let mut loops = 0;
    let words = text
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '.'));
    for word in words {
        if LOOPS.contains(&word) {
            loops += 1;
        } else if !WORDS.contains(&word) {
            return false;
        }
    }
    let runs = if loops > 0 { elements.max(1) } else { 1 };
    comparisons <= COMPARISONS && loops <= 1 && runs.saturating_mul(text.len()) <= 32 << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_conditions_are_quick() {
        for (text, elements, quick) in [
            ("result[0] <= 0.05", 1, true),
            (
                "len(result) == 0 || isNaN(result[0]) || result[0] < 1e-3",
                5000,
                true,
            ),
            ("default(result, 0) >= 0.95 and not isInf(result)", 1, true),
            ("all(result, # < 0.05)", 100, true),
            ("all(result, # < 0.05)", 5000, false),
            (
                "any(result, {any(result, {any(result, {true})})})",
                300,
                false,
            ),
            ("count(1..1000000, true) > 1", 1, false),
            ("len(repeat('a', 1000000)) > 1", 1, false),
            ("reduce(result, sum(result)) > 1", 300, false),
            ("let a = result; a[0] > 1", 1, false),
            ("result | sum() > 1", 1, false),
            (
                "1 < (2 < (3 < (4 < (5 < (6 < (7 < (8 < (9 < 1 < 2 < 3 < 4 < 5 < 6 < 7 < 8 < 9))))))))",
                1,
                false,
            ),
            ("result[0].x < 1", 1, false),
        ] {
            assert_eq!(is_quick(text, elements), quick, "{text}");
        }
    }
}
