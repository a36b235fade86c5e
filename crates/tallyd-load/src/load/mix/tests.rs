//! Mix files: what is asked how often, and where the mistakes are.

use super::*;
use crate::load::truth::Truths;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// A mix beside a tree `www` with files `one` (1000 bytes), `two` (10 bytes) and `none` (empty).
fn made_with(mix: &str, wish: impl FnOnce(&mut Wishes, &Path)) -> Result<Made, MakeError> {
    let dir = tempfile::tempdir().unwrap();
    let www = dir.path().join("www");
    fs::create_dir(&www).unwrap();
    for (name, length) in [("one", 1000), ("two", 10), ("none", 0)] {
        fs::write(www.join(name), vec![b'x'; length]).unwrap();
    }
    let file = dir.path().join("mix.toml");
    fs::write(&file, mix).unwrap();
    let mut wishes = Wishes::of(Vec::new());
    wish(&mut wishes, &www);
    of_file(&wishes, &file)
}

fn made(mix: &str) -> Made {
    made_with(
        &format!("url = \"http://127.0.0.1:7/sub\"\n{mix}"),
        |_, _| {},
    )
    .unwrap()
}

fn text(ask: &plan::Ask) -> String {
    String::from_utf8(ask.bytes.to_vec()).unwrap()
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = text.lines().filter_map(|line| line.split_once(": "));
    fields
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// The share of all turns that each target gets.
fn shares(made: &Made) -> BTreeMap<&str, f64> {
    let Order::Weighted { sums, .. } = &made.order else {
        panic!("{:?}", made.order);
    };
    assert_eq!(sums.len(), made.asks.len());
    let mut shares = BTreeMap::new();
    let mut before = 0;
    for (sum, ask) in sums.iter().zip(&made.asks) {
        *shares.entry(&*ask.target).or_default() += (sum - before) as f64 / ALL as f64;
        before = *sum;
    }
    assert_eq!(u128::from(before), ALL);
    shares
}

#[test]
fn the_weight_of_a_table_is_shared_by_its_paths() {
    let made = made(
        "[[request]]\npath = \"/a b?c\"\nweight = 8\n\
         [[request]]\npaths = [\"/x\", \"/y\"]\nweight = 3\nmethod = \"HEAD\"\n\
         [[request]]\npath = \"/z\"\n",
    );
    let expected = [
        ("/sub/a%20b?c", 8.0),
        ("/sub/x", 1.5),
        ("/sub/y", 1.5),
        ("/sub/z", 1.0),
    ];
    for ((target, share), (name, weight)) in shares(&made).into_iter().zip(expected) {
        assert_eq!(target, name);
        assert!((share - weight / 12.0).abs() < 1e-9, "{target} {share}");
    }
    assert!(text(&made.asks[1]).starts_with("HEAD /sub/x HTTP/1.1\r\nHost: 127.0.0.1:7\r\n"));
    assert_eq!(made.asks[1].to, crate::answer::To::Head);
    assert_eq!((made.asks.len(), made.pace), (4, None));
}

#[test]
fn a_tree_gives_all_its_files_with_their_fields() {
    let made = made(
        "[[request]]\ntree = \"www\"\nslow = \"1KiB/s\"\nheaders = { Accept = \"a/b\", X = \"1\" }\n",
    );
    let targets: Vec<&str> = made.asks.iter().map(|ask| &*ask.target).collect();
    assert_eq!(targets, ["/sub/none", "/sub/one", "/sub/two"]);
    let bytes = text(&made.asks[0]);
    assert_eq!(
        (field(&bytes, "Accept"), field(&bytes, "X")),
        (Some("a/b"), Some("1"))
    );
    assert_eq!(bytes.matches("Accept").count(), 1);
    assert_eq!(made.asks[0].reading, Reading::Slow(1024));
}

#[test]
fn the_command_line_says_where_and_with_which_seed() {
    let mix = "url = \"http://127.0.0.1:1/\"\nseed = 3\n[[request]]\npath = \"/a\"\n";
    let made = |wish: &dyn Fn(&mut Wishes)| {
        let made = made_with(mix, |wishes, _| wish(wishes)).unwrap();
        let Order::Weighted { seed, .. } = made.order else {
            panic!("{:?}", made.order);
        };
        (made.servers[0].authority.clone(), seed)
    };
    assert_eq!(made(&|_| {}), ("127.0.0.1:1".into(), 3));
    let there = made(&|wishes| {
        wishes.urls = vec![Url::parse("127.0.0.1:2").unwrap()];
        wishes.seed = Some(4);
    });
    assert_eq!(there, ("127.0.0.1:2".into(), 4));
    let nowhere = made_with("[[request]]\npath = \"/a\"\n", |_, _| {}).unwrap_err();
    assert!(
        nowhere
            .to_string()
            .ends_with("mix.toml: there is no url in it, and none on the command line")
    );
}

#[test]
fn ranges_are_said_or_drawn_within_the_file() {
    let said = made("[[request]]\npath = \"/a\"\nrange = \"0-9, -5\"\n");
    assert_eq!(field(&text(&said.asks[0]), "Range"), Some("bytes=0-9, -5"));

    let mix = "[[request]]\ntree = \"www\"\nrange = \"random:100\"\n";
    let drawn = made(mix);
    // 32 of each of the two files that are not empty.
    assert_eq!(drawn.asks.len(), 64);
    let mut starts = std::collections::BTreeSet::new();
    for ask in &drawn.asks {
        let text = text(ask);
        let range = field(&text, "Range")
            .unwrap()
            .strip_prefix("bytes=")
            .unwrap();
        let (first, last) = range.split_once('-').unwrap();
        let (first, last): (u64, u64) = (first.parse().unwrap(), last.parse().unwrap());
        match &*ask.target {
            "/sub/one" => {
                assert!(last < 1000 && last - first == 99, "{range}");
                starts.insert(first);
            }
            "/sub/two" => assert_eq!((first, last), (0, 9)),
            other => panic!("{other}"),
        }
    }
    assert!(starts.len() > 25, "{starts:?}");
    let requests = |made: &Made| made.asks.iter().map(text).collect::<Vec<_>>();
    assert_eq!(requests(&drawn), requests(&made(mix)));
    assert_ne!(
        requests(&drawn),
        requests(&made(&format!("seed = 2\n{mix}")))
    );
}

#[test]
fn cuts_are_at_a_byte_or_at_a_drawn_share_of_the_file() {
    let said = made("[[request]]\npath = \"/a\"\nabort-after = \"1KiB\"\n");
    assert_eq!(said.asks[0].reading, Reading::Abort(1024));
    let drawn = made("[[request]]\ntree = \"www\"\nabort-after = \"10%..90%\"\n");
    for ask in &drawn.asks {
        let Reading::Abort(byte) = ask.reading else {
            panic!("{ask:?}");
        };
        let length = if &*ask.target == "/sub/one" { 1000 } else { 10 };
        assert!((length / 10..=length * 9 / 10).contains(&byte), "{byte}");
    }
    let all = made("[[request]]\ntree = \"www\"\nabort-after = \"100%\"\n");
    let last = all.asks.iter().map(|ask| (&*ask.target, ask.reading));
    assert!(
        last.clone()
            .any(|last| last == ("/sub/one", Reading::Abort(999)))
    );
    assert!(
        last.clone()
            .any(|last| last == ("/sub/two", Reading::Abort(9)))
    );
}

#[test]
fn files_of_the_tree_are_verified_where_that_is_wished() {
    let mix = "url = \"127.0.0.1:7/sub\"\n[[request]]\npaths = [\"/one\", \"/three\"]\n";
    let made = made_with(mix, |wishes, www| {
        wishes.truths = Some(Truths::of(www).unwrap());
    });
    let made = made.unwrap();
    let truths: Vec<bool> = made.asks.iter().map(|ask| ask.truth.is_some()).collect();
    assert_eq!(truths, [true, false]);
    assert_eq!(made.notes.len(), 1);
}

/// Answers HEAD requests on one connection after the other: what stands behind the status line, by target.
fn server(answers: &'static [(&'static str, &'static str)]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            stream
                .set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while matches!(stream.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
                if !head.ends_with(b"\r\n\r\n") {
                    continue;
                }
                let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
                let target = text
                    .strip_prefix("HEAD ")
                    .unwrap()
                    .split(' ')
                    .next()
                    .unwrap();
                assert!(text.contains("\r\nHost: 127.0.0.1:") && text.contains("\r\nX: 1\r\n"));
                let found = answers.iter().find(|(known, _)| *known == target);
                let answer =
                    found.map_or("404 Not Found\r\nContent-Length: 0", |(_, answer)| answer);
                write!(stream, "HTTP/1.1 {answer}\r\n\r\n").unwrap();
            }
        }
    });
    address
}

