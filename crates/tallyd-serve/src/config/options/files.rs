//! Options for which files are served, and as what.

use tallyd_http::encoding::Coding;

use super::{Definition, Group, Kind, Set};
use crate::config::typed::Word;
use crate::config::{Symlinks, fields, values};

pub(super) const GROUP: Group = Group {
    heading: "Files",
    options: &[
        Definition {
            name: "root",
            short: Some('d'),
            value: "DIR",
            kind: Kind::Text,
            default: "www",
            example: "/srv/www",
            help: "Directory that is served; DIR alone means the same",
            long: "It must exist when the server starts. It may be a symbolic link: when the link is switched to a \
                new release, requests that follow are answered from there.",
            set: Set::Site(|site, typed| typed.path().map(|path| site.root = path)),
        },
        Definition {
            name: "index",
            short: None,
            value: "NAME",
            kind: Kind::List,
            default: "index.html",
            example: "index.html,index.htm",
            help: "Files tried, in order, when a directory is asked for",
            long: "With \"off\" a directory never answers with a file.",
            set: Set::Site(|site, typed| {
                typed
                    .each(|word| fields::file_name(word.text()?))
                    .map(|names| site.index = names)
            }),
        },
        Definition {
            name: "listing",
            short: None,
            value: "BOOL",
            kind: Kind::Switch,
            default: "false",
            example: "true",
            help: "List directories that have no index file",
            long: "As HTML, or as JSON for clients that ask for it with Accept. Off by default: a list shows names \
                that nobody meant to publish.",
            set: Set::Site(|site, typed| typed.one(values::switch).map(|on| site.listing = on)),
        },
        Definition {
            name: "listing-counts",
            short: None,
            value: "BOOL",
            kind: Kind::Switch,
            default: "false",
            example: "true",
            help: "Show downloads in lists of directories",
            long: "As a column that can be sorted by, and in JSON as downloads and hits: the totals of the ledger, as \
                tallyd stats has them. It changes nothing where listing is off or counts are in memory only \
                (no-state). Off by default: how often a file was asked for is yours to tell.",
            set: Set::Site(|site, typed| {
                typed.one(values::switch).map(|on| site.listing_counts = on)
            }),
        },
        Definition {
            name: "spa",
            short: None,
            value: "BOOL",
            kind: Kind::Switch,
            default: "false",
            example: "true",
            help: "Answer missing pages with /index.html",
            long: "For applications that read the path themselves. Off by default: links that are broken should \
                look broken.",
            set: Set::Site(|site, typed| typed.one(values::switch).map(|on| site.spa = on)),
        },
        Definition {
            name: "symlinks",
            short: None,
            value: "RULE",
            kind: Kind::Choice(&["inside", "follow", "refuse"]),
            default: "inside",
            example: "refuse",
            help: "Which symbolic links are followed: inside, follow or refuse",
            long: "\"inside\": those that end inside the root; \"follow\": all, wherever they lead; \"refuse\": none. \
                The kernel holds this boundary, at each step of a path. By default a link cannot publish what lies \
                outside the root.",
            set: Set::Site(|site, typed| typed.one(symlinks).map(|rule| site.symlinks = rule)),
        },
        Definition {
            name: "precompressed",
            short: None,
            value: "CODING",
            kind: Kind::List,
            default: "br,zst,gz",
            example: "gz",
            help: "Compressed variants to look for beside a file: br, zst, gz",
            long: "A client that accepts it gets FILE.br instead of FILE; of those that it likes equally well, br \
                before zst before gz, in whatever order they stand here. Variants are found, not made. \"off\" looks for none, and saves the look.",
            set: Set::Site(|site, typed| {
                typed
                    .each(coding)
                    .map(|codings| site.precompressed = codings)
            }),
        },
        Definition {
            name: "types",
            short: None,
            value: "EXT=TYPE",
            kind: Kind::Map,
            default: "off",
            example: "md=text/markdown",
            help: "Content types by extension, before the built-in list",
            long: "The extension is what follows the last dot, in any case. The built-in list knows the registered \
                types, so only what is private or disputed needs to be said here.",
            set: Set::Site(|site, typed| {
                typed
                    .entries(fields::content_type)
                    .map(|types| site.types = types)
            }),
        },
        Definition {
            name: "types-only-listed",
            short: None,
            value: "BOOL",
            kind: Kind::Switch,
            default: "false",
            example: "true",
            help: "Refuse files whose extension is not in types, with 501",
            long: "For servers that publish only what is named. Off by default: a file in the root is meant to be \
                served.",
            set: Set::Site(|site, typed| {
                typed
                    .one(values::switch)
                    .map(|on| site.types_only_listed = on)
            }),
        },
        Definition {
            name: "hosts",
            short: None,
            value: "NAME=DIR",
            kind: Kind::Hosts,
            default: "off",
            example: "example.org=/srv/example",
            help: "Directories for other names of this server",
            long: "A request whose Host is NAME is answered from DIR, all others from the root. In the file, a table \
                [hosts.\"NAME\"] may set root and every other option of a site; what it leaves out is as in the \
                main site.",
            set: Set::Hosts,
        },
    ],
};

fn symlinks(text: &str) -> Result<Symlinks, String> {
    values::choice(
        text,
        &[
            ("inside", Symlinks::Inside),
            ("follow", Symlinks::Follow),
            ("refuse", Symlinks::Refuse),
        ],
    )
}

fn coding(word: &Word) -> Result<Coding, String> {
    values::choice(
        word.text()?,
        &[
            ("br", Coding::Brotli),
            ("zst", Coding::Zstd),
            ("gz", Coding::Gzip),
        ],
    )
}
