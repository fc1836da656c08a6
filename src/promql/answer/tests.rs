use super::*;
use crate::promql::ast::Binary;
use crate::promql::{Features, Options, parse};
use crate::text::filled::{Filled, Placeholder};

/// `{{args.x}}` in a query is a hole.
fn tree(query: &str) -> Expr {
    let filled = Filled::new(query, |_: &Placeholder| None);
    let holes: Vec<_> = filled.pieces.iter().map(|piece| piece.text).collect();
    let options = Options {
        features: Features::All,
        holes: &holes,
    };
    parse(&filled.text, options)
        .unwrap_or_else(|error| panic!("`{query}`: {error}"))
        .expr
}

use Certainty::{No, Unknown, Yes};

#[test]
fn what_can_be_empty() {
    let cases = [
        ("1", No),
        ("time()", No),
        ("hour()", No),
        ("hour(x)", Yes),
        ("x", Yes),
        ("sum(x)", Yes),
        ("count(x)", Yes),
        ("scalar(x)", No),
        ("absent(x)", No),
        ("absent_over_time(x[5m])", No),
        ("absent(x) == 1", No),
        ("absent(x) == 0", Yes),
        ("vector(0)", No),
        ("x or vector(0)", No),
        ("sum(x) or y", Yes),
        ("sum(x or vector(0))", No),
        ("(sum(x) or vector(0)) / sum(y)", Yes),
        ("(sum(x) or vector(0)) / (sum(y) or vector(1))", No),
        ("(sum by (a)(x) or vector(0)) / (sum(y) or vector(1))", Yes),
        (
            "(sum by (a)(x) or vector(0)) / on() (sum(y) or vector(1))",
            No,
        ),
        ("(sum(x) or vector(0)) > 5", Yes),
        ("(sum(x) or vector(0)) > bool 5", No),
        ("(count(x) or vector(0)) >= 0", No),
        ("(sum(x) or vector(0)) > {{args.limit}}", Unknown),
        ("sum(x) > {{args.limit}}", Yes),
        ("{{args.query}}", Unknown),
        ("sum(x) / {{args.rate}}", Yes),
        ("max_over_time((sum(x) or vector(0))[5m:1m])", No),
        ("max_over_time((sum(x) or vector(0))[5m:])", No),
        ("max_over_time((sum(x) or vector(0))[30s:1m])", Yes),
        ("rate((sum(x) or vector(0))[1m:1m])", Yes),
        ("rate((sum(x) or vector(0))[2m:1m])", No),
        (
            "max_over_time((sum(x) or vector(0))[{{args.w}}:1m])",
            Unknown,
        ),
        ("clamp(vector(1), 0, 5)", No),
        ("clamp(vector(1), 5, 0)", Yes),
        ("clamp_min(sum(x) or vector(0), 1)", No),
        ("topk(1, vector(1))", No),
        ("topk(0, vector(1))", Yes),
        ("histogram_quantile(0.9, vector(1))", Yes),
        ("vector(1) and vector(1)", No),
        ("vector(1) unless vector(1)", Yes),
        ("label_replace(vector(1), \"a\", \"b\", \"\", \"\")", No),
        ("-(x or vector(0))", No),
        ("x + fill(0) vector(1)", No),
        ("x + fill_right(0) vector(1)", Yes),
    ];
    for (query, wanted) in cases {
        assert_eq!(can_be_empty(&tree(query)), wanted, "`{query}`");
    }
}

