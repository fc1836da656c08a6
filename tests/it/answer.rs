//! What is proved of queries against what Prometheus's own engine answered.

use std::path::Path;

use promql_guard::promql::answer::{
    Certainty, Constant, Series, can_be_empty, can_be_nan, range, series, without_data,
};
use promql_guard::promql::ast::{Expr, ExprKind};
use promql_guard::promql::{Features, Options, parse};
use serde_json::Value;

/// One evaluation: a series' value is none for a native histogram.
struct Answer {
    values: Vec<Option<f64>>,
}

fn number(value: &Value) -> f64 {
    match value.as_str().unwrap() {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap(),
    }
}

/// The answers of a case: one, or one for each step of a range query. None where it is an error, a text or a range.
fn answers(case: &Value) -> Option<Vec<Answer>> {
    let result = &case["expect"]["result"];
    match case["expect"]["resultType"].as_str()? {
        "scalar" => Some(vec![Answer {
            values: vec![Some(number(&result[1]))],
        }]),
        "vector" => Some(vec![Answer {
            values: result
                .as_array()?
                .iter()
                .map(|series| series.get("value").map(|value| number(&value[1])))
                .collect(),
        }]),
        "matrix" => {
            let (start, end) = (case["start"].as_i64()?, case["end"].as_i64()?);
            let step = case["step"].as_i64()?.max(1);
            let mut steps: Vec<Answer> = Vec::new();
            for time in (start..=end).step_by(usize::try_from(step).ok()?) {
                let at = |points: &Value| -> Option<Value> {
                    points
                        .as_array()?
                        .iter()
                        .find(|point| (point[0].as_f64().unwrap() * 1000.0).round() as i64 == time)
                        .map(|point| point[1].clone())
                };
                let mut values = Vec::new();
                for series in result.as_array()? {
                    if let Some(value) = series.get("values").and_then(&at) {
                        values.push(Some(number(&value)));
                    } else if series.get("histograms").and_then(&at).is_some() {
                        values.push(None);
                    }
                }
                steps.push(Answer { values });
            }
            Some(steps)
        }
        _ => None,
    }
}

fn calls(expr: &Expr, test: impl Fn(&str) -> bool) -> bool {
    let mut found = false;
    expr.walk(&mut |node| {
        found |= matches!(&node.kind, ExprKind::Call(call) if test(call.function.name));
    });
    found
}

#[derive(Debug, Default)]
struct Claims {
    cases: usize,
    never_empty: usize,
    never_nan: usize,
    bounded: usize,
    few: usize,
    constants: usize,
}

/// The contradictions of one case.
fn contradictions(case: &Value, load: &str, claims: &mut Claims) -> Vec<String> {
    let query = case["query"].as_str().unwrap();
    let Some(answers) = answers(case) else {
        return Vec::new();
    };
    let features = Features::All;
    let expr = match parse(
        query,
        Options {
            features,
            holes: &[],
        },
    ) {
        Ok(query) => query.expr,
        Err(error) => return vec![format!("does not parse: {error}")],
    };
    claims.cases += 1;
    let mut found = Vec::new();
    // Assumptions of the module: floats, finite samples, counters that are not negative.
    let has_histograms = load.contains("{{") || load.contains("with_nhcb");
    let lower = load.to_lowercase();
    let is_finite = !lower.contains("nan") && !lower.contains("inf");
    let is_positive = !load.contains(" -");
    let (empty, nan) = (can_be_empty(&expr), can_be_nan(&expr));
    let (count, bounds) = (series(&expr), range(&expr));
    claims.never_empty += usize::from(empty == Certainty::No);
    claims.never_nan += usize::from(nan == Certainty::No);
    claims.bounded += usize::from(bounds.low > f64::NEG_INFINITY || bounds.high < f64::INFINITY);
    claims.few += usize::from(matches!(count, Series::One | Series::AtMostOne));
    for answer in &answers {
        let values: Vec<f64> = answer.values.iter().flatten().copied().collect();
        let length = answer.values.len();
        if length == 0
            && empty == Certainty::No
            && !has_histograms
            && !calls(&expr, |name| name.starts_with("absent"))
        {
            found.push("is empty".to_owned());
        }
        let allowed = match count {
            Series::None => length == 0,
            Series::One => length == 1 || has_histograms,
            Series::AtMostOne => length <= 1,
            Series::Many | Series::Unknown => true,
        };
        if !allowed {
            found.push(format!("{length} series, not {count:?}"));
        }
        for value in values {
            if value.is_nan() {
                if nan == Certainty::No && is_finite {
                    found.push("is NaN".to_owned());
                }
                continue;
            }
            let rounding = 1e-9 * (1.0 + value.abs());
            let is_inside = value == bounds.low
                || value == bounds.high
                || value >= bounds.low - rounding && value <= bounds.high + rounding;
            if !is_inside && is_finite && is_positive {
                found.push(format!("{value} outside {bounds:?}"));
            }
        }
        // Samples of a smoothed selector are not counted.
        if case["samples"] == 0 && !query.contains("smoothed") {
            let constant = without_data(&expr);
            claims.constants += usize::from(constant != Constant::Unknown);
            let agrees = match constant {
                Constant::Empty => length == 0,
                Constant::Value(wanted) => {
                    matches!(answer.values.as_slice(), [Some(value)]
                        if *value == wanted || value.is_nan() && wanted.is_nan())
                }
                Constant::Unknown => true,
            };
            if !agrees {
                found.push(format!(
                    "{:?} without data, not {constant:?}",
                    answer.values
                ));
            }
        }
    }
    found.dedup();
    found
}

fn check(corpus: &Value) -> Claims {
    let mut claims = Claims::default();
    let mut wrong = Vec::new();
    for case in corpus["cases"].as_array().unwrap() {
        let load = case["load"].as_u64().unwrap() as usize;
        let load = corpus["loads"][load].as_str().unwrap();
        for contradiction in contradictions(case, load, &mut claims) {
            wrong.push(format!(
                "{} `{}`: {contradiction}",
                case["id"], case["query"]
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} contradictions\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    claims
}

/// A few evaluations of a canary's metrics: one for each query and kind of answer.
const SELECTION: &str = include_str!("data/answer.json");

#[test]
fn agrees_with_the_engine_on_a_selection() {
    let claims = check(&serde_json::from_str(SELECTION).unwrap());
    assert!(claims.cases > 80, "{claims:?}");
}

#[test]
fn agrees_with_the_engine() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/engine.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        return;
    };
    let claims = check(&serde_json::from_str(&text).unwrap());
    assert!(
        claims.cases > 2500 && claims.never_nan > 2000 && claims.bounded > 1500,
        "{claims:?}"
    );
}
