use super::*;
use crate::evidence::fresh::{Freshness, selected};
use crate::promql::{Options, parse};

const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// The candidates of a text of which no selector has samples, and the selected.
fn missing(text: &str) -> (Vec<Candidate>, Vec<Selected>) {
    let labels = Labels::default();
    let query = parse(text, Options::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let selected = selected(text, &query.expr, &labels);
    let freshness = Freshness {
        selected: &selected,
        age: 2 * FIVE_MINUTES,
        scrape_interval: None,
        canary: None,
        fresh_data: true,
    };
    let fresh = freshness.read(&Numbers::default());
    let found = candidates(text, &query.expr, &labels, &selected, Some(&fresh));
    (found.unwrap_or_default(), selected)
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn numbers(parts: &[(&str, f64)]) -> Numbers {
    let samples: Vec<_> = parts
        .iter()
        .map(|(name, number)| (vec![("__part__".to_owned(), (*name).to_owned())], *number))
        .collect();
    Numbers::of(samples.iter().map(|(l, n)| (l.as_slice(), *n)))
}

/// The contract's example, letter for letter.
#[test]
fn the_exporter_is_asked_for() {
    let text = "(sum(rate(app_errors_total{namespace=\"shop\",pod=~\"cart-5478f49d8b-.*\"}[5m])) or vector(0)) / \
        sum(rate(http_requests_total{namespace=\"shop\",pod=~\"cart-5478f49d8b-.*\"}[5m]))";
    let (candidates, selected) = missing(text);
    assert_eq!(candidates.len(), 1);
    assert_eq!(candidates[0].metric, "app_errors_total");
    let spans = candidates[0].spans(&selected);
    let spans: Vec<_> = spans.iter().map(|span| span.of(text)).collect();
    assert_eq!(
        spans,
        ["app_errors_total{namespace=\"shop\",pod=~\"cart-5478f49d8b-.*\"}"]
    );
    let parts = ask(&candidates, &[texts(&["web"])], text, FIVE_MINUTES);
    let query = parts.query();
    assert_eq!(
        query,
        r#"label_replace(count(last_over_time({job=~"web",__name__!~"up|scrape_.+",namespace="shop",pod=~"cart-5478f49d8b-.*"}[300000ms])), "__part__", "h1", "", "")
or label_replace(count(((sum(rate(app_errors_total{namespace="shop",pod=~"cart-5478f49d8b-.*"}[5m])) or vector(0)) / sum(rate(http_requests_total{namespace="shop",pod=~"cart-5478f49d8b-.*"}[5m]))) >= -Inf), "__part__", "w", "", "")"#
    );
    assert!(parse(&query, Options::default()).is_ok());
}

/// Text; the candidates' metrics, look-ups in namespace `shop`, and matchers for job `web`.
#[test]
fn who_is_a_candidate() {
    let many = "(a_errors or vector(0)) + (b_errors or vector(0)) + (c_errors or vector(0)) \
        + (d_errors or vector(0)) + (e_errors or vector(0))";
    for (text, wanted) in [
        ("sum(x) or vector(0)", ""),
        ("sum(x_errors_total)", ""),
        ("sum(x_errors_total offset 1h) or vector(0)", ""),
        (many, ""),
        (
            "sum(increase(app_errors_total{pod=\"a\"}[5m])) or vector(0)",
            "app_errors_total{namespace=\"shop\"} job=~\"web\",__name__!~\"up|scrape_.+\",pod=\"a\"",
        ),
        (
            "(sum(w{pod=\"a\",reason=\"CrashLoopBackOff\"}) or 0 * sum(w{pod=\"a\"})) or vector(0)",
            "w{namespace=\"shop\"} job=~\"web\",__name__!~\"up|scrape_.+\",pod=\"a\"",
        ),
        (
            "absent(x_failed{ code=~\"2..\" , a!=\"b\"})",
            "x_failed{namespace=\"shop\"} job=~\"web\",__name__!~\"up|scrape_.+\",a!=\"b\"",
        ),
        (
            "{\"x.errors\",a=\"b\"} or vector(0)",
            "{__name__=\"x.errors\",namespace=\"shop\"} job=~\"web\",__name__!~\"up|scrape_.+\",a=\"b\"",
        ),
        (
            "{__name__=\"x_errors\",a=\"b\"} or vector(0)",
            "x_errors{namespace=\"shop\"} job=~\"web\",__name__!~\"up|scrape_.+\",a=\"b\"",
        ),
        (
            "count(ALERTS{alertname=\"X\",a=\"b\"}) or vector(0)",
            "alert X",
        ),
        ("count(ALERTS{alertname=~\"X.*\"}) or vector(0)", "never"),
        (
            "count(ALERTS{alertname=\"X\",alertname!=\"Y\"}) or vector(0)",
            "never",
        ),
        ("count(ALERTS) or vector(0)", "never"),
    ] {
        let (candidates, _) = missing(text);
        let found: Vec<_> = candidates
            .iter()
            .map(
                |candidate| match candidate.look_up(Some(("namespace", "shop"))) {
                    None => "never".to_owned(),
                    Some(LookUp::Alert { name }) => format!("alert {name}"),
                    Some(LookUp::Jobs { metric }) => {
                        let exporter = candidate.exporter(&texts(&["web"]), FIVE_MINUTES);
                        let exporter = exporter.expect("an exporter");
                        let matchers = exporter
                            .strip_prefix("count(last_over_time({")
                            .and_then(|rest| rest.strip_suffix("}[300000ms]))"));
                        format!("{metric} {}", matchers.expect("its form"))
                    }
                },
            )
            .collect();
        assert_eq!(found.join(", "), wanted, "`{text}`");
    }
}

#[test]
fn without_a_namespace_the_metric_alone_is_looked_up() {
    for (text, wanted) in [
        ("x_errors or vector(0)", "x_errors"),
        ("{\"x.errors\"} or vector(0)", "{__name__=\"x.errors\"}"),
    ] {
        let (candidates, _) = missing(text);
        let metric = wanted.to_owned();
        assert_eq!(candidates[0].look_up(None), Some(LookUp::Jobs { metric }));
    }
}

#[test]
fn jobs_are_quoted_and_bounded() {
    let (candidates, _) = missing("x_errors or vector(0)");
    let many: Vec<String> = (0..21).map(|number| format!("job{number}")).collect();
    for (jobs, wanted) in [
        (
            texts(&["web"]),
            Some("{job=~\"web\",__name__!~\"up|scrape_.+\"}"),
        ),
        (
            texts(&["a/b.c", "d|e"]),
            Some("{job=~\"a/b\\\\.c|d\\\\|e\",__name__!~\"up|scrape_.+\"}"),
        ),
        (
            texts(&["\"\n"]),
            Some("{job=~\"\\\"\\n\",__name__!~\"up|scrape_.+\"}"),
        ),
        (Vec::new(), None),
        // That would be every job.
        (texts(&[""]), None),
        (many, None),
    ] {
        let exporter = candidates[0].exporter(&jobs, FIVE_MINUTES);
        let wanted = wanted.map(|selector| format!("count(last_over_time({selector}[300000ms]))"));
        assert_eq!(exporter, wanted, "{jobs:?}");
        if let Some(exporter) = exporter {
            assert!(parse(&exporter, Options::default()).is_ok(), "`{exporter}`");
        }
    }
}

#[test]
fn all_must_be_heard() {
    let (counters, _) = missing("(a_errors or vector(0)) + (b_errors or vector(0))");
    let (mixed, _) = missing("(ALERTS{alertname=\"X\"} or vector(0)) + (b_errors or vector(0))");
    let (alert, _) = missing("ALERTS{alertname=\"X\"} or vector(0)");
    for (candidates, answer, wanted) in [
        (&counters, &[("w", 1.0), ("h1", 3.0), ("h2", 1.0)][..], true),
        (&counters, &[("w", 1.0), ("h1", 3.0)], false),
        (&counters, &[("h1", 3.0), ("h2", 1.0)], false),
        (&counters, &[("w", 0.0), ("h1", 3.0), ("h2", 1.0)], false),
        (
            &counters,
            &[("w", 1.0), ("h1", f64::NAN), ("h2", 1.0)],
            false,
        ),
        (&mixed, &[("w", 1.0), ("h2", 1.0)], true),
        (&mixed, &[("w", 1.0), ("h1", 1.0)], false),
        (&alert, &[("w", 1.0)], true),
        (&alert, &[], false),
    ] {
        assert_eq!(is_heard(candidates, &numbers(answer)), wanted, "{answer:?}");
    }
}

/// The fallback of the requests is not believed along with that of the failures.
#[test]
fn only_places_of_failures_are_candidates() {
    let text = "(sum(x{code=\"500\"}) or vector(0)) / (sum(x) or vector(1))";
    let (candidates, selected) = missing(text);
    let spans = candidates[0].spans(&selected);
    let spans: Vec<_> = spans.iter().map(|span| span.of(text)).collect();
    assert_eq!(spans, ["x{code=\"500\"}"]);
    assert_eq!(selected[0].spans.len(), 2);
}
