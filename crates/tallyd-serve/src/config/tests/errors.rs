//! The exact text of what is said about mistakes. All of them are said at once.

use std::path::PathBuf;

use super::{Typed, check, lines};
use crate::config::{Flag, Sources};

fn file(file: &str, expected: &str) {
    check(
        Typed {
            file,
            ..Typed::default()
        },
        expected,
    );
}

#[test]
fn unknown_keys() {
    file(
        "porrt = 80",
        "config.toml:1:1: unknown key \"porrt\" (did you mean \"port\"?)",
    );
    file(
        "\n  log_format = 'json'",
        "config.toml:2:3: unknown key \"log_format\" (did you mean \"log-format\"?)",
    );
    file(
        "something = 1",
        "config.toml:1:1: unknown key \"something\"",
    );
    file(
        "[hosts.a]\nroot = '/a'\nlistng = true",
        "config.toml:3:1: unknown key \"listng\" (did you mean \"listing\"?)",
    );
    file(
        "[hosts.a]\nroot = '/a'\nport = 8080",
        "config.toml:3:1: \"port\" is for the whole server, not for one host",
    );
    // The nearest name of the whole server would be no help inside of a host.
    file(
        "[hosts.a]\nroot = '/a'\nworkerz = 1",
        "config.toml:3:1: unknown key \"workerz\"",
    );
}

#[test]
fn wrong_types() {
    file(
        "listing = 1",
        "config.toml:1:11: expected true or false, found a number",
    );
    file(
        "listing = 'true'",
        "config.toml:1:11: expected true or false, found text",
    );
    file(
        "root = 5",
        "config.toml:1:8: expected text in quotes, found a number",
    );
    file(
        "port = true",
        "config.toml:1:8: expected a whole number, or text in quotes, found true or false",
    );
    file(
        "port = 0x50",
        "config.toml:1:8: expected a whole number, or text in quotes, found a number that is not decimal",
    );
    file(
        "keep-alive = 1.5",
        "config.toml:1:14: expected a whole number, or text in quotes, found a fraction",
    );
    file(
        "index = 'a'",
        "config.toml:1:9: expected a list such as [\"one\", \"two\"], found text",
    );
    file(
        "index = ['a', 2]",
        "config.toml:1:15: expected text in quotes, found a number",
    );
    file(
        "types = ['a']",
        "config.toml:1:9: expected a table such as { \"key\" = \"value\" }, found a list",
    );
    file(
        "types = { a = ['text/a'] }",
        "config.toml:1:15: expected text in quotes, found a list",
    );
    file(
        "hosts = 'a'",
        "config.toml:1:9: expected a table of hosts, found text",
    );
    file(
        "hosts = { a = 1 }",
        "config.toml:1:15: expected a directory in quotes, or a table of options, found a number",
    );
    file(
        "root = 2026-01-01",
        "config.toml:1:8: expected text in quotes, found a date or time",
    );
    file(
        "[root]",
        "config.toml:1:1: expected text in quotes, found a table",
    );
}

#[test]
fn columns_are_counted_in_characters() {
    file(
        "index = ['äöü', '', 'ß/']",
        "
        config.toml:1:17: \"\" is not the name of a file
        config.toml:1:21: \"ß/\" is not the name of a file",
    );
}

