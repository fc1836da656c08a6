//! Syntax that a Prometheus takes only with a feature flag.

use crate::analysis::settings::Dialect;
use crate::lint::findings::Findings;
use crate::lint::gate::{Engine, Gate};
use crate::lint::rule::Check;
use crate::promql::{Features, Options, Query, parse};

rule! {
    /// ## What it does
    ///
    /// Finds functions and syntax that a Prometheus takes only when it was started with a feature flag.
    ///
    /// ## Why it matters
    ///
    /// Without the flag the server refuses the query, and every measurement is an Error. A flag that is set today goes with
    /// the next values file, and what it enables may still change its meaning.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: max(mad_over_time(queue_length{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: max(stddev_over_time(queue_length{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 5
    /// ```
    ///
    /// ## Known gaps
    ///
    /// The flags are those of Prometheus 3.16; which of them a server has is not asked.
    "experimental-syntax", "syntax that needs a feature flag of Prometheus",
    Query, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, _query: &Query, out: &mut Findings<'_>) {
    let Some(query) = gate.query.as_ref().filter(|query| query.needs_flags) else {
        return;
    };
    if let Engine::Plugin {
        dialect: Dialect::MetricsQl,
        ..
    } = gate.engine
    {
        return;
    }
    let holes = query.filled.holes();
    let stock = Options {
        features: Features::Stock,
        holes: &holes,
    };
    if let Err(error) = parse(&query.filled.text, stock) {
        out.warn(gate.in_query(error.span), error.to_string()).help(
            "write it without, or make sure that every Prometheus that is asked has the flag",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn what_needs_a_flag() {
        for (query, expected) in [
            ("mad_over_time(x[5m])", &["warn"][..]),
            ("limitk(2, x)", &["warn"]),
            ("sum(x)", &[]),
            ("rate(x[5m:1m])", &[]),
            ("mad_over_time(x[5m]", &[]),
        ] {
            let gate = format!("query: '{query}'\nsuccessCondition: result[0] > 0");
            assert_eq!(found(super::RULE.name, &gate), expected, "{query}");
        }
        let said = said(
            super::RULE.name,
            "query: mad_over_time(x[5m])\nsuccessCondition: result[0] > 0",
        );
        assert!(
            said[0].contains("`mad_over_time`")
                && said[0].contains("promql-experimental-functions"),
            "{said:?}"
        );
    }
}
