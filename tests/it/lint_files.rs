//! `lint` on files that no text file can show: bytes that are no text, sizes, links, permissions, line ends, many files at once.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

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

/// Runs `lint` in a folder, and fails where it does not end.
fn ends(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_promql-guard"))
        .arg("lint")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stderr.take().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        sender.send(text)
    });
    let text = receiver.recv_timeout(Duration::from_secs(60));
    if text.is_err() {
        child.kill().unwrap();
    }
    (child.wait().unwrap().code(), text.expect("it hangs"))
}

#[test]
fn what_is_no_regular_file_is_neither_read_nor_written() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("open.yaml"), TEMPLATE).unwrap();
    fs::create_dir(root.join("folder")).unwrap();
    let pipe = root.join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    symlink("gone", root.join("nowhere")).unwrap();
    for (file, found) in [
        ("pipe", "a pipe"),
        ("socket", "a socket"),
        ("/dev/zero", "a device"),
    ] {
        let no = format!("expected a regular file, found {found}\n");
        for (arguments, said) in [
            (&[file][..], format!("{file}: read: {no}")),
            (
                &["--config", file, "open.yaml"],
                format!("settings `{file}`: read: {no}"),
            ),
            (
                &["--baseline", file, "open.yaml"],
                format!("baseline `{file}`: read: {no}"),
            ),
            (
                &["--write-baseline", file, "open.yaml"],
                format!("baseline `{file}`: write: {no}"),
            ),
        ] {
            let expected = (Some(2), format!("promql-guard: {said}"));
            assert_eq!(ends(root, arguments), expected, "{arguments:?}");
        }
    }
    for (file, said) in [
        ("folder", "write: expected a regular file, found a folder"),
        ("nowhere", "write: No such file or directory (os error 2)"),
        (
            "open.yaml",
            "not written: the file is there and is no baseline; name another",
        ),
    ] {
        let expected = format!("promql-guard: baseline `{file}`: {said}\n");
        let found = ends(root, &["--write-baseline", file, "open.yaml"]);
        assert_eq!(found, (Some(2), expected));
    }
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    assert!(root.join("nowhere").is_symlink());
    assert_eq!(
        fs::read_to_string(root.join("open.yaml")).unwrap(),
        TEMPLATE
    );
}

#[test]
fn a_baseline_is_written_over_nothing_and_over_a_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("open.yaml"), TEMPLATE).unwrap();
    fs::write(root.join("empty"), "").unwrap();
    let arguments = ["--write-baseline", "empty", "open.yaml"];
    assert_eq!(lint(root, &arguments).status.code(), Some(0));
    let baseline = fs::read_to_string(root.join("empty")).unwrap();
    assert!(baseline.starts_with("{\"version\":1,"), "{baseline}");
    // It is there now, through a link too.
    symlink("empty", root.join("link")).unwrap();
    let arguments = ["--write-baseline", "link", "open.yaml"];
    assert_eq!(lint(root, &arguments).status.code(), Some(0));
    assert_eq!(fs::read_to_string(root.join("empty")).unwrap(), baseline);
    assert!(root.join("link").is_symlink());
}

#[test]
fn what_is_too_large_to_be_told_to_lint_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("open.yaml"), TEMPLATE).unwrap();
    fs::write(root.join("config"), "#".repeat((1 << 20) + 1)).unwrap();
    fs::write(root.join("good"), "#".repeat(1 << 20)).unwrap();
    fs::write(root.join("baseline"), " ".repeat((64 << 20) + 1)).unwrap();
    for (option, file, said) in [
        (
            "--config",
            "config",
            "settings `config`: read: it holds more than 1 MiB",
        ),
        (
            "--baseline",
            "baseline",
            "baseline `baseline`: read: it holds more than 64 MiB",
        ),
    ] {
        let output = lint(root, &[option, file, "open.yaml"]);
        assert_eq!(said_of(&output), (Some(2), said.to_owned()));
    }
    let output = lint(root, &["--config", "good", "open.yaml"]);
    assert_eq!(output.status.code(), Some(1));
}

