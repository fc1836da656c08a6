//! Manifests into the truth table of each gate: what Argo would record for each answer of its query.

use super::args::{Format, VerdictsOptions};
use super::formats::{human, json};
use super::lint::{material, settings, unread};
use super::{DONE, Done, IMPOSSIBLE, render};
use crate::rules::ALL;

/// Prints the tables.
pub(super) fn verdicts(options: &VerdictsOptions) -> Done {
    let settings = settings::settings(&options.input, &[], ALL)?;
    let files = material::files(&options.input.paths)?;
    let judged = material::judge(&files.sources, &settings, &[])?;
    let gates = &judged.report.gates;
    let errors = files.all_errors(&judged);
    for note in files.notes(&judged) {
        render::problem(&format!("note: {note}"));
    }
    unread(&errors);
    match options.format {
        Format::Json => render::text(&json::tables(gates, &files.sources, &errors))?,
        Format::Human => render::text(&gates.iter().map(human::table).collect::<String>())?,
    };
    Ok(match errors.is_empty() {
        true => DONE,
        false => IMPOSSIBLE,
    })
}
