//! What a case expects, and whether that came.
//!
//! Promises: pure; each miss says what was expected. Must not know: how binding that was.

use super::answer::Answer;
use super::ground::Ground;
use super::wire::{End, Seen};

/// One expectation. Those of a case are looked at in their order; the first that is missed decides.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expect {
    /// The first answer has one of these statuses.
    Status(&'static [u16]),
    /// The first answer has not this status.
    NotStatus(u16),
    /// The first answer is there and is no success.
    NoSuccess,
    /// The first answer is an error, or the connection ends without one.
    Refused,
    /// At most one answer, however many requests went out.
    Alone,
    /// An answer to each request.
    All,
    /// The server has ended the connection.
    Closed,
    /// The answer with this place is 200 with the whole file.
    Whole(usize),
    /// The first answer has no content, and no byte follows it.
    NoContent,
    /// No byte follows the last answer.
    NothingBehind,
    /// The first answer has this field.
    Has(&'static str),
    /// The first answer has not this field.
    HasNot(&'static str),
    /// The first answer has this field with this value; words are filled in.
    Is(&'static str, &'static str),
    /// The list in this field of the first answer has this word.
    Lists(&'static str, &'static str),
    /// Where the first answer has another status, there is nothing to judge.
    OnlyIf(&'static [u16]),
    /// Where the first answer lacks this field, there is nothing to judge.
    OnlyWith(&'static str),
    /// Something of its own.
    By(fn(&Ground, &Seen) -> Judged),
}

/// Whether an expectation is met.
pub(super) type Judged = Result<(), Miss>;

/// Why it is not.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// This was expected.
    Expected(String),
    /// This was expected, and that came.
    Came(String, String),
    /// There is nothing to judge, for this reason.
    Skip(String),
}

/// This, or what was expected instead.
pub(super) fn so(is_so: bool, expected: impl Into<String>) -> Judged {
    match is_so {
        true => Ok(()),
        false => Err(Miss::Expected(expected.into())),
    }
}

/// The first final answer, which has to be there.
pub(super) fn first(seen: &Seen) -> Result<&Answer, Miss> {
    let missing = || Miss::Expected("an answer".to_owned());
    seen.answers.first().ok_or_else(missing)
}

impl Expect {
    /// Whether what was seen is what is expected.
    pub(super) fn judge(self, ground: &Ground, seen: &Seen) -> Judged {
        match self {
            Expect::Refused => so(
                seen.fault.is_none()
                    && match seen.answers.first() {
                        Some(answer) => answer.status >= 400,
                        None => is_over(&seen.end),
                    },
                "a refusal: 4xx or 5xx, or the end of the connection",
            ),
            Expect::Alone => so(
                seen.answers.len() < 2 && seen.fault.is_none(),
                "no answer to what follows",
            ),
            Expect::All => so(
                seen.answers.len() >= seen.asked,
                format!("{} answers", seen.asked),
            ),
            Expect::Closed => so(is_over(&seen.end), "the server ends the connection"),
            Expect::Whole(place) => whole(ground, seen, place),
            Expect::NothingBehind => so(
                seen.rest.is_empty() && seen.fault.is_none(),
                "nothing behind the answer",
            ),
            Expect::By(judge) => judge(ground, seen),
            _ => self.of_first(ground, seen, first(seen)?),
        }
    }

    fn of_first(self, ground: &Ground, seen: &Seen, answer: &Answer) -> Judged {
        match self {
            Expect::Status(wanted) => so(wanted.contains(&answer.status), words(wanted)),
            Expect::NotStatus(status) => so(answer.status != status, format!("not {status}")),
            Expect::NoSuccess => so(answer.status >= 300, "no success"),
            Expect::NoContent => so(
                answer.body.is_empty() && seen.rest.is_empty() && seen.fault.is_none(),
                "no content",
            ),
            Expect::Has(name) => so(answer.field(name).is_some(), format!("a field {name}")),
            Expect::HasNot(name) => match answer.field(name) {
                None => Ok(()),
                Some(value) => Err(Miss::Came(format!("no field {name}"), field(name, value))),
            },
            Expect::Is(name, value) => is(answer, name, &ground.fill(value)),
            Expect::Lists(name, word) => match answer.lists(name, word) {
                true => Ok(()),
                false => is(answer, name, word),
            },
            Expect::OnlyIf(wanted) if !wanted.contains(&answer.status) => Err(Miss::Skip(format!(
                "the answer is {}, to which this does not apply",
                answer.status
            ))),
            Expect::OnlyWith(name) if answer.field(name).is_none() => {
                Err(Miss::Skip(format!("the answer has no {name}")))
            }
            _ => Ok(()),
        }
    }
}

fn is(answer: &Answer, name: &str, expected: &str) -> Judged {
    match answer.field(name) {
        Some(value) if value == expected => Ok(()),
        Some(value) => Err(Miss::Came(field(name, expected), field(name, value))),
        None => Err(Miss::Expected(field(name, expected))),
    }
}

fn whole(ground: &Ground, seen: &Seen, place: usize) -> Judged {
    let expected = match place {
        0 => "200 with the whole file".to_owned(),
        _ => format!("200 with the whole file as answer {}", place + 1),
    };
    let Some(answer) = seen.answers.get(place) else {
        return Err(Miss::Expected(expected));
    };
    if answer.status == 200 && answer.body != ground.answer.body {
        let length = answer.body.len();
        return Err(Miss::Came(
            expected,
            format!("200 with {length} other bytes"),
        ));
    }
    let came = format!("{} as answer {}", answer.status, place + 1);
    match answer.status {
        200 => Ok(()),
        _ if place == 0 => Err(Miss::Expected(expected)),
        _ => Err(Miss::Came(expected, came)),
    }
}

fn is_over(end: &End) -> bool {
    matches!(end, End::Closed | End::Reset)
}

fn field(name: &str, value: &str) -> String {
    format!("{name}: {value}")
}

/// `206`, `400 or 501`.
fn words(statuses: &[u16]) -> String {
    let words: Vec<String> = statuses.iter().map(u16::to_string).collect();
    words.join(" or ")
}

/// What came, in a few words.
pub(super) fn came(seen: &Seen) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let [first, ..] = seen.interim.as_slice() {
        parts.push(first.status.to_string());
    }
    for answer in seen.answers.iter().take(3) {
        parts.push(match answer.body.len() {
            0 => answer.status.to_string(),
            1 => format!("{} with 1 byte", answer.status),
            length => format!("{} with {length} bytes", answer.status),
        });
    }
    if let Some(fault) = seen.fault {
        parts.push(format!("what is no answer ({fault})"));
    }
    match seen.rest.len() {
        0 => {}
        1 => parts.push("1 byte more".to_owned()),
        length if seen.fault.is_none() => parts.push(format!("{length} bytes more")),
        _ => {}
    }
    if parts.is_empty() {
        parts.push("no answer".to_owned());
    }
    if seen.end != End::Answered {
        parts.push(ended(&seen.end));
    }
    parts.join(", ")
}

/// How it ended, as a half sentence.
pub(super) fn ended(end: &End) -> String {
    match end {
        End::Answered => "the connection is open".to_owned(),
        End::Closed => "the connection is closed".to_owned(),
        End::Reset => "the connection is reset".to_owned(),
        End::Silent => "silence on an open connection".to_owned(),
        End::NoConnection(error) => format!("no connection ({error})"),
    }
}
