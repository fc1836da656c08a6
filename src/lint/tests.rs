//! Gates in text into their truth tables in text, and conditions into what they make of results.

use super::conditions::{Conditions, Text, Verdict};
use super::gate::Engine;
use super::table::Table;
use crate::analysis::metric::Metric;
use crate::analysis::settings::{Dialect, Guard, NoData};
use crate::analysis::template::Field;
use crate::condition::{ResultType, ResultValue};
use crate::promql::{Features, Options, ast::ValueType, parse};
use crate::text::filled::{Filled, Placeholder};

fn fill(text: &str) -> Filled {
    Filled::new(text, |placeholder| match placeholder {
        Placeholder::Argument(name) if name == "five" => Some("5".to_owned()),
        _ => None,
    })
}

fn field(text: &str) -> Option<Field> {
    (!text.is_empty()).then(|| Field {
        text: text.to_owned(),
        ..Field::default()
    })
}

fn conditions(success: &str, failure: &str, result: ResultType) -> Conditions {
    Conditions::new(
        field(success).as_ref(),
        field(failure).as_ref(),
        result,
        &fill,
    )
}

/// A gate: lines of `key: value`.
struct Short<'a> {
    query: &'a str,
    success: &'a str,
    failure: &'a str,
    metric: Metric,
    engine: Engine,
    is_range: bool,
}

fn short(text: &str) -> Short<'_> {
    let mut short = Short {
        query: "up",
        success: "",
        failure: "",
        metric: Metric::default(),
        engine: Engine::BuiltIn,
        is_range: false,
    };
    let (mut no_data, mut guard, mut fallback) = (None, Guard::Enforce, None);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once(": ").expect(line);
        let number = value.parse().ok();
        match key {
            "query" => short.query = value,
            "success" => short.success = value,
            "failure" => short.failure = value,
            "count" => short.metric.count = number,
            "interval" => short.metric.interval = value.to_owned(),
            "failureLimit" => short.metric.failure_limit = number,
            "inconclusiveLimit" => short.metric.inconclusive_limit = number,
            "range" => short.is_range = true,
            "noData" => {
                no_data = Some(match value {
                    "wait" => NoData::Wait,
                    "inconclusive" => NoData::Inconclusive,
                    "error" => NoData::Error,
                    "fail" => NoData::Fail,
                    _ => NoData::Condition,
                });
            }
            "guard" => guard = Guard::Observe,
            "fallback" => fallback = value.parse::<f64>().ok().map(f64::to_bits),
            other => panic!("{other}"),
        }
    }
    if let Some(no_data) = no_data {
        short.engine = Engine::Plugin {
            guard,
            no_data,
            dialect: Dialect::PromQl,
            has_namespace: false,
            fallback,
        };
    }
    short
}

fn table(gate: &Short<'_>, text: Text) -> Option<Table> {
    let filled = fill(gate.query);
    let holes = filled.holes();
    let options = Options {
        features: Features::All,
        holes: &holes,
    };
    let query = parse(&filled.text, options).expect(gate.query);
    let result = match query.expr.value_type {
        ValueType::Scalar if !gate.is_range => ResultType::Scalar,
        _ => ResultType::Vector,
    };
    let conditions = conditions(gate.success, gate.failure, result);
    let made = match text {
        Text::Written => Table::as_written,
        Text::Repaired => Table::new,
    };
    made(
        &query.expr,
        &conditions,
        &gate.metric,
        gate.engine,
        gate.is_range,
    )
}

/// `key=S`, in brackets where the query cannot reach it; then what the metric can come to.
fn told(table: &Table) -> String {
    let cells: Vec<String> = table
        .cells
        .iter()
        .map(|cell| {
            let text = format!("{}={}", cell.key, &cell.verdict.as_str()[..1]);
            if cell.is_reachable {
                text
            } else {
                format!("({text})")
            }
        })
        .collect();
    let mut told = cells.join(", ");
    for (holds, word) in [
        (table.can_fail, "fails"),
        (table.can_pass, "passes"),
        (table.passes_without_data, "passes without data"),
    ] {
        if holds {
            told += "; ";
            told += word;
        }
    }
    told
}

