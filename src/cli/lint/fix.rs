//! Safe fixes into texts: written over and over until none is left, and only those after which every gate judges as before.
//!
//! A fix is refused where the file no longer reads, where a value that passed does not pass any more, or where a cell without
//! data passes that did not. Rules promise that of every safe fix; here it is looked at.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::baseline::Known;
use super::fingerprint::fingerprints;
use super::material::{Judged, judge};
use crate::cli::source::Source;
use crate::lint::conditions::Verdict;
use crate::lint::finding::{FileEdit, Finding};
use crate::lint::report::GateReport;
use crate::lint::rule::Rule;
use crate::lint::settings::Settings;
use crate::lint::table::Table;
use crate::text::place::FileId;

/// Rounds at most: each writes all that does not overlap, so that few are needed but where fixes are refused one by one.
const ROUNDS: usize = 100;

/// The cells that tell of no data.
const WITHOUT_DATA: [&str; 3] = ["no data", "NaN", "fallback"];

/// What became of the safe fixes.
#[derive(Debug, Default)]
pub(super) struct Fixed {
    /// Every file with its text after them.
    pub(super) sources: Vec<Source>,
    /// What lint says then.
    pub(super) judged: Judged,
    /// The rules whose fixes were written, by file.
    pub(super) written: BTreeMap<FileId, Vec<&'static str>>,
    /// The fixes that were not, in words.
    pub(super) refused: Vec<String>,
}

/// What a fix is known by from round to round.
type Key = (FileId, &'static str, String, Option<String>, String);

/// Writes the safe fixes of `judged`'s findings, those of `baseline` aside, into the texts.
pub(super) fn fixed(
    sources: &[Source],
    judged: Judged,
    baseline: &Known,
    settings: &Settings,
    rules: &[&'static Rule],
) -> std::io::Result<Fixed> {
    let mut fixed = Fixed {
        sources: sources
            .iter()
            .map(|source| source.with_text(source.text.clone()))
            .collect(),
        judged,
        ..Fixed::default()
    };
    let mut refused: HashSet<Key> = HashSet::new();
    let mut one_by_one: BTreeSet<FileId> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let picked = picked(
            &fixed.judged.report.findings,
            baseline,
            &refused,
            &one_by_one,
        );
        if picked.is_empty() {
            break;
        }
        let after: Vec<Source> = fixed
            .sources
            .iter()
            .enumerate()
            .map(|(file, source)| {
                let edits = picked.get(&file).into_iter().flatten();
                source.with_text(edited(&source.text, edits.flat_map(|pick| edits_of(pick))))
            })
            .collect();
        let now = judge(&after, settings, rules)?;
        let spoilt = spoilt(&fixed.judged, &now, &after, picked.keys());
        if spoilt.is_empty() {
            for (file, picks) in &picked {
                let rules = picks.iter().map(|pick| pick.rule);
                fixed.written.entry(*file).or_default().extend(rules);
            }
            fixed.sources = after;
            fixed.judged = now;
            continue;
        }
        for (file, why) in spoilt {
            match &picked[&file][..] {
                [guilty] => {
                    refused.insert(key(guilty));
                    fixed.refused.push(format!(
                        "{}: the fix of {} in {} is not applied: {why}",
                        fixed.sources[file].name, guilty.rule, guilty.resource
                    ));
                }
                _ => {
                    one_by_one.insert(file);
                }
            }
        }
    }
    Ok(fixed)
}

/// The findings whose fixes are tried next, by file: none overlaps another, the first one wins.
fn picked<'a>(
    findings: &'a [Finding],
    baseline: &Known,
    refused: &HashSet<Key>,
    one_by_one: &BTreeSet<FileId>,
) -> BTreeMap<FileId, Vec<&'a Finding>> {
    let fingerprints = fingerprints(findings);
    let mut fixable: Vec<&Finding> = findings
        .iter()
        .zip(&fingerprints)
        .filter(|(finding, fingerprint)| {
            let fix = finding.fix.as_ref();
            fix.is_some_and(|fix| fix.is_safe && !fix.edits.is_empty())
                && !baseline.contains(fingerprint)
                && !refused.contains(&key(finding))
        })
        .map(|(finding, _)| finding)
        .collect();
    fixable.sort_by_key(|finding| edits_of(finding).next().map(|edit| (edit.file, edit.span)));
    let mut picked: BTreeMap<FileId, Vec<&Finding>> = BTreeMap::new();
    for finding in fixable {
        let Some(file) = edits_of(finding).next().map(|edit| edit.file) else {
            continue;
        };
        let picks = picked.entry(file).or_default();
        let is_next = picks.is_empty() || !one_by_one.contains(&file);
        if is_next && !picks.iter().any(|other| overlap(other, finding)) {
            picks.push(finding);
        }
    }
    picked
}

