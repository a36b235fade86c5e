//! The metrics: which there are, what each says, and in which order. Pure: the numbers are an argument.

#[cfg(test)]
mod tests;
mod text;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tallyd_http::status::Status;
use tallyd_ledger::health::Health;

use super::TopFile;
use super::page::Page;
use super::process::Process;
use crate::meter::{BOUNDS, Reading};
use text::{Kind, Writer};

pub use text::Dialect;

/// Everything that the metrics say.
#[derive(Clone, Debug)]
pub struct Measured<'a> {
    /// What the workers have done.
    pub reading: Reading,
    /// How the counting goes.
    pub counting: Counting,
    /// When the process started.
    pub started: SystemTime,
    /// What it holds.
    pub(super) process: Process,
    /// The files asked for most.
    pub files: &'a [TopFile],
}

/// How the counting goes, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counting {
    /// Entries in a journal that are not in the ledger yet.
    pub lag_entries: u64,
    /// Age of the oldest of them.
    pub lag: Duration,
    /// Entries posted since the start.
    pub posted: u64,
    /// Segments of journals that no disk has taken.
    pub only_in_memory: u64,
    /// Whether counts are made durable.
    pub is_healthy: bool,
}

impl Counting {
    /// As it is now.
    #[must_use]
    pub fn of(health: &Health) -> Counting {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counting {
            lag_entries: load(&health.lag_entries),
            lag: Duration::from_millis(load(&health.lag_millis)),
            posted: load(&health.posted),
            only_in_memory: load(&health.only_in_memory),
            is_healthy: health.trouble().is_none(),
        }
    }
}

/// All of it as a page.
#[must_use]
pub fn page(measured: &Measured<'_>, dialect: Dialect) -> Page {
    let mut out = Writer::new(dialect);
    requests(&mut out, &measured.reading);
    durations(&mut out, &measured.reading);
    counting(&mut out, &measured.counting);
    files(&mut out, measured.files);
    process(&mut out, measured);
    Page {
        status: Status::OK,
        content_type: dialect.content_type(),
        body: out.finish(),
        fields: Vec::new(),
    }
}

fn requests(out: &mut Writer, reading: &Reading) {
    out.family(
        "tallyd_requests",
        Kind::Counter,
        "",
        "Requests answered, by the class of their status.",
    );
    for (class, count) in ["1xx", "2xx", "3xx", "4xx", "5xx"]
        .iter()
        .zip(reading.classes)
    {
        out.sample("_total", &[("class", class)], count);
    }
    let mut alone = |name, kind, unit, help, value: u64| {
        out.family(name, kind, unit, help);
        out.sample(
            if kind == Kind::Counter { "_total" } else { "" },
            &[],
            value,
        );
    };
    alone(
        "tallyd_sent_bytes",
        Kind::Counter,
        "bytes",
        "Body bytes that sockets took.",
        reading.bytes,
    );
    alone(
        "tallyd_connections",
        Kind::Counter,
        "",
        "Connections accepted.",
        reading.accepted,
    );
    alone(
        "tallyd_connections_open",
        Kind::Gauge,
        "",
        "Connections that are open.",
        reading.open,
    );
    alone(
        "tallyd_requests_in_flight",
        Kind::Gauge,
        "",
        "Replies that are being made or sent.",
        reading.in_flight,
    );
}

fn durations(out: &mut Writer, reading: &Reading) {
    out.family(
        "tallyd_request_duration_seconds",
        Kind::Histogram,
        "seconds",
        "Time from a request's head to the last byte of its reply that the socket took.",
    );
    let mut sum = 0;
    let bounds = BOUNDS.iter().map(|(_, seconds)| *seconds).chain(["+Inf"]);
    for (bound, count) in bounds.zip(reading.buckets) {
        sum += count;
        out.sample("_bucket", &[("le", bound)], sum);
    }
    out.sample("_count", &[], sum);
    out.sample("_sum", &[], Seconds(Duration::from_nanos(reading.nanos)));
}

