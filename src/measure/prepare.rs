//! Settings, policy and a run into what is asked of which server: all that needs no answer.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::attempt::Attempt;
use super::error::AttemptError;
use super::findings::{Findings, findings};
use super::needs::{has_absent, is_enough_without_data};
use super::placeholders;
use super::secrets::secrets_of;
use super::surroundings::Surroundings;
use crate::analysis::metric::Metric;
use crate::analysis::policy::namespace::{Mode, NamespaceRule};
use crate::analysis::policy::{DEFAULT_TIMEOUT, Policy};
use crate::analysis::run::AnalysisRun;
use crate::analysis::secrets::Mask;
use crate::analysis::settings::{Dialect, Guard, RangeQuery, Settings, server_url};
use crate::condition;
use crate::evidence::events::{Events, events};
use crate::evidence::fresh::{Selected, selected};
use crate::evidence::namespace::Namespace;
use crate::evidence::text::{self, Text, TextError, Writing};
use crate::evidence::witness::{Witness, witness};
use crate::prometheus::When;
use crate::promql::answer::{Constant, idle, without_data};
use crate::promql::ast::Expr;
use crate::promql::outcome::Labels;
use crate::promql::placeholder::{Value, fill, fill_plain};
use crate::text::duration::parse_go_duration;

/// What a metric asks, ready to be sent.
pub(super) struct Prepared {
    pub(super) settings: Settings,
    pub(super) address: Url,
    /// When the call began.
    pub(super) now: Timestamp,
    /// How long all requests together may take.
    pub(super) timeout: Duration,
    /// What `off` and `observe` send: as written, but for the operator's namespace.
    pub(super) plain: Ask,
    pub(super) rails: Rails,
}

/// How much of the guard rails hold, and what they ask.
pub(super) enum Rails {
    /// `guard: off`
    None,
    /// `guard: observe`; what would be refused decides nothing.
    Observed(Result<Guarded, AttemptError>),
    /// `guard: enforce`
    Enforced(Guarded),
}

/// A text and the time it is asked for.
pub(super) struct Ask {
    pub(super) text: String,
    pub(super) when: When,
}

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

impl Prepared {
    /// The server's name, for words.
    pub(super) fn host(&self) -> &str {
        self.address.host_str().unwrap_or_default()
    }

    /// Whether the guard rails hold.
    pub(super) fn is_guarded(&self) -> bool {
        matches!(self.rails, Rails::Enforced(_))
    }

    /// Why nothing more is asked.
    pub(super) fn refused(&self, error: AttemptError) -> Refused {
        let is_guarded = self.is_guarded();
        Refused { error, is_guarded }
    }

    /// What settings and address hold that must not be shown, whether or not it came from a Secret.
    pub(super) fn secrets(&self) -> Vec<String> {
        secrets_of(&self.settings, Some(&self.address))
    }
}

/// Why nothing is asked, and whether the guard rails would hold: then the measurement says what refused.
pub(super) struct Refused {
    pub(super) error: AttemptError,
    pub(super) is_guarded: bool,
}

impl Refused {
    /// The measurement.
    pub(super) fn attempt(&self, mask: &Mask) -> Attempt {
        self.error.attempt(mask, self.is_guarded)
    }
}

/// Reads settings, holds the policy, fills placeholders in, lints and writes the texts.
pub(super) async fn prepare(
    policy: &Policy,
    surroundings: &Surroundings,
    run: &AnalysisRun,
    metric: &Metric,
    now: Timestamp,
) -> Result<Prepared, Refused> {
    let defaults = policy.defaults_for(metric, surroundings.default_address.as_deref());
    let mut settings = Settings::of(metric, &defaults).map_err(|complaints| Refused {
        is_guarded: !says_off(metric),
        error: AttemptError::Settings(complaints),
    })?;
    let guard = policy.guard(&settings);
    let refused = |error| Refused {
        error,
        is_guarded: guard == Guard::Enforce,
    };
    let values = placeholders::values(run, &settings, now);
    if let Some(namespace) = &mut settings.namespace {
        *namespace = fill_plain(namespace, &values).map_err(|cause| {
            let field = "namespace";
            refused(AttemptError::Placeholder { field, cause })
        })?;
    }
    let writer = Writer {
        policy,
        run,
        metric,
        settings: &settings,
        values: &values,
        now,
    };
    let asked = writer.asked(guard, surroundings).await;
    let (address, plain, rails) = asked.map_err(refused)?;
    let timeout = settings
        .timeout
        .unwrap_or(DEFAULT_TIMEOUT.min(policy.limits.timeout));
    Ok(Prepared {
        settings,
        address,
        now,
        timeout,
        plain,
        rails,
    })
}

