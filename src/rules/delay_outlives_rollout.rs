//! A background metric that waits longer than the rollout takes.

use std::cell::LazyCell;

use crate::analysis::limits::effective_count;
use crate::analysis::metric::{Metric, int_value};
use crate::analysis::rollout::{AnalysisUse, Rollout, StepKind, When};
use crate::analysis::template::{Field, MetricSpec, Template};
use crate::lint::context::{Context, Scene};
use crate::lint::findings::{Findings, Subject};
use crate::lint::gate::spot;
use crate::lint::references::{Referenced, referenced};
use crate::lint::rule::Check;
use crate::promql::print::duration;
use crate::text::duration::parse_go_duration;
use crate::text::filled::Filled;

rule! {
    /// ## What it does
    ///
    /// Finds a metric of a background analysis whose `initialDelay` exceeds all pauses and inline analyses together, where
    /// none of these is open-ended.
    ///
    /// ## Why it matters
    ///
    /// The rollout is done before the first measurement. The analysis is then ended without one, and is Successful.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Rollout
    /// metadata:
    ///   name: web
    ///   namespace: shop
    /// spec:
    ///   strategy:
    ///     canary:
    ///       analysis:
    ///         templates:
    ///         - templateName: pods
    ///       steps:
    ///       - setWeight: 20
    ///       - pause: {duration: 2m}
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: AnalysisTemplate
    /// metadata:
    ///   name: pods
    ///   namespace: shop
    /// spec:
    ///   metrics:
    ///   - name: pods
    ///     initialDelay: 10m
    ///     interval: 1m
    ///     successCondition: result[0] >= 1
    ///     provider:
    ///       prometheus:
    ///         address: http://prometheus.example:9090
    ///         query: sum(up{namespace="shop"}) or vector(0)
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Rollout
    /// metadata:
    ///   name: web
    ///   namespace: shop
    /// spec:
    ///   strategy:
    ///     canary:
    ///       analysis:
    ///         templates:
    ///         - templateName: pods
    ///       steps:
    ///       - setWeight: 20
    ///       - pause: {duration: 10m}
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: AnalysisTemplate
    /// metadata:
    ///   name: pods
    ///   namespace: shop
    /// spec:
    ///   metrics:
    ///   - name: pods
    ///     initialDelay: 2m
    ///     interval: 1m
    ///     successCondition: result[0] >= 1
    ///     provider:
    ///       prometheus:
    ///         address: http://prometheus.example:9090
    ///         query: sum(up{namespace="shop",service="canary"}) or vector(0)
    /// ```
    ///
    /// ## Known gaps
    ///
    /// The time that pods take to start is counted as a minute for each `setWeight`. Experiments and plugins take a time
    /// that is not known: beside them the rule is silent.
    "delay-outlives-rollout", "a metric waits longer than the rollout takes",
    Surroundings, levels: [Warn],
    check: Check::Input(check),
}

const SECOND: i64 = 1_000_000_000;

/// What one `setWeight` is taken to last, in nanoseconds: the canary's pods start and become ready.
const START: i64 = 60 * SECOND;

fn check(context: &Context<'_>, out: &mut Findings<'_>) {
    for rollout in &context.input.rollouts {
        out.about(Subject::of(rollout));
        for analysis in &rollout.uses {
            let When::Background(from) = analysis.when else {
                continue;
            };
            let Some(time) = time(context, rollout, usize::try_from(from).unwrap_or(0)) else {
                continue;
            };
            for (template, metric, delay) in delays(context, rollout, analysis) {
                let late = metric.initial_delay.as_ref().filter(|_| delay > time);
                if let Some(field) = late {
                    out.warn(
                        spot("initialDelay", field, field.all()),
                        format!(
                            "`{}` of `{}` waits {}, and the steps of `{}` take about {}",
                            metric.name.text,
                            template.name.text,
                            duration(delay),
                            rollout.resource(),
                            duration(time)
                        ),
                    )
                    .help("write a shorter `initialDelay`, or longer pauses");
                }
            }
        }
    }
}

/// How long the steps from `from` on take, in nanoseconds; none where one of them is open-ended or not known.
fn time(context: &Context<'_>, rollout: &Rollout, from: usize) -> Option<i64> {
    let steps = rollout.steps.get(from..)?;
    if steps.is_empty() {
        return None;
    }
    steps.iter().try_fold(0_i64, |total, step| {
        let time = match &step.kind {
            StepKind::SetWeight(_) => START,
            StepKind::SetCanaryScale => START,
            StepKind::Pause(duration) => pause(duration.as_ref()?)?,
            StepKind::Analysis(index) => inline(context, rollout, rollout.uses.get(*index)?)?,
            StepKind::Experiment | StepKind::Other => return None,
        };
        total.checked_add(time)
    })
}

