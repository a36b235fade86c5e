//! A strict reader of OpenMetrics 1.0 text: whatever the standard does not allow, it refuses with the line.

use std::collections::{BTreeMap, BTreeSet};

/// What a text says.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Values by name and labels, as they are written: `name{label="value"}`.
    pub samples: BTreeMap<String, f64>,
    /// Types by name of the family.
    pub types: BTreeMap<String, String>,
}

/// One family while it is read.
#[derive(Default)]
struct Family {
    name: String,
    kind: Option<String>,
    has_unit: bool,
    has_help: bool,
    samples: Vec<Sample>,
}

struct Sample {
    suffix: String,
    labels: Vec<(String, String)>,
    value: f64,
}

type Outcome<T = ()> = Result<T, String>;

/// Reads a whole text.
pub fn read(text: &str) -> Outcome<Metrics> {
    let body = text
        .strip_suffix("# EOF\n")
        .ok_or("does not end in # EOF and a line feed")?;
    let mut metrics = Metrics::default();
    let mut family = Family::default();
    for line in body.split_inclusive('\n') {
        let here = |error: String| format!("{error}: {line:?}");
        let line = line
            .strip_suffix('\n')
            .ok_or("no line feed".to_owned())
            .map_err(here)?;
        match line.strip_prefix("# ") {
            Some(comment) => describe(&mut family, &mut metrics, comment).map_err(here)?,
            None => add(&mut family, &mut metrics, line).map_err(here)?,
        }
    }
    close(&family, &mut metrics)?;
    Ok(metrics)
}

impl Metrics {
    /// The value of a series.
    pub fn value(&self, series: &str) -> f64 {
        *self
            .samples
            .get(series)
            .unwrap_or_else(|| panic!("no {series} in {:#?}", self.samples))
    }
}

/// `TYPE name counter`, `UNIT name seconds` or `HELP name text`.
fn describe(family: &mut Family, metrics: &mut Metrics, comment: &str) -> Outcome {
    let mut words = comment.splitn(3, ' ');
    let (Some(what), Some(name), Some(rest)) = (words.next(), words.next(), words.next()) else {
        return Err("no such comment".to_owned());
    };
    if name != family.name {
        let before = std::mem::take(family);
        close(&before, metrics)?;
        if !is_name(name) || metrics.types.contains_key(name) {
            return Err("no name, or one that was here before".to_owned());
        }
        name.clone_into(&mut family.name);
    }
    if !family.samples.is_empty() {
        return Err("described after its samples".to_owned());
    }
    let is_second = match what {
        "TYPE" => family.kind.replace(rest.to_owned()).is_some(),
        "UNIT" => {
            let is_in_name = !rest.is_empty() && name.ends_with(&format!("_{rest}"));
            if !is_in_name {
                return Err("the name does not end in its unit".to_owned());
            }
            std::mem::replace(&mut family.has_unit, true)
        }
        "HELP" => std::mem::replace(&mut family.has_help, true),
        _ => return Err("no such comment".to_owned()),
    };
    match is_second {
        true => Err("described twice".to_owned()),
        false => Ok(()),
    }
}

/// `name{label="value",...} 1`.
fn add(family: &mut Family, metrics: &mut Metrics, line: &str) -> Outcome {
    let end = line.find(['{', ' ']).ok_or("no value")?;
    let (name, rest) = line.split_at(end);
    let suffix = name
        .strip_prefix(family.name.as_str())
        .filter(|_| !family.name.is_empty())
        .ok_or("a sample of another family")?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(labels) => read_labels(labels)?,
        None => (Vec::new(), rest),
    };
    let value = rest.strip_prefix(' ').ok_or("no space before the value")?;
    let sample = Sample {
        suffix: suffix.to_owned(),
        labels,
        value: value.parse().map_err(|_| "no number")?,
    };
    family.samples.push(sample);
    let series = &line[..line.len() - value.len() - 1];
    match metrics
        .samples
        .insert(series.to_owned(), family.samples.last().unwrap().value)
    {
        Some(_) => Err("a series that was here before".to_owned()),
        None => Ok(()),
    }
}

type Labels = Vec<(String, String)>;

/// The labels after `{`, and what follows their `}`.
fn read_labels(mut rest: &str) -> Outcome<(Labels, &str)> {
    let mut labels: Labels = Vec::new();
    loop {
        let (name, value) = rest.split_once("=\"").ok_or("no label")?;
        if !is_name(name) || name.contains(':') || labels.iter().any(|(known, _)| known == name) {
            return Err(format!("{name:?} is no label, or there twice"));
        }
        let (value, after) = read_value(value)?;
        labels.push((name.to_owned(), value));
        match after.split_at_checked(1) {
            Some((",", more)) => rest = more,
            Some(("}", more)) => return Ok((labels, more)),
            _ => return Err("neither comma nor brace after a label".to_owned()),
        }
    }
}

/// The value of a label, and what follows its quote.
fn read_value(text: &str) -> Outcome<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, letter @ ('\\' | '"'))) => value.push(letter),
                _ => return Err("no such escape".to_owned()),
            },
            letter => value.push(letter),
        }
    }
    Err("a value without its end".to_owned())
}

fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b':';
    name.bytes().next().is_some_and(is_letter)
        && name
            .bytes()
            .all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

