//! As many Inconclusive measurements allowed as there are measurements: a metric that decides nothing is Successful.

use crate::analysis::limits::effective_count;
use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::{Engine, Gate};
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::lint::table::{Cell, Table};

rule! {
    /// ## What it does
    ///
    /// Finds an `inconclusiveLimit` that is not below the number of measurements, where a measurement can be Inconclusive.
    ///
    /// ## Why it matters
    ///
    /// When the last measurement is taken and no limit was exceeded, the metric is Successful, however it was measured:
    /// three answers of NaN with `count: 3` and `inconclusiveLimit: 3` pass the canary.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: |
    ///   sum(rate(http_requests_total{namespace="{{args.namespace}}",code=~"5.."}[5m])) or 0 * sum(rate(http_requests_total{namespace="{{args.namespace}}"}[5m]))
    /// args:
    /// - name: namespace
    /// successCondition: len(result) > 0 && result[0] < 1
    /// failureCondition: len(result) > 0 && result[0] >= 5
    /// interval: 1m
    /// count: 3
    /// inconclusiveLimit: 3
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: |
    ///   sum(rate(http_requests_total{namespace="{{args.namespace}}",code=~"5.."}[5m])) or 0 * sum(rate(http_requests_total{namespace="{{args.namespace}}"}[5m]))
    /// args:
    /// - name: namespace
    /// successCondition: len(result) > 0 && result[0] < 1
    /// failureCondition: len(result) > 0 && result[0] >= 5
    /// interval: 1m
    /// count: 3
    /// inconclusiveLimit: 2
    /// ```
    "inconclusive-passes", "measurements that decide nothing pass",
    Limits, levels: [Deny, Warn],
    rests_on_no_data: true,
    yields_to: ["invalid-metric-spec"],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let limits = &gate.limits.metric;
    let (Some(field), Some(limit), Some(table)) = (
        &gate.metric.inconclusive_limit,
        limits.inconclusive_limit,
        &gate.table,
    ) else {
        return;
    };
    if limit <= 0 || gate.engine == Engine::Other || gate.is_dry_run() {
        return;
    }
    let hangs_on = ["count", "interval", "consecutiveSuccessLimit"];
    if let Some(name) = hangs_on
        .iter()
        .find(|name| gate.limits.unknown.contains(name))
    {
        out.skip(format!("`{name}` has no value"));
        return;
    }
    let Some(count) = effective_count(limits).filter(|count| *count >= 1) else {
        return;
    };
    let ends_itself = limits.consecutive_success_limit.is_some_and(|l| l > 0);
    let Some((level, key)) = undecided(table).filter(|_| limit >= count && !ends_itself) else {
        return;
    };
    let measurements = match count {
        1 => "the only measurement".to_owned(),
        count => format!("all {count} measurements"),
    };
    let message = format!(
        "`inconclusiveLimit: {limit}` lets {measurements} be Inconclusive, as `{key}` is: the metric is then Successful"
    );
    let finding = out.push(level, gate.at("inconclusiveLimit", field), message);
    finding.help(match count {
        1 => "drop it, or write `interval` and a higher `count`".to_owned(),
        count => format!("write `inconclusiveLimit: {}` or less", count - 1),
    });
    finding.fix(gate.fix_text(false, field, &(count - 1).to_string()));
}

/// What is Inconclusive, and how much that matters: nobody measured at all, or a number between the conditions.
fn undecided(table: &Table) -> Option<(Level, &str)> {
    let is_met = |cell: &&Cell| cell.is_reachable && cell.verdict == Verdict::Inconclusive;
    let mut met: Vec<&Cell> = table.cells.iter().filter(is_met).collect();
    let is_absence = |cell: &&Cell| matches!(cell.key.as_str(), "no data" | "NaN");
    met.sort_by_key(|cell| !is_absence(cell));
    let first = met.first()?;
    let level = match is_absence(first) {
        true => Level::Deny,
        false => Level::Warn,
    };
    Some((level, first.key.as_str()))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn all_measurements_may_decide_nothing() {
        let ratio = "query: sum(rate(e[5m])) / sum(rate(t[5m]))\n\
                     successCondition: result[0] < 0.05\nfailureCondition: result[0] >= 0.05\n";
        let count = "query: sum(up) or vector(0)\n\
                     successCondition: result[0] > 2\nfailureCondition: result[0] < 1\n";
        for (gate, limits, expected) in [
            (
                ratio,
                "interval: 1m\ncount: 3\ninconclusiveLimit: 3",
                &["deny"][..],
            ),
            (ratio, "interval: 1m\ncount: 3\ninconclusiveLimit: 2", &[]),
            (ratio, "interval: 1m\ncount: 3", &[]),
            (ratio, "interval: 1m\ninconclusiveLimit: 3", &[]),
            (ratio, "count: 1\ninconclusiveLimit: 1", &["deny"]),
            (
                count,
                "interval: 1m\ncount: 3\ninconclusiveLimit: 3",
                &["warn"],
            ),
            (
                ratio,
                "interval: 1m\ncount: 3\ninconclusiveLimit: 3\nprovider: plugin",
                &[],
            ),
            (
                ratio,
                "interval: 1m\ncount: 3\ninconclusiveLimit: 3\nprovider: plugin\nnoData: condition",
                &["deny"],
            ),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("{gate}{limits}")),
                expected,
                "{gate}{limits}"
            );
        }
    }
}