/// Seconds, or a Go duration (`DurationSeconds` of Argo's `pkg/apis/rollouts/v1alpha1/types.go`).
fn pause(duration: &Field) -> Option<i64> {
    let text = duration.text.trim();
    match text.parse::<i64>() {
        Ok(0) => None,
        Ok(seconds) => seconds.checked_mul(SECOND),
        Err(_) => parse_go_duration(text).ok(),
    }
}

/// How long an inline analysis takes: as long as its longest metric.
fn inline(context: &Context<'_>, rollout: &Rollout, analysis: &AnalysisUse) -> Option<i64> {
    let Referenced::Found(templates) = referenced(*context, rollout, analysis) else {
        return None;
    };
    let mut longest = 0;
    for template in templates {
        let fill = filler(*context, template);
        for metric in &template.metrics {
            longest = longest.max(metric_time(&fill, metric)?);
        }
    }
    Some(longest)
}

fn metric_time(fill: &impl Fn(&str) -> Filled, metric: &MetricSpec) -> Option<i64> {
    let text = |field: &Option<Field>| -> Option<String> {
        match field {
            None => Some(String::new()),
            Some(field) => {
                let filled = fill(&field.text);
                (!filled.has_holes()).then_some(filled.text)
            }
        }
    };
    let duration = |text: &str| match text {
        "" => Some(0),
        text => parse_go_duration(text).ok(),
    };
    let (interval, delay, count) = (
        text(&metric.interval)?,
        text(&metric.initial_delay)?,
        text(&metric.count)?,
    );
    let limits = Metric {
        interval: interval.clone(),
        count: metric.count.is_some().then(|| int_value(&count)),
        ..Metric::default()
    };
    let further = effective_count(&limits)?.checked_sub(1)?.max(0);
    duration(&interval)?
        .checked_mul(further)?
        .checked_add(duration(&delay)?)
}

/// Fills in the arguments of a template, around which is looked when one stands in a text.
fn filler<'a>(context: Context<'a>, template: &'a Template) -> impl Fn(&str) -> Filled {
    let scene = LazyCell::new(move || Scene::new(context, template));
    move |text| match text.contains("{{") {
        true => scene.fill(text),
        false => Filled::new(text, |_| None),
    }
}

/// The delays of a background analysis, in nanoseconds, as far as they are known.
fn delays<'a>(
    context: &Context<'a>,
    rollout: &'a Rollout,
    analysis: &'a AnalysisUse,
) -> Vec<(&'a Template, &'a MetricSpec, i64)> {
    let Referenced::Found(templates) = referenced(*context, rollout, analysis) else {
        return Vec::new();
    };
    let mut delays = Vec::new();
    for template in templates {
        let fill = filler(*context, template);
        for metric in &template.metrics {
            let Some(field) = &metric.initial_delay else {
                continue;
            };
            let filled = fill(&field.text);
            if let (false, Ok(delay)) = (filled.has_holes(), parse_go_duration(&filled.text)) {
                delays.push((template, metric, delay));
            }
        }
    }
    delays
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::said;

    fn template(name: &str, metric: &str) -> String {
        format!(
            "---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: {name}}}\nspec: {{metrics: [{{name: m, {metric}provider: {{prometheus: {{address: 'http://p.example', query: up}}}}}}]}}\n"
        )
    }

    #[test]
    fn delays_beyond_the_steps() {
        let inline = "{analysis: {templates: [{templateName: b}]}}";
        let b = "interval: 1m, count: 5, ";
        for (delay, steps, b, expected) in [
            ("10m", "{setWeight: 5}, {pause: {duration: 2m}}", b, 1),
            ("3m", "{setWeight: 5}, {pause: {duration: 2m}}", b, 0),
            ("10m", "{setWeight: 5}, {pause: {duration: 600}}", b, 0),
            ("10m", "{setWeight: 5}, {pause: {duration: '30'}}", b, 1),
            ("10m", "{setWeight: 5}, {pause: {}}", b, 0),
            ("10m", "{setWeight: 5}, A", b, 1),
            ("4m", "{setWeight: 5}, A", b, 0),
            ("10m", "{setWeight: 5}, A", "interval: 1m, ", 0),
            ("10m", "{setWeight: 5}, {plugin: {name: x}}", b, 0),
            ("10m", "", b, 0),
        ] {
            let steps = steps.replace('A', inline);
            let rollout = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec: {{strategy: {{canary: {{steps: [{steps}], analysis: {{templates: [{{templateName: a}}]}}}}}}}}\n"
            );
            let text = format!(
                "{rollout}{}{}",
                template("a", &format!("initialDelay: {delay}, interval: 1m, ")),
                template("b", b)
            );
            assert_eq!(said(super::RULE.name, &text).len(), expected, "{text}");
        }
    }
}