/// Sees that the family is whole, and what its type allows.
fn close(family: &Family, metrics: &mut Metrics) -> Outcome {
    if family.name.is_empty() {
        return Ok(());
    }
    let name = family.name.clone();
    let kind = family.kind.clone().ok_or(format!("{name} has no type"))?;
    let allowed: &[&str] = match kind.as_str() {
        "counter" => &["_total"],
        "gauge" => &[""],
        "info" => &["_info"],
        "histogram" => &["_bucket", "_count", "_sum"],
        _ => return Err(format!("{name}: no such type")),
    };
    for sample in &family.samples {
        let is_count = kind != "gauge";
        if !allowed.contains(&sample.suffix.as_str()) {
            return Err(format!("{name}: {:?} in a {kind}", sample.suffix));
        }
        if sample.value.is_nan() || is_count && sample.value < 0.0 {
            return Err(format!("{name}: a {kind} of {}", sample.value));
        }
        if kind == "info" && sample.value != 1.0 {
            return Err(format!("{name}: an info that is not 1"));
        }
    }
    if kind == "histogram" {
        check_histogram(family).map_err(|error| format!("{name}: {error}"))?;
    }
    if family.samples.is_empty() || !family.has_help {
        return Err(format!("{name}: without samples, or without help"));
    }
    metrics.types.insert(name, kind);
    Ok(())
}

/// Buckets in order, each with all before it, up to the one that has no bound, which is the count.
fn check_histogram(family: &Family) -> Outcome {
    let of = |suffix: &str| {
        let samples = family.samples.iter();
        let found = samples.filter(|sample| sample.suffix == suffix);
        found.collect::<Vec<_>>()
    };
    let (mut last_bound, mut last_count) = (f64::NEG_INFINITY, 0.0);
    for bucket in of("_bucket") {
        let [(label, bound)] = bucket.labels.as_slice() else {
            return Err("a bucket without a bound".to_owned());
        };
        let is_canonical = bound == "+Inf" || bound.contains('.');
        let bound: f64 = bound.parse().map_err(|_| "a bound that is no number")?;
        if label != "le" || !is_canonical || bound <= last_bound || bucket.value < last_count {
            return Err(format!("bucket {bound} is out of order"));
        }
        (last_bound, last_count) = (bound, bucket.value);
    }
    let (counts, sums) = (of("_count"), of("_sum"));
    let is_whole = last_bound == f64::INFINITY && counts.len() == 1 && sums.len() == 1;
    match is_whole && counts[0].value == last_count {
        true => Ok(()),
        false => Err("no bucket +Inf, or it is not the count".to_owned()),
    }
}

const GOOD: &str = "# TYPE a counter\n# HELP a All.\na_total{x=\"1\\n\\\\\\\"\",y=\"\"} 1\na_total 2\n\
                    # HELP b_seconds Time.\n# TYPE b_seconds histogram\n# UNIT b_seconds seconds\n\
                    b_seconds_bucket{le=\"0.1\"} 1\nb_seconds_bucket{le=\"+Inf\"} 3\nb_seconds_count 3\n\
                    b_seconds_sum 2.5\n# TYPE c info\n# HELP c It.\nc_info{v=\"1\"} 1\n# EOF\n";

#[test]
fn what_is_right_is_read() {
    let metrics = read(GOOD).unwrap();
    assert_eq!(metrics.value("a_total"), 2.0);
    assert_eq!(metrics.value("b_seconds_bucket{le=\"+Inf\"}"), 3.0);
    assert_eq!(metrics.samples.len(), 7);
    let types: BTreeSet<&str> = metrics.types.values().map(String::as_str).collect();
    assert_eq!(types, BTreeSet::from(["counter", "histogram", "info"]));
}

#[test]
fn what_is_wrong_is_refused() {
    for (right, wrong) in [
        ("# EOF\n", "# EOF"),
        ("# EOF\n", ""),
        ("# EOF\n", "# EOF\n# EOF\n"),
        ("# EOF\n", "\n# EOF\n"),
        ("# TYPE a counter\n", ""),
        ("# TYPE a counter\n", "# TYPE a counter\n# TYPE a counter\n"),
        ("# TYPE a counter\n", "# TYPE a count\n"),
        ("# TYPE a counter\n", "# TYPE a gauge\n"),
        ("# HELP a All.\n", ""),
        ("a_total 2\n", "a 2\n"),
        ("a_total 2\n", "a_total -2\n"),
        ("a_total 2\n", "a_total NaN\n"),
        ("a_total 2\n", "a_total two\n"),
        ("a_total 2\n", "a_total  2\n"),
        ("a_total 2\n", "a_total 2\na_total 2\n"),
        ("a_total 2\n", "b_total 2\n"),
        ("a_total 2\n", "a_total 2\n# UNIT a s\n"),
        ("\\\\", "\\x"),
        ("y=\"\"", "x=\"\""),
        ("y=\"\"", "y=\""),
        ("y=\"\"", "1=\"\""),
        ("# UNIT b_seconds seconds", "# UNIT b_seconds bytes"),
        ("le=\"0.1\"} 1", "le=\"0.1\"} 4"),
        ("le=\"0.1\"", "le=\"1\""),
        ("le=\"+Inf\"", "le=\"0.2\""),
        ("b_seconds_count 3", "b_seconds_count 4"),
        ("b_seconds_sum 2.5\n", ""),
        ("c_info{v=\"1\"} 1\n", ""),
        ("c_info{v=\"1\"} 1\n", "c_info{v=\"1\"} 2\n"),
        ("# TYPE c info\n", "# TYPE a counter\n"),
    ] {
        assert!(GOOD.contains(right), "{right:?}");
        let text = GOOD.replacen(right, wrong, 1);
        assert!(read(&text).is_err(), "{right:?} as {wrong:?} is taken");
    }
}
