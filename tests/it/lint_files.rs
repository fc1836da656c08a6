//! `lint` on files that no text file can show: bytes that are no text, sizes, links, permissions, line ends, many files at once.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const TEMPLATE: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: open}
spec:
  metrics:
  - name: errors
    interval: 5m
    count: 5
    consecutiveErrorLimit: 0
    # é: kept
    provider:
      prometheus:
        address: http://prometheus.example:9090
        query: sum(increase(app_errors_total{namespace=\"shop\"}[5m]))
";

fn lint(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_promql-guard"))
        .arg("lint")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    (output.status.code(), text)
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("latin.yaml"), b"# argoproj.io\n# caf\xe9\n").unwrap();
    fs::write(path("utf16.yaml"), b"\xff\xfea\0").unwrap();
    fs::write(path("empty.yaml"), b"").unwrap();
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("folder/file"), b"x: 1").unwrap();
    // 100 MB that take no room.
    let large = fs::File::create(path("large.yaml")).unwrap();
    large.set_len(100_000_000).unwrap();
    for (file, expected) in [
        (
            "latin.yaml",
            "latin.yaml:2:6: expected UTF-8, found the byte 0xe9",
        ),
        (
            "utf16.yaml",
            "utf16.yaml: expected UTF-8, found UTF-16; save it as UTF-8",
        ),
        ("empty.yaml", "empty.yaml: there is nothing in it"),
        ("large.yaml", "large.yaml: holds more than 16 MiB; split it"),
        (
            "folder/file/x",
            "folder/file/x: read: Not a directory (os error 20)",
        ),
        // Says that it is empty, and has no end.
        ("/proc/self/mem", "/proc/self/mem: there is nothing in it"),
        (
            "/dev/null",
            "/dev/null: read: expected a regular file, found a device",
        ),
    ] {
        let output = lint(folder.path(), &[file]);
        assert_eq!(
            said(&output),
            (Some(2), format!("promql-guard: {expected}\n"))
        );
        assert_eq!(output.stdout, b"", "{file}");
    }
}

#[test]
fn in_a_folder_a_large_file_matters_only_where_it_is_named_for_lint() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("open.yaml"), TEMPLATE).unwrap();
    let large = folder.path().join("large.json");
    fs::File::create(&large).unwrap().set_len(30 << 20).unwrap();
    let output = lint(folder.path(), &["--format", "json"]);
    assert_eq!(json(&output)["summary"]["files"], 1);
    assert_eq!(json(&output)["errors"], Value::Array(Vec::new()));
    let mut text = vec![b' '; 20 << 20];
    text.extend_from_slice(b"argoproj.io");
    fs::write(&large, text).unwrap();
    let output = lint(folder.path(), &["--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(json(&output)["errors"][0]["file"], "large.json");
    assert_eq!(json(&output)["summary"]["deny"], 1, "the rest is linted");
}

#[test]
fn links_are_followed_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::write(root.join("a/open.yaml"), TEMPLATE).unwrap();
    symlink("../..", root.join("a/b/up")).unwrap();
    symlink("open.yaml", root.join("a/same.yaml")).unwrap();
    symlink("nowhere.yaml", root.join("a/gone.yaml")).unwrap();
    let output = lint(root, &["--format", "json", "a", ".", "a/open.yaml"]);
    assert_eq!(json(&output)["summary"]["files"], 1);
    assert_eq!(json(&output)["errors"], Value::Array(Vec::new()));
}

#[test]
fn a_fix_keeps_line_ends_permissions_links_and_all_other_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (
        folder.path().join("open.yaml"),
        folder.path().join("link.yaml"),
    );
    let text = TEMPLATE.replace('\n', "\r\n");
    fs::write(&file, &text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("open.yaml", &link).unwrap();
    let output = lint(folder.path(), &["--fix", "link.yaml"]);
    let (code, errors) = said(&output);
    assert_eq!(code, Some(1), "{errors}");
    let note = "put right in link.yaml: zero-error-tolerance";
    assert!(errors.contains(note), "{errors}");
    let expected = text.replace("    consecutiveErrorLimit: 0\r\n", "");
    assert_eq!(fs::read_to_string(&file).unwrap(), expected);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "something half written is left"
    );
    let again = lint(folder.path(), &["--fix", "link.yaml"]);
    assert!(
        !said(&again).1.contains("put"),
        "nothing safely fixable is left"
    );
}

