//! A metric into all of its texts, each with the name that a finding calls it by.

use crate::analysis::template::{Field, MetricSpec, QuerySpec};

/// Every text of a metric and of what its provider is told.
pub fn texts<'a>(
    metric: &'a MetricSpec,
    spec: Option<&'a QuerySpec>,
) -> impl Iterator<Item = (String, &'a Field)> {
    let own = [
        ("name", Some(&metric.name)),
        ("interval", metric.interval.as_ref()),
        ("initialDelay", metric.initial_delay.as_ref()),
        ("count", metric.count.as_ref()),
        ("successCondition", metric.success_condition.as_ref()),
        ("failureCondition", metric.failure_condition.as_ref()),
        ("failureLimit", metric.failure_limit.as_ref()),
        ("inconclusiveLimit", metric.inconclusive_limit.as_ref()),
        (
            "consecutiveErrorLimit",
            metric.consecutive_error_limit.as_ref(),
        ),
        (
            "consecutiveSuccessLimit",
            metric.consecutive_success_limit.as_ref(),
        ),
    ];
    let own = own
        .into_iter()
        .filter_map(|(name, field)| Some((name.to_owned(), field?)));
    let settings = spec.into_iter().flat_map(|spec| &spec.settings);
    own.chain(settings.map(|setting| (setting.path.clone(), &setting.field)))
}
