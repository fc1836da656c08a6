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
        let conflict = written(query, "namespace", "a").unwrap_err();
        assert_eq!(conflict.matcher, matcher, "{query}");
        assert_eq!(conflict.span.of(query), matcher);
    }
    let conflict = written("x{ # why\n namespace=\"b\"}", "namespace", "a").unwrap_err();
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
