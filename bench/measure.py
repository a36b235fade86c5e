"""What one request costs: a case, a server, load by wrk, and the CPU time that the server used.

Promises: a number is only returned if every answer was right: the probe got what was expected to the byte, wrk
saw no error, and a server that keeps a log has a line for each answer. Anything else raises Failed.
"""

import os
import subprocess
import time
from dataclasses import dataclass
from types import MappingProxyType

import asking
import content
import tools
import wrk
from report import Number

# A log may be written a little later. It belongs to the answer, so its cost is waited for too.
LOG_BEHIND = 0.1


@dataclass(frozen=True)
class Cost:
    """What one measurement found."""

    # Microseconds of CPU for each request.
    micros: float
    # Requests in a second.
    rate: float
    # Latency in microseconds.
    p50: int
    p99: int
    requests: int
    # How much of its core the server used, at most 1.
    busy: float


class Load:
    """wrk with one thread, on a core of its own."""

    def __init__(self, core, place):
        self.core = core
        self.place = place

    def run(self, case, port, seconds, fields=(), seed=0, unsaid=False):
        """Loads the server for so long; returns what wrk counted. `unsaid`: it closes and doesn't say so."""
        script = wrk.script(self.place, case.lua(seed))
        url = f"http://127.0.0.1:{port}{case.path}"
        command = wrk.command(script, case.connections, seconds, url, [*case.fields, *fields])
        return wrk.counted(tools.run(tools.on_core(self.core, command), stdout=subprocess.PIPE).stdout, unsaid)


class Case:
    """One way of asking. What differs is told by those below."""

    # In all of them.
    rounds = None
    needs = MappingProxyType({})

    def __init__(self, name, path, connections=64, fields=(), at_a_time=1, one_file=True):
        self.name = name
        self.path = path
        self.connections = connections
        self.fields = fields
        self.at_a_time = at_a_time
        # Whether a server of a single file answers it as all others do.
        self.one_file = one_file

    @property
    def numbers(self):
        return [
            Number(self.name, "micros", "µs CPU", 1),
            Number(self.name, "rate", "requests/s", 0, is_cost=False, charted=False),
        ]

    def takes(self, contender):
        return contender.fast_disk and (self.one_file or not contender.one_file)

    def file(self, site):
        return site / self.path[1:]

    def lua(self, seed):
        return "" if self.at_a_time == 1 else wrk.pipelined(self.at_a_time)

    def probe(self, port, site):
        """Asks and compares; returns a whole reply, and what more wrk has to send."""
        return asking.expect(port, self.path, self.file(site).read_bytes(), fields=self.fields), []

    def requests(self, counted, reply):
        """How many requests were answered.

        Replies that were on their way when time was over count by the part that arrived: of 20 MB there
        are few in a second, and 16 of them unfinished.
        """
        requests = counted["bytes"] / reply.length
        if not counted["requests"] <= requests + 1 <= counted["requests"] + self.on_their_way() + 2:
            raise tools.Failed(f"{counted['requests']} answers in {counted['bytes']} bytes of {reply.length} each")
        return requests

    def on_their_way(self):
        """So many replies may have begun when time is over."""
        return self.connections * self.at_a_time

    def takes_seconds(self, bench):
        return bench.seconds + 1.7

    def measure(self, contender, bench):
        """Asks and compares, warms up, measures."""
        with contender.start(bench.site, self.file(bench.site)) as server:
            reply, fields = self.probe(server.port, bench.site)
            unsaid = asking.CLOSE in self.fields and reply.field("Connection") is None
            bench.load.run(self, server.port, 1, fields, bench.turn, unsaid)
            time.sleep(LOG_BEHIND)
            server.empty_log()
            processes, before = server.pids(), server.cpu()
            counted = bench.load.run(self, server.port, bench.seconds, fields, bench.turn, unsaid)
            time.sleep(LOG_BEHIND)
            cpu = server.cpu() - before
            if not set(processes) <= set(server.pids()):
                raise tools.Failed("a process of the server has ended, and its CPU time is lost")
            check_log(server, counted["requests"])
        requests = self.requests(counted, reply)
        took = counted["micros"] / 1e6
        return Cost(
            micros=1e6 * cpu / requests,
            rate=requests / took,
            p50=counted["p50"],
            p99=counted["p99"],
            requests=counted["requests"],
            busy=cpu / took,
        )


