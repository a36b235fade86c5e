//! Options for the counts: where they are kept, how they are made, and where they are shown.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tallyd_ledger::window;

use super::{Definition, Group, Kind, Set};
use crate::config::listen::{self, Address};
use crate::config::typed::Word;
use crate::config::{AdminAt, Listen, State, Token, values};

/// Whoever can lose more than an hour of counts does not need them on a disk.
const LONGEST_SYNC: Duration = Duration::from_secs(3600);

/// A hundred years; beyond, `forever` is meant.
const MOST_DAYS: u32 = 36_525;

/// Each file is two lines of the metrics, and one series in the memory of whoever collects them.
const MOST_FILES: usize = 1000;

pub(super) const GROUP: Group = Group {
    heading: "Counts",
    options: &[
        Definition {
            name: "state",
            short: None,
            value: "DIR",
            kind: Kind::Text,
            default: "auto",
            example: "/var/lib/tallyd",
            help: "Directory that the counts are kept in",
            long: "It is made if it does not exist. With auto it is under $XDG_STATE_HOME or ~/.local/state \
                (root: /var/lib/tallyd), a directory of its own for each root, so that two sites never mix their \
                counts.",
            set: Set::Server(|draft, typed| {
                typed.word(state).map(|state| draft.config.state = state)
            }),
        },
        Definition {
            name: "no-state",
            short: None,
            value: "BOOL",
            kind: Kind::Switch,
            default: "false",
            example: "true",
            help: "Keep the counts in memory only",
            long: "Hit numbers begin at 1 with each start, and nothing is written. It wins over state. Off by default, \
                because counts that end with the process are rarely what is wanted.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(values::switch)
                    .map(|on| draft.in_memory_only = on)
            }),
        },
        Definition {
            name: "sync-interval",
            short: None,
            value: "TIME",
            kind: Kind::Amount,
            default: "1s",
            example: "10s",
            help: "How much of the newest counts a power cut may take",
            long: "A process that is killed loses nothing either way. With 0 every hit is synced to the disk before its \
                reply leaves, which makes the disk the limit. The default costs one sync a second, however many hits \
                there are.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(|text| values::time(text, Duration::ZERO..=LONGEST_SYNC))
                    .map(|time| draft.config.sync_interval = time)
            }),
        },
        Definition {
            name: "window",
            short: None,
            value: "KIND",
            kind: Kind::Choice(&["first-touch", "last-touch", "calendar-day"]),
            default: "first-touch",
            example: "calendar-day",
            help: "What makes one download: first-touch, last-touch or calendar-day",
            long: "One visitor who gets the same file again within the window is one download: 24 hours from the first \
                byte, 24 hours from the last one, or the day in UTC. The default neither splits a \
                download at midnight nor lasts as long as somebody keeps coming.",
            set: Set::Server(|draft, typed| {
                typed.one(window).map(|kind| draft.config.window = kind)
            }),
        },
        Definition {
            name: "keep-hours",
            short: None,
            value: "DAYS",
            kind: Kind::Amount,
            default: "90d",
            example: "30d",
            help: "For how many days the counts of each hour are kept, or forever",
            long: "Written 90d or 90. What is older is still in the counts of its day, and totals are never \
                removed. The default shows a quarter hour by hour and keeps the ledger small.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(retention)
                    .map(|days| draft.config.keep_hours = days)
            }),
        },
        Definition {
            name: "keep-days",
            short: None,
            value: "DAYS",
            kind: Kind::Amount,
            default: "forever",
            example: "730d",
            help: "For how many days the counts of each day are kept, or forever",
            long: "Written 730d or 730. Totals are never removed. By default nothing is: they are what shows a \
                year, and there are few of them.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(retention)
                    .map(|days| draft.config.keep_days = days)
            }),
        },
        Definition {
            name: "agents",
            short: None,
            value: "FILE",
            kind: Kind::Text,
            default: "off",
            example: "/etc/tallyd/agents.txt",
            help: "File that says which user agents are tools and which are bots",
            long: "It is used instead of the built-in list, which holds by default. Nothing is left out of the counts \
                because of its class: every number exists for each.",
            set: Set::Server(|draft, typed| {
                typed.path_or_off().map(|file| draft.config.agents = file)
            }),
        },
        Definition {
            name: "admin",
            short: None,
            value: "ADDRESS",
            kind: Kind::Text,
            default: "auto",
            example: "127.0.0.1:8081",
            help: "Address of the dashboard, apart from the files; off is none",
            long: "Counts, live; an API for programs; metrics and health. ADDRESS:PORT, PORT (of 127.0.0.1) or unix:PATH; port 0 \
                is one that the system picks. With auto it is 127.0.0.1:8081, which only this machine reaches, or a free \
                port if that one is taken. An address that others reach needs admin-token.",
            set: Set::Server(|draft, typed| {
                let place = typed.place.clone();
                typed
                    .word(admin)
                    .map(|address| draft.admin = address.map(|address| (address, place)))
            }),
        },
        Definition {
            name: "admin-token",
            short: None,
            value: "TOKEN",
            kind: Kind::Text,
            default: "off",
            example: "kJ7v2rQ9tLx4Wm8ZpB3s",
            help: "What has to be known to see the dashboard",
            long: "A browser asks for it as a password, with any user name; programs send it as a Bearer token. At least 16 \
                characters. Off by default, as only this machine reaches the dashboard. Others on this machine can see what \
                is on a command line: better put it into the file, or into TALLYD_ADMIN_TOKEN.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(token)
                    .map(|token| draft.config.admin_token = token)
            }),
        },
        Definition {
            name: "metrics-files",
            short: None,
            value: "COUNT",
            kind: Kind::Amount,
            default: "20",
            example: "100",
            help: "How many of the most asked for files the metrics name",
            long: "Each is two series for whoever collects them. The default shows what a site is visited for; \
                all files are in the ledger.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(|text| values::number(text, 0..=MOST_FILES))
                    .map(|count| draft.config.metrics_files = count)
            }),
        },
    ],
};

