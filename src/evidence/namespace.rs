//! A query and a namespace into the edits after which every selector takes nothing from elsewhere.
//!
//! A matcher that refuses the namespace is the author's contradiction and is told; one that pins it stays alone; beside
//! all others, a regular expression that accepts it too, the pin is written. `info()` looks for its labels in the whole
//! server: what it takes them from is pinned as well (Prometheus's `promql/info.go`, `fetchInfoSeries`).

use crate::promql::ast::{Expr, ExprKind, MatchOp, Matcher, Selector};
use crate::promql::edit::{Edit, add_matcher, quote, replace};
use crate::text::regexp::compile_anchored;
use crate::text::span::Span;

/// The namespace that all data come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Namespace<'a> {
    /// The label that tells it; any text.
    pub label: &'a str,
    /// Its name.
    pub value: &'a str,
}

impl Namespace<'_> {
    /// `namespace="shop"`, the label quoted where it is no plain name.
    pub fn matcher(&self) -> String {
        let value = quote(self.value);
        if is_plain(self.label) {
            format!("{}={value}", self.label)
        } else {
            format!("{}={value}", quote(self.label))
        }
    }
}

/// A selector asks for another namespace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "selector `{}` looks at another namespace than `{namespace}`: `{}` refuses it; \
     drop that matcher, the namespace is written into the query",
    shown(selector),
    shown(matcher)
)]
pub struct Conflict {
    /// The selector as written.
    pub selector: String,
    /// Its matcher that refuses the namespace.
    pub matcher: String,
    /// The namespace wanted.
    pub namespace: String,
    /// The matcher's bytes in the query.
    pub span: Span,
}

/// What is written into `query`, whose tree is `expr`, so that each selector, wherever it stands, takes a part of the
/// namespace.
///
/// `info(x)` becomes `info(x, {namespace="…"})`: it then takes from the namespace's `target_info` that label alone.
///
/// Errors: the first selector with a matcher that refuses the namespace.
pub fn edits(query: &str, expr: &Expr, namespace: Namespace<'_>) -> Result<Vec<Edit>, Conflict> {
    let matcher = namespace.matcher();
    let (mut edits, mut conflict, mut behind) = (Vec::new(), None, Vec::new());
    expr.walk(&mut |node| {
        if let Some(selector) = node.selector() {
            match stance(selector, namespace) {
                Stance::Pinned => {}
                Stance::Open => edits.push(add_matcher(selector, &matcher)),
                Stance::Refuses(refusing) => {
                    conflict.get_or_insert_with(|| Conflict {
                        selector: node.span.of(query).to_owned(),
                        matcher: refusing.span.of(query).to_owned(),
                        namespace: namespace.value.to_owned(),
                        span: refusing.span,
                    });
                }
            }
        }
        if let ExprKind::Call(call) = &node.kind
            && call.function.name == "info"
            && let [series] = call.args.as_slice()
        {
            behind.push(replace(
                Span::at(series.span.end),
                format!(", {{{matcher}}}"),
            ));
        }
    });
    // The series' own matcher comes first where both stand at one place.
    edits.append(&mut behind);
    conflict.map_or(Ok(edits), Err)
}

/// What a selector says of the namespace.
enum Stance<'a> {
    /// It takes nothing else.
    Pinned,
    /// It may take more.
    Open,
    /// It takes nothing of it, by this matcher.
    Refuses(&'a Matcher),
}

fn stance<'a>(selector: &'a Selector, namespace: Namespace<'_>) -> Stance<'a> {
    let mut is_pinned = false;
    let value = namespace.value.as_bytes();
    for matcher in &selector.matchers {
        if matcher.label.text != namespace.label || !matcher.value.is_known {
            continue;
        }
        if !accepts(matcher, value) {
            return Stance::Refuses(matcher);
        }
        is_pinned |= matcher.op == MatchOp::Equal;
    }
    if is_pinned {
        Stance::Pinned
    } else {
        Stance::Open
    }
}

/// Whether the matcher takes the value; where it cannot be told it does, as beside it the pin is written.
fn accepts(matcher: &Matcher, value: &[u8]) -> bool {
    let is_equal = || matcher.value.value == value;
    let is_match = || {
        let pattern = std::str::from_utf8(&matcher.value.value).ok()?;
        Some(compile_anchored(pattern).ok()?.is_match(value))
    };
    match matcher.op {
        MatchOp::Equal => is_equal(),
        MatchOp::NotEqual => !is_equal(),
        MatchOp::Regexp => is_match() != Some(false),
        MatchOp::NotRegexp => is_match() != Some(true),
    }
}

