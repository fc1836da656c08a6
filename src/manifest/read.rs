//! The documents of a file into templates, Rollouts and Services.

use super::field::Source;
use super::object::Reader;
use super::skip::{is_chart_template, is_json_patch, is_part};
use super::tree::{Mapping, Node};
use super::yaml::{self, Document, Problem};
use crate::analysis::input::Input;
use crate::analysis::rollout::{RolloutKind, Service};
use crate::analysis::template::Kind;
use crate::text::place::FileId;

/// What a file holds.
#[derive(Debug, Default)]
pub struct Reading {
    /// Its resources.
    pub input: Input,
    /// How many objects of `argoproj.io` and Services were read.
    pub resources: usize,
    /// What could not be read.
    pub errors: Vec<ReadError>,
    /// What is no whole object.
    pub skipped: Vec<Skipped>,
}

/// Why something of a file was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// What was expected and what was found.
    pub message: String,
    /// Where, in bytes of the file.
    pub offset: Option<usize>,
}

/// A document that is no whole object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// What it is in its place.
    pub why: SkippedWhy,
    /// Where it begins, in bytes of the file.
    pub offset: usize,
}

/// What a document is that is no whole object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkippedWhy {
    /// A chart's template, no YAML before Helm renders it.
    HelmTemplate,
    /// Part of an object, which kustomize puts into another.
    KustomizePatch,
}

/// Why a text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It cannot be read.
    #[error("{problem}")]
    Broken {
        /// In words.
        problem: Problem,
        /// Where, in bytes.
        offset: usize,
    },
    /// Several documents.
    #[error("expected one document, found {0}")]
    Documents(usize),
}

/// Reads `text`, the file `file` of the input. Objects of other kinds are passed over.
pub fn read(file: FileId, text: &str) -> Reading {
    let mut reading = Reading::default();
    for document in yaml::documents(text) {
        match document {
            Ok(document) => {
                let source = Source {
                    file,
                    text,
                    document: &document,
                };
                reading.take(source, &document.root, None);
            }
            Err(broken) if is_chart_template(broken.span.of(text)) => {
                reading.skip(SkippedWhy::HelmTemplate, broken.span.start);
            }
            Err(broken) => reading.errors.push(ReadError {
                message: broken.problem.to_string(),
                offset: Some(broken.offset),
            }),
        }
    }
    reading
}

/// Reads `text`, one YAML document, as Kubernetes would turn it into JSON; nothing is null.
pub fn to_json(text: &str) -> Result<serde_json::Value, JsonError> {
    let mut all = objects(text)?;
    match (all.pop(), all.len()) {
        (None, _) => Ok(serde_json::Value::Null),
        (Some(value), 0) => Ok(value),
        (Some(_), more) => Err(JsonError::Documents(more + 1)),
    }
}

/// Reads every document of `text` as Kubernetes would turn it into JSON.
pub fn objects(text: &str) -> Result<Vec<serde_json::Value>, JsonError> {
    let mut values = Vec::new();
    for document in yaml::documents(text) {
        let Document { root, .. } = document.map_err(|broken| JsonError::Broken {
            problem: broken.problem,
            offset: broken.offset,
        })?;
        if let Some(node) = root.no_json() {
            return Err(JsonError::Broken {
                problem: Problem::Number(node.span.of(text).to_owned()),
                offset: node.span.start,
            });
        }
        values.push(root.to_json());
    }
    Ok(values)
}

impl Reading {
    /// Takes one object, or a list of them; `listed` is the kind that a list's own kind gives its objects.
    fn take(&mut self, source: Source<'_>, root: &Node, listed: Option<&str>) {
        if is_json_patch(root) {
            return self.skip(SkippedWhy::KustomizePatch, root.span.start);
        }
        let kind = root.text_at("kind").or(listed);
        let (Some(object), Some(kind)) = (root.mapping(), kind) else {
            return;
        };
        let version = root.text_at("apiVersion");
        // Without one it is read all the same: by hand it is easily left out.
        let is_of = |api: &str| version.is_none_or(|version| version.starts_with(api));
        if let Some(of) = kind.strip_suffix("List")
            && let Some(items) = object.get("items").and_then(|items| items.value.sequence())
        {
            for item in items {
                let source = Source { ..source };
                self.take(source, &item.node, Some(of).filter(|of| !of.is_empty()));
            }
            return;
        }
        // Knative has Services too.
        let api = if kind == "Service" {
            "v1"
        } else {
            "argoproj.io/"
        };
        if !is_of(api) {
            return;
        }
        if is_part(object, kind) {
            return self.skip(SkippedWhy::KustomizePatch, root.span.start);
        }
        self.object(source, object, kind);
    }

    fn object(&mut self, source: Source<'_>, object: &Mapping, kind: &str) {
        let mut reader = Reader::new(source);
        let templates = &mut self.input.templates;
        match kind {
            "AnalysisTemplate" => templates.push(reader.template(object, Kind::AnalysisTemplate)),
            "ClusterAnalysisTemplate" => {
                templates.push(reader.template(object, Kind::ClusterAnalysisTemplate));
            }
            "AnalysisRun" => templates.push(reader.template(object, Kind::AnalysisRun)),
            "Rollout" => {
                let rollout = reader.rollout(object, RolloutKind::Rollout);
                self.input.rollouts.push(rollout);
            }
            "Experiment" => {
                let experiment = reader.rollout(object, RolloutKind::Experiment);
                self.input.rollouts.push(experiment);
            }
            "Service" => {
                let metadata = reader.metadata(object);
                self.input.services.push(Service {
                    name: metadata.name,
                    namespace: metadata.namespace,
                });
            }
            _ => return,
        }
        self.resources += 1;
        self.errors.extend(reader.errors);
    }

    /// A file's chart template is told once, however many documents it seems to have.
    fn skip(&mut self, why: SkippedWhy, offset: usize) {
        let is_told = why == SkippedWhy::HelmTemplate
            && self.skipped.iter().any(|skipped| skipped.why == why);
        if !is_told {
            self.skipped.push(Skipped { why, offset });
        }
    }
}
