//! All that is read together: templates and what surrounds them, from all files.

use crate::analysis::rollout::{Rollout, Service};
use crate::analysis::template::Template;

/// The resources of all files of one run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Input {
    /// In the order of files and documents.
    pub templates: Vec<Template>,
    /// Rollouts and Experiments.
    pub rollouts: Vec<Rollout>,
    /// Services.
    pub services: Vec<Service>,
}

impl Input {
    /// Adds what another file holds.
    pub fn extend(&mut self, other: Input) {
        self.templates.extend(other.templates);
        self.rollouts.extend(other.rollouts);
        self.services.extend(other.services);
    }
}
