//! `tallyd load` against our own server: what it reports, how it ends, and what it refuses.

use std::fs;
use std::io::Read;
use std::net::TcpListener;

use serde_json::Value;

use crate::support::{Folder, LIMIT, Program, Start, Tallyd, unused_address};

fn load(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_tallyd"))
        .arg("load")
        .args(args)
}

/// A server of a tree of test files, 30 of a kilobyte.
struct Ground {
    folder: Folder,
    server: Tallyd,
}

impl Ground {
    fn new() -> Ground {
        let folder = Folder::new();
        let made = Program::new(env!("CARGO_BIN_EXE_tallyd"))
            .arg("files")
            .arg(folder.join("tree"))
            .args(&["--count", "30", "--size", "1KiB"])
            .run();
        assert_eq!(made.code, Some(0), "{made:?}");
        let server = Start::serving(folder.join("tree")).start();
        Ground { folder, server }
    }

    fn tree(&self) -> String {
        self.folder.join("tree").to_str().unwrap().to_owned()
    }

    fn url(&self) -> String {
        self.server.url("/dir-001/file-0001.bin")
    }

    /// The report as programs read it, and the exit code.
    fn report(&self, args: &[&str]) -> (Value, Option<i32>) {
        let done = load(&["--json"]).args(args).run();
        let report = serde_json::from_str(&done.stdout);
        (
            report.unwrap_or_else(|error| panic!("{error}: {done:?}")),
            done.code,
        )
    }
}

#[test]
fn every_request_is_answered_counted_and_logged() {
    let ground = Ground::new();
    let log = ground.folder.join("log");
    let log_name = log.to_str().unwrap();
    let args = ["-n", "300", "-c", "7", "--threads", "2", "-o", log_name];
    let (report, code) = ground.report(&[&args[..], &[&ground.url()]].concat());
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["version"], 1);
    for key in ["requests", "answered"] {
        assert_eq!(report[key], 300, "{report:#}");
    }
    for key in ["failed", "in_flight", "aborted", "unsent"] {
        assert_eq!(report[key], 0, "{report:#}");
    }
    assert_eq!(report["statuses"], serde_json::json!({"200": 300}));
    assert_eq!(report["bytes"], 300 * 1024);
    assert_eq!(report["latency"]["count"], 300);
    assert_eq!(
        report["latency"]["p99.9"],
        Value::Null,
        "300 answers don't tell it"
    );
    let histogram = report["histogram"].as_array().unwrap();
    let counts = histogram.iter().map(|bucket| bucket[1].as_u64().unwrap());
    assert_eq!(counts.sum::<u64>(), 300);
    let seconds = report["seconds"].as_array().unwrap();
    let answered = seconds
        .iter()
        .map(|second| second["answered"].as_u64().unwrap());
    assert_eq!(answered.sum::<u64>(), 300);

    let log = fs::read_to_string(log).unwrap();
    assert!(
        log.starts_with("#tallyd-load 1\n#at\tlatency\tstatus\tbytes\toutcome\tmethod\ttarget\n")
    );
    let lines: Vec<&str> = log.lines().skip(2).collect();
    assert_eq!(lines.len(), 300);
    for line in lines {
        assert!(
            line.ends_with("\t200\t1024\tok\tGET\t/dir-001/file-0001.bin"),
            "{line}"
        );
    }
    // The server says the same.
    assert_eq!(ground.server.hits(300).len(), 300);
}

#[test]
fn people_read_what_was_asked_and_what_came() {
    let ground = Ground::new();
    let done = load(&["-n", "50", "-c", "1", &ground.url()]).run();
    assert_eq!(done.code, Some(0), "{done:?}");
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(lines[0], format!("GET {}", ground.url()));
    assert_eq!(
        lines[1],
        "Closed: 1 connection on 1 thread, each asks again once it is answered"
    );
    assert!(lines[2].starts_with("Took "), "{lines:#?}");
    assert!(
        done.stdout.contains("\n200        50  100.0 %\n"),
        "{done:?}"
    );
    assert!(
        done.stdout
            .contains("50 answers tell nothing of p99: it needs 100.")
    );
    assert_eq!(done.stderr, "");
}

#[test]
fn the_classic_mix_is_each_file_and_then_one_a_hundred_times_verified() {
    let ground = Ground::new();
    let tree = ground.tree();
    let base = ground.server.url("/");
    let manifest = format!("{tree}/MANIFEST.tsv");
    for truth in [&tree, &manifest] {
        let args = [
            "--classic",
            &manifest,
            "--verify",
            truth,
            "--expect",
            "verified=all",
            &base,
        ];
        let (report, code) = ground.report(&args);
        assert_eq!(code, Some(0), "{report:#}");
        assert_eq!(
            (&report["answered"], &report["verified"]),
            (&130.into(), &130.into())
        );
        assert_eq!(report["plan"]["order"], "script");
    }
}

