//! A Rollout's reference into the templates that run together, as Argo merges them.

use std::collections::HashSet;

use crate::analysis::rollout::{AnalysisUse, Rollout};
use crate::analysis::template::{Field, Template, TemplateRef};
use crate::lint::context::Context;

/// What a reference comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Referenced<'a> {
    /// All templates, those that they refer to included, each once.
    Found(Vec<&'a Template>),
    /// One of this name is not in the input.
    Missing(&'a str),
    /// There are several of this name, as with overlays.
    Several(&'a str),
}

/// The templates that run together (`getAnalysisTemplatesFromRefs` in Argo's `rollout/analysis.go`).
pub fn referenced<'a>(
    context: Context<'a>,
    rollout: &'a Rollout,
    analysis: &'a AnalysisUse,
) -> Referenced<'a> {
    let mut found: Vec<&Template> = Vec::new();
    let mut known: HashSet<*const Template> = HashSet::new();
    let mut open: Vec<&TemplateRef> = analysis.templates.iter().rev().collect();
    while let Some(reference) = open.pop() {
        let name = reference.name.text.as_str();
        let mut named = candidates(context, rollout.namespace.as_ref(), reference);
        let Some(template) = named.next() else {
            return Referenced::Missing(name);
        };
        if named.next().is_some() {
            return Referenced::Several(name);
        }
        if known.insert(template) {
            found.push(template);
            open.extend(template.templates.iter().rev());
        }
    }
    Referenced::Found(found)
}

/// The templates that a reference from `namespace` may mean: of that namespace, or of none that is written.
pub fn candidates<'a>(
    context: Context<'a>,
    namespace: Option<&'a Field>,
    reference: &'a TemplateRef,
) -> impl Iterator<Item = &'a Template> {
    let may_meet = move |template: &&Template| match (namespace, &template.namespace) {
        (Some(here), Some(there)) => here.text == there.text,
        _ => true,
    };
    let named = context
        .index
        .templates_named(&reference.name.text, reference.is_cluster);
    named.filter(may_meet)
}