const FILES: [(&str, &str); 3] = [
    ("/a", "200 OK\r\nContent-Length: 500\r\nETag: \"v1\""),
    (
        "/b",
        "200 OK\r\nContent-Length: 7\r\nConnection: close\r\nETag: W/\"v2\"",
    ),
    ("/bare", "200 OK\r\nTransfer-Encoding: chunked"),
];

fn asked(address: SocketAddr, mix: &str) -> Result<Made, String> {
    let wish = |wishes: &mut Wishes, _: &Path| {
        wishes.urls = vec![Url::parse(&address.to_string()).unwrap()];
        wishes.fields = vec![("X".into(), "1".into())];
    };
    made_with(mix, wish).map_err(|error| {
        assert!(!error.is_usage());
        let text = error.to_string();
        text.split_once("mix.toml:").unwrap().1.to_owned()
    })
}

#[test]
fn lengths_and_tags_come_from_the_server_before_the_test() {
    let address = server(&FILES);
    let made = asked(
        address,
        "[[request]]\npaths = [\"/b\", \"/a\"]\nconditional = true\n\
         [[request]]\npath = \"/a\"\nrange = \"random:100\"\nabort-after = \"50\"\n",
    );
    let made = made.unwrap();
    let tags: Vec<_> = made.asks[..2].iter().map(text).collect();
    let tags: Vec<_> = tags
        .iter()
        .map(|text| field(text, "If-None-Match"))
        .collect();
    assert_eq!(tags, [Some("W/\"v2\""), Some("\"v1\"")]);
    assert_eq!(made.asks.len(), 2 + 64);
    for ask in &made.asks[2..] {
        let text = text(ask);
        let (_, last) = field(&text, "Range").unwrap().rsplit_once('-').unwrap();
        assert!(last.parse::<u64>().unwrap() < 500);
        assert_eq!(ask.reading, Reading::Abort(50));
    }
}

