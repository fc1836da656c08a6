//! An argument whose value is read as part of a regexp.

use crate::analysis::template::Field;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::lint::selection::inner;
use crate::promql::Query;
use crate::promql::ast::MatchOp;
use crate::promql::select::data_selectors;
use crate::text::filled::Placeholder;

rule! {
    /// ## What it does
    ///
    /// Finds an argument inside `=~` or `!~`, beside other text, whose value holds a character that means something in a
    /// regexp. A dot alone is left alone.
    ///
    /// ## Why it matters
    ///
    /// Argo puts the value in as it is. `a|b` in `=~"{{args.host}}:.*"` is `a`, or `b:.*`: not what the two read like.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(up{namespace="{{args.namespace}}",instance=~"{{args.host}}:.*"}) or vector(0)
    /// args:
    /// - name: namespace
    /// - name: host
    ///   value: web-1|web-2
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(up{namespace="{{args.namespace}}",instance=~"({{args.host}}):.*"}) or vector(0)
    /// args:
    /// - name: namespace
    /// - name: host
    ///   value: web-1|web-2
    /// successCondition: result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// Only values that the input holds are seen.
    "unescaped-argument", "an argument's value is read as a regexp",
    Selection, levels: [Warn],
    check: Check::Query(check),
}

/// What means something in a regexp; a dot takes itself too.
const META: [char; 13] = [
    '\\', '+', '*', '?', '(', ')', '[', ']', '{', '}', '^', '$', '|',
];

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let Some(text) = &gate.query else {
        return;
    };
    for selected in data_selectors(&query.expr) {
        for matcher in &selected.selector.matchers {
            if !matches!(matcher.op, MatchOp::Regexp | MatchOp::NotRegexp) {
                continue;
            }
            let whole = inner(matcher);
            for piece in text.filled.within(whole) {
                let Placeholder::Argument(name) = &piece.placeholder else {
                    continue;
                };
                let before = text
                    .filled
                    .text
                    .get(whole.start..piece.text.start)
                    .unwrap_or_default();
                let behind = text
                    .filled
                    .text
                    .get(piece.text.end..whole.end)
                    .unwrap_or_default();
                let is_grouped = before.ends_with('(') && behind.starts_with(')');
                let is_alone = before.is_empty() && behind.is_empty();
                let Some(value) = telling(gate, name).filter(|_| !is_alone && !is_grouped) else {
                    continue;
                };
                out.warn(
                    gate.in_query(piece.text),
                    format!(
                        "`{name}` is `{value}`, of which the regexp around it makes something else"
                    ),
                )
                .help(format!(
                    "write `({{{{args.{name}}}}})` if a regexp is meant, else escape the value"
                ));
            }
        }
    }
}

/// A value that the argument has somewhere, with a character that means something.
fn telling(gate: &Gate<'_>, name: &str) -> Option<String> {
    let known = gate.scene.argument(name)?;
    let given = gate.scene.uses.iter().flat_map(|each| {
        let arguments = each.analysis.arguments.iter();
        arguments
            .filter(|argument| argument.name.text == name)
            .filter_map(|argument| argument.value.as_ref())
    });
    let fields = given.chain(known.declared.value.as_ref());
    let texts = fields.map(|field: &Field| field.text.clone());
    known
        .value
        .clone()
        .into_iter()
        .chain(texts)
        .find(|value| value.contains(META) && !value.contains("${"))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::found;

    #[test]
    fn values_with_characters_of_regexps() {
        for (matcher, value, expected) in [
            ("a=~\"{{args.host}}:.*\"", "web-1|web-2", 1),
            ("a=~\"({{args.host}}):.*\"", "web-1|web-2", 0),
            ("a!~\"{{args.host}}:.*\"", "a+b", 1),
            ("a=~\"{{args.host}}:.*\"", "web.example.com", 0),
            ("a=~\"{{args.host}}:.*\"", "web", 0),
            ("a=~\"{{args.host}}\"", "web-1|web-2", 0),
            ("a=\"{{args.host}}:.*\"", "web-1|web-2", 0),
        ] {
            let gate = format!("query: x{{{matcher}}}\nargs:\n- name: host\n  value: {value}");
            assert_eq!(
                found(super::RULE.name, &gate).len(),
                expected,
                "{matcher} {value}"
            );
        }
        let unset = "query: x{a=~\"{{args.host}}:.*\"}\nargs:\n- name: host";
        assert!(found(super::RULE.name, unset).is_empty());
    }
}
