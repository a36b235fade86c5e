//! What is counted for a site and a day as a whole: statuses, protocols, bytes, and the sketches of visitors.

use rusqlite::{Connection, OptionalExtension, params};

use crate::batch::DayChange;
use crate::ledger::sqlite::value::counted;

/// Registers of a sketch, one byte each: the error of an estimate is 1.6 %.
const REGISTERS: usize = 4096;

pub(super) fn post(connection: &Connection, days: &[DayChange]) -> rusqlite::Result<()> {
    let mut status = connection.prepare_cached(
        "INSERT INTO statuses VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET requests = requests + ?4",
    )?;
    let mut protocol = connection.prepare_cached(
        "INSERT INTO protocols VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET requests = requests + ?4",
    )?;
    for day in days {
        for &(code, requests) in &day.statuses {
            status.execute(params![day.day, day.site, code, counted(requests)])?;
        }
        for &(version, requests) in &day.protocols {
            protocol.execute(params![day.day, day.site, version, counted(requests)])?;
        }
        totals(connection, day)?;
    }
    Ok(())
}

fn totals(connection: &Connection, day: &DayChange) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT INTO days VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET bytes = bytes + ?3, proxied = proxied + ?4,
             people = ifnull(?5, people), others = ifnull(?6, others)",
    )?;
    let known = connection
        .prepare_cached("SELECT people, others FROM days WHERE day = ?1 AND site = ?2")?
        .query_row(params![day.day, day.site], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (people, others): (Option<Vec<u8>>, Option<Vec<u8>>) = known.unwrap_or_default();
    add.execute(params![
        day.day,
        day.site,
        counted(day.bytes),
        counted(day.proxied),
        raised(people, 0, &day.registers),
        raised(others, 1, &day.registers),
    ])?;
    Ok(())
}

/// The sketch of one group after these registers were raised; nothing if none was.
fn raised(known: Option<Vec<u8>>, group: u8, registers: &[(u8, u16, u8)]) -> Option<Vec<u8>> {
    let mut ours = registers.iter().filter(|(of, ..)| *of == group).peekable();
    ours.peek()?;
    let mut sketch = known.unwrap_or_default();
    sketch.resize(REGISTERS, 0);
    for &(_, register, rank) in ours {
        // A register beyond the sketch does not occur: its number has twelve bits.
        if let Some(held) = sketch.get_mut(usize::from(register)) {
            *held = rank.max(*held);
        }
    }
    Some(sketch)
}
