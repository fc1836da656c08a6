//! A query, its placeholders filled, into the text that is sent: namespace, zeros and fallback written in.
//!
//! All are edits at the bytes of the tree, so comments and blanks stay as the author wrote them. The namespace comes first,
//! so that it stands in the unsliced half of a completed sum as well.

use crate::evidence::namespace::{self, Conflict, Namespace};
use crate::promql::ast::{Expr, ExprKind, ValueType};
use crate::promql::edit::{Edit, append, apply, replace, wrap};
use crate::promql::outcome::Labels;
use crate::promql::zeros::completed;
use crate::promql::{Features, Options, ParseError, Query, parse};
use crate::text::float::go_float_short;

/// What is written into a query.
#[derive(Debug, Clone, Copy)]
pub struct Writing<'a> {
    /// Labels with a meaning.
    pub labels: &'a Labels,
    /// Whether sums of slices are completed: `sum(…5xx…)` to `(sum(…5xx…) or 0 * sum(…))`.
    pub zeros: bool,
    /// The namespace that all data come from.
    pub namespace: Option<Namespace<'a>>,
    /// What is answered where nothing is: `(…) or on() vector(N)`. A number, a string and a range take none: a number is
    /// always there, the others are no answer of a gate.
    pub fallback: Option<f64>,
}

/// What is sent, and its tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The text; the author's own where nothing had to be written.
    pub text: String,
    /// Its tree.
    pub query: Query,
}

/// No text can be made of the query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The query itself cannot be read.
    #[error("read the query")]
    Parse(#[source] Box<ParseError>),
    /// A selector asks for another namespace.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// With what was written into it, the query cannot be read: it was at a limit before, or the namespace's label is none.
    #[error("write {what} into the query")]
    Written {
        /// What was written.
        what: &'static str,
        /// Why it cannot be read.
        source: Box<ParseError>,
    },
    /// Two of the places to write at overlap, which nodes of one tree do not; nothing is sent without what was asked for.
    #[error("write {what} into the query: two places overlap")]
    Overlap {
        /// What was to be written.
        what: &'static str,
    },
}

/// Writes into `query`, whose placeholders are filled.
///
/// It is read with every feature flag of Prometheus on, and if it is then none, with none on: which of them the server has is
/// its own to say.
///
/// Errors: the query cannot be read, or a selector asks for another namespace.
pub fn text(query: &str, writing: &Writing<'_>) -> Result<Text, TextError> {
    let mut text = Text {
        text: query.to_owned(),
        query: read(query).map_err(|error| TextError::Parse(Box::new(error)))?,
    };
    if let Some(namespace) = writing.namespace {
        let edits = namespace::edits(&text.text, &text.query.expr, namespace)?;
        text.write(&edits, "the namespace")?;
    }
    if writing.zeros {
        let edits = zeros(&text, writing.labels);
        text.write(&edits, "zeros")?;
    }
    if let Some(number) = writing.fallback
        && text.query.expr.value_type == ValueType::Vector
    {
        let edits = fallback(&text.query, number);
        text.write(&edits, "`fallback`")?;
    }
    Ok(text)
}

/// Reads a text as one that is sent: by all flags, else by none.
pub(super) fn read(text: &str) -> Result<Query, ParseError> {
    let options = |features| Options {
        features,
        holes: &[],
    };
    parse(text, options(Features::All)).or_else(|_| parse(text, options(Features::Stock)))
}

impl Text {
    fn write(&mut self, edits: &[Edit], what: &'static str) -> Result<(), TextError> {
        if edits.is_empty() {
            return Ok(());
        }
        let text = apply(&self.text, edits).ok_or(TextError::Overlap { what })?;
        let query = read(&text).map_err(|error| TextError::Written {
            what,
            source: Box::new(error),
        })?;
        *self = Text { text, query };
        Ok(())
    }
}

fn zeros(text: &Text, labels: &Labels) -> Vec<Edit> {
    let expr = &text.query.expr;
    let completions = completed(&text.text, expr, labels);
    if completions.is_empty() {
        return Vec::new();
    }
    let bare = behind_bare_groups(&text.text, expr);
    let edits = completions.iter().map(|completion| {
        let mut new = completion.completed(completion.span.of(&text.text));
        if bare.contains(&completion.span.start) {
            new.insert_str(0, "() ");
        }
        replace(completion.span, new)
    });
    edits.collect()
}

/// Where an operand begins behind a `group_left` without parentheses, which would take the operand's for the list of its labels.
fn behind_bare_groups(text: &str, expr: &Expr) -> Vec<usize> {
    let mut found = Vec::new();
    expr.walk(&mut |node| {
        if let ExprKind::Binary(binary) = &node.kind
            && let Some(matching) = &binary.matching
            && !matching.span.of(text).ends_with(')')
        {
            found.push(binary.right.span.start);
        }
    });
    found
}

/// `(…) or on() vector(N)`, before a comment that ends the text.
fn fallback(query: &Query, number: f64) -> Vec<Edit> {
    let mut edits = wrap(query.expr.span, "(", "").to_vec();
    let constant = format!(") or on() vector({})", go_float_short(number));
    edits.push(append(query.end, &constant));
    edits
}

#[cfg(test)]
mod tests {
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
        assert_eq!(text(query, &writing).expect("there is one").text, query);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let error = text("sum(", &PLAIN).expect_err("it is refused");
        assert!(matches!(error, TextError::Parse(_)), "{error:?}");
        let writing = Writing {
            namespace: Some(Namespace {
                label: "__name__",
                value: "shop",
            }),
            ..PLAIN
        };
        let error = text("up", &writing).expect_err("it is refused");
        assert!(matches!(error, TextError::Written { .. }), "{error:?}");
        assert_eq!(error.to_string(), "write the namespace into the query");
    }
}
