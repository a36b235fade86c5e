//! The text that metrics are written in: OpenMetrics 1.0, and the older format of Prometheus.
//!
//! Promises: whatever a label holds, it stays one line and one label.

use std::fmt::{Display, Write as _};

/// The two forms of the text. They differ in how counters are named above their samples, and in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text 0.0.4: for older programs, and for browsers, which show only this one.
    Prometheus,
}

/// What kind of thing a family of metrics is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Info,
}

impl Dialect {
    /// OpenMetrics, unless the client names only what it does not cover. Weights don't matter: who names
    /// OpenMetrics at all can read it.
    #[must_use]
    pub fn wanted(accept: Option<&[u8]>) -> Dialect {
        let accept = accept.unwrap_or_default();
        let names = |name: &[u8]| {
            let mut places = accept.windows(name.len());
            places.any(|place| place.eq_ignore_ascii_case(name))
        };
        if names(b"application/openmetrics-text") {
            return Dialect::OpenMetrics;
        }
        match names(b"text/plain") || names(b"text/html") {
            true => Dialect::Prometheus,
            false => Dialect::OpenMetrics,
        }
    }

    /// Its media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Dialect::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Dialect::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Writes families, one after the other.
pub(super) struct Writer {
    out: String,
    dialect: Dialect,
    family: &'static str,
}

impl Writer {
    pub(super) fn new(dialect: Dialect) -> Writer {
        Writer {
            out: String::with_capacity(8 * 1024),
            dialect,
            family: "",
        }
    }

    /// Begins a family; its name has no suffix, and ends in the unit if it has one.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, unit: &str, help: &str) {
        self.family = name;
        let (suffix, word) = match (self.dialect, kind) {
            (Dialect::Prometheus, Kind::Counter) => ("_total", "counter"),
            (Dialect::Prometheus, Kind::Info) => ("_info", "gauge"),
            (Dialect::OpenMetrics, Kind::Counter) => ("", "counter"),
            (Dialect::OpenMetrics, Kind::Info) => ("", "info"),
            (_, Kind::Gauge) => ("", "gauge"),
            (_, Kind::Histogram) => ("", "histogram"),
        };
        self.push(format_args!("# HELP {name}{suffix} {help}\n"));
        self.push(format_args!("# TYPE {name}{suffix} {word}\n"));
        if self.dialect == Dialect::OpenMetrics && !unit.is_empty() {
            self.push(format_args!("# UNIT {name} {unit}\n"));
        }
    }

    /// One sample of the family.
    pub(super) fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let name = self.family;
        self.push(format_args!("{name}{suffix}"));
        for (place, (label, text)) in labels.iter().enumerate() {
            let separator = if place == 0 { '{' } else { ',' };
            self.push(format_args!("{separator}{label}=\""));
            self.escaped(text);
            self.out.push('"');
        }
        if !labels.is_empty() {
            self.out.push('}');
        }
        self.push(format_args!(" {value}\n"));
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.dialect == Dialect::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out.into_bytes()
    }

    fn escaped(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '\\' => self.out.push_str("\\\\"),
                '"' => self.out.push_str("\\\""),
                '\n' => self.out.push_str("\\n"),
                other => self.out.push(other),
            }
        }
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String can't fail.
        self.out.write_fmt(text).ok();
    }
}