#[test]
fn what_can_be_nan() {
    let cases = [
        ("x", No),
        ("sum(rate(x[5m]))", No),
        ("sum(rate(e[5m])) / sum(rate(t[5m]))", Yes),
        ("sum(e) / sum(t)", Yes),
        ("100 * sum(rate(e[5m])) / sum(rate(t[5m]))", Yes),
        ("sum(rate(e[5m])) / (sum(rate(t[5m])) > 0)", No),
        ("sum(rate(e[5m])) / clamp_min(sum(rate(t[5m])), 1)", No),
        (
            "sum(rate(e[5m])) / clamp_min(sum(rate(t[5m])), {{args.n}})",
            Unknown,
        ),
        ("sum(rate(e[5m])) / (sum(rate(t[5m])) + 1)", No),
        ("sum(rate(e[5m])) / (sum(rate(t[5m])) or vector(1))", Yes),
        ("sum(rate(e[5m])) / 60", No),
        ("sum(rate(e[5m])) / count(up)", No),
        ("sum(rate(e[5m])) / {{args.n}}", Unknown),
        ("1 / sum(rate(t[5m]))", No),
        ("x % 2", No),
        ("x % y", Yes),
        ("x % 0", Yes),
        ("0 / 0", Yes),
        ("(sum(e) / sum(t)) > 0.05", No),
        ("(sum(e) / sum(t)) != 0.05", Yes),
        ("(sum(e) / sum(t)) > bool 0.05", No),
        ("count(e / t)", No),
        ("avg(e / t)", Yes),
        ("max(e / t)", Yes),
        ("max_over_time((sum(e) / sum(t))[10m:1m])", Yes),
        (
            "histogram_quantile(0.9, sum by (le)(rate(h_bucket[5m])))",
            Yes,
        ),
        ("scalar(sum(x))", Yes),
        ("scalar(sum(x) or vector(0))", No),
        ("scalar(vector(1))", No),
        ("quantile(0.9, x)", No),
        ("sqrt(x)", Yes),
        ("sqrt(sum(rate(x[5m])))", No),
        ("ln(x)", Yes),
        ("ln(count(x))", No),
        ("absent(x)", No),
        ("stddev(x)", No),
        ("x ^ 2", No),
        ("x ^ 0.5", Yes),
        ("sum(rate(e[5m])) / sum(rate(t[5m])) or vector(0)", Yes),
    ];
    for (query, wanted) in cases {
        assert_eq!(can_be_nan(&tree(query)), wanted, "`{query}`");
    }
}

#[test]
fn what_stands_without_data() {
    use Constant::{Empty, Value};
    let cases = [
        ("1 + 1", Value(2.0)),
        ("x", Empty),
        ("sum(x)", Empty),
        ("count(x)", Empty),
        ("sum(x) or vector(0)", Value(0.0)),
        ("vector(0) or sum(x)", Value(0.0)),
        ("sum by (a)(x) or on() vector(3)", Value(3.0)),
        ("sum(x or vector(0))", Value(0.0)),
        ("sum(e) or vector(0) / sum(t)", Empty),
        ("(sum(e) or vector(0)) / sum(t)", Empty),
        ("(sum(e) or vector(0)) / (sum(t) or vector(4))", Value(0.0)),
        ("sum(e) or 0 * sum(t)", Empty),
        ("e / (t > 0) or vector(0)", Value(0.0)),
        ("(sum(x) or vector(0)) > 1", Empty),
        ("(sum(x) or vector(0)) > bool 1", Value(0.0)),
        ("1 < (sum(x) or vector(7))", Value(7.0)),
        ("absent(x)", Value(1.0)),
        ("absent(x{a=\"b\"}) == 1", Value(1.0)),
        ("absent(x{a=\"b\"}) or vector(0)", Constant::Unknown),
        ("absent(x) or vector(0)", Value(1.0)),
        ("absent(x) + absent(y)", Value(2.0)),
        ("absent(x{a=\"b\"}) + absent(y)", Empty),
        ("absent(absent(x))", Empty),
        ("x unless vector(1)", Empty),
        ("vector(1) unless x", Value(1.0)),
        ("vector(1) and x", Empty),
        ("time()", Constant::Unknown),
        ("vector(time()) or x", Constant::Unknown),
        ("time() - max(x)", Empty),
        ("hour() > 5", Constant::Unknown),
        ("{{args.q}}", Constant::Unknown),
        ("sum(x) > {{args.q}}", Empty),
        ("sum(x) or vector({{args.q}})", Constant::Unknown),
        ("sum(sum(x) or vector(2)) * 3", Value(6.0)),
        ("count(x or vector(0))", Value(1.0)),
        ("max_over_time((sum(x) or vector(2))[5m:1m])", Value(2.0)),
        ("clamp_min(sum(x) or vector(0), 1)", Value(1.0)),
        ("round(vector(2.5))", Value(3.0)),
        (
            "label_replace(vector(2), \"a\", \"b\", \"\", \"\")",
            Value(2.0),
        ),
        ("topk(1, x or vector(5))", Value(5.0)),
        ("histogram_quantile(0.9, x)", Empty),
        ("-(x or vector(1))", Value(-1.0)),
    ];
    for (query, wanted) in cases {
        assert_eq!(without_data(&tree(query)), wanted, "`{query}`");
    }
    let nan = [
        "scalar(sum(x))",
        "scalar(sum(x)) * 2",
        "vector(0) / vector(0)",
    ];
    for query in nan {
        assert!(
            matches!(without_data(&tree(query)), Value(v) if v.is_nan()),
            "`{query}`"
        );
    }
}