/// A name that every Prometheus reads without quotes (`LegacyValidation` in `common/model/metric.go`).
fn is_plain(label: &str) -> bool {
    let mut bytes = label.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A piece of the query on one line, its end left out where it is long.
fn shown(text: &str) -> String {
    const LENGTH: usize = 120;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::text::read;
    use crate::promql::edit::apply;

    fn written(query: &str, label: &str, value: &str) -> Result<String, Conflict> {
        let namespace = Namespace { label, value };
        let tree = read(query).unwrap_or_else(|error| panic!("`{query}`: {error:?}"));
        let edits = edits(query, &tree.expr, namespace)?;
        let text = apply(query, &edits).expect("the edits fit");
        let tree = read(&text).unwrap_or_else(|error| panic!("`{text}`: {error:?}"));
        tree.expr.walk(&mut |node| {
            if let Some(selector) = node.selector() {
                assert!(
                    matches!(stance(selector, namespace), Stance::Pinned),
                    "`{text}`"
                );
            }
        });
        assert_eq!(super::edits(&text, &tree.expr, namespace), Ok(Vec::new()));
        Ok(text)
    }

    #[test]
    fn what_is_not_pinned_is() {
        for (query, wanted) in [
            ("x", r#"x{namespace="a"}"#),
            ("x{}", r#"x{namespace="a"}"#),
            (r#"x{namespace="a"}"#, r#"x{namespace="a"}"#),
            (r#"x{"namespace"="a"}"#, r#"x{"namespace"="a"}"#),
            (r#"x{namespace='\x61'}"#, r#"x{namespace='\x61'}"#),
            (r#"x{namespace=~"a"}"#, r#"x{namespace=~"a",namespace="a"}"#),
            (
                r#"x{namespace=~"a|b"}"#,
                r#"x{namespace=~"a|b",namespace="a"}"#,
            ),
            (
                r#"x{namespace=~".*"}"#,
                r#"x{namespace=~".*",namespace="a"}"#,
            ),
            (r#"x{namespace!="b"}"#, r#"x{namespace!="b",namespace="a"}"#),
            (
                r#"x{namespace!~"b.*"}"#,
                r#"x{namespace!~"b.*",namespace="a"}"#,
            ),
            (r#"x{namespace!=""}"#, r#"x{namespace!="",namespace="a"}"#),
            (
                r#"x{namespace=~"a|b",namespace!="b"}"#,
                r#"x{namespace=~"a|b",namespace!="b",namespace="a"}"#,
            ),
            (
                r#"x{namespace=~"a|b",namespace="a"}"#,
                r#"x{namespace=~"a|b",namespace="a"}"#,
            ),
            (r#"{__name__="x"}"#, r#"{__name__="x",namespace="a"}"#),
            (r#"{__name__=~"x.*"}"#, r#"{__name__=~"x.*",namespace="a"}"#),
            (r#"{"x.y", b="c", }"#, r#"{"x.y", b="c",namespace="a", }"#),
            (
                r#"x{exported_namespace="b"}"#,
                r#"x{exported_namespace="b",namespace="a"}"#,
            ),
            (
                "x{ # namespace=\"a\"\n}",
                "x{namespace=\"a\" # namespace=\"a\"\n}",
            ),
            (
                "x{b=\"c\" # namespace=\"a\"}\n, } # all",
                "x{b=\"c\",namespace=\"a\" # namespace=\"a\"}\n, } # all",
            ),
            (
                r#"x{b="namespace=\"a\"}"}"#,
                r#"x{b="namespace=\"a\"}",namespace="a"}"#,
            ),
            (
                "max_over_time(rate(x[5m] offset 1h)[1h:1m] @ 5) - y @ end()",
                r#"max_over_time(rate(x{namespace="a"}[5m] offset 1h)[1h:1m] @ 5) - y{namespace="a"} @ end()"#,
            ),
            (
                "topk(scalar(x), y) or quantile(scalar(z), y)",
                r#"topk(scalar(x{namespace="a"}), y{namespace="a"}) or quantile(scalar(z{namespace="a"}), y{namespace="a"})"#,
            ),
            (
                "clamp_min(x, scalar(y)) unless on() absent(z)",
                r#"clamp_min(x{namespace="a"}, scalar(y{namespace="a"})) unless on() absent(z{namespace="a"})"#,
            ),
            ("info(x)", r#"info(x{namespace="a"}, {namespace="a"})"#),
            (
                "info(x offset 5m # why\n)",
                "info(x{namespace=\"a\"} offset 5m, {namespace=\"a\"} # why\n)",
            ),
            (
                r#"info(x, {b="c"})"#,
                r#"info(x{namespace="a"}, {b="c",namespace="a"})"#,
            ),
            ("info(x, {})", r#"info(x{namespace="a"}, {namespace="a"})"#),
            (
                r#"info(info(x), {__name__="build_info"})"#,
                r#"info(info(x{namespace="a"}, {namespace="a"}), {__name__="build_info",namespace="a"})"#,
            ),
            ("vector(0) + time()", "vector(0) + time()"),
        ] {
            assert_eq!(written(query, "namespace", "a").as_deref(), Ok(wanted));
        }
    }

    #[test]
    fn other_namespaces_are_refused() {
        for (query, matcher) in [
            (r#"x{namespace="b"}"#, r#"namespace="b""#),
            (r#"x{"namespace"="b"}"#, r#""namespace"="b""#),
            (r#"x{namespace=""}"#, r#"namespace="""#),
            (r#"x{namespace!="a"}"#, r#"namespace!="a""#),
            (r#"x{namespace=~"b|c"}"#, r#"namespace=~"b|c""#),
            (r#"x{namespace=~"aa|a.+"}"#, r#"namespace=~"aa|a.+""#),
            (r#"x{namespace!~"a|b"}"#, r#"namespace!~"a|b""#),
            (r#"x{namespace!~".*"}"#, r#"namespace!~".*""#),
            (r#"x{namespace="a",namespace="b"}"#, r#"namespace="b""#),
            (r#"x{namespace="a",namespace!~"a"}"#, r#"namespace!~"a""#),
            (r#"topk(scalar(x{namespace="b"}), y)"#, r#"namespace="b""#),
            (r#"info(x, {namespace="b"})"#, r#"namespace="b""#),
        ] {
            let conflict = written(query, "namespace", "a").expect_err("it is refused");
            assert_eq!(conflict.matcher, matcher, "{query}");
            assert_eq!(conflict.span.of(query), matcher);
        }
        let conflict =
            written("x{ # why\n namespace=\"b\"}", "namespace", "a").expect_err("it is refused");
        assert_eq!(
            conflict.to_string(),
            "selector `x{ # why namespace=\"b\"}` looks at another namespace than `a`: `namespace=\"b\"` refuses it; \
             drop that matcher, the namespace is written into the query"
        );
    }

    #[test]
    fn labels_and_values_are_any_text() {
        for (label, value, wanted) in [
            (
                "exported_namespace",
                "a-b",
                r#"x{exported_namespace="a-b"}"#,
            ),
            ("k8s.namespace.name", "a", r#"x{"k8s.namespace.name"="a"}"#),
            ("1st", "a", r#"x{"1st"="a"}"#),
            ("a\"b", "a", r#"x{"a\"b"="a"}"#),
            ("on", "a", r#"x{on="a"}"#),
            (
                "namespace",
                r#"a"} or y{namespace=~".*"#,
                r#"x{namespace="a\"} or y{namespace=~\".*"}"#,
            ),
            ("namespace", r"a\", r#"x{namespace="a\\"}"#),
            ("namespace", ".*", r#"x{namespace=".*"}"#),
            ("namespace", "a\nb", r#"x{namespace="a\nb"}"#),
        ] {
            assert_eq!(written("x", label, value).as_deref(), Ok(wanted));
        }
        // A name with the look of a pattern is one text.
        assert!(written(r#"x{namespace=".*"}"#, "namespace", "a").is_err());
        assert_eq!(
            written(r#"x{namespace=~"\\.\\*"}"#, "namespace", ".*").as_deref(),
            Ok(r#"x{namespace=~"\\.\\*",namespace=".*"}"#)
        );
    }
}
