//! The pre-commit hooks and the GitHub action against the binary that they run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_promql-guard");

fn yaml(file: &str) -> Value {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    promql_guard::manifest::read::to_json(&text).unwrap()
}

/// The flags of `lint` that stand in a command line.
fn unknown_flags(command: &str) -> Vec<&str> {
    let help = Command::new(BINARY)
        .args(["lint", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let known: Vec<&str> = help.split([' ', '\n', ',']).collect();
    command
        .split_whitespace()
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .filter(|word| !known.contains(word))
        .collect()
}

#[test]
fn hooks_run_what_there_is() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    for hook in hooks.as_array().unwrap() {
        let entry = hook["entry"].as_str().unwrap();
        assert!(entry.starts_with("promql-guard lint"), "{entry}");
        assert_eq!(unknown_flags(entry), Vec::<&str>::new());
        for key in ["id", "name", "description", "language"] {
            assert!(hook[key].is_string(), "{key}");
        }
        assert_eq!(hook["pass_filenames"], false);
    }
}

/// Runs the action's script on a folder that holds a template which lets everything pass; what it printed, its exit code, and
/// the addresses that it fetched.
fn act(variables: &[(&str, &str)]) -> (String, i32, String) {
    let action = yaml("action.yml");
    let step = &action["runs"]["steps"][0];
    let script = step["run"].as_str().unwrap();
    let line = script
        .lines()
        .find(|line| line.starts_with("lint()"))
        .unwrap();
    assert_eq!(unknown_flags(line), Vec::<&str>::new());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["bin", "assets", "repository"] {
        fs::create_dir(path(name)).unwrap();
    }
    // In place of the network: what is asked for is copied from `assets`.
    let curl = "#!/bin/sh\nfor url; do :; done\necho \"$url\" >> \"$ASSETS/asked\"\ncp \"$ASSETS/$(basename \"$url\")\" .\n";
    fs::write(path("bin/curl"), curl).unwrap();
    fs::set_permissions(path("bin/curl"), fs::Permissions::from_mode(0o755)).unwrap();
    let asset = format!("promql-guard-{}-linux", std::env::consts::ARCH);
    fs::copy(BINARY, path(&format!("assets/{asset}"))).unwrap();
    let sum = Command::new("sha256sum")
        .arg(&asset)
        .current_dir(path("assets"))
        .output()
        .unwrap();
    fs::write(path(&format!("assets/{asset}.sha256")), sum.stdout).unwrap();
    let template = "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: a}\nspec:\n  metrics:\n  - {name: m, provider: {prometheus: {address: 'http://p:9090', query: sum(up)}}}\n";
    fs::write(path("repository/a.yaml"), template).unwrap();
    let mut command = Command::new("bash");
    command.args(["-c", script]);
    let inputs = action["inputs"].as_object().unwrap();
    for (name, value) in step["env"].as_object().unwrap() {
        let value = value.as_str().unwrap().trim_matches(['$', '{', '}', ' ']);
        let value = match value.strip_prefix("inputs.") {
            Some(input) => inputs[input]["default"].as_str().unwrap(),
            None => match value {
                "github.action_repository" => "owner/promql-guard",
                "github.action_ref" => "v1.2.3",
                "github.server_url" => "https://github.com",
                other => panic!("`{other}` is none of GitHub's that the script needs"),
            },
        };
        command.env(name, value);
    }
    let search = format!("{}:{}", path("bin"), std::env::var("PATH").unwrap());
    let output = command
        .env("PATH", search)
        .env("ASSETS", path("assets"))
        .env("GITHUB_WORKSPACE", path("repository"))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        String::from_utf8(said).unwrap(),
        output.status.code().unwrap(),
        fs::read_to_string(path("assets/asked")).unwrap_or_default(),
    )
}

#[test]
fn the_action_lints_with_the_release_that_it_is_used_with() {
    let (said, code, asked) = act(&[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("::error file=a.yaml,line=6,"), "{said}");
    let first = asked.lines().next().unwrap();
    let arch = std::env::consts::ARCH;
    assert_eq!(
        first,
        format!(
            "https://github.com/owner/promql-guard/releases/download/v1.2.3/promql-guard-{arch}-linux"
        )
    );
}

#[test]
fn the_action_takes_arguments_and_no_orders() {
    let off = [
        (
            "ARGUMENTS",
            "--level missing-condition=off --scrape-interval 30s",
        ),
        ("REF", "main"),
    ];
    let (said, code, asked) = act(&off);
    assert_eq!(code, 0, "{said}");
    assert!(
        asked.starts_with("https://github.com/owner/promql-guard/releases/latest/download/"),
        "{asked}"
    );
    let (said, code, _) = act(&[("PATHS", "a.yaml; touch owned $(touch owned)")]);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("promql-guard: $(touch: read: No such file"),
        "{said}"
    );
}
