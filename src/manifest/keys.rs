//! The keys that Argo's objects have, to tell of one that is dropped.
//!
//! From `pkg/apis/rollouts/v1alpha1/{analysis_types,types,experiment_types}.go` of Argo Rollouts v1.10.1.

type Keys = &'static [&'static str];

/// Of every object of the API.
pub(super) const OBJECT: Keys = &["apiVersion", "kind", "metadata", "spec", "status"];

/// `AnalysisTemplateSpec`
pub(super) const TEMPLATE_SPEC: Keys = &[
    "metrics",
    "args",
    "dryRun",
    "measurementRetention",
    "templates",
];

/// `AnalysisRunSpec`
pub(super) const RUN_SPEC: Keys = &[
    "metrics",
    "args",
    "terminate",
    "dryRun",
    "measurementRetention",
    "ttlStrategy",
];

/// `Argument`, `AnalysisRunArgument`
pub(super) const ARGUMENT: Keys = &["name", "value", "valueFrom"];

/// `ValueFrom`
pub(super) const VALUE_FROM: Keys = &["secretKeyRef", "fieldRef"];

/// `ArgumentValueFrom`
pub(super) const GIVEN_VALUE_FROM: Keys = &["podTemplateHashValue", "fieldRef"];

/// `SecretKeyRef`
pub(super) const SECRET_KEY_REF: Keys = &["name", "key"];

/// `FieldRef`
pub(super) const FIELD_REF: Keys = &["fieldPath"];

/// `DryRun`
pub(super) const DRY_RUN: Keys = &["metricName"];

/// `MeasurementRetention`
pub(super) const MEASUREMENT_RETENTION: Keys = &["metricName", "limit"];

/// `AnalysisTemplateRef`
pub(super) const TEMPLATE_REF: Keys = &["templateName", "clusterScope"];

/// `Metric`
pub(super) const METRIC: Keys = &[
    "name",
    "interval",
    "initialDelay",
    "count",
    "successCondition",
    "failureCondition",
    "failureLimit",
    "inconclusiveLimit",
    "consecutiveErrorLimit",
    "consecutiveSuccessLimit",
    "provider",
];

/// `MetricProvider`
pub(super) const PROVIDER: Keys = &[
    "prometheus",
    "kayenta",
    "web",
    "datadog",
    "wavefront",
    "newRelic",
    "job",
    "cloudWatch",
    "graphite",
    "influxdb",
    "skywalking",
    "plugin",
];

/// `PrometheusMetric`
pub(super) const PROMETHEUS: Keys = &[
    "address",
    "query",
    "authentication",
    "timeout",
    "insecure",
    "headers",
    "rangeQuery",
];

/// `PrometheusRangeQueryArgs`
pub(super) const RANGE_QUERY: Keys = &["start", "end", "step"];

/// `WebMetricHeader`
pub(super) const HEADER: Keys = &["key", "value"];

/// `Authentication`
pub(super) const AUTHENTICATION: Keys = &["sigv4", "oauth2"];

/// `OAuth2Config`
pub(super) const OAUTH2: Keys = &["tokenUrl", "clientId", "clientSecret", "scopes"];

/// `Sigv4Config`: its region goes by `region`.
pub(super) const SIGV4: Keys = &["region", "profile", "roleArn"];

/// `RolloutAnalysis`
pub(super) const ANALYSIS: Keys = &[
    "templates",
    "args",
    "dryRun",
    "measurementRetention",
    "analysisRunMetadata",
];

/// `RolloutAnalysisBackground`
pub(super) const BACKGROUND: Keys = &[
    "templates",
    "args",
    "dryRun",
    "measurementRetention",
    "analysisRunMetadata",
    "startingStep",
];

/// `RolloutExperimentStepAnalysisTemplateRef`, `ExperimentAnalysisTemplateRef`
pub(super) const EXPERIMENT_ANALYSIS: Keys = &[
    "name",
    "templateName",
    "clusterScope",
    "args",
    "requiredForCompletion",
];
