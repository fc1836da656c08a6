//! A query's tree into its data selectors and counter functions, each with what stands around it.

use crate::promql::answer::has_selector;
use crate::promql::ast::{
    Binary, BinaryOp, Call, Expr, ExprKind, Matrix, Modifiers, Period, Selector, Subquery,
};
use crate::text::span::Span;

/// A selector of data and where it stands.
#[derive(Debug, Clone)]
pub struct DataSelector<'a> {
    /// The node: a vector or matrix selector.
    pub expr: &'a Expr,
    /// What it selects.
    pub selector: &'a Selector,
    /// Name and braces, without range and modifiers.
    pub span: Span,
    /// Its own range.
    pub window: Option<&'a Period>,
    /// The innermost function that takes its range: its own, else that of the subquery around it.
    pub function: Option<&'static str>,
    /// The innermost subquery around it.
    pub subquery: Option<&'a Subquery>,
    /// It, or a subquery around it, has an `offset`.
    pub has_offset: bool,
    /// It, or a subquery around it, has an `@`.
    pub has_at: bool,
    /// It stands on the right of an `or`: it speaks where another part is silent.
    pub is_on_fallback_side: bool,
    /// It stands to the left of an `or` whose right side is constant.
    pub has_constant_fallback: bool,
    /// The nodes around it, the root first.
    pub around: Vec<&'a Expr>,
}

impl<'a> DataSelector<'a> {
    /// The functions and aggregations around it, by name, the innermost first.
    pub fn callers(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.around
            .iter()
            .rev()
            .filter_map(|around| match &around.kind {
                ExprKind::Call(call) => Some(call.function.name),
                ExprKind::Aggregation(aggregation) => Some(aggregation.op.as_str()),
                _ => None,
            })
    }
}

/// What a counter function takes.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// `x[5m]`
    Selector(&'a Matrix),
    /// `(…)[5m:1m]`
    Subquery(&'a Subquery),
}

/// A call of a counter function.
#[derive(Debug, Clone)]
pub struct CounterCall<'a> {
    /// The node.
    pub expr: &'a Expr,
    /// The call.
    pub call: &'a Call,
    /// The function's name.
    pub function: &'static str,
    /// What it takes.
    pub source: Source<'a>,
    /// The range of what it takes.
    pub window: &'a Period,
}

impl<'a> CounterCall<'a> {
    /// The selector, where it takes one.
    pub fn selector(&self) -> Option<&'a Selector> {
        match self.source {
            Source::Selector(matrix) => Some(&matrix.selector),
            Source::Subquery(_) => None,
        }
    }
}

/// The functions that read how a counter, or another series, changed over a range.
pub const COUNTER_FUNCTIONS: [&str; 8] = [
    "rate", "irate", "increase", "delta", "idelta", "deriv", "changes", "resets",
];

/// `rate`, `irate`, `increase`, `delta`, `idelta`, `deriv`, `changes`, `resets`
pub fn is_counter_function(name: &str) -> bool {
    COUNTER_FUNCTIONS.contains(&name)
}

/// The calls of counter functions, in text order; one whose range is a hole is left out.
pub fn counter_calls(expr: &Expr) -> Vec<CounterCall<'_>> {
    let mut found = Vec::new();
    expr.walk(&mut |node| {
        let ExprKind::Call(call) = &node.kind else {
            return;
        };
        let Some(arg) = call.args.first() else {
            return;
        };
        let (source, window) = match &arg.unwrapped().kind {
            ExprKind::Matrix(matrix) => (Source::Selector(matrix), &matrix.range),
            ExprKind::Subquery(subquery) => (Source::Subquery(subquery), &subquery.range),
            _ => return,
        };
        if is_counter_function(call.function.name) {
            found.push(CounterCall {
                expr: node,
                call,
                function: call.function.name,
                source,
                window,
            });
        }
    });
    found
}

/// The selectors that bring data, wherever they stand: in subqueries and aggregation parameters too. The second argument
/// of `info()`, which selects labels, is none.
pub fn data_selectors(expr: &Expr) -> Vec<DataSelector<'_>> {
    let mut search = Search {
        around: Vec::new(),
        found: Vec::new(),
    };
    search.visit(expr);
    search.found.sort_by_key(|selector| selector.span.start);
    search.found
}

struct Search<'a> {
    around: Vec<&'a Expr>,
    found: Vec<DataSelector<'a>>,
}

