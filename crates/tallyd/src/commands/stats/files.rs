//! The table of files, with what was counted for the site above it.

use tallyd_ledger::facts::Class;
use tallyd_ledger::report::{FileRow, Overview, Sort, Visitors, calendar::date};

use super::look::{Column, GAP, Look, table};
use super::place::Place;
use super::text::{cut, grouped, plain, several, share, size, when};
use crate::args::stats::{Form, Wanted};

/// What is on the page.
pub(super) struct Page<'a> {
    pub(super) rows: &'a [FileRow],
    pub(super) overview: &'a Overview,
    pub(super) wanted: &'a Wanted,
    /// Whether there are more files than rows.
    pub(super) is_cut: bool,
    pub(super) place: &'a Place,
    /// The day, since 1970.
    pub(super) today: i64,
}

/// From so many columns on, what a narrow table has no room for is shown.
const WIDE: usize = 120;

/// A number of a file, with its title, and whether only wide tables have it.
struct Number {
    title: &'static str,
    only_wide: bool,
    text: fn(&FileRow, i64) -> String,
}

const NUMBERS: [Number; 11] = [
    number("Downloads", false, |row, _| grouped(row.counts.downloads)),
    number("Of bots", true, |row, _| grouped(row.by(Class::Bot))),
    number("Repeats", true, |row, _| grouped(row.counts.repeats)),
    number("Partials", true, |row, _| grouped(row.counts.partials)),
    number("Hits", false, |row, _| grouped(row.counts.hits)),
    number("Complete", true, |row, _| grouped(row.counts.complete)),
    number("Aborted", false, |row, _| grouped(row.counts.aborted)),
    number("In flight", true, |row, _| grouped(row.counts.in_flight())),
    number("Probes", true, |row, _| grouped(row.counts.probes)),
    number("Bytes", false, |row, _| size(row.counts.bytes)),
    number("Last", false, |row, today| when(row.last_seen, today)),
];

const fn number(title: &'static str, only_wide: bool, text: fn(&FileRow, i64) -> String) -> Number {
    Number {
        title,
        only_wide,
        text,
    }
}

