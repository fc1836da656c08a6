//! A template that Argo itself, or this plugin, refuses.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::analysis::metric::Metric;
use crate::analysis::settings::Settings;
use crate::analysis::settings::fields::Complaint;
use crate::analysis::template::{Argument, Field, Kind, Provider, QuerySpec, Template};
use crate::lint::context::{Context, Scene};
use crate::lint::findings::{Findings, Subject};
use crate::lint::gate::{Gate, spot};
use crate::lint::references::{Referenced, referenced};
use crate::lint::rule::Check;
use crate::text::duration::parse_go_duration;
use crate::text::regexp::compile;

rule! {
    /// ## What it does
    ///
    /// Finds what Argo's own validation refuses: durations that Go does not read (`1d`), limits that contradict each
    /// other, `count` without `interval`, two metrics of one name, a metric without provider, a `dryRun` that matches
    /// nothing. For this plugin's entries it finds the settings that the plugin refuses.
    ///
    /// ## Why it matters
    ///
    /// Nothing of this is seen when the template is applied. The first analysis of a rollout ends in an error, and the
    /// rollout is aborted.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// interval: 1d
    /// count: 5
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(up{namespace="{{args.namespace}}"}) or vector(0)
    /// args:
    /// - name: namespace
    /// successCondition: result[0] >= 1
    /// interval: 24h
    /// count: 5
    /// ```
    ///
    /// ## Known gaps
    ///
    /// What an argument without value decides is not judged.
    "invalid-metric-spec", "a metric that Argo or this plugin refuses",
    Limits, levels: [Deny],
    check: Check::TemplateAndInput(check, around),
}

fn check(scene: &Scene<'_>, gates: &[Gate<'_>], out: &mut Findings<'_>) {
    let template = scene.template;
    let is_alone = runs_alone(scene);
    if gates.is_empty() && template.templates.is_empty() && is_alone {
        let place = spot("metadata.name", &template.name, template.name.all());
        out.deny(place, "no metrics: Argo refuses the analysis")
            .help("write a metric under `spec.metrics`");
    }
    for (index, field) in template.dry_run.iter().enumerate() {
        let pattern = scene.fill(&field.text);
        let is_met = || {
            compile(pattern.text.as_bytes()).is_ok_and(|pattern| {
                let mut names = gates.iter().map(|gate| gate.metric.name.text.as_bytes());
                names.any(|name| pattern.is_match(name))
            })
        };
        if is_alone && !pattern.has_holes() && !is_met() {
            out.deny(
                spot(
                    &format!("spec.dryRun[{index}].metricName"),
                    field,
                    field.all(),
                ),
                format!(
                    "`dryRun` names `{}`, which no metric matches: every run is an Error",
                    field.text
                ),
            )
            .help("write the name of a metric");
        }
    }
    let mut names = HashSet::new();
    for gate in gates {
        out.about(gate.subject());
        let name = gate.metric.name.text.as_str();
        if !names.insert(name) {
            out.deny(
                gate.at_metric(),
                format!("two metrics are called `{name}`: Argo refuses the template"),
            )
            .help("give each metric its own name");
        }
        if matches!(gate.metric.provider, Provider::Missing) {
            out.deny(gate.at_metric(), "no provider: Argo refuses the metric")
                .help(
                    "write `provider.prometheus`, or this plugin's entry under `provider.plugin`",
                );
        }
        limits(gate, out);
        if let (Provider::Plugin { name, spec }, true) =
            (&gate.metric.provider, gate.engine.is_plugin())
        {
            settings(gate, name, spec, out);
        }
    }
}

/// Whether no metric of another template is measured beside the template's own.
fn runs_alone(scene: &Scene<'_>) -> bool {
    let is_alone = |template: &Template| template.templates.is_empty();
    let is_direct = |reference: &str| reference == scene.template.name.text;
    match scene.template.kind {
        Kind::AnalysisRun => true,
        _ => {
            is_alone(scene.template)
                && scene.runs_here()
                && scene.uses.iter().all(|each| {
                    let templates = &each.analysis.templates;
                    templates.len() == 1 && is_direct(&templates[0].name.text)
                })
        }
    }
}

