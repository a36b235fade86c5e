"""How long it takes from the start of a program to its first answer, and how large the program is."""

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import MappingProxyType

import asking
import content
import tools
from report import Number

FILE = "1 KB"

# In each round; with five rounds 20.
STARTS = 4


@dataclass(frozen=True)
class Started:
    """Milliseconds from before the program is started to its first 200: the median, and each."""

    millis: float
    each: list


class Start:
    """Starts a server that has run before, and asks until it answers."""

    name = "cold start"
    one_file = True
    rounds = None
    needs = MappingProxyType({})
    numbers = (Number(f"{name} to the first answer", "millis", "ms", 1),)

    def takes(self, contender):
        return contender.fast_disk

    def prepare(self, site):
        content.sized(site, FILE)

    def takes_seconds(self, bench):
        return 0.3 * STARTS

    def measure(self, contender, bench):
        each = [self.once(contender, bench) for _ in range(STARTS)]
        return Started(median(each), each)

    def once(self, contender, bench):
        """Begins when all that it needs has been written; what Python does before the program runs is part of it."""
        path = content.SIZED[FILE]
        file = bench.site / path[1:]
        body = file.read_bytes()
        server = contender.start(bench.site, file)
        begun = time.monotonic()
        with server, asking.connect(server.port) as connection:
            reply = asking.ask(connection, asking.request(server.port, path))
            took = time.monotonic() - begun
            if reply.status != 200 or reply.body != body:
                raise tools.Failed(f"the answer is not the file: {reply.head!r}")
        return 1e3 * took


# Every program here needs these; they are part of the system.
SYSTEM = ("libc.so", "ld-linux", "libm.so", "libgcc_s.so")


@dataclass(frozen=True)
class Sized:
    """How large the program is, without symbols, and what it loads beside it, in KB."""

    program: float
    others: float
    names: list


class Size:
    """Looks at what a server that runs has loaded. Nothing is measured, so one look is enough."""

    name = "size of the program"
    one_file = True
    rounds = 1
    needs = MappingProxyType({"strip": "binutils"})
    numbers = (
        Number(name, "program", "KB", 0),
        Number("its libraries and modules, beside libc", "others", "KB", 0, is_cost=False, charted=False),
    )

    def takes(self, contender):
        return contender.fast_disk and not contender.variant

    def prepare(self, site):
        content.sized(site, FILE)

    def takes_seconds(self, bench):
        return 0.5

    def measure(self, contender, bench):
        path = content.SIZED[FILE]
        file = bench.site / path[1:]
        with contender.start(bench.site, file) as server:
            asking.expect(server.port, path, file.read_bytes())
            program, *others = server.programs()
        others = [other for other in others if not other.name.startswith(SYSTEM)]
        sizes = sum(other.stat().st_size for other in others)
        return Sized(stripped(program) / 1024, sizes / 1024, [other.name for other in others])


def stripped(program):
    """Bytes of a program without its symbols, as Debian ships all of its own."""
    with tempfile.TemporaryDirectory(prefix="tallyd-bench-") as place:
        copy = Path(place) / "program"
        tools.run(["strip", "-o", copy, program], stderr=subprocess.PIPE)
        return os.path.getsize(copy)