#[test]
fn the_fallback_is_not_scalars_nan() {
    let cases = [
        ("sum(x) or vector(0)", Some(0.0)),
        ("sum(x)", None),
        ("scalar(sum(x))", None),
        ("scalar(sum(x)) / 2", None),
        ("scalar(sum(x)) > bool 1", Some(0.0)),
        ("scalar(sum(x) or vector(0))", Some(0.0)),
        ("absent(x)", Some(1.0)),
        ("x or vector(time()) * 0", Some(0.0)),
        ("x or clamp_max(vector(time()), 0)", Some(0.0)),
        ("sum(x) or month() - month()", Some(0.0)),
        ("sum(x) or vector(time())", None),
    ];
    for (query, wanted) in cases {
        assert_eq!(fallback(&tree(query)), wanted, "`{query}`");
    }
}

#[test]
fn what_is_answered_when_idle() {
    let cases = [
        ("sum(rate(x[5m]))", Some(0.0)),
        ("sum(increase(x[5m])) or vector(0)", Some(0.0)),
        ("sum(increase(x[5m])) or vector(3)", Some(0.0)),
        ("sum(increase(x[5m])) or 0 * sum(rate(y[5m]))", Some(0.0)),
        (
            "sum(rate(e[5m])) / clamp_min(sum(rate(t[5m])), 1)",
            Some(0.0),
        ),
        (
            "sum(rate(e[5m])) / (sum(rate(t[5m])) > 0) or vector(7)",
            Some(7.0),
        ),
        ("sum(rate(e[5m])) / (sum(rate(t[5m])) > 0)", None),
        ("1 + sum(rate(x[5m]))", Some(1.0)),
        ("sum(rate(x[5m]) + 1)", None),
        ("sum(rate(x[5m])) > bool 1", Some(0.0)),
        ("sum(increase(x[5m])) < 5", Some(0.0)),
        ("sum(increase(x[5m])) > 5", None),
        ("max(changes(x[5m]))", Some(0.0)),
        ("up", None),
        ("vector(0)", None),
        ("sum(x)", None),
        ("sum(rate(x[5m])) / count(up)", None),
        ("count(rate(x[5m]))", None),
        ("count(rate(x[5m]) > 0) or vector(0)", Some(0.0)),
        ("sum(rate(x[5m])) and sum(rate(y[5m]))", None),
        ("max_over_time(rate(x[1m])[10m:1m])", None),
        ("sum(rate(x[5m])) + {{args.x}}", None),
        ("increase(sum(x)[5m:1m])", Some(0.0)),
    ];
    for (query, wanted) in cases {
        assert_eq!(idle(&tree(query)), wanted, "`{query}`");
    }
    let nan = [
        "sum(rate(e[5m])) / sum(rate(t[5m]))",
        "1 - sum(rate(e[5m])) / sum(rate(t[5m]))",
        "avg(rate(e[5m]) / rate(t[5m]))",
        "histogram_quantile(0.9, sum by (le)(rate(h_bucket[5m])))",
        "clamp_max(sum(rate(e[5m])) / sum(rate(t[5m])), 1)",
        "sum(rate(e[5m])) / sum(rate(t[5m])) or vector(0)",
    ];
    for query in nan {
        assert!(idle(&tree(query)).is_some_and(f64::is_nan), "`{query}`");
    }
}

