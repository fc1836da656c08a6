//! Files into what is linted: their texts, the resources in them, and what could not be read.

use std::path::PathBuf;

use super::cores::on_all_cores;
use super::files::{self, Found};
use crate::analysis::input::Input;
use crate::cli::formats::human::counted;
use crate::cli::formats::secrets::without_userinfo;
use crate::cli::source::{InputError, Source};
use crate::lint::context::Context;
use crate::lint::index::Index;
use crate::lint::report::Report;
use crate::lint::rule::Rule;
use crate::lint::run::{lint_surroundings, lint_template};
use crate::lint::settings::Settings;
use crate::manifest::read::{ReadError, Reading, SkippedWhy, read};

/// Files that were read.
#[derive(Debug, Default)]
pub(in crate::cli) struct Files {
    /// By their number; without text where one could not be read.
    pub(in crate::cli) sources: Vec<Source>,
    /// What could not be read.
    errors: Vec<InputError>,
    /// `templates` folders of charts.
    charts: Vec<String>,
    /// Links to folders outside of those that were asked for.
    links: Vec<String>,
}

/// What files hold, and what lint says of it.
#[derive(Debug, Default)]
pub(in crate::cli) struct Judged {
    /// Resources.
    pub(in crate::cli) resources: usize,
    /// What is no YAML, in the order of files.
    pub(in crate::cli) errors: Vec<InputError>,
    /// Documents that Helm renders before they are manifests.
    charts: usize,
    /// Parts of objects, which kustomize puts into others.
    patches: usize,
    /// What lint says.
    pub(in crate::cli) report: Report,
}

/// Reads what PATHs lead to.
pub(in crate::cli) fn files(paths: &[PathBuf]) -> std::io::Result<Files> {
    let Found {
        candidates,
        mut errors,
        charts,
        links,
        ..
    } = files::find(paths);
    let loaded = on_all_cores(candidates.len(), "reading files", |number| {
        files::load(&candidates[number])
    })?;
    let mut sources = Vec::new();
    for source in loaded {
        match source {
            Ok(Some(source)) => sources.push(source),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    if sources.is_empty() && errors.is_empty() {
        errors.push(nothing(paths, &charts));
    }
    Ok(Files {
        sources,
        errors,
        charts,
        links,
    })
}

/// That there is nothing to look at: a wrong path is no clean one.
fn nothing(paths: &[PathBuf], charts: &[String]) -> InputError {
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let message = match charts.is_empty() {
        true => "found no YAML or JSON file that names `argoproj.io`".to_owned(),
        false => format!(
            "found no YAML or JSON file that names `argoproj.io`, but {} of a chart; render it: `helm template … | promql-guard lint -`",
            counted(charts.len(), "`templates` folder")
        ),
    };
    InputError {
        file: match names.is_empty() {
            true => ".".to_owned(),
            false => names.join(", "),
        },
        at: None,
        message,
    }
}

/// Reads the resources of `sources` and asks `rules` about them.
pub(in crate::cli) fn judge(
    sources: &[Source],
    settings: &Settings,
    rules: &[&'static Rule],
) -> std::io::Result<Judged> {
    let readings = on_all_cores(sources.len(), "reading manifests", |number| {
        read(number, &sources[number].text)
    })?;
    let mut judged = Judged::default();
    let mut input = Input::default();
    for (source, reading) in sources.iter().zip(readings) {
        judged.take(source, reading, &mut input);
    }
    let index = Index::new(&input);
    let context = Context {
        input: &input,
        settings,
        index: &index,
    };
    let reports = on_all_cores(input.templates.len(), "linting templates", |number| {
        lint_template(context, &input.templates[number], rules)
    })?;
    for report in reports {
        judged.report.extend(report);
    }
    judged.report.extend(lint_surroundings(context, rules));
    for finding in &mut judged.report.findings {
        without_userinfo(&mut finding.message);
        finding.help.iter_mut().for_each(without_userinfo);
    }
    // Findings come by template; people and programs read them by file.
    judged
        .report
        .findings
        .sort_by_key(|finding| (finding.spot.place.file, finding.spot.file_span()));
    Ok(judged)
}

impl Judged {
    fn take(&mut self, source: &Source, reading: Reading, input: &mut Input) {
        self.resources += reading.resources;
        for skipped in &reading.skipped {
            match skipped.why {
                SkippedWhy::HelmTemplate => self.charts += 1,
                SkippedWhy::KustomizePatch => self.patches += 1,
            }
        }
        let error = |error: ReadError| InputError {
            file: source.name.clone(),
            at: error.offset.map(|offset| source.line_column(offset)),
            message: error.message,
        };
        self.errors.extend(reading.errors.into_iter().map(error));
        input.extend(reading.input);
    }
}

impl Files {
    /// What could not be read, by file.
    pub(in crate::cli) fn all_errors(&self, judged: &Judged) -> Vec<InputError> {
        let mut errors = [&self.errors[..], &judged.errors].concat();
        errors.sort_by(|a, b| (&a.file, a.at).cmp(&(&b.file, b.at)));
        errors
    }

    /// What was left out, in words.
    pub(in crate::cli) fn notes(&self, judged: &Judged) -> Vec<String> {
        let helm = "render it first: `helm template … | promql-guard lint -`";
        let mut notes = Vec::new();
        if !self.charts.is_empty() {
            let folders = counted(self.charts.len(), "`templates` folder");
            let names = self.charts.join(", ");
            notes.push(format!("left out {folders} of charts ({names}); {helm}"));
        }
        if judged.charts > 0 {
            let documents = counted(judged.charts, "document");
            notes.push(format!("left out {documents} of a chart; {helm}"));
        }
        if !self.links.is_empty() {
            let links = counted(self.links.len(), "link");
            let names = self.links.join(", ");
            notes.push(format!(
                "left out {links} to folders elsewhere ({names}); name them to lint them too"
            ));
        }
        match judged.patches {
            0 => {}
            1 => notes.push("left out 1 kustomize patch, which is no whole object".to_owned()),
            patches => notes.push(format!(
                "left out {patches} kustomize patches, which are no whole objects"
            )),
        }
        notes
    }
}
