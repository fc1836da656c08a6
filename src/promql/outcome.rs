//! A matcher into what it picks: failures, successes, or neither.
//!
//! Two lists of texts decide, the only ones of the program: what a matcher accepts of them says what it is about.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::promql::ast::{MatchOp, Matcher, Selector};
use crate::text::regexp::{Plain, compile_anchored};

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

/// Under a label of classes, `envoy_response_code_class="5"`.
const FAILED_CLASSES: [&str; 2] = ["4", "5"];

/// The same of successes.
const CLASSES: [&str; 2] = ["2", "3"];

/// Under a label of errors, `error="true"`.
const ERRORS: [&str; 1] = ["true"];

/// The same of successes.
const NO_ERRORS: [&str; 2] = ["false", ""];

/// gRPC's code of success.
const GRPC_OK: [&str; 1] = ["0"];

/// What a server's errors are called, and its class of them.
const SERVER_ERRORS: [&str; 6] = ["500", "501", "502", "503", "504", "5xx"];
const SERVER_CLASS: [&str; 1] = ["5"];

/// Some of all texts, a bit each in the order of [`Words::texts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted([u64; 3]);

impl Accepted {
    const NONE: Accepted = Accepted([0; 3]);

    fn of(texts: impl Iterator<Item = bool>) -> Self {
        let mut all = Accepted::NONE;
        for (at, is_in) in texts.enumerate().take(64 * 3) {
            all.0[at / 64] |= u64::from(is_in) << (at % 64);
        }
        all
    }

    fn each(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        let ([a, b, c], [d, e, f]) = (self.0, other.0);
        Accepted([join(a, d), join(b, e), join(c, f)])
    }

    fn or(self, other: Self) -> Self {
        self.each(other, |a, b| a | b)
    }

    fn without(self, other: Self) -> Self {
        self.each(other, |a, b| a & !b)
    }

    fn meets(self, other: Self) -> bool {
        self.each(other, |a, b| a & b) != Accepted::NONE
    }
}

/// All texts, and which of them are on which list.
struct Words {
    texts: Vec<String>,
    failures: Accepted,
    successes: Accepted,
    failed_classes: Accepted,
    classes: Accepted,
    errors: Accepted,
    no_errors: Accepted,
    grpc_ok: Accepted,
    server_errors: Accepted,
    server_class: Accepted,
    /// `5xx`, which stands for a class.
    class_names: Accepted,
    /// What holds a letter.
    worded: Accepted,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let (failures, successes) = (written(&FAILURES), written(&SUCCESSES));
    let mut texts = [&failures[..], &successes].concat();
    for more in [&FAILED_CLASSES[..], &CLASSES, &ERRORS, &NO_ERRORS, &GRPC_OK] {
        texts.extend(more.iter().map(|&text| text.to_owned()));
    }
    texts.sort();
    texts.dedup();
    let mask = |list: &[&str]| Accepted::of(texts.iter().map(|text| list.contains(&text.as_str())));
    let long = |list: &[String]| Accepted::of(texts.iter().map(|text| list.contains(text)));
    Words {
        failures: long(&failures),
        successes: long(&successes),
        failed_classes: mask(&FAILED_CLASSES),
        classes: mask(&CLASSES),
        errors: mask(&ERRORS),
        no_errors: mask(&NO_ERRORS),
        grpc_ok: mask(&GRPC_OK),
        server_errors: mask(&SERVER_ERRORS),
        server_class: mask(&SERVER_CLASS),
        class_names: Accepted::of(texts.iter().map(|text| is_class_name(text))),
        worded: Accepted::of(
            texts
                .iter()
                .map(|text| text.contains(|c: char| c.is_ascii_alphabetic())),
        ),
        texts,
    }
});

/// `5xx`, `4XX`
fn is_class_name(text: &str) -> bool {
    text.len() == 3 && text.to_ascii_lowercase().ends_with("xx")
}

