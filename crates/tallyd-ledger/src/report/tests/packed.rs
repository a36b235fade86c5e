//! Reports on packed days say what the rows say, whatever happened to the ledger.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use super::super::sums::Sums;
use super::super::{FileRow, Range, Report, Sort, TopQuery};
use crate::batch::{Batch, ReferrerChange, VersionChange};
use crate::facts::{CLASSES, Counts, DAY, Version};
use crate::ledger::pack::Column;
use crate::ledger::{Ledger, Sqlite};

/// The first day of the model: three blocks of packs are begun in it, and two lie in it as a whole.
const FIRST: i64 = 20_000;
const DAYS: i64 = 80;

/// Sites and paths; the order of the rows is not that of the paths.
const FILES: [(&str, &[u8]); 7] = [
    ("", b"/b/One.iso"),
    ("", b"/a"),
    ("", b"/b/\xff.iso"),
    ("", b"/b/two.iso"),
    ("x.example", b"/a"),
    ("x.example", b"/b/one.iso"),
    ("x.example", "/\u{fc}".as_bytes()),
];

#[derive(Clone, Debug)]
enum Event {
    /// File, day, class, and what is added: also to days that were packed long ago.
    Post(usize, i64, usize, [u8; 6]),
    /// File, day, host, hits.
    Refer(usize, i64, u8, u8),
    /// A hit number that no journal has, found at the next start.
    Gap(usize, i64),
    /// So many steps, on days before this one.
    Pack(u8, i64),
    Forget(usize, bool),
    /// By somebody else, while we have it open.
    ForgetBeside(usize),
    /// Between the clerk's look and its packs.
    RaceForget(usize, u8, i64),
    RacePurge(i64, u8, i64),
    /// A pack whose commit fails.
    FailedPack(u8, i64),
    Prune(i64),
    PurgeBeside(i64),
    /// A byte of some pack.
    Damage(usize),
    Reopen,
}

fn event() -> impl Strategy<Value = Event> {
    let file = || 0..FILES.len();
    let day = || FIRST..FIRST + DAYS;
    prop_oneof![
        12 => (file(), day(), 0..5_usize, any::<[u8; 6]>()).prop_map(|(file, day, class, counts)| Event::Post(file, day, class, counts)),
        4 => (file(), day(), any::<u8>(), any::<u8>()).prop_map(|(file, day, host, hits)| Event::Refer(file, day, host, hits)),
        1 => (file(), day()).prop_map(|(file, day)| Event::Gap(file, day)),
        8 => (1..40_u8, day()).prop_map(|(steps, day)| Event::Pack(steps, day)),
        // All that can be packed.
        4 => Just(Event::Pack(200, FIRST + DAYS)),
        1 => (file(), any::<bool>()).prop_map(|(file, running)| Event::Forget(file, running)),
        1 => file().prop_map(Event::ForgetBeside),
        1 => (FIRST..FIRST + 50).prop_map(Event::Prune),
        1 => (FIRST..FIRST + 50).prop_map(Event::PurgeBeside),
        3 => (file(), 1..5_u8, day()).prop_map(|(file, steps, day)| Event::RaceForget(file, steps, day)),
        2 => (FIRST..FIRST + 50, 1..5_u8, day()).prop_map(|(before, steps, day)| Event::RacePurge(before, steps, day)),
        3 => (1..40_u8, day()).prop_map(|(steps, day)| Event::FailedPack(steps, day)),
        2 => any::<usize>().prop_map(Event::Damage),
        1 => Just(Event::Reopen),
    ]
}

