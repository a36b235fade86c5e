//! The manifest of a tree: a line for each file with its number, length, SHA-256 and path.
//!
//! Promises: it is there only as a whole, and after every file that it names; while a tree is made there is a
//! draft beside it, whose first line says which tree. What is read leads nowhere out of the tree. docs/files.md
//! describes the format.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{MOST_FILES, Names, Plan, Sizes, TreePath};

/// How the first line begins: what it is, and the version of the format.
const FIRST: &str = "#tallyd-files 1";

/// The second line: what stands in the columns.
const COLUMNS: &str = "#number\tlength\tsha256\tpath";

/// No line is longer: a path has 4096 bytes at most, of which each may be escaped.
const LONGEST_LINE: u64 = 16 * 1024;

/// What is said of a first line that is not ours.
const NOT_ONE: &str = "not a manifest of tallyd files";

/// A tree as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What it was made from.
    pub plan: Plan,
    /// Its files in the order of their numbers.
    pub entries: Vec<Entry>,
}

/// A file as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number; the first is 1.
    pub number: u64,
    /// Where it is in the tree.
    pub path: TreePath,
    /// How many bytes it has.
    pub length: u64,
    /// The SHA-256 of its content.
    pub sha256: [u8; 32],
}

/// Why there is no manifest.
#[derive(Debug)]
pub enum ManifestError {
    /// It can't be read.
    Io(io::Error),
    /// It is not one, or not as it was made.
    Malformed {
        /// The line, from 1.
        line: u64,
        /// What is wrong there.
        what: &'static str,
    },
}

impl fmt::Display for ManifestError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManifestError::Io(error) => error.fmt(out),
            ManifestError::Malformed { line, what } => write!(out, "line {line}: {what}"),
        }
    }
}

impl std::error::Error for ManifestError {}

impl From<io::Error> for ManifestError {
    fn from(error: io::Error) -> ManifestError {
        ManifestError::Io(error)
    }
}

impl Manifest {
    /// Reads the manifest at `path`.
    pub fn read(path: &Path) -> Result<Manifest, ManifestError> {
        Manifest::parse(BufReader::new(File::open(path)?))
    }

    /// Writes it to `path`, as a whole or not at all.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        Draft::begin(path, &self.plan)?.finish(&self.entries)
    }

    fn parse(from: impl BufRead) -> Result<Manifest, ManifestError> {
        let mut lines = Lines { from, number: 0 };
        let plan = lines.next()?.as_deref().and_then(plan);
        let plan = plan.ok_or(lines.wrong(NOT_ONE))?;
        if lines.next()?.as_deref() != Some(COLUMNS) {
            return Err(lines.wrong("not the names of the columns"));
        }
        let mut entries = Vec::new();
        while let Some(line) = lines.next()? {
            let entry = entry(&line).ok_or(lines.wrong("not a number, length, sha256 and path"))?;
            entries.push(entry);
            if entry_is_out_of_turn(&entries) {
                return Err(lines.wrong("a number out of its turn"));
            }
        }
        if entries.len() as u64 != plan.count {
            return Err(lines.wrong("the end, and not as many files as the first line says"));
        }
        Ok(Manifest { plan, entries })
    }
}

fn entry_is_out_of_turn(entries: &[Entry]) -> bool {
    let last = entries.last().map(|entry| entry.number);
    last != Some(entries.len() as u64)
}

/// Lines with a limit: what is read may be anything.
struct Lines<R> {
    from: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<String>, ManifestError> {
        let mut line = Vec::new();
        self.number += 1;
        self.from
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        match (line.pop(), String::from_utf8(line)) {
            (None, _) => Ok(None),
            (Some(b'\n'), Ok(line)) => Ok(Some(line)),
            _ => Err(self.wrong("not a line of a manifest")),
        }
    }

    fn wrong(&self, what: &'static str) -> ManifestError {
        let line = self.number;
        ManifestError::Malformed { line, what }
    }
}

fn first_line(plan: &Plan) -> String {
    let (count, size, names, seed) = (plan.count, plan.sizes, plan.names.word(), plan.seed);
    format!("{FIRST} count={count} size={size} names={names} seed={seed}")
}

