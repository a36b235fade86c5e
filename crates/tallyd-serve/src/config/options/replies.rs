//! Options for what is said beside the files.

use super::{Definition, Group, Kind, Set};
use crate::config::{fields, values};

pub(super) const GROUP: Group = Group {
    heading: "Replies",
    options: &[
        Definition {
            name: "headers",
            short: None,
            value: "GLOB=NAME: VALUE",
            kind: Kind::MultiMap,
            default: "off",
            example: "/assets/**=X-Content-Type-Options: nosniff",
            help: "Headers added to replies whose path matches",
            long: "GLOB means a name (*.css) or, with a slash, a whole path (/assets/**), where ** crosses \
                directories. In the file, a glob may have a list of headers. Headers that frame a message or \
                describe the file (Content-Length, ETag, ...) are the server's own.",
            set: Set::Site(|site, typed| {
                typed
                    .entries(fields::header)
                    .map(|headers| site.headers = headers)
            }),
        },
        Definition {
            name: "cache-control",
            short: None,
            value: "GLOB=VALUE",
            kind: Kind::Map,
            default: "off",
            example: "/assets/**=public, max-age=31536000, immutable",
            help: "Cache-Control of files whose path matches; the first match counts",
            long: "GLOB is as for headers. By default none is sent: a browser then decides by the age of the \
                file, and asks with its ETag whether it is still the same.",
            set: Set::Site(|site, typed| {
                typed
                    .entries(fields::cache_control)
                    .map(|rules| site.cache_control = rules)
            }),
        },
        Definition {
            name: "redirects",
            short: None,
            value: "PATH=TARGET",
            kind: Kind::Map,
            default: "off",
            example: "/old/*=302 /new/*",
            help: "Paths that moved; the first match counts",
            long: "PATH is exact, or ends in * and stands for all that begin so; a * in TARGET is then what was left \
                over. TARGET is a path or a URL, with a status in front of it if it is not 301: 302, 303, 307 or 308.",
            set: Set::Site(|site, typed| {
                typed
                    .entries(fields::redirect)
                    .map(|redirects| site.redirects = redirects)
            }),
        },
        Definition {
            name: "error-pages",
            short: None,
            value: "DIR",
            kind: Kind::Text,
            default: "off",
            example: "/srv/errors",
            help: "Directory with error pages: 404.html, 403.html and so on",
            long: "Statuses without a file there keep the small built-in page, which needs no file to be readable \
                when everything else is broken.",
            set: Set::Site(|site, typed| typed.path_or_off().map(|path| site.error_pages = path)),
        },
        Definition {
            name: "post",
            short: None,
            value: "BOOL",
            kind: Kind::Switch,
            default: "false",
            example: "true",
            help: "Answer POST on a file as GET",
            long: "The body is read and dropped, up to max-body. Off by default: POST on a file is answered with 405, \
                because nothing happens with what was posted.",
            set: Set::Site(|site, typed| typed.one(values::switch).map(|on| site.post = on)),
        },
        Definition {
            name: "public-counts",
            short: None,
            value: "BOOL",
            kind: Kind::Switch,
            default: "false",
            example: "true",
            help: "Answer ?tally and ?badge on a file with its counts",
            long: "FILE?tally is a small page, or JSON for clients that ask for it with Accept (?tally=json); FILE?badge \
                is a picture for other pages. Asking counts nothing. A query that begins with either word no longer \
                reaches the file. Off by default: how often a file was asked for is yours to tell.",
            set: Set::Site(|site, typed| {
                typed.one(values::switch).map(|on| site.public_counts = on)
            }),
        },
    ],
};