struct World {
    _folder: TempDir,
    path: std::path::PathBuf,
    ledger: Sqlite,
    report: Report,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let ledger = Sqlite::open(&path).unwrap();
        let report = Report::open(&path).unwrap();
        World {
            _folder: folder,
            path,
            ledger,
            report,
        }
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Post(file, day, class, counts) => self.post(file, day, class, counts, 0),
            Event::Refer(file, day, host, hits) => self.refer(file, day, host, hits),
            Event::Gap(file, day) => {
                self.post(file, day, 0, [1, 0, 0, 0, 0, 0], 2);
                self.ledger.settle_gaps().unwrap();
            }
            Event::Pack(steps, before) => {
                for _ in 0..steps {
                    self.ledger.changed_outside().unwrap();
                    self.ledger.pack(before).unwrap();
                }
            }
            Event::Forget(file, running) => {
                let (site, path) = FILES[file];
                self.ledger.forget(site, path, running).unwrap();
            }
            Event::ForgetBeside(file) => {
                let (site, path) = FILES[file];
                let mut other = Sqlite::open(&self.path).unwrap();
                other.forget(site, path, true).unwrap();
            }
            Event::RaceForget(file, steps, before) => {
                let (site, path) = FILES[file];
                self.ledger.changed_outside().unwrap();
                self.ledger.pack(before).unwrap();
                let mut other = Sqlite::open(&self.path).unwrap();
                other.forget(site, path, true).unwrap();
                for _ in 0..steps {
                    self.ledger.pack(before).unwrap();
                }
            }
            Event::RacePurge(purged, steps, before) => {
                self.ledger.changed_outside().unwrap();
                self.ledger.pack(before).unwrap();
                Sqlite::open(&self.path).unwrap().purge(purged).unwrap();
                for _ in 0..steps {
                    self.ledger.pack(before).unwrap();
                }
            }
            Event::FailedPack(steps, before) => {
                for step in 0..steps {
                    self.ledger.fail_commits(step % 3 == 0);
                    self.ledger.pack(before).ok();
                }
                self.ledger.fail_commits(false);
            }
            Event::Prune(before) => self.ledger.prune(before * 24, before).unwrap(),
            Event::PurgeBeside(before) => Sqlite::open(&self.path).unwrap().purge(before).unwrap(),
            Event::Damage(which) => damage(&self.path, which),
            Event::Reopen => {
                self.ledger = Sqlite::open(&self.path).unwrap();
                self.ledger.sweep_forgotten().unwrap();
            }
        }
    }

    fn post(&mut self, file: usize, day: i64, class: usize, counts: [u8; 6], lost: u64) {
        let (site, path) = FILES[file];
        let [complete, aborted, bytes, downloads, probes, hour] = counts.map(u64::from);
        let counts = Counts {
            hits: complete + aborted,
            complete,
            aborted,
            bytes: bytes << (bytes % 30),
            downloads,
            probes,
            ..Counts::default()
        };
        let version = Version {
            site: site.into(),
            path: path.into(),
            device: 1,
            inode: 1,
            length: 9,
            modified: 1,
        };
        let hour = day * 24 + (hour % 24).cast_signed();
        let time = hour * (DAY / 24);
        let change = VersionChange {
            version: Arc::new(version),
            number: self.ledger.number(site, path).unwrap() + counts.hits + lost,
            first: time,
            last: time,
            cells: vec![(hour, CLASSES[class], counts)],
            reached: [0; 10],
        };
        let batch = Batch {
            versions: vec![change],
            ..Batch::default()
        };
        self.ledger.post(&batch).unwrap();
    }

    fn refer(&mut self, file: usize, day: i64, host: u8, hits: u8) {
        let (site, path) = FILES[file];
        let change = ReferrerChange {
            site: site.into(),
            path: path.into(),
            day,
            host: format!("{}.example", host % 40).into(),
            hits: u64::from(hits),
        };
        let batch = Batch {
            referrers: vec![change],
            ..Batch::default()
        };
        self.ledger.post(&batch).unwrap();
    }

    fn packs(&self, level: i64) -> i64 {
        let packs = "SELECT count(*) FROM packs WHERE level = ?1 AND part = 0";
        let ledger = Connection::open(&self.path).unwrap();
        ledger.query_row(packs, [level], |row| row.get(0)).unwrap()
    }

    /// Compares what the report says of a range with plain SQL.
    fn compare(&self, range: Range) {
        let plain = plain(&self.report.connection, range);
        for (column, value) in [
            (Column::Hits, 0_usize),
            (Column::Aborted, 2),
            (Column::Bytes, 4),
            (Column::Downloads, 5),
        ] {
            let sums = Sums::read(&self.report.connection, range, column).unwrap();
            let found: BTreeMap<i64, i64> = sums.iter().collect();
            let expected = plain.iter().map(|(id, row)| (*id, row.sums[value]));
            assert_eq!(found, expected.collect(), "{column:?} of {range:?}");
        }
        for site in [None, Some(""), Some("x.example")] {
            let found = self.report.overview(site, range).unwrap().referrers;
            assert_eq!(found, hosts(&self.report.connection, site, range));
        }
        for (sort, _) in Sort::ALL {
            for (site, prefix, search) in [
                (None, None, None),
                (Some(""), None, None),
                (Some("x.example"), None, Some("ONE")),
                (None, Some("/b/"), None),
                (None, None, Some("\0")),
                (Some("nowhere"), None, None),
            ] {
                for (limit, offset) in [(100, 0), (2, 0), (2, 1), (3, 5)] {
                    let query = TopQuery {
                        site: site.map(str::to_owned),
                        sort,
                        range,
                        prefix: prefix.map(str::to_owned),
                        search: search.map(str::to_owned),
                        limit,
                        offset,
                    };
                    let found = self.report.top(&query).unwrap();
                    assert_eq!(found, expected(&plain, &query), "{query:?}");
                }
            }
        }
    }
}

