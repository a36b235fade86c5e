//! The table of cases, and the engine against servers that break one rule each.

mod faults;
mod server;

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use super::case::{Need, Part};
use super::{Level, Report, Verdict, cases, run};
use crate::Url;
use faults::{FAULTS, Fault};
use server::Server;

/// Long enough for a machine that is busy: no case waits so long unless a rule is broken.
const PATIENCE: Duration = Duration::from_secs(4);

fn report(fault: Fault, only: &str) -> Report {
    let server = Server::start(fault);
    let url = Url::parse(&server.url("/dir/notes.txt")).unwrap();
    run(&url, &cases(only), PATIENCE).unwrap()
}

/// What is neither ok nor skipped, with its verdict.
fn missed(report: &Report) -> BTreeSet<(&'static str, &'static str)> {
    let findings = report.findings.iter();
    let missed =
        findings.filter(|finding| !matches!(finding.verdict, Verdict::Ok | Verdict::Skipped));
    missed
        .map(|finding| (finding.case.id, finding.verdict.word()))
        .collect()
}

fn text(part: Part) -> String {
    match part {
        Part::Ask(text) | Part::AskSlowly(text) | Part::Bytes(text) => text.to_owned(),
        Part::AskMade(make) | Part::BytesMade(make) => make(),
        Part::Pause => String::new(),
    }
}

#[test]
fn every_case_has_a_name_of_its_own_a_section_and_the_word_of_its_level() {
    let all = cases("*");
    assert!(all.len() >= 100, "{}", all.len());
    let ids: BTreeSet<&str> = all.iter().map(|case| case.id).collect();
    assert_eq!(ids.len(), all.len());
    for case in all {
        let is_kebab =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(case.id.bytes().all(is_kebab), "{}", case.id);
        let (rfc, section) = case.section.split_once(' ').expect(case.id);
        assert!(
            ["3986", "6265", "9110", "9111", "9112"].contains(&rfc),
            "{}",
            case.id
        );
        assert!(
            section
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
        );
        let word = match case.level {
            Level::Must => case.demands.contains("MUST"),
            Level::Should => ["SHOULD", "RECOMMENDED"]
                .iter()
                .any(|word| case.demands.contains(word)),
            Level::Advice => !case.demands.contains("MUST") && !case.demands.contains("SHOULD"),
        };
        assert!(word, "{}: {}", case.id, case.demands);
        assert!(
            !case.expects.is_empty() && !case.sends.is_empty(),
            "{}",
            case.id
        );
    }
}

#[test]
fn what_is_filled_in_is_also_needed() {
    const NEEDED: [(&str, &[Need]); 9] = [
        ("{etag}", &[Need::Etag, Need::StrongEtag]),
        ("{etag-weak}", &[Need::Etag]),
        ("{modified}", &[Need::Modified, Need::OldModified]),
        ("{modified-850}", &[Need::DateConditions]),
        ("{modified-asctime}", &[Need::DateConditions]),
        ("{day-before}", &[Need::Modified, Need::OldModified]),
        ("{second-after}", &[Need::Modified, Need::OldModified]),
        ("{folder-bare}", &[Need::Folder]),
        ("{escaped", &[Need::Letter, Need::HexLetter]),
    ];
    const FREE: [&str; 10] = [
        "{host}",
        "{hostname}",
        "{file}",
        "{path}",
        "{and}",
        "{folder}",
        "{missing}",
        "{length}",
        "{last}",
        "{longer}",
    ];
    for case in cases("*") {
        let sent: String = case.sends.iter().map(|part| text(*part)).collect();
        for (word, needs) in NEEDED {
            let is_met = needs.iter().any(|need| case.needs.contains(need));
            assert!(!sent.contains(word) || is_met, "{}: {word}", case.id);
        }
        let known = |word: &str| {
            FREE.contains(&word) || NEEDED.iter().any(|(known, _)| word.starts_with(known))
        };
        let words = sent.split('{').skip(1);
        for word in words.map(|rest| format!("{{{}}}", rest.split('}').next().unwrap())) {
            assert!(known(&word), "{}: {word}", case.id);
        }
    }
}

