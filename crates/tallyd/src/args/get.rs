//! The command line of `tallyd get`: what is asked, and where the answer goes.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, ValueHint, value_parser};
use tallyd_load::amounts;
use tallyd_load::get::Wish;
use tallyd_load::get::download::Existing;
use tallyd_load::get::location::file_name;
use tallyd_load::{Request, Url};

use super::help;

/// What `tallyd get` was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What is asked.
    pub(crate) wish: Wish,
    /// What is shown of the answer.
    pub(crate) output: Output,
    /// What else is said.
    pub(crate) tone: Tone,
}

/// What is shown of an answer, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// The body, on standard output.
    Body,
    /// The head, on standard output.
    Head,
    /// The body, in this file.
    File(PathBuf, Existing),
}

/// How much is said on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Errors.
    Quiet,
    /// Also what is good to know.
    Usual,
    /// Also heads and times.
    Verbose,
}

/// As many redirects as any sane server needs.
const MOST_MOVES: u32 = 10;

/// Less than this the system can't wait.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// A longer wait is no wait.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What was typed.
pub(super) fn asked(mut matches: ArgMatches) -> Result<Asked, String> {
    let url: Url = matches.remove_one("URL").ok_or("error: URL is missing\n")?;
    let output = output(&mut matches, &url)?;
    let request = request(&mut matches, &output)?;
    Ok(Asked {
        wish: Wish {
            request,
            url,
            patience: matches
                .remove_one("timeout")
                .ok_or("error: --timeout is missing\n")?,
            rate: matches.remove_one("limit-rate"),
            most_moves: match matches.get_flag("follow") {
                true => MOST_MOVES,
                false => 0,
            },
        },
        output,
        tone: match (matches.get_flag("quiet"), matches.get_flag("verbose")) {
            (true, _) => Tone::Quiet,
            (_, true) => Tone::Verbose,
            _ => Tone::Usual,
        },
    })
}

fn output(matches: &mut ArgMatches, url: &Url) -> Result<Output, String> {
    let existing = match matches.get_flag("resume") {
        true => Existing::GoOn,
        false => Existing::Replace,
    };
    let is_head = matches
        .get_one("method")
        .is_some_and(|method: &String| method == "HEAD");
    if matches.get_flag("head") || is_head {
        return Ok(Output::Head);
    }
    if matches.get_flag("remote-name") {
        let name = file_name(url).ok_or_else(|| {
            format!(
                "error: the path of {url} does not end in a plain file name; name one with -o\n"
            )
        })?;
        return Ok(Output::File(name.into(), existing));
    }
    match matches.remove_one::<PathBuf>("output") {
        Some(path) if path.as_os_str() == "-" => match existing {
            Existing::GoOn => Err("error: --resume needs a file\n".into()),
            Existing::Replace => Ok(Output::Body),
        },
        Some(path) => Ok(Output::File(path, existing)),
        None => Ok(Output::Body),
    }
}

fn request(matches: &mut ArgMatches, output: &Output) -> Result<Request, String> {
    let method = match matches.remove_one::<String>("method") {
        Some(method) => method,
        None if *output == Output::Head => "HEAD".into(),
        None => "GET".into(),
    };
    // The target is that of the URL.
    let mut request = Request::new(&method, "/");
    let fields = matches.remove_many::<(String, String)>("header");
    request.fields.extend(fields.into_iter().flatten());
    if let Some(range) = matches.remove_one::<String>("range") {
        request = request.field("Range", &format!("bytes={range}"));
    }
    let has = |request: &Request, name: &str| {
        let mut names = request.fields.iter().map(|(key, _)| key);
        names.any(|key| key.eq_ignore_ascii_case(name))
    };
    let is_resumed = matches!(output, Output::File(_, Existing::GoOn));
    if is_resumed && (method != "GET" || has(&request, "range") || has(&request, "if-range")) {
        return Err("error: --resume asks for a range of its own, with GET\n".into());
    }
    let version = concat!("tallyd/", env!("CARGO_PKG_VERSION"));
    // Methods whose requests have a body, if only an empty one (RFC 9110 8.6).
    if ["POST", "PUT", "PATCH"].contains(&method.as_str()) && !has(&request, "content-length") {
        request = request.field("Content-Length", "0");
    }
    for (name, value) in [("User-Agent", version), ("Connection", "close")] {
        if !has(&request, name) {
            request = request.field(name, value);
        }
    }
    Ok(request)
}

/// The command as clap sees it.
pub(super) fn command() -> clap::Command {
    let url = Arg::new("URL")
        .required(true)
        .help("What is asked for: http://HOST:PORT/PATH")
        .value_hint(ValueHint::Url)
        .value_parser(|text: &str| Url::parse(text));
    clap::Command::new("get")
        .about("Make one request and show the answer")
        .long_about(help::GET)
        .after_long_help(help::GET_END)
        .arg(url)
        .args(of_output())
        .args(of_request())
        .args(of_manner())
        .group(ArgGroup::new("into").args(["output", "remote-name"]))
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    let flag = Arg::new(name).long(name).help(help);
    flag.action(ArgAction::SetTrue)
}