/// Facts that were run with Argo's own code: what a condition makes of no series, NaN and 0.
#[test]
fn conditions_judge_as_argo_does() {
    for (success, failure, empty_nan_zero) in [
        ("result[0] < 0.05", "", "EFS"),
        ("result[0] >= 0.95", "", "EFF"),
        ("", "result[0] > 0.05", "ESS"),
        ("!(result[0] > 0.05)", "", "ESS"),
        ("len(result)==0 || result[0] < 0.05", "", "SFS"),
        ("", "len(result)>0 && result[0] > 0.05", "SSS"),
        ("all(result, # < 0.05)", "", "SFS"),
        ("none(result, # > 0.05)", "", "SSS"),
        ("not any(result, # > 0.05)", "", "SSS"),
        ("count(result, # > 0.05) == 0", "", "SSS"),
        ("", "any(result, # > 0.05)", "SSS"),
        ("sum(result) < 0.05", "", "SFS"),
        ("mean(result) < 0.05", "", "SFS"),
        ("median(result) < 0.05", "", "SFS"),
        ("max(result) < 0.05", "", "EFS"),
        ("min(result) < 0.05", "", "EFS"),
        ("first(result) < 0.05", "", "EFS"),
        ("result[0] < 0.05", "result[0] >= 0.05", "EIS"),
        ("result < 0.05", "", "EEE"),
        ("isNaN(result) || result[0] < 0.05", "", "EEE"),
        ("default(result, 0) < 0.05", "", "EEE"),
        ("", "", "SSS"),
        (
            "len(result)==1 && !isNaN(result[0]) && result[0] < 0.05",
            "",
            "FFS",
        ),
        // Failure wins, and an error of either is an Error.
        ("result[0] < 5", "result[0] < 1", "EIF"),
        ("true", "result[0] <", "EEE"),
        ("false", "false", "III"),
    ] {
        let conditions = conditions(success, failure, ResultType::Vector);
        let found: String = [vec![], vec![f64::NAN], vec![0.0]]
            .into_iter()
            .map(|elements| {
                let result = ResultValue::Vector(elements);
                conditions.judge_text(&result, Text::Written).as_str()[..1].to_owned()
            })
            .collect();
        assert_eq!(found, empty_nan_zero, "{success} {failure}");
    }
}

/// Every case of the corpus as success and as failure condition, where the corpus lies beside the checkout.
#[test]
fn the_corpus_is_judged_as_expected() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/corpus/conditions.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        return;
    };
    let corpus: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut judged = 0;
    for case in corpus["cases"].as_array().expect("cases") {
        let number = |value: &serde_json::Value| match value.as_str() {
            Some(word) => word.parse::<f64>().expect(word),
            None => value.as_f64().expect("a number"),
        };
        let result = match (&case["value"]["vector"], &case["value"]["scalar"]) {
            (serde_json::Value::Array(items), _) => {
                ResultValue::Vector(items.iter().map(number).collect())
            }
            (_, scalar) if !scalar.is_null() => ResultValue::Scalar(number(scalar)),
            _ => continue,
        };
        let condition = case["condition"].as_str().expect("a text");
        if case["platform_defined"] == true
            || condition.is_empty()
            || condition.contains("now()")
            || condition.contains("{{")
        {
            continue;
        }
        let of = |success: &str, failure: &str| {
            conditions(success, failure, result.result_type()).judge_text(&result, Text::Written)
        };
        let (success, failure) = match case["expected"]["ok"].as_bool() {
            Some(true) => (Verdict::Successful, Verdict::Failed),
            Some(false) => (Verdict::Failed, Verdict::Successful),
            None => (Verdict::Error, Verdict::Error),
        };
        // What takes longer than a lint may is not judged.
        let found = of(condition, "");
        if found != Verdict::Unknown {
            assert_eq!(found, success, "{condition} on {result:?}");
            assert_eq!(of("", condition), failure, "{condition} on {result:?}");
            judged += 1;
        }
    }
    assert!(judged > 2_000, "{judged}");
}