fn key(finding: &Finding) -> Key {
    (
        finding.spot.place.file,
        finding.rule,
        finding.resource.clone(),
        finding.metric.clone(),
        finding.spot.text.clone(),
    )
}

pub(super) fn edits_of(finding: &Finding) -> impl Iterator<Item = &FileEdit> {
    finding.fix.iter().flat_map(|fix| &fix.edits)
}

/// Whether an edit of the one touches an edit of the other: at one place the order would decide.
fn overlap(a: &Finding, b: &Finding) -> bool {
    edits_of(a).any(|a| {
        edits_of(b)
            .any(|b| a.file == b.file && a.span.start <= b.span.end && b.span.start <= a.span.end)
    })
}

/// The text after edits that do not overlap.
pub(super) fn edited<'a>(text: &str, edits: impl Iterator<Item = &'a FileEdit>) -> String {
    let mut edits: Vec<&FileEdit> = edits.collect();
    edits.sort_by_key(|edit| edit.span);
    let mut after = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        let before = text.get(done..edit.span.start);
        after.push_str(before.unwrap_or_default());
        after.push_str(&edit.text);
        done = edit.span.end.max(done);
    }
    after.push_str(text.get(done..).unwrap_or_default());
    after
}

/// The files whose fixes are not to be written, and why.
fn spoilt<'a>(
    before: &Judged,
    after: &Judged,
    sources: &[Source],
    files: impl Iterator<Item = &'a FileId>,
) -> Vec<(FileId, String)> {
    let (gates_before, gates_after) = (gates(before), gates(after));
    let (errors_before, errors_after) = (errors(before), errors(after));
    let why = |file: &FileId| {
        let name = sources[*file].name.as_str();
        if errors_after.get(name) > errors_before.get(name) {
            return Some("the file would not read any more".to_owned());
        }
        let of =
            |gates: &BTreeMap<FileId, Vec<&'_ GateReport>>| gates.get(file).map_or(0, Vec::len);
        if of(&gates_before) != of(&gates_after) {
            return Some("a gate would be lost".to_owned());
        }
        let pairs = gates_before.get(file)?.iter().zip(gates_after.get(file)?);
        pairs.into_iter().find_map(|(before, after)| {
            let change = change(before.table.as_ref(), after.table.as_ref())?;
            Some(format!("metric `{}`: {change}", before.metric))
        })
    };
    files.filter_map(|file| Some((*file, why(file)?))).collect()
}

fn gates(judged: &Judged) -> BTreeMap<FileId, Vec<&GateReport>> {
    let mut gates: BTreeMap<FileId, Vec<&GateReport>> = BTreeMap::new();
    for gate in &judged.report.gates {
        gates.entry(gate.file).or_default().push(gate);
    }
    gates
}

/// How much of each file could not be read.
fn errors(judged: &Judged) -> BTreeMap<&str, usize> {
    let mut errors = BTreeMap::new();
    for error in &judged.errors {
        *errors.entry(error.file.as_str()).or_default() += 1;
    }
    errors
}

