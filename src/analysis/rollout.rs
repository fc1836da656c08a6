//! What surrounds a template: Rollouts, Experiments and Services, as far as a gate's meaning hangs on them.

use crate::analysis::template::{Field, TemplateRef, UnknownField, ValueFrom};
use crate::text::place::Place;

/// A Rollout, or an Experiment, which refers to templates in the same words.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// What it is.
    pub kind: RolloutKind,
    /// `metadata.name`
    pub name: Field,
    /// `metadata.namespace`
    pub namespace: Option<Field>,
    /// `spec.replicas`; none where it is no number, or not written: an autoscaler may set it.
    pub replicas: Option<i64>,
    /// `strategy.canary.maxSurge`, as written; default `25%`.
    pub max_surge: Option<String>,
    /// `strategy.canary.maxUnavailable`, as written; default `25%`.
    pub max_unavailable: Option<String>,
    /// Whether `strategy.canary.trafficRouting` is there: weights are then traffic, not pods alone.
    pub has_traffic_routing: bool,
    /// `strategy.canary.steps`
    pub steps: Vec<Step>,
    /// Every reference to templates, in text order.
    pub uses: Vec<AnalysisUse>,
    /// The annotation `promql-guard/allow`.
    pub allow: Option<Field>,
    /// Keys that its analysis blocks do not have.
    pub unknown: Vec<UnknownField>,
}

/// Which resource refers to templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RolloutKind {
    /// A Rollout.
    Rollout,
    /// An Experiment.
    Experiment,
}

impl RolloutKind {
    /// As in `kind:`.
    pub fn as_str(self) -> &'static str {
        match self {
            RolloutKind::Rollout => "Rollout",
            RolloutKind::Experiment => "Experiment",
        }
    }
}

impl Rollout {
    /// `Rollout/echo-server`
    pub fn resource(&self) -> String {
        format!("{}/{}", self.kind.as_str(), self.name.text)
    }
}

/// A step of a canary.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// Where it stands.
    pub place: Place,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// `setWeight`, in percent; none where it is no number here.
    SetWeight(Option<i64>),
    /// `pause` with a Go duration or seconds, as written.
    Pause(Option<Field>),
    /// `setCanaryScale`
    SetCanaryScale,
    /// `analysis`: an index into `Rollout::uses`.
    Analysis(usize),
    /// `experiment`
    Experiment,
    /// Anything else.
    Other,
}

/// A reference to templates, with the arguments that go along.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisUse {
    /// When they run.
    pub when: When,
    /// Which ones.
    pub templates: Vec<TemplateRef>,
    /// `args`
    pub arguments: Vec<GivenArgument>,
    /// Where it stands.
    pub place: Place,
}

/// When an analysis runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// In the canary step with this index.
    Step(usize),
    /// Beside the canary steps, from this step on (`startingStep`, default 0).
    Background(i64),
    /// `blueGreen.prePromotionAnalysis`
    PrePromotion,
    /// `blueGreen.postPromotionAnalysis`
    PostPromotion,
    /// In an Experiment, or a Rollout's `experiment` step.
    Experiment,
}

impl When {
    /// In a step, before or after a promotion: something waits for its end.
    pub fn is_inline(self) -> bool {
        !matches!(self, When::Background(_))
    }
}

/// An argument that goes along.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenArgument {
    /// Its name.
    pub name: Field,
    /// Its value.
    pub value: Option<Field>,
    /// `valueFrom`
    pub from: Option<ValueFrom>,
}

/// A Service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// `metadata.name`
    pub name: Field,
    /// `metadata.namespace`
    pub namespace: Option<Field>,
}
