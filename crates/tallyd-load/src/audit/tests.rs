//! Tests of the audit: what is drawn, what is judged wrong, and that no number can be off and not be found.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::agent::{Class, agent};
use super::cover::wholes;
use super::judge::{Fields, Judge};
use super::known::OF_FILE;
use super::*;
use crate::answer::{Part, Reader, To};
use crate::files::content;

/// Trees as an audit makes them.
fn site() -> (tempfile::TempDir, Site) {
    let dir = tempfile::tempdir().unwrap();
    let go_on = &mut || std::ops::ControlFlow::Continue(());
    let site = Site::make(dir.path(), go_on).unwrap();
    (dir, site)
}

fn asks(act: &Act) -> Vec<&Ask> {
    match act {
        Act::InTurn(asks) | Act::Together(asks) | Act::Pipeline(asks, _) => asks.iter().collect(),
        Act::Abort { ask, .. } | Act::Slowly(ask, _) => vec![ask],
    }
}

/// What a request for content should bring of its file.
fn spans(ask: &Ask, site: &Site) -> Option<Vec<Span>> {
    let file = &site.files[ask.file?];
    let whole = Span {
        start: 0,
        length: file.length,
    };
    match &ask.sort {
        Sort::Whole => Some(vec![whole]),
        Sort::Part(spans) => Some(spans.clone()),
        _ => None,
    }
}

#[test]
fn a_seed_draws_the_same_plan_with_everything_in_it() {
    let (_dir, site) = site();
    let plan = Plan::draw(&site, 2000, 1);
    assert_eq!(plan, Plan::draw(&site, 2000, 1));
    assert_ne!(plan, Plan::draw(&site, 2000, 2));
    assert!((2000..2020).contains(&plan.requests), "{}", plan.requests);
    let sum: u64 = plan.visits.iter().map(|visit| visit.act.requests()).sum();
    assert_eq!(sum, plan.requests);
    let all: Vec<&Ask> = plan
        .visits
        .iter()
        .flat_map(|visit| asks(&visit.act))
        .collect();
    let has = |what: &str, is_it: &dyn Fn(&Ask) -> bool| {
        assert!(all.iter().any(|ask| is_it(ask)), "nothing is {what}");
    };
    has("HEAD", &|ask| ask.sort == Sort::Head);
    has("304", &|ask| ask.sort == Sort::NotModified);
    has("416", &|ask| ask.sort == Sort::Unsatisfiable);
    has("404", &|ask| ask.sort == Sort::Missing);
    has("a directory", &|ask| ask.sort == Sort::Directory);
    has("escaped", &|ask| {
        ask.file.is_some() && ask.target.contains('%')
    });
    has("with a query", &|ask| ask.target.contains('?'));
    has("a range that falls back", &|ask| {
        ask.sort == Sort::Whole && ask.learnt == Some(Learnt::RangeOfOther)
    });
    has(
        "in several ranges",
        &|ask| matches!(&ask.sort, Sort::Part(spans) if spans.len() > 1),
    );
    has("two overlapping ranges", &|ask| {
        let is_list = ask.range.as_ref().is_some_and(|range| range.contains(','));
        is_list && matches!(&ask.sort, Sort::Part(spans) if spans.len() == 1)
    });
    has(
        "a probe",
        &|ask| matches!(ask.sort, Sort::Part(ref spans) if spans[0].start == 0 && spans[0].length <= 2),
    );
    has("empty", &|ask| {
        ask.file.is_some_and(|file| site.files[file].length == 0)
    });
    let act = |what: &str, is_it: &dyn Fn(&Act) -> bool| {
        assert!(
            plan.visits.iter().any(|visit| is_it(&visit.act)),
            "nothing is {what}"
        );
    };
    act(
        "in 20 parts",
        &|act| matches!(act, Act::Together(asks) if asks.len() == 20),
    );
    act("resumed", &|act| {
        matches!(act, Act::Abort { resumes: true, .. })
    });
    act("aborted", &|act| {
        matches!(act, Act::Abort { resumes: false, .. })
    });
    act(
        "pipelined",
        &|act| matches!(act, Act::Pipeline(asks, _) if asks.len() == 3),
    );
    act("slow", &|act| matches!(act, Act::Slowly(..)));
}

