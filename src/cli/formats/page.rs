//! A rule into its page, in Markdown.

use crate::lint::rule::Rule;

/// The page, its name and levels on top.
pub(in crate::cli) fn page(rule: &Rule) -> String {
    format!(
        "# {}\n\n{}: {}\n\n{}\n",
        rule.name,
        levels(rule),
        rule.summary,
        body(rule)
    )
}

/// The levels that it speaks at, as in the catalogue.
pub(in crate::cli) fn levels(rule: &Rule) -> String {
    let levels: Vec<&str> = rule.levels.iter().map(|level| level.as_str()).collect();
    levels.join(" / ")
}

/// The page without its head; a doc comment's lines begin with a blank.
pub(super) fn body(rule: &Rule) -> String {
    let line = |line: &'static str| line.strip_prefix(' ').unwrap_or(line).trim_end();
    let lines: Vec<&str> = rule.docs.lines().map(line).collect();
    lines.join("\n").trim().to_owned()
}