fn said_of(output: &Output) -> (Option<i32>, String) {
    let (code, text) = said(output);
    let text = text.trim_end().trim_start_matches("promql-guard: ");
    (code, text.to_owned())
}

#[test]
fn a_large_baseline_takes_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("open.yaml"), TEMPLATE).unwrap();
    let entries: Vec<String> = (0..1_000_000)
        .map(|number| format!("{{\"fingerprint\":\"{number:016x}\",\"rule\":\"x\"}}"))
        .collect();
    let text = format!("{{\"version\":1,\"findings\":[{}]}}", entries.join(","));
    fs::write(root.join("baseline"), text).unwrap();
    // The address space is limited to 256 MiB and what the threads' stacks reserve.
    let limited = format!(
        "ulimit -v {}; exec \"$0\" lint --baseline baseline open.yaml",
        (256 + 64) << 10
    );
    let output = Command::new("sh")
        .args(["-c", &limited, env!("CARGO_BIN_EXE_promql-guard")])
        .current_dir(root)
        .output()
        .unwrap();
    let (code, text) = said(&output);
    assert_eq!(code, Some(1), "{text}");
}

#[test]
fn folders_elsewhere_are_linted_where_they_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("tree/inner")).unwrap();
    fs::create_dir(root.join("elsewhere")).unwrap();
    fs::write(root.join("tree/inner/open.yaml"), TEMPLATE).unwrap();
    fs::write(root.join("elsewhere/open.yaml"), TEMPLATE).unwrap();
    symlink("../elsewhere", root.join("tree/out")).unwrap();
    symlink("inner", root.join("tree/in")).unwrap();
    let output = lint(root, &["--format", "json", "tree"]);
    assert_eq!(json(&output)["summary"]["files"], 1);
    assert_eq!(json(&output)["gates"][0]["file"], "tree/in/open.yaml");
    let note = "note: left out 1 link to folders elsewhere (tree/out); name them to lint them too";
    assert_eq!(said_of(&output), (Some(1), note.to_owned()));
    let output = lint(root, &["--format", "json", "tree/out"]);
    assert_eq!(json(&output)["gates"][0]["file"], "tree/out/open.yaml");
    assert_eq!(said(&output).1, "");
}

#[test]
fn a_fix_is_not_written_where_it_would_do_more() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["read.yaml", "hard.yaml"] {
        fs::write(root.join(name), TEMPLATE).unwrap();
    }
    fs::set_permissions(root.join("read.yaml"), fs::Permissions::from_mode(0o444)).unwrap();
    fs::hard_link(root.join("hard.yaml"), root.join("other")).unwrap();
    for (file, why) in [
        ("read.yaml", "the file is read-only"),
        (
            "hard.yaml",
            "the file has 2 names (hard links), and a new one would take the place of one alone",
        ),
    ] {
        let output = lint(root, &["--fix", file]);
        assert_eq!(said_of(&output), (Some(2), format!("{file}: write: {why}")));
        assert_eq!(fs::read_to_string(root.join(file)).unwrap(), TEMPLATE);
    }
    assert_eq!(fs::read_dir(root).unwrap().count(), 3);
}

/// Another's file in a folder for all; only an administrator can make one, and others have nothing to look at here.
#[test]
fn a_fix_leaves_a_file_to_its_owner() {
    const OTHER: u32 = 12345;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let file = root.join("open.yaml");
    fs::write(&file, TEMPLATE).unwrap();
    if chown(&file, Some(OTHER), Some(OTHER)).is_err() {
        return;
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(root, fs::Permissions::from_mode(0o777)).unwrap();
    // Where the tests are built may be closed to others.
    let binary = root.join("promql-guard");
    fs::copy(env!("CARGO_BIN_EXE_promql-guard"), &binary).unwrap();
    let run = |user| {
        let mut command = Command::new(&binary);
        command.args(["lint", "--fix", "open.yaml"]);
        command.current_dir(root).env_clear().uid(user).gid(user);
        command.output().unwrap()
    };
    let why = "open.yaml: write: the file belongs to user 12345, group 12345, and a new one in its place would not";
    assert_eq!(said_of(&run(OTHER + 1)), (Some(2), why.to_owned()));
    assert_eq!(fs::read_to_string(&file).unwrap(), TEMPLATE);
    assert_eq!(run(0).status.code(), Some(1));
    assert_ne!(fs::read_to_string(&file).unwrap(), TEMPLATE);
    let metadata = fs::metadata(&file).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (OTHER, OTHER));
    assert_eq!(metadata.permissions().mode() & 0o777, 0o666);
}