#[test]
fn a_visitor_has_a_file_in_one_visit_and_the_order_of_its_replies_does_not_matter() {
    let (_dir, site) = site();
    for seed in 0..20 {
        let plan = Plan::draw(&site, 2000, seed);
        let mut visits: HashMap<(usize, usize), usize> = HashMap::new();
        for (number, visit) in plan.visits.iter().enumerate() {
            assert!(visit.visitor < plan.visitors);
            let mut sent: HashMap<usize, Vec<Vec<Span>>> = HashMap::new();
            for ask in asks(&visit.act) {
                if let (Some(file), Some(spans)) = (ask.file, spans(ask, &site)) {
                    sent.entry(file).or_default().push(spans);
                    let before = visits.insert((visit.visitor, file), number);
                    assert!(before.is_none_or(|before| before == number), "seed {seed}");
                }
            }
            for (file, sent) in sent {
                let length = site.files[file].length;
                let forth = wholes(length, sent.iter().map(Vec::as_slice));
                let back = wholes(length, sent.iter().rev().map(Vec::as_slice));
                assert_eq!(forth, back, "seed {seed}: {:?}", visit.act);
            }
        }
    }
}

#[test]
fn what_is_asked_lies_in_the_file_and_says_what_it_expects() {
    let (_dir, site) = site();
    for visit in &Plan::draw(&site, 5000, 3).visits {
        for ask in asks(&visit.act) {
            let Sort::Part(spans) = &ask.sort else {
                continue;
            };
            let length = site.files[ask.file.unwrap()].length;
            assert!(ask.range.is_some() && !spans.is_empty(), "{ask:?}");
            for span in spans {
                assert!(span.length > 0 && span.end() <= length, "{ask:?}");
            }
        }
    }
}

#[test]
fn a_site_of_one_small_file_has_a_plan() {
    let dir = tempfile::tempdir().unwrap();
    for size in ["0", "1", "100"] {
        let tree = dir.path().join(size);
        let plan = crate::files::Plan {
            count: 1,
            sizes: crate::files::Sizes::parse(size).unwrap(),
            names: crate::files::Names::Hard,
            seed: 7,
        };
        let existing = crate::files::tree::Existing::Keep;
        let go_on = &mut |_| std::ops::ControlFlow::Continue(());
        let manifest = tree.join("MANIFEST.tsv");
        crate::files::tree::make(&plan, &tree, &manifest, existing, go_on).unwrap();
        let site = Site::read(&tree).unwrap().below("/some/where/");
        assert_eq!(
            site.files[0].target,
            "/some/where/round%201/one%20space.bin"
        );
        assert_eq!(site.files[0].path, "/some/where/round 1/one space.bin");
        assert!(Plan::draw(&site, 500, 1).requests >= 500);
    }
}

#[test]
fn every_class_has_its_agents_and_no_two_visitors_have_the_same() {
    let agents: Vec<String> = (0..8).map(|visitor| agent(1, visitor)).collect();
    for (number, one) in agents.iter().enumerate() {
        assert!(!agents[number + 1..].contains(one));
        assert_ne!(*one, agent(2, number), "another run has other visitors");
    }
    for class in Class::ALL {
        assert!((0..4).any(|visitor| Class::of(visitor) == class));
    }
}

/// What is wrong with this reply to `ask`.
fn judged(site: &Site, ask: &Ask, reply: &[u8]) -> Option<String> {
    let file = ask.file.map(|file| &site.files[file]);
    let mut reader = Reader::default();
    reader.expect(match ask.sort {
        Sort::Head => To::Head,
        _ => To::Other,
    });
    let mut judge = None;
    let mut rest = reply;
    loop {
        let (used, part) = reader.read(rest).unwrap();
        let (piece, after) = rest.split_at(used);
        rest = after;
        match part {
            Part::Head(head) => {
                let fields = Fields::of(piece);
                judge = Some(Judge::begin(ask, file, &head, &fields));
            }
            Part::Body => judge.as_mut().unwrap().body(piece),
            Part::End => break,
            Part::More | Part::Interim(_) => panic!("not whole"),
        }
    }
    let mut judge = judge.unwrap();
    judge.end();
    judge.verdict().1
}

fn reply(status: u16, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{fields}\r\n");
    [head.as_bytes(), body].concat()
}

