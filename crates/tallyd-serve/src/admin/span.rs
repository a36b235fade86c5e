//! The days that a chart shows: those of a period, without those before there was anything and those to come.

use tallyd_ledger::facts::{day_of, hour_of};
use tallyd_ledger::ledger::LedgerError;
use tallyd_ledger::report::{Report, Scope, Unit};

use super::wanted::Period;

/// So many days are shown hour by hour, if nobody says.
const DAYS_OF_HOURS: i64 = 2;

/// From the first to the last day that a chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    first: i64,
    last: i64,
}

impl Span {
    /// The days of a period, without those before there was anything.
    pub fn of(
        period: Period,
        report: &Report,
        scope: &Scope,
        now: i64,
    ) -> Result<Span, LedgerError> {
        let today = day_of(now);
        let range = period.range(today);
        let last = range.until.unwrap_or(today).min(today);
        let first = match (period, range.since) {
            (Period::Days(_), Some(since)) => since,
            (_, since) => {
                let began = report.first_day(scope)?.unwrap_or(last);
                since.map_or(began, |since| since.max(began))
            }
        };
        Ok(Span {
            first: first.min(last),
            last,
        })
    }

    /// What its points are, if nobody says.
    #[must_use]
    pub fn unit(self) -> Unit {
        if self.last - self.first < DAYS_OF_HOURS {
            Unit::Hour
        } else {
            Unit::Day
        }
    }

    /// Its first and last point: no hour is shown that has not come.
    #[must_use]
    pub fn ends(self, unit: Unit, now: i64) -> (i64, i64) {
        match unit {
            Unit::Day => (self.first, self.last),
            Unit::Hour => (self.first * 24, (self.last * 24 + 23).min(hour_of(now))),
        }
    }
}
