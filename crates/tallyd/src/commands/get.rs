//! `tallyd get`: one request shown, or a file got.
//!
//! The exchange runs on a thread of its own; this one draws how far it is, and hears signals, whatever the other waits
//! for.

mod bar;
mod screen;
mod show;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use tallyd_load::get::download::{Existing, Progress, Saved, download};
use tallyd_load::get::save::{Place, SaveError};
use tallyd_load::get::{Answer, GetError, Halt, Kind, Wish, ask};

use crate::args::get::{Asked, Output, Tone};
use crate::signals::{self, Event};
use crate::{End, complain, printed};
use screen::Screen;
use show::{Teller, called};

/// Between two looks at what has happened meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

/// Nothing that can be stopped takes longer to stop.
const GRACE: Duration = Duration::from_secs(1);

/// What both threads hold.
struct Shared {
    halt: Halt,
    progress: Progress,
    screen: Screen,
}

/// Gets what was asked for.
pub(crate) fn run(asked: Asked) -> End {
    let (sender, events) = channel();
    if let Err(error) = signals::listen(sender) {
        complain(&format!("tallyd: cannot listen for signals: {error}\n"));
        return End::Failed;
    }
    let shared = Arc::new(Shared {
        halt: Halt::default(),
        progress: Progress::default(),
        screen: Screen::new(&asked),
    });
    let (sender, ended) = channel();
    let of_thread = Arc::clone(&shared);
    let thread = thread::Builder::new().name("get".into()).spawn(move || {
        // Nobody waits any more where it was stopped and took too long.
        sender.send(get(&asked, &of_thread)).ok();
    });
    match thread {
        Ok(_) => watch(&shared, &ended, &events),
        Err(error) => {
            complain(&format!("tallyd: cannot start a thread: {error}\n"));
            End::Failed
        }
    }
}

fn watch(shared: &Shared, ended: &Receiver<End>, events: &Receiver<Event>) -> End {
    let mut stopped: Option<Instant> = None;
    loop {
        match ended.recv_timeout(PAUSE) {
            Ok(end) => return end,
            Err(RecvTimeoutError::Disconnected) => return End::Failed,
            Err(RecvTimeoutError::Timeout) => {}
        }
        // A terminal that hangs up ends it too: there is nothing here to read again.
        let stops = |event| matches!(event, Event::Stop | Event::Reload);
        if events.try_iter().any(stops) {
            shared.halt.stop();
            stopped = stopped.or_else(|| Some(Instant::now()));
        }
        if stopped.is_some_and(|since| since.elapsed() > GRACE) {
            shared.screen.complain("stopped");
            return End::Troubled;
        }
        shared.screen.draw(&shared.progress);
    }
}

fn get(asked: &Asked, shared: &Shared) -> End {
    let mut teller = Teller::new(&shared.screen, asked.tone);
    let outcome = match &asked.output {
        Output::Head => head(asked, shared, &mut teller),
        Output::Body => body(asked, shared, &mut teller),
        Output::File(path, existing) => file(asked, path, *existing, shared, &mut teller),
    };
    shared.screen.clear();
    outcome.unwrap_or_else(|error| {
        shared.screen.complain(&error.to_string());
        match error.kind() {
            Kind::Here => End::Failed,
            Kind::Transport => End::Troubled,
            Kind::Answer => End::Unexpected,
        }
    })
}

fn head(asked: &Asked, shared: &Shared, teller: &mut Teller<'_>) -> Result<End, GetError> {
    let mut answer = ask(&asked.wish, &shared.halt, &mut |said| teller.tell(&said))?;
    while answer.advance()?.is_some() {}
    let shown = printed(io::stdout().write_all(show::head("", teller.head()).as_bytes()));
    teller.after(answer.times(), answer.excess());
    Ok(match shown {
        End::Done => judged(&asked.wish, &answer, teller),
        other => other,
    })
}

/// The body, on standard output.
fn body(asked: &Asked, shared: &Shared, teller: &mut Teller<'_>) -> Result<End, GetError> {
    let mut answer = ask(&asked.wish, &shared.halt, &mut |said| teller.tell(&said))?;
    let mut out = io::stdout().lock();
    let mut received = 0;
    let is_seen = out.is_terminal();
    let mut is_watched = is_seen;
    let total = answer.length;
    loop {
        let bytes = match answer.advance() {
            Ok(Some(bytes)) => bytes,
            Ok(None) => break,
            Err(error) => return Err(broken(error, received, total)),
        };
        if is_watched && bytes.contains(&0) {
            let text = "the body is not a text, and this is a terminal: name a file with -o";
            shared.screen.complain(text);
            return Ok(End::Failed);
        }
        // What is text at its beginning is text.
        is_watched = false;
        received += bytes.len() as u64;
        let mut outcome = out.write_all(bytes);
        if is_seen {
            // What is in the buffer would come behind what is said.
            outcome = outcome.and_then(|()| out.flush());
            shared.screen.wrote(bytes);
        }
        if let Err(error) = outcome {
            return Ok(printed(Err(error)));
        }
    }
    if let Err(error) = out.flush() {
        return Ok(printed(Err(error)));
    }
    stopped_at_end(shared, &answer, received)?;
    teller.after(answer.times(), answer.excess());
    if asked.wish.asks_for_range() && answer.response.status == 200 {
        teller.note(MORE);
    }
    Ok(judged(&asked.wish, &answer, teller))
}

