//! Tests of what streams are told, without a socket.

use std::cell::RefCell;
use std::collections::VecDeque;

use tallyd_http::request::Version;
use tallyd_ledger::facts::{Class, Counts as Numbers};
use tallyd_ledger::feed::{About, Seen};
use tokio::runtime::{Builder, LocalOptions};

use super::*;

/// One more reply in the feed, and `more` that are not shown.
fn reply(feed: &Feed, path: &str, more: u64) {
    let seen = Seen {
        id: 0,
        time: 0,
        site: "".into(),
        status: 404,
        class: Class::Unknown,
        protocol: 11,
        bytes: 0,
        about: About::Missing(path.as_bytes().into()),
    };
    feed.add(vec![seen], 1 + more);
}

fn day(hits: u64) -> Day {
    let counts = Numbers {
        hits,
        ..Numbers::default()
    };
    Day {
        day: 20_777,
        counts,
    }
}

/// What these say, one after the other.
fn said(pieces: &[Piece]) -> String {
    let bytes = pieces.iter().map(|piece| piece.bytes(Version::Http10));
    String::from_utf8(bytes.collect::<Vec<_>>().concat()).unwrap()
}

/// The names of the events among these, and `:` for a comment.
fn events(pieces: &[Piece]) -> Vec<String> {
    let text = said(pieces);
    let lines = text.lines().filter_map(|line| match line {
        ":" => Some(line.to_owned()),
        line => line.strip_prefix("event: ").map(str::to_owned),
    });
    lines.collect()
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build_local(LocalOptions::default());
    runtime.unwrap().block_on(test)
}

#[test]
fn an_event_is_what_the_standard_says() {
    let feed = Feed::default();
    reply(&feed, "/a\nb", 2);
    let news = text::replies(&feed.since(0, 5));
    let (requests, skipped) = news.split_once("\n\n").unwrap();
    let lines: Vec<&str> = requests.lines().collect();
    assert_eq!(lines[..2], ["id: 3", "event: requests"]);
    assert!(lines[2].starts_with("data: [{\"id\":1,"), "{requests}");
    assert!(lines[2].contains("\"path\":\"/a\\nb\"") && lines[2].ends_with("}]"));
    assert_eq!(lines.len(), 3);
    assert_eq!(skipped, "id: 3\nevent: skipped\ndata: {\"replies\":2}\n\n");
    let hello = text::hello(7);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        hello,
        format!(
            "retry: 2000\nid: 7\nevent: hello\ndata: {{\"rules\":1,\"version\":\"{version}\"}}\n\n"
        )
    );
    let counts = text::counts(&day(5));
    let expected = "event: counts\ndata: {\"day\":\"2026-11-20\",\"hits\":5,\"complete\":0,";
    assert!(counts.starts_with(expected), "{counts}");
    assert!(counts.ends_with("}\n\n") && counts.lines().count() == 3);
}

#[test]
fn an_older_client_gets_the_same_without_chunks() {
    let piece = Piece::new("event: hello\ndata: 12345\n\n");
    assert_eq!(
        piece.bytes(Version::Http11),
        b"1a\r\nevent: hello\ndata: 12345\n\n\r\n"
    );
    assert_eq!(
        piece.bytes(Version::Http10),
        b"event: hello\ndata: 12345\n\n"
    );
    let head = |version| String::from_utf8(text::head(version, &[b'x'; 29])).unwrap();
    let (new, old) = (head(Version::Http11), head(Version::Http10));
    for common in [
        "Content-Type: text/event-stream\r\n",
        "Cache-Control: no-store\r\n",
        "X-Accel-Buffering: no\r\n",
        "X-Content-Type-Options: nosniff\r\n",
        "Cross-Origin-Resource-Policy: same-origin\r\n",
    ] {
        assert!(new.contains(common) && old.contains(common), "{common}");
    }
    assert!(new.contains("\r\nTransfer-Encoding: chunked\r\n"));
    assert!(!old.contains("Transfer-Encoding"));
    assert!(new.ends_with("\r\n\r\n") && !new.contains("Content-Length"));
}

