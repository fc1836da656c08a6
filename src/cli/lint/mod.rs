//! Manifests into findings: what `promql-guard lint` does, from PATHs to the exit code.
//!
//! `files` looks for files and reads them, `regular` ones alone, `material` reads the manifests in them and asks the rules, on all `cores`;
//! `settings` is what the rules are told beside; `fingerprint` and `baseline` know old findings again; `fix`, `changes`,
//! `diff` and `write` put right what can be put right. What is printed is made in `cli::formats`.

mod baseline;
mod changes;
mod cores;
mod diff;
mod files;
mod fingerprint;
mod fix;
pub(super) mod material;
mod regular;
pub(super) mod settings;
mod write;

use self::baseline::Known;
use self::fix::{Fixed, fixed};
use self::material::{Files, Judged};
use super::args::{FailOn, LintFormat, LintOptions};
use super::formats::human::Detail;
use super::formats::{Counts, Outcome, Told, github, human, json, junit, sarif};
use super::source::{InputError, Source};
use super::{DONE, Done, IMPOSSIBLE, NOT_SUCCESSFUL, render};
use crate::lint::level::Level;
use crate::lint::settings::Settings;
use crate::rules::ALL;

/// Lints, prints, and answers whether there is anything at the level that fails.
pub(super) fn lint(options: &LintOptions) -> Done {
    if options.fix
        && options
            .input
            .paths
            .iter()
            .any(|path| path.as_os_str() == "-")
    {
        return Err("`--fix`: standard input cannot be written; use `--diff`".into());
    }
    let settings = settings::settings(&options.input, &options.levels, ALL)?;
    let known = match &options.baseline {
        Some(path) => baseline::read(path)?,
        None => Known::default(),
    };
    let files = material::files(&options.input.paths)?;
    let judged = material::judge(&files.sources, &settings, ALL)?;
    notes(&files, &judged);
    if options.diff {
        return differences(options, &files, judged, &known, &settings);
    }
    if !options.fix {
        return told(options, &files.sources, &files, &judged, &known, Vec::new());
    }
    let fixed = fixed(&files.sources, judged, &known, &settings, ALL)?;
    let unwritten = write_all(&files.sources, &fixed);
    told(
        options,
        &fixed.sources,
        &files,
        &fixed.judged,
        &known,
        unwritten,
    )
}

fn notes(files: &Files, judged: &Judged) {
    for note in files.notes(judged) {
        render::problem(&format!("note: {note}"));
    }
}

/// Writes the files that fixes changed, and says so.
fn write_all(before: &[Source], fixed: &Fixed) -> Vec<InputError> {
    for refused in &fixed.refused {
        render::problem(&format!("note: {refused}"));
    }
    let mut unwritten = Vec::new();
    for (file, rules) in &fixed.written {
        let (before, after) = (&before[*file], &fixed.sources[*file]);
        match written(before, after) {
            Ok(()) => {
                let rules = listed(rules);
                render::problem(&format!("note: put right in {}: {rules}", before.name));
            }
            Err(message) => unwritten.push(InputError {
                file: before.name.clone(),
                at: None,
                message,
            }),
        }
    }
    unwritten
}

