//! A tree into the text Prometheus prints for it (`String` in `promql/parser/printer.go`, 3.16), which parses to the same tree.

use std::fmt::{self, Formatter, Write};
use std::sync::LazyLock;

use regex::Regex;

use crate::promql::Features;
use crate::promql::ast::{
    Aggregation, AtTime, Binary, Expr, ExprKind, Extension, Fill, Matcher, Matching, Modifiers,
    Name, Number, Period, PeriodExpr, PeriodExprKind, PeriodKind, Selector, Subquery, ValueType,
};
use crate::text::filled::hole;
use crate::text::float::{go_float, go_float_short};

/// As a Prometheus with these feature flags prints it.
pub fn canonical(expr: &Expr, features: Features) -> String {
    let mut out = String::new();
    let mut printer = Printer {
        out: &mut out,
        todo: vec![Work::Expr(expr)],
        features,
    };
    // A String takes whatever is written to it.
    let _ = printer.all();
    out
}

/// As a Prometheus without feature flags prints it; one with them reads it too.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut printer = Printer {
            out: f,
            todo: vec![Work::Expr(self)],
            features: Features::Stock,
        };
        printer.all()
    }
}

/// A text in double quotes, as Go's `strconv.Quote` writes it; PromQL reads it back.
pub fn quote(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            quote_char(c, &mut out);
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

fn quote_char(c: char, out: &mut String) {
    let escape = match c {
        '"' => r#"\""#,
        '\\' => r"\\",
        '\u{7}' => r"\a",
        '\u{8}' => r"\b",
        '\u{c}' => r"\f",
        '\n' => r"\n",
        '\r' => r"\r",
        '\t' => r"\t",
        '\u{b}' => r"\v",
        c if is_printable(c) => {
            out.push(c);
            return;
        }
        c => {
            let code = u32::from(c);
            out.push_str(&match code {
                ..0x80 => format!("\\x{code:02x}"),
                0x80..0x1_0000 => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            });
            return;
        }
    };
    out.push_str(escape);
}

/// Letters, marks, numbers, punctuation, symbols and the ASCII space (`unicode.IsPrint`).
fn is_printable(c: char) -> bool {
    static PRINTABLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\pL\pM\pN\pP\pS]$").ok());
    if c.is_ascii() {
        return c == ' ' || c.is_ascii_graphic();
    }
    PRINTABLE
        .as_ref()
        .is_some_and(|printable| printable.is_match(c.encode_utf8(&mut [0; 4])))
}

fn is_letter(c: char) -> bool {
    static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\pL$").ok());
    !c.is_ascii()
        && LETTER
            .as_ref()
            .is_some_and(|letter| letter.is_match(c.encode_utf8(&mut [0; 4])))
}

/// A stretch of time as Prometheus writes it (`Duration.String` in `common/model/time.go`): `1d12h`, `90d`, `1h30m`, `0s`.
pub fn duration(nanoseconds: i64) -> String {
    let mut rest = nanoseconds.unsigned_abs() / 1_000_000;
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut out = String::from(if nanoseconds < 0 { "-" } else { "" });
    for (unit, length, must_be_whole) in [
        ("y", 31_536_000_000, true),
        ("w", 604_800_000, true),
        ("d", 86_400_000, false),
        ("h", 3_600_000, false),
        ("m", 60_000, false),
        ("s", 1000, false),
        ("ms", 1, false),
    ] {
        if must_be_whole && !rest.is_multiple_of(length) || rest < length {
            continue;
        }
        out.push_str(&format!("{}{unit}", rest / length));
        rest %= length;
    }
    out
}