fn ask(file: usize, sort: Sort) -> Ask {
    Ask {
        file: Some(file),
        sort,
        target: "/x".to_owned(),
        range: None,
        learnt: None,
        closes: false,
    }
}

#[test]
fn a_reply_that_is_not_what_was_asked_for_is_wrong() {
    let (_dir, site) = site();
    let length = site.files[0].length;
    let mut whole = vec![0; usize::try_from(length).unwrap()];
    content::fill(1, 1, 0, &mut whole);
    let check = |sort: &Sort, reply: &[u8], expected: Option<&str>| {
        let wrong = judged(&site, &ask(0, sort.clone()), reply);
        let is_expected = match expected {
            None => wrong.is_none(),
            Some(words) => wrong.as_ref().is_some_and(|wrong| wrong.contains(words)),
        };
        assert!(is_expected, "{sort:?}: {wrong:?}, not {expected:?}");
    };
    let mut odd = whole.clone();
    *odd.last_mut().unwrap() ^= 1;
    check(&Sort::Whole, &reply(200, "", &whole), None);
    check(&Sort::Whole, &reply(200, "", &odd), Some("wrong bytes"));
    check(
        &Sort::Whole,
        &reply(200, "", &whole[1..]),
        Some("the length is"),
    );
    check(
        &Sort::Whole,
        &reply(404, "", b""),
        Some("status 404, not 200"),
    );
    let part = Sort::Part(vec![Span {
        start: 5,
        length: 10,
    }]);
    let range = |words: &str| format!("Content-Range: {words}\r\n");
    let said = range(&format!("bytes 5-14/{length}"));
    check(&part, &reply(206, &said, &whole[5..15]), None);
    check(
        &part,
        &reply(206, &said, &whole[6..16]),
        Some("wrong bytes"),
    );
    check(
        &part,
        &reply(206, &said, &whole[5..14]),
        Some("the length is 9, not 10"),
    );
    check(&part, &reply(200, "", &whole), Some("status 200, not 206"));
    for words in [
        format!("bytes 6-15/{length}"),
        format!("bytes 5-14/{}", length + 1),
        "bytes 5-14/*".to_owned(),
    ] {
        let reply = reply(206, &range(&words), &whole[5..15]);
        check(&part, &reply, Some("Content-Range says"));
    }
    check(
        &Sort::Unsatisfiable,
        &reply(416, &range(&format!("bytes */{length}")), b""),
        None,
    );
    check(
        &Sort::Unsatisfiable,
        &reply(416, "", b""),
        Some("Content-Range says"),
    );
}

#[test]
fn several_ranges_are_judged_by_what_is_in_their_parts() {
    let (_dir, site) = site();
    let length = site.files[0].length;
    let asked = [(0, 3), (50, 4)].map(|(start, length)| Span { start, length });
    let sort = Sort::Part(asked.to_vec());
    let body = |spans: &[Span]| {
        let mut body = Vec::new();
        for span in spans {
            let head = format!(
                "\r\n--b\r\nContent-Range: bytes {}-{}/{length}\r\n\r\n",
                span.start,
                span.end() - 1
            );
            body.extend(head.into_bytes());
            let mut bytes = vec![0; usize::try_from(span.length).unwrap()];
            content::fill(1, 1, span.start, &mut bytes);
            body.extend(bytes);
        }
        body.extend(b"\r\n--b--\r\n");
        body
    };
    let fields = "Content-Type: multipart/byteranges; boundary=b\r\n";
    let judge = |body: &[u8]| judged(&site, &ask(0, sort.clone()), &reply(206, fields, body));
    assert_eq!(judge(&body(&asked)), None);
    let wrong = judge(&body(&asked[..1])).unwrap();
    assert!(
        wrong.contains("not the bytes that were asked for"),
        "{wrong}"
    );
    let mut odd = body(&asked);
    let last = odd.len() - 10;
    odd[last] ^= 1;
    let wrong = judge(&odd).unwrap();
    assert!(wrong.contains("wrong bytes between 50 and 54"), "{wrong}");
}

/// An exchange on a connection of its own that came whole.
fn whole(site: &Site, file: usize, visitor: usize, life: usize) -> Exchange {
    let length = site.files[file].length;
    let port = u16::try_from(visitor).unwrap();
    let mut exchange = Exchange::begun(&ask(file, Sort::Whole), visitor, life, port, 0);
    exchange.status = Some(200);
    exchange.answered = true;
    exchange.whole = true;
    exchange.arrived = length;
    exchange.announced = Some(length);
    exchange.spans = vec![Span { start: 0, length }];
    exchange
}

