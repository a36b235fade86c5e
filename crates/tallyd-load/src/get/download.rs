//! Puts the body of an answer into a file, or goes on with one that was broken off.
//!
//! 1. See what is there: nothing, the beginning of this download, or a file.
//! 2. Ask for all of it, or for what is missing, under the condition that it is still the same.
//! 3. Write, behind what is there or from the beginning.
//! 4. Only what is whole gets its name.

use std::sync::atomic::{AtomicU64, Ordering};

use super::resume::Verdict;
use super::save::{Note, SaveError, Unfinished, Version};
use super::{Answer, GetError, Halt, Said, Times, Wish, ask};

/// What to do with a download that was broken off, or with a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Go on with it.
    GoOn,
    /// Replace it.
    Replace,
}

/// How far it is, for whoever watches from another thread.
#[derive(Debug)]
pub struct Progress {
    have: AtomicU64,
    total: AtomicU64,
}

/// A length that is not known.
const UNKNOWN: u64 = u64::MAX;

impl Default for Progress {
    fn default() -> Progress {
        Progress {
            have: AtomicU64::new(0),
            total: AtomicU64::new(UNKNOWN),
        }
    }
}

impl Progress {
    /// Bytes that are there.
    pub fn have(&self) -> u64 {
        self.have.load(Ordering::Relaxed)
    }

    /// Of how many, if that is known.
    pub fn total(&self) -> Option<u64> {
        Some(self.total.load(Ordering::Relaxed)).filter(|total| *total != UNKNOWN)
    }

    /// So many bytes are there.
    pub fn set_have(&self, have: u64) {
        self.have.store(have, Ordering::Relaxed);
    }

    /// So many it will be.
    pub fn set_total(&self, total: Option<u64>) {
        self.total
            .store(total.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }
}

/// What came of it.
#[derive(Debug)]
pub enum Saved<'a> {
    /// The file is there.
    Whole {
        /// Its length.
        length: u64,
        /// What of it came now.
        received: u64,
        /// When what happened.
        times: Times,
        /// Bytes that came behind the end.
        excess: u64,
        /// A part was asked for, and all was sent.
        is_more_than_asked: bool,
    },
    /// It was there already, as long as the server says.
    There(u64),
    /// The answer is not the file; nothing was written.
    Refused(Box<Answer<'a>>),
}

/// Gets the file.
pub fn download<'a>(
    wish: &Wish,
    mut place: Unfinished,
    existing: Existing,
    halt: &'a Halt,
    progress: &Progress,
    tell: &mut dyn FnMut(Said<'_>),
) -> Result<Saved<'a>, GetError> {
    if existing == Existing::GoOn
        && place.have() == 0
        && let Some(have) = place.existing()?
    {
        return compare(wish, &place, have, halt, tell);
    }
    let broken = match start(wish, &mut place, existing, halt, progress, tell) {
        Ok(Start::Answer(mut answer)) => {
            let first = place.have();
            match receive(&mut answer, &mut place, halt, progress) {
                Ok(()) => return finish(wish, &answer, place, first),
                Err(error) => error,
            }
        }
        Ok(Start::Whole) => {
            let have = place.have();
            place.finish()?;
            return Ok(Saved::There(have));
        }
        Ok(Start::Refused(answer)) => {
            place.leave()?;
            return Ok(Saved::Refused(answer));
        }
        Err(error) => error,
    };
    let broken = unfinished(broken, &place, progress);
    place.leave()?;
    Err(broken)
}

/// A file is there already: whole, as far as this command made it. Whether that is so, its length tells.
fn compare<'a>(
    wish: &Wish,
    place: &Unfinished,
    have: u64,
    halt: &'a Halt,
    tell: &mut dyn FnMut(Said<'_>),
) -> Result<Saved<'a>, GetError> {
    let mut wish = wish.clone();
    "HEAD".clone_into(&mut wish.request.method);
    let answer = ask(&wish, halt, tell)?;
    if answer.response.status != 200 {
        return Ok(Saved::Refused(Box::new(answer)));
    }
    let total = answer.response.field("content-length");
    let total = total.and_then(|total| total.parse().ok());
    match total == Some(have) {
        true => Ok(Saved::There(have)),
        false => Err(SaveError::Unnoted {
            path: place.path().to_owned(),
            have,
            total,
        }
        .into()),
    }
}