#[test]
fn a_body_with_other_bytes_is_an_error_in_transport() {
    let ground = Ground::new();
    let tree = ground.folder.join("tree");
    let elsewhere = ground.folder.join("manifest");
    fs::copy(tree.join("MANIFEST.tsv"), &elsewhere).unwrap();
    fs::write(tree.join("dir-001/file-0001.bin"), [b'x'; 1024]).unwrap();
    let verify = ["--verify", elsewhere.to_str().unwrap(), "-n", "20"];
    let (report, code) = ground.report(&[&verify[..], &[&ground.url()]].concat());
    assert_eq!(code, Some(3), "{report:#}");
    assert_eq!(report["errors"], serde_json::json!({"wrong-bytes": 20}));
    assert_eq!(report["answered"], 0);

    // Who expects them has been answered by that.
    let allowed = ["--expect", "errors<=100%"];
    let (_, code) = ground.report(&[&verify[..], &allowed, &[&ground.url()]].concat());
    assert_eq!(code, Some(0));
    let refused = ["--expect", "errors<5"];
    let (_, code) = ground.report(&[&verify[..], &refused, &[&ground.url()]].concat());
    assert_eq!(code, Some(4));
}

#[test]
fn an_expectation_that_fails_is_named_and_ends_with_4() {
    let ground = Ground::new();
    let missing = ground.server.url("/missing");
    let expected = ["--expect", "status=200", "--expect", "errors=0", "-n", "10"];
    let done = load(&expected).arg(&missing).run();
    assert_eq!(done.code, Some(4), "{done:?}");
    for line in [
        "NO   expected status=200: it was 404 (10)",
        "yes  expected errors=0: it was 0",
    ] {
        assert!(done.stdout.contains(line), "no {line}: {done:?}");
    }
    let done = load(&expected).args(&["--json", &missing]).run();
    assert_eq!(done.code, Some(4), "{done:?}");
    assert_eq!(done.stderr, "tallyd: expected status=200: it was 404 (10)");
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(report["expectations"][0]["met"], false);
    assert_eq!(report["expectations"][1]["met"], true);
}

#[test]
fn an_open_test_asks_as_many_as_the_schedule_says() {
    let ground = Ground::new();
    let args = [
        "-q",
        "200",
        "-z",
        "1s",
        "--keep-alive",
        "off",
        &ground.url(),
    ];
    let (report, code) = ground.report(&args);
    assert_eq!(code, Some(0), "{report:#}");
    // One is due every 5 ms from the start on, and the one at a second is not.
    let begun = |key: &str| report[key].as_u64().unwrap();
    assert_eq!(begun("requests") + begun("unsent"), 200, "{report:#}");
    assert_eq!(report["plan"]["model"], "open");
    assert_eq!(report["raw"]["count"], report["latency"]["count"]);
    let connections = begun("connections");
    assert!(connections >= begun("answered"), "{report:#}");
}

#[test]
fn a_signal_ends_it_with_a_report_of_what_was_done() {
    let ground = Ground::new();
    let running = load(&["--json", "-c", "1", "-z", "1h", &ground.url()]).start();
    ground.server.hits(1);
    running.interrupt();
    let done = running.finish();
    assert_eq!(done.code, Some(3), "{done:?}");
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(report["stopped"], true);
    assert!(report["answered"].as_u64().unwrap() > 0, "{report:#}");
}

#[test]
fn what_cannot_be_done_is_said_and_ends_with_1() {
    let ground = Ground::new();
    let refused = format!("http://{}/", unused_address());
    let nowhere = ground.folder.join("none/log");
    for (args, expected) in [
        (&[refused.as_str()][..], "tallyd: cannot connect to 127."),
        (
            &["http://no-such-host.invalid/"],
            "tallyd: cannot find the address of no-such-host.invalid: ",
        ),
        (
            &["--verify", "/no/such/tree", &ground.url()],
            "tallyd: cannot verify: \"/no/such/tree\": ",
        ),
        (
            &["-o", nowhere.to_str().unwrap(), &ground.url()],
            "tallyd: cannot write ",
        ),
    ] {
        let done = load(args).run();
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.stderr.starts_with(expected), "{done:?}");
        assert_eq!(done.stdout, "");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    for (args, expected) in [
        (&["https://localhost/"][..], "https is not there yet"),
        (
            &["-q", "5", "--replay", "log", "localhost"],
            "cannot be used with",
        ),
        (
            &["--classic", "tree", "localhost", "localhost/b"],
            "take one URL",
        ),
        (&["-z", "10", "localhost"], "is not a time"),
        (&["-c", "0", "localhost"], "'0'"),
        (&["--expect", "fast", "localhost"], "expect p50 to p99.99"),
        (&["-m", "G T", "127.0.0.1:1"], "is not a method"),
        (&[], "<URL>"),
    ] {
        let done = load(args).run();
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains(expected), "no {expected}: {done:?}");
    }
}

