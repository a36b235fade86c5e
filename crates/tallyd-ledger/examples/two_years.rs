//! How long reports over long ranges take: `cargo run --release -p tallyd-ledger --example two_years -- FOLDER [--dense]`.
//!
//! Fills a ledger in FOLDER with 100,000 files and 730 days, unless there is one, and packs its days as the clerk does.
//! On a day, 3,000 different files have hits; with --dense, 35,000 (over a million rows of files and days a month). Then
//! what the overview, the page of files and the exports ask for is timed, ten times each.
//! `--files N`, `--days N` and `--each-day N` change the size.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use tallyd_ledger::ledger::{Ledger, Sqlite};
use tallyd_ledger::report::{Range, Report, Scope, Sort, TopQuery, Unit};

/// The last day: some day in 2026.
const TODAY: i64 = 20_777;

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

struct Plan {
    files: usize,
    days: i64,
    /// Different files with hits on a day.
    each_day: usize,
    /// Different hosts that hits come from on a day.
    hosts: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let folder = words
        .first()
        .ok_or("two_years FOLDER [--dense] [--files N] [--days N]")?;
    let number = |name: &str, default: usize| {
        let at = words.iter().position(|word| word == name);
        let value = at.and_then(|at| words.get(at + 1));
        value.map_or(Ok(default), |word| word.parse())
    };
    let is_dense = words.iter().any(|word| word == "--dense");
    let (each_day, hosts) = if is_dense {
        (35_000, 1_000)
    } else {
        (3_000, 200)
    };
    let plan = Plan {
        files: number("--files", 100_000)?,
        days: i64::try_from(number("--days", 730)?)?,
        each_day: number("--each-day", each_day)?,
        hosts,
    };
    let path = Path::new(folder).join("two-years.ledger");
    let mut out = io::stdout().lock();
    if !path.exists() {
        drop(Sqlite::open(&path)?);
        let ((), (took, _)) = timed(|| fill(&path, &plan))?;
        writeln!(out, "filled in {:.1} s", took.as_secs_f64())?;
    }
    let mut ledger = Sqlite::open(&path)?;
    pack(&mut ledger, &mut out)?;
    ledger.tidy();
    drop(ledger);
    time_reports(&path, plan.days, &mut out)?;
    Ok(())
}

/// Packs all that is closed, as the clerk does; yesterday is not yet.
fn pack(ledger: &mut Sqlite, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let mut took = Vec::new();
    while !ledger.is_packed() {
        took.push(timed(|| ledger.pack(TODAY - 1))?.1);
    }
    let of_cpu = |took: &[Took]| {
        let most = took.iter().map(|took| took.1).max().unwrap_or_default();
        let sum: Duration = took.iter().map(|took| took.1).sum();
        let count = u32::try_from(took.len().max(1)).unwrap_or(1);
        format!(
            "{} ms of the CPU each, {} at most",
            millis(sum / count),
            millis(most)
        )
    };
    writeln!(out, "packed in {} steps: {}", took.len(), of_cpu(&took))?;
    Ok(())
}

