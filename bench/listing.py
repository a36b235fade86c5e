"""A directory of very many entries: how soon its list begins, and how long others wait meanwhile at the same worker.

Promises: a list is only taken for one if it names every entry.
"""

import re
import time
from dataclasses import dataclass
from types import MappingProxyType

import asking
import content
import pace
import tools
from report import Number

HOT = "1 KB"

# Others are asked before, so that what is seen is the list.
BEFORE = 0.2


@dataclass(frozen=True)
class Listed:
    """What one measurement found; times in milliseconds."""

    # Since it was asked for.
    first_byte: float
    last_byte: float
    # Of others that were due in between.
    p99: float
    slowest: float
    # By how much the client itself was late at worst.
    own_delay: float
    others: int


class Listing:
    """Asks for the list once, and for a small file each millisecond."""

    name = "list of 100,000 entries"
    one_file = False
    rounds = None
    needs = MappingProxyType({})
    numbers = (
        Number(f"{name}: first byte", "first_byte", "ms", 1),
        Number(f"{name}: whole", "last_byte", "ms", 1, charted=False),
        Number(f"{name}: others meanwhile, p99", "p99", "ms", 2, charted=False),
        Number(f"{name}: others meanwhile, slowest", "slowest", "ms", 1),
        Number(f"{name}: the client itself late by", "own_delay", "ms", 1, is_cost=False, charted=False),
    )

    def takes(self, contender):
        return contender.fast_disk and contender.long_lists and not contender.one_file

    def prepare(self, site):
        content.sized(site, HOT)
        content.listed(site)

    def takes_seconds(self, bench):
        return 2

    def measure(self, contender, bench):
        hot = content.SIZED[HOT]
        with contender.start(bench.site, None) as server:
            asker = pace.Asker(server.port, hot, (bench.site / hot[1:]).read_bytes())
            try:
                reader = Reader(server.port, asker)
                asker.run(reader.goes_on)
            finally:
                asker.close()
        reader.check()
        p99, slowest, others = asker.slowest(reader.asked, reader.last)
        return Listed(
            first_byte=1e3 * (reader.first - reader.asked),
            last_byte=1e3 * (reader.last - reader.asked),
            p99=p99,
            slowest=slowest,
            own_delay=asker.own_delay,
            others=others,
        )


class Reader:
    """Reads the list, a piece at a time."""

    def __init__(self, port, asker):
        self.asker = asker
        self.socket = asking.connect(port)
        self.socket.setblocking(False)
        self.request = asking.request(port, content.LISTED, [asking.CLOSE])
        self.pieces = []
        self.begins = time.monotonic() + BEFORE
        self.asked = self.first = self.last = None
        asker.add(self.socket, self.read)

    def goes_on(self, now):
        """Until the list is whole. Asks for it when its time has come."""
        if self.asked is None and now >= self.begins:
            self.asked = time.monotonic()
            self.socket.sendall(self.request)
        if self.asked and now > self.asked + asking.PATIENCE:
            raise tools.Failed("the list does not end")
        return self.last is None

    def read(self):
        piece = self.socket.recv(1 << 16)
        now = time.monotonic()
        self.first = self.first or now
        if piece:
            self.pieces.append(piece)
        else:
            self.last = now
            self.asker.drop(self.socket)
            self.socket.close()

    def check(self):
        text = b"".join(self.pieces)
        if not text.startswith(b"HTTP/1.1 200 "):
            raise tools.Failed(f"no list: {text[:200]!r}")
        # Names may be cut short for people, but not where they lead.
        linked = set(re.findall(rb"entry-\d{6}\.bin", text))
        if len(linked) != content.LISTED_COUNT:
            raise tools.Failed(f"a list of {len(linked)} entries instead of {content.LISTED_COUNT}")
