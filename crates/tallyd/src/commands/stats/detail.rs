//! One file on a page: its numbers, its days, who asked, from where, and its versions.

use tallyd_ledger::facts::Counts;
use tallyd_ledger::report::{FileReport, calendar::date};

use super::chart::{bar, columns};
use super::look::{Column, Look, table};
use super::text::{cut, grouped, plain, share, size, when};

/// Columns of a bar.
const BAR: usize = 24;

/// Versions that are listed; a file that is replaced every hour has thousands.
const VERSIONS: usize = 10;

/// The page.
pub(super) fn page(file: &FileReport, look: Look, today: i64) -> String {
    let sections = [
        heading(file, look, today),
        numbers(file, look),
        days(file, look),
        classes(file, look),
        reached(file, look),
        referrers(file, look),
        versions(file, look, today),
    ];
    let sections = sections.into_iter().filter(|lines| !lines.is_empty());
    let pages: Vec<String> = sections.map(|lines| lines.join("\n") + "\n").collect();
    pages.join("\n")
}

fn heading(file: &FileReport, look: Look, today: i64) -> Vec<String> {
    let path = plain(file.site.as_bytes()) + &plain(&file.path);
    let path = look
        .columns
        .map_or_else(|| path.clone(), |columns| cut(&path, columns));
    let mut facts = format!(
        "First asked for {}, last {} (UTC) · hit number {}",
        date(tallyd_ledger::facts::day_of(file.first_seen)),
        when(file.last_seen, today),
        grouped(file.number),
    );
    if !file.range.is_everything() {
        let since = file.range.since.map_or("the beginning".into(), date);
        let until = file.range.until.map_or("today".into(), date);
        facts.push_str(&format!("\nCounted from {since} to {until}"));
    }
    let faint = facts.lines().map(|line| look.faint(line));
    std::iter::once(look.strong(&path)).chain(faint).collect()
}

fn numbers(file: &FileReport, look: Look) -> Vec<String> {
    let counts = &file.counts;
    let people = file.classes.people_and_tools().downloads;
    let others = counts.downloads.saturating_sub(people);
    let by_whom = match (people, others) {
        (0, 0) => "whole files, each visitor once within the window".to_owned(),
        (_, 0) => "all of them by people and tools".to_owned(),
        _ => format!(
            "{} by people and tools, {} by bots and unknown agents",
            grouped(people),
            grouped(others)
        ),
    };
    let row =
        |name: &str, number: String, note: &str| vec![name.to_owned(), number, look.faint(note)];
    let outcome = |name: &str, number: u64| {
        let bar = bar(number, counts.hits, BAR);
        let note = match number {
            0 => String::new(),
            number => format!("{:>7}  {bar}", share(number, counts.hits)),
        };
        vec![format!("  {name}"), grouped(number), note]
    };
    let mut rows = vec![
        row("Downloads", grouped(counts.downloads), &by_whom),
        row(
            "Repeats",
            grouped(counts.repeats),
            "the whole once more by the same visitor",
        ),
        row(
            "Partials",
            grouped(counts.partials),
            "less than the whole when the window closed",
        ),
        row("Hits", grouped(counts.hits), ""),
        outcome("complete", counts.complete),
        outcome("aborted", counts.aborted),
        outcome("unsettled", counts.unsettled),
        outcome("in flight", counts.in_flight()),
        row(
            "Probes",
            grouped(counts.probes),
            "HEAD, not modified, a byte or two",
        ),
    ];
    let exact = format!("exactly {}", grouped(counts.bytes));
    let bytes = size(counts.bytes).replace("  ", " ");
    rows.push(row(
        "Bytes",
        bytes,
        if counts.bytes < 1_000 { "" } else { &exact },
    ));
    let columns = [Column::Left(""), Column::Right(""), Column::Left("")];
    without_titles(&columns, &rows)
}

/// The lines of a table whose columns need no titles.
fn without_titles(columns: &[Column], rows: &[Vec<String>]) -> Vec<String> {
    table(columns, rows).into_iter().skip(1).collect()
}

