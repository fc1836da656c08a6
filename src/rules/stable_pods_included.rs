//! A gate that the stable pods answer too.

use std::collections::HashSet;

use crate::analysis::template::ValueFrom;
use crate::lint::context::Scene;
use crate::lint::finding::Fix;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::isolation::{Isolation, Side, is_of_the_canary, isolation, says, side};
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::lint::selection::{has_placeholder, hash_placeholder, inner, named};
use crate::promql::Query;
use crate::promql::ast::MatchOp;
use crate::promql::class::Class;
use crate::promql::select::{DataSelector, data_selectors};
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds a gate with a selector that does not tell the canary's pods from the stable ones. It is a warning where a
    /// Rollout of the input runs the template, under this plugin, and where an argument holds the hash or another gate of
    /// the template looks at the canary alone.
    ///
    /// ## Why it matters
    ///
    /// A canary with 5 % of the traffic and 40 % errors shows as 2 % among all, and passes.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}",pod=~"echo-.*"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}",pod=~"echo-{{args.canary-hash}}-.*"}) or vector(0)
    /// args:
    /// - name: namespace
    /// - name: canary-hash
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Sides are told by words: `canary`, `hash`, `preview` and their like against `stable`, `baseline` and theirs. What
    /// stands under a label of versions as a literal may be either.
    "stable-pods-included", "stable pods answer too",
    Selection, levels: [Warn, Info],
    is_told_once: true,
    yields_to: ["diluted-ratio", "stable-only", "pasted-hash"],
    check: Check::Template(check),
}

/// Words of labels that name a workload.
const WORKLOAD: [&str; 8] = [
    "pod",
    "service",
    "svc",
    "app",
    "application",
    "deployment",
    "workload",
    "container",
];

fn check(scene: &Scene<'_>, gates: &[Gate<'_>], out: &mut Findings<'_>) {
    let queries: Vec<(&Gate<'_>, &Query, Isolation)> = gates
        .iter()
        .filter_map(|gate| {
            let query = gate.query.as_ref()?.parsed.as_ref().ok()?;
            Some((gate, query, isolation(gate, query)))
        })
        .collect();
    let knows_the_hash = scene.arguments.iter().any(|argument| {
        argument.from.contains(&&ValueFrom::LatestHash)
            || (says(argument.name, &["hash"]) && is_of_the_canary(argument))
    });
    let is_isolated = |found: &Isolation| *found == Isolation::Isolated;
    let others = queries.iter().any(|(_, _, found)| is_isolated(found));
    let mut missing: Vec<String> = Vec::new();
    for (gate, query, found) in &queries {
        match found {
            Isolation::Mixed => {}
            Isolation::Unknown(names) => {
                missing.extend(names.iter().cloned());
                continue;
            }
            Isolation::Isolated | Isolation::StableOnly => continue,
        }
        let selected = data_selectors(&query.expr);
        let is_clear = gate.class().class != Class::Unknown;
        let open = selected
            .iter()
            .find(|one| side(gate, one.selector) == Side::Both);
        let Some(open) = open.filter(|_| is_clear || names_a_workload(&selected)) else {
            continue;
        };
        let (level, why) = match () {
            () if scene.runs_here() => (Level::Warn, ""),
            () if knows_the_hash => (Level::Warn, ", though an argument holds the hash"),
            () if others => (
                Level::Warn,
                ", though another metric looks at the canary alone",
            ),
            () if gate.engine.is_plugin() => {
                (Level::Warn, ", though `$(run.hash)` tells them apart")
            }
            () => (Level::Info, ""),
        };
        out.about(gate.subject());
        let finding = out.push(
            level,
            gate.in_query(open.span),
            format!(
                "{} is of the stable pods as well as of the canary's{why}",
                named(open.selector)
            ),
        );
        match hash_placeholder(gate) {
            Some(hash) => finding
                .help(format!("write `pod=~\"…-{hash}-.*\"`"))
                .fix(narrowed(gate, &selected, &hash)),
            None => finding.help(
                "declare an argument `canary-hash`, feed it from `podTemplateHashValue: Latest` in the Rollout, \
                 and match it",
            ),
        };
    }
    skip(scene, &missing, out);
}