/// What is still to be printed, the next last: a query may be deeper than the stack bears.
enum Work<'a> {
    Text(&'static str),
    Expr(&'a Expr),
    Period(&'a Period),
    PeriodExpr(&'a PeriodExpr),
    Extension(&'a Modifiers),
    At(&'a Modifiers),
    Offset(&'a Modifiers),
    Operator(&'a Binary),
}

struct Printer<'a, 'o> {
    out: &'o mut dyn Write,
    todo: Vec<Work<'a>>,
    features: Features,
}

impl<'a> Printer<'a, '_> {
    fn all(&mut self) -> fmt::Result {
        while let Some(work) = self.todo.pop() {
            self.print(work)?;
        }
        Ok(())
    }

    /// Prints these next, in this order.
    fn next<const N: usize>(&mut self, work: [Work<'a>; N]) {
        self.todo.extend(work.into_iter().rev());
    }

    fn print(&mut self, work: Work<'a>) -> fmt::Result {
        match work {
            Work::Text(text) => self.out.write_str(text),
            Work::Expr(expr) => self.expr(expr),
            Work::Period(period) => self.period(period),
            Work::PeriodExpr(expr) => self.period_expr(expr),
            Work::Extension(modifiers) => self.extension(modifiers),
            Work::At(modifiers) => self.at(modifiers),
            Work::Offset(modifiers) => self.offset(modifiers),
            Work::Operator(binary) => self.operator(binary),
        }
    }

    fn expr(&mut self, expr: &'a Expr) -> fmt::Result {
        match &expr.kind {
            ExprKind::Number(literal) => self.out.write_str(&number(*literal)),
            ExprKind::String(text) => self.out.write_str(&quote(&text.value)),
            ExprKind::Selector(selector) => {
                self.selector(selector)?;
                self.at(&selector.modifiers)?;
                self.extension(&selector.modifiers)?;
                self.offset(&selector.modifiers)
            }
            ExprKind::Matrix(matrix) => {
                self.selector(&matrix.selector)?;
                let modifiers = &matrix.selector.modifiers;
                self.next([
                    Work::Text("["),
                    Work::Period(&matrix.range),
                    Work::Text("]"),
                    Work::Extension(modifiers),
                    Work::At(modifiers),
                    Work::Offset(modifiers),
                ]);
                Ok(())
            }
            ExprKind::Subquery(subquery) => {
                self.subquery(subquery);
                Ok(())
            }
            ExprKind::Call(call) => {
                write!(self.out, "{}(", call.function.name)?;
                self.todo.push(Work::Text(")"));
                for (index, arg) in call.args.iter().enumerate().rev() {
                    self.todo.push(Work::Expr(arg));
                    if index > 0 {
                        self.todo.push(Work::Text(", "));
                    }
                }
                Ok(())
            }
            ExprKind::Aggregation(aggregation) => self.aggregation(aggregation),
            ExprKind::Binary(binary) => {
                self.next([
                    Work::Expr(&binary.left),
                    Work::Operator(binary),
                    Work::Expr(&binary.right),
                ]);
                Ok(())
            }
            ExprKind::Unary(_) => self.unary(expr),
            ExprKind::Paren(inner) => {
                self.next([Work::Text("("), Work::Expr(inner), Work::Text(")")]);
                Ok(())
            }
            ExprKind::Hole(id) => self.out.write_char(hole(*id)),
        }
    }

    /// Signs before a number become part of it.
    fn unary(&mut self, mut expr: &'a Expr) -> fmt::Result {
        let mut signs = String::new();
        while let ExprKind::Unary(unary) = &expr.kind {
            signs.push(if unary.is_minus { '-' } else { '+' });
            expr = &unary.expr;
        }
        if let ExprKind::Number(literal) = &expr.kind {
            return self.out.write_str(&number(signed(*literal, &signs)));
        }
        self.out.write_str(&signs)?;
        self.todo.push(Work::Expr(expr));
        Ok(())
    }

    fn selector(&mut self, selector: &Selector) -> fmt::Result {
        if let Some(name) = &selector.name {
            self.out.write_str(&name.text)?;
        }
        if selector.matchers.is_empty() {
            return Ok(());
        }
        let mut matchers: Vec<String> = selector.matchers.iter().map(|m| self.matcher(m)).collect();
        matchers.sort_unstable();
        write!(self.out, "{{{}}}", matchers.join(","))
    }

    fn subquery(&mut self, subquery: &'a Subquery) {
        // A step of zero counts as none.
        let step = subquery
            .step
            .as_ref()
            .filter(|step| step.kind != PeriodKind::Literal(0));
        self.next([
            Work::Expr(&subquery.expr),
            Work::Text("["),
            Work::Period(&subquery.range),
            Work::Text(":"),
            step.map_or(Work::Text(""), Work::Period),
            Work::Text("]"),
            Work::At(&subquery.modifiers),
            Work::Offset(&subquery.modifiers),
        ]);
    }

    fn extension(&mut self, modifiers: &Modifiers) -> fmt::Result {
        self.out.write_str(match modifiers.extension {
            None => "",
            Some((Extension::Anchored, _)) => " anchored",
            Some((Extension::Smoothed, _)) => " smoothed",
        })
    }

    fn at(&mut self, modifiers: &Modifiers) -> fmt::Result {
        match modifiers.at.as_ref().map(|at| at.time) {
            None => Ok(()),
            Some(AtTime::Milliseconds(time)) => write!(self.out, " @ {:.3}", time as f64 / 1000.0),
            Some(AtTime::Start) => self.out.write_str(" @ start()"),
            Some(AtTime::End) => self.out.write_str(" @ end()"),
            Some(AtTime::Hole(id)) => write!(self.out, " @ {}", hole(id)),
        }
    }

    fn offset(&mut self, modifiers: &'a Modifiers) -> fmt::Result {
        match &modifiers.offset {
            Some(offset) if offset.by.kind != PeriodKind::Literal(0) => {
                self.out.write_str(" offset ")?;
                if offset.by.kind == PeriodKind::Literal(i64::MIN) {
                    // Go's smallest duration has no opposite: it stays negative behind its sign.
                    self.out.write_char('-')?;
                }
                self.period(&offset.by)
            }
            _ => Ok(()),
        }
    }

    fn period(&mut self, period: &'a Period) -> fmt::Result {
        match &period.kind {
            PeriodKind::Literal(nanoseconds) => self.out.write_str(&duration(*nanoseconds)),
            PeriodKind::Expr(expr) => self.period_expr(expr),
            PeriodKind::Hole(id) => self.out.write_char(hole(*id)),
        }
    }

    fn period_expr(&mut self, mut expr: &'a PeriodExpr) -> fmt::Result {
        let mut signs = String::new();
        while let PeriodExprKind::Unary(is_minus, inner) = &expr.kind {
            // A plus is not kept.
            signs.push_str(if *is_minus { "-" } else { "" });
            expr = inner;
        }
        if let PeriodExprKind::Number(literal) = &expr.kind {
            return self.out.write_str(&number(signed(*literal, &signs)));
        }
        self.out.write_str(&signs)?;
        let two = |before, between, after, left, right| {
            [
                Work::Text(before),
                Work::PeriodExpr(left),
                Work::Text(between),
                Work::PeriodExpr(right),
                Work::Text(after),
            ]
        };
        match &expr.kind {
            PeriodExprKind::Number(_) | PeriodExprKind::Unary(..) => {}
            PeriodExprKind::Step => self.out.write_str("step()")?,
            PeriodExprKind::Range => self.out.write_str("range()")?,
            PeriodExprKind::Hole(id) => self.out.write_char(hole(*id))?,
            PeriodExprKind::MinOf(left, right) => {
                self.next(two("min_of(", ", ", ")", left, right));
            }
            PeriodExprKind::MaxOf(left, right) => {
                self.next(two("max_of(", ", ", ")", left, right));
            }
            PeriodExprKind::Binary(op, left, right) => self.next([
                Work::PeriodExpr(left),
                Work::Text(" "),
                Work::Text(op.as_str()),
                Work::Text(" "),
                Work::PeriodExpr(right),
            ]),
            PeriodExprKind::Paren(inner) => {
                let mut inner = inner;
                // Parentheses of a duration count once, and a plus inside them not.
                while let PeriodExprKind::Paren(deeper) | PeriodExprKind::Unary(false, deeper) =
                    &inner.kind
                {
                    inner = deeper;
                }
                self.next([Work::Text("("), Work::PeriodExpr(inner), Work::Text(")")]);
            }
        }
        Ok(())
    }

    fn aggregation(&mut self, aggregation: &'a Aggregation) -> fmt::Result {
        self.out.write_str(aggregation.op.as_str())?;
        match &aggregation.grouping {
            Some(grouping) if grouping.is_without => {
                write!(self.out, " without ({}) ", self.names(&grouping.labels))?;
            }
            Some(grouping) if !grouping.labels.is_empty() => {
                write!(self.out, " by ({}) ", self.names(&grouping.labels))?;
            }
            _ => {}
        }
        self.out.write_char('(')?;
        self.todo.push(Work::Text(")"));
        self.todo.push(Work::Expr(&aggregation.expr));
        if let Some(param) = &aggregation.param {
            self.next([Work::Expr(param), Work::Text(", ")]);
        }
        Ok(())
    }

    fn operator(&mut self, binary: &Binary) -> fmt::Result {
        write!(self.out, " {}", binary.op.as_str())?;
        if binary.bool_span.is_some() {
            self.out.write_str(" bool")?;
        }
        let are_vectors = [&binary.left, &binary.right]
            .iter()
            .all(|side| side.value_type == ValueType::Vector);
        if let Some(matching) = binary.matching.as_ref().filter(|_| are_vectors) {
            self.matching(matching)?;
        }
        self.out.write_char(' ')
    }

    fn matching(&mut self, matching: &Matching) -> fmt::Result {
        let labels = matching.labels.as_ref();
        let is_on = labels.is_some_and(|labels| labels.is_on);
        let labels = labels.map_or(&[][..], |labels| &labels.labels);
        if is_on || !labels.is_empty() || matching.group.is_some() {
            let word = if is_on { "on" } else { "ignoring" };
            write!(self.out, " {word} ({})", self.names(labels))?;
        }
        if let Some(group) = &matching.group {
            let side = if group.is_left { "left" } else { "right" };
            write!(self.out, " group_{side} ({})", self.names(&group.include))?;
        }
        match matching.fill {
            Fill {
                left: Some(left),
                right: Some(right),
            } if left == right => write!(self.out, " fill ({})", go_float_short(left)),
            Fill { left, right } => {
                for (side, value) in [("left", left), ("right", right)] {
                    if let Some(value) = value {
                        write!(self.out, " fill_{side} ({})", go_float_short(value))?;
                    }
                }
                Ok(())
            }
        }
    }

    fn matcher(&self, matcher: &Matcher) -> String {
        let op = matcher.op.as_str();
        let value = quote(&matcher.value.value);
        format!("{}{op}{value}", self.name(&matcher.label))
    }

    fn names(&self, labels: &[Name]) -> String {
        let names: Vec<String> = labels.iter().map(|name| self.name(name)).collect();
        names.join(", ")
    }

    fn name(&self, name: &Name) -> String {
        let is_utf8 = self.features == Features::All;
        let start = |c: char| c.is_ascii_alphabetic() || c == '_' || is_utf8 && is_letter(c);
        let inside = |c: char| start(c) || c.is_ascii_digit() || is_utf8 && c == '.';
        if name.text.starts_with(start) && name.text.chars().all(inside) {
            return name.text.clone();
        }
        quote(name.text.as_bytes())
    }
}

fn signed(number: Number, signs: &str) -> Number {
    let is_negative = signs.bytes().filter(|sign| *sign == b'-').count() % 2 == 1;
    let value = if is_negative {
        -number.value
    } else {
        number.value
    };
    Number { value, ..number }
}

fn number(number: Number) -> String {
    if number.is_duration {
        return duration((number.value * 1e9) as i64);
    }
    go_float(number.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::{Options, parse};

    /// What Prometheus 3.16 prints for them.
    #[test]
    fn as_prometheus_prints_it() {
        for (text, expected) in [
            (r#"{"up","a b"=~`x\d`}"#, r#"{"a b"=~"x\\d",__name__="up"}"#),
            (r#"{__name__=""  , a="b"}"#, r#"{__name__="",a="b"}"#),
            (
                "{\"é\"=\"\u{a0}é😀\\xff\\u200b\"}",
                r#"{"é"="\u00a0é😀\xff\u200b"}"#,
            ),
            (
                "foo[90m] @ 1.2345 offset -8d",
                "foo[1h30m] @ 1.235 offset -8d",
            ),
            (
                "foo anchored @ end() offset 1y",
                "foo @ end() anchored offset 1y",
            ),
            (
                "max_over_time(rate(foo[5m])[1h:5m] @ start() offset 1w)",
                "max_over_time(rate(foo[5m])[1h:5m] @ start() offset 1w)",
            ),
            ("foo[1d12h:]", "foo[1d12h:]"),
            (
                "sum_over_time(foo[2 * (1m + +step())])",
                "sum_over_time(foo[2 * (1m + step())])",
            ),
            ("foo offset -(((5m)))", "foo offset -(5m)"),
            (
                "foo[max_of(-range(), 5s) ^ 2]",
                "foo[max_of(-range(), 5s) ^ 2]",
            ),
            ("SUM(x) BY ()", "sum(x)"),
            ("sum without () (x)", "sum without () (x)"),
            (
                r#"topk by ("a.b", c) (3, x)"#,
                r#"topk by ("a.b", c) (3, x)"#,
            ),
            (r#"count_values("l", x)"#, r#"count_values("l", x)"#),
            ("a + on () b", "a + on () b"),
            ("a - ignoring () b", "a - b"),
            (
                "a - ignoring () group_left (x) b",
                "a - ignoring () group_left (x) b",
            ),
            ("a * on (x) group_right () b", "a * on (x) group_right () b"),
            (
                "a + fill_left (1e-5) fill_right (1e21) b",
                "a + fill_left (1e-05) fill_right (1e+21) b",
            ),
            ("a + fill (5) b", "a + fill (5) b"),
            ("1 + on () 2", "1 + 2"),
            ("a </ 5", "a </ 5"),
            ("-a ^ 2", "-a ^ 2"),
            ("--5", "5"),
            ("+a", "+a"),
            ("- -1d", "1d"),
            ("-(-5)", "-(-5)"),
            ("Inf - NaN", "+Inf - NaN"),
            (".5e-7", "0.00000005"),
            (r#""a\"\x00\t""#, r#""a\"\x00\t""#),
            ("vector(1e30)", "vector(1000000000000000000000000000000)"),
            (
                r#"label_replace(x, "a", "$1", "b", `(.*)`)"#,
                r#"label_replace(x, "a", "$1", "b", "(.*)")"#,
            ),
            ("time()", "time()"),
        ] {
            let options = Options {
                features: Features::All,
                ..Options::default()
            };
            let query = parse(text, options).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(query.expr.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn names_in_utf8_need_no_quotes_where_the_flag_is_on() {
        let query = parse(r#"sum by ("a.b", "é", "9", "a b") (x)"#, Options::default());
        let expr = query.expect("a query").expr;
        for (features, expected) in [
            (Features::Stock, r#"sum by ("a.b", "é", "9", "a b") (x)"#),
            (Features::All, r#"sum by (a.b, é, "9", "a b") (x)"#),
        ] {
            assert_eq!(canonical(&expr, features), expected);
        }
    }

    #[test]
    fn times_are_written_as_prometheus_writes_them() {
        for (nanoseconds, text) in [
            (0, "0s"),
            (999_999, "0s"),
            (1_000_000, "1ms"),
            (90_000_000_000, "1m30s"),
            (86_400_000_000_000 * 365, "1y"),
            (86_400_000_000_000 * 14, "2w"),
            (86_400_000_000_000 * 90, "90d"),
            (-5_000_000_000, "-5s"),
            (i64::MIN, "-106751d23h47m16s854ms"),
        ] {
            assert_eq!(duration(nanoseconds), text);
        }
    }
}
