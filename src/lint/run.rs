//! Templates and a table of rules into a report: every rule asked, one finding a cause, the silenced ones left out.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::analysis::input::Input;
use crate::analysis::template::{QuerySpec, Template};
use crate::lint::build::gates;
use crate::lint::context::{Context, Scene};
use crate::lint::finding::Finding;
use crate::lint::findings::{Findings, Skipped, Subject};
use crate::lint::gate::{Engine, Gate};
use crate::lint::report::{GateReport, Report};
use crate::lint::rule::{Check, Rule, Section};
use crate::lint::settings::Settings;
use crate::lint::suppression::{Suppression, in_annotation, in_query, in_settings};
use crate::lint::table::Table;
use crate::text::nearest::nearest;

/// Asks `rules` about all that was read.
pub fn lint(context: Context<'_>, rules: &[&'static Rule]) -> Report {
    let mut report = Report::default();
    for template in &context.input.templates {
        report.extend(lint_template(context, template, rules));
    }
    report.extend(lint_surroundings(context, rules));
    report
}

/// Asks the rules that look at one template, which is one of the input's.
pub fn lint_template(context: Context<'_>, template: &Template, rules: &[&'static Rule]) -> Report {
    let scene = Scene::new(context, template);
    let gates = gates(&scene);
    let subjects: Vec<Subject> = gates.iter().map(Gate::subject).collect();
    let own = scene.subject();
    let mut told = Told::default();
    for rule in rules {
        match rule.check {
            Check::Query(check) => gates.iter().zip(&subjects).for_each(|(gate, subject)| {
                if let Some(Ok(query)) = gate.query.as_ref().map(|query| &query.parsed)
                    && speaks_at(rule, gate)
                {
                    let mut findings = Findings::new(rule, Cow::Borrowed(subject));
                    check(gate, query, &mut findings);
                    told.take(findings, Some(gate));
                }
            }),
            Check::Metric(check) => gates.iter().zip(&subjects).for_each(|(gate, subject)| {
                if speaks_at(rule, gate) {
                    let mut findings = Findings::new(rule, Cow::Borrowed(subject));
                    check(gate, &mut findings);
                    told.take(findings, Some(gate));
                }
            }),
            Check::Template(check) | Check::TemplateAndInput(check, _) => {
                let mut findings = Findings::new(rule, Cow::Borrowed(&own));
                check(&scene, &gates, &mut findings);
                told.take(findings, None);
            }
            Check::Input(_) | Check::Engine => {}
        }
    }
    told.one_a_cause(rules);
    let suppressions = suppressions_of(&scene, &gates);
    let mut report = told.report(context.settings, rules, suppressions);
    report.gates = gates.iter().filter_map(gate_report).collect();
    report
}

/// Asks the rules that look at all that was read.
pub fn lint_surroundings(context: Context<'_>, rules: &[&'static Rule]) -> Report {
    let mut told = Told::default();
    for rule in rules {
        if let Check::Input(check) | Check::TemplateAndInput(_, check) = rule.check {
            let mut findings = Findings::new(rule, Cow::Owned(Subject::default()));
            check(&context, &mut findings);
            told.take(findings, None);
        }
    }
    told.one_a_cause(rules);
    let suppressions = suppressions_around(context.input);
    told.report(context.settings, rules, suppressions)
}

/// A condition that does not compile is judged as repaired; that it errs meanwhile is told by `invalid-condition`.
fn speaks_at(rule: &Rule, gate: &Gate<'_>) -> bool {
    let is_told_otherwise = rule.name == "empty-result-errors" && gate.conditions.is_repaired();
    let is_guarded = rule.rests_on_no_data && gate.engine.guards_no_data();
    !is_guarded && !is_told_otherwise
}

fn gate_report(gate: &Gate<'_>) -> Option<GateReport> {
    if gate.engine == Engine::Other {
        return None;
    }
    Some(GateReport {
        file: gate.metric.place.file,
        resource: gate.template().resource(),
        metric: gate.metric.name.text.clone(),
        class: gate.class().class.as_str(),
        table: written_table(gate),
    })
}

