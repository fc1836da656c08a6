//! A suppression of a rule that there is not.

use crate::lint::rule::Check;

rule! {
    /// ## What it does
    ///
    /// Finds a comment, an annotation or an `allow` that names a rule that does not exist.
    ///
    /// ## Why it matters
    ///
    /// A misspelt name silences nothing, and a reader believes that the gate was looked at and found good.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: |
    ///   # promql-guard: allow hard-codded-namespace -- one shop only
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
    "unknown-rule", "a suppression of a rule that does not exist",
    Suppressions, levels: [Warn],
    check: Check::Engine,
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::said;

    #[test]
    fn names_that_are_no_rules() {
        let gate = |comment: &str| {
            format!(
                "query: |\n  up # promql-guard: allow {comment}\nfailureCondition: result[0] < 1"
            )
        };
        assert_eq!(
            said(super::RULE.name, &gate("missing-conditon -- one shop")),
            [
                "warn at `missing-conditon`: there is no rule `missing-conditon` to allow; did you mean `missing-condition`"
            ]
        );
        assert_eq!(
            said(super::RULE.name, &gate("everything -- one shop")),
            ["warn at `everything`: there is no rule `everything` to allow"]
        );
        assert_eq!(
            said(super::RULE.name, &gate("missing-condition -- one shop")),
            [] as [&str; 0]
        );
    }
}