#[test]
fn what_diff_prints_is_taken_by_patch() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("open.yaml"), TEMPLATE).unwrap();
    let diff = lint(folder.path(), &["--diff"]).stdout;
    lint(folder.path(), &["--fix"]);
    let fixed = fs::read_to_string(folder.path().join("open.yaml")).unwrap();
    assert_ne!(fixed, TEMPLATE);
    let diff = String::from_utf8(diff).unwrap();
    let (mut lines, mut patched) = (TEMPLATE.lines(), String::new());
    // One hunk: its old lines begin at the number that it says.
    let (head, hunk) = diff.split_once(" @@\n").unwrap();
    let first: usize = head
        .split(['-', ','])
        .rev()
        .nth(2)
        .unwrap()
        .parse()
        .unwrap();
    for line in lines.by_ref().take(first - 1) {
        patched.push_str(&format!("{line}\n"));
    }
    for line in hunk.lines().take_while(|line| !line.is_empty()) {
        if !line.starts_with('+') {
            assert_eq!(lines.next(), Some(&line[1..]));
        }
        if !line.starts_with('-') {
            patched.push_str(&format!("{}\n", &line[1..]));
        }
    }
    lines.for_each(|line| patched.push_str(&format!("{line}\n")));
    assert_eq!(patched, fixed);
}

#[test]
fn safe_and_offered_fixes_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let text = TEMPLATE.replace("count: 5", "count: 5\n    failureLimit: 5");
    fs::write(folder.path().join("open.yaml"), text).unwrap();
    let output = lint(folder.path(), &["--diff"]);
    let diff = String::from_utf8(output.stdout).unwrap();
    let heads: Vec<&str> = diff
        .lines()
        .filter(|line| {
            line.starts_with(['s', 'o']) || line.starts_with("-  ") || line.starts_with("+  ")
        })
        .collect();
    assert_eq!(
        heads,
        [
            "safe, `--fix` writes it: zero-error-tolerance",
            "-    consecutiveErrorLimit: 0",
            "offered by deny[unreachable-failure-limit] at open.yaml:9:19: `failureLimit: 5` lets all 5 measurements fail: the metric cannot fail",
            "-    failureLimit: 5",
            "+    failureLimit: 4",
        ]
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn many_files_are_told_in_one_order() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..300 {
        let text = TEMPLATE.replace("name: open", &format!("name: open-{number}"));
        fs::write(folder.path().join(format!("{number:03}.yaml")), text).unwrap();
    }
    let first = lint(folder.path(), &["--format", "json"]);
    let files: Vec<String> = json(&first)["gates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gate| gate["file"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(files.len(), 300);
    assert!(files.is_sorted());
    assert_eq!(
        lint(folder.path(), &["--format", "json"]).stdout,
        first.stdout
    );
}

/// The objects of SARIF that are written here: where they stand, the keys that they must have and those that they may have
/// (sarif-v2.1.0, sections 3.13 to 3.58). Under `*` stands every item of a list.
const SARIF: [(&str, &[&str], &[&str]); 17] = [
    ("", &["version", "runs"], &["$schema"]),
    (
        "runs/*",
        &["tool", "results"],
        &["columnKind", "invocations"],
    ),
    ("runs/*/tool", &["driver"], &[]),
    (
        "runs/*/tool/driver",
        &["name"],
        &["semanticVersion", "rules"],
    ),
    (
        "runs/*/tool/driver/rules/*",
        &["id"],
        &["shortDescription", "help", "defaultConfiguration"],
    ),
    ("runs/*/tool/driver/rules/*/help", &["text"], &["markdown"]),
    (
        "runs/*/invocations/*",
        &["executionSuccessful"],
        &["toolExecutionNotifications"],
    ),
    (
        "runs/*/invocations/*/toolExecutionNotifications/*",
        &["message"],
        &["level", "locations"],
    ),
    (
        "runs/*/results/*",
        &["message"],
        &[
            "ruleId",
            "ruleIndex",
            "level",
            "locations",
            "partialFingerprints",
            "fixes",
        ],
    ),
    ("runs/*/results/*/message", &["text"], &[]),
    (
        "runs/*/results/*/locations/*",
        &[],
        &["physicalLocation", "logicalLocations"],
    ),
    (
        "runs/*/results/*/locations/*/physicalLocation",
        &["artifactLocation"],
        &["region"],
    ),
    (
        "runs/*/results/*/locations/*/physicalLocation/region",
        &["startLine"],
        &["startColumn", "endLine", "endColumn"],
    ),
    (
        "runs/*/results/*/locations/*/logicalLocations/*",
        &[],
        &["fullyQualifiedName", "kind"],
    ),
    ("runs/*/results/*/fixes/*", &["artifactChanges"], &[]),
    (
        "runs/*/results/*/fixes/*/artifactChanges/*",
        &["artifactLocation", "replacements"],
        &[],
    ),
    (
        "runs/*/results/*/fixes/*/artifactChanges/*/replacements/*",
        &["deletedRegion"],
        &["insertedContent"],
    ),
];

fn at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let steps = path.split('/').filter(|step| !step.is_empty());
    steps.fold(vec![value], |found, step| match step {
        "*" => found
            .iter()
            .filter_map(|value| value.as_array())
            .flatten()
            .collect(),
        key => found.iter().filter_map(|value| value.get(key)).collect(),
    })
}