#[test]
fn how_many_series() {
    use Series::{AtMostOne, Many, One};
    let by = |labels: &[&str]| Kept::By(labels.iter().map(|&l| l.to_owned()).collect());
    let cases = [
        ("1", One, Kept::None),
        ("scalar(x)", One, Kept::None),
        ("vector(1)", One, Kept::None),
        ("hour()", One, Kept::None),
        ("x", Many, Kept::All),
        ("rate(x{a=\"b\"}[5m])", Many, Kept::All),
        ("sum(x)", AtMostOne, Kept::None),
        ("sum by ()(x)", AtMostOne, Kept::None),
        ("sum(x) or vector(0)", One, Kept::None),
        ("absent(x{a=\"b\"})", AtMostOne, Kept::None),
        ("sum by (pod)(x)", Many, by(&["pod"])),
        ("sum by (pod, app)(x)", Many, by(&["pod", "app"])),
        ("sum by (pod)(x{pod=\"a\"})", AtMostOne, Kept::None),
        ("sum by (pod)(x{pod=~\"a\"})", Many, by(&["pod"])),
        (
            "sum by (pod)(x{pod=\"{{args.pod}}\"})",
            AtMostOne,
            Kept::None,
        ),
        ("sum by (pod, app)(x{app=\"a\"})", Many, by(&["pod"])),
        ("sum without (pod)(x)", Many, Kept::Without),
        ("sum by (app)(sum without (pod)(x))", Many, by(&["app"])),
        ("sum(sum by (app)(x))", AtMostOne, Kept::None),
        ("sum by (pod)(x) or vector(0)", Many, by(&["pod"])),
        ("sum by (pod)(x{pod=\"a\"}) or vector(0)", Many, Kept::None),
        (
            "sum by (pod)(x{pod=\"a\"}) or on() vector(0)",
            One,
            Kept::None,
        ),
        (
            "sum by (a)(x{a=\"b\"}) or 0 * sum by (a)(y{a=\"b\"})",
            AtMostOne,
            Kept::None,
        ),
        ("sum by (pod)(x) / on() sum(y)", AtMostOne, Kept::None),
        (
            "sum by (pod)(x) / on() group_left() sum(y)",
            Many,
            by(&["pod"]),
        ),
        ("sum by (pod)(x) / sum by (pod)(y)", Many, by(&["pod"])),
        ("sum(x) / y", AtMostOne, Kept::None),
        ("x / on (pod) y", Many, by(&["pod"])),
        ("topk(1, x)", AtMostOne, Kept::None),
        ("topk(2, x)", Many, Kept::All),
        ("max_over_time(topk(1, x)[5m:1m])", Many, Kept::All),
        (
            "histogram_quantile(0.9, sum by (le)(x))",
            AtMostOne,
            Kept::None,
        ),
        (
            "histogram_quantile(0.9, sum by (le, pod)(x))",
            Many,
            by(&["pod"]),
        ),
        ("count_values(\"v\", x)", Many, by(&["v"])),
        ("sum by (pod)(x) > 5", Many, by(&["pod"])),
        ("sort_desc(sum by (pod)(x))", Many, by(&["pod"])),
        ("{{args.query}}", Series::Unknown, Kept::Unknown),
        ("sum({{args.query}})", AtMostOne, Kept::None),
        ("sum by ({{args.label}})(x)", Series::Unknown, Kept::Unknown),
        (
            "label_replace(sum(x), \"a\", \"b\", \"\", \"\")",
            AtMostOne,
            Kept::None,
        ),
    ];
    for (query, count, kept) in cases {
        let expr = tree(query);
        assert_eq!(series(&expr), count, "`{query}`");
        assert_eq!(kept_labels(&expr), kept, "`{query}`");
    }
}

const INF: f64 = f64::INFINITY;

