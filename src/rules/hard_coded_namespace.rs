//! A namespace that is written as a literal.

use crate::analysis::template::Kind;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::isolation::says;
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::lint::selection::{
    NAMESPACE, asks_for_namespace, has_placeholder, inner, namespace_placeholder, written,
};
use crate::promql::Query;
use crate::promql::ast::{MatchOp, Matcher};
use crate::promql::select::data_selectors;
use crate::text::filled::{Filled, Placeholder};

rule! {
    /// ## What it does
    ///
    /// Finds a namespace label that is matched against a literal other than the template's own namespace, where no other
    /// namespace label of the selector takes an argument. It denies in a ClusterAnalysisTemplate that declares an
    /// argument for the namespace and does not use it.
    ///
    /// ## Why it matters
    ///
    /// The template goes wherever its repository goes: production is then gated on the pods of staging.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="echo-staging"}) or vector(0)
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Namespaces of the platform (`…-system`, those of ingress controllers and meshes) are the same in every cluster and
    /// are left alone.
    "hard-coded-namespace", "a namespace is written as a literal",
    Selection, levels: [Deny, Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let mut told: Vec<(String, Vec<&Matcher>)> = Vec::new();
    for selected in data_selectors(&query.expr) {
        let asked: Vec<&Matcher> = selected
            .selector
            .matchers
            .iter()
            .filter(|matcher| asks_for_namespace(gate, matcher))
            .collect();
        if asked.iter().any(|m| has_placeholder(gate, m.value.span)) {
            continue;
        }
        for matcher in asked {
            let value = matcher.value.text();
            if is_regexp(matcher) || is_at_home(gate, &value) || is_platform(&value) {
                continue;
            }
            match told.iter_mut().find(|(known, _)| *known == value) {
                Some((_, matchers)) => matchers.push(matcher),
                None => told.push((value.into_owned(), vec![matcher])),
            }
        }
    }
    for (value, matchers) in told {
        tell(gate, &value, &matchers, out);
    }
}

/// Says it of one value, at its first matcher.
fn tell(gate: &Gate<'_>, value: &str, matchers: &[&Matcher], out: &mut Findings<'_>) {
    let Some(first) = matchers.first() else {
        return;
    };
    let idle = idle_argument(gate);
    let level = match idle.is_some() && gate.template().kind == Kind::ClusterAnalysisTemplate {
        true => Level::Deny,
        false => Level::Warn,
    };
    let whose = match (&idle, &gate.template().namespace) {
        (Some(name), _) => format!(", and the argument `{name}` is not used"),
        (None, Some(own)) => format!(", and the template is in `{}`", own.text),
        (None, None) => ", wherever the template runs".to_owned(),
    };
    let finding = out.push(
        level,
        gate.in_query(first.span),
        format!("looks into the namespace `{value}`{whose}"),
    );
    match namespace_placeholder(gate) {
        Some(wanted) => {
            let edits: Vec<_> = matchers
                .iter()
                .map(|matcher| (inner(matcher), wanted.clone()))
                .collect();
            finding
                .help(format!("write `{}=\"{wanted}\"`", written(gate, first.label.span)))
                .fix(gate.fix_query(false, &edits))
        }
        None => finding.help(
            "declare an argument `namespace`, feed it from `fieldRef: metadata.namespace` in the Rollout, \
             and write `{{args.namespace}}`",
        ),
    };
}

/// A pattern that may mean several, or another one in each place, is no name.
fn is_regexp(matcher: &Matcher) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    matcher.op == MatchOp::Regexp && !matcher.value.text().chars().all(is_name)
}

/// Whether it is the namespace of the template, or of every Rollout that runs it.
fn is_at_home(gate: &Gate<'_>, value: &str) -> bool {
    match &gate.template().namespace {
        Some(own) => own.text == value,
        None => {
            gate.scene.runs_here()
                && gate.scene.uses.iter().all(|each| {
                    let namespace = each.rollout.namespace.as_ref();
                    namespace.is_some_and(|namespace| namespace.text == value)
                })
        }
    }
}

