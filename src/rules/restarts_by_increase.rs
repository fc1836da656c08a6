//! Restarts counted by their increase.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::select::counter_calls;

rule! {
    /// ## What it does
    ///
    /// Finds `increase` or `rate` of a metric that ends in `_restarts_total`.
    ///
    /// ## Why it matters
    ///
    /// The counter of a new pod is born with the restarts that it already had: what happened before the first scrape is no
    /// increase. And between back-offs, which grow to five minutes, nothing increases though the pod is down. For pods of
    /// this very release the counter itself is the number of restarts.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// args:
    /// - name: hash
    /// query: sum(increase(kube_pod_container_status_restarts_total{namespace="shop",pod=~"cart-{{args.hash}}-.*"}[5m]))
    /// successCondition: len(result) > 0 && result[0] == 0
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// args:
    /// - name: hash
    /// query: max(kube_pod_container_status_restarts_total{namespace="shop",pod=~"cart-{{args.hash}}-.*"})
    /// successCondition: len(result) > 0 && result[0] == 0
    /// ```
    "restarts-by-increase", "restarts before the first scrape are not seen",
    Counters, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    for call in counter_calls(&query.expr) {
        let name = call.selector().and_then(|selector| selector.metric());
        let Some(name) = name.filter(|name| name.ends_with("_restarts_total")) else {
            continue;
        };
        if !matches!(call.function, "increase" | "rate" | "irate") {
            continue;
        }
        out.warn(
            gate.in_query(call.expr.span),
            format!(
                "`{}` of `{name}` sees no restart before the first scrape, and none between back-offs",
                call.function
            ),
        )
        .help(format!(
            "select the canary's pods and judge the counter itself: `max({name}{{pod=~\"…-<hash>-.*\"}})` with `== 0`"
        ));
        return;
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn restarts() {
        for (query, expected) in [
            (
                "sum(increase(kube_pod_container_status_restarts_total[1m])) or vector(0)",
                1,
            ),
            ("max(kube_pod_container_status_restarts_total)", 0),
            ("sum(increase(a_total[1m]))", 0),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("query: {query}")).len(),
                expected,
                "{query}"
            );
        }
    }
}
