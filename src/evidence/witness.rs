//! A query into its witness: the query without its fallbacks and filters, which answers a number only where somebody looked.
//!
//! The text is made anew from the tree's leaves up, node kind by node kind; what does not change is copied with its blanks
//! and comments. Samples behind each selector would prove nothing: a join without a match has them. So the witness is a
//! whole expression.

use crate::evidence::text::read;
use crate::promql::answer::{
    Certainty, Constant, can_be_nan, has_hole, has_selector, without_data,
};
use crate::promql::ast::{
    AggregateOp, Aggregation, Binary, BinaryOp, Call, Expr, ExprKind, Modifiers, Selector,
    ValueType,
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

/// How tightly the outermost operator of a text binds, PromQL's own order (`generated_parser.y`); a sign binds as `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Comparison,
    Sum,
    Product,
    Power,
    /// A selector with modifiers: an operand, but nothing to hang a range on.
    Modified,
    Atom,
}

impl Level {
    fn of_operator(op: BinaryOp) -> Self {
        match op {
            BinaryOp::Or => Level::Or,
            BinaryOp::And | BinaryOp::Unless => Level::And,
            BinaryOp::Add | BinaryOp::Subtract => Level::Sum,
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo | BinaryOp::Atan2 => {
                Level::Product
            }
            BinaryOp::Power => Level::Power,
            _ => Level::Comparison,
        }
    }

    fn of_selector(selector: &Selector) -> Self {
        if selector.modifiers == Modifiers::default() {
            Level::Atom
        } else {
            Level::Modified
        }
    }

    fn of(expr: &Expr) -> Self {
        match &expr.kind {
            ExprKind::Binary(binary) => Level::of_operator(binary.op),
            ExprKind::Unary(_) => Level::Product,
            ExprKind::Selector(selector) => Level::of_selector(selector),
            _ => Level::Atom,
        }
    }
}

/// A node's text in the witness.
struct Piece {
    text: String,
    level: Level,
    is_changed: bool,
}

impl Piece {
    fn changed(text: String, level: Level) -> Self {
        Piece {
            text,
            level,
            is_changed: true,
        }
    }

    /// The text for a place that needs at least this level; what did not change stands as it stood.
    fn at(self, least: Level) -> String {
        if self.is_changed && self.level < least {
            format!("({})", self.text)
        } else {
            self.text
        }
    }
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
            BinaryOp::Unless => self.alone(expr, left),
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
        let above = |level| match level {
            Level::Or => Level::And,
            Level::And => Level::Comparison,
            Level::Comparison => Level::Sum,
            Level::Sum => Level::Product,
            Level::Product => Level::Power,
            _ => Level::Modified,
        };
        // Powers are taken from the right.
        let (least_left, least_right) = match op {
            BinaryOp::Power => (above(level), level),
            _ => (level, above(level)),
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
mod tests;
