//! The command line of `tallyd load`: what is asked of which server, how often, how fast, and what is expected.
//!
//! Promises: what cannot go together is refused here; nothing is opened or looked up.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, ValueHint, value_parser};
use tallyd_load::amounts;
use tallyd_load::load::expect::Expectation;
use tallyd_load::load::making::Sequence;
use tallyd_load::load::mix;
use tallyd_load::load::plan::Limits;
use tallyd_load::load::replay::Speed;
use tallyd_load::{Url, UrlError};

use super::help;

/// What `tallyd load` was asked for.
#[derive(Debug, PartialEq)]
pub(crate) struct Asked {
    /// Whom it asks, and for what.
    pub(crate) urls: Vec<Url>,
    /// Where the requests come from.
    pub(crate) source: Source,
    /// The method, where the source does not say it.
    pub(crate) method: String,
    /// Fields of every request.
    pub(crate) fields: Vec<(String, String)>,
    /// What decides draws, if it was typed.
    pub(crate) seed: Option<u64>,
    /// The tree or manifest that bodies are compared with.
    pub(crate) verify: Option<PathBuf>,
    /// When it is over, but for what ends by itself.
    pub(crate) limits: Limits,
    /// So many requests a second, on schedule.
    pub(crate) rate: Option<f64>,
    /// So many connections at once.
    pub(crate) connections: usize,
    /// So many threads.
    pub(crate) threads: usize,
    /// Whether connections are used again.
    pub(crate) keep_alive: bool,
    /// So many bytes a second for each connection.
    pub(crate) limit_rate: Option<u64>,
    /// A request may take so long.
    pub(crate) timeout: Duration,
    /// What is expected.
    pub(crate) expectations: Vec<Expectation>,
    /// How the report is written.
    pub(crate) form: Form,
    /// Where the log of the requests goes.
    pub(crate) log: Option<PathBuf>,
    /// Whether it may be watched.
    pub(crate) watch: Watch,
}

/// Where the requests come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// The URLs themselves.
    Urls(Sequence),
    /// The files of this tree, the classic way.
    Classic(PathBuf),
    /// A mix file.
    Mix(PathBuf),
    /// An access log.
    Replay(PathBuf, Speed),
}

/// How the report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Whether a run may be watched on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    /// Where there is a terminal.
    Live,
    /// Nowhere.
    Not,
}

/// Requests, where nothing else says when it is over; as other load testers have it.
const REQUESTS: u64 = 200;

/// Connections of a closed test.
const CLOSED: usize = 50;

/// Connections of an open one: there they only limit what is under way, and a limit that is reached makes requests late.
const OPEN: usize = 100;

/// What was typed.
pub(super) fn asked(mut matches: ArgMatches) -> Result<Asked, String> {
    let connections = matches.remove_one::<u64>("connections");
    let rate = matches.remove_one("rate");
    let usual = if rate.is_some() { OPEN } else { CLOSED };
    let connections = connections.map_or(usual, count);
    let threads = matches.remove_one::<u64>("threads").map_or(1, count);
    if threads > connections {
        return Err(format!(
            "error: {threads} threads are more than {connections} connections: each needs one\n"
        ));
    }
    let source = source(&mut matches);
    let urls: Vec<Url> = several(&mut matches, "URL");
    let limits = limits(&mut matches, &source);
    if !matches!(source, Source::Urls(_)) && urls.len() > 1 {
        return Err(
            "error: --classic, --mix and --replay take one URL, below which the files are\n".into(),
        );
    }
    let form = match matches.get_flag("json") {
        true => Form::Json,
        false => Form::Text,
    };
    Ok(Asked {
        urls,
        source,
        method: matches.remove_one("method").unwrap_or_else(|| "GET".into()),
        fields: several(&mut matches, "header"),
        seed: matches.remove_one("seed"),
        verify: matches.remove_one("verify"),
        limits,
        rate,
        connections,
        threads,
        keep_alive: matches.remove_one::<String>("keep-alive").as_deref() != Some("off"),
        limit_rate: matches.remove_one("limit-rate"),
        timeout: matches.remove_one("timeout").unwrap_or(TIMEOUT),
        expectations: several(&mut matches, "expect"),
        watch: match matches.get_flag("no-live") || form == Form::Json {
            true => Watch::Not,
            false => Watch::Live,
        },
        form,
        log: matches.remove_one("output"),
    })
}

