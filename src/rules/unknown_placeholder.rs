//! A placeholder that nobody fills in.

use crate::analysis::template::Field;
use crate::lint::findings::Findings;
use crate::lint::gate::{Gate, spot};
use crate::lint::rule::Check;
use crate::lint::texts::texts;
use crate::promql::placeholder::NAMES;
use crate::text::filled::{Filled, Piece, Placeholder};
use crate::text::nearest::nearest;
use crate::text::span::Span;

rule! {
    /// ## What it does
    ///
    /// Finds, anywhere in a metric, `{{args.x}}` with an `x` that the template does not declare, any other `{{…}}`, and `$(…)`
    /// that the plugin does not know or that stands where it does not look.
    ///
    /// ## Why it matters
    ///
    /// Argo refuses the whole metric when it is to be measured, in the middle of the rollout. A `$(…)` goes to Prometheus as it
    /// is, where within quotes it matches nothing.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// args:
    /// - name: service
    /// query: sum(up{namespace="shop", service="{{args.svc}}"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// args:
    /// - name: service
    /// query: sum(up{namespace="shop", service="{{args.service}}"})
    /// successCondition: len(result) > 0 && result[0] >= 1
    /// ```
    ///
    /// ## Known gaps
    ///
    /// What Helm fills in (`{{ .Values.x }}`) is a warning: render the chart first. `${…}` of a shell or of Flux is taken for an
    /// argument without value. Arguments of templates named under `templates:`, and of those that a Rollout runs beside this one,
    /// count as declared; where such a template is not in the input, the rule is skipped.
    "unknown-placeholder", "a placeholder that nobody fills in",
    Query, levels: [Deny, Warn],
    check: Check::Metric(check),
}

fn check(gate: &Gate<'_>, out: &mut Findings<'_>) {
    for (name, field) in texts(gate.metric, gate.spec()) {
        let filled = gate.scene.fill(&field.text);
        for piece in filled.pieces.iter().filter(|piece| !piece.is_known) {
            let place = Place {
                name: &name,
                field,
                filled: &filled,
                piece,
            };
            match &piece.placeholder {
                Placeholder::Argument(argument) => undeclared(gate, &place, argument, out),
                Placeholder::Braces(_) => braces(gate, &place, out),
                Placeholder::Run(own) => of_run(gate, &place, own, out),
                Placeholder::Parenthesised(own) => parenthesised(gate, &place, own, out),
                Placeholder::Shell(_) | Placeholder::Escape => {}
            }
        }
    }
}

/// A placeholder and where it stands.
struct Place<'a> {
    name: &'a str,
    field: &'a Field,
    filled: &'a Filled,
    piece: &'a Piece,
}

impl Place<'_> {
    fn spot(&self) -> crate::lint::finding::Spot {
        spot(self.name, self.field, self.piece.template)
    }

    fn text(&self) -> &str {
        self.piece.template.of(&self.filled.template)
    }

    /// The edit that writes another placeholder in its place.
    fn fix(&self, gate: &Gate<'_>, text: &str) -> Option<crate::lint::finding::Fix> {
        if self.name == "query" {
            return gate.fix_query(false, &[(self.piece.text, text.to_owned())]);
        }
        let mut after = self.filled.template.clone();
        after.replace_range(self.piece.template.range(), text);
        gate.fix_text(false, self.field, &after)
    }
}

fn undeclared(gate: &Gate<'_>, place: &Place<'_>, argument: &str, out: &mut Findings<'_>) {
    if gate.scene.argument(argument).is_some() || runs_beside(gate, argument) {
        return;
    }
    if gate.scene.has_unknown_parts {
        out.skip(format!(
            "`{argument}` may be declared in a template that is not in the input"
        ));
        return;
    }
    let finding = out.deny(
        place.spot(),
        format!(
            "`{}` is no argument of the template: Argo refuses the metric",
            place.text()
        ),
    );
    match (meant(gate, argument), misnamed(gate)) {
        (Some(near), _) => {
            let text = format!("{{{{args.{near}}}}}");
            finding
                .help(format!("write `{text}`"))
                .fix(place.fix(gate, &text));
        }
        (None, Some(key)) => {
            finding.help(format!(
                "write `args` in the place of `spec.{key}`, which no template has"
            ));
        }
        (None, None) => {
            finding.help(format!(
                "declare it: `- name: {argument}` under `spec.args`"
            ));
        }
    }
}

/// The argument that was likely meant: nearly that name, or the only one that it is short for.
fn meant<'a>(gate: &Gate<'a>, argument: &str) -> Option<&'a str> {
    let names = || gate.scene.arguments.iter().map(|known| known.name);
    nearest(argument, names()).or_else(|| {
        let mut short = names().filter(|name| is_short_for(argument, name));
        short.next().filter(|_| short.next().is_none())
    })
}