#[test]
fn what_the_server_does_not_say_is_an_error_at_the_key_that_needs_it() {
    let address = server(&FILES);
    for (mix, expected) in [
        (
            "[[request]]\npath = \"/gone\"\nconditional = true\n",
            "3:15: HEAD /gone: the answer is 404",
        ),
        (
            "[[request]]\npath = \"/bare\"\nconditional = true\n",
            "3:15: HEAD /bare: the answer has no ETag to ask with",
        ),
        (
            "[[request]]\npath = \"/bare\"\nrange = \"random:1KiB\"\n",
            "3:9: HEAD /bare: the answer has no Content-Length",
        ),
        ("[[request]]\ntree = \"gone\"\n", "2:8: "),
    ] {
        let error = asked(address, mix).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let mix = "[[request]]\npath = \"/a\"\nconditional = true\n";
    let error = asked(nobody, mix).unwrap_err();
    assert!(
        error.starts_with("3:15: HEAD /a: ") && error.contains("refused"),
        "{error}"
    );
}

fn mistakes(mix: &[u8]) -> Vec<String> {
    let mistakes = document::parse(Path::new("mix.toml"), mix).unwrap_err();
    mistakes.iter().map(Mistake::to_string).collect()
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let mix = "\u{feff}ulr = \"h\"\nseed = -1\nurl = \"https://h\"\n\
        [[request]]\npath = \"a\"\nwieght = 2\nweight = 0\nmethod = \"POST\"\nrange = \"9-1\"\n\
        [[request]]\nconditional = \"yes\"\nslow = \"fast\"\nheaders = { \"A B\" = \"x\", C = 1 }\n\
        [[request]]\npaths = []\nabort-after = 7\n";
    let expected = [
        "mix.toml:1:1: unknown key \"ulr\" (did you mean \"url\"?)",
        "mix.toml:2:8: -1 is not a whole number from 0 to 18446744073709551615",
        "mix.toml:3:7: https is not there yet: this program speaks plain http",
        "mix.toml:5:8: \"a\" is not a path: it begins with a slash",
        "mix.toml:6:1: unknown key \"wieght\" (did you mean \"weight\"?)",
        "mix.toml:7:10: 0 is not a whole number from 1 to 1000000",
        "mix.toml:8:10: \"POST\" is not a method of a mix: write GET or HEAD",
        "mix.toml:9:9: \"9-1\" is not a range: write 0-99, 100-, -100 or random:64KiB",
        "mix.toml:11:15: expected true or false, found text",
        "mix.toml:12:8: \"fast\" is not a rate: write 50KiB/s or 2MiB/s",
        "mix.toml:13:21: the field \"A B\" is not the name of a field",
        "mix.toml:13:30: expected text in quotes, found a number",
        "mix.toml:15:9: expected a list such as [\"/one\", \"/two\"], found an empty list",
        "mix.toml:16:15: expected text in quotes, found a number",
    ];
    assert_eq!(mistakes(mix.as_bytes()), expected);
}

#[test]
fn what_can_not_be_together_is_told_at_its_table() {
    for (keys, expected) in [
        ("", "a request needs a path, paths or a tree"),
        (
            "path = \"/a\"\ntree = \"b\"",
            "path, paths and tree: a request has one of them",
        ),
        (
            "path = \"/a\"\nabort-after = \"1\"\nslow = \"1\"",
            "abort-after and slow: a request has one of them",
        ),
        (
            "path = \"/a\"\nmethod = \"HEAD\"\nslow = \"1\"",
            "the answer to HEAD has no body to cut or to slow down",
        ),
        (
            "path = \"/a\"\nrange = \"0-9\"\nabort-after = \"5%\"",
            "abort-after is a share of the whole file: with a range, write a size",
        ),
        (
            "path = \"/a\"\nrange = \"0-9\"\nheaders = { range = \"x\" }",
            "range and a header Range: they are the same",
        ),
        (
            "path = \"/a\"\nconditional = true\nheaders = { if-none-match = \"x\" }",
            "conditional and a header If-None-Match: they are the same",
        ),
    ] {
        let mix = format!("\n[[request]]\n{keys}\n");
        assert_eq!(
            mistakes(mix.as_bytes()),
            [format!("mix.toml:2:1: {expected}")]
        );
    }
}

#[test]
fn what_is_no_mix_is_told_once() {
    for (mix, expected) in [
        (
            b"".as_slice(),
            "mix.toml:1:1: there is no [[request]] in it",
        ),
        (
            b"url = \"h\"\nrequest = 1\n",
            "mix.toml:2:11: expected tables that begin with [[request]], found a number",
        ),
        (
            b"request = [1]\n",
            "mix.toml:1:12: expected a table, found a number",
        ),
        (b"a = \"\xff\"", "mix.toml:1:6: this is not UTF-8"),
    ] {
        assert_eq!(mistakes(mix), [expected]);
    }
    let syntax = mistakes(b"url = \"h\"\n[[request]\n");
    assert!(
        syntax.len() == 1 && syntax[0].starts_with("mix.toml:2:"),
        "{syntax:?}"
    );
    let error = made_with("colour = 1\n", |_, _| {}).unwrap_err();
    assert!(error.is_usage());
}
