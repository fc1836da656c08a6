//! A gate's truth table as people read it: absence and plain numbers on the left, what the conditions compare with on the
//! right, and in one line what the metric can come to.

use super::paint::visible;
use crate::lint::table::{Cell, Table};

/// Keys that every table may have; the others come from the conditions.
const FIXED: [&str; 6] = ["no data", "NaN", "fallback", "idle", "0", "1"];

/// The lines of a table, each two blanks in.
pub(super) fn truth_table(table: &Table) -> String {
    let (fixed, own): (Vec<&Cell>, Vec<&Cell>) = table
        .cells
        .iter()
        .partition(|cell| FIXED.contains(&cell.key.as_str()));
    let (left, right) = (column(&fixed), column(&own));
    let width = left.iter().map(|line| line.chars().count()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    for index in 0..left.len().max(right.len()) {
        let at = |column: &[String]| column.get(index).cloned().unwrap_or_default();
        let line = format!("  {:<width$}    {}", at(&left), at(&right));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if table.cells.iter().any(|cell| !cell.is_reachable) {
        text.push_str("  in brackets: what the query never answers\n");
    }
    text.push_str(&format!("  {}\n", sum(table)));
    text
}

/// Keys and phases of equal width.
fn column(cells: &[&Cell]) -> Vec<String> {
    let keys: Vec<String> = cells.iter().map(|cell| visible(&cell.key)).collect();
    let width = keys.iter().map(|key| key.chars().count()).max();
    let width = width.unwrap_or(0);
    let line = |(key, cell): (&String, &&Cell)| {
        let phase = cell.verdict.as_str();
        match cell.is_reachable {
            true => format!("{key:<width$}  {phase}"),
            false => format!("{key:<width$}  ({phase})"),
        }
    };
    keys.iter().zip(cells).map(line).collect()
}

/// `can fail: yes · can pass: yes · passes without data: no · 2 of 3 measurements may fail`
fn sum(table: &Table) -> String {
    let word = |holds| if holds { "yes" } else { "no" };
    format!(
        "can fail: {} · can pass: {} · passes without data: {} · {}",
        word(table.can_fail),
        word(table.can_pass),
        word(table.passes_without_data),
        tolerated(table.failures_that_pass, table.measurements)
    )
}

fn tolerated(failures: Option<i64>, measurements: Option<i64>) -> String {
    let of_all = |count: i64| match count {
        1 => "of 1 measurement".to_owned(),
        _ => format!("of {count} measurements"),
    };
    match (failures, measurements) {
        (None, _) => "any number of measurements may fail".to_owned(),
        (Some(0), None | Some(1)) => "no measurement may fail".to_owned(),
        (Some(0), Some(count)) => format!("none {} may fail", of_all(count)),
        (Some(failures), Some(count)) => format!("{failures} {} may fail", of_all(count)),
        (Some(1), None) => "1 measurement may fail".to_owned(),
        (Some(failures), None) => format!("{failures} measurements may fail"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::conditions::Verdict;

    #[test]
    fn a_table_reads_in_two_columns() {
        let cell = |key: &str, verdict, is_reachable| Cell {
            key: key.to_owned(),
            probe: Vec::new(),
            verdict,
            is_reachable,
        };
        let table = Table {
            cells: vec![
                cell("no data", Verdict::Error, true),
                cell("NaN", Verdict::Failed, true),
                cell("0", Verdict::Successful, true),
                cell("<0.05", Verdict::Successful, true),
                cell("0.05", Verdict::Failed, true),
                cell(">0.05", Verdict::Failed, true),
                cell("+Inf", Verdict::Failed, false),
            ],
            can_fail: true,
            can_pass: true,
            failures_that_pass: Some(2),
            measurements: Some(3),
            ..Table::default()
        };
        assert_eq!(
            truth_table(&table),
            "  no data  Error         <0.05  Successful
  NaN      Failed        0.05   Failed
  0        Successful    >0.05  Failed
                         +Inf   (Failed)
  in brackets: what the query never answers
  can fail: yes · can pass: yes · passes without data: no · 2 of 3 measurements may fail
"
        );
    }

    #[test]
    fn how_many_may_fail() {
        for (failures, measurements, told) in [
            (Some(0), Some(1), "no measurement may fail"),
            (Some(0), Some(5), "none of 5 measurements may fail"),
            (Some(1), Some(1), "1 of 1 measurement may fail"),
            (Some(3), Some(4), "3 of 4 measurements may fail"),
            (Some(0), None, "no measurement may fail"),
            (Some(1), None, "1 measurement may fail"),
            (Some(3), None, "3 measurements may fail"),
            (None, None, "any number of measurements may fail"),
        ] {
            assert_eq!(tolerated(failures, measurements), told);
        }
    }
}
