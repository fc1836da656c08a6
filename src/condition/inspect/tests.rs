//! Conditions into what they look at.

use super::{Looked, inspect};
use crate::text::span::Span;

/// `value < 0.05`, `length == 0`, `other > 1 at 0.5`; `[0]`; `len()`; `opaque`.
fn told(text: &str) -> String {
    let looks = match inspect(text) {
        Ok(looks) => looks,
        Err(error) => return error.to_string(),
    };
    let mut told: Vec<String> = Vec::new();
    for compared in &looks.comparisons {
        let operand = match compared.operand {
            Looked::Value => "value",
            Looked::Length => "length",
            Looked::Other => "other",
        };
        let mut part = format!("{operand} {} {}", compared.operator, compared.value);
        if compared.operand == Looked::Other {
            for turn in &compared.turns {
                part += &format!(" at {turn}");
            }
        }
        told.push(part);
    }
    told.extend(looks.indices.iter().map(|(index, _)| format!("[{index}]")));
    told.extend(looks.calls.iter().map(|call| format!("{call}()")));
    if looks.is_opaque {
        told.push("opaque".to_owned());
    }
    told.join(", ")
}

#[test]
fn what_conditions_look_at() {
    for (text, expected) in [
        ("result[0] < 0.05", "value < 0.05, [0]"),
        ("0.05 > result[0]", "value < 0.05, [0]"),
        ("result >= 1", "value >= 1"),
        ("result[0] <= 5/100", "value <= 0.05, [0]"),
        ("result[0] > -1", "value > -1, [0]"),
        ("result[0] > (2 + 3) * 10", "value > 50, [0]"),
        ("result[0] == 2 ** 3", "value == 8, [0]"),
        ("0 < result[0] < 2", "value > 0, value < 2, [0]"),
        ("!(result[-1] > 0.05)", "value > 0.05, [-1]"),
        ("result[result[0]] > 1", "value > 1, [0]"),
        (
            "first(result) != 3 || last(result) != 4",
            "value != 3, value != 4, [0], [-1], first(), last()",
        ),
        ("get(result, 0) > 3", "value > 3, [0], get()"),
        ("result | first() > 3", "value > 3, [0], first()"),
        (
            "len(result) > 0 && result[0] < 9",
            "length > 0, value < 9, [0], len()",
        ),
        ("result | len() == 3", "length == 3, len()"),
        ("all(result, # < 9)", "value < 9, all()"),
        ("all(result, {# < 9})", "value < 9, all()"),
        (
            "any(result, # > 9 && # < 20)",
            "value > 9, value < 20, any()",
        ),
        ("none(result, isNaN(#))", "none(), isNaN()"),
        (
            "count(result, # > 1) == 2",
            "value > 1, length == 2, count()",
        ),
        (
            "len(filter(result, # > 1)) == 2",
            "value > 1, length == 2, len(), filter()",
        ),
        (
            "filter(result, # > 1)[0] == 2",
            "value > 1, value == 2, filter()",
        ),
        ("sort(result)[0] > 2", "value > 2, sort()"),
        (
            "sum(result) < 3 and mean(result) < 4 or max(result) < 5",
            "value < 3, value < 4, value < 5, sum(), mean(), max()",
        ),
        ("asFloat(result[0]) < 3", "value < 3, [0], asFloat()"),
        ("asInt(result[0]) == 3", "value == 3, [0], asInt()"),
        ("default(result, 0) < 3", "value < 3, default()"),
        ("(result[0] ?? 0) < 3", "value < 3, [0]"),
        ("result?.[0] < 3", "value < 3, [0]"),
        ("let x = result[0]; x > 3", "value > 3, [0]"),
        ("let result2 = 3; result[0] > result2", "value > 3, [0]"),
        ("result[0] in [1, 2.5]", "value == 1, value == 2.5, [0]"),
        ("result[0] in 0..3", "value >= 0, value <= 3, [0]"),
        ("1 in result", "value == 1"),
        ("result[0] * 100 >= 95", "other >= 95 at 0.95, [0]"),
        ("1 - result[0] < 0.05", "other < 0.05 at 0.95, [0]"),
        ("-result[0] < 0", "other < 0 at 0, [0]"),
        ("abs(result[0] - 5) < 1", "other < 1 at 6 at 4, [0], abs()"),
        (
            "all(map(result, # / 10), # < 5)",
            "other < 5 at 50, all(), map()",
        ),
        ("result[0] > result[1]", "[0], [1], opaque"),
        ("result[0] / result[1] > 2", "other > 2, [0], [1], opaque"),
        (
            "reduce(result, #acc + #, 0) == 6",
            "other == 6, reduce(), opaque",
        ),
        ("string(result[0]) == '1'", "[0], string(), opaque"),
        ("result[0].value > 1", "other > 1, [0], opaque"),
        (
            "isNaN(result[0]) || isInf(result[0])",
            "[0], [0], isNaN(), isInf()",
        ),
        ("now() > date('2020-01-01')", "now(), date(), opaque"),
        ("true", ""),
        ("1 < 2", ""),
        (
            "len(result) > 0 ? result[0] < 5 : false",
            "length > 0, value < 5, [0], len()",
        ),
        ("result[0] <", "unexpected token EOF"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn numbers_and_indices_are_pointed_at() {
    let text = "len(result) > 0 && result[ -1 ] <= (5 / 100) || -3 < first(result)";
    let looks = inspect(text).expect(text);
    let of = |span: Span| span.of(text);
    let numbers: Vec<_> = looks.comparisons.iter().map(|c| of(c.span)).collect();
    assert_eq!(numbers, ["0", "(5 / 100)", "-3"]);
    let indices: Vec<_> = looks.indices.iter().map(|(_, span)| of(*span)).collect();
    assert_eq!(indices, ["result[ -1 ]", "first(result)"]);
}

#[test]
fn hostile_texts_are_looked_at_in_no_time() {
    for text in [
        "result[0] + ".repeat(1300) + "1 > 2",
        format!("{}1", "1 < ".repeat(3000)),
        format!("{}result{}", "sum(".repeat(90), ", #)".repeat(90)),
        format!("{}true", "let a = result[0] * 2; ".repeat(90)),
        "result".to_owned() + &"[0]".repeat(2000) + " > 1",
    ] {
        let _ = inspect(&text);
    }
}
