//! A counter function over a window that holds too few scrapes.

use std::time::Duration;

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::{Check, Need};
use crate::promql::Query;
use crate::promql::print::duration;
use crate::promql::select::counter_calls;

rule! {
    /// ## What it does
    ///
    /// Finds `rate`, `increase` and their like over a range of less than four scrape intervals.
    ///
    /// ## Why it matters
    ///
    /// They need two samples. A range of one scrape interval holds one, so on Prometheus 3 the answer is always empty, and
    /// behind `or vector(0)` the gate is green for ever. With less than four, one lost scrape empties it.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(increase(requests_total{namespace="shop"}[30s]))
    /// successCondition: len(result) > 0 && result[0] > 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(increase(requests_total{namespace="shop"}[2m]))
    /// successCondition: len(result) > 0 && result[0] > 5
    /// ```
    ///
    /// ## Settings
    ///
    /// The scrape interval: `--scrape-interval`, `scrape-interval` in the settings file, or the plugin's `scrapeInterval`. Without it the
    /// rule is skipped. The examples are judged with 30s.
    "short-window", "the window holds too few scrapes",
    Counters, levels: [Warn],
    needs: [ScrapeInterval],
    check: Check::Query(check),
}

/// Scrape intervals that a window holds at least, so that one may be lost.
const SCRAPES: u32 = 4;

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let calls = counter_calls(&query.expr);
    if calls.is_empty() {
        return;
    }
    let Some(interval) = gate
        .scrape_interval()
        .filter(|interval| !interval.is_zero())
    else {
        out.lacks(Need::ScrapeInterval);
        return;
    };
    for call in calls {
        let window = call.window;
        let length = window
            .milliseconds()
            .and_then(|length| u64::try_from(length).ok());
        let Some(length) = length.map(Duration::from_millis) else {
            continue;
        };
        if length >= interval * SCRAPES {
            continue;
        }
        let said = |time: Duration| duration(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX));
        let holds = if length <= interval {
            "holds one sample at most: the answer is always empty".to_owned()
        } else {
            format!("holds less than {SCRAPES} scrapes: one lost scrape empties it")
        };
        out.warn(
            gate.in_query(window.span),
            format!(
                "`{}` over {} {holds} (the scrape interval is {})",
                call.function,
                said(length),
                said(interval)
            ),
        )
        .help(format!("write `[{}]`", said(interval * SCRAPES)));
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn windows_and_scrapes() {
        for (query, expected) in [
            ("increase(a_total[30s])", 1),
            ("increase(a_total[1m])", 1),
            ("increase(a_total[119s])", 1),
            ("increase(a_total[2m])", 0),
            ("avg_over_time(a[30s])", 0),
            ("rate(a_total[{{args.w}}])", 0),
            ("rate(a_total[30s]) / rate(b_total[30s])", 2),
            (
                "increase(a_total[30s])\nscrapeInterval: 5s\nprovider: plugin",
                0,
            ),
        ] {
            assert_eq!(
                found(
                    super::RULE.name,
                    &format!("args:\n- name: w\nquery: {query}")
                )
                .len(),
                expected,
                "{query}"
            );
        }
        assert_eq!(
            said(super::RULE.name, "query: increase(a_total[30s])"),
            [
                "warn at `30s`: `increase` over 30s holds one sample at most: the answer is always empty (the scrape interval is 30s); write `[2m]`"
            ]
        );
    }
}
