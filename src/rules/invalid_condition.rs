//! A condition that Argo cannot evaluate on anything that the query returns.

use crate::condition::ConditionError;
use crate::lint::conditions::Condition;
use crate::lint::findings::Findings;
use crate::lint::gate::{Engine, Gate};
use crate::lint::rule::Check;
use crate::promql::answer::{Series, series};
use crate::text::place::Style;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds a condition that does not compile against the type that the query returns, or fails on every value of it.
    ///
    /// ## Why it matters
    ///
    /// Argo compiles a condition only when it measures: every measurement is an Error, and after five in a row the release
    /// is aborted, healthy or not.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: result >= 0.95
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] >= 0.95
    /// ```
    ///
    /// ## Known gaps
    ///
    /// With an argument without value in it, a condition is refused only where no text in its place would do.
    "invalid-condition", "a condition fails whatever the query answers",
    Conditions, levels: [Deny],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    if gate.engine == Engine::Other {
        return;
    }
    for condition in gate.conditions.iter() {
        let Some(error) = &condition.error else {
            continue;
        };
        let message = match error {
            ConditionError::Compile { message, .. } => format!("does not compile: {message}"),
            other => format!("fails on every answer: {other}"),
        };
        let finding = out.deny(condition.spot(place(condition, error)), message);
        if let Some(name) = bare_argument(gate, condition) {
            finding.help(format!("write `{{{{args.{name}}}}}`"));
        } else if is_cut_by_a_comment(condition) {
            finding.help("quote the text: to YAML ` #` begins a comment");
        } else if let Some(repaired) = &condition.repaired {
            // `mismatched types []float64 and int` says it in Go's words.
            let why = match condition.repair.iter().any(|(_, text)| text == "[0]") {
                true => ": the answer is a list of series",
                false => "",
            };
            finding.help(format!("write `{repaired}`{why}"));
            finding.fix(gate.fix_condition(is_safe(gate, condition), condition, &condition.repair));
        }
    }
}

/// The token at the error's offset; all of the text where it says none.
fn place(condition: &Condition, error: &ConditionError) -> Span {
    let text = &condition.filled.text;
    let ConditionError::Compile {
        offset: Some(offset),
        ..
    } = error
    else {
        return condition.all();
    };
    let Some(rest) = text.get(*offset..).filter(|rest| !rest.is_empty()) else {
        return condition.all();
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let length = match rest.chars().next() {
        Some(first) if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        Some(first) => first.len_utf8(),
        None => 0,
    };
    Span::new(*offset, offset + length)
}

/// A declared argument written without its braces.
fn bare_argument<'a>(gate: &Gate<'a>, condition: &Condition) -> Option<&'a str> {
    let text = &condition.filled.text;
    let arguments = gate.scene.arguments.iter().map(|argument| argument.name);
    arguments
        .filter(|name| text.contains(&format!("args.{name}")))
        .max_by_key(|name| name.len())
}

/// `all(result, # < 5)` without quotes ends before the `#`.
fn is_cut_by_a_comment(condition: &Condition) -> bool {
    let text = condition.field.text.trim_end();
    let is_plain = condition.field.place.layout.style == Style::Plain;
    is_plain && (text.ends_with([',', '{', '(']) || text.ends_with("&&") || text.ends_with("||"))
}

/// An index put in picks one series of perhaps several, and `.value` left out of a failure condition lets through what
/// erred: both are for the author to decide.
fn is_safe(gate: &Gate<'_>, condition: &Condition) -> bool {
    let puts_index = condition.repair.iter().any(|(_, text)| text.contains('['));
    let drops_field = condition
        .repair
        .iter()
        .any(|(span, text)| text.is_empty() && span.of(&condition.filled.text).starts_with('.'));
    let has_one_series = gate
        .query
        .as_ref()
        .and_then(|query| query.parsed.as_ref().ok())
        .is_some_and(|query| matches!(series(&query.expr), Series::One | Series::AtMostOne));
    !puts_index && (!drops_field || has_one_series && condition.name == "successCondition")
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found, said};

    #[test]
    fn what_the_mismatched_types_mean_is_said() {
        let told = said(
            super::RULE.name,
            "query: sum(a)\nsuccessCondition: result < 5",
        );
        assert!(
            told[0].ends_with("write `result[0] < 5`: the answer is a list of series"),
            "{told:?}"
        );
    }

    #[test]
    fn conditions_that_always_fail() {
        for (query, condition, expected) in [
            ("sum(a)", "result >= 0.95", &["deny"][..]),
            ("sum(a)", "result[0] = 0", &["deny"]),
            ("sum(a)", "result[0].value > 1", &["deny"]),
            ("sum(a)", "default(result, 0) < 1", &["deny"]),
            ("sum(a)", "isNan(result[0])", &["deny"]),
            ("sum(a)", "result[0] < args.limit", &["deny"]),
            ("sum(a)", "result[0] < {{args.limit}}", &[]),
            ("sum(a)", "result[0] >= 0.95", &[]),
            ("scalar(a)", "result[0] < 1", &["deny"]),
            ("scalar(a)", "result < 1", &[]),
        ] {
            let gate =
                format!("args:\n- name: limit\nquery: {query}\nsuccessCondition: \"{condition}\"");
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn fixes_are_safe_where_nothing_is_chosen() {
        for (query, condition, after, is_safe) in [
            ("sum(a)", "result[0] = 0", "result[0] == 0", true),
            ("sum(a)", "result[0].value > 1", "result[0] > 1", true),
            (
                "sum by (pod) (a)",
                "result[0].value > 1",
                "result[0] > 1",
                false,
            ),
            ("scalar(a)", "result[0] < 1", "result < 1", true),
            ("sum(a)", "result >= 0.95", "result[0] >= 0.95", false),
        ] {
            let gate = format!("query: {query}\nsuccessCondition: {condition}");
            let (text, safe) = fixed(super::RULE.name, &gate);
            assert!(text.contains(after), "{text}");
            assert_eq!(safe, is_safe, "{condition}");
        }
    }
}
