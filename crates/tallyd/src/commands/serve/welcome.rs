//! What a person sees first on a terminal: which folder is served, where, and how to end it.
//!
//! Promises: no name moves the cursor, no address is cut, and 40 columns are enough. Looks at nothing itself.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::reach::Reach;
use crate::commands::look::Look;
use crate::commands::text::{cut, plain, width};

/// What there is to say.
pub(super) struct Welcome<'a> {
    /// The directory that is served.
    pub(super) root: &'a Path,
    /// Where it is reached.
    pub(super) reach: &'a Reach,
    /// The address of the dashboard, if there is one.
    pub(super) dashboard: Option<&'a str>,
    /// Where the counts are kept; nothing: in memory.
    pub(super) counts: Option<&'a Path>,
    /// What becomes of the access log.
    pub(super) log: Log<'a>,
}

/// What becomes of the access log.
#[derive(Clone, Copy)]
pub(super) enum Log<'a> {
    /// It follows, in lines that nobody has to guess.
    Follows,
    /// It follows, in a format that needs a word.
    FollowsAsTally,
    /// It is in this file.
    In(&'a Path),
    /// There is none.
    Off,
}

/// A word, and what belongs to it; of a text that is strong, much is seen.
struct Row {
    label: &'static str,
    text: String,
    is_strong: bool,
}

/// Space before a row, and between its label and its text.
const INDENT: usize = 2;
const GAP: usize = 2;

impl Welcome<'_> {
    /// The lines for a terminal that looks so.
    pub(super) fn page(&self, look: Look) -> String {
        let columns = look.usual_columns();
        let mut page = self.headline(columns);
        page.push_str("\n\n");
        let rows = self.rows();
        let labels = rows.iter().map(|row| width(row.label)).max().unwrap_or(0);
        let start = INDENT + labels + GAP;
        let is_narrow = rows.iter().any(|row| start + width(&row.text) > columns);
        for row in rows {
            let text = if row.is_strong {
                look.strong(&row.text)
            } else {
                row.text
            };
            let space = " ".repeat(labels - width(row.label) + GAP);
            let label = look.faint(row.label);
            match (is_narrow, row.label) {
                (false, _) => writeln!(page, "  {label}{space}{text}"),
                (true, "") => writeln!(page, "    {text}"),
                (true, _) => writeln!(page, "  {label}\n    {text}"),
            }
            .ok();
        }
        page
    }

    /// The first line that programs get, in two where it is too long for one.
    fn headline(&self, columns: usize) -> String {
        let root = plain(self.root.as_os_str().as_bytes());
        // A path of a Unix socket is a name like any other.
        let url = plain(self.reach.first().unwrap_or_default().as_bytes());
        let whole = format!("Serving {root} at {url}");
        if width(&whole) <= columns {
            return whole;
        }
        let around = width("Serving  at");
        format!(
            "Serving {} at\n{url}",
            cut(&root, columns.saturating_sub(around))
        )
    }

    fn rows(&self) -> Vec<Row> {
        let Reach { here, others } = self.reach;
        let first = self.reach.first();
        let is_new = |url: &&String| Some(url.as_str()) != first;
        let mut rows = several("Also at", here.iter().filter(is_new));
        let mut for_others = several("For others", others.iter().filter(is_new));
        if let Some(best) = for_others.first_mut() {
            best.is_strong = true;
        }
        rows.extend(for_others);
        if others.is_empty() && here.iter().any(|url| url.starts_with("http:")) {
            rows.push(row("For others", "none: only this machine reaches it"));
        }
        rows.extend(
            self.dashboard
                .map(|url| row("Dashboard", plain(url.as_bytes()))),
        );
        rows.push(match self.counts {
            Some(directory) => row("Counts in", path(directory)),
            None => row("Counts in", "memory, until it stops"),
        });
        match self.log {
            Log::FollowsAsTally => rows.push(row("Log lines", "path|client|port|hit number")),
            Log::In(file) => rows.push(row("Log in", path(file))),
            Log::Follows | Log::Off => {}
        }
        rows.push(row("Stop with", "Ctrl+C"));
        rows
    }
}

fn path(path: &Path) -> String {
    plain(path.as_os_str().as_bytes())
}

fn row(label: &'static str, text: impl Into<String>) -> Row {
    Row {
        label,
        text: text.into(),
        is_strong: false,
    }
}

