//! A query of nothing but blanks and comments.

use crate::lint::findings::Findings;
use crate::lint::gate::{Engine, Gate};
use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds a query that is missing, or that holds nothing but blanks and comments.
    ///
    /// ## Why it matters
    ///
    /// Prometheus refuses the text, so every measurement is an Error: the rollout is aborted after
    /// `consecutiveErrorLimit` tries, whatever the canary does.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: |
    ///   # to be written
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="shop", pod=~"api-.*"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    "empty-query", "a query without an expression",
    Query, levels: [Deny],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    if gate.engine == Engine::Other {
        return;
    }
    let Some(query) = &gate.query else {
        out.deny(
            gate.at_metric(),
            "no `query`: every measurement is an Error",
        )
        .help("write the `query` that the conditions are to judge");
        return;
    };
    let is_silent = |line: &str| line.is_empty() || line.starts_with('#');
    let mut lines = query.filled.text.lines();
    if !lines.all(|line| is_silent(line.trim_matches([' ', '\t', '\r']))) {
        return;
    }
    let message = match query.filled.text.contains('#') {
        true => "nothing but comments: Prometheus refuses it, and every measurement is an Error",
        false => "an empty text: Prometheus refuses it, and every measurement is an Error",
    };
    out.deny(
        gate.in_query(crate::text::span::Span::new(0, query.filled.text.len())),
        message,
    )
    .help("write the expression that the conditions are to judge");
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn a_query_without_an_expression() {
        for (query, expected) in [
            ("query: \"\"", &["deny"][..]),
            ("query: \"  \\n\\t\"", &["deny"]),
            ("query: |\n  # one\n  # two\n", &["deny"]),
            ("query: '# up'", &["deny"]),
            ("timeout: 10", &["deny"]),
            ("query: |\n  # one\n  up\n", &[]),
            ("query: '\"#\"'", &[]),
            ("query: '{{args.query}}'", &[]),
            (
                "args:\n- name: query\n  value: ''\nquery: '{{args.query}}'",
                &["deny"],
            ),
        ] {
            let gate = format!("{query}\nsuccessCondition: result[0] > 0");
            assert_eq!(found(super::RULE.name, &gate), expected, "{query}");
            assert_eq!(found("invalid-query", &gate), [] as [&str; 0], "{query}");
        }
    }
}
