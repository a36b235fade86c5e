//! The start on a terminal: laid out for people. And without one: as programs read it, whatever else is wanted.

use std::net::SocketAddr;
use std::path::Path;

use qrcodegen::{QrCode, QrCodeEcc};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Folder, Program, Running, Start, exchange};

/// A server on a terminal of its own.
struct Terminal {
    script: Running,
    server: Pid,
}

impl Terminal {
    /// Serves `root` on a terminal so wide, with `environment` (`NAME=VALUE ...`) and `options` as typed into a shell.
    fn serving(root: &Path, columns: u16, environment: &str, options: &str) -> Terminal {
        let binary = env!("CARGO_BIN_EXE_tallyd");
        let root = root.display();
        let command = format!(
            "stty cols {columns} rows 24; echo process $$; \
             exec env TERM=xterm NO_COLOR= {environment} '{binary}' --no-state --admin 0 {options} '{root}'"
        );
        let script = Program::on_terminal(&command).start();
        let line = script.stdout().wait_for_text("process ");
        let server = line.rsplit(' ').next().unwrap().parse().unwrap();
        let server = Pid::from_raw(server).unwrap();
        Terminal { script, server }
    }

    /// Waits until the page is there.
    fn page(self) -> Terminal {
        self.script.stdout().wait_for_text("Ctrl+C");
        self
    }

    /// The port that it accepts connections at.
    fn address(&self) -> SocketAddr {
        let line = self.script.stdout().wait_for_text("http://127.0.0.1:");
        let url = line.rsplit("http://").next().unwrap();
        url.trim_end_matches('/').parse().unwrap()
    }

    /// Ctrl+C; what was on the terminal from the headline on.
    fn stop(self) -> Vec<String> {
        self.interrupt(Signal::INT);
        let lines = self.script.stdout().to_end();
        let begin = lines.iter().position(|line| line.starts_with("Serving "));
        lines[begin.expect("a headline")..].to_vec()
    }

    fn interrupt(&self, signal: Signal) {
        kill_process(self.server, signal).expect("signal the server");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It outlives its terminal otherwise, since HUP means to read the configuration again. Mostly it has ended.
        kill_process(self.server, Signal::KILL).ok();
    }
}

#[test]
fn a_terminal_shows_the_folder_the_addresses_and_how_to_stop_then_the_log() {
    let folder = Folder::with_index();
    let terminal = Terminal::serving(folder.path(), 80, "", "-l 127.0.0.1:0 -l 127.0.0.2:0").page();
    let at = terminal.address();
    let ask = b"GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(exchange(at, ask, 1)[0].status, 200);
    terminal.script.stdout().wait_for_text("/index.html|");
    let lines = terminal.stop();

    let root = folder.path().display();
    assert_eq!(lines[0], format!("Serving {root} at http://{at}/"));
    assert_eq!(lines[1], "");
    let rows: Vec<String> = lines
        .iter()
        .skip(2)
        .map(|line| without_style(line))
        .collect();
    let (also, rows) = rows.split_first().unwrap();
    assert!(
        also.starts_with("  Also at     http://127.0.0.2:"),
        "{also}"
    );
    assert_eq!(rows[0], "  For others  none: only this machine reaches it");
    let (dashboard, rows) = rows[1..].split_first().unwrap();
    assert!(
        dashboard.starts_with("  Dashboard   http://127.0.0.1:"),
        "{dashboard}"
    );
    assert_eq!(
        rows[..4],
        [
            "  Counts in   memory, until it stops",
            "  Log lines   path|client|port|hit number",
            "  Stop with   Ctrl+C",
            "",
        ]
    );
    assert!(rows[4].starts_with("/index.html|127.0.0.1|"), "{rows:#?}");
    // The page has it all: none of it is said once more on standard error.
    assert!(
        !lines.iter().any(|line| line.contains("dashboard at")),
        "{lines:#?}"
    );
}

#[test]
fn labels_are_faint_where_colours_are_welcome_and_nowhere_else() {
    let folder = Folder::with_index();
    let page = |environment| {
        let terminal = Terminal::serving(folder.path(), 80, environment, "-l 127.0.0.1:0");
        terminal.page().stop().join("\n")
    };
    assert!(page("").contains("\n  \x1b[2mStop with\x1b[0m   Ctrl+C"));
    assert!(!page("NO_COLOR=1").contains('\x1b'));
    assert!(!page("TERM=dumb").contains('\x1b'));
}

#[test]
fn forty_columns_are_enough_for_the_page() {
    let folder = Folder::with_index();
    let root = folder.join("a-folder/with-a-long-name/in-others");
    std::fs::create_dir_all(&root).unwrap();
    let options = "-l 127.0.0.1:0 --listing";
    let lines = Terminal::serving(&root, 40, "NO_COLOR=1", options)
        .page()
        .stop();
    assert!(
        lines[0].contains('…') && lines[0].ends_with(" at"),
        "{lines:#?}"
    );
    assert!(lines[1].starts_with("http://127.0.0.1:"), "{lines:#?}");
    let page = lines.iter().take_while(|line| !line.contains("Ctrl+C"));
    assert!(page.clone().count() > 5);
    assert!(
        page.clone().all(|line| line.chars().count() <= 40),
        "{lines:#?}"
    );
}

