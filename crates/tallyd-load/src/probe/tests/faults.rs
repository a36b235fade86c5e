//! Rules that the server of these tests can break, and which cases find that out.

/// The one thing that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    NoEtag,
    NoAllow,
    ContentForHead,
    NoDateWith404,
    OldDates,
    TwoHosts,
    BareCr,
    SpaceBeforeColon,
    BothLengths,
    SignedLength,
    RangeForHead,
    AnyUnit,
    ShortPart,
    NoRangeOn416,
    BlindIfRange,
    StrongNoneMatch,
    WeakMatch,
    RangesFirst,
    DecodesTwice,
    UnknownIs404,
    StaysOpen,
    NoReasonSpace,
    MoreThanLength,
    Version,
    GoesAway,
    Silent,
}

/// Which cases find which fault out.
pub(super) const FAULTS: &[(Fault, &[(&str, &str)])] = &[
    (Fault::NoAllow, &[("post-405-has-allow", "broken")]),
    (
        Fault::ContentForHead,
        &[
            ("head-has-no-content", "broken"),
            ("head-of-missing-has-no-content", "broken"),
        ],
    ),
    (Fault::NoDateWith404, &[("date-with-404", "broken")]),
    (
        Fault::OldDates,
        &[
            ("dates-are-imf-fixdate", "broken"),
            ("head-dates-are-imf-fixdate", "broken"),
            ("date-is-the-time", "weak"),
        ],
    ),
    (
        Fault::TwoHosts,
        &[
            ("host-twice", "broken"),
            ("host-twice-the-same", "broken"),
            ("host-twice-in-1-0", "broken"),
        ],
    ),
    (Fault::BareCr, &[("bare-cr-ends-no-line", "broken")]),
    (Fault::SpaceBeforeColon, &[("space-before-colon", "broken")]),
    (
        Fault::BothLengths,
        &[
            ("length-and-chunked", "broken"),
            ("length-and-chunked-with-a-request-inside", "broken"),
        ],
    ),
    (Fault::SignedLength, &[("length-with-a-sign", "broken")]),
    (Fault::RangeForHead, &[("range-is-for-get", "broken")]),
    (Fault::AnyUnit, &[("range-unit-unknown", "broken")]),
    (Fault::ShortPart, &[("range-in-the-middle", "broken")]),
    (
        Fault::NoRangeOn416,
        &[("range-416-says-the-length", "weak")],
    ),
    (
        Fault::BlindIfRange,
        &[
            ("if-range-with-another-etag", "broken"),
            ("if-range-with-a-weak-etag", "broken"),
            ("if-range-with-an-older-date", "broken"),
            ("if-range-with-a-later-date", "broken"),
            ("if-range-comes-before-416", "broken"),
        ],
    ),
    (
        Fault::StrongNoneMatch,
        &[("if-none-match-is-weak", "broken")],
    ),
    (Fault::WeakMatch, &[("if-match-is-strong", "broken")]),
    (
        Fault::RangesFirst,
        &[
            ("if-none-match-comes-before-range", "broken"),
            ("if-none-match-comes-before-416", "broken"),
            ("if-match-comes-before-range", "broken"),
        ],
    ),
    (
        Fault::DecodesTwice,
        &[("escaped-twice-is-another", "unlike")],
    ),
    (Fault::UnknownIs404, &[("unknown-method-is-501", "weak")]),
    (
        Fault::StaysOpen,
        &[
            ("close-ends-the-connection", "broken"),
            ("close-in-capitals", "broken"),
            ("close-in-a-list", "broken"),
            ("close-of-an-error", "broken"),
            ("close-is-the-last-request", "broken"),
            ("close-is-said", "weak"),
        ],
    ),
    (Fault::NoReasonSpace, &[("head-of-404-is-clean", "broken")]),
    (
        Fault::MoreThanLength,
        &[("length-of-an-error-is-that-of-the-content", "broken")],
    ),
    (Fault::Version, &[("server-hides-its-version", "unlike")]),
];
