//! A matcher into what it picks: failures, successes, or neither.
//!
//! Two lists of texts decide, the only ones of the program: what a matcher accepts of them says what it is about.

use std::collections::HashSet;

use crate::promql::ast::{MatchOp, Matcher, Selector};
use crate::text::regexp::{Pattern, compile_anchored};

/// Labels with a meaning; settable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// They tell what happened, not to whom.
    pub outcome: Vec<String>,
    /// They tell in which namespace.
    pub namespace: Vec<String>,
}

impl Default for Labels {
    fn default() -> Self {
        let owned = |labels: &[&str]| labels.iter().map(|&label| label.to_owned()).collect();
        Labels {
            outcome: owned(&[
                "code",
                "status",
                "status_code",
                "http_status",
                "http_status_code",
                "status_class",
                "response_code",
                "http_response_status_code",
                "envoy_response_code_class",
                "grpc_code",
                "grpc_status",
                "error",
                "error_type",
                "exception",
                "result",
                "outcome",
                "phase",
                "reason",
                "severity",
                "level",
                "classification",
            ]),
            namespace: owned(&[
                "namespace",
                "exported_namespace",
                "kubernetes_namespace",
                "k8s_namespace_name",
                "destination_workload_namespace",
                "destination_service_namespace",
            ]),
        }
    }
}

/// What a matcher, or a selector, is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Picks {
    /// What went wrong.
    Failures,
    /// What went well.
    Successes,
    /// Both, something else, or it cannot be told.
    Neither,
}

impl Picks {
    fn opposite(self) -> Self {
        match self {
            Picks::Failures => Picks::Successes,
            Picks::Successes => Picks::Failures,
            Picks::Neither => Picks::Neither,
        }
    }
}

/// What failures are called. Words in lower case are also met capitalised and in capitals.
const FAILURES: [&str; 38] = [
    "400",
    "401",
    "403",
    "404",
    "408",
    "409",
    "429",
    "499",
    "500",
    "501",
    "502",
    "503",
    "504",
    "4xx",
    "5xx",
    "error",
    "err",
    "fail",
    "failed",
    "failure",
    "timeout",
    "rejected",
    "dropped",
    "denied",
    "critical",
    "fatal",
    "exception",
    "panic",
    "unknown",
    "internal",
    "unavailable",
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "OOMKilled",
    "DeadlineExceeded",
    "DataLoss",
    "ResourceExhausted",
];

/// What successes are called, the same three ways.
const SUCCESSES: [&str; 17] = [
    "200",
    "201",
    "202",
    "204",
    "301",
    "302",
    "304",
    "2xx",
    "3xx",
    "ok",
    "success",
    "successful",
    "succeeded",
    "completed",
    "approved",
    "allocated",
    "none",
];

/// The texts of one list as they are met under a label.
fn texts(list: &[&str], of_class: &[&str], of_errors: &[&str], label: &str) -> Vec<String> {
    let mut texts: Vec<String> = Vec::with_capacity(list.len() * 3);
    for text in list {
        texts.push((*text).to_owned());
        if text.chars().any(char::is_alphabetic) && *text == text.to_lowercase() {
            texts.push(capitalised(text));
            texts.push(text.to_uppercase());
        }
    }
    let mut add = |more: &[&str]| texts.extend(more.iter().map(|&text| text.to_owned()));
    if label.ends_with("_class") {
        add(of_class);
    }
    if label.starts_with("error") {
        add(of_errors);
    }
    texts
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Both lists for a label.
struct Texts {
    failures: Vec<String>,
    successes: Vec<String>,
}

impl Texts {
    fn of(label: &str) -> Self {
        let mut successes = texts(&SUCCESSES, &["2", "3"], &["false", ""], label);
        if label.starts_with("grpc_") {
            successes.push("0".to_owned());
        }
        Texts {
            failures: texts(&FAILURES, &["4", "5"], &["true"], label),
            successes,
        }
    }

    /// What a positive matcher picks that accepts what `accepts` says.
    fn picked(&self, accepts: impl Fn(&str) -> bool) -> Picks {
        let failures = self.failures.iter().any(|text| accepts(text));
        let successes = self.successes.iter().any(|text| accepts(text));
        match (failures, successes) {
            (true, false) => Picks::Failures,
            (false, true) => Picks::Successes,
            _ => Picks::Neither,
        }
    }
}

/// What a matcher's positive form accepts.
enum Accepts<'a> {
    Text(&'a [u8]),
    Pattern(Pattern),
}

impl Accepts<'_> {
    fn accepts(&self, text: &str) -> bool {
        match self {
            Accepts::Text(wanted) => *wanted == text.as_bytes(),
            Accepts::Pattern(pattern) => pattern.is_match(text.as_bytes()),
        }
    }
}