#[test]
fn a_log_that_does_not_fit_is_said_and_the_report_is_there_all_the_same() {
    let ground = Ground::new();
    let done = load(&["-n", "20", "-o", "/dev/full", &ground.url()]).run();
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr
            .contains("tallyd: the log of the requests is not whole: "),
        "{done:?}"
    );
    assert!(done.stdout.contains("\nAnswered "), "{done:?}");
}

#[test]
fn help_man_page_and_completions_have_the_command() {
    let tallyd = |args: &[&str]| {
        let program = Program::new(env!("CARGO_BIN_EXE_tallyd"));
        program.args(args).output()
    };
    let help = tallyd(&["load", "--help"]);
    let man = tallyd(&["generate", "man"]).replace("\\-", "-");
    let bash = tallyd(&["generate", "completions", "bash"]);
    assert!(man.contains("tallyd load [OPTIONS]"), "{man}");
    for option in [
        "--classic",
        "--mix",
        "--replay",
        "--verify",
        "--expect",
        "--limit-rate",
    ] {
        for text in [&help, &man, &bash] {
            assert!(text.contains(option), "no {option}: {text}");
        }
    }
}

#[test]
fn a_mix_and_a_replay_of_what_it_left_in_the_log_ask_the_same() {
    let ground = Ground::new();
    let mix = format!(
        "url = \"{}\"\n\n[[request]]\ntree = \"{}/MANIFEST.tsv\"\n\n[[request]]\npath = \"/missing\"\nweight = 1\n",
        ground.server.url("/"),
        ground.tree()
    );
    let mix = ground.folder.file("mix.toml", mix.as_bytes());
    let (report, code) = ground.report(&["--mix", mix.to_str().unwrap(), "-n", "50", "-c", "2"]);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["plan"]["order"], "weighted");
    assert_eq!(report["answered"], 50);

    let line = |path: &str| {
        format!(
            "::1 - - [20/Nov/2026:10:00:00 +0000] \"GET {path} HTTP/1.1\" 200 1024 \"-\" \"-\"\n"
        )
    };
    let log = ["/dir-001/file-0002.bin", "/missing"].map(line).concat() + "odd\n";
    let log = ground.folder.file("access.log", log.as_bytes());
    let args = [
        "--json",
        "--speed",
        "max",
        "--replay",
        log.to_str().unwrap(),
    ];
    let done = load(&args).arg(ground.server.url("/")).run();
    assert_eq!(done.code, Some(0), "{done:?}");
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(report["statuses"], serde_json::json!({"200": 1, "404": 1}));
    assert!(
        done.stderr.contains("odd"),
        "what was not read is shown: {done:?}"
    );
}

#[test]
fn a_silent_server_does_not_hold_up_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let running = load(&["--json", "-n", "1", "-c", "1", "--timeout", "1h", &url]).start();
    // The first connection only finds out whether anybody is there.
    drop(listener.accept().unwrap());
    let (mut asked, _) = listener.accept().unwrap();
    asked.set_read_timeout(Some(LIMIT)).unwrap();
    asked.read_exact(&mut [0; 4]).unwrap();
    running.interrupt();
    let done = running.finish();
    assert_eq!(done.code, Some(3), "{done:?}");
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        (&report["in_flight"], &report["requests"]),
        (&1.into(), &1.into())
    );
    assert!(
        report["oldest_in_flight"].as_f64().unwrap() > 0.0,
        "{report:#}"
    );
}

/// What is on the terminal of a test that takes a second and whose report goes elsewhere, and that report.
fn on_a_terminal(ground: &Ground, columns: u16, lines: u16, options: &str) -> (String, String) {
    let binary = env!("CARGO_BIN_EXE_tallyd");
    let (url, report) = (ground.url(), ground.folder.join("report"));
    let command = format!(
        "stty cols {columns} rows {lines}; \
         exec env TERM=xterm '{binary}' load -q 100 -z 1s {options} '{url}' > '{}'",
        report.display()
    );
    let done = Program::on_terminal(&command).run();
    assert_eq!(done.code, Some(0), "{done:?}");
    (done.stdout, fs::read_to_string(report).unwrap())
}

#[test]
fn a_terminal_shows_how_far_it_is_and_is_clean_afterwards() {
    let ground = Ground::new();
    let (shown, report) = on_a_terminal(&ground, 60, 10, "");
    assert!(
        shown.contains(" %  ") && shown.contains(" of 1 s"),
        "{shown:?}"
    );
    assert!(
        shown.contains(" a second  ") && shown.contains("  0 errors"),
        "{shown:?}"
    );
    assert!(
        shown.contains("\x1b[1A"),
        "it is drawn over itself: {shown:?}"
    );
    assert!(shown.ends_with("\x1b[J"), "nothing is left: {shown:?}");
    assert!(report.starts_with("GET http://"), "{report}");

    let (shown, _) = on_a_terminal(&ground, 40, 2, "");
    assert!(!shown.contains("a second"), "one line has room: {shown:?}");
    for options in ["--no-live", "--json"] {
        let (shown, _) = on_a_terminal(&ground, 60, 10, options);
        assert_eq!(shown, "", "{options}");
    }
}
