//! A reply of the feed as JSON, by the words and the rules of the reports.

use super::{About, Seen};
use crate::report::calendar::moment;
use crate::report::json::{Object, path, protocol};
use crate::report::people::plain;

/// Nanoseconds of a millisecond.
const MILLISECOND: i64 = 1_000_000;

impl Seen {
    /// One object without line ends. What a reply of its kind has not is null; `shown` is how a path is read where
    /// its letters would mislead.
    #[must_use]
    pub fn json(&self) -> String {
        let mut out = Object::new();
        out.number("id", self.id);
        out.text("time", to_the_millisecond(self.time).as_bytes());
        out.text("kind", self.about.kind().as_bytes());
        out.text("site", self.site.as_bytes());
        match self.path() {
            Some(of) => {
                path(&mut out, of);
                let shown = plain(of);
                if shown.as_bytes() != of {
                    out.text("shown", shown.as_bytes());
                }
            }
            None => out.raw("path", "null"),
        }
        out.number("status", u64::from(self.status));
        out.text("class", self.class.word().as_bytes());
        out.text("protocol", protocol(self.protocol).as_bytes());
        out.number("bytes", self.bytes);
        match &self.about {
            About::Hit {
                number,
                outcome,
                referrer,
                ..
            } => {
                out.number("number", *number);
                out.optional_text("outcome", outcome.map(crate::facts::Outcome::word));
                out.optional_text(
                    "referrer",
                    Some(&**referrer).filter(|host| !host.is_empty()),
                );
            }
            _ => {
                for name in ["number", "outcome", "referrer"] {
                    out.raw(name, "null");
                }
            }
        }
        out.end()
    }
}

impl About {
    /// The word for it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            About::Hit { .. } => "hit",
            About::Probe(_) => "probe",
            About::Missing(_) => "missing",
            About::Other => "other",
        }
    }
}

/// `2026-11-20T13:05:09.123Z`
fn to_the_millisecond(nanos: i64) -> String {
    let moment = moment(nanos);
    let millisecond = nanos.div_euclid(MILLISECOND).rem_euclid(1_000);
    format!("{}.{millisecond:03}Z", moment.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::facts::{Class, Outcome, Version};

    fn seen(about: About) -> Seen {
        Seen {
            id: 7,
            time: 1_795_179_909_023_999_999,
            site: "docs".into(),
            status: 206,
            class: Class::Person,
            protocol: 11,
            bytes: 10,
            about,
        }
    }

    fn version(path: &[u8]) -> Arc<Version> {
        Arc::new(Version {
            site: "docs".into(),
            path: path.into(),
            device: 1,
            inode: 2,
            length: 3,
            modified: 4,
        })
    }

    #[test]
    fn a_hit_says_all_that_is_known_of_it() {
        let hit = |outcome, referrer: &str| About::Hit {
            version: version(b"/a b.txt"),
            number: 3,
            outcome,
            referrer: referrer.into(),
        };
        assert_eq!(
            seen(hit(Some(Outcome::Aborted), "example.org")).json(),
            "{\"id\":7,\"time\":\"2026-11-20T13:05:09.023Z\",\"kind\":\"hit\",\"site\":\"docs\",\
             \"path\":\"/a b.txt\",\"status\":206,\"class\":\"person-like\",\"protocol\":\"HTTP/1.1\",\"bytes\":10,\
             \"number\":3,\"outcome\":\"aborted\",\"referrer\":\"example.org\"}"
        );
        let under_way = seen(hit(None, "")).json();
        let end = "\"number\":3,\"outcome\":null,\"referrer\":null}";
        assert!(under_way.ends_with(end), "{under_way}");
    }

    #[test]
    fn a_path_that_is_no_text_can_be_told_and_ends_no_line() {
        let missing = seen(About::Missing(b"/\xff\n</script>"[..].into())).json();
        let paths = "\"path\":\"/\u{fffd}\\n</script>\",\"path_bytes\":\"/%FF%0A%3C/script%3E\",\
                     \"shown\":\"/\\\\xff\\\\n</script>\"";
        assert!(missing.contains(paths), "{missing}");
        assert!(missing.ends_with("\"number\":null,\"outcome\":null,\"referrer\":null}"));
        assert!(!missing.contains('\n'));
    }

    #[test]
    fn each_kind_has_its_word() {
        for (about, kind, path) in [
            (About::Probe(version(b"/a")), "probe", "\"/a\""),
            (About::Missing(b"/a"[..].into()), "missing", "\"/a\""),
            (About::Other, "other", "null"),
        ] {
            let json = seen(about).json();
            let expected = format!("\"kind\":\"{kind}\",\"site\":\"docs\",\"path\":{path},");
            assert!(json.contains(&expected), "{json}");
        }
    }
}
