//! What all objects have in common: names, lists of objects, arguments, and keys that there are not.

use super::field::Source;
use super::keys;
use super::read::ReadError;
use super::tree::{Mapping, Node};
use crate::analysis::rollout::GivenArgument;
use crate::analysis::template::{Argument, Field, TemplateRef, UnknownField, ValueFrom};

/// The annotation that allows what a rule finds.
const ALLOW: &str = "promql-guard/allow";

/// Reads one object of a document.
pub(super) struct Reader<'a> {
    pub(super) source: Source<'a>,
    pub(super) errors: Vec<ReadError>,
    pub(super) unknown: Vec<UnknownField>,
}

/// An object in a list.
pub(super) struct Listed<'n> {
    /// Which entry it is.
    pub(super) index: usize,
    /// From the resource's root: `spec.metrics[0]`
    pub(super) path: String,
    pub(super) node: &'n Node,
    pub(super) object: &'n Mapping,
}

/// `metadata`, as far as it is asked for.
pub(super) struct Metadata {
    pub(super) name: Field,
    pub(super) namespace: Option<Field>,
    pub(super) allow: Option<Field>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Reader {
            source,
            errors: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// The scalar under `key`; a text of YAML for anything else.
    pub(super) fn field(&self, mapping: &Mapping, key: &str) -> Option<Field> {
        let index = mapping.index(key)?;
        Some(self.source.value(mapping, index))
    }

    /// As `field`, but an empty text is none.
    pub(super) fn filled(&self, mapping: &Mapping, key: &str) -> Option<Field> {
        self.field(mapping, key)
            .filter(|field| !field.text.is_empty())
    }

    /// The object under `key`; what is none is an error.
    pub(super) fn object<'n>(
        &mut self,
        mapping: &'n Mapping,
        path: &str,
        key: &str,
    ) -> Option<(&'n Node, &'n Mapping)> {
        let entry = mapping.get(key)?;
        let object = entry.value.mapping();
        if object.is_none() {
            self.complain(&entry.value, &under(path, key), "an object");
        }
        object.map(|object| (&*entry.value, object))
    }