/// What is said of one condition: its error, the repaired text, thresholds, what it makes of 0, 1, NaN and nothing.
fn checked(text: &str, result: ResultType) -> String {
    let conditions = conditions(text, "", result);
    let condition = conditions.success.as_ref().expect(text);
    let mut told = match (&condition.error, &condition.repaired) {
        (None, _) => "works".to_owned(),
        (Some(_), Some(repaired)) => format!("meant `{repaired}`"),
        (Some(error), None) => format!("`{error}`"),
    };
    told += &format!(" {:?} ", condition.thresholds);
    let probe = |elements: &[f64]| match (conditions.result_type, elements) {
        (ResultType::Scalar, [number]) => ResultValue::Scalar(*number),
        _ => ResultValue::Vector(elements.to_vec()),
    };
    for elements in [&[0.0][..], &[1.0], &[f64::NAN], &[]] {
        if conditions.result_type == ResultType::Vector || !elements.is_empty() {
            told += &conditions.judge(&probe(elements)).as_str()[..1];
        }
    }
    told
}

#[test]
fn conditions_are_checked_and_repaired() {
    use ResultType::{Any, Scalar, Vector};
    for (text, result, expected) in [
        ("result[0] < 0.05", Vector, "works [0.05] SFFE"),
        (
            "result >= 0.95",
            Vector,
            "meant `result[0] >= 0.95` [0.95] FSFE",
        ),
        ("result >= 0.95", Scalar, "works [0.95] FSF"),
        ("result >= 0.95", Any, "works [0.95] FSF"),
        ("result[0] >= 0.95", Any, "works [0.95] FSFE"),
        (
            "result[0] >= 0.95",
            Scalar,
            "meant `result >= 0.95` [0.95] FSF",
        ),
        (
            "len(result) > 0 && result[0] >= 1",
            Scalar,
            "meant ` result >= 1` [1.0] FSF",
        ),
        (
            "default(result, 0) < 1",
            Vector,
            "meant `result[0] < 1` [1.0] SFFE",
        ),
        ("default(result, 0) < 1", Scalar, "works [1.0] SFF"),
        ("result[0] = 0", Vector, "meant `result[0] == 0` [0.0] SFFE"),
        (
            "result[0].value < 1",
            Vector,
            "meant `result[0] < 1` [1.0] SFFE",
        ),
        (
            "result[0]",
            Vector,
            "`expected bool, but got float64` [] EEEE",
        ),
        (
            "asInt('x') > 1",
            Vector,
            "`strconv.ParseInt: parsing \"x\": invalid syntax` [] EEEE",
        ),
        ("result[0] <", Vector, "`unexpected token EOF` [] EEEE"),
        ("   ", Vector, "`unexpected token EOF` [] EEEE"),
        ("result[3] < 1", Vector, "works [1.0] EEEE"),
        // A value that is known.
        ("result[0] < {{args.five}}", Vector, "works [5.0] SSFE"),
        (
            "result < {{args.five}}",
            Vector,
            "meant `result[0] < 5` [5.0] SSFE",
        ),
        (
            "result[0] < args.five",
            Vector,
            "meant `result[0] < 5` [5.0] SSFE",
        ),
        // One that is not.
        ("result[0] < {{args.x}}", Vector, "works [] UUFE"),
        (
            "result[0] <= 1 && result[0] < {{args.x}}",
            Vector,
            "works [1.0] UUFE",
        ),
        (
            "len(result) == 0 || result[0] < {{args.x}}",
            Vector,
            "works [] UUFS",
        ),
        (
            "result < {{args.x}}",
            Vector,
            "meant `result[0] < \u{F8FE}` [] UUFE",
        ),
        (
            "result[0] < args.x",
            Vector,
            "meant `result[0] < \u{F8FE}` [] UUFE",
        ),
        (
            "result[0] =< {{args.x}}",
            Vector,
            "meant `result[0] <= \u{F8FE}` [] UUFE",
        ),
        ("result[0] {{args.op}} 5", Vector, "works [] UUUU"),
        ("{{args.condition}}", Vector, "works [] UUUU"),
        ("{{args.condition}}", Any, "works [] UUUU"),
        ("result[{{args.i}}] < 1", Vector, "works [1.0] UUUE"),
        ("result[0] < asFloat('{{args.x}}')", Vector, "works [] UUUE"),
        ("result[0] < 0.{{args.x}}", Vector, "works [] UUFE"),
        (
            "result[0] <= {{args.a}} || result[0] > {{args.b}}",
            Vector,
            "works [] UUFE",
        ),
        ("result[0] * {{args.a}} < 100", Vector, "works [] SUFE"),
        (
            "'{{args.a}}' == 'on' || result[0] < 1",
            Vector,
            "works [1.0] UUUU",
        ),
        ("now() > date('2020-01-01')", Vector, "works [] UUUU"),
        (
            "let t = now(); t > t || result[0] < 1",
            Vector,
            "works [1.0] UUUU",
        ),
        ("'now' == 'now'", Vector, "works [] SSSS"),
    ] {
        assert_eq!(checked(text, result), expected, "{text} {result:?}");
    }
}

