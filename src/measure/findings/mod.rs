//! A metric as this run measures it into what the rules say that need no server.
//!
//! The rules were written for templates in files; here each argument has its value and nothing stands around the metric.
//! So those are left out that look at other metrics, at arguments or at manifests, and those whose subject the controller
//! or the settings have checked already. A deny that is a false alarm aborts a rollout: what [`DENIES`] does not name is
//! told as a warning at most.

mod template;

use std::sync::LazyLock;

use crate::analysis::input::Input;
use crate::analysis::metric::Metric;
use crate::analysis::policy::{Policy, Suppressions};
use crate::analysis::run::AnalysisRun;
use crate::analysis::settings::fields::Complaint;
use crate::analysis::settings::{Guard, NoData, Settings};
use crate::lint::context::Context;
use crate::lint::finding::Finding;
use crate::lint::index::Index;
use crate::lint::level::Level;
use crate::lint::rule::{Check, Rule, Section};
use crate::lint::run::lint_template;
use crate::promql::answer::range;
use crate::promql::{Features, Options, parse};
use crate::rules::ALL;
use crate::text::chain::one_line;
use crate::text::nearest::nearest;

/// What the rules say of a metric, one line each: `rule: message; help`. They quote the query, and so perhaps a secret.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Wrong whatever the server answers, in the catalogue's order: the query itself first.
    pub(super) deny: Vec<String>,
    /// Wrong if the answer holds more than one series.
    pub(super) deny_if_several: Vec<String>,
    /// Worth a look.
    pub(super) warn: Vec<String>,
}

/// Rules that deny here as they do in a file: what they tell does not hang on a guess, nor on whether a text was an
/// argument's value.
const DENIES: [&str; 21] = [
    "constant-condition",
    "constant-query",
    "empty-query",
    "empty-result-passes",
    "fallback-adds-series",
    "fallback-both-sides",
    "fallback-passes",
    "fallback-precedence",
    "filter-in-query",
    "inconclusive-passes",
    "invalid-condition",
    "invalid-query",
    "inverted-condition",
    "lazy-success",
    "missing-condition",
    "nan-result-passes",
    "quantile-out-of-range",
    "quantile-without-le",
    "range-vector-result",
    "regex-in-equality",
    "unreachable-failure-limit",
];

/// Rules that are asked although they look at a whole template or at limits: of one metric they can tell.
const OF_ONE_GATE: [&str; 8] = [
    "excessive-error-tolerance",
    "inconclusive-passes",
    "namespace-unconstrained",
    "overlapping-windows",
    "stable-pods-included",
    "unreachable-failure-limit",
    "unreachable-inconclusive-limit",
    "zero-error-tolerance",
];

/// Rules that would take an argument's value for the author's literal, or look at texts that may be secrets.
const LEFT_OUT: [&str; 4] = [
    "hard-coded-namespace",
    "pasted-hash",
    "unescaped-argument",
    "unknown-placeholder",
];

/// Rules that take for what becomes of an empty answer or a fallback what the guard makes of it without evidence. With
/// evidence the conditions judge it, so they count only as far as they say the same under `noData: condition`.
const ON_EVIDENCE: [&str; 2] = ["constant-condition", "filter-in-query"];

/// What silences a rule in a comment of a query.
const MARK: &str = "promql-guard: ";

static ASKED: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let rules = ALL.iter().copied();
    rules.filter(|rule| is_asked(rule)).collect()
});

/// Whether a rule judges one gate whose arguments are filled in.
fn is_asked(rule: &Rule) -> bool {
    let looks_at_a_gate = matches!(rule.check, Check::Query(_) | Check::Metric(_));
    let is_about_the_gate = !matches!(
        rule.section,
        Section::Limits | Section::Surroundings | Section::Suppressions
    );
    let can_tell = looks_at_a_gate && is_about_the_gate || OF_ONE_GATE.contains(&rule.name);
    can_tell && !LEFT_OUT.contains(&rule.name)
}

/// What the rules that need no server say about `metric` as this run measures it.
///
/// `query` has its placeholders filled in. `guard` is the one that the rules assume: under `observe` that of `enforce`.
/// Comments of the query and the setting `allow` silence a rule, unless the policy forbids that.
pub(super) fn findings(
    metric: &Metric,
    settings: &Settings,
    guard: Guard,
    query: &str,
    run: &AnalysisRun,
    policy: &Policy,
) -> Findings {
    let subject = Subject {
        metric,
        settings,
        guard,
        run,
        policy,
    };
    let no_data = settings.no_data.unwrap_or(NoData::Wait);
    let allow = settings.allow.iter();
    let allow: Vec<String> = allow
        .map(|one| format!("{} -- {}", one.rule, one.reason))
        .collect();
    let said = subject.said(query, &allow, no_data);
    let forbidden = match policy.suppressions.allows_all() {
        true => Vec::new(),
        false => subject.forbidden(query, &said, no_data),
    };
    let noted = said.iter().map(|finding| (finding, ""));
    let forbidden = forbidden.iter().map(|finding| (finding, FORBIDDEN));
    let mut told: Vec<_> = noted.chain(forbidden).collect();
    told.sort_by_key(|(finding, _)| section(finding.rule));
    let mut found = Findings::default();
    for (finding, note) in told {
        let line = format!("{}{note}", line(finding));
        found.list(finding, query).push(line);
    }
    found
}

