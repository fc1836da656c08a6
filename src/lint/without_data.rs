//! A condition that lets an answer without data pass, or that cannot be evaluated on it, into one that says no.

use crate::analysis::template::Field;
use crate::condition::{ResultType, ResultValue};
use crate::lint::conditions::{Condition, Conditions, Verdict};
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::promql::Query;
use crate::promql::select::data_selectors;
use crate::text::filled::HOLE;

/// The text of a condition that no series do not pass: `len(result) > 0 && (…)`, `len(result) == 0 || (…)`.
pub fn closed_without_series(condition: &Condition) -> String {
    let text = judged(condition);
    match condition.name {
        "successCondition" => {
            let rest = behind(text, &["len(result) == 0", "len(result) < 1"], "||");
            format!(
                "len(result) > 0 && {}",
                grouped(rest.unwrap_or(text), &["||", " or ", "?"])
            )
        }
        _ => {
            let rest = behind(text, &["len(result) > 0", "len(result) >= 1"], "&&")
                .filter(|rest| !rest.contains("||") && !rest.contains(" or "));
            format!(
                "len(result) == 0 || {}",
                grouped(rest.unwrap_or(text), &["?"])
            )
        }
    }
}

/// The text of a condition that NaN does not pass: `(…) && !isNaN(result[0])`, `… || isNaN(result[0])`.
pub fn closed_for_nan(condition: &Condition, result: ResultType) -> String {
    let text = judged(condition);
    let nan = match result {
        ResultType::Scalar => "isNaN(result)",
        // Where the length is asked first, an index could be out of range.
        _ if condition.indices.is_empty() || condition.names("len") => "any(result, isNaN(#))",
        _ => "isNaN(result[0])",
    };
    match condition.name {
        "successCondition" => {
            let named = ["isNaN(result[0])", "isNaN(result)", "any(result, isNaN(#))"];
            let before = || {
                let rest = named.iter().find_map(|named| text.strip_suffix(named))?;
                let rest = rest.trim_end().strip_suffix("||")?.trim_end();
                (!rest.is_empty() && !rest.contains('?')).then_some(rest)
            };
            let within = || {
                let found = named.iter().find_map(|named| {
                    let inner = format!("{named} || ");
                    let (head, tail) = text.split_once(&inner)?;
                    let begins = ["|| ", "("].iter().any(|start| head.ends_with(start));
                    begins.then(|| format!("{head}{tail}"))
                })?;
                (!found.contains('?')).then_some(found)
            };
            let rest = behind(text, &named, "||").or_else(before);
            let rest = rest.map(str::to_owned).or_else(within);
            let rest = rest.as_deref().unwrap_or(text);
            // Not the other way round: YAML takes a text that begins with `!` for a tag.
            format!("{} && !{nan}", grouped(rest, &["||", " or ", "?"]))
        }
        _ => format!("{} || {nan}", grouped(text, &["?"])),
    }
}

/// Whether the gate, its condition of this name written so, does not pass on `result`, and still on some number.
pub fn closes(gate: &Gate<'_>, condition: &Condition, text: &str, result: &ResultValue) -> bool {
    let own = Field {
        text: text.to_owned(),
        ..Field::default()
    };
    let as_written = |condition: Option<&'_ Condition>| condition.map(|c| c.field.clone());
    let (mut success, mut failure) = (
        as_written(gate.conditions.success.as_ref()),
        as_written(gate.conditions.failure.as_ref()),
    );
    match condition.name {
        "successCondition" => success = Some(own),
        _ => failure = Some(own),
    }
    let fill = |text: &str| gate.scene.fill(text);
    let of = gate.conditions.result_type;
    let after = Conditions::new(success.as_ref(), failure.as_ref(), of, &fill);
    let own = gate.conditions.iter().flat_map(|c| &c.thresholds);
    let around = own.flat_map(|t| [*t, t.next_down(), t.next_up()]);
    let mut numbers = around.chain([0.0, 0.5, 1.0, 1e9]).map(|number| match of {
        ResultType::Scalar => ResultValue::Scalar(number),
        _ => ResultValue::Vector(vec![number]),
    });
    let is_open =
        numbers.any(|number| !matches!(after.judge(&number), Verdict::Failed | Verdict::Error));
    let is_closed = !matches!(after.judge(result), Verdict::Successful | Verdict::Error);
    !after.is_repaired() && is_closed && is_open
}

/// The condition that lets a measurement pass: the success condition, where there is one.
pub fn deciding<'a>(gate: &'a Gate<'_>) -> Option<&'a Condition> {
    gate.conditions.iter().next()
}

/// The condition's text, or what is judged in its place where it does not compile.
fn judged(condition: &Condition) -> &str {
    let repaired = condition.repaired.as_deref();
    repaired
        .filter(|text| !text.contains(HOLE))
        .unwrap_or(&condition.field.text)
        .trim()
}

/// What the deciding condition says, as words behind "without series": `` `…` is true ``.
pub fn said(condition: &Condition) -> String {
    let text = judged(condition).split_whitespace().collect::<Vec<_>>();
    let says = match condition.name {
        "successCondition" => "true",
        _ => "false",
    };
    format!("`{}` is {says}", text.join(" "))
}

/// Whether a cell hangs on an argument without value; then the rule is skipped.
pub fn hangs(gate: &Gate<'_>, verdict: Option<Verdict>, out: &mut Findings<'_>) -> bool {
    if verdict != Some(Verdict::Unknown) {
        return false;
    }
    let holes = gate.conditions.iter().flat_map(|condition| {
        let unknown = condition.filled.pieces.iter().filter(|p| !p.is_known);
        unknown.map(|piece| piece.template.of(&condition.filled.template))
    });
    match holes.into_iter().next() {
        Some(placeholder) => out.skip(format!("`{placeholder}` has no value")),
        None => out.skip("a condition hangs on the time"),
    }
    true
}

/// Whether the query asks for alerts alone, of which there are none while all is well.
pub fn is_about_alerts(query: &Query) -> bool {
    let selectors = data_selectors(&query.expr);
    let is_alert = |metric: &str| matches!(metric, "ALERTS" | "ALERTS_FOR_STATE");
    !selectors.is_empty()
        && selectors
            .iter()
            .all(|data| data.selector.metric().is_some_and(is_alert))
}

/// What follows one of `guards` and `operator` at the start of a condition.
fn behind<'a>(text: &'a str, guards: &[&str], operator: &str) -> Option<&'a str> {
    let rest = guards
        .iter()
        .find_map(|guard| without_blanks(text, guard))
        .and_then(|rest| rest.trim_start().strip_prefix(operator))?
        .trim();
    (!rest.is_empty() && !rest.contains(['?', HOLE])).then_some(rest)
}

/// What follows `start`, blanks not counted.
fn without_blanks<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let mut rest = text;
    for c in start.chars().filter(|c| !c.is_whitespace()) {
        rest = rest.trim_start().strip_prefix(c)?;
    }
    Some(rest)
}

/// In parentheses, where one of the operators would bind wrongly without.
fn grouped(text: &str, operators: &[&str]) -> String {
    match operators.iter().any(|operator| text.contains(operator)) {
        true => format!("({text})"),
        false => text.to_owned(),
    }
}
