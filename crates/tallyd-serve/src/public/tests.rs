//! Replies from what is asked and what is known, without a ledger.

use tallyd_http::head::{self, HeadLimits};
use tallyd_ledger::Books;
use tallyd_ledger::facts::{Class, Counts, DAY};
use tallyd_ledger::report::Classes;

use super::*;
use crate::config::{Config, HeaderRule};

const TODAY: i64 = 20_777;

fn brief() -> Brief {
    let counts = |hits, downloads| Counts {
        hits,
        downloads,
        bytes: hits * 1_000,
        ..Counts::default()
    };
    let mut classes = Classes::default();
    classes.counts[Class::Person as usize] = counts(10, 7);
    classes.counts[Class::Bot as usize] = counts(4, 3);
    Brief {
        counts: counts(14, 10),
        recent: classes,
        classes,
        first_seen: (TODAY - 5) * DAY,
    }
}

fn answer_for(path: &[u8], request: &str, brief: Option<&Brief>) -> Reply {
    let mut rules = Config::default().site;
    rules.headers = [("X-Own", "yes"), ("cache-control", "no-cache")]
        .map(|(name, value)| HeaderRule {
            glob: "**".into(),
            name: name.into(),
            value: value.into(),
        })
        .into();
    let site = Site {
        rules,
        book: Books::default().of(""),
    };
    let text = format!("{}\r\nHost: x\r\n\r\n", request.replace('\n', "\r\n"));
    let head = head::parse(text.as_bytes(), &HeadLimits::default());
    let request = head.unwrap().unwrap().request;
    let known = Known {
        path,
        brief,
        days: DAYS,
        today: TODAY,
    };
    let wish = Wish::of(&request).unwrap();
    show(&request, &wish, known).reply(&request, &site, path)
}

fn answer(request: &str) -> Reply {
    answer_for(b"/x", request, Some(&brief()))
}