fn state(word: &Word) -> Result<State, String> {
    match word.value.to_str() {
        Some("auto") => Ok(State::Auto),
        // Other options are switched off by this word; here it would make a directory of that name.
        Some("off") => {
            Err("counts can't be switched off: keep them in memory only with no-state".to_owned())
        }
        _ => word.path().map(State::At),
    }
}

fn window(text: &str) -> Result<window::Kind, String> {
    values::choice(
        text,
        &[
            ("first-touch", window::Kind::FirstTouch),
            ("last-touch", window::Kind::LastTouch),
            ("calendar-day", window::Kind::CalendarDay),
        ],
    )
}

/// `90d`, or `90`, which means the same; `forever` is no limit.
fn retention(text: &str) -> Result<Option<u32>, String> {
    if text == "forever" {
        return Ok(None);
    }
    let count = text.strip_suffix('d').unwrap_or(text).trim_end();
    values::number(count, 1..=MOST_DAYS).map(Some).map_err(|_| {
        format!("{text:?} is not a number of days: write 1d to {MOST_DAYS}d, or forever")
    })
}

fn admin(word: &Word) -> Result<Option<AdminAt>, String> {
    let text = word.text()?;
    match text {
        "off" => return Ok(None),
        "auto" => return Ok(Some(AdminAt::Auto)),
        _ => {}
    }
    // For files a port alone means every address; here it can't.
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        let port = listen::port(text)?;
        let loopback = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        return Ok(Some(AdminAt::At(Listen::Tcp(loopback))));
    }
    match listen::address(word)? {
        Address::Whole(address) => Ok(Some(AdminAt::At(address))),
        Address::AnyPort(_) => Err(format!("{text:?} has no port: write ADDRESS:PORT")),
    }
}

fn token(text: &str) -> Result<Option<Token>, String> {
    match text {
        "off" => Ok(None),
        text => Token::new(text).map(Some),
    }
}