/// How a download begins.
enum Start<'a> {
    /// With this body, for which the place is ready.
    Answer(Box<Answer<'a>>),
    /// There is nothing left to get.
    Whole,
    /// Not at all.
    Refused(Box<Answer<'a>>),
}

fn start<'a>(
    wish: &Wish,
    place: &mut Unfinished,
    existing: Existing,
    halt: &'a Halt,
    progress: &Progress,
    tell: &mut dyn FnMut(Said<'_>),
) -> Result<Start<'a>, GetError> {
    if existing == Existing::GoOn && place.have() > 0 {
        // Where it does not, what is there stays until another beginning has come.
        if let Some(start) = goes_on(wish, place, halt, progress, tell)? {
            return Ok(start);
        }
    }
    let answer = Box::new(ask(wish, halt, tell)?);
    begin(wish, answer, place, progress)
}

/// Asks for what is missing; none if all has to be asked for.
fn goes_on<'a>(
    wish: &Wish,
    place: &mut Unfinished,
    halt: &'a Halt,
    progress: &Progress,
    tell: &mut dyn FnMut(Said<'_>),
) -> Result<Option<Start<'a>>, GetError> {
    let have = place.have();
    let Some(note) = place.note().cloned() else {
        return Ok(None);
    };
    if note.url != wish.url.to_string() {
        return Err(SaveError::OtherUrl {
            part: place.part().to_owned(),
            url: note.url,
        }
        .into());
    }
    let Some(request) = note.request(&wish.request, have) else {
        tell(Said::Anew(
            "the server told no version of it that could be relied on",
        ));
        return Ok(None);
    };
    let wish = Wish {
        request,
        ..wish.clone()
    };
    let answer = Box::new(ask(&wish, halt, tell)?);
    match note.judge(have, &answer.response) {
        Verdict::GoesOn(total) => {
            tell(Said::GoesOn(have));
            progress.set_have(have);
            progress.set_total(total);
            place.go_on()?;
            Ok(Some(Start::Answer(answer)))
        }
        Verdict::Anew(why) => {
            tell(Said::Anew(why));
            begin(&wish, answer, place, progress).map(Some)
        }
        Verdict::AskAgain(why) => {
            tell(Said::Anew(why));
            Ok(None)
        }
        Verdict::Whole => Ok(Some(Start::Whole)),
        Verdict::Other => Ok(Some(Start::Refused(answer))),
    }
}

/// A body that begins at its beginning, if the answer is one.
fn begin<'a>(
    wish: &Wish,
    answer: Box<Answer<'a>>,
    place: &mut Unfinished,
    progress: &Progress,
) -> Result<Start<'a>, GetError> {
    match answer.response.status {
        206 if !wish.asks_for_range() => return Err(GetError::UnaskedPart),
        200..=299 => {}
        _ => return Ok(Start::Refused(answer)),
    }
    let is_part = answer.response.status == 206;
    place.begin(Note {
        url: wish.url.to_string(),
        total: answer.length,
        // The note is about wholes: a part that is broken off is got anew.
        version: Version::of(&answer.response).filter(|_| !is_part),
    })?;
    progress.set_have(0);
    progress.set_total(answer.length);
    Ok(Start::Answer(answer))
}

fn receive(
    answer: &mut Answer<'_>,
    place: &mut Unfinished,
    halt: &Halt,
    progress: &Progress,
) -> Result<(), GetError> {
    while let Some(bytes) = answer.advance()? {
        let written = place.write(bytes);
        progress.set_have(place.have());
        written?;
    }
    // The end of a connection that was closed from here looks like the end of a body without a length.
    if halt.is_stopped() && answer.length.is_none() {
        return Err(GetError::Stopped);
    }
    match progress.total() {
        Some(total) if total != place.have() => Err(GetError::Short),
        _ => Ok(()),
    }
}

fn finish<'a>(
    wish: &Wish,
    answer: &Answer<'a>,
    place: Unfinished,
    first: u64,
) -> Result<Saved<'a>, GetError> {
    let length = place.have();
    place.finish()?;
    Ok(Saved::Whole {
        length,
        received: length - first,
        times: answer.times(),
        excess: answer.excess(),
        is_more_than_asked: wish.asks_for_range() && answer.response.status == 200,
    })
}

/// What is there when it was broken off, if anything is.
fn unfinished(cause: GetError, place: &Unfinished, progress: &Progress) -> GetError {
    let (Some(note), have @ 1..) = (place.note(), place.have()) else {
        return cause;
    };
    if matches!(cause, GetError::Save(SaveError::OtherUrl { .. })) {
        return cause;
    }
    GetError::Unfinished {
        cause: Box::new(cause),
        have,
        total: progress.total().or(note.total),
        can_go_on: note.version.is_some(),
    }
}
