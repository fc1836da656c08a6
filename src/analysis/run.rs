//! The part of an AnalysisRun that a provider looks at.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::analysis::measurement::Phase;

/// An AnalysisRun as the controller sends it (`AnalysisRun` of Argo's API, reduced).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnalysisRun {
    /// `metadata.name`
    pub name: String,
    /// `metadata.namespace`
    pub namespace: String,
    /// `metadata.labels`
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`
    pub annotations: BTreeMap<String, String>,
    /// `metadata.ownerReferences`
    pub owners: Vec<Owner>,
    /// `metadata.creationTimestamp`: whole seconds of the API server's clock.
    pub created_at: Option<Timestamp>,
    /// `status.startedAt`: unset at the first Run.
    pub started_at: Option<Timestamp>,
    /// `spec.dryRun[].metricName`: regexps of metrics that are measured and decide nothing.
    pub dry_run: Vec<String>,
    /// `spec.args`, with the plain text of Secrets filled in.
    pub args: Vec<Argument>,
    /// The phase of each metric's newest measurement (`status.metricResults[].measurements`, oldest first); a metric that
    /// was not measured yet has no entry. The measurement that a Resume goes on with is the newest itself.
    pub last_phases: BTreeMap<String, Phase>,
}

/// An entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// `Rollout`, `Experiment`, …
    pub kind: String,
    /// The object's name.
    pub name: String,
}

/// An entry of `spec.args`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The name that `{{args.name}}` refers to.
    pub name: String,
    /// The value that was filled in.
    pub value: Option<String>,
    /// The value came from a Secret (`valueFrom.secretKeyRef`).
    pub secret: bool,
}

impl AnalysisRun {
    /// The canary's pod-template-hash; runs of Experiments and runs made by hand carry none.
    pub fn pod_template_hash(&self) -> Option<&str> {
        self.labels
            .get("rollouts-pod-template-hash")
            .map(String::as_str)
    }

    /// The name of the Rollout that owns the run.
    pub fn rollout(&self) -> Option<&str> {
        self.owners
            .iter()
            .find(|owner| owner.kind == "Rollout")
            .map(|owner| owner.name.as_str())
    }

    /// The index of the step that made the run, as text.
    pub fn step(&self) -> Option<&str> {
        self.labels.get("step-index").map(String::as_str)
    }

    /// When the run began: `creationTimestamp`, else `startedAt`, which is unset at the first Run.
    pub fn start(&self) -> Option<Timestamp> {
        self.created_at.or(self.started_at)
    }
}