impl Page<'_> {
    /// The page, as it is printed.
    pub(super) fn text(&self, look: Look) -> String {
        let mut lines = self.heading(look);
        lines.push(String::new());
        if self.rows.is_empty() {
            lines.extend(self.nothing());
        } else {
            let mut table = self.table(look).into_iter();
            lines.extend(table.next().map(|titles| look.faint(&titles)));
            lines.extend(table);
            lines.push(String::new());
            let legend = self.legend(look.usual_columns());
            lines.extend(legend.iter().map(|line| look.faint(line)));
        }
        lines.join("\n") + "\n"
    }

    /// The totals, and what they are of.
    fn heading(&self, look: Look) -> Vec<String> {
        let classes = &self.overview.classes;
        let (total, people) = (classes.total(), classes.people_and_tools());
        let others = total.downloads.saturating_sub(people.downloads);
        let downloads = match others {
            0 => several(total.downloads, "download", "downloads"),
            others => format!(
                "{} by people and tools, {} by others",
                several(people.downloads, "download", "downloads"),
                grouped(others)
            ),
        };
        let headline = format!(
            "{downloads} · {} · {}",
            several(total.hits, "hit", "hits"),
            size(total.bytes).replace("  ", " ")
        );
        let mut facts = vec![self.whose()];
        if total.aborted > 0 {
            facts.push(format!(
                "{} of the hits aborted",
                share(total.aborted, total.hits)
            ));
        }
        if let Visitors::About { people, error, .. } = self.overview.visitors {
            facts.push(format!(
                "about {} (± {:.1} %)",
                several(people, "visitor", "visitors"),
                error * 100.0
            ));
        }
        if self.overview.not_found > 0 {
            facts.push(format!(
                "{} not found",
                several(self.overview.not_found, "request", "requests")
            ));
        }
        let mut lines = vec![look.strong(&headline)];
        let facts = wrapped(&facts, look.usual_columns());
        lines.extend(facts.iter().map(|line| look.faint(line)));
        lines
    }

    /// Which site and days, in words.
    fn whose(&self) -> String {
        let site = match self.overview.site.as_deref() {
            None => "All sites".to_owned(),
            Some("") => "The main site".to_owned(),
            Some(site) => plain(site.as_bytes()),
        };
        let range = self.overview.range;
        let days = match (range.since, range.until, self.overview.first_day) {
            (Some(since), Some(until), _) if since == until => format!("on {}", date(since)),
            (Some(since), Some(until), _) => format!("{} to {}", date(since), date(until)),
            (Some(since), None, _) => format!("since {}", date(since)),
            (None, Some(until), _) => format!("up to {}", date(until)),
            (None, None, Some(first)) => format!("since {}", date(first)),
            (None, None, None) => return site,
        };
        format!("{site} {days}")
    }

    fn nothing(&self) -> Vec<String> {
        let is_narrowed = !self.overview.range.is_everything()
            || self.wanted.path.is_some()
            || self.wanted.search.is_some();
        let found = format!("The ledger is in {}.", self.place.name());
        if is_narrowed {
            return vec!["No file was hit that matches this.".to_owned(), found];
        }
        vec![
            "No hits yet. Fetch something: curl http://localhost:8080/".to_owned(),
            "(where the server said that it serves), and look again after a second.".to_owned(),
            found,
        ]
    }

    fn table(&self, look: Look) -> Vec<String> {
        let is_wide = look.columns.is_none_or(|columns| columns >= WIDE);
        let shown: Vec<&Number> = NUMBERS
            .iter()
            .filter(|number| is_wide || !number.only_wide)
            .collect();
        let mut titles: Vec<Column> = shown
            .iter()
            .map(|number| Column::Right(number.title))
            .collect();
        let numbers = |row: &FileRow| -> Vec<String> {
            let texts = shown.iter().map(|number| (number.text)(row, self.today));
            texts.collect()
        };
        let mut cells: Vec<Vec<String>> = self.rows.iter().map(numbers).collect();
        let used = table(&titles, &cells)
            .iter()
            .map(|line| line.chars().count())
            .max();
        let room = look.columns.map(|columns| {
            let used = used.unwrap_or(0) + GAP;
            columns.saturating_sub(used).max(LEAST_PATH)
        });
        titles.push(Column::Left("Path"));
        for (cells, row) in cells.iter_mut().zip(self.rows) {
            let path = plain(row.site.as_bytes()) + &plain(&row.path);
            cells.push(room.map_or_else(|| path.clone(), |room| cut(&path, room)));
        }
        table(&titles, &cells)
    }

    /// What the table does not say by itself.
    fn legend(&self, columns: usize) -> Vec<String> {
        let sort = Sort::ALL.iter().find(|(sort, _)| *sort == self.wanted.sort);
        let order = sort.map_or("", |(_, word)| word);
        let files = several(self.rows.len() as u64, "file", "files");
        let mut facts = vec![format!("{files}, sorted by {order}")];
        if self.is_cut && self.wanted.form != Form::Live {
            facts.push("--limit 0 shows all".to_owned());
        }
        facts.push("PATH shows one in detail".to_owned());
        facts.push("a download: a whole file for one visitor within 24 hours".to_owned());
        facts.push("times are UTC".to_owned());
        wrapped(&facts, columns)
    }
}

/// A path is cut down to this and no further; the line is longer than the terminal then.
const LEAST_PATH: usize = 12;

/// Facts, one behind the other, on as many lines as they need.
fn wrapped(facts: &[String], columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for fact in facts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 3 + fact.chars().count() <= columns => {
                line.push_str(" · ");
                line.push_str(fact);
            }
            _ => lines.push(fact.clone()),
        }
    }
    lines
}
