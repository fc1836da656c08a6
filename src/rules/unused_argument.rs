//! A declared argument that nothing uses.

use crate::lint::context::Scene;
use crate::lint::findings::Findings;
use crate::lint::gate::{Gate, spot};
use crate::lint::index::taken;
use crate::lint::isolation::says;
use crate::lint::level::Level;
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds an argument that a template declares and no metric uses. It is a warning where the name speaks of a
    /// namespace, a version, a hash, the canary, a service, an app or a pod.
    ///
    /// ## Why it matters
    ///
    /// Who passes a namespace believes that the gate looks there. Where no matcher takes it, the gate looks everywhere,
    /// or where a literal says.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(up{job="shop"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(up{job="shop",namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A template with a metric of another provider is left alone: what stands there is not read.
    "unused-argument", "an argument is declared and not used",
    Limits, levels: [Warn, Info],
    check: Check::Template(check),
}

/// Words of arguments that pick whom a gate looks at.
const PICKS: [&str; 10] = [
    "namespace",
    "ns",
    "hash",
    "version",
    "canary",
    "service",
    "svc",
    "app",
    "pod",
    "application",
];

/// Words of arguments that hold a number or a time, whatever they are about: `canary-replicas`.
const SIZES: [&str; 8] = [
    "replicas",
    "weight",
    "percent",
    "threshold",
    "count",
    "limit",
    "interval",
    "duration",
];

fn check(scene: &Scene<'_>, gates: &[Gate<'_>], out: &mut Findings<'_>) {
    let has_matchers = gates.iter().any(|gate| gate.query.is_some());
    let template = scene.template;
    let Some(taken) = taken(template) else {
        return;
    };
    for (index, argument) in template.arguments.iter().enumerate() {
        let name = argument.name.text.as_str();
        let is_used = || {
            // Another one that does not declare it may run together with this one.
            taken.contains(name)
                || scene.has_unknown_parts
                || scene.context.index.is_taken_elsewhere(name)
        };
        if name.is_empty() || is_used() {
            continue;
        }
        let level = match has_matchers && says(name, &PICKS) && !says(name, &SIZES) {
            true => Level::Warn,
            false => Level::Info,
        };
        let message = match level {
            Level::Warn => format!("argument `{name}` is declared, but no matcher takes it"),
            _ => format!("argument `{name}` is declared and not used"),
        };
        let place = spot(
            &format!("spec.args[{index}].name"),
            &argument.name,
            argument.name.all(),
        );
        let finding = out.push(level, place, message);
        finding.help(match level {
            Level::Warn => {
                format!("write `{{{{args.{name}}}}}` into the selectors, or drop the argument")
            }
            _ => "drop it".to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn an_argument_that_nothing_uses() {
        for (query, argument, expected) in [
            ("up", "namespace", &["warn"][..]),
            ("up", "canary-hash", &["warn"]),
            ("up", "podHash", &["warn"]),
            ("up", "threshold", &["info"]),
            ("up", "canary-replicas", &["info"]),
            ("up{a=\"{{args.namespace}}\"}", "namespace", &[]),
            ("up{a=\"{{ args.namespace }}\"}", "namespace", &[]),
            ("up{a=\"{{args.name}}\"}", "namespace", &["warn"]),
            (
                "up\nsuccessCondition: result[0] > {{args.threshold}}",
                "threshold",
                &[],
            ),
            ("up\ncount: \"{{args.count}}\"", "count", &[]),
            (
                "up\nheaders: [{key: a, value: '{{args.token}}'}]",
                "token",
                &[],
            ),
        ] {
            let gate = format!("query: {query}\nargs:\n- name: {argument}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn without_a_query_no_matcher_is_missed() {
        let gate = "args:\n- name: canary-pod\nmetrics:\n- name: a\n  provider:\n    plugin: {other/metric: {url: 'http://a.example'}}\n";
        assert_eq!(found(super::RULE.name, gate), ["info"]);
    }

    #[test]
    fn what_is_not_read_may_use_it() {
        let gate =
            "args:\n- name: namespace\nmetrics:\n- name: a\n  provider:\n    job: {spec: {}}\n";
        assert!(found(super::RULE.name, gate).is_empty());
    }
}
