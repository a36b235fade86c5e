//! What prose would let drift, held by tests: files and their openings, the map in ARCHITECTURE.md, the names
//! in the documents, the reasons for dependencies.
//!
//! Each rule is a function from text to complaints, tried on made-up text first: a rule that can't fail holds
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A longer file is two jobs grown together.
const MOST_LINES: usize = 600;

/// What is made and not kept, as in .gitignore.
const NOT_KEPT: &[&str] = &[
    ".git",
    "target",
    "fuzz/target",
    "fuzz/corpus",
    "fuzz/artifacts",
    "bench/out",
    "www/downloads/sample.bin",
];

/// Words that say something of whoever wrote a file, or that it is unfinished. In two halves, so that this
/// file does not have them.
const FORBIDDEN: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("FIX", "ME"),
    concat!("TO", "DO"),
];

/// The texts of the project by their path from its root.
type Texts = BTreeMap<String, String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn texts() -> io::Result<Texts> {
    let mut texts = Texts::new();
    collect(&root(), "", &mut texts)?;
    Ok(texts)
}

fn collect(directory: &Path, prefix: &str, texts: &mut Texts) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if NOT_KEPT.contains(&path.as_str()) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), texts)?;
        } else if let Ok(text) = String::from_utf8(fs::read(entry.path())?) {
            texts.insert(path, text);
        }
    }
    Ok(())
}

/// The texts whose names end so.
fn ending<'a>(texts: &'a Texts, end: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let ends = move |(path, _): &(&'a String, &'a String)| path.ends_with(end);
    let pair = |(path, text): (&'a String, &'a String)| (path.as_str(), text.as_str());
    texts.iter().filter(ends).map(pair)
}

