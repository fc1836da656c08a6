//! A query into its witness: the query without its fallbacks and filters, which answers a number only where somebody looked.
//!
//! The text is made anew from the tree's leaves up, node kind by node kind; what does not change is copied with its blanks
//! and comments. Samples behind each selector would prove nothing: a join without a match has them. So the witness is a
//! whole expression.

use crate::evidence::piece::{Level, Piece};
use crate::evidence::text::read;
use crate::promql::answer::{
    Certainty, Constant, can_be_nan, has_hole, has_selector, without_data,
};
use crate::promql::ast::{
    AggregateOp, Aggregation, Binary, BinaryOp, Call, Expr, ExprKind, Fill, Selector, ValueType,
};
use crate::promql::outcome::{Labels, Picks, picks};
use crate::promql::select::data_selectors;
use crate::promql::zeros::is_zero_fallback;
use crate::text::span::Span;

/// A query's witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The witness as an instant vector: of a scalar `vector(…)`, of a range `last_over_time(…)`.
    pub text: String,
    /// Whether the query is its own witness: nothing was taken from it, so that the numbers it answers are the evidence.
    pub is_own: bool,
}

/// The witness of `text`, whose tree is `expr`; none of a text without selectors, which needs none.
pub fn witness(text: &str, expr: &Expr, labels: &Labels) -> Option<Witness> {
    Search::new(text, labels).witness(expr)
}

/// The witness in which, of all fallbacks and `absent`s, the one nearest above each of `candidates`, bytes of selectors in
/// `text`, is left in.
pub fn witness_with_fallbacks(
    text: &str,
    expr: &Expr,
    labels: &Labels,
    candidates: &[Span],
) -> Option<String> {
    let mut search = Search::new(text, labels);
    search.kept = candidates
        .iter()
        .filter_map(|candidate| nearest_stand_in(expr, *candidate))
        .collect();
    search.witness(expr).map(|witness| witness.text)
}

/// As it is asked: the number of the witness's series that are not NaN.
pub fn counted(witness: &str) -> String {
    let is_closed = read(witness).is_ok_and(|query| matches!(query.expr.kind, ExprKind::Paren(_)));
    if is_closed {
        format!("count({witness} >= -Inf)")
    } else {
        format!("count(({witness}) >= -Inf)")
    }
}

/// The innermost node around `candidate` that answers where it is missing: a constant fallback, or an `absent`.
fn nearest_stand_in(root: &Expr, candidate: Span) -> Option<Span> {
    let mut nearest = None;
    let mut next = Some(root);
    while let Some(node) = next {
        if stands_in(node) {
            nearest = Some(node.span);
        }
        let children = node.children();
        next = children
            .into_iter()
            .find(|child| child.span.holds(candidate));
    }
    nearest
}

fn stands_in(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary(binary) => {
            binary.op == BinaryOp::Or && (is_constant(&binary.left) || is_constant(&binary.right))
        }
        ExprKind::Call(call) => is_absent(call),
        _ => false,
    }
}

fn is_absent(call: &Call) -> bool {
    matches!(call.function.name, "absent" | "absent_over_time")
}

fn is_constant(expr: &Expr) -> bool {
    !has_selector(expr) && !has_hole(expr)
}

struct Search<'a> {
    text: &'a str,
    labels: &'a Labels,
    /// Stand-ins that are left in.
    kept: Vec<Span>,
}

impl<'a> Search<'a> {
    fn new(text: &'a str, labels: &'a Labels) -> Self {
        Search {
            text,
            labels,
            kept: Vec::new(),
        }
    }

    fn witness(&self, expr: &Expr) -> Option<Witness> {
        if data_selectors(expr).is_empty() {
            return None;
        }
        let piece = self.piece(expr);
        let text = match expr.value_type {
            ValueType::Scalar => format!("vector({})", piece.text),
            ValueType::Matrix => format!("last_over_time({})", piece.text),
            ValueType::Vector | ValueType::String => piece.text,
        };
        Some(Witness {
            text,
            is_own: !piece.is_changed,
        })
    }

