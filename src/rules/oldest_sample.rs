//! A range query judged by its first point, or by points that repeat.

use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::text::duration::{go_duration, parse_go_duration};

rule! {
    /// ## What it does
    ///
    /// Finds a `rangeQuery` whose condition reads `result[0]`, or whose step is shorter than the scrape interval.
    ///
    /// ## Why it matters
    ///
    /// `result[0]` is the oldest point of the first series: what came after it is not looked at. And with steps shorter than
    /// the scrape interval the same sample is judged several times.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop"}[5m]))
    /// rangeQuery:
    ///   start: now() - duration("10m")
    ///   end: now()
    ///   step: 1m
    /// successCondition: len(result) > 0 && result[0] > 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop"}[5m]))
    /// rangeQuery:
    ///   start: now() - duration("10m")
    ///   end: now()
    ///   step: 1m
    /// successCondition: "len(result) > 0 && all(result, # > 5)"
    /// ```
    "oldest-sample", "a range query is judged by its oldest point",
    Conditions, levels: [Warn],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, _: &Query, out: &mut Findings<'_>) {
    let Some(spec) = gate.spec().filter(|spec| spec.is_range()) else {
        return;
    };
    for condition in gate.conditions.iter() {
        if let Some((_, span)) = condition.indices.iter().find(|(index, _)| *index == 0) {
            out.warn(
                condition.spot(*span),
                "the first element of a range query is the oldest point of its first series",
            )
            .help("write `len(result) > 0 && all(result, …)` to judge every point");
        }
    }
    let Some(step) = spec.setting("rangeQuery.step") else {
        return;
    };
    let length = parse_go_duration(&gate.scene.fill(&step.text).text).ok();
    if let (Some(interval), Some(length)) = (gate.scrape_interval(), length)
        && length > 0
        && (length as u128) < interval.as_nanos()
    {
        out.warn(
            gate.at("rangeQuery.step", step),
            format!(
                "a step of {} is shorter than the scrape interval of {}: samples repeat",
                step.text,
                go_duration(i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX))
            ),
        )
        .help("write a step of at least one scrape interval");
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn range_queries_by_their_points() {
        let query = "query: sum(rate(a_total{namespace=\"x\"}[5m]))\n";
        let range = |step: &str| {
            format!(
                "rangeQuery:\n  start: now() - duration(\"9m\")\n  end: now()\n  step: {step}\n"
            )
        };
        for (range, condition, expected) in [
            (range("1m"), "successCondition: result[0] > 5", 1),
            (range("1m"), "successCondition: \'all(result, # > 5)\'", 0),
            (range("1m"), "successCondition: result[-1] > 5", 0),
            (range("10s"), "successCondition: \'all(result, # > 5)\'", 1),
            (String::new(), "successCondition: result[0] > 5", 0),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("{query}{range}{condition}")).len(),
                expected,
                "{range} {condition}"
            );
        }
    }
}
