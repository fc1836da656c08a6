//! A text that Prometheus refuses.

use crate::analysis::settings::Dialect;
use crate::lint::findings::Findings;
use crate::lint::gate::{Engine, Gate, QueryText};
use crate::lint::rule::Check;
use crate::text::filled::Piece;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds a query that Prometheus would refuse: syntax, types, numbers of arguments, labels, regular expressions.
    /// The caret stands where reading stopped.
    ///
    /// ## Why it matters
    ///
    /// Nothing checks the text before the rollout: each measurement is an Error, and the rollout is aborted with a message
    /// about bad data that looks like a bad canary.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(rate(http_requests_total{namespace="shop", code=~"5.."}[5m])
    /// successCondition: len(result) > 0 && result[0] < 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(http_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] > 5
    /// ```
    ///
    /// ## Known gaps
    ///
    /// An argument without value is taken for any text of its place: within a string, a name or a duration it does not matter.
    /// Where the text stops to make sense at such an argument, the rule is skipped. Under the plugin's `dialect: metricsql`
    /// it is skipped, too.
    "invalid-query", "a text that Prometheus refuses",
    Query, levels: [Deny],
    yields_to: ["empty-query", "experimental-syntax"],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let Some((query, error)) = gate
        .query
        .as_ref()
        .and_then(|query| Some((query, query.parsed.as_ref().err()?)))
    else {
        return;
    };
    if let Engine::Plugin {
        dialect: Dialect::MetricsQl,
        ..
    } = gate.engine
    {
        out.skip("`dialect: metricsql` takes more than PromQL");
        return;
    }
    if let Some(piece) = unclear(query, error.span) {
        out.skip(format!(
            "`{}` has no value",
            piece.template.of(&query.filled.template)
        ));
        return;
    }
    let finding = out.deny(gate.in_query(error.span), error.to_string());
    let first = query.filled.text.lines().next().unwrap_or_default().trim();
    if first.starts_with("query:") {
        finding.help(format!(
            "drop `{first}`: it is YAML, pasted into the query's own text"
        ));
    }
}

/// The placeholder without value whose text may make sense of what stands at `wrong`.
fn unclear<'a>(query: &'a QueryText<'_>, wrong: Span) -> Option<&'a Piece> {
    let text = &query.filled.text;
    let closed = closed_parts(text);
    let unknown = query.filled.pieces.iter().filter(|piece| !piece.is_known);
    unknown
        .filter(|piece| {
            let part = closed.iter().find(|part| part.holds(piece.text));
            // What stands in quotes, or between brackets that are not at fault themselves, is a text or a duration.
            part.is_none_or(|part| part.holds(wrong) && *part != wrong && !is_quote(text, *part))
        })
        .find(|piece| {
            let between = Span::new(piece.text.end, wrong.start.max(piece.text.end));
            let touches = piece.text.start < wrong.end && wrong.start < piece.text.end;
            let is_next = piece.text.end <= wrong.start && between.of(text).trim().is_empty();
            touches || is_next || piece.text.start == wrong.start
        })
}

fn is_quote(text: &str, part: Span) -> bool {
    !part.of(text).starts_with('[')
}

/// Strings, comments, and ranges in brackets, in text order; one that is not closed reaches to the end.
fn closed_parts(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => string_end(bytes, at, quote),
            b'#' => ending(text, at, '\n'),
            b'[' => ending(text, at, ']'),
            _ => {
                at += 1;
                continue;
            }
        };
        parts.push(Span::new(at, end));
        at = end;
    }
    parts
}

/// One after the next `close`.
fn ending(text: &str, from: usize, close: char) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.find(close)
        .map_or(text.len(), |length| from + length + 1)
}

fn string_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 1,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, report, said};

    fn gate(query: &str) -> String {
        format!("query: |\n  {query}\nsuccessCondition: len(result) > 0 && result[0] < 5")
    }

    #[test]
    fn what_prometheus_refuses() {
        for (query, at) in [
            ("sum(rate(x[5m])", ""),
            ("count(r{namespace=~\"{{args.ns}}\"}), pod=~\"a\" }", ","),
            (
                "sum(r{ns=~\"{{args.ns}}\"}[1m]) or vector(0)",
                "r{ns=~\"{{args.ns}}\"}[1m]",
            ),
            ("query: |-", "|"),
            ("x{hotrod.namespace=\"a\"}", "."),
            ("rate(x)", "x"),
            ("sum by (pod) (x{a=~\"(\"})", "\"(\""),
            ("nosuch(x)", "nosuch"),
            ("sum(rate(x[{{args.window}}])", ""),
        ] {
            let said = said(super::RULE.name, &gate(query));
            assert_eq!(said.len(), 1, "{query}: {said:?}");
            assert!(
                said[0].starts_with(&format!("deny at `{at}")),
                "{query}: {said:?}"
            );
        }
    }

    #[test]
    fn an_argument_without_value_may_be_what_is_missing() {
        for query in [
            "sum(x) {{args.operator}} 5",
            "{{args.aggregation}} by (pod) (x)",
            "{{args.function}}(x[5m])",
            "x{ {{args.matchers}} }",
            "sum(x) {{- if .Values.x }} / sum(y) {{- end }}",
        ] {
            assert_eq!(
                found(super::RULE.name, &gate(query)),
                [] as [&str; 0],
                "{query}"
            );
        }
        let report = report(&gate("sum(x) {{args.operator}} 5"));
        let skipped: Vec<_> = report
            .skipped
            .iter()
            .map(|s| (s.rule, s.reason.as_str()))
            .collect();
        assert!(
            skipped.contains(&("invalid-query", "`{{args.operator}}` has no value")),
            "{skipped:?}"
        );
    }

    #[test]
    fn other_dialects_are_not_judged() {
        let metrics = "provider: plugin\ndialect: metricsql\n";
        assert_eq!(
            found(super::RULE.name, &format!("{metrics}{}", gate("rate(x)"))),
            [] as [&str; 0]
        );
        assert_eq!(
            found(
                super::RULE.name,
                &format!("provider: plugin\n{}", gate("rate(x)"))
            ),
            ["deny"]
        );
    }
}
