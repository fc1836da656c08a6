//! A gate that looks at two samples.

use crate::analysis::limits::effective_count;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::ExprKind;

rule! {
    /// ## What it does
    ///
    /// Finds `irate` in a gate.
    ///
    /// ## Why it matters
    ///
    /// `irate` looks at the last two samples of its range: a measurement sees a moment of some seconds, and what went wrong
    /// before it is not judged.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(irate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 5
    /// ```
    "irate-in-gate", "two samples decide a measurement",
    Counters, levels: [Warn, Info],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let is_measured_once =
        gate.limits.unknown.is_empty() && effective_count(&gate.limits.metric) == Some(1);
    let level = if is_measured_once {
        Level::Warn
    } else {
        Level::Info
    };
    let mut names = Vec::new();
    query.expr.walk(&mut |node| {
        if let ExprKind::Call(call) = &node.kind
            && call.function.name == "irate"
        {
            names.push(call.name_span);
        }
    });
    let Some(first) = names.first() else {
        return;
    };
    let once = if is_measured_once {
        ", and there is but one measurement"
    } else {
        ""
    };
    let edits: Vec<_> = names
        .iter()
        .map(|name| (*name, "rate".to_owned()))
        .collect();
    out.push(
        level,
        gate.in_query(*first),
        format!("`irate` looks at the last two samples of its range{once}"),
    )
    .help("write `rate`")
    .fix(gate.fix_query(false, &edits));
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn one_measurement_weighs_more() {
        for (gate, expected) in [
            ("query: sum(irate(a_total[5m]))", &["info"][..]),
            ("count: 1\nquery: sum(irate(a_total[5m]))", &["warn"]),
            // Both sides of a ratio are one finding.
            (
                "query: sum(irate(a_total[5m])) / sum(irate(b_total[5m]))",
                &["info"],
            ),
            (
                "count: \"{{args.n}}\"\nargs:\n- name: n\nquery: sum(irate(a_total[5m]))",
                &["info"],
            ),
            ("query: sum(rate(a_total[5m]))", &[]),
        ] {
            assert_eq!(found(super::RULE.name, gate), expected, "{gate}");
        }
    }
}
