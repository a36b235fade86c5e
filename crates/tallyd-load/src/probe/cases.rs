//! The cases, group by group.
//!
//! Promises: a case is MUST only where its section says so to an origin server. None of them changes what is served:
//! DELETE is only sent for a name that does not exist, and PUT never.

mod conditions;
mod connections;
mod encodings;
mod fields;
mod framing;
mod heads;
mod limits;
mod methods;
mod paths;
mod ranges;

use super::case::Case;

/// All cases, in the order in which they are shown.
pub(super) fn all() -> impl Iterator<Item = &'static Case> {
    let groups: [&'static [Case]; 10] = [
        methods::CASES,
        heads::CASES,
        framing::CASES,
        fields::CASES,
        ranges::CASES,
        conditions::CASES,
        encodings::CASES,
        paths::CASES,
        limits::CASES,
        connections::CASES,
    ];
    groups.into_iter().flatten()
}