fn body(reply: &Reply) -> &str {
    match &reply.body {
        Body::Bytes(bytes) => std::str::from_utf8(bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn fields(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.fields.extra).unwrap()
}

#[test]
fn the_numbers_have_the_words_of_the_counting_rules() {
    let reply = answer("GET /x?tally=json HTTP/1.1");
    assert_eq!(reply.fields.content_type, Some("application/json"));
    assert_eq!(
        body(&reply),
        concat!(
            r#"{"rules":1,"path":"/x","href":"/x","hits":14,"downloads":10,"downloads_by_people_and_tools":7,"#,
            r#""bytes":14000,"downloads_by_class":{"person-like":7,"tool":0,"bot":3,"unknown":0,"internal":0},"#,
            r#""first_seen":"2026-11-15T00:00:00Z","last_30_days":{"since":"2026-10-22","until":"2026-11-20","#,
            r#""hits":14,"downloads":10,"downloads_by_people_and_tools":7,"bytes":14000}}"#,
            "\n"
        )
    );
}

#[test]
fn a_file_that_was_never_asked_for_has_zeros() {
    let reply = answer_for(b"/x", "GET /x?tally=json HTTP/1.1", None);
    assert!(body(&reply).contains(r#""hits":0,"downloads":0"#));
    assert!(body(&reply).contains(r#""first_seen":null"#));
    let page = answer_for(b"/x", "GET /x?tally=html HTTP/1.1", None);
    assert!(body(&page).contains("Nobody has asked for this file yet."));
}

#[test]
fn accept_decides_the_form_unless_the_query_does() {
    for (query, accept, expected) in [
        ("?tally", "text/html", HTML),
        ("?tally", "application/json", "application/json"),
        ("?tally=html", "application/json", HTML),
        ("?tally=json", "text/html", "application/json"),
        ("?badge", "text/html", "image/svg+xml"),
    ] {
        let reply = answer(&format!("GET /x{query} HTTP/1.1\nAccept: {accept}"));
        assert_eq!(
            reply.fields.content_type,
            Some(expected),
            "{query} {accept}"
        );
        assert_eq!(reply.fields.vary_accept, query == "?tally");
        let may_be_read = fields(&reply).contains("Access-Control-Allow-Origin: *\r\n");
        assert_eq!(may_be_read, expected == "application/json");
    }
}

#[test]
fn it_may_be_kept_for_a_minute_and_run_nothing() {
    for query in ["?tally=html", "?tally=json", "?badge"] {
        let reply = answer(&format!("GET /x{query} HTTP/1.1"));
        let fields = fields(&reply);
        assert!(
            fields.contains("Cache-Control: public, max-age=60\r\n"),
            "{fields}"
        );
        assert!(
            fields.contains("Content-Security-Policy: default-src 'none'; "),
            "{fields}"
        );
        assert!(
            fields.contains("X-Content-Type-Options: nosniff\r\n"),
            "{fields}"
        );
        assert!(!fields.contains("script-src"), "{fields}");
        assert!(
            fields.contains("X-Own: yes\r\n"),
            "the site's own: {fields}"
        );
        assert!(!fields.contains("no-cache"), "no field twice: {fields}");
    }
}

#[test]
fn what_a_client_has_already_is_not_sent_again() {
    let first = answer("GET /x?badge HTTP/1.1");
    let tag = fields(&first).split("ETag: ").nth(1).unwrap();
    let tag = tag.split("\r\n").next().unwrap();
    let again = answer(&format!(
        "GET /x?badge HTTP/1.1\nIf-None-Match: W/{tag}, \"other\""
    ));
    assert_eq!(
        (again.status, &again.body),
        (Status::NOT_MODIFIED, &Body::Empty)
    );
    assert_eq!(again.fields.content_type, None);
    assert!(fields(&again).contains(tag) && fields(&again).contains("max-age=60"));
    let other = answer("GET /x?badge HTTP/1.1\nIf-None-Match: \"other\"");
    assert_eq!(other.status, Status::OK);
    let changed = answer_for(
        b"/x",
        &format!("GET /x?badge HTTP/1.1\nIf-None-Match: {tag}"),
        None,
    );
    assert_eq!(changed.status, Status::OK, "another number, another tag");
    let old = answer("GET /x?badge HTTP/1.1\nIf-Match: \"other\"");
    assert_eq!(old.status, Status::PRECONDITION_FAILED);
    let dated = "If-Modified-Since: Fri, 20 Nov 2026 10:00:00 GMT";
    assert_eq!(
        answer(&format!("GET /x?badge HTTP/1.1\n{dated}")).status,
        Status::OK
    );
}

#[test]
fn a_head_has_the_length_of_the_whole() {
    let (get, head) = (
        answer("GET /x?tally=html HTTP/1.1"),
        answer("HEAD /x?tally=html HTTP/1.1"),
    );
    assert!(head.head_only && !get.head_only);
    assert_eq!(
        (get.status, get.fields, get.body),
        (head.status, head.fields, head.body)
    );
}

#[test]
fn a_wrong_parameter_is_400_with_a_line() {
    for (query, word) in [
        ("?tally=xml", "json or html"),
        ("?badge=stars", "downloads or hits"),
        ("?badge&days=0", "1 to 3650"),
        ("?badge&color=x", "hexadecimal"),
    ] {
        let reply = answer(&format!("GET /x{query} HTTP/1.1"));
        assert_eq!(
            (reply.status, reply.fields.content_type),
            (Status::BAD_REQUEST, Some(TEXT))
        );
        assert!(body(&reply).contains(word), "{}", body(&reply));
        assert!(fields(&reply).contains("Cache-Control: no-store\r\n"));
    }
}

#[test]
fn markup_in_a_path_is_text_everywhere() {
    let path = b"/<script>alert(1)</script>\"'&\x1b[2J\xff";
    for query in ["?tally=html", "?tally=json", "?badge"] {
        let reply = answer_for(path, &format!("GET /x{query} HTTP/1.1"), Some(&brief()));
        let body = body(&reply);
        assert_eq!(body.contains("<script"), query == "?tally=json", "{body}");
        assert!(!body.contains('\x1b'));
    }
    let page = answer_for(path, "GET /x?tally=html HTTP/1.1", Some(&brief()));
    assert!(
        body(&page)
            .contains("<h1>/&lt;script&gt;alert(1)&lt;/script&gt;&quot;'&amp;\\u{1b}[2J\\xff</h1>")
    );
    assert!(
        body(&page).contains("href=\"/%3Cscript%3Ealert(1)%3C/script%3E%22%27%26%1B%5B2J%FF\""),
        "{}",
        body(&page)
    );
}

#[test]
fn counts_that_are_not_kept_or_not_readable_are_told_apart() {
    let not_kept = silent(Silence::NotKept);
    assert_eq!(not_kept.status, Status::NOT_FOUND);
    let unanswered = silent(Silence::Unanswered);
    assert_eq!(unanswered.status, Status::SERVICE_UNAVAILABLE);
    assert_ne!(not_kept.body, unanswered.body);
}
