//! A `dryRun` that names one metric and silences others too.

use crate::lint::context::Scene;
use crate::lint::findings::Findings;
use crate::lint::gate::{Gate, spot};
use crate::lint::rule::Check;
use crate::text::regexp::compile;

rule! {
    /// ## What it does
    ///
    /// Finds a `dryRun` entry that is the name of one metric and, as a regexp, matches others as well.
    ///
    /// ## Why it matters
    ///
    /// Argo reads `metricName` as a regexp that need not match the whole name: `error` silences `error-budget` too, and
    /// what that one finds no longer counts.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// metrics:
    /// - name: error
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: sum(up{namespace="shop"}) or vector(0)
    /// - name: error-budget
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: sum(up{namespace="shop"}) or vector(0)
    /// - name: latency
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: sum(up{namespace="shop"}) or vector(0)
    /// dryRun: error
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// args:
    /// - name: namespace
    /// metrics:
    /// - name: error
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// - name: error-budget
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: result[0] >= 2
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// dryRun: ^error$
    /// ```
    "broad-dry-run", "a dry run silences more than it names",
    Limits, levels: [Warn],
    yields_to: ["only-dry-run"],
    check: Check::Template(check),
}

fn check(scene: &Scene<'_>, gates: &[Gate<'_>], out: &mut Findings<'_>) {
    for (index, field) in scene.template.dry_run.iter().enumerate() {
        let name = field.text.as_str();
        let Some(named) = gates.iter().find(|gate| gate.metric.name.text == name) else {
            continue;
        };
        let Ok(pattern) = compile(name.as_bytes()) else {
            continue;
        };
        let others: Vec<String> = gates
            .iter()
            .map(|gate| gate.metric.name.text.as_str())
            .filter(|other| *other != name && pattern.is_match(other.as_bytes()))
            .map(|other| format!("`{other}`"))
            .collect();
        if others.is_empty() {
            continue;
        }
        let exact = format!("^{name}$");
        out.warn(
            spot(
                &format!("spec.dryRun[{index}].metricName"),
                field,
                field.all(),
            ),
            format!("`{name}` silences {} too", others.join(", ")),
        )
        .help(format!("write `{exact}`"))
        .fix(named.fix_text(false, field, &exact));
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::said;

    fn template(pattern: &str) -> String {
        let metric = |name: &str| {
            format!(
                "- name: {name}\n  provider: {{prometheus: {{address: http://p.example, query: up}}}}\n"
            )
        };
        let metrics: String = ["error", "error-budget", "latency"].map(metric).concat();
        format!("metrics:\n{metrics}dryRun: {pattern}")
    }

    #[test]
    fn a_name_that_is_part_of_another() {
        for (pattern, expected) in [
            (
                "error",
                &["warn at `error`: `error` silences `error-budget` too; write `^error$`"][..],
            ),
            ("error-budget", &[]),
            ("^error$", &[]),
            ("error.*", &[]),
            ("latency", &[]),
        ] {
            assert_eq!(
                said(super::RULE.name, &template(pattern)),
                expected,
                "{pattern}"
            );
        }
    }
}
