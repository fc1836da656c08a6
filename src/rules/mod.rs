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
    &arbitrary_series::RULE,
    &condition_gap::RULE,
    &constant_condition::RULE,
    &contradicting_metrics::RULE,
    &delta_of_counter::RULE,
    &invalid_condition::RULE,
    &inverted_condition::RULE,
    &irate_in_gate::RULE,
    &lenient_threshold::RULE,
    &missing_condition::RULE,
    &oldest_sample::RULE,
    &overlapping_conditions::RULE,
    &quantile_out_of_range::RULE,
    &quantile_without_le::RULE,
    &rate_of_aggregate::RULE,
    &rate_of_gauge::RULE,
    &restarts_by_increase::RULE,
    &short_window::RULE,
    &threshold_unit::RULE,
];

mod arbitrary_series;
mod condition_gap;
mod constant_condition;
mod contradicting_metrics;
mod delta_of_counter;
mod invalid_condition;
mod inverted_condition;
mod irate_in_gate;
mod lenient_threshold;
mod missing_condition;
mod oldest_sample;
mod overlapping_conditions;
mod quantile_out_of_range;
mod quantile_without_le;
mod rate_of_aggregate;
mod rate_of_gauge;
mod restarts_by_increase;
mod short_window;
mod threshold_unit;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