/// `ValidateMetric` of Argo's `utils/analysis/factory.go`, in its order: the first problem is told.
fn limits(gate: &Gate<'_>, out: &mut Findings<'_>) {
    let (spec, unknown) = (gate.metric, &gate.limits.unknown);
    for (name, field, text) in [
        ("interval", &spec.interval, &gate.limits.metric.interval),
        (
            "initialDelay",
            &spec.initial_delay,
            &gate.limits.metric.initial_delay,
        ),
    ] {
        let Some(field) = field.as_ref().filter(|_| !text.is_empty()) else {
            continue;
        };
        if let Err(error) = parse_go_duration(text) {
            out.deny(gate.at(name, field), format!("`{name}`: {error}"))
                .help("write it in Go's units, `s`, `m` and `h`: `24h`, `1h30m`");
        }
    }
    let Some(problem) = contradiction(&gate.limits.metric, unknown) else {
        return;
    };
    let field = match problem.field {
        "failureLimit" => &spec.failure_limit,
        "inconclusiveLimit" => &spec.inconclusive_limit,
        "consecutiveErrorLimit" => &spec.consecutive_error_limit,
        "consecutiveSuccessLimit" => &spec.consecutive_success_limit,
        _ => &spec.count,
    };
    let place = match field {
        Some(field) => gate.at(problem.field, field),
        None => gate.at_metric(),
    };
    out.deny(
        place,
        format!("{}: Argo refuses the metric", problem.message),
    )
    .help(problem.help);
}

/// A limit that cannot stand.
struct Problem {
    field: &'static str,
    message: String,
    help: &'static str,
}

fn contradiction(metric: &Metric, unknown: &[&str]) -> Option<Problem> {
    let problem = |field, message: String, help| {
        Some(Problem {
            field,
            message,
            help,
        })
    };
    let value = |name: &str, value: Option<i64>| match unknown.contains(&name) {
        true => None,
        false => Some(value.unwrap_or(0)),
    };
    let success = value("consecutiveSuccessLimit", metric.consecutive_success_limit);
    let failure = value("failureLimit", metric.failure_limit);
    let inconclusive = value("inconclusiveLimit", metric.inconclusive_limit);
    let errors = value("consecutiveErrorLimit", metric.consecutive_error_limit);
    let count = value("count", metric.count);
    for (field, limit, lowest) in [
        ("consecutiveSuccessLimit", success, 0),
        ("failureLimit", failure, -1),
        ("inconclusiveLimit", inconclusive, 0),
        ("consecutiveErrorLimit", errors, 0),
    ] {
        if let Some(limit) = limit.filter(|limit| *limit < lowest) {
            return problem(
                field,
                format!("`{field}: {limit}` is below {lowest}"),
                "write 0 or more",
            );
        }
    }
    if (success, failure) == (Some(0), Some(-1)) {
        return problem(
            "failureLimit",
            "`failureLimit: -1` without `consecutiveSuccessLimit` lets nothing end the metric"
                .to_owned(),
            "write `consecutiveSuccessLimit`, or a `failureLimit` of 0 or more",
        );
    }
    let count = count.filter(|count| *count > 0)?;
    if let (Some(success), Some(failure)) = (success, failure)
        && count < failure.max(0).saturating_add(success)
    {
        return problem(
            "count",
            format!(
                "`count: {count}` is below `failureLimit` and `consecutiveSuccessLimit` together, {} and {success}",
                failure.max(0)
            ),
            "write a higher `count`, or lower limits",
        );
    }
    if let Some(inconclusive) = inconclusive.filter(|limit| count < *limit) {
        return problem(
            "inconclusiveLimit",
            format!("`inconclusiveLimit: {inconclusive}` is above `count: {count}`"),
            "write a limit below `count`",
        );
    }
    if count > 1 && metric.interval.is_empty() && !unknown.contains(&"interval") {
        return problem(
            "count",
            format!("`count: {count}` without `interval`"),
            "write `interval: 1m` beside it",
        );
    }
    None
}

