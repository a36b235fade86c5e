//! Data as they are in life, and every state that the overview can be in.

use std::sync::Arc;

use tallyd_ledger::facts::{Class, Counts, DAY, HOUR, Outcome, Version};
use tallyd_ledger::feed::{About, Seen};
use tallyd_ledger::report::{
    Classes, Day, FileRow, MissingRow, Overview, Point, Range, Unit, Visitors,
};

use crate::admin::pages::frame::Frame;
use crate::admin::pages::overview::{Before, Shown, page};
use crate::admin::wanted::{Measure, Period, Wanted};

/// 2026-11-20, a Friday.
const TODAY: i64 = 20_777;

pub const NOW: i64 = TODAY * DAY + 17 * HOUR + 396_000_000_000;

/// Numbers that look like chance and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most.max(1)
    }
}

fn counts(hits: u64, dice: &mut Dice) -> Counts {
    let aborted = hits * dice.below(9) / 100;
    let downloads = hits * (62 + dice.below(20)) / 100;
    Counts {
        hits,
        complete: hits - aborted,
        aborted,
        bytes: hits * 5_300_000 + dice.below(1_000_000),
        downloads,
        repeats: hits * 7 / 100,
        partials: hits * 6 / 100,
        probes: hits / 9,
        ..Counts::default()
    }
}

/// One hour or day: more on weekdays and by day, in waves over the year.
fn point(start: i64, unit: Unit, dice: &mut Dice) -> Point {
    let busy = match unit {
        Unit::Day if (start + 3).rem_euclid(7) > 4 => 260,
        Unit::Day => 500 + u64::try_from(start.rem_euclid(90)).unwrap() * 3,
        Unit::Hour => 6 + u64::try_from(13 - (start.rem_euclid(24) - 13).abs()).unwrap() * 4,
    };
    let mut classes = Classes::default();
    for (class, share) in [45, 38, 14, 6, 1].into_iter().enumerate() {
        let hits = busy * share / 100 + dice.below(busy * share / 200 + 1);
        classes.counts[class] = counts(hits, dice);
    }
    Point { start, classes }
}

const FILES: [&str; 10] = [
    "/releases/aurora-2.4.1-x86_64.AppImage",
    "/releases/aurora-2.4.1-setup.exe",
    "/releases/aurora-2.4.1-arm64.dmg",
    "/releases/aurora-2.4.0-x86_64.AppImage",
    "/data/2026/measurements/station-0417/temperature-hourly.parquet",
    "/podcast/episode-112.mp3",
    "/docs/manual.pdf",
    "/releases/SHA256SUMS",
    "/img/logo.svg",
    "/\u{65e5}\u{672c}\u{8a9e}/<b>read me</b> & more.txt",
];

/// What a page is made of.
pub struct Data {
    wanted: Wanted,
    sites: Vec<String>,
    trouble: Option<String>,
    overview: Overview,
    before: Option<Before>,
    series: Vec<Point>,
    unit: Unit,
    top: Vec<FileRow>,
    latest: Vec<Arc<Seen>>,
    kept: bool,
    has_counts: bool,
}

impl Data {
    pub fn of(wanted: Wanted) -> Data {
        let mut dice = Dice(7);
        let range = wanted.period.range(TODAY);
        let first = range.since.unwrap_or(TODAY - 799);
        let (unit, series): (Unit, Vec<Point>) = match first == TODAY {
            true => (
                Unit::Hour,
                (TODAY * 24..TODAY * 24 + 18)
                    .map(|hour| point(hour, Unit::Hour, &mut dice))
                    .collect(),
            ),
            false => (
                Unit::Day,
                (first..=TODAY)
                    .map(|day| point(day, Unit::Day, &mut dice))
                    .collect(),
            ),
        };
        let classes = sum(&series);
        let mut smaller = classes;
        for counts in &mut smaller.counts {
            counts.downloads = counts.downloads * 8 / 9;
            counts.hits = counts.hits * 21 / 20;
            counts.bytes = counts.bytes * 3 / 4;
        }
        let before = wanted.period.before(TODAY).map(|_| Before {
            classes: smaller,
            requests: 7,
            visitors: Visitors::About {
                people: classes.total().downloads * 10 / 21,
                others: 80,
                error: 0.016,
            },
        });
        Data {
            sites: vec![String::new()],
            trouble: None,
            overview: overview(&wanted, range, classes, first),
            before,
            unit,
            series,
            top: top(classes.total().hits),
            latest: latest(),
            kept: true,
            has_counts: true,
            wanted,
        }
    }

    pub fn html(&self) -> String {
        page(&Shown {
            frame: Frame {
                wanted: &self.wanted,
                sites: &self.sites,
                trouble: self.trouble.as_deref(),
                now: NOW,
                version: "0.1.0",
            },
            now: &self.overview,
            before: self.before.as_ref(),
            series: &self.series,
            unit: self.unit,
            top: &self.top,
            latest: &self.latest,
            kept: self.kept,
            has_counts: self.has_counts,
            address: Some("http://localhost:8080/"),
        })
    }
}

fn sum(series: &[Point]) -> Classes {
    let mut classes = Classes::default();
    for point in series {
        for (sum, counts) in classes.counts.iter_mut().zip(point.classes.counts) {
            *sum += counts;
        }
    }
    classes.counts[0].hits += 2;
    classes.counts[3].hits += 3;
    classes.counts[3].unsettled += 3;
    classes
}

