//! Two texts into a unified diff, as `patch` and `git apply` take it.

use std::borrow::Cow;

use crate::cli::formats::paint::visible;
use crate::cli::formats::secrets::masked;
use crate::text::span::Span;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// Changed lines that are looked for one by one; texts that differ in more are told as one change.
const MOST: usize = 1000;

/// A line of the old text that is kept or taken away, or a line of the new one that is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Keep,
    Remove,
    Add,
}

/// The difference under the file's name; nothing where there is none. Secrets are masked in it, and `patch` does not take those
/// lines.
pub(super) fn unified(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let before: Vec<&str> = old.split_inclusive('\n').collect();
    let after: Vec<&str> = new.split_inclusive('\n').collect();
    let steps = steps(&before, &after);
    let name = visible(name.trim_start_matches('/'));
    let mut text = format!("--- a/{name}\n+++ b/{name}\n");
    let (before, after) = (masked(&before), masked(&after));
    for hunk in hunks(&steps) {
        text.push_str(&told(&steps, hunk, &before, &after));
    }
    text
}

/// Runs of steps that are told together.
fn hunks(steps: &[Step]) -> Vec<Span> {
    let mut hunks: Vec<Span> = Vec::new();
    for (at, _) in steps
        .iter()
        .enumerate()
        .filter(|(_, step)| **step != Step::Keep)
    {
        let (start, end) = (
            at.saturating_sub(CONTEXT),
            (at + 1 + CONTEXT).min(steps.len()),
        );
        match hunks.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => hunks.push(Span::new(start, end)),
        }
    }
    hunks
}

