//! A gate that looks at the stable pods alone.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::isolation::{Isolation, is_of_the_canary, isolation, says_stable};
use crate::lint::rule::Check;
use crate::lint::selection::{inner, written};
use crate::promql::Query;
use crate::promql::ast::Matcher;
use crate::promql::select::data_selectors;

rule! {
    /// ## What it does
    ///
    /// Finds a gate whose selectors are all pinned to the stable side.
    ///
    /// ## Why it matters
    ///
    /// Nobody looks at the canary: it passes as long as the version before it is healthy.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(up{namespace="{{args.namespace}}",pod=~"web-{{args.stable-hash}}-.*"}) or vector(0)
    /// args:
    /// - name: namespace
    /// - name: stable-hash
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(up{namespace="{{args.namespace}}",pod=~"web-{{args.canary-hash}}-.*"}) or vector(0)
    /// args:
    /// - name: namespace
    /// - name: canary-hash
    /// successCondition: result[0] >= 1
    /// ```
    "stable-only", "nobody looks at the canary",
    Selection, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    if isolation(gate, query) != Isolation::StableOnly {
        return;
    }
    let selected = data_selectors(&query.expr);
    let mut matchers = selected
        .iter()
        .flat_map(|selected| &selected.selector.matchers);
    let stable = matchers.find(|matcher| says_stable(&written(gate, matcher.value.span)));
    let place = match (stable, selected.first()) {
        (Some(matcher), _) => gate.in_query(matcher.span),
        (None, Some(first)) => gate.in_query(first.span),
        (None, None) => return,
    };
    let finding = out.warn(
        place,
        "every selector is pinned to the stable side: nobody looks at the canary",
    );
    let mut arguments = gate.scene.arguments.iter();
    match arguments.find(|argument| is_of_the_canary(argument)) {
        Some(argument) => {
            let wanted = format!("{{{{args.{}}}}}", argument.name);
            let fix = stable
                .filter(|matcher| is_one_placeholder(gate, matcher))
                .and_then(|matcher| gate.fix_query(false, &[(inner(matcher), wanted.clone())]));
            finding.help(format!("write `{wanted}`")).fix(fix)
        }
        None => finding.help(
            "declare an argument `canary-hash`, feed it from `podTemplateHashValue: Latest` in the Rollout, \
             and write `{{args.canary-hash}}`",
        ),
    };
}

fn is_one_placeholder(gate: &Gate<'_>, matcher: &Matcher) -> bool {
    let query = gate.query.as_ref();
    query.is_some_and(|query| {
        let mut pieces = query.filled.within(inner(matcher));
        pieces
            .next()
            .is_some_and(|piece| piece.text == inner(matcher))
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    const ARGS: &str =
        "args:\n- name: stable-hash\n- name: canary-hash\n- name: service\n- name: side\n";

    #[test]
    fn selectors_of_the_stable_side() {
        for (query, expected) in [
            ("x{version=\"{{args.stable-hash}}\"}", 1),
            ("x{version=\"{{args.canary-hash}}\"}", 0),
            (
                "x{version=\"{{args.canary-hash}}\"} / x{version=\"{{args.stable-hash}}\"}",
                0,
            ),
            (
                "x{version=\"{{args.stable-hash}}\"} / y{service=\"{{args.service}}\"}",
                0,
            ),
            ("x{version=\"{{args.stable-hash}}\"} / y", 0),
            ("x{version!=\"{{args.stable-hash}}\"}", 0),
            ("x{track=\"stable\"}", 1),
            ("x{track!=\"canary\"}", 1),
            ("x{state=\"active\"}", 0),
            ("x{role=\"primary\"}", 0),
            ("x{service=\"web-blue\"}", 1),
            ("x{track=~\"stable|canary\"}", 0),
            ("vector(1)", 0),
        ] {
            let gate = format!("query: {query}\n{ARGS}");
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{query}");
        }
    }

    #[test]
    fn the_canarys_argument_is_offered() {
        let (after, is_safe) = fixed(
            super::RULE.name,
            &format!("query: x{{version=\"{{{{args.stable-hash}}}}\"}}\n{ARGS}"),
        );
        assert!(
            after.contains("x{version=\"{{args.canary-hash}}\"}"),
            "{after}"
        );
        assert!(!is_safe);
    }
}
