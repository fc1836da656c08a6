//! A regexp behind `=`.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::lint::selection::{literals, written};
use crate::promql::Query;
use crate::promql::ast::{MatchOp, Matcher};
use crate::promql::select::data_selectors;

rule! {
    /// ## What it does
    ///
    /// Finds `=` and `!=` with a value that reads as a regexp: `.*`, `.+`, `a|b`, `5..` of a code. It denies on labels that hold names of
    /// Kubernetes, which have no such characters.
    ///
    /// ## Why it matters
    ///
    /// `pod="api-.*"` matches the one pod whose name ends with a dot and a star: none. The answer is empty, or what stands
    /// behind `or`.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}",pod="echo-.*"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}",pod=~"echo-.*"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// ```
    "regex-in-equality", "a regexp is compared as a text",
    Selection, levels: [Deny, Warn],
    check: Check::Query(check),
}

/// Labels that hold the name of an object of Kubernetes, beside those of namespaces.
const NAMES: [&str; 16] = [
    "pod",
    "pod_name",
    "exported_pod",
    "kubernetes_pod_name",
    "container",
    "container_name",
    "exported_container",
    "deployment",
    "statefulset",
    "daemonset",
    "replicaset",
    "node",
    "exported_service",
    "kubernetes_name",
    "horizontalpodautoscaler",
    "persistentvolumeclaim",
];

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    for selected in data_selectors(&query.expr) {
        for matcher in &selected.selector.matchers {
            let operator = match matcher.op {
                MatchOp::Equal => "=~",
                MatchOp::NotEqual => "!~",
                MatchOp::Regexp | MatchOp::NotRegexp => continue,
            };
            let Some(sign) = sign(gate, matcher) else {
                continue;
            };
            let label = matcher.label.text.as_str();
            let is_name =
                NAMES.contains(&label) || gate.labels().namespace.iter().any(|l| l == label);
            let (level, why) = match is_name {
                true => (Level::Deny, format!("no name of Kubernetes holds `{sign}`")),
                false => (Level::Warn, format!("`{sign}` is taken as it stands")),
            };
            let is_safe = is_name && matcher.op == MatchOp::Equal;
            let value = written(gate, matcher.value.span);
            let fix = gate.fix_query(is_safe, &[(matcher.op_span, operator.to_owned())]);
            out.push(
                level,
                gate.in_query(matcher.span),
                format!(
                    "`{}` compares with the text {}, and {why}",
                    matcher.op.as_str(),
                    quoted(&value)
                ),
            )
            .help(format!("write `{label}{operator}{value}`"))
            .fix(fix);
        }
    }
}

fn quoted(value: &str) -> String {
    format!("`{}`", value.trim_matches(['"', '\'', '`']))
}

/// What makes the value read as a regexp.
fn sign(gate: &Gate<'_>, matcher: &Matcher) -> Option<&'static str> {
    let parts = literals(gate, matcher);
    let holds = |sign: &str| parts.iter().any(|part| part.contains(sign));
    let is_choice = || {
        let text = matcher.value.text();
        let mut words = text.split('|');
        // `outbound|80||web` is a name of Envoy's clusters: a choice has words on both sides of each bar.
        text.contains('|')
            && words.all(|word| !word.is_empty())
            && parts.iter().any(|part| part.contains('|'))
    };
    match () {
        () if holds(".*") => Some(".*"),
        () if holds(".+") => Some(".+"),
        () if is_choice() => Some("|"),
        () if is_class_of_codes(gate, matcher) => Some("."),
        () => None,
    }
}

/// `code="5.."`, `status="[45].."`: no code has a dot.
fn is_class_of_codes(gate: &Gate<'_>, matcher: &Matcher) -> bool {
    let label = matcher.label.text.as_str();
    let value = matcher.value.text();
    let is_written = literals(gate, matcher)
        .iter()
        .any(|part| part.contains('.'));
    let is_code = |c: char| c.is_ascii_digit() || ".[]-^".contains(c);
    gate.labels().outcome.iter().any(|outcome| outcome == label)
        && is_written
        && value.ends_with('.')
        && value.contains(|c: char| c.is_ascii_digit())
        && value.chars().all(is_code)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn values_that_read_as_regexps() {
        for (matcher, expected) in [
            ("pod=\"echo-.*\"", &["deny"][..]),
            ("pod!=\"echo-.*\"", &["deny"]),
            ("namespace=\"a|b\"", &["deny"]),
            ("container=\".+\"", &["deny"]),
            ("path=\"/api/.*\"", &["warn"]),
            ("envoy_cluster_name=\"outbound|80||web\"", &[]),
            ("code=\"5..\"", &["warn"]),
            ("status=\"2..\"", &["warn"]),
            ("status!=\"[45]..\"", &["warn"]),
            ("code=\"50.\"", &["warn"]),
            ("code=\"500\"", &[]),
            ("code=\"0.5\"", &[]),
            ("code=~\"5..\"", &[]),
            ("version=\"5..\"", &[]),
            ("pod=~\"echo-.*\"", &[]),
            ("pod=\"echo-1\"", &[]),
            ("pod=\"echo.1\"", &[]),
            ("pod=\"{{args.app}}-.*\"", &["deny"]),
            // What an argument holds is its giver's choice.
            ("pod=\"{{args.app}}\"", &[]),
        ] {
            let gate = format!("query: x{{{matcher}}}\nargs:\n- name: app\n  value: a.*");
            assert_eq!(found(super::RULE.name, &gate), expected, "{matcher}");
        }
    }

    #[test]
    fn the_operator_is_turned() {
        for (before, after, safe) in [
            ("x{pod=\"echo-.*\"}", "x{pod=~\"echo-.*\"}", true),
            ("x{pod!=\"echo-.*\"}", "x{pod!~\"echo-.*\"}", false),
            ("x{path=\"/a.*\"}", "x{path=~\"/a.*\"}", false),
            ("x{code=\"5..\"}", "x{code=~\"5..\"}", false),
            ("x{status!=\"2..\"}", "x{status!~\"2..\"}", false),
        ] {
            let (text, is_safe) = fixed(super::RULE.name, &format!("query: {before}"));
            assert!(text.contains(after), "{text}");
            assert_eq!(is_safe, safe, "{before}");
        }
    }
}