fn of_output() -> [Arg; 6] {
    [
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("FILE")
            .help("Put the body into FILE, once it is whole")
            .value_hint(ValueHint::FilePath)
            .value_parser(value_parser!(PathBuf)),
        flag(
            "remote-name",
            "As -o, with the last part of the path as the name",
        )
        .short('O')
        .conflicts_with("output"),
        flag("resume", "Go on with a download that was broken off")
            .long_help(help::GET_RESUME)
            .requires("into"),
        flag("head", "Ask with HEAD and print the head of the answer")
            .short('I')
            .conflicts_with_all(["output", "remote-name", "method"]),
        flag(
            "verbose",
            "Show both heads, and how long each phase took, on standard error",
        )
        .short('v'),
        flag("quiet", "Say nothing but errors")
            .short('q')
            .conflicts_with("verbose"),
    ]
}

fn of_request() -> [Arg; 4] {
    [
        Arg::new("header")
            .short('H')
            .long("header")
            .value_name("FIELD")
            .help("Send this field too, such as \"Accept-Encoding: br\"")
            .action(ArgAction::Append)
            .value_parser(field),
        Arg::new("range")
            .short('r')
            .long("range")
            .value_name("BYTES")
            .help("Ask for a part: 0-99, 100- or -500 (the last 500), or several with commas")
            .allow_hyphen_values(true)
            .conflicts_with("resume")
            .value_parser(range),
        Arg::new("method")
            .short('m')
            .long("method")
            .value_name("METHOD")
            .help("Ask with this method [default: GET]")
            .value_parser(method),
        flag("follow", "Follow redirects, up to 10"),
    ]
}

fn of_manner() -> [Arg; 2] {
    [
        Arg::new("limit-rate")
            .long("limit-rate")
            .value_name("RATE")
            .help("Read no more than so many bytes in a second, such as 1MiB")
            .value_parser(rate),
        Arg::new("timeout")
            .long("timeout")
            .value_name("TIME")
            .help("Give up when the server says nothing for so long [default: 30s]")
            .default_value("30s")
            .hide_default_value(true)
            .value_parser(time),
    ]
}

/// One field, of which neither part can end the line (RFC 9110 5.1 and 5.5).
fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write \"Name: value\"")?;
    if !is_token(name) {
        return Err(format!("{name:?} is not the name of a field"));
    }
    let value = value.trim();
    match value
        .chars()
        .any(|letter| letter.is_control() && letter != '\t')
    {
        true => Err("the value has a control character".into()),
        false => Ok((name.to_owned(), value.to_owned())),
    }
}

fn is_token(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_letter)
}

fn method(text: &str) -> Result<String, String> {
    match is_token(text) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is not a method")),
    }
}

fn range(text: &str) -> Result<String, String> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // A part that ends before it begins is none: servers send everything then.
    let is_forwards = |first: &str, last: &str| match (first.parse::<u128>(), last.parse::<u128>())
    {
        (Ok(first), Ok(last)) => first <= last,
        _ => true,
    };
    let is_part = |part: &str| {
        part.split_once('-').is_some_and(|(first, last)| {
            let is_empty = first.is_empty() && last.is_empty();
            is_number(first) && is_number(last) && !is_empty && is_forwards(first, last)
        })
    };
    match text.split(',').all(is_part) {
        true => Ok(text.to_owned()),
        false => {
            Err("write 0-99, 100- or -500; for anything else there is -H \"Range: ...\"".into())
        }
    }
}

fn rate(text: &str) -> Result<NonZeroU64, String> {
    NonZeroU64::new(amounts::bytes(text)?).ok_or_else(|| "at that rate nothing comes".into())
}

