//! How much a finding matters.

/// How much a finding matters, ascending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Taste, and what Argo closes anyway.
    Info,
    /// A guess that is worth a look.
    Warn,
    /// Wrong for sure.
    Deny,
}

impl Level {
    /// As in settings and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }
}
