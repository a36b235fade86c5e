//! `tallyd files`: trees as a person makes them, served by the real binary and fetched by programs of others.

use std::fs;
use std::path::{Path, PathBuf};

use crate::counts::Disk;
use crate::support::{Folder, Program, Start, wait_until};

/// A line of a manifest: length, SHA-256, path as it is asked for.
type Line = (u64, String, String);

fn files(dir: &Path, args: &[&str]) -> Program {
    let program = Program::new(env!("CARGO_BIN_EXE_tallyd")).arg("files");
    program.arg(dir).args(args)
}

fn manifest(path: &Path) -> Vec<Line> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let line = |line: &str| {
        let columns: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let [_, length, sha256, path] = columns.try_into().unwrap();
        (length.parse().unwrap(), sha256, path)
    };
    lines.map(line).collect()
}

/// What `sha256sum` says of these files, in their order.
fn sha256(paths: &[PathBuf]) -> Vec<String> {
    // With -z, names with odd letters stay as they are.
    let mut program = Program::new("sha256sum").args(&["-z", "--"]);
    for path in paths {
        program = program.arg(path);
    }
    let done = program.run();
    assert_eq!(done.code, Some(0), "{done:?}");
    let lines = done.stdout.split_terminator('\0');
    lines.map(|line| line[..64].to_owned()).collect()
}

/// Serves the tree, fetches what the manifest names with curl, and compares.
fn assert_served_as_listed(tree: &Path, manifest: &[Line]) {
    let server = Start::serving(tree).args(&["--access-log", "off"]).start();
    let fetched = Folder::new();
    let mut program = Program::curl(&["--fail", "--path-as-is"]);
    let mut paths = Vec::new();
    for (number, (_, _, target)) in manifest.iter().enumerate() {
        let path = fetched.join(number.to_string());
        program = program.arg("-o").arg(&path).arg(server.url(target));
        paths.push(path);
    }
    let done = program.run();
    assert_eq!(done.code, Some(0), "{done:?}");
    let lengths = paths
        .iter()
        .map(|path| fs::read(path).unwrap().len() as u64);
    let found: Vec<(u64, String)> = lengths.zip(sha256(&paths)).collect();
    let listed = manifest.iter();
    let listed: Vec<_> = listed.map(|line| (line.0, line.1.clone())).collect();
    assert_eq!(found, listed);
    server.stop();
}

#[test]
fn a_tree_as_on_the_web_is_served_as_its_manifest_says() {
    let folder = Folder::new();
    let tree = folder.join("tree");
    let done = files(&tree, &["--size", "web"]).run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.starts_with("Made 100 files, "), "{done:?}");
    assert_eq!(done.stderr, "");
    let listed = manifest(&tree.join("MANIFEST.tsv"));
    assert_eq!(listed.len(), 100);
    assert_served_as_listed(&tree, &listed);

    let again = files(&tree, &["--size", "web"]).run();
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stdout.contains("holds this tree already: 100 files"));
}

#[test]
fn hard_names_are_served_as_their_manifest_says() {
    let folder = Folder::new();
    let (tree, list) = (folder.join("tree"), folder.join("list.tsv"));
    let place = ["--manifest", list.to_str().unwrap()];
    let done = files(&tree, &["--names", "hard", "--count", "80"])
        .args(&place)
        .run();
    assert_eq!(done.code, Some(0), "{done:?}");
    let listed = manifest(&list);
    assert_eq!(listed.len(), 80);
    assert_served_as_listed(&tree, &listed);
}

#[test]
fn wget_fetches_every_hard_name_whole() {
    let folder = Folder::new();
    let (tree, list) = (folder.join("tree"), folder.join("list.tsv"));
    let done = files(
        &tree,
        &["--names", "hard", "--count", "37", "--size", "100"],
    )
    .args(&["--manifest", list.to_str().unwrap()])
    .run();
    assert_eq!(done.code, Some(0), "{done:?}");
    let server = Start::serving(&tree).start();
    let listed = manifest(&list);
    let urls: Vec<String> = listed.iter().map(|line| server.url(&line.2)).collect();
    let input = folder.file("urls", urls.join("\n").as_bytes());
    let all = folder.join("all");
    let done = Program::wget(&["--quiet", "-O"])
        .arg(&all)
        .arg("-i")
        .arg(&input)
        .run();
    assert_eq!(done.code, Some(0), "{done:?}");
    // All in one file, in order: each hundred bytes are those of the tree.
    let found = fs::read(&all).unwrap();
    assert_eq!(found.len(), 3700);
    let parts = folder.join("parts");
    fs::create_dir(&parts).unwrap();
    let mut paths = Vec::new();
    for (number, part) in found.chunks(100).enumerate() {
        let path = parts.join(number.to_string());
        fs::write(&path, part).unwrap();
        paths.push(path);
    }
    let expected: Vec<String> = listed.into_iter().map(|line| line.1).collect();
    assert_eq!(sha256(&paths), expected);
    server.stop();
}

