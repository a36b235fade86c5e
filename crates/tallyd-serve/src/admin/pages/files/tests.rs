//! What the page shows, and what it makes of hostile names.

use tallyd_ledger::facts::{Counts, DAY, HOUR};

use super::super::hostile::{check, check_ids, names, values};
use super::*;

/// 2026-11-20, 17:00.
const NOW: i64 = 20_777 * DAY + 17 * HOUR;

fn row(path: &[u8]) -> FileRow {
    FileRow {
        site: String::new(),
        path: path.to_vec(),
        counts: Counts {
            hits: 1_300,
            complete: 1_200,
            aborted: 100,
            bytes: 12_345_678,
            downloads: 1_000,
            ..Counts::default()
        },
        downloads: [700, 200, 90, 10, 0],
        first_seen: NOW - 40 * DAY,
        last_seen: NOW - 2 * DAY,
    }
}

fn html(wanted: &Wanted, sites: &[&str], rows: &[FileRow], more: bool) -> String {
    let sites: Vec<String> = sites.iter().map(|site| (*site).to_owned()).collect();
    let frame = Frame {
        wanted,
        sites: &sites,
        trouble: None,
        now: NOW,
        version: "0.1.0",
    };
    let html = page(&frame, Shown { rows, more });
    check(&html);
    check_ids(&html);
    html
}

fn has(html: &str, expected: &[&str]) {
    for text in expected {
        assert!(html.contains(text), "no {text} in {html}");
    }
}

#[test]
fn a_row_has_the_numbers_of_its_file_and_leads_to_it() {
    let wanted = Wanted {
        period: Period::Days(7),
        ..Wanted::default()
    };
    let html = html(&wanted, &[""], &[row(b"/a b/c&d.txt")], false);
    has(
        &html,
        &[
            "href=\"/file?days=7&amp;path=/a%20b/c%26d.txt\"",
            ">/a b/c&amp;d.txt<",
            "data-label=\"Downloads\">1,000<",
            "data-label=\"People, tools\">900<",
            "data-label=\"Hits\">1,300<",
            "data-label=\"Complete\">1,200<",
            "data-label=\"Aborted\">100<",
            "<span title=\"12,345,678 bytes\">12.3\u{a0}MB</span>",
            ">18\u{a0}Nov 2026</time>",
            "Files 1 to 1 of 1, most downloads first",
        ],
    );
    assert!(!html.contains("Previous") && !html.contains(">Next<"));
}

#[test]
fn downloads_that_are_no_longer_told_apart_by_class_are_not_lost() {
    let mut old = row(b"/old");
    old.downloads = [0; 5];
    let html = html(&Wanted::default(), &[""], &[old], false);
    has(&html, &["data-label=\"Downloads\">1,000<"]);
}

#[test]
fn the_site_is_a_column_where_files_of_several_are_shown() {
    let mut other = row(b"/x");
    other.site = "files.example".into();
    let sites = ["", "files.example"];
    let all = html(
        &Wanted::default(),
        &sites,
        &[row(b"/x"), other.clone()],
        false,
    );
    has(
        &all,
        &[
            ">Site</th>",
            "Main site",
            "href=\"/file?site=&amp;path=/x\"",
            "href=\"/file?site=files.example&amp;path=/x\"",
        ],
    );
    let wanted = Wanted {
        site: Some("files.example".into()),
        ..Wanted::default()
    };
    let one = html(&wanted, &sites, &[other], false);
    assert!(!one.contains(">Site</th>"));
    has(
        &one,
        &["type=\"hidden\" name=\"site\" value=\"files.example\""],
    );
}

#[test]
fn each_order_is_one_click_away_and_says_that_it_is_the_one() {
    for (sort, word) in Sort::ALL {
        let wanted = Wanted {
            sort,
            page: 3,
            search: "iso".into(),
            ..Wanted::default()
        };
        let html = html(&wanted, &[""], &[row(b"/a.iso")], false);
        let direction = if sort == Sort::Path {
            "ascending"
        } else {
            "descending"
        };
        assert_eq!(values(&html, "aria-sort"), [direction]);
        for (other, other_word) in Sort::ALL {
            let of = if other == Sort::default() {
                String::new()
            } else {
                format!("&amp;sort={other_word}")
            };
            // The first page: the third in another order has nothing to do with this one.
            has(&html, &[&format!("href=\"/files?search=iso{of}\"")]);
        }
        let kept = format!("type=\"hidden\" name=\"sort\" value=\"{word}\"");
        assert_eq!(html.contains(&kept), sort != Sort::default());
    }
}

#[test]
fn pages_lead_to_each_other_and_exports_have_their_rows() {
    let wanted = Wanted {
        page: 3,
        search: "a&b".into(),
        ..Wanted::default()
    };
    let rows = vec![row(b"/x"); ROWS];
    let html = html(&wanted, &[""], &rows, true);
    has(
        &html,
        &[
            "rel=\"prev\" href=\"/files?search=a%26b&amp;page=2\"",
            "rel=\"next\" href=\"/files?search=a%26b&amp;page=4\"",
            "Files 101 to 150 with \u{201c}",
            "href=\"/api/v1/files?days=30&amp;search=a%26b&amp;limit=50&amp;offset=100&amp;format=csv\"",
            "href=\"/api/v1/files?days=30&amp;search=a%26b&amp;limit=50&amp;offset=100\"",
        ],
    );
}

#[test]
fn where_there_is_nothing_it_says_why_and_leads_on() {
    let search = Wanted {
        search: "xyz<script>".into(),
        ..Wanted::default()
    };
    let beyond = Wanted {
        page: 9_999,
        search: "xyz".into(),
        ..Wanted::default()
    };
    let never = Wanted {
        period: Period::All,
        ..Wanted::default()
    };
    let cases: [(&Wanted, &[&str]); 4] = [
        (
            &search,
            &[
                "No file matches",
                "xyz&lt;script&gt;",
                "href=\"/files\">Clear the search</a>",
                "href=\"/files?days=all&amp;search=xyz%3Cscript%3E\">Look at all days</a>",
            ],
        ),
        (
            &beyond,
            &[
                "There is no page 9,999.",
                "href=\"/files?search=xyz\">Go to the first page</a>",
            ],
        ),
        (&never, &["No file has been asked for yet."]),
        (
            &Wanted::default(),
            &[
                "No file was asked for in the last 30 days.",
                "href=\"/files?days=all\">Look at all days</a>",
            ],
        ),
    ];
    for (wanted, expected) in cases {
        let html = html(wanted, &[""], &[], false);
        has(&html, expected);
        assert!(!html.contains("<table"));
    }
}

#[test]
fn a_page_number_beyond_all_is_no_trouble() {
    let wanted = Wanted {
        page: usize::MAX,
        ..Wanted::default()
    };
    html(&wanted, &[""], &[], false);
    html(&wanted, &[""], &[row(b"/x")], true);
}

#[test]
fn hostile_names_are_text_in_rows_sites_and_searches() {
    for name in names() {
        let text = String::from_utf8_lossy(&name).into_owned();
        let mut row = row(&name);
        row.site = text.clone();
        let wanted = Wanted {
            search: text,
            ..Wanted::default()
        };
        // What is looked at is checked where it is made.
        html(&wanted, &["", "files.example"], &[row], true);
        html(&wanted, &[""], &[], false);
    }
}
