//! Requests of lists of URLs, and what cannot be asked.

use super::*;
use std::fs;

fn urls(texts: &[&str]) -> Vec<Url> {
    texts.iter().map(|text| Url::parse(text).unwrap()).collect()
}

fn field(name: &str, value: &str) -> (String, String) {
    (name.into(), value.into())
}

fn request(wishes: &Wishes) -> String {
    let made = of_urls(wishes).unwrap();
    String::from_utf8(made.asks[0].bytes.to_vec()).unwrap()
}

#[test]
fn a_request_is_plain_and_says_who_asks() {
    let mut wishes = Wishes::of(urls(&["127.0.0.1:7/a b?c"]));
    let version = env!("CARGO_PKG_VERSION");
    let plain = format!(
        "GET /a%20b?c HTTP/1.1\r\nHost: 127.0.0.1:7\r\nUser-Agent: tallyd/{version}\r\nAccept: */*\r\n"
    );
    assert_eq!(request(&wishes), format!("{plain}\r\n"));
    wishes.keep_alive = false;
    assert_eq!(
        request(&wishes),
        format!("{plain}Connection: close\r\n\r\n")
    );
    wishes.fields = vec![field("X", " 1 "), field("X", "é\t2")];
    let fields = "Connection: close\r\nX: 1\r\nX: é\t2\r\n\r\n";
    assert_eq!(request(&wishes), format!("{plain}{fields}"));
}

#[test]
fn wished_fields_take_the_place_of_ours() {
    let mut wishes = Wishes::of(urls(&["127.0.0.1:7"]));
    wishes.keep_alive = false;
    let names = ["host", "USER-AGENT", "accept", "connection"];
    wishes.fields = names.map(|name| field(name, "x")).to_vec();
    let expected =
        "GET / HTTP/1.1\r\nhost: x\r\nUSER-AGENT: x\r\naccept: x\r\nconnection: x\r\n\r\n";
    assert_eq!(request(&wishes), expected);
}

#[test]
fn methods_are_sent_as_they_are_and_head_has_no_body() {
    let mut wishes = Wishes::of(urls(&["127.0.0.1:7"]));
    for (method, to, has_length) in [
        ("HEAD", To::Head, false),
        ("get", To::Other, false),
        ("PROPFIND", To::Other, false),
        ("POST", To::Other, true),
    ] {
        wishes.method = method.into();
        let made = of_urls(&wishes).unwrap();
        assert_eq!((made.asks[0].to, &*made.asks[0].method), (to, method));
        let text = request(&wishes);
        assert!(text.starts_with(&format!("{method} / HTTP/1.1\r\n")));
        assert_eq!(text.contains("Content-Length: 0\r\n"), has_length, "{text}");
    }
}

#[test]
fn what_would_be_more_than_one_request_is_refused() {
    for method in ["", "GET /", "G\r\n", "GÉT", "CONNECT"] {
        let mut wishes = Wishes::of(urls(&["127.0.0.1:7"]));
        wishes.method = method.into();
        let error = of_urls(&wishes).unwrap_err();
        assert!(error.to_string().contains("is not a method"), "{error}");
        assert!(error.is_usage());
    }
    for (name, value, words) in [
        ("", "x", "is not the name of a field"),
        ("A B", "x", "is not the name of a field"),
        ("A:", "x", "is not the name of a field"),
        ("A\r\nB", "x", "is not the name of a field"),
        ("A", "x\r\nB: y", "has a control character"),
        ("A", "x\ny", "has a control character"),
        ("A", "\0", "has a control character"),
        ("content-length", "5", "would announce a body"),
        ("Transfer-Encoding", "chunked", "would announce a body"),
    ] {
        let mut wishes = Wishes::of(urls(&["127.0.0.1:7"]));
        wishes.fields = vec![field(name, value)];
        let error = of_urls(&wishes).unwrap_err();
        assert!(error.to_string().contains(words), "{name:?}: {error}");
        assert!(error.is_usage());
    }
}

#[test]
fn the_same_host_and_port_are_one_server() {
    let wishes = Wishes::of(urls(&[
        "127.0.0.1:7/a",
        "127.0.0.1:8/",
        "localhost:7/b",
        "LOCALHOST:7/",
        "127.0.0.1:7/c",
    ]));
    let made = of_urls(&wishes).unwrap();
    let servers: Vec<&str> = made
        .servers
        .iter()
        .map(|server| &*server.authority)
        .collect();
    assert_eq!(servers, ["127.0.0.1:7", "127.0.0.1:8", "localhost:7"]);
    let asked: Vec<usize> = made.asks.iter().map(|ask| ask.server).collect();
    assert_eq!(asked, [0, 1, 2, 2, 0]);
    assert_eq!(made.servers[0].addresses, ["127.0.0.1:7".parse().unwrap()]);
    assert_eq!((made.order, made.pace), (Order::InOrder, None));
}

#[test]
fn a_host_without_an_address_is_named() {
    let wishes = Wishes::of(urls(&["127.0.0.1:7", "no-such-name.invalid:7"]));
    let error = of_urls(&wishes).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("cannot find the address of no-such-name.invalid: "),
        "{text}"
    );
    assert!(!error.is_usage());
    let error = of_urls(&Wishes::of(Vec::new())).unwrap_err();
    assert!(error.is_usage() && error.to_string() == "there is no URL to ask");
}

#[test]
fn the_seed_decides_the_order_of_a_shuffled_list() {
    let texts: Vec<String> = (0..40)
        .map(|number| format!("127.0.0.1:7/{number}"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut wishes = Wishes::of(urls(&texts));
    wishes.sequence = Sequence::Shuffled;
    let mut order = |seed| {
        wishes.seed = seed;
        of_urls(&wishes).unwrap().order
    };
    assert_eq!(order(None), order(Some(SEED)));
    assert_eq!(order(None), plan::shuffled(40, SEED));
    assert_ne!(order(Some(2)), order(Some(3)));
}

#[test]
fn bodies_have_truths_where_the_tree_has_the_file() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), "abc").unwrap();
    let mut wishes = Wishes::of(urls(&["127.0.0.1:7/a?x", "127.0.0.1:7/b", "127.0.0.1:7/"]));
    wishes.truths = Some(Truths::of(dir.path()).unwrap());
    let lengths = |made: &Made| {
        let truths = made.asks.iter().map(|ask| ask.truth.as_ref());
        truths
            .map(|truth| truth.map(|truth| truth.length()))
            .collect::<Vec<_>>()
    };
    let made = of_urls(&wishes).unwrap();
    assert_eq!(lengths(&made), [Some(3), None, None]);
    assert!(made.notes[0].starts_with("2 of the different requests are for nothing in the tree"));
    wishes.method = "DELETE".into();
    assert_eq!(lengths(&of_urls(&wishes).unwrap()), [None; 3]);
}

#[test]
fn everything_is_below_the_path_of_the_base() {
    for (base, expected) in [
        ("h", "/a"),
        ("h/", "/a"),
        ("h/sub", "/sub/a"),
        ("h/sub//", "/sub/a"),
    ] {
        let base = Url::parse(base).unwrap();
        assert_eq!(below(&base, "/a"), expected);
    }
}