/// A key of `spec` that no template has, and that reads as `args`.
fn misnamed<'a>(gate: &Gate<'a>) -> Option<&'a str> {
    let reads_as_args = |key: &str| {
        let words = ["arg", "param", "var", "input"];
        words
            .iter()
            .any(|word| key.to_lowercase().starts_with(word))
    };
    let mut unknown = gate.template().unknown.iter();
    unknown
        .find(|unknown| unknown.path == "spec" && reads_as_args(&unknown.key.text))
        .map(|unknown| unknown.key.text.as_str())
}

/// Whether a template that some Rollout runs together with this one declares it: Argo joins their arguments
/// (`FlattenTemplates` in `utils/analysis/helpers.go`).
fn runs_beside(gate: &Gate<'_>, argument: &str) -> bool {
    let index = gate.scene.context.index;
    gate.scene.uses.iter().any(|each| {
        let mut others = each.analysis.templates.iter();
        others.any(|other| {
            index
                .templates_named(&other.name.text, other.is_cluster)
                .any(|template| template.arguments.iter().any(|a| a.name.text == argument))
        })
    })
}

/// `svc` for `service`: the first letter, and the others in this order.
fn is_short_for(short: &str, long: &str) -> bool {
    let mut letters = long.chars();
    short.len() >= 2
        && short.chars().next() == long.chars().next()
        && short
            .chars()
            .all(|letter| letters.any(|other| other == letter))
}

fn braces(gate: &Gate<'_>, place: &Place<'_>, out: &mut Findings<'_>) {
    let Placeholder::Braces(inside) = &place.piece.placeholder else {
        return;
    };
    let text = place
        .text()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    if is_helm(inside) {
        out.warn(
            place.spot(),
            format!("`{text}` is Helm's, and Argo refuses it"),
        )
        .help("render the chart first: `helm template … | promql-guard lint -`");
        return;
    }
    let finding = out.deny(
        place.spot(),
        format!(
            "`{text}` is no argument: Argo fills in `{{{{args.…}}}}` alone, and refuses the metric"
        ),
    );
    if gate.scene.argument(inside).is_some() {
        let right = format!("{{{{args.{inside}}}}}");
        finding
            .help(format!("write `{right}`"))
            .fix(place.fix(gate, &right));
    } else {
        finding.help("write `{{args.…}}` with an argument that the template declares");
    }
}

/// Words that begin an action of Go's templates, as Helm has them.
const ACTIONS: [&str; 20] = [
    "if", "else", "end", "range", "with", "define", "block", "template", "include", "tpl",
    "toYaml", "toJson", "quote", "squote", "default", "printf", "required", "lower", "upper",
    "trunc",
];

fn is_helm(inside: &str) -> bool {
    let inside = inside.trim_start_matches('-').trim_start();
    let word = inside
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    inside.starts_with(['.', '$', '`', '"', '(', '/'])
        || ACTIONS.contains(&word) && inside != word
        || matches!(word, "else" | "end")
        || [".Values", ".Release", ".Chart", ".Capabilities"]
            .iter()
            .any(|object| inside.contains(object))
}

/// Where the plugin fills in what it knows of a run.
const FILLED: [&str; 3] = ["query", "eventsQuery", "namespace"];

fn of_run(gate: &Gate<'_>, place: &Place<'_>, own: &str, out: &mut Findings<'_>) {
    let text = place.text();
    if !gate.engine.is_plugin() {
        out.deny(
            place.spot(),
            format!("`{text}` is the plugin's, and Argo's own provider sends it as it is"),
        )
        .help(format!(
            "write an argument, `{{{{args.{own}}}}}`, or measure with the plugin"
        ));
    } else if !NAMES.contains(&own) {
        let finding = out.deny(place.spot(), format!("the plugin knows no `{text}`"));
        match nearest(own, NAMES) {
            Some(near) => {
                let right = format!("$(run.{near})");
                finding
                    .help(format!("write `{right}`"))
                    .fix(place.fix(gate, &right));
            }
            None => {
                let known = NAMES.map(|name| format!("`$(run.{name})`"));
                finding.help(format!("known are {}", known.join(", ")));
            }
        }
    } else if !FILLED.contains(&place.name) {
        out.deny(
            place.spot(),
            format!(
                "`{text}` is filled in within the query, not in `{}`",
                place.name
            ),
        )
        .help(format!("write an argument, `{{{{args.{own}}}}}`"));
    }
}

/// `$(` also ends a regexp and begins a group: only what reads as a name is taken for a placeholder.
fn parenthesised(gate: &Gate<'_>, place: &Place<'_>, own: &str, out: &mut Findings<'_>) {
    let is_name = own.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && own
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if !is_name || is_in_a_pattern(place) {
        return;
    }
    let text = place.text();
    let finding = out.deny(
        place.spot(),
        format!("nobody fills in `{text}`: it is sent as it is"),
    );
    if gate.engine.is_plugin() && NAMES.contains(&own) {
        let right = format!("$(run.{own})");
        finding
            .help(format!("write `{right}`"))
            .fix(place.fix(gate, &right));
    } else if gate.scene.argument(own).is_some() {
        let right = format!("{{{{args.{own}}}}}");
        finding
            .help(format!("write `{right}`"))
            .fix(place.fix(gate, &right));
    } else {
        finding.help("write `{{args.…}}` with an argument that the template declares");
    }
}