/// A request may take so long, where nobody says another time.
const TIMEOUT: Duration = Duration::from_secs(30);

fn source(matches: &mut ArgMatches) -> Source {
    let mut file = |name| matches.remove_one::<PathBuf>(name);
    match (file("classic"), file("mix"), file("replay")) {
        (Some(tree), ..) => Source::Classic(tree),
        (_, Some(mix), _) => Source::Mix(mix),
        (_, _, Some(log)) => Source::Replay(log, matches.remove_one("speed").unwrap_or_default()),
        _ => Source::Urls(match matches.remove_one::<String>("order").as_deref() {
            Some("shuffled") => Sequence::Shuffled,
            _ => Sequence::InOrder,
        }),
    }
}

/// What has an end of its own needs no other.
fn limits(matches: &mut ArgMatches, source: &Source) -> Limits {
    let (requests, time) = (matches.remove_one("requests"), matches.remove_one("time"));
    let is_endless = matches!(source, Source::Urls(_) | Source::Mix(_)) && time.is_none();
    Limits {
        requests: requests.or(is_endless.then_some(REQUESTS)),
        time,
    }
}

fn several<T: Clone + Send + Sync + 'static>(matches: &mut ArgMatches, name: &str) -> Vec<T> {
    matches.remove_many(name).into_iter().flatten().collect()
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The command as clap sees it.
pub(super) fn command() -> clap::Command {
    let url = Arg::new("URL")
        .required_unless_present("mix")
        .num_args(1..)
        .help("What is asked for; several are asked for one after the other")
        .value_hint(ValueHint::Url)
        .value_parser(|text: &str| -> Result<Url, UrlError> { Url::parse(text) });
    let source = ArgGroup::new("source").args(["classic", "mix", "replay"]);
    clap::Command::new("load")
        .about("Test a server under load, with honest latencies")
        .long_about(help::LOAD)
        .after_long_help(help::LOAD_END)
        .arg(url)
        .args(of_amount())
        .args(of_source())
        .group(source)
        .args(of_request())
        .args(of_judgement())
        .args(of_output())
}

/// How much, how fast, by how many.
fn of_amount() -> [Arg; 5] {
    [
        Arg::new("requests")
            .short('n')
            .value_name("N")
            .help("So many requests [default: 200, unless -z or a script ends it]")
            .value_parser(value_parser!(u64).range(1..)),
        Arg::new("time")
            .short('z')
            .value_name("TIME")
            .help("For so long: 10s, 1m30s, 500ms; with -n, whichever comes first")
            .value_parser(time),
        Arg::new("connections")
            .short('c')
            .value_name("N")
            .help("So many connections at once [default: 50, with -q 100]")
            .long_help(help::LOAD_CONNECTIONS)
            .value_parser(value_parser!(u64).range(1..=1_000_000)),
        Arg::new("rate")
            .short('q')
            .value_name("RATE")
            .help("So many requests a second, on schedule whatever the answers do")
            .long_help(help::LOAD_RATE)
            .conflicts_with("replay")
            .value_parser(rate),
        Arg::new("threads")
            .long("threads")
            .value_name("N")
            .help("So many threads share the connections [default: 1]")
            .value_parser(value_parser!(u64).range(1..=1024)),
    ]
}

/// Where the requests come from.
fn of_source() -> [Arg; 6] {
    let from = |name: &'static str, value: &'static str, help: &'static str| {
        let arg = Arg::new(name).long(name).value_name(value).help(help);
        arg.value_hint(ValueHint::AnyPath)
            .value_parser(value_parser!(PathBuf))
    };
    [
        from(
            "classic",
            "DIR",
            "100 different files of this tree below the URL, then one of them 100 times",
        ),
        from(
            "mix",
            "FILE",
            "What a mix file says (TOML): weights, ranges, HEADs, aborts, slow readers",
        ),
        from(
            "replay",
            "FILE",
            "What an access log says, in the format combined or JSON, at its times",
        ),
        Arg::new("speed")
            .long("speed")
            .value_name("TIMES")
            .help("A log is replayed so many times as fast; max: as fast as can be [default: 1]")
            .requires("replay")
            .value_parser(Speed::parse),
        Arg::new("order")
            .long("order")
            .value_name("ORDER")
            .help("In which order several URLs are asked for [default: in-order]")
            .conflicts_with("source")
            .value_parser(PossibleValuesParser::new(["in-order", "shuffled"])),
        Arg::new("seed")
            .long("seed")
            .value_name("N")
            .help("What decides whatever is drawn [default: 1]")
            .value_parser(value_parser!(u64)),
    ]
}