/// What stands behind a finding that the template silenced in vain.
const FORBIDDEN: &str = "; the operator's policy forbids to silence it";

impl Findings {
    /// Where a finding belongs.
    fn list(&mut self, finding: &Finding, query: &str) -> &mut Vec<String> {
        match finding.level {
            Level::Deny if DENIES.contains(&finding.rule) => &mut self.deny,
            Level::Deny if finding.rule == "arbitrary-series" => &mut self.deny_if_several,
            Level::Deny if finding.rule == "threshold-unit" && is_share(query) => &mut self.deny,
            _ => &mut self.warn,
        }
    }
}

/// What of the policy names rules that there are not.
pub(super) fn unknown_rules(policy: &Policy) -> Vec<Complaint> {
    let Suppressions::Forbidden(forbidden) = &policy.suppressions else {
        return Vec::new();
    };
    let unknown = forbidden
        .iter()
        .filter(|name| ALL.iter().all(|rule| rule.name != **name));
    unknown
        .map(|name| {
            let near = nearest(name, ALL.iter().map(|rule| rule.name));
            let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`"));
            Complaint {
                path: "suppressions.forbidden".to_owned(),
                problem: format!("there is no rule `{name}`{hint}"),
            }
        })
        .collect()
}

/// What is judged.
struct Subject<'a> {
    metric: &'a Metric,
    settings: &'a Settings,
    guard: Guard,
    run: &'a AnalysisRun,
    policy: &'a Policy,
}

impl Subject<'_> {
    /// The findings worth telling.
    fn said(&self, query: &str, allow: &[String], no_data: NoData) -> Vec<Finding> {
        let mut said = self.linted(query, allow, no_data);
        let hangs = |finding: &Finding| ON_EVIDENCE.contains(&finding.rule);
        if no_data != NoData::Condition && said.iter().any(hangs) {
            let judged = self.linted(query, allow, NoData::Condition);
            said.retain_mut(|finding| {
                let mut same = judged.iter().filter(|other| other.rule == finding.rule);
                let level = same.next().map(|other| other.level.min(finding.level));
                let is_kept = !hangs(finding) || level.is_some();
                finding.level = level.filter(|_| hangs(finding)).unwrap_or(finding.level);
                is_kept
            });
        }
        said
    }

    /// What is found beside `said` when nothing is silenced, and may not be silenced by the policy.
    fn forbidden(&self, query: &str, said: &[Finding], no_data: NoData) -> Vec<Finding> {
        if self.settings.allow.is_empty() && !query.contains(MARK) {
            return Vec::new();
        }
        // Of the same length, so that each place stays what it is.
        let unmarked = query.replace(MARK, "promql-guard- ");
        let mut all = self.said(&unmarked, &[], no_data);
        all.retain(|finding| {
            let is_new = said.iter().all(|other| other.rule != finding.rule);
            is_new && self.policy.suppressions.forbids(finding.rule)
        });
        all
    }

    fn linted(&self, query: &str, allow: &[String], no_data: NoData) -> Vec<Finding> {
        let input = Input {
            templates: vec![self.template(query, allow, no_data)],
            ..Input::default()
        };
        let settings = self.lint_settings();
        let context = Context {
            input: &input,
            settings: &settings,
            index: &Index::new(&input),
        };
        let mut said = lint_template(context, &input.templates[0], &ASKED).findings;
        said.retain(|finding| finding.level > Level::Info && self.can_tell(finding.rule, query));
        said
    }

    /// Whose pods a query takes is told by placeholders, which are filled in: a query that holds the canary's hash is left
    /// alone, and where pods are compared so is every query of a run that has none.
    fn can_tell(&self, rule: &str, query: &str) -> bool {
        let hash = self.run.pod_template_hash().filter(|hash| !hash.is_empty());
        let is_held = hash.is_some_and(|hash| query.contains(hash));
        match rule {
            "stable-pods-included" | "stable-only" => hash.is_some() && !is_held,
            // The height of a counter says something where all pods are as old as the canary.
            "raw-counter" => !is_held,
            _ => true,
        }
    }
}

/// Where the catalogue has a rule.
fn section(name: &str) -> Option<Section> {
    let rule = ASKED.iter().find(|rule| rule.name == name);
    rule.map(|rule| rule.section)
}

/// A threshold beyond what a share can be is proven wrong; one beyond what a name promises is a guess.
fn is_share(query: &str) -> bool {
    let options = Options {
        features: Features::All,
        holes: &[],
    };
    parse(query, options).is_ok_and(|query| {
        let proven = range(&query.expr);
        proven.low == 0.0 && (proven.high == 1.0 || proven.high == 100.0)
    })
}

fn line(finding: &Finding) -> String {
    let mut line = format!("{}: {}", finding.rule, finding.message);
    let hint = match finding.rule {
        "invalid-query" if finding.help.is_none() => Some(DIALECT),
        _ => finding.help.as_deref(),
    };
    if let Some(hint) = hint {
        line.push_str("; ");
        line.push_str(hint);
    }
    one_line(&line).replace("$$(", "$(")
}

/// A server may take more than PromQL.
const DIALECT: &str = "for what only VictoriaMetrics takes set `dialect: metricsql`";

#[cfg(test)]
mod tests;