/// Whether other signs of a regexp stand right before it: `^api$(a|b)`.
fn is_in_a_pattern(place: &Place<'_>) -> bool {
    let before = Span::new(0, place.piece.template.start).of(&place.filled.template);
    before.ends_with(['*', '+', '?', ')', '\\'])
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{fixed, found, lint_text, report, said, settings};

    fn gate(query: &str) -> String {
        format!(
            "args:\n- name: service\n- name: namespace\nquery: |\n  sum(up{{a=\"{query}\"}})\n\
             successCondition: len(result) > 0 && result[0] >= 1"
        )
    }

    #[test]
    fn placeholders_that_nobody_fills_in() {
        for (query, expected) in [
            ("{{args.service}}", &[][..]),
            ("{{ args.service }}", &[]),
            ("{{args.svc}}", &["deny"]),
            ("{{args.svc}}-{{args.region}}", &["deny", "deny"]),
            ("{{service}}", &["deny"]),
            ("{{inputs.parameters.x}}", &["deny"]),
            ("{{ .Values.x }}", &["warn"]),
            ("{{ include \\\"name\\\" . }}", &["warn"]),
            ("{{`{{args.service}}`}}", &["warn"]),
            ("$(run.hash)", &["deny"]),
            ("$(SERVICE)", &["deny"]),
            ("^(a|b)$", &[]),
            ("a$(b|c)", &[]),
            ("${SERVICE}", &[]),
            ("$$(run.hash)", &[]),
        ] {
            assert_eq!(found(super::RULE.name, &gate(query)), expected, "{query}");
        }
    }

    #[test]
    fn the_plugin_knows_its_own() {
        let plugin = |query: &str| format!("provider: plugin\n{}", gate(query));
        for (query, expected) in [
            ("$(run.hash)", &[][..]),
            ("$(run.hsah)", &["deny"]),
            ("$(hash)", &["deny"]),
        ] {
            assert_eq!(found(super::RULE.name, &plugin(query)), expected, "{query}");
        }
        let condition = "provider: plugin\nquery: up\nsuccessCondition: result[0] > $(run.step)";
        assert_eq!(found(super::RULE.name, condition), ["deny"]);
    }

    #[test]
    fn any_field_of_a_metric_is_looked_at() {
        let gate = "query: up\nsuccessCondition: result[0] >= {{args.replicas}}\ninterval: '{{args.pause}}'\ncount: 5";
        assert_eq!(
            said(super::RULE.name, gate),
            [
                "deny at `{{args.replicas}}`: `{{args.replicas}}` is no argument of the template: Argo refuses the metric; \
                 declare it: `- name: replicas` under `spec.args`",
                "deny at `{{args.pause}}`: `{{args.pause}}` is no argument of the template: Argo refuses the metric; \
                 declare it: `- name: pause` under `spec.args`",
            ]
        );
    }

    #[test]
    fn the_fix_writes_the_nearest_name() {
        for (query, expected) in [
            ("{{args.svc}}", "{{args.service}}"),
            ("{{args.namespcae}}", "{{args.namespace}}"),
            ("{{service}}", "{{args.service}}"),
        ] {
            let (after, is_safe) = fixed(super::RULE.name, &gate(query));
            assert!(after.contains(expected) && !is_safe, "{after}");
        }
    }

    #[test]
    fn arguments_of_other_templates_count() {
        let with = |more: &str| {
            format!(
                "templates:\n- templateName: other\n{}{more}",
                gate("{{args.region}}")
            )
        };
        assert_eq!(found(super::RULE.name, &with("")), [] as [&str; 0]);
        assert!(
            report(&with(""))
                .skipped
                .iter()
                .any(|skipped| skipped.rule == super::RULE.name)
        );
        let one = |name: &str, argument: &str, query: &str| {
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: {name}}}\nspec:\n  args:\n  \
                 - name: {argument}\n  metrics:\n  - name: m\n    count: 1\n    successCondition: result[0] > 0\n    \
                 provider: {{prometheus: {{address: 'http://a', query: '{query}'}}}}\n---\n"
            )
        };
        let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec:\n  strategy:\n    canary:\n      \
             steps:\n      - analysis:\n          templates: [{templateName: a}, {templateName: b}]\n";
        let both = one("a", "x", "up{a=\"{{args.y}}\"}") + &one("b", "y", "up{a=\"{{args.y}}\"}");
        let denied = |text: &str| {
            let report = lint_text(text, &settings());
            report
                .findings
                .iter()
                .filter(|finding| finding.rule == super::RULE.name)
                .count()
        };
        assert_eq!(denied(&both), 1);
        assert_eq!(denied(&(both + rollout)), 0);
    }
}
