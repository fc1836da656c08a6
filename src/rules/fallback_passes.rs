//! A constant that answers where there are no data, and passes.

use crate::lint::anchor::{late, presence_in_words};
use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::lint::quote::{one_line, quoted};
use crate::lint::rule::Check;
use crate::lint::slice::{lazy, sum_around, unsliced, whole, zeros};
use crate::lint::without_data::{OF_ALERTS, deciding, hangs, is_about_alerts, said};
use crate::promql::Query;
use crate::promql::answer::{
    Constant, fallback, fallback_range, has_hole, has_selector, without_data,
};
use crate::promql::ast::{AggregateOp, Binary, BinaryOp, Expr, ExprKind};
use crate::promql::names::only_while_wrong;
use crate::promql::outcome::{Picks, is_outcome};
use crate::promql::select::{DataSelector, data_selectors};
use crate::text::float::go_float;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds a query that answers a constant where its selectors match nothing, `… or vector(0)`, and conditions that this
    /// constant fulfils.
    ///
    /// ## Why it matters
    ///
    /// The gate is green for ever: with a misspelt metric, a wrong namespace, a window that is too short, a canary that does not
    /// run. `or 0 * …` over a metric that is there whenever somebody looks makes health an answer and leaves no data none.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(increase(http_requests_total{namespace="shop", code=~"5.."}[5m])) or vector(0)
    /// successCondition: result[0] == 0
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: |
    ///   sum(increase(http_requests_total{namespace="shop", code=~"5.."}[5m]))
    ///   or 0 * sum(increase(http_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] == 0
    /// ```
    ///
    /// ## Known gaps
    ///
    /// A query about `ALERTS`, of which there are none while all is well, is a warning without a fix: the alerting rule's own
    /// expression is the better gate.
    "fallback-passes", "the fallback passes: green for ever",
    NoData, levels: [Deny, Warn],
    rests_on_no_data: true,
    yields_to: ["constant-query", "fallback-both-sides", "lazy-success", "missing-condition"],
    check: Check::Query(check),
}

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let cell = gate.table.as_ref().and_then(|table| table.cell("fallback"));
    let Some(cell) = cell.filter(|cell| cell.is_reachable) else {
        if without_data(&query.expr) == Constant::Unknown && gate.table.is_some() {
            out.skip("what the query answers without data hangs on an argument without value");
        }
        return;
    };
    if hangs(gate, Some(cell.verdict), out) || cell.verdict != Verdict::Successful {
        return;
    }
    let Some(condition) = deciding(gate) else {
        return;
    };
    let (level, why) = match is_about_alerts(query) {
        true => (Level::Warn, ""),
        false => (Level::Deny, ": green for ever"),
    };
    let number = cell.probe.first().copied().map(go_float);
    let number = number.unwrap_or_default();
    let number = match fallback(&query.expr).is_none() && fallback_range(&query.expr).is_some() {
        true => format!("`{number}` at most"),
        false => format!("`{number}`"),
    };
    let end = format!("{number}, of which {}{why}", said(condition));
    if fallback(&query.expr).is_none() && fallback_range(&query.expr).is_none() {
        of_the_setting(gate, level, &end, out);
        return;
    }
    let whole = quoted(gate, query, query.expr.span);
    let Some(or) = constant_or(&query.expr) else {
        let spot = gate.in_query(query.expr.span);
        let finding = out.push(level, spot, format!("without data `{whole}` is {end}"));
        match is_about_alerts(query) {
            true => finding.help(OF_ALERTS),
            false => finding
                .help("ask for what is there while all is well, and whose value tells how well"),
        };
        return;
    };
    let constant = quoted(gate, query, or.right.span);
    let advice = advice(gate, query, or);
    let spot = gate.in_query(or.op_span.to(or.right.span));
    let message = format!("without data `{constant}` makes the answer {end}");
    let finding = out.push(level, spot, message).help(advice.help);
    if !advice.edits.is_empty() {
        finding.fix(gate.fix_query(false, &advice.edits));
    }
}

