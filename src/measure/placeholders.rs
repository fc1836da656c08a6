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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::analysis::run::Owner;
    use crate::promql::placeholder::NAMES;

    #[test]
    fn every_placeholder_is_asked_for() {
        let settings = Settings::from_object(
            json!({"query": "up"}).as_object().expect("an object"),
            &serde_json::Map::new(),
        );
        let values = values(
            &AnalysisRun::default(),
            &settings.expect("settings"),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(values.map(|(name, _)| name), NAMES);
    }

    #[test]
    fn what_a_run_knows() {
        let now: Timestamp = "2026-01-01T00:10:00Z".parse().expect("a time");
        let run = AnalysisRun {
            name: "echo-1".into(),
            namespace: "shop".into(),
            labels: [("rollouts-pod-template-hash".to_owned(), "6f5".to_owned())].into(),
            owners: vec![Owner {
                kind: "Rollout".into(),
                name: "echo".into(),
            }],
            created_at: "2026-01-01T00:00:00Z".parse().ok(),
            ..AnalysisRun::default()
        };
        let text = |text: &str| Some(Value::Text(text.into()));
        let settings = |json: serde_json::Value| {
            Settings::from_object(
                json.as_object().expect("an object"),
                &serde_json::Map::new(),
            )
            .expect("settings")
        };
        let plain = settings(json!({"query": "up"}));
        let known = [
            ("namespace", text("shop")),
            ("hash", text("6f5")),
            ("rollout", text("echo")),
            ("name", text("echo-1")),
            ("step", None),
            ("elapsed", Some(Value::Seconds(600))),
        ];
        assert_eq!(values(&run, &plain, now), known);
        for (interval, start, elapsed) in [
            ("30s", "2026-01-01T00:09:00Z", 120),
            ("30s", "2026-01-01T00:00:00Z", 600),
            ("30s", "2026-01-01T00:20:00Z", 120),
            ("5m", "2026-01-01T00:00:00Z", 1200),
        ] {
            let run = AnalysisRun {
                created_at: start.parse().ok(),
                ..run.clone()
            };
            let settings = settings(json!({"query": "up", "scrapeInterval": interval}));
            assert_eq!(
                values(&run, &settings, now)[5].1,
                Some(Value::Seconds(elapsed)),
                "{interval} {start}"
            );
        }
    }
}