/// The texts of a list the ways they are met.
fn written(list: &[&str]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::with_capacity(list.len() * 3);
    for text in list {
        texts.push((*text).to_owned());
        if text.chars().any(char::is_alphabetic) && *text == text.to_lowercase() {
            texts.push(capitalised(text));
            texts.push(text.to_uppercase());
        }
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
    failures: Accepted,
    successes: Accepted,
}

impl Texts {
    fn of(label: &str) -> Self {
        let words = &*WORDS;
        let (mut failures, mut successes) = (words.failures, words.successes);
        if label.ends_with("_class") {
            failures = failures.or(words.failed_classes);
            successes = successes.or(words.classes);
        }
        if label.starts_with("error") {
            failures = failures.or(words.errors);
            successes = successes.or(words.no_errors);
        }
        if label.starts_with("grpc_") {
            successes = successes.or(words.grpc_ok);
        }
        Texts {
            failures,
            successes,
        }
    }

    /// Those of both lists that stand in data under this label: a class by its name only where the label is of classes, and
    /// numbers alone where it is of HTTP's codes.
    fn likely(&self, label: &str) -> Accepted {
        let words = &*WORDS;
        let all = self.failures.or(self.successes);
        if label.ends_with("_class") {
            return all;
        }
        match label.starts_with("http_") || label.ends_with("response_code") {
            true => all.without(words.worded),
            false => all.without(words.class_names),
        }
    }

    /// What a positive matcher picks that accepts these.
    fn picked(&self, accepted: Accepted) -> Picks {
        match (
            self.failures.meets(accepted),
            self.successes.meets(accepted),
        ) {
            (true, false) => Picks::Failures,
            (false, true) => Picks::Successes,
            _ => Picks::Neither,
        }
    }
}

/// Which texts a matcher's positive form accepts; none for what is no pattern.
fn accepted(matcher: &Matcher) -> Option<Accepted> {
    let value = matcher.value.value.as_slice();
    let texts = WORDS.texts.iter();
    if matches!(matcher.op, MatchOp::Equal | MatchOp::NotEqual) {
        return Some(Accepted::of(texts.map(|text| text.as_bytes() == value)));
    }
    if value == b".+" {
        return Some(Accepted::of(texts.map(String::is_empty)));
    }
    let pattern = std::str::from_utf8(value).ok()?;
    if let Some(plain) = Plain::read(pattern) {
        return Some(Accepted::of(
            texts.map(|text| plain.is_match(text) == Some(true)),
        ));
    }
    let pattern = compile_anchored(pattern).ok()?;
    Some(Accepted::of(
        texts.map(|text| pattern.is_match(text.as_bytes())),
    ))
}

/// A matcher read: whether it is negated, and what its positive form accepts. `=~".+"` is read as `!=""`. None for a
/// value with a hole, and for what is no pattern.
fn read(matcher: &Matcher) -> Option<(bool, Accepted)> {
    if !matcher.value.is_known {
        return None;
    }
    let accepted = (*matcher.accepted.get_or(|| accepted(matcher)))?;
    let is_any = matcher.value.value == b".+";
    let is_negated = match matcher.op {
        MatchOp::Equal => false,
        MatchOp::NotEqual => true,
        MatchOp::Regexp => is_any,
        MatchOp::NotRegexp => !is_any,
    };
    Some((is_negated, accepted))
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
    let Some((is_negated, accepted)) = read(matcher) else {
        return false;
    };
    let texts = Texts::of(label);
    let all = texts.failures.or(texts.successes);
    match is_negated {
        true => all.meets(accepted),
        false => all.without(accepted) != Accepted::NONE,
    }
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

/// Whether data can hold what a selector asks for by its outcome matchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Each label's matchers accept a text that stands there.
    Likely,
    /// What one asks for is no such text: `code=~"5xx"`, `code="5.."`; or its value is not known.
    Unlikely,
    /// Two matchers on one label exclude each other: `code=~"5..",code=~"2.."`.
    Nothing,
}

/// What a selector asks for by its outcome matchers.
pub fn asked(selector: &Selector, labels: &Labels) -> Asked {
    let metric = selector.metric();
    let matchers = selector.matchers.iter();
    let mut by_label: Vec<(&str, Vec<&Matcher>)> = Vec::new();
    for matcher in matchers.filter(|matcher| is_outcome(matcher, metric, labels)) {
        let label = matcher.label.text.as_str();
        match by_label.iter_mut().find(|(own, _)| *own == label) {
            Some((_, own)) => own.push(matcher),
            None => by_label.push((label, vec![matcher])),
        }
    }
    let mut all = Asked::Likely;
    for (label, matchers) in by_label {
        match asked_together(label, &matchers) {
            Asked::Likely => {}
            Asked::Unlikely => all = Asked::Unlikely,
            Asked::Nothing => return Asked::Nothing,
        }
    }
    all
}

fn asked_together(label: &str, matchers: &[&Matcher]) -> Asked {
    let Some(read) = matchers
        .iter()
        .map(|matcher| read(matcher))
        .collect::<Option<Vec<_>>>()
    else {
        return Asked::Unlikely;
    };
    let likely = Texts::of(label).likely(label);
    let (negated, positive): (Vec<_>, Vec<_>) = read.into_iter().partition(|(is_not, _)| *is_not);
    let refused = negated
        .iter()
        .fold(Accepted::NONE, |all, (_, own)| all.or(*own));
    let accepted = positive.iter().map(|(_, own)| *own);
    let each_is_likely = accepted.clone().all(|own| own.meets(likely));
    let (is_likely, has_several) = match accepted.reduce(|all, own| all.each(own, |a, b| a & b)) {
        None => (refused.meets(likely), false),
        Some(together) => (together.without(refused).meets(likely), matchers.len() > 1),
    };
    match (is_likely, has_several && each_is_likely) {
        (true, _) => Asked::Likely,
        (false, true) => Asked::Nothing,
        (false, false) => Asked::Unlikely,
    }
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
    let refused = read.iter().filter(|(is_negated, _)| *is_negated);
    let refused = refused.fold(Accepted::NONE, |all, (_, own)| all.or(*own));
    let accepted = read.iter().filter(|(is_negated, _)| !is_negated);
    let accepted = accepted
        .map(|(_, own)| *own)
        .reduce(|all, own| all.each(own, |a, b| a & b));
    match accepted {
        None => texts.picked(refused).opposite(),
        Some(accepted) => texts.picked(accepted.without(refused)),
    }
}

/// The matcher says "5xx" in so many words: it is not negated, picks failures, and accepts a server's error.
pub fn is_server_error(matcher: &Matcher, metric: Option<&str>, labels: &Labels) -> bool {
    if picks(matcher, metric, labels) != Picks::Failures {
        return false;
    }
    let words = &*WORDS;
    let errors = match matcher.label.text.ends_with("_class") {
        true => words.server_errors.or(words.server_class),
        false => words.server_errors,
    };
    matches!(read(matcher), Some((false, accepted)) if accepted.meets(errors))
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
    fn what_stands_in_data() {
        use Asked::{Likely, Nothing, Unlikely};
        let cases = [
            (r#"x{code=~"5.."}"#, Likely),
            (r#"x{code=~"5xx|500"}"#, Likely),
            (r#"x{code!~"2.."}"#, Likely),
            (r#"x{code=~"5..",code!="503"}"#, Likely),
            (r#"x{status="error"}"#, Likely),
            (r#"x{status_class="5xx"}"#, Likely),
            (r#"x{envoy_response_code_class="5"}"#, Likely),
            (r#"x{error!=""}"#, Likely),
            (r#"x{code=~"5xx"}"#, Unlikely),
            (r#"x{code="5XX"}"#, Unlikely),
            (r#"x{http_status="5xx"}"#, Unlikely),
            (r#"x{http_status_code="error"}"#, Unlikely),
            (r#"x{code="5.."}"#, Unlikely),
            (r#"x{code=~"5"}"#, Unlikely),
            (r#"x{code="50"}"#, Unlikely),
            (r#"x{code=~" 5.."}"#, Unlikely),
            (r#"x{code=~"5..",status="5.."}"#, Unlikely),
            (r#"x{code=~"5..",code=~"2.."}"#, Nothing),
            (r#"x{code="500",code="200"}"#, Nothing),
            (r#"x{code="500",code!~"5.."}"#, Nothing),
        ];
        for (query, wanted) in cases {
            let found = asked(&selector(query), &Labels::default());
            assert_eq!(found, wanted, "`{query}`");
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
    fn every_text_has_its_bit() {
        let words = &*WORDS;
        assert!(words.texts.len() <= 64 * 3);
        let bits =
            |accepted: Accepted| accepted.0.iter().map(|bits| bits.count_ones()).sum::<u32>();
        assert_eq!(
            bits(Accepted::of(words.texts.iter().map(|_| true))) as usize,
            words.texts.len()
        );
        assert_eq!(bits(words.server_errors), 6);
        assert!(
            words
                .texts
                .iter()
                .all(|text| text.is_ascii() && text.len() < 64)
        );
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