/// The plugin's own `fallback`.
fn of_the_setting(gate: &Gate<'_>, level: Level, end: &str, out: &mut Findings<'_>) {
    let Some(field) = gate.spec().and_then(|spec| spec.setting("fallback")) else {
        return;
    };
    let message = format!("without data the answer is {end}");
    out.push(level, gate.at("fallback", field), message)
        .help("drop `fallback`, or write `guard: enforce`, where it counts only on evidence")
        .fix(gate.fix_removal(false, field));
}

/// The outermost `or` with a constant behind.
fn constant_or(expr: &Expr) -> Option<&Binary> {
    let mut found = None;
    expr.walk(&mut |node| {
        if let ExprKind::Binary(binary) = &node.kind
            && found.is_none()
            && binary.op == BinaryOp::Or
            && has_selector(&binary.left)
            && !has_selector(&binary.right)
            && !has_hole(&binary.right)
            && (matches!(without_data(&binary.right), Constant::Value(_))
                || fallback_range(&binary.right).is_some())
        {
            found = Some(&**binary);
        }
    });
    found
}

/// What to write in the fallback's place.
struct Advice {
    help: String,
    edits: Vec<(Span, String)>,
}

fn advice(gate: &Gate<'_>, query: &Query, or: &Binary) -> Advice {
    if is_about_alerts(query) {
        return Advice::words(OF_ALERTS.to_owned());
    }
    let left = or.left.unwrapped();
    let behind = Span::new(or.left.span.end, or.right.span.end);
    let dropped = (behind, String::new());
    let fallback = quoted(gate, query, or.op_span.to(or.right.span));
    let mut late = late(gate, query);
    late.retain(|data| or.left.span.holds(data.span));
    if late
        .iter()
        .any(|data| data.selector.metric().is_some_and(only_while_wrong))
    {
        return anchored(gate, query, or, &late);
    }
    if let Some(text) = zero_of(gate, query, left) {
        return Advice {
            help: format!("write `0 * {text}` in its place: 0 only where somebody looked"),
            edits: vec![(or.right.span, format!("0 * {text}"))],
        };
    }
    let slices: Vec<_> = lazy(gate, query, Picks::Failures)
        .into_iter()
        .filter(|data| or.left.span.holds(data.span))
        .collect();
    if let Some(zeros) = zeros(gate, query, &slices.iter().collect::<Vec<_>>()) {
        let help = format!("{}, without `{fallback}`", zeros.in_words());
        let mut edits = zeros.edits;
        edits.push(dropped);
        return Advice { help, edits };
    }
    if !late.is_empty() {
        return anchored(gate, query, or, &late);
    }
    if let Some((edits, text)) = counted_filter(gate, query, left, behind) {
        return Advice {
            help: format!("write `{text}` without the fallback: it is 0 where none is"),
            edits,
        };
    }
    Advice {
        help: format!("drop `{fallback}`: then no data is no answer"),
        edits: vec![dropped],
    }
}

impl Advice {
    fn words(help: String) -> Self {
        Advice {
            help,
            edits: Vec::new(),
        }
    }
}

/// A zero over what is there whenever the pods are, for selectors without series while all is well.
fn anchored(gate: &Gate<'_>, query: &Query, or: &Binary, late: &[DataSelector<'_>]) -> Advice {
    let fallback = quoted(gate, query, or.op_span.to(or.right.span));
    if let [data] = late
        && let Some((part, text)) = whole(gate, query, data)
        && std::ptr::eq(part, or.left.unwrapped())
    {
        return Advice {
            help: format!("write `0 * {text}` in its place: there whenever the pods are"),
            edits: vec![(or.right.span, format!("0 * {text}"))],
        };
    }
    match zeros(gate, query, &late.iter().collect::<Vec<_>>()) {
        Some(zeros) => {
            let help = format!("{}, without `{fallback}`", zeros.in_words());
            let mut edits = zeros.edits;
            edits.push((
                Span::new(or.left.span.end, or.right.span.end),
                String::new(),
            ));
            Advice { help, edits }
        }
        None => {
            let words = late.first().map(presence_in_words).unwrap_or_default();
            Advice::words(format!(
                "write {words}, in place of `{fallback}`: there whenever the pods are"
            ))
        }
    }
}

