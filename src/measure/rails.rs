//! A query, its placeholders filled, into what the guard rails send and ask.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::error::AttemptError;
use super::findings::{Findings, findings};
use super::needs::{has_absent, is_enough_without_data};
use super::prepare::Ask;
use super::times::when;
use crate::analysis::metric::Metric;
use crate::analysis::policy::Policy;
use crate::analysis::policy::namespace::{Mode, NamespaceRule};
use crate::analysis::run::AnalysisRun;
use crate::analysis::settings::{Dialect, Guard, Settings};
use crate::evidence::events::{Events, events};
use crate::evidence::fresh::{Selected, selected};
use crate::evidence::namespace::Namespace;
use crate::evidence::text::{self, Text, TextError, Writing};
use crate::evidence::witness::{Witness, witness};
use crate::prometheus::When;
use crate::promql::answer::{Constant, idle, without_data};
use crate::promql::ast::Expr;
use crate::promql::outcome::Labels;
use crate::promql::placeholder::{Value, fill};

/// What the guard rails ask.
pub(super) struct Guarded {
    pub(super) ask: Ask,
    /// The one instant of everything that is asked.
    pub(super) t: Timestamp,
    /// How old the run is at `t`, at least 1 ms; none where the run does not say.
    pub(super) age: Option<Duration>,
    /// The Rollout and the canary's pod-template-hash.
    pub(super) canary: Option<(String, String)>,
    /// Of the author's `eventsQuery`, else derived.
    pub(super) events: Option<Events>,
    /// None for what is no PromQL, under `dialect: metricsql`.
    pub(super) tree: Option<Tree>,
    /// The label and value that every selector must match.
    pub(super) namespace: Option<NamespaceRule>,
    /// What is wrong if the answer holds several series.
    pub(super) deny_if_several: Option<String>,
    /// What lint warns of.
    pub(super) warnings: Vec<String>,
}

/// The text's tree, and what follows from it alone.
pub(super) struct Tree {
    pub(super) expr: Expr,
    pub(super) labels: Labels,
    /// None for a text without selectors.
    pub(super) witness: Option<Witness>,
    /// What must be fresh: the selectors of the witness, or of the author's `eventsQuery`.
    pub(super) selected: Vec<Selected>,
    /// What tells why there are no data, with these selectors.
    pub(super) evidence: Option<String>,
    /// What the text answers when every selector is empty.
    pub(super) constant: Option<f64>,
    /// Its constant may be that of `absent`, which has labels.
    pub(super) has_absent: bool,
    /// What the text answers when nothing happens.
    pub(super) idle: Option<f64>,
}

/// What texts are made of.
pub(super) struct Writer<'a> {
    pub(super) policy: &'a Policy,
    pub(super) run: &'a AnalysisRun,
    pub(super) metric: &'a Metric,
    pub(super) settings: &'a Settings,
    pub(super) values: &'a [(&'static str, Option<Value>)],
    pub(super) now: Timestamp,
}

