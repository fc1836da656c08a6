//! The source tree against the picture in `src/lib.rs`: imports point one way, and what touches the world has its places.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Bottom up; modules of one line are strangers to each other.
const LINES: [&[&str]; 8] = [
    &["text"],
    &["promql", "condition", "gob", "prometheus", "analysis"],
    &["manifest", "lint", "evidence"],
    &["rules"],
    &["measure"],
    &["plugin"],
    &["cli"],
    &["main"],
];

/// No clock, socket, file, environment or thread.
const PURE: [&str; 8] = [
    "text",
    "promql",
    "condition",
    "gob",
    "manifest",
    "lint",
    "evidence",
    "rules",
];

/// A text of the code, what it means, and the only places where it may stand.
const KEPT_IN: [(&str, &str, &[&str]); 6] = [
    (
        "env::var",
        "the environment",
        &["src/cli/environment.rs", "src/plugin/handshake.rs"],
    ),
    ("env::args", "the process's arguments", &["src/cli/mod.rs"]),
    (
        "Timestamp::now()",
        "the wall clock",
        &[
            "src/measure/",
            "src/cli/run/",
            "src/cli/condition.rs",
            "src/plugin/log.rs",
            "src/prometheus/",
        ],
    ),
    ("SystemTime::now()", "the wall clock", &["src/prometheus/"]),
    (
        "io::stdout()",
        "standard output",
        &["src/cli/render.rs", "src/plugin/handshake.rs"],
    ),
    (
        "fs::read",
        "files",
        &["src/cli/", "src/measure/server.rs", "src/prometheus/"],
    ),
];

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(&root.join("src"), &mut found);
    found.sort();
    assert!(
        found.len() > 20,
        "the sources are not where they are looked for"
    );
    found
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// The module folder that a file belongs to.
fn module(file: &str) -> &str {
    let inside = file.strip_prefix("src/").unwrap();
    inside.split('/').next().unwrap().trim_end_matches(".rs")
}

fn line_of(module: &str) -> Option<usize> {
    LINES.iter().position(|line| line.contains(&module))
}

/// The file's code: comments and, from `#[cfg(test)]` on, tests left out.
fn code(source: &str) -> String {
    let code = source.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

/// The modules named after `crate::`, those in braces too.
fn imported(code: &str) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            None => vec![rest],
            Some(group) => {
                let mut depth = 1;
                let end = group.find(|c| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    depth == 0
                });
                group[..end.unwrap()].split(',').map(str::trim).collect()
            }
        };
        for name in names {
            let word: String = name
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            modules.insert(word);
        }
    }
    modules
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (file, source) in sources() {
        let own = module(&file);
        if own == "lib" {
            continue;
        }
        let line =
            line_of(own).unwrap_or_else(|| panic!("{file}: add `{own}` to its line of LINES"));
        for other in imported(&code(&source))
            .iter()
            .filter(|other| *other != own)
        {
            match line_of(other) {
                Some(below) if below < line => {}
                Some(_) => wrong.push(format!(
                    "{file} names `{other}`, which is not below `{own}`"
                )),
                None => wrong.push(format!("{file} names `{other}`, which stands on no line")),
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_file_says_what_it_is() {
    for (file, source) in sources() {
        assert!(
            is_test(&file) || source.starts_with("//!"),
            "{file}: begin with `//!`: what does it turn into what?"
        );
    }
}

#[test]
fn what_touches_the_world_has_its_places() {
    let mut wrong = Vec::new();
    for (file, source) in sources().into_iter().filter(|(file, _)| !is_test(file)) {
        let code = code(&source);
        for (text, what, places) in KEPT_IN {
            if code.contains(text) && !places.iter().any(|place| file.starts_with(place)) {
                wrong.push(format!(
                    "{file}: `{text}`: {what} belongs into {}",
                    places.join(", ")
                ));
            }
        }
        if PURE.contains(&module(&file)) {
            for world in [
                "tokio::",
                "std::fs",
                "std::net",
                "std::env",
                "std::thread",
                "Timestamp::now",
                "Instant::now",
            ] {
                if code.contains(world) {
                    wrong.push(format!(
                        "{file}: `{world}`, but `{}` is pure",
                        module(&file)
                    ));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_picture_in_lib_names_every_module() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for module in LINES
        .iter()
        .copied()
        .flatten()
        .filter(|module| **module != "main")
    {
        assert!(
            lib.contains(&format!("[`{module}`]")),
            "src/lib.rs: say where `{module}` stands"
        );
    }
}
