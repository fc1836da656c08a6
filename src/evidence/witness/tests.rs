use super::*;
use crate::promql::Query;

fn query(text: &str) -> Query {
    read(text).unwrap_or_else(|error| panic!("`{text}`: {error:?}"))
}

fn found(text: &str) -> Option<Witness> {
    let found = witness(text, &query(text).expr, &Labels::default());
    if let Some(witness) = &found {
        query(&witness.text);
        query(&counted(&witness.text));
    }
    found
}

/// Each query with its witness; the same text: it is its own.
fn check(table: &[(&str, &str)]) {
    for &(text, wanted) in table {
        let found = found(text).unwrap_or_else(|| panic!("`{text}` has none"));
        assert_eq!(found.text, wanted, "of `{text}`");
        assert_eq!(found.is_own, text == wanted, "of `{text}`");
    }
}

#[test]
fn node_kind_by_node_kind() {
    check(&[
        // A completed sum.
        (
            r#"(sum(x{code="500"}) or 0 * sum(x)) / sum(x)"#,
            r#"(sum(x{code="500"}) or 0 * sum(x)) / sum(x)"#,
        ),
        (
            "sum(e) or 0 * sum(up{job=\"a\"})",
            "sum(e) or 0 * sum(up{job=\"a\"})",
        ),
        // Selectors.
        (r#"x{code=~"5.."}"#, "x"),
        (r#"x{code=~"5..",a="b"}"#, r#"x{a="b"}"#),
        (r#"x{code=~"2.."}"#, r#"x{code=~"2.."}"#),
        (r#"x{code!~"5.."}"#, r#"x{code!~"5.."}"#),
        (r#"{code="500",a="b"}"#, r#"{a="b"}"#),
        (r#"{code="500",a=~".+"}"#, r#"{a=~".+"}"#),
        (r#"{code="500"}"#, r#"{code="500"}"#),
        (
            r#"rate(x {code="500"}[5m] @ 5 offset 1h)"#,
            "rate(x[5m] @ 5 offset 1h)",
        ),
        // Around.
        (r#"-(x{code="500"})"#, "-(x)"),
        (
            r#"max_over_time(x{code="500"}[5m:1m])"#,
            "max_over_time(x[5m:1m])",
        ),
        // Arithmetic.
        (
            r#"x{code="500"} / ignoring(code) group_left x"#,
            "x / ignoring(code) group_left x",
        ),
        // Comparisons.
        ("a > 5", "a"),
        ("a > bool 5", "a"),
        ("5 < a", "a"),
        ("a > on(x) b", "a - on(x) b"),
        (
            "a == bool on(x) group_left () b",
            "a - on(x) group_left () b",
        ),
        ("a>bool b", "a- b"),
        ("a > scalar(b)", "a - scalar(b)"),
        // Fallbacks.
        ("a or vector(0)", "a"),
        ("a or on() vector(0)", "a"),
        ("vector(0) or a", "a"),
        ("(a) or time() * vector(1)", "(a)"),
        ("a or b", "a or b"),
        ("a or b > 5", "a or b"),
        ("a and b > 5", "a and b"),
        ("a and on() hour() > 5", "a and on() hour() > 5"),
        ("a unless b > 5", "a"),
        // Absence.
        ("absent(a)", "a"),
        ("absent_over_time(a[5m])", "last_over_time(a[5m])"),
        ("absent(a > 5) * 2", "a * 2"),
        // What hides NaN.
        ("count(a)", "count(a)"),
        ("count(a / b)", "max(a / b)"),
        ("count by (x) (a / b)", "max by (x) (a / b)"),
        ("count(a / b) by (x)", "max by (x) (a / b)"),
        ("group(a / b)", "max(a / b)"),
        (r#"count_values("v", a / b)"#, "max(a / b)"),
        (r#"count_values("v", a)"#, r#"count_values("v", a)"#),
        // NaN is above no number: the filter keeps it out, and the filter goes.
        ("count(a / b > 0.05) or vector(0)", "max(a / b)"),
        (
            "count_over_time((a > 5)[5m:1m])",
            "max_over_time((a)[5m:1m])",
        ),
        ("changes(a[5m:])", "max_over_time(a[5m:])"),
        ("changes(a[5m])", "changes(a[5m])"),
        // Others.
        ("topk(scalar(a > 5), b > 3)", "topk(scalar(a), b)"),
        ("quantile(0.5, a > 3) by (x)", "quantile(0.5, a) by (x)"),
        (
            "histogram_quantile(0.9, a > 5)",
            "histogram_quantile(0.9, a)",
        ),
        ("vector(scalar(a))", "vector(scalar(a))"),
        ("timestamp(a)", "timestamp(a)"),
        (
            r#"info(a{code="500"}, {reason="OOMKilled"})"#,
            r#"info(a, {reason="OOMKilled"})"#,
        ),
    ]);
}

#[test]
fn tops_that_are_no_vectors() {
    for (text, wanted, is_own) in [
        ("a[5m]", "last_over_time(a[5m])", true),
        (r#"(a{code="500"}[5m])"#, "last_over_time((a[5m]))", false),
        ("(a > 5)[5m:1m]", "last_over_time((a)[5m:1m])", false),
        ("scalar(a)", "vector(scalar(a))", true),
        ("scalar(a) > bool 5", "vector(scalar(a))", false),
    ] {
        let found = found(text).unwrap();
        assert_eq!((found.text.as_str(), found.is_own), (wanted, is_own));
    }
    for text in [
        "hour()",
        "1",
        "vector(0) or vector(1)",
        "\"a\"",
        "time() > bool 5",
    ] {
        assert_eq!(found(text), None, "{text}");
    }
}

#[test]
fn fallbacks_inside_what_looks_completed_answer_nothing() {
    check(&[
        (
            r#"(sum(x{code="500"}) or vector(0)) or 0 * sum(x)"#,
            "(sum(x)) or 0 * sum(x)",
        ),
        ("sum(x) or 0 * absent(x)", "sum(x) or 0 * x"),
        (
            "sum(e) or 0 * (sum(t) or vector(1))",
            "sum(e) or 0 * (sum(t))",
        ),
    ]);
}

#[test]
fn operators_bind_as_before() {
    check(&[
        ("a > b + c", "a - (b + c)"),
        ("a + b > c", "a + b - c"),
        ("a > b > c", "a - b - c"),
        ("a > b * c", "a - b * c"),
        ("a * (b > c)", "a * (b - c)"),
        ("-absent(a) ^ b", "-a ^ b"),
        ("absent(-a) ^ b", "(-a) ^ b"),
        ("b ^ absent(a ^ c)", "b ^ a ^ c"),
        ("absent(a ^ c) ^ b", "(a ^ c) ^ b"),
        ("-absent(a + b)", "-(a + b)"),
        ("-absent(-a)", "-(-a)"),
        ("b - absent(a - c)", "b - (a - c)"),
        ("absent(a - c) - b", "a - c - b"),
        ("b * absent(a or c)", "b * (a or c)"),
        ("b and absent(a or c)", "b and (a or c)"),
        ("a or b and absent(c or d)", "a or b and (c or d)"),
        (
            "b * on(x) group_left absent(a or c)",
            "b * on(x) group_left () (a or c)",
        ),
        ("b * on(x) group_left absent(a)", "b * on(x) group_left a"),
        (
            "b * on(x) group_left absent((a)) ^ 2",
            "b * on(x) group_left () (a) ^ 2",
        ),
        (
            "max_over_time(absent(a or b)[5m:1m])",
            "max_over_time((a or b)[5m:1m])",
        ),
        (
            "max_over_time(absent(a offset 5m)[5m:1m])",
            "max_over_time((a offset 5m)[5m:1m])",
        ),
        ("sum(vector(1) > scalar(a))", "sum(vector(scalar(a)))"),
        ("a > -b", "a - -b"),
        (
            "a # one\n > # two\n bool # three\n b # four",
            "a # one\n - # two\n  # three\n b",
        ),
        ("a # one\n or vector(0) # two", "a"),
    ]);
}

#[test]
fn worked_examples() {
    // measurement.md, section 11, by the text that is sent.
    let h = r#"namespace="shop",pod=~"cart-.*""#;
    let e = format!(r#"sum(rate(r{{{h},code=~"5.."}}[5m]))"#);
    let t = format!("sum(rate(r{{{h}}}[5m]))");
    let e0 = format!("({e} or 0 * {t})");
    let crash = format!(r#"sum(w{{{h},reason="CrashLoopBackOff"}})"#);
    let crash0 = format!("({crash} or 0 * sum(w{{{h}}}))");
    for (number, sent, wanted) in [
        (1, format!("{e0} / {t}"), format!("{e0} / {t}")),
        (8, format!("{e0} or vector(0)"), e0.clone()),
        (
            12,
            "sum(increase(restarts_total[1m])) or vector(0)".to_owned(),
            "sum(increase(restarts_total[1m]))".to_owned(),
        ),
        (17, format!("{crash0} or vector(0)"), crash0.clone()),
        (
            19,
            format!("{e0} / ({t} > 0) or vector(0)"),
            format!("{e0} / ({t})"),
        ),
        (
            20,
            "sum by (route)(e) / sum by (path)(t) or on() vector(0)".to_owned(),
            "sum by (route)(e) / sum by (path)(t)".to_owned(),
        ),
        (21, format!("{e0} / {t} > 0.05"), format!("{e0} / {t}")),
        (22, format!("{e0} / {t} > bool 0.05"), format!("{e0} / {t}")),
        (
            27,
            "e / (e offset 1h)".to_owned(),
            "e / (e offset 1h)".to_owned(),
        ),
        (28, "absent(up)".to_owned(), "up".to_owned()),
        (
            29,
            r#"sum(ready{namespace="nowhere"}) or vector(0)"#.to_owned(),
            r#"sum(ready{namespace="nowhere"})"#.to_owned(),
        ),
        (
            30,
            "histogram_quantile(0.9, sum by (le)(rate(h_bucket[5m])))".to_owned(),
            "histogram_quantile(0.9, sum by (le)(rate(h_bucket[5m])))".to_owned(),
        ),
    ] {
        let found = found(&sent).unwrap();
        assert_eq!(found.text, wanted, "{number}");
        assert_eq!(found.is_own, sent == wanted, "{number}");
    }
}

#[test]
fn the_count_is_asked_in_one_pair_of_parentheses() {
    for (witness, wanted) in [
        ("a or b", "count((a or b) >= -Inf)"),
        ("(a or b)", "count((a or b) >= -Inf)"),
        ("(a) or (b)", "count(((a) or (b)) >= -Inf)"),
    ] {
        assert_eq!(counted(witness), wanted);
    }
}

#[test]
fn the_nearest_fallback_of_each_candidate_is_left_in() {
    for (text, candidates, wanted) in [
        (
            r#"(sum(rate(app_errors_total{namespace="shop"}[5m])) or vector(0)) / sum(rate(t[5m]))"#,
            vec![r#"app_errors_total{namespace="shop"}"#],
            r#"(sum(rate(app_errors_total{namespace="shop"}[5m])) or vector(0)) / sum(rate(t[5m]))"#,
        ),
        ("(a or vector(0)) / b", vec!["b"], "(a) / b"),
        (
            "(a or vector(0)) / b or vector(1)",
            vec!["a"],
            "(a or vector(0)) / b",
        ),
        (
            "(a or vector(0)) / b or vector(1)",
            vec!["b"],
            "(a) / b or vector(1)",
        ),
        (
            "(a or vector(0)) / b or vector(1)",
            vec!["a", "b"],
            "(a or vector(0)) / b or vector(1)",
        ),
        ("absent(a) > bool 0", vec!["a"], "absent(a)"),
        ("absent(a > 5) or vector(0)", vec!["a"], "absent(a)"),
        (
            "absent_over_time(a[5m])",
            vec!["a"],
            "absent_over_time(a[5m])",
        ),
        ("absent_over_time(a[5m])", vec![], "last_over_time(a[5m])"),
        (
            r#"vector(0) or a{code="500"} > 5"#,
            vec![r#"a{code="500"}"#],
            "vector(0) or a",
        ),
        (
            r#"(sum(x{code="500"}) or 0 * sum(x)) or vector(0)"#,
            vec!["x)"],
            r#"(sum(x{code="500"}) or 0 * sum(x)) or vector(0)"#,
        ),
        (
            "b * (a or vector(0) > 5)",
            vec!["a"],
            "b * (a or vector(0) > 5)",
        ),
    ] {
        let spans: Vec<Span> = candidates
            .iter()
            .map(|candidate| {
                let start = text.find(candidate).unwrap();
                let length = candidate.trim_end_matches(')').len();
                Span::new(start, start + length)
            })
            .collect();
        let found =
            witness_with_fallbacks(text, &query(text).expr, &Labels::default(), &spans).unwrap();
        query(&found);
        assert_eq!(found, wanted, "of `{text}` for {candidates:?}");
    }
}
