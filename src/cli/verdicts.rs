//! Manifests into the truth table of each gate: what Argo would record for each answer of its query.

use super::args::{Format, VerdictsOptions};
use super::formats::{human, json};
use super::lint::{material, settings, unread};
use super::source::InputError;
use super::{DONE, Done, IMPOSSIBLE, render};

/// Prints the tables.
pub(super) fn verdicts(options: &VerdictsOptions) -> Done {
    let settings = settings::settings(&options.input, &[], &[])?;
    let files = material::files(&options.input.paths)?;
    let judged = material::judge(&files.sources, &settings, &[])?;
    let gates = &judged.report.gates;
    let errors: Vec<InputError> = files.errors.iter().chain(&judged.errors).cloned().collect();
    for note in files.notes(&judged) {
        render::problem(&format!("note: {note}"));
    }
    unread(&errors);
    match options.format {
        Format::Json => render::text(&json::tables(gates, &files.sources, &errors)),
        Format::Human => {
            let tables: Vec<String> = gates.iter().map(human::table).collect();
            render::text(&tables.join("\n"));
        }
    }
    Ok(match errors.is_empty() {
        true => DONE,
        false => IMPOSSIBLE,
    })
}