/// A matcher read: whether it is negated, and what its positive form accepts. `=~".+"` is read as `!=""`. None for a
/// value with a hole, and for what is no pattern.
fn read(matcher: &Matcher) -> Option<(bool, Accepts<'_>)> {
    let value = matcher.value.value.as_slice();
    if !matcher.value.is_known {
        return None;
    }
    let pattern = || {
        std::str::from_utf8(value)
            .ok()
            .and_then(|text| compile_anchored(text).ok())
            .map(Accepts::Pattern)
    };
    Some(match matcher.op {
        MatchOp::Equal => (false, Accepts::Text(value)),
        MatchOp::NotEqual => (true, Accepts::Text(value)),
        MatchOp::Regexp if value == b".+" => (true, Accepts::Text(b"")),
        MatchOp::NotRegexp if value == b".+" => (false, Accepts::Text(b"")),
        MatchOp::Regexp => (false, pattern()?),
        MatchOp::NotRegexp => (true, pattern()?),
    })
}

/// Whether the matcher is about what happened: on an outcome label, and not true of every text of both lists. A `phase`
/// of `kube_…` is none. With a value that is not known it is one.
pub fn is_outcome(matcher: &Matcher, metric: Option<&str>, labels: &Labels) -> bool {
    let label = matcher.label.text.as_str();
    if !labels.outcome.iter().any(|outcome| outcome == label) || is_kubernetes_phase(label, metric)
    {
        return false;
    }
    if !matcher.value.is_known {
        return true;
    }
    let Some((is_negated, accepts)) = read(matcher) else {
        return false;
    };
    let texts = Texts::of(label);
    texts
        .failures
        .iter()
        .chain(&texts.successes)
        .any(|text| accepts.accepts(text) == is_negated)
}

fn is_kubernetes_phase(label: &str, metric: Option<&str>) -> bool {
    label == "phase" && metric.is_some_and(|name| name.starts_with("kube_"))
}

/// What one matcher picks: neither, where it is no outcome matcher or its value is not known.
pub fn picks(matcher: &Matcher, metric: Option<&str>, labels: &Labels) -> Picks {
    if is_outcome(matcher, metric, labels) {
        picked_together(&[matcher])
    } else {
        Picks::Neither
    }
}

/// What a selector picks by all its outcome matchers; neither, where they disagree. Matchers on one label hold together:
/// `code=~"5..",code!="503"` picks failures.
pub fn selector_picks(selector: &Selector, labels: &Labels) -> Picks {
    let metric = selector.metric();
    let matchers: Vec<&Matcher> = selector
        .matchers
        .iter()
        .filter(|matcher| is_outcome(matcher, metric, labels))
        .collect();
    let mut seen = HashSet::new();
    let mut all = Picks::Neither;
    for matcher in &matchers {
        let label = matcher.label.text.as_str();
        if !seen.insert(label) {
            continue;
        }
        let same_label: Vec<&Matcher> = matchers
            .iter()
            .copied()
            .filter(|other| other.label.text == label)
            .collect();
        all = match (all, picked_together(&same_label)) {
            (all, Picks::Neither) => all,
            (Picks::Neither, picks) => picks,
            (all, picks) if all == picks => all,
            _ => return Picks::Neither,
        };
    }
    all
}

/// What matchers on one label pick together. Where one is positive, the texts that all accept decide; where all are
/// negated, what they refuse.
fn picked_together(matchers: &[&Matcher]) -> Picks {
    let Some(first) = matchers.first() else {
        return Picks::Neither;
    };
    let Some(read) = matchers
        .iter()
        .map(|matcher| read(matcher))
        .collect::<Option<Vec<_>>>()
    else {
        return Picks::Neither;
    };
    let texts = Texts::of(&first.label.text);
    if read.iter().all(|(is_negated, _)| *is_negated) {
        texts
            .picked(|text| read.iter().any(|(_, accepts)| accepts.accepts(text)))
            .opposite()
    } else {
        texts.picked(|text| {
            read.iter()
                .all(|(is_negated, accepts)| accepts.accepts(text) != *is_negated)
        })
    }
}

