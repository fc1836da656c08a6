//! A tree in one line: every node with its bytes as `@start-end`.

use super::super::ast::*;
use crate::text::span::Span;

fn at(span: Span) -> String {
    format!("@{}-{}", span.start, span.end)
}

fn name(name: &Name) -> String {
    let mark = if name.is_known { "" } else { "?" };
    format!("{}{mark}{}", name.text, at(name.span))
}

fn names(list: &[Name]) -> String {
    let list: Vec<_> = list.iter().map(name).collect();
    list.join(" ")
}

fn text(text: &Text) -> String {
    let mark = if text.is_known { "" } else { "?" };
    format!("'{}'{mark}{}", text.text(), at(text.span))
}

fn number(number: &Number) -> String {
    let mark = if number.is_duration { "s" } else { "" };
    format!("{}{mark}", number.value)
}

fn period_expr(expr: &PeriodExpr) -> String {
    let inner = match &expr.kind {
        PeriodExprKind::Number(value) => number(value),
        PeriodExprKind::Step => "step".to_owned(),
        PeriodExprKind::Range => "range".to_owned(),
        PeriodExprKind::Unary(true, inner) => format!("(- {})", period_expr(inner)),
        PeriodExprKind::Unary(false, inner) => format!("(+ {})", period_expr(inner)),
        PeriodExprKind::Binary(op, left, right) => {
            let op = op.as_str();
            format!("({op} {} {})", period_expr(left), period_expr(right))
        }
        PeriodExprKind::MinOf(left, right) => {
            format!("(min_of {} {})", period_expr(left), period_expr(right))
        }
        PeriodExprKind::MaxOf(left, right) => {
            format!("(max_of {} {})", period_expr(left), period_expr(right))
        }
        PeriodExprKind::Paren(inner) => format!("(() {})", period_expr(inner)),
        PeriodExprKind::Hole(hole) => format!("hole{hole}"),
    };
    format!("{inner}{}", at(expr.span))
}

fn period(period: &Period) -> String {
    match &period.kind {
        PeriodKind::Literal(nanoseconds) => {
            format!("{}s{}", *nanoseconds as f64 / 1e9, at(period.span))
        }
        PeriodKind::Expr(expr) => period_expr(expr),
        PeriodKind::Hole(hole) => format!("hole{hole}{}", at(period.span)),
    }
}

fn modifiers(modifiers: &Modifiers) -> String {
    let mut out = String::new();
    if let Some(offset) = &modifiers.offset {
        out += &format!(" offset{} {}", at(offset.span), period(&offset.by));
    }
    if let Some(moment) = &modifiers.at {
        out += &format!(" at{} {:?}", at(moment.span), moment.time);
    }
    if let Some((extension, span)) = &modifiers.extension {
        out += &format!(" {extension:?}{}", at(*span));
    }
    out
}

/// Without modifiers.
fn selector(selector: &Selector) -> String {
    let mut parts = Vec::new();
    parts.extend(selector.name.as_ref().map(name));
    parts.extend(selector.braces.map(|span| format!("{{}}{}", at(span))));
    parts.extend(selector.matchers.iter().map(|matcher| {
        let (label, value) = (name(&matcher.label), text(&matcher.value));
        let op = format!("{}{}", matcher.op.as_str(), at(matcher.op_span));
        format!("[{label} {op} {value}]{}", at(matcher.span))
    }));
    parts.join(" ")
}

fn matching(matching: &Matching) -> String {
    let mut out = format!(" matching{}", at(matching.span));
    if let Some(labels) = &matching.labels {
        let word = if labels.is_on { "on" } else { "ignoring" };
        out += &format!(" {word}{}({})", at(labels.span), names(&labels.labels));
    }
    if let Some(group) = &matching.group {
        let word = if group.is_left { "left" } else { "right" };
        out += &format!(" {word}{}({})", at(group.span), names(&group.include));
    }
    if matching.fill != Fill::default() {
        out += &format!(" fill({:?} {:?})", matching.fill.left, matching.fill.right);
    }
    out
}

/// The whole tree.
pub(super) fn sketch(expr: &Expr) -> String {
    let inner = match &expr.kind {
        ExprKind::Number(value) => number(value),
        ExprKind::String(value) => return text(value),
        ExprKind::Selector(value) => {
            format!("({}{})", selector(value), modifiers(&value.modifiers))
        }
        ExprKind::Matrix(matrix) => format!(
            "(range ({}){} []{} {}{})",
            selector(&matrix.selector),
            at(matrix.selector_span),
            at(matrix.brackets),
            period(&matrix.range),
            modifiers(&matrix.selector.modifiers)
        ),
        ExprKind::Subquery(subquery) => format!(
            "(subquery {} []{} {}{}{})",
            sketch(&subquery.expr),
            at(subquery.brackets),
            period(&subquery.range),
            subquery
                .step
                .as_ref()
                .map(|step| format!(" step {}", period(step)))
                .unwrap_or_default(),
            modifiers(&subquery.modifiers)
        ),
        ExprKind::Call(call) => {
            let args: Vec<_> = call.args.iter().map(sketch).collect();
            let (name, span) = (call.function.name, at(call.name_span));
            format!("({name}{span} {})", args.join(" "))
        }
        ExprKind::Aggregation(aggregation) => {
            let mut out = aggregation.op.as_str().to_owned() + &at(aggregation.op_span);
            if let Some(grouping) = &aggregation.grouping {
                let word = if grouping.is_without { "without" } else { "by" };
                let (span, parens) = (at(grouping.span), at(grouping.parens));
                out += &format!(" {word}{span}(){parens}({})", names(&grouping.labels));
            }
            if let Some(param) = &aggregation.param {
                out += &format!(" {}", sketch(param));
            }
            format!("({out} {})", sketch(&aggregation.expr))
        }
        ExprKind::Binary(binary) => format!(
            "({}{}{}{} {} {})",
            binary.op.as_str(),
            at(binary.op_span),
            binary
                .bool_span
                .map(|span| format!(" bool{}", at(span)))
                .unwrap_or_default(),
            binary.matching.as_ref().map(matching).unwrap_or_default(),
            sketch(&binary.left),
            sketch(&binary.right)
        ),
        ExprKind::Unary(unary) => {
            let sign = if unary.is_minus { "-" } else { "+" };
            format!("({sign}{} {})", at(unary.op_span), sketch(&unary.expr))
        }
        ExprKind::Paren(inner) => format!("(() {})", sketch(inner)),
        ExprKind::Hole(hole) => format!("hole{hole}:{:?}", expr.value_type),
    };
    format!("{inner}{}", at(expr.span))
}
