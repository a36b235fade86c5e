//! Options for where connections are accepted, and by whom.

use super::{Definition, Group, Kind, Set};
use crate::config::{listen, values};

/// More threads than this are a typing error on every machine that exists.
const MOST_WORKERS: usize = 1024;

pub(super) const GROUP: Group = Group {
    heading: "Addresses",
    options: &[
        Definition {
            name: "port",
            short: Some('p'),
            value: "PORT",
            kind: Kind::Amount,
            default: "8080",
            example: "9000",
            help: "Port to accept connections at; 0 is one that the system picks",
            long: "On every address of the machine, IPv4 and IPv6, unless listen says otherwise; there it is the port \
                of entries without one. The default needs no privilege.",
            set: Set::Server(|draft, typed| {
                let place = typed.place.clone();
                typed
                    .one(listen::port)
                    .map(|port| draft.wanted.port = (port, place))
            }),
        },
        Definition {
            name: "listen",
            short: Some('l'),
            value: "ADDRESS",
            kind: Kind::List,
            default: "off",
            example: "127.0.0.1:9000,unix:/run/tallyd/http.sock",
            help: "Address to accept connections at; may be given several times",
            long: "ADDRESS:PORT, [IPv6]:PORT, localhost:PORT, *:PORT (every address), PORT or unix:PATH; without a \
                port, that of the option port. By default every address is meant, because a server that only its \
                own machine can reach is the rarer wish.",
            set: Set::Server(|draft, typed| {
                typed
                    .each(|word| Ok((listen::address(word)?, word.place.clone())))
                    .map(|addresses| draft.wanted.listen = addresses)
            }),
        },
        Definition {
            name: "allow-privileged-port",
            short: None,
            value: "BOOL",
            kind: Kind::Switch,
            default: "false",
            example: "true",
            help: "Allow ports under 1024",
            long: "They need a privilege (root, or CAP_NET_BIND_SERVICE) that a file server should not have by \
                accident. Not needed for sockets that systemd opens and hands over.",
            set: Set::Server(|draft, typed| {
                typed.one(values::switch).map(|on| {
                    draft.wanted.allow_privileged = on;
                    draft.config.allow_privileged_port = on;
                })
            }),
        },
        Definition {
            name: "workers",
            short: None,
            value: "COUNT",
            kind: Kind::Amount,
            default: "auto",
            example: "4",
            help: "Worker threads; auto is one for each core",
            long: "Each has its own connections and shares nothing while it serves, so more than cores gain nothing.",
            set: Set::Server(|draft, typed| {
                typed.one(workers).map(|count| draft.config.workers = count)
            }),
        },
        Definition {
            name: "backlog",
            short: None,
            value: "COUNT",
            kind: Kind::Amount,
            default: "1024",
            example: "4096",
            help: "Connections that may wait to be accepted",
            long: "The kernel's queue for each listener. It has to last only while a worker is busy with something \
                else; the system's own limit (net.core.somaxconn) holds as well.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(|text| values::number(text, 1..=65_535))
                    .map(|length| draft.config.backlog = length)
            }),
        },
        Definition {
            name: "defer-accept",
            short: None,
            value: "BOOL",
            kind: Kind::Switch,
            default: "false",
            example: "true",
            help: "Leave a new connection to the kernel until it has sent something",
            long: "Where each request has a connection of its own it costs a quarter less then. One that says nothing is not seen for a \
                second, and when the server stops in that second it is not told. TCP only, for addresses that are \
                opened from then on; for sockets that systemd opens there is DeferAcceptSec=.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(values::switch)
                    .map(|on| draft.config.defer_accept = on)
            }),
        },
        Definition {
            name: "qr",
            short: None,
            value: "BOOL",
            kind: Kind::Switch,
            default: "false",
            example: "true",
            help: "Show the address as a QR code when the server starts",
            long: "For a telephone in the same network. Below the addresses where standard output is a terminal; \
                otherwise on standard error, because programs read the other. Off by default: it fills half a screen.",
            set: Set::Server(|draft, typed| {
                typed.one(values::switch).map(|on| draft.config.qr = on)
            }),
        },
    ],
};

fn workers(text: &str) -> Result<usize, String> {
    if text == "auto" {
        // One worker serves everybody, only slower: not knowing the cores is no reason not to start.
        return Ok(std::thread::available_parallelism().map_or(1, usize::from));
    }
    values::number(text, 1..=MOST_WORKERS).map_err(|_| {
        format!("{text:?} is not a number of workers: write auto, or 1 to {MOST_WORKERS}")
    })
}
