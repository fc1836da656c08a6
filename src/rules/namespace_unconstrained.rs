//! A selector that takes the series of every namespace.

use crate::lint::context::Scene;
use crate::lint::findings::Findings;
use crate::lint::gate::{Engine, Gate};
use crate::lint::isolation::says;
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::lint::selection::{
    NAMESPACE, asks_for_namespace, literals, named, namespace_placeholder, pasted_hash,
    takes_a_hash, takes_a_namespace,
};
use crate::promql::ast::{MatchOp, Matcher, Selector};
use crate::promql::edit::add_matcher;
use crate::promql::select::{DataSelector, data_selectors};
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds selectors without a matcher on a namespace, on a service's full DNS name, or on a pod-template-hash. It is a
    /// warning where the template declares an argument for the namespace, or matches one elsewhere.
    ///
    /// ## Why it matters
    ///
    /// The workloads of the same name in other namespaces answer too: staging's errors stop production, or production's
    /// traffic hides staging's.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(up{job="shop"}) or vector(0)
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
    /// ## Settings
    ///
    /// Which labels hold a namespace.
    ///
    /// ## Known gaps
    ///
    /// Recording rules (a name with `:`) are left alone: what they select is not known.
    "namespace-unconstrained", "a selector takes every namespace",
    Selection, levels: [Warn, Info],
    is_told_once: true,
    check: Check::Template(check),
}

/// Labels whose value is a service's full DNS name.
const FULL_NAMES: [&str; 3] = [
    "destination_service",
    "upstream_cluster",
    "envoy_cluster_name",
];

fn check(scene: &Scene<'_>, gates: &[Gate<'_>], out: &mut Findings<'_>) {
    let declares = scene
        .arguments
        .iter()
        .any(|argument| says(argument.name, &NAMESPACE));
    let is_matched = gates.iter().any(|gate| {
        let asks = |selector: &Selector| {
            let mut matchers = selector.matchers.iter();
            matchers.any(|matcher| asks_for_namespace(gate, matcher))
        };
        selectors(gate)
            .iter()
            .any(|selected| asks(selected.selector))
    });
    for gate in gates {
        let all = selectors(gate);
        let open: Vec<&DataSelector<'_>> = all
            .iter()
            .filter(|selected| !is_constrained(gate, selected.selector))
            .collect();
        let has_setting = matches!(
            gate.engine,
            Engine::Plugin {
                has_namespace: true,
                ..
            }
        );
        let Some(first) = open.first().filter(|_| !has_setting) else {
            continue;
        };
        let level = match declares || is_matched {
            true => Level::Warn,
            false => Level::Info,
        };
        let elsewhere = match (declares, is_matched) {
            (true, _) => ", though an argument holds one",
            (false, true) => ", though others are matched",
            (false, false) => "",
        };
        out.about(gate.subject());
        let finding = out.push(
            level,
            gate.in_query(first.span),
            format!(
                "{} is taken from every namespace{elsewhere}",
                named(first.selector)
            ),
        );
        match namespace_placeholder(gate) {
            Some(wanted) => {
                let label = label(gate);
                let matcher = format!("{label}=\"{wanted}\"");
                let edits: Vec<(Span, String)> = open
                    .iter()
                    .map(|selected| add_matcher(selected.selector, &matcher))
                    .map(|edit| (edit.span, edit.text))
                    .collect();
                finding
                    .help(format!("write `{matcher}` into the selector"))
                    .fix(gate.fix_query(false, &edits))
            }
            None => finding.help(
                "declare an argument `namespace`, feed it from `fieldRef: metadata.namespace` in the Rollout, \
                 and match it",
            ),
        };
    }
}

fn selectors<'a>(gate: &'a Gate<'_>) -> Vec<DataSelector<'a>> {
    match gate.query.as_ref().map(|query| &query.parsed) {
        Some(Ok(query)) => data_selectors(&query.expr),
        _ => Vec::new(),
    }
}

