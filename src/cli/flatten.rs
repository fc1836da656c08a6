//! A file's objects into the one template that is measured: the chosen one, with the templates that it refers to.
//!
//! As the controller puts them together (`utils/analysis/helpers.go`, FlattenTemplates): metrics, arguments and dry runs of
//! all, those of the cluster's templates last.

use std::collections::BTreeSet;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

/// The kinds that hold metrics.
pub(super) const KINDS: [&str; 3] = ["AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun"];

/// Why a file's objects make no template.
#[derive(Debug, thiserror::Error)]
pub(super) enum FlattenError {
    /// None of the kinds.
    #[error("expected an object of kind {}, found none", KINDS.join(", "))]
    None,
    /// Several, and none was chosen; or several of the chosen name.
    #[error("expected one template, found {}; choose one with `--template`", quoted(.0))]
    Several(Vec<String>),
    /// None of this name.
    #[error("no template `{name}`; it holds {}", quoted(.known))]
    Unknown { name: String, known: Vec<String> },
    /// A field of another form than Argo's.
    #[error("{resource}: {problem}")]
    Form { resource: String, problem: String },
    /// A reference to what the file lacks.
    #[error("{resource}: refers to template `{name}`, which is not in the file; it holds {}", quoted(.known))]
    Missing {
        resource: String,
        name: String,
        known: Vec<String>,
    },
    /// An argument with two values.
    #[error("{resource}: argument `{name}` has two values, `{first}` and `{second}`")]
    Argument {
        resource: String,
        name: String,
        first: String,
        second: String,
    },
    /// A dry run of nothing.
    #[error("{resource}: `dryRun[{index}]` matches no metric")]
    DryRun { resource: String, index: usize },
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// An object of one of the kinds.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Object {
    kind: String,
    #[serde(default)]
    metadata: Metadata,
    spec: Spec,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    args: Vec<Arg>,
    metrics: Vec<Value>,
    dry_run: Vec<DryRun>,
    templates: Vec<Reference>,
}

/// An argument that a template declares.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Arg {
    pub(super) name: String,
    pub(super) value: Option<String>,
    pub(super) value_from: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DryRun {
    metric_name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    template_name: String,
    #[serde(default)]
    cluster_scope: bool,
}

/// A template and those that it refers to, as one.
#[derive(Debug)]
pub(super) struct Flat {
    /// `AnalysisTemplate/echo-analysis`
    pub(super) resource: String,
    /// `metadata.namespace`
    pub(super) namespace: Option<String>,
    pub(super) args: Vec<Arg>,
    /// As they are written, arguments not filled in.
    pub(super) metrics: Vec<Value>,
    /// The names of the metrics that decide nothing.
    pub(super) dry: BTreeSet<String>,
}

/// Chooses among `objects`: the only one of a kind that holds metrics, or the one called `chosen`.
pub(super) fn flatten(objects: &[Value], chosen: Option<&str>) -> Result<Flat, FlattenError> {
    let candidates: Vec<&Value> = objects
        .iter()
        .filter(|object| has_metrics(object))
        .collect();
    let known = |of: &[&Value]| of.iter().map(|object| resource(object)).collect();
    let named: Vec<&Value> = candidates
        .iter()
        .filter(|object| chosen.is_none_or(|name| is_called(object, name)))
        .copied()
        .collect();
    let first = match (&named[..], chosen) {
        ([one], _) => read(one)?,
        _ if candidates.is_empty() => return Err(FlattenError::None),
        ([], Some(name)) => {
            return Err(FlattenError::Unknown {
                name: name.to_owned(),
                known: known(&candidates),
            });
        }
        (several, _) => return Err(FlattenError::Several(known(several))),
    };
    let resource = first.resource();
    let namespace = first.metadata.namespace.clone();
    let mut all = with_references(first, &candidates)?;
    all.sort_by_key(|object| object.kind == "ClusterAnalysisTemplate");
    let metrics: Vec<Value> = all
        .iter()
        .flat_map(|object| object.spec.metrics.clone())
        .collect();
    Ok(Flat {
        args: args(&all, &resource)?,
        dry: dry(&all, &metrics, &resource)?,
        resource,
        namespace,
        metrics,
    })
}

fn has_metrics(object: &Value) -> bool {
    let kind = object["kind"].as_str();
    kind.is_some_and(|kind| KINDS.contains(&kind))
}

/// By its name, or by its kind and name.
fn is_called(object: &Value, name: &str) -> bool {
    object["metadata"]["name"].as_str() == Some(name) || resource(object) == name
}

fn resource(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or_default();
    match object["metadata"]["name"].as_str() {
        Some(name) => format!("{kind}/{name}"),
        None => kind.to_owned(),
    }
}

impl Object {
    fn resource(&self) -> String {
        match &self.metadata.name {
            Some(name) => format!("{}/{name}", self.kind),
            None => self.kind.clone(),
        }
    }
}

fn read(object: &Value) -> Result<Object, FlattenError> {
    Object::deserialize(object).map_err(|error| FlattenError::Form {
        resource: resource(object),
        problem: crate::text::chain::one_line(&error.to_string()),
    })
}

