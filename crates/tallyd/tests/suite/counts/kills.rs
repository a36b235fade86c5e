//! Kills: `kill -9` under load, again and again. Every number is given once, and every hit is counted once.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use super::load::{Dice, FILES, Load, Sight};
use super::{Counted, Place, get};
use crate::support::{Ended, Folder, Start, Tallyd, read_replies};
use std::io::Write;

/// How often it is killed.
const KILLS: u64 = 20;

/// At most so long it runs under load before it is killed.
const LONGEST: u64 = 400;

/// What is known of several runs on one state directory.
#[derive(Default)]
struct Runs {
    /// Every number that was printed, by path.
    printed: BTreeMap<String, BTreeSet<u64>>,
    sight: Sight,
    recovered_unsettled: u64,
    kills: u64,
}

impl Runs {
    /// One run: numbers go on, then load, then the kill.
    fn run(&mut self, place: &Place, dice: &mut Dice) {
        let server = place.start();
        self.greet(place, &server);
        let load = Load::on(server.address(), dice.below(1 << 40));
        // The load has begun, and then it is any moment: nobody is to be woken.
        server.hits(FILES.len() + 1);
        thread::park_timeout(Duration::from_millis(dice.below(LONGEST)));
        let ended = server.kill();
        for (path, seen) in load.stop() {
            let known = self.sight.entry(path).or_default();
            known.hits += seen.hits;
            known.unseen += seen.unseen;
            known.whole += seen.whole;
            known.probes += seen.probes;
            known.unseen_probes += seen.unseen_probes;
        }
        self.kills += 1;
        self.read(&ended);
    }

    /// The first hit of each path after a start has the number behind the last one that the ledger has.
    fn greet(&mut self, place: &Place, server: &Tallyd) {
        let ledger = place.ledger();
        ledger.assert_adds_up();
        for (path, length) in FILES {
            let before = ledger.file(path);
            let mut stream = server.connect();
            stream.write_all(get(path).as_bytes()).unwrap();
            let replies = read_replies(&mut stream, 1);
            assert_eq!(replies[0].body.len() as u64, length);
            let port = stream.local_addr().unwrap().port();
            let expected = format!("{path}|127.0.0.1|{port}|{}", before.hits + 1);
            let mine = |line: &str| line.contains(&format!("|{port}|"));
            assert_eq!(server.stdout.wait_for("our hit", mine), expected);
            let seen = self.sight.entry(path).or_default();
            seen.hits += 1;
            seen.whole += 1;
        }
    }

    fn read(&mut self, ended: &Ended) {
        let lines: Vec<_> = ended
            .stdout
            .iter()
            .filter(|line| line.starts_with('/'))
            .collect();
        // The kill may have torn the last one.
        for line in &lines[..lines.len() - 1] {
            let (path, number) = (line.split('|').next(), line.rsplit('|').next());
            let (path, number) = (path.unwrap().to_owned(), number.unwrap().parse().unwrap());
            let is_new = self.printed.entry(path).or_default().insert(number);
            assert!(is_new, "the number of {line} was given before");
        }
        for line in &ended.stderr {
            if let Some((_, rest)) = line.split_once(" hits, ") {
                let unsettled = rest.split(' ').next().unwrap().parse::<u64>();
                self.recovered_unsettled += unsettled.expect(line);
            }
        }
    }
}

#[test]
fn twenty_kills_under_load_lose_no_hit_and_count_none_twice() {
    let names = FILES.map(|(path, length)| (&path[1..], length));
    let place = Place::with(&names);
    // So that the first look at it finds one.
    place.start().stop();
    let (mut runs, mut dice) = (Runs::default(), Dice::new(42));
    for _ in 0..KILLS {
        runs.run(&place, &mut dice);
    }
    let last = place.start();
    runs.greet(&place, &last);
    let ended = last.stop();
    assert_eq!(
        ended
            .stderr
            .iter()
            .filter(|line| line.contains("not written"))
            .count(),
        0
    );
    runs.read(&ended);
    let ledger = place.ledger();
    ledger.assert_adds_up();
    for (path, _) in FILES {
        let (counted, seen) = (ledger.file(path), runs.sight[path]);
        let about = format!("{path}: {counted:?} {seen:?}");
        let highest = runs.printed[path].last().unwrap();
        assert!(counted.number >= *highest, "{about}");
        assert_eq!(counted.hits, counted.number, "{about}");
        assert!(counted.hits >= seen.hits, "a hit was lost: {about}");
        assert!(counted.hits <= seen.hits + seen.unseen, "made up: {about}");
        assert!(
            counted.complete + counted.unsettled >= seen.whole,
            "{about}"
        );
        assert_eq!(counted.downloads, 1, "one visitor, one version: {about}");
        assert!(
            counted.probes <= seen.probes + seen.unseen_probes,
            "{about}"
        );
        // A reply that is no hit is written down when it has been sent.
        assert!(counted.probes + runs.kills * 6 >= seen.probes, "{about}");
    }
    let unsettled = ledger.number("SELECT sum(unsettled) FROM files");
    assert_eq!(
        unsettled, runs.recovered_unsettled,
        "as was said at each start"
    );
    let unread = "SELECT count(*) FROM segments";
    assert_eq!(
        ledger.number(unread),
        0,
        "every journal was posted to its end"
    );
    assert!(
        unsettled > 0,
        "no kill met a download: the load is too light"
    );
}

#[test]
fn the_first_hits_of_every_worker_outlive_a_kill_also_on_a_slow_disk() {
    let place = Place::with(&[("a", 10)]);
    let folder = Folder::new();
    let report = folder.join("report");
    // Each new journal takes a while. The process stays our child, so that it can be killed.
    let slow = "inject=fallocate:delay_enter=200000";
    let strace = ["-D", "-f", "-e", "trace=fallocate", "-e", slow, "-o"];
    let start = Start::by(
        "strace",
        &[&strace[..], &[report.to_str().unwrap()]].concat(),
    );
    let args = ["--workers", "4", "--listen", "127.0.0.1:0"];
    let start = start.args(&args).arg(place.root.path());
    let server = start.state(place.state.path()).start();
    // Connections are spread over the workers by their ports.
    for _ in 0..40 {
        assert_eq!(server.get("/a").status, 200);
    }
    server.kill();
    let last = place.start();
    let expected = Counted {
        downloads: 1,
        repeats: 39,
        ..Counted::complete(40, 400)
    };
    assert_eq!(place.stopped(last, "/a"), expected);
}