fn time_reports(path: &Path, days: i64, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let last = |days: i64| Range {
        since: Some(TODAY - days + 1),
        until: Some(TODAY),
    };
    let before = |days: i64| Range {
        since: Some(TODAY - 2 * days + 1),
        until: Some(TODAY - days),
    };
    let top = |sort, range, limit, search: Option<&str>| TopQuery {
        sort,
        range,
        limit,
        search: search.map(str::to_owned),
        ..TopQuery::default()
    };
    let scope = Scope::Site(None);
    writeln!(
        out,
        "{:>10} {:>17} {:>17} {:>17} {:>17} {:>17}   the first, the best, and CPU each, ms",
        "range", "overview", "summary", "top(10)", "series", "together"
    )?;
    let ranges = [
        ("today", last(1), before(1), 1),
        ("7 days", last(7), before(7), 7),
        ("30 days", last(30), before(30), 30),
        ("365 days", last(365), before(365), 365),
        ("all", Range::default(), Range::default(), days),
    ];
    for (name, range, earlier, days) in ranges {
        let (unit, first, last) = match days {
            1 => (Unit::Hour, TODAY * 24, TODAY * 24 + 23),
            _ => (Unit::Day, TODAY - days + 1, TODAY),
        };
        let mut each: [Vec<Took>; 5] = Default::default();
        let report = Report::open(path)?;
        for _ in 0..10 {
            let took = [
                timed(|| report.overview(None, range))?.1,
                timed(|| report.summary(None, earlier))?.1,
                timed(|| report.top(&top(Sort::Downloads, range, 10, None)))?.1,
                timed(|| report.series(&scope, unit, first, last))?.1,
            ];
            let sum = |part: fn(&Took) -> Duration| took.iter().map(part).sum();
            let together = (sum(|took| took.0), sum(|took| took.1));
            for (times, took) in each.iter_mut().zip(took.into_iter().chain([together])) {
                times.push(took);
            }
        }
        write!(out, "{name:>10}")?;
        for times in &each {
            write!(out, " {:>17}", in_short(times))?;
        }
        writeln!(out)?;
    }
    let year = last(365);
    let pages = [
        ("50 files of 365 days", top(Sort::Downloads, year, 50, None)),
        (
            "50 files of all days",
            top(Sort::Downloads, Range::default(), 50, None),
        ),
        (
            "50 files by hits of 30 days",
            top(Sort::Hits, last(30), 50, None),
        ),
        (
            "50 files by bytes of 365 days",
            top(Sort::Bytes, year, 50, None),
        ),
        (
            "50 files by path of 365 days",
            top(Sort::Path, year, 50, None),
        ),
        (
            "50 files by last of 365 days",
            top(Sort::Last, year, 50, None),
        ),
        (
            "search, one in 1000, all days",
            top(Sort::Downloads, Range::default(), 50, Some("-77-")),
        ),
        (
            "search, nothing, all days",
            top(Sort::Downloads, Range::default(), 50, Some("nowhere")),
        ),
        (
            "search, everything, by bytes",
            top(Sort::Bytes, Range::default(), 50, Some(".ISO")),
        ),
        (
            "search, one in 1000, 365 days",
            top(Sort::Downloads, year, 50, Some("-77-")),
        ),
        (
            "1,000 files of 365 days",
            top(Sort::Downloads, year, 1_000, None),
        ),
        (
            "1,000 files of all days",
            top(Sort::Downloads, Range::default(), 1_000, None),
        ),
    ];
    for (name, query) in pages {
        let report = Report::open(path)?;
        let mut times = Vec::new();
        for _ in 0..if query.limit < 1_000 { 10 } else { 2 } {
            times.push(timed(|| report.top(&query))?.1);
        }
        writeln!(out, "{name:>30} {:>17}", in_short(&times))?;
    }
    Ok(())
}

/// What one thing took: by the clock and of the CPU, since the machine may have other work.
type Took = (Duration, Duration);

fn in_short(times: &[Took]) -> String {
    let first = times.first().map_or(Duration::ZERO, |took| took.0);
    let best = times.iter().map(|took| took.0).min().unwrap_or_default();
    let cpu: Duration = times.iter().map(|took| took.1).sum();
    let each = cpu / u32::try_from(times.len().max(1)).unwrap_or(1);
    format!("{} {} {}", millis(first), millis(best), millis(each))
}

fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Took), Box<dyn Error>>
where
    Box<dyn Error>: From<E>,
{
    let (began, used) = (Instant::now(), used()?);
    let done = work()?;
    let spent = self::used()?.saturating_sub(used);
    Ok((done, (began.elapsed(), spent)))
}

/// What this thread has used of the CPU so far, as Linux tells it.
fn used() -> io::Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
    Ok(Duration::from_nanos(nanos.unwrap_or(0)))
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Below this.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Totals of a file: hits, complete, aborted, bytes, downloads, and its first and last day.
#[derive(Clone, Copy, Default)]
struct Total {
    sums: [i64; 5],
    first: i64,
    last: i64,
}

fn fill(path: &Path, plan: &Plan) -> Result<(), Box<dyn Error>> {
    let mut ledger = Connection::open(path)?;
    ledger.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA journal_mode = OFF",
    )?;
    let mut random = Random(88_172_645_463_325_252);
    let mut totals = vec![Total::default(); plan.files];
    let transaction = ledger.transaction()?;
    for day in TODAY - plan.days + 1..=TODAY {
        fill_day(&transaction, plan, day, &mut random, &mut totals)?;
    }
    fill_files(&transaction, &totals)?;
    transaction.commit()?;
    ledger.execute_batch("PRAGMA journal_mode = WAL")?;
    Ok(())
}

/// Which files have hits on a day: the popular ones nearly always, the others now and then.
fn chosen(plan: &Plan, random: &mut Random) -> BTreeSet<usize> {
    if plan.each_day >= plan.files {
        return (0..plan.files).collect();
    }
    let mut chosen = BTreeSet::new();
    while chosen.len() < plan.each_day {
        // The cube of a number from 0 to 1, in steps of a millionth.
        let share = u128::from(random.below(1_000_000)).pow(3);
        let rank = share * plan.files as u128 / 1_000_000_000_000_000_000;
        let rank = usize::try_from(rank).unwrap_or(0);
        // Rows are numbered by when a file was first asked for, which has little to do with how often it is.
        chosen.insert(rank * 48_271 % plan.files);
    }
    chosen
}