fn overview(wanted: &Wanted, range: Range, classes: Classes, first: i64) -> Overview {
    let total = classes.total();
    let missing = [
        "/favicon.ico",
        "/wp-login.php",
        "/.env",
        "/releases/aurora-2.3.exe",
        "/a/<script>alert(1)</script>",
        "/robots.txt",
        "/old/manual.pdf",
        "/admin",
        "/xmlrpc.php",
        "/apple-touch-icon.png",
    ];
    let missing = missing.iter().enumerate().map(|(place, path)| MissingRow {
        site: String::new(),
        path: path.as_bytes().to_vec(),
        requests: 9_000 / (place as u64 + 1),
        uncertain: u64::from(place > 6),
        last_seen: NOW - place as i64 * 4 * HOUR,
    });
    let hosts = [
        "github.com",
        "www.google.com",
        "news.ycombinator.com",
        "duckduckgo.com",
        "aurora.example",
        "old.reddit.com",
        "www.bing.com",
        "lobste.rs",
        "mastodon.social",
        "t.co",
    ];
    let hosts = hosts
        .iter()
        .enumerate()
        .map(|(place, host)| ((*host).to_owned(), total.hits / (4 * (place as u64 + 1))));
    Overview {
        site: wanted.site.clone(),
        range,
        first_day: Some(first),
        classes,
        days: Vec::<Day>::new(),
        requests: total.hits + total.probes + 900,
        statuses: vec![
            (200, total.hits * 7 / 10),
            (206, total.hits * 3 / 10),
            (304, total.probes),
            (404, 812),
            (301, 60),
            (416, 18),
            (400, 7),
            (503, 3),
        ],
        protocols: vec![(11, total.hits)],
        bytes: total.bytes,
        not_found: 812,
        missing: missing.collect(),
        referrers: hosts.collect(),
        visitors: Visitors::About {
            people: total.downloads * 10 / 22,
            others: total.downloads / 30,
            error: 0.016,
        },
    }
}

fn top(hits: u64) -> Vec<FileRow> {
    let rows = FILES.iter().enumerate().map(|(place, path)| {
        let hits = hits / (place as u64 + 4);
        let counts = counts(hits, &mut Dice(place as u64));
        FileRow {
            site: String::new(),
            path: path.as_bytes().to_vec(),
            counts,
            downloads: [counts.downloads / 2, counts.downloads / 3, 5, 4, 3],
            first_seen: NOW - 90 * DAY,
            last_seen: NOW,
        }
    });
    rows.collect()
}

fn latest() -> Vec<Arc<Seen>> {
    let version = |path: &str| {
        Arc::new(Version {
            site: "".into(),
            path: path.as_bytes().into(),
            device: 1,
            inode: 2,
            length: 3,
            modified: 4,
        })
    };
    let hit = |path, outcome| About::Hit {
        version: version(path),
        number: 42,
        outcome,
        referrer: "".into(),
    };
    let all = [
        (200, Class::Person, hit(FILES[0], None), 18_400_000),
        (
            200,
            Class::Person,
            hit(FILES[6], Some(Outcome::Complete)),
            2_100_000,
        ),
        (
            206,
            Class::Person,
            hit(FILES[5], Some(Outcome::Aborted)),
            4_700_000,
        ),
        (
            404,
            Class::Bot,
            About::Missing((*b"/wp-login.php").into()),
            312,
        ),
        (
            200,
            Class::Tool,
            hit(FILES[7], Some(Outcome::Complete)),
            1_204,
        ),
        (304, Class::Person, About::Probe(version(FILES[8])), 0),
        (301, Class::Unknown, About::Other, 180),
        (
            200,
            Class::Tool,
            hit(FILES[4], Some(Outcome::Complete)),
            88_000_000,
        ),
        (
            200,
            Class::Internal,
            hit(FILES[8], Some(Outcome::Complete)),
            912,
        ),
        (
            200,
            Class::Person,
            hit(FILES[9], Some(Outcome::Complete)),
            640,
        ),
    ];
    let seen = all
        .into_iter()
        .enumerate()
        .map(|(place, (status, class, about, bytes))| {
            Arc::new(Seen {
                id: 100 - place as u64,
                time: NOW - place as i64 * 7_300_000_000,
                site: "".into(),
                status,
                class,
                protocol: 11,
                bytes,
                about,
            })
        });
    seen.collect()
}

pub fn days(days: u16) -> Wanted {
    Wanted {
        period: Period::Days(days),
        ..Wanted::default()
    }
}

/// Every state that the page can be in, by name.
pub fn every_page() -> Vec<(&'static str, String)> {
    let of = |period| {
        Data::of(Wanted {
            period,
            ..Wanted::default()
        })
    };
    let mut several = Data::of(Wanted {
        measure: Measure::Hits,
        site: None,
        ..days(30)
    });
    several.sites = vec![
        String::new(),
        "files.example".into(),
        "podcast.example".into(),
    ];
    several.trouble = Some("the disk is full (/var/lib/tallyd)".into());
    several.overview.visitors = Visitors::Unknown(
        "more than half of the replies went through a proxy, behind which visitors can't be told apart",
    );
    let mut new = of(Period::Days(7));
    new.before.as_mut().unwrap().requests = 0;
    new.before.as_mut().unwrap().visitors = Visitors::Unknown("");
    new.series
        .iter_mut()
        .take(6)
        .for_each(|point| point.classes = Classes::default());
    let mut quiet = of(Period::Between(20_400, 20_420));
    quiet.overview.requests = 0;
    let mut first = of(Period::Days(30));
    first.has_counts = false;
    let mut not_kept = of(Period::Days(30));
    not_kept.kept = false;
    vec![
        ("index", of(Period::Days(30)).html()),
        ("today", of(Period::Days(1)).html()),
        ("week", new.html()),
        ("year", of(Period::Days(365)).html()),
        ("all", of(Period::All).html()),
        ("days", of(Period::Days(62)).html()),
        ("several", several.html()),
        ("quiet", quiet.html()),
        ("first", first.html()),
        ("not-kept", not_kept.html()),
    ]
}
