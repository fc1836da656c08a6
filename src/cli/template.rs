//! A YAML file into the template that is measured: arguments with their values, metrics as the plugin gets them.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::flatten::{Arg, FlattenError, flatten};
use super::substitute::{SubstituteError, substitute};
use super::yaml;
use crate::analysis::metric::Metric;
use crate::analysis::run::Argument;
use crate::analysis::settings::fields::{Complaint, Fields, joined};
use crate::text::duration::parse_go_duration;

/// The largest file that is read, in bytes.
const FILE: u64 = 16 << 20;

/// Why a file gives no template.
#[derive(Debug, thiserror::Error)]
pub(super) enum TemplateError {
    /// The file cannot be read.
    #[error("read `{}`", .path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    /// No YAML.
    #[error("`{}` is no YAML: {problem}", .path.display())]
    Yaml { path: PathBuf, problem: String },
    /// No template, or not the one that is meant.
    #[error("`{}`", .path.display())]
    Flatten {
        path: PathBuf,
        #[source]
        cause: FlattenError,
    },
    /// A field of another form than Argo's.
    #[error("{resource}: {problem}")]
    Form { resource: String, problem: String },
    /// A value for an argument that the template does not declare.
    #[error("{resource}: no argument `{name}` is declared{}", declared(.known))]
    Undeclared {
        resource: String,
        name: String,
        known: Vec<String>,
    },
    /// An argument without a value, or a placeholder without an argument.
    #[error("{resource}")]
    Substitute {
        resource: String,
        #[source]
        cause: SubstituteError,
    },
    /// A metric of another provider.
    #[error(
        "{resource}: metric `{metric}`: expected `provider.plugin` or `provider.prometheus`, found {found}"
    )]
    Provider {
        resource: String,
        metric: String,
        found: String,
    },
}

fn declared(known: &[String]) -> String {
    if known.is_empty() {
        return String::new();
    }
    format!(
        "; declared are {}",
        known
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    )
}

/// What of a template is measured.
#[derive(Debug)]
pub(super) struct Template {
    /// `AnalysisTemplate/echo-analysis`
    pub(super) resource: String,
    /// `metadata.namespace`
    pub(super) namespace: Option<String>,
    /// With their values.
    pub(super) arguments: Vec<Argument>,
    /// Arguments filled in.
    pub(super) metrics: Vec<Metric>,
    /// The names of the metrics that decide nothing.
    pub(super) dry: BTreeSet<String>,
}

/// Reads one template of the file (`-`: standard input), the one called `chosen` where there are several, and fills `given`
/// over its arguments' own values.
pub(super) fn read(
    path: &Path,
    chosen: Option<&str>,
    given: &[(String, String)],
) -> Result<Template, TemplateError> {
    let text = text_of(path).map_err(|cause| TemplateError::Read {
        path: path.to_owned(),
        cause,
    })?;
    let objects = yaml::objects(&text).map_err(|problem| TemplateError::Yaml {
        path: path.to_owned(),
        problem,
    })?;
    let flat = flatten(&objects, chosen).map_err(|cause| TemplateError::Flatten {
        path: path.to_owned(),
        cause,
    })?;
    let resource = flat.resource;
    let arguments = arguments_of(flat.args, given, &resource)?;
    let values: Vec<_> = arguments
        .iter()
        .map(|argument| (argument.name.clone(), argument.value.clone()))
        .collect();
    let metrics = flat
        .metrics
        .iter()
        .enumerate()
        .map(|(index, metric)| {
            let filled =
                substitute(metric, &values).map_err(|cause| TemplateError::Substitute {
                    resource: resource.clone(),
                    cause,
                })?;
            metric_of(&filled, &resource, index)
        })
        .collect::<Result<_, _>>()?;
    Ok(Template {
        namespace: flat.namespace,
        resource,
        arguments,
        metrics,
        dry: flat.dry,
    })
}

fn text_of(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = match path.to_str() {
        Some("-") => std::io::stdin()
            .lock()
            .take(FILE + 1)
            .read_to_string(&mut text)?,
        _ => std::fs::File::open(path)?
            .take(FILE + 1)
            .read_to_string(&mut text)?,
    };
    if read as u64 > FILE {
        return Err(std::io::Error::new(
            std::io::ErrorKind::FileTooLarge,
            "more than 16 MiB",
        ));
    }
    Ok(text)
}

