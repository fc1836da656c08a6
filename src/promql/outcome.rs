//! Matchers into what they pick: failures, successes or neither.

/// Label names with a meaning; settable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// What happened, not to whom.
    pub outcome: Vec<String>,
    /// The namespace.
    pub namespace: Vec<String>,
}
