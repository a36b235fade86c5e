//! `tallyd load`: makes the plan, has it run, shows how far it is, and reports what came of it.
//!
//! Promises: what is worse decides the exit code; one signal ends the test with a report, a second one at once.

mod live;

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use tallyd_load::load::course::Live;
use tallyd_load::load::expect::{Expectation, Verdict};
use tallyd_load::load::making::{self, Made, MakeError, Wishes};
use tallyd_load::load::plan::{Pace, Plan};
use tallyd_load::load::report::Report;
use tallyd_load::load::truth::Truths;
use tallyd_load::load::{self, Outcome, RunError, classic, mix, replay};

use self::live::View;
use crate::args::load::{Asked, Form, Source, Watch};
use crate::signals::{self, Event};
use crate::{End, complain, printed};

/// Between two looks: often enough to be seen to move.
const PAUSE: Duration = Duration::from_millis(200);

/// Runs the load test that was asked for.
pub(crate) fn run(asked: &Asked) -> End {
    match outcome(asked) {
        Ok((plan, Some(outcome))) => report(asked, &plan, &outcome),
        Ok((_, None)) => End::Troubled,
        Err((end, message)) => {
            for line in message.lines() {
                complain(&format!("tallyd: {line}\n"));
            }
            end
        }
    }
}

/// Without an outcome, somebody did not want to wait for it.
fn outcome(asked: &Asked) -> Result<(Arc<Plan>, Option<Outcome>), (End, String)> {
    let failed = |message: String| (End::Failed, message);
    let made = made(asked)?;
    for note in &made.notes {
        complain(&format!("tallyd: {note}\n"));
    }
    let plan = Arc::new(plan(asked, made));
    let log = asked.log.as_ref().map(|path| {
        let unwritable = |error| failed(format!("cannot write {}: {error}", path.display()));
        File::create(path).map_err(unwritable)
    });
    let log = log.transpose()?;
    let (sender, events) = channel();
    signals::listen(sender.clone())
        .map_err(|error| failed(format!("cannot listen for signals: {error}")))?;
    let live = Arc::new(Live::default());
    let mut view = match asked.watch {
        Watch::Live => View::of(&plan),
        Watch::Not => None,
    };
    let running = start(&plan, &live, log, sender)
        .map_err(|error| failed(format!("cannot start a thread: {error}")))?;
    let is_over = attend(&events, &live, view.as_mut());
    if let Some(view) = view {
        view.clear();
    }
    if !is_over {
        return Ok((plan, None));
    }
    match running.join() {
        Ok(Ok(outcome)) => Ok((plan, Some(outcome))),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed("the load test broke off".into())),
    }
}

/// What is asked, by the source that says it.
fn made(asked: &Asked) -> Result<Made, (End, String)> {
    let truths = asked.verify.as_deref().map(Truths::of).transpose();
    let truths = truths.map_err(|error| (End::Failed, format!("cannot verify: {error}")))?;
    let mut wishes = Wishes {
        method: asked.method.clone(),
        fields: asked.fields.clone(),
        keep_alive: asked.keep_alive,
        seed: asked.seed,
        truths,
        ..Wishes::of(asked.urls.clone())
    };
    let made = match &asked.source {
        Source::Urls(sequence) => {
            wishes.sequence = *sequence;
            making::of_urls(&wishes)
        }
        Source::Classic(tree) => classic::of_tree(&wishes, tree),
        Source::Mix(file) => mix::of_file(&wishes, file),
        Source::Replay(log, speed) => replay::of_log(&wishes, log, *speed),
    };
    made.map_err(|error: MakeError| {
        let end = match error.is_usage() {
            true => End::WrongUsage,
            false => End::Failed,
        };
        (end, error.to_string())
    })
}

fn plan(asked: &Asked, made: Made) -> Plan {
    let wished = asked.rate.map_or(Pace::Closed, Pace::Open);
    Plan {
        servers: made.servers,
        asks: made.asks,
        order: made.order,
        limits: asked.limits,
        pace: made.pace.unwrap_or(wished),
        connections: asked.connections,
        threads: asked.threads,
        keep_alive: asked.keep_alive,
        limit_rate: asked.limit_rate,
        timeout: asked.timeout,
    }
}

type Running = thread::JoinHandle<Result<Outcome, RunError>>;

fn start(
    plan: &Arc<Plan>,
    live: &Arc<Live>,
    log: Option<File>,
    sender: Sender<Event>,
) -> io::Result<Running> {
    let (plan, live) = (Arc::clone(plan), Arc::clone(live));
    thread::Builder::new().name("load".into()).spawn(move || {
        let _at_the_end = Ending(sender);
        load::run(&plan, &live, log)
    })
}

/// Tells that a thread has come to its end, whichever.
struct Ending(Sender<Event>);

impl Drop for Ending {
    fn drop(&mut self) {
        // Nobody listens any more if the process is ending anyway.
        self.0.send(Event::Ended).ok();
    }
}