/// The object and, each once, those that it refers to, those that these refer to, and so on.
fn with_references(first: Object, candidates: &[&Value]) -> Result<Vec<Object>, FlattenError> {
    let mut seen = BTreeSet::from([first.resource()]);
    let mut all = vec![first];
    let mut next = 0;
    while next < all.len() {
        let (from, references) = (all[next].resource(), all[next].spec.templates.clone());
        next += 1;
        for reference in references {
            let kind = match reference.cluster_scope {
                true => "ClusterAnalysisTemplate",
                false => "AnalysisTemplate",
            };
            let name = format!("{kind}/{}", reference.template_name);
            if !seen.insert(name.clone()) {
                continue;
            }
            let found = candidates.iter().find(|object| resource(object) == name);
            let found = found.ok_or_else(|| FlattenError::Missing {
                resource: from.clone(),
                name: reference.template_name.clone(),
                known: candidates.iter().map(|object| resource(object)).collect(),
            })?;
            all.push(read(found)?);
        }
    }
    Ok(all)
}

fn args(all: &[Object], resource: &str) -> Result<Vec<Arg>, FlattenError> {
    let mut together: Vec<Arg> = Vec::new();
    for arg in all.iter().flat_map(|object| &object.spec.args) {
        let Some(known) = together.iter_mut().find(|known| known.name == arg.name) else {
            together.push(arg.clone());
            continue;
        };
        match (&known.value, &arg.value) {
            (Some(first), Some(second)) if first != second => {
                return Err(FlattenError::Argument {
                    resource: resource.to_owned(),
                    name: arg.name.clone(),
                    first: first.clone(),
                    second: second.clone(),
                });
            }
            (None, _) => *known = arg.clone(),
            _ => {}
        }
    }
    Ok(together)
}

/// Each dry run is a regular expression, without anchors (GetDryRunMetrics); one that cannot be read matches nothing.
fn dry(
    all: &[Object],
    metrics: &[Value],
    resource: &str,
) -> Result<BTreeSet<String>, FlattenError> {
    let mut dry = BTreeSet::new();
    let names: Vec<&str> = metrics
        .iter()
        .filter_map(|metric| metric["name"].as_str())
        .collect();
    let runs = all.iter().flat_map(|object| &object.spec.dry_run);
    for (index, run) in runs.enumerate() {
        let pattern = Regex::new(&run.metric_name);
        let is_dry = |name: &&&str| pattern.as_ref().is_ok_and(|pattern| pattern.is_match(name));
        let matched: Vec<_> = names.iter().filter(is_dry).collect();
        if matched.is_empty() {
            let resource = resource.to_owned();
            return Err(FlattenError::DryRun { resource, index });
        }
        dry.extend(matched.into_iter().map(|name| (*name).to_owned()));
    }
    Ok(dry)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(name: &str, spec: Value) -> Value {
        json!({"kind": "AnalysisTemplate", "metadata": {"name": name}, "spec": spec})
    }

    #[test]
    fn templates_that_are_referred_to_are_put_in() {
        let objects = [
            json!({"kind": "ConfigMap"}),
            template(
                "a",
                json!({
                    "args": [{"name": "x"}, {"name": "y", "value": "1"}],
                    "metrics": [{"name": "error"}],
                    "templates": [{"templateName": "all", "clusterScope": true}, {"templateName": "b"}],
                    "dryRun": [{"metricName": "err"}],
                }),
            ),
            template(
                "b",
                json!({
                    "args": [{"name": "x", "value": "2"}],
                    "metrics": [{"name": "latency"}],
                    "templates": [{"templateName": "a"}],
                }),
            ),
            json!({"kind": "ClusterAnalysisTemplate", "metadata": {"name": "all"}, "spec": {"metrics": [{"name": "errors"}]}}),
        ];
        let flat = flatten(&objects, Some("a")).expect("a template");
        assert_eq!(flat.resource, "AnalysisTemplate/a");
        let names: Vec<_> = flat
            .metrics
            .iter()
            .map(|metric| metric["name"].as_str())
            .collect();
        assert_eq!(names, [Some("error"), Some("latency"), Some("errors")]);
        let values: Vec<_> = flat.args.iter().map(|arg| arg.value.as_deref()).collect();
        assert_eq!(values, [Some("2"), Some("1")]);
        assert_eq!(
            flat.dry,
            BTreeSet::from(["error".to_owned(), "errors".to_owned()])
        );
    }

    #[test]
    fn what_makes_no_template_is_told() {
        let one = template("a", json!({"metrics": []}));
        let other = template("b", json!({"metrics": []}));
        for (objects, chosen, told) in [
            (
                vec![],
                None,
                "expected an object of kind AnalysisTemplate, ClusterAnalysisTemplate, AnalysisRun, found none",
            ),
            (
                vec![one.clone(), other.clone()],
                None,
                "expected one template, found `AnalysisTemplate/a`, `AnalysisTemplate/b`; choose one with `--template`",
            ),
            (
                vec![one.clone(), other],
                Some("c"),
                "no template `c`; it holds `AnalysisTemplate/a`, `AnalysisTemplate/b`",
            ),
            (
                vec![template("a", json!({"templates": [{"templateName": "b"}]}))],
                None,
                "AnalysisTemplate/a: refers to template `b`, which is not in the file; it holds `AnalysisTemplate/a`",
            ),
            (
                vec![template(
                    "a",
                    json!({"metrics": [{"name": "m"}], "dryRun": [{"metricName": "^n$"}]}),
                )],
                None,
                "AnalysisTemplate/a: `dryRun[0]` matches no metric",
            ),
            (
                vec![template("a", json!({"args": [{"name": "x", "value": 5}]}))],
                None,
                "AnalysisTemplate/a: invalid type: integer `5`, expected a string",
            ),
        ] {
            let error = flatten(&objects, chosen).expect_err("refused");
            assert_eq!(error.to_string(), told);
        }
        assert!(flatten(&[one], Some("AnalysisTemplate/a")).is_ok());
    }
}