fn assert_none(complaints: impl IntoIterator<Item = String>) {
    let complaints: Vec<String> = complaints.into_iter().collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The shape of one source file.
fn shape((path, text): (&str, &str)) -> Vec<String> {
    let mut complaints = Vec::new();
    if !text.starts_with("//! ") {
        complaints.push(format!("{path}: does not open with //! and what it is"));
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        complaints.push(format!("{path}: {lines} lines, more than {MOST_LINES}"));
    }
    complaints
}

#[test]
fn a_source_file_says_what_it_is_and_has_one_job() {
    let long = format!("//! A.\n{}", "\n".repeat(MOST_LINES));
    assert_eq!(shape(("a.rs", "//! What it is.\n")), [""; 0]);
    assert_eq!(shape(("a.rs", "// What it is.\n")).len(), 1);
    assert_eq!(shape(("a.rs", "use std::fs;\n//! Late.\n")).len(), 1);
    assert_eq!(shape(("a.rs", &long)).len(), 1);

    let texts = texts().unwrap();
    assert!(
        ending(&texts, ".rs").count() > 50,
        "the files were not found"
    );
    assert_none(ending(&texts, ".rs").flat_map(shape));
}

/// The files that the map names: `- ` and a name in backticks, below a heading with the folder in backticks.
fn mapped(architecture: &str) -> Vec<String> {
    let mut folder = "";
    let mut named = Vec::new();
    for line in architecture.lines() {
        if line.starts_with('#') {
            let heading = line.strip_prefix("### ").unwrap_or_default();
            folder = in_backticks(heading).next().unwrap_or_default();
        }
        if let (Some(rest), true) = (line.strip_prefix("- "), !folder.is_empty()) {
            let files = in_backticks(rest).take(1);
            named.extend(files.map(|name| format!("{folder}/{name}")));
        }
    }
    named
}

/// What stands in backticks on one line.
fn in_backticks(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn is_mapped(path: &str) -> bool {
    let is_source = path.contains("/src/") || path.starts_with("fuzz/");
    let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
    path.ends_with(".rs") && is_source && !is_test
}

fn differences(existing: &BTreeSet<&str>, named: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut complaints = Vec::new();
    for name in named {
        if !existing.contains(name.as_str()) {
            complaints.push(format!(
                "ARCHITECTURE.md names {name}, which does not exist"
            ));
        }
        if !seen.insert(name.as_str()) {
            complaints.push(format!("ARCHITECTURE.md names {name} twice"));
        }
    }
    let missing = existing.difference(&seen);
    complaints.extend(missing.map(|path| format!("ARCHITECTURE.md does not name {path}")));
    complaints
}

#[test]
fn the_map_names_the_files_that_exist() {
    let map = "### `crates/a`: it\n\n- `src/b.rs`: b, see `c.rs`\n- `src/gone.rs`: gone\n- `src/b.rs`: again\n\n\
               ## Else\n\n- `x`: no file\n";
    let named = mapped(map);
    assert_eq!(
        named,
        [
            "crates/a/src/b.rs",
            "crates/a/src/gone.rs",
            "crates/a/src/b.rs"
        ]
    );
    assert_eq!(
        differences(
            &BTreeSet::from(["crates/a/src/b.rs", "crates/a/src/new.rs"]),
            &named
        ),
        [
            "ARCHITECTURE.md names crates/a/src/gone.rs, which does not exist",
            "ARCHITECTURE.md names crates/a/src/b.rs twice",
            "ARCHITECTURE.md does not name crates/a/src/new.rs",
        ]
    );
    assert!(is_mapped("crates/a/src/b/c.rs") && !is_mapped("crates/a/src/b/tests.rs"));

    let texts = texts().unwrap();
    let existing = texts
        .keys()
        .map(String::as_str)
        .filter(|path| is_mapped(path));
    assert_none(differences(
        &existing.collect(),
        &mapped(&texts["ARCHITECTURE.md"]),
    ));
}

fn forbidden((path, text): (&str, &str)) -> Vec<String> {
    let found = FORBIDDEN.iter().filter(|word| text.contains(**word));
    found.map(|word| format!("{path}: has {word:?}")).collect()
}

#[test]
fn no_file_says_where_or_when_it_was_written() {
    assert_eq!(forbidden(("a", "the framework of the work")), [""; 0]);
    assert_eq!(
        forbidden(("a", &format!("cd {}main", FORBIDDEN[0]))).len(),
        1
    );

    assert_none(ending(&texts().unwrap(), "").flat_map(forbidden));
}

/// The dependencies of a manifest without a comment on the line above. Our own crates need none.
fn unexplained((path, manifest): (&str, &str)) -> Vec<String> {
    let mut in_dependencies = false;
    let mut above = "";
    let mut complaints = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
        } else if in_dependencies
            && let Some((name, _)) = line.split_once([' ', '.', '='])
            && !line.starts_with(['#', ' ', ']', '}'])
            && !name.starts_with("tallyd")
            && !above.starts_with('#')
        {
            complaints.push(format!("{path}: no reason above {name}"));
        }
        above = line;
    }
    complaints
}

#[test]
fn every_dependency_has_its_reason_above_it() {
    let manifest = "[package]\nname = \"x\"\n\n[dependencies]\ntallyd-http = 1\n# Why.\na = \"1\"\nb = \"1\"\n\n\
                    [dev-dependencies]\nc = { version = \"1\" }\n";
    assert_eq!(
        unexplained(("x", manifest)),
        ["x: no reason above b", "x: no reason above c"]
    );

    assert_none(ending(&texts().unwrap(), "Cargo.toml").flat_map(unexplained));
}

/// What a document names in backticks and links to, with the line it does so on.
fn names(document: &str) -> impl Iterator<Item = (usize, &str)> {
    document.lines().enumerate().flat_map(|(at, line)| {
        let links = line.split("](").skip(1);
        let targets = links.filter_map(|rest| rest.split([')', '#']).next());
        in_backticks(line)
            .chain(targets)
            .map(move |name| (at + 1, name))
    })
}

