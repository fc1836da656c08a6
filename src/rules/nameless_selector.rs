//! A selector that names no metric.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::quote::quoted;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::Selector;
use crate::promql::select::data_selectors;

rule! {
    /// ## What it does
    ///
    /// Finds a selector with labels but without a metric name.
    ///
    /// ## Why it matters
    ///
    /// It takes in every series with these labels: counters, gauges and timestamps in one answer, and more with each metric
    /// that anybody adds. On a large server it is also the most expensive way to ask.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum({namespace="shop", app="api"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(up{namespace="shop", app="api"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    "nameless-selector", "a selector without a metric name",
    Query, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    for data in data_selectors(&query.expr) {
        if names_metric(data.selector) {
            continue;
        }
        let text = quoted(gate, query, data.span);
        out.warn(
            gate.in_query(data.span),
            format!("`{text}` names no metric, so it takes in every series with these labels"),
        )
        .help(format!(
            "write the metric's name before the braces: `metric{text}`"
        ));
    }
}

/// A pattern of names is a name, too.
fn names_metric(selector: &Selector) -> bool {
    let is_name = |label: &str| label == "__name__" || label.contains(crate::text::filled::is_hole);
    selector.name.is_some() || selector.matchers.iter().any(|m| is_name(&m.label.text))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn selectors_without_a_name() {
        for (query, expected) in [
            ("'{app=\"a\"}'", &["warn"][..]),
            (
                "'sum(rate({app=\"a\"}[5m])) / sum(rate({app=\"b\"}[5m]))'",
                &["warn", "warn"],
            ),
            ("'up{app=\"a\"}'", &[]),
            ("'{\"http.requests\", app=\"a\"}'", &[]),
            ("'{__name__=~\"http_.*\", app=\"a\"}'", &[]),
            ("'{{args.metric}}{app=\"a\"}'", &[]),
            ("'info(up{app=\"a\"}, {version=~\".+\"})'", &[]),
        ] {
            let gate = format!("query: {query}\nsuccessCondition: result[0] > 0");
            assert_eq!(found(super::RULE.name, &gate), expected, "{query}");
        }
    }
}