    fn piece(&self, expr: &Expr) -> Piece {
        // What brings no data is constant, or hangs on an argument.
        if !has_selector(expr) {
            return self.as_written(expr);
        }
        match &expr.kind {
            ExprKind::Selector(selector) => self.selector(expr, selector),
            ExprKind::Matrix(matrix) => self.selector(expr, &matrix.selector),
            ExprKind::Subquery(subquery) => {
                let inner = self.piece(&subquery.expr);
                self.around(expr, &subquery.expr, inner, Level::Atom)
            }
            ExprKind::Paren(inner) => {
                let piece = self.piece(inner);
                self.around(expr, inner, piece, Level::Or)
            }
            ExprKind::Unary(unary) => {
                let inner = self.piece(&unary.expr);
                self.around(expr, &unary.expr, inner, Level::Power)
            }
            ExprKind::Call(call) => self.call(expr, call),
            ExprKind::Aggregation(aggregation) => self.aggregation(expr, aggregation),
            ExprKind::Binary(binary) => self.binary(expr, binary),
            ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Hole(_) => self.as_written(expr),
        }
    }

    fn as_written(&self, expr: &Expr) -> Piece {
        Piece {
            text: expr.span.of(self.text).to_owned(),
            level: Level::of(expr),
            is_changed: false,
        }
    }

    /// The node with one of its operands replaced.
    fn around(&self, expr: &Expr, operand: &Expr, piece: Piece, least: Level) -> Piece {
        self.with(expr, [(operand, piece)], least)
    }

    /// The node with its operands, in text order, replaced.
    fn with<'e>(
        &self,
        expr: &Expr,
        operands: impl IntoIterator<Item = (&'e Expr, Piece)>,
        least: Level,
    ) -> Piece {
        let (mut text, mut done, mut is_changed) = (String::new(), expr.span.start, false);
        for (operand, piece) in operands {
            is_changed |= piece.is_changed;
            text.push_str(self.between(done, operand.span.start));
            text.push_str(&piece.at(least));
            done = operand.span.end;
        }
        text.push_str(self.between(done, expr.span.end));
        Piece {
            text,
            level: Level::of(expr),
            is_changed,
        }
    }