fn arguments_of(
    declared: Vec<Arg>,
    given: &[(String, String)],
    resource: &str,
) -> Result<Vec<Argument>, TemplateError> {
    for (name, _) in given {
        if !declared.iter().any(|argument| argument.name == *name) {
            let known = declared
                .iter()
                .map(|argument| argument.name.clone())
                .collect();
            return Err(TemplateError::Undeclared {
                resource: resource.to_owned(),
                name: name.clone(),
                known,
            });
        }
    }
    let value_of = |argument: &Arg| {
        let typed = given
            .iter()
            .rev()
            .find(|(name, _)| *name == argument.name)
            .map(|(_, value)| value.clone());
        typed.or_else(|| argument.value.clone())
    };
    Ok(declared
        .into_iter()
        .map(|argument| Argument {
            value: value_of(&argument),
            secret: argument
                .value_from
                .is_some_and(|from| from.get("secretKeyRef").is_some()),
            name: argument.name,
        })
        .collect())
}

/// Every key of Argo's `Metric` (`analysis_types.go`); a misspelt condition would let everything pass.
fn metric_of(value: &Value, resource: &str, index: usize) -> Result<Metric, TemplateError> {
    let path = format!("spec.metrics[{index}]");
    let refused = |complaints: &[Complaint]| TemplateError::Form {
        resource: resource.to_owned(),
        problem: joined(complaints),
    };
    let Value::Object(object) = value else {
        let problem = "expected an object".to_owned();
        return Err(refused(&[Complaint { path, problem }]));
    };
    let mut complaints = Vec::new();
    let mut fields = Fields::new(&path, object, &mut complaints);
    let name = fields.text("name").unwrap_or_default();
    if name.is_empty() {
        fields.complain("name", "missing");
    }
    let mut metric = Metric {
        interval: go_duration(&mut fields, "interval"),
        initial_delay: go_duration(&mut fields, "initialDelay"),
        count: fields.integer("count"),
        success_condition: fields.text("successCondition").unwrap_or_default(),
        failure_condition: fields.text("failureCondition").unwrap_or_default(),
        failure_limit: fields.integer("failureLimit"),
        inconclusive_limit: fields.integer("inconclusiveLimit"),
        consecutive_error_limit: fields.integer("consecutiveErrorLimit"),
        consecutive_success_limit: fields.integer("consecutiveSuccessLimit"),
        plugins: Vec::new(),
        name,
    };
    let provider = fields.raw_object("provider").cloned().unwrap_or_default();
    fields.refuse_the_rest();
    if !complaints.is_empty() {
        return Err(refused(&complaints));
    }
    metric.plugins = plugins_of(&metric.name, &provider, resource)?;
    Ok(metric)
}

/// Go's durations alone, as the controller reads them.
fn go_duration(fields: &mut Fields<'_>, key: &'static str) -> String {
    let text = fields.text(key).unwrap_or_default();
    if !text.is_empty()
        && let Err(error) = parse_go_duration(&text)
    {
        fields.complain(key, error.to_string());
    }
    text
}

/// `provider.prometheus` is read as if it stood under `provider.plugin`: migrating is renaming that key.
fn plugins_of(
    metric: &str,
    provider: &Map<String, Value>,
    resource: &str,
) -> Result<Vec<(String, Vec<u8>)>, TemplateError> {
    let bytes = |settings: &Value| settings.to_string().into_bytes();
    match (provider.get("plugin"), provider.get("prometheus")) {
        (Some(Value::Object(entries)), None) => Ok(entries
            .iter()
            .map(|(name, settings)| (name.clone(), bytes(settings)))
            .collect()),
        (None, Some(settings)) => Ok(vec![("prometheus".to_owned(), bytes(settings))]),
        _ => Err(TemplateError::Provider {
            resource: resource.to_owned(),
            metric: metric.to_owned(),
            found: match provider
                .keys()
                .map(|key| format!("`{key}`"))
                .collect::<Vec<_>>()
            {
                keys if keys.is_empty() => "none".to_owned(),
                keys => keys.join(", "),
            },
        }),
    }
}