#[test]
fn no_case_changes_what_is_served() {
    for case in cases("*") {
        for part in case.sends {
            let text = text(*part);
            let method = text.split(' ').next().unwrap();
            assert!(!["PUT", "PATCH"].contains(&method), "{}", case.id);
            assert!(
                method != "DELETE" || text.contains("{missing}"),
                "{}",
                case.id
            );
        }
    }
}

/// The test's own server is small: what it lacks, it lacks without breaking a MUST.
const OF_THE_TEST: &[(&str, &str)] = &[
    ("ranges-are-served", "weak"),
    ("ranges-of-which-one-is-beyond-are-served", "weak"),
];

#[test]
fn a_server_that_keeps_the_rules_breaks_none() {
    let report = report(Fault::None, "*");
    assert_eq!(missed(&report), OF_THE_TEST.iter().copied().collect());
    assert!(report.conforms(false) && !report.conforms(true));
    assert_eq!(report.count(Verdict::Broken), 0);
    assert!(report.count(Verdict::Ok) > 200, "{report:#?}");
}

#[test]
fn each_broken_rule_is_found_and_no_other() {
    // Most of a run is waiting; a few at a time leave the machine to others.
    for some in FAULTS.chunks(6) {
        thread::scope(|scope| {
            for (fault, expected) in some {
                scope.spawn(move || assert_found(*fault, expected));
            }
        });
    }
}

fn assert_found(fault: Fault, expected: &[(&'static str, &'static str)]) {
    let usual: BTreeSet<_> = OF_THE_TEST.iter().copied().collect();
    let report = report(fault, "*");
    let found: BTreeSet<_> = missed(&report).difference(&usual).copied().collect();
    let expected: BTreeSet<_> = expected.iter().copied().collect();
    assert_eq!(found, expected, "{fault:?}");
    let has_broken = expected.iter().any(|(_, verdict)| *verdict == "broken");
    assert_eq!(report.conforms(false), !has_broken, "{fault:?}");
}

#[test]
fn what_cannot_be_asked_is_skipped_with_its_reason() {
    let report = report(Fault::NoEtag, "if-none-match");
    let [finding] = report.findings.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(finding.verdict, Verdict::Skipped);
    assert_eq!(finding.came, "the file has no ETag");
}

#[test]
fn a_server_that_goes_away_leaves_its_cases_unclear() {
    let report = report(Fault::GoesAway, "head-is-known");
    assert_eq!(
        missed(&report),
        BTreeSet::from([("head-is-known", "unclear")])
    );
    assert!(!report.conforms(false), "it was a MUST, and nobody knows");
}

#[test]
fn a_silent_server_takes_no_longer_than_the_patience() {
    let server = Server::start(Fault::Silent);
    let url = Url::parse(&server.url("/dir/notes.txt")).unwrap();
    let error = run(&url, &cases("*"), Duration::from_millis(200)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this is no file to ask for: there is no answer: silence on an open connection"
    );
}

#[test]
fn what_is_no_file_is_said_before_any_case_is_asked() {
    let server = Server::start(Fault::None);
    for (path, expected) in [
        ("/dir/", "it is a directory; name a file in it"),
        ("/dir", "its status is 301: it is at /dir/"),
        ("/none", "its status is 404, not 200"),
        ("/short", "it has 5 bytes; take one of 200 or more"),
    ] {
        let url = Url::parse(&server.url(path)).unwrap();
        let error = run(&url, &cases("*"), PATIENCE).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("this is no file to ask for: {expected}")
        );
    }
}

#[test]
fn a_report_in_json_has_what_the_document_says() {
    let report = report(Fault::NoAllow, "post-405*");
    let json: serde_json::Value = serde_json::from_str(&report.json(false)).unwrap();
    assert_eq!(json["conforms"], false);
    assert_eq!(json["counts"]["broken"], 1);
    assert_eq!(
        json["cases"][0],
        serde_json::json!({
            "id": "post-405-has-allow",
            "group": "methods",
            "level": "MUST",
            "section": "9110 15.5.6",
            "demands": "the origin server MUST generate an Allow field in a 405 response",
            "verdict": "broken",
            "expected": "a field Allow",
            "came": "405 with 38 bytes",
        })
    );
}