fn plan(line: &str) -> Option<Plan> {
    let mut words = line.strip_prefix(FIRST)?.strip_prefix(' ')?.split(' ');
    let plan = Plan {
        count: words.next()?.strip_prefix("count=")?.parse().ok()?,
        sizes: Sizes::parse(words.next()?.strip_prefix("size=")?).ok()?,
        names: Names::parse(words.next()?.strip_prefix("names=")?)?,
        seed: words.next()?.strip_prefix("seed=")?.parse().ok()?,
    };
    let is_as_written = first_line(&plan) == line && plan.count <= MOST_FILES;
    is_as_written.then_some(plan)
}

fn write_entry(out: &mut impl Write, entry: &Entry) -> io::Result<()> {
    write!(out, "{}\t{}\t", entry.number, entry.length)?;
    for byte in entry.sha256 {
        write!(out, "{byte:02x}")?;
    }
    writeln!(out, "\t{}", entry.path.target())
}

fn entry(line: &str) -> Option<Entry> {
    let mut columns = line.split('\t');
    let entry = Entry {
        number: columns.next()?.parse().ok()?,
        length: columns.next()?.parse().ok()?,
        sha256: sha256(columns.next()?)?,
        path: TreePath::from_target(columns.next()?)?,
    };
    columns.next().is_none().then_some(entry)
}

fn sha256(digits: &str) -> Option<[u8; 32]> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != 64 || !digits.bytes().all(is_hex) {
        return None;
    }
    let mut sha256 = [0; 32];
    let pairs = digits.as_bytes().chunks_exact(2);
    for (place, pair) in sha256.iter_mut().zip(pairs) {
        *place = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(sha256)
}

/// A manifest that is not whole yet, beside its place. It stays if it is dropped: it tells whose files lie there.
#[derive(Debug)]
pub struct Draft {
    place: PathBuf,
    file: File,
}

impl Draft {
    /// Where the draft of the manifest at `place` is.
    #[must_use]
    pub fn path(place: &Path) -> PathBuf {
        let mut path = place.as_os_str().to_owned();
        path.push(".unfinished");
        path.into()
    }

    /// Says which tree is being made. A draft that says so already is never without its first line.
    pub fn begin(place: &Path, plan: &Plan) -> io::Result<Draft> {
        let line = format!("{}\n", first_line(plan));
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(Draft::path(place))?;
        let is_said = matches!(Draft::parse(&file), Ok(Some(said)) if said == *plan);
        if is_said {
            file.set_len(line.len() as u64)?;
        } else {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(line.as_bytes())?;
        }
        file.seek(SeekFrom::End(0))?;
        let place = place.to_owned();
        Ok(Draft { place, file })
    }

