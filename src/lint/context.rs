//! A template in its surroundings: who refers to it, and what its arguments are worth.

use crate::analysis::input::Input;
use crate::analysis::rollout::{AnalysisUse, Rollout};
use crate::analysis::template::{Argument, Kind, Template, ValueFrom};
use crate::lint::findings::Subject;
use crate::lint::settings::Settings;
use crate::text::filled::{Filled, Placeholder};

/// All that was read, and what whoever runs lint says.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// All that was read.
    pub input: &'a Input,
    /// What whoever runs lint says.
    pub settings: &'a Settings,
}

/// A reference of a Rollout or Experiment to a template.
#[derive(Debug, Clone, Copy)]
pub struct Use<'a> {
    /// Who refers.
    pub rollout: &'a Rollout,
    /// Where.
    pub analysis: &'a AnalysisUse,
}

/// A template in its surroundings.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// All that was read.
    pub context: Context<'a>,
    /// The template.
    pub template: &'a Template,
    /// Who refers to it, directly or by `templates:` of templates.
    pub uses: Vec<Use<'a>>,
    /// Every argument that may stand in its metrics: its own, those of the templates that it refers to, and those of the
    /// templates that refer to it.
    pub arguments: Vec<KnownArgument<'a>>,
    /// Whether a template that it refers to is not in the input, so that further arguments may be declared there.
    pub has_unknown_parts: bool,
}

/// An argument and what it is worth here.
#[derive(Debug, Clone)]
pub struct KnownArgument<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its own declaration.
    pub declared: &'a Argument,
    /// Whether this very template declares it.
    pub is_own: bool,
    /// Its value, where all who refer to the template agree.
    pub value: Option<String>,
    /// What it is fed from, in the Rollouts and in the template itself.
    pub from: Vec<&'a ValueFrom>,
}

impl<'a> Scene<'a> {
    /// Looks around `template`, which is one of the input's.
    pub fn new(context: Context<'a>, template: &'a Template) -> Self {
        let uses = uses_of(context.input, template);
        let (parts, has_unknown_parts) = parts_of(context.input, template);
        let mut arguments: Vec<KnownArgument<'a>> = Vec::new();
        for part in parts {
            for declared in &part.arguments {
                let name = declared.name.text.as_str();
                if arguments.iter().all(|known| known.name != name) {
                    arguments.push(KnownArgument {
                        name,
                        declared,
                        is_own: std::ptr::eq(part, template),
                        value: value_of(context.settings, &uses, declared),
                        from: sources_of(&uses, declared),
                    });
                }
            }
        }
        Scene {
            context,
            template,
            uses,
            arguments,
            has_unknown_parts,
        }
    }

    /// The argument of this name.
    pub fn argument(&self, name: &str) -> Option<&KnownArgument<'a>> {
        self.arguments.iter().find(|argument| argument.name == name)
    }

    /// Whether a Rollout of the input refers to it.
    pub fn runs_here(&self) -> bool {
        !self.uses.is_empty()
    }

    /// The template as a subject.
    pub fn subject(&self) -> Subject {
        Subject {
            resource: self.template.resource(),
            namespace: self
                .template
                .namespace
                .as_ref()
                .map(|namespace| namespace.text.clone()),
            metric: None,
        }
    }

    /// A text of the template with the values that are known here.
    pub fn fill(&self, text: &str) -> Filled {
        Filled::new(text, |placeholder| match placeholder {
            Placeholder::Argument(name) => self.argument(name)?.value.clone(),
            _ => None,
        })
    }
}

/// The templates of this name and scope.
pub fn templates_named<'a>(
    input: &'a Input,
    name: &'a str,
    is_cluster: bool,
) -> impl Iterator<Item = &'a Template> {
    input.templates.iter().filter(move |template| {
        template.name.text == name
            && (template.kind == Kind::ClusterAnalysisTemplate) == is_cluster
            && template.kind != Kind::AnalysisRun
    })
}

