//! The policy's and a template's words into the namespace that the queries of a run look into.

use http::header::CONTENT_TYPE;
use url::Url;

use super::Policy;
use crate::analysis::run::AnalysisRun;
use crate::analysis::settings::Settings;
use crate::analysis::settings::fields::Complaint;

/// The namespace that queries look into (`namespace`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Namespaces {
    /// How every query is held to its run's own namespace; none (`off`): the template's `namespace` decides.
    pub mode: Option<Mode>,
    /// What templates may write for `namespaceLabel`, the default first. Empty: `namespace` alone with a mode, anything
    /// without.
    pub labels: Vec<String>,
}

/// What becomes of a selector that does not pin the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The matcher is written into it.
    Inject,
    /// The query is refused.
    Require,
}

/// What every data selector of a query must match. One that refuses the value is an Error in either mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceRule {
    /// The label.
    pub label: String,
    /// Its value.
    pub value: String,
    /// What becomes of a selector that does not pin it.
    pub mode: Mode,
    /// The operator's, so that it holds for everything that is asked and shown; else the template's.
    pub is_operators: bool,
}

/// The label that holds the namespace where nobody says.
const LABEL: &str = "namespace";

impl Namespaces {
    fn allows(&self, label: &str) -> bool {
        match self.labels.is_empty() {
            true => self.mode.is_none() || label == LABEL,
            false => self.labels.iter().any(|known| known == label),
        }
    }
}

impl Policy {
    /// What the queries of `run` must match; none: anything. Placeholders in the settings' `namespace` are filled in.
    ///
    /// With a mode, the value is the run's own namespace whatever the template says. Without, it is the template's, which
    /// is written in. A complaint where the template's label is not allowed, or the run has no namespace.
    pub fn namespace_for(
        &self,
        settings: &Settings,
        run: &AnalysisRun,
    ) -> Result<Option<NamespaceRule>, Complaint> {
        let own = &self.namespaces;
        let (mode, value) = match (own.mode, &settings.namespace) {
            (Some(mode), _) => (mode, run.namespace.clone()),
            (None, Some(namespace)) => (Mode::Inject, namespace.clone()),
            (None, None) => return Ok(None),
        };
        let complaint = |path: &str, problem: String| Complaint {
            path: path.to_owned(),
            problem,
        };
        if value.is_empty() {
            let problem = "the run has no namespace that queries could be held to";
            return Err(complaint("namespace", problem.to_owned()));
        }
        let usual = own.labels.first().map_or(LABEL, String::as_str);
        let label = settings.namespace_label.as_deref().unwrap_or(usual);
        if !own.allows(label) {
            let labels = match own.labels.is_empty() {
                true => format!("`{LABEL}`"),
                false => quoted(&own.labels),
            };
            let problem = format!("`{label}` is none of {labels}; the operator's policy decides");
            return Err(complaint("namespaceLabel", problem));
        }
        Ok(Some(NamespaceRule {
            label: label.to_owned(),
            value,
            mode,
            is_operators: own.mode.is_some(),
        }))
    }
}

/// What makes a server read another query than the one that is held to the namespace: parameters of the address, which stay
/// in the URL of a POST, and a type of the body under which its form is not read (Go's `Request.FormValue` then takes the
/// URL's). Each with its key.
pub(super) fn ways_around(settings: &Settings, address: &Url) -> Vec<(&'static str, String)> {
    const SELECTING: [&str; 3] = ["query", "match[]", "rule_name[]"];
    let parameters = address
        .query_pairs()
        .filter(|(name, _)| SELECTING.contains(&name.as_ref()))
        .map(|(name, _)| {
            let problem = format!("the parameter `{name}` selects data beside the query");
            ("address", problem)
        });
    let headers = settings
        .headers
        .iter()
        .filter(|header| header.key.eq_ignore_ascii_case(CONTENT_TYPE.as_str()))
        .map(|header| ("headers", format!("`{}` may not be set", header.key)));
    parameters.chain(headers).collect()
}

fn quoted(labels: &[String]) -> String {
    let labels = labels.iter().map(|label| format!("`{label}`"));
    labels.collect::<Vec<_>>().join(", ")
}