/// One row for each, the label before the first.
fn several<'a>(label: &'static str, texts: impl Iterator<Item = &'a String>) -> Vec<Row> {
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    let texts = texts.map(|text| plain(text.as_bytes()));
    labels
        .zip(texts)
        .map(|(label, text)| row(label, text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "http://127.0.0.1:8080/";
    const OTHERS: [&str; 2] = ["http://192.168.100.20:8080/", "http://172.17.0.1:8080/"];

    fn reach(here: &[&str], others: &[&str]) -> Reach {
        let owned = |urls: &[&str]| urls.iter().map(|url| (*url).to_owned()).collect();
        Reach {
            here: owned(here),
            others: owned(others),
        }
    }

    fn page(root: &str, reach: &Reach, columns: usize) -> String {
        let welcome = Welcome {
            root: Path::new(root),
            reach,
            dashboard: Some("http://127.0.0.1:8081/"),
            counts: Some(Path::new("/var/lib/tallyd/public-5a1f")),
            log: Log::FollowsAsTally,
        };
        welcome.page(Look {
            columns: Some(columns),
            ..Look::default()
        })
    }

    #[test]
    fn everything_one_needs_to_know_is_aligned() {
        assert_eq!(
            page("/srv/public", &reach(&[HERE], &OTHERS), 80),
            "Serving /srv/public at http://127.0.0.1:8080/\n\
             \n\
             \x20 For others  http://192.168.100.20:8080/\n\
             \x20             http://172.17.0.1:8080/\n\
             \x20 Dashboard   http://127.0.0.1:8081/\n\
             \x20 Counts in   /var/lib/tallyd/public-5a1f\n\
             \x20 Log lines   path|client|port|hit number\n\
             \x20 Stop with   Ctrl+C\n"
        );
    }

    #[test]
    fn forty_columns_are_enough() {
        let page = page(
            "/srv/with/a/rather/long/name/public",
            &reach(&[HERE], &OTHERS),
            40,
        );
        assert_eq!(
            page,
            "Serving /srv/with/a/ra…ng/name/public at\n\
             http://127.0.0.1:8080/\n\
             \n\
             \x20 For others\n\
             \x20   http://192.168.100.20:8080/\n\
             \x20   http://172.17.0.1:8080/\n\
             \x20 Dashboard\n\
             \x20   http://127.0.0.1:8081/\n\
             \x20 Counts in\n\
             \x20   /var/lib/tallyd/public-5a1f\n\
             \x20 Log lines\n\
             \x20   path|client|port|hit number\n\
             \x20 Stop with\n\
             \x20   Ctrl+C\n"
        );
        assert!(page.lines().all(|line| width(line) <= 40), "{page}");
    }

    #[test]
    fn who_only_serves_this_machine_is_told_so() {
        let page = page("/srv", &reach(&[HERE, "http://127.0.0.2:9/"], &[]), 80);
        assert!(
            page.contains("  Also at     http://127.0.0.2:9/\n"),
            "{page}"
        );
        assert!(
            page.contains("  For others  none: only this machine reaches it\n"),
            "{page}"
        );
    }

    #[test]
    fn an_only_address_is_not_said_twice() {
        let page = page("/srv", &reach(&[], &OTHERS[..1]), 80);
        assert!(
            page.starts_with("Serving /srv at http://192.168.100.20:8080/\n\n  Dashboard  "),
            "{page}"
        );
    }

    #[test]
    fn a_socket_without_a_port_is_neither_for_others_nor_of_this_machine_only() {
        let page = page("/srv", &reach(&["unix:/run/a\x1b[2J"], &[]), 80);
        assert!(!page.contains("For others"), "{page}");
    }

    #[test]
    fn no_name_moves_the_cursor() {
        let welcome = Welcome {
            root: Path::new("/srv/\x1b[2J\nServing"),
            reach: &reach(&["unix:/run/a\x1b[2J"], &[]),
            dashboard: Some("unix:/run/b\x1b[2J"),
            counts: None,
            log: Log::Off,
        };
        let page = welcome.page(Look {
            columns: Some(80),
            ..Look::default()
        });
        assert!(
            page.starts_with("Serving /srv/\\u{1b}[2J\\nServing at unix:/run/a\\u{1b}[2J\n"),
            "{page:?}"
        );
        assert!(!page.contains('\x1b'), "{page:?}");
    }

    #[test]
    fn labels_are_faint_and_the_address_for_others_is_strong() {
        let reach = reach(&[HERE], &OTHERS);
        let welcome = Welcome {
            root: Path::new("/srv"),
            reach: &reach,
            dashboard: None,
            counts: None,
            log: Log::In(Path::new("/var/log/tallyd.log")),
        };
        let look = Look {
            columns: Some(80),
            lines: None,
            styled: true,
        };
        assert_eq!(
            welcome.page(look),
            "Serving /srv at http://127.0.0.1:8080/\n\
             \n\
             \x20 \x1b[2mFor others\x1b[0m  \x1b[1mhttp://192.168.100.20:8080/\x1b[0m\n\
             \x20             http://172.17.0.1:8080/\n\
             \x20 \x1b[2mCounts in\x1b[0m   memory, until it stops\n\
             \x20 \x1b[2mLog in\x1b[0m      /var/log/tallyd.log\n\
             \x20 \x1b[2mStop with\x1b[0m   Ctrl+C\n"
        );
    }
}
