//! All that was read, by name: what is asked about every template is found without a look at all the others.

use std::collections::{HashMap, HashSet};

use crate::analysis::input::Input;
use crate::analysis::template::{Kind, MetricSpec, Provider, Template, TemplateRef};
use crate::lint::texts::texts;
use crate::text::filled::{Filled, Placeholder};

/// What belongs to templates by their name: to those of a namespace, and to those of the cluster.
type ByName<'a, T> = HashMap<&'a str, [Vec<T>; 2]>;

/// A template's name, and whether it is of the cluster.
type Name<'a> = (&'a str, bool);

/// The input by name. Numbers are places in the input's lists.
#[derive(Debug)]
pub struct Index<'a> {
    input: &'a Input,
    named: ByName<'a, usize>,
    referring: ByName<'a, usize>,
    uses: ByName<'a, (usize, usize)>,
    takers: HashSet<String>,
    unread: Vec<&'a Template>,
}

fn name_of(reference: &TemplateRef) -> Name<'_> {
    (reference.name.text.as_str(), reference.is_cluster)
}

impl<'a> Index<'a> {
    /// Looks at all of the input once.
    pub fn new(input: &'a Input) -> Self {
        let mut index = Index {
            input,
            named: ByName::new(),
            referring: ByName::new(),
            uses: ByName::new(),
            takers: HashSet::new(),
            unread: Vec::new(),
        };
        for (number, template) in input.templates.iter().enumerate() {
            if template.kind != Kind::AnalysisRun {
                put(&mut index.named, own_name(template), number);
            }
            let names: HashSet<Name<'_>> = template.templates.iter().map(name_of).collect();
            for name in names {
                put(&mut index.referring, name, number);
            }
            index.take(template);
        }
        for (number, rollout) in input.rollouts.iter().enumerate() {
            for (at, analysis) in rollout.uses.iter().enumerate() {
                let names: HashSet<Name<'_>> = analysis.templates.iter().map(name_of).collect();
                for name in names {
                    put(&mut index.uses, name, (number, at));
                }
            }
        }
        index
    }

    fn take(&mut self, template: &'a Template) {
        let Some(taken) = taken(template) else {
            self.unread.push(template);
            return;
        };
        let declared = template.arguments.iter().map(|a| a.name.text.as_str());
        let declared: HashSet<&str> = declared.collect();
        let foreign = taken
            .into_iter()
            .filter(|name| !declared.contains(name.as_str()));
        self.takers.extend(foreign);
    }

    /// The templates of this name and scope.
    pub fn templates_named<'s>(
        &'s self,
        name: &str,
        is_cluster: bool,
    ) -> impl Iterator<Item = &'a Template> + use<'a, 's> {
        self.templates(found(&self.named, (name, is_cluster)))
    }

    /// The templates with a reference to a template of this one's name and scope.
    pub(super) fn referring<'s>(
        &'s self,
        template: &Template,
    ) -> impl Iterator<Item = &'a Template> + use<'a, 's> {
        self.templates(found(&self.referring, own_name(template)))
    }

    fn templates<'s>(
        &self,
        numbers: &'s [usize],
    ) -> impl Iterator<Item = &'a Template> + use<'a, 's> {
        let input = self.input;
        numbers.iter().map(move |number| &input.templates[*number])
    }

    /// The Rollouts, and which of their analyses refer to a template of this one's name and scope.
    pub(super) fn uses<'s>(&'s self, template: &Template) -> &'s [(usize, usize)] {
        found(&self.uses, own_name(template))
    }

    /// Whether a template that does not declare the argument takes it, or may take it.
    pub fn is_taken_elsewhere(&self, argument: &str) -> bool {
        let declares = |other: &Template| other.arguments.iter().any(|a| a.name.text == argument);
        self.takers.contains(argument) || self.unread.iter().any(|other| !declares(other))
    }
}

fn put<'a, T>(all: &mut ByName<'a, T>, (name, is_cluster): Name<'a>, one: T) {
    all.entry(name).or_default()[usize::from(is_cluster)].push(one);
}

fn found<'s, T>(all: &'s ByName<'_, T>, (name, is_cluster): Name<'_>) -> &'s [T] {
    let found = all.get(name).map(|both| &both[usize::from(is_cluster)]);
    found.map_or(&[], Vec::as_slice)
}

fn own_name(template: &Template) -> Name<'_> {
    let is_cluster = template.kind == Kind::ClusterAnalysisTemplate;
    (template.name.text.as_str(), is_cluster)
}

/// The arguments that stand in a template's metrics; none where not all of a metric is read.
pub fn taken(template: &Template) -> Option<HashSet<String>> {
    let mut all = HashSet::new();
    for metric in &template.metrics {
        of_metric(metric, &mut all)?;
    }
    Some(all)
}

fn of_metric(metric: &MetricSpec, all: &mut HashSet<String>) -> Option<()> {
    let spec = match &metric.provider {
        Provider::Prometheus(spec) | Provider::Plugin { spec, .. } => spec,
        Provider::Other(_) | Provider::Missing => return None,
    };
    for (_, field) in texts(metric, Some(spec)) {
        if !field.text.contains("{{") {
            continue;
        }
        let pieces = Filled::new(&field.text, |_| None).pieces;
        all.extend(
            pieces
                .into_iter()
                .filter_map(|piece| match piece.placeholder {
                    Placeholder::Argument(name) => Some(name),
                    _ => None,
                }),
        );
    }
    Some(())
}
