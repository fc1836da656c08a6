//! The built-in provider's measurement: one request, the conditions decide
//! (`metricproviders/prometheus/prometheus.go`, `Run`).

use super::asking::Asker;
use super::attempt::Attempt;
use super::error::AttemptError;
use super::judging::judged;
use super::prepare::Prepared;
use super::reading;
use super::verdict::{Conditions, Verdict};
use crate::analysis::measurement::Phase;
use crate::analysis::secrets::Mask;
use crate::prometheus::Answer;

/// What was measured, with the words of others as they came.
pub(super) struct Measured {
    verdict: Verdict,
    value: String,
    warnings: Vec<String>,
    infos: Vec<String>,
}

/// Sends the text as it is written and judges the answer.
pub(super) async fn measure(
    prepared: &Prepared,
    conditions: &Conditions,
    value_limit: usize,
    asker: &Asker<'_>,
) -> Result<Measured, AttemptError> {
    let Answer {
        data,
        warnings,
        infos,
        ..
    } = asker
        .plain(&prepared.plain)
        .await
        .map_err(AttemptError::Query)?;
    let reading = reading::read(&data).map_err(AttemptError::Reading)?;
    let value = reading.value.clone();
    if value.len() > value_limit {
        return Err(AttemptError::Value {
            found: value.len(),
            limit: value_limit,
        });
    }
    let verdict = judged(conditions.clone(), reading, prepared.now).await?;
    Ok(Measured {
        verdict,
        value,
        warnings,
        infos,
    })
}

impl Measured {
    /// The measurement. As in the built-in provider, a condition that cannot be evaluated leaves neither value nor warnings.
    pub(super) fn attempt(self, prepared: &Prepared, mask: &Mask) -> Attempt {
        let attempt = Attempt {
            message: self.verdict.message.line(mask),
            phase: self.verdict.phase,
            ..Attempt::default()
        }
        .query(&prepared.plain.text, mask);
        if attempt.phase == Phase::Error {
            return attempt;
        }
        Attempt {
            value: self.value,
            ..attempt
        }
        .quoted("warnings", &self.warnings, mask)
        .quoted("infos", &self.infos, mask)
    }
}