/// Whether settings that cannot be read ask for no guard rails.
fn says_off(metric: &Metric) -> bool {
    #[derive(serde::Deserialize)]
    struct Given {
        guard: Option<serde_json::Value>,
    }
    metric.plugins.iter().all(|(_, json)| {
        let given = serde_json::from_slice::<Given>(json)
            .ok()
            .and_then(|given| given.guard);
        given.is_some_and(|guard| guard == "off" || guard == "observe" || guard == false)
    })
}

fn address(settings: &Settings, surroundings: &Surroundings) -> Result<Url, AttemptError> {
    match (
        &settings.address,
        surroundings
            .default_address
            .as_deref()
            .filter(|text| !text.is_empty()),
    ) {
        (Some(address), _) => Ok(address.clone()),
        (None, Some(default)) => server_url(default).map_err(AttemptError::DefaultAddress),
        (None, None) => Err(AttemptError::NoAddress),
    }
}

/// The text in the namespace of `rule`; as it is where there is none.
fn held(filled: &str, rule: Option<&NamespaceRule>) -> Result<String, AttemptError> {
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

/// What texts are made of.
struct Writer<'a> {
    policy: &'a Policy,
    run: &'a AnalysisRun,
    metric: &'a Metric,
    settings: &'a Settings,
    values: &'a [(&'static str, Option<Value>)],
    now: Timestamp,
}

impl Writer<'_> {
    /// Which server is asked what.
    async fn asked(
        &self,
        guard: Guard,
        surroundings: &Surroundings,
    ) -> Result<(Url, Ask, Rails), AttemptError> {
        let address = address(self.settings, surroundings)?;
        let refusals = self.policy.refusals(self.settings, &address);
        if !refusals.is_empty() {
            return Err(AttemptError::Policy(refusals));
        }
        let filled = filled("query", &self.settings.query, self.values)?;
        let rule = self
            .policy
            .namespace_for(self.settings, self.run)
            .map_err(|complaint| AttemptError::Policy(vec![complaint]))?;
        // A template's own namespace is a guard rail, the operator's is not.
        let plain = Ask {
            text: held(&filled, rule.as_ref().filter(|rule| rule.is_operators))?,
            when: when(self.settings, self.now).await?,
        };
        let rails = match guard {
            Guard::Off => Rails::None,
            Guard::Observe => Rails::Observed(self.guarded(&filled, rule.as_ref()).await),
            Guard::Enforce => Rails::Enforced(self.guarded(&filled, rule.as_ref()).await?),
        };
        Ok((address, plain, rails))
    }

    async fn guarded(
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

/// The time or times of the query, as of `now`.
async fn when(settings: &Settings, now: Timestamp) -> Result<When, AttemptError> {
    match &settings.range_query {
        None => Ok(When::Instant(now)),
        Some(range) => range_of(range, now).await,
    }
}

/// Times are expressions, and may take as long as conditions.
async fn range_of(range: &RangeQuery, now: Timestamp) -> Result<When, AttemptError> {
    let texts = (range.start.clone(), range.end.clone());
    let times = tokio::task::spawn_blocking(move || {
        let time = |field, text: &str| {
            condition::evaluate_time(text, now)
                .map_err(|cause| AttemptError::RangeTime { field, cause })
        };
        Ok((time("start", &texts.0)?, time("end", &texts.1)?))
    });
    let (start, end) = times
        .await
        .unwrap_or_else(|error| Err(AttemptError::Judge(error.to_string())))?;
    let step = parse_go_duration(&range.step).map_err(AttemptError::RangeStep)?;
    Ok(When::Range {
        start,
        end,
        step: SignedDuration::from_nanos(step),
    })
}

fn filled(
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
