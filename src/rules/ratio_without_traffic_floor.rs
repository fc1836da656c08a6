//! A share, and nothing that says of how much.

use crate::lint::context::Scene;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::class::Class;

rule! {
    /// ## What it does
    ///
    /// Finds a template that judges a share, and in which no metric judges how much traffic there was.
    ///
    /// ## Why it matters
    ///
    /// One failure of six requests is 17 percent, none of six proves little: a share means something from some number of
    /// requests on.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop",code=~"2.."}[5m])) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 0.95
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// metrics:
    /// - name: success-rate
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: len(result) > 0 && result[0] > 0.95
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: sum(rate(requests_total{namespace="shop",code=~"2.."}[5m])) / sum(rate(requests_total{namespace="shop"}[5m]))
    /// - name: traffic
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: len(result) > 0 && result[0] >= 0.5
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: sum(rate(requests_total{namespace="shop"}[5m]))
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Under this plugin `minEvents` is such a floor.
    "ratio-without-traffic-floor", "a share, and nothing says of how much",
    Counters, levels: [Info],
    is_told_once: true,
    check: Check::Template(check),
}

fn check(_: &Scene<'_>, gates: &[Gate<'_>], out: &mut Findings<'_>) {
    if gates
        .iter()
        .any(|gate| gate.class().class == Class::Traffic)
    {
        return;
    }
    for gate in gates {
        let is_share = matches!(
            gate.class().class,
            Class::FailureShare | Class::SuccessShare
        );
        let has_floor = gate.spec().is_some_and(|spec| {
            spec.setting("minEvents").is_some() || spec.setting("eventsQuery").is_some()
        });
        if is_share && !(gate.engine.is_plugin() && has_floor) {
            out.about(gate.subject());
            out.info(
                gate.at_metric(),
                "a share is judged, and nothing says of how many requests",
            )
            .help("add a metric that demands traffic, `sum(rate(…)) >= N`");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn shares_alone() {
        let share = "query: sum(rate(a_total{code=~\"2..\"}[5m])) / sum(rate(a_total[5m]))";
        for (gate, expected) in [
            (share.to_owned(), 1),
            (format!("{share}\nprovider: plugin\nminEvents: 50"), 0),
            ("query: sum(rate(a_total[5m]))".to_owned(), 0),
        ] {
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{gate}");
        }
    }
}
