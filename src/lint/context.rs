//! A template in its surroundings: who refers to it, and what its arguments are worth.

use std::cell::OnceCell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::analysis::input::Input;
use crate::analysis::rollout::{AnalysisUse, Rollout};
use crate::analysis::template::{Argument, Kind, Template, ValueFrom};
use crate::lint::findings::Subject;
use crate::lint::index::Index;
use crate::lint::settings::Settings;
use crate::text::filled::{Filled, Placeholder};
use crate::text::regexp::{Pattern, compile};

/// All that was read, and what whoever runs lint says.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// All that was read.
    pub input: &'a Input,
    /// What whoever runs lint says.
    pub settings: &'a Settings,
    /// All that was read, by name.
    pub index: &'a Index<'a>,
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
    /// Where each argument stands in `arguments`.
    numbers: HashMap<&'a str, usize>,
    /// Whether a template that it refers to is not in the input, so that further arguments may be declared there.
    pub has_unknown_parts: bool,
    dry_run: OnceCell<Vec<Pattern>>,
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
        let uses = uses_of(context, template);
        let (parts, has_unknown_parts) = parts_of(context, template);
        let mut arguments: Vec<KnownArgument<'a>> = Vec::new();
        let mut numbers = HashMap::new();
        for part in parts {
            for declared in &part.arguments {
                let name = declared.name.text.as_str();
                if let Entry::Vacant(free) = numbers.entry(name) {
                    free.insert(arguments.len());
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
            numbers,
            has_unknown_parts,
            dry_run: OnceCell::new(),
        }
    }

    /// The argument of this name.
    pub fn argument(&self, name: &str) -> Option<&KnownArgument<'a>> {
        self.arguments.get(*self.numbers.get(name)?)
    }

    /// The patterns of `dryRun`, arguments filled in; what is none is left out.
    pub fn dry_run(&self) -> &[Pattern] {
        self.dry_run.get_or_init(|| {
            let patterns = self.template.dry_run.iter();
            patterns
                .filter_map(|pattern| compile(self.fill(&pattern.text).text.as_bytes()).ok())
                .collect()
        })
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

/// Whether both may meet: one of them names no namespace, or both the same.
fn may_meet(a: &Option<crate::analysis::template::Field>, b: &Template) -> bool {
    match (a, &b.namespace) {
        (Some(a), Some(b)) => a.text == b.text,
        _ => true,
    }
}

/// Templates that refer to one another on and on are followed so far; Argo's users have a handful.
const TOGETHER: usize = 32;

/// The template and all that run with it: those that it refers to and those that refer to it. Whether one was not found.
fn parts_of<'a>(context: Context<'a>, template: &'a Template) -> (Vec<&'a Template>, bool) {
    let mut parts = Each::new(template);
    let mut is_missing = false;
    let mut next = 0;
    while let Some(part) = parts.all.get(next).copied() {
        next += 1;
        if parts.all.len() > TOGETHER {
            return (parts.all, true);
        }
        for reference in &part.templates {
            let mut named = context
                .index
                .templates_named(&reference.name.text, reference.is_cluster)
                .filter(|other| may_meet(&part.namespace, other))
                .peekable();
            is_missing |= named.peek().is_none();
            named.for_each(|other| parts.add(other));
        }
    }
    let referring = context.index.referring(template);
    referring
        .filter(|other| may_meet(&other.namespace, template))
        .for_each(|other| parts.add(other));
    (parts.all, is_missing)
}

/// Templates, each once.
struct Each<'a> {
    all: Vec<&'a Template>,
    known: HashSet<*const Template>,
}

impl<'a> Each<'a> {
    fn new(first: &'a Template) -> Self {
        Each {
            all: vec![first],
            known: HashSet::from([std::ptr::from_ref(first)]),
        }
    }

    fn add(&mut self, template: &'a Template) {
        if self.known.insert(template) {
            self.all.push(template);
        }
    }
}

fn uses_of<'a>(context: Context<'a>, template: &'a Template) -> Vec<Use<'a>> {
    if template.kind == Kind::AnalysisRun {
        return Vec::new();
    }
    let mut names = Each::new(template);
    let mut next = 0;
    while let Some(target) = names.all.get(next).copied() {
        next += 1;
        if names.all.len() > TOGETHER {
            break;
        }
        let referring = context.index.referring(target);
        referring
            .filter(|other| may_meet(&other.namespace, target))
            .for_each(|other| names.add(other));
    }
    let rollouts = &context.input.rollouts;
    let mut uses: Vec<(usize, usize)> = Vec::new();
    for target in names.all {
        let here = context.index.uses(target).iter().copied();
        uses.extend(here.filter(|(rollout, _)| may_meet(&rollouts[*rollout].namespace, target)));
    }
    uses.sort_unstable();
    uses.dedup();
    uses.into_iter()
        .map(|(rollout, analysis)| Use {
            rollout: &rollouts[rollout],
            analysis: &rollouts[rollout].uses[analysis],
        })
        .collect()
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