/// Of a sum over a slice the sum over all.
fn zero_of(gate: &Gate<'_>, query: &Query, left: &Expr) -> Option<String> {
    let all = data_selectors(&query.expr);
    let mut inside = all.iter().filter(|data| left.span.holds(data.span));
    let data = inside.next().filter(|_| inside.next().is_none())?;
    let sum = sum_around(data).filter(|sum| std::ptr::eq(*sum, left))?;
    let metric = data.selector.metric();
    let is_sliced = data
        .selector
        .matchers
        .iter()
        .any(|m| is_outcome(m, metric, gate.labels()));
    is_sliced
        .then(|| unsliced(gate, query, sum, data))
        .flatten()
}

/// `count(x == 2)` as `sum(x == bool 2)`.
fn counted_filter(
    gate: &Gate<'_>,
    query: &Query,
    left: &Expr,
    behind: Span,
) -> Option<(Vec<(Span, String)>, String)> {
    let ExprKind::Aggregation(aggregation) = &left.kind else {
        return None;
    };
    let ExprKind::Binary(filter) = &aggregation.expr.unwrapped().kind else {
        return None;
    };
    if aggregation.op != AggregateOp::Count || !filter.is_filter() {
        return None;
    }
    let edits = vec![
        (aggregation.op_span, "sum".to_owned()),
        (Span::at(filter.op_span.end), " bool".to_owned()),
        (behind, String::new()),
    ];
    let rest = one_line(
        gate,
        query,
        Span::new(aggregation.op_span.end, filter.op_span.end),
    );
    let end = one_line(gate, query, Span::new(filter.op_span.end, left.span.end));
    Some((edits, format!("sum{rest} bool {end}")))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{findings, fixed, found, said};

    fn gate(query: &str, condition: &str) -> String {
        format!("query: |\n  {query}\n{condition}")
    }

    #[test]
    fn constants_that_pass() {
        let none = "successCondition: result[0] == 0";
        for (query, condition, expected) in [
            ("sum(x) or vector(0)", none, &["deny"][..]),
            (
                "sum(x) or on() vector(0)",
                "failureCondition: result[0] > 5",
                &["deny"],
            ),
            (
                "(sum(x) or vector(0)) * 100 or vector(1)",
                "successCondition: result[0] < 5",
                &["deny"],
            ),
            (
                "sum(x{code=\"200\"}) / sum(x) or vector(1)",
                "successCondition: result[0] >= 0.95",
                &["deny"],
            ),
            ("count(ALERTS) or vector(0)", none, &["warn"]),
            ("absent(x)", "successCondition: result[0] == 1", &["deny"]),
            (
                "absent(ALERTS)",
                "successCondition: result[0] == 1",
                &["warn"],
            ),
            (
                "sum(x) or vector(0)",
                "successCondition: result[0] > 0",
                &[],
            ),
            ("(sum(x) or vector(0)) / sum(y)", none, &[]),
            ("scalar(sum(x))", "failureCondition: result > 5", &[]),
            ("sum(x) or 0 * sum(y)", none, &[]),
            ("vector(0)", none, &[]),
            ("sum(x) or vector(0)", "", &[]),
        ] {
            let gate = gate(query, condition);
            assert_eq!(found(super::RULE.name, &gate), expected, "{gate}");
        }
    }

    #[test]
    fn the_plugin_holds_it_back() {
        for (more, expected) in [
            ("", &[][..]),
            ("guard: observe\n", &["deny"]),
            ("noData: condition\n", &["deny"]),
            ("fallback: 0\nnoData: condition\n", &["deny"]),
        ] {
            let gate = format!(
                "provider: plugin\n{more}{}",
                gate("sum(x) or vector(0)", "successCondition: result[0] == 0")
            );
            assert_eq!(found(super::RULE.name, &gate), expected, "{more}");
        }
        let gate = format!(
            "provider: plugin\nfallback: 0\nnoData: condition\n{}",
            gate("sum(x)", "successCondition: result[0] == 0")
        );
        assert_eq!(found(super::RULE.name, &gate), ["deny"]);
    }

    #[test]
    fn the_fix_fits_the_metric() {
        for (query, expected) in [
            (
                "sum(increase(e{code=~\"5..\",ns=\"a\"}[5m])) or vector(0)",
                "sum(increase(e{code=~\"5..\",ns=\"a\"}[5m])) or 0 * sum(increase(e{ns=\"a\"}[5m]))",
            ),
            (
                "sum(rate(e{code=~\"5..\"}[5m])) / sum(rate(e[5m])) or vector(0)",
                "(sum(rate(e{code=~\"5..\"}[5m])) or 0 * sum(rate(e[5m]))) / sum(rate(e[5m]))",
            ),
            (
                "sum(increase(app_errors_total{namespace=\"a\", x=\"y\"}[5m])) or vector(0)",
                "sum(increase(app_errors_total{namespace=\"a\", x=\"y\"}[5m])) or 0 * sum(up{namespace=\"a\"})",
            ),
            ("count(x == 2) or vector(0)", "sum(x == bool 2)"),
            (
                "sum(kube_pod_container_status_waiting_reason{namespace=\"a\",pod=~\"b.*\",reason=\"CrashLoopBackOff\"}) or vector(0)",
                "sum(kube_pod_container_status_waiting_reason{namespace=\"a\",pod=~\"b.*\",reason=\"CrashLoopBackOff\"}) or 0 * sum(kube_pod_info{namespace=\"a\", pod=~\"b.*\"})",
            ),
            (
                "count(kube_pod_status_reason{namespace=\"a\",reason=\"Evicted\"} == 1) or vector(0)",
                "count(kube_pod_status_reason{namespace=\"a\",reason=\"Evicted\"} == 1) or 0 * sum(kube_pod_info{namespace=\"a\"})",
            ),
            (
                "sum(rate(app_errors_total[5m])) / sum(rate(t[5m])) or vector(0)",
                "(sum(rate(app_errors_total[5m])) or 0 * sum(rate(t[5m]))) / sum(rate(t[5m]))",
            ),
            (
                "sum(increase(kube_pod_container_status_restarts_total[5m])) or vector(0)",
                "sum(increase(kube_pod_container_status_restarts_total[5m]))",
            ),
        ] {
            let (after, is_safe) = fixed(
                super::RULE.name,
                &gate(query, "successCondition: result[0] == 0"),
            );
            assert!(
                after.contains(&format!("  {expected}\n")) && !is_safe,
                "{after}"
            );
        }
    }

    #[test]
    fn the_words() {
        let gate = gate(
            "sum(increase(e{code=~\"5..\"}[5m])) or vector(0)",
            "successCondition: result[0] == 0",
        );
        assert_eq!(
            said(super::RULE.name, &gate),
            [
                "deny at `or vector(0)`: without data `vector(0)` makes the answer `0`, of which `result[0] == 0` is true: green \
              for ever; write `0 * sum(increase(e[5m]))` in its place: 0 only where somebody looked"
            ]
        );
    }

    #[test]
    fn alerts_and_what_nothing_anchors_have_no_fix() {
        for (query, word) in [
            (
                "count(ALERTS{alertname=\"A\"}) or vector(0)",
                "own expression",
            ),
            (
                "sum(kube_pod_status_reason) or vector(0)",
                "kube_pod_info{…}",
            ),
        ] {
            let findings = findings(&gate(query, "successCondition: result[0] == 0"));
            let own = findings.iter().find(|f| f.rule == super::RULE.name);
            let own = own.expect("the rule speaks");
            assert!(own.fix.is_none(), "{own:?}");
            assert!(
                own.help.as_ref().is_some_and(|h| h.contains(word)),
                "{own:?}"
            );
        }
    }
}
