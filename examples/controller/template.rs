//! An AnalysisTemplate's metrics, arguments filled in, as the controller hands them to a plugin.

use std::fmt;

use promql_guard::analysis::metric::Metric;
use promql_guard::manifest::read::{JsonError, to_json};
use serde_json::Value;

/// Why a template could not be used.
#[derive(Debug)]
pub(crate) enum TemplateError {
    /// The text is no YAML.
    Yaml(JsonError),
    /// The YAML holds no `spec.metrics`.
    NoMetrics,
    /// A placeholder is left that no argument fills in.
    Unresolved(String),
    /// A placeholder does not end.
    Unclosed(String),
    /// A metric is measured by another provider than a plugin.
    NoPlugin(String),
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yaml(_) => write!(f, "read the template as YAML"),
            Self::NoMetrics => write!(
                f,
                "expected a list of metrics under `spec.metrics`, found none"
            ),
            Self::Unresolved(text) => write!(f, "no value for `{text}`; give --arg NAME=VALUE"),
            Self::Unclosed(text) => write!(f, "expected `}}}}` to end the placeholder in `{text}`"),
            Self::NoPlugin(metric) => write!(f, "metric `{metric}` has no `provider.plugin`"),
        }
    }
}

impl std::error::Error for TemplateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Yaml(cause) => Some(cause),
            _ => None,
        }
    }
}

/// The metrics of the template `yaml`; `args` fill in `{{args.name}}`, and `address` replaces that of every metric.
///
/// The controller fills in arguments in each metric's JSON as well (argo-rollouts `utils/analysis`, ResolveMetricArgs).
///
/// # Errors
/// See [`TemplateError`].
pub(crate) fn metrics(
    yaml: &str,
    args: &[(String, String)],
    address: Option<&str>,
) -> Result<Vec<Metric>, TemplateError> {
    let template: Value = to_json(yaml).map_err(TemplateError::Yaml)?;
    let metrics = template["spec"]["metrics"]
        .as_array()
        .ok_or(TemplateError::NoMetrics)?;
    metrics
        .iter()
        .map(|metric| read(&resolve(metric, args)?, address))
        .collect()
}

/// The value with every placeholder in its strings filled in.
fn resolve(value: &Value, args: &[(String, String)]) -> Result<Value, TemplateError> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, args)?),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| resolve(item, args))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, field)| Ok((key.clone(), resolve(field, args)?)))
                .collect::<Result<_, _>>()?,
        ),
        other => other.clone(),
    })
}

/// The text with each `{{args.name}}` replaced by its value, in one pass: a value is never looked into.
fn fill(text: &str, args: &[(String, String)]) -> Result<String, TemplateError> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (placeholder, tail) = after
            .split_once("}}")
            .ok_or_else(|| TemplateError::Unclosed(rest.to_owned()))?;
        let (_, value) = args
            .iter()
            .find(|(name, _)| placeholder.trim().strip_prefix("args.") == Some(name))
            .ok_or_else(|| TemplateError::Unresolved(format!("{{{{{placeholder}}}}}")))?;
        filled.push_str(before);
        filled.push_str(value);
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn read(metric: &Value, address: Option<&str>) -> Result<Metric, TemplateError> {
    let text = |key: &str| metric[key].as_str().unwrap_or_default().to_owned();
    let plugins = metric["provider"]["plugin"]
        .as_object()
        .ok_or_else(|| TemplateError::NoPlugin(text("name")))?;
    Ok(Metric {
        name: text("name"),
        interval: text("interval"),
        initial_delay: text("initialDelay"),
        count: metric["count"].as_i64(),
        success_condition: text("successCondition"),
        failure_condition: text("failureCondition"),
        failure_limit: metric["failureLimit"].as_i64(),
        inconclusive_limit: metric["inconclusiveLimit"].as_i64(),
        consecutive_error_limit: metric["consecutiveErrorLimit"].as_i64(),
        consecutive_success_limit: metric["consecutiveSuccessLimit"].as_i64(),
        plugins: plugins
            .iter()
            .map(|(name, settings)| {
                let mut settings = settings.clone();
                if let Some(address) = address {
                    settings["address"] = address.into();
                }
                (name.clone(), settings.to_string().into_bytes())
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let args = [
            ("a".to_owned(), "{{args.b}}".to_owned()),
            ("b-c".to_owned(), "2".to_owned()),
        ];
        fill(text, &args).map_err(|error| error.to_string())
    }

    #[test]
    fn placeholders_are_filled_in_once() {
        for (text, expected) in [
            (
                "no placeholder, {one} brace",
                Ok("no placeholder, {one} brace"),
            ),
            ("x{{args.a}}y{{ args.b-c }}", Ok("x{{args.b}}y2")),
            (
                "{{args.b}}",
                Err("no value for `{{args.b}}`; give --arg NAME=VALUE"),
            ),
            (
                "x{{args.a",
                Err("expected `}}` to end the placeholder in `x{{args.a`"),
            ),
        ] {
            assert_eq!(
                filled(text),
                expected.map(str::to_owned).map_err(str::to_owned),
                "{text}"
            );
        }
    }
}
