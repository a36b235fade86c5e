//! `tallyd stats` as a process, on a ledger that was posted to by the ledger's own code.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tallyd_ledger::batch::{Batch, MissingChange, ReferrerChange, VersionChange};
use tallyd_ledger::facts::{Class, Counts, DAY, HOUR, Version, hour_of};
use tallyd_ledger::ledger::{Ledger, Sqlite};

use crate::support::{Folder, Program};

/// A day in November 2026, in nanoseconds since 1970.
const NOON: i64 = 20_777 * DAY + 12 * HOUR;

/// Posts hits of one path, all complete, half of them downloads.
fn change(path: &[u8], class: Class, hits: u64, time: i64) -> VersionChange {
    let counts = Counts {
        hits,
        complete: hits,
        bytes: hits * 1_500_000,
        downloads: hits / 2,
        ..Counts::default()
    };
    VersionChange {
        version: Arc::new(Version {
            site: "".into(),
            path: path.into(),
            device: 1,
            inode: 2,
            length: 1_500_000,
            modified: NOON,
        }),
        number: hits,
        first: time,
        last: time,
        cells: vec![(hour_of(time), class, counts)],
        reached: [0; 10],
    }
}

/// A state directory with a ledger of these changes.
fn state(changes: Vec<VersionChange>) -> Folder {
    let folder = Folder::new();
    let mut ledger = Sqlite::open(&folder.join("ledger.db")).unwrap();
    let batch = Batch {
        versions: changes,
        referrers: vec![ReferrerChange {
            site: "".into(),
            path: b"/a.zip"[..].into(),
            day: 20_777,
            host: "news.example".into(),
            hits: 3,
        }],
        missing: vec![MissingChange {
            site: "".into(),
            path: b"/favicon.ico"[..].into(),
            requests: 7,
            last: NOON,
        }],
        latest: NOON,
        ..Batch::default()
    };
    ledger.post(&batch).unwrap();
    folder
}

fn some() -> Folder {
    state(vec![
        change(b"/a.zip", Class::Person, 1_200, NOON),
        change(b"/dir/b c.iso", Class::Bot, 40, NOON - DAY),
        change(b"/dir/\xff\x1b[2J.bin", Class::Tool, 10, NOON),
        change(b"/=cmd\n|calc", Class::Tool, 6, NOON),
    ])
}

fn stats(state: &Path) -> Program {
    Program::new(env!("CARGO_BIN_EXE_tallyd"))
        .arg("stats")
        .arg("--state")
        .arg(state)
}

/// The lines that it prints.
fn page(state: &Folder, args: &[&str]) -> Vec<String> {
    let text = stats(state.path()).args(args).output();
    text.lines().map(str::to_owned).collect()
}

/// It ends with this code and says all of `words`, and prints nothing.
fn fails(program: Program, code: i32, words: &[&str]) {
    let done = program.run();
    assert_eq!(done.code, Some(code), "{done:#?}");
    assert!(done.stdout.is_empty(), "{done:#?}");
    for word in words {
        assert!(done.stderr.contains(word), "no {word:?} in {}", done.stderr);
    }
}

