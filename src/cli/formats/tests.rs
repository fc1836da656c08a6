#![expect(clippy::unwrap_used, reason = "a test's panic is its failure")]

use std::sync::Arc;

use super::excerpt::{excerpt, margin};
use super::human::{Detail, human};
use super::paint::{Paint, visible};
use super::*;
use crate::lint::conditions::Verdict;
use crate::lint::finding::{FileEdit, Fix, Spot};
use crate::lint::findings::Subject;
use crate::lint::table::{Cell, Table};
use crate::rules::ALL;
use crate::text::place::{Layout, Place, Run};

/// The lines of `text` with what stands between `«` and `»` marked.
fn marked(text: &str) -> String {
    let start = text.find('«').unwrap();
    let end = text.find('»').unwrap() - '«'.len_utf8();
    let source = Source::new("f", None, text.replace(['«', '»'], ""));
    let span = Span::new(start, end);
    let margin = margin(&source, span);
    excerpt(&source, span, margin, Level::Deny, Paint::Plain)
}

#[test]
fn carets_stand_under_what_is_meant() {
    for (text, expected) in [
        ("a «bc» d\n", "  |\n1 | a bc d\n  |   ^^\n"),
        // Behind the last character, and nothing at all.
        ("ab«»", "  |\n1 | ab\n  |   ^\n"),
        ("«»", "  |\n1 |\n  | ^\n"),
        ("\ta «b»\r\n", "  |\n1 |     a b\n  |       ^\n"),
        ("漢字 «é漢» x\n", "  |\n1 | 漢字 é漢 x\n  |      ^^^\n"),
        ("e\u{301} «x»\n", "  |\n1 | e\u{301} x\n  |   ^\n"),
        (
            "a\u{1b}[2J«b\u{202e}»\n",
            "  |\n1 | a␛[2Jb\u{fffd}\n  |      ^^\n",
        ),
        (
            "x: |\n  «sum(\n\n    a\n  )»\n",
            "  |\n2 |   sum(\n  |   ^^^^\n3 |\n4 |     a\n  |     ^\n5 |   )\n  |   ^\n",
        ),
        ("«a\n»b", "  |\n1 | a\n  | ^\n"),
    ] {
        assert_eq!(marked(text), expected, "{text:?}");
    }
}

#[test]
fn of_many_lines_the_ends_are_shown_and_of_a_long_line_the_middle() {
    let many = marked(&format!("«{}»", "x\n".repeat(20).trim_end()));
    assert_eq!(
        many,
        "   |\n 1 | x\n   | ^\n 2 | x\n   | ^\n 3 | x\n   | ^\n …\n18 | x\n   | ^\n19 | x\n   | ^\n20 | x\n   | ^\n"
    );
    let long = marked(&format!("{}«bad»{}", "a".repeat(500), "b".repeat(500)));
    let lines: Vec<&str> = long.lines().collect();
    assert_eq!(lines[1].chars().filter(|c| *c == '…').count(), 2);
    assert!(lines[1].chars().count() < 130, "{long}");
    let caret = lines[2].chars().position(|c| c == '^').unwrap();
    let under: String = lines[1].chars().skip(caret).take(3).collect();
    assert_eq!(under, "bad");
}

#[test]
fn nothing_moves_a_cursor() {
    assert_eq!(
        visible("a\u{1b}]0;x\u{7}\r\n\u{9b}1m\u{200d}"),
        "a␛]0;x␇␍␊\u{fffd}1m\u{fffd}"
    );
}

#[test]
fn names_become_uri_references() {
    for (name, expected) in [
        ("a b/c%d.yaml", "a%20b/c%25d.yaml"),
        ("/x/é.yaml", "file:///x/%C3%A9.yaml"),
        ("<stdin>", "%3Cstdin%3E"),
    ] {
        assert_eq!(uri(name), expected);
    }
}