/// What a gate's tables before and after tell against a fix.
fn change(before: Option<&Table>, after: Option<&Table>) -> Option<String> {
    let Some(after) = after else {
        return before.map(|_| "it could not be judged any more".to_owned());
    };
    let verdict = |table: Option<&Table>, key: &str| table.and_then(|table| table.reachable(key));
    let opened = WITHOUT_DATA.iter().find(|key| {
        verdict(Some(after), key) == Some(Verdict::Successful)
            && verdict(before, key) != Some(Verdict::Successful)
    });
    if let Some(key) = opened {
        return Some(format!("`{key}` would be Successful"));
    }
    let closed = before?.cells.iter().find(|cell| {
        !WITHOUT_DATA.contains(&cell.key.as_str())
            && cell.key != "idle"
            && cell.is_reachable
            && cell.verdict == Verdict::Successful
            && after
                .reachable(&cell.key)
                .is_some_and(|verdict| verdict != Verdict::Successful)
    })?;
    let verdict = after.reachable(&closed.key)?;
    Some(format!(
        "`{}` was Successful and would be {}",
        closed.key,
        verdict.as_str()
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test's panic is its failure")]

    use super::*;
    use crate::lint::findings::Findings;
    use crate::lint::gate::Gate;
    use crate::lint::level::Level;
    use crate::lint::rule::{Check, Section};
    use crate::lint::table::Cell;
    use crate::text::span::Span;

    const fn rule(name: &'static str, check: fn(&Gate<'_>, &mut Findings<'_>)) -> Rule {
        Rule {
            name,
            summary: "",
            docs: "",
            section: Section::Conditions,
            levels: &[Level::Warn],
            rests_on_no_data: false,
            is_told_once: false,
            needs: &[],
            yields_to: &[],
            check: Check::Metric(check),
        }
    }

    /// Promises that its fixes are safe: one opens the gate without data, one closes it for good values, one is sound.
    static HASTY: Rule = rule("hasty", |gate, out| {
        let Some(condition) = &gate.metric.success_condition else {
            return;
        };
        let after = match condition.text.as_str() {
            "len(result) > 0 && result[0] < 5" => "len(result) == 0 || result[0] < 5",
            "len(result) > 0 && result[0] < 6" => "len(result) > 0 && result[0] > 6",
            "len(result) > 0 && result[0] < 7" => "len(result) > 0 && 7 > result[0]",
            _ => return,
        };
        let fix = gate.fix_text(true, condition, after);
        assert!(fix.is_some());
        out.warn(gate.at("successCondition", condition), "found")
            .fix(fix);
    });

    /// Drops a field that the first rule's text stands beside.
    static SOUND: Rule = rule("sound", |gate, out| {
        if let Some(field) = &gate.metric.failure_limit {
            let fix = gate.fix_removal(true, field);
            out.warn(gate.at("failureLimit", field), "found").fix(fix);
        }
    });

    fn template(limits: [u32; 3]) -> String {
        let metric = |(at, limit): (usize, u32)| {
            format!(
                "  - name: m{at}\n    interval: 1m\n    count: 3\n    failureLimit: 1\n    \
                 successCondition: len(result) > 0 && result[0] < {limit} # a comment\n    provider:\n      \
                 prometheus:\n        address: http://p:9090\n        query: sum(up{{namespace=\"a\"}})\n"
            )
        };
        let metrics: String = limits.into_iter().enumerate().map(metric).collect();
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: t}}\nspec:\n  metrics:\n{metrics}"
        )
    }

    #[test]
    fn a_fix_that_does_not_hold_its_promise_is_refused_and_the_others_are_written() {
        let text = template([5, 6, 7]);
        let sources = [
            Source::new("a.yaml", None, text.clone()),
            Source::new("b.yaml", None, template([1, 2, 3])),
        ];
        let (settings, rules) = (Settings::default(), [&HASTY, &SOUND]);
        let judged = judge(&sources, &settings, &rules).unwrap();
        assert_eq!(judged.report.findings.len(), 9);
        let fixed = fixed(&sources, judged, &Known::default(), &settings, &rules).unwrap();
        assert_eq!(
            fixed.refused,
            [
                "a.yaml: the fix of hasty in AnalysisTemplate/t is not applied: metric `m0`: `no data` would be Successful",
                "a.yaml: the fix of hasty in AnalysisTemplate/t is not applied: metric `m1`: `0` was Successful and would be Failed",
            ]
        );
        let expected = text
            .replace("result[0] < 7", "7 > result[0]")
            .replace("    failureLimit: 1\n", "");
        assert_eq!(fixed.sources[0].text, expected);
        assert_eq!(fixed.written[&1], ["sound", "sound", "sound"]);
        assert_eq!(fixed.judged.report.findings.len(), 2);
    }

    fn table(cells: &[(&str, Verdict)]) -> Table {
        let cell = |(key, verdict): &(&str, Verdict)| Cell {
            key: (*key).to_owned(),
            probe: Vec::new(),
            verdict: *verdict,
            is_reachable: true,
        };
        Table {
            cells: cells.iter().map(cell).collect(),
            ..Table::default()
        }
    }

    #[test]
    fn a_fix_may_close_a_cell_without_data_and_open_none() {
        use Verdict::{Error, Failed, Successful};
        for (before, after, said) in [
            (
                &[("no data", Successful), ("0", Successful)][..],
                &[("no data", Error), ("0", Successful)][..],
                None,
            ),
            (
                &[("no data", Error)],
                &[("no data", Successful)],
                Some("`no data` would be Successful"),
            ),
            (
                &[("0", Successful)],
                &[("0", Successful), ("fallback", Successful)],
                Some("`fallback` would be Successful"),
            ),
            (
                &[("0", Successful)],
                &[("0", Failed)],
                Some("`0` was Successful and would be Failed"),
            ),
            (
                &[("0", Failed), ("idle", Successful)],
                &[("0", Successful), ("idle", Failed)],
                None,
            ),
        ] {
            assert_eq!(
                change(Some(&table(before)), Some(&table(after))).as_deref(),
                said
            );
        }
        assert_eq!(change(None, Some(&table(&[("0", Successful)]))), None);
        assert!(change(Some(&table(&[])), None).is_some());
    }

    #[test]
    fn edits_are_written_in_the_order_of_their_places() {
        let edit = |start, end, text: &str| FileEdit {
            file: 0,
            span: Span::new(start, end),
            text: text.to_owned(),
        };
        let edits = [edit(4, 5, "E"), edit(0, 0, "> "), edit(1, 3, "")];
        assert_eq!(edited("abcdef", edits.iter()), "> adEf");
    }
}