fn counting(out: &mut Writer, counting: &Counting) {
    let mut alone = |name, kind, help, value: u64| {
        out.family(name, kind, "", help);
        out.sample(
            if kind == Kind::Counter { "_total" } else { "" },
            &[],
            value,
        );
    };
    alone(
        "tallyd_journal_lag_entries",
        Kind::Gauge,
        "Entries in a journal that are not in the ledger yet.",
        counting.lag_entries,
    );
    alone(
        "tallyd_entries_posted",
        Kind::Counter,
        "Entries posted to the ledger since the start.",
        counting.posted,
    );
    alone(
        "tallyd_segments_in_memory",
        Kind::Gauge,
        "Segments of journals that are only in memory because the disk took no more.",
        counting.only_in_memory,
    );
    alone(
        "tallyd_ledger_healthy",
        Kind::Gauge,
        "1 while counts are made durable, 0 while they are only kept in memory.",
        u64::from(counting.is_healthy),
    );
    out.family(
        "tallyd_journal_lag_seconds",
        Kind::Gauge,
        "seconds",
        "Age of the oldest entry that is not in the ledger yet.",
    );
    out.sample("", &[], Seconds(counting.lag));
}

fn files(out: &mut Writer, files: &[TopFile]) {
    let rows = rows(files);
    if rows.is_empty() {
        return;
    }
    out.family(
        "tallyd_file_hits",
        Kind::Counter,
        "",
        "Hits of the files asked for most, since their first.",
    );
    for row in &rows {
        out.sample("_total", row.labels().as_slice(), row.hits);
    }
    out.family(
        "tallyd_file_downloads",
        Kind::Counter,
        "",
        "Downloads of the files asked for most, since their first.",
    );
    for row in &rows {
        out.sample("_total", row.labels().as_slice(), row.downloads);
    }
}

/// A file as it is named here.
struct Row<'a> {
    site: &'a str,
    path: String,
    hits: u64,
    downloads: u64,
}

impl Row<'_> {
    /// The main site has no name; an empty label would mean the same as none.
    fn labels(&self) -> Vec<(&str, &str)> {
        let site = (!self.site.is_empty()).then_some(("site", self.site));
        site.into_iter()
            .chain([("path", self.path.as_str())])
            .collect()
    }
}

/// Two paths that are not UTF-8 may be the same text here, and no series may come twice: they are added up.
fn rows(files: &[TopFile]) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::with_capacity(files.len());
    let mut places: HashMap<(&str, String), usize> = HashMap::new();
    for file in files {
        let path = String::from_utf8_lossy(&file.path).into_owned();
        let place = *places
            .entry((file.site.as_str(), path.clone()))
            .or_insert(rows.len());
        if let Some(row) = rows.get_mut(place) {
            row.hits += file.hits;
            row.downloads += file.downloads;
        } else {
            rows.push(Row {
                site: &file.site,
                path,
                hits: file.hits,
                downloads: file.downloads,
            });
        }
    }
    rows
}

fn process(out: &mut Writer, measured: &Measured<'_>) {
    out.family("tallyd_build", Kind::Info, "", "Which tallyd this is.");
    out.sample("_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let started = measured
        .started
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    out.family(
        "tallyd_start_time_seconds",
        Kind::Gauge,
        "seconds",
        "When the process started, in seconds since 1970.",
    );
    out.sample("", &[], Seconds(started));
    if let Some(count) = measured.process.descriptors {
        out.family(
            "process_open_fds",
            Kind::Gauge,
            "",
            "Open file descriptors.",
        );
        out.sample("", &[], count);
    }
    if let Some(bytes) = measured.process.resident {
        out.family(
            "process_resident_memory_bytes",
            Kind::Gauge,
            "bytes",
            "Memory in use.",
        );
        out.sample("", &[], bytes);
    }
}

/// A time in seconds, exactly: floats would lose nanoseconds after a hundred days.
struct Seconds(Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{:09}", self.0.as_secs(), self.0.subsec_nanos())
    }
}
