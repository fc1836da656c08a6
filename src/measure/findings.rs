//! A metric as this run measures it into what the rules say that need no server.
//!
//! The rules were written for templates in files; here each argument has its value and nothing stands around the metric.
//! So those are left out that look at other metrics, at arguments or at manifests, and those whose subject the controller
//! or the settings have checked already. A deny that is a false alarm aborts a rollout: what [`DENIES`] does not name is
//! told as a warning at most.

#![cfg_attr(
    not(test),
    expect(dead_code, reason = "the measurement is to ask for them")
)]

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::analysis::input::Input;
use crate::analysis::metric::Metric;
use crate::analysis::policy::{Policy, Suppressions};
use crate::analysis::run::AnalysisRun;
use crate::analysis::settings::fields::Complaint;
use crate::analysis::settings::{Dialect, GUARDS, Guard, NoData, SeriesCount, Settings};
use crate::analysis::template::{Field, Kind, MetricSpec, Provider, QuerySpec, Setting, Template};
use crate::lint;
use crate::lint::context::Context;
use crate::lint::finding::Finding;
use crate::lint::index::Index;
use crate::lint::level::Level;
use crate::lint::rule::{Check, Rule, Section};
use crate::lint::run::lint_template;
use crate::promql::answer::range;
use crate::promql::outcome::Labels;
use crate::promql::{Features, Options, parse};
use crate::rules::ALL;
use crate::text::chain::one_line;
use crate::text::nearest::nearest;
use crate::text::place::Place;

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
    };
    let no_data = settings.no_data.unwrap_or(NoData::Wait);
    let allow = settings.allow.iter();
    let allow: Vec<String> = allow
        .map(|one| format!("{} -- {}", one.rule, one.reason))
        .collect();
    let said = subject.said(query, &allow, no_data);
    let forbidden = match policy.suppressions.allows_all() {
        true => Vec::new(),
        false => subject.forbidden(query, &said, no_data, policy),
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
    fn forbidden(
        &self,
        query: &str,
        said: &[Finding],
        no_data: NoData,
        policy: &Policy,
    ) -> Vec<Finding> {
        if self.settings.allow.is_empty() && !query.contains(MARK) {
            return Vec::new();
        }
        // Of the same length, so that each place stays what it is.
        let unmarked = query.replace(MARK, "promql-guard- ");
        let mut all = self.said(&unmarked, &[], no_data);
        all.retain(|finding| {
            let is_new = said.iter().all(|other| other.rule != finding.rule);
            is_new && policy.suppressions.forbids(finding.rule)
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
    /// alone, and so is every query of a run that has none.
    fn can_tell(&self, rule: &str, query: &str) -> bool {
        let hangs_on_the_hash = matches!(rule, "stable-pods-included" | "stable-only");
        let hash = self.run.pod_template_hash().filter(|hash| !hash.is_empty());
        !hangs_on_the_hash || hash.is_some_and(|hash| !query.contains(hash))
    }

    fn lint_settings(&self) -> lint::settings::Settings {
        let mut labels = Labels::default();
        if let Some(label) = &self.settings.namespace_label
            && !labels.namespace.contains(label)
        {
            labels.namespace.push(label.clone());
        }
        lint::settings::Settings {
            labels,
            scrape_interval: self.settings.scrape_interval,
            ..lint::settings::Settings::default()
        }
    }

    /// The metric as a template of its own, of the run's namespace.
    fn template(&self, query: &str, allow: &[String], no_data: NoData) -> Template {
        Template {
            kind: Kind::AnalysisRun,
            name: field(&self.run.name),
            namespace: Some(field(&self.run.namespace)),
            arguments: Vec::new(),
            metrics: vec![self.metric_spec(query, allow, no_data)],
            dry_run: Vec::new(),
            templates: Vec::new(),
            allow: None,
            unknown: Vec::new(),
        }
    }

    fn metric_spec(&self, query: &str, allow: &[String], no_data: NoData) -> MetricSpec {
        let metric = self.metric;
        let text = |text: &str| (!text.is_empty()).then(|| field(text));
        let number = |number: Option<i64>| number.map(|number| field(number.to_string()));
        MetricSpec {
            name: field(&metric.name),
            interval: text(&metric.interval),
            initial_delay: text(&metric.initial_delay),
            count: number(metric.count),
            success_condition: text(&metric.success_condition),
            failure_condition: text(&metric.failure_condition),
            failure_limit: number(metric.failure_limit),
            inconclusive_limit: number(metric.inconclusive_limit),
            consecutive_error_limit: number(metric.consecutive_error_limit),
            consecutive_success_limit: number(metric.consecutive_success_limit),
            provider: Provider::Plugin {
                name: field("promql-guard"),
                spec: self.query_spec(query, allow, no_data),
            },
            unknown: Vec::new(),
            place: Place::default(),
            next_key: None,
        }
    }

    /// Those settings that a rule asks for; no address, no header, nothing secret.
    fn query_spec(&self, query: &str, allow: &[String], no_data: NoData) -> QuerySpec {
        let settings = self.settings;
        let mut spec = QuerySpec::default();
        let mut set = |path: &str, text: String| {
            spec.settings.push(Setting {
                path: path.to_owned(),
                field: field(text),
            });
        };
        set("query", query.to_owned());
        let guard = GUARDS.iter().find(|(_, guard)| *guard == self.guard);
        set("guard", guard.map_or("", |(word, _)| word).to_owned());
        set("noData", word(no_data).to_owned());
        if settings.dialect == Dialect::MetricsQl {
            set("dialect", "metricsql".to_owned());
        }
        if let Some(namespace) = &settings.namespace {
            set("namespace", namespace.clone());
        }
        if let Some(number) = settings.fallback {
            set("fallback", number.to_string());
        }
        if let Some(SeriesCount::Between(low, high)) = settings.series {
            set("series", format!("{low}..{high}"));
        }
        for (index, entry) in allow.iter().enumerate() {
            set(&format!("allow[{index}]"), entry.clone());
        }
        if let Some(range) = &settings.range_query {
            set("rangeQuery.step", range.step.clone());
            let object = Map::from_iter([("rangeQuery".to_owned(), Value::Object(Map::new()))]);
            spec.json = Value::Object(object);
        }
        spec
    }
}

/// The word of a setting.
fn word(no_data: NoData) -> &'static str {
    match no_data {
        NoData::Wait => "wait",
        NoData::Inconclusive => "inconclusive",
        NoData::Error => "error",
        NoData::Fail => "fail",
        NoData::Condition => "condition",
    }
}

/// Where the catalogue has a rule.
fn section(name: &str) -> Option<Section> {
    let rule = ASKED.iter().find(|rule| rule.name == name);
    rule.map(|rule| rule.section)
}

/// A text that nobody fills in any more: a `$(` in it is one.
fn field(text: impl AsRef<str>) -> Field {
    Field {
        text: text.as_ref().replace("$(", "$$("),
        place: Place::default(),
    }
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
mod tests {
    use super::*;
    use serde_json::json;

    /// `deny`, `several`, `warn`, one line each, of a metric whose settings are given beside its conditions and limits.
    fn said(metric: Value) -> Vec<String> {
        said_by(metric, &json!({}))
    }

    fn said_by(metric: Value, policy: &Value) -> Vec<String> {
        let text = |key: &str| metric[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| metric[key].as_i64();
        let plain = Metric {
            name: "m".to_owned(),
            interval: text("interval"),
            count: number("count"),
            success_condition: text("successCondition"),
            failure_condition: text("failureCondition"),
            failure_limit: number("failureLimit"),
            inconclusive_limit: number("inconclusiveLimit"),
            consecutive_error_limit: number("consecutiveErrorLimit"),
            ..Metric::default()
        };
        let settings = Settings::from_object(metric["plugin"].as_object().unwrap(), &Map::new());
        let settings = settings.unwrap_or_else(|c| panic!("{metric}: {c:?}"));
        let policy = Policy::from_object(policy.as_object().unwrap()).unwrap();
        let mut run = AnalysisRun {
            name: "run".to_owned(),
            namespace: "shop".to_owned(),
            ..AnalysisRun::default()
        };
        let label = "rollouts-pod-template-hash".to_owned();
        run.labels.insert(label, "5478f49d8b".to_owned());
        let found = findings(
            &plain,
            &settings,
            Guard::Enforce,
            &settings.query,
            &run,
            &policy,
        );
        let lists = [
            ("deny", found.deny),
            ("several", found.deny_if_several),
            ("warn", found.warn),
        ];
        lists
            .into_iter()
            .flat_map(|(list, lines)| lines.into_iter().map(move |line| format!("{list} {line}")))
            .collect()
    }

    /// `{p}`: pods of the canary, `{e}` a rate of its errors, `{t}` of all its requests.
    fn query(text: &str) -> String {
        let pods = r#"namespace="shop",pod=~"cart-5478f49d8b-.*""#;
        text.replace("{e}", r#"sum(rate(requests_total{{p},code=~"5.."}[5m]))"#)
            .replace("{t}", "sum(rate(requests_total{{p}}[5m]))")
            .replace("{p}", pods)
    }

    fn gate(text: &str, success: &str) -> Value {
        json!({"plugin": {"query": query(text)}, "successCondition": success})
    }

    /// Its rules alone: `deny constant-query, warn raw-counter`.
    fn rules(lines: &[String]) -> String {
        let rules = lines
            .iter()
            .map(|line| line.split(':').next().unwrap_or_default());
        rules.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn sound_gates_are_left_alone() {
        for (text, success) in [
            ("{e} / {t}", "result[0] < 0.05"),
            ("{e} / {t} > 0.05", "len(result) == 0"),
            ("{e} / {t} > 0.05", "len(result) == 0 || result[0] < 0.05"),
            ("{e} / {t} > 0.05 or vector(0)", "result[0] < 0.05"),
            ("{e} / ({t} > 0) or vector(0)", "result[0] < 0.05"),
            ("{e} / {t} > bool 0.05", "result[0] == 0"),
            ("{e} / {t}", "isNaN(result[0]) || result[0] < 0.05"),
            (
                "sum(increase(app_errors_total{{p}}[4m])) or vector(0)",
                "result[0] == 0",
            ),
            ("absent(up{{p}})", "len(result) == 0"),
            (
                "min(kube_pod_status_ready{{p},condition=\"true\"})",
                "result[0] >= 1",
            ),
            (
                "histogram_quantile(0.9, sum by (le)(rate(h_bucket{{p}}[5m])))",
                "!(result[0] > 1)",
            ),
            // What was `$$(` in the template is no placeholder.
            (
                "sum(rate(requests_total{{p},path=~\"^$(a|b)\"}[5m])) ",
                "result[0] > 5",
            ),
        ] {
            assert_eq!(
                said(gate(text, success)),
                Vec::<String>::new(),
                "{text} {success}"
            );
        }
        let mut closed = gate("{e} / {t} > 0.05 or vector(0)", "result[0] == 0");
        closed["plugin"]["noData"] = json!("fail");
        assert_eq!(rules(&said(closed)), "");
    }

    #[test]
    fn broken_gates_are_told() {
        for (text, success, lines) in [
            ("# todo", "result[0] < 1", "deny empty-query"),
            (
                "sum(rate(x{{p}}[5m])",
                "result[0] < 1",
                "deny invalid-query",
            ),
            ("vector(0)", "result[0] < 1", "deny constant-query"),
            (
                "{e} / {t} > 0.05",
                "result[0] < 1",
                "deny filter-in-query, warn lenient-threshold",
            ),
            ("{t}", "", "deny missing-condition"),
            ("{t}", "result[0] = 0", "deny invalid-condition"),
            ("{e} / {t}", "result[0] < 5", "deny threshold-unit"),
            (
                "histogram_quantile(0.9, sum by (le)(rate(http_seconds_bucket{{p}}[5m])))",
                "result[0] < 500",
                "warn threshold-unit",
            ),
            (
                "sum by (pod)(rate(requests_total{{p}}[5m]))",
                "result[0] > 1",
                "several arbitrary-series",
            ),
            ("{t} / {t}", "result[0] > 0.5", "warn self-ratio"),
            (
                "sum(ready{{p}} @ 1700000000)",
                "result[0] > 1",
                "warn pinned-time",
            ),
            (
                "sum(ready{namespace=\"shop\",pod=\"cart-.*\"})",
                "result[0] > 1",
                "deny regex-in-equality, warn stable-pods-included",
            ),
            (
                "sum(up{job=\"a\"})",
                "result[0] > 1",
                "warn stable-pods-included",
            ),
        ] {
            let found = said(gate(text, success));
            assert_eq!(rules(&found), lines, "{text} {success}: {found:#?}");
        }
    }

    #[test]
    fn the_published_gate_and_its_relatives() {
        let labels = r#"namespace="shop",pod=~"echo-server-.*""#;
        let restarts = "kube_pod_container_status_restarts_total";
        let ready = "kube_pod_container_status_ready";
        let q1 = format!("sum(increase({restarts}{{{labels}}}[1m])) or vector(0)");
        for (query, success, lines) in [
            (
                q1.as_str(),
                "result[0] == 0",
                "warn restarts-by-increase, warn stable-pods-included, warn zero-error-tolerance",
            ),
            (
                q1.as_str(),
                "result[0] > 0",
                "deny inverted-condition, warn restarts-by-increase, warn stable-pods-included, warn zero-error-tolerance",
            ),
            (
                &format!("sum({ready}{{{labels}}}) or vector(0)"),
                "result[0] >= 1",
                "warn stable-pods-included, warn zero-error-tolerance",
            ),
            (
                &format!("max by (namespace,pod) ({ready}{{{labels}}}) or vector(0)"),
                "result[0] >= 1",
                "several arbitrary-series, warn fallback-adds-series, warn stable-pods-included, warn zero-error-tolerance",
            ),
            (
                &format!("sum(increase({ready}{{{labels}}}[1m])) or vector(0)"),
                "result[0] >= 1",
                "warn rate-of-gauge, warn stable-pods-included, warn zero-error-tolerance",
            ),
            (
                r#"histogram_quantile(0.95, sum by (le) (rate(latency_bucket{hotrod_pod_hash="5478f49d8b"}[2m]))) OR on() vector(0)"#,
                "result[0] < 1000",
                "warn zero-error-tolerance",
            ),
        ] {
            let metric = json!({
                "plugin": {"query": query},
                "successCondition": success,
                "consecutiveErrorLimit": 0,
            });
            let found = said(metric);
            assert_eq!(rules(&found), lines, "{query}: {found:#?}");
        }
        let mut opened = gate(
            "sum(increase(app_errors_total{{p}}[4m])) or vector(0)",
            "result[0] == 0",
        );
        opened["plugin"]["noData"] = json!("condition");
        assert_eq!(rules(&said(opened)), "deny fallback-passes");
    }

    #[test]
    fn limits_and_labels_count() {
        let mut metric = gate("{e} / {t}", "result[0] < 0.05");
        metric["count"] = json!(3);
        metric["interval"] = json!("1m");
        metric["failureLimit"] = json!(3);
        assert_eq!(
            said(metric),
            [
                "deny unreachable-failure-limit: `failureLimit: 3` lets all 3 measurements fail: the metric cannot fail; write `failureLimit: 2` or less"
            ]
        );
        let mut metric = gate("{t} / sum(rate(x{tenant=\"a\"}[5m]))", "result[0] > 0.05");
        metric["plugin"]["scrapeInterval"] = json!("5m");
        assert_eq!(
            rules(&said(metric.clone())),
            "warn short-window, warn short-window, warn namespace-unconstrained"
        );
        metric["plugin"]["scrapeInterval"] = json!("30s");
        metric["plugin"]["namespaceLabel"] = json!("tenant");
        assert_eq!(rules(&said(metric)), "");
        let mut metric = gate("label_set({t}, \"a\", \"b\")", "result[0] > 0.05");
        let told = said(metric.clone());
        assert!(told[0].ends_with("set `dialect: metricsql`"), "{told:?}");
        metric["plugin"]["dialect"] = json!("metricsql");
        assert_eq!(rules(&said(metric)), "");
    }

    #[test]
    fn rules_are_silenced_as_far_as_the_policy_lets() {
        let by_comment = gate("{t} # promql-guard: allow missing-condition -- watched", "");
        let mut by_setting = gate("{t}", "");
        by_setting["plugin"]["allow"] = json!(["missing-condition"]);
        let stands = "deny missing-condition: neither `successCondition` nor `failureCondition`: every measurement is \
            Successful; write the condition that a healthy canary fulfils; the operator's policy forbids to silence it";
        for metric in [by_comment, by_setting] {
            for (forbidden, told) in [
                (json!([]), vec![]),
                (json!(["constant-query"]), vec![]),
                (json!(["missing-condition"]), vec![stands]),
                (json!("all"), vec![stands]),
            ] {
                let policy = json!({"suppressions": {"forbidden": forbidden}});
                assert_eq!(said_by(metric.clone(), &policy), told, "{policy}");
            }
        }
        let policy = json!({"suppressions": {"forbidden": ["constant-qery", "self-ratio"]}});
        let policy = Policy::from_object(policy.as_object().unwrap()).unwrap();
        let told: Vec<_> = unknown_rules(&policy)
            .iter()
            .map(Complaint::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "`suppressions.forbidden`: there is no rule `constant-qery`; did you mean `constant-query`"
            ]
        );
    }

    #[test]
    fn of_each_rule_that_can_deny_it_is_decided_what_it_does_here() {
        let softened = [
            "arbitrary-series",
            "pinned-time",
            "rate-of-aggregate",
            "self-ratio",
            "threshold-unit",
        ];
        let denying = ASKED
            .iter()
            .filter(|rule| rule.levels.contains(&Level::Deny));
        let undecided: Vec<_> = denying
            .map(|rule| rule.name)
            .filter(|name| !DENIES.contains(name) && !softened.contains(name))
            .collect();
        assert_eq!(
            undecided,
            Vec::<&str>::new(),
            "add it to `DENIES` in measure/findings.rs, or to the list of this test: here it then warns"
        );
        for name in DENIES.iter().chain(&OF_ONE_GATE).chain(&ON_EVIDENCE) {
            assert!(
                ASKED.iter().any(|rule| rule.name == *name),
                "`{name}` is never asked"
            );
        }
        for name in LEFT_OUT {
            assert!(
                ALL.iter().any(|rule| rule.name == name),
                "there is no rule `{name}`"
            );
        }
    }
}
