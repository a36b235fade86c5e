//! How many entries a second the clerk posts: `cargo run --release --example clerk -- FILES ENTRIES`.
//!
//! A worker writes hits of random files by one visitor into real segments below the working directory's `target`;
//! the clerk reads and posts them as it does in a server. Both are timed by their CPU.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use tallyd_ledger::account::Books;
use tallyd_ledger::clerk::{Clerk, Habits, now};
use tallyd_ledger::desk::Desk;
use tallyd_ledger::disk::{Disk, Folder};
use tallyd_ledger::entry::{Definition, Hit};
use tallyd_ledger::facts::{Class, Outcome, Settled, Version, Visitor};
use tallyd_ledger::health::Health;
use tallyd_ledger::journal::{Journal, Mark};
use tallyd_ledger::keyring::KeyRing;
use tallyd_ledger::ledger::Sqlite;
use tallyd_ledger::tally::Tally;
use tallyd_ledger::window::Kind;

/// Entries between two rounds of the clerk: what a busy server writes in 200 ms.
const ROUND: u64 = 30_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let mut number = |default| words.next().map_or(Ok(default), |word| word.parse());
    let (files, entries) = (number(1_000_u64)?, number(2_000_000_u64)?);
    let place = tempfile::tempdir_in("target")?;
    let disk: Arc<dyn Disk> = Arc::new(Folder::new(&place.path().join("journal"))?);
    let mut ledger = Sqlite::open(&place.path().join("ledger.db"))?;
    ledger.set_window_kind(Kind::FirstTouch)?;
    let desk = Arc::new(Desk::new(disk, Arc::new(Health::default()), 0, 0, 1));
    let habits = Habits {
        sync_interval: Duration::from_secs(1),
        keep_hours: None,
        keep_days: None,
    };
    let ring = Arc::new(KeyRing::in_memory(1).map_err(|error| error.to_string())?);
    let mut clerk = Clerk::new(
        Arc::clone(&desk),
        Box::new(ledger),
        Arc::new(Books::default()),
        ring,
        Tally::new(Kind::FirstTouch),
        habits,
        Arc::new(AtomicBool::new(false)),
    );
    let journal = Journal::new(Arc::clone(&desk), 0);
    let served: Vec<(Definition, Mark)> = (0..files).map(served).collect();
    let (mut writing, mut posting, mut first) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut state = 1_u64;
    for round in 0..entries.div_ceil(ROUND) {
        while desk.ready() < 6 {
            desk.supply_one()?;
        }
        let began = Instant::now();
        for _ in 0..ROUND {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let place = usize::try_from(state % files)?;
            if let Some((definition, mark)) = served.get(place) {
                hit(&journal, definition, mark);
            }
        }
        writing += began.elapsed();
        let began = Instant::now();
        clerk.cycle()?;
        posting += began.elapsed();
        if round == 0 {
            first = began.elapsed();
        }
    }
    let written = entries.div_ceil(ROUND) * ROUND;
    let each = |time: Duration| time.as_nanos() / u128::from(written);
    let rate = u128::from(written) * 1_000_000_000 / posting.as_nanos().max(1);
    let mut out = std::io::stdout();
    std::io::Write::write_all(
        &mut out,
        format!(
            "{files} files, {written} entries in rounds of {ROUND}: writing {} ns, posting {} ns each, {rate} a second \
             (the first round {first:?})\n",
            each(writing),
            each(posting)
        )
        .as_bytes(),
    )?;
    Ok(())
}

fn served(number: u64) -> (Definition, Mark) {
    let version = Version {
        site: "".into(),
        path: format!("/files/of/some/depth/number-{number}.bin")
            .as_bytes()
            .into(),
        device: 1,
        inode: number,
        length: 1024,
        modified: 1,
    };
    let definition = Definition {
        version: Arc::new(version),
        representation: 0,
        whole: 1024,
    };
    (definition, Mark::default())
}

fn hit(journal: &Journal, definition: &Definition, mark: &Mark) {
    let hit = Hit {
        time: now(),
        number: 1,
        status: 200,
        protocol: 11,
        class: Class::Tool,
        visitor: Visitor {
            today: 1,
            before: 2,
            register: 3,
            rank: 4,
        },
        proxied: false,
        probe: false,
        spans: &[],
        referrer: b"",
    };
    let begun = journal.begin(&hit, mark, definition);
    let settled = Settled {
        outcome: Outcome::Complete,
        bytes: 1024,
        content: 1024,
    };
    journal.settle(&begun, settled);
}