    /// Which tree the draft of the manifest at `place` says; none if there is no draft, or nothing in it.
    pub fn plan_of(place: &Path) -> Result<Option<Plan>, ManifestError> {
        match File::open(Draft::path(place)) {
            Ok(file) => Draft::parse(&file),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn parse(file: &File) -> Result<Option<Plan>, ManifestError> {
        let from = BufReader::new(file);
        let mut lines = Lines { from, number: 0 };
        let Some(line) = lines.next()? else {
            return Ok(None);
        };
        let plan = plan(&line).ok_or(lines.wrong(NOT_ONE))?;
        Ok(Some(plan))
    }

    /// Writes the lines of the files and makes it the manifest.
    pub fn finish(self, entries: &[Entry]) -> io::Result<()> {
        let mut out = BufWriter::new(&self.file);
        writeln!(out, "{COLUMNS}")?;
        for entry in entries {
            write_entry(&mut out, entry)?;
        }
        out.flush()?;
        drop(out);
        self.file.sync_all()?;
        fs::rename(Draft::path(&self.place), &self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(count: u64, names: Names) -> Manifest {
        let plan = Plan {
            count,
            sizes: Sizes::Web,
            names,
            seed: u64::MAX,
        };
        let entries = plan.files().map(|file| Entry {
            number: file.number,
            path: file.path,
            length: file.length,
            sha256: [file.number.to_le_bytes()[0]; 32],
        });
        Manifest {
            plan,
            entries: entries.collect(),
        }
    }

    #[test]
    fn what_is_written_is_read_again_whatever_the_files_are_called() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("m");
        for names in [Names::Plain, Names::Hard] {
            let manifest = made(200, names);
            manifest.write(&place).unwrap();
            assert_eq!(Manifest::read(&place).unwrap(), manifest);
            assert!(!Draft::path(&place).exists());
        }
        let mut odd = made(1, Names::Plain);
        odd.entries[0].path = TreePath::new("a\n\t\r#\u{7f}/\u{1b}[2J 2").unwrap();
        odd.write(&place).unwrap();
        assert_eq!(Manifest::read(&place).unwrap(), odd);
    }

    #[test]
    fn the_lines_are_these() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("m");
        let mut manifest = made(1, Names::Hard);
        manifest.entries[0].length = 7;
        manifest.write(&place).unwrap();
        let text = fs::read_to_string(&place).unwrap();
        let expected = format!(
            "#tallyd-files 1 count=1 size=web names=hard seed=18446744073709551615\n\
             #number\tlength\tsha256\tpath\n1\t7\t{}\t/round%201/one%20space.bin\n",
            "01".repeat(32)
        );
        assert_eq!(text, expected);
    }

    fn error(text: &str) -> String {
        Manifest::parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_as_it_was_made_is_refused_with_its_line() {
        let first = "#tallyd-files 1 count=2 size=1 names=plain seed=1\n";
        let head = format!("{first}{COLUMNS}\n");
        let hash = "ab".repeat(32);
        let line = |number: u64, path: &str| format!("{number}\t1\t{hash}\t{path}\n");
        let good = format!("{head}{}{}", line(1, "/a"), line(2, "/b"));
        assert_eq!(Manifest::parse(good.as_bytes()).unwrap().entries.len(), 2);
        for (text, expected) in [
            (String::new(), "line 1: not a manifest"),
            ("<html>\n".into(), "line 1: not a manifest"),
            ("\0".repeat(1 << 20), "line 1: not a line"),
            (first.replace("count=2", "count=02"), "line 1: not a mani"),
            (first.replace(" 1 ", " 2 "), "line 1: not a manifest"),
            (
                first.replace("count=2", "count=1000001"),
                "line 1: not a mani",
            ),
            (first.into(), "line 2: not the names"),
            (head.clone(), "line 3: the end, and not as many"),
            (head.clone() + &line(2, "/b"), "line 3: a number out of"),
            (head.clone() + &line(1, "/../b"), "line 3: not a number,"),
            (head.clone() + &line(1, "b"), "line 3: not a number,"),
            (
                head.clone() + &line(1, "/a\tx"),
                "line 3: not a number, length",
            ),
            (
                head.clone() + &line(1, "/a").replace('b', "B"),
                "line 3: not a number",
            ),
            (good.trim_end().to_owned(), "line 4: not a line"),
        ] {
            let error = error(&text);
            assert!(error.starts_with(expected), "{error}: {text:.200}");
        }
    }

    #[test]
    fn a_draft_says_whose_files_lie_there_until_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("m");
        let manifest = made(3, Names::Plain);
        assert_eq!(Draft::plan_of(&place).unwrap(), None);
        drop(Draft::begin(&place, &manifest.plan).unwrap());
        assert_eq!(Draft::plan_of(&place).unwrap(), Some(manifest.plan));
        assert!(Manifest::read(&place).is_err());
        // Begun again, with rests of the first time.
        let other = made(4, Names::Hard);
        drop(Draft::begin(&place, &other.plan).unwrap());
        let draft = Draft::begin(&place, &other.plan).unwrap();
        draft.finish(&other.entries).unwrap();
        assert_eq!(Manifest::read(&place).unwrap(), other);
        fs::write(Draft::path(&place), b"").unwrap();
        assert_eq!(Draft::plan_of(&place).unwrap(), None);
    }
}