/// The namespace label that another selector of the gate uses, else `namespace`.
fn label(gate: &Gate<'_>) -> String {
    let all = selectors(gate);
    let mut matchers = all.iter().flat_map(|selected| &selected.selector.matchers);
    let used = matchers.find(|matcher| asks_for_namespace(gate, matcher));
    used.map_or_else(
        || "namespace".to_owned(),
        |matcher| matcher.label.text.clone(),
    )
}

fn is_constrained(gate: &Gate<'_>, selector: &Selector) -> bool {
    selector.metric().is_some_and(|metric| metric.contains(':'))
        || selector.matchers.iter().any(|matcher| {
            asks_for_namespace(gate, matcher)
                || takes_a_namespace(gate, matcher)
                || is_full_name(gate, matcher)
                || takes_a_hash(gate, matcher)
                || pasted_hash(gate, matcher).is_some()
        })
}

/// `web.shop.svc.cluster.local`
fn is_full_name(gate: &Gate<'_>, matcher: &Matcher) -> bool {
    if !matches!(matcher.op, MatchOp::Equal | MatchOp::Regexp) {
        return false;
    }
    FULL_NAMES.contains(&matcher.label.text.as_str())
        || literals(gate, matcher).iter().any(|part| {
            let part = part.replace('\\', "");
            part.contains(".svc.") || part.ends_with(".svc")
        })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{findings, fixed, found};

    #[test]
    fn selectors_of_every_namespace() {
        let argument = "args:\n- name: namespace";
        for (query, more, expected) in [
            ("x", "", &["info"][..]),
            ("x{job=\"a\"}", "", &["info"]),
            ("x{job=\"a\"}", argument, &["warn"]),
            ("x{namespace=\"{{args.namespace}}\"}", argument, &[]),
            ("x{namespace=\"shop\"} / y", "", &["warn"]),
            ("x{namespace!=\"shop\"}", "", &["info"]),
            ("x{namespace=~\".*\"}", "", &["info"]),
            ("x{namespace=~\".+-prod\"}", "", &[]),
            ("job:x:rate5m", argument, &[]),
            // Traefik's and others' names of services begin with the namespace.
            (
                "x{service=\"{{args.namespace}}-web-80@kubernetes\"}",
                argument,
                &[],
            ),
            (
                "x{service=~\"$(run.namespace)-web-.*\"}",
                "provider: plugin",
                &[],
            ),
            (
                "x{service!=\"{{args.namespace}}-web\"}",
                argument,
                &["warn"],
            ),
            (
                "x{destination_service=~\"{{args.service}}\"}",
                "args:\n- name: service",
                &[],
            ),
            ("x{host=\"web.shop.svc.cluster.local\"}", "", &[]),
            ("x{host=~\"web\\\\.shop\\\\.svc\\\\..*\"}", "", &[]),
            ("x{pod=~\"web-$(run.hash)-.*\"}", "provider: plugin", &[]),
            (
                "x{h=\"{{args.canary-hash}}\"}",
                "args:\n- name: canary-hash",
                &[],
            ),
            ("x", "provider: plugin\nnamespace: $(run.namespace)", &[]),
            ("vector(1)", "", &[]),
        ] {
            let gate = format!("query: {query}\nsuccessCondition: result[0] > 0\n{more}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn the_argument_is_put_into_every_selector() {
        let gate = "query: x{job=\"a\"} / y\nargs:\n- name: namespace\n";
        let (after, is_safe) = fixed(super::RULE.name, gate);
        let wanted =
            "x{job=\"a\",namespace=\"{{args.namespace}}\"} / y{namespace=\"{{args.namespace}}\"}";
        assert!(after.contains(wanted), "{after}");
        assert!(!is_safe);
    }

    #[test]
    fn it_is_told_once_a_template() {
        let metric = |name: &str| {
            format!(
                "- name: {name}\n  provider: {{prometheus: {{address: 'http://p.example', query: up}}}}\n"
            )
        };
        let gate = format!("metrics:\n{}{}", metric("a"), metric("b"));
        let told: Vec<_> = findings(&gate)
            .into_iter()
            .filter(|finding| finding.rule == super::RULE.name)
            .collect();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].metrics, ["a", "b"]);
    }
}
