//! How long posting takes: `cargo run --release -p tallyd-ledger --example posting -- FOLDER [FILES] [ROUNDS]`.
//!
//! Each round posts one batch in which every file has a hit; the first has a new window for each as well. Then a
//! batch of 1,000 files among all of them, single numbers, what the tables take, and how long opening takes.

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tallyd_ledger::batch::{Batch, Progress, VersionChange, WindowChange};
use tallyd_ledger::facts::{Class, Counts, HOUR, Version};
use tallyd_ledger::ledger::{Ledger, Numbers, Sqlite};
use tallyd_ledger::window::{Kind, Touch, Window};

/// Versions that one batch takes at most: the rest of a round goes into further ones.
const BATCH: usize = 100_000;

/// Some day in 2026.
const START: i64 = 497_000 * HOUR;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = env::args().skip(1);
    let folder = words.next().ok_or("posting FOLDER [FILES] [ROUNDS]")?;
    let files: usize = words.next().map_or(Ok(100_000), |word| word.parse())?;
    let rounds: u64 = words.next().map_or(Ok(4), |word| word.parse())?;
    let path = Path::new(&folder).join("posting.ledger");
    let mut out = io::stdout().lock();

    let versions = (0..files).map(version).collect::<Vec<_>>();
    let mut ledger = Sqlite::open(&path)?;
    for round in 1..=rounds {
        let mut took = Vec::new();
        for part in versions.chunks(BATCH) {
            let batch = batch(part, round, round == 1);
            took.push(timed(|| ledger.post(&batch))?);
        }
        writeln!(out, "round {round}: {}", list(&took))?;
    }
    let mut took = Vec::new();
    for round in 0..10 {
        let some = versions
            .iter()
            .skip(round)
            .step_by((files / 1_000).max(1))
            .cloned()
            .collect::<Vec<_>>();
        let batch = batch(&some, rounds + 1, false);
        took.push(timed(|| ledger.post(&batch))?);
    }
    writeln!(out, "1,000 files: {}", list(&took))?;

    let numbers = Numbers::open(&path)?;
    numbers.number("", b"/first")?;
    let all = timed(|| {
        versions
            .iter()
            .take(10_000)
            .try_for_each(|version| numbers.number("", &version.path).map(|_| ()))
    })?;
    writeln!(out, "one number: {:?}", all / 10_000)?;
    drop(ledger);
    let opening = timed(|| Sqlite::open(&path).map(|_| ()))?;
    writeln!(out, "opening: {opening:?}")?;
    Ok(())
}

fn version(number: usize) -> Arc<Version> {
    // Spread as names in a tree are: neighbours on disk are not neighbours in the order of requests.
    let spread = number.wrapping_mul(2_654_435_761) % 1_000_003;
    Arc::new(Version {
        site: "".into(),
        path: format!(
            "/files/{:03}/file-{number:07}-{spread:07}.bin",
            spread % 997
        )
        .into_bytes()
        .into(),
        device: 64_769,
        inode: 1_000_000 + number as u64,
        length: 100_000,
        modified: 1_780_000_000_000_000_000 + number as i64 * 1_000_000_007,
    })
}

fn batch(versions: &[Arc<Version>], round: u64, windows: bool) -> Batch {
    let time = START + i64::try_from(round).unwrap_or(0) * HOUR / 4;
    let counts = Counts {
        hits: 1,
        complete: 1,
        bytes: 100_000,
        downloads: u64::from(round == 1),
        repeats: u64::from(round > 1),
        visitors: u64::from(round == 1),
        ..Counts::default()
    };
    let changes = versions.iter().map(|version| VersionChange {
        version: Arc::clone(version),
        number: round,
        first: time,
        last: time,
        cells: vec![(time.div_euclid(HOUR), Class::Tool, counts)],
        reached: [0; 10],
    });
    let opened = versions.iter().filter(|_| windows).zip(0_u64..);
    Batch {
        progress: Progress {
            next_sequence: round + 1,
            read: vec![(round, 4_711)],
            ..Progress::default()
        },
        versions: changes.collect(),
        windows: opened
            .map(|(version, n)| window(version, n, time))
            .collect(),
        latest: time,
        ..Batch::default()
    }
}

fn window(version: &Arc<Version>, number: u64, time: i64) -> WindowChange {
    let touch = Touch {
        time: time + number.cast_signed() * 1_000,
        class: Class::Tool,
        representation: 0,
        whole: version.length,
        spans: &[],
        content: version.length,
    };
    let mut window = Window::open(&touch);
    window.touch(Kind::FirstTouch, &touch);
    WindowChange {
        version: Arc::clone(version),
        visitor: number.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        window: Some(window),
    }
}

fn timed<E>(work: impl FnOnce() -> Result<(), E>) -> Result<Duration, E> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed())
}

fn list(took: &[Duration]) -> String {
    let millis = took
        .iter()
        .map(|took| format!("{:.1}", took.as_secs_f64() * 1e3));
    format!("{} ms", millis.collect::<Vec<_>>().join(" "))
}