    fn between(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Without the matchers that pick failures, unless Prometheus would not take what is left for a selector.
    fn selector(&self, expr: &Expr, selector: &Selector) -> Piece {
        let metric = selector.metric();
        let (dropped, left): (Vec<_>, Vec<_>) = selector
            .matchers
            .iter()
            .partition(|matcher| picks(matcher, metric, self.labels) == Picks::Failures);
        let Some(braces) = selector.braces.filter(|_| !dropped.is_empty()) else {
            return self.as_written(expr);
        };
        let left: Vec<&str> = left.iter().map(|m| m.span.of(self.text)).collect();
        let matchers = match (&selector.name, left.as_slice()) {
            (Some(_), []) => String::new(),
            (Some(_), left) => format!("{{{}}}", left.join(",")),
            (None, left) => {
                let matchers = format!("{{{}}}", left.join(","));
                if read(&matchers).is_err() {
                    return self.as_written(expr);
                }
                matchers
            }
        };
        let before = match &selector.name {
            Some(name) if matchers.is_empty() => name.span.end,
            _ => braces.start,
        };
        let text = [
            self.between(expr.span.start, before),
            &matchers,
            self.between(braces.end, expr.span.end),
        ];
        Piece::changed(text.concat(), Level::of_selector(selector))
    }

    fn call(&self, expr: &Expr, call: &Call) -> Piece {
        let name = call.function.name;
        let args = &call.args;
        if is_absent(call) {
            return self.absent(expr, call);
        }
        if name == "info" {
            // The second argument says which labels are added, and selects no data.
            let series = args.first().map(|arg| (arg, self.piece(arg)));
            return self.with(expr, series, Level::Or);
        }
        let all = args.iter().map(|arg| (arg, self.piece(arg)));
        let mut piece = self.with(expr, all, Level::Or);
        let hides_nan = matches!(
            name,
            "count_over_time" | "present_over_time" | "changes" | "resets"
        );
        let of_subquery = args
            .first()
            .is_some_and(|arg| matches!(arg.unwrapped().kind, ExprKind::Subquery(_)));
        if hides_nan && of_subquery {
            piece.text.replace_range(..name.len(), "max_over_time");
            piece.is_changed = true;
        }
        piece
    }

    fn absent(&self, expr: &Expr, call: &Call) -> Piece {
        let [arg] = call.args.as_slice() else {
            return self.as_written(expr);
        };
        let piece = self.piece(arg);
        if self.kept.contains(&expr.span) {
            return self.around(expr, arg, piece, Level::Or);
        }
        match arg.value_type {
            ValueType::Matrix => {
                Piece::changed(format!("last_over_time({})", piece.text), Level::Atom)
            }
            _ => Piece {
                is_changed: true,
                ..piece
            },
        }
    }

    fn aggregation(&self, expr: &Expr, aggregation: &Aggregation) -> Piece {
        let piece = self.piece(&aggregation.expr);
        let counts = matches!(
            aggregation.op,
            AggregateOp::Count | AggregateOp::Group | AggregateOp::CountValues
        );
        if counts && has_nan(&aggregation.expr, &piece) {
            let clause = aggregation.grouping.as_ref();
            let clause = clause.map_or(String::new(), |grouping| {
                format!(" {} ", grouping.span.of(self.text))
            });
            return Piece::changed(format!("max{clause}({})", piece.text), Level::Atom);
        }
        let param = aggregation.param.as_ref();
        let operands = param
            .map(|param| (param, self.piece(param)))
            .into_iter()
            .chain([(&aggregation.expr, piece)]);
        self.with(expr, operands, Level::Or)
    }

    fn binary(&self, expr: &Expr, binary: &Binary) -> Piece {
        let (left, right) = (&binary.left, &binary.right);
        match binary.op {
            BinaryOp::Or if is_constant(right) || is_constant(left) => {
                if self.kept.contains(&expr.span) {
                    return self.joined(expr, binary);
                }
                let source = if is_constant(right) { left } else { right };
                self.alone(expr, source)
            }
            BinaryOp::Or if is_completed(expr, binary) => self.as_written(expr),
            // A constant proves nothing; where it is taken away, somebody looked.
            BinaryOp::Unless if is_constant(left) => self.alone(expr, right),
            BinaryOp::Unless => self.alone(expr, left),
            // Filled up, a constant would answer alone.
            _ if is_filled(binary) && is_constant(right) => self.alone(expr, left),
            _ if is_filled(binary) && is_constant(left) => self.alone(expr, right),
            op if op.is_comparison() && is_constant(right) => self.alone(expr, left),
            op if op.is_comparison() && is_constant(left) => self.alone(expr, right),
            op if op.is_comparison() => self.difference(binary),
            _ => self.joined(expr, binary),
        }
    }

    /// One operand in the place of the node.
    fn alone(&self, expr: &Expr, operand: &Expr) -> Piece {
        let piece = self.piece(operand);
        if expr.value_type == ValueType::Vector && operand.value_type == ValueType::Scalar {
            return Piece::changed(format!("vector({})", piece.text), Level::Atom);
        }
        Piece {
            is_changed: true,
            ..piece
        }
    }

    /// Both operands with the operator between them.
    fn joined(&self, expr: &Expr, binary: &Binary) -> Piece {
        let operator = self.between(binary.left.span.end, binary.right.span.start);
        let mut piece = self.operation(binary, binary.op, operator);
        piece.level = Level::of(expr);
        piece
    }

    /// The comparison as a difference: there where both sides are, and NaN where one is.
    fn difference(&self, binary: &Binary) -> Piece {
        let (start, end) = (binary.left.span.end, binary.right.span.start);
        let bool_span = binary.bool_span.unwrap_or(Span::at(binary.op_span.end));
        let gap = self.between(binary.op_span.end, bool_span.start);
        let operator = [
            self.between(start, binary.op_span.start),
            "-",
            // Comments stay.
            if gap.trim().is_empty() { "" } else { gap },
            self.between(bool_span.end, end),
        ];
        let mut piece = self.operation(binary, BinaryOp::Subtract, &operator.concat());
        piece.is_changed = true;
        piece
    }

    /// The operands' pieces with `operator`, the text between them, and parentheses where they are needed.
    fn operation(&self, binary: &Binary, op: BinaryOp, operator: &str) -> Piece {
        let (mut left, mut right) = (self.piece(&binary.left), self.piece(&binary.right));
        let is_changed = left.is_changed || right.is_changed;
        // Beside another operator than the written one parentheses may be needed anew.
        left.is_changed |= op != binary.op;
        right.is_changed |= op != binary.op;
        let level = Level::of_operator(op);
        // Powers are taken from the right.
        let (least_left, least_right) = match op {
            BinaryOp::Power => (level.above(), level),
            _ => (level, level.above()),
        };
        let (left, right) = (left.at(least_left), right.at(least_right));
        let is_bare = binary
            .matching
            .as_ref()
            .is_some_and(|matching| !matching.span.of(self.text).ends_with(')'));
        // Behind a `group_left` alone parentheses would hold its labels.
        let labels = if is_bare && right.starts_with('(') {
            "() "
        } else {
            ""
        };
        Piece {
            text: [&left, operator, labels, &right].concat(),
            level,
            is_changed,
        }
    }
}

/// `A or 0 * U`, where neither side answers without data: who looked at U and saw nothing of A, saw none.
fn is_completed(expr: &Expr, binary: &Binary) -> bool {
    is_zero_fallback(&binary.right)
        && has_selector(&binary.right)
        && without_data(expr) == Constant::Empty
}

/// Whether series without a partner get one (`fill`).
fn is_filled(binary: &Binary) -> bool {
    let matching = binary.matching.as_ref();
    matching.is_some_and(|matching| matching.fill != Fill::default())
}

/// Whether a number of what is counted can be NaN, before or after filters were taken from it.
fn has_nan(counted: &Expr, piece: &Piece) -> bool {
    /// Of a longer text it is taken for granted: it is read anew for each count around.
    const LENGTH: usize = 16 << 10;
    let is_possible = |expr: &Expr| can_be_nan(expr) != Certainty::No;
    is_possible(counted)
        || piece.is_changed
            && (piece.text.len() > LENGTH
                || read(&piece.text).map_or(true, |query| is_possible(&query.expr)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::Query;

    fn query(text: &str) -> Query {
        read(text).unwrap_or_else(|error| panic!("`{text}`: {error:?}"))
    }

    fn found(text: &str) -> Option<Witness> {
        let found = witness(text, &query(text).expr, &Labels::default());
        if let Some(witness) = &found {
            query(&witness.text);
            query(&counted(&witness.text));
        }
        found
    }

    /// Each query with its witness; the same text: it is its own.
    fn check(table: &[(&str, &str)]) {
        for &(text, wanted) in table {
            let found = found(text).unwrap_or_else(|| panic!("`{text}` has none"));
            assert_eq!(found.text, wanted, "of `{text}`");
            assert_eq!(found.is_own, text == wanted, "of `{text}`");
        }
    }

    #[test]
    fn node_kind_by_node_kind() {
        check(&[
            // A completed sum.
            (
                r#"(sum(x{code="500"}) or 0 * sum(x)) / sum(x)"#,
                r#"(sum(x{code="500"}) or 0 * sum(x)) / sum(x)"#,
            ),
            (
                "sum(e) or 0 * sum(up{job=\"a\"})",
                "sum(e) or 0 * sum(up{job=\"a\"})",
            ),
            // Selectors.
            (r#"x{code=~"5.."}"#, "x"),
            (r#"x{code=~"5..",a="b"}"#, r#"x{a="b"}"#),
            (r#"x{code=~"2.."}"#, r#"x{code=~"2.."}"#),
            (r#"x{code!~"5.."}"#, r#"x{code!~"5.."}"#),
            (r#"{code="500",a="b"}"#, r#"{a="b"}"#),
            (r#"{code="500",a=~".+"}"#, r#"{a=~".+"}"#),
            (r#"{code="500"}"#, r#"{code="500"}"#),
            (
                r#"rate(x {code="500"}[5m] @ 5 offset 1h)"#,
                "rate(x[5m] @ 5 offset 1h)",
            ),
            // Around.
            (r#"-(x{code="500"})"#, "-(x)"),
            (
                r#"max_over_time(x{code="500"}[5m:1m])"#,
                "max_over_time(x[5m:1m])",
            ),
            // Arithmetic.
            (
                r#"x{code="500"} / ignoring(code) group_left x"#,
                "x / ignoring(code) group_left x",
            ),
            // Comparisons.
            ("a > 5", "a"),
            ("a > bool 5", "a"),
            ("5 < a", "a"),
            ("a > on(x) b", "a - on(x) b"),
            (
                "a == bool on(x) group_left () b",
                "a - on(x) group_left () b",
            ),
            ("a>bool b", "a- b"),
            ("a > scalar(b)", "a - scalar(b)"),
            // Fallbacks.
            ("a or vector(0)", "a"),
            ("a or on() vector(0)", "a"),
            ("vector(0) or a", "a"),
            ("(a) or time() * vector(1)", "(a)"),
            ("a or b", "a or b"),
            ("a or b > 5", "a or b"),
            ("a and b > 5", "a and b"),
            ("a and on() hour() > 5", "a and on() hour() > 5"),
            ("a unless b > 5", "a"),
            ("vector(1) unless on() a > 5", "a"),
            ("a + fill(0) vector(1)", "a"),
            ("a / fill(0) b", "a / fill(0) b"),
            // Absence.
            ("absent(a)", "a"),
            ("absent_over_time(a[5m])", "last_over_time(a[5m])"),
            ("absent(a > 5) * 2", "a * 2"),
            // What hides NaN.
            ("count(a)", "count(a)"),
            ("count(a / b)", "max(a / b)"),
            ("count by (x) (a / b)", "max by (x) (a / b)"),
            ("count(a / b) by (x)", "max by (x) (a / b)"),
            ("group(a / b)", "max(a / b)"),
            (r#"count_values("v", a / b)"#, "max(a / b)"),
            (r#"count_values("v", a)"#, r#"count_values("v", a)"#),
            // NaN is above no number: the filter keeps it out, and the filter goes.
            ("count(a / b > 0.05) or vector(0)", "max(a / b)"),
            (
                "count_over_time((a > 5)[5m:1m])",
                "max_over_time((a)[5m:1m])",
            ),
            ("changes(a[5m:])", "max_over_time(a[5m:])"),
            ("changes(a[5m])", "changes(a[5m])"),
            // Others.
            ("topk(scalar(a > 5), b > 3)", "topk(scalar(a), b)"),
            ("quantile(0.5, a > 3) by (x)", "quantile(0.5, a) by (x)"),
            (
                "histogram_quantile(0.9, a > 5)",
                "histogram_quantile(0.9, a)",
            ),
            ("vector(scalar(a))", "vector(scalar(a))"),
            ("timestamp(a)", "timestamp(a)"),
            (
                r#"info(a{code="500"}, {reason="OOMKilled"})"#,
                r#"info(a, {reason="OOMKilled"})"#,
            ),
            // Its labels are of no data: the number is the query's own.
            (r#"a or info(vector(0), {b="c"})"#, "a"),
        ]);
    }

    #[test]
    fn tops_that_are_no_vectors() {
        for (text, wanted, is_own) in [
            ("a[5m]", "last_over_time(a[5m])", true),
            (r#"(a{code="500"}[5m])"#, "last_over_time((a[5m]))", false),
            ("(a > 5)[5m:1m]", "last_over_time((a)[5m:1m])", false),
            ("scalar(a)", "vector(scalar(a))", true),
            ("scalar(a) > bool 5", "vector(scalar(a))", false),
        ] {
            let found = found(text).expect("there is one");
            assert_eq!((found.text.as_str(), found.is_own), (wanted, is_own));
        }
        for text in [
            "hour()",
            "1",
            "vector(0) or vector(1)",
            "\"a\"",
            "time() > bool 5",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn fallbacks_inside_what_looks_completed_answer_nothing() {
        check(&[
            (
                r#"(sum(x{code="500"}) or vector(0)) or 0 * sum(x)"#,
                "(sum(x)) or 0 * sum(x)",
            ),
            ("sum(x) or 0 * absent(x)", "sum(x) or 0 * x"),
            (
                "sum(e) or 0 * (sum(t) or vector(1))",
                "sum(e) or 0 * (sum(t))",
            ),
        ]);
    }

    #[test]
    fn operators_bind_as_before() {
        check(&[
            ("a > b + c", "a - (b + c)"),
            ("a + b > c", "a + b - c"),
            ("a > b > c", "a - b - c"),
            ("a > b * c", "a - b * c"),
            ("a * (b > c)", "a * (b - c)"),
            ("-absent(a) ^ b", "-a ^ b"),
            ("absent(-a) ^ b", "(-a) ^ b"),
            ("b ^ absent(a ^ c)", "b ^ a ^ c"),
            ("absent(a ^ c) ^ b", "(a ^ c) ^ b"),
            ("-absent(a + b)", "-(a + b)"),
            ("-absent(-a)", "-(-a)"),
            ("b - absent(a - c)", "b - (a - c)"),
            ("absent(a - c) - b", "a - c - b"),
            ("b * absent(a or c)", "b * (a or c)"),
            ("b and absent(a or c)", "b and (a or c)"),
            ("a or b and absent(c or d)", "a or b and (c or d)"),
            (
                "b * on(x) group_left absent(a or c)",
                "b * on(x) group_left () (a or c)",
            ),
            ("b * on(x) group_left absent(a)", "b * on(x) group_left a"),
            (
                "b * on(x) group_left absent((a)) ^ 2",
                "b * on(x) group_left () (a) ^ 2",
            ),
            (
                "max_over_time(absent(a or b)[5m:1m])",
                "max_over_time((a or b)[5m:1m])",
            ),
            (
                "max_over_time(absent(a offset 5m)[5m:1m])",
                "max_over_time((a offset 5m)[5m:1m])",
            ),
            ("sum(vector(1) > scalar(a))", "sum(vector(scalar(a)))"),
            ("a > -b", "a - -b"),
            (
                "a # one\n > # two\n bool # three\n b # four",
                "a # one\n - # two\n  # three\n b",
            ),
            ("a # one\n or vector(0) # two", "a"),
        ]);
    }

    #[test]
    fn worked_examples() {
        // measurement.md, section 11, by the text that is sent.
        let h = r#"namespace="shop",pod=~"cart-.*""#;
        let e = format!(r#"sum(rate(r{{{h},code=~"5.."}}[5m]))"#);
        let t = format!("sum(rate(r{{{h}}}[5m]))");
        let e0 = format!("({e} or 0 * {t})");
        let crash = format!(r#"sum(w{{{h},reason="CrashLoopBackOff"}})"#);
        let crash0 = format!("({crash} or 0 * sum(w{{{h}}}))");
        for (number, sent, wanted) in [
            (1, format!("{e0} / {t}"), format!("{e0} / {t}")),
            (8, format!("{e0} or vector(0)"), e0.clone()),
            (
                12,
                "sum(increase(restarts_total[1m])) or vector(0)".to_owned(),
                "sum(increase(restarts_total[1m]))".to_owned(),
            ),
            (17, format!("{crash0} or vector(0)"), crash0.clone()),
            (
                19,
                format!("{e0} / ({t} > 0) or vector(0)"),
                format!("{e0} / ({t})"),
            ),
            (
                20,
                "sum by (route)(e) / sum by (path)(t) or on() vector(0)".to_owned(),
                "sum by (route)(e) / sum by (path)(t)".to_owned(),
            ),
            (21, format!("{e0} / {t} > 0.05"), format!("{e0} / {t}")),
            (22, format!("{e0} / {t} > bool 0.05"), format!("{e0} / {t}")),
            (
                27,
                "e / (e offset 1h)".to_owned(),
                "e / (e offset 1h)".to_owned(),
            ),
            (28, "absent(up)".to_owned(), "up".to_owned()),
            (
                29,
                r#"sum(ready{namespace="nowhere"}) or vector(0)"#.to_owned(),
                r#"sum(ready{namespace="nowhere"})"#.to_owned(),
            ),
            (
                30,
                "histogram_quantile(0.9, sum by (le)(rate(h_bucket[5m])))".to_owned(),
                "histogram_quantile(0.9, sum by (le)(rate(h_bucket[5m])))".to_owned(),
            ),
        ] {
            let found = found(&sent).expect("there is one");
            assert_eq!(found.text, wanted, "{number}");
            assert_eq!(found.is_own, sent == wanted, "{number}");
        }
    }

    #[test]
    fn the_count_is_asked_in_one_pair_of_parentheses() {
        for (witness, wanted) in [
            ("a or b", "count((a or b) >= -Inf)"),
            ("(a or b)", "count((a or b) >= -Inf)"),
            ("(a) or (b)", "count(((a) or (b)) >= -Inf)"),
        ] {
            assert_eq!(counted(witness), wanted);
        }
    }

    #[test]
    fn the_nearest_fallback_of_each_candidate_is_left_in() {
        for (text, candidates, wanted) in [
            (
                r#"(sum(rate(app_errors_total{namespace="shop"}[5m])) or vector(0)) / sum(rate(t[5m]))"#,
                vec![r#"app_errors_total{namespace="shop"}"#],
                r#"(sum(rate(app_errors_total{namespace="shop"}[5m])) or vector(0)) / sum(rate(t[5m]))"#,
            ),
            ("(a or vector(0)) / b", vec!["b"], "(a) / b"),
            (
                "(a or vector(0)) / b or vector(1)",
                vec!["a"],
                "(a or vector(0)) / b",
            ),
            (
                "(a or vector(0)) / b or vector(1)",
                vec!["b"],
                "(a) / b or vector(1)",
            ),
            (
                "(a or vector(0)) / b or vector(1)",
                vec!["a", "b"],
                "(a or vector(0)) / b or vector(1)",
            ),
            ("absent(a) > bool 0", vec!["a"], "absent(a)"),
            ("absent(a > 5) or vector(0)", vec!["a"], "absent(a)"),
            (
                "absent_over_time(a[5m])",
                vec!["a"],
                "absent_over_time(a[5m])",
            ),
            ("absent_over_time(a[5m])", vec![], "last_over_time(a[5m])"),
            (
                r#"vector(0) or a{code="500"} > 5"#,
                vec![r#"a{code="500"}"#],
                "vector(0) or a",
            ),
            (
                r#"(sum(x{code="500"}) or 0 * sum(x)) or vector(0)"#,
                vec!["x)"],
                r#"(sum(x{code="500"}) or 0 * sum(x)) or vector(0)"#,
            ),
            (
                "b * (a or vector(0) > 5)",
                vec!["a"],
                "b * (a or vector(0) > 5)",
            ),
        ] {
            let spans: Vec<Span> = candidates
                .iter()
                .map(|candidate| {
                    let start = text.find(candidate).expect("there is one");
                    let length = candidate.trim_end_matches(')').len();
                    Span::new(start, start + length)
                })
                .collect();
            let found = witness_with_fallbacks(text, &query(text).expr, &Labels::default(), &spans)
                .expect("there is one");
            query(&found);
            assert_eq!(found, wanted, "of `{text}` for {candidates:?}");
        }
    }

    #[test]
    fn queries_as_deep_and_as_long_as_are_read() {
        let wide = |item: &str| vec![item; 4000].join(", ");
        let matchers = wide(r#"code="500""#);
        let chain = |item: &str, operator: &str| vec![item; 190].join(operator);
        let nested = |open: &str, times: usize, inner: &str| {
            format!("{}{inner}{}", open.repeat(times), ")".repeat(times))
        };
        for text in [
            nested("count(", 180, &format!("a{{{matchers}}} / b > 5")),
            nested("absent(", 180, "a > 5"),
            nested("(", 180, "a > b"),
            nested("-(", 90, "a > b"),
            chain("a > 5", " or "),
            chain("sum(a)", " or 0 * "),
            chain("absent(a or b)", " / on(x) group_left "),
            chain("a", " > "),
            chain("a", " ^ "),
            format!("{} or vector(0)", chain("a{code=\"500\"} > b", " unless ")),
        ] {
            let tree = query(&text).expr;
            let found = witness(&text, &tree, &Labels::default()).expect("there is one");
            query(&found.text);
            let spans: Vec<Span> = data_selectors(&tree).iter().map(|s| s.span).collect();
            let kept = witness_with_fallbacks(&text, &tree, &Labels::default(), &spans);
            query(&kept.expect("there is one"));
        }
    }
}