/// The matcher says "5xx" in so many words: it is not negated, picks failures, and accepts a server's error.
pub fn is_server_error(matcher: &Matcher, metric: Option<&str>, labels: &Labels) -> bool {
    if picks(matcher, metric, labels) != Picks::Failures {
        return false;
    }
    let of_class: &[&str] = if matcher.label.text.ends_with("_class") {
        &["5"]
    } else {
        &[]
    };
    let codes = ["500", "501", "502", "503", "504", "5xx"];
    matches!(read(matcher), Some((false, accepts))
        if codes.iter().chain(of_class).any(|text| accepts.accepts(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::ast::ExprKind;
    use crate::promql::{Options, parse};

    fn selector(query: &str) -> Selector {
        match parse(query, Options::default())
            .expect("the query parses")
            .expr
            .kind
        {
            ExprKind::Selector(selector) => selector,
            _ => panic!("`{query}` is no selector"),
        }
    }

    #[test]
    fn what_selectors_pick() {
        use Picks::{Failures, Neither, Successes};
        let cases = [
            (r#"x{code=~"5.."}"#, Failures),
            (r#"x{code=~"5..|4.."}"#, Failures),
            (r#"x{code=~"[45].."}"#, Failures),
            (r#"x{code="500"}"#, Failures),
            (r#"x{code!="200"}"#, Failures),
            (r#"x{code!~"2.."}"#, Failures),
            (r#"x{code!~"2..|3.."}"#, Failures),
            (r#"x{code!~"2..",code!~"3.."}"#, Failures),
            (r#"x{code=~"5..",code!="503"}"#, Failures),
            (r#"x{code=~"2.."}"#, Successes),
            (r#"x{code!~"5.."}"#, Successes),
            (r#"x{code!~"5..|4.."}"#, Successes),
            (r#"x{code=~"2..|4.."}"#, Neither),
            (r#"x{code=~".*"}"#, Neither),
            (r#"x{code=~".+"}"#, Neither),
            (r#"x{code!=""}"#, Neither),
            (r#"x{status="error"}"#, Failures),
            (r#"x{status="Error"}"#, Failures),
            (r#"x{status="ERROR"}"#, Failures),
            (r#"x{status="ok"}"#, Successes),
            (r#"x{status!="ok"}"#, Failures),
            (r#"x{grpc_code="OK"}"#, Successes),
            (r#"x{grpc_code!="OK"}"#, Failures),
            (r#"x{grpc_code!="0"}"#, Failures),
            (r#"x{code="0"}"#, Neither),
            (
                r#"x{grpc_code=~"Internal|Unavailable|DeadlineExceeded"}"#,
                Failures,
            ),
            (r#"x{error="true"}"#, Failures),
            (r#"x{error="false"}"#, Successes),
            (r#"x{error!=""}"#, Failures),
            (r#"x{error=~".+"}"#, Failures),
            (r#"x{error=""}"#, Successes),
            (r#"x{error!~".+"}"#, Successes),
            (r#"x{result="true"}"#, Neither),
            (r#"x{envoy_response_code_class="5"}"#, Failures),
            (r#"x{envoy_response_code_class!="5"}"#, Successes),
            (r#"x{envoy_response_code_class="2"}"#, Successes),
            (r#"x{status_class="5xx"}"#, Failures),
            (r#"x{reason="Evicted"}"#, Neither),
            (r#"x{reason="CrashLoopBackOff"}"#, Failures),
            (r#"x{reason="Completed"}"#, Successes),
            (r#"x{phase="Failed"}"#, Failures),
            (r#"kube_pod_status_phase{phase="Failed"}"#, Neither),
            (r#"x{exception!="None"}"#, Failures),
            (r#"x{exception="none"}"#, Successes),
            (r#"x{pod=~"5.."}"#, Neither),
            (r#"x{code=~"5..",status="ok"}"#, Neither),
            (r#"x{code=~"5..",reason="y"}"#, Failures),
        ];
        let labels = Labels::default();
        for (query, wanted) in cases {
            assert_eq!(
                selector_picks(&selector(query), &labels),
                wanted,
                "`{query}`"
            );
        }
    }

    #[test]
    fn which_matchers_tell_the_outcome() {
        let cases = [
            (r#"x{code=~"5.."}"#, true),
            (r#"x{code=~"2..|4.."}"#, true),
            (r#"x{code=~".*"}"#, false),
            (r#"x{code=~".+"}"#, false),
            (r#"x{code!=""}"#, false),
            (r#"x{error!=""}"#, true),
            (r#"x{error=~".+"}"#, true),
            (r#"x{reason="Evicted"}"#, true),
            (r#"x{pod="500"}"#, false),
            (r#"x{phase="Failed"}"#, true),
            (r#"kube_pod_status_phase{phase="Failed"}"#, false),
        ];
        let labels = Labels::default();
        for (query, wanted) in cases {
            let selector = selector(query);
            let found = is_outcome(&selector.matchers[0], selector.metric(), &labels);
            assert_eq!(found, wanted, "`{query}`");
        }
    }

    #[test]
    fn labels_can_be_set() {
        let labels = Labels {
            outcome: vec!["rc".into()],
            ..Labels::default()
        };
        assert_eq!(
            selector_picks(&selector(r#"x{rc="500"}"#), &labels),
            Picks::Failures
        );
        assert_eq!(
            selector_picks(&selector(r#"x{code="500"}"#), &labels),
            Picks::Neither
        );
    }
}
