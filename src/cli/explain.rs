//! Rules' names into their pages.

use super::args::ExplainOptions;
use super::formats::page::{levels, page};
use super::{DONE, Done, render};
use crate::lint::rule::Rule;
use crate::rules::ALL;
use crate::text::nearest::nearest;

/// Prints the pages that are asked for; a list of all rules where none is.
pub(super) fn explain(options: &ExplainOptions) -> Done {
    let asked: Vec<&Rule> = match options.all {
        true => ALL.to_vec(),
        false => options
            .rules
            .iter()
            .map(|name| named(name))
            .collect::<Result<_, _>>()?,
    };
    let text = match asked.is_empty() {
        true => ALL.iter().map(|rule| line(rule)).collect(),
        false => asked
            .iter()
            .copied()
            .map(page)
            .collect::<Vec<_>>()
            .join("\n"),
    };
    render::text(&text)?;
    Ok(DONE)
}

fn named(name: &str) -> Result<&'static Rule, String> {
    let found = ALL.iter().copied().find(|rule| rule.name == name);
    found.ok_or_else(|| {
        let near = nearest(name, ALL.iter().map(|rule| rule.name));
        let near = near.map_or_else(
            || "`promql-guard explain` lists them".to_owned(),
            |near| format!("did you mean `{near}`"),
        );
        format!("there is no rule `{name}`; {near}")
    })
}

fn line(rule: &Rule) -> String {
    format!("{:<32} {:<12} {}\n", rule.name, levels(rule), rule.summary)
}
