//! The guard rails, one file each, and the table of them.
//!
//! To add one: write `src/rules/<name>.rs` with a `rule!` (its doc comment is its page, `promql-guard explain <name>`), then
//! two lines here, sorted: `mod <name>;` and `&<name>::RULE,` in [`ALL`]. The tests over the table say what is missing.

use crate::lint::rule::Rule;

/// Declares a file's rule: its page, its name, its summary, and the fields of [`Rule`] that are not at their default.
macro_rules! rule {
    (
        $(#[doc = $docs:literal])*
        $name:literal, $summary:literal,
        $section:ident, levels: [$($level:ident),+],
        $(rests_on_no_data: $rests:literal,)?
        $(is_told_once: $once:literal,)?
        $(needs: [$($need:ident),+],)?
        $(yields_to: [$($other:literal),+ $(,)?],)?
        check: $check:expr $(,)?
    ) => {
        $(#[doc = $docs])*
        pub(super) static RULE: crate::lint::rule::Rule = crate::lint::rule::Rule {
            name: $name,
            summary: $summary,
            docs: concat!($($docs, "\n"),*),
            section: crate::lint::rule::Section::$section,
            levels: &[$(crate::lint::level::Level::$level),+],
            rests_on_no_data: false $(|| $rests)?,
            is_told_once: false $(|| $once)?,
            needs: &[$($(crate::lint::rule::Need::$need),+)?],
            yields_to: &[$($($other),+)?],
            check: $check,
        };
    };
}

/// Every rule, sorted by name.
pub static ALL: &[&Rule] = &[
    &empty_query::RULE,
    &experimental_syntax::RULE,
    &invalid_query::RULE,
    &missing_condition::RULE,
    &nameless_selector::RULE,
    &pinned_time::RULE,
    &range_vector_result::RULE,
    &unknown_rule::RULE,
    &unstable_selection::RULE,
    &unused_suppression::RULE,
];

mod empty_query;
mod experimental_syntax;
mod invalid_query;
mod missing_condition;
mod nameless_selector;
mod pinned_time;
mod range_vector_result;
mod unknown_rule;
mod unstable_selection;
mod unused_suppression;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
