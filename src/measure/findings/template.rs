//! A metric with its arguments filled in into what lint takes for a template of its own: no file, no places.

use serde_json::{Map, Value};

use super::Subject;
use crate::analysis::policy::Policy;
use crate::analysis::settings::{Dialect, GUARDS, NoData, SeriesCount, Settings};
use crate::analysis::template::{Field, Kind, MetricSpec, Provider, QuerySpec, Setting, Template};
use crate::lint;
use crate::promql::outcome::Labels;
use crate::text::place::Place;

impl Subject<'_> {
    /// What the gate and the policy say beside it.
    pub(super) fn lint_settings(&self) -> lint::settings::Settings {
        lint::settings::Settings {
            labels: labels(self.settings, self.policy),
            scrape_interval: self.settings.scrape_interval,
            ..lint::settings::Settings::default()
        }
    }

    /// The metric as a template of its own, of the run's namespace.
    pub(super) fn template(&self, query: &str, allow: &[String], no_data: NoData) -> Template {
        Template {
            kind: Kind::AnalysisRun,
            name: field(&self.run.name),
            namespace: Some(field(&self.run.namespace)),
            arguments: Vec::new(),
            metrics: vec![self.metric_spec(query, allow, no_data)],
            dry_run: Vec::new(),
            templates: Vec::new(),
            allow: None,
            unknown: Vec::new(),
        }
    }

    fn metric_spec(&self, query: &str, allow: &[String], no_data: NoData) -> MetricSpec {
        let metric = self.metric;
        let text = |text: &str| (!text.is_empty()).then(|| field(text));
        let number = |number: Option<i64>| number.map(|number| field(number.to_string()));
        MetricSpec {
            name: field(&metric.name),
            interval: text(&metric.interval),
            initial_delay: text(&metric.initial_delay),
            count: number(metric.count),
            success_condition: text(&metric.success_condition),
            failure_condition: text(&metric.failure_condition),
            failure_limit: number(metric.failure_limit),
            inconclusive_limit: number(metric.inconclusive_limit),
            consecutive_error_limit: number(metric.consecutive_error_limit),
            consecutive_success_limit: number(metric.consecutive_success_limit),
            provider: Provider::Plugin {
                name: field("promql-guard"),
                spec: self.query_spec(query, allow, no_data),
            },
            unknown: Vec::new(),
            place: Place::default(),
            next_key: None,
        }
    }

    /// Those settings that a rule asks for; no address, no header, nothing secret.
    fn query_spec(&self, query: &str, allow: &[String], no_data: NoData) -> QuerySpec {
        let settings = self.settings;
        let mut spec = QuerySpec::default();
        let mut set = |path: &str, text: String| {
            spec.settings.push(Setting {
                path: path.to_owned(),
                field: field(text),
            });
        };
        set("query", query.to_owned());
        let guard = GUARDS.iter().find(|(_, guard)| *guard == self.guard);
        set("guard", guard.map_or("", |(word, _)| word).to_owned());
        set("noData", word(no_data).to_owned());
        if settings.dialect == Dialect::MetricsQl {
            set("dialect", "metricsql".to_owned());
        }
        if settings.namespace.is_some() || self.policy.namespaces.mode.is_some() {
            set("namespace", self.run.namespace.clone());
        }
        if let Some(number) = settings.fallback {
            set("fallback", number.to_string());
        }
        if let Some(SeriesCount::Between(low, high)) = settings.series {
            set("series", format!("{low}..{high}"));
        }
        for (index, entry) in allow.iter().enumerate() {
            set(&format!("allow[{index}]"), entry.clone());
        }
        if let Some(range) = &settings.range_query {
            set("rangeQuery.step", range.step.clone());
            let object = Map::from_iter([("rangeQuery".to_owned(), Value::Object(Map::new()))]);
            spec.json = Value::Object(object);
        }
        spec
    }
}

/// Labels with a meaning: those that are known, the policy's and the template's.
pub(in crate::measure) fn labels(settings: &Settings, policy: &Policy) -> Labels {
    let mut labels = Labels::default();
    let of_namespaces = policy.namespaces.labels.iter();
    for (own, list) in [
        (policy.outcome_labels.iter().collect(), &mut labels.outcome),
        (
            of_namespaces
                .chain(&settings.namespace_label)
                .collect::<Vec<_>>(),
            &mut labels.namespace,
        ),
    ] {
        for label in own {
            if !list.contains(label) {
                list.push(label.clone());
            }
        }
    }
    labels
}

/// The word of a setting.
fn word(no_data: NoData) -> &'static str {
    match no_data {
        NoData::Wait => "wait",
        NoData::Inconclusive => "inconclusive",
        NoData::Error => "error",
        NoData::Fail => "fail",
        NoData::Condition => "condition",
    }
}

/// A text that nobody fills in any more: a `$(` in it is one.
fn field(text: impl AsRef<str>) -> Field {
    Field {
        text: text.as_ref().replace("$(", "$$("),
        place: Place::default(),
    }
}
