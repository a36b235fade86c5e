-- The ledger of tallyd, schema 1. docs/ledger.md explains it.
-- application_id is 0x74616c79 ("taly"), user_version the number of the schema.
-- Times are nanoseconds since 1970, hours and days are counted since 1970; all of UTC.

-- What there is one of: rules (version of the counting rules), next_sequence (of the journals), latest (time of the
-- latest entry), changes (how many batches were posted), window (first-touch, last-touch, calendar-day) ...
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each path that was ever hit or probed. number is the last hit number; when nothing is in flight,
-- number = hits + forgotten.
CREATE TABLE files (
    id         INTEGER PRIMARY KEY,
    site       TEXT NOT NULL,             -- host name; '' is the main site
    path       ANY NOT NULL,              -- TEXT; a path that is no UTF-8 is a BLOB
    number     INTEGER NOT NULL DEFAULT 0,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    hits       INTEGER NOT NULL DEFAULT 0,
    complete   INTEGER NOT NULL DEFAULT 0,
    aborted    INTEGER NOT NULL DEFAULT 0,
    unsettled  INTEGER NOT NULL DEFAULT 0,
    bytes      INTEGER NOT NULL DEFAULT 0,
    downloads  INTEGER NOT NULL DEFAULT 0,
    partials   INTEGER NOT NULL DEFAULT 0,
    repeats    INTEGER NOT NULL DEFAULT 0,
    probes     INTEGER NOT NULL DEFAULT 0,
    forgotten  INTEGER NOT NULL DEFAULT 0, -- hits that had numbers and are no longer counted (tallyd forget)
    UNIQUE (site, path)
) STRICT;
CREATE INDEX files_by_hits ON files (site, hits);
CREATE INDEX files_by_downloads ON files (site, downloads);

-- One row for each state of a file: replaced files begin a new one.
CREATE TABLE versions (
    id         INTEGER PRIMARY KEY,
    file       INTEGER NOT NULL,
    device     INTEGER NOT NULL,
    inode      INTEGER NOT NULL,
    length     INTEGER NOT NULL,
    modified   INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    hits       INTEGER NOT NULL DEFAULT 0,
    complete   INTEGER NOT NULL DEFAULT 0,
    aborted    INTEGER NOT NULL DEFAULT 0,
    unsettled  INTEGER NOT NULL DEFAULT 0,
    bytes      INTEGER NOT NULL DEFAULT 0,
    downloads  INTEGER NOT NULL DEFAULT 0,
    partials   INTEGER NOT NULL DEFAULT 0,
    repeats    INTEGER NOT NULL DEFAULT 0,
    probes     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (file, device, inode, length, modified)
) STRICT;