/// The phases that Argo records, so with conditions as they are written: the rules look at the repaired ones.
fn written_table(gate: &Gate<'_>) -> Option<Table> {
    if !gate.conditions.is_repaired() {
        return gate.table.clone();
    }
    let query = gate.query.as_ref()?.parsed.as_ref().ok()?;
    Table::as_written(
        &query.expr,
        &gate.conditions,
        &gate.limits.metric,
        gate.engine,
        gate.spec().is_some_and(QuerySpec::is_range),
    )
}

/// What the rules said so far.
#[derive(Default)]
struct Told {
    findings: Vec<Finding>,
    skipped: Vec<Skipped>,
    /// Rule, reason and resource of those.
    reasons: HashSet<(&'static str, String, String)>,
}

impl Told {
    fn take(&mut self, findings: Findings<'_>, gate: Option<&Gate<'_>>) {
        let waits = |section| matches!(section, Section::NoData | Section::Conditions);
        let is_behind = findings.rule().name != "invalid-condition"
            && waits(findings.rule().section)
            && gate.is_some_and(|gate| gate.conditions.is_repaired());
        self.findings
            .extend(findings.found.into_iter().map(|mut finding| {
                if is_behind {
                    finding.message = format!("once that is fixed: {}", finding.message);
                    finding.fix = None;
                }
                finding
            }));
        for skipped in findings.skipped {
            let resource = skipped.subject.resource.clone();
            let reason = (skipped.rule, skipped.reason.clone(), resource);
            if self.reasons.insert(reason) {
                self.skipped.push(skipped);
            }
        }
    }

    /// Drops what a more specific rule has said at the same metric.
    fn one_a_cause(&mut self, rules: &[&'static Rule]) {
        let yields_to = |name: &str| {
            let rule = rules.iter().find(|rule| rule.name == name);
            rule.map_or(&[][..], |rule| rule.yields_to)
        };
        fn key<'a>(
            rule: &'a str,
            finding: &'a Finding,
            metric: Option<&'a str>,
        ) -> (&'a str, &'a str, Option<&'a str>) {
            (rule, &finding.resource, metric)
        }
        let said = self.findings.iter();
        let said: HashSet<_> = said
            .map(|finding| key(finding.rule, finding, finding.metric.as_deref()))
            .collect();
        let is_kept = |finding: &Finding| {
            let own = finding.metric.as_deref();
            !yields_to(finding.rule).iter().any(|before| {
                [None, own]
                    .into_iter()
                    .any(|metric| said.contains(&key(before, finding, metric)))
            })
        };
        let is_kept: Vec<bool> = self.findings.iter().map(is_kept).collect();
        let mut is_kept = is_kept.into_iter();
        self.findings.retain(|_| is_kept.next() == Some(true));
    }

    /// Puts the settings' levels in place of the rules' own.
    fn levels(&mut self, settings: &Settings) {
        self.findings
            .retain_mut(|finding| match settings.levels.get(finding.rule) {
                None => true,
                Some(None) => false,
                Some(Some(level)) => {
                    finding.level = *level;
                    true
                }
            });
        self.skipped
            .retain(|skipped| settings.levels.get(skipped.rule) != Some(&None));
    }