    /// The objects of the list under `key`; what is none is an error.
    pub(super) fn objects<'n>(
        &mut self,
        mapping: &'n Mapping,
        path: &str,
        key: &str,
    ) -> Vec<Listed<'n>> {
        let Some(entry) = mapping.get(key) else {
            return Vec::new();
        };
        let path = under(path, key);
        let Some(items) = entry.value.sequence() else {
            self.complain(&entry.value, &path, "a list");
            return Vec::new();
        };
        let mut found = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            match item.node.mapping() {
                Some(object) => found.push(Listed {
                    index,
                    path,
                    node: &item.node,
                    object,
                }),
                None => self.complain(&item.node, &path, "an object"),
            }
        }
        found
    }

    fn complain(&mut self, node: &Node, path: &str, expected: &str) {
        self.errors.push(ReadError {
            message: format!("`{path}`: expected {expected}, found {}", node.describe()),
            offset: Some(node.span.start),
        });
    }

    /// Notes the keys of `mapping`, which stands at `path`, that are not `known`.
    pub(super) fn check(&mut self, mapping: &Mapping, path: &str, known: &'static [&'static str]) {
        for (index, entry) in mapping.entries.iter().enumerate() {
            if !known.contains(&&*entry.name) {
                self.unknown.push(UnknownField {
                    key: self.source.key(mapping, index),
                    path: path.to_owned(),
                    known,
                });
            }
        }
    }

    pub(super) fn metadata(&mut self, root: &Mapping) -> Metadata {
        let metadata = self.object(root, "", "metadata").map(|(_, object)| object);
        let name = metadata.and_then(|metadata| {
            self.field(metadata, "name")
                .or_else(|| self.field(metadata, "generateName"))
        });
        let annotations =
            metadata.and_then(|metadata| metadata.get("annotations")?.value.mapping());
        Metadata {
            name: name.unwrap_or_else(|| self.source.bare(self.source.first_line())),
            namespace: metadata.and_then(|metadata| self.filled(metadata, "namespace")),
            allow: annotations.and_then(|annotations| self.filled(annotations, ALLOW)),
        }
    }

    /// The arguments that a template declares.
    pub(super) fn arguments(&mut self, mapping: &Mapping, path: &str) -> Vec<Argument> {
        let mut arguments = Vec::new();
        for Listed {
            path, node, object, ..
        } in self.objects(mapping, path, "args")
        {
            self.check(object, &path, keys::ARGUMENT);
            arguments.push(Argument {
                name: self.name(node, object),
                value: self.field(object, "value"),
                from: self.value_from(object, &path, keys::VALUE_FROM),
            });
        }
        arguments
    }

    /// The arguments that a reference gives along; `from` are the keys of its `valueFrom`.
    pub(super) fn given(
        &mut self,
        mapping: &Mapping,
        path: &str,
        from: &'static [&'static str],
    ) -> Vec<GivenArgument> {
        let mut arguments = Vec::new();
        for Listed {
            path, node, object, ..
        } in self.objects(mapping, path, "args")
        {
            self.check(object, &path, keys::ARGUMENT);
            arguments.push(GivenArgument {
                name: self.name(node, object),
                value: self.field(object, "value"),
                from: self.value_from(object, &path, from),
            });
        }
        arguments
    }

    /// `name`; where there is none, no text at the entry's place.
    pub(super) fn name(&self, node: &Node, object: &Mapping) -> Field {
        let name = self.field(object, "name");
        name.unwrap_or_else(|| self.source.bare(node.span))
    }

    fn value_from(
        &mut self,
        argument: &Mapping,
        path: &str,
        known: &'static [&'static str],
    ) -> Option<ValueFrom> {
        let (_, from) = self.object(argument, path, "valueFrom")?;
        let path = under(path, "valueFrom");
        self.check(from, &path, known);
        if let Some((_, secret)) = self.object(from, &path, "secretKeyRef") {
            self.check(secret, &under(&path, "secretKeyRef"), keys::SECRET_KEY_REF);
            return Some(ValueFrom::Secret);
        }
        if let Some((_, field)) = self.object(from, &path, "fieldRef") {
            self.check(field, &under(&path, "fieldRef"), keys::FIELD_REF);
            return self.field(field, "fieldPath").map(ValueFrom::FieldRef);
        }
        let hash = self.field(from, "podTemplateHashValue");
        Some(match hash.as_ref().map(|hash| hash.text.as_str()) {
            Some("Latest") => ValueFrom::LatestHash,
            Some("Stable") => ValueFrom::StableHash,
            _ => ValueFrom::Other,
        })
    }

    /// `templates`, each by its name.
    pub(super) fn template_refs(&mut self, mapping: &Mapping, path: &str) -> Vec<TemplateRef> {
        let mut refs = Vec::new();
        for Listed { path, object, .. } in self.objects(mapping, path, "templates") {
            self.check(object, &path, keys::TEMPLATE_REF);
            refs.extend(self.template_ref(object));
        }
        refs
    }

    /// `templateName` and `clusterScope`.
    pub(super) fn template_ref(&self, object: &Mapping) -> Option<TemplateRef> {
        Some(TemplateRef {
            name: self.field(object, "templateName")?,
            is_cluster: object
                .get("clusterScope")
                .is_some_and(|entry| entry.value.to_json() == true),
        })
    }

    /// `dryRun`: the names of metrics.
    pub(super) fn dry_run(&mut self, mapping: &Mapping, path: &str) -> Vec<Field> {
        let mut names = Vec::new();
        for Listed { path, object, .. } in self.objects(mapping, path, "dryRun") {
            self.check(object, &path, keys::DRY_RUN);
            names.extend(self.field(object, "metricName"));
        }
        for Listed { path, object, .. } in self.objects(mapping, path, "measurementRetention") {
            self.check(object, &path, keys::MEASUREMENT_RETENTION);
        }
        names
    }
}

/// The path of `key` in what stands at `path`.
pub(super) fn under(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