const MORE: &str = "the server sent all of it, not the part that was asked for";

/// What has come before it broke off, said with the reason.
fn broken(cause: GetError, have: u64, total: Option<u64>) -> GetError {
    match have {
        0 => cause,
        _ => GetError::Broken {
            cause: Box::new(cause),
            have,
            total,
        },
    }
}

/// The end of a connection that was closed from here looks like the end of a body without a length.
fn stopped_at_end(shared: &Shared, answer: &Answer<'_>, received: u64) -> Result<(), GetError> {
    match shared.halt.is_stopped() && answer.length.is_none() {
        true => Err(broken(GetError::Stopped, received, None)),
        false => Ok(()),
    }
}

fn file(
    asked: &Asked,
    path: &Path,
    existing: Existing,
    shared: &Shared,
    teller: &mut Teller<'_>,
) -> Result<End, GetError> {
    let place = match Place::look(path)? {
        Place::File(place) => place,
        Place::Stream(_) if existing == Existing::GoOn => {
            return Err(SaveError::NoFile(path.to_owned()).into());
        }
        Place::Stream(out) => return stream(asked, path, out, shared, teller),
    };
    let (halt, progress) = (&shared.halt, &shared.progress);
    let mut tell = |said: tallyd_load::get::Said<'_>| teller.tell(&said);
    match download(&asked.wish, place, existing, halt, progress, &mut tell)? {
        Saved::Whole {
            length,
            received,
            times,
            excess,
            is_more_than_asked,
        } => {
            shared.screen.clear();
            teller.after(times, excess);
            if is_more_than_asked {
                teller.note(MORE);
            }
            teller.note(&show::done(path, length, received, times));
            Ok(End::Done)
        }
        Saved::There(length) => {
            let length = super::text::grouped(length);
            let path = called(path);
            teller.note(&format!("{path}: all {length} bytes are there already"));
            Ok(End::Done)
        }
        Saved::Refused(answer) => Ok(refused(&asked.wish, path, &answer, teller)),
    }
}

/// Into a pipe or a device, as it comes.
fn stream(
    asked: &Asked,
    path: &Path,
    mut out: File,
    shared: &Shared,
    teller: &mut Teller<'_>,
) -> Result<End, GetError> {
    let mut answer = ask(&asked.wish, &shared.halt, &mut |said| teller.tell(&said))?;
    if !(200..=299).contains(&answer.response.status) {
        return Ok(refused(&asked.wish, path, &answer, teller));
    }
    shared.progress.set_total(answer.length);
    let (mut received, total) = (0, answer.length);
    loop {
        let bytes = match answer.advance() {
            Ok(Some(bytes)) => bytes,
            Ok(None) => break,
            Err(error) => return Err(broken(error, received, total)),
        };
        match out.write_all(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(End::Done),
            outcome => outcome.map_err(SaveError::cannot("write", path))?,
        }
        received += bytes.len() as u64;
        shared.progress.set_have(received);
    }
    stopped_at_end(shared, &answer, received)?;
    shared.screen.clear();
    teller.after(answer.times(), answer.excess());
    teller.note(&show::done(path, received, received, answer.times()));
    Ok(End::Done)
}

fn refused(wish: &Wish, path: &Path, answer: &Answer<'_>, teller: &mut Teller<'_>) -> End {
    let end = judged(wish, answer, teller);
    teller.note(&format!("nothing was written to {}", called(path)));
    end
}

/// What the status means for the exit code; what is none of success is said.
fn judged(wish: &Wish, answer: &Answer<'_>, teller: &Teller<'_>) -> End {
    let is_conditional = wish.request.fields.iter().any(|(name, _)| {
        ["if-none-match", "if-modified-since"].contains(&name.to_ascii_lowercase().as_str())
    });
    match answer.response.status {
        200..=299 => End::Done,
        304 if is_conditional => End::Done,
        status => {
            let text = match answer.moved_to() {
                Some(to) => format!("{status}: the answer names {to:?}; follow it with --follow"),
                None => teller.status(),
            };
            teller.screen().complain(&text);
            End::Unexpected
        }
    }
}

/// Whether somebody wants to know more than what went wrong.
fn is_told(tone: Tone) -> bool {
    tone != Tone::Quiet
}