/// What a server says that agrees with what is known.
fn agreeing(known: &Known) -> Value {
    let exact = |number: &Interval| {
        assert!(number.is_exact());
        number.least
    };
    let of = |prefix: &str| {
        let word = |word: &&str| {
            (
                (*word).to_owned(),
                json!(exact(&known.site[&format!("{prefix}{word}")])),
            )
        };
        Value::Object(OF_FILE.iter().map(word).collect())
    };
    let mut overview = of("");
    overview["in_flight"] = json!(0);
    overview["requests"] = json!(exact(&known.site["requests"]));
    overview["not_found"] = json!(exact(&known.site["not found"]));
    overview["bytes_of_all_replies"] = json!(exact(&known.site["bytes of all replies"]));
    overview["statuses"] = json!({"200": exact(&known.site["status 200"])});
    overview["classes"] = json!({});
    for class in Class::ALL.map(Class::word) {
        overview["classes"][class] = of(&format!("{class} "));
    }
    let file = |(path, numbers): (&String, &std::collections::BTreeMap<String, Interval>)| {
        let word = |word: &&str| ((*word).to_owned(), json!(exact(&numbers[*word])));
        let mut file = Value::Object(OF_FILE.iter().map(word).collect());
        file["path"] = json!(path);
        file
    };
    let files: Vec<Value> = known.files.iter().map(file).collect();
    json!({"overview": overview, "files": {"next_offset": null, "files": files}})
}

fn counts(said: &Value) -> Counts {
    let mut counts = Counts::of(&said["overview"]).unwrap();
    assert_eq!(counts.add_files(&said["files"]).unwrap(), None);
    counts
}

