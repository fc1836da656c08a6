//! A pod-template-hash that was pasted into a matcher.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::lint::selection::{hash_placeholder, inner, pasted_hash};
use crate::promql::Query;
use crate::promql::select::data_selectors;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds a matcher with a literal that looks like a pod-template-hash: `7bf84f9696`.
    ///
    /// ## Why it matters
    ///
    /// The next release has another hash. The gate goes on looking at the pods of the day when it was written, finds
    /// none, and says so or passes.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{pod=~"api-7bf84f9696-.*"}) or vector(0)
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{pod=~"api-{{args.canary-hash}}-.*"}) or vector(0)
    /// args:
    /// - name: canary-hash
    /// successCondition: result[0] >= 1
    /// ```
    "pasted-hash", "a matcher holds the hash of one release",
    Selection, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let Some(text) = &gate.query else {
        return;
    };
    for selected in data_selectors(&query.expr) {
        for matcher in &selected.selector.matchers {
            let is_outcome = gate.labels().outcome.contains(&matcher.label.text);
            let Some(hash) = pasted_hash(gate, matcher).filter(|_| !is_outcome) else {
                continue;
            };
            let wanted = hash_placeholder(gate);
            let within = inner(matcher);
            let at = within.of(&text.filled.text).find(&hash);
            let place = at.map(|at| Span::new(within.start + at, within.start + at + hash.len()));
            let finding = out.warn(
                gate.in_query(matcher.span),
                format!("`{hash}` reads as the pod-template-hash of one release: the next one has another"),
            );
            match (wanted, place) {
                (Some(wanted), Some(place)) => finding
                    .help(format!("write `{wanted}` in its place"))
                    .fix(gate.fix_query(false, &[(place, wanted)])),
                _ => finding.help(
                    "declare an argument `canary-hash`, feed it from `podTemplateHashValue: Latest` in the Rollout, \
                     and write `{{args.canary-hash}}`",
                ),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found};

    #[test]
    fn literals_that_read_as_a_hash() {
        for (matcher, expected) in [
            // Hashes that Argo made of real pod templates.
            ("pod=~\"api-7bf84f9696-.*\"", 1),
            ("pod=~\"cart-5478f49d8b-.*\"", 1),
            ("rollouts_pod_template_hash=\"687d76d795\"", 1),
            ("pod=~\"api-6b8d5f8c9-.*\"", 1),
            ("pod=~\"api-.*\"", 0),
            ("pod=~\"api-deadbeef-.*\"", 0),
            ("version=\"1234567890\"", 0),
            ("version=\"4567894567\"", 0),
            ("image=\"app:4f9d8b6\"", 0),
            ("code=\"5478f49d8b\"", 0),
            ("pod=~\"api-{{args.hash}}-.*\"", 0),
        ] {
            let gate = format!("query: x{{{matcher}}}\nargs:\n- name: hash\n  value: 7bf84f9696");
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{matcher}");
        }
    }

    #[test]
    fn the_variable_is_offered() {
        let (after, is_safe) = fixed(
            super::RULE.name,
            "provider: plugin\nquery: x{pod=~\"api-7bf84f9696-.*\"}",
        );
        assert!(after.contains("x{pod=~\"api-$(run.hash)-.*\"}"), "{after}");
        assert!(!is_safe);
    }
}