#[test]
fn between_which_numbers() {
    let cases = [
        ("5", 5.0, 5.0),
        ("x", -INF, INF),
        ("x_total", 0.0, INF),
        ("x_created", -INF, INF),
        ("up", 0.0, 1.0),
        ("sum(up)", 0.0, INF),
        ("avg(up)", 0.0, 1.0),
        ("count(x)", 0.0, INF),
        ("rate(x[5m])", 0.0, INF),
        ("delta(x[5m])", -INF, INF),
        ("sum(increase(x[5m])) or vector(0)", 0.0, INF),
        ("sum(increase(x[5m])) or vector(-1)", -1.0, INF),
        ("-count(x)", -INF, 0.0),
        ("1 - count(x)", -INF, 1.0),
        ("x > bool 3", 0.0, 1.0),
        ("count(x) - count(x)", 0.0, 0.0),
        ("count(x) >= bool 0", 1.0, 1.0),
        ("x ^ 0", 1.0, 1.0),
        ("stddev(sum(x))", 0.0, 0.0),
        ("stddev(x)", 0.0, INF),
        ("-(sum(rate(x{c=\"5\"}[5m])) / sum(rate(x[5m])))", -1.0, 0.0),
        ("count(x) > 3", 3.0, INF),
        ("3 > count(x)", 0.0, 3.0),
        ("clamp(x, 2, 4)", 2.0, 4.0),
        ("clamp_min(x, 2)", 2.0, INF),
        ("clamp_max(count(x), 2)", 0.0, 2.0),
        ("abs(x)", 0.0, INF),
        ("sgn(x)", -1.0, 1.0),
        ("x % 7", -7.0, 7.0),
        ("hour()", 0.0, 23.0),
        ("absent(x)", 1.0, 1.0),
        ("sum(rate(x[5m])) * {{args.n}}", -INF, INF),
        ("sum(rate(e[5m])) / sum(rate(t[5m]))", 0.0, INF),
        ("sum(rate(x{c=\"5\"}[5m])) / sum(rate(x[5m]))", 0.0, 1.0),
        (
            "sum(rate(x{c=\"5\"}[5m])) / sum(rate(x[5m])) * 100",
            0.0,
            100.0,
        ),
        (
            "100 * sum(rate(x{c=\"5\"}[5m])) / sum(rate(x[5m]))",
            0.0,
            100.0,
        ),
        ("1 - sum(rate(x{c=\"5\"}[5m])) / sum(rate(x[5m]))", 0.0, 1.0),
        (
            "100 - 100 * sum(rate(x{c=\"5\"}[5m])) / sum(rate(x[5m]))",
            0.0,
            100.0,
        ),
        (
            "(sum(rate(x[5m])) - sum(rate(x{c=\"5\"}[5m]))) / sum(rate(x[5m]))",
            0.0,
            1.0,
        ),
        (
            "(sum(rate(x{c=\"5\"}[5m])) or vector(0)) / sum(rate(x[5m]))",
            0.0,
            1.0,
        ),
        (
            "sum(rate(e[5m])) / (sum(rate(e[5m])) + sum(rate(o[5m])))",
            0.0,
            1.0,
        ),
        (
            "sum(rate(d_seconds_bucket{le=\"1\"}[5m])) / sum(rate(d_seconds_count[5m]))",
            0.0,
            1.0,
        ),
        (
            "histogram_quantile(0.9, sum by (le)(rate(d_seconds_bucket[5m])))",
            0.0,
            INF,
        ),
        (
            "histogram_quantile(90, sum by (le)(rate(d_seconds_bucket[5m])))",
            -INF,
            INF,
        ),
        (
            "histogram_quantile(0.9, sum by (le)(rate(temperature_bucket[5m])))",
            -INF,
            INF,
        ),
        (
            "histogram_quantile(0.9, sum by (le)(rate(d_seconds_bucket[5m]))) * 1000",
            0.0,
            INF,
        ),
        ("sum(x > 5)", 5.0, INF),
        ("count(x) >= 1", 1.0, INF),
        ("x ^ 2", 0.0, INF),
    ];
    for (query, low, high) in cases {
        assert_eq!(range(&tree(query)), Range { low, high }, "`{query}`");
    }
}

fn division(expr: &Expr) -> &Binary {
    match &expr.unwrapped().kind {
        ExprKind::Binary(binary) => binary,
        _ => panic!("no operator"),
    }
}

