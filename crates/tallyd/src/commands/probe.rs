//! `tallyd probe`: asks a server some 250 questions, and shows the verdicts as a table or as JSON.

use std::io::{self, Write};

use tallyd_load::probe::{self, Case, Finding, Report, Verdict};

use super::look::{Column, table};
use super::text::{grouped, plain, several};
use crate::args::probe::{Asked, What};
use crate::{End, complain, printed};

/// What a server sends may be long; a line of a table is for people.
const LONGEST: usize = 160;

/// Asks, and shows what came of it.
pub(crate) fn run(asked: &Asked) -> End {
    let mut out = io::stdout();
    let (url, patience, strict) = match &asked.what {
        What::Ask {
            url,
            patience,
            strict,
        } => (url, *patience, *strict),
        What::List => {
            let text = match asked.json {
                true => probe::list(&asked.cases),
                false => listed(&asked.cases),
            };
            return printed(out.write_all(text.as_bytes()));
        }
    };
    let report = match probe::run(url, &asked.cases, patience) {
        Ok(report) => report,
        Err(error) => {
            let (url, error) = (url.to_string(), error.to_string());
            let (url, error) = (shown(&url), shown(&error));
            complain(&format!("tallyd: {url}: {error}\n"));
            return End::Failed;
        }
    };
    let text = match asked.json {
        true => report.json(strict),
        false => page(&report),
    };
    match printed(out.write_all(text.as_bytes())) {
        End::Done if !report.conforms(strict) => End::Unexpected,
        end => end,
    }
}

/// The cases, without a server.
fn listed(cases: &[&Case]) -> String {
    let columns = [
        Column::Left("Case"),
        Column::Left("Level"),
        Column::Left("RFC"),
        Column::Left("Demand"),
    ];
    let row = |case: &&Case| {
        [case.id, case.level.word(), case.section, case.demands]
            .map(str::to_owned)
            .to_vec()
    };
    let rows: Vec<Vec<String>> = cases.iter().map(row).collect();
    let mut text = lines(&table(&columns, &rows));
    text.push_str(&format!(
        "\n{}\n",
        several(as_count(cases.len()), "case", "cases")
    ));
    text
}

/// What was found out: a table, with two more lines below whatever is not ok, and the counts.
fn page(report: &Report) -> String {
    let mut text = format!(
        "{}, {} bytes",
        shown(&report.url),
        grouped(as_count(report.length))
    );
    if !report.server.is_empty() {
        text.push_str(&format!(", {}", shown(&report.server)));
    }
    text.push_str("\n\n");
    let columns = [
        Column::Left("Case"),
        Column::Left("Level"),
        Column::Left("Verdict"),
        Column::Left("RFC"),
    ];
    let rows: Vec<Vec<String>> = report.findings.iter().map(row).collect();
    let mut rows = table(&columns, &rows).into_iter();
    text.push_str(&lines(rows.by_ref().take(1).collect::<Vec<_>>().as_slice()));
    for (line, finding) in rows.zip(&report.findings) {
        text.push_str(&lines(&[line]));
        text.push_str(&lines(&explained(finding)));
    }
    text.push_str(&format!("\n{}\n", summary(report)));
    text
}

fn row(finding: &Finding) -> Vec<String> {
    let case = finding.case;
    let words = [
        case.id,
        case.level.word(),
        finding.verdict.word(),
        case.section,
    ];
    words.map(str::to_owned).to_vec()
}

/// What stands below a case.
fn explained(finding: &Finding) -> Vec<String> {
    let (expected, came) = (shown(&finding.expected), shown(&finding.came));
    match finding.verdict {
        Verdict::Ok => Vec::new(),
        Verdict::Skipped => vec![format!("    {came}")],
        _ => vec![
            format!("    {}", finding.case.demands),
            format!("    expected {expected}; came {came}"),
        ],
    }
}

/// `120 cases: 100 ok, 3 broken (MUST), ...`.
fn summary(report: &Report) -> String {
    let word = |verdict: &Verdict| match verdict {
        Verdict::Broken => "broken (MUST)".to_owned(),
        Verdict::Weak => "weak (SHOULD)".to_owned(),
        Verdict::Unlike => "unlike (advice)".to_owned(),
        other => other.word().to_owned(),
    };
    let counts: Vec<String> = Verdict::ALL
        .iter()
        .map(|verdict| (verdict, report.count(*verdict)))
        .filter(|(verdict, count)| *count > 0 || **verdict == Verdict::Broken)
        .map(|(verdict, count)| format!("{count} {}", word(verdict)))
        .collect();
    let all = several(as_count(report.findings.len()), "case", "cases");
    format!("{all}: {}", counts.join(", "))
}

/// In one line, whatever is in it, and not without end.
fn shown(text: &str) -> String {
    let text = plain(text.as_bytes());
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn as_count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(id: &str, verdict: Verdict, came: &str) -> Finding {
        Finding {
            case: probe::cases(id)[0],
            verdict,
            expected: "200".to_owned(),
            came: came.to_owned(),
        }
    }

    #[test]
    fn a_page_says_why_what_is_not_ok_is_not_and_no_server_moves_the_cursor() {
        let report = Report {
            url: "http://h/a".to_owned(),
            server: "evil\x1b[2J".to_owned(),
            length: 1234,
            findings: vec![
                finding("host-missing", Verdict::Ok, ""),
                finding("range-of-ten", Verdict::Skipped, "no ranges here"),
                finding("etag-is-one", Verdict::Broken, "ETag: \x1b]0;a\x07\r\n"),
            ],
        };
        let expected = "\
http://h/a, 1,234 bytes, evil\\u{1b}[2J

Case          Level  Verdict  RFC
host-missing  MUST   ok       9112 3.2
range-of-ten  MUST   skipped  9110 15.3.7.1
    no ranges here
etag-is-one   MUST   broken   9110 8.8.3
    MUST NOT generate what does not match the grammar: quotes, and W/ in front of weak ones
    expected 200; came ETag: \\u{1b}]0;a\\u{7}\\r\\n

3 cases: 1 ok, 1 broken (MUST), 1 skipped
";
        assert_eq!(page(&report), expected);
    }

    #[test]
    fn what_a_server_sends_does_not_fill_the_page() {
        assert_eq!(shown(&"é".repeat(9_000)).chars().count(), LONGEST + 1);
    }
}
