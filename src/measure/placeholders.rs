//! A run into the values of the plugin's placeholders.

use jiff::Timestamp;

use crate::analysis::run::AnalysisRun;
use crate::analysis::settings::Settings;
use crate::promql::placeholder::Value;

/// `$(run.elapsed)` is never below this many scrape intervals: a shorter window holds no rate.
const SCRAPES: u64 = 4;

/// The scrape interval where the settings do not tell, seconds.
const SCRAPE_INTERVAL: u64 = 60;

/// The values that `run` has at `now`.
pub(super) fn values(
    run: &AnalysisRun,
    settings: &Settings,
    now: Timestamp,
) -> [(&'static str, Option<Value>); 6] {
    let text = |value: Option<&str>| {
        value
            .filter(|text| !text.is_empty())
            .map(|text| Value::Text(text.to_owned()))
    };
    [
        ("namespace", text(Some(&run.namespace))),
        ("hash", text(run.pod_template_hash())),
        ("rollout", text(run.rollout())),
        ("name", text(Some(&run.name))),
        ("step", text(run.step())),
        (
            "elapsed",
            run.start()
                .map(|start| Value::Seconds(elapsed(start, settings, now))),
        ),
    ]
}

fn elapsed(start: Timestamp, settings: &Settings, now: Timestamp) -> u64 {
    let interval = settings
        .scrape_interval
        .map_or(SCRAPE_INTERVAL, |interval| interval.as_secs().max(1));
    let elapsed = u64::try_from(now.duration_since(start).as_secs()).unwrap_or(0);
    elapsed.max(interval.saturating_mul(SCRAPES))
}
