//! Where a rule puts what it found.

use std::borrow::Cow;

use crate::analysis::rollout::Rollout;
use crate::lint::finding::{Finding, Spot};
use crate::lint::level::Level;
use crate::lint::rule::{Need, Rule};

/// Whom a rule looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// `AnalysisTemplate/echo-analysis`
    pub resource: String,
    /// The resource's own namespace.
    pub namespace: Option<String>,
    /// The metric; none for the whole resource.
    pub metric: Option<String>,
}

impl Subject {
    /// A Rollout or Experiment.
    pub fn of(rollout: &Rollout) -> Self {
        Subject {
            resource: rollout.resource(),
            namespace: rollout.namespace.as_ref().map(|field| field.text.clone()),
            metric: None,
        }
    }
}

/// A rule that could not look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The rule's name.
    pub rule: &'static str,
    /// Why.
    pub reason: String,
    /// At what.
    pub subject: Subject,
}

/// What one rule finds at one subject.
pub struct Findings<'a> {
    rule: &'a Rule,
    subject: Cow<'a, Subject>,
    /// Found so far.
    pub found: Vec<Finding>,
    /// Not looked at.
    pub skipped: Vec<Skipped>,
}

impl<'a> Findings<'a> {
    /// For `rule`, looking at `subject`.
    pub fn new(rule: &'a Rule, subject: Cow<'a, Subject>) -> Self {
        Findings {
            rule,
            subject,
            found: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// The rule that looks.
    pub fn rule(&self) -> &'a Rule {
        self.rule
    }

    /// Wrong for sure.
    pub fn deny(&mut self, spot: Spot, message: impl Into<String>) -> &mut Finding {
        self.push(Level::Deny, spot, message.into())
    }

    /// Worth a look.
    pub fn warn(&mut self, spot: Spot, message: impl Into<String>) -> &mut Finding {
        self.push(Level::Warn, spot, message.into())
    }

    /// Good to know.
    pub fn info(&mut self, spot: Spot, message: impl Into<String>) -> &mut Finding {
        self.push(Level::Info, spot, message.into())
    }

    /// At `level`, one of the rule's.
    pub fn push(&mut self, level: Level, spot: Spot, message: String) -> &mut Finding {
        debug_assert!(
            self.rule.levels.contains(&level),
            "{}: add {level:?} to its levels",
            self.rule.name
        );
        let at = self.found.len();
        self.found.push(Finding {
            rule: self.rule.name,
            level,
            message,
            help: None,
            spot,
            resource: self.subject.resource.clone(),
            namespace: self.subject.namespace.clone(),
            metric: self.subject.metric.clone(),
            metrics: Vec::new(),
            fix: None,
        });
        &mut self.found[at]
    }

    /// Says another subject than the one it was made for: a rule over all of a template or of the input.
    pub fn about(&mut self, subject: Subject) {
        self.subject = Cow::Owned(subject);
    }

    /// The rule cannot look here: `reason` says what is missing, `argument `hash` has no value`.
    pub fn skip(&mut self, reason: impl Into<String>) {
        self.skipped.push(Skipped {
            rule: self.rule.name,
            reason: reason.into(),
            subject: self.subject.clone().into_owned(),
        });
    }

    /// The rule cannot look here for want of a fact that it declares.
    pub fn lacks(&mut self, need: Need) {
        debug_assert!(
            self.rule.needs.contains(&need),
            "{}: add {need:?} to its needs",
            self.rule.name
        );
        self.skip(need.reason());
    }
}