#[test]
fn a_foreign_directory_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let mine = folder.file("letter", b"mine");
    for args in [&[][..], &["--force"]] {
        let done = files(folder.path(), args).run();
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.stderr.contains("there is \"letter\""), "{done:?}");
        assert_eq!(done.stdout, "");
    }
    assert_eq!(fs::read(mine).unwrap(), b"mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn another_tree_is_named_by_its_options_and_replaced_by_force() {
    let folder = Folder::new();
    let tree = folder.join("tree");
    assert_eq!(files(&tree, &["--count", "3"]).run().code, Some(0));
    let refused = files(&tree, &["--count", "2"]).run();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let words = "--count 3 --size 10KiB --names plain --seed 1; --force replaces it";
    assert!(refused.stderr.contains(words), "{refused:?}");
    let forced = files(&tree, &["--count", "2", "--force"]).run();
    assert_eq!(forced.code, Some(0), "{forced:?}");
    assert_eq!(manifest(&tree.join("MANIFEST.tsv")).len(), 2);
    assert!(!tree.join("dir-001/file-0003.bin").exists());
}

#[test]
fn wrong_usage_ends_with_2() {
    let folder = Folder::new();
    let done = files(&folder.join("tree"), &["--size", "10KB"]).run();
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("is not a size"), "{done:?}");
    assert!(!folder.join("tree").exists());
}

#[test]
fn help_man_page_and_completions_have_the_command() {
    let tallyd = |args: &[&str]| {
        let program = Program::new(env!("CARGO_BIN_EXE_tallyd"));
        program.args(args).output()
    };
    let help = tallyd(&["files", "--help"]);
    let man = tallyd(&["generate", "man"]).replace("\\-", "-");
    let bash = tallyd(&["generate", "completions", "bash"]);
    assert!(man.contains("tallyd files [OPTIONS] DIR"), "{man}");
    assert!(tallyd(&["--help"]).contains("Make a tree of test files"));
    for option in [
        "--count",
        "--size",
        "--names",
        "--seed",
        "--manifest",
        "--force",
    ] {
        for text in [&help, &man, &bash] {
            assert!(text.contains(option), "no {option}: {text}");
        }
    }
    assert!(bash.contains("plain hard"), "{bash}");
}

#[test]
fn a_full_disk_is_said_with_what_is_left_and_the_same_command_goes_on() {
    let disk = Disk::new("4m");
    let tree = disk.path().join("tree");
    let args = ["--size", "400KiB", "--count", "8"];
    fs::write(disk.path().join("ballast"), vec![b'x'; 2 << 20]).unwrap();
    let full = files(&tree, &args).run();
    assert_eq!(full.code, Some(1), "{full:?}");
    for words in [
        "the disk is full: cannot write",
        "dir-001/file-0006.bin\"",
        "5 of 8 files (2048000 bytes) are left in",
        "run the same command again",
    ] {
        assert!(full.stderr.contains(words), "no {words:?}: {full:?}");
    }
    let left = fs::read_dir(tree.join("dir-001")).unwrap();
    assert_eq!(left.count(), 5, "the half file is gone");
    assert!(!tree.join("MANIFEST.tsv").exists());

    disk.free();
    let done = files(&tree, &args).run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(manifest(&tree.join("MANIFEST.tsv")).len(), 8);
}

#[test]
fn a_signal_leaves_no_manifest_and_no_half_file() {
    let folder = Folder::new();
    let tree = folder.join("tree");
    // A thousand files of this length are more than any disk has: only the signal ends it.
    let running = files(&tree, &["--size", "100GiB", "--count", "1000"]).start();
    let first = tree.join("dir-001/file-0001.bin");
    wait_until("the first file is begun", || fs::File::open(&first).is_ok());
    running.interrupt();
    let done = running.finish();
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr.contains("stopped: 0 of 1000 files (0 bytes)"),
        "{done:?}"
    );
    assert!(!first.exists() && !tree.join("MANIFEST.tsv").exists());
    assert!(tree.join("MANIFEST.tsv.unfinished").exists());
}