fn time(text: &str) -> Result<Duration, String> {
    let time = amounts::duration(text)?;
    match time < SHORTEST_WAIT || time > LONGEST_WAIT {
        true => Err("it is from 1ms to 24h".into()),
        false => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::args::{Command, parse};

    fn asked(words: &[&str]) -> Result<Asked, String> {
        let argv = ["tallyd", "get"].iter().chain(words).map(OsString::from);
        match parse(argv)? {
            Command::Get(asked) => Ok(asked),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_typed_and_what_it_asks_for() {
        let plain = asked(&["http://h:1/a"]).unwrap();
        assert_eq!((plain.output, plain.tone), (Output::Body, Tone::Usual));
        assert_eq!((plain.wish.rate, plain.wish.most_moves), (None, 0));
        assert_eq!(plain.wish.patience, Duration::from_secs(30));
        let version = env!("CARGO_PKG_VERSION");
        let sent = String::from_utf8(plain.wish.request.bytes("h:1")).unwrap();
        let expected = format!(
            "GET / HTTP/1.1\r\nHost: h:1\r\nUser-Agent: tallyd/{version}\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(sent, expected);

        let words = "h/b%20c -O --resume --limit-rate 1MiB --timeout 500ms --follow -q";
        let all = asked(&words.split(' ').collect::<Vec<_>>()).unwrap();
        assert_eq!(all.output, Output::File("b c".into(), Existing::GoOn));
        assert_eq!(
            (all.wish.rate, all.tone),
            (NonZeroU64::new(1 << 20), Tone::Quiet)
        );
        assert_eq!(
            (all.wish.patience, all.wish.most_moves),
            (Duration::from_millis(500), 10)
        );
    }

    #[test]
    fn what_is_sent_is_what_was_typed() {
        let sent = |words: &[&str]| {
            let asked = asked(words).unwrap();
            String::from_utf8(asked.wish.request.bytes("h")).unwrap()
        };
        let own = [
            "h",
            "-H",
            "host: x",
            "-H",
            "Connection:keep-alive",
            "-H",
            "User-Agent: me",
        ];
        assert_eq!(
            sent(&own),
            "GET / HTTP/1.1\r\nhost: x\r\nConnection: keep-alive\r\nUser-Agent: me\r\n\r\n"
        );
        assert!(sent(&["h", "-r", "-500"]).contains("\r\nRange: bytes=-500\r\n"));
        assert!(sent(&["h", "-r", "0-1,5-"]).contains("\r\nRange: bytes=0-1,5-\r\n"));
        assert!(sent(&["h", "-m", "POST"]).contains("\r\nContent-Length: 0\r\n"));
        assert!(sent(&["h", "-I"]).starts_with("HEAD / "));
        assert_eq!(asked(&["h", "-m", "HEAD"]).unwrap().output, Output::Head);
        assert_eq!(asked(&["h", "-o", "-"]).unwrap().output, Output::Body);
    }

    #[test]
    fn wrong_usage_is_said_in_its_first_line() {
        for (words, expected) in [
            (
                &[][..],
                "error: the following required arguments were not provided",
            ),
            (
                &["https://h/"],
                "error: invalid value 'https://h/' for '<URL>': https is not there yet",
            ),
            (
                &["h", "-H", "a"],
                "error: invalid value 'a' for '--header <FIELD>': write \"Name",
            ),
            (
                &["h", "-H", "a b: 1"],
                "error: invalid value 'a b: 1' for '--header <FIELD>': \"a b\"",
            ),
            (&["h", "-H", "a: 1\r\nb: 2"], "error: invalid value"),
            (
                &["h", "-r", "9"],
                "error: invalid value '9' for '--range <BYTES>': write 0-99",
            ),
            (
                &["h", "-r", "0-9,9-1"],
                "error: invalid value '0-9,9-1' for '--range <BYTES>': write 0-99",
            ),
            (
                &["h", "-r", "-"],
                "error: invalid value '-' for '--range <BYTES>': write 0-99",
            ),
            (
                &["h", "-m", "A B"],
                "error: invalid value 'A B' for '--method <METHOD>': \"A B\"",
            ),
            (
                &["h", "--limit-rate", "0"],
                "error: invalid value '0' for '--limit-rate <RATE>': at",
            ),
            (
                &["h", "--limit-rate", "1MB"],
                "error: invalid value '1MB' for '--limit-rate <RATE>': \"1MB\" is not a size: write 100KiB or 2MiB",
            ),
            (
                &["h", "--timeout", "0s"],
                "error: invalid value '0s' for '--timeout <TIME>': it is",
            ),
            (
                &["h", "--timeout", "1d"],
                "error: invalid value '1d' for '--timeout <TIME>': \"1d\"",
            ),
            (
                &["h", "--resume"],
                "error: the following required arguments were not provided",
            ),
            (
                &["h", "--resume", "-o", "-"],
                "error: --resume needs a file",
            ),
            (
                &["h/a", "--resume", "-O", "-H", "range: x"],
                "error: --resume asks for a range",
            ),
            (
                &["h/a", "--resume", "-O", "-r", "1-"],
                "error: the argument '--resume' cannot be",
            ),
            (
                &["h/a", "-I", "-O"],
                "error: the argument '--head' cannot be used with",
            ),
            (
                &["h/", "-O"],
                "error: the path of http://h/ does not end in a plain file name",
            ),
            (
                &["h/..", "-O"],
                "error: the path of http://h/.. does not end",
            ),
            (
                &["h", "-q", "-v"],
                "error: the argument '--quiet' cannot be used with '--verbose'",
            ),
        ] {
            let error = asked(words).unwrap_err();
            assert!(error.starts_with(expected), "{words:?}: {error}");
        }
    }
}