fn fill_day(
    ledger: &Connection,
    plan: &Plan,
    day: i64,
    random: &mut Random,
    totals: &mut [Total],
) -> rusqlite::Result<()> {
    let mut row = ledger.prepare_cached(
        "INSERT INTO file_days VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, 1, 0, 2, ?8)",
    )?;
    let mut site = [[0; 5]; 5];
    for file in chosen(plan, random) {
        let Some(total) = totals.get_mut(file) else {
            continue;
        };
        // Nearly always tools, often people, a bot now and then.
        for ((class, percent), of_site) in (0_i64..).zip([45, 90, 20, 3, 1]).zip(&mut site) {
            if random.below(100) >= percent {
                continue;
            }
            let hits = 1 + 3_000 / (random.below(1_000).cast_signed() + 2);
            let (complete, aborted) = (hits - hits / 7, hits / 7);
            let (bytes, downloads) = (complete * 123_457, complete - complete / 9);
            row.execute(params![
                day,
                file as i64 + 1,
                class,
                hits,
                complete,
                aborted,
                bytes,
                downloads
            ])?;
            let sums = [hits, complete, aborted, bytes, downloads];
            for ((file, site), more) in total.sums.iter_mut().zip(of_site).zip(sums) {
                *file += more;
                *site += more;
            }
            total.first = if total.first == 0 { day } else { total.first };
            total.last = day;
        }
    }
    for (class, [hits, complete, aborted, bytes, downloads]) in site.into_iter().enumerate() {
        let values = params![day, class as i64, hits, complete, aborted, bytes, downloads];
        ledger.execute(
            "INSERT INTO site_days VALUES (?1, '', ?2, ?3, ?4, ?5, 0, ?6, ?7, 1, 0, 2, ?7)",
            values,
        )?;
        if day > TODAY - 90 {
            for hour in day * 24..day * 24 + 24 {
                let values = params![
                    hour,
                    class as i64,
                    hits / 24,
                    complete / 24,
                    aborted / 24,
                    bytes / 24,
                    downloads / 24
                ];
                ledger.execute(
                    "INSERT INTO site_hours VALUES (?1, '', ?2, ?3, ?4, ?5, 0, ?6, ?7, 0, 0, 0, 0)",
                    values,
                )?;
            }
        }
    }
    fill_site(ledger, plan, day, random)
}

fn fill_site(
    ledger: &Connection,
    plan: &Plan,
    day: i64,
    random: &mut Random,
) -> rusqlite::Result<()> {
    for status in [200, 206, 301, 304, 404, 416] {
        ledger.execute(
            "INSERT INTO statuses VALUES (?1, '', ?2, ?3)",
            params![day, status, 10_000 / (status - 199)],
        )?;
    }
    for protocol in [10, 11] {
        ledger.execute(
            "INSERT INTO protocols VALUES (?1, '', ?2, 5000)",
            params![day, protocol],
        )?;
    }
    let mut sketch = || -> Vec<u8> {
        let rank = |n: u64| (n.leading_zeros() + 1).min(53).to_le_bytes()[0];
        (0..4_096).map(|_| rank(random.next())).collect()
    };
    ledger.execute(
        "INSERT INTO days VALUES (?1, '', 1000000, 3, ?2, ?3)",
        params![day, sketch(), sketch()],
    )?;
    // Half of them come every day, the others on that day only.
    let mut host = ledger.prepare_cached("INSERT INTO site_referrers VALUES (?1, '', ?2, ?3)")?;
    for number in 0..plan.hosts {
        let shift = if number % 2 == 0 { 0 } else { day };
        host.execute(params![
            day,
            format!("news-{number}-{shift}.example"),
            5_000 / (number as i64 + 1)
        ])?;
    }
    Ok(())
}

fn fill_files(ledger: &Connection, totals: &[Total]) -> rusqlite::Result<()> {
    let mut file = ledger.prepare(
        "INSERT INTO files VALUES (?1, '', ?2, ?3, ?4, ?5, ?3, ?6, ?7, 0, ?8, ?9, 1, 0, 2, 0)",
    )?;
    let mut version = ledger.prepare(
        "INSERT INTO versions VALUES (?1, ?1, 1, ?1, 123457, 1, ?3, ?4, ?2, ?5, ?6, 0, ?7, ?8, 1, 0, 2)",
    )?;
    for (number, total) in totals.iter().enumerate() {
        let [hits, complete, aborted, bytes, downloads] = total.sums;
        let (id, first, last) = (
            number as i64 + 1,
            total.first * DAY,
            (total.last + 1) * DAY - 1,
        );
        let path = format!(
            "/releases/{}/project-{}-{number}.iso",
            number % 977,
            number % 1_000
        );
        file.execute(params![
            id, path, hits, first, last, complete, aborted, bytes, downloads
        ])?;
        version.execute(params![
            id, hits, first, last, complete, aborted, bytes, downloads
        ])?;
    }
    for number in 0..1_000 {
        let path = format!("/not/there-{number}");
        ledger.execute(
            "INSERT INTO missing VALUES ('', ?1, ?2, 0, 1)",
            params![path, 9_000 - number],
        )?;
    }
    Ok(())
}