impl Writer<'_> {
    /// What is sent and asked; an error is what enforce would answer.
    pub(super) async fn guarded(
        &self,
        filled: &str,
        rule: Option<&NamespaceRule>,
    ) -> Result<Guarded, AttemptError> {
        let Findings {
            deny,
            deny_if_several,
            warn,
        } = findings(
            self.metric,
            self.settings,
            Guard::Enforce,
            filled,
            self.run,
            self.policy,
        );
        if let Some(worst) = deny.into_iter().next() {
            return Err(AttemptError::Lint(worst));
        }
        let mut labels = Labels::default();
        labels
            .outcome
            .extend(self.policy.outcome_labels.iter().cloned());
        // Whose data are read is no outcome, whatever the operator calls one.
        labels
            .outcome
            .retain(|label| rule.is_none_or(|rule| rule.label != *label));
        let tree = self.tree(filled, rule, &labels)?;
        let text = tree
            .as_ref()
            .map_or(filled, |(text, _)| text.as_str())
            .to_owned();
        let mut tree = tree.map(|(_, tree)| tree);
        let events = self.events(&text, tree.as_mut(), rule, &labels)?;
        let delay = SignedDuration::try_from(self.settings.delay).unwrap_or_default();
        let asked = self.now.checked_sub(delay).unwrap_or(self.now);
        let when = when(self.settings, tenth(asked)).await?;
        let t = match when {
            When::Instant(at) => at,
            When::Range { end, .. } => end,
        };
        let age = self.run.start().map(|start| {
            let age = Duration::try_from(t.duration_since(start)).unwrap_or_default();
            age.max(Duration::from_millis(1))
        });
        let canary = self.run.rollout().zip(self.run.pod_template_hash());
        Ok(Guarded {
            events,
            ask: Ask { text, when },
            t,
            age,
            canary: canary.map(|(rollout, hash)| (rollout.to_owned(), hash.to_owned())),
            tree,
            namespace: rule.cloned(),
            deny_if_several: deny_if_several.into_iter().next(),
            warnings: warn,
        })
    }

    /// The text that is sent and its tree; none for what is no PromQL and may be none.
    fn tree(
        &self,
        filled: &str,
        rule: Option<&NamespaceRule>,
        labels: &Labels,
    ) -> Result<Option<(String, Tree)>, AttemptError> {
        let writing = Writing {
            labels,
            zeros: true,
            namespace: None,
            fallback: self.settings.fallback,
        };
        let written = match rule {
            Some(rule) => isolated("query", filled, rule, &writing),
            None => text::text(filled, &writing).map_err(|cause| AttemptError::Text {
                field: "query",
                cause,
            }),
        };
        let Text { text, query } = match written {
            Ok(text) => text,
            // A namespace cannot be held in what is not understood.
            Err(AttemptError::Text {
                cause: TextError::Parse(_),
                ..
            }) if self.settings.dialect == Dialect::MetricsQl && rule.is_none() => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let expr = query.expr;
        let witness = witness(&text, &expr, labels);
        let tree = Tree {
            evidence: witness.as_ref().map(|witness| witness.text.clone()),
            witness,
            selected: selected(&text, &expr, labels),
            constant: match without_data(&expr) {
                Constant::Value(value) => Some(value),
                Constant::Empty | Constant::Unknown => None,
            },
            has_absent: has_absent(&expr),
            idle: idle(&expr),
            expr,
            labels: labels.clone(),
        };
        Ok(Some((text, tree)))
    }

    /// The author's `eventsQuery`, in the namespace too, which then is the evidence; else what the text's tree tells.
    fn events(
        &self,
        text: &str,
        tree: Option<&mut Tree>,
        rule: Option<&NamespaceRule>,
        labels: &Labels,
    ) -> Result<Option<Events>, AttemptError> {
        const FIELD: &str = "eventsQuery";
        let Some(query) = &self.settings.events_query else {
            let derived = tree.and_then(|tree| events(text, &tree.expr, &tree.labels));
            let is_asked = self.settings.min_events.is_some_and(|least| least > 0);
            return match derived {
                None if is_asked => Err(AttemptError::NoEvents),
                derived => Ok(derived),
            };
        };
        let filled = filled(FIELD, query, self.values)?;
        let written = match rule {
            Some(rule) => isolated(FIELD, &filled, rule, &as_written(labels)),
            None => text::text(&filled, &as_written(labels)).map_err(|cause| AttemptError::Text {
                field: FIELD,
                cause,
            }),
        };
        let Text { text, query } = written?;
        if is_enough_without_data(&query.expr) {
            return Err(AttemptError::ConstantEvents);
        }
        if let Some(tree) = tree {
            tree.selected = selected(&text, &query.expr, labels);
            tree.evidence = Some(text.clone());
        }
        Ok(Some(Events::of_query(&text)))
    }
}

/// The text in the namespace of `rule`; as it is where there is none.
pub(super) fn held(filled: &str, rule: Option<&NamespaceRule>) -> Result<String, AttemptError> {
    match rule {
        None => Ok(filled.to_owned()),
        Some(rule) => Ok(isolated("query", filled, rule, &as_written(&Labels::default()))?.text),
    }
}

/// The text written as `writing` says, every selector in the namespace of `rule`.
fn isolated(
    field: &'static str,
    filled: &str,
    rule: &NamespaceRule,
    writing: &Writing<'_>,
) -> Result<Text, AttemptError> {
    let wrong = |cause| AttemptError::Text { field, cause };
    let namespace = Some(Namespace {
        label: &rule.label,
        value: &rule.value,
    });
    if rule.mode == Mode::Require {
        let pinned = Writing {
            namespace,
            ..as_written(writing.labels)
        };
        if text::text(filled, &pinned).map_err(wrong)?.text != filled {
            return Err(AttemptError::Unpinned {
                field,
                label: rule.label.clone(),
                value: rule.value.clone(),
            });
        }
    }
    text::text(
        filled,
        &Writing {
            namespace,
            ..*writing
        },
    )
    .map_err(wrong)
}

fn as_written<'a>(labels: &'a Labels) -> Writing<'a> {
    Writing {
        labels,
        zeros: false,
        namespace: None,
        fallback: None,
    }
}

/// A text of the settings with its placeholders filled in.
pub(super) fn filled(
    field: &'static str,
    text: &str,
    values: &[(&'static str, Option<Value>)],
) -> Result<String, AttemptError> {
    fill(text, values).map_err(|cause| AttemptError::Placeholder { field, cause })
}

/// What several metrics ask within a tenth of a second is asked once: only equal instants are the same question.
fn tenth(at: Timestamp) -> Timestamp {
    const TENTH: i128 = 100_000_000;
    let whole = at.as_nanosecond().div_euclid(TENTH) * TENTH;
    Timestamp::from_nanosecond(whole).unwrap_or(at)
}