#[test]
fn every_mistake_is_said_in_order() {
    let typed = Typed {
        file: "port = 99999\nroot = ''\nporrt = 1\n[headers]\n'/a' = ['X: 1', 'Y', 'Z']",
        environment: &[("TALLYD_PRT", "1"), ("TALLYD_WORKERS", "0")],
        flags: &[("log-level", "loud"), ("max-body", "1KB")],
    };
    check(typed, "
        config.toml:1:8: \"99999\" is not a port: write 1 to 65535, or 0 for one that the system picks
        config.toml:2:8: a path is missing
        config.toml:3:1: unknown key \"porrt\" (did you mean \"port\"?)
        config.toml:5:17: \"Y\" is not a header: write \"Name: value\"
        config.toml:5:22: \"Z\" is not a header: write \"Name: value\"
        TALLYD_PRT: unknown variable (did you mean \"TALLYD_PORT\"?)
        TALLYD_WORKERS: \"0\" is not a number of workers: write auto, or 1 to 1024
        --log-level: \"loud\" is not one of error, warn, info, debug
        --max-body: \"1KB\" is not a size: write 16KiB, 1MiB or 2GiB; a plain number means bytes");
}

#[test]
fn errors_of_syntax_are_said_once_for_each_line() {
    file(
        "port =\nlisting = yes\nroot = 'a'\nroot = 'b'\nporrt = 1",
        "
        config.toml:1:7: string values must be quoted, expected literal string
        config.toml:2:11: string values must be quoted, expected literal string
        config.toml:4:1: duplicate key
        config.toml:5:1: unknown key \"porrt\" (did you mean \"port\"?)",
    );
    file(
        "index = ['a'",
        "config.toml:1:13: unclosed array, expected `]`",
    );
    let mut deep = "[".repeat(100_000);
    deep.insert_str(0, "index = ");
    assert!(super::from_file(&deep).is_err());
}

#[test]
fn a_file_that_is_not_text() {
    let mut problems = Vec::new();
    crate::config::file::parse("c".as_ref(), b"port = 1\nro\xff", &mut problems);
    assert_eq!(lines(&problems), "c:2:3: this is not UTF-8");
    file(
        "\u{feff}porrt = 1",
        "config.toml:1:1: unknown key \"porrt\" (did you mean \"port\"?)",
    );
}

#[test]
fn a_file_that_cannot_be_read() {
    let missing = |path: &str| Sources {
        file: Some(PathBuf::from(path)),
        ..Sources::default()
    };
    let problems = crate::config::load(missing("/nowhere/c.toml")).unwrap_err();
    assert_eq!(
        lines(&problems),
        "/nowhere/c.toml: cannot be read: No such file or directory (os error 2)"
    );
    let problems = crate::config::load(missing("/dev/zero")).unwrap_err();
    assert_eq!(
        lines(&problems),
        "/dev/zero: cannot be read: it has more than 4 MiB, so it is no configuration"
    );
    let from_environment = Sources {
        environment: vec![("TALLYD_CONFIG".into(), "/nowhere/e.toml".into())],
        ..Sources::default()
    };
    assert_eq!(
        from_environment.config_file(),
        Some("/nowhere/e.toml".as_ref())
    );
    assert!(crate::config::load(from_environment).is_err());
}

#[test]
fn ports_and_addresses_that_contradict_each_other() {
    let privileged = "port 80 is under 1024, which is refused unless it is meant: \
        add --allow-privileged-port (allow-privileged-port = true), or use a port from 1024 on, such as 8080";
    file("port = 80", &format!("config.toml:1:8: {privileged}"));
    file(
        "listen = ['[::1]:80']",
        &format!("config.toml:1:11: {privileged}"),
    );
    file(
        "port = 80\nlisten = ['[::1]', '127.0.0.1']",
        &format!("config.toml:1:8: {privileged}"),
    );
    file("port = 80\nallow-privileged-port = true", "");
    file("port = 9000\nlisten = ['[::1]:8080']", "
        config.toml:1:8: port 9000 would not be used: every address of listen (config.toml:2:11) has its own; \
        leave it out there or here");
    let over_file = Typed {
        file: "listen = ['[::1]:8080']",
        flags: &[("port", "0")],
        ..Typed::default()
    };
    check(
        over_file,
        "
        --port: port 0 would not be used: every address of listen (config.toml:1:11) has its own; \
        leave it out there or here",
    );
    let under_flag = Typed {
        file: "port = 80",
        flags: &[("listen", "localhost:8080")],
        ..Typed::default()
    };
    check(under_flag, "");
    file(
        "listen = ['*:8080', '8080']",
        "config.toml:1:21: the same address is listed twice",
    );
    file("listen = ['*:0', '*:0']", "");
}

#[test]
fn hosts() {
    file("[hosts]\n'a:80' = '/a'\n'*.b' = '/b'\n'' = '/c'", "
        config.toml:2:1: \"a:80\" is not the name of a host: write it without port and wildcards, such as \"example.org\"
        config.toml:3:1: \"*.b\" is not the name of a host: write it without port and wildcards, such as \"example.org\"
        config.toml:4:1: \"\" is not the name of a host: write it without port and wildcards, such as \"example.org\"");
    file(
        "[hosts.a]\nlisting = true",
        "config.toml:1:8: host \"a\" has no root: say which directory it serves",
    );
    file(
        "[hosts]\na = '/a'\nA = '/b'",
        "config.toml:3:1: host \"a\" is given twice",
    );
    file(
        "[hosts.a]\nroot = '/a'\nindex = ['/']",
        "config.toml:3:10: \"/\" is not the name of a file",
    );
}

#[test]
fn limits_that_contradict_each_other() {
    let expected =
        "max-target (8192 bytes) is larger than max-head (4096 bytes), of which it is a part";
    file(
        "max-head = '4KiB'",
        &format!("config.toml:1:12: {expected}"),
    );
    file(
        "max-head = '4KiB'\nmax-target = '8KiB'",
        &format!("config.toml:2:14: {expected}"),
    );
}

#[test]
fn maps_on_the_command_line() {
    let flags = [
        ("types", "md"),
        ("types", "=text/a"),
        ("types", "a=text/a"),
        ("types", "a=text/b"),
    ];
    check(
        Typed {
            flags: &flags,
            ..Typed::default()
        },
        "
        --types: \"=text/a\" is not EXT=TYPE
        --types: \"a\" is given twice
        --types: \"md\" is not EXT=TYPE",
    );
    let flags = [("headers", "*.a=X: 1"), ("headers", "*.a=Y: 2")];
    check(
        Typed {
            flags: &flags,
            ..Typed::default()
        },
        "",
    );
}

#[test]
fn values_that_are_not_utf8() {
    use std::os::unix::ffi::OsStringExt;
    let flag = |option, value: &[u8]| Flag {
        option,
        shown: format!("--{option}"),
        value: std::ffi::OsString::from_vec(value.to_vec()),
    };
    let sources = |flags| Sources {
        flags,
        ..Sources::default()
    };
    let flags = vec![
        flag("port", b"\xff"),
        flag("index", b"a\xff"),
        flag("listen", b"\xff"),
    ];
    assert_eq!(
        lines(&crate::config::load(sources(flags)).unwrap_err()),
        "--index: \"a\\xFF\" is not UTF-8\n--listen: \"\\xFF\" is not UTF-8\n--port: \"\\xFF\" is not UTF-8"
    );
    let flags = vec![flag("root", b"/\xff"), flag("hosts", b"a=/\xfe")];
    let config = crate::config::load(sources(flags)).unwrap();
    assert_eq!(config.site.root.as_os_str().as_encoded_bytes(), b"/\xff");
    assert_eq!(
        config.hosts[0].site.root.as_os_str().as_encoded_bytes(),
        b"/\xfe"
    );
}
