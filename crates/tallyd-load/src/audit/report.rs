//! The report of an audit, for people and for programs.

use std::time::Duration;

use serde_json::{Map, Value};

use super::known::Known;
use super::table::{Row, Table};

/// Differences of files, and wrong replies, that are shown to people; programs get all.
const SHOWN: usize = 50;

/// The version of the JSON document.
const VERSION: u64 = 1;

/// What came of an audit.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was audited.
    pub target: String,
    /// What decided what was asked.
    pub seed: u64,
    /// How many made-up visitors asked.
    pub visitors: u64,
    /// How often the server was killed.
    pub kills: u64,
    /// How long the asking took.
    pub took: Duration,
    /// Who counted: the head of a column.
    pub counter: &'static str,
    /// What the client knows.
    pub known: Known,
    /// That, beside what was counted.
    pub table: Table,
}

impl Report {
    /// Whether nothing differs and nothing was wrong.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.known.wrong.is_empty() && self.table.differing().next().is_none()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let known = &self.known;
        let kills = match self.kills {
            0 => String::new(),
            1 => ", 1 kill".to_owned(),
            kills => format!(", {kills} kills"),
        };
        let mut out = format!(
            "{}: {} requests of {} visitors, seed {}{kills}, in {:.1} s\n\n",
            self.target,
            known.requests,
            self.visitors,
            self.seed,
            self.took.as_secs_f64()
        );
        out.push_str(&self.numbers());
        out.push('\n');
        out.push_str(&self.differences());
        if self.kills > 0 {
            out.push_str(&format!(
                "of {} requests {} were cut by a kill before a byte came, and of {} it is not known whether they \
                 were settled before one\n",
                known.requests, known.silent, known.doubtful
            ));
        }
        out
    }

    /// The table of all files together. Statuses and classes are shown where they differ.
    fn numbers(&self) -> String {
        let is_main = |row: &&Row| !row.word.contains(' ') || row.word == "not found";
        let shown = |row: &&Row| is_main(row) || row.off() != 0;
        let mut lines = vec![[
            "number".to_owned(),
            "client knows".to_owned(),
            self.counter.to_owned(),
            "difference".to_owned(),
        ]];
        lines.extend(self.table.site.iter().filter(shown).map(cells));
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(String::len).max().unwrap_or_default()
        };
        let widths = [width(0), width(1), width(2), width(3)];
        let mut out = String::new();
        for line in &lines {
            for (place, (cell, width)) in line.iter().zip(widths).enumerate() {
                match place {
                    0 => out.push_str(&format!("{cell:<width$}")),
                    _ => out.push_str(&format!("  {cell:>width$}")),
                }
            }
            out.push('\n');
        }
        out
    }

    fn differences(&self) -> String {
        let mut out = String::new();
        for row in self
            .table
            .files
            .iter()
            .filter(|row| row.off() != 0)
            .take(SHOWN)
        {
            let path = row.path.as_deref().unwrap_or_default();
            let said = row.said.unwrap_or_default();
            out.push_str(&format!(
                "{path}: {} {}, {} {said}\n",
                row.word, row.known, self.counter
            ));
        }
        for (path, wrong) in self.known.wrong.iter().take(SHOWN) {
            match path.is_empty() {
                true => out.push_str(&format!("{wrong}\n")),
                false => out.push_str(&format!("{path}: {wrong}\n")),
            }
        }
        let (numbers, wrong) = (self.table.numbers(), self.known.wrong.len());
        let differing = self.table.differing().count();
        match (differing, wrong) {
            (0, 0) => out.push_str(&format!("all {numbers} numbers agree\n")),
            (differing, 0) => out.push_str(&format!("{differing} of {numbers} numbers differ\n")),
            (differing, wrong) => out.push_str(&format!(
                "{differing} of {numbers} numbers differ, and {wrong} things were wrong with replies\n"
            )),
        }
        out
    }

    /// For programs: one object.
    #[must_use]
    pub fn json(&self) -> String {
        let known = &self.known;
        let rows = |rows: &[Row], is_shown: &dyn Fn(&Row) -> bool| {
            let shown = rows.iter().filter(|row| is_shown(row));
            Value::Array(shown.map(row).collect())
        };
        let wrong = known.wrong.iter().map(|(path, what)| {
            object([("path", path.clone().into()), ("what", what.clone().into())])
        });
        let document = object([
            ("version", VERSION.into()),
            ("target", self.target.clone().into()),
            ("seed", self.seed.into()),
            ("requests", known.requests.into()),
            ("visitors", self.visitors.into()),
            ("kills", self.kills.into()),
            ("seconds", self.took.as_secs_f64().into()),
            ("unanswered", known.silent.into()),
            ("doubtful", known.doubtful.into()),
            ("numbers_compared", self.table.numbers().into()),
            ("agrees", self.agrees().into()),
            ("numbers", rows(&self.table.site, &|_| true)),
            ("files", rows(&self.table.files, &|row| row.off() != 0)),
            ("wrong", Value::Array(wrong.collect())),
        ]);
        format!("{document}\n")
    }
}

fn cells(row: &Row) -> [String; 4] {
    let (said, off) = match row.said {
        Some(said) => (said.to_string(), row.off().to_string()),
        None => ("-".to_owned(), "-".to_owned()),
    };
    [row.word.clone(), row.known.to_string(), said, off]
}

fn row(row: &Row) -> Value {
    let mut fields = Vec::new();
    if let Some(path) = &row.path {
        fields.push(("path", path.clone().into()));
    }
    // Counts fit: they are those of one run.
    let number = |number: i128| i64::try_from(number).map_or(Value::Null, Value::from);
    fields.extend([
        ("number", row.word.clone().into()),
        ("least", row.known.least.into()),
        ("most", row.known.most.into()),
        ("said", row.said.map_or(Value::Null, number)),
        ("difference", number(row.off())),
    ]);
    object(fields)
}

fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let fields = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Value::Object(fields.collect::<Map<_, _>>())
}
