//! A key that the resource does not have.

use crate::analysis::template::UnknownField;
use crate::lint::context::{Context, Scene};
use crate::lint::findings::{Findings, Subject};
use crate::lint::gate::{Gate, spot};
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::text::nearest::nearest;

rule! {
    /// ## What it does
    ///
    /// Finds keys that a template, a metric, Argo's Prometheus settings or the analysis of a Rollout do not have. A key
    /// that only describes is an info.
    ///
    /// ## Why it matters
    ///
    /// The API server drops what it does not know, and only a strict client refuses it. What was meant as a threshold, a
    /// limit or a delay is then not there, and nobody is told.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// metrics:
    /// - name: pods
    ///   interval: 1m
    ///   count: 5
    ///   threshold: 0.05
    ///   successCondition: result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: sum(up{namespace="shop"}) or vector(0)
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// args:
    /// - name: namespace
    /// metrics:
    /// - name: pods
    ///   interval: 1m
    ///   count: 5
    ///   successCondition: result[0] >= 1
    ///   provider:
    ///     prometheus:
    ///       address: http://prometheus.example:9090
    ///       query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// ```
    ///
    /// ## Known gaps
    ///
    /// What stands under providers other than `prometheus` is not known. The settings of this plugin are held by
    /// `invalid-metric-spec`, as the plugin refuses what it does not know.
    "unknown-field", "a key that the resource does not have",
    Limits, levels: [Warn, Info],
    check: Check::TemplateAndInput(check, around),
}

/// Keys that change nothing, whether they are dropped or not.
const REMARKS: [&str; 9] = [
    "description",
    "comment",
    "comments",
    "note",
    "notes",
    "summary",
    "title",
    "displayName",
    "documentation",
];

/// Keys that people write where a condition is meant.
const CONDITIONS: [&str; 7] = [
    "threshold",
    "thresholds",
    "condition",
    "operator",
    "comparison",
    "success",
    "failure",
];

fn check(scene: &Scene<'_>, gates: &[Gate<'_>], out: &mut Findings<'_>) {
    for unknown in &scene.template.unknown {
        tell(unknown, out);
    }
    for gate in gates {
        for unknown in &gate.metric.unknown {
            out.about(gate.subject());
            tell(unknown, out);
        }
        if let Some(name) = gate.misspelt_plugin() {
            out.about(gate.subject());
            out.warn(
                gate.at("provider.plugin", name),
                format!("no plugin is called `{}`", name.text),
            )
            .help("write the name that the controller's ConfigMap registers, `promql-guard/promql-guard`");
        }
    }
}

fn around(context: &Context<'_>, out: &mut Findings<'_>) {
    for rollout in &context.input.rollouts {
        for unknown in &rollout.unknown {
            out.about(Subject::of(rollout));
            tell(unknown, out);
        }
    }
}

fn tell(unknown: &UnknownField, out: &mut Findings<'_>) {
    let key = unknown.key.text.as_str();
    let is_remark = REMARKS
        .iter()
        .any(|remark| remark.eq_ignore_ascii_case(key));
    let level = match is_remark {
        true => Level::Info,
        false => Level::Warn,
    };
    let place = match unknown.path.as_str() {
        "" => "the resource".to_owned(),
        path => format!("`{path}`"),
    };
    let field = match unknown.path.as_str() {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    let message = format!("{place} has no `{key}`: it is dropped, or refused by a strict client");
    let finding = out.push(
        level,
        spot(&field, &unknown.key, unknown.key.all()),
        message,
    );
    let near = nearest(key, unknown.known.iter().copied());
    finding.help(match near {
        _ if is_remark => "write it as a YAML comment or an annotation".to_owned(),
        _ if CONDITIONS.contains(&key) && unknown.known.contains(&"successCondition") => {
            "write it into `successCondition` or `failureCondition`".to_owned()
        }
        Some(near) => format!("write `{near}`"),
        None => format!("it has {}", listed(unknown.known)),
    });
}

fn listed(known: &[&str]) -> String {
    let quoted: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    fn metric(more: &str) -> String {
        format!(
            "metrics:\n- name: a\n  {more}\n  provider:\n    prometheus: {{address: 'http://p.example', query: up}}\n"
        )
    }

    #[test]
    fn keys_that_are_not_there() {
        for (gate, expected) in [
            (metric("interval: 1m"), &[][..]),
            (metric("threshold: 0.05"), &["warn"]),
            (metric("description: all of it"), &["info"]),
            (metric("intervall: 1m"), &["warn"]),
            ("query: up\ntimeoutSeconds: 5".to_owned(), &["warn"]),
            ("query: up\nprovider: plugin\nunknown: 5".to_owned(), &[]),
            (
                "query: up\nargs:\n- name: a\n  default: b".to_owned(),
                &["warn"],
            ),
        ] {
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn the_help_names_what_there_is() {
        for (more, help) in [
            (
                "threshold: 0.05",
                "write it into `successCondition` or `failureCondition`",
            ),
            ("intervall: 1m", "write `interval`"),
            ("sucessCondition: result > 1", "write `successCondition`"),
        ] {
            let said = said(super::RULE.name, &metric(more));
            assert!(said[0].ends_with(&format!("; {help}")), "{said:?}");
        }
    }

    #[test]
    fn a_rollout_has_keys_too_and_may_allow_others() {
        let rollout = |annotations: &str| {
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: web\n{annotations}spec:\n  strategy:\n    canary:\n      analysis:\n        template: a\n"
            )
        };
        assert_eq!(found(super::RULE.name, &rollout("")), ["warn"]);
        let allowed =
            "  annotations:\n    promql-guard/allow: unknown-field -- a field of our fork\n";
        assert!(found(super::RULE.name, &rollout(allowed)).is_empty());
        let unused = "  annotations:\n    promql-guard/allow: repeated-canary-size -- small\n";
        assert_eq!(found("unused-suppression", &rollout(unused)), ["warn"]);
    }
}
