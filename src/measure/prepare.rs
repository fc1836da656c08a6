//! Settings, policy and a run into what is asked of which server: all that needs no answer.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::attempt::Attempt;
use super::error::AttemptError;
use super::placeholders;
use super::rails::{Guarded, Writer, filled, held};
use super::secrets::secrets_of;
use super::surroundings::Surroundings;
use super::times::when;
use crate::analysis::metric::Metric;
use crate::analysis::policy::{DEFAULT_TIMEOUT, Policy};
use crate::analysis::run::AnalysisRun;
use crate::analysis::secrets::Mask;
use crate::analysis::settings::{Guard, Settings, server_url};
use crate::prometheus::When;
use crate::promql::placeholder::fill_plain;

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

impl Prepared {
    /// The server's name, for words.
    pub(super) fn host(&self) -> &str {
        self.address.host_str().unwrap_or_default()
    }

    /// Which guard rails hold.
    pub(super) fn guard(&self) -> Guard {
        match self.rails {
            Rails::None => Guard::Off,
            Rails::Observed(_) => Guard::Observe,
            Rails::Enforced(_) => Guard::Enforce,
        }
    }

    /// Why nothing more is asked.
    pub(super) fn refused(&self, error: AttemptError) -> Refused {
        Refused {
            error,
            guard: self.guard(),
        }
    }

    /// What settings and address hold that must not be shown, whether or not it came from a Secret.
    pub(super) fn secrets(&self) -> Vec<String> {
        secrets_of(&self.settings, Some(&self.address))
    }
}

/// Why nothing is asked, and which guard rails would hold: under enforce the measurement says what refused.
pub(super) struct Refused {
    pub(super) error: AttemptError,
    pub(super) guard: Guard,
}

impl Refused {
    /// The measurement.
    pub(super) fn attempt(&self, mask: &Mask) -> Attempt {
        self.error.attempt(mask, self.guard)
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
        guard: guard_said(metric),
        error: AttemptError::Settings(complaints),
    })?;
    let guard = policy.guard(&settings);
    let refused = |error| Refused { error, guard };
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

/// The guard rails that settings ask for which cannot be read otherwise.
fn guard_said(metric: &Metric) -> Guard {
    #[derive(serde::Deserialize)]
    struct Given {
        guard: Option<serde_json::Value>,
    }
    let mut given = metric.plugins.iter().filter_map(|(_, json)| {
        let given = serde_json::from_slice::<Given>(json).ok()?;
        given.guard
    });
    match given.next() {
        Some(guard) if guard == "off" || guard == false => Guard::Off,
        Some(guard) if guard == "observe" => Guard::Observe,
        _ => Guard::Enforce,
    }
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
}