class OneFile(Case):
    """One file, again and again."""

    def __init__(self, size, name, **how):
        super().__init__(f"{size}, {name}", content.SIZED[size], **how)
        self.size = size

    def prepare(self, site):
        content.sized(site, self.size)


class ManyFiles(Case):
    """Many files in random order."""

    def __init__(self):
        super().__init__("10,000 files of 10 KB, random", content.many_path(0), one_file=False)

    def prepare(self, site):
        content.many(site)

    def lua(self, seed):
        return wrk.drawn(f"wrk.format('GET', string.format({content.MANY_LUA}))", content.MANY, seed)

    def takes_seconds(self, bench):
        return super().takes_seconds(bench) + 1.5

    def probe(self, port, site):
        """Asks for each of them: what a server keeps of a file, it has then."""
        with asking.connect(port) as connection:
            for number in range(content.MANY):
                path = content.many_path(number)
                reply = asking.ask(connection, asking.request(port, path))
                if reply.status != 200 or reply.body != (site / path[1:]).read_bytes():
                    raise tools.Failed(f"the answer to {path} is not the file: {reply.head!r}")
        return reply, []

    def requests(self, counted, reply):
        return whole(counted, reply, self.on_their_way())


class Ranges(Case):
    """Parts of a large file, in random order, each beginning at a multiple of its length."""

    LENGTH = 64 << 10

    def __init__(self):
        super().__init__("64 KB ranges of 1 GB, random", content.HUGE, one_file=False)

    def prepare(self, site):
        content.huge(site)

    def lua(self, seed):
        first = f"{self.LENGTH} * n"
        field = f"string.format('bytes=%d-%d', {first}, {first} + {self.LENGTH - 1})"
        request = f"wrk.format('GET', nil, {{ Range = {field} }})"
        return wrk.drawn(request, content.HUGE_SIZE // self.LENGTH, seed)

    def probe(self, port, site):
        for part in (0, 1, 10_000, content.HUGE_SIZE // self.LENGTH - 1):
            first = part * self.LENGTH
            field = f"Range: bytes={first}-{first + self.LENGTH - 1}"
            with open(self.file(site), "rb") as file:
                expected = os.pread(file.fileno(), self.LENGTH, first)
            reply = asking.expect(port, self.path, expected, 206, [field])
        return reply, []

    def requests(self, counted, reply):
        return whole(counted, reply, self.on_their_way())


class NotModified(Case):
    """Asks whether a file is still the same, as a browser does that has it."""

    def __init__(self):
        super().__init__("304 Not Modified", content.SIZED["10 KB"], one_file=False)

    def prepare(self, site):
        content.sized(site, "10 KB")

    def probe(self, port, site):
        reply = asking.expect(port, self.path, self.file(site).read_bytes())
        if tag := reply.field("ETag"):
            field = f"If-None-Match: {tag}"
        elif date := reply.field("Last-Modified"):
            field = f"If-Modified-Since: {date}"
        else:
            raise tools.Failed(f"neither ETag nor Last-Modified: {reply.head!r}")
        return asking.expect(port, self.path, b"", 304, [field]), [field]


def whole(counted, reply, on_their_way):
    """How many requests were answered, where replies differ by some digits in their heads."""
    requests, digits = counted["requests"], 32
    least, most = requests * len(reply.body), (requests + on_their_way) * (reply.length + digits)
    if not least <= counted["bytes"] <= most:
        raise tools.Failed(f"{requests} answers in {counted['bytes']} bytes of about {reply.length} each")
    return requests


def check_log(server, answers):
    """A log that loses lines is cheap."""
    if server.log and (lines := server.lines_logged()) < answers:
        raise tools.Failed(f"{answers} answers, but {lines} lines in the access log")


KEPT = [OneFile(size, "keep-alive", connections=16 if size == "20 MB" else 64) for size in content.SIZED]
CLOSED = [
    OneFile(size, "new connection each", connections=16 if size == "20 MB" else 64, fields=[asking.CLOSE])
    for size in content.SIZED
]
BY_SIZE = [*KEPT, *CLOSED]
PIPELINED = OneFile("1 KB", "16 pipelined", at_a_time=16)
