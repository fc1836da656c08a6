//! A condition that lets an answer without data pass, or that cannot be evaluated on it, into one that says no.

use crate::analysis::template::Field;
use crate::condition::{ResultType, ResultValue};
use crate::lint::conditions::{Condition, Conditions, Verdict};
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::promql::Query;
use crate::promql::names::is_alert;
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

/// The text of a condition that NaN does not pass: `(…) && !isNaN(result[0])`, `… || isNaN(result[0])`; the branch that
/// lets it pass by name, `isNaN(result[0]) || …`, is dropped. None where that cannot be written simply.
pub fn closed_for_nan(gate: &Gate<'_>, condition: &Condition) -> Option<String> {
    let text = judged(condition);
    let (probe, nan) = match gate.conditions.result_type {
        ResultType::Scalar => (ResultValue::Scalar(f64::NAN), "isNaN(result)"),
        _ => (
            ResultValue::Vector(vec![f64::NAN]),
            // Where the length is asked first, an index could be out of range.
            match condition.indices.is_empty() || condition.names("len") {
                true => "any(result, isNaN(#))",
                false => "isNaN(result[0])",
            },
        ),
    };
    let is_success = condition.name == "successCondition";
    let refused = |text: &str| match is_success {
        // Not the other way round: YAML takes a text that begins with `!` for a tag.
        true => format!("{} && !{nan}", grouped(text, &["||", " or ", "?"])),
        false => format!("{} || {nan}", grouped(text, &["?"])),
    };
    let closes = |text: &String| closes(gate, condition, text, &probe);
    if !condition.names("isNaN") {
        return Some(refused(text)).filter(closes);
    }
    match without_nan(text, is_success) {
        Some(rest) => Some(rest.clone())
            .filter(closes)
            .or_else(|| Some(refused(&rest)).filter(closes)),
        None if is_success => None,
        None => Some(refused(text)).filter(closes),
    }
}

/// A condition without the branches that only let NaN pass: `isNaN(…)` of a success condition's alternatives, `!isNaN(…)`
/// of what a failure condition asks together. None where it has none such, or nothing else.
fn without_nan(text: &str, is_success: bool) -> Option<String> {
    let (operators, sign) = match is_success {
        true => (["||", " or "], ""),
        false => (["&&", " and "], "!"),
    };
    let opaque = ['?', ';', HOLE, '"', '\'', '`'];
    let is_mixed = !is_success && (text.contains("||") || text.contains(" or "));
    if text.contains(opaque) || is_mixed {
        return None;
    }
    let named = ["isNaN(result[0])", "isNaN(result)", "any(result,isNaN(#))"];
    let is_named = |branch: &&str| {
        let tight: String = branch.chars().filter(|c| !c.is_whitespace()).collect();
        tight
            .strip_prefix(sign)
            .is_some_and(|rest| named.contains(&rest))
    };
    let branches = branches(text, operators);
    let kept: Vec<_> = branches.iter().copied().filter(|b| !is_named(b)).collect();
    let joint = format!(" {} ", operators[0]);
    if kept.len() == branches.len() && is_success {
        return without_inner_nan(text);
    }
    (!kept.is_empty() && kept.len() < branches.len()).then(|| kept.join(&joint))
}

/// The same of alternatives in parentheses: `len(result) > 0 && (isNaN(result[0]) || …)`.
fn without_inner_nan(text: &str) -> Option<String> {
    let named = ["isNaN(result[0])", "isNaN(result)", "any(result, isNaN(#))"];
    named.iter().find_map(|named| {
        let cut = |whole: &str, kept: &str| {
            let (head, tail) = text.split_once(whole)?;
            Some(format!("{head}{kept}{tail}"))
        };
        cut(&format!("({named} || "), "(")
            .or_else(|| cut(&format!(" || {named})"), ")"))
            .or_else(|| cut(&format!(" || {named} || "), " || "))
    })
}

/// The operands between operators that stand in no bracket.
fn branches<'a>(text: &'a str, operators: [&str; 2]) -> Vec<&'a str> {
    let (mut found, mut depth, mut from, mut at) = (Vec::new(), 0_usize, 0, 0);
    while let Some(c) = text[at..].chars().next() {
        let operator = operators.iter().find(|o| text[at..].starts_with(**o));
        match (c, operator) {
            ('(' | '[' | '{', _) => depth += 1,
            (')' | ']' | '}', _) => depth = depth.saturating_sub(1),
            (_, Some(operator)) if depth == 0 => {
                found.push(text[from..at].trim());
                at += operator.len();
                from = at;
                continue;
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    found.push(text[from..].trim());
    found
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

/// What to write in place of a query about alerts.
pub const OF_ALERTS: &str = "ask for the alerting rule's own expression: while all is well there are no alerts, and none where \
    the rules are not evaluated";

/// Whether the query asks for alerts alone, of which there are none while all is well.
pub fn is_about_alerts(query: &Query) -> bool {
    let selectors = data_selectors(&query.expr);
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
