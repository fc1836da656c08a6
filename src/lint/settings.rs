//! What whoever runs lint says beside the manifests.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::lint::level::Level;
use crate::promql::outcome::Labels;

/// What whoever runs lint says beside the manifests.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// A rule's level in place of its own; none: off.
    pub levels: BTreeMap<String, Option<Level>>,
    /// Labels with a meaning.
    pub labels: Labels,
    /// Time between two scrapes, where a gate's own settings do not say.
    pub scrape_interval: Option<Duration>,
    /// Values of arguments, over those of Rollouts and templates.
    pub arguments: Vec<(String, String)>,
    /// Whether the controller has a default address; none: not known.
    pub has_default_address: Option<bool>,
    /// Further names under which this plugin is registered; a name whose last part is `promql-guard` always is.
    pub plugins: Vec<String>,
}
