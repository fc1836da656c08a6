//! An AnalysisTemplate as its author wrote it: texts with placeholders still in them, each with its place in the file.
//!
//! The field names are those of `pkg/apis/rollouts/v1alpha1/analysis_types.go`. Nothing is checked here but what decides the
//! form; a value of another YAML type is kept as its text. `analysis::metric` is the metric after the arguments are filled in.

use serde_json::Value;

use crate::text::place::Place;
use crate::text::span::Span;

/// A scalar of a manifest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Field {
    /// Its value as text: a number or boolean as it is written.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// What a template is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Of one namespace.
    AnalysisTemplate,
    /// Of the cluster.
    ClusterAnalysisTemplate,
    /// A run, which holds its own metrics.
    AnalysisRun,
}

impl Kind {
    /// As in `kind:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::AnalysisTemplate => "AnalysisTemplate",
            Kind::ClusterAnalysisTemplate => "ClusterAnalysisTemplate",
            Kind::AnalysisRun => "AnalysisRun",
        }
    }
}

/// A resource that holds metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// What it is.
    pub kind: Kind,
    /// `metadata.name`; an empty text where it has none, the place is then the document's first line.
    pub name: Field,
    /// `metadata.namespace`
    pub namespace: Option<Field>,
    /// `spec.args`
    pub arguments: Vec<Argument>,
    /// `spec.metrics`
    pub metrics: Vec<MetricSpec>,
    /// `spec.dryRun[].metricName`
    pub dry_run: Vec<Field>,
    /// `spec.templates`
    pub templates: Vec<TemplateRef>,
    /// The annotation `promql-guard/allow`.
    pub allow: Option<Field>,
    /// Keys that the resource does not have, outside metrics.
    pub unknown: Vec<UnknownField>,
}

impl Template {
    /// `AnalysisTemplate/echo-analysis`
    pub fn resource(&self) -> String {
        format!("{}/{}", self.kind.as_str(), self.name.text)
    }
}

/// An argument that a template declares.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: Field,
    /// Its own value, the default.
    pub value: Option<Field>,
    /// `valueFrom`
    pub from: Option<ValueFrom>,
}

/// Where an argument's value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueFrom {
    /// `podTemplateHashValue: Latest`
    LatestHash,
    /// `podTemplateHashValue: Stable`
    StableHash,
    /// `fieldRef.fieldPath`
    FieldRef(Field),
    /// `secretKeyRef`
    Secret,
    /// Anything else.
    Other,
}

/// Another template that is named.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateRef {
    /// `templateName`
    pub name: Field,
    /// `clusterScope`
    pub is_cluster: bool,
}

/// A key that a resource does not have.
#[derive(Debug, Clone, PartialEq)]
pub struct UnknownField {
    /// The key, its place that of the key.
    pub key: Field,
    /// Where it stands, from the resource's root, without the key: `spec.metrics[0]`.
    pub path: String,
    /// The keys that there are.
    pub known: &'static [&'static str],
}

/// A metric of a template.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSpec {
    /// `name`; an empty text where it has none, the place is then the entry's.
    pub name: Field,
    /// `interval`
    pub interval: Option<Field>,
    /// `initialDelay`
    pub initial_delay: Option<Field>,
    /// `count`
    pub count: Option<Field>,
    /// `successCondition`; a present but empty text is none.
    pub success_condition: Option<Field>,
    /// `failureCondition`; a present but empty text is none.
    pub failure_condition: Option<Field>,
    /// `failureLimit`
    pub failure_limit: Option<Field>,
    /// `inconclusiveLimit`
    pub inconclusive_limit: Option<Field>,
    /// `consecutiveErrorLimit`
    pub consecutive_error_limit: Option<Field>,
    /// `consecutiveSuccessLimit`
    pub consecutive_success_limit: Option<Field>,
    /// `provider`
    pub provider: Provider,
    /// Keys that a metric, its provider or Argo's Prometheus settings do not have.
    pub unknown: Vec<UnknownField>,
    /// All of the entry.
    pub place: Place,
    /// Where and with which indent a further key of the metric could be written: an offset in the file, at a line's
    /// start. None in flow style.
    pub next_key: Option<NextKey>,
}

/// Where another key of a block mapping could be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextKey {
    /// Bytes into the file, the start of a line.
    pub offset: usize,
    /// Blanks before the key.
    pub indent: usize,
}

/// Who measures a metric.
#[derive(Debug, Clone, PartialEq)]
pub enum Provider {
    /// `provider.prometheus`
    Prometheus(QuerySpec),
    /// `provider.plugin`, its first entry.
    Plugin {
        /// The entry's key, `example/promql-guard`.
        name: Field,
        /// What stands under it.
        spec: QuerySpec,
    },
    /// Another provider's key: `job`, `web`, `datadog`.
    Other(Field),
    /// Nothing.
    Missing,
}

/// What a provider of PromQL measurements is told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QuerySpec {
    /// Every scalar, in text order, by its path below the provider's key.
    pub settings: Vec<Setting>,
    /// All of it, placeholders not filled in.
    pub json: Value,
    /// All of it.
    pub place: Place,
}

/// A scalar of a provider's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// `query`, `rangeQuery.step`, `headers[0].value`, `authentication.basicAuth.password`
    pub path: String,
    /// Its value.
    pub field: Field,
}

impl QuerySpec {
    /// The scalar at `path`.
    pub fn setting(&self, path: &str) -> Option<&Field> {
        let found = self.settings.iter().find(|setting| setting.path == path);
        found.map(|setting| &setting.field)
    }

    /// `query`
    pub fn query(&self) -> Option<&Field> {
        self.setting("query")
    }

    /// `address`
    pub fn address(&self) -> Option<&Field> {
        self.setting("address")
    }

    /// Whether there is a `rangeQuery`.
    pub fn is_range(&self) -> bool {
        self.json.get("rangeQuery").is_some_and(Value::is_object)
    }
}

impl Field {
    /// All of the text.
    pub fn all(&self) -> Span {
        Span::new(0, self.text.len())
    }
}