/// The places of all numbers in a document.
fn numbers(of: &Value, at: &str, found: &mut Vec<String>) {
    match of {
        Value::Object(fields) => {
            for (name, value) in fields {
                numbers(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(values) => {
            for (place, value) in values.iter().enumerate() {
                numbers(value, &format!("{at}/{place}"), found);
            }
        }
        Value::Number(_) => found.push(at.to_owned()),
        _ => {}
    }
}

#[test]
fn no_number_can_be_off_and_not_be_found() {
    let (_dir, site) = site();
    let exchanges: Vec<Exchange> = (0..12).map(|n| whole(&site, n % 3, n, 0)).collect();
    let known = Known::of(&site, &exchanges, 0, &[]);
    let said = agreeing(&known);
    let differing = |said: &Value| {
        let table = Table::of(&known, &Counts::default(), &counts(said));
        table.differing().cloned().collect::<Vec<Row>>()
    };
    assert_eq!(differing(&said), []);
    let mut places = Vec::new();
    numbers(&said, "", &mut places);
    assert!(places.len() > 70, "{places:?}");
    for place in places {
        let mut odd = said.clone();
        let number = odd.pointer_mut(&place).unwrap();
        *number = json!(number.as_u64().unwrap() + 1);
        if place.ends_with("in_flight") {
            assert!(!counts(&odd).is_at_rest());
            continue;
        }
        let found = differing(&odd);
        assert!(found.iter().any(|row| row.off() == 1), "{place}: {found:?}");
        if place.starts_with("/files/files/") {
            assert!(
                found.iter().all(|row| row.path.is_some()),
                "{place}: {found:?}"
            );
        }
    }
    let mut odd = counts(&said);
    let stranger = odd.files[&site.files[0].path].clone();
    odd.files.insert("/gone".to_owned(), stranger);
    let table = Table::of(&known, &Counts::default(), &odd);
    let rows: Vec<&Row> = table.differing().collect();
    assert!(
        matches!(rows[..], [row] if row.path.as_deref() == Some("/gone") && row.word == "accounts"),
        "{rows:?}"
    );
    let report = Report {
        target: "x".to_owned(),
        seed: 1,
        visitors: 12,
        kills: 0,
        took: Duration::from_secs(1),
        counter: "server says",
        table: Table::of(&known, &Counts::default(), &Counts::default()),
        known,
    };
    assert!(!report.agrees());
    let text = report.text();
    let path = &site.files[1].path;
    assert!(
        text.contains(&format!("{path}: downloads 4, server says 0\n")),
        "{text}"
    );
    let json: Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(
        (&json["agrees"], &json["requests"]),
        (&json!(false), &json!(12))
    );
}

#[test]
fn what_a_kill_has_blurred_is_an_interval_and_the_log_makes_it_narrower() {
    let (_dir, site) = site();
    let stage = Stage::new(SocketAddr::from(([127, 0, 0, 1], 1)));
    let done = whole(&site, 0, 1, 0);
    let length = done.arrived;
    let mut cut = whole(&site, 0, 2, 0);
    (cut.whole, cut.arrived) = (false, 10);
    let mut silent = Exchange::begun(&ask(0, Sort::Whole), 3, 0, 3, 0);
    silent.ended = Instant::now();
    stage.going_down();
    stage.is_dead();
    stage.came_up(SocketAddr::from(([127, 0, 0, 1], 1)));
    let later = whole(&site, 0, 4, 1);
    let exchanges = [done, cut, silent, later];
    let path = &site.files[0].path;
    let number = |known: &Known, word: &str| {
        let number = known.files[path][word];
        (number.least, number.most)
    };
    let known = Known::of(&site, &exchanges, stage.kills(), &[]);
    assert_eq!(number(&known, "hits"), (3, 4));
    assert_eq!(number(&known, "complete"), (1, 2));
    assert_eq!(number(&known, "unsettled"), (1, 3));
    assert_eq!(number(&known, "aborted"), (0, 0));
    assert_eq!(number(&known, "bytes"), (length, 2 * length));
    assert_eq!(number(&known, "downloads"), (1, 2));
    assert_eq!((known.silent, known.doubtful), (1, 1));
    assert_eq!(known.wrong, []);

    let line = |port: u64, number: u64| {
        format!(
            "{{\"port\":{port},\"status\":200,\"bytes\":{length},\"outcome\":\"complete\",\"path\":\"{path}\",\
             \"hit\":{number}}}\n"
        )
    };
    let log = |lives: [String; 2]| lives.map(|life| LogLine::all(&life));
    let told = |log: &[Vec<LogLine>]| Known::of(&site, &exchanges, stage.kills(), log);
    let known = told(&log([line(1, 1), line(4, 4)]));
    assert_eq!(known.wrong, []);
    assert_eq!(number(&known, "complete"), (2, 2));
    assert_eq!(number(&known, "downloads"), (2, 2));
    assert_eq!(number(&known, "bytes"), (2 * length, 2 * length));
    let none = Counts::default();
    let table = Table::of(&known, &none, &none);
    let by_number = |row: &&Row| row.word == "hits by the last number";
    let rows: Vec<i128> = table.differing().filter(by_number).map(Row::off).collect();
    assert_eq!(rows, [-4], "the last number was 4");
    for (log, words) in [
        (
            log([line(1, 1), line(4, 1)]),
            "hit number 1 was given twice",
        ),
        (
            log([line(1, 1), line(4, 5)]),
            "higher than the number of hits",
        ),
        (
            log([line(1, 1), String::new()]),
            "the log has no line of it",
        ),
        (
            log([line(1, 1).replace("complete", "aborted"), line(4, 2)]),
            "the log says aborted",
        ),
        (
            log([line(1, 1).replace("bytes\":", "bytes\":1"), line(4, 2)]),
            "bytes",
        ),
        (
            log([line(1, 1).replace("200", "206"), line(4, 2)]),
            "the log has status 206",
        ),
        (
            log([line(1, 1), line(4, 2) + &line(4, 3)]),
            "2 lines of port 4, which asked 1 times",
        ),
        (
            log([line(1, 1) + &line(9, 3), line(4, 2)]),
            "1 lines of port 9, which asked 0 times",
        ),
    ] {
        let wrong = told(&log).wrong;
        assert!(
            wrong.iter().any(|(_, wrong)| wrong.contains(words)),
            "{words}: {wrong:?}"
        );
    }
}

#[test]
fn a_foreign_directory_is_no_site_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("letter"), "mine").unwrap();
    let go_on = &mut || std::ops::ControlFlow::Continue(());
    let error = Site::make(dir.path(), go_on).unwrap_err().to_string();
    assert!(error.contains("there is \"letter\""), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}