#[test]
fn the_name_of_a_folder_does_not_move_the_cursor() {
    let folder = Folder::with_index();
    let root = folder.join("a\x1b[2J\x07b");
    std::fs::create_dir(&root).unwrap();
    let options = "-l 127.0.0.1:0 --listing";
    let lines = Terminal::serving(&root, 200, "NO_COLOR=1", options)
        .page()
        .stop();
    assert!(
        lines[0].contains("a\\u{1b}[2J\\u{7}b at http"),
        "{lines:#?}"
    );
    assert!(!lines.join("").contains(['\x1b', '\x07']), "{lines:#?}");
}

#[test]
fn the_code_on_a_terminal_is_that_of_the_address_for_others() {
    let folder = Folder::with_index();
    for environment in ["NO_COLOR=1", "NO_COLOR="] {
        let terminal =
            Terminal::serving(folder.path(), 80, environment, "-l 0.0.0.0:0 --qr").page();
        let end = |line: &str| line.starts_with("http://") || line.starts_with("No QR code");
        terminal
            .script
            .stdout()
            .wait_for("the end of the code", end);
        let lines = terminal.stop();
        let coloured = environment == "NO_COLOR=";
        assert_eq!(
            lines
                .iter()
                .any(|line| line.contains("\x1b[38;5;231;48;5;16m")),
            coloured && has_network()
        );
        let plain: Vec<String> = lines.iter().map(|line| without_style(line)).collect();
        assert_has_code(&plain, "No QR code: only this machine");
    }
}

#[test]
fn a_terminal_too_narrow_for_the_code_says_so() {
    let folder = Folder::with_index();
    let terminal = Terminal::serving(folder.path(), 30, "NO_COLOR=1", "-l 0.0.0.0:0 --qr").page();
    let why = terminal.script.stdout().wait_for_text("No QR code: ");
    let expected = if has_network() {
        "columns, and this terminal has 30."
    } else {
        "only this machine"
    };
    assert!(why.contains(expected), "{why}");
    let lines = terminal.stop();
    assert!(!lines.join("").contains('█'), "{lines:#?}");
}

#[test]
fn without_a_terminal_there_are_the_lines_that_programs_read_and_the_code_is_elsewhere() {
    let folder = Folder::with_index();
    let args = ["--listen", "0.0.0.0:0", "--qr"];
    let ended = Start::bare().arg(folder.path()).args(&args).start().stop();
    let begin = format!("Serving {} at http://", folder.path().display());
    for line in &ended.stdout {
        let rest = line
            .strip_prefix(&begin)
            .and_then(|rest| rest.strip_suffix('/'));
        assert!(
            rest.is_some_and(|at| at.parse::<SocketAddr>().is_ok()),
            "{line}"
        );
    }
    assert!(!ended.stdout.is_empty());
    assert_has_code(&ended.stderr, "no QR code: only this machine");
}

/// Whether this machine has another address than that of the loopback, by what the server itself says.
fn has_network() -> bool {
    let folder = Folder::with_index();
    let start = Start::bare()
        .arg(folder.path())
        .args(&["--listen", "0.0.0.0:0"]);
    let lines = start.start().stop().stdout;
    lines.iter().any(|line| !line.contains(" at http://127."))
}

/// The code among `lines` is that of the address below it, with four light modules around; on a machine without a
/// network it is said `why` there is none.
fn assert_has_code(lines: &[String], why: &str) {
    let is_code = |line: &&String| line.starts_with('█');
    let drawn: Vec<&String> = lines.iter().filter(is_code).collect();
    if !has_network() {
        assert!(
            drawn.is_empty() && lines.iter().any(|line| line.contains(why)),
            "{lines:#?}"
        );
        return;
    }
    let url = lines
        .iter()
        .find(|line| line.starts_with("http://"))
        .expect("its address");
    assert!(!url.starts_with("http://127."), "{url}");
    let code = QrCode::encode_text(url, QrCodeEcc::Low).unwrap();
    let whole = code.size() + 8;
    let rows: Vec<Vec<bool>> = drawn.iter().flat_map(|line| light_in(line)).collect();
    assert_eq!(rows.len(), usize::try_from(whole + 1).unwrap());
    for (row, y) in rows.iter().zip(-4..) {
        let expected: Vec<bool> = (-4..whole - 4).map(|x| !code.get_module(x, y)).collect();
        assert_eq!(*row, expected, "row {y}");
    }
}

/// The two rows of modules of a line, those that are light.
fn light_in(line: &str) -> [Vec<bool>; 2] {
    let upper = line.chars().map(|letter| "█▀".contains(letter));
    let lower = line.chars().map(|letter| "█▄".contains(letter));
    [upper.collect(), lower.collect()]
}

/// A line as it is read.
fn without_style(line: &str) -> String {
    let mut pieces = line.split('\x1b');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    plain.extend(pieces.map(|piece| piece.split_once('m').expect("the end of a style").1));
    plain
}
