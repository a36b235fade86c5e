//! Which of the stored encodings of a file a client gets (RFC 9110 section 12.5.3).

use crate::list::{self, Quality};

/// A content coding that a file can be stored in (RFC 9110 section 8.4.1, RFC 7932, RFC 8878).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// The file as it is.
    Identity,
    /// Brotli.
    Brotli,
    /// Zstandard.
    Zstd,
    /// Gzip.
    Gzip,
}

impl Coding {
    /// The compressed codings, the one that we would rather send first: smallest files first.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// The name in Content-Encoding.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What the name of a file in this coding ends with: `x.css.br` beside `x.css`.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Brotli => ".br",
            Self::Zstd => ".zst",
            Self::Gzip => ".gz",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Identity => 1,
            Self::Brotli => 2,
            Self::Zstd => 4,
            Self::Gzip => 8,
        }
    }

    fn is_named(self, name: &[u8]) -> bool {
        // RFC 9110 section 8.4.1.3: x-gzip is another name of gzip.
        let alias = self == Self::Gzip && name.eq_ignore_ascii_case(b"x-gzip");
        alias || name.eq_ignore_ascii_case(self.token().as_bytes())
    }
}

/// A set of codings: those that a file is stored in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codings(u8);

impl Codings {
    /// No coding at all.
    #[must_use]
    pub const fn empty() -> Self {
        Self(0)
    }

    /// This set and one more.
    #[must_use]
    pub const fn with(self, coding: Coding) -> Self {
        Self(self.0 | coding.bit())
    }

    /// Whether the set has this one.
    #[must_use]
    pub const fn contains(self, coding: Coding) -> bool {
        self.0 & coding.bit() != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The coding to send: of those available, the one with the highest quality, ties by our own order.
///
/// Identity when nothing fits, even where the client refuses it: a file it can't use says more than a 406, and all
/// servers beside us do it that way (RFC 9110 section 12.5.3 leaves it open).
#[must_use]
pub fn choose(accept_encoding: Option<&[u8]>, available: Codings) -> Coding {
    let Some(list) = accept_encoding else {
        return Coding::Identity;
    };
    if available.is_empty() {
        return Coding::Identity;
    }
    // Not named, identity is acceptable but not preferred: anything that is named comes first.
    let mut best = Coding::Identity;
    let mut best_quality = named_quality(list, Coding::Identity).unwrap_or(0);
    let candidates = Coding::ALL
        .into_iter()
        .filter(|&coding| available.contains(coding));
    for coding in candidates {
        let quality = quality_of(list, coding);
        let wins_tie = best == Coding::Identity && quality == best_quality;
        if quality > 0 && (quality > best_quality || wins_tie) {
            (best, best_quality) = (coding, quality);
        }
    }
    best
}

/// What the list says of a coding: by its name, else by `*`, else nothing, which is a no.
fn quality_of(list: &[u8], coding: Coding) -> Quality {
    named_quality(list, coding)
        .or_else(|| quality_where(list, |name| name == b"*"))
        .unwrap_or(0)
}

fn named_quality(list: &[u8], coding: Coding) -> Option<Quality> {
    quality_where(list, |name| coding.is_named(name))
}

/// The lowest where it is named twice: what was refused once is not sent, wherever in the list that was.
fn quality_where(list: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Option<Quality> {
    list::members(list)
        .filter_map(list::weighted)
        .filter(|(name, _)| wanted(name))
        .map(|(_, quality)| quality)
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Codings = Codings::empty()
        .with(Coding::Brotli)
        .with(Coding::Zstd)
        .with(Coding::Gzip);

    #[test]
    fn the_highest_quality_wins_and_ties_go_by_our_order() {
        use Coding::{Brotli, Gzip, Identity, Zstd};
        let check = |accept: &str, available: Codings, expected: Coding| {
            assert_eq!(
                choose(Some(accept.as_bytes()), available),
                expected,
                "{accept:?}"
            );
        };
        let gzip = Codings::empty().with(Gzip);
        // RFC 9110 section 12.5.3.
        check("", ALL, Identity);
        check("gzip", ALL, Gzip);
        check("GZIP", ALL, Gzip);
        check("gzip, deflate, br, zstd", ALL, Brotli);
        check("gzip, zstd", ALL, Zstd);
        check("gzip;q=1.0, br;q=0.9", ALL, Gzip);
        check("br", gzip, Identity);
        check("br, gzip;q=0.1", gzip, Gzip);
        check("deflate, compress", ALL, Identity);
        check("gzip", Codings::empty(), Identity);
        // q=0 is "not acceptable" (section 12.4.2).
        check("gzip;q=0", ALL, Identity);
        check("gzip ; q=0.000", ALL, Identity);
        check("gzip;q=0, br;q=0, zstd;q=0", ALL, Identity);
        check("br;q=0, *", ALL, Zstd);
        check("*;q=0", ALL, Identity);
        check("*", ALL, Brotli);
        check("gzip;q=0.5, *;q=0.1", ALL, Gzip);
        check("*;q=0.5, gzip;q=0", gzip, Identity);
        // Identity takes part like any other.
        check("identity", ALL, Identity);
        check("gzip;q=0.1, identity;q=1.0", ALL, Identity);
        check("identity;q=0.5, gzip", ALL, Gzip);
        check("identity;q=0.5, gzip;q=0.5", ALL, Gzip);
        check("identity;q=0, gzip", ALL, Gzip);
        check("identity;q=0", ALL, Identity);
        // Section 8.4.1.3: x-gzip is gzip. Others that only look like it are not.
        check("x-gzip", ALL, Gzip);
        check("notgzip, gzipx, xgzip", ALL, Identity);
        // Named twice: a refusal holds, wherever it is.
        check("gzip;q=0, gzip", ALL, Identity);
        check("gzip, gzip;q=0", ALL, Identity);
        check("x-gzip, gzip;q=0", ALL, Identity);
        check("*, *;q=0", ALL, Identity);
        check("gzip, gzip;q=0.3, br;q=0.5", ALL, Brotli);
        // Malformed members are left out.
        check("gzip;q=, br;q=nan, zstd;q=9", ALL, Identity);
        check("br;q=1.5, gzip;q=0.2", ALL, Gzip);
        check(",,gzip,,", ALL, Gzip);
        check("gzip br", ALL, Identity);
    }

    #[test]
    fn without_the_field_the_file_is_sent_as_it_is() {
        assert_eq!(choose(None, ALL), Coding::Identity);
    }

    #[test]
    fn a_set_has_what_was_put_in() {
        assert!(Codings::empty().is_empty());
        let set = Codings::empty().with(Coding::Zstd).with(Coding::Identity);
        assert!(set.contains(Coding::Zstd) && set.contains(Coding::Identity));
        assert!(!set.contains(Coding::Gzip) && !set.contains(Coding::Brotli) && !set.is_empty());
    }
}