/// A finding at `bytes` of the one file, whose text is the field's.
fn finding(source: &Source, level: Level, bytes: Span) -> Finding {
    let layout = Layout {
        runs: vec![Run {
            text: 0,
            file: 0,
            length: source.text.len(),
        }],
        ..Layout::default()
    };
    let place = Place {
        span: Span::new(0, source.text.len()),
        layout: Arc::new(layout),
        ..Place::default()
    };
    Finding {
        rule: "missing-condition",
        level,
        message: "says `x`, 100%: <no>".to_owned(),
        help: Some("write `y`".to_owned()),
        spot: Spot {
            is_secret: false,
            field: "query".to_owned(),
            place,
            span: bytes,
            text: bytes.of(&source.text).to_owned(),
        },
        resource: "AnalysisTemplate/echo".to_owned(),
        namespace: None,
        metric: Some("errors".to_owned()),
        metrics: Vec::new(),
        fix: Some(Fix {
            is_safe: level == Level::Warn,
            edits: vec![FileEdit {
                file: 0,
                span: bytes,
                text: "y".to_owned(),
            }],
        }),
    }
}

fn gate() -> GateReport {
    let cell = |(key, verdict): (&str, Verdict)| Cell {
        key: key.to_owned(),
        probe: Vec::new(),
        verdict,
        is_reachable: true,
    };
    GateReport {
        file: 0,
        resource: "AnalysisTemplate/echo".to_owned(),
        metric: "errors".to_owned(),
        class: "failure share",
        table: Some(Table {
            cells: [("no data", Verdict::Error), ("0", Verdict::Successful)]
                .map(cell)
                .into(),
            can_pass: true,
            ..Table::default()
        }),
    }
}

