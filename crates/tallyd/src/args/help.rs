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

pub(super) const PROBE: &str = "\
Check how well a server of files keeps to the rules of HTTP.

Any server that speaks HTTP/1.1, not only this one. Some two hundred cases are asked of one file on it, each on a \
connection of its own. A case has a name, the section of the RFC that demands it, and a level: MUST, SHOULD, or \
advice, where the RFC has neither word or where it is only wise. The file is 200 bytes to 4 MiB long and does not \
change meanwhile. Nothing on the server is changed.

Verdicts: ok; broken, weak, unlike: a MUST, a SHOULD, an advice is not kept; skipped: it can't be asked here, and why; \
unclear: there was no connection.

Exits with 0 if no MUST is broken, 1 if it could not be found out, 2 for wrong usage, 4 if a MUST is broken.";

pub(super) const PROBE_END: &str = "\
Examples:
  tallyd probe http://localhost:8080/index.html   everything, of this file
  tallyd probe localhost:8080/a --only 'range-*'  some cases, by name; or by group: --only ranges
  tallyd probe --list                             the cases
  tallyd probe localhost:8080/a --json | jq '.cases[] | select(.verdict == \"broken\")'";

pub(super) const GET: &str = "\
Make one request and show the answer.

The body goes to standard output, or with -o or -O into a file. A file is whole or as it was before: until its last \
byte has come, what is there is in FILE.part, and FILE.part.from says of what. The body of an answer that is none of \
success never becomes the file.

Exits with 0 where the answer is one of success, 1 where it did not come to a request or the file can't be written, \
2 for wrong usage, 3 where the answer is not whole, 4 where it is an error, or a redirect that is not followed.";

pub(super) const GET_RESUME: &str = "\
Go on with a download that was broken off

What is missing is asked for under the condition that the file is still the same one. If it has changed, it is got \
anew, and that is said. Where there is a FILE and no FILE.part, its length is compared with the server's, and nothing \
is put behind it.";

pub(super) const GET_END: &str = "\
Examples:
  tallyd get localhost:8080/                        the body, on standard output
  tallyd get -v localhost:8080/a.css > a.css        heads and times beside it
  tallyd get -I localhost:8080/a.css                only what is said about it
  tallyd get -r 0-99 localhost:8080/a.zip | xxd     a part
  tallyd get -O --resume localhost:8080/a.zip       into a.zip, however often it takes
  tallyd get -o /dev/null --limit-rate 1MiB localhost:8080/a.zip";

pub(super) const AUDIT: &str = "\
Prove that a server's counts are right.

With a directory: makes a tree of test files there, starts this program on it, asks it in every way that counts \
(whole, in ranges, in parallel, resumed, aborted, pipelined, slowly), and kills it with signal 9 meanwhile. Then every \
number of the counting rules is compared with what has arrived here, file by file, and every byte with what it should \
be.

With a URL: the same without the kills, of a server that runs and serves a tree that `tallyd files` or an audit has \
made. Counts are compared with those before. Whoever asks for these files meanwhile makes a difference.

With a URL and --log: of any server. What the usual counter makes of its access log is set beside what is true.

Exits with 0 if all numbers agree, 1 if it could not run, 2 for wrong usage, 4 if something differs.";

pub(super) const AUDIT_END: &str = "\
Examples:
  tallyd audit /tmp/tree                           a server of its own, killed five times
  tallyd audit /tmp/tree --kills 20 --seed 7       more of it, and other requests
  tallyd audit http://localhost:8080/ --admin http://localhost:8081/
  tallyd audit http://localhost/ --log /var/log/nginx/access.log";

pub(super) const LOAD: &str = "\
Test a server under load, with honest latencies.

Closed (-c): so many connections, each asks again once it is answered. While the server is slow, less is asked, and \
what would have waited is not seen. Open (-q): requests are due on schedule, whatever the answers do, and a latency \
begins when its request was due. Only that is what users of a busy server feel.

What is asked: the URLs, one after the other; with --classic the files of a tree; with --mix what a file says; with \
--replay what an access log says. Bodies are counted, and with --verify compared, but never kept. A connection that \
the server closes is opened again.

The report is for people, or with --json for programs; docs/load.md describes both. The first Ctrl+C ends the test with \
a report of what was done so far, the second one at once. Exits with 0 if all was well, 1 if it could not run, 2 for \
wrong usage, 3 if there were errors in transport (unless an --expect says how many are all right) or it was stopped, 4 \
if an expectation failed.";

pub(super) const LOAD_CONNECTIONS: &str = "\
So many connections at once [default: 50, with -q 100]

In an open test they only limit what is under way at a time: rate times latency has to be less, or requests begin late. \
What that costs is in the corrected latencies, and what could not begin at all is counted.";

pub(super) const LOAD_RATE: &str = "\
So many requests a second, on schedule whatever the answers do

This makes it an open test: the latency of a request begins when it was due, also if no connection was free then \
(corrected); beside it stands the one from when it was sent (raw).";

pub(super) const LOAD_EXPECT: &str = "\
What must come true, or the exit code is 4; several times

p50 to p99.99, min, mean, max (p99<5ms), raw.p99, first_byte.p99, connecting.p99; errors (=0, <1%); status (=200, \
=200,206, =2xx, <400: of every answer); rate (>1000); answered, aborted, retried, unsent; verified=all. With <, <=, =, \
>= or >, so quote it.";

pub(super) const LOAD_END: &str = "\
Examples:
  tallyd load localhost:8080/                            200 requests by 50 connections
  tallyd load -z 10s -c 64 localhost:8080/a.css          as many as can be in ten seconds
  tallyd load -z 1m -q 1000 --expect 'p99<5ms' localhost:8080/a.css
  tallyd load --classic tree --verify tree localhost:8080/
  tallyd load --replay access.log --speed 10 localhost:8080/
  tallyd load -n 100000 --json localhost:8080/ | jq .latency";

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
tallyd files tree --count 100        make a tree of test files
tallyd get -O --resume URL           get a file, or go on with one that was broken off
tallyd load -z 10s -c 64 URL         test a server under load
tallyd audit tree                    prove the counts, through five kills
tallyd probe URL                     check whether a server does as HTTP says",
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
2   wrong usage or configuration
3   get, load: errors on the way between client and server
4   get: the answer is an error; load, audit, probe: something is not as it should be",
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
