//! A line of JSON: that of tallyd, of Caddy, and what people make of nginx's and others' variables.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::moment::{self, Moment};
use super::{Said, number, split_request};

/// Where the time is, by name. The first that has parts of seconds counts, or else the first that is one.
const TIMES: [&str; 8] = [
    "time",
    "msec",
    "time_iso8601",
    "@timestamp",
    "timestamp",
    "ts",
    "time_local",
    "date",
];

const METHODS: [&str; 2] = ["method", "request_method"];

/// As it was sent before what became of it.
const TARGETS: [&str; 5] = ["target", "request_uri", "uri", "path", "url"];

const BYTES: [&str; 5] = ["bytes", "body_bytes_sent", "bytes_sent", "size", "length"];

const RANGES: [&str; 2] = ["range", "http_range"];

type Object = Map<String, Value>;

/// What the line says.
pub(super) fn read(line: &[u8]) -> Option<Said<'static>> {
    let Ok(Value::Object(line)) = serde_json::from_slice(line) else {
        return None;
    };
    // Caddy puts what was asked in an object of its own, others the whole request line in one text.
    let request = line.get("request");
    let inner = request.and_then(Value::as_object);
    let asked = inner.unwrap_or(&line);
    let (method, target) = match (text(asked, &METHODS), text(asked, &TARGETS)) {
        (Some(method), Some(target)) => (method.as_bytes(), target.as_bytes()),
        _ => split_request(request?.as_str()?.as_bytes())?,
    };
    let range = text(&line, &RANGES).or_else(|| range_of_fields(asked));
    Some(Said {
        at: at(&line),
        method: Cow::Owned(method.to_vec()),
        target: Cow::Owned(target.to_vec()),
        status: whole(&line, &["status"]).unwrap_or_default(),
        bytes: whole(&line, &BYTES).unwrap_or_default(),
        range: range.map(|range| Cow::Owned(range.to_owned())),
        is_of_tally: false,
    })
}

fn text<'a>(object: &'a Object, names: &[&str]) -> Option<&'a str> {
    let texts = names.iter().filter_map(|name| object.get(*name)?.as_str());
    texts.into_iter().find(|text| !text.is_empty())
}

/// A number, or a text of digits.
fn whole(object: &Object, names: &[&str]) -> Option<u64> {
    let mut numbers = names.iter().filter_map(|name| match object.get(*name)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => number(text.as_bytes()),
        _ => None,
    });
    numbers.next()
}

/// Caddy: `"headers":{"Range":["bytes=0-"]}`.
fn range_of_fields(asked: &Object) -> Option<&str> {
    let fields = asked.get("headers")?.as_object()?;
    let mut fields = fields.iter();
    let (_, values) = fields.find(|(name, _)| name.eq_ignore_ascii_case("range"))?;
    match values {
        Value::Array(values) => values.first()?.as_str(),
        value => value.as_str(),
    }
}

fn at(line: &Object) -> Option<Moment> {
    let times = TIMES.iter().filter_map(|name| match line.get(*name)? {
        Value::Number(number) => moment::since_1970(&number.to_string()),
        Value::String(text) => of_text(text),
        _ => None,
    });
    let mut first = None;
    for time in times {
        if !time.is_whole {
            return Some(time);
        }
        first = first.or(Some(time));
    }
    first
}

fn of_text(text: &str) -> Option<Moment> {
    moment::timestamp(text)
        .or_else(|| moment::since_1970(text))
        .or_else(|| moment::common(text.as_bytes()))
}