/// Files that a document names and that do not exist. Links count from the document's own folder.
fn lost_files(path: &str, document: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_file = |name: &str| {
        let is_document = name.ends_with(".md") && !name.contains("://");
        is_document || name.starts_with("crates/") || name.starts_with("docs/")
    };
    let is_lost = |name: &str| {
        let beside = format!("{folder}/{name}");
        let above = name.strip_prefix("../").unwrap_or(name);
        !exists(name.trim_end_matches('/')) && !exists(beside.trim_matches('/')) && !exists(above)
    };
    names(document)
        .filter(|(_, name)| is_file(name) && is_lost(name))
        .map(|(line, name)| format!("{path}:{line}: {name} does not exist"))
        .collect()
}

#[test]
fn documents_name_files_that_exist() {
    let exists = |name: &str| ["docs", "docs/http.md", "README.md"].contains(&name);
    let text =
        "`docs/`, [a](http.md#x), [b](../README.md), [c](https://example.org/d.md)\n`docs/gone.md`";
    assert_eq!(
        lost_files("docs/a.md", text, exists),
        ["docs/a.md:2: docs/gone.md does not exist"]
    );

    let root = root();
    let exists = |name: &str| root.join(name).exists();
    let texts = texts().unwrap();
    assert_none(ending(&texts, ".md").flat_map(|(path, text)| lost_files(path, text, exists)));
}

/// Tests that a document names and that do not exist: names of four words and more.
fn lost_tests(path: &str, document: &str, tests: &BTreeSet<&str>) -> Vec<String> {
    let is_test = |name: &str| {
        name.matches('_').count() >= 3
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    names(document)
        .filter(|(_, name)| is_test(name) && !tests.contains(name))
        .map(|(line, name)| format!("{path}:{line}: there is no test {name}"))
        .collect()
}

/// The names of the functions of a source file.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    let lines = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("fn "));
    lines.filter_map(|rest| rest.split('(').next())
}

#[test]
fn documents_name_tests_that_exist() {
    let tests = functions("    fn what_is_tested_here() {\nfn other() {}\n").collect();
    let text = "`what_is_tested_here` `what_was_tested_once` `access_log`";
    assert_eq!(
        lost_tests("a.md", text, &tests),
        ["a.md:1: there is no test what_was_tested_once"]
    );

    let texts = texts().unwrap();
    let tests = ending(&texts, ".rs")
        .flat_map(|(_, text)| functions(text))
        .collect();
    assert_none(ending(&texts, ".md").flat_map(|(path, text)| lost_tests(path, text, &tests)));
}

/// Keys of the default configuration whose row, with this default, is not in the document, and rows of no key.
fn undocumented(defaults: &str, document: &str) -> Vec<String> {
    let is_key = |line: &&str| !line.starts_with('#') && line.contains(" = ");
    let rows: BTreeSet<String> = defaults
        .lines()
        .filter(is_key)
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, value)| format!("| `{key}` | `{value}` |"))
        .collect();
    let written: BTreeSet<String> = document
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split_inclusive('|').take(3).collect())
        .collect();
    let missing = rows
        .difference(&written)
        .map(|row| format!("missing: {row}"));
    let wrong = written
        .difference(&rows)
        .map(|row| format!("of no option: {row}"));
    missing.chain(wrong).collect()
}

#[test]
fn every_option_is_documented_with_its_default() {
    let document = "| `port` | `8080` | The port. |\n| `gone` | `1` | Was here. |\n";
    assert_eq!(
        undocumented("# A comment = x\nport = 8080\nroot = \"www\"\n", document),
        [
            "missing: | `root` | `\"www\"` |",
            "of no option: | `gone` | `1` |"
        ]
    );

    let tallyd = Command::new(env!("CARGO_BIN_EXE_tallyd"))
        .args(["check", "--defaults"])
        .output()
        .unwrap();
    let defaults = String::from_utf8(tallyd.stdout).unwrap();
    assert!(defaults.contains("\nport = "), "no defaults: {defaults}");
    let texts = texts().unwrap();
    assert_none(undocumented(&defaults, &texts["docs/configuration.md"]));
}
