//! The built binary against text files: arguments, files, standard input, a server's answer; standard output and error, exit code.
//!
//! A case is a file in `data/cli`: a line `$ promql-guard …`, then blocks that each begin with a line `--- name`:
//! `stdin`, `file NAME`, `after NAME` (what the file holds then), `answer` (the JSON body that a loopback server gives to each query; its address is
//! `{server}`), `stdout`, `stderr`, `code`. In what is printed, times are `{time}` and the case's folder is `{folder}`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

struct Case {
    command: String,
    blocks: Vec<(String, String)>,
}

impl Case {
    fn read(text: &str) -> Case {
        let mut case = Case {
            command: String::new(),
            blocks: Vec::new(),
        };
        for line in text.lines() {
            if let Some(command) = line
                .strip_prefix("$ promql-guard")
                .filter(|_| case.command.is_empty())
            {
                case.command = command.trim().to_owned();
            } else if let Some(name) = line.strip_prefix("--- ") {
                case.blocks.push((name.to_owned(), String::new()));
            } else if let Some((_, block)) = case.blocks.last_mut() {
                block.push_str(line);
                block.push('\n');
            }
        }
        case
    }

    fn block(&self, name: &str) -> Option<&str> {
        self.blocks
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, text)| text.as_str())
    }
}

/// Answers every request with `body`, until the process ends.
fn serve(body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            // The form of a query ends what is sent; the client waits for its answer then.
            while !request.windows(6).any(|window| window == b"query=") {
                match stream.read(&mut chunk) {
                    Ok(read) if read > 0 => request.extend_from_slice(&chunk[..read]),
                    _ => break,
                }
            }
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    address
}

/// `2026-01-02T03:04:05.678Z` as `{time}`, and so the seconds that a followed analysis takes.
fn timeless(text: &str) -> String {
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").unwrap();
    let since = regex::Regex::new(r"(?m)^ +\d+s  ").unwrap();
    let text = time.replace_all(text, "{time}");
    since.replace_all(&text, " {time}  ").into_owned()
}

fn played(case: &Case) -> String {
    let folder = tempfile::tempdir().unwrap();
    let server = case
        .block("answer")
        .map(|body| serve(body.trim().to_owned()))
        .unwrap_or_default();
    for (name, text) in &case.blocks {
        if let Some(file) = name.strip_prefix("file ") {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text.replace("{server}", &server)).unwrap();
        }
    }
    let arguments: Vec<String> = case
        .command
        .split_whitespace()
        .map(|word| word.replace("{server}", &server))
        .collect();
    let mut child = Command::new(env!("CARGO_BIN_EXE_promql-guard"))
        .args(&arguments)
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = case.block("stdin").unwrap_or_default();
    // A command that does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let clean = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let text = timeless(&text).replace(folder.path().to_str().unwrap(), "{folder}");
        if server.is_empty() {
            text
        } else {
            text.replace(&server, "{server}")
        }
    };
    let mut said = String::new();
    for (name, text) in [
        ("stdout", clean(&output.stdout)),
        ("stderr", clean(&output.stderr)),
    ] {
        if !text.is_empty() {
            said.push_str(&format!("--- {name}\n{text}"));
        }
    }
    said.push_str(&format!("--- code\n{}\n", output.status.code().unwrap()));
    for (name, _) in &case.blocks {
        if let Some(file) = name.strip_prefix("after ") {
            let text = fs::read_to_string(folder.path().join(file)).unwrap();
            said.push_str(&format!("--- {name}\n{text}"));
        }
    }
    said
}

fn expected(case: &Case) -> String {
    let mut expected = String::new();
    for (name, text) in &case.blocks {
        if matches!(name.as_str(), "stdout" | "stderr" | "code") || name.starts_with("after ") {
            expected.push_str(&format!("--- {name}\n{text}"));
        }
    }
    expected
}

#[test]
fn every_case_says_what_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/cli");
    let mut differ = Vec::new();
    let mut cases = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case = Case::read(&fs::read_to_string(&path).unwrap());
        cases += 1;
        let (said, expected) = (played(&case), expected(&case));
        if said != expected {
            differ.push(format!(
                "{}\nexpected:\n{expected}\nsaid:\n{said}",
                path.display()
            ));
        }
    }
    assert!(cases > 10, "the cases are not where they are looked for");
    assert!(
        differ.is_empty(),
        "{} of {cases} cases differ\n\n{}",
        differ.len(),
        differ.join("\n")
    );
}

#[test]
fn install_prints_the_checksum_of_the_binary() {
    let binary = env!("CARGO_BIN_EXE_promql-guard");
    let output = Command::new(binary)
        .args(["install", "--location", "https://host/promql-guard"])
        .output()
        .unwrap();
    let checksum = Command::new("sha256sum").arg(binary).output().unwrap();
    let checksum = String::from_utf8(checksum.stdout).unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains(&format!("sha256: \"{}\"", &checksum[..64])),
        "{printed}"
    );
}

#[test]
fn copy_writes_an_executable_of_the_same_bytes() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let binary = env!("CARGO_BIN_EXE_promql-guard");
    assert!(
        Command::new(binary)
            .arg("copy")
            .arg(folder.path())
            .status()
            .unwrap()
            .success()
    );
    let copy = folder.path().join("promql-guard");
    assert!(
        fs::read(binary).unwrap() == fs::read(&copy).unwrap(),
        "the copy differs"
    );
    assert_eq!(
        fs::metadata(&copy).unwrap().permissions().mode() & 0o111,
        0o111
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "something half written is left"
    );
}

#[test]
fn ctrl_c_sums_up_what_was_measured() {
    let body = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"0.5"]}}"#;
    let template = format!(
        r#"
kind: AnalysisTemplate
metadata: {{name: t}}
spec:
  metrics:
    - name: m
      interval: 1h
      successCondition: result < 1
      provider: {{prometheus: {{address: "{}", query: scalar(x)}}}}
"#,
        serve(body.to_owned())
    );
    let mut child = Command::new(env!("CARGO_BIN_EXE_promql-guard"))
        .args(["run", "-f", "-", "--watch"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Dropped at the end of the line, as the template is read to its end.
    child
        .stdin
        .take()
        .unwrap()
        .write_all(template.as_bytes())
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert_eq!(
        timeless(&first),
        " {time}  m  Successful    0.5           data"
    );
    let sent = Command::new("kill")
        .args(["-s", "INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(
        rest,
        [
            "",
            "m  2  half height is 1",
            "",
            "metric  phase    value  outcome",
            "m       Running  0.5    data",
            "",
            "m: findings: scalar-hides-absence: `scalar(…)` makes NaN of no series and of several; aggregate all series to one, `sum(…)` or `max(…)`, without `scalar`",
            "",
            "AnalysisTemplate/t: Running: interrupted",
        ]
    );
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
