//! Queries with holes, written `_H_` here: what each is taken for, and where none can stand.

use super::sketch::sketch;
use super::{told, with_holes};

#[test]
fn a_hole_is_what_its_place_needs() {
    for (text, tree) in [
        ("_H_", "hole0:Vector@0-3"),
        (
            "_H_{a=\"b\"}",
            "(\u{f8fe}?@0-3 {}@3-10 [a@4-5 =@5-6 'b'@6-9]@4-9)@0-10",
        ),
        ("http__H__total", "(http_\u{f8fe}_total?@0-14)@0-14"),
        (
            "_H__total[5m]",
            "(range (\u{f8fe}_total?@0-9)@0-9 []@9-13 300s@10-12)@0-13",
        ),
        (
            "rate(_H_[5m])",
            "(rate@0-4 (range (\u{f8fe}?@5-8)@5-8 []@8-12 300s@9-11)@5-12)@0-13",
        ),
        ("rate(_H_)", "(rate@0-4 hole0:Matrix@5-8)@0-9"),
        (
            "_H_ offset 5m",
            "(\u{f8fe}?@0-3 offset@4-13 300s@11-13)@0-13",
        ),
        (
            "_H_[5m:1m]",
            "(subquery hole0:Vector@0-3 []@3-10 300s@4-6 step 60s@7-9)@0-10",
        ),
        (
            "a{_H_=\"b\", c__H_='d'}",
            "(a@0-1 {}@1-21 [\u{f8fe}?@2-5 =@5-6 'b'@6-9]@2-9 [c_\u{f8fe}?@11-16 =@16-17 'd'@17-20]@11-20)@0-21",
        ),
        (
            "a{b=\"x_H_y\", c=~\"(_H_|y)\"}",
            "(a@0-1 {}@1-26 [b@2-3 =@3-4 'x\u{f8fe}y'?@4-11]@2-11 [c@13-14 =~@14-16 '(\u{f8fe}|y)'?@16-25]@13-25)@0-26",
        ),
        (
            "{\"_H_\"}",
            "({}@0-7 [__name__@1-6 =@1-1 '\u{f8fe}'?@1-6]@1-6)@0-7",
        ),
        (
            "{b=\"_H_\"}",
            "({}@0-9 [b@1-2 =@2-3 '\u{f8fe}'?@3-8]@1-8)@0-9",
        ),
        (
            "sum by (_H_, a_H_) (b)",
            "(sum@0-3 by@4-18()@7-18(\u{f8fe}?@8-11 a\u{f8fe}?@13-17) (b@20-21)@20-21)@0-22",
        ),
        (
            "a + on (_H_) group_left (_H_) b",
            "(+@2-3 matching@4-29 on@4-12(\u{f8fe}?@8-11) left@13-29(\u{f8fe}?@25-28) (a@0-1)@0-1 (b@30-31)@30-31)@0-31",
        ),
        (
            "rate(a[_H_])",
            "(rate@0-4 (range (a@5-6)@5-6 []@6-11 hole0@7-10)@5-11)@0-12",
        ),
        (
            "rate(a[_H_m])",
            "(rate@0-4 (range (a@5-6)@5-6 []@6-12 hole0@7-11)@5-12)@0-13",
        ),
        (
            "rate(a[1h_H_m])",
            "(rate@0-4 (range (a@5-6)@5-6 []@6-14 hole0@7-13)@5-14)@0-15",
        ),
        (
            "rate(a[_H_5m])",
            "(rate@0-4 (range (a@5-6)@5-6 []@6-13 hole0@7-12)@5-13)@0-14",
        ),
        (
            "rate(a[5_H_])",
            "(rate@0-4 (range (a@5-6)@5-6 []@6-12 hole0@7-11)@5-12)@0-13",
        ),
        (
            "a[_H_:_H_]",
            "(subquery (a@0-1)@0-1 []@1-10 hole0@2-5 step hole0@6-9)@0-10",
        ),
        ("a[_H_:]", "(subquery (a@0-1)@0-1 []@1-7 hole0@2-5)@0-7"),
        (
            "a[_H_ * 2]",
            "(range (a@0-1)@0-1 []@1-10 (* hole0@2-5 2@8-9)@2-9)@0-10",
        ),
        (
            "a[1m + _H_]",
            "(range (a@0-1)@0-1 []@1-11 (+ 60s@2-4 hole0@7-10)@2-10)@0-11",
        ),
        ("a offset _H_", "(a@0-1 offset@2-12 hole0@9-12)@0-12"),
        ("a offset _H_m", "(a@0-1 offset@2-13 hole0@9-13)@0-13"),
        (
            "a offset -_H_",
            "(a@0-1 offset@2-13 (- hole0@10-13)@9-13)@0-13",
        ),
        ("a offset 5_H_", "(a@0-1 offset@2-13 hole0@9-13)@0-13"),
        ("a @ _H_", "(a@0-1 at@2-7 Hole(0))@0-7"),
        ("a @ -_H_", "(a@0-1 at@2-8 Hole(0))@0-8"),
        ("a @ _H_5", "(a@0-1 at@2-8 Hole(0))@0-8"),
        ("a > _H_", "(>@2-3 (a@0-1)@0-1 hole0:Scalar@4-7)@0-7"),
        ("_H_ < a", "(<@4-5 hole0:Scalar@0-3 (a@6-7)@6-7)@0-7"),
        ("_H_ > 5", "(>@4-5 hole0:Vector@0-3 5@6-7)@0-7"),
        ("_H_ > _H_", "(>@4-5 hole0:Vector@0-3 hole0:Scalar@6-9)@0-9"),
        ("a > _H_5", "(>@2-3 (a@0-1)@0-1 hole0:Scalar@4-8)@0-8"),
        ("a > 0._H_", "(>@2-3 (a@0-1)@0-1 hole0:Scalar@4-9)@0-9"),
        ("a > _H_._H_", "(>@2-3 (a@0-1)@0-1 hole0:Scalar@4-11)@0-11"),
        ("a > _H_.5", "(>@2-3 (a@0-1)@0-1 hole0:Scalar@4-9)@0-9"),
        ("a > 1e-_H_", "(>@2-3 (a@0-1)@0-1 hole0:Scalar@4-10)@0-10"),
        (
            "a > -_H_",
            "(>@2-3 (a@0-1)@0-1 (-@4-5 hole0:Scalar@5-8)@4-8)@0-8",
        ),
        (
            "a / (_H_ * 100)",
            "(/@2-3 (a@0-1)@0-1 (() (*@9-10 hole0:Scalar@5-8 100@11-14)@5-14)@4-15)@0-15",
        ),
        (
            "_H_ * 100 > 5",
            "(>@10-11 (*@4-5 hole0:Vector@0-3 100@6-9)@0-9 5@12-13)@0-13",
        ),
        ("_H_ / _H_", "(/@4-5 hole0:Vector@0-3 hole0:Scalar@6-9)@0-9"),
        (
            "_H_ / on (a) _H_",
            "(/@4-5 matching@6-12 on@6-12(a@10-11) hole0:Vector@0-3 hole0:Vector@13-16)@0-16",
        ),
        ("a and _H_", "(and@2-5 (a@0-1)@0-1 hole0:Vector@6-9)@0-9"),
        (
            "_H_ or vector(0)",
            "(or@4-6 hole0:Vector@0-3 (vector@7-13 0@14-15)@7-16)@0-16",
        ),
        ("sum(_H_)", "(sum@0-3 hole0:Vector@4-7)@0-8"),
        (
            "sum(_H_ / 2)",
            "(sum@0-3 (/@8-9 hole0:Vector@4-7 2@10-11)@4-11)@0-12",
        ),
        (
            "topk(_H_, a)",
            "(topk@0-4 hole0:Scalar@5-8 (a@10-11)@10-11)@0-12",
        ),
        (
            "count_values(_H_, a)",
            "(count_values@0-12 hole0:String@13-16 (a@18-19)@18-19)@0-20",
        ),
        (
            "quantile(_H_, _H_)",
            "(quantile@0-8 hole0:Scalar@9-12 hole0:Vector@14-17)@0-18",
        ),
        (
            "label_replace(a, _H_, \"_H_\", (_H_), '')",
            "(label_replace@0-13 (a@14-15)@14-15 hole0:String@17-20 '\u{f8fe}'?@22-27 (() hole0:String@30-33)@29-34 ''@36-38)@0-39",
        ),
        ("vector(_H_)", "(vector@0-6 hole0:Scalar@7-10)@0-11"),
        (
            "clamp(_H_, _H_ + 1, -_H_)",
            "(clamp@0-5 hole0:Vector@6-9 (+@15-16 hole0:Scalar@11-14 1@17-18)@11-18 (-@20-21 hole0:Scalar@21-24)@20-24)@0-25",
        ),
        (
            "histogram_quantile(_H_, sum by (le) (rate(_H_[_H_])))",
            "(histogram_quantile@0-18 hole0:Scalar@19-22 (sum@24-27 by@28-35()@31-35(le@32-34) (rate@37-41 (range (\u{f8fe}?@42-45)@42-45 []@45-50 hole0@46-49)@42-50)@37-51)@24-52)@0-53",
        ),
        (
            "round(_H_ * 2, _H_)",
            "(round@0-5 (*@10-11 hole0:Vector@6-9 2@12-13)@6-13 hole0:Scalar@15-18)@0-19",
        ),
        (
            "scalar(_H_) > bool 1",
            "(>@12-13 bool@14-18 (scalar@0-6 hole0:Vector@7-10)@0-11 1@19-20)@0-20",
        ),
        (
            "a == bool _H_",
            "(==@2-4 bool@5-9 (a@0-1)@0-1 hole0:Scalar@10-13)@0-13",
        ),
        (
            "_H_ == bool 1",
            "(==@4-6 bool@7-11 hole0:Vector@0-3 1@12-13)@0-13",
        ),
        ("a > _H_m", "(>@2-3 (a@0-1)@0-1 (\u{f8fe}m?@4-8)@4-8)@0-8"),
        ("# _H_\na", "(a@6-7)@6-7"),
    ] {
        let (_, query) = with_holes(text);
        assert_eq!(sketch(&query.unwrap().expr), tree, "{text}");
    }
}