#[test]
fn what_a_repaired_condition_looks_at_is_pointed_at_in_the_text_as_it_is() {
    for (text, pointed) in [
        ("result >= 0.95", vec!["result", "0.95"]),
        (
            "result > 1 && result.value < 22",
            vec!["result", "result.value", "1", "22"],
        ),
        ("default(result, 0) < 7", vec!["default(result, 0)", "7"]),
        ("result[0] = 1", vec!["result[0]", "1"]),
        (
            "result < args.five && result > 3",
            vec!["result", "result", "args.five", "3"],
        ),
    ] {
        let conditions = conditions(text, "", ResultType::Vector);
        let condition = conditions.success.unwrap();
        let spans = condition.indices.iter().map(|(_, span)| *span);
        let spans = spans.chain(condition.comparisons.iter().map(|c| c.span));
        let found: Vec<_> = spans.map(|span| span.of(text)).collect();
        assert_eq!(found, pointed, "{text}");
    }
}

/// Arguments of both conditions have one value each.
#[test]
fn one_argument_has_one_value() {
    let conditions = conditions(
        "result[0] < {{args.x}}",
        "result[0] >= {{args.x}}",
        ResultType::Vector,
    );
    let judge = |number: f64| conditions.judge(&ResultValue::Vector(vec![number]));
    assert_eq!(judge(0.5), Verdict::Unknown);
    assert_eq!(judge(f64::NAN), Verdict::Inconclusive);
    assert_eq!(judge(f64::INFINITY), Verdict::Failed);
}

#[test]
fn tables_of_gates() {
    let tables = include_str!("tables.txt");
    let mut found = String::new();
    for block in tables.split("\n\n") {
        let lines: Vec<&str> = block.lines().collect();
        let split = lines
            .iter()
            .position(|line| line.starts_with("=> "))
            .unwrap_or(lines.len());
        let gate = lines[..split].join("\n");
        let short = short(&gate);
        let told = match table(&short, Text::Repaired) {
            Some(table) => told(&table),
            None => "none".to_owned(),
        };
        found += &format!("{gate}\n=> {told}\n");
        let written = table(&short, Text::Written).map(|t| super::tests::told(&t));
        if written.as_ref() != Some(&told) {
            found += &format!(
                "=> as written {}\n",
                written.unwrap_or_else(|| "none".into())
            );
        }
        found += "\n";
    }
    assert_eq!(found.trim_end(), tables.trim_end());
}
