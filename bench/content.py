"""The files that are served. Each is made when a case needs it.

Promises: every server finds the same bytes, what one part of a file is can be told from its bytes, and no file is new:
of one that changed a second ago servers say less.
"""

import os
import re
import time

# How long ago all files were changed.
AGE = 86_400

SIZED = {size: f"/{size.replace(' ', '').lower()}.bin" for size in ("1 KB", "10 KB", "100 KB", "1 MB", "20 MB")}
UNITS = {"KB": 1 << 10, "MB": 1 << 20}

MANY = 10_000
MANY_SIZE = 10 << 10
# The same path for Python and for Lua, where `n` is the number.
MANY_LUA = "'/many/%02d/%04d.bin', math.floor(n / 100), n"

HUGE = "/huge.bin"
HUGE_SIZE = 1 << 30
# As often as a mark is in the large file there is something to compare; between them it is sparse.
MARKED = 32 << 10

LISTED = "/listed/"
LISTED_COUNT = 100_000


def sized(site, size):
    """One file. Random bytes: nothing could be saved by compressing them."""
    number, unit = size.split()
    file = site / SIZED[size][1:]
    if not file.exists():
        file.write_bytes(os.urandom(int(number) * UNITS[unit]))
        aged(file)


def many(site):
    """Many small files, 100 in a directory."""
    for number in range(MANY):
        file = site / many_path(number)[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(MANY_SIZE))
        aged(file)


def many_path(number):
    return f"/many/{number // 100:02}/{number:04}.bin"


def huge(site):
    """A large file that is in memory when it is asked for."""
    with open(site / HUGE[1:], "w+b") as file:
        file.truncate(HUGE_SIZE)
        for place in range(0, HUGE_SIZE, MARKED):
            os.pwrite(file.fileno(), b"%016d" % place, place)
        file.flush()
        while file.read(1 << 20):
            pass
    aged(site / HUGE[1:])


def listed(site):
    """A directory of many entries, which the kernel knows by heart when it is asked for."""
    directory = site / LISTED.strip("/")
    directory.mkdir()
    for number in range(LISTED_COUNT):
        file = directory / listed_name(number)
        file.touch()
        aged(file)


def aged(file):
    then = time.time() - AGE
    os.utime(file, (then, then))


def listed_name(number):
    return f"entry-{number:06}.bin"


def slow(name):
    """The bytes of a file of the slow file system, each line of which says whose it is; None where there is none."""
    if not re.fullmatch(r"hot\.bin|cold-\d+\.bin", name):
        return None
    size = 1 << 10 if name == "hot.bin" else 64 << 10
    return (name.encode().ljust(31) + b"\n") * (size // 32)
