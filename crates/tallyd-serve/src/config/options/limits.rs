//! Options for what one client may cost the others.

use std::time::Duration;

use super::{Definition, Group, Kind, Set};
use crate::config::typed::Typed;
use crate::config::{problem::Outcome, values};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Long enough for every sane use; beyond, a unit was mistyped.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// A shorter wait would cut off clients on an ordinary slow line.
const SHORTEST: Duration = Duration::from_millis(100);

pub(super) const GROUP: Group = Group {
    heading: "Limits",
    options: &[
        Definition {
            name: "keep-alive",
            short: None,
            value: "TIME",
            kind: Kind::Amount,
            default: "3s",
            example: "15s",
            help: "How long an idle connection is kept for the next request",
            long: "With 0 or off each reply ends its connection. The default covers a browser that loads a page; \
                longer times keep memory for clients that have left.",
            set: Set::Server(|draft, typed| {
                keep_alive(typed).map(|time| draft.config.limits.keep_alive = time)
            }),
        },
        Definition {
            name: "head-timeout",
            short: None,
            value: "TIME",
            kind: Kind::Amount,
            default: "10s",
            example: "5s",
            help: "How long a client may take to send the head of its request",
            long: "It is answered 408 after that. A head fits a few packets; who needs longer than this is broken, or \
                holds connections on purpose.",
            set: Set::Server(|draft, typed| {
                wait(typed).map(|time| draft.config.limits.head_timeout = time)
            }),
        },
        Definition {
            name: "send-timeout",
            short: None,
            value: "TIME",
            kind: Kind::Amount,
            default: "30s",
            example: "1m",
            help: "How long a client may take nothing while it is sent a reply",
            long: "A slow client is served for as long as it takes something. The default outlasts a short loss of a \
                mobile network.",
            set: Set::Server(|draft, typed| {
                wait(typed).map(|time| draft.config.limits.send_timeout = time)
            }),
        },
        Definition {
            name: "drain-timeout",
            short: None,
            value: "TIME",
            kind: Kind::Amount,
            default: "30s",
            example: "2m",
            help: "How long a stop waits for transfers that are under way",
            long: "Then they are cut off; a second signal cuts them off at once. The default is well inside the 90 s \
                that systemd gives. With 0 a stop does not wait.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(|text| values::time(text, Duration::ZERO..=LONGEST))
                    .map(|time| draft.config.drain_timeout = time)
            }),
        },
        Definition {
            name: "max-connections",
            short: None,
            value: "COUNT",
            kind: Kind::Amount,
            default: "10000",
            example: "2000",
            help: "Open connections for each worker",
            long: "Beyond, new ones wait in the backlog until others have ended. Each takes a file descriptor, and \
                one more while it sends a large file: the limit of the system (ulimit -n) should be higher.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(|text| values::number(text, 1..=1_000_000))
                    .map(|count| draft.config.limits.connections = count)
            }),
        },
        Definition {
            name: "max-head",
            short: None,
            value: "SIZE",
            kind: Kind::Amount,
            default: "16KiB",
            example: "32KiB",
            help: "Largest head of a request; beyond, 431",
            long: "Browsers with many cookies send some 8 KiB.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(|text| values::memory(text, KIB..=MIB))
                    .map(|size| draft.config.limits.head.head = size)
            }),
        },
        Definition {
            name: "max-fields",
            short: None,
            value: "COUNT",
            kind: Kind::Amount,
            default: "100",
            example: "50",
            help: "Most header fields in a request; beyond, 431",
            long: "Browsers send about 20, proxies add a few; the default is that of other servers.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(|text| values::number(text, 8..=1000))
                    .map(|count| draft.config.limits.head.fields = count)
            }),
        },
        Definition {
            name: "max-target",
            short: None,
            value: "SIZE",
            kind: Kind::Amount,
            default: "8KiB",
            example: "2KiB",
            help: "Longest target (path and query) of a request; beyond, 414",
            long: "RFC 9112 asks servers to take 8000 bytes at least. It cannot be larger than max-head.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(|text| values::memory(text, 64..=MIB))
                    .map(|size| draft.config.limits.head.target = size)
            }),
        },
        Definition {
            name: "max-body",
            short: None,
            value: "SIZE",
            kind: Kind::Amount,
            default: "1MiB",
            example: "64KiB",
            help: "Largest request body that is read and dropped; beyond, 413",
            long: "A file server has no use for a body: reading it only keeps the connection usable.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(|text| values::size(text, 0..=GIB))
                    .map(|size| draft.config.limits.body = size)
            }),
        },
        Definition {
            name: "cache-memory",
            short: None,
            value: "SIZE",
            kind: Kind::Amount,
            default: "128MiB",
            example: "512MiB",
            help: "Memory for the contents of small files, for each worker",
            long: "Small files that are asked for often are answered from there, without opening them; large ones are \
                sent by the kernel. It fills only with what was asked for. With 0 every file is opened each time.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(|text| values::memory(text, 0..=1024 * GIB))
                    .map(|size| draft.config.cache_memory = size)
            }),
        },
    ],
};

fn keep_alive(typed: &Typed) -> Outcome<Duration> {
    typed.one(|text| match text {
        "off" => Ok(Duration::ZERO),
        _ => values::time(text, Duration::ZERO..=LONGEST),
    })
}

fn wait(typed: &Typed) -> Outcome<Duration> {
    typed.one(|text| values::time(text, SHORTEST..=LONGEST))
}