-- Series: by hour and by day, for each file and for each site, by class of agent
-- (0 person-like, 1 tool, 2 bot, 3 unknown, 4 internal). visitors: new on that day, never to be added up over days.
CREATE TABLE file_hours (
    hour      INTEGER NOT NULL,
    file      INTEGER NOT NULL,
    class     INTEGER NOT NULL,
    hits      INTEGER NOT NULL,
    complete  INTEGER NOT NULL,
    aborted   INTEGER NOT NULL,
    unsettled INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    downloads INTEGER NOT NULL,
    partials  INTEGER NOT NULL,
    repeats   INTEGER NOT NULL,
    probes    INTEGER NOT NULL,
    visitors  INTEGER NOT NULL,
    PRIMARY KEY (hour, file, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE file_days (
    day       INTEGER NOT NULL,
    file      INTEGER NOT NULL,
    class     INTEGER NOT NULL,
    hits      INTEGER NOT NULL,
    complete  INTEGER NOT NULL,
    aborted   INTEGER NOT NULL,
    unsettled INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    downloads INTEGER NOT NULL,
    partials  INTEGER NOT NULL,
    repeats   INTEGER NOT NULL,
    probes    INTEGER NOT NULL,
    visitors  INTEGER NOT NULL,
    PRIMARY KEY (day, file, class)
) STRICT, WITHOUT ROWID;
CREATE TABLE site_hours (
    hour      INTEGER NOT NULL,
    site      TEXT NOT NULL,
    class     INTEGER NOT NULL,
    hits      INTEGER NOT NULL,
    complete  INTEGER NOT NULL,
    aborted   INTEGER NOT NULL,
    unsettled INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    downloads INTEGER NOT NULL,
    partials  INTEGER NOT NULL,
    repeats   INTEGER NOT NULL,
    probes    INTEGER NOT NULL,
    visitors  INTEGER NOT NULL,
    PRIMARY KEY (hour, site, class)
) STRICT, WITHOUT ROWID;
CREATE TABLE site_days (
    day       INTEGER NOT NULL,
    site      TEXT NOT NULL,
    class     INTEGER NOT NULL,
    hits      INTEGER NOT NULL,
    complete  INTEGER NOT NULL,
    aborted   INTEGER NOT NULL,
    unsettled INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    downloads INTEGER NOT NULL,
    partials  INTEGER NOT NULL,
    repeats   INTEGER NOT NULL,
    probes    INTEGER NOT NULL,
    visitors  INTEGER NOT NULL,
    PRIMARY KEY (day, site, class)
) STRICT, WITHOUT ROWID;

-- Replies of a site and day by status and by protocol (10, 11, 20, 30); all replies, not only hits.
CREATE TABLE statuses (
    day INTEGER NOT NULL, site TEXT NOT NULL, status INTEGER NOT NULL, requests INTEGER NOT NULL,
    PRIMARY KEY (day, site, status)
) STRICT, WITHOUT ROWID;
CREATE TABLE protocols (
    day INTEGER NOT NULL, site TEXT NOT NULL, protocol INTEGER NOT NULL, requests INTEGER NOT NULL,
    PRIMARY KEY (day, site, protocol)
) STRICT, WITHOUT ROWID;

-- Body bytes of all replies of a day, replies that came through a proxy, and the sketches of visitors
-- (HyperLogLog, 4096 registers of a byte; people and tools, and all others).
CREATE TABLE days (
    day INTEGER NOT NULL, site TEXT NOT NULL,
    bytes INTEGER NOT NULL, proxied INTEGER NOT NULL,
    people BLOB, others BLOB,
    PRIMARY KEY (day, site)
) STRICT, WITHOUT ROWID;

-- Where hits came from, host names only; at most 100 hosts for each file and day, the rest is '(other)'.
CREATE TABLE referrers (
    day INTEGER NOT NULL, file INTEGER NOT NULL, host TEXT NOT NULL, hits INTEGER NOT NULL,
    PRIMARY KEY (day, file, host)
) STRICT, WITHOUT ROWID;

-- Paths that were not found: the 1000 most frequent of each site. requests may include up to `uncertain`
-- requests of paths that were dropped from the list (the method is called Space-Saving).
CREATE TABLE missing (
    site TEXT NOT NULL, path ANY NOT NULL,
    requests INTEGER NOT NULL, uncertain INTEGER NOT NULL, last_seen INTEGER NOT NULL,
    PRIMARY KEY (site, path)
) STRICT, WITHOUT ROWID;

-- How far aborted hits got: tenths of what was asked for, 0 to 9.
CREATE TABLE aborts (
    file INTEGER NOT NULL, tenth INTEGER NOT NULL, hits INTEGER NOT NULL,
    PRIMARY KEY (file, tenth)
) STRICT, WITHOUT ROWID;

-- Open windows: what one visitor (a hash whose key is destroyed) was sent of one version.
CREATE TABLE windows (
    version INTEGER NOT NULL, visitor INTEGER NOT NULL,
    ends INTEGER NOT NULL,                -- the time from which it may be closed
    state BLOB NOT NULL,
    PRIMARY KEY (version, visitor)
) STRICT, WITHOUT ROWID;
CREATE INDEX windows_by_end ON windows (ends);

-- How far the journals have been posted, and the hits in them that were begun and not settled.
CREATE TABLE segments (
    sequence INTEGER PRIMARY KEY, read INTEGER NOT NULL
) STRICT;
CREATE TABLE open_hits (
    sequence INTEGER NOT NULL, word INTEGER NOT NULL,
    PRIMARY KEY (sequence, word)
) STRICT, WITHOUT ROWID;