#[test]
fn nothing_else_is_weakened_by_holes() {
    for (text, message) in [
        (
            "a{b=\"c\"} _H_",
            "1:10-1:11 expected an operator or the end of the query, found a placeholder",
        ),
        (
            "_H_(a)",
            "1:1-1:2 a placeholder cannot stand for a function's name",
        ),
        (
            "ra_H_(a[5m])",
            "1:1-1:4 a placeholder cannot stand for a part of a function's name",
        ),
        (
            "a{_H_}",
            "1:3-1:4 a placeholder cannot stand for a whole matcher",
        ),
        (
            "a{b_H_\"c\"}",
            "1:5-1:8 expected one of `=`, `!=`, `=~`, `!~` behind the label, found string `\"c\"`",
        ),
        (
            "a _H_ b",
            "1:3-1:4 expected an operator or the end of the query, found a placeholder",
        ),
        ("a[5m_H_x]", "1:3-1:7 bad number or duration `5m{{…}}x`"),
        (
            "a[s_H_]",
            "1:3-1:4 unexpected character `s` inside brackets; expected a duration, such as `5m`",
        ),
        ("a > 5_H_x", "1:5-1:8 bad number or duration `5{{…}}x`"),
        (
            "5_H_{a=\"b\"}",
            "1:3-1:4 expected an operator or the end of the query, found `{`",
        ),
        (
            "a{b=_H_}",
            "1:5-1:6 expected a quoted string, found `{{…}}`",
        ),
        (
            "a + fill(_H_) b",
            "1:10-1:11 a placeholder cannot stand for the value of `fill`",
        ),
        (
            "a > 1 _H_",
            "1:7-1:8 expected an operator or the end of the query, found a placeholder",
        ),
        (
            "-\"_H_\"",
            "1:2-1:5 a sign takes a scalar or an instant vector, found a string",
        ),
        (
            "a{b=~\"(_H_\"}",
            "1:6-1:10 error parsing regexp: missing closing ): `(x`",
        ),
        (
            "{a!=\"_H_\"}",
            "1:1-1:9 the selector selects every series there is; it must contain at least one matcher that the empty text does not match",
        ),
        (
            "1 > bool \"_H_\"",
            "1:10-1:13 `>` takes scalars and instant vectors, found a string",
        ),
        (
            "rate(_H_ + 1)",
            "1:6-1:11 the first argument of `rate` is a scalar, expected a range vector",
        ),
        (
            "label_replace(a, _H_ + 1, '', '', '')",
            "1:18-1:23 the second argument of `label_replace` is a scalar, expected a string",
        ),
        (
            "a[5m]_H_",
            "1:6-1:7 expected an operator or the end of the query, found a placeholder",
        ),
        (
            "a{b='\u{f8fe}'} \u{f8fe}",
            "1:10-1:11 unexpected character `\\u{f8fe}`",
        ),
    ] {
        let (filled, query) = with_holes(text);
        assert_eq!(told(&filled, &query.unwrap_err()), message, "{text}");
    }
}