/// Whether a namespace is called the same in every cluster.
fn is_platform(value: &str) -> bool {
    value.ends_with("-system")
        || [
            "ingress", "traefik", "kong", "haproxy", "istio", "linkerd", "envoy", "contour",
        ]
        .iter()
        .any(|word| says(value, &[word]))
}

/// The template's own argument for the namespace, where no metric uses it.
fn idle_argument<'a>(gate: &'a Gate<'_>) -> Option<&'a str> {
    let mut own = gate.scene.arguments.iter().filter(|known| known.is_own);
    let argument = own.find(|argument| says(argument.name, &NAMESPACE))?;
    let uses = |text: &str| {
        Filled::new(text, |_| None).pieces.iter().any(
            |piece| matches!(&piece.placeholder, Placeholder::Argument(name) if name == argument.name),
        )
    };
    let is_used = gate.template().metrics.iter().any(|metric| {
        use crate::analysis::template::Provider;
        match &metric.provider {
            Provider::Prometheus(spec) | Provider::Plugin { spec, .. } => spec
                .settings
                .iter()
                .any(|setting| uses(&setting.field.text)),
            Provider::Other(_) => true,
            Provider::Missing => false,
        }
    });
    (!is_used).then_some(argument.name)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found, said};

    #[test]
    fn literal_namespaces() {
        let cluster = "kind: ClusterAnalysisTemplate\nargs:\n- name: namespace\n";
        for (query, more, expected) in [
            ("x{namespace=\"mail\"}", "", &["warn"][..]),
            ("x{exported_namespace=\"mail\"}", "", &["warn"]),
            ("x{namespace=~\"mail\"}", "", &["warn"]),
            ("x{namespace=~\"mail-.*\"}", "", &[]),
            ("x{namespace!=\"mail\"}", "", &[]),
            (
                "x{namespace=\"mail\"} / y{namespace=\"mail\"}",
                "",
                &["warn"],
            ),
            ("x{namespace=\"mail\"}", "namespace-of-template: mail", &[]),
            ("x{namespace=\"mail\"}", "kind: AnalysisTemplate", &["warn"]),
            (
                "x{namespace=\"{{args.namespace}}\"}",
                "args:\n- name: namespace\n  value: mail",
                &[],
            ),
            (
                "x{namespace=\"nginx\",exported_namespace=\"{{args.namespace}}\"}",
                "args:\n- name: namespace",
                &[],
            ),
            ("x{namespace=\"istio-system\"}", "", &[]),
            ("x{namespace=\"ingress-nginx\"}", "", &[]),
            ("x{job=\"shop\"}", "", &[]),
            ("x{namespace=\"mail\"}", cluster, &["deny"]),
            (
                "x{namespace=\"mail\",a=\"{{args.namespace}}\"}",
                cluster,
                &["warn"],
            ),
            (
                "x{namespace=\"mail\"}",
                "kind: ClusterAnalysisTemplate",
                &["warn"],
            ),
        ] {
            let gate = format!("query: {query}\nsuccessCondition: result[0] > 0\n{more}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn the_argument_is_written() {
        let gate = "query: x{namespace=\"mail\"}\nargs:\n- name: app-namespace\n";
        let (after, is_safe) = fixed(super::RULE.name, gate);
        assert!(
            after.contains("x{namespace=\"{{args.app-namespace}}\"}"),
            "{after}"
        );
        assert!(!is_safe);
        assert_eq!(
            said(
                super::RULE.name,
                "provider: plugin\nquery: x{namespace=\"mail\"}"
            ),
            [
                "warn at `namespace=\"mail\"`: looks into the namespace `mail`, and the template is in `shop`; \
              write `namespace=\"$(run.namespace)\"`"
            ]
        );
    }
}
