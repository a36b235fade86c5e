//! Random batches against plain sums, with the ledger opened anew now and then.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::facts::{CLASSES, day_of};
use crate::ledger::Ledger;

/// Table, and key as text; then the sums.
type Sums = BTreeMap<(&'static str, String), Vec<i64>>;

#[derive(Clone, Debug)]
struct Event {
    version: usize,
    hour: i64,
    class: usize,
    counts: [u16; 9],
    begun: u32,
    settle: bool,
    window: Option<(u64, bool)>,
    tenth: usize,
}

fn event() -> impl Strategy<Value = Event> {
    let window = proptest::option::of((0..3_u64, any::<bool>()));
    (
        0..6_usize,
        0..60_i64,
        0..5_usize,
        any::<[u16; 9]>(),
        0..3_u32,
        any::<bool>(),
        window,
        0..10_usize,
    )
        .prop_map(
            |(version, hour, class, counts, begun, settle, window, tenth)| Event {
                version,
                hour,
                class,
                counts,
                begun,
                settle,
                window,
                tenth,
            },
        )
}

fn universe() -> Vec<Arc<Version>> {
    let paths: [(&str, &[u8], u64); 6] = [
        ("", b"/a", 1),
        ("", b"/a", 2),
        ("", b"/\xff\x00", 1),
        ("a.example", b"/a", 1),
        ("a.example", "/ü".as_bytes(), 1),
        ("a.example", b"", u64::MAX),
    ];
    paths
        .into_iter()
        .map(|(site, path, inode)| {
            Arc::new(Version {
                site: site.into(),
                path: path.into(),
                inode,
                ..(*version("/")).clone()
            })
        })
        .collect()
}

fn file_key(version: &Version) -> String {
    let hex = version
        .path
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<String>();
    format!("{}|{hex}", version.site)
}

fn version_key(version: &Version) -> String {
    format!("{}|{}", file_key(version), version.inode.cast_signed())
}

/// What is expected, and what the next events need to be possible.
#[derive(Default)]
struct World {
    sums: Sums,
    windows: BTreeMap<(usize, u64), Window>,
    open: Vec<(usize, (u64, u32))>,
    numbers: BTreeMap<String, u64>,
    words: u32,
}

impl World {
    fn add(&mut self, table: &'static str, key: String, more: &[i64]) {
        let sums = self
            .sums
            .entry((table, key))
            .or_insert_with(|| vec![0; more.len()]);
        sums.iter_mut()
            .zip(more)
            .for_each(|(sum, more)| *sum += more);
    }

    /// The batch of these events; no version or window twice in it.
    fn batch(&mut self, events: &[Event]) -> Batch {
        let universe = universe();
        let mut batch = Batch::default();
        let mut windows = BTreeMap::new();
        for event in events {
            let version = &universe[event.version];
            let counts = self.counts(event, &mut batch.progress);
            let number = self.numbers.entry(file_key(version)).or_default();
            *number += counts.hits;
            let mut change = change(version, *number, NOW + event.hour * HOUR, counts);
            change.cells[0].1 = CLASSES[event.class];
            change.reached[event.tenth] = 1;
            self.expect(version, &change, event);
            batch.versions.push(change);
            if let Some((visitor, open)) = event.window {
                windows.insert(
                    (event.version, visitor),
                    open.then(|| window(NOW + event.hour, 10)),
                );
            }
        }
        for ((version, visitor), window) in windows {
            self.windows.remove(&(version, visitor));
            if let Some(window) = &window {
                self.windows.insert((version, visitor), window.clone());
            }
            batch
                .windows
                .push(opened(&universe[version], visitor, window));
        }
        batch
    }

    fn counts(&mut self, event: &Event, progress: &mut Progress) -> Counts {
        let [
            complete,
            aborted,
            unsettled,
            bytes,
            downloads,
            partials,
            repeats,
            probes,
            visitors,
        ] = event.counts.map(u64::from);
        let mut counts = Counts {
            hits: complete + aborted + unsettled + u64::from(event.begun),
            complete,
            aborted,
            unsettled,
            bytes,
            downloads,
            partials,
            repeats,
            probes,
            visitors,
        };
        let ours = self
            .open
            .iter()
            .position(|(version, _)| *version == event.version);
        if let (true, Some(index)) = (event.settle, ours) {
            let (_, place) = self.open.remove(index);
            match progress.opened.iter().position(|opened| *opened == place) {
                // Begun and settled in one batch: it says nothing of it.
                Some(index) => drop(progress.opened.remove(index)),
                None => progress.settled.push(place),
            }
            counts.complete += 1;
        }
        for _ in 0..event.begun {
            self.words += 1;
            progress.opened.push((7, self.words));
            self.open.push((event.version, (7, self.words)));
        }
        counts
    }

    fn expect(&mut self, version: &Version, change: &VersionChange, event: &Event) {
        let c = change.cells[0].2;
        let row = [
            c.hits,
            c.complete,
            c.aborted,
            c.unsettled,
            c.bytes,
            c.downloads,
            c.partials,
            c.repeats,
            c.probes,
            c.visitors,
        ]
        .map(u64::cast_signed);
        let (file, class) = (file_key(version), event.class);
        let (hour, day) = (hour_of(change.first), day_of(change.first));
        self.add("files", file.clone(), &row[..9]);
        self.add("versions", version_key(version), &row[..9]);
        self.add("file_hours", format!("{hour}|{file}|{class}"), &row);
        self.add("file_days", format!("{day}|{file}|{class}"), &row);
        self.add(
            "site_hours",
            format!("{hour}|{}|{class}", version.site),
            &row,
        );
        self.add("site_days", format!("{day}|{}|{class}", version.site), &row);
        self.add("aborts", format!("{file}|{}", event.tenth), &[1]);
    }
}

const NINE: &str =
    "hits, complete, aborted, unsettled, bytes, downloads, partials, repeats, probes";

/// What the ledger holds, in the form of the model.
fn held(ledger: &Sqlite) -> Sums {
    let named = "(SELECT id AS named, site || '|' || hex(path) AS name FROM files)";
    let mut sums = Sums::new();
    let mut read = |table: &'static str, key: &str, columns: &str, from: &str| {
        for row in all(
            &ledger.connection,
            &format!("SELECT {key}, {columns} FROM {from}"),
        ) {
            let mut row = row.into_iter();
            let Some(Value::Text(key)) = row.next() else {
                panic!("{table}: no key")
            };
            let numbers = row.map(|value| match value {
                Value::Integer(n) => n,
                other => panic!("{other:?}"),
            });
            sums.insert((table, key), numbers.collect());
        }
    };
    let ten = format!("{NINE}, visitors");
    read("files", "site || '|' || hex(path)", NINE, "files");
    read(
        "versions",
        "name || '|' || inode",
        NINE,
        &format!("versions JOIN {named} ON named = file"),
    );
    read(
        "file_hours",
        "hour || '|' || name || '|' || class",
        &ten,
        &format!("file_hours JOIN {named} ON named = file"),
    );
    read(
        "file_days",
        "day || '|' || name || '|' || class",
        &ten,
        &format!("file_days JOIN {named} ON named = file"),
    );
    read(
        "site_hours",
        "hour || '|' || site || '|' || class",
        &ten,
        "site_hours",
    );
    read(
        "site_days",
        "day || '|' || site || '|' || class",
        &ten,
        "site_days",
    );
    read(
        "aborts",
        "name || '|' || tenth",
        "hits",
        &format!("aborts JOIN {named} ON named = file"),
    );
    sums
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_table_holds_the_plain_sums(
        batches in prop::collection::vec((prop::collection::vec(event(), 0..12), any::<bool>()), 1..8),
    ) {
        let (_folder, path) = place();
        let mut ledger = Sqlite::open(&path).unwrap();
        let mut world = World::default();
        for (events, reopen) in batches {
            ledger.post(&world.batch(&events)).unwrap();
            if reopen {
                drop(ledger);
                ledger = Sqlite::open(&path).unwrap();
            }
            prop_assert_eq!(held(&ledger), world.sums.clone());
            let universe = universe();
            for ((version, visitor), window) in &world.windows {
                let found = ledger.window(&universe[*version], *visitor).unwrap();
                prop_assert_eq!(found.as_ref(), Some(window));
            }
            prop_assert_eq!(ledger.ended(i64::MAX, 100).unwrap().len(), world.windows.len());
            prop_assert_eq!(one(&ledger, "SELECT count(*) FROM open_hits"), world.open.len() as i64);
            for version in &universe {
                let number = world.numbers.get(&file_key(version)).copied().unwrap_or(0);
                prop_assert_eq!(ledger.number(&version.site, &version.path).unwrap(), number);
            }
            let wrong = "SELECT count(*) FROM files WHERE first_seen > last_seen
                OR last_seen <> (SELECT max(last_seen) FROM versions WHERE file = files.id)
                OR first_seen <> (SELECT min(first_seen) FROM versions WHERE file = files.id)";
            prop_assert_eq!(one(&ledger, wrong), 0);
        }
    }
}
