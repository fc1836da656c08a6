//! A metric as written into a gate: engine, query, conditions, limits and truth table.

use crate::analysis::metric::{Metric, int_value};
use crate::analysis::settings::{Dialect, GUARDS, Guard, NoData};
use crate::analysis::template::{Field, MetricSpec, Provider, QuerySpec};
use crate::condition::ResultType;
use crate::lint::conditions::Conditions;
use crate::lint::context::Scene;
use crate::lint::gate::{Asked, Engine, Gate, Limits, QueryText};
use crate::lint::settings::Settings;
use crate::lint::table::Table;
use crate::promql::ast::ValueType;
use crate::promql::{Features, Options, parse};
use crate::text::nearest::nearest;

/// Every metric of the scene's template.
pub(super) fn gates<'a>(scene: &'a Scene<'a>) -> Vec<Gate<'a>> {
    let metrics = scene.template.metrics.iter().enumerate();
    metrics
        .map(|(index, metric)| gate(scene, metric, index))
        .collect()
}

fn gate<'a>(scene: &'a Scene<'a>, metric: &'a MetricSpec, index: usize) -> Gate<'a> {
    let (engine, spec) = engine_of(&metric.provider, scene.context.settings);
    let query = spec
        .and_then(QuerySpec::query)
        .map(|field| query_text(scene, field));
    let conditions = Conditions::new(
        written(&metric.success_condition),
        written(&metric.failure_condition),
        result_type(query.as_ref(), spec),
        &|text| scene.fill(text),
    );
    let limits = limits_of(scene, metric);
    let table = query
        .as_ref()
        .and_then(|query| query.parsed.as_ref().ok())
        .and_then(|query| {
            let is_range = spec.is_some_and(QuerySpec::is_range);
            Table::new(&query.expr, &conditions, &limits.metric, engine, is_range)
        });
    Gate {
        scene,
        metric,
        index,
        engine,
        query,
        conditions,
        limits,
        table,
        asked: Asked::default(),
    }
}

/// A condition of blanks alone is none to Argo only when it is empty; a blank one does not compile.
fn written(condition: &Option<Field>) -> Option<&Field> {
    condition.as_ref().filter(|field| !field.text.is_empty())
}

fn engine_of<'a>(provider: &'a Provider, settings: &Settings) -> (Engine, Option<&'a QuerySpec>) {
    match provider {
        Provider::Prometheus(spec) => (Engine::BuiltIn, Some(spec)),
        Provider::Plugin { name, spec } if is_this_plugin(&name.text, settings) => {
            (plugin(spec), Some(spec))
        }
        _ => (Engine::Other, None),
    }
}

/// The last part of the name under which this plugin is registered, as `install` writes it.
const PLUGIN: &str = "promql-guard";

/// A slip of [`PLUGIN`]: under a name that is not registered the controller finds no plugin.
pub(super) fn is_misspelt(name: &str) -> bool {
    name != PLUGIN && nearest(name, [PLUGIN]).is_some()
}

fn is_this_plugin(name: &str, settings: &Settings) -> bool {
    let own = name.rsplit('/').next().unwrap_or_default();
    own == PLUGIN || is_misspelt(own) || settings.plugins.iter().any(|known| known == name)
}

fn plugin(spec: &QuerySpec) -> Engine {
    let word = |key: &str| spec.setting(key).map(|field| field.text.as_str());
    let guard = match word("guard") {
        // An unquoted `off` is a boolean to YAML.
        Some("false") => Guard::Off,
        Some(text) => GUARDS
            .iter()
            .find(|(name, _)| *name == text)
            .map_or(Guard::Enforce, |(_, guard)| *guard),
        None => Guard::Enforce,
    };
    let no_data = match word("noData") {
        Some("inconclusive") => NoData::Inconclusive,
        Some("error") => NoData::Error,
        Some("fail") => NoData::Fail,
        Some("condition") => NoData::Condition,
        _ => NoData::Wait,
    };
    Engine::Plugin {
        guard,
        no_data,
        dialect: match word("dialect") {
            Some("metricsql") => Dialect::MetricsQl,
            _ => Dialect::PromQl,
        },
        has_namespace: word("namespace").is_some_and(|text| !text.is_empty()),
        fallback: word("fallback")
            .and_then(|text| text.parse::<f64>().ok())
            .map(f64::to_bits),
    }
}

fn query_text<'a>(scene: &Scene<'_>, field: &'a Field) -> QueryText<'a> {
    let filled = scene.fill(&field.text);
    let holes = filled.holes();
    let options = |features| Options {
        features,
        holes: &holes,
    };
    // What needs a feature flag is judged all the same: the rule `experimental-syntax` says that it needs one. A name with
    // a dot and no quotes needs one, too, but is a slip wherever it was met.
    let stock = parse(&filled.text, options(Features::Stock));
    let needs_flags = matches!(&stock, Err(error) if error.is_experimental());
    let parsed = match needs_flags {
        true => parse(&filled.text, options(Features::All)).or(stock),
        false => stock,
    };
    QueryText {
        field,
        needs_flags: needs_flags && parsed.is_ok(),
        filled,
        parsed,
    }
}

/// A range query answers a matrix whatever the query's own type is.
fn result_type(query: Option<&QueryText<'_>>, spec: Option<&QuerySpec>) -> ResultType {
    let Some(Ok(query)) = query.map(|query| &query.parsed) else {
        return ResultType::Any;
    };
    if spec.is_some_and(QuerySpec::is_range) {
        return ResultType::Vector;
    }
    match query.expr.value_type {
        ValueType::Scalar => ResultType::Scalar,
        ValueType::Vector | ValueType::Matrix => ResultType::Vector,
        ValueType::String => ResultType::Any,
    }
}

fn limits_of(scene: &Scene<'_>, metric: &MetricSpec) -> Limits {
    let mut unknown = Vec::new();
    let mut text = |name: &'static str, field: &Option<Field>| -> Option<String> {
        let filled = scene.fill(&field.as_ref()?.text);
        if filled.has_holes() {
            unknown.push(name);
            return None;
        }
        Some(filled.text)
    };
    let mut number = |name, field| text(name, field).map(|text| int_value(&text));
    let count = number("count", &metric.count);
    let failure_limit = number("failureLimit", &metric.failure_limit);
    let inconclusive_limit = number("inconclusiveLimit", &metric.inconclusive_limit);
    let consecutive_error_limit = number("consecutiveErrorLimit", &metric.consecutive_error_limit);
    let consecutive_success_limit =
        number("consecutiveSuccessLimit", &metric.consecutive_success_limit);
    let metric = Metric {
        name: metric.name.text.clone(),
        interval: text("interval", &metric.interval).unwrap_or_default(),
        initial_delay: text("initialDelay", &metric.initial_delay).unwrap_or_default(),
        count,
        failure_limit,
        inconclusive_limit,
        consecutive_error_limit,
        consecutive_success_limit,
        success_condition: String::new(),
        failure_condition: String::new(),
        plugins: Vec::new(),
    };
    Limits { metric, unknown }
}