/// Waits for the end. False if somebody would not wait for it. A terminal that hangs up ends it too: there is nothing
/// here to read again.
fn attend(events: &Receiver<Event>, live: &Live, mut view: Option<&mut View>) -> bool {
    loop {
        let event = match view {
            Some(_) => events.recv_timeout(PAUSE),
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match event {
            Ok(Event::Ended) | Err(RecvTimeoutError::Disconnected) => return true,
            Ok(Event::Stop | Event::Reload) if live.is_stopped() => return false,
            Ok(Event::Stop | Event::Reload) => live.stop(),
            Ok(Event::Reopen | Event::Upgrade) | Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(view) = view.as_deref_mut() {
            view.draw(live);
        }
    }
}

fn report(asked: &Asked, plan: &Plan, outcome: &Outcome) -> End {
    let judged = asked.expectations.iter();
    let verdicts: Vec<Verdict> = judged.map(|one| one.judge(outcome)).collect();
    let report = Report {
        plan,
        outcome,
        verdicts: &verdicts,
    };
    let text = match asked.form {
        Form::Text => report.text(),
        Form::Json => report.json(),
    };
    let printed = printed(io::stdout().write_all(text.as_bytes()));
    if let Some(error) = &outcome.log_error {
        complain(&format!(
            "tallyd: the log of the requests is not whole: {error}\n"
        ));
    }
    if asked.form == Form::Json {
        // Who keeps the report for a program still sees at once what went wrong.
        for verdict in verdicts.iter().filter(|verdict| !verdict.is_met) {
            complain(&format!(
                "tallyd: expected {}: {}\n",
                verdict.expected, verdict.found
            ));
        }
    }
    let is_printed = printed == End::Done && outcome.log_error.is_none();
    end(asked, outcome, &verdicts, is_printed)
}

/// What is worst decides. Who says how many errors are all right has been answered by the expectation.
fn end(asked: &Asked, outcome: &Outcome, verdicts: &[Verdict], is_written: bool) -> End {
    let mut expectations = asked.expectations.iter();
    let are_errors_judged = expectations.any(Expectation::is_about_errors);
    let has_errors = outcome.tally.errors() > 0 && !are_errors_judged;
    if verdicts.iter().any(|verdict| !verdict.is_met) {
        End::Unexpected
    } else if has_errors || outcome.is_stopped {
        End::Troubled
    } else if is_written {
        End::Done
    } else {
        End::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{self, Command};
    use tallyd_load::load::{Tally, Trouble};

    #[test]
    fn one_signal_ends_the_test_and_a_second_one_the_waiting() {
        for (sent, waits_for_the_end) in [
            (&[Event::Ended][..], true),
            (&[Event::Reopen, Event::Stop, Event::Ended], true),
            (&[Event::Stop, Event::Stop, Event::Ended], false),
            (&[Event::Reload, Event::Stop, Event::Ended], false),
        ] {
            let (sender, events) = channel();
            for event in sent {
                sender.send(*event).unwrap();
            }
            let live = Live::default();
            assert_eq!(attend(&events, &live, None), waits_for_the_end, "{sent:?}");
            assert_eq!(live.is_stopped(), sent.len() > 1, "{sent:?}");
        }
    }

    /// How it ends with so many answers and errors, if this is expected.
    fn ended(expected: &[&str], answered: u64, errors: u64, is_stopped: bool) -> End {
        let words = ["tallyd", "load", "127.0.0.1:1"].into_iter();
        let expected = expected.iter().flat_map(|one| ["--expect", one]);
        let Command::Load(asked) = args::parse(words.chain(expected).map(Into::into)).unwrap()
        else {
            panic!("another command");
        };
        let mut tally = Tally::default();
        tally.answered = answered;
        for _ in 0..errors {
            tally.count_trouble(Trouble::Reset);
        }
        let outcome = Outcome {
            tally,
            seconds: Vec::new(),
            elapsed: Duration::from_secs(1),
            is_stopped,
            log_error: None,
        };
        let judged = asked.expectations.iter();
        let verdicts: Vec<Verdict> = judged.map(|one| one.judge(&outcome)).collect();
        end(&asked, &outcome, &verdicts, answered > 0)
    }

    #[test]
    fn what_is_worst_decides_how_it_ends() {
        for (expected, answered, errors, is_stopped, end) in [
            (&[][..], 9, 0, false, End::Done),
            // Without an answer, this report could not be written either.
            (&[], 0, 0, false, End::Failed),
            (&[], 9, 1, false, End::Troubled),
            (&[], 0, 1, false, End::Troubled),
            (&[], 9, 0, true, End::Troubled),
            (&["answered=9"], 9, 1, false, End::Troubled),
            (&["errors<=10%"], 9, 1, false, End::Done),
            (&["errors<=10%"], 9, 1, true, End::Troubled),
            (&["errors=0"], 9, 1, true, End::Unexpected),
            (&["answered=8"], 9, 0, false, End::Unexpected),
            (&["errors<5", "answered=8"], 9, 1, false, End::Unexpected),
        ] {
            let found = ended(expected, answered, errors, is_stopped);
            assert_eq!(found, end, "{expected:?} {answered} {errors} {is_stopped}");
        }
    }
}
