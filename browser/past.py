"""A ledger with a past: days that were counted before today, written with sqlite3 while no server runs.

docs/ledger.md says what the tables mean; the server checks at its start that all of it fits together.
"""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from server import COUNTS

DAY = 86_400
NANOS = 1_000_000_000
REGISTERS = 4096

# So long a past, so many files; the first few are asked for every day, the others now and then.
DAYS = 420
FILES = 1_200
EVERY_DAY = 12

LENGTH = 40_000


# Every seventh file is of another site.
OTHER = "files.example.org"


def host_of(file: int) -> str:
    """The site that the file with this number belongs to; the main one's name is empty."""
    return "" if file % 7 else OTHER


def path_of(file: int) -> str:
    """The path of the file with this number, from 1."""
    if file == 1:
        return "/releases/tallyd-1.2.0-x86_64-linux.tar.gz"
    if file == 2:
        long = "a-very-long-name-that-no-phone-can-show-on-one-line-" * 4
        return f"/deep/{'folder/' * 12}{long}.tar.gz"
    return f"/archive/{file % 40:02}/report-{file:04}.pdf"


def fill(ledger_file: Path, today: int) -> None:
    """Fills a ledger that is empty with the past up to this day, in days since 1970."""
    with closing(sqlite3.connect(ledger_file)) as ledger, ledger:
        place = ", ".join("?" * (3 + len(COUNTS) + 1))
        for table, length in (("file_days", 1), ("file_hours", 24)):
            cells = (
                (day * length + (file % 24 if length == 24 and day < today else 0), file, class_, *counts)
                for day, file, class_, counts in all_cells(today)
            )
            ledger.executemany(f"INSERT INTO {table} VALUES ({place})", cells)
        sums = ", ".join(f"sum({name})" for name in COUNTS)
        ledger.create_function("path_of", 1, path_of, deterministic=True)
        ledger.create_function("host_of", 1, host_of, deterministic=True)
        for unit in ("day", "hour"):
            ledger.execute(
                f"INSERT INTO site_{unit}s SELECT {unit}, host_of(file) AS host, class, {sums}, sum(visitors)"
                f" FROM file_{unit}s GROUP BY {unit}, host, class"
            )
        files_of_days(ledger)
        replies_of_days(ledger, today)


def all_cells(today: int) -> Iterator[tuple[int, int, int, tuple[int, ...]]]:
    """Day, file, class and counts."""
    for day in range(today - DAYS + 1, today + 1):
        age = today - day
        for file in range(1, FILES + 1):
            if file > EVERY_DAY and (file + day) % 30:
                continue
            for class_ in (0, 1, 2) if file <= EVERY_DAY else (file % 2,):
                weight = max(1, 60 // file) + (day % 7) + max(0, 20 - age // 20)
                yield day, file, class_, counts_of(weight // (class_ + 1) + 1)


def counts_of(hits: int) -> tuple[int, ...]:
    """Counts that fit each other, in the order of the tables, and new visitors."""
    aborted = hits // 8
    complete = hits - aborted
    downloads = -(-complete * 3 // 4)
    repeats = (complete - downloads) // 2
    sent = complete * LENGTH + aborted * LENGTH // 3
    return hits, complete, aborted, 0, sent, downloads, aborted, repeats, hits // 4, downloads


def files_of_days(ledger: sqlite3.Connection) -> None:
    """The files and their versions, as their days add up; how far aborted hits got, and where hits came from."""
    names = ", ".join(COUNTS)
    sums = ", ".join(f"sum({name})" for name in COUNTS)
    ledger.execute(
        f"INSERT INTO files (id, site, path, number, first_seen, last_seen, {names})"
        f" SELECT file, host_of(file), path_of(file), sum(hits), min(day) * {DAY * NANOS},"
        f" max(day) * {DAY * NANOS} + file, {sums} FROM file_days GROUP BY file"
    )
    # The first file has had two versions: one until the day 100 days ago, one from then on.
    ledger.execute(
        f"INSERT INTO versions (file, device, inode, length, modified, first_seen, last_seen, {names})"
        f" SELECT file, 1, file, {LENGTH} + 100 * (file = 1 AND day > newest - 100) AS length, 0,"
        f" min(day) * {DAY * NANOS}, max(day) * {DAY * NANOS} + file, {sums}"
        " FROM file_days, (SELECT max(day) AS newest FROM file_days) GROUP BY file, length"
    )
    for tenth in range(10):
        # What is left over from ten equal parts is in the first.
        rest = "+ aborted % 10" if tenth == 0 else ""
        ledger.execute(f"INSERT INTO aborts SELECT id, {tenth}, aborted / 10 {rest} FROM files WHERE aborted > 0")
    for host, part in (("news.example", 3), ("forum.example", 5), ("search.example", 9)):
        ledger.execute(
            f"INSERT INTO referrers SELECT day, file, '{host}', sum(hits) / {part} AS h FROM file_days"
            " GROUP BY day, file HAVING h > 0"
        )
    ledger.execute(
        "INSERT INTO site_referrers SELECT day, host_of(file) AS site, host, sum(hits) FROM referrers"
        " GROUP BY day, site, host"
    )


def replies_of_days(ledger: sqlite3.Connection, today: int) -> None:
    """What is said of all replies of a day: statuses, protocols, bytes, visitors; and paths that were not there."""
    ledger.execute("INSERT INTO statuses SELECT day, site, 200, sum(hits) FROM site_days GROUP BY day, site")
    ledger.execute("INSERT INTO statuses SELECT DISTINCT day, '', 404, 7 FROM site_days")
    ledger.execute("INSERT INTO protocols SELECT day, site, 11, sum(requests) FROM statuses GROUP BY day, site")
    rows = ledger.execute("SELECT day, site, sum(bytes), sum(visitors) FROM site_days GROUP BY day, site").fetchall()
    for day, site, sent, visitors in rows:
        people, others = sketch(f"people of {site} {day}", visitors), sketch(f"others of {site} {day}", visitors // 3)
        ledger.execute("INSERT INTO days VALUES (?, ?, ?, 0, ?, ?)", (day, site, sent, people, others))
    for place, path in enumerate(("/wp-login.php", "/old/page.html", "/favicon.ico", "/.env")):
        last = (today * DAY) * NANOS
        ledger.execute("INSERT INTO missing VALUES ('', ?, ?, 0, ?)", (path, 900 - 200 * place, last))


def sketch(seed: str, visitors: int) -> bytes:
    """The sketch of a day on which so many came, none of whom came on another day."""
    registers = bytearray(REGISTERS)
    hashes = random.Random(seed)
    for _ in range(visitors):
        hash_ = hashes.getrandbits(52)
        place, rest = hash_ % REGISTERS, hash_ // REGISTERS
        rank = 41 - rest.bit_length()
        registers[place] = max(registers[place], rank)
    return bytes(registers)
