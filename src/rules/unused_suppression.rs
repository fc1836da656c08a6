//! A suppression that silences nothing.

use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds a comment, an annotation or an `allow` for a rule that has nothing to say there, and one without the reason that
    /// a comment and an annotation need.
    ///
    /// ## Why it matters
    ///
    /// A suppression that outlives its cause hides the next one. Without a reason nobody can tell later whether it still holds,
    /// so it silences nothing.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: |
    ///   # promql-guard: allow missing-condition -- watched by hand
    ///   sum(kube_pod_container_status_ready{namespace="shop", pod=~"api-.*"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(kube_pod_container_status_ready{namespace="shop", pod=~"api-.*"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A rule that could not look, as an argument had no value, is not told: it may have something to say elsewhere.
    "unused-suppression", "a suppression that silences nothing",
    Suppressions, levels: [Warn],
    check: Check::Engine,
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn suppressions_of_nothing() {
        let allow = "  up{namespace=\"shop\"} # promql-guard: allow missing-condition";
        for (comment, condition, expected) in [
            (
                " -- by hand",
                "successCondition: result[0] == 1\n",
                &["warn"][..],
            ),
            (" -- by hand", "", &[]),
            ("", "", &["warn"]),
            ("", "successCondition: result[0] == 1\n", &["warn"]),
        ] {
            let gate = format!("query: |\n{allow}{comment}\n{condition}");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }
}
