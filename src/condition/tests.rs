//! The language against Go's answers, and inputs made to do harm.

use super::*;
use serde_json::Value as Json;

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).expect("in range")
}

fn number(json: &Json) -> f64 {
    match json {
        Json::String(text) => text.parse().expect("NaN or an infinity"),
        number => number.as_f64().expect("a number"),
    }
}

/// A result as `conditions.json` and `facts.txt` spell it.
fn result(json: &Json) -> ResultValue {
    let (kind, value) = json
        .as_object()
        .and_then(|object| object.iter().next())
        .expect("one field");
    match kind.as_str() {
        "vector" => {
            let values = value.as_array().expect("an array");
            ResultValue::Vector(values.iter().map(number).collect())
        }
        "scalar" | "floatptr" => ResultValue::Scalar(number(value)),
        "nilvector" => ResultValue::NilVector,
        "nilfloatptr" => ResultValue::NilScalar,
        _ => ResultValue::Json(value.clone()),
    }
}

fn answer(text: &str, result: &ResultValue) -> String {
    match evaluate(text, result, now()) {
        Ok(verdict) => verdict.to_string(),
        Err(error) if error.is_compile() => "compile".into(),
        Err(_) => "run".into(),
    }
}

#[test]
fn facts_of_the_language() {
    let mut value = ResultValue::NilVector;
    let mut wrong = Vec::new();
    for line in include_str!("testdata/facts.txt").lines().skip(3) {
        if let Some(json) = line.strip_prefix("= ") {
            value = result(&serde_json::from_str(json).expect("JSON"));
        } else if let Some((expected, text)) = line.split_once(' ').filter(|(word, _)| *word != "#")
        {
            let text: String = serde_json::from_str(text).expect("a JSON string");
            let found = answer(&text, &value);
            if found != expected {
                wrong.push(format!("{text}: expected {expected}, found {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The whole corpus, where it lies beside the checkout; `facts.txt` alone where it does not.
#[test]
fn corpus_of_real_and_made_conditions() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/corpus/conditions.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        return;
    };
    let corpus: Json = serde_json::from_str(&text).expect("JSON");
    let mut wrong = Vec::new();
    for case in corpus["cases"].as_array().expect("cases") {
        if case["platform_defined"] == true {
            continue;
        }
        let text = case["condition"].as_str().expect("a text");
        let expected = match &case["expected"] {
            expected if expected["ok"].is_boolean() => expected["ok"].to_string(),
            expected => expected["error"].as_str().expect("a class").to_owned(),
        };
        let found = answer(text, &result(&case["value"]));
        if found != expected {
            wrong.push(format!("{text}: expected {expected}, found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for case in corpus["time_cases"].as_array().expect("time cases") {
        let text = case["expression"].as_str().expect("a text");
        let expected = &case["expected"];
        let found = evaluate_time(text, now());
        let wanted = match (expected["time"].as_str(), &expected["offset_from_now_s"]) {
            (Some(time), _) => time.parse().ok(),
            (None, offset) => offset
                .as_i64()
                .map(|s| now() + jiff::SignedDuration::from_secs(s)),
        };
        assert_eq!(found.ok(), wanted, "{text}");
    }
}

#[test]
fn times_of_range_queries() {
    let base = now();
    for (text, seconds) in [
        ("now()", 0),
        ("now() - duration('1h')", -3600),
        ("now() + duration('-5m')", -300),
        ("now().AddDate(0, 0, -1)", -86_400),
        ("date('2023-11-14T22:13:20Z')", 0),
    ] {
        let wanted = base + jiff::SignedDuration::from_secs(seconds);
        assert_eq!(evaluate_time(text, base), Ok(wanted), "{text}");
    }
    for (text, compile, message) in [
        ("1", false, "expected time.Time, but got int"),
        ("now", false, "expected time.Time, but got <nil>"),
        ("result", true, "unknown name result"),
        (
            "now() - 300",
            true,
            "invalid operation: - (mismatched types time.Time and int)",
        ),
        (
            "now() - duration('1d')",
            false,
            r#"time: unknown unit "d" in duration "1d""#,
        ),
    ] {
        let error = evaluate_time(text, base).expect_err(text);
        assert_eq!(
            (error.is_compile(), error.to_string().as_str()),
            (compile, message),
            "{text}"
        );
    }
}

#[test]
fn messages_are_gos() {
    let vector = ResultValue::Vector(vec![0.5]);
    for (text, message) in [
        (
            "result > 1",
            "invalid operation: > (mismatched types []float64 and int)",
        ),
        ("reslt[0] > 1", "unknown name reslt"),
        ("result[0] = 1", r#"unexpected token Operator("=")"#),
        ("result[0] >", "unexpected token EOF"),
        ("result[0]", "expected bool, but got float64"),
        ("result[5] > 1", "index out of range: 5 (array length is 1)"),
        (
            "isNaN(result)",
            "cannot use []float64 as argument (type float64) to call isNaN ",
        ),
        ("max(nil) < 1", "invalid argument for max (type unknown)"),
    ] {
        let error = evaluate(text, &vector, now()).expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
    }
    let error = compile("1 +\n  nope", ResultType::Vector).expect_err("an unknown name");
    let ConditionError::Compile { offset, .. } = error else {
        panic!("{error} is no compile error");
    };
    assert_eq!(offset, Some(6));
}

#[test]
fn operands_tell_what_was_compared() {
    let told = |text: &str, value: ResultValue| -> Vec<String> {
        let program = compile(text, value.result_type()).expect(text);
        let operands = program.operands(&value, now());
        operands
            .into_iter()
            .map(|o| format!("{} is {}", o.text, o.value))
            .collect()
    };
    let vector = || ResultValue::Vector(vec![0.12, 3.0]);
    for (text, value, operands) in [
        ("result[0] >= 0.95", vector(), &["result[0] is 0.12"][..]),
        (
            "len(result) > 1 && result[0] + 1 < result[1]",
            vector(),
            &[
                "len(result) is 2",
                "result[0] + 1 is 1.12",
                "result[1] is 3",
            ],
        ),
        ("result[9] > 1 || 1 < 2", vector(), &[]),
        ("all(result, # < 1)", vector(), &["result is [0.12 3]"]),
        ("let r = result[1]; !(r > 5)", vector(), &["r is 3"]),
        (
            "result > 1 ? true : false",
            ResultValue::Scalar(1e7),
            &["result is 1e+07"],
        ),
    ] {
        assert_eq!(told(text, value), operands, "{text}");
    }
}

#[test]
fn patterns_are_counted() {
    let many = |times| vec![r"'a' matches '\\w{500}'"; times].join(" || ");
    assert_eq!(answer(&many(32), &ResultValue::NilVector), "false");
    assert_eq!(answer(&many(33), &ResultValue::NilVector), "compile");
    let folded = vec!["'a' matches ('a' + 'b')"; 33].join(" || ");
    assert_eq!(answer(&folded, &ResultValue::NilVector), "compile");
}

#[test]
fn programs_cross_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    check(&compile("true", ResultType::Nil).expect("right"));
}

#[test]
fn a_program_runs_on_the_type_it_was_checked_for() {
    let program = compile("result > 1", ResultType::Scalar).expect("right");
    assert_eq!(program.run(&ResultValue::Scalar(2.0), now()), Ok(true));
    let error = program
        .run(&ResultValue::Vector(vec![]), now())
        .expect_err("another type");
    assert!(!error.is_compile());
    let any = compile("result[0] > 1", ResultType::Any).expect("right for some value");
    assert_eq!(any.run(&ResultValue::Vector(vec![2.0]), now()), Ok(true));
}

/// Runs in a thread as small as any that will run conditions.
fn in_small_thread(check: fn()) {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread
        .spawn(check)
        .expect("a thread")
        .join()
        .expect("no panic");
}

#[test]
fn nesting_is_bounded() {
    in_small_thread(|| {
        let value = ResultValue::Vector(vec![1.0]);
        for (open, middle, close) in [
            ("(", "true", ")"),
            ("[", "1", "] == 1"),
            ("{a:", "1", "}"),
            ("!", "true", ""),
            ("-", "1", " < 2"),
            ("2 ** ", "1", " > 0"),
            ("len([", "1", "])"),
            ("all(result, ", "true", ")"),
            ("let a = 1; ", "true", ""),
            ("true ? true : ", "true", ""),
            ("if true {", "true", "} else {false}"),
            ("(1 < ", "2", " < 3)"),
            ("sum([1, ", "1", "])"),
        ] {
            for depth in [20, 45, 90, 99, 100, 500, 3000] {
                let text = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
                let _ = evaluate(&text, &value, now());
                if depth >= 100 {
                    let error = evaluate(&text, &value, now()).expect_err(open);
                    assert!(error.is_compile(), "{open}: {error}");
                }
            }
        }
        let chain = |part: &str, by: &str, times: usize| vec![part; times].join(by);
        for (text, verdict) in [
            (
                format!("{} > 1", chain("result[0]", " + ", 1300)),
                Some(true),
            ),
            (chain("result[0] > 5", " || ", 900), Some(false)),
            (chain("all(result, # > 0)", " && ", 700), Some(true)),
            (chain("result[0]", " <= ", 1200), Some(true)),
            (
                format!("sum([{}]) > 1", chain("result[0]", ", ", 1400)),
                Some(true),
            ),
            (chain("1", " + ", 4000), None),
            ("x".repeat(20_000), None),
        ] {
            assert_eq!(evaluate(&text, &value, now()).ok(), verdict, "{:.40}", text);
        }
    });
}

#[test]
fn work_and_memory_are_bounded() {
    in_small_thread(|| {
        let doubled = |first: &str, step: &str, last: &str| {
            let steps: String = (1..40)
                .map(|n| format!("let a{n} = {}; ", step.replace('@', &format!("a{}", n - 1))))
                .collect();
            format!("let a0 = {first}; {steps}{last}")
        };
        let value = ResultValue::Vector(vec![1.0]);
        for text in [
            r#"repeat("x", 1000000000) == """#.into(),
            r#"len(repeat(repeat("x", 100000), 100000)) > 0"#.into(),
            "len(1..1000000000) > 0".into(),
            "len(1..9223372036854775807) > 0".into(),
            "any(1..1000000000, # > 5)".into(),
            "all(1..999999, any(1..999999, # < 0))".into(),
            "len(uniq(1..999998)) > 1".into(),
            "reduce(1..100000, [#acc], 0) == []".into(),
            "reduce(1..900000, #acc + 'x', '') == ''".into(),
            "all(1..100000, not ('x' matches (string(#) + '\\\\w{500}')))".into(),
            "fromJSON(repeat('[', 900000)) == 1".into(),
            "len(replace(repeat('a', 900000), 'a', repeat('b', 90000))) > 1".into(),
            "date('2023-08-14').AddDate(0, 0, 9223372036854775807).Year() > 1".into(),
            doubled("'xxxxxxxx'", "@ + @", "a39 == ''"),
            doubled("[1]", "concat(@, @)", "a39 == []"),
            doubled("[1]", "[@, @]", "len(string(a39)) > 1"),
            doubled("[1]", "[@, @]", "len(flatten(a39)) > 1"),
            doubled("[1]", "[@, @]", "mean(a39) > 1"),
            doubled("[1]", "{'k': @, 'l': @}", "len(toJSON(a39)) > 1"),
        ] {
            let error = evaluate(&text, &value, now()).expect_err(&text);
            assert!(!error.is_compile(), "{text}: {error}");
        }
        for (text, verdict) in [
            ("5 in 1..1000000000", true),
            ("sum(1..1000000000) > 0", true),
            ("-9223372036854775808 % -1 == 0", false),
            ("(-9223372036854775807 - 1) % -1 == 0", true),
            ("repeat('a', 900000) matches '(a|aa)*$b'", false),
            (
                "repeat('a', 900000) contains repeat('a', 50000) + 'b'",
                false,
            ),
            ("len(split(repeat('a', 90000), '')) == 90000", true),
        ] {
            let found = evaluate(text, &value, now());
            // The smallest int cannot be written: its digits are one too large.
            let unwritable = text.starts_with("-9223372036854775808");
            assert_eq!(found.is_err(), unwritable, "{text}");
            assert_eq!(found.unwrap_or(false), verdict, "{text}");
        }
    });
}

#[test]
fn no_text_panics() {
    let value = ResultValue::Json(serde_json::json!({"a": [1, "x", null], "b": "é"}));
    let seeds = [
        "all(result.a, # == 1) && result.b[0:1] matches '^[\\\\w-]+$' || date('2023-08-14').Unix() > 1",
        "let x = result?.a ?? [1]; x | filter(# != nil) | map(string(#)) | join(',') contains \"\\u0041\"",
        "{'a': 1.5e3, (string(1)): `r`}.a not in 1..5 ? b'\\x41'[0] == 65 : sortBy(result.a, #, 'desc') == []",
    ];
    for seed in seeds {
        for cut in 0..seed.len() {
            if !seed.is_char_boundary(cut) {
                continue;
            }
            let _ = evaluate(&seed[..cut], &value, now());
            let _ = evaluate(&seed[cut..], &value, now());
            for put in [
                "(", ")", "\"", "'", "#", ".", "?", "\\", "é", "\0", "9", " not ", "[",
            ] {
                let text = format!("{}{put}{}", &seed[..cut], &seed[cut..]);
                let _ = evaluate(&text, &value, now());
                let after = seed[cut..].chars().next().map_or(0, char::len_utf8);
                let text = format!("{}{put}{}", &seed[..cut], &seed[cut + after..]);
                let _ = evaluate(&text, &value, now());
            }
        }
    }
}
