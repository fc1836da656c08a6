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
pub static ALL: &[&Rule] = &[&address_mismatch::RULE,&broad_dry_run::RULE,&endless_inline::RULE,&excessive_error_tolerance::RULE,&inconclusive_passes::RULE,&insecure_transport::RULE,&invalid_address::RULE,&missing_condition::RULE,&only_dry_run::RULE,&overlapping_windows::RULE,&plain_credential::RULE,&single_early_measurement::RULE,&unreachable_failure_limit::RULE,&unreachable_inconclusive_limit::RULE,&unused_argument::RULE,&zero_error_tolerance::RULE];

mod address_mismatch;
mod broad_dry_run;
mod endless_inline;
mod excessive_error_tolerance;
mod inconclusive_passes;
mod insecure_transport;
mod invalid_address;
mod missing_condition;
mod only_dry_run;
mod overlapping_windows;
mod plain_credential;
mod single_early_measurement;
mod unreachable_failure_limit;
mod unreachable_inconclusive_limit;
mod unused_argument;
mod zero_error_tolerance;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