#[test]
fn a_stream_that_keeps_up_gets_what_all_get() {
    let feed = Feed::default();
    let mut told = Told::default();
    reply(&feed, "/1", 0);
    let tick = Tick::default().next(&feed, None);
    let pieces = told.catch_up(&tick);
    assert_eq!(events(&pieces), ["requests"]);
    assert_eq!(pieces.first(), tick.text.as_ref(), "made once");
    let tick = tick.next(&feed, Some(day(1)));
    assert_eq!(events(&told.catch_up(&tick)), ["counts"]);
    reply(&feed, "/2", 3);
    let tick = tick.next(&feed, Some(day(2)));
    let pieces = told.catch_up(&tick);
    assert_eq!(events(&pieces), ["requests", "skipped", "counts"]);
    assert_eq!(pieces.len(), 1, "in one message");
    let tick = tick.next(&feed, None);
    assert_eq!(events(&told.catch_up(&tick)), [":"]);
}

#[test]
fn a_stream_that_was_late_hears_how_much_it_missed_and_the_latest_counts() {
    let feed = Feed::default();
    let mut told = Told::default();
    let mut tick = Tick::default();
    for number in 1..=4 {
        reply(&feed, &format!("/{number}"), 0);
        tick = tick.next(&feed, (number == 2).then(|| day(2)));
    }
    let pieces = told.catch_up(&tick);
    assert_eq!(events(&pieces), ["skipped", "requests", "counts"]);
    let text = said(&pieces);
    assert!(text.starts_with("id: 3\nevent: skipped\ndata: {\"replies\":3}\n\n"));
    assert!(text.contains("\"path\":\"/4\"") && !text.contains("\"path\":\"/3\""));
    let expected = Told {
        replies: 4,
        counts: 1,
    };
    assert_eq!(told, expected);
    let tick = tick.next(&feed, Some(day(4))).next(&feed, Some(day(5)));
    let pieces = told.catch_up(&tick);
    assert_eq!(events(&pieces), ["counts"], "the older ones are of no use");
    assert!(said(&pieces).contains("\"hits\":5"));
}

#[test]
fn a_tick_shows_some_replies_and_counts_the_rest() {
    let feed = Feed::default();
    for number in 0..SHOWN + 10 {
        reply(&feed, &format!("/{number}"), 0);
    }
    let tick = Tick::default().next(&feed, None);
    let text = said(&Told::default().catch_up(&tick));
    assert_eq!(text.matches("\"path\":").count(), SHOWN);
    assert!(text.contains("event: skipped\ndata: {\"replies\":10}\n"));
}

/// Streams that are told of a feed, and the counts that the ledger will answer, each once; then it is silent.
struct Scene {
    feed: Arc<Feed>,
    health: Arc<Health>,
    streams: Rc<Streams>,
    answers: Rc<RefCell<VecDeque<Day>>>,
    asked: Rc<Cell<u32>>,
}

impl Scene {
    /// Within the event loop.
    fn set() -> Scene {
        let (feed, health) = (Arc::<Feed>::default(), Arc::<Health>::default());
        let streams = Rc::new(Streams::new(Arc::clone(&feed), Arc::clone(&health)));
        let answers: Rc<RefCell<VecDeque<Day>>> = Rc::default();
        let asked: Rc<Cell<u32>> = Rc::default();
        let scene = Scene {
            feed,
            health,
            streams: Rc::clone(&streams),
            answers: Rc::clone(&answers),
            asked: Rc::clone(&asked),
        };
        let ask = move || {
            asked.set(asked.get() + 1);
            let answer = answers.borrow_mut().pop_front();
            async move {
                match answer {
                    Some(day) => Some(day),
                    None => std::future::pending().await,
                }
            }
        };
        drop(tokio::task::spawn_local(async move {
            streams.tell(ask).await;
        }));
        scene
    }

