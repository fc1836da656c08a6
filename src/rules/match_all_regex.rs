//! A regexp that takes every text.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::lint::selection::{has_placeholder, is_match_all};
use crate::promql::Query;
use crate::promql::ast::MatchOp;
use crate::promql::edit::remove_matcher;
use crate::promql::select::data_selectors;

rule! {
    /// ## What it does
    ///
    /// Finds `=~".*"`.
    ///
    /// ## Why it matters
    ///
    /// It takes every value, and series without the label too: it reads as a choice and is none.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="{{args.namespace}}",container=~".*"}) or vector(0)
    /// args:
    /// - name: namespace
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
    "match-all-regex", "a regexp takes everything",
    Selection, levels: [Info],
    yields_to: ["namespace-unconstrained"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let Some(text) = &gate.query else {
        return;
    };
    for selected in data_selectors(&query.expr) {
        for (index, matcher) in selected.selector.matchers.iter().enumerate() {
            let is_written = !has_placeholder(gate, matcher.value.span);
            if matcher.op != MatchOp::Regexp || !is_written || !is_match_all(&matcher.value.text())
            {
                continue;
            }
            let edit = remove_matcher(selected.selector, index, &text.filled.text);
            let fix = edit.and_then(|edit| gate.fix_query(true, &[(edit.span, edit.text)]));
            out.info(
                gate.in_query(matcher.span),
                format!(
                    "`{}` filters nothing, not even series without the label",
                    matcher.label.text
                ),
            )
            .help("drop it")
            .fix(fix);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn regexps_that_take_everything() {
        for (matchers, expected) in [
            ("a=~\".*\"", 1),
            ("a=~\"^.*$\"", 1),
            ("a=~\".+\"", 0),
            ("a=~\"x.*\"", 0),
            ("a!~\".*\"", 0),
            ("a=\".*\"", 0),
            ("a=~\"{{args.a}}\"", 0),
        ] {
            let gate =
                format!("query: x{{namespace=\"shop\",{matchers}}}\nargs:\n- name: a\n  value: .*");
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{matchers}");
        }
    }

    #[test]
    fn it_is_dropped_with_its_comma() {
        for (before, after) in [
            ("x{a=~\".*\",namespace=\"b\"}", "x{namespace=\"b\"}"),
            ("x{namespace=\"b\", a=~\".*\"}", "x{namespace=\"b\"}"),
        ] {
            let (text, is_safe) = fixed(super::RULE.name, &format!("query: {before}"));
            assert!(text.contains(after), "{text}");
            assert!(is_safe);
        }
    }
}