#[test]
fn which_divisions_are_shares() {
    let cases = [
        ("sum(rate(x{c=\"5\"}[5m])) / sum(rate(x[5m]))", true),
        (
            "sum(rate(x{a=\"b\",c=\"5\"}[5m])) / sum(rate(x{a=\"b\"}[5m]))",
            true,
        ),
        (
            "sum(rate(x{c=\"5\",a=\"b\"}[5m])) / sum(rate({__name__=\"x\",a=\"b\"}[5m]))",
            true,
        ),
        (
            "sum by (p)(rate(x{c=\"5\"}[5m])) / sum by (p)(rate(x[5m]))",
            true,
        ),
        (
            "sum by (p)(rate(x{c=\"5\"}[5m])) / on() group_left() sum(rate(x[5m]))",
            true,
        ),
        (
            "sum by (p,q)(rate(x{c=\"5\"}[5m])) / on(p) group_left() sum by (p)(rate(x[5m]))",
            true,
        ),
        (
            "sum by (q)(rate(x{c=\"5\"}[5m])) / on(q) sum by (p,q)(rate(x[5m]))",
            false,
        ),
        (
            "sum(rate(x{c=\"5\"}[5m])) / sum(rate(x{a=\"b\"}[5m]))",
            false,
        ),
        ("sum(rate(x{c=\"5\"}[1m])) / sum(rate(x[5m]))", false),
        ("sum(rate(x{c=\"5\"}[5m])) / sum(increase(x[5m]))", false),
        (
            "sum(rate(x{c=\"5\"}[5m] offset 1h)) / sum(rate(x[5m]))",
            false,
        ),
        ("sum(rate(e[5m])) / sum(rate(t[5m]))", false),
        ("max(rate(x{c=\"5\"}[5m])) / sum(rate(x[5m]))", false),
        ("avg(rate(x{c=\"5\"}[5m])) / avg(rate(x[5m]))", false),
        ("sum(delta(x{c=\"5\"}[5m])) / sum(delta(x[5m]))", false),
        ("count(x{c=\"5\"} > 3) / count(x)", true),
        ("rate(x{c=\"5\"}[5m]) / rate(x[5m])", true),
        ("rate(x{c=\"5\"}[5m]) / ignoring(c) rate(x[5m])", false),
        (
            "sum(rate(x{c=\"5\"}[5m])) / clamp_min(sum(rate(x[5m])), 1)",
            true,
        ),
        ("sum(rate(x{c=\"5\"}[5m])) / (sum(rate(x[5m])) > 0)", true),
        (
            "(sum(rate(x{c=\"5\"}[5m])) or vector(1)) / sum(rate(x[5m]))",
            false,
        ),
        (
            "sum(rate(x{p=\"{{args.a}}\",c=\"5\"}[5m])) / sum(rate(x{p=\"{{args.a}}\"}[5m]))",
            true,
        ),
    ];
    for (query, wanted) in cases {
        assert_eq!(is_subset_ratio(division(&tree(query))), wanted, "`{query}`");
    }
}

#[test]
fn what_is_read() {
    let cases = [
        ("x", true, false),
        ("time()", false, true),
        ("hour()", false, true),
        ("hour(x)", true, false),
        ("pi()", false, false),
        ("timestamp(vector(1))", false, true),
        ("timestamp(x)", true, false),
        ("topk(scalar(x), vector(1))", true, false),
    ];
    for (query, selector, clock) in cases {
        let expr = tree(query);
        assert_eq!(
            (has_selector(&expr), uses_clock(&expr)),
            (selector, clock),
            "`{query}`"
        );
    }
}

#[test]
fn nests_cost_no_more_than_their_square() {
    let nests = [
        ("scalar(vector(1) > ", "scalar(x)", ")"),
        ("x_total / (x_total + (", "x_total", "))"),
        ("(x_total or (", "y_total", "))"),
        ("sum(x_total / (", "y_total", "))"),
        ("clamp(vector(1), scalar(", "vector(2)", "), 5)"),
        ("(x_total - (", "y_total", ")) / x_total"),
        ("max_over_time((", "x_total", ")[5m:1m])"),
    ];
    for (before, inside, after) in nests {
        let mut query = inside.to_owned();
        let mut deepest = None;
        for _ in 0..120 {
            query = format!("{before}{query}{after}");
            match parse(&query, Options::default()) {
                Ok(parsed) => deepest = Some(parsed.expr),
                Err(_) => break,
            }
        }
        let expr = deepest.unwrap_or_else(|| panic!("`{query}` does not parse"));
        let _ = (can_be_empty(&expr), can_be_nan(&expr), range(&expr));
        let _ = (series(&expr), kept_labels(&expr), idle(&expr));
        let _ = (without_data(&expr), fallback(&expr));
        let labels = crate::promql::outcome::Labels::default();
        let _ = crate::promql::class::class(&expr, &labels);
        let _ = crate::promql::zeros::completed(&query, &expr, &labels);
        let _ = crate::promql::select::data_selectors(&expr);
    }
}