    fn report(
        mut self,
        settings: &Settings,
        rules: &[&'static Rule],
        suppressions: Vec<Allowed>,
    ) -> Report {
        let mut silencing: HashMap<_, Vec<usize>> = HashMap::new();
        for (number, allowed) in suppressions.iter().enumerate() {
            let Allowed {
                suppression,
                subject,
            } = allowed;
            if suppression.has_reason {
                let whose = (&subject.resource, &subject.namespace, &subject.metric);
                let own = silencing.entry((suppression.rule.as_str(), whose));
                own.or_default().push(number);
            }
        }
        let before = self.findings.len();
        let mut used = vec![false; suppressions.len()];
        self.findings.retain(|finding| {
            let mut is_silenced = false;
            for metric in [&None, &finding.metric] {
                let whose = (&finding.resource, &finding.namespace, metric);
                for number in silencing.get(&(finding.rule, whose)).into_iter().flatten() {
                    used[*number] = true;
                    is_silenced = true;
                }
            }
            !is_silenced
        });
        let suppressed = before - self.findings.len();
        let skipped = self.skipped.iter();
        let skipped: HashSet<(&str, &str)> = skipped
            .map(|skipped| (skipped.rule, skipped.subject.resource.as_str()))
            .collect();
        for (allowed, is_used) in suppressions.iter().zip(used) {
            let own = (
                allowed.suppression.rule.as_str(),
                allowed.subject.resource.as_str(),
            );
            let is_skipped = skipped.contains(&own);
            if !is_used && !is_skipped {
                let said = said_of_suppression(allowed, rules);
                self.findings.extend(said);
            }
        }
        self.levels(settings);
        self.findings = once_a_template(self.findings, rules);
        self.findings
            .sort_by_key(|finding| (finding.spot.place.file, finding.spot.file_span()));
        Report {
            findings: self.findings,
            skipped: self.skipped,
            suppressed,
            gates: Vec::new(),
        }
    }
}

/// A suppression and what it stands at.
struct Allowed {
    suppression: Suppression,
    subject: Subject,
}

fn suppressions_of(scene: &Scene<'_>, gates: &[Gate<'_>]) -> Vec<Allowed> {
    let mut all = Vec::new();
    for gate in gates {
        let at_gate = |suppression| Allowed {
            suppression,
            subject: gate.subject(),
        };
        if let Some(query) = &gate.query {
            all.extend(in_query(query.field).into_iter().map(at_gate));
        }
        if let (true, Some(spec)) = (gate.engine.is_plugin(), gate.spec()) {
            all.extend(in_settings(spec).into_iter().map(at_gate));
        }
    }
    let annotated = scene.template.allow.iter().flat_map(in_annotation);
    all.extend(annotated.map(|suppression| Allowed {
        suppression,
        subject: scene.subject(),
    }));
    all
}

/// Those of Rollouts and Experiments.
fn suppressions_around(input: &Input) -> Vec<Allowed> {
    let annotated = input.rollouts.iter().flat_map(|rollout| {
        let suppressions = rollout.allow.iter().flat_map(in_annotation);
        suppressions.map(|suppression| Allowed {
            suppression,
            subject: Subject::of(rollout),
        })
    });
    annotated.collect()
}

/// A suppression that silences nothing.
fn said_of_suppression(allowed: &Allowed, rules: &[&'static Rule]) -> Option<Finding> {
    let named = |name: &str| rules.iter().copied().find(|rule| rule.name == name);
    let subject = allowed.subject.clone();
    let suppression = &allowed.suppression;
    let spot = suppression.spot.clone();
    let name = &suppression.rule;
    if named(name).is_none() {
        let mut findings = Findings::new(named("unknown-rule")?, Cow::Owned(subject));
        let found = findings.warn(spot, format!("there is no rule `{name}` to allow"));
        let names = rules.iter().map(|rule| rule.name);
        if let Some(near) = nearest(name, names) {
            found.help(format!("did you mean `{near}`"));
        }
        return findings.found.pop();
    }
    let mut findings = Findings::new(named("unused-suppression")?, Cow::Owned(subject));
    if suppression.has_reason {
        findings
            .warn(spot, format!("`{name}` finds nothing here"))
            .help("drop the suppression, or it will hide what comes later");
    } else {
        findings
            .warn(spot, format!("`{name}` is not allowed without a reason"))
            .help(format!("write `allow {name} -- why`"));
    }
    findings.found.pop()
}

/// Folds the findings of rules that are told once a template and level.
fn once_a_template(findings: Vec<Finding>, rules: &[&'static Rule]) -> Vec<Finding> {
    let is_told_once = |name: &str| {
        let rule = rules.iter().find(|rule| rule.name == name);
        rule.is_some_and(|rule| rule.is_told_once)
    };
    let mut folded: Vec<Finding> = Vec::new();
    let mut firsts = HashMap::new();
    for mut finding in findings {
        if is_told_once(finding.rule) {
            match firsts.entry((finding.rule, finding.level)) {
                Entry::Occupied(first) => {
                    let first: &mut Finding = &mut folded[*first.get()];
                    first.metrics.extend(finding.metric);
                    continue;
                }
                Entry::Vacant(first) => first.insert(folded.len()),
            };
            finding.metrics = finding.metric.iter().cloned().collect();
        }
        folded.push(finding);
    }
    folded
}