#[test]
fn no_secret_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let text = TEMPLATE
        .replace("http://", "http://user:hunter2@")
        .replace(
            "        query:",
            "        headers:\n        - {key: X, value: hunter2, why: password}\n        - key: Authorization\n          value: hunter2\n        query:",
        )
        .replace(
            "namespace=\"shop\"",
            "url=~\"http://user:hunter2@shop\",namespace=~\"shop\"",
        )
        .replace("    # é: kept\n", "");
    fs::write(root.join("open.yaml"), text).unwrap();
    for arguments in [
        &["--diff"][..],
        &["--diff", "--verbose"],
        &["--format", "json"],
        &["--format", "sarif"],
        &["--verbose"],
    ] {
        let output = lint(root, arguments);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            !printed.is_empty() && !printed.contains("hunter2"),
            "{printed}"
        );
        let is_masked = printed.contains("        address: ***** (masked)\n");
        assert_eq!(is_masked, arguments[0] == "--diff", "{printed}");
    }
}

#[test]
fn no_control_character_gets_through() {
    const HOSTILE: [char; 6] = [
        '\u{1b}', '\u{7f}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{2069}',
    ];
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let typed: String = HOSTILE.iter().collect();
    let name = "\"a\\u007f\\u009b\\u202e\\u2066\\u2069\\e[31m\"";
    let text = TEMPLATE.replace("name: errors", &format!("name: {name}"));
    fs::write(root.join(format!("{}.yaml", &typed[1..])), text).unwrap();
    let bogus = format!("--bogus{typed}[31m");
    let (format, level) = (format!("--format={typed}"), format!("--level={typed}"));
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_promql-guard"));
        command.args(arguments).current_dir(root).env_clear();
        command.output().unwrap()
    };
    for arguments in [
        &["lint", "--format", "json"][..],
        &["lint", "--format", "sarif"],
        &["lint"],
        &["lint", "--verbose"],
        &["verdicts", "--format", "json"],
        &["verdicts"],
        &["lint", &bogus],
        &["lint", &format],
        &["lint", &level],
        &[&typed],
        &["lint", &typed],
        &["explain", &typed],
    ] {
        let output = run(arguments);
        for printed in [&output.stdout, &output.stderr] {
            let printed = std::str::from_utf8(printed).unwrap();
            assert!(!printed.contains(HOSTILE), "{arguments:?}: {printed:?}");
        }
    }
    let gates = run(&["verdicts", "--format", "json"]);
    let metric = format!("a{}\u{1b}[31m", &typed[1..]);
    assert_eq!(json(&gates)["gates"][0]["metric"], metric.as_str());
}

#[test]
fn a_full_disk_is_told_and_a_closed_pipe_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("open.yaml"), TEMPLATE).unwrap();
    for (arguments, code) in [
        (&["lint", "--format", "json"][..], 1),
        (&["lint", "--diff"], 1),
        (&["verdicts"], 0),
        (&["explain"], 0),
        (&["--help"], 0),
        (&["parse", "--ndjson"], 0),
    ] {
        let run = |output: Stdio| {
            let mut child = Command::new(env!("CARGO_BIN_EXE_promql-guard"))
                .args(arguments)
                .current_dir(root)
                .env_clear()
                .stdin(Stdio::piped())
                .stdout(output)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let asked = b"{\"query\":\"up\"}\n";
            // Most commands read nothing.
            let _ = child.stdin.take().unwrap().write_all(asked);
            said(&child.wait_with_output().unwrap())
        };
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let why = "promql-guard: standard output: write: No space left on device (os error 28)\n";
        assert_eq!(run(full.into()), (Some(2), why.to_owned()), "{arguments:?}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(
            run(writer.into()),
            (Some(code), String::new()),
            "{arguments:?}"
        );
    }
}