/// Downloads by day; hits where there was no download.
fn days(file: &FileReport, look: Look) -> Vec<String> {
    let has_downloads = file.days.iter().any(|day| day.counts.downloads > 0);
    let (what, value): (&str, fn(&Counts) -> u64) = if has_downloads {
        ("Downloads", |counts| counts.downloads)
    } else {
        ("Hits", |counts| counts.hits)
    };
    let (Some(first), Some(last)) = (file.days.first(), file.days.last()) else {
        return Vec::new();
    };
    let values: Vec<(i64, u64)> = file
        .days
        .iter()
        .map(|day| (day.day, value(&day.counts)))
        .collect();
    let total: u64 = values.iter().map(|(_, value)| value).sum();
    let title = format!(
        "{what} by day, {} in {} days",
        grouped(total),
        last.day - first.day + 1
    );
    let mut lines = vec![look.strong(&title)];
    if total > 0 {
        lines.extend(columns(&values, look.usual_columns()));
    }
    lines
}

fn classes(file: &FileReport, look: Look) -> Vec<String> {
    let rows: Vec<Vec<String>> = file
        .classes
        .iter()
        .filter(|(_, counts)| counts.hits + counts.probes > 0)
        .map(|(class, counts)| {
            vec![
                class.word().to_owned(),
                grouped(counts.downloads),
                grouped(counts.hits),
                grouped(counts.aborted),
                grouped(counts.probes),
                size(counts.bytes),
            ]
        })
        .collect();
    let columns = [
        Column::Left("Who asked"),
        Column::Right("Downloads"),
        Column::Right("Hits"),
        Column::Right("Aborted"),
        Column::Right("Probes"),
        Column::Right("Bytes"),
    ];
    titled(&columns, &rows, look)
}

fn titled(columns: &[Column], rows: &[Vec<String>], look: Look) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lines = table(columns, rows).into_iter();
    let titles = lines.next().map(|titles| look.strong(&titles));
    titles.into_iter().chain(lines).collect()
}

fn reached(file: &FileReport, look: Look) -> Vec<String> {
    let most = file.reached.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return Vec::new();
    }
    let rows: Vec<Vec<String>> = file
        .reached
        .iter()
        .enumerate()
        .map(|(tenth, hits)| {
            let span = format!("{} to {} %", tenth * 10, tenth * 10 + 10);
            vec![span, grouped(*hits), bar(*hits, most, BAR)]
        })
        .collect();
    let columns = [Column::Right(""), Column::Right(""), Column::Left("")];
    let title = look.strong("How far aborted hits got, ever");
    std::iter::once(title)
        .chain(without_titles(&columns, &rows))
        .collect()
}

fn referrers(file: &FileReport, look: Look) -> Vec<String> {
    let room = look.usual_columns().saturating_sub(16);
    let rows: Vec<Vec<String>> = file
        .referrers
        .iter()
        .map(|(host, hits)| vec![grouped(*hits), cut(&plain(host.as_bytes()), room)])
        .collect();
    titled(
        &[Column::Right("Hits"), Column::Left("Came from")],
        &rows,
        look,
    )
}

fn versions(file: &FileReport, look: Look, today: i64) -> Vec<String> {
    let rows: Vec<Vec<String>> = file
        .versions
        .iter()
        .take(VERSIONS)
        .map(|version| {
            vec![
                size(version.length),
                when(version.modified, today),
                when(version.first_seen, today),
                when(version.last_seen, today),
                grouped(version.counts.downloads),
                grouped(version.counts.hits),
            ]
        })
        .collect();
    let columns = [
        Column::Right("Version"),
        Column::Right("Modified"),
        Column::Right("First"),
        Column::Right("Last"),
        Column::Right("Downloads"),
        Column::Right("Hits"),
    ];
    let mut lines = titled(&columns, &rows, look);
    let left_out = file.versions.len().saturating_sub(VERSIONS);
    if left_out > 0 {
        lines.push(look.faint(&format!("and {left_out} older ones; --json has all")));
    }
    lines
}