/// Turns a bit of some pack around.
fn damage(path: &Path, which: usize) {
    let ledger = Connection::open(path).unwrap();
    let rows: Vec<i64> = ledger
        .prepare("SELECT rowid FROM packs")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let Some(row) = rows.get(which % rows.len().max(1)) else {
        return;
    };
    let mut data: Vec<u8> = ledger
        .query_row("SELECT data FROM packs WHERE rowid = ?1", [row], |row| {
            row.get(0)
        })
        .unwrap();
    let byte = which / 7 % data.len();
    data[byte] ^= 1 << (which % 8);
    ledger
        .execute("UPDATE packs SET data = ?2 WHERE rowid = ?1", (row, data))
        .unwrap();
}

/// One file as plain SQL sees it.
#[derive(Debug)]
struct Plain {
    site: String,
    path: Vec<u8>,
    first_seen: i64,
    last_seen: i64,
    /// Hits, complete, aborted, unsettled, bytes, downloads, partials, repeats, probes.
    sums: [i64; 9],
    downloads: [u64; 5],
}

fn plain(ledger: &Connection, range: Range) -> BTreeMap<i64, Plain> {
    let mut query = ledger
        .prepare(
            "SELECT file, site, CAST(path AS BLOB), first_seen, last_seen, class, days.hits, days.complete, days.aborted,
                 days.unsettled, days.bytes, days.downloads, days.partials, days.repeats, days.probes
             FROM file_days AS days JOIN files ON id = file WHERE day BETWEEN ?1 AND ?2",
        )
        .unwrap();
    let (since, until) = range.ends();
    let mut rows = query.query([since, until]).unwrap();
    let mut files = BTreeMap::new();
    while let Some(row) = rows.next().unwrap() {
        let file = files.entry(row.get(0).unwrap()).or_insert_with(|| Plain {
            site: row.get(1).unwrap(),
            path: row.get(2).unwrap(),
            first_seen: row.get(3).unwrap(),
            last_seen: row.get(4).unwrap(),
            sums: [0; 9],
            downloads: [0; 5],
        });
        for (at, sum) in file.sums.iter_mut().enumerate() {
            *sum += row.get::<_, i64>(6 + at).unwrap();
        }
        let class = usize::from(row.get::<_, u8>(5).unwrap());
        file.downloads[class] += row.get::<_, i64>(11).unwrap().cast_unsigned();
    }
    files
}

fn hosts(ledger: &Connection, site: Option<&str>, range: Range) -> Vec<(String, u64)> {
    let (since, until) = range.ends();
    ledger
        .prepare(
            "SELECT host, sum(hits) FROM site_referrers WHERE (?1 IS NULL OR site = ?1) AND day BETWEEN ?2 AND ?3
             GROUP BY host ORDER BY sum(hits) DESC, host LIMIT 20",
        )
        .unwrap()
        .query_map((site, since, until), |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        })
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