#[test]
fn the_table_of_files_is_aligned_and_moves_no_cursor() {
    let lines = page(&some(), &["--since", "2026-11-01", "--until", "2026-11-30"]);
    assert_eq!(
        lines[..2],
        [
            "608 downloads by people and tools, 20 by others · 1,256 hits · 1.9 GB",
            "All sites 2026-11-01 to 2026-11-30",
        ]
    );
    let rows: Vec<(&str, &str)> = lines[3..8]
        .iter()
        .map(|line| {
            (
                line.split_whitespace().next().unwrap(),
                line.rsplit("  ").next().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("Downloads", "Path"),
            ("600", "/a.zip"),
            ("20", "/dir/b c.iso"),
            ("5", "/dir/\\xff\\u{1b}[2J.bin"),
            ("3", "/=cmd\\n|calc"),
        ]
    );
    let path_at = lines[3].find("Path").unwrap();
    assert!(
        lines[4..8]
            .iter()
            .all(|line| line[path_at..].starts_with('/')),
        "{lines:#?}"
    );
    assert!(lines.iter().all(|line| !line.chars().any(char::is_control)));
}

#[test]
fn one_file_is_shown_with_its_days() {
    let state = some();
    let lines = page(
        &state,
        &["a.zip", "--since", "2026-11-18", "--until", "2026-11-20"],
    );
    let text = lines.join("\n");
    assert_eq!(lines[0], "/a.zip");
    for words in [
        "hit number 1,200",
        "Downloads       600  all of them by people and tools",
        "  complete    1,200  100.0 %  ████████████████████████",
        "Downloads by day, 600 in 3 days",
        "600 ┤    █",
        "person-like        600  1,200        0       0  1.8 GB",
        "   3  news.example",
        " 1.5 MB  ",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    // As it is in a URL, and a directory.
    assert_eq!(page(&state, &["/dir/b%20c.iso"])[0], "/dir/b c.iso");
    for directory in ["/dir/", "/dir"] {
        let rows = page(&state, &[directory, "--sort", "path"]);
        let paths: Vec<&str> = rows
            .iter()
            .filter_map(|line| line.split("  /dir/").nth(1))
            .collect();
        assert_eq!(paths, ["b c.iso", "\\xff\\u{1b}[2J.bin"], "{rows:#?}");
    }
}

#[test]
fn json_has_exact_numbers_by_the_words_of_the_rules() {
    let state = some();
    let site: Value =
        serde_json::from_str(&stats(state.path()).args(&["--json"]).output()).unwrap();
    assert_eq!(site["rules"], 1);
    assert_eq!(
        (&site["hits"], &site["downloads"]),
        (&1_256.into(), &628.into())
    );
    assert_eq!(site["not_found_paths"][0]["path"], "/favicon.ico");
    let first = &site["files"][0];
    assert_eq!(first["path"], "/a.zip");
    assert_eq!(first["bytes"], 1_800_000_000_u64);
    assert_eq!(first["downloads_by_class"]["person-like"], 600);
    assert_eq!(first["last_seen"], "2026-11-20T12:00:00Z");
    assert!(first.get("path_bytes").is_none());
    let strange = &site["files"][2];
    assert_eq!(strange["path"], "/dir/\u{fffd}\u{1b}[2J.bin");
    assert_eq!(strange["path_bytes"], "/dir/%FF%1B%5B2J.bin");

    let file = stats(state.path()).args(&["/a.zip", "--json", "--since", "2026-11-19"]);
    let file: Value = serde_json::from_str(&file.output()).unwrap();
    for (name, number) in [
        ("hits", 1_200),
        ("complete", 1_200),
        ("aborted", 0),
        ("unsettled", 0),
        ("in_flight", 0),
        ("downloads", 600),
        ("partials", 0),
        ("repeats", 0),
        ("probes", 0),
    ] {
        assert_eq!(file[name], number, "{name}");
    }
    assert_eq!(file["days"][0]["day"], "2026-11-19");
    assert_eq!(file["days"][1]["hits"], 1_200);
    assert_eq!(file["versions"][0]["length"], 1_500_000);
}

#[test]
fn csv_is_a_row_for_each_file_and_no_formula() {
    let state = some();
    let done = stats(state.path())
        .args(&["--csv", "--limit", "0"])
        .output();
    assert!(done.starts_with(
        "rules,site,path,path_bytes,hits,complete,aborted,unsettled,in_flight,bytes,"
    ));
    assert!(
        done.contains("1,,/a.zip,/a.zip,1200,1200,0,0,0,1800000000,600,0,0,0,600,0,0,0,0,"),
        "{done}"
    );
    assert!(done.contains("/dir/%FF%1B%5B2J.bin,10,"), "{done}");
    assert!(done.contains(",/%3Dcmd%0A%7Ccalc,6,"), "{done}");
    let days = stats(state.path()).args(&[
        "/a.zip",
        "--csv",
        "--since",
        "2026-11-20",
        "--until",
        "2026-11-20",
    ]);
    assert!(
        days.output()
            .contains("1,,/a.zip,/a.zip,2026-11-20,1200,1200,")
    );
}

#[test]
fn without_hits_it_says_how_to_make_one() {
    let empty = Folder::new();
    Sqlite::open(&empty.join("ledger.db")).unwrap();
    let text = page(&empty, &[]).join("\n");
    assert!(
        text.contains("No hits yet. Fetch something: curl http://"),
        "{text}"
    );
    assert!(text.contains(&empty.path().display().to_string()), "{text}");
}

#[test]
fn what_is_wrong_is_said_with_a_way_out() {
    let state = some();
    let nowhere = Folder::new();
    let at = nowhere.join("ledger.db").display().to_string();
    fails(
        stats(nowhere.path()),
        1,
        &["there is no ledger", &at, "--root DIR", "--state DIR"],
    );
    nowhere.file("ledger.db", &b"no database ".repeat(100));
    fails(stats(nowhere.path()), 1, &["damaged", &at]);
    fails(
        stats(state.path()).args(&["/a.zpi"]),
        1,
        &["there are no counts of /a.zpi; did you mean", "/a.zip"],
    );
    fails(
        stats(state.path()).args(&["/else\x1b[2J"]),
        1,
        &["/else\\u{1b}[2J"],
    );
    fails(
        stats(state.path()).args(&["--host", "x"]),
        1,
        &["a site x", "the main site"],
    );
    fails(
        stats(state.path()).args(&["--since", "soon"]),
        2,
        &["write a day as 2026-11-20"],
    );
    fails(
        stats(state.path()).args(&["--since", "today", "--until", "yesterday"]),
        2,
        &["later day"],
    );
    fails(
        stats(state.path()).args(&["--live"]),
        2,
        &["--live needs a terminal"],
    );
}

#[test]
fn the_ledger_of_a_root_is_found_by_the_root() {
    let home = Folder::new();
    let root = Folder::with_index();
    let state = |root: &Path| {
        let variable = |name: &str| (name == "XDG_STATE_HOME").then(|| home.path().into());
        tallyd_ledger::state::default_directory(root, &variable, 1_000)
    };
    let of = |root: &Path| {
        Program::new("env")
            .arg(format!("XDG_STATE_HOME={}", home.path().display()))
            .args(&[env!("CARGO_BIN_EXE_tallyd"), "stats", "--root"])
            .arg(root)
    };
    std::fs::create_dir_all(state(root.path())).unwrap();
    Sqlite::open(&state(root.path()).join("ledger.db")).unwrap();
    let name = root.path().display().to_string();
    std::fs::write(state(root.path()).join("root"), &name).unwrap();
    assert!(of(root.path()).output().contains("No hits yet"));
    // And another one says where there is one.
    fails(
        of(home.path()),
        1,
        &["There are counts here of", &format!("--root {name}")],
    );

    let config = root.file(
        "tallyd.toml",
        format!("state = {:?}\n", some().path()).as_bytes(),
    );
    let configured = Program::new(env!("CARGO_BIN_EXE_tallyd"))
        .args(&["stats", "-c"])
        .arg(config);
    // That state directory is gone again: the message shows that it was looked at.
    fails(configured, 1, &["there is no ledger at /", "ledger.db"]);
}

#[test]
fn what_is_stored_is_explained() {
    let text = page(&some(), &["--explain"]).join("\n");
    for words in [
        "4 files since 2026-11-19",
        "keyed hash",
        "What is not stored",
        "tallyd stats forget PATH",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

#[test]
fn a_path_is_forgotten_only_after_a_yes() {
    let state = some();
    let forget = |args: &[&str]| stats(state.path()).arg("forget").arg("/a.zip").args(args);
    fails(forget(&[]), 2, &["1,200 hits", "can't be undone", "--yes"]);
    assert_eq!(page(&state, &["/a.zip"])[0], "/a.zip");
    assert_eq!(forget(&["--yes"]).output(), "Forgot /a.zip.");
    fails(
        stats(state.path()).arg("/a.zip"),
        1,
        &["there are no counts of /a.zip"],
    );
    fails(forget(&["--yes"]), 1, &["nothing was stored about /a.zip"]);
}

#[test]
fn a_purge_takes_the_days_and_leaves_the_totals() {
    let state = some();
    let purge = |args: &[&str]| {
        stats(state.path())
            .args(&["purge", "--before", "2026-11-20"])
            .args(args)
    };
    fails(
        purge(&[]),
        2,
        &["before 2026-11-20", "totals of 4 files stay", "--yes"],
    );
    assert_eq!(
        purge(&["--yes"]).output(),
        "Removed what was from before 2026-11-20."
    );
    let text = stats(state.path()).args(&["--json"]).output();
    let site: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(site["hits"], 1_216, "of that day alone");
    assert_eq!(site["files"][1]["path"], "/dir/b c.iso");
    assert_eq!(site["files"][1]["hits"], 40, "the total stays");
}