/// What this plugin refuses of its own settings, as far as it is known here.
fn settings(gate: &Gate<'_>, name: &Field, spec: &QuerySpec, out: &mut Findings<'_>) {
    let filled = filled(gate.scene, &spec.json);
    let Value::Object(object) = &filled else {
        out.deny(
            gate.at("provider.plugin", name),
            "no settings: the plugin refuses the metric",
        )
        .help("write `query` under it");
        return;
    };
    let Err(complaints) = Settings::from_object(object, &Map::new()) else {
        return;
    };
    for Complaint { path, problem } in complaints {
        let hangs = spec.settings.iter().any(|setting| {
            let rest = setting.path.strip_prefix(path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                && gate.scene.fill(&setting.field.text).has_holes()
        });
        // Rules of their own speak of these.
        let is_told = path == "address" || (path == "query" && spec.query().is_some());
        if hangs || is_told {
            continue;
        }
        let (fact, remedy) = problem.split_once("; ").unwrap_or((&problem, ""));
        // A setting's value may be a secret.
        let place = match spec.setting(&path) {
            Some(field) => gate.at(&path, field).unquoted(),
            None => gate.at("provider.plugin", name),
        };
        let finding = out.deny(
            place,
            format!("`{path}`: {fact}: the plugin refuses the metric"),
        );
        if !remedy.is_empty() {
            finding.help(remedy);
        }
    }
}

/// The settings with the values that are known here.
fn filled(scene: &Scene<'_>, json: &Value) -> Value {
    match json {
        Value::String(text) => Value::String(scene.fill(text).text),
        Value::Array(items) => items.iter().map(|item| filled(scene, item)).collect(),
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| (key.clone(), filled(scene, value)))
            .collect(),
        other => other.clone(),
    }
}

/// What does not go together when templates are merged (`FlattenTemplates` of Argo's `utils/analysis/helpers.go`).
fn around(context: &Context<'_>, out: &mut Findings<'_>) {
    for rollout in &context.input.rollouts {
        out.about(Subject::of(rollout));
        for analysis in &rollout.uses {
            let Referenced::Found(templates) = referenced(*context, rollout, analysis) else {
                continue;
            };
            let Some(first) = analysis.templates.first() else {
                continue;
            };
            if let Some(problem) = clash(&templates) {
                out.deny(
                    spot("templateName", &first.name, first.name.all()),
                    format!("{problem}: Argo refuses the Rollout"),
                )
                .help("rename one of the two, or refer to one template");
            }
        }
    }
}

fn clash(templates: &[&Template]) -> Option<String> {
    let (one, other) = clashing(templates)?;
    let (one, other) = (templates[one], templates[other]);
    let same = one.metrics.iter().find(|metric| {
        let mut others = other.metrics.iter();
        others.any(|there| there.name.text == metric.name.text)
    });
    if let Some(metric) = same {
        return Some(format!(
            "`{}` and `{}` both have a metric `{}`",
            one.name.text, other.name.text, metric.name.text
        ));
    }
    let argument = one.arguments.iter().find(|argument| {
        other.arguments.iter().any(|there| {
            there.name.text == argument.name.text
                && differs(value(argument), value(there)) == Some(true)
        })
    })?;
    Some(format!(
        "`{}` and `{}` give the argument `{}` two values",
        one.name.text, other.name.text, argument.name.text
    ))
}

fn value(argument: &Argument) -> Option<&str> {
    argument.value.as_ref().map(|field| field.text.as_str())
}

fn differs(one: Option<&str>, other: Option<&str>) -> Option<bool> {
    Some(one? != other?)
}

