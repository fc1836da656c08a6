//! Refused texts into messages with line and column; Prometheus without flags refuses each of them.

use super::super::ParseErrorKind;
use super::{all, stock, told};

#[test]
fn messages_say_what_is_wrong_and_where() {
    for (text, message) in [
        ("", "1:1-1:1 no expression found in the query"),
        (" # only\n", "1:1-2:1 no expression found in the query"),
        (
            "sum(a",
            "1:6-1:6 expected `)` to close `sum(` opened at 1:1, found end of query",
        ),
        (
            "sum(a, ",
            "1:8-1:8 expected `)` to close `sum(` opened at 1:1, found end of query",
        ),
        (
            "(a",
            "1:3-1:3 expected `)` to close `(` opened at 1:1, found end of query",
        ),
        (
            "a{b=\"c\"",
            "1:8-1:8 expected `,` or `}` to close `a{` opened at 1:1, found end of query",
        ),
        (
            "a{b=\"c\" d=\"e\"}",
            "1:9-1:10 expected `,` or `}` to close `a{` opened at 1:1, found `d`",
        ),
        (
            "a{b}",
            "1:4-1:5 expected one of `=`, `!=`, `=~`, `!~` behind the label, found `}`",
        ),
        ("a{b=c}", "1:5-1:6 expected a quoted string, found `c`"),
        ("a{,}", "1:3-1:4 expected a label's name or `}`, found `,`"),
        (
            "a{b:c=\"d\"}",
            "1:4-1:5 unexpected character `:` inside braces",
        ),
        (
            "a b",
            "1:3-1:4 expected an operator or the end of the query, found `b`",
        ),
        ("a +", "1:4-1:4 expected an expression, found end of query"),
        ("+", "1:2-1:2 expected an expression, found end of query"),
        (")", "1:1-1:2 expected an expression, found `)`"),
        (
            "a)",
            "1:2-1:3 expected an operator or the end of the query, found `)`",
        ),
        ("a]", "1:2-1:3 unexpected character `]`"),
        ("a}", "1:2-1:3 unexpected character `}`"),
        (
            "a[5m",
            "1:5-1:5 expected `]` or `:` to close `[` opened at 1:2, found end of query",
        ),
        (
            "a[5m:1m",
            "1:8-1:8 expected `]` to close `[` opened at 1:2, found end of query",
        ),
        (
            "a[]",
            "1:3-1:4 expected a duration, such as `5m`, found `]`",
        ),
        (
            "a[:]",
            "1:3-1:4 unexpected character `:` inside brackets; a range stands before the colon, `[5m:1m]`",
        ),
        (
            "a[x]",
            "1:3-1:4 unexpected character `x` inside brackets; expected a duration, such as `5m`",
        ),
        (
            "a[5m:1m:1m]",
            "1:8-1:9 unexpected character `:` inside brackets",
        ),
        (
            "a[#\n5m]",
            "1:3-1:4 unexpected character `#` inside brackets; write the comment behind the duration",
        ),
        ("a[5q]", "1:3-1:5 bad number or duration `5q`"),
        (
            "a[1s5m]",
            "1:3-1:7 bad duration `1s5m`: units must go from the largest to the smallest, each once",
        ),
        ("a[0]", "1:3-1:4 a range and a step must be greater than 0"),
        (
            "a[5m:-1m]",
            "1:6-1:9 a range and a step must be greater than 0",
        ),
        ("a[1/0]", "1:4-1:5 division by zero in a duration"),
        (
            "a[400y]",
            "1:3-1:7 bad duration `400y`: it is out of range, 292 years",
        ),
        (
            "a[10000000000]",
            "1:3-1:14 the duration is out of range, 292 years",
        ),
        ("a & b", "1:3-1:4 unexpected character `&`; write `and`"),
        ("a || b", "1:3-1:4 unexpected character `|`; write `or`"),
        ("a = 1", "1:3-1:4 expected `==`, found `=`"),
        (
            "a =~ 'b'",
            "1:3-1:4 unexpected character `=`; regular expressions stand in braces only",
        ),
        (
            "!a",
            "1:1-1:2 unexpected character `!`; write `!=` to compare",
        ),
        (
            "a.b",
            "1:2-1:3 unexpected character `.`; a metric's name with dots stands in quotes, `{\"a.b\"}`",
        ),
        (
            "é",
            "1:1-1:2 `é` in a name without quotes is experimental and needs `--enable-feature=promql-unquoted-utf8-names`",
        ),
        ("a;", "1:2-1:3 unexpected character `;`"),
        (
            "\"abc",
            "1:1-1:5 unterminated string; expected `\"` before the end of the query",
        ),
        (
            "'a\n'",
            "1:1-1:3 unterminated string; expected `'` before the end of the line; only backticks quote over lines",
        ),
        (
            "'\\q'",
            "1:2-1:4 unknown escape sequence `\\q`; write `\\\\` for a backslash, or quote with backticks",
        ),
        (
            "'\\xz1'",
            "1:2-1:6 escape sequence `\\xz1` is not complete; expected two hexadecimal digits",
        ),
        (
            "'\\400'",
            "1:2-1:6 escape sequence `\\400` is past the last byte, `\\377`",
        ),
        (
            "'\\ud800'",
            "1:2-1:8 escape sequence `\\ud800` is no character of Unicode",
        ),
        (
            "'�'",
            "1:2-1:3 the character U+FFFD in a string, which Prometheus takes for broken UTF-8",
        ),
        ("0x", "1:1-1:3 bad number or duration `0x`"),
        ("08a", "1:1-1:4 bad number or duration `08a`"),
        ("1e", "1:1-1:3 bad number or duration `1e`"),
        ("1..2", "1:1-1:5 bad number or duration `1..2`"),
        (
            "rte(a[5m])",
            "1:1-1:4 unknown function `rte`; did you mean `rate`",
        ),
        (
            "RATE(a[5m])",
            "1:1-1:5 unknown function `RATE`; did you mean `rate`",
        ),
        (
            "nosuchfunction(a)",
            "1:1-1:15 unknown function `nosuchfunction`",
        ),
        (
            "rate(a)",
            "1:6-1:7 the first argument of `rate` is an instant vector, expected a range vector; add a range, `[5m]`",
        ),
        (
            "rate(a[5m],)",
            "1:11-1:12 a call's arguments end without comma; remove it",
        ),
        ("rate()", "1:1-1:7 `rate` takes 1 argument, found 0"),
        (
            "rate(a[5m], 1)",
            "1:1-1:15 `rate` takes 1 argument, found 2",
        ),
        (
            "round()",
            "1:1-1:8 `round` takes at least 1 argument, found 0",
        ),
        (
            "round(a, 1, 2)",
            "1:1-1:15 `round` takes at most 2 arguments, found 3",
        ),
        (
            "label_join(a)",
            "1:1-1:14 `label_join` takes at least 3 arguments, found 1",
        ),
        (
            "label_replace(a, b, \"c\", \"d\", \"e\")",
            "1:18-1:19 the second argument of `label_replace` is an instant vector, expected a string",
        ),
        (
            "clamp(a, b, 1)",
            "1:10-1:11 the second argument of `clamp` is an instant vector, expected a scalar; write `scalar(…)` around it",
        ),
        (
            "sum(1)",
            "1:5-1:6 the argument of `sum` is a scalar, expected an instant vector; write `vector(…)` around it",
        ),
        (
            "sum(a[5m])",
            "1:5-1:10 the argument of `sum` is a range vector, expected an instant vector; remove the range or call a function on it, such as `rate`",
        ),
        ("sum()", "1:1-1:6 `sum` takes 1 argument, found 0"),
        ("sum(a, b)", "1:1-1:10 `sum` takes 1 argument, found 2"),
        ("topk(a)", "1:1-1:8 `topk` takes 2 arguments, found 1"),
        (
            "topk(\"a\", b)",
            "1:6-1:9 the parameter of `topk` is a string, expected a scalar",
        ),
        (
            "sum by a (b)",
            "1:8-1:9 expected `(` with labels, found `a`",
        ),
        (
            "sum by (1) (a)",
            "1:9-1:10 expected a label's name or `)`, found number `1`",
        ),
        ("sum by (\"\") (a)", "1:9-1:11 a label's name is empty"),
        (
            "sum by (a",
            "1:10-1:10 expected `,` or `)` to close `by (` opened at 1:5, found end of query",
        ),
        (
            "sum by (a) b",
            "1:12-1:13 expected `(` with what is aggregated, found `b`",
        ),
        (
            "limitk(2, a)",
            "1:1-1:7 `limitk()` is experimental and needs `--enable-feature=promql-experimental-functions`",
        ),
        (
            "info(a, {})",
            "1:1-1:5 `info()` is experimental and needs `--enable-feature=promql-experimental-functions`",
        ),
        ("time(1)", "1:1-1:8 `time` takes no argument, found 1"),
        (
            "sort_by_label(a, \"b\")",
            "1:1-1:14 `sort_by_label()` is experimental and needs `--enable-feature=promql-experimental-functions`",
        ),
        (
            "start()",
            "1:1-1:6 `start()` is experimental and needs `--enable-feature=promql-experimental-functions`",
        ),
        (
            "\"a\" + 1",
            "1:1-1:4 `+` takes scalars and instant vectors, found a string",
        ),
        (
            "a[5m] + 1",
            "1:1-1:6 `+` takes scalars and instant vectors, found a range vector; remove the range or call a function on it, such as `rate`",
        ),
        (
            "-\"a\"",
            "1:2-1:5 a sign takes a scalar or an instant vector, found a string",
        ),
        (
            "1 > 2",
            "1:3-1:4 comparisons between scalars must use `bool`; write `> bool`",
        ),
        (
            "a + bool b",
            "1:5-1:9 `bool` can only be used on comparisons, found it on `+`",
        ),
        (
            "a and 1",
            "1:7-1:8 `and` works on instant vectors only, found a scalar; write `vector(…)` around it",
        ),
        (
            "1 + on (a) b",
            "1:5-1:11 `on` only works between instant vectors",
        ),
        (
            "a and on (b) group_left () c",
            "1:14-1:27 no `group_left` allowed for `and`, which matches many to many",
        ),
        (
            "a + fill (1) b",
            "1:5-1:13 `fill` is experimental and needs `--enable-feature=promql-binop-fill-modifiers`",
        ),
        (
            "a + on (b) group_left (b) c",
            "1:24-1:25 label `b` must not occur in `on` and in `group_left` or `group_right` at once",
        ),
        (
            "a group_left b",
            "1:3-1:13 expected an operator or the end of the query, found `group_left`",
        ),
        (
            "a + group_left () b",
            "1:5-1:15 expected `on (…)` or `ignoring (…)` first, found `group_left`",
        ),
        ("a + on b", "1:8-1:9 expected `(` with labels, found `b`"),
        (
            "a + ignoring",
            "1:13-1:13 expected `(` with labels, found end of query",
        ),
        (
            "{}",
            "1:1-1:3 the selector selects every series there is; it must contain at least one matcher that the empty text does not match",
        ),
        (
            "{a=\"\"}",
            "1:1-1:7 the selector selects every series there is; it must contain at least one matcher that the empty text does not match",
        ),
        (
            "{a=~\".*\"}",
            "1:1-1:10 the selector selects every series there is; it must contain at least one matcher that the empty text does not match",
        ),
        (
            "a{__name__=\"b\"}",
            "1:3-1:15 the metric's name is set twice: `a` and in the braces",
        ),
        (
            "a{b=~\"(\"}",
            "1:6-1:9 error parsing regexp: missing closing ): `(`",
        ),
        (
            "a{b=~'c++'}",
            "1:6-1:11 error parsing regexp: invalid nested repetition operator: `++`",
        ),
        (
            "(a)[5m]",
            "1:4-1:8 a range only works on a vector selector, found parentheses; for a subquery write a colon, `[5m:]`",
        ),
        (
            "1[5m]",
            "1:2-1:6 a range only works on a vector selector, found a number; for a subquery write a colon, `[5m:]`",
        ),
        (
            "a offset 5m [5m]",
            "1:3-1:12 `offset` stands before the range; write it behind the `]`",
        ),
        (
            "a @ 1 [5m]",
            "1:3-1:6 `@` stands before the range; write it behind the `]`",
        ),
        (
            "a[5m][5m:]",
            "1:1-1:6 a subquery only works on an instant vector, found a range vector",
        ),
        (
            "1[5m:]",
            "1:1-1:2 a subquery only works on an instant vector, found a scalar",
        ),
        (
            "sum(a) offset 5m",
            "1:8-1:17 `offset` only works on a selector, a range or a subquery, found an aggregation; write it behind the selector inside",
        ),
        (
            "1 @ 2",
            "1:3-1:6 `@` only works on a selector, a range or a subquery, found a number",
        ),
        (
            "a offset 5m offset 1m",
            "1:13-1:22 `offset` may not be set twice",
        ),
        ("a @ 1 @ 2", "1:7-1:10 `@` may not be set twice"),
        (
            "a anchored smoothed",
            "1:12-1:20 `anchored` and `smoothed` cannot be used together",
        ),
        (
            "a[5m:] smoothed",
            "1:8-1:16 `smoothed` only works on a selector or a range, found a subquery",
        ),
        ("a @ Inf", "1:5-1:8 the time of `@` is out of bounds"),
        (
            "a @ b",
            "1:5-1:6 expected a time in seconds, `start()` or `end()`, found `b`",
        ),
        ("a @ start", "1:10-1:10 expected `()`, found end of query"),
        (
            "a offset b",
            "1:10-1:11 expected a duration, such as `5m`, found `b`",
        ),
        (
            "a offset",
            "1:9-1:9 expected a duration, such as `5m`, found end of query",
        ),
        (
            "a offset 5m b",
            "1:13-1:14 expected an operator or the end of the query, found `b`",
        ),
        (
            "a offset (5m) + b",
            "1:17-1:18 expected a duration, such as `5m`, found `b`",
        ),
        (
            "sum by (job) (rate(x[5m])\n  / on (job) rate(y[5m])",
            "2:25-2:25 expected `)` to close `sum by (job) (` opened at 1:1, found end of query",
        ),
    ] {
        assert_eq!(told(text, &stock(text).unwrap_err()), message, "{text}");
    }
}

#[test]
fn what_a_flag_brings_is_told_apart() {
    for text in [
        "limitk(2, a)",
        "limit_ratio(0.5, a)",
        "info(a)",
        "vector(start())",
        "a + fill(1) b",
        "é",
    ] {
        let error = stock(text).unwrap_err();
        assert!(
            matches!(error.kind, ParseErrorKind::Experimental { .. }),
            "{text}: {error}"
        );
    }
    assert!(all("info(a) + fill(1) limitk(2, é)").is_ok());
    assert_eq!(stock(" # a").unwrap_err().kind, ParseErrorKind::Empty);
}