/// `lazy-numerator, literal-regex (2)`
fn listed(rules: &[&'static str]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for rule in rules {
        match counts.iter_mut().find(|(known, _)| known == rule) {
            Some((_, count)) => *count += 1,
            None => counts.push((rule, 1)),
        }
    }
    let words = counts.into_iter().map(|(rule, count)| match count {
        1 => rule.to_owned(),
        _ => format!("{rule} ({count})"),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn written(before: &Source, after: &Source) -> Result<(), String> {
    let Some(path) = &before.path else {
        return Err("write: standard input cannot be written".to_owned());
    };
    write::exchange(path, &before.text, &after.text).map_err(|error| format!("write: {error}"))
}

/// Prints what fixes would change.
fn differences(
    options: &LintOptions,
    files: &Files,
    judged: Judged,
    known: &Known,
    settings: &Settings,
) -> Done {
    let errors = files.all_errors(&judged);
    let findings = judged.report.findings.clone();
    let (told, counts) = sorted(&findings, &files.sources, known);
    let fixed = fixed(&files.sources, judged, known, settings, ALL)?;
    for refused in &fixed.refused {
        render::problem(&format!("note: {refused}"));
    }
    unread(&errors);
    let lowest = match options.verbose {
        true => Level::Info,
        false => Level::Warn,
    };
    let paint = render::paint();
    let is_watched = render::is_watched();
    let text = changes::changes(&files.sources, &told, &fixed, lowest, paint, is_watched);
    render::text(&text)?;
    Ok(code(&counts, options.fail_on, &errors))
}

/// The findings that the baseline lacks with their places, and how many there are of each level.
fn sorted<'a>(
    findings: &'a [crate::lint::finding::Finding],
    sources: &[Source],
    known: &Known,
) -> (Vec<Told<'a>>, Counts) {
    let mut counts = Counts::default();
    let mut told = Vec::new();
    for (finding, fingerprint) in findings.iter().zip(fingerprint::fingerprints(findings)) {
        if known.contains(&fingerprint) {
            counts.baseline += 1;
        } else {
            counts.add(finding.level);
            told.push(Told::new(finding, fingerprint, sources));
        }
    }
    (told, counts)
}

/// Prints what was found.
fn told(
    options: &LintOptions,
    sources: &[Source],
    files: &Files,
    judged: &Judged,
    known: &Known,
    unwritten: Vec<InputError>,
) -> Done {
    let report = &judged.report;
    let mut errors = files.all_errors(judged);
    errors.extend(unwritten);
    let mut known = known.clone();
    if let Some(path) = &options.write_baseline {
        if !errors.is_empty() {
            unread(&errors);
            return Err(format!(
                "baseline `{}`: not written, as not everything could be read",
                path.display()
            )
            .into());
        }
        let fingerprints = fingerprint::fingerprints(&report.findings);
        baseline::write(path, &report.findings, &fingerprints)?;
        known = Known::new(&fingerprints);
    }
    let (findings, counts) = sorted(&report.findings, sources, &known);
    let counts = Counts {
        files: files.sources.len(),
        resources: judged.resources,
        gates: report.gates.len(),
        suppressed: report.suppressed,
        ..counts
    };
    let outcome = Outcome {
        sources,
        counts,
        findings,
        skipped: &report.skipped,
        gates: &report.gates,
        errors: &errors,
        rules: ALL,
    };
    unread(&errors);
    render::text(&text(options, &outcome))?;
    Ok(code(&counts, options.fail_on, &errors))
}

fn text(options: &LintOptions, outcome: &Outcome<'_>) -> String {
    let detail = match options.verbose {
        true => Detail::Full,
        false => Detail::Brief,
    };
    match options.format {
        LintFormat::Human => human::human(outcome, detail, render::paint()),
        LintFormat::Json => json::json(outcome),
        LintFormat::Sarif => sarif::sarif(outcome),
        LintFormat::Github => github::github(outcome, detail),
        LintFormat::Junit => junit::junit(outcome, options.fail_on.level()),
    }
}

/// Says what could not be read.
pub(super) fn unread(errors: &[InputError]) {
    for error in errors {
        render::problem(&error.to_string());
    }
}

fn code(counts: &Counts, fail_on: FailOn, errors: &[InputError]) -> u8 {
    let failed = match fail_on.level() {
        Level::Deny => counts.deny,
        Level::Warn => counts.deny + counts.warn,
        Level::Info => counts.deny + counts.warn + counts.info,
    };
    match (errors.is_empty(), failed) {
        (false, _) => IMPOSSIBLE,
        (true, 0) => DONE,
        (true, _) => NOT_SUCCESSFUL,
    }
}