/// One line a template: what to pass.
fn skip(scene: &Scene<'_>, missing: &[String], out: &mut Findings<'_>) {
    let mut arguments: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    for written in missing {
        let name = written.trim_matches(['{', '}', ' ']).strip_prefix("args.");
        let told = match name {
            Some(name) => format!("`--arg {name}=…`"),
            None => format!("a value for `{written}`"),
        };
        if known.insert(told.clone()) {
            arguments.push(told);
        }
    }
    if !arguments.is_empty() {
        out.about(scene.subject());
        out.skip(format!("pass {}", arguments.join(", ")));
    }
}

fn names_a_workload(selected: &[DataSelector<'_>]) -> bool {
    let mut matchers = selected.iter().flat_map(|one| &one.selector.matchers);
    matchers.any(|matcher| says(&matcher.label.text, &WORKLOAD))
}

/// The hash before the end of every `pod=~"web-.*"`; none unless that makes every selector the canary's.
fn narrowed(gate: &Gate<'_>, selected: &[DataSelector<'_>], hash: &str) -> Option<Fix> {
    let text = gate.query.as_ref()?.filled.text.as_str();
    let mut edits = Vec::new();
    for one in selected {
        if side(gate, one.selector) == Side::Canary {
            continue;
        }
        let pod = one.selector.matchers.iter().find(|matcher| {
            matcher.op == MatchOp::Regexp
                && says(&matcher.label.text, &["pod"])
                && !has_placeholder(gate, matcher.value.span)
                && inner(matcher).of(text).ends_with("-.*")
                && !matcher.value.text().contains('|')
        })?;
        let end = inner(pod).end - ".*".len();
        edits.push((Span::at(end), format!("{hash}-")));
    }
    gate.fix_query(false, &edits)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found, report};

    const CONDITION: &str = "successCondition: result[0] >= 1\n";

    #[test]
    fn selectors_of_both_sides() {
        for (query, more, expected) in [
            ("sum(x{pod=~\"echo-.*\"})", "", &["info"][..]),
            ("sum(x{pod=~\"echo-.*\"})", "provider: plugin", &["warn"]),
            (
                "sum(x{pod=~\"echo-.*\"})",
                "args:\n- name: canary-hash",
                &["warn"],
            ),
            (
                "sum(x{pod=~\"echo-.*\"})",
                "args:\n- name: stable-hash",
                &["info"],
            ),
            (
                "sum(x{pod=~\"echo-{{args.canary-hash}}-.*\"})",
                "args:\n- name: canary-hash",
                &[],
            ),
            (
                "sum(x{pod=~\"echo-$(run.hash)-.*\"})",
                "provider: plugin",
                &[],
            ),
            (
                "sum(x{track=\"canary\"}) / sum(x{pod=~\"echo-.*\"})",
                "",
                &["info"],
            ),
            (
                "sum(x{track=\"canary\"}) / sum(x{track=\"stable\"})",
                "",
                &[],
            ),
            ("sum(x{service=\"web-canary\"})", "", &[]),
            (
                "sum(x{service=\"{{args.service}}\"})",
                "args:\n- name: service\n  value: web",
                &["info"],
            ),
            (
                "sum(x{service=\"{{args.service}}\"})",
                "args:\n- name: service\n  value: web-canary",
                &[],
            ),
            (
                "sum(x{service=\"{{args.service}}\"})",
                "args:\n- name: service",
                &[],
            ),
            ("sum(x{app=\"web\",version=\"v2\"})", "", &[]),
            ("sum(x{mode=\"a\"})", "", &[]),
            ("sum(rate(x_errors_total[5m]))", "", &["info"]),
            ("vector(1)", "", &[]),
            (
                "sum(y{pod=~\"echo-.*\"} * on (pod) group_left () kube_pod_labels{label_hash=\"{{args.canary-hash}}\"})",
                "args:\n- name: canary-hash",
                &[],
            ),
        ] {
            let gate = format!("query: {query}\n{CONDITION}{more}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn what_an_argument_may_be_is_asked_for() {
        let gate = format!(
            "query: sum(x{{service=\"{{{{args.service}}}}\"}})\n{CONDITION}args:\n- name: service"
        );
        let skipped = report(&gate).skipped;
        assert_eq!(skipped.len(), 1, "{skipped:?}");
        assert_eq!(skipped[0].reason, "pass `--arg service=…`");
    }

    #[test]
    fn the_hash_is_put_before_the_pods_own_part() {
        let gate = format!("provider: plugin\nquery: sum(x{{pod=~\"echo-.*\"}})\n{CONDITION}");
        let (after, is_safe) = fixed(super::RULE.name, &gate);
        assert!(after.contains("pod=~\"echo-$(run.hash)-.*\""), "{after}");
        assert!(!is_safe);
    }
}