/// What `format` makes of a finding of each level.
fn told(format: impl Fn(&Outcome<'_>) -> String) -> String {
    let sources = [Source::new(
        "d/t, 1.yaml",
        None,
        "a: x\nb: é x\n".to_owned(),
    )];
    let findings = [
        finding(&sources[0], Level::Warn, Span::new(3, 4)),
        finding(&sources[0], Level::Deny, Span::new(11, 12)),
        finding(&sources[0], Level::Info, Span::new(0, 12)),
    ];
    let told = findings
        .iter()
        .enumerate()
        .map(|(at, finding)| Told::new(finding, format!("f{at}"), &sources))
        .collect();
    let skipped = [Skipped {
        rule: "short-window",
        reason: "needs the scrape interval".to_owned(),
        subject: Subject {
            resource: "AnalysisTemplate/echo".to_owned(),
            ..Subject::default()
        },
    }];
    let errors = [InputError {
        file: "bad.yaml".to_owned(),
        at: Some(LineColumn { line: 2, column: 3 }),
        message: "no YAML".to_owned(),
    }];
    let mut counts = Counts {
        files: 1,
        resources: 1,
        gates: 1,
        suppressed: 2,
        baseline: 3,
        ..Counts::default()
    };
    findings
        .iter()
        .for_each(|finding| counts.add(finding.level));
    format(&Outcome {
        sources: &sources,
        counts,
        findings: told,
        skipped: &skipped,
        gates: &[gate()],
        errors: &errors,
        rules: ALL,
    })
}

#[test]
fn people_see_deny_first_and_info_when_they_ask() {
    let brief = told(|outcome| human(outcome, Detail::Brief, Paint::Plain));
    let expected = "\
deny[missing-condition]: says `x`, 100%: <no>
 --> d/t, 1.yaml:2:6, AnalysisTemplate/echo, metric `errors`
  |
2 | b: é x
  |      ^
  = help: write `y`
  = fix: `--diff` shows one

warn[missing-condition]: says `x`, 100%: <no>
 --> d/t, 1.yaml:1:4, AnalysisTemplate/echo, metric `errors`
  |
1 | a: x
  |    ^
  = help: write `y`
  = fix: `--fix` writes it

skipped short-window: needs the scrape interval (AnalysisTemplate/echo)

1 deny, 1 warn in 1 gate of 1 file (1 info: -v shows them); 2 suppressed; 3 in the baseline; --fix puts 1 right; 1 error in reading
";
    assert_eq!(brief, expected);
    let full = told(|outcome| human(outcome, Detail::Full, Paint::Plain));
    assert!(full.contains("info[missing-condition]"), "{full}");
    assert!(full.contains("1 deny, 1 warn, 1 info in"), "{full}");
}

#[test]
fn colours_are_only_around_words() {
    let plain = told(|outcome| human(outcome, Detail::Full, Paint::Plain));
    let coloured = told(|outcome| human(outcome, Detail::Full, Paint::Coloured));
    let codes = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    assert_ne!(plain, coloured);
    assert_eq!(codes.replace_all(&coloured, ""), plain);
}

#[test]
fn json_has_the_form_that_is_promised() {
    let json = told(json::json);
    let expected = concat!(
        r#"{"version":1,"summary":{"files":1,"resources":1,"gates":1,"deny":1,"warn":1,"info":1,"suppressed":2,"baseline":3},"findings":["#,
        r#"{"rule":"missing-condition","level":"warn","message":"says `x`, 100%: <no>","help":"write `y`","file":"d/t, 1.yaml","resource":"AnalysisTemplate/echo","metric":"errors","field":"query","line":1,"column":4,"endLine":1,"endColumn":5,"span":{"start":3,"end":4},"fingerprint":"f0","fix":{"safe":true,"edits":[{"start":3,"end":4,"text":"y"}]}},"#,
        r#"{"rule":"missing-condition","level":"deny","message":"says `x`, 100%: <no>","help":"write `y`","file":"d/t, 1.yaml","resource":"AnalysisTemplate/echo","metric":"errors","field":"query","line":2,"column":6,"endLine":2,"endColumn":7,"span":{"start":11,"end":12},"fingerprint":"f1","fix":{"safe":false,"edits":[{"start":11,"end":12,"text":"y"}]}},"#,
        r#"{"rule":"missing-condition","level":"info","message":"says `x`, 100%: <no>","help":"write `y`","file":"d/t, 1.yaml","resource":"AnalysisTemplate/echo","metric":"errors","field":"query","line":1,"column":1,"endLine":2,"endColumn":7,"span":{"start":0,"end":12},"fingerprint":"f2","fix":{"safe":false,"edits":[{"start":0,"end":12,"text":"y"}]}}],"#,
        r#""skipped":[{"rule":"short-window","reason":"needs the scrape interval","resource":"AnalysisTemplate/echo","metric":null}],"#,
        r#""gates":[{"file":"d/t, 1.yaml","resource":"AnalysisTemplate/echo","metric":"errors","class":"failure share","verdicts":{"no data":"Error","0":"Successful"},"canFail":false,"canPass":true,"passesWithoutData":false}],"#,
        r#""errors":[{"file":"bad.yaml","line":2,"column":3,"message":"no YAML"}]}"#,
        "\n"
    );
    assert_eq!(json, expected);
}

#[test]
fn github_gets_commands_with_its_escapes() {
    let expected = "\
::warning file=d/t%2C 1.yaml,line=1,col=4,endLine=1,endColumn=4,title=missing-condition::says `x`, 100%25: <no>%0Awrite `y`%0A(AnalysisTemplate/echo, metric `errors`)
::error file=d/t%2C 1.yaml,line=2,col=6,endLine=2,endColumn=6,title=missing-condition::says `x`, 100%25: <no>%0Awrite `y`%0A(AnalysisTemplate/echo, metric `errors`)
::notice file=d/t%2C 1.yaml,line=1,col=1,endLine=2,title=missing-condition::says `x`, 100%25: <no>%0Awrite `y`%0A(AnalysisTemplate/echo, metric `errors`)
::error file=bad.yaml,line=2,col=3::no YAML
";
    let full = told(|outcome| github::github(outcome, Detail::Full));
    assert_eq!(full, expected);
    let brief = told(|outcome| github::github(outcome, Detail::Brief));
    let shown = |text: &str| text.matches("::").count() / 2;
    assert_eq!(shown(&brief), shown(&full) - 1);
    assert!(!brief.contains("::notice"), "{brief}");
}

#[test]
fn junit_fails_a_gate_once() {
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="promql-guard">
  <testsuite name="AnalysisTemplate/echo" file="d/t, 1.yaml" tests="1" failures="1" errors="0">
    <testcase name="errors" classname="AnalysisTemplate/echo">
      <failure message="says `x`, 100%: &lt;no&gt;" type="missing-condition">d/t, 1.yaml:2:6: deny[missing-condition]: says `x`, 100%: &lt;no&gt;; write `y`</failure>
      <system-out>d/t, 1.yaml:1:4: warn[missing-condition]: says `x`, 100%: &lt;no&gt;; write `y`&#10;d/t, 1.yaml:1:1: info[missing-condition]: says `x`, 100%: &lt;no&gt;; write `y`</system-out>
    </testcase>
  </testsuite>
  <testsuite name="input" tests="1" failures="0" errors="1">
    <testcase name="bad.yaml" classname="input">
      <error message="bad.yaml:2:3: no YAML"/>
    </testcase>
  </testsuite>
</testsuites>
"#;
    assert_eq!(told(|outcome| junit::junit(outcome, Level::Deny)), expected);
}

#[test]
fn lines_with_secrets_are_not_shown() {
    for (text, is_shown) in [
        ("address: http://p:9090/a@b\n", true),
        ("address: http://user:pw@p:9090\n", false),
        ("  password: hunter2\n", false),
        ("{\"token\": \"abc\", \"count\": 1}\n", false),
        ("count: 1\n", true),
    ] {
        let source = Source::new("t.yaml", None, text.to_owned());
        let shown = excerpt(&source, Span::new(0, 3), 1, Level::Deny, Paint::Plain);
        assert_eq!(!shown.is_empty(), is_shown, "{text}");
    }
}

#[test]
fn one_fault_in_many_metrics_is_told_once() {
    let source = [Source::new("t.yaml", None, "a\n".repeat(9))];
    let findings: Vec<Finding> = (0..3)
        .map(|line| finding(&source[0], Level::Deny, Span::new(2 * line, 2 * line + 1)))
        .collect();
    let outcome = |detail| {
        let outcome = Outcome {
            sources: &source,
            counts: Counts::default(),
            findings: findings
                .iter()
                .map(|f| Told::new(f, String::new(), &source))
                .collect(),
            skipped: &[],
            gates: &[],
            errors: &[],
            rules: ALL,
        };
        human(&outcome, detail, Paint::Plain)
    };
    let brief = outcome(Detail::Brief);
    assert_eq!(brief.matches("says `x`").count(), 1, "{brief}");
    assert!(
        brief.contains("  = also: t.yaml:2:1, metric `errors`, t.yaml:3:1, metric `errors`\n"),
        "{brief}"
    );
    assert_eq!(outcome(Detail::Full).matches("says `x`").count(), 3);
}

#[test]
fn many_findings_of_one_rule_are_folded() {
    let source = [Source::new("t.yaml", None, "a\n".repeat(9))];
    let findings: Vec<Finding> = (0..9)
        .map(|line| {
            let mut found = finding(&source[0], Level::Deny, Span::new(2 * line, 2 * line + 1));
            found.message = format!("{} in line {line}", found.message);
            found
        })
        .collect();
    let of = |count: usize, detail| {
        let told = findings[..count].iter();
        let outcome = Outcome {
            sources: &source,
            counts: Counts::default(),
            findings: told.map(|f| Told::new(f, String::new(), &source)).collect(),
            skipped: &[],
            gates: &[],
            errors: &[],
            rules: ALL,
        };
        human(&outcome, detail, Paint::Plain)
    };
    let shown = |text: &str| text.matches("says `x`").count();
    assert_eq!(shown(&of(4, Detail::Brief)), 4);
    let folded = of(9, Detail::Brief);
    assert_eq!(shown(&folded), 3);
    assert!(
        folded.contains("deny[missing-condition]: and 6 more in t.yaml:4:1, t.yaml:5:1, t.yaml:6:1 and 3 others; `-v` shows them\n"),
        "{folded}"
    );
    assert_eq!(shown(&of(9, Detail::Full)), 9);
}

#[test]
fn sarif_tells_levels_places_rules_and_safe_fixes() {
    let log: serde_json::Value = serde_json::from_str(&told(sarif::sarif)).unwrap();
    let run = &log["runs"][0];
    let levels: Vec<&str> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["warning", "error", "note"]);
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "missing-condition");
    let region =
        serde_json::json!({"startLine": 1, "startColumn": 4, "endLine": 1, "endColumn": 5});
    let first = &run["results"][0];
    assert_eq!(first["locations"][0]["physicalLocation"]["region"], region);
    let change = &first["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "d/t%2C%201.yaml");
    assert_eq!(change["replacements"][0]["deletedRegion"], region);
    assert_eq!(run["results"][1].get("fixes"), None);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
}
