//! Content-Range: which part of what (RFC 9110 14.4).

use crate::message::Response;

/// What a Content-Range says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContentRange {
    /// The first and the last byte; none where no such part is there (416).
    pub part: Option<(u64, u64)>,
    /// The length of the whole, if it is told.
    pub total: Option<u64>,
}

impl ContentRange {
    /// That of a response, if it has a proper one.
    #[must_use]
    pub fn of(response: &Response) -> Option<ContentRange> {
        ContentRange::parse(response.field("content-range")?)
    }

    fn parse(text: &str) -> Option<ContentRange> {
        let (part, total) = text.strip_prefix("bytes ")?.trim().split_once('/')?;
        let part = match part {
            "*" => None,
            part => {
                let (first, last) = part.split_once('-')?;
                let (first, last) = (number(first)?, number(last)?);
                Some((first, last)).filter(|_| first <= last)?.into()
            }
        };
        let total = match total {
            "*" => None,
            total => Some(number(total)?),
        };
        let fits = part
            .zip(total)
            .is_none_or(|((_, last), total)| last < total);
        fits.then_some(ContentRange { part, total })
    }
}

fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_and_what_says_nothing() {
        let range = |part, total| Some(ContentRange { part, total });
        for (text, expected) in [
            ("bytes 5-9/100", range(Some((5, 9)), Some(100))),
            ("bytes 5-9/*", range(Some((5, 9)), None)),
            ("bytes */100", range(None, Some(100))),
            ("bytes 9-5/100", None),
            ("bytes 5-100/100", None),
            ("bytes +5-9/100", None),
            ("bytes 5-/100", None),
            ("bytes=5-9/100", None),
            ("lines 5-9/100", None),
            ("", None),
        ] {
            assert_eq!(ContentRange::parse(text), expected, "{text}");
        }
    }
}