#[test]
fn sarif_has_the_form_of_its_specification() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("open.yaml"), TEMPLATE).unwrap();
    fs::write(folder.path().join("bad.yaml"), "# argoproj.io\na: [\n").unwrap();
    let log = json(&lint(folder.path(), &["--format", "sarif"]));
    for (path, required, allowed) in SARIF {
        let objects = at(&log, path);
        assert!(!objects.is_empty(), "`{path}` is nowhere");
        for object in objects {
            let keys: Vec<&str> = object
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            for key in required {
                assert!(keys.contains(key), "`{path}`: no `{key}`");
            }
            for key in keys {
                assert!(
                    required.contains(&key) || allowed.contains(&key),
                    "`{path}`: `{key}`"
                );
            }
        }
    }
    assert_eq!(log["version"], "2.1.0");
    for level in at(&log, "runs/*/results/*/level") {
        assert!(["none", "note", "warning", "error"].contains(&level.as_str().unwrap()));
    }
    let rules = at(&log, "runs/*/tool/driver/rules/*");
    for result in at(&log, "runs/*/results/*") {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let print = result["partialFingerprints"]["promqlGuard/v1"]
            .as_str()
            .unwrap();
        assert!(
            print.len() == 16 && print.chars().all(|c| c.is_ascii_hexdigit()),
            "{print}"
        );
    }
}

#[test]
fn nothing_is_written_but_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let file = root.join("open.yaml");
    fs::write(&file, TEMPLATE).unwrap();
    let pipe = root.join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for (arguments, words) in [
        (vec!["pipe"], "found a pipe"),
        (vec!["--config", "pipe", "open.yaml"], "found a pipe"),
        (vec!["--baseline", "pipe", "open.yaml"], "found a pipe"),
        (
            vec!["--write-baseline", "pipe", "open.yaml"],
            "found a pipe",
        ),
        (
            vec!["--write-baseline", "open.yaml", "open.yaml"],
            "open.yaml",
        ),
    ] {
        let (code, errors) = said(&lint(root, &arguments));
        assert_eq!(code, Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(words), "{arguments:?}: {errors}");
        assert_eq!(fs::read_to_string(&file).unwrap(), TEMPLATE);
    }
    fs::hard_link(&file, root.join("other.yaml")).unwrap();
    let (code, errors) = said(&lint(root, &["--fix", "open.yaml"]));
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("hard links"), "{errors}");
    fs::remove_file(root.join("other.yaml")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    let (code, errors) = said(&lint(root, &["--fix", "open.yaml"]));
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("read-only"), "{errors}");
    assert_eq!(fs::read_to_string(&file).unwrap(), TEMPLATE);
}

#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&inside).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(inside.join("open.yaml"), TEMPLATE).unwrap();
    fs::write(outside.join("open.yaml"), TEMPLATE).unwrap();
    symlink("../out", inside.join("link")).unwrap();
    let output = lint(folder.path(), &["--format", "json", "in"]);
    assert_eq!(json(&output)["summary"]["files"], 1);
    let output = lint(folder.path(), &["--format", "json", "in/link"]);
    assert_eq!(json(&output)["summary"]["files"], 1);
}