/// Whether both may meet: one of them names no namespace, or both the same.
fn may_meet(a: &Option<crate::analysis::template::Field>, b: &Template) -> bool {
    match (a, &b.namespace) {
        (Some(a), Some(b)) => a.text == b.text,
        _ => true,
    }
}

/// The template and all that run with it: those that it refers to and those that refer to it. Whether one was not found.
fn parts_of<'a>(input: &'a Input, template: &'a Template) -> (Vec<&'a Template>, bool) {
    let mut parts = vec![template];
    let mut is_missing = false;
    let mut next = 0;
    while next < parts.len() {
        let part = parts[next];
        next += 1;
        for reference in &part.templates {
            let mut named = templates_named(input, &reference.name.text, reference.is_cluster)
                .filter(|other| may_meet(&part.namespace, other))
                .peekable();
            is_missing |= named.peek().is_none();
            for other in named {
                if !parts.iter().any(|known| std::ptr::eq(*known, other)) {
                    parts.push(other);
                }
            }
        }
    }
    for other in input
        .templates
        .iter()
        .filter(|other| refers(other, template))
    {
        if !parts.iter().any(|known| std::ptr::eq(*known, other)) {
            parts.push(other);
        }
    }
    (parts, is_missing)
}

fn refers(from: &Template, to: &Template) -> bool {
    from.templates.iter().any(|reference| {
        reference.name.text == to.name.text
            && reference.is_cluster == (to.kind == Kind::ClusterAnalysisTemplate)
            && may_meet(&from.namespace, to)
    })
}

fn uses_of<'a>(input: &'a Input, template: &'a Template) -> Vec<Use<'a>> {
    if template.kind == Kind::AnalysisRun {
        return Vec::new();
    }
    let mut names: Vec<&Template> = vec![template];
    let mut next = 0;
    while next < names.len() {
        let target = names[next];
        next += 1;
        for other in input.templates.iter().filter(|other| refers(other, target)) {
            if !names.iter().any(|known| std::ptr::eq(*known, other)) {
                names.push(other);
            }
        }
    }
    let mut uses = Vec::new();
    for rollout in &input.rollouts {
        for analysis in &rollout.uses {
            let is_meant = names.iter().any(|target| {
                may_meet(&rollout.namespace, target)
                    && analysis.templates.iter().any(|reference| {
                        reference.name.text == target.name.text
                            && reference.is_cluster
                                == (target.kind == Kind::ClusterAnalysisTemplate)
                    })
            });
            if is_meant {
                uses.push(Use { rollout, analysis });
            }
        }
    }
    uses
}

/// Given on the command line, else what all Rollouts pass, else its own value.
fn value_of(settings: &Settings, uses: &[Use<'_>], declared: &Argument) -> Option<String> {
    let name = declared.name.text.as_str();
    let typed = settings.arguments.iter().rev().find(|(n, _)| n == name);
    if let Some((_, value)) = typed {
        return Some(value.clone());
    }
    let own = declared.value.as_ref().map(|field| field.text.as_str());
    let mut values = uses.iter().map(|each| {
        match each.analysis.arguments.iter().find(|a| a.name.text == name) {
            Some(given) => given.value.as_ref().map(|field| field.text.as_str()),
            None => own,
        }
    });
    let value = match values.next() {
        None => own,
        Some(first) => first.filter(|_| values.all(|other| other == first)),
    }?;
    // An envsubst variable is filled in before Argo sees the value.
    (!value.contains("${")).then(|| value.to_owned())
}

fn sources_of<'a>(uses: &[Use<'a>], declared: &'a Argument) -> Vec<&'a ValueFrom> {
    let given = uses.iter().flat_map(|each| {
        each.analysis
            .arguments
            .iter()
            .filter(|given| given.name.text == declared.name.text)
            .filter_map(|given| given.from.as_ref())
    });
    given.chain(declared.from.as_ref()).collect()
}
