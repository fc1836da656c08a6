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

#[test]
fn tables_of_gates() {
    let ratio = r#"sum(rate(x{code=~"5.."}[5m])) / sum(rate(x[5m]))"#;
    for gate in [
        format!("query: {ratio}\nsuccess: result[0] < 0.05"),
        format!("query: {ratio} or vector(0)\nsuccess: result[0] < 0.05"),
        "query: sum by (pod) (up)\nsuccess: result[0] >= 1\nfailure: result[0] < 0.5".to_owned(),
        "query: scalar(sum(up))\nsuccess: result >= {{args.min}}".to_owned(),
        "query: sum(up)\nsuccess: result >= 3".to_owned(),
    ] {
        let gate = short(&gate);
        println!(
            "{}\n  {}",
            gate.query,
            told(&table(&gate, Text::Repaired).unwrap())
        );
    }
}
