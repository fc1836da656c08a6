use super::*;

const PLAIN: Writing<'_> = Writing {
    labels: &NO_LABELS,
    zeros: true,
    namespace: None,
    fallback: None,
};

const NO_LABELS: Labels = Labels {
    outcome: Vec::new(),
    namespace: Vec::new(),
};

fn sent(query: &str, namespace: Option<&str>, fallback: Option<f64>) -> String {
    let labels = Labels::default();
    let writing = Writing {
        labels: &labels,
        namespace: namespace.map(|value| Namespace {
            label: "namespace",
            value,
        }),
        fallback,
        ..PLAIN
    };
    let text = text(query, &writing).unwrap_or_else(|error| panic!("`{query}`: {error:?}"));
    let again = read(&text.text).map(|query| query.expr.to_string());
    assert_eq!(again, Ok(text.query.expr.to_string()));
    text.text
}

/// `E`, `T`, `e`, `t` of measurement.md's examples, and the completed sum `E⁰`.
fn spelled(short: &str) -> String {
    let h = r#"namespace="shop",pod=~"cart-5478f49d8b-.*""#;
    let all = |function: &str| format!("sum({function}(http_requests_total{{{h}}}[5m]))");
    let slice = |function: &str, matcher: &str| {
        format!("sum({function}(http_requests_total{{{h},{matcher}}}[5m]))")
    };
    let failures = r#"code=~"5..""#;
    short
        .replace("Ei0", "(Ei or 0 * Ti)")
        .replace("E20", "(E2 or 0 * T)")
        .replace("E0", "(E or 0 * T)")
        .replace("Ei", &slice("increase", failures))
        .replace("Ti", &all("increase"))
        .replace("E2", &slice("rate", r#"code=~"2..""#))
        .replace('E', &slice("rate", failures))
        .replace('T', &all("rate"))
        .replace("{h", &format!("{{{h}"))
}

#[test]
fn sums_of_slices_are_completed() {
    // measurement.md, section 3.
    for (query, wanted) in [
        (
            r#"sum(rate(x{code=~"5.."}[5m])) / sum(rate(x[5m]))"#,
            r#"(sum(rate(x{code=~"5.."}[5m])) or 0 * sum(rate(x[5m]))) / sum(rate(x[5m]))"#,
        ),
        (
            r#"sum(increase(x{code=~"5.."}[5m])) or vector(0)"#,
            r#"(sum(increase(x{code=~"5.."}[5m])) or 0 * sum(increase(x[5m]))) or vector(0)"#,
        ),
        (
            r#"sum by (service)(rate(x{service="a",code!="200"}[5m]))"#,
            r#"(sum by (service)(rate(x{service="a",code!="200"}[5m])) or 0 * sum by (service)(rate(x{service="a"}[5m])))"#,
        ),
        (
            r#"max_over_time((sum(rate(x{code="500"}[1m])) / sum(rate(x[1m])))[10m:1m])"#,
            r#"max_over_time(((sum(rate(x{code="500"}[1m])) or 0 * sum(rate(x[1m]))) / sum(rate(x[1m])))[10m:1m])"#,
        ),
        (
            r#"sum(rate(x{code="500"}[5m] offset 1h))"#,
            r#"(sum(rate(x{code="500"}[5m] offset 1h)) or 0 * sum(rate(x[5m] offset 1h)))"#,
        ),
        (
            r#"sum(rate(x{code=~"5..",reason="x"}[5m]))"#,
            r#"(sum(rate(x{code=~"5..",reason="x"}[5m])) or 0 * sum(rate(x[5m])))"#,
        ),
        // Parentheses behind a bare `group_left` would hold its labels.
        (
            r#"t * on (a) group_left sum(x{code="500"}) ^ 2"#,
            r#"t * on (a) group_left () (sum(x{code="500"}) or 0 * sum(x)) ^ 2"#,
        ),
        (
            r#"t * on (a) group_left () sum(x{code="500"})"#,
            r#"t * on (a) group_left () (sum(x{code="500"}) or 0 * sum(x))"#,
        ),
        (
            "# errors\nsum(x{code=\"500\"} # of ours\n) # all",
            "# errors\n(sum(x{code=\"500\"} # of ours\n) or 0 * sum(x # of ours\n)) # all",
        ),
    ] {
        assert_eq!(sent(query, None, None), wanted);
    }
    for query in [
        r#"sum by (pod)(rate(x{code="500"}[5m]))"#,
        r#"sum by (code)(rate(x{code="500"}[5m]))"#,
        r#"sum without (instance)(rate(x{code="500"}[5m]))"#,
        r#"sum(rate(x{code="500"}[5m])) or 0 * sum(rate(x[5m]))"#,
        r#"sum(rate(x{code="500"}[5m])) or sum(rate(y{code="500"}[5m]))"#,
        r#"avg(x{code="200"})"#,
        r#"max(x{code="200"})"#,
        r#"count(rate(x{code="500"}[5m]) > 0)"#,
        r#"sum(rate(x{code="500"}[5m]) or vector(0))"#,
        r#"histogram_quantile(0.9, sum by (le)(rate(h_bucket{code="200"}[5m])))"#,
        r#"sum(rate(app_errors_total[5m]))"#,
        r#"count(sum(x{code="500"}))"#,
        r#"absent(sum(x{code="500"}))"#,
    ] {
        assert_eq!(sent(query, None, None), query);
    }
}

#[test]
fn worked_examples_are_sent_as_told() {
    // measurement.md, section 11, by their numbers there.
    for (number, query, wanted) in [
        (1, "E / T", "E0 / T"),
        (7, "E2 / T", "E20 / T"),
        (8, "Ei or vector(0)", "Ei0 or vector(0)"),
        (
            12,
            "sum(increase(restarts_total{h}[1m])) or vector(0)",
            "sum(increase(restarts_total{h}[1m])) or vector(0)",
        ),
        (
            15,
            "sum(increase(app_errors_total{h}[5m])) or vector(0)",
            "sum(increase(app_errors_total{h}[5m])) or vector(0)",
        ),
        (
            17,
            r#"sum(waiting_reason{h,reason="CrashLoopBackOff"}) or vector(0)"#,
            r#"(sum(waiting_reason{h,reason="CrashLoopBackOff"}) or 0 * sum(waiting_reason{h})) or vector(0)"#,
        ),
        (19, "E / (T > 0) or vector(0)", "E0 / (T > 0) or vector(0)"),
        (
            20,
            "sum by (route)(e) / sum by (path)(t) or on() vector(0)",
            "sum by (route)(e) / sum by (path)(t) or on() vector(0)",
        ),
        (21, "E / T > 0.05", "E0 / T > 0.05"),
        (22, "E / T > bool 0.05", "E0 / T > bool 0.05"),
        (
            23,
            "sum(increase(jobs_failed_total{h}[1h]))",
            "sum(increase(jobs_failed_total{h}[1h]))",
        ),
        (24, "min(app_ready{h})", "min(app_ready{h})"),
        (27, "e / (e offset 1h)", "e / (e offset 1h)"),
        (28, "absent(up{h})", "absent(up{h})"),
        (
            29,
            r#"sum(ready{namespace="nowhere"}) or vector(0)"#,
            r#"sum(ready{namespace="nowhere"}) or vector(0)"#,
        ),
        (
            30,
            "histogram_quantile(0.9, sum by (le)(rate(h_bucket{h}[5m])))",
            "histogram_quantile(0.9, sum by (le)(rate(h_bucket{h}[5m])))",
        ),
    ] {
        assert_eq!(
            sent(&spelled(query), None, None),
            spelled(wanted),
            "{number}"
        );
    }
}

#[test]
fn the_namespace_stands_in_both_halves_of_a_completed_sum() {
    for (query, wanted) in [
        (
            r#"sum(x{code="500"})"#,
            r#"(sum(x{code="500",namespace="shop"}) or 0 * sum(x{namespace="shop"}))"#,
        ),
        // Pinned by what is written in, it makes one group.
        (
            r#"sum by (namespace) (x{code="500"})"#,
            r#"(sum by (namespace) (x{code="500",namespace="shop"}) or 0 * sum by (namespace) (x{namespace="shop"}))"#,
        ),
    ] {
        assert_eq!(sent(query, Some("shop"), None), wanted);
    }
}

#[test]
fn fallbacks_stand_around_vectors() {
    for (query, number, wanted) in [
        ("a or b", 0.0, "(a or b) or on() vector(0)"),
        ("a", -0.5, "(a) or on() vector(-0.5)"),
        ("a", 1e21, "(a) or on() vector(1e+21)"),
        ("a", f64::NAN, "(a) or on() vector(NaN)"),
        ("a", f64::NEG_INFINITY, "(a) or on() vector(-Inf)"),
        (
            "# b\n a + # c\n b # d",
            1.0,
            "# b\n (a + # c\n b) or on() vector(1) # d",
        ),
        ("scalar(a)", 0.0, "scalar(a)"),
        ("a[5m]", 0.0, "a[5m]"),
        ("\"a\"", 0.0, "\"a\""),
    ] {
        assert_eq!(sent(query, None, Some(number)), wanted);
    }
}

#[test]
fn all_is_written_in_its_order() {
    assert_eq!(
        sent("sum(x{code=\"500\"}) # why", Some("shop"), Some(0.0)),
        "((sum(x{code=\"500\",namespace=\"shop\"}) or 0 * sum(x{namespace=\"shop\"}))) or on() vector(0) # why"
    );
    let labels = Labels::default();
    let writing = Writing {
        labels: &labels,
        zeros: false,
        ..PLAIN
    };
    let query = r#"sum(x{code="500"})"#;
    assert_eq!(text(query, &writing).unwrap().text, query);
}

#[test]
fn what_cannot_be_read_is_told() {
    let error = text("sum(", &PLAIN).unwrap_err();
    assert!(matches!(error, TextError::Parse(_)), "{error:?}");
    let writing = Writing {
        namespace: Some(Namespace {
            label: "__name__",
            value: "shop",
        }),
        ..PLAIN
    };
    let error = text("up", &writing).unwrap_err();
    assert!(matches!(error, TextError::Written { .. }), "{error:?}");
    assert_eq!(error.to_string(), "write the namespace into the query");
}