/// The page of a query, from what plain SQL says.
fn expected(plain: &BTreeMap<i64, Plain>, query: &TopQuery) -> Vec<FileRow> {
    let lower = |text: &[u8]| String::from_utf8_lossy(text).to_ascii_lowercase();
    let wanted = |row: &Plain| {
        query.site.as_ref().is_none_or(|site| *site == row.site)
            && query
                .prefix
                .as_ref()
                .is_none_or(|prefix| row.path.starts_with(prefix.as_bytes()))
            && query
                .search
                .as_ref()
                .is_none_or(|search| lower(&row.path).contains(&lower(search.as_bytes())))
    };
    let mut rows: Vec<(&i64, &Plain)> = plain.iter().filter(|(_, row)| wanted(row)).collect();
    rows.sort_by_key(|(id, row)| {
        let down = |value: i64| (-value, -**id);
        let by_path = (
            std::str::from_utf8(&row.path).is_err(),
            row.path.clone(),
            row.site.clone(),
        );
        match query.sort {
            Sort::Downloads => (down(row.sums[5]), Default::default()),
            Sort::Hits => (down(row.sums[0]), Default::default()),
            Sort::Bytes => (down(row.sums[4]), Default::default()),
            Sort::Aborted => (down(row.sums[2]), Default::default()),
            Sort::Last => (down(row.last_seen), Default::default()),
            Sort::Path => ((0, 0), by_path),
        }
    });
    let page = rows.into_iter().skip(query.offset).take(query.limit);
    page.map(|(_, row)| {
        let [
            hits,
            complete,
            aborted,
            unsettled,
            bytes,
            downloads,
            partials,
            repeats,
            probes,
        ] = row.sums.map(i64::cast_unsigned);
        FileRow {
            site: row.site.clone(),
            path: row.path.clone(),
            counts: Counts {
                hits,
                complete,
                aborted,
                unsettled,
                bytes,
                downloads,
                partials,
                repeats,
                probes,
                visitors: 0,
            },
            downloads: row.downloads,
            first_seen: row.first_seen,
            last_seen: row.last_seen,
        }
    })
    .collect()
}

fn some(since: i64, until: i64) -> Range {
    Range {
        since: Some(since),
        until: Some(until),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_a_range_is_the_sum_of_its_rows(
        begin in prop::collection::vec(event(), 20..60),
        then in prop::collection::vec((event(), FIRST - 3..FIRST + DAYS, 0..DAYS), 1..30),
    ) {
        let mut world = World::new();
        for event in &begin {
            world.happen(event);
        }
        for (event, since, days) in &then {
            world.happen(event);
            world.compare(some(*since, since + days));
            world.compare(Range { since: None, until: Some(since + days) });
        }
        world.happen(&Event::Pack(255, FIRST + DAYS));
        prop_assert!(world.ledger.is_packed());
        world.compare(some(FIRST, FIRST + DAYS));
    }
}

#[test]
fn every_change_to_a_packed_day_is_seen() {
    let changes = [
        Event::Post(1, FIRST + 40, 2, [1, 2, 3, 4, 5, 6]),
        Event::Post(6, FIRST + 33, 0, [0, 0, 0, 0, 0, 0]),
        Event::Refer(2, FIRST + 34, 3, 9),
        Event::Gap(0, FIRST + 50),
        Event::Forget(0, true),
        Event::Forget(3, false),
        Event::ForgetBeside(1),
        Event::Prune(FIRST + 35),
        Event::PurgeBeside(FIRST + 37),
    ];
    for change in changes {
        let mut world = World::new();
        for (day, low) in (0..DAYS).zip(0_u8..) {
            for (file, number) in (0..4).zip(0..) {
                let counts = [low, number, 9, 3, 1, 0];
                world.post(file, FIRST + day, file, counts, 0);
                world.refer(file, FIRST + day, low % 7, 1 + low);
            }
        }
        world.happen(&Event::Pack(255, FIRST + DAYS));
        assert_eq!((world.packs(0), world.packs(1)), (DAYS, 2));
        world.compare(some(FIRST, FIRST + DAYS));
        world.happen(&change);
        assert!(world.packs(0) < DAYS && world.packs(1) < 2, "{change:?}");
        world.compare(some(FIRST, FIRST + DAYS));
        world.compare(some(FIRST + 30, FIRST + DAYS));
        world.happen(&Event::Pack(255, FIRST + DAYS));
        world.compare(some(FIRST, FIRST + DAYS));
    }
}

#[test]
fn a_damaged_pack_is_passed_over() {
    let mut world = World::new();
    for (day, low) in (0..DAYS).zip(0_u8..) {
        world.post(
            usize::from(low) % 4,
            FIRST + day,
            1,
            [low, 2, 9, 3, 1, 0],
            0,
        );
    }
    world.happen(&Event::Pack(255, FIRST + DAYS));
    for which in 0..200 {
        damage(&world.path, which * 31);
    }
    for since in [FIRST, FIRST + 16, FIRST + 20, FIRST + 60] {
        world.compare(some(since, FIRST + DAYS));
    }
}
