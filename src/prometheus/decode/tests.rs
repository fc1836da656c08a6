//! Bodies as servers send them, and as they should not.

use super::*;

fn read(body: &str) -> Result<Answer, String> {
    answer(body.as_bytes(), Limits::default(), None).map_err(|error| error.to_string())
}

fn data(data: &str) -> Result<Data, String> {
    read(&format!(r#"{{"status":"success","data":{data}}}"#)).map(|answer| answer.data)
}

fn sample(labels: &[(&str, &str)], value: f64) -> Sample {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Sample {
        labels: labels.iter().map(own).collect(),
        value,
    }
}

use crate::prometheus::answer::{Sample, Series};

#[test]
fn values_are_read_in_the_order_of_the_server() {
    for (json, value) in [
        (
            r#"{"resultType":"scalar","result":[1435781451.781,"10"]}"#,
            Data::Scalar(10.0),
        ),
        (
            r#"{"resultType":"string","result":[1,"abc"]}"#,
            Data::String,
        ),
        (
            r#"{"resultType":"vector","result":[]}"#,
            Data::Vector(vec![]),
        ),
        (
            r#"{"result":[{"value":[1,"11"],"metric":{"b":"2","a":"\u0031"}},{"metric":{},"value":[1.5,"1e-09"],"x":[{}]}],"resultType":"vector"}"#,
            Data::Vector(vec![
                sample(&[("b", "2"), ("a", "1")], 11.0),
                sample(&[], 1e-9),
            ]),
        ),
        (
            r#"{"resultType":"matrix","result":[{"metric":{"a":"1"},"values":[[1,"1"],[2,"2"]],"histograms":[]},{"metric":{},"values":[]}]}"#,
            Data::Matrix(vec![
                Series {
                    labels: vec![("a".into(), "1".into())],
                    values: vec![1.0, 2.0],
                },
                Series {
                    labels: vec![],
                    values: vec![],
                },
            ]),
        ),
    ] {
        assert_eq!(data(json), Ok(value), "{json}");
    }
}

#[test]
fn numbers_are_read_as_go_reads_them() {
    let scalar = |text| {
        data(&format!(
            r#"{{"resultType":"scalar","result":[1,"{text}"]}}"#
        ))
    };
    for (text, value) in [
        ("+Inf", f64::INFINITY),
        ("-Inf", f64::NEG_INFINITY),
        ("1e+21", 1e21),
        ("0.12345678901234566", 0.12345678901234566),
        ("-0", -0.0),
    ] {
        assert_eq!(scalar(text), Ok(Data::Scalar(value)), "{text}");
    }
    assert!(matches!(scalar("NaN"), Ok(Data::Scalar(value)) if value.is_nan()));
    for text in ["", "1e999", "ten", "1 "] {
        assert!(scalar(text).is_err(), "{text}");
    }
}

#[test]
fn what_fits_nothing_is_refused_in_words() {
    for (json, words) in [
        (
            r#"{"resultType":"vector","result":[{"metric":{}}]}"#,
            "one `value` in each sample",
        ),
        (
            r#"{"resultType":"vector","result":[{"value":[1,"1"],"value":[1,"2"]}]}"#,
            "one `value` in each sample",
        ),
        (
            r#"{"resultType":"vector","result":[null]}"#,
            "is none of Prometheus's API",
        ),
        (
            r#"{"resultType":"vector","result":[{"value":[1,"x"]}]}"#,
            r#"expected `[time, "number"]`"#,
        ),
        (
            r#"{"resultType":"vector","result":[{"value":[1]}]}"#,
            r#"expected `[time, "number"]`"#,
        ),
        (
            r#"{"resultType":"vector","result":[{"value":[1,"1",1]}]}"#,
            "bad_response",
        ),
        (
            r#"{"resultType":"vector","result":[{"value":[1,2]}]}"#,
            "bad_response",
        ),
        (r#"{"resultType":"vector","result":{}}"#, "bad_response"),
        (r#"{"resultType":"scalar","result":null}"#, "bad_response"),
        (
            r#"{"resultType":"matrix","result":[{"metric":{}}]}"#,
            "one `values` in each series",
        ),
        (
            r#"{"resultType":"streams","result":[]}"#,
            r#"unexpected value type "streams""#,
        ),
        (
            r#"{"resultType":"vector","resultType":"scalar"}"#,
            "bad_response",
        ),
        (
            r#"{"resultType":"vector","result":null}"#,
            "no `result` in the answer",
        ),
        (r#"{"resultType":"vector"}"#, "no `result` in the answer"),
        ("{}", "bad_response"),
        ("null", "no `data` in the answer"),
        ("[]", "bad_response"),
    ] {
        let error = data(json).expect_err(json);
        assert!(error.contains(words), "{json}: {error}");
    }
}

#[test]
fn native_histograms_are_refused_wherever_they_are() {
    for json in [
        r#"{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"6","sum":"3","buckets":[[0,"0.5","1","6"]]}]}]}"#,
        r#"{"resultType":"vector","result":[{"value":[1,"1"]},{"value":[1,"0"],"histogram":[1,{}]}]}"#,
        r#"{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{"count":"6"}]]}]}"#,
        r#"{"resultType":"matrix","result":[{"values":[[1,"1"]],"histograms":[[1,{}],[2,{}]]}]}"#,
    ] {
        let body = format!(r#"{{"status":"success","data":{json}}}"#);
        let error = answer(body.as_bytes(), Limits::default(), None);
        assert!(matches!(error, Err(QueryError::NativeHistogram)), "{json}");
    }
}

#[test]
fn the_envelope_holds_more_than_the_value() {
    let body = r#"{"status":"success","isPartial":false,"infos":["i"],"warnings":["w","w2"],
        "data":{"resultType":"scalar","result":[1,"1"],
          "stats":{"timings":{"evalTotalTime":0.1},"samples":{"totalQueryableSamples":9,"seriesTouched":1}}}}"#;
    let answer = read(body).expect("an answer");
    assert_eq!(answer.warnings, ["w", "w2"]);
    assert_eq!(answer.infos, ["i"]);
    let statistics = |samples, series| Some(Statistics { samples, series });
    assert_eq!(answer.statistics, statistics(Some(9), Some(1)));

    let beside = |stats| {
        let body = format!(
            r#"{{"status":"success","warnings":null,"stats":{stats},"data":{{"resultType":"scalar","result":[1,"1"]}}}}"#
        );
        read(&body).expect("an answer").statistics
    };
    assert_eq!(
        beside(r#"{"seriesFetched":"3","executionTimeMsec":0}"#),
        statistics(None, Some(3))
    );
    assert_eq!(beside(r#"{"samples":"odd"}"#), None);
    assert_eq!(beside("null"), None);

    for (value, partial) in [
        ("true", true),
        ("false", false),
        ("null", false),
        ("7", false),
    ] {
        let body = format!(
            r#"{{"status":"success","isPartial":{value},"data":{{"resultType":"vector","result":[]}}}}"#
        );
        assert_eq!(
            read(&body).expect("an answer").is_partial,
            partial,
            "{value}"
        );
    }
}

#[test]
fn errors_are_told_in_the_words_of_client_golang() {
    let error = r#"{"status":"error","errorType":"bad_data","error":"parse error: x"}"#;
    assert_eq!(read(error), Err("bad_data: parse error: x".into()));
    for (body, words) in [
        (error, "bad_data: parse error: x"),
        (
            r#"{"status":"success","data":{}}"#,
            "bad_response: inconsistent body for response code",
        ),
        (
            "{\"status\":",
            "bad_response: expected JSON at line 1 column 10",
        ),
        (
            "<html>",
            "bad_response: expected JSON at line 1 column 1, found `text/html`",
        ),
        (
            "",
            "bad_response: expected JSON at line 1 column 0, found `text/html`",
        ),
    ] {
        let kind = body
            .starts_with('{')
            .then_some("application/json; charset=utf-8");
        let found = refusal(body.as_bytes(), kind.or(Some("text/html"))).to_string();
        assert_eq!(found, words, "{body}");
    }
    assert_eq!(remark(b"<html>"), None);
    assert_eq!(
        remark(br#"{"status":"error","errorType":"timeout","error":"t"}"#),
        Some(ApiError::new("timeout", "t"))
    );
}

#[test]
fn nothing_of_a_strange_body_is_repeated() {
    for body in [
        r#""hush""#,
        r#"{"hush":1}"#,
        r#"{"status":["hush"]}"#,
        r#"{"status":"success","data":"hush"}"#,
        "hush",
    ] {
        let error = read(body).expect_err(body);
        assert!(!error.contains("hush"), "{error}");
    }
}

#[test]
fn limits_are_exact_and_named() {
    let limits = Limits {
        body: 1 << 20,
        series: 2,
        samples: 3,
    };
    let row = r#"{"metric":{},"values":[[1,"1"],[2,"1"]]}"#;
    let sample = r#"{"metric":{},"value":[1,"1"]}"#;
    for (kind, rows, error) in [
        ("vector", vec![sample; 2], None),
        (
            "vector",
            vec![sample; 3],
            Some(
                "the answer is past the limit of 2 series; ask for less, or have the operator raise the limit",
            ),
        ),
        ("matrix", vec![row; 1], None),
        (
            "matrix",
            vec![row; 2],
            Some(
                "the answer is past the limit of 3 samples; ask for less, or have the operator raise the limit",
            ),
        ),
    ] {
        let body = format!(
            r#"{{"status":"success","data":{{"resultType":"{kind}","result":[{}]}}}}"#,
            rows.join(",")
        );
        let found = answer(body.as_bytes(), limits, None)
            .err()
            .map(|error| error.to_string());
        assert_eq!(found.as_deref(), error, "{kind} {}", rows.len());
    }
}

/// Every beginning of an answer, and every answer with one byte changed, is answered: no panic.
#[test]
fn broken_answers_are_survived() {
    let body = br#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"\u0031"},"values":[[1.5,"+Inf"]]}],"stats":{"samples":{"seriesTouched":1}}},"warnings":["w"]}"#;
    for end in 0..body.len() {
        assert!(answer(&body[..end], Limits::default(), None).is_err());
    }
    for at in 0..body.len() {
        for byte in [0, b'"', b'{', b'[', b'9', b'-', 0xff] {
            let mut changed = body.to_vec();
            changed[at] = byte;
            let _ = answer(&changed, Limits::default(), None);
        }
    }
    let deep = "[".repeat(1 << 20);
    assert!(answer(deep.as_bytes(), Limits::default(), None).is_err());
    let deep = format!(r#"{{"status":"success","data":{}"#, "[".repeat(1 << 20));
    assert!(answer(deep.as_bytes(), Limits::default(), None).is_err());
}
