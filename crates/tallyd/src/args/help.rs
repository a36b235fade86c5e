//! The parts of the help that are not about one option.

/// Lines longer than this are hard to read.
pub(super) const WIDTH: usize = 100;

pub(super) const ABOUT: &str = "\
A web server for files that keeps count.

Without a command it serves a directory: DIR, or ./www. It prints a line for each address that it can be reached at, \
then its access log, on standard output; what else it has to say goes to standard error. On a terminal the addresses \
are laid out for people.";

pub(super) const CHECK: &str = "\
Say whether a configuration is right.

Takes everything that the server takes: a file, options and the environment. Prints one line for each mistake, with \
file, line and column, and the nearest name where one is unknown. The served files are not looked at. Exits with 0 if \
all is well, with 2 if not.";

pub(super) const STATS: &str = "\
Show the counts.

Reads the ledger of a server, whether that is running or not: hits, downloads and bytes by file. Without a path, the \
files with the most downloads; with one, everything about that file, day by day. What a running server counts is in \
the ledger within about a second.

The ledger is looked for in the state directory that --state names, or else in the one that belongs to the root: \
that of --root, of the configuration file, or ./www.";

pub(super) const STATS_PATH: &str = "\
A file, by its path on the server, or a directory, which ends in /

The path is decoded, as in the table (\"/my file.zip\"); if there is no such file, it is tried with %20 and the like \
decoded.";

pub(super) const STATS_PURGE: &str = "\
Remove the numbers by hour and day of the past

What was counted by hour and day before a day is removed: of files, sites, referrers, and the sketches of visitors. \
The totals of each file and its hit number stay. This can't be undone.";

pub(super) const STATS_FORGET: &str = "\
Remove everything that is stored about one path

Its totals, days, versions, referrers and open windows are removed. Its hit numbers are not used again while a \
server runs. This can't be undone.";

pub(super) const STATS_END: &str = "\
The words:
  hit        a file was sent, whole or in part (200 or 206), each with its own number
  complete   a hit whose whole requested range was sent; aborted: one that ended before;
             unsettled: one that was under way when the server died
  download   one visitor received the whole file within 24 hours, in however many pieces
  partial    24 hours passed and it was less than the whole; repeat: the whole once more
  probe      HEAD, \"not modified\", or a byte or two at the start; never a hit
  bytes      what the network took of the contents of replies

Examples:
  tallyd stats                                    the most wanted files of ./www
  tallyd stats -d ~/public /downloads/a.zip       one file in detail
  tallyd stats /downloads/ --since 7d --sort hits the files of a directory, of a week
  tallyd stats --json | jq '.files[].downloads'   for programs
  tallyd stats --csv --limit 0 > counts.csv       every file, for a spreadsheet
  tallyd stats --live                             as it happens";

pub(super) const FILES: &str = "\
Make a tree of test files.

The same options make the same tree, byte by byte, on every machine. What is in the files follows from the seed, so \
that any part of one can be checked without the tree; docs/files.md says how. The manifest, which is written last, \
lists number, length, SHA-256 and path of each file.

Where the same tree is already, its lengths and the first and last bytes of each file are looked at, and nothing is \
written. What was not made by this command is never touched. A run that was broken off leaves no manifest; the same \
command makes the tree whole.";

pub(super) const FILES_SIZE: &str = "\
How long the files are: 10KiB, a range such as 1KiB..1MiB, or web

A range is uniform in the logarithm: as many files from 1 to 2 KiB as from 512 KiB to 1 MiB. web is a table in the \
shape of the web: half of the files are shorter than 11.7 kB, the mean is 81.3 kB, the longest 50 MB. [default: 10KiB]";

pub(super) const FILES_NAMES: &str = "\
What the files are called

plain is dir-001/file-0001.bin, 25 in each directory. hard has spaces, escapes, quotes, marks of URLs and shells, \
accents in both forms, scripts from right to left, pictures, 255 bytes in one name, and 20 directories above a file; \
each is valid UTF-8 and can be served. [default: plain]";

pub(super) const FILES_END: &str = "\
Examples:
  tallyd files tree                                100 files of 10 KiB
  tallyd files tree --size web --count 1000        as on the web
  tallyd files tree --names hard --seed 7          names that are hard to serve
  tallyd files tree --size 1GiB --count 2 --force  another tree in the same place";

pub(super) const CONFIG: &str = "\
Configuration file (TOML)

Keys are the names of the options; relative paths are relative to the directory of the file. The environment variable \
TALLYD_CONFIG names it as well. `tallyd check --defaults` prints one with every option.";

pub(super) const SHORT_END: &str = "\
Every option is also a key of the configuration file and, as TALLYD_NAME, an environment variable; flags win over the \
environment, which wins over the file. `tallyd --help` says more about each.";

/// What stands below the options in the long help and in the man page: headings, and lines as they are.
pub(crate) const SECTIONS: &[(&str, &str)] = &[
    (
        "Examples",
        "\
tallyd                               serve ./www on port 8080
tallyd ~/public -p 0                 serve another directory, on a port that the system picks
tallyd ~/public --listing --qr       share a directory with a telephone in the same network
tallyd -l localhost:8080 --listing   only for this machine, with lists of directories
tallyd -c /etc/tallyd/config.toml    serve what a configuration file says
tallyd check -c config.toml          check a configuration before it is used
tallyd check --defaults              print a configuration file with every option
tallyd stats                         show the counts of ./www
tallyd files tree --count 100        make a tree of test files",
    ),
    (
        "Configuration",
        "\
Each option is a flag (--log-format json), an environment variable (TALLYD_LOG_FORMAT=json)
and a key of the configuration file (log-format = \"json\"). Flags win over the environment,
which wins over the file, option by option; a list or map replaces the one below it as a whole.

A list takes several values, separated by commas or given one by one. A map takes KEY=VALUE:
one for each flag, or one on each line of a variable. \"off\" empties either. What a file
switches on, --listing=false switches off.

Times are written 500ms, 3s, 2m or 1h; sizes 16KiB, 1MiB or 2GiB (K, M and G mean the same).",
    ),
    (
        "Signals",
        "\
TERM, INT, QUIT   stop: take no more requests, finish those under way; a second one stops at once
HUP               read the configuration again; if it is wrong, say so and go on with the old one
USR1              open the log file again, after it was moved away",
    ),
    (
        "Exit codes",
        "\
0   done
1   failed while starting or running
2   wrong usage or configuration",
    ),
    (
        "Files and environment",
        "\
./www           what is served if nothing else is named
TALLYD_CONFIG   the configuration file, unless --config names one
TALLYD_*        any option
LISTEN_FDS      sockets that systemd opened; they are used instead of port and listen
NOTIFY_SOCKET   where systemd is told that the server is ready, reloading or stopping",
    ),
    (
        "Compatibility",
        "\
The flags of older small servers, -document_root DIR and -port PORT, are understood.",
    ),
];

/// The sections as they end the long help.
pub(super) fn long_end() -> String {
    let section = |(heading, text): &(&str, &str)| {
        let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
        format!("{heading}:\n{}", lines.join("\n"))
    };
    let sections: Vec<String> = SECTIONS.iter().map(section).collect();
    sections.join("\n\n")
}