fn told(steps: &[Step], hunk: Span, before: &[Cow<'_, str>], after: &[Cow<'_, str>]) -> String {
    let count = |steps: &[Step], other| steps.iter().filter(|step| **step != other).count();
    let (ahead, own) = (&steps[..hunk.start], &steps[hunk.range()]);
    let (mut old, mut new) = (count(ahead, Step::Add), count(ahead, Step::Remove));
    let range = |start: usize, length: usize| match length {
        // Of no lines the one before them is told.
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{length}", start + 1),
    };
    let mut text = format!(
        "@@ -{} +{} @@\n",
        range(old, count(own, Step::Add)),
        range(new, count(own, Step::Remove))
    );
    for step in own {
        let (sign, line) = match step {
            Step::Keep => (' ', &before[old]),
            Step::Remove => ('-', &before[old]),
            Step::Add => ('+', &after[new]),
        };
        old += usize::from(*step != Step::Add);
        new += usize::from(*step != Step::Remove);
        text.push(sign);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
    text
}

/// The way from one to the other: equal ends, and between them the fewest steps (Myers, "An O(ND) Difference Algorithm").
fn steps(before: &[&str], after: &[&str]) -> Vec<Step> {
    let pairs = || before.iter().zip(after);
    let start = pairs().take_while(|(a, b)| a == b).count();
    let rest = (before.len().min(after.len())) - start;
    let backwards = before.iter().rev().zip(after.iter().rev());
    let end = backwards.take(rest).take_while(|(a, b)| a == b).count();
    let (old, new) = (
        &before[start..before.len() - end],
        &after[start..after.len() - end],
    );
    let mut steps = vec![Step::Keep; start];
    steps.extend(fewest(old, new).unwrap_or_else(|| {
        let mut all = vec![Step::Remove; old.len()];
        all.extend(vec![Step::Add; new.len()]);
        all
    }));
    steps.extend(vec![Step::Keep; end]);
    steps
}

/// The fewest steps; none where there are more than is worth it.
fn fewest(old: &[&str], new: &[&str]) -> Option<Vec<Step>> {
    let most = (old.len() + new.len()).min(MOST);
    // How far each diagonal reaches into `old`, one row for each number of changes; diagonal k stands at k + most.
    let mut reach = vec![0usize; 2 * most + 3];
    let mut rows = Vec::new();
    let middle = most + 1;
    for changes in 0..=most {
        rows.push(reach[middle - changes..=middle + changes].to_vec());
        for at in (middle - changes..=middle + changes).step_by(2) {
            let is_added =
                at == middle - changes || at != middle + changes && reach[at - 1] < reach[at + 1];
            let mut x = match (is_added, changes) {
                (_, 0) => 0,
                (true, _) => reach[at + 1],
                (false, _) => reach[at - 1] + 1,
            };
            // x - y is the diagonal's number, at - middle.
            while x < old.len() && (x + middle) - at < new.len() && old[x] == new[(x + middle) - at]
            {
                x += 1;
            }
            reach[at] = x;
            if x >= old.len() && (x + middle) - at >= new.len() {
                return Some(way_back(old.len(), new.len(), &rows));
            }
        }
    }
    None
}

/// The steps from the rows of `fewest`; each row is what was reached before its number of changes was tried.
fn way_back(mut x: usize, mut y: usize, rows: &[Vec<usize>]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (changes, row) in rows.iter().enumerate().skip(1).rev() {
        // `row` holds the diagonals -changes ..= changes.
        let at = x + changes - y;
        let is_added = at == 0 || at != 2 * changes && row[at - 1] < row[at + 1];
        let from = if is_added { at + 1 } else { at - 1 };
        let reached = row[from];
        let above = reached + changes - from;
        let after_change = if is_added { reached } else { reached + 1 };
        steps.extend(std::iter::repeat_n(Step::Keep, x - after_change));
        steps.push(if is_added { Step::Add } else { Step::Remove });
        (x, y) = (reached, above);
    }
    steps.extend(std::iter::repeat_n(Step::Keep, x));
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_patch_reads_it() {
        let numbers: String = (1..=20).map(|n| format!("{n}\n")).collect();
        for (old, new, diff) in [
            ("a\n", "a\n", ""),
            (
                "a\nb\nc\n",
                "a\nB\nc\n",
                "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n",
            ),
            ("", "a\n", "--- a/f\n+++ b/f\n@@ -0,0 +1 @@\n+a\n"),
            (
                "a",
                "b",
                "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n",
            ),
            (
                "a\r\nb\r\n",
                "a\r\n",
                "--- a/f\n+++ b/f\n@@ -1,2 +1 @@\n a\r\n-b\r\n",
            ),
            (
                &numbers,
                &numbers
                    .replace("\n4\n", "\nx\n")
                    .replace("\n16\n", "\n16\ny\n"),
                "--- a/f\n+++ b/f\n@@ -1,7 +1,7 @@\n 1\n 2\n 3\n-4\n+x\n 5\n 6\n 7\n@@ -14,6 +14,7 @@\n 14\n 15\n 16\n+y\n 17\n 18\n 19\n",
            ),
        ] {
            assert_eq!(unified("f", old, new), diff);
        }
    }

    #[test]
    fn every_way_leads_there() {
        // All texts of up to five lines of two letters against each other.
        let texts: Vec<String> = (1u32..64)
            .map(|bits| {
                let length = bits.ilog2();
                (0..length)
                    .map(|n| if bits >> n & 1 == 1 { "a\n" } else { "b\n" })
                    .collect()
            })
            .collect();
        for old in &texts {
            for new in &texts {
                let before: Vec<&str> = old.split_inclusive('\n').collect();
                let after: Vec<&str> = new.split_inclusive('\n').collect();
                let (mut from, mut to) = (before.iter(), after.iter());
                for step in steps(&before, &after) {
                    match step {
                        Step::Keep => assert_eq!(from.next(), to.next()),
                        Step::Remove => assert!(from.next().is_some()),
                        Step::Add => assert!(to.next().is_some()),
                    }
                }
                assert_eq!((from.next(), to.next()), (None, None), "{old:?} {new:?}");
            }
        }
    }
}
