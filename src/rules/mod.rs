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
    &address_mismatch::RULE,
    &analysis_before_traffic::RULE,
    &arbitrary_series::RULE,
    &average_of_quantiles::RULE,
    &broad_dry_run::RULE,
    &clamped_divisor::RULE,
    &condition_gap::RULE,
    &constant_condition::RULE,
    &constant_query::RULE,
    &contradicting_metrics::RULE,
    &count_of_flags::RULE,
    &delay_outlives_rollout::RULE,
    &delta_of_counter::RULE,
    &diluted_ratio::RULE,
    &empty_query::RULE,
    &empty_result_errors::RULE,
    &empty_result_passes::RULE,
    &endless_inline::RULE,
    &excessive_error_tolerance::RULE,
    &experimental_syntax::RULE,
    &fallback_adds_series::RULE,
    &fallback_both_sides::RULE,
    &fallback_hides_traffic::RULE,
    &fallback_passes::RULE,
    &fallback_precedence::RULE,
    &filter_in_query::RULE,
    &hard_coded_namespace::RULE,
    &ignored_argument::RULE,
    &implied_by_weight::RULE,
    &inconclusive_passes::RULE,
    &insecure_transport::RULE,
    &invalid_address::RULE,
    &invalid_condition::RULE,
    &invalid_metric_spec::RULE,
    &invalid_query::RULE,
    &inverted_absent::RULE,
    &inverted_condition::RULE,
    &irate_in_gate::RULE,
    &lazy_numerator::RULE,
    &lazy_success::RULE,
    &lenient_threshold::RULE,
    &literal_regex::RULE,
    &match_all_regex::RULE,
    &missing_condition::RULE,
    &missing_denominator::RULE,
    &nameless_selector::RULE,
    &namespace_unconstrained::RULE,
    &nan_in_aggregate::RULE,
    &nan_result_passes::RULE,
    &oldest_sample::RULE,
    &only_dry_run::RULE,
    &overlapping_conditions::RULE,
    &overlapping_windows::RULE,
    &pasted_hash::RULE,
    &pinned_time::RULE,
    &plain_credential::RULE,
    &quantile_out_of_range::RULE,
    &quantile_without_le::RULE,
    &range_vector_result::RULE,
    &rate_of_aggregate::RULE,
    &rate_of_gauge::RULE,
    &ratio_without_traffic_floor::RULE,
    &raw_counter::RULE,
    &regex_in_equality::RULE,
    &repeated_canary_size::RULE,
    &restarts_by_increase::RULE,
    &scalar_hides_absence::RULE,
    &self_ratio::RULE,
    &short_window::RULE,
    &single_early_measurement::RULE,
    &stable_only::RULE,
    &stable_pods_included::RULE,
    &threshold_unit::RULE,
    &unescaped_argument::RULE,
    &unknown_field::RULE,
    &unknown_placeholder::RULE,
    &unknown_rule::RULE,
    &unknown_service::RULE,
    &unknown_template::RULE,
    &unmatched_operands::RULE,
    &unreachable_failure_limit::RULE,
    &unreachable_inconclusive_limit::RULE,
    &unrelated_ratio::RULE,
    &unstable_selection::RULE,
    &unsupplied_argument::RULE,
    &unused_argument::RULE,
    &unused_suppression::RULE,
    &unused_template::RULE,
    &zero_error_tolerance::RULE,
];

mod address_mismatch;
mod analysis_before_traffic;
mod arbitrary_series;
mod average_of_quantiles;
mod broad_dry_run;
mod clamped_divisor;
mod condition_gap;
mod constant_condition;
mod constant_query;
mod contradicting_metrics;
mod count_of_flags;
mod delay_outlives_rollout;
mod delta_of_counter;
mod diluted_ratio;
mod empty_query;
mod empty_result_errors;
mod empty_result_passes;
mod endless_inline;
mod excessive_error_tolerance;
mod experimental_syntax;
mod fallback_adds_series;
mod fallback_both_sides;
mod fallback_hides_traffic;
mod fallback_passes;
mod fallback_precedence;
mod filter_in_query;
mod hard_coded_namespace;
mod ignored_argument;
mod implied_by_weight;
mod inconclusive_passes;
mod insecure_transport;
mod invalid_address;
mod invalid_condition;
mod invalid_metric_spec;
mod invalid_query;
mod inverted_absent;
mod inverted_condition;
mod irate_in_gate;
mod lazy_numerator;
mod lazy_success;
mod lenient_threshold;
mod literal_regex;
mod match_all_regex;
mod missing_condition;
mod missing_denominator;
mod nameless_selector;
mod namespace_unconstrained;
mod nan_in_aggregate;
mod nan_result_passes;
mod oldest_sample;
mod only_dry_run;
mod overlapping_conditions;
mod overlapping_windows;
mod pasted_hash;
mod pinned_time;
mod plain_credential;
mod quantile_out_of_range;
mod quantile_without_le;
mod range_vector_result;
mod rate_of_aggregate;
mod rate_of_gauge;
mod ratio_without_traffic_floor;
mod raw_counter;
mod regex_in_equality;
mod repeated_canary_size;
mod restarts_by_increase;
mod scalar_hides_absence;
mod self_ratio;
mod short_window;
mod single_early_measurement;
mod stable_only;
mod stable_pods_included;
mod threshold_unit;
mod unescaped_argument;
mod unknown_field;
mod unknown_placeholder;
mod unknown_rule;
mod unknown_service;
mod unknown_template;
mod unmatched_operands;
mod unreachable_failure_limit;
mod unreachable_inconclusive_limit;
mod unrelated_ratio;
mod unstable_selection;
mod unsupplied_argument;
mod unused_argument;
mod unused_suppression;
mod unused_template;
mod zero_error_tolerance;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
