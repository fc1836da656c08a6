use super::*;
use crate::promql::{Options, parse};

fn found(text: &str) -> Option<Events> {
    let query = parse(text, Options::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
    events(text, &query.expr, &Labels::default())
}

#[test]
fn events_are_derived() {
    for (text, wanted) in [
        // A ratio: its denominator.
        (
            "sum(rate(e[5m])) / sum(rate(t[5m]))",
            "sum(increase(t[5m]))",
        ),
        (
            "sum(rate(e[5m])) / (sum(rate(t{a=\"b\"}[5m] offset 1h)) > 0)",
            "sum(increase(t{a=\"b\"}[5m] offset 1h))",
        ),
        (
            "1 - e / clamp_min(sum by (a) (increase(t[90s])), 1)",
            "sum(increase(t[90s]))",
        ),
        (
            "sum(rate(e[5m])) / (sum(rate(t[5m])) + sum(rate(u[5m])))",
            "min(label_replace(sum(increase(t[5m])), \"__event__\", \"1\", \"\", \"\") or \
             label_replace(sum(increase(u[5m])), \"__event__\", \"2\", \"\", \"\"))",
        ),
        (
            "sum(rate(e{code=\"500\"}[5m])) / sum(rate(t[5m]))",
            "sum(increase(t[5m]))",
        ),
        // Errors by successes: the slice, or all of what it was completed with.
        (
            "sum(rate(x{code=\"500\"}[5m])) / sum(rate(x{code=\"200\"}[5m]))",
            "sum(increase(x{code=\"200\"}[5m]))",
        ),
        (
            "(sum(rate(x{code=\"500\"}[5m])) or 0 * sum(rate(x[5m]))) \
             / (sum(rate(x{code=\"200\"}[5m])) or 0 * sum(rate(x[5m])))",
            "sum(increase(x[5m]))",
        ),
        // Not a ratio of counters.
        ("sum(x) / sum(y)", ""),
        ("sum(rate(x[5m])) / 60", ""),
        // A histogram: all of its observations.
        (
            "histogram_quantile(0.9, sum by (le) (rate(h_bucket{a=\"b\"}[5m])))",
            "sum(increase(h_bucket{a=\"b\",le=\"+Inf\"}[5m]))",
        ),
        (
            "histogram_quantile(0.9, rate(h_bucket{le=~\".*\"}[5m]))",
            "sum(increase(h_bucket{le=\"+Inf\"}[5m]))",
        ),
        (
            "histogram_quantile(0.9, sum(rate(h[5m])))",
            "sum(histogram_count(increase(h[5m])))",
        ),
        (
            "histogram_quantile(0.9, sum by (le) (rate(h[5m])))",
            "sum(increase(h{le=\"+Inf\"}[5m]))",
        ),
        ("histogram_quantile(0.9, job:h_bucket:rate5m)", ""),
        // Outcomes: the same without.
        (
            "sum(increase(x{code=~\"5..\"}[5m])) or vector(0)",
            "sum(increase(x[5m]))",
        ),
        (
            "(sum(increase(http_requests_total{namespace=\"shop\",pod=~\"cart-.*\",code=~\"5..\"}[4m])) or 0 * \
             sum(increase(http_requests_total{namespace=\"shop\",pod=~\"cart-.*\"}[4m]))) or vector(0)",
            "sum(increase(http_requests_total{namespace=\"shop\",pod=~\"cart-.*\"}[4m]))",
        ),
        (
            "sum(irate(x{code=\"200\",reason=\"y\"}[5m] offset 5m))",
            "sum(increase(x[5m] offset 5m))",
        ),
        ("sum(increase(app_errors_total{code=\"500\"}[5m]))", ""),
        ("sum(increase(app_errors_total[5m]))", ""),
        ("sum(increase(restarts_total[5m])) or vector(0)", ""),
        ("sum(x{code=\"500\"})", ""),
        ("sum(rate({code=\"500\"}[5m]))", ""),
        (
            "sum(rate({code=\"500\",a=\"b\"}[5m]))",
            "sum(increase({a=\"b\"}[5m]))",
        ),
        (
            "x unless on() sum(rate(y{code=\"500\"}[5m])) / sum(rate(z[5m]))",
            "",
        ),
        // Under a subquery: all that it looks back over.
        (
            "max_over_time((sum(rate(x{code=\"500\"}[1m])) / sum(rate(x[1m])))[10m:1m])",
            "sum(increase(x[11m]))",
        ),
        (
            "max_over_time(rate(x{code=\"500\"}[1m])[10m:1m] offset 1h)",
            "",
        ),
        (
            "sum(rate(x{code=\"500\"}[5m] # why\n offset 1h))",
            "sum(increase(x[5m] # why\n offset 1h))",
        ),
    ] {
        let found = found(text);
        let expr = found.as_ref().map_or("", |events| events.expr.as_str());
        assert_eq!(expr, wanted, "`{text}`");
        if !wanted.is_empty() {
            assert!(parse(wanted, Options::default()).is_ok(), "`{wanted}`");
        }
    }
}

#[test]
fn the_window_is_told() {
    for (text, window, written) in [
        ("sum(rate(x{code=\"500\"}[5m]))", 300, "5m"),
        ("sum(rate(x{code=\"500\"}[300s] offset 1h))", 300, "300s"),
        (
            "max_over_time(rate(x{code=\"500\"}[1m])[10m:1m])",
            660,
            "11m",
        ),
    ] {
        let events = found(text).expect("events");
        assert_eq!(events.window, Some(Duration::from_secs(window)), "`{text}`");
        assert_eq!(events.window_text, written, "`{text}`");
    }
}

#[test]
fn the_authors_own_events_are_summed() {
    for (text, expr, window) in [
        ("x", "sum(x)", ""),
        ("increase(x[5m])", "sum(increase(x[5m]))", "5m"),
        ("scalar(x)", "sum(vector(scalar(x)))", ""),
        (
            "increase(x[5m]) # all",
            "sum(increase(x[5m]) # all\n)",
            "5m",
        ),
    ] {
        let events = Events::of_query(text);
        assert_eq!(
            (events.expr.as_str(), events.window_text.as_str()),
            (expr, window)
        );
        assert!(parse(expr, Options::default()).is_ok(), "`{expr}`");
    }
}