impl<'a> Search<'a> {
    fn visit(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Selector(selector) => {
                let end = selector
                    .braces
                    .or(selector.name.as_ref().map(|name| name.span))
                    .map_or(expr.span.end, |span| span.end);
                let span = Span {
                    start: expr.span.start,
                    end,
                };
                self.add(expr, selector, span, None);
            }
            ExprKind::Matrix(matrix) => {
                self.add(
                    expr,
                    &matrix.selector,
                    matrix.selector_span,
                    Some(&matrix.range),
                );
            }
            ExprKind::Call(call) if call.function.name == "info" => {
                self.around.push(expr);
                call.args.iter().take(1).for_each(|arg| self.visit(arg));
                self.around.pop();
            }
            _ => {
                self.around.push(expr);
                for child in expr.children() {
                    self.visit(child);
                }
                self.around.pop();
            }
        }
    }

    fn add(
        &mut self,
        expr: &'a Expr,
        selector: &'a Selector,
        span: Span,
        window: Option<&'a Period>,
    ) {
        let modifiers = || {
            self.subqueries()
                .map(|subquery| &subquery.modifiers)
                .chain([&selector.modifiers])
        };
        let has = |test: fn(&Modifiers) -> bool| modifiers().any(test);
        let found = DataSelector {
            expr,
            selector,
            span,
            window,
            function: self.function(window.is_some()),
            subquery: self.subqueries().next(),
            has_offset: has(|modifiers| modifiers.offset.is_some()),
            has_at: has(|modifiers| modifiers.at.is_some()),
            is_on_fallback_side: self
                .fallbacks(expr, |binary| &binary.right)
                .next()
                .is_some(),
            has_constant_fallback: self
                .fallbacks(expr, |binary| &binary.left)
                .any(|binary| !has_selector(&binary.right)),
            around: self.around.clone(),
        };
        self.found.push(found);
    }

    /// The subqueries around, the innermost first.
    fn subqueries(&self) -> impl Iterator<Item = &'a Subquery> + '_ {
        self.around
            .iter()
            .rev()
            .filter_map(|node| match &node.kind {
                ExprKind::Subquery(subquery) => Some(&**subquery),
                _ => None,
            })
    }

    /// The function that takes the range, of the selector itself or of the innermost subquery.
    fn function(&self, is_range: bool) -> Option<&'static str> {
        let mut nodes = self.around.iter().rev();
        if !is_range {
            nodes.find(|node| matches!(node.kind, ExprKind::Subquery(_)))?;
        }
        nodes
            .find(|node| !matches!(node.kind, ExprKind::Paren(_)))
            .and_then(|node| match &node.kind {
                ExprKind::Call(call) => Some(call.function.name),
                _ => None,
            })
    }

    /// The `or`s around whose given side holds the node.
    fn fallbacks(
        &self,
        expr: &'a Expr,
        side: fn(&Binary) -> &Expr,
    ) -> impl Iterator<Item = &'a Binary> + '_ {
        let inside = self.around.iter().skip(1).copied().chain([expr]);
        self.around
            .iter()
            .zip(inside)
            .filter_map(move |(node, child)| match &node.kind {
                ExprKind::Binary(binary)
                    if binary.op == BinaryOp::Or && std::ptr::eq(side(binary), child) =>
                {
                    Some(&**binary)
                }
                _ => None,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::{Features, Options, parse};

    fn tree(query: &str) -> Expr {
        let options = Options {
            features: Features::All,
            holes: &[],
        };
        parse(query, options).expect("the query parses").expr
    }

    #[test]
    fn every_selector_of_data_is_found() {
        let cases = [
            ("x", "x -"),
            ("rate(x{a=\"b\"}[5m] offset 1h)", "x{a=\"b\"} rate offset"),
            ("rate(x[5m] @ 0)", "x rate @"),
            ("1", ""),
            (
                "max_over_time(rate(x[1m])[10m:] offset 1h)",
                "x rate offset",
            ),
            ("max_over_time(sum(x)[10m:])", "x max_over_time"),
            ("rate((sum(x))[10m:])", "x rate"),
            ("topk(scalar(x), y)", "x -, y -"),
            ("y or x", "y -, x - fallback"),
            ("sum(y or vector(0)) / x", "y - constant, x -"),
            ("info(x, {a=\"b\"})", "x -"),
            ("{\"a.b\"} + x", "{\"a.b\"} -, x -"),
        ];
        for (query, wanted) in cases {
            let expr = tree(query);
            let found: Vec<String> = data_selectors(&expr)
                .iter()
                .map(|selector| {
                    let text = &query[selector.span.start..selector.span.end];
                    let mut line = format!("{text} {}", selector.function.unwrap_or("-"));
                    for (holds, word) in [
                        (selector.has_offset, " offset"),
                        (selector.has_at, " @"),
                        (selector.is_on_fallback_side, " fallback"),
                        (selector.has_constant_fallback, " constant"),
                    ] {
                        if holds {
                            line += word;
                        }
                    }
                    line
                })
                .collect();
            assert_eq!(found.join(", "), wanted, "`{query}`");
        }
    }

    #[test]
    fn callers_stand_innermost_first() {
        let expr = tree("count(absent(rate(x[5m])))");
        let selectors = data_selectors(&expr);
        let callers: Vec<_> = selectors[0].callers().collect();
        assert_eq!(callers, ["rate", "absent", "count"]);
    }

    #[test]
    fn counter_functions_are_found() {
        let cases = [
            (
                "sum(rate(x[5m])) / sum(increase((y[1m])))",
                "rate x, increase y",
            ),
            ("rate(sum(x)[5m:1m])", "rate -"),
            ("max_over_time(x[5m])", ""),
            (
                "changes(x[5m]) + resets(y[5m]) + deriv(z[5m])",
                "changes x, resets y, deriv z",
            ),
        ];
        for (query, wanted) in cases {
            let expr = tree(query);
            let found: Vec<String> = counter_calls(&expr)
                .iter()
                .map(|call| {
                    let metric = call.selector().and_then(Selector::metric);
                    format!("{} {}", call.function, metric.unwrap_or("-"))
                })
                .collect();
            assert_eq!(found.join(", "), wanted, "`{query}`");
        }
    }
}