    /// The clerk has posted, and the ledger will say this.
    fn post(&self, hits: u64) {
        self.answers.borrow_mut().push_back(day(hits));
        self.health.batches.fetch_add(1, Ordering::Relaxed);
        self.feed.wake();
    }
}

#[test]
fn news_are_told_at_once_and_then_not_before_the_next_tick() {
    run(async {
        let scene = Scene::set();
        reply(&scene.feed, "/before", 0);
        let mut seat = Streams::enter(&scene.streams).unwrap();
        let hello = seat.hello();
        assert_eq!(events(&hello), ["hello"]);
        assert!(said(&hello).contains("id: 1\n"));
        let began = Instant::now();
        reply(&scene.feed, "/1", 0);
        let first = seat.catch_up().await;
        assert_eq!(events(&first), ["requests"]);
        assert!(!said(&first).contains("/before"), "it was no news");
        reply(&scene.feed, "/2", 0);
        reply(&scene.feed, "/3", 0);
        let second = seat.catch_up().await;
        assert!(began.elapsed() >= TICK);
        let text = said(&second);
        assert!(text.contains("\"/2\"") && text.contains("\"/3\""), "{text}");
    });
}

#[test]
fn counts_are_told_whenever_batches_were_posted_while_one_waits_for_the_other() {
    run(async {
        let scene = Scene::set();
        scene.answers.borrow_mut().push_back(day(1));
        let mut seat = Streams::enter(&scene.streams).unwrap();
        assert_eq!(events(&seat.hello()), ["hello"]);
        let first = seat.catch_up().await;
        assert_eq!(events(&first), ["counts"], "those of now come at once");
        scene.post(2);
        let second = seat.catch_up().await;
        assert!(said(&second).contains("\"hits\":2"));
        // The ledger does not answer; replies are told all the same.
        scene.health.batches.fetch_add(1, Ordering::Relaxed);
        reply(&scene.feed, "/1", 0);
        assert_eq!(events(&seat.catch_up().await), ["requests"]);
        scene.post(4);
        reply(&scene.feed, "/2", 0);
        assert_eq!(events(&seat.catch_up().await), ["requests"]);
        assert_eq!(scene.asked.get(), 3, "never two questions at a time");
        let mut late = Streams::enter(&scene.streams).unwrap();
        let hello = late.hello();
        assert_eq!(events(&hello), ["hello", "counts"]);
        assert!(said(&hello).contains("\"hits\":2"), "the latest there are");
    });
}

#[test]
fn who_comes_after_a_pause_gets_no_counts_of_before_it() {
    run(async {
        let scene = Scene::set();
        scene.answers.borrow_mut().push_back(day(1));
        let mut seat = Streams::enter(&scene.streams).unwrap();
        assert_eq!(events(&seat.hello()), ["hello"]);
        assert_eq!(events(&seat.catch_up().await), ["counts"]);
        drop(seat);
        while scene.streams.latest.borrow().counts.is_some() {
            tokio::task::yield_now().await;
        }
        scene.answers.borrow_mut().push_back(day(9));
        let mut seat = Streams::enter(&scene.streams).unwrap();
        assert_eq!(events(&seat.hello()), ["hello"]);
        assert!(said(&seat.catch_up().await).contains("\"hits\":9"));
    });
}

#[test]
fn there_are_no_more_streams_than_there_may_be_and_a_seat_is_given_back() {
    let streams = Rc::new(Streams::new(Arc::default(), Arc::default()));
    let most = most();
    assert!((1..=MOST).contains(&most));
    let mut seats: Vec<Seat> = (0..most)
        .map(|_| Streams::enter(&streams).expect("a seat"))
        .collect();
    assert!(Streams::enter(&streams).is_none());
    seats.pop();
    assert!(Streams::enter(&streams).is_some());
}