/// What each request is like.
fn of_request() -> [Arg; 5] {
    [
        Arg::new("method")
            .short('m')
            .long("method")
            .value_name("METHOD")
            .help("The method [default: GET]")
            .conflicts_with("source"),
        Arg::new("header")
            .short('H')
            .long("header")
            .value_name("FIELD")
            .help("A field of every request, such as 'Accept-Encoding: gzip'")
            .action(ArgAction::Append)
            .value_parser(field),
        Arg::new("keep-alive")
            .long("keep-alive")
            .value_name("ON|OFF")
            .help("Whether a connection is used again [default: on]")
            .value_parser(PossibleValuesParser::new(["on", "off"])),
        Arg::new("limit-rate")
            .long("limit-rate")
            .value_name("RATE")
            .help("Each connection takes at most so much a second: 100KiB, 2MiB")
            .value_parser(mix::rate),
        Arg::new("timeout")
            .long("timeout")
            .value_name("TIME")
            .help("A head that takes longer is an error, and so is such a pause in a body [default: 30s]")
            .value_parser(time),
    ]
}

/// What has to be right.
fn of_judgement() -> [Arg; 2] {
    [
        Arg::new("verify")
            .long("verify")
            .value_name("DIR|MANIFEST")
            .help("Compare every body with the file of this tree, or with what a manifest of `tallyd files` says")
            .value_hint(ValueHint::AnyPath)
            .value_parser(value_parser!(PathBuf)),
        Arg::new("expect")
            .long("expect")
            .value_name("EXPR")
            .help("What must come true, or the exit code is 4: 'p99<5ms', 'errors=0', status=200; several times")
            .long_help(help::LOAD_EXPECT)
            .action(ArgAction::Append)
            .value_parser(Expectation::parse),
    ]
}

fn of_output() -> [Arg; 3] {
    [
        Arg::new("json")
            .long("json")
            .help("Print the report as JSON")
            .action(ArgAction::SetTrue),
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("FILE")
            .help("Write a line for each request into this file")
            .value_hint(ValueHint::FilePath)
            .value_parser(value_parser!(PathBuf)),
        Arg::new("no-live")
            .long("no-live")
            .help("Show nothing on the terminal while it runs")
            .action(ArgAction::SetTrue),
    ]
}

fn time(text: &str) -> Result<Duration, String> {
    match amounts::duration(text)? {
        Duration::ZERO => Err("it would be over before it began".into()),
        time => Ok(time),
    }
}

/// Beyond a thousand million a second, two requests begin in the same nanosecond.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| *rate > 0.0 && *rate <= 1e9);
    rate.ok_or_else(|| format!("{text:?} is not a rate: write 1000, or 0.5 for one in two seconds"))
}

fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| format!("{text:?} is not a field: write 'Name: value'"))?;
    Ok((name.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::args::{Command, parse};

    fn asked(words: &[&str]) -> Result<Asked, String> {
        let argv = ["tallyd", "load"].iter().chain(words).map(OsString::from);
        match parse(argv)? {
            Command::Load(asked) => Ok(*asked),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_url_alone_is_asked_two_hundred_times_by_fifty() {
        let plain = asked(&["127.0.0.1:8080/a"]).unwrap();
        assert_eq!(plain.urls, [Url::parse("http://127.0.0.1:8080/a").unwrap()]);
        assert_eq!(plain.source, Source::Urls(Sequence::InOrder));
        assert_eq!(
            (plain.limits.requests, plain.limits.time),
            (Some(200), None)
        );
        assert_eq!(
            (plain.connections, plain.threads, plain.rate),
            (50, 1, None)
        );
        assert_eq!((plain.method.as_str(), plain.keep_alive), ("GET", true));
        assert_eq!(plain.timeout, Duration::from_secs(30));
        assert_eq!((plain.form, plain.watch), (Form::Text, Watch::Live));
    }

    #[test]
    fn what_is_typed_and_what_it_asks_for() {
        let words = "-z 1m30s -q 2.5 --threads 2 -H Accept:x -H a:b:c -m HEAD --keep-alive off --limit-rate 100KiB \
                     --timeout 500ms --order shuffled --seed 7 --verify t --expect p99<5ms --json -o log h/a h/b";
        let all = asked(&words.split(' ').collect::<Vec<_>>()).unwrap();
        assert_eq!(all.urls.len(), 2);
        assert_eq!(all.source, Source::Urls(Sequence::Shuffled));
        assert_eq!(all.limits.requests, None);
        assert_eq!(all.limits.time, Some(Duration::from_secs(90)));
        assert_eq!(
            (all.rate, all.connections, all.threads),
            (Some(2.5), 100, 2)
        );
        let fields =
            [("Accept", "x"), ("a", "b:c")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(all.fields, fields);
        assert_eq!((all.method.as_str(), all.keep_alive), ("HEAD", false));
        assert_eq!(all.limit_rate, Some(102_400));
        assert_eq!((all.seed, all.verify), (Some(7), Some("t".into())));
        assert_eq!(all.expectations, [Expectation::parse("p99<5ms").unwrap()]);
        assert_eq!((all.form, all.watch), (Form::Json, Watch::Not));
        assert_eq!(all.log, Some("log".into()));
    }

    #[test]
    fn what_ends_by_itself_needs_no_number_of_requests() {
        for (words, source, requests) in [
            (
                &["--classic", "t", "h/"][..],
                Source::Classic("t".into()),
                None,
            ),
            (&["--mix", "m"], Source::Mix("m".into()), Some(200)),
            (
                &["--replay", "l", "--speed", "2", "h/"],
                Source::Replay("l".into(), Speed::Times(2.0)),
                None,
            ),
        ] {
            let asked = asked(words).unwrap();
            assert_eq!((asked.source, asked.limits.requests), (source, requests));
        }
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
                "error: invalid value 'https://h/' for '[URL]...': https is not there yet",
            ),
            (
                &["-q", "5", "--replay", "l", "h"],
                "error: the argument '-q <RATE>' cannot be used with '--replay <FILE>'",
            ),
            (
                &["--classic", "t", "--mix", "m", "h"],
                "error: the argument '--classic <DIR>' cannot be used with '--mix <FILE>'",
            ),
            (
                &["--classic", "t", "h/a", "h/b"],
                "error: --classic, --mix and --replay take one URL",
            ),
            (
                &["-z", "10", "h"],
                "error: invalid value '10' for '-z <TIME>': \"10\" is not a time",
            ),
            (
                &["-z", "0s", "h"],
                "error: invalid value '0s' for '-z <TIME>': it would be over",
            ),
            (&["-n", "0", "h"], "error: invalid value '0' for '-n <N>'"),
            (&["-c", "0", "h"], "error: invalid value '0' for '-c <N>'"),
            (
                &["-q", "0", "h"],
                "error: invalid value '0' for '-q <RATE>': \"0\" is not a rate",
            ),
            (
                &["-q", "inf", "h"],
                "error: invalid value 'inf' for '-q <RATE>'",
            ),
            (
                &["-H", "Accept", "h"],
                "error: invalid value 'Accept' for '--header <FIELD>'",
            ),
            (
                &["--keep-alive", "no", "h"],
                "error: invalid value 'no' for '--keep-alive <ON|OFF>'",
            ),
            (
                &["--expect", "fast", "h"],
                "error: invalid value 'fast' for '--expect <EXPR>': \"fast\" is not understood: expect p50",
            ),
            (
                &["--threads", "3", "-c", "2", "h"],
                "error: 3 threads are more than 2",
            ),
            (
                &["--speed", "2", "h"],
                "error: the following required arguments were not provided",
            ),
            (
                &["--order", "shuffled", "--mix", "m"],
                "error: the argument '--order <ORDER>' cannot be used with",
            ),
        ] {
            let error = asked(words).unwrap_err();
            let first = error.lines().next().unwrap_or_default();
            assert!(first.starts_with(expected), "{first}");
        }
    }
}