/// The first two that cannot be merged; who runs a thousand templates together does not wait for a million pairs.
fn clashing(templates: &[&Template]) -> Option<(usize, usize)> {
    let mut metrics: HashMap<&str, usize> = HashMap::new();
    // Of each argument who gives it its first value, and who its second.
    let mut arguments: HashMap<&str, Vec<(usize, &str)>> = HashMap::new();
    let mut first = None;
    for (number, template) in templates.iter().enumerate() {
        let mut meet = |before: usize| {
            let pair = (before, number);
            if before < number && first.is_none_or(|first| pair < first) {
                first = Some(pair);
            }
        };
        for metric in &template.metrics {
            meet(*metrics.entry(&metric.name.text).or_insert(number));
        }
        for argument in &template.arguments {
            let Some(own) = value(argument) else {
                continue;
            };
            let known = arguments.entry(&argument.name.text).or_default();
            if let Some((before, _)) = known.iter().find(|(_, other)| *other != own) {
                meet(*before);
            }
            if known.len() < 2 && known.iter().all(|(_, other)| *other != own) {
                known.push((number, own));
            }
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn what_argo_refuses() {
        for (limits, expected) in [
            ("interval: 1m\ncount: 3", 0),
            ("interval: 1d\ncount: 3", 1),
            ("interval: \"60\"\ncount: 3", 1),
            ("initialDelay: 1 minute", 1),
            ("count: 3", 1),
            ("count: \"3\"", 1),
            ("count: 1", 0),
            ("interval: 1m\ncount: 3\nfailureLimit: 3", 0),
            ("interval: 1m\ncount: 3\nfailureLimit: 4", 1),
            (
                "interval: 1m\ncount: 3\nfailureLimit: 2\nconsecutiveSuccessLimit: 2",
                1,
            ),
            (
                "interval: 1m\ncount: 3\nfailureLimit: -1\nconsecutiveSuccessLimit: 4",
                1,
            ),
            (
                "interval: 1m\ncount: 3\nfailureLimit: -1\nconsecutiveSuccessLimit: 3",
                0,
            ),
            ("interval: 1m\nfailureLimit: -1", 1),
            ("interval: 1m\nfailureLimit: -2", 1),
            ("interval: 1m\nconsecutiveSuccessLimit: -1", 1),
            ("interval: 1m\ninconclusiveLimit: -1", 1),
            ("interval: 1m\ncount: 3\ninconclusiveLimit: 4", 1),
            ("interval: 1m\nconsecutiveErrorLimit: -1", 1),
            ("interval: \"{{args.i}}\"\ncount: 3\nargs:\n- name: i", 0),
            ("count: \"{{args.i}}\"\nargs:\n- name: i", 0),
            (
                "interval: \"{{args.i}}\"\ncount: 3\nargs:\n- name: i\n  value: 1d",
                1,
            ),
        ] {
            let gate = format!("query: up\nsuccessCondition: result[0] > 0\n{limits}");
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{limits}");
        }
    }

    #[test]
    fn metrics_without_provider_and_of_one_name() {
        let provider = "provider: {prometheus: {address: 'http://p.example', query: up}}";
        for (metrics, expected) in [
            (
                format!("- name: a\n  {provider}\n- name: b\n  {provider}"),
                0,
            ),
            (
                format!("- name: a\n  {provider}\n- name: a\n  {provider}"),
                1,
            ),
            ("- name: a\n  provider: {}".to_owned(), 1),
            ("- name: a".to_owned(), 1),
            ("- name: a\n  provider: {job: {spec: {}}}".to_owned(), 0),
        ] {
            let gate = format!("metrics:\n{metrics}");
            assert_eq!(found(super::RULE.name, &gate).len(), expected, "{metrics}");
        }
    }

    #[test]
    fn what_the_plugin_refuses() {
        for (settings, expected) in [
            ("guard: enforce", &[][..]),
            ("guard: off", &[]),
            (
                "gaurd: enforce",
                &[
                    "deny at ``: `gaurd`: unknown key: the plugin refuses the metric; did you mean `guard`",
                ],
            ),
            (
                "noData: maybe",
                &[
                    "deny at ``: `noData`: `maybe` is none of `wait`, `inconclusive`, `error`, `fail`, `condition`: \
                   the plugin refuses the metric",
                ],
            ),
            ("noData: '{{args.n}}'\nargs:\n- name: n", &[]),
            ("namespace: $(run.namespace)", &[]),
            (
                "headers: [{key: a, value: '{{args.n}}'}]\nargs:\n- name: n",
                &[],
            ),
            ("address: prom:9090", &[]),
        ] {
            let gate = format!("provider: plugin\nquery: up\n{settings}");
            assert_eq!(said(super::RULE.name, &gate), expected, "{settings}");
        }
    }

    #[test]
    fn templates_that_do_not_go_together() {
        let template = |name: &str, metric: &str, window: &str| {
            format!(
                "---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata:\n  name: {name}\nspec:\n  args:\n  - name: window\n    value: {window}\n  metrics:\n  - name: {metric}\n    provider: {{prometheus: {{address: 'http://p.example', query: 'rate(x[{{{{args.window}}}}])'}}}}\n"
            )
        };
        let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: web\nspec:\n  strategy:\n    canary:\n      analysis:\n        templates: [{templateName: a}, {templateName: b}]\n";
        for (b, expected) in [
            (template("b", "second", "5m"), 0),
            (template("b", "first", "5m"), 1),
            (template("b", "second", "10m"), 1),
        ] {
            let text = format!("{rollout}{}{b}", template("a", "first", "5m"));
            assert_eq!(found(super::RULE.name, &text).len(), expected, "{b}");
        }
    }

    #[test]
    fn a_dry_run_of_nothing() {
        let run = |pattern: &str| format!("kind: AnalysisRun\nquery: up\ndryRun: {pattern}");
        assert_eq!(found(super::RULE.name, &run("gates")).len(), 1);
        assert_eq!(found(super::RULE.name, &run("gate")).len(), 0);
        assert_eq!(found(super::RULE.name, "query: up\ndryRun: gates").len(), 0);
    }
}
